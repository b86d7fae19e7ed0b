/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reads a trace of any length, gzip'd or not, a tick at a time.  Knows nothing of planning: whoever
 * reads runs the planner between two ticks, on the history that is here. */

#include "balloond/core/history.h"
#include "balloond/core/snapshot.h"
#include "balloond/io/config.h"
#include "balloond/io/trace-plan.h"

/* A step as it was recorded. */
struct trace_step {
	char uuid[GUEST_UUID_MAX];
	uint64_t from, to;
	char reason[TRACE_REASON_MAX];
};

/* What a tick began with and what was decided; good until the next one is read. */
struct trace_tick {
	uint64_t number;
	size_t line;   /* of the file, where it begins */
	bool is_anew;  /* the history is as it was recorded, not as earlier ticks left it */
	uint64_t lost; /* ticks that are missing before it */
	bool dry_run;
	bool reloaded; /* its configuration is another one than that of the tick before */
	uint32_t level;
	const struct trace_step *steps;
	size_t n_steps;
	uint64_t hash;
};

struct trace_reader;

/* policy_dir: NULL for the compiled-in one.  0; else it cannot be opened, and d says so. */
int trace_reader_new(const char *path, const char *policy_dir, struct trace_reader **ret,
		     struct diagnostics *d);
struct trace_reader *trace_reader_free(struct trace_reader *r);

/* 1: *ret is the next tick; 0: there are no more; -EINVAL: d says what is wrong, and where;
 * -ENOMEM. */
int trace_reader_next(struct trace_reader *r, const struct trace_tick **ret, struct diagnostics *d);

/* What belongs to the tick. */
const struct config *trace_reader_config(const struct trace_reader *r);
const struct snapshot *trace_reader_snapshot(const struct trace_reader *r);

/* Of the tick, and the caller's to change; large enough for its guests and its configuration. */
struct history *trace_reader_history(struct trace_reader *r);

/* Whether balloond ran with --dry-run: configurations are read as if they said so. */
bool trace_reader_dry_option(const struct trace_reader *r);

/* Of ticks that are missing at the end, or behind the last one that was read. */
uint64_t trace_reader_lost(const struct trace_reader *r);

static inline void trace_reader_freep(struct trace_reader **r)
{
	(void)trace_reader_free(*r);
}
