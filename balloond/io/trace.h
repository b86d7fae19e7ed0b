/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Writes what a tick saw and decided, so that it can be decided again (sim/replay.h).  A trace is a
 * stream of small YAML documents:
 *
 *   trace:          first of all: the format, balloond's version
 *   configuration:  how many parts of files follow, and the policies in use
 *   file:           one part of a file, byte for byte
 *   history:        all that is remembered before the first tick that follows; with rules:,
 *                   memories: (one a guest) and states: (of policies and conditions, as bytes)
 *   tick:           what changed since the last one: host:, gone:, guests:; then level:, steps: and
 *                   hash: of what was decided.  A large one is several documents
 *   gap:            so many ticks are missing; everything is told anew
 *
 * The disk is touched by a thread of its own, behind a queue that is bounded: while it is full
 * whole ticks are left out. */

#include "balloond/core/history.h"
#include "balloond/core/plan.h"
#include "balloond/io/config.h"

#define TRACE_FORMAT 1u

struct trace;

/* What a tick begins with. */
struct trace_scene {
	const struct config_files *files;
	const struct config *config;
	bool dry_option; /* --dry-run: the configuration is read as if it said so */
	bool dry_run;    /* of this tick */
	const struct snapshot *snapshot;
	const struct history *history; /* before the tick */
};

/* Takes fd in any case.  compress: as gzip does. */
int trace_new(int fd, bool compress, struct trace **ret);

/* The same for a file of that name, which is made anew; gzip'd where the name ends in .gz. */
int trace_open(const char *path, struct trace **ret);

/* Writes what is left, for a few seconds at most, and ends it.  Returns NULL; takes NULL. */
struct trace *trace_free(struct trace *t);

/* A new configuration was taken: it is written before the next tick. */
void trace_configure(struct trace *t, const struct trace_scene *scene);

/* What is remembered does not follow from the last tick: balloond began anew. */
void trace_forget(struct trace *t);

/* Before and after the planner runs.  The second answers 0, or why the trace has ended: the disk is
 * full or gone. */
void trace_begin_tick(struct trace *t, const struct trace_scene *scene);
int trace_end_tick(struct trace *t, const struct plan *plan);

/* Waits for the disk: of use to whoever has a clock of its own.  Called after every tick it leaves
 * none out.  0, or why the trace has ended. */
int trace_flush(struct trace *t);

/* Ticks that were written, or are about to be, and that were left out. */
struct trace_count {
	uint64_t ticks, lost;
};

struct trace_count trace_count(const struct trace *t);

static inline void trace_freep(struct trace **t)
{
	(void)trace_free(*t);
}
