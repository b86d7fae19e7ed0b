/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bounds against a search through every division that there is, in small worlds, and against what
 * metrics count of the same needs. */

#include "balloond/sim/bounds.h"

#include "balloond/policy-math.h"
#include "balloond/sim/metrics.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND
#define GUESTS 3u
#define STEPS 6u
#define MAXIMUM 6u

/* Needs in MiB, one a second: needs[i][0] before the first step. */
struct tiny {
	uint32_t needs[GUESTS][STEPS + 1];
	uint64_t floors[GUESTS];
	struct demand demands[GUESTS];
};

static void tiny_init(struct tiny *t)
{
	for (size_t i = 0; i < GUESTS; i++) {
		t->demands[i] = (struct demand){
			.maximum = MAXIMUM * MiB,
			.shape = DEMAND_SERIES,
			.series = t->needs[i],
			.n_series = STEPS + 1,
			.interval = SECOND,
			.offset = SIM_EPOCH,
		};
	}
}

static void tiny_random(struct tiny *t, uint64_t *seed)
{
	*t = (struct tiny){ 0 };
	for (size_t i = 0; i < GUESTS; i++) {
		t->floors[i] = random_below(seed, 3) * MiB;
		for (size_t k = 0; k <= STEPS; k++)
			t->needs[i][k] = (uint32_t)random_below(seed, MAXIMUM + 1);
	}
	tiny_init(t);
}

static struct bounds tiny_bounds(const struct tiny *t, usec_t warm_up)
{
	struct bounds b;

	ck_assert_int_eq(bounds_compute(t->demands, GUESTS, t->floors, SIM_EPOCH, warm_up,
					STEPS * SECOND, SECOND, &b),
			 0);
	return b;
}

/* The least need, MiB, that stays unmet in step k, over all divisions of a pool.  UINT64_MAX: the
 * floors do not fit. */
static uint64_t search(const struct tiny *t, size_t k, uint64_t pool)
{
	uint64_t best = UINT64_MAX, size[GUESTS];

	for (unsigned code = 0; code < (MAXIMUM + 1) * (MAXIMUM + 1) * (MAXIMUM + 1); code++) {
		uint64_t sum = 0, unmet = 0, rest = code;
		bool keeps_floors = true;

		for (size_t i = 0; i < GUESTS; i++, rest /= MAXIMUM + 1) {
			size[i] = rest % (MAXIMUM + 1);
			sum += size[i];
			unmet += balloond_sub(t->needs[i][k], size[i]);
			keeps_floors = keeps_floors && size[i] * MiB >= t->floors[i];
		}
		if (keeps_floors && sum <= pool)
			best = balloond_min(best, unmet);
	}
	return best;
}

/* The smallest pool, MiB, that holds sizes which never change and lack nothing. */
static uint64_t search_static(const struct tiny *t)
{
	uint64_t best = UINT64_MAX;

	for (unsigned code = 0; code < (MAXIMUM + 1) * (MAXIMUM + 1) * (MAXIMUM + 1); code++) {
		uint64_t sum = 0, rest = code;
		bool holds = true;

		for (size_t i = 0; i < GUESTS; i++, rest /= MAXIMUM + 1) {
			uint64_t size = rest % (MAXIMUM + 1);

			sum += size;
			holds = holds && size * MiB >= t->floors[i];
			for (size_t k = 1; k <= STEPS; k++)
				holds = holds && size >= t->needs[i][k];
		}
		if (holds)
			best = balloond_min(best, sum);
	}
	return best;
}

