/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* fair, with all that is private to it, and what its tests begin with. */

#include "policies/fair-need.c"
#include "policies/fair-take.c"
#include "policies/fair.c"

#include "tests/unit/policy-sim.h"

static inline struct params fair_defaults(void)
{
	struct params params = { 0 };

	policy_defaults(&params);
	return params;
}

/* One guest of 4 GiB that has half of them, and a quarter in use; it swaps, and reads nothing. */
struct fair_bed {
	struct params params;
	struct balloond_guest guest;
	struct state state;
	struct need need;
	uint64_t now;
};

static inline void fair_assess(struct fair_bed *bed)
{
	need_assess(&bed->guest, &bed->params, bed->now, &bed->state, &bed->need);
}

/* Its figures as they are now, so long after the last. */
static inline void fair_sample_after(struct fair_bed *bed, uint64_t elapsed)
{
	bed->now += elapsed;
	bed->guest.sample++;
	bed->guest.sample_elapsed = elapsed;
	bed->guest.usable = bed->guest.unused = balloond_sub(bed->guest.actual, bed->guest.used);
	fair_assess(bed);
}

static inline void fair_sample(struct fair_bed *bed)
{
	fair_sample_after(bed, SECOND);
}

/* Nothing new for so long, a sample a second. */
static inline void fair_rest(struct fair_bed *bed, uint64_t length)
{
	for (uint64_t t = 0; t < length; t += SECOND)
		fair_sample(bed);
}

static inline void fair_resize(struct fair_bed *bed, uint64_t size)
{
	bed->guest.target = bed->guest.actual = size;
}

static inline void fair_begin(struct fair_bed *bed)
{
	*bed = (struct fair_bed){
		.params = fair_defaults(),
		.guest = { .uuid = "u",
			   .name = "g",
			   .floor = 256 * MiB,
			   .ceiling = 4 * GiB,
			   .maximum = 4 * GiB,
			   .target = 2 * GiB,
			   .actual = 2 * GiB,
			   .used = 1 * GiB,
			   .resident = 2 * GiB,
			   .charge = 2 * GiB,
			   .shares = 1000,
			   /* It ran before the rule began. */
			   .sample = 7,
			   .flags = BALLOOND_GUEST_MAY_GROW | BALLOOND_GUEST_MAY_SHRINK |
				    BALLOOND_GUEST_SWAPPED },
		.now = 1000 * SECOND,
	};
	fair_sample(bed);
	fair_sample(bed);
}

/* A guest of a view that swaps and ran before; with all of its ceiling, like all of sim_add(). */
static inline struct balloond_guest *fair_add(struct sim *s, uint64_t ceiling, uint64_t need)
{
	struct balloond_guest *g = &s->v.guests[sim_add(s, ceiling, need)];

	g->sample = 7;
	g->floor = 0;
	g->give = BALLOOND_UNKNOWN;
	g->flags |= BALLOOND_GUEST_SWAPPED;
	return g;
}

static inline struct state *fair_state(struct sim *s, size_t i)
{
	return (struct state *)(void *)s->v.states[i];
}

static inline void fair_set_size(struct balloond_guest *g, uint64_t size)
{
	g->target = g->actual = g->charge = g->resident = size;
	g->usable = g->unused = balloond_sub(size, g->used);
}

static inline uint64_t fair_sum(const struct sim *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->v.view.n_guests; i++)
		sum = balloond_add(sum, s->v.targets[i].bytes);
	return sum;
}
