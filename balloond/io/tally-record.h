/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What was counted (core/tally.h) as it is kept on disk: JSON, a line for the host and one for each
 * guest, about one span of time.  Those that have a UUID are of guests. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "balloond/core/snapshot.h"
#include "balloond/core/tally.h"

/* Wall clock.  A restart ends a span and begins another: no time is counted twice. */
struct tally_span {
	usec_t begin, end;
	bool dry_run;
};

struct tally_guest {
	char uuid[GUEST_UUID_MAX];
	char name[GUEST_NAME_MAX];
	struct tally tally;
};

/* A figure of a line, and how those of two spans become one. */
struct tally_field {
	const char *name; /* in JSON */
	size_t offset;    /* of a uint64_t in struct tally or struct host_tally */
	bool is_most;     /* the larger counts; else they add up */
	uint64_t unit;    /* what is written is so much smaller */
};

extern const struct tally_field tally_guest_fields[], tally_host_fields[];
extern const size_t n_tally_guest_fields, n_tally_host_fields;

/* A line with room for every name. */
#define TALLY_LINE_MAX 4096u

void tally_write_guest(FILE *file, const struct tally_span *span, const struct tally_guest *guest);
void tally_write_host(FILE *file, const struct tally_span *span, const struct host_tally *host);

/* A day's file, in UTC: by the begin of the span. */
#define TALLY_FILE_PATTERN "tally-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].jsonl"
#define TALLY_FILE_MAX 32u

/* Returns buf. */
const char *tally_file_name(char buf[TALLY_FILE_MAX], usec_t wall);
