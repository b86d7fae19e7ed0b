/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A chaos whose plans are recorded, and replayed. */

#include "balloond/io/config.h"
#include "balloond/io/trace.h"
#include "balloond/sim/replay.h"
#include "tests/unit/chaos.h"

#define BED_TICKS 500u

/* One configuration, as the manager has it. */
struct loaded {
	struct config_file file;
	struct config_files files;
	struct config *config;
};

extern struct trace_bed {
	struct chaos chaos;
	struct loaded first, second, *now;
	struct trace *trace;      /* NULL: nothing is recorded */
	struct trace_count count; /* of what was recorded */
	uint64_t seed;
	const char *policy_dir;
	char path[64]; /* where the trace is to be */
} bed;

/* Around each test. */
void bed_setup(void);
void bed_teardown(void);

/* The text stays the caller's. */
void bed_load(struct loaded *l, const char *text);
extern const char bed_first_text[];

/* What the next tick begins with. */
struct trace_scene bed_scene(bool dry_run);
void bed_reload(struct loaded *to);
void bed_run(unsigned ticks);

/* A trace of BED_TICKS ticks with two reloads, of a balloond that has run for a while. */
void bed_record(const char *suffix);

struct replay_result bed_replay(const struct config *other);
void bed_expect_the_same(const struct replay_result *result);
