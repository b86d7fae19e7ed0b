/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A scenario is a YAML file that says what there is (host, guests, demand), what goes wrong, and
 * what is expected.  Read by descriptor tables like the configuration (io/keys.h): unknown keys,
 * wrong values and what does not fit together are refused with file:line:column.
 * balloond-scenario(5) is made from the tables. */

#include "balloond/core/config.h"
#include "balloond/io/diagnostics.h"
#include "balloond/io/keys.h"
#include "balloond/sim/metrics.h"

/* Of the host: from `at` on. */
struct scenario_event {
	usec_t at, over;
	uint64_t own;  /* what the host itself uses; UNKNOWN: as before */
	uint64_t pool; /* what balloond is configured with, as by a reload; UNKNOWN: as before */
	int64_t clock; /* how much later its wall clock is set, us; negative: earlier */
	bool restart;  /* balloond ends, and begins after `down` without any memory */
	usec_t down;
};

enum scenario_shape {
	SCENARIO_CONSTANT,
	SCENARIO_STEPS,
	SCENARIO_SQUARE,
	SCENARIO_SPIKES,
	SCENARIO_GENERATOR,
	SCENARIO_TRACE,
};

/* A guests: entry: `count` guests alike, named NAME, or NAME-1, NAME-2 and on. */
struct scenario_guest {
	char *name;
	uint32_t count;
	struct sim_model model; /* maximum 0: what the generator or trace says; UNKNOWN
				 * is then what follows from it */
	struct demand need;     /* as written; trace and generator are filled at build */
	enum scenario_shape shape;
	char *trace_path;             /* of TRACE; owned */
	struct demand_file *trace;    /* of TRACE; owned by the first entry that has it */
	uint32_t row;                 /* of TRACE: the first guest's; the next ones follow */
	uint32_t first;               /* of TRACE: the value that its rows begin with */
	bool silent;                  /* it could report and never does */
	usec_t stagger;               /* every next guest's shape begins so much later */
	usec_t starts, stagger_start; /* boots then; 0: runs when the world begins */
	struct sim_fault *faults;     /* owned */
	size_t n_faults;
};

struct scenario_expectation {
	const struct sim_figure *figure;
	uint64_t low, high; /* inclusive, in the figure's unit; UNKNOWN: no bound */
	char **policies;    /* owned; not asked where rules follow others; none: in any case */
	size_t n_policies;
	uint32_t commits; /* 1 << enum commit; not asked with another one; 0: in any case */
	usec_t from, to;  /* reserved for whole runs: 0 and the end */
	uint32_t line, column;
};

struct scenario {
	char *name, *about; /* what it shows */
	usec_t length, step, warm_up;
	uint64_t seed;
	struct sim_host_model host;    /* without changes: those come from events */
	uint64_t pool;                 /* overrides the configuration's; UNKNOWN: not said */
	bool pool_holds_overhead;      /* false: processes' overhead is on top of pool (bench) */
	struct scenario_event *events; /* in the order of at */
	size_t n_events;
	struct scenario_guest *guests;
	size_t n_guests; /* entries */
	struct scenario_expectation *expectations;
	size_t n_expectations;
	/* balloond's configuration that it is meant for; NULL: none.  Its text stands where it
	 * stands in the file, below empty lines and with its blanks in front, so that what is wrong
	 * in it is told with its place in the file. */
	char *config;
	uint32_t config_line; /* where its first line is in the file */
};

/* 0; -EINVAL: d says why; -ENOMEM; others: the file cannot be read.  Trace files are found beside
 * the scenario. */
int scenario_load(const char *path, struct scenario **ret, struct diagnostics *d);
int scenario_parse(const char *text, size_t size, const char *name, struct scenario **ret,
		   struct diagnostics *d);
struct scenario *scenario_free(struct scenario *s);

/* Builds the world that it describes, not yet begun.  0 or -ENOMEM. */
int scenario_build(const struct scenario *s, struct sim_world **ret);

/* The whole table; its struct is struct scenario. */
extern const struct key scenario_keys[];

static inline void scenario_freep(struct scenario **s)
{
	(void)scenario_free(*s);
}