START_TEST(no_division_beats_u_star_and_one_reaches_it)
{
	uint64_t seed = 11;

	for (unsigned round = 0; round < 200; round++) {
		uint64_t floors = 0, pool, least = 0;
		struct bounds b;
		struct tiny t;

		tiny_random(&t, &seed);
		b = tiny_bounds(&t, 0);
		for (size_t i = 0; i < GUESTS; i++)
			floors += t.floors[i] / MiB;
		pool = floors + random_below(&seed, 12);
		for (size_t k = 1; k <= STEPS; k++)
			least += search(&t, k, pool);
		ck_assert_uint_eq(bounds_unmet(&b, pool * MiB, SECOND), least * 1024 * 1000);
		bounds_done(&b);
	}
}
END_TEST

START_TEST(the_peak_is_the_smallest_pool_without_shortage)
{
	uint64_t seed = 12;

	for (unsigned round = 0; round < 200; round++) {
		uint64_t least = 0;
		struct bounds b;
		struct tiny t;

		tiny_random(&t, &seed);
		b = tiny_bounds(&t, 0);
		for (size_t k = 1; k <= STEPS; k++)
			while (search(&t, k, least) != 0)
				least++;
		ck_assert_uint_eq(b.peak, least * MiB);
		ck_assert_uint_eq(b.static_sum, search_static(&t) * MiB);
		ck_assert_uint_eq(b.provisioned, GUESTS * MAXIMUM * MiB);
		ck_assert_uint_eq(bounds_unmet(&b, b.peak, SECOND), 0);
		ck_assert_uint_ge(b.peak, b.peak_need);
		bounds_done(&b);
	}
}
END_TEST

START_TEST(a_small_world_by_hand)
{
	struct tiny t = { .needs = { { 6, 1, 2, 3, 4, 5, 6 },
				     { 6, 5, 4, 3, 2, 1, 0 },
				     { 6, 0, 0, 1, 0, 0, 0 } },
			  .floors = { 0, 2 * MiB, 0 } };
	static const uint64_t totals[STEPS] = { 6, 6, 7, 6, 7, 8 };
	struct bounds b;

	tiny_init(&t);
	b = tiny_bounds(&t, 0);
	ck_assert_uint_eq(b.n_steps, STEPS);
	for (size_t k = 0; k < STEPS; k++)
		ck_assert_uint_eq(b.total[k], totals[k] * MiB);
	ck_assert_uint_eq(b.need[5], 6 * MiB);
	ck_assert_uint_eq(b.peak, 8 * MiB);
	ck_assert_uint_eq(b.peak_need, 7 * MiB);
	ck_assert_uint_eq(b.static_sum, (6 + 5 + 1) * MiB);
	ck_assert_uint_eq(b.need_sum, (6 + 6 + 7 + 6 + 6 + 6) * 1024 * UINT64_C(1000));
	ck_assert_uint_eq(bounds_unmet(&b, 6 * MiB, SECOND), (1 + 1 + 2) * 1024 * UINT64_C(1000));
	bounds_done(&b);
	b = tiny_bounds(&t, 5 * SECOND); /* the last step alone */
	ck_assert_uint_eq(b.n_steps, 1);
	ck_assert_uint_eq(b.peak, 8 * MiB);
	ck_assert_uint_eq(b.peak_need, 6 * MiB);
	ck_assert_uint_eq(b.static_sum, (6 + 2) * MiB);
	bounds_done(&b);
	b = tiny_bounds(&t, 60 * SECOND); /* nothing is left */
	ck_assert_uint_eq(b.n_steps, 0);
	ck_assert_uint_eq(b.peak + b.static_sum + b.need_sum, 0);
	ck_assert_uint_eq(bounds_unmet(&b, 0, SECOND), 0);
	bounds_done(&b);
}
END_TEST

