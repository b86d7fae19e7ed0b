/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a hypervisor tells of a simulated guest. */

#include <stdio.h>

#include "balloond/io/util.h"
#include "tests/unit/sim-bed.h"

#define UNKNOWN BALLOOND_UNKNOWN

START_TEST(the_host_backs_what_was_touched_until_the_balloon_takes_it)
{
	static const struct {
		uint32_t traits;
		uint64_t idle, squeezed;
	} rows[] = {
		{ 0, 3 * GiB, GiB },
		{ SIM_FREE_REPORTING, 500 * MiB, 500 * MiB },
		{ SIM_PINNED, 3 * GiB, 3 * GiB },
	};

	for (unsigned i = 0; i < 3; i++) {
		struct sim_bed bed;

		bed_init(&bed, 4 * GiB, 3 * GiB);
		bed.guest.model.traits = rows[i].traits;
		bed_begin(&bed);
		bed_run(&bed, 2 * SECOND, SECOND);
		ck_assert_uint_eq(bed.guest.touched, 3 * GiB);
		bed.demand.high = 500 * MiB;
		bed_run(&bed, 2 * SECOND, SECOND);
		ck_assert_uint_eq(bed.guest.touched, rows[i].idle);
		bed.guest.asked = GiB;
		bed_run(&bed, 10 * SECOND, SECOND);
		ck_assert_uint_eq(bed.guest.size, GiB);
		ck_assert_uint_eq(bed.guest.touched, rows[i].squeezed);
		ck_assert_uint_eq(bed_tell(&bed).seen.resident,
				  rows[i].squeezed + bed.guest.model.overhead);
	}
}
END_TEST

START_TEST(its_size_is_told_once_a_second_at_most)
{
	struct sim_bed bed;
	unsigned told = 0;

	bed_init(&bed, 8 * GiB, 400 * MiB);
	bed_begin(&bed);
	bed_run(&bed, 3 * SECOND, SECOND);
	bed.guest.asked = GiB; /* takes 7.8 s */
	for (uint64_t before = bed.guest.told; bed.now < BEGIN + 20 * SECOND;) {
		bed_step(&bed, 50 * MS);
		told += bed.guest.told != before;
		if (bed.guest.told != before)
			ck_assert_uint_eq(bed.guest.told, bed.guest.size);
		before = bed.guest.told;
		ck_assert_uint_eq(bed_tell(&bed).seen.actual, before);
	}
	ck_assert_uint_eq(told, 9); /* the first change at once, the last one in the end */
	ck_assert_uint_eq(bed.guest.told, GiB);
}
END_TEST

START_TEST(statistics_come_once_a_period_and_age_in_between)
{
	struct sim_bed bed;
	uint64_t stamp;
	usec_t oldest = 0;

	bed_init(&bed, 2 * GiB, 400 * MiB);
	bed.guest.period = 10 * SECOND;
	bed_begin(&bed);
	ck_assert_uint_eq(bed_tell(&bed).stamp, 0);
	ck_assert_uint_eq(bed_tell(&bed).seen.usable, UNKNOWN);
	ck_assert_uint_eq(bed_tell(&bed).seen.stats_age, UNKNOWN);
	bed_run(&bed, 10 * SECOND, 100 * MS);
	stamp = bed.guest.sample.stamp;
	ck_assert_uint_eq(stamp, 1);
	for (unsigned i = 0; i < 1000; i++) {
		bed_step(&bed, 100 * MS);
		oldest = balloond_max(oldest, bed_tell(&bed).seen.stats_age);
	}
	ck_assert_uint_eq(bed.guest.sample.stamp - stamp, 10);
	ck_assert_near(oldest, 10 * SECOND, 100 * MS);
	/* More often than it is looked at */
	sim_guest_poll(&bed.guest, 300 * MS, bed.now);
	for (unsigned i = 0; i < 10; i++) {
		bed_step(&bed, SECOND);
		ck_assert_uint_lt(bed_tell(&bed).seen.stats_age, 300 * MS);
	}
	stamp = bed.guest.sample.stamp - 10;
	/* Off: the last ones stay. */
	sim_guest_poll(&bed.guest, 0, bed.now);
	bed_run(&bed, 20 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.sample.stamp - stamp, 10);
	ck_assert_uint_ge(bed_tell(&bed).seen.stats_age, 20 * SECOND);
	ck_assert_uint_eq(bed_tell(&bed).period, 0);
}
END_TEST

START_TEST(guests_answer_at_different_times)
{
	struct sim_bed bed;
	usec_t least = SECOND, most = 0;

	for (unsigned i = 0; i < 64; i++) {
		bed_init(&bed, 2 * GiB, 400 * MiB);
		(void)snprintf(bed.guest.uuid, sizeof(bed.guest.uuid),
			       "00000000-0000-4000-8000-%012u", i);
		bed_begin(&bed);
		least = balloond_min(least, bed.guest.due - bed.now);
		most = balloond_max(most, bed.guest.due - bed.now);
		ck_assert_uint_lt(bed.guest.due - bed.now, SECOND);
	}
	ck_assert_uint_lt(least, SECOND / 10);
	ck_assert_uint_gt(most, SECOND * 9 / 10);
}
END_TEST

