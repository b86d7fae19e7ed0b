/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bench/oracle.h"

#include <stdlib.h>

#include "tests/unit/bench-bed.h"

static struct bench_bed b;
static struct oracle *oracle;
static const uint64_t floors[BENCH_GUESTS] = { 512 * MiB, 512 * MiB, 512 * MiB };

static void teardown(void)
{
	oracle = oracle_free(oracle);
	bench_done(&b);
}

/* From 1 GiB to 3 at 20 s, and down to 256 MiB at 40 s. */
static void rise_and_fall(size_t i)
{
	static const struct demand_point points[] = {
		{ .to = GiB },
		{ .at = 20 * SECOND, .to = 3 * GiB },
		{ .at = 40 * SECOND, .to = 256 * MiB },
	};

	b.w->demands[i].shape = DEMAND_POINTS;
	b.w->demands[i].points = malloc(sizeof(points));
	ck_assert_ptr_nonnull(b.w->demands[i].points);
	memcpy(b.w->demands[i].points, points, sizeof(points));
	b.w->demands[i].n_points = 3;
}

static void setup(void)
{
	bench_init(&b, 9 * GiB);
	rise_and_fall(0);
	b.w->demands[1].high = b.w->demands[2].high = 2 * GiB;
}

static void begin(const struct oracle_setup *setup)
{
	struct oracle_setup all = *setup;

	all.world = b.w;
	all.floors = floors;
	all.length = 60 * SECOND;
	all.step = SECOND;
	sim_world_begin(b.w);
	ck_assert_int_eq(oracle_new(&all, &oracle), 0);
}

static void tick(void)
{
	bench_sense(&b);
	oracle_decide(oracle, &b.config, &b.snapshot, &b.history, &b.plan);
	b.world.act(b.world.self, &b.plan);
	sim_world_step(b.w, SECOND);
}

static uint64_t target(size_t i)
{
	return b.plan.verdicts[i].target;
}

/* Within one step of the level. */
static void about(uint64_t is, uint64_t should)
{
	ck_assert_uint_le(is, should + 4096);
	ck_assert_uint_le(should, is + 4096);
}

START_TEST(clairvoyant_gives_what_is_needed_seconds_before_it_is)
{
	begin(&(struct oracle_setup){ .ahead = 5 * SECOND });
	for (unsigned t = 0; t < 60; t++) {
		tick();
		/* Decided at t, with a look at t + 5. */
		if (t + 5 < 20)
			ck_assert_uint_eq(target(0), GiB);
		else if (t < 40)
			ck_assert_uint_eq(target(0), 3 * GiB);
		else
			ck_assert_uint_eq(target(0), floors[0]);
		ck_assert_uint_eq(target(1), 2 * GiB);
		if (t > 20)
			ck_assert_uint_ge(b.w->guests[0].size, b.w->guests[0].need);
	}
	ck_assert_uint_eq(b.w->guests[0].swap_out, 0);
}
END_TEST

START_TEST(clairvoyant_looks_and_changes_nothing)
{
	struct demand_walk before;

	begin(&(struct oracle_setup){ .ahead = 30 * SECOND });
	before = b.w->guests[0].walk;
	bench_sense(&b);
	oracle_decide(oracle, &b.config, &b.snapshot, &b.history, &b.plan);
	ck_assert_uint_eq(target(0), 3 * GiB);
	ck_assert_uint_eq(b.w->guests[0].walk.now, before.now);
	ck_assert_uint_eq(b.w->guests[0].walk.next, before.next);
	ck_assert_uint_eq(b.w->guests[0].need, GiB);
}
END_TEST

START_TEST(clairvoyant_divides_a_pool_that_is_too_small)
{
	begin(&(struct oracle_setup){ .pool = 3 * GiB + GiB / 2 });
	tick();
	ck_assert_uint_eq(target(0), GiB);
	about(target(1), GiB + GiB / 4);
	ck_assert_uint_eq(target(0) + target(1) + target(2), 3 * GiB + GiB / 2);
}
END_TEST

START_TEST(clairvoyant_keeps_the_floors_where_not_even_they_fit)
{
	begin(&(struct oracle_setup){ .pool = GiB });
	tick();
	for (size_t i = 0; i < BENCH_GUESTS; i++)
		ck_assert_uint_eq(target(i), floors[i]);
}
END_TEST

START_TEST(clairvoyant_follows_the_configured_pool)
{
	b.config.host.pool.value = 3 * GiB + GiB / 2 + BENCH_GUESTS * BENCH_OVERHEAD;
	begin(&(struct oracle_setup){ 0 });
	tick();
	ck_assert_uint_eq(target(0) + target(1) + target(2), 3 * GiB + GiB / 2);
}
END_TEST

START_TEST(static_hindsight_gives_each_its_highest_need_for_ever)
{
	begin(&(struct oracle_setup){ .is_static = true });
	for (unsigned t = 0; t < 60; t++) {
		tick();
		ck_assert_uint_eq(target(0), 3 * GiB);
		ck_assert_uint_eq(target(1), 2 * GiB);
		ck_assert_uint_eq(b.plan.n_steps, t == 0 ? 3 : 0);
	}
}
END_TEST

START_TEST(static_hindsight_forgets_the_warm_up)
{
	begin(&(struct oracle_setup){ .is_static = true, .warm_up = 45 * SECOND });
	tick();
	ck_assert_uint_eq(target(0), floors[0]);
	ck_assert_uint_eq(target(1), 2 * GiB);
}
END_TEST

START_TEST(static_hindsight_scales_what_does_not_fit_once)
{
	begin(&(struct oracle_setup){ .is_static = true, .pool = 6 * GiB });
	for (unsigned t = 0; t < 60; t++) {
		tick();
		for (size_t i = 0; i < BENCH_GUESTS; i++)
			about(target(i), 2 * GiB);
		ck_assert_uint_eq(b.plan.n_steps, t == 0 ? 3 : 0);
	}
}
END_TEST

START_TEST(shares_weigh_where_the_pool_is_too_small)
{
	char *first = (char *)(uintptr_t) "guest-1";
	struct promise promises[2] = { b.promise, b.promise };

	promises[0].match.texts[MATCH_NAME].items = &first;
	promises[0].shares = 3000;
	b.config.promises = promises;
	b.config.n_promises = 2;
	begin(&(struct oracle_setup){ .is_static = true, .pool = 3 * GiB });
	tick();
	about(target(0), 3 * GiB * 3 / 5);
	about(target(1), 3 * GiB / 5);
	about(target(2), 3 * GiB / 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oracle");
	TCase *tc = tcase_create("oracle");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, clairvoyant_gives_what_is_needed_seconds_before_it_is);
	tcase_add_test(tc, clairvoyant_looks_and_changes_nothing);
	tcase_add_test(tc, clairvoyant_divides_a_pool_that_is_too_small);
	tcase_add_test(tc, clairvoyant_keeps_the_floors_where_not_even_they_fit);
	tcase_add_test(tc, clairvoyant_follows_the_configured_pool);
	tcase_add_test(tc, static_hindsight_gives_each_its_highest_need_for_ever);
	tcase_add_test(tc, static_hindsight_forgets_the_warm_up);
	tcase_add_test(tc, static_hindsight_scales_what_does_not_fit_once);
	tcase_add_test(tc, shares_weigh_where_the_pool_is_too_small);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
