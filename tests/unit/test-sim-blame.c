/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose fault it is: the controller's or the scenario's.  Metrics' definitions, case by case. */

#include "tests/unit/metrics-bed.h"

static struct sim_guest *guest(size_t i)
{
	return &bed.world->guests[i];
}

/* Two guests of 500 MiB in a pool of 1000, all of it touched. */
static void begin_full(void)
{
	bed_begin(2, 0);
	bed.pool = 1000 * MiB;
	for (size_t i = 0; i < 2; i++) {
		bed_set(i, 100 * MiB, 500 * MiB);
		guest(i)->touched = 500 * MiB;
	}
	bed_steps(1);
}

static void hold(size_t i, uint64_t size)
{
	guest(i)->size = guest(i)->touched = size;
}

START_TEST(who_grants_what_is_not_there_is_to_blame)
{
	struct sim_result r;

	begin_full();
	bed_order(0, 700 * MiB);
	hold(0, 600 * MiB);
	bed_steps(2);
	hold(0, 700 * MiB);
	bed_steps(1);
	r = bed_result();
	ck_assert_uint_eq(r.overage, 2 * 100 + 200);
	ck_assert_uint_eq(r.overage_most, 200 * MiB);
	ck_assert_uint_eq(r.overage_time, 3 * SECOND);
	ck_assert_uint_eq(r.overage_scenario, 0);
}
END_TEST

START_TEST(what_is_granted_and_not_touched_is_no_overage)
{
	begin_full();
	bed_order(0, 700 * MiB);
	bed_steps(10);
	ck_assert_uint_eq(bed_result().overage, 0);
	ck_assert_uint_eq(bed_result().overage_time, 0);
}
END_TEST

START_TEST(a_pool_that_falls_is_the_scenario_s)
{
	struct sim_result r;

	begin_full();
	bed_order(0, 400 * MiB);
	hold(0, 400 * MiB);
	bed_order(1, 600 * MiB); /* of what was taken: it fits */
	hold(1, 600 * MiB);
	bed_steps(1);
	bed.pool = 900 * MiB;
	bed_steps(3);
	r = bed_result();
	ck_assert_uint_eq(r.overage, 0);
	ck_assert_uint_eq(r.overage_scenario, 300);
	ck_assert_uint_eq(r.overage_scenario_most, 100 * MiB);
	ck_assert_uint_eq(r.overage_scenario_time, 3 * SECOND);
}
END_TEST

START_TEST(growth_after_the_pool_fell_is_the_controller_s)
{
	begin_full();
	bed.pool = 900 * MiB;
	bed_steps(2);
	bed_order(0, 510 * MiB);
	bed_steps(3);
	ck_assert_uint_eq(bed_result().overage_scenario, 200);
	ck_assert_uint_eq(bed_result().overage, 300);
}
END_TEST

START_TEST(growth_that_was_given_back_is_forgiven)
{
	begin_full();
	bed.pool = 900 * MiB;
	bed_order(0, 600 * MiB);
	hold(0, 600 * MiB);
	bed_steps(1);
	bed_order(0, 500 * MiB);
	bed_steps(1); /* asked back, not yet there */
	hold(0, 500 * MiB);
	bed_steps(4);
	ck_assert_uint_eq(bed_result().overage, 400);
	ck_assert_uint_eq(bed_result().overage_scenario, 400);
}
END_TEST

START_TEST(growth_is_forgotten_once_all_fits)
{
	begin_full();
	bed_order(0, 600 * MiB);
	hold(0, 600 * MiB);
	bed_steps(1);
	hold(1, 400 * MiB);
	bed_order(1, 400 * MiB);
	bed_steps(1);
	bed.pool = 900 * MiB;
	bed_steps(1);
	ck_assert_uint_eq(bed_result().overage, 100);
	ck_assert_uint_eq(bed_result().overage_scenario, 100);
}
END_TEST

START_TEST(a_world_that_begins_overcommitted_is_the_scenario_s)
{
	bed_begin(2, 0);
	bed.pool = 1000 * MiB;
	for (size_t i = 0; i < 2; i++) {
		bed_set(i, 0, 1000 * MiB);
		guest(i)->touched = 900 * MiB;
		bed_order(i, 500 * MiB);
	}
	bed_steps(2);
	ck_assert_uint_eq(bed_result().overage_scenario, 1600);
	ck_assert_uint_eq(bed_result().overage, 0);
}
END_TEST