START_TEST(a_sample_is_of_the_end_of_the_step_that_it_is_nearer_to)
{
	struct sim_bed bed;

	for (usec_t due = 100 * MS; due < SECOND; due += 800 * MS) {
		bed_init(&bed, 2 * GiB, 400 * MiB);
		bed_begin(&bed);
		bed.guest.due = bed.now + due;
		bed.demand.high = 500 * MiB;
		bed_step(&bed, SECOND);
		ck_assert_uint_eq(bed_tell(&bed).seen.stats_age, SECOND - due);
		ck_assert_uint_eq(bed_tell(&bed).seen.actual - bed_tell(&bed).seen.unused,
				  due < SECOND / 2 ? 400 * MiB : 500 * MiB);
	}
}
END_TEST

/* A guest of 4 GiB that was squeezed to 1 GiB, uses half of that, and has told so. */
static struct guest tell_squeezed(uint32_t traits)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, 512 * MiB);
	bed.guest.model.traits = traits;
	bed.guest.model.hot = 100 * MiB;
	bed.guest.model.kernel = 50 * MiB;
	bed_begin(&bed);
	bed.guest.asked = GiB;
	bed_run(&bed, 10 * SECOND, SECOND);
	return bed_tell(&bed);
}

START_TEST(each_kind_of_guest_tells_what_it_can)
{
	static const struct {
		uint32_t traits, facts;
		uint64_t total, usable, unused, caches, swap_in;
	} rows[] = {
		{ 0, 0, 974 * MiB, 512 * MiB, 412 * MiB, 100 * MiB, 0 },
		{ SIM_AUTODEFLATE, GUEST_AUTODEFLATE, 4046 * MiB, 512 * MiB, 412 * MiB, 100 * MiB,
		  0 },
		{ SIM_NO_SWAP_SEEN, 0, 974 * MiB, 512 * MiB, 412 * MiB, 100 * MiB, UNKNOWN },
		{ SIM_NO_USABLE, 0, 4046 * MiB, UNKNOWN, 412 * MiB, UNKNOWN, UNKNOWN },
		{ SIM_FREE_REPORTING, GUEST_FREE_REPORTING, 974 * MiB, 512 * MiB, 412 * MiB,
		  100 * MiB, 0 },
		{ SIM_PINNED, 0, 974 * MiB, 512 * MiB, 412 * MiB, 100 * MiB, 0 },
	};

	for (unsigned i = 0; i < 6; i++) {
		struct guest told = tell_squeezed(rows[i].traits);

		ck_assert_uint_eq(told.facts, GUEST_INSPECTED | GUEST_BALLOON | rows[i].facts);
		ck_assert_str_eq(told.labels.hypervisor, "qemu");
		ck_assert_uint_eq(told.seen.maximum, 4 * GiB);
		ck_assert_uint_eq(told.seen.actual, GiB);
		ck_assert_uint_eq(told.seen.total, rows[i].total);
		ck_assert_uint_eq(told.seen.usable, rows[i].usable);
		ck_assert_uint_eq(told.seen.unused, rows[i].unused);
		ck_assert_uint_eq(told.seen.caches, rows[i].caches);
		ck_assert_uint_eq(told.seen.swap_in, rows[i].swap_in);
		ck_assert_uint_eq(told.seen.major_faults, rows[i].swap_in);
		ck_assert_uint_eq(told.seen.disk_reads, 0);
		ck_assert_uint_eq(told.sold, 4 * GiB);
	}
}
END_TEST

START_TEST(xen_tells_the_size_alone)
{
	struct guest told = tell_squeezed(SIM_NO_STATS);

	ck_assert_uint_eq(told.facts, GUEST_INSPECTED | GUEST_BALLOON | GUEST_NO_STATS);
	ck_assert_str_eq(told.labels.hypervisor, "xen");
	ck_assert_uint_eq(told.seen.actual, GiB);
	ck_assert_uint_eq(told.seen.total, UNKNOWN);
	ck_assert_uint_eq(told.seen.unused, UNKNOWN);
	ck_assert_uint_eq(told.seen.resident, UNKNOWN);
	ck_assert_uint_eq(told.stamp, 0);
	ck_assert_uint_eq(told.period, 0);
}
END_TEST

START_TEST(a_guest_that_lacks_too_much_does_not_answer)
{
	struct sim_bed bed;
	uint64_t stamp;

	bed_init(&bed, 4 * GiB, 900 * MiB);
	bed.guest.model.start = GiB;
	bed.guest.model.swap = 2 * GiB;
	bed_begin(&bed);
	bed.demand.high = GiB + 900 * MiB; /* 900 of 1924 are less than a half */
	bed_run(&bed, 10 * SECOND, SECOND);
	ck_assert_uint_ge(bed.guest.sample.stamp, 9);
	stamp = bed.guest.sample.stamp;
	bed.demand.high = 2 * GiB + 100 * MiB;
	bed_run(&bed, 10 * SECOND, SECOND);
	ck_assert_uint_le(bed.guest.sample.stamp, stamp + 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim-tell");
	TCase *t = tcase_create("sim-tell");

	tcase_add_test(t, the_host_backs_what_was_touched_until_the_balloon_takes_it);
	tcase_add_test(t, its_size_is_told_once_a_second_at_most);
	tcase_add_test(t, statistics_come_once_a_period_and_age_in_between);
	tcase_add_test(t, guests_answer_at_different_times);
	tcase_add_test(t, a_sample_is_of_the_end_of_the_step_that_it_is_nearer_to);
	tcase_add_test(t, each_kind_of_guest_tells_what_it_can);
	tcase_add_test(t, xen_tells_the_size_alone);
	tcase_add_test(t, a_guest_that_lacks_too_much_does_not_answer);
	suite_add_tcase(s, t);
	return check_main(s);
}
