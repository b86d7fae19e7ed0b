/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a simulated guest reads from its disk: files once, and a database again and again. */

#include "tests/unit/sim-bed.h"

START_TEST(the_page_cache_fills_what_is_free_and_leaves_a_little)
{
	struct sim_bed bed;

	bed_init(&bed, GiB, 512 * MiB);
	bed.guest.model.fill = 2 * MiB;
	bed_begin(&bed);
	bed_run(&bed, 100 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.cache, 200 * MiB);
	bed_run(&bed, 1000 * SECOND, SECOND);
	ck_assert_near(bed.guest.cache, 512 * MiB - GiB * 3 / 100, 1);
	ck_assert_uint_eq(bed.guest.reads, bed.guest.cache);
	/* Need comes first. */
	bed.demand.high = GiB;
	bed_step(&bed, SECOND);
	ck_assert_uint_eq(bed.guest.cache, 0);
	ck_assert_uint_eq(bed.guest.missing, 0);
}
END_TEST

/* As Linux counts: 44 of 256 MiB, and the half of 40. */
START_TEST(a_part_of_the_cache_is_not_called_usable)
{
	struct sim_bed bed;

	bed_init(&bed, GiB, 512 * MiB);
	bed.guest.model.hot = 256 * MiB;
	bed.guest.model.watermark = 44 * MiB;
	bed_begin(&bed);
	bed_run(&bed, 2 * SECOND, SECOND);
	ck_assert_uint_eq(bed_tell(&bed).seen.usable, (512 - 44) * MiB);
	ck_assert_uint_eq(bed_tell(&bed).seen.caches, 256 * MiB);
	bed.guest.asked = (512 + 40) * MiB;
	bed_run(&bed, 10 * SECOND, SECOND);
	ck_assert_uint_eq(bed_tell(&bed).seen.caches, 40 * MiB);
	ck_assert_uint_eq(bed_tell(&bed).seen.usable, 20 * MiB);
}
END_TEST

/* A database of 1 GiB, in a guest that is squeezed by half of that. */
static void squeeze_database(struct sim_bed *bed, uint32_t traits)
{
	bed_init(bed, 4 * GiB, GiB);
	bed->guest.model.hot = GiB;
	bed->guest.model.traits = traits;
	bed_begin(bed);
	bed_run(bed, 10 * SECOND, SECOND);
	ck_assert_uint_eq(bed->guest.reads, 0);
	bed->guest.asked = GiB + 512 * MiB;
	bed_run(bed, 60 * SECOND, SECOND);
	ck_assert_uint_eq(bed->guest.hot, 512 * MiB);
}

START_TEST(a_database_with_buffered_reads_shows_in_disk_reads_alone)
{
	struct sim_bed bed;
	uint64_t before;

	squeeze_database(&bed, 0);
	before = bed.guest.reads;
	bed_step(&bed, SECOND);
	ck_assert_uint_eq(bed.guest.major_faults, 0);
	ck_assert_uint_eq(bed.guest.swap_in, 0);
	ck_assert_uint_eq(bed.guest.reads - before, 100 * MiB); /* the disk; a quarter is more */
	ck_assert_uint_eq(bed.guest.reread, 100 * MiB);
	bed_step(&bed, 5 * SECOND);
	ck_assert_uint_eq(bed.guest.reread, 500 * MiB);
	/* And looks as if it had plenty. */
	ck_assert_uint_eq(bed_tell(&bed).seen.usable, 512 * MiB);
	squeeze_database(&bed, SIM_MAPPED);
	ck_assert_uint_gt(bed.guest.major_faults, 1000);
}
END_TEST

START_TEST(a_quarter_of_what_is_lost_is_read_again_each_second)
{
	struct sim_bed bed;

	squeeze_database(&bed, 0);
	bed.guest.asked = 2 * GiB - 40 * MiB;
	bed_run(&bed, 20 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.hot, GiB - 40 * MiB);
	ck_assert_uint_eq(bed.guest.reread, 10 * MiB);
}
END_TEST

START_TEST(lost_cache_is_read_again_at_the_speed_of_the_disk_once_there_is_room)
{
	struct sim_bed bed;

	squeeze_database(&bed, 0);
	bed.guest.asked = 4 * GiB;
	bed_run(&bed, 3 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.hot, 812 * MiB);
	bed_run(&bed, 3 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.hot, GiB);
	ck_assert_uint_eq(bed.guest.reread, 12 * MiB);
	bed_step(&bed, SECOND);
	ck_assert_uint_eq(bed.guest.reread, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim-cache");
	TCase *t = tcase_create("sim-cache");

	tcase_add_test(t, the_page_cache_fills_what_is_free_and_leaves_a_little);
	tcase_add_test(t, a_part_of_the_cache_is_not_called_usable);
	tcase_add_test(t, a_database_with_buffered_reads_shows_in_disk_reads_alone);
	tcase_add_test(t, a_quarter_of_what_is_lost_is_read_again_each_second);
	tcase_add_test(t, lost_cache_is_read_again_at_the_speed_of_the_disk_once_there_is_room);
	suite_add_tcase(s, t);
	return check_main(s);
}
