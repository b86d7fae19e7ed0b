/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What goes wrong with a simulated guest (what is told of it: test-sim-tell.c). */

#include <stdio.h>

#include "balloond/io/util.h"
#include "tests/unit/sim-bed.h"

#define UNKNOWN BALLOOND_UNKNOWN

START_TEST(a_stuck_balloon_stays_where_it_is_for_as_long)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, 400 * MiB);
	bed.guest.model.traits = SIM_AUTODEFLATE;
	bed_fault(&bed, (struct sim_fault){ .kind = SIM_FAULT_STUCK,
					    .at = BEGIN + SECOND,
					    .length = 2 * SECOND,
					    .every = 10 * SECOND });
	bed_begin(&bed);
	bed.guest.asked = GiB;
	for (unsigned i = 0; i < 2; i++) {
		bed_run(&bed, SECOND, 50 * MS);
		ck_assert_near(bed.guest.size, 4 * GiB - 9 * GiB / 10, 4096);
		bed.demand.high = bed.guest.size + 100 * MiB;
		bed_run(&bed, 2 * SECOND, 50 * MS);
		ck_assert_near(bed.guest.size, 4 * GiB - 9 * GiB / 10, 4096);
		ck_assert_uint_gt(bed.guest.missing, 99 * MiB);
		bed.demand.high = 400 * MiB;
		bed_run(&bed, 5 * SECOND, 50 * MS);
		ck_assert_uint_eq(bed.guest.size, GiB);
		bed.guest.asked = 4 * GiB;
		bed_run(&bed, 2 * SECOND, 50 * MS);
		bed.guest.asked = GiB;
	}
}
END_TEST

START_TEST(a_slow_balloon_moves_at_part_of_its_speed)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, 400 * MiB);
	bed_fault(&bed, (struct sim_fault){ .kind = SIM_FAULT_SLOW, .at = BEGIN, .value = 100 });
	bed_begin(&bed);
	bed.guest.asked = GiB;
	bed_run(&bed, 10 * SECOND, SECOND);
	ck_assert_near(bed.guest.size, 4 * GiB - 9 * GiB / 10, 4096);
	bed.guest.asked = 4 * GiB;
	bed_run(&bed, 2 * SECOND, SECOND);
	ck_assert_near(bed.guest.size, 4 * GiB - 9 * GiB / 10 + 44 * GiB / 100, 4096);
}
END_TEST

START_TEST(a_liar_says_more_or_less_than_is_usable_and_never_more_than_all)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, 3 * GiB);
	bed_fault(&bed, (struct sim_fault){ .kind = SIM_FAULT_LIES,
					    .at = BEGIN,
					    .length = 10 * SECOND,
					    .value = 2000 });
	bed_fault(&bed, (struct sim_fault){
				.kind = SIM_FAULT_LIES, .at = BEGIN + 10 * SECOND, .value = 500 });
	bed_begin(&bed);
	bed_run(&bed, 5 * SECOND, SECOND);
	ck_assert_uint_eq(bed_tell(&bed).seen.usable, 2 * GiB);
	ck_assert_uint_eq(bed_tell(&bed).seen.unused, GiB);
	bed.demand.high = 512 * MiB;
	bed_run(&bed, 5 * SECOND, SECOND);
	ck_assert_uint_eq(bed_tell(&bed).seen.usable, bed_tell(&bed).seen.total);
	bed.demand.high = 3 * GiB;
	bed_run(&bed, 5 * SECOND, SECOND);
	ck_assert_uint_eq(bed_tell(&bed).seen.usable, GiB / 2);
}
END_TEST

START_TEST(a_silent_guest_keeps_its_last_figures)
{
	struct sim_bed bed;
	uint64_t stamp;

	bed_init(&bed, 4 * GiB, GiB);
	bed_fault(&bed, (struct sim_fault){ .kind = SIM_FAULT_SILENT,
					    .at = BEGIN + 10 * SECOND,
					    .length = 10 * SECOND });
	bed_begin(&bed);
	bed_run(&bed, 10 * SECOND, SECOND);
	stamp = bed.guest.sample.stamp;
	bed.demand.high = 2 * GiB;
	bed_run(&bed, 10 * SECOND, SECOND);
	ck_assert_uint_eq(bed_tell(&bed).stamp, stamp);
	ck_assert_uint_eq(bed_tell(&bed).seen.unused, 3 * GiB);
	ck_assert_uint_gt(bed_tell(&bed).seen.stats_age, 9 * SECOND);
	bed_run(&bed, 2 * SECOND, SECOND);
	ck_assert_uint_gt(bed_tell(&bed).stamp, stamp);
	ck_assert_uint_eq(bed_tell(&bed).seen.unused, 2 * GiB);
}
END_TEST

START_TEST(a_hold_is_told_for_as_long_as_it_lasts)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, GiB);
	bed_fault(&bed, (struct sim_fault){ .kind = SIM_FAULT_HELD,
					    .at = BEGIN + 10 * SECOND,
					    .length = 10 * SECOND });
	bed_begin(&bed);
	ck_assert(!bed_tell(&bed).hold.on);
	bed_run(&bed, 10 * SECOND, SECOND);
	ck_assert(bed_tell(&bed).hold.on);
	ck_assert_str_eq(bed_tell(&bed).hold.who, "scenario");
	bed_run(&bed, 10 * SECOND, SECOND);
	ck_assert(!bed_tell(&bed).hold.on);
}
END_TEST

