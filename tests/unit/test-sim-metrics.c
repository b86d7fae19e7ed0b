/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Worlds whose every second is written by hand, and the figures that follow from them.  Who is to
 * blame: test-sim-blame.c; how evenly all is divided: test-sim-fairness.c. */

#include <string.h>

#include "tests/unit/metrics-bed.h"

START_TEST(unmet_is_what_was_needed_and_not_there)
{
	bed_begin(2, 0);
	bed_set(0, 300 * MiB, 200 * MiB); /* lacks 100 */
	bed_set(1, 700 * MiB, 1 * GiB);
	bed_steps(3);
	bed_set(0, 300 * MiB, 300 * MiB);
	bed_steps(1); /* 100 of 1000 in three steps of four */
	ck_assert_uint_eq(bed_result().unmet, 75000);
	ck_assert_uint_eq(bed_result().measured, 4 * SECOND);
}
END_TEST

START_TEST(what_is_unmet_is_rounded_up_and_nothing_is_0)
{
	bed_begin(1, 0);
	bed_set(0, 512 * MiB, 512 * MiB);
	bed_steps(100000);
	ck_assert_uint_eq(bed_result().unmet, 0);
	bed_set(0, 512 * MiB, 512 * MiB - 1024);
	bed_steps(1);
	ck_assert_uint_eq(bed_result().unmet, 1);
	ck_assert_uint_eq(bed_result().optimum, 999999);
}
END_TEST

START_TEST(the_warm_up_counts_for_nothing)
{
	struct sim_result r;

	bed_begin(1, 10 * SECOND);
	bed_set(0, 300 * MiB, 100 * MiB);
	bed.world->guests[0].missing = 200 * MiB;
	bed.world->guests[0].touched = 9 * GiB;
	bed.world->guests[0].reread = 5;
	bed.world->host.swap_in = 77;
	bed_order(0, 1 * MiB);
	bed_steps(9);
	bed_set(0, 300 * MiB, 300 * MiB);
	bed.world->guests[0].missing = 0;
	bed.world->guests[0].touched = 0;
	bed.world->guests[0].reread = 0;
	bed_steps(1);
	r = bed_result();
	ck_assert_uint_eq(r.measured + r.size_mean + r.size_least, 0);
	bed_steps(2);
	r = bed_result();
	ck_assert_uint_eq(r.measured, 2 * SECOND);
	ck_assert_uint_eq(r.unmet + r.ooms + r.ooms_scenario + r.reliefs + r.reread, 0);
	ck_assert_uint_eq(r.overage + r.overage_scenario + r.overage_most, 0);
	ck_assert_uint_eq(r.overage_scenario_time + r.overage_scenario_most, 0);
	ck_assert_uint_eq(r.traffic + r.moves + r.reversals + r.below_floor, 0);
	ck_assert_uint_eq(r.host_swapped, 0);
}
END_TEST

START_TEST(steps_of_odd_length_lose_no_time)
{
	bed_begin(1, 0);
	bed_set(0, 1024 * MiB, 512 * MiB);
	bed.world->guests[0].touched = bed.pool + 100 * MiB;
	for (unsigned i = 0; i < 3000; i++)
		bed_step(333333);
	ck_assert_uint_eq(bed_result().overage_scenario, 100000); /* 99999.9 */
	ck_assert_uint_eq(bed_result().measured, 999999000);
	ck_assert_uint_eq(bed_result().size_mean, 512 * MiB);
	ck_assert_uint_eq(bed_result().unmet, 500000);
}
END_TEST

START_TEST(only_guests_that_are_there_and_have_booted_need)
{
	bed_begin(3, 0);
	bed_set(0, 300 * MiB, 300 * MiB);
	bed_set(1, 300 * MiB, 0);
	bed.world->guests[1].present = false;
	bed_set(2, 300 * MiB, 0);
	bed.world->guests[2].booted = bed.world->now;
	bed.world->guests[2].model.boot = 10 * SECOND;
	bed_steps(9);
	ck_assert_uint_eq(bed_result().unmet, 0);
	ck_assert_uint_eq(bed_result().size_mean, 300 * MiB);
	bed_steps(1); /* it answers: 300 of 600 in one step of ten */
	ck_assert_uint_eq(bed_result().unmet, 90910); /* 300 / 3300 */
}
END_TEST

START_TEST(nobody_could_do_better_than_u_star)
{
	struct sim_result r;

	bed_begin(2, 0);
	bed.floors[1] = 100 * MiB;
	bed_set(0, 800 * MiB, 500 * MiB); /* lacks 300 */
	bed_set(1, 50 * MiB, 200 * MiB);
	bed.pool = 750 * MiB; /* N is 900 */
	bed_steps(1);
	bed.pool = 2 * GiB;
	bed_steps(1); /* sums: needed 1700, unmet 600, U* 150, the best meets 1550 */
	r = bed_result();
	ck_assert_uint_eq(r.unmet, 352942);
	ck_assert_uint_eq(r.unmet_possible, 88236);
	ck_assert_uint_eq(r.optimum, 709677);
}
END_TEST

