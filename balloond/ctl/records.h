/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What balloond has written down of what it took (io/tally-record.h), read back and added up. */

#include <jansson.h>

#include "balloond/io/tally-record.h"

struct records_guest {
	char *uuid, *name; /* name: the newest */
	struct tally sum;  /* taken: MiB x s, as it is on disk */
};

/* Dry runs and the others are told apart. */
struct records_mode {
	usec_t begin, end; /* wall clock; 0: there is nothing */
	struct host_tally sum;
	struct records_guest *guests;
	size_t n_guests, max_guests;
	json_t *index; /* UUID -> place in guests */
};

struct records {
	struct records_mode modes[2]; /* by dry_run */
	size_t n_skipped;             /* lines that were cut or are none of balloond's */
};

/* Reads all spans that ended after since; a directory that is not there has none.  0 or negative
 * errno. */
int records_read(const char *directory, usec_t since, struct records *ret);
void records_done(struct records *records);