static const struct {
	int64_t by;
	usec_t age;
} clocks[] = {
	{ 0, 10 * SECOND },
	{ 3600 * (int64_t)SECOND, 10 * SECOND + SECOND / 2 },
	{ -3600 * (int64_t)SECOND, 10 * SECOND + SECOND / 2 },
	{ (int64_t)SECOND / 4, 10 * SECOND + SECOND / 4 },
	{ -4 * (int64_t)SECOND, 6 * SECOND },
	{ -11 * (int64_t)SECOND, 0 },
};

START_TEST(a_clock_that_is_set_cannot_make_a_sample_much_older_and_rarely_younger)
{
	struct sim_bed bed;
	usec_t taken;

	bed_init(&bed, 4 * GiB, GiB);
	bed_begin(&bed);
	bed_run(&bed, 10 * SECOND, SECOND);
	taken = bed.guest.sample.at;
	bed.guest.wall += clocks[_i].by;
	bed_fault(&bed, (struct sim_fault){ .kind = SIM_FAULT_SILENT, .at = BEGIN });
	bed_run(&bed, taken + 10 * SECOND - bed.now, SECOND);
	ck_assert_uint_eq(bed_tell(&bed).seen.stats_age, clocks[_i].age);
	/* The next one is stamped with the clock as it is now. */
	bed.guest.model.n_faults = 0;
	bed_run(&bed, 2 * SECOND, SECOND);
	ck_assert_uint_le(bed_tell(&bed).seen.stats_age, SECOND);
}
END_TEST

START_TEST(a_reboot_empties_the_balloon_and_the_counters)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, GiB + 100 * MiB);
	bed.guest.model.start = GiB;
	bed.guest.model.swap = GiB;
	bed_fault(&bed, (struct sim_fault){ .kind = SIM_FAULT_REBOOT, .at = BEGIN + 10 * SECOND });
	bed_begin(&bed);
	bed_run(&bed, 9 * SECOND, SECOND);
	ck_assert_uint_gt(bed.guest.swap_in, 0);
	bed_step(&bed, SECOND);
	ck_assert_uint_eq(bed.guest.booted, BEGIN + 10 * SECOND);
	ck_assert_uint_eq(bed.guest.size, 4 * GiB);
	ck_assert_uint_eq(bed.guest.asked, 4 * GiB);
	ck_assert_uint_eq(bed.guest.swap_in + bed.guest.swap_out + bed.guest.major_faults, 0);
	ck_assert_uint_eq(bed.guest.touched, GiB); /* of the process, which stays */
	ck_assert_uint_eq(bed_tell(&bed).seen.actual, 4 * GiB);
	ck_assert_uint_eq(bed_tell(&bed).stamp, 0);
	ck_assert_uint_eq(bed_tell(&bed).seen.usable, UNKNOWN);
	ck_assert_uint_eq(bed_tell(&bed).booted, BEGIN + 10 * SECOND);
	/* Its need rises from the kernel's at 300 MiB/s; no driver answers for 5 s. */
	bed.guest.asked = 3 * GiB;
	bed_run(&bed, 3 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.in_use, bed.guest.model.kernel + 900 * MiB);
	bed_run(&bed, 2 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.in_use, GiB + 100 * MiB);
	ck_assert_uint_eq(bed.guest.size, 4 * GiB);
	ck_assert_uint_eq(bed.guest.sample.stamp, 0);
	bed_run(&bed, 3 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.size, 3 * GiB);
	ck_assert_uint_gt(bed.guest.sample.stamp, 0);
	/* From then on the demand alone says how fast it rises. */
	bed.demand.high = 3 * GiB;
	bed_step(&bed, SECOND);
	ck_assert_uint_eq(bed.guest.in_use, 3 * GiB);
}
END_TEST

START_TEST(a_guest_is_not_there_before_it_starts_and_after_it_ends)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, GiB);
	bed.guest.model.start = 2 * GiB;
	bed_fault(&bed,
		  (struct sim_fault){ .kind = SIM_FAULT_GONE, .at = BEGIN, .length = 10 * SECOND });
	bed_fault(&bed, (struct sim_fault){ .kind = SIM_FAULT_GONE, .at = BEGIN + 30 * SECOND });
	bed_begin(&bed);
	bed_run(&bed, 9 * SECOND, SECOND);
	ck_assert(!bed.guest.present);
	ck_assert_uint_eq(bed.guest.touched, 0);
	bed_step(&bed, SECOND);
	ck_assert(bed.guest.present);
	ck_assert_uint_eq(bed.guest.booted, BEGIN + 10 * SECOND);
	ck_assert_uint_eq(bed.guest.size, 4 * GiB);
	ck_assert_uint_eq(bed.guest.in_use, bed.guest.model.kernel);
	bed_run(&bed, 19 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.in_use, GiB);
	bed_step(&bed, SECOND);
	ck_assert(!bed.guest.present);
	ck_assert_uint_eq(bed.guest.need + bed.guest.missing + bed.guest.touched, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim-faults");
	TCase *t = tcase_create("sim-faults");

	tcase_add_test(t, a_stuck_balloon_stays_where_it_is_for_as_long);
	tcase_add_test(t, a_slow_balloon_moves_at_part_of_its_speed);
	tcase_add_test(t, a_liar_says_more_or_less_than_is_usable_and_never_more_than_all);
	tcase_add_test(t, a_silent_guest_keeps_its_last_figures);
	tcase_add_test(t, a_hold_is_told_for_as_long_as_it_lasts);
	tcase_add_loop_test(t,
			    a_clock_that_is_set_cannot_make_a_sample_much_older_and_rarely_younger,
			    0, ELEMENTSOF(clocks));
	tcase_add_test(t, a_reboot_empties_the_balloon_and_the_counters);
	tcase_add_test(t, a_guest_is_not_there_before_it_starts_and_after_it_ends);
	suite_add_tcase(s, t);
	return check_main(s);
}