START_TEST(a_world_that_needs_nothing_is_served_perfectly)
{
	struct sim_result r;

	bed_begin(2, 0);
	bed_steps(5);
	r = bed_result();
	ck_assert_uint_eq(r.unmet + r.unmet_possible + r.traffic, 0);
	ck_assert_uint_eq(r.optimum, 1000000);
	ck_assert_uint_eq(r.jain, 1000000);
	ck_assert_uint_eq(r.jain_shares, 1000000);
}
END_TEST

START_TEST(traffic_is_a_multiple_of_the_mean_need_a_day)
{
	bed_begin(2, 0);
	bed_set(0, 100 * MiB, 1 * GiB);
	bed_set(1, 300 * MiB, 1 * GiB);
	bed_order(0, 900 * MiB); /* 124 MiB down */
	bed_steps(6 * 3600);
	bed_order(0, 1000 * MiB);                      /* 100 up */
	bed_order(1, 1024 * MiB);                      /* nothing */
	ck_assert_uint_eq(bed_result().traffic, 2240); /* 224 / 400 in a quarter of a day */
}
END_TEST

START_TEST(a_reversal_is_a_move_that_takes_back_the_one_before)
{
	struct sim_result r;

	bed_begin(2, 0);
	bed_set(0, 0, 1 * GiB);
	bed_set(1, 0, 1 * GiB);
	bed_order(0, 900 * MiB);
	bed_order(0, 800 * MiB); /* the same way */
	bed_order(0, 807 * MiB); /* below 8 MiB: no move */
	bed_order(0, 790 * MiB);
	bed_order(0, 798 * MiB); /* back */
	bed_order(1, 900 * MiB); /* another guest's way */
	bed_order(0, 700 * MiB); /* back */
	bed_steps(1800);         /* two guests: one guest-hour */
	r = bed_result();
	ck_assert_uint_eq(r.moves, 6000);
	ck_assert_uint_eq(r.reversals, 2000);
}
END_TEST

START_TEST(a_large_guest_moves_by_more_than_8_mib)
{
	bed_begin(1, 0);
	bed.world->guests[0].model.maximum = 16 * GiB;
	bed_set(0, 0, 10 * GiB);
	bed_order(0, 10 * GiB - 81 * MiB); /* 0.5 %: 81.92 */
	bed_steps(3600);
	ck_assert_uint_eq(bed_result().moves, 0);
	bed_order(0, 10 * GiB - 163 * MiB);
	ck_assert_uint_eq(bed_result().moves, 1000);
}
END_TEST

START_TEST(relief_takes_until_nothing_is_lacking)
{
	struct sim_result r;

	bed_begin(1, 0);
	bed_set(0, 500 * MiB, 490 * MiB); /* 10 of 1024: below 1 % */
	bed_steps(5);
	ck_assert_uint_eq(bed_result().reliefs, 0);
	bed_set(0, 500 * MiB, 480 * MiB);
	bed_steps(2);
	bed_set(0, 500 * MiB, 499 * MiB); /* goes on */
	bed_steps(1);
	ck_assert_uint_eq(bed_result().reliefs, 1);
	ck_assert_uint_eq(bed_result().relief_most, 3 * SECOND); /* still open */
	bed_set(0, 500 * MiB, 500 * MiB);
	bed_steps(4);
	r = bed_result();
	ck_assert_uint_eq(r.reliefs, 1);
	ck_assert_uint_eq(r.relief_p50, 3 * SECOND);
	ck_assert_uint_eq(r.relief_p99, 3 * SECOND);
	ck_assert_uint_eq(r.relief_most, 3 * SECOND);
}
END_TEST

START_TEST(percentiles_of_relief_are_lengths_that_were)
{
	struct sim_result r;

	bed_begin(2, 0);
	bed_set(1, 500 * MiB, 400 * MiB); /* one that never ends: 5050 + 200 steps */
	for (unsigned length = 1; length <= 100; length++) {
		bed_set(0, 500 * MiB, 400 * MiB);
		bed_steps(length);
		bed_set(0, 500 * MiB, 500 * MiB);
		bed_steps(2);
	}
	r = bed_result();
	ck_assert_uint_eq(r.reliefs, 101);
	ck_assert_uint_eq(r.relief_p50, 51 * SECOND);
	ck_assert_uint_eq(r.relief_p99, 100 * SECOND);
	ck_assert_uint_eq(r.relief_most, 5250 * SECOND);
}
END_TEST

START_TEST(an_episode_ends_with_its_guest)
{
	bed_begin(1, 0);
	bed_set(0, 500 * MiB, 400 * MiB);
	bed_steps(2);
	bed.world->guests[0].present = false;
	bed_steps(10);
	ck_assert_uint_eq(bed_result().reliefs, 1);
	ck_assert_uint_eq(bed_result().relief_most, 2 * SECOND);
}
END_TEST

