/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of metrics share. */

#include "balloond/policy-math.h"
#include "balloond/sim/metrics.h"

enum sim_oom {
	SIM_OOM_NONE,
	SIM_OOM_SCENARIO,
	SIM_OOM_CONTROLLER,
};

/* Of one guest. */
struct sim_score {
	uint64_t needed, met;   /* KiB x ms */
	uint64_t withheld;      /* of needed, what weighted max-min would not have met; KiB x ms */
	uint64_t charge_before; /* growth that was granted; BALLOOND_UNKNOWN: none is outstanding */
	uint64_t uncut;         /* highest target that was ever lowered */
	usec_t cut;             /* when one was lowered last; 0: never */
	usec_t short_since;     /* an episode's begin; 0: none */
	usec_t refused_since;   /* 0: not refused */
	enum sim_oom oom;
	int direction; /* of its last move, 1 or -1; 0: none yet */
};

/* One step, bytes. */
struct sim_moment {
	uint64_t pool;
	usec_t now, elapsed;
	uint64_t ms; /* 0 in the warm-up: adds nothing to any sum */
	uint64_t needed, met, wanted /* N */, size, touched, charged, reread;
	uint64_t n_present;
};

struct sim_metrics {
	struct sim_scale scale;
	size_t n_guests;
	struct sim_score *scores;   /* owned */
	struct balloond_fill *fill; /* owned */
	size_t n_granted;           /* guests whose growth is outstanding */
	size_t n_open;              /* guests with an episode of any kind */
	usec_t *reliefs;            /* lengths; owned, room for n_guests beyond n_reliefs */
	size_t n_reliefs, max_reliefs;
	usec_t now, measured;
	uint64_t measured_ms, guest_ms;
	uint64_t needed, met, unmet, possible; /* KiB x ms */
	uint64_t overage, overage_most;        /* KiB x ms, bytes */
	uint64_t overage_scenario, overage_scenario_most;
	usec_t overage_time, overage_scenario_time;
	uint64_t ooms, ooms_scenario;
	uint64_t below_floor, moves, reversals;
	uint64_t traffic;         /* KiB */
	uint64_t lent, lendable;  /* KiB x ms */
	uint64_t reread;          /* bytes */
	uint64_t host_swap_begin; /* bytes, both ways */
	uint64_t host_swap;
	uint64_t sizes, size_least; /* KiB x ms, bytes */
};

/* What counts of a guest's need now. */
static inline uint64_t sim_counted_need(const struct sim_guest *g, usec_t now)
{
	if (!g->present || (g->booted != 0 && now - g->booted < g->model.boot))
		return 0;
	return g->need;
}

static inline uint64_t sim_charge(const struct sim_guest *g)
{
	return balloond_max(g->size, g->asked);
}

/* Begins, goes on with and ends the episodes of guests that are short. */
void sim_metrics_short(struct sim_metrics *m, const struct sim_world *w,
		       const struct sim_moment *t);
