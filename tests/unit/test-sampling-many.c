/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is read when: the choice alone, for many guests. */

#include "balloond/core/sampling.h"

#include <stdlib.h>
#include <time.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define SECOND BALLOOND_SECOND
#define MS UINT64_C(1000)

/* Many guests and nothing but the choice. */
static struct many {
	struct config config;
	struct snapshot snapshot;
	struct history history;
	struct plan plan;
	size_t n_read;
	usec_t longest; /* between two readings of one guest */
} many;

static void many_begin(size_t n)
{
	many = (struct many){ 0 };
	many.config.libvirt_budget = 100;
	many.snapshot.now = 1000 * SECOND;
	many.snapshot.n_guests = many.plan.n_verdicts = many.history.n_guests = n;
	many.snapshot.guests = calloc(n, sizeof(*many.snapshot.guests));
	many.history.guests = calloc(n, sizeof(*many.history.guests));
	many.plan.verdicts = calloc(n, sizeof(*many.plan.verdicts));
	ck_assert(many.snapshot.guests && many.history.guests && many.plan.verdicts);
	for (size_t i = 0; i < n; i++) {
		struct verdict *v = &many.plan.verdicts[i];

		many.snapshot.guests[i].swept = many.snapshot.now;
		many.history.guests[i].used = BALLOOND_UNKNOWN;
		many.history.guests[i].first_seen = 1;
		v->source = &many.snapshot.guests[i];
		v->matched = true;
		v->state = STATE_MANAGED;
	}
}

static void many_done(void)
{
	free(many.snapshot.guests);
	free(many.history.guests);
	free(many.plan.verdicts);
}

/* The guest begins or ceases to move. */
static void many_heat(size_t i, bool hot)
{
	many.history.guests[i].asked = hot;
}

/* Plans; the next sweep reads whoever is due, and takes 20 ms. */
static size_t many_sweep(void)
{
	size_t n = 0;

	many.plan.now = many.snapshot.now;
	sampling_choose(&many.config, &many.snapshot, &many.history, &many.plan);
	many.snapshot.now += many.plan.next_wake + 20 * MS;
	for (size_t i = 0; i < many.plan.n_verdicts; i++) {
		struct guest *g = &many.snapshot.guests[i];

		if (!many.plan.verdicts[i].due)
			continue;
		many.longest = balloond_max(many.longest, many.snapshot.now - g->swept);
		g->swept = many.snapshot.now;
		n++;
	}
	many.n_read += n;
	return n;
}

/* Lets so much time pass, and returns the readings a second. */
static double many_run(unsigned seconds)
{
	usec_t end = many.snapshot.now + seconds * SECOND;

	many.n_read = 0;
	many.longest = 0;
	while (many.snapshot.now < end)
		(void)many_sweep();
	return (double)many.n_read / seconds;
}

START_TEST(calm_guests_are_read_every_second_where_that_is_paid_for)
{
	many_begin(50);
	(void)many_run(10);
	ck_assert_uint_eq(many.plan.sampling.calm_interval, SECOND);
	ck_assert_double_eq_tol(many_run(60), 50, 1);
	many_done();
}
END_TEST

START_TEST(calm_guests_are_read_evenly)
{
	many_begin(200); /* 40 a second: 20 a sweep */
	many.snapshot.host.sample_cost = 2500;
	(void)many_run(10);
	for (unsigned i = 0; i < 40; i++) {
		size_t n = many_sweep();

		ck_assert_uint_ge(n, 18);
		ck_assert_uint_le(n, 22);
	}
	ck_assert_double_eq_tol(many_run(60), 40, 1);
	ck_assert_uint_le(many.longest, 5520 * MS);
	ck_assert_uint_eq(many.plan.sampling.calm_interval, 5 * SECOND);
	ck_assert_uint_eq(many.plan.sampling.reads, 40000);
	many_done();
}
END_TEST

START_TEST(hot_guests_are_read_four_times_a_second_and_at_once)
{
	many_begin(50);
	(void)many_run(10);
	for (size_t i = 0; i < 5; i++)
		many_heat(10 * i, true);
	(void)many_sweep(); /* the plan that finds them hot */
	for (size_t i = 0; i < 5; i++)
		ck_assert_uint_eq(many.snapshot.guests[10 * i].swept, many.snapshot.now);
	ck_assert_double_eq_tol(many_run(60), 5 * 4 + 45, 0.5);
	ck_assert_uint_eq(many.plan.sampling.n_hot, 5);
	ck_assert_uint_eq(many.plan.sampling.hot_interval, 250 * MS);
	many_done();
}
END_TEST

START_TEST(guests_that_calm_down_together_do_not_stay_together)
{
	size_t most = 0;

	many_begin(100);
	many.snapshot.host.sample_cost = 100;
	(void)many_run(10);
	for (size_t i = 0; i < 100; i++)
		many_heat(i, true);
	(void)many_run(3);
	ck_assert_uint_eq(many_sweep(), 100);
	many.snapshot.host.sample_cost = 5000; /* each 5 s */
	for (size_t i = 0; i < 100; i++)
		many_heat(i, false);
	for (unsigned i = 0; i < 20; i++)
		most = balloond_max(most, many_sweep());
	ck_assert_uint_le(most, 15);
	many_done();
}
END_TEST