START_TEST(a_target_raised_to_no_more_than_the_size_grants_nothing)
{
	begin_full();
	bed.pool = 900 * MiB;
	bed_order(0, 300 * MiB);
	bed_steps(1);
	bed_order(0, 450 * MiB);
	bed_steps(1);
	ck_assert_uint_eq(bed_result().overage, 0);
	ck_assert_uint_eq(bed_result().overage_scenario, 200);
}
END_TEST

START_TEST(a_target_raised_to_no_more_than_the_size_that_was_told_grants_nothing)
{
	begin_full();
	bed.pool = 900 * MiB;
	bed_order(0, 300 * MiB);
	hold(0, 450 * MiB);
	guest(0)->told = 500 * MiB; /* nobody knows yet how far it is */
	bed_order(0, 480 * MiB);
	bed_steps(1);
	ck_assert_uint_eq(bed_result().overage, 0);
	ck_assert_uint_eq(bed_result().overage_scenario, 50);
}
END_TEST

START_TEST(memory_that_a_guest_took_by_itself_is_the_scenario_s)
{
	begin_full();
	guest(0)->asked = 1 * GiB; /* a reboot */
	hold(0, 1 * GiB);
	bed_steps(1);
	ck_assert_uint_eq(bed_result().overage, 0);
	ck_assert_uint_eq(bed_result().overage_scenario, 524);
}
END_TEST

/* One that runs out of memory: it has 500 MiB and needs 700. */
static void begin_oom(uint64_t pool)
{
	bed_begin(2, 0);
	bed.pool = pool;
	bed_set(0, 100 * MiB, 1 * GiB);
	bed_set(1, 300 * MiB, 300 * MiB);
	bed_steps(1);
}

static void run_out(void)
{
	hold(0, 500 * MiB);
	guest(0)->need = 700 * MiB;
	guest(0)->missing = 200 * MiB;
}

START_TEST(an_oom_counts_once_however_long_it_takes)
{
	begin_oom(2 * GiB);
	bed_order(0, 500 * MiB);
	run_out();
	bed_steps(50);
	ck_assert_uint_eq(bed_result().ooms, 1);
	guest(0)->missing = 0;
	bed_steps(1);
	guest(0)->missing = 1;
	bed_steps(2);
	ck_assert_uint_eq(bed_result().ooms, 2);
	ck_assert_uint_eq(bed_result().ooms_scenario, 0);
}
END_TEST

START_TEST(who_took_from_it_while_there_was_room_is_to_blame)
{
	begin_oom(1000 * MiB); /* 700 + 300: just enough */
	bed_order(0, 500 * MiB);
	bed_steps(1000); /* long ago */
	run_out();
	bed_steps(1);
	ck_assert_uint_eq(bed_result().ooms, 1);
}
END_TEST

START_TEST(a_pool_that_cannot_hold_all_needs_is_the_scenario_s)
{
	begin_oom(999 * MiB);
	bed_order(0, 500 * MiB);
	bed_steps(1000);
	run_out();
	bed_steps(10);
	ck_assert_uint_eq(bed_result().ooms, 0);
	ck_assert_uint_eq(bed_result().ooms_scenario, 1);
}
END_TEST

START_TEST(who_took_from_it_a_minute_ago_is_to_blame_whatever_the_pool)
{
	for (unsigned late = 0; late < 2; late++) {
		begin_oom(999 * MiB);
		bed_order(0, 500 * MiB);
		bed_steps(59 + late);
		run_out();
		bed_steps(1);
		ck_assert_uint_eq(bed_result().ooms, !late);
		ck_assert_uint_eq(bed_result().ooms_scenario, late);
		bed_end();
	}
}
END_TEST

START_TEST(a_guest_that_nothing_was_taken_from_is_the_scenario_s)
{
	begin_oom(900 * MiB);
	bed_set(0, 700 * MiB, 500 * MiB);
	guest(0)->missing = 200 * MiB;
	bed_steps(100); /* charged 800: no room for 200 more */
	ck_assert_uint_eq(bed_result().ooms, 0);
	ck_assert_uint_eq(bed_result().ooms_scenario, 1);
}
END_TEST