START_TEST(needs_that_rise_slowly_begin_before_the_warm_up)
{
	uint64_t floor = 0;
	struct demand d = { .maximum = 1 * GiB,
			    .touch = 10 * MiB,
			    .shape = DEMAND_SQUARE,
			    .low = 0,
			    .high = 1 * GiB,
			    .period = 40 * SECOND,
			    .offset = SIM_EPOCH };
	struct bounds b;

	ck_assert_int_eq(bounds_compute(&d, 1, &floor, SIM_EPOCH, 30 * SECOND, 32 * SECOND, SECOND,
					&b),
			 0);
	ck_assert_uint_eq(b.n_steps, 2);
	ck_assert_uint_eq(b.need[0], 120 * MiB); /* high since its 20th second: 12 rises of 10 */
	ck_assert_uint_eq(b.need[1], 130 * MiB);
	bounds_done(&b);
	d.period = 2 * SECOND; /* high in the first step: from what was needed before it */
	ck_assert_int_eq(bounds_compute(&d, 1, &floor, SIM_EPOCH, 0, SECOND, SECOND, &b), 0);
	ck_assert_uint_eq(b.need[0], 10 * MiB);
	bounds_done(&b);
}
END_TEST

/* What a world that steps through the same demands lets metrics count. */
static struct sim_result count(const struct tiny *t, uint64_t pool, usec_t warm_up)
{
	uint32_t shares[GUESTS] = { 1, 1, 1 };
	struct sim_scale scale = { SIM_EPOCH, warm_up, t->floors, shares };
	struct demand_walk walks[GUESTS] = { 0 };
	struct sim_metrics *m = NULL;
	struct sim_world *w = NULL;
	struct sim_result r = { 0 };

	ck_assert_int_eq(sim_world_new(GUESTS, &w), 0);
	ck_assert_int_eq(sim_metrics_new(w, &scale, &m), 0);
	for (size_t k = 0; k <= STEPS; k++) {
		w->now = SIM_EPOCH + k * SECOND;
		for (size_t i = 0; i < GUESTS; i++) {
			w->guests[i].present = true;
			w->guests[i].need = demand_walk(&t->demands[i], &walks[i], w->now);
		}
		if (k > 0)
			ck_assert_int_eq(sim_metrics_step(m, w, pool, SECOND), 0);
	}
	sim_metrics_result(m, &r);
	sim_metrics_free(m);
	sim_world_free(w);
	return r;
}

START_TEST(metrics_and_bounds_agree_on_what_is_possible)
{
	uint64_t seed = 13;

	for (unsigned round = 0; round < 300; round++) {
		uint64_t pool = random_below(&seed, 19) * MiB, least;
		usec_t warm_up = random_below(&seed, 4) * SECOND;
		struct sim_result r;
		struct bounds b;
		struct tiny t;

		tiny_random(&t, &seed);
		b = tiny_bounds(&t, warm_up);
		r = count(&t, pool, warm_up);
		least = b.need_sum > 0 ? bounds_unmet(&b, pool, SECOND) * 1000000 : 0;
		if (least > 0)
			least = (least + b.need_sum - 1) / b.need_sum;
		ck_assert_uint_eq(r.unmet_possible, least);
		ck_assert_uint_eq(r.measured, b.n_steps * SECOND);
		bounds_done(&b);
	}
}
END_TEST

START_TEST(no_steps_are_no_bounds)
{
	struct tiny t = { 0 };
	struct bounds b;

	tiny_init(&t);
	ck_assert_int_eq(bounds_compute(t.demands, GUESTS, t.floors, SIM_EPOCH, 0, SECOND, 0, &b),
			 0);
	ck_assert_uint_eq(b.n_steps, 0);
	bounds_done(&b);
	ck_assert_ptr_null(b.total);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim-bounds");
	TCase *tc = tcase_create("sim-bounds");

	tcase_add_test(tc, no_division_beats_u_star_and_one_reaches_it);
	tcase_add_test(tc, the_peak_is_the_smallest_pool_without_shortage);
	tcase_add_test(tc, a_small_world_by_hand);
	tcase_add_test(tc, needs_that_rise_slowly_begin_before_the_warm_up);
	tcase_add_test(tc, metrics_and_bounds_agree_on_what_is_possible);
	tcase_add_test(tc, no_steps_are_no_bounds);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