START_TEST(a_short_budget_makes_the_calm_wait_first)
{
	many_begin(1000);
	many.snapshot.host.sample_cost = 1000; /* 100 readings a second */
	(void)many_run(30);
	ck_assert_double_eq_tol(many_run(60), 100, 3);
	ck_assert_uint_eq(many.plan.sampling.calm_interval, 10 * SECOND);
	/* Calm each 14.5 s: 68 a second; what is left of 100 are 8 guests four times a second. */
	for (size_t i = 0; i < 7; i++)
		many_heat(100 * i, true);
	(void)many_run(30);
	ck_assert_uint_eq(many.plan.sampling.hot_interval, 250 * MS);
	ck_assert_double_eq_tol(many_run(60), 100, 4);
	ck_assert_uint_gt(many.plan.sampling.calm_interval, 13 * SECOND);
	ck_assert_uint_le(many.longest, 15 * SECOND + 100 * MS);
	many_done();
}
END_TEST

START_TEST(where_the_hot_alone_are_too_many_all_of_them_wait_a_little)
{
	many_begin(300);
	many.snapshot.host.sample_cost = 1000;
	for (size_t i = 0; i < 100; i++)
		many_heat(i, true);
	(void)many_run(20);
	/* 100 - 200 / 14.5 = 86 a second for 100 guests */
	ck_assert_uint_ge(many.plan.sampling.hot_interval, 1150 * MS);
	ck_assert_uint_le(many.plan.sampling.hot_interval, 1170 * MS);
	ck_assert_double_eq_tol(many_run(60), 100, 4);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_uint_le(many_sweep(), 40);
	many_done();
}
END_TEST

START_TEST(guests_that_turn_hot_together_are_read_at_once_and_then_apart)
{
	many_begin(300);
	many.snapshot.host.sample_cost = 1000;
	(void)many_run(20);
	for (size_t i = 0; i < 100; i++)
		many_heat(i, true);
	ck_assert_uint_ge(many_sweep(), 100);
	(void)many_run(3);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_uint_le(many_sweep(), 40);
	many_done();
}
END_TEST

START_TEST(no_budget_is_so_short_that_a_guest_is_forgotten)
{
	many_begin(2000);
	many.config.libvirt_budget = 10;
	many.snapshot.host.sample_cost = 2000; /* 5 a second */
	for (size_t i = 0; i < 100; i++)
		many_heat(i, true);
	(void)many_run(30);
	(void)many_run(60);
	ck_assert_uint_eq(many.plan.sampling.hot_interval, 5 * SECOND);
	ck_assert_uint_le(many.longest, 15 * SECOND + 100 * MS);
	many_done();
}
END_TEST

START_TEST(the_same_guests_are_read_again_the_same_way)
{
	uint64_t sums[2];

	for (unsigned k = 0; k < 2; k++) {
		many_begin(64);
		sums[k] = 0;
		for (unsigned i = 0; i < 200; i++) {
			many_heat(i % 64, i % 3 == 0);
			(void)many_sweep();
			for (size_t g = 0; g < 64; g++)
				sums[k] = sums[k] * 31 + many.snapshot.guests[g].swept;
		}
		many_done();
	}
	ck_assert_uint_eq(sums[0], sums[1]);
}
END_TEST

static uint64_t cpu_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The best of many: whoever else runs on this machine only makes it slower. */
START_TEST(ten_thousand_guests_cost_less_than_a_tenth_of_a_microsecond_each)
{
	uint64_t best = UINT64_MAX;

	many_begin(10000);
	for (size_t i = 0; i < 1000; i++)
		many_heat(7 * i, true);
	for (unsigned i = 0; i < 50; i++) {
		uint64_t began = cpu_ns();

		many.plan.now = many.snapshot.now += 250 * MS;
		sampling_choose(&many.config, &many.snapshot, &many.history, &many.plan);
		best = balloond_min(best, cpu_ns() - began);
	}
	ck_assert_uint_lt(best / 10000, 100);
	many_done();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sampling-many");
	TCase *t = tcase_create("sampling-many");

	tcase_add_test(t, calm_guests_are_read_every_second_where_that_is_paid_for);
	tcase_add_test(t, calm_guests_are_read_evenly);
	tcase_add_test(t, hot_guests_are_read_four_times_a_second_and_at_once);
	tcase_add_test(t, guests_that_calm_down_together_do_not_stay_together);
	tcase_add_test(t, a_short_budget_makes_the_calm_wait_first);
	tcase_add_test(t, where_the_hot_alone_are_too_many_all_of_them_wait_a_little);
	tcase_add_test(t, guests_that_turn_hot_together_are_read_at_once_and_then_apart);
	tcase_add_test(t, no_budget_is_so_short_that_a_guest_is_forgotten);
	tcase_add_test(t, the_same_guests_are_read_again_the_same_way);
	tcase_add_test(t, ten_thousand_guests_cost_less_than_a_tenth_of_a_microsecond_each);
	suite_add_tcase(s, t);
	return check_main(s);
}
