/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What goes wrong with a guest in one step: for guest.c. */

#include "balloond/policy-math.h"
#include "balloond/sim/guest.h"

/* What its faults come to in one step. */
struct trouble {
	bool gone, reboots, stuck, absurd, silent;
	uint64_t speed, truth; /* permille */
};

/* Since f last began; UNKNOWN: it has not yet. */
static inline usec_t trouble_age(const struct sim_fault *f, usec_t at)
{
	if (at < f->at)
		return BALLOOND_UNKNOWN;
	return f->every > 0 ? (at - f->at) % f->every : at - f->at;
}

static inline bool trouble_holds(const struct sim_fault *f, usec_t at)
{
	usec_t age = trouble_age(f, at);

	return age != BALLOOND_UNKNOWN && (f->length == 0 || age < f->length);
}

/* Whether it is there is seen at the end of a step, what it does was so from the beginning. */
static inline void trouble_find(const struct sim_model *m, usec_t now, usec_t elapsed,
				struct trouble *t)
{
	for (size_t i = 0; i < m->n_faults; i++) {
		const struct sim_fault *f = &m->faults[i];
		bool held = trouble_holds(f, now - elapsed);

		if (f->kind == SIM_FAULT_GONE)
			t->gone = t->gone || trouble_holds(f, now);
		else if (f->kind == SIM_FAULT_REBOOT)
			t->reboots = t->reboots || trouble_age(f, now) < elapsed;
		else if (f->kind == SIM_FAULT_STUCK)
			t->stuck = t->stuck || held;
		else if (f->kind == SIM_FAULT_ABSURD)
			t->absurd = t->absurd || held;
		else if (f->kind == SIM_FAULT_SILENT)
			t->silent = t->silent || held;
		else if (f->kind == SIM_FAULT_SLOW && held)
			t->speed = balloond_min(f->value, 1000);
		else if (f->kind == SIM_FAULT_LIES && held)
			t->truth = f->value;
	}
}
