/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A run: the world steps, and whenever the last plan said so the line of flow is walked: sense,
 * decide, act.  The planner, the guard, the rules and the modules are those of production. */

#include "balloond/core/planner.h"
#include "balloond/sim/metrics.h"
#include "balloond/sim/scenario.h"
#include "balloond/sim/world.h"

/* Who decides: planner_run(), or an opponent that a bench holds against it. */
typedef void (*sim_decide_t)(void *userdata, const struct config *config,
			     const struct snapshot *snapshot, struct history *history,
			     struct plan *plan);

/* What is told after every step, in the order of time. */
struct sim_view {
	const struct sim_world *world;
	const struct snapshot *snapshot; /* of the last tick; verdicts are of its guests */
	const struct plan *plan;
	uint64_t pool; /* what guests may hold, without the overhead of their processes; bytes */
	bool ticked;   /* the plan was made at the end of this step */
};

struct sim_setup {
	struct sim_world *world; /* begun; stays the caller's */
	struct config *config;   /* stays the caller's; the pool is written into it */
	uint64_t pool;           /* UNKNOWN: what the configuration says */
	bool overhead_on_top;    /* what guests' processes need is not in pool, but on top of it */
	/* Of the pool, of balloond and of its clock; in the order of time, borrowed. */
	const struct scenario_event *events;
	size_t n_events;
	usec_t length, step, warm_up;
	bool hears;    /* looks whenever a guest's size is told to be another, as balloond does */
	bool read_all; /* looks at all guests each time, whatever the plan says */
	sim_decide_t decide; /* NULL: planner_run() */
	void *decide_userdata;
	/* Called after every step; negative ends the run with that. */
	int (*on_step)(void *userdata, const struct sim_view *view);
	void *userdata;
};

/* 0 with the result, or negative errno. */
int sim_run(const struct sim_setup *setup, struct sim_result *ret);
