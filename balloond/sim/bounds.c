/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/bounds.h"

#include <errno.h>
#include <stdlib.h>

#include "balloond/policy-math.h"

/* One guest's steps are walked in a row: its demand stays in the cache, and so do the sums of a day
 * of steps. */
static void add_guest(struct bounds *b, const struct demand *d, uint64_t floor, usec_t begins,
		      size_t n_skipped, usec_t step)
{
	struct demand_walk walk = { 0 };
	uint64_t most = 0;
	usec_t now = begins;

	(void)demand_walk(d, &walk, now); /* the world begins with it */
	for (size_t k = 0; k < n_skipped + b->n_steps; k++) {
		uint64_t need = demand_walk(d, &walk, now += step), least;

		if (k < n_skipped)
			continue;
		least = balloond_max(need, floor);
		b->need[k - n_skipped] += need;
		b->total[k - n_skipped] += least;
		most = balloond_max(most, least);
	}
	b->provisioned += d->maximum;
	b->static_sum += most;
}

int bounds_compute(const struct demand *demands, size_t n, const uint64_t *floors, usec_t begins,
		   usec_t warm_up, usec_t length, usec_t step, struct bounds *ret)
{
	/* A step counts if all of it lies behind the warm-up, as in sim_metrics_step(). */
	size_t n_all = step > 0 ? length / step : 0;
	size_t n_skipped = step > 0 ? balloond_min(n_all, (warm_up + step - 1) / step) : 0;

	*ret = (struct bounds){ .n_steps = n_all - n_skipped };
	ret->total = calloc(ret->n_steps + 1, sizeof(*ret->total));
	ret->need = calloc(ret->n_steps + 1, sizeof(*ret->need));
	if (!ret->total || !ret->need) {
		bounds_done(ret);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		add_guest(ret, &demands[i], floors[i], begins, n_skipped, step);
	for (size_t k = 0; k < ret->n_steps; k++) {
		ret->peak = balloond_max(ret->peak, ret->total[k]);
		ret->peak_need = balloond_max(ret->peak_need, ret->need[k]);
		ret->need_sum = balloond_add(ret->need_sum, (ret->need[k] >> 10) * (step / 1000));
	}
	return 0;
}

void bounds_done(struct bounds *b)
{
	free(b->total);
	free(b->need);
	*b = (struct bounds){ 0 };
}

uint64_t bounds_unmet(const struct bounds *b, uint64_t pool, usec_t step)
{
	uint64_t sum = 0;

	for (size_t k = 0; k < b->n_steps; k++)
		sum = balloond_add(sum, (balloond_sub(b->total[k], pool) >> 10) * (step / 1000));
	return sum;
}
