/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A world whose guests a test sets by hand, and the metrics that look at it.  Guests of 1 GiB, no
 * floors, equal shares, room for all. */

#include "balloond/policy-math.h"
#include "balloond/sim/metrics.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND
#define BED_GUESTS 4u

static struct metrics_bed {
	struct sim_world *world;
	struct sim_metrics *metrics;
	uint64_t floors[BED_GUESTS];
	uint32_t shares[BED_GUESTS];
	uint64_t pool;
} bed;

static inline void bed_begin(size_t n, usec_t warm_up)
{
	struct sim_scale scale = { SIM_EPOCH, warm_up, bed.floors, bed.shares };

	ck_assert_uint_le(n, BED_GUESTS);
	bed = (struct metrics_bed){ .pool = 8 * GiB };
	ck_assert_int_eq(sim_world_new(n, &bed.world), 0);
	bed.world->now = SIM_EPOCH;
	for (size_t i = 0; i < n; i++) {
		bed.shares[i] = 1000;
		bed.world->guests[i].present = true;
		bed.world->guests[i].model.maximum = 1 * GiB;
	}
	ck_assert_int_eq(sim_metrics_new(bed.world, &scale, &bed.metrics), 0);
}

/* The test's teardown. */
static inline void bed_end(void)
{
	bed.metrics = sim_metrics_free(bed.metrics);
	bed.world = sim_world_free(bed.world);
}

/* A size that nobody has ordered. */
static inline void bed_set(size_t i, uint64_t need, uint64_t size)
{
	struct sim_guest *g = &bed.world->guests[i];

	g->need = need;
	g->size = g->asked = size;
}

static inline void bed_step(usec_t elapsed)
{
	bed.world->now += elapsed;
	ck_assert_int_eq(sim_metrics_step(bed.metrics, bed.world, bed.pool, elapsed), 0);
}

static inline void bed_steps(unsigned n)
{
	while (n-- > 0)
		bed_step(SECOND);
}

/* The balloon does not move by it. */
static inline void bed_order(size_t i, uint64_t target)
{
	uint64_t before[BED_GUESTS] = { 0 };

	for (size_t k = 0; k < bed.world->n_guests; k++)
		before[k] = bed.world->guests[k].asked;
	bed.world->guests[i].asked = target;
	sim_metrics_act(bed.metrics, bed.world, before);
}

static inline struct sim_result bed_result(void)
{
	struct sim_result r = { 0 };

	sim_metrics_result(bed.metrics, &r);
	return r;
}
