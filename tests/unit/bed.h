/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One guest for tests of core/demand.h, and what is remembered of it. */

#include "balloond/core/history.h"
#include "balloond/policy-math.h"

struct bed {
	struct guest guest;
	struct memory memory;
};

/* As history.c begins it. */
static inline void bed_init(struct bed *bed, uint64_t maximum)
{
	struct guest *g = &bed->guest;

	guest_init(g, "u", "g");
	g->facts = GUEST_INSPECTED | GUEST_BALLOON;
	g->seen.maximum = g->seen.actual = maximum;
	g->swept = 1000 * BALLOOND_SECOND;
	bed->memory = (struct memory){
		.target = maximum,
		.claim = maximum,
		.actual = maximum,
		.previous_actual = maximum,
		.kernel = BALLOOND_UNKNOWN,
		.used = BALLOOND_UNKNOWN,
		.resident = BALLOOND_UNKNOWN,
		.swap_in = { BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
		.major_faults = { BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
		.disk_reads = { BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
		.moved = g->swept,
	};
}