START_TEST(more_episodes_fit_than_were_thought_of)
{
	bed_begin(3, 0);
	for (unsigned i = 0; i < 1000; i++) {
		for (size_t k = 0; k < 3; k++)
			bed_set(k, 500 * MiB, i % 2 ? 500 * MiB : 400 * MiB);
		bed_steps(1);
	}
	ck_assert_uint_eq(bed_result().reliefs, 1500);
	ck_assert_uint_eq(bed_result().relief_most, 1 * SECOND);
}
END_TEST

START_TEST(orders_below_the_floor_are_counted)
{
	bed_begin(1, 0);
	bed.floors[0] = 500 * MiB;
	bed_set(0, 0, 1 * GiB);
	bed_order(0, 500 * MiB);
	ck_assert_uint_eq(bed_result().below_floor, 0);
	bed_order(0, 499 * MiB);
	bed_order(0, 499 * MiB + 4096); /* on its way back */
	bed_order(0, 400 * MiB);
	bed_steps(10);
	ck_assert_uint_eq(bed_result().below_floor, 2);
}
END_TEST

START_TEST(sizes_rereads_and_swapping_are_summed)
{
	struct sim_result r;

	bed_begin(2, 0);
	bed.world->host.swap_out = 1000;
	bed_set(0, 0, 100 * MiB);
	bed_set(1, 0, 300 * MiB);
	bed.world->guests[0].reread = 4096;
	bed.world->guests[1].reread = 100;
	bed_steps(1);
	bed_set(0, 0, 500 * MiB);
	bed.world->guests[0].reread = 0;
	bed.world->host.swap_in = 50;
	bed_steps(3);
	r = bed_result();
	ck_assert_uint_eq(r.size_mean, 700 * MiB);
	ck_assert_uint_eq(r.size_least, 400 * MiB);
	ck_assert_uint_eq(r.reread, 4496);
	ck_assert_uint_eq(r.host_swapped, 1050);
}
END_TEST

START_TEST(the_runner_s_own_figures_are_left_alone)
{
	struct sim_result r = { .guest_hours = 1, .ticks = 2, .decide_ns = 3 };

	bed_begin(1, 0);
	bed_steps(1);
	sim_metrics_result(bed.metrics, &r);
	ck_assert_uint_eq(r.guest_hours, 1);
	ck_assert_uint_eq(r.ticks, 2);
	ck_assert_uint_eq(r.decide_ns, 3);
}
END_TEST

START_TEST(every_field_of_the_result_has_one_figure)
{
	size_t n_fields = sizeof(struct sim_result) / sizeof(uint64_t);

	ck_assert_uint_eq(n_sim_figures, n_fields);
	for (size_t i = 0; i < n_sim_figures; i++) {
		const struct sim_figure *f = &sim_figures[i];

		ck_assert_uint_eq(f->offset % sizeof(uint64_t), 0);
		ck_assert_uint_lt(f->offset, sizeof(struct sim_result));
		ck_assert_uint_gt(strlen(f->help), 10);
		ck_assert_uint_eq(strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
				  strlen(f->name));
		for (size_t k = 0; k < i; k++) {
			ck_assert_uint_ne(f->offset, sim_figures[k].offset);
			ck_assert_str_ne(f->name, sim_figures[k].name);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim-metrics");
	TCase *tc = tcase_create("sim-metrics");

	tcase_add_checked_fixture(tc, NULL, bed_end);
	tcase_add_test(tc, unmet_is_what_was_needed_and_not_there);
	tcase_add_test(tc, what_is_unmet_is_rounded_up_and_nothing_is_0);
	tcase_add_test(tc, the_warm_up_counts_for_nothing);
	tcase_add_test(tc, steps_of_odd_length_lose_no_time);
	tcase_add_test(tc, only_guests_that_are_there_and_have_booted_need);
	tcase_add_test(tc, nobody_could_do_better_than_u_star);
	tcase_add_test(tc, a_world_that_needs_nothing_is_served_perfectly);
	tcase_add_test(tc, traffic_is_a_multiple_of_the_mean_need_a_day);
	tcase_add_test(tc, a_reversal_is_a_move_that_takes_back_the_one_before);
	tcase_add_test(tc, a_large_guest_moves_by_more_than_8_mib);
	tcase_add_test(tc, relief_takes_until_nothing_is_lacking);
	tcase_add_test(tc, percentiles_of_relief_are_lengths_that_were);
	tcase_add_test(tc, an_episode_ends_with_its_guest);
	tcase_add_test(tc, more_episodes_fit_than_were_thought_of);
	tcase_add_test(tc, orders_below_the_floor_are_counted);
	tcase_add_test(tc, sizes_rereads_and_swapping_are_summed);
	tcase_add_test(tc, the_runner_s_own_figures_are_left_alone);
	tcase_add_test(tc, every_field_of_the_result_has_one_figure);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
