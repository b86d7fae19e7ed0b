/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What nobody can do better, from the demands alone: one pass over n guests and T steps.
 *
 *   N(t)      sum of max(need, floor) of all guests
 *   OC*       sum of maximums over the highest N(t): no allocator, with foresight and without
 *             limits on its speed, holds more without shortage
 *   OC_static sum of maximums over the sum of each guest's highest max(need, floor): the best
 *             sizes that never change
 *   U*        sum over t of what N(t) exceeds the pool by: the least need that can stay unmet
 *
 * Exact where the floors fit into the pool: memory moves at once, so each step is a problem of its
 * own.  tests/bench/bounds-check holds them against a linear program. */

#include "balloond/sim/demand.h"

struct bounds {
	uint64_t provisioned; /* sum of maximums, bytes */
	uint64_t peak;        /* highest N(t), bytes */
	uint64_t peak_need;   /* highest sum of needs */
	uint64_t static_sum;  /* sum of highest max(need, floor) */
	uint64_t need_sum;    /* sum over time of all needs, KiB x ms */
	uint64_t *total;      /* N(t) for every step; owned */
	uint64_t *need;       /* sum of needs for every step; owned */
	size_t n_steps;
};

/* Walks demands[0..n-1] from `begins` on.  What happens before `warm_up` is over is left out of
 * all.  0 or -ENOMEM. */
int bounds_compute(const struct demand *demands, size_t n, const uint64_t *floors, usec_t begins,
		   usec_t warm_up, usec_t length, usec_t step, struct bounds *ret);
void bounds_done(struct bounds *b);

/* U*, KiB x ms, for a pool of that many bytes. */
uint64_t bounds_unmet(const struct bounds *b, uint64_t pool, usec_t step);
