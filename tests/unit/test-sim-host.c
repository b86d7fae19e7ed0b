/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The simulated machine below the guests. */

#include "balloond/policy-math.h"
#include "balloond/sim/host.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND
#define BEGIN (1000 * SECOND)

static struct sim_host_change changes[2];
static struct sim_host host;
static usec_t now;

static void set_up(void)
{
	now = BEGIN;
	host = (struct sim_host){
		.model = { .total = 16 * GiB, .swap = 4 * GiB, .own = GiB, .changes = changes },
	};
	sim_host_begin(&host);
}

static void run(usec_t length, usec_t step, uint64_t resident)
{
	for (usec_t end = now + length; now < end;) {
		now += step;
		sim_host_step(&host, now, step, resident);
	}
}

static struct host tell(void)
{
	struct host told;

	sim_host_tell(&host, &told);
	return told;
}

START_TEST(what_nobody_uses_is_available)
{
	struct host told;

	ck_assert_uint_eq(tell().seen.available, 15 * GiB);
	run(SECOND, SECOND, 5 * GiB);
	told = tell();
	ck_assert_uint_eq(told.seen.total, 16 * GiB);
	ck_assert_uint_eq(told.seen.available, 10 * GiB);
	ck_assert_uint_eq(told.seen.free, 10 * GiB);
	ck_assert_uint_eq(told.seen.swap_total, 4 * GiB);
	ck_assert_uint_eq(told.seen.swap_free, 4 * GiB);
	ck_assert_uint_eq(told.seen.some_avg10, 0);
	ck_assert_uint_eq(told.hugetlb, 0);
	ck_assert_uint_eq(host.over, 0);
}
END_TEST

START_TEST(what_is_shared_away_is_available_too)
{
	host.model.shared = 250;
	run(SECOND, SECOND, 8 * GiB);
	ck_assert_uint_eq(tell().ksm_saved, 2 * GiB);
	ck_assert_uint_eq(tell().seen.available, 9 * GiB);
}
END_TEST

START_TEST(its_own_use_changes_in_straight_lines)
{
	changes[0] = (struct sim_host_change){ BEGIN + 10 * SECOND, 10 * SECOND, 5 * GiB };
	changes[1] = (struct sim_host_change){ BEGIN + 15 * SECOND, 2 * SECOND, GiB };
	host.model.n_changes = 2;
	run(10 * SECOND, SECOND, 0);
	ck_assert_uint_eq(host.own, GiB);
	run(4 * SECOND, SECOND, 0);
	ck_assert_uint_eq(host.own, GiB + 1600 * MiB * 1024 / 1000);
	/* The second one begins where the first one is: at 3 GiB. */
	run(2 * SECOND, 2 * SECOND, 0);
	ck_assert_uint_eq(host.own, 2 * GiB);
	run(SECOND, SECOND, 0);
	ck_assert_uint_eq(host.own, GiB);
	run(SECOND, SECOND, 0);
	ck_assert_uint_eq(host.own, GiB);
}
END_TEST

START_TEST(a_change_without_a_time_is_there_at_once)
{
	changes[0] = (struct sim_host_change){ BEGIN + 5 * SECOND, 0, 9 * GiB };
	host.model.n_changes = 1;
	run(4 * SECOND, SECOND, 0);
	ck_assert_uint_eq(host.own, GiB);
	run(SECOND, SECOND, 0);
	ck_assert_uint_eq(tell().seen.available, 7 * GiB);
}
END_TEST

START_TEST(what_does_not_fit_is_swapped_at_the_speed_of_the_disk)
{
	run(10 * SECOND, SECOND, 17 * GiB); /* 2 GiB too many */
	ck_assert_uint_eq(tell().seen.available, 0);
	ck_assert_uint_eq(tell().seen.swap_out, 1000 * MiB);
	ck_assert_uint_eq(tell().seen.swap_free, 4 * GiB - 1000 * MiB);
	ck_assert_uint_eq(host.over, 0);
	host.model.disk = GiB;
	run(10 * SECOND, SECOND, 17 * GiB);
	ck_assert_uint_eq(host.swapped, 2 * GiB);
	ck_assert_uint_eq(host.swap_out, 2 * GiB);
	ck_assert_uint_eq(host.swap_in, 0);
}
END_TEST

START_TEST(what_fits_again_comes_back_slowly)
{
	host.model.disk = GiB;
	run(10 * SECOND, SECOND, 17 * GiB);
	run(SECOND, SECOND, 10 * GiB);
	ck_assert_uint_eq(host.swapped, 2 * GiB - 512 * MiB);
	ck_assert_uint_eq(host.swap_in, 512 * MiB);
	run(60 * SECOND, SECOND, 10 * GiB);
	ck_assert_uint_eq(host.swapped, 0);
	ck_assert_uint_eq(host.swap_in, 2 * GiB);
}
END_TEST

START_TEST(beyond_swap_somebody_is_killed)
{
	run(SECOND, SECOND, 19 * GiB);
	ck_assert_uint_eq(host.over, 0);
	run(SECOND, SECOND, 20 * GiB);
	ck_assert_uint_eq(host.over, GiB);
	ck_assert_uint_le(host.swapped, 4 * GiB);
	run(SECOND, SECOND, 10 * GiB);
	ck_assert_uint_eq(host.over, 0);
}
END_TEST

START_TEST(pressure_rises_while_it_swaps_and_falls_afterwards)
{
	run(10 * SECOND, SECOND, 17 * GiB);
	/* One time constant: 1 - 1/e of 50 % and 25 % */
	ck_assert_uint_ge(tell().seen.some_avg10, 3140);
	ck_assert_uint_le(tell().seen.some_avg10, 3180);
	ck_assert_uint_ge(tell().seen.full_avg10, 1570);
	ck_assert_uint_le(tell().seen.full_avg10, 1590);
	run(120 * SECOND, SECOND, 8 * GiB);
	ck_assert_uint_le(tell().seen.some_avg10, 5);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim-host");
	TCase *t = tcase_create("sim-host");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, what_nobody_uses_is_available);
	tcase_add_test(t, what_is_shared_away_is_available_too);
	tcase_add_test(t, its_own_use_changes_in_straight_lines);
	tcase_add_test(t, a_change_without_a_time_is_there_at_once);
	tcase_add_test(t, what_does_not_fit_is_swapped_at_the_speed_of_the_disk);
	tcase_add_test(t, what_fits_again_comes_back_slowly);
	tcase_add_test(t, beyond_swap_somebody_is_killed);
	tcase_add_test(t, pressure_rises_while_it_swaps_and_falls_afterwards);
	suite_add_tcase(s, t);
	return check_main(s);
}