START_TEST(what_was_taken_and_given_back_is_not_to_blame)
{
	begin_oom(2 * GiB);
	bed_order(0, 500 * MiB);
	bed_order(0, 1 * GiB);
	guest(0)->need = 1200 * MiB;
	guest(0)->missing = 176 * MiB;
	bed_steps(5);
	ck_assert_uint_eq(bed_result().ooms, 0);
	ck_assert_uint_eq(bed_result().ooms_scenario, 1);
}
END_TEST

START_TEST(growth_refused_while_there_was_room_is_the_controller_s)
{
	begin_oom(1000 * MiB);
	bed_set(0, 700 * MiB, 500 * MiB); /* charged 800, lacks 200 */
	guest(0)->missing = 200 * MiB;
	bed_steps(3);
	ck_assert_uint_eq(bed_result().ooms, 0); /* it may not have heard yet */
	ck_assert_uint_eq(bed_result().ooms_scenario, 1);
	bed_steps(1);
	ck_assert_uint_eq(bed_result().ooms, 1);
	ck_assert_uint_eq(bed_result().ooms_scenario, 0);
	bed_steps(10);
	ck_assert_uint_eq(bed_result().ooms, 1);
}
END_TEST

START_TEST(growth_refused_in_between_begins_anew)
{
	begin_oom(1000 * MiB);
	bed_set(0, 700 * MiB, 500 * MiB);
	guest(0)->missing = 200 * MiB;
	for (unsigned i = 0; i < 5; i++) {
		bed.pool = 1000 * MiB;
		bed_steps(3);
		bed.pool = 999 * MiB; /* no room now */
		bed_steps(1);
	}
	ck_assert_uint_eq(bed_result().ooms, 0);
}
END_TEST

START_TEST(growth_that_was_granted_and_is_on_its_way_was_not_refused)
{
	begin_oom(2 * GiB);
	bed_set(0, 700 * MiB, 500 * MiB);
	guest(0)->missing = 200 * MiB;
	bed_order(0, 700 * MiB);
	bed_steps(10);
	ck_assert_uint_eq(bed_result().ooms, 0);
	ck_assert_uint_eq(bed_result().ooms_scenario, 1);
}
END_TEST

START_TEST(nobody_owes_more_than_was_sold)
{
	begin_oom(2 * GiB);
	guest(0)->model.sold = 500 * MiB;
	bed_set(0, 700 * MiB, 500 * MiB);
	guest(0)->missing = 200 * MiB;
	bed_steps(10);
	ck_assert_uint_eq(bed_result().ooms, 0);
	ck_assert_uint_eq(bed_result().ooms_scenario, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim-blame");
	TCase *tc = tcase_create("sim-blame");

	tcase_add_checked_fixture(tc, NULL, bed_end);
	tcase_add_test(tc, who_grants_what_is_not_there_is_to_blame);
	tcase_add_test(tc, what_is_granted_and_not_touched_is_no_overage);
	tcase_add_test(tc, a_pool_that_falls_is_the_scenario_s);
	tcase_add_test(tc, growth_after_the_pool_fell_is_the_controller_s);
	tcase_add_test(tc, growth_that_was_given_back_is_forgiven);
	tcase_add_test(tc, growth_is_forgotten_once_all_fits);
	tcase_add_test(tc, a_world_that_begins_overcommitted_is_the_scenario_s);
	tcase_add_test(tc, a_target_raised_to_no_more_than_the_size_grants_nothing);
	tcase_add_test(tc, a_target_raised_to_no_more_than_the_size_that_was_told_grants_nothing);
	tcase_add_test(tc, memory_that_a_guest_took_by_itself_is_the_scenario_s);
	tcase_add_test(tc, an_oom_counts_once_however_long_it_takes);
	tcase_add_test(tc, who_took_from_it_while_there_was_room_is_to_blame);
	tcase_add_test(tc, a_pool_that_cannot_hold_all_needs_is_the_scenario_s);
	tcase_add_test(tc, who_took_from_it_a_minute_ago_is_to_blame_whatever_the_pool);
	tcase_add_test(tc, a_guest_that_nothing_was_taken_from_is_the_scenario_s);
	tcase_add_test(tc, what_was_taken_and_given_back_is_not_to_blame);
	tcase_add_test(tc, growth_refused_while_there_was_room_is_the_controller_s);
	tcase_add_test(tc, growth_refused_in_between_begins_anew);
	tcase_add_test(tc, growth_that_was_granted_and_is_on_its_way_was_not_refused);
	tcase_add_test(tc, nobody_owes_more_than_was_sold);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
