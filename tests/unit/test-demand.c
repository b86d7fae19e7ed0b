/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What core makes of a guest's figures, where its balloon rests (else test-demand-moving.c). */

#include "balloond/core/demand.h"

#include "balloond/core/progress.h"
#include "balloond/policy-math.h"
#include "tests/unit/bed.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND
#define UNKNOWN BALLOOND_UNKNOWN

static void sweep(struct bed *bed, usec_t elapsed)
{
	bed->guest.swept += elapsed;
	demand_observe(&bed->memory, &bed->guest);
}

static void sample(struct bed *bed, usec_t elapsed)
{
	bed->guest.stamp++;
	sweep(bed, elapsed);
}

/* Measured on real guests of 1 GiB: at rest at three sizes, in MiB; total - usable
 * would be 103, 614, 806 of the second and 93 of the third. */
static const struct fixture {
	const char *name;
	uint32_t facts;
	struct {
		uint64_t actual, total, usable, used;
	} at[3];
	uint64_t kernel;
} fixtures[] = {
	{ "plain",
	  0,
	  { { 1024, 973, 870, 154 }, { 512, 461, 359, 153 }, { 320, 269, 167, 153 } },
	  51 },
	{ "deflate-on-OOM",
	  GUEST_AUTODEFLATE,
	  { { 1024, 973, 870, 154 }, { 512, 973, 359, 153 }, { 320, 973, 167, 153 } },
	  51 },
	{ "crashkernel",
	  0,
	  { { 1024, 781, 688, 336 }, { 512, 269, 176, 336 }, { 320, 77, 0, 320 } },
	  243 },
};

START_TEST(used_is_right_at_rest_at_every_size)
{
	const struct fixture *f = &fixtures[_i];
	struct bed bed;

	bed_init(&bed, 1 * GiB);
	bed.guest.facts |= f->facts;
	for (unsigned k = 0; k < 3; k++) {
		bed.guest.seen.actual = f->at[k].actual * MiB;
		sweep(&bed, SECOND);
		bed.guest.seen.total = f->at[k].total * MiB;
		bed.guest.seen.usable = f->at[k].usable * MiB;
		sample(&bed, 5 * SECOND);
		ck_assert_msg(bed.memory.used == f->at[k].used * MiB, "%s: %llu MiB", f->name,
			      (unsigned long long)(bed.memory.used / MiB));
		ck_assert_uint_eq(bed.memory.kernel, f->kernel * MiB);
	}
}
END_TEST

START_TEST(a_sweep_without_a_new_sample_changes_no_figure)
{
	struct bed bed;

	bed_init(&bed, 1 * GiB);
	bed.guest.seen.total = 973 * MiB;
	bed.guest.seen.usable = 870 * MiB;
	sample(&bed, 5 * SECOND);
	bed.guest.seen.usable = 100 * MiB; /* but the stamp is the old one */
	sweep(&bed, 1 * SECOND);
	ck_assert_uint_eq(bed.memory.used, 154 * MiB);
	ck_assert_uint_eq(bed.memory.sample, 1);
	sample(&bed, 1 * SECOND);
	ck_assert_uint_eq(bed.memory.used, 924 * MiB);
	ck_assert_uint_eq(bed.memory.sample, 2);
	ck_assert_uint_eq(bed.memory.sample_elapsed, 2 * SECOND);
	bed.guest.seen.usable = 1; /* the same sweep once more: a tick for another reason */
	bed.guest.stamp++;
	demand_observe(&bed.memory, &bed.guest);
	ck_assert_uint_eq(bed.memory.sample, 2);
}
END_TEST

START_TEST(used_is_unknown_where_the_guest_tells_nothing_of_it)
{
	struct bed bed;

	bed_init(&bed, 1 * GiB);
	bed.guest.seen.usable = 500 * MiB;
	sample(&bed, 5 * SECOND);
	ck_assert_uint_eq(bed.memory.used, 524 * MiB);
	ck_assert_uint_eq(bed.memory.kernel, UNKNOWN); /* total is not told */
	bed.guest.seen.usable = UNKNOWN;
	sample(&bed, 5 * SECOND);
	ck_assert_uint_eq(bed.memory.used, UNKNOWN);
	/* Windows without usable: unused; and a guest that lies about its size uses nothing. */
	bed.guest.seen.unused = 300 * MiB;
	sample(&bed, 5 * SECOND);
	ck_assert_uint_eq(bed.memory.used, 724 * MiB);
	bed.guest.seen.unused = 8 * GiB;
	sample(&bed, 5 * SECOND);
	ck_assert_uint_eq(bed.memory.used, 0);
}
END_TEST

START_TEST(used_is_not_nothing_where_the_size_is_stale)
{
	struct bed bed;

	/* After a reset of a guest that had been squeezed to 260 MiB: QEMU still says so. */
	bed_init(&bed, 512 * MiB);
	bed.guest.seen.actual = 260 * MiB;
	sweep(&bed, SECOND);
	bed.guest.seen.total = 470 * MiB;
	bed.guest.seen.usable = 442 * MiB;
	sample(&bed, 5 * SECOND);
	ck_assert_uint_eq(bed.memory.used, 28 * MiB);
}
END_TEST

START_TEST(usable_that_is_short_counts_from_the_larger_size)
{
	struct bed bed;

	bed_init(&bed, 1 * GiB);
	bed.guest.facts |= GUEST_AUTODEFLATE;
	bed.guest.seen.total = 973 * MiB;
	bed.guest.seen.usable = 870 * MiB;
	sample(&bed, 5 * SECOND);
	progress_ask(&bed.memory, 400 * MiB, bed.guest.swept);
	bed.guest.seen.actual = 700 * MiB; /* on its way, and it needs more than it did */
	bed.guest.seen.usable = 10 * MiB;
	sample(&bed, 1 * SECOND);
	ck_assert_uint_eq(bed.memory.used, 1014 * MiB);
}
END_TEST

START_TEST(a_reboot_forgets_what_the_last_boot_told)
{
	struct bed bed;

	bed_init(&bed, 1 * GiB);
	bed.guest.seen.total = 973 * MiB;
	bed.guest.seen.usable = 500 * MiB;
	bed.guest.seen.swap_in = 0;
	sample(&bed, 5 * SECOND);
	bed.guest.seen.swap_in = 100 * MiB;
	sample(&bed, 1 * SECOND);
	ck_assert_uint_ne(bed.memory.distress, 0);
	bed.guest.booted = bed.guest.swept;
	sweep(&bed, 1 * SECOND); /* still the figures of the boot before */
	ck_assert_uint_eq(bed.memory.used, UNKNOWN);
	ck_assert_uint_eq(bed.memory.kernel, UNKNOWN);
	ck_assert_uint_eq(bed.memory.distress, 0);
	ck_assert_uint_eq(bed.memory.boot_sampled, 0);
	bed.guest.seen.swap_in = 0;
	sample(&bed, 10 * SECOND);
	ck_assert_uint_eq(bed.memory.used, 524 * MiB);
	ck_assert_uint_eq(bed.memory.boot_sampled, bed.guest.swept);
	ck_assert_uint_eq(bed.memory.distress, 0);
}
END_TEST

START_TEST(distress_is_a_mebibyte_swapped_in_between_two_samples)
{
	struct bed bed;

	bed_init(&bed, 1 * GiB);
	bed.guest.seen.usable = 500 * MiB;
	bed.guest.seen.swap_in = 700 * MiB; /* before balloond came: tells nothing of now */
	sample(&bed, 5 * SECOND);
	ck_assert_uint_eq(bed.memory.distress, 0);
	bed.guest.seen.swap_in += MiB - 1;
	sample(&bed, 1 * SECOND);
	ck_assert_uint_eq(bed.memory.distress, 0);
	bed.guest.seen.swap_in += MiB;
	sample(&bed, 1 * SECOND);
	ck_assert_uint_eq(bed.memory.distress, bed.guest.swept);
	bed.guest.seen.swap_in = 0; /* a counter that went back is no distress */
	bed.memory.distress = 0;
	sample(&bed, 1 * SECOND);
	ck_assert_uint_eq(bed.memory.distress, 0);
}
END_TEST

START_TEST(a_guest_starves_whose_newest_sample_shows_nothing_left_or_swap_in)
{
	struct bed bed;

	bed_init(&bed, 1 * GiB);
	bed.guest.seen.swap_in = 0;
	bed.guest.seen.usable = 32 * MiB; /* the margin */
	sample(&bed, SECOND);
	ck_assert(!bed.memory.starved);
	bed.guest.seen.usable -= MiB;
	sample(&bed, SECOND);
	ck_assert(bed.memory.starved);
	sweep(&bed, 60 * SECOND); /* silence changes nothing */
	ck_assert(bed.memory.starved);
	bed.guest.seen.usable = 200 * MiB;
	bed.guest.seen.swap_in += 2 * MiB;
	sample(&bed, SECOND);
	ck_assert(bed.memory.starved);
	sample(&bed, SECOND);
	ck_assert(!bed.memory.starved);
}
END_TEST

START_TEST(a_guest_has_swap_once_it_has_used_it)
{
	struct bed bed;

	bed_init(&bed, 1 * GiB);
	bed.guest.seen.usable = 500 * MiB;
	bed.guest.seen.swap_in = bed.guest.seen.swap_out = 0;
	sample(&bed, 5 * SECOND);
	ck_assert(!bed.memory.swapped);
	bed.guest.seen.swap_out = 4096;
	sample(&bed, 1 * SECOND);
	ck_assert(bed.memory.swapped);
}
END_TEST

START_TEST(margin_is_the_larger_of_32_mib_and_a_hundredth)
{
	ck_assert_uint_eq(demand_margin(0, true), 32 * MiB);
	ck_assert_uint_eq(demand_margin(3200 * MiB, true), 32 * MiB);
	ck_assert_uint_eq(demand_margin(6400 * MiB, true), 64 * MiB);
	/* nothing warns before the OOM killer of a guest without swap */
	ck_assert_uint_eq(demand_margin(3200 * MiB, false), 64 * MiB);
}
END_TEST

/* The kernel's own table (core/demand.h), in MiB */
static const struct {
	uint64_t maximum, kernel, floor;
} kernel_floors[] = {
	{ 64, 0, 40 },      { 126, 0, 71 },     { 128, 0, 72 },     { 512, 0, 168 },
	{ 2048, 0, 360 },   { 8192, 0, 744 },   { 32768, 0, 1512 }, { 1024, 0, 232 },
	{ 1024, 512, 680 }, { 1280, 256, 488 }, { 512, 512, 520 },  { 512, 4096, 520 },
};

START_TEST(kernel_floor_is_the_table_of_linux)
{
	uint64_t maximum = kernel_floors[_i].maximum * MiB, before = 0;

	ck_assert_uint_eq(demand_kernel_floor(maximum, kernel_floors[_i].kernel * MiB),
			  kernel_floors[_i].floor * MiB);
	/* Never falls, nor jumps, as guests become larger. */
	for (uint64_t m = 0; m < 16 * GiB; m += 4 * MiB) {
		uint64_t floor = demand_kernel_floor(m, UNKNOWN);

		ck_assert_uint_ge(floor, before);
		if (m > 0)
			ck_assert_uint_le(floor - before, 2 * MiB);
		before = floor;
	}
}
END_TEST

START_TEST(overhead_is_what_was_seen_of_it_and_no_less_than_the_guess)
{
	struct bed bed;

	bed_init(&bed, 1 * GiB);
	ck_assert_uint_eq(demand_overhead(&bed.memory, 1000 * MiB), 74 * MiB);
	bed.guest.seen.resident = 400 * MiB;
	for (unsigned i = 0; i < 20; i++)
		sweep(&bed, SECOND);
	ck_assert_uint_eq(demand_overhead(&bed.memory, 1000 * MiB), 74 * MiB);
	bed.guest.seen.resident = 1 * GiB + 150 * MiB;
	sweep(&bed, SECOND);
	ck_assert_uint_eq(demand_overhead(&bed.memory, 1 * GiB), 150 * MiB);
	/* Less falls slowly, by half the distance in ten minutes. */
	bed.guest.seen.resident = 1 * GiB + 50 * MiB;
	for (unsigned i = 0; i < 600; i++)
		sweep(&bed, SECOND);
	ck_assert_uint_ge(bed.memory.overhead, 95 * MiB);
	ck_assert_uint_le(bed.memory.overhead, 105 * MiB);
	/* While the balloon moves it is memory that has not come back yet. */
	bed.guest.seen.actual = 512 * MiB;
	sweep(&bed, SECOND);
	ck_assert_uint_le(bed.memory.overhead, 105 * MiB);
	/* What it has not touched hides what QEMU adds. */
	bed.memory.overhead = 20 * MiB;
	ck_assert_uint_eq(demand_overhead(&bed.memory, 1000 * MiB), 74 * MiB);
}
END_TEST

START_TEST(burst_is_what_it_could_take_within_three_seconds)
{
	struct bed bed;

	bed_init(&bed, 4 * GiB);
	ck_assert_uint_eq(demand_burst(&bed.memory), 256 * MiB);
	bed.guest.seen.resident = 1 * GiB;
	sweep(&bed, SECOND);
	ck_assert_uint_eq(demand_burst(&bed.memory), 256 * MiB);
	bed.guest.seen.resident += 200 * MiB;
	sweep(&bed, SECOND);
	ck_assert_uint_eq(demand_burst(&bed.memory), 600 * MiB);
	/* Half of it is forgotten in ten minutes; never below 256 MiB. */
	for (unsigned i = 0; i < 600; i++)
		sweep(&bed, SECOND);
	ck_assert_uint_ge(demand_burst(&bed.memory), 295 * MiB);
	ck_assert_uint_le(demand_burst(&bed.memory), 305 * MiB);
	for (unsigned i = 0; i < 600; i++)
		sweep(&bed, SECOND);
	ck_assert_uint_eq(demand_burst(&bed.memory), 256 * MiB);
	/* Two sweeps in a moment tell no rate. */
	bed.guest.seen.resident += 10 * MiB;
	sweep(&bed, SECOND / 100);
	ck_assert_uint_eq(demand_burst(&bed.memory), 256 * MiB);
}
END_TEST

START_TEST(growth_is_pending_until_the_guest_has_taken_it)
{
	struct memory m = { .target = 2 * GiB, .granted = 512 * MiB, .granted_base = 1 * GiB };

	ck_assert_uint_eq(demand_pending(&m, 1 * GiB, 64 * MiB), 512 * MiB);
	ck_assert_uint_eq(demand_pending(&m, 1 * GiB + 200 * MiB, 64 * MiB), 312 * MiB);
	ck_assert_uint_eq(demand_pending(&m, 1536 * MiB, 64 * MiB), 0);
	ck_assert_uint_eq(demand_pending(&m, 3 * GiB, 64 * MiB), 0);
	/* It has less resident than when it was granted: still no more than was granted. */
	ck_assert_uint_eq(demand_pending(&m, 0, 64 * MiB), 512 * MiB);
	/* What was granted and taken back again can no longer be taken. */
	m.target = 1 * GiB;
	ck_assert_uint_eq(demand_pending(&m, 1 * GiB, 64 * MiB), 64 * MiB);
}
END_TEST

START_TEST(growth_of_a_guest_whose_memory_is_not_seen_is_pending_until_its_balloon_is_there)
{
	struct memory m = { .target = 2 * GiB, .granted = 512 * MiB, .actual = 1536 * MiB };

	ck_assert_uint_eq(demand_pending(&m, UNKNOWN, 64 * MiB), 512 * MiB);
	m.actual = 1800 * MiB;
	ck_assert_uint_eq(demand_pending(&m, UNKNOWN, 64 * MiB), 248 * MiB);
	m.actual = 2 * GiB;
	ck_assert_uint_eq(demand_pending(&m, UNKNOWN, 64 * MiB), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("demand");
	TCase *tc = tcase_create("demand");

	tcase_add_loop_test(tc, used_is_right_at_rest_at_every_size, 0, 3);
	tcase_add_test(tc, a_sweep_without_a_new_sample_changes_no_figure);
	tcase_add_test(tc, used_is_unknown_where_the_guest_tells_nothing_of_it);
	tcase_add_test(tc, used_is_not_nothing_where_the_size_is_stale);
	tcase_add_test(tc, usable_that_is_short_counts_from_the_larger_size);
	tcase_add_test(tc, a_reboot_forgets_what_the_last_boot_told);
	tcase_add_test(tc, distress_is_a_mebibyte_swapped_in_between_two_samples);
	tcase_add_test(tc, a_guest_starves_whose_newest_sample_shows_nothing_left_or_swap_in);
	tcase_add_test(tc, a_guest_has_swap_once_it_has_used_it);
	tcase_add_test(tc, margin_is_the_larger_of_32_mib_and_a_hundredth);
	tcase_add_loop_test(tc, kernel_floor_is_the_table_of_linux, 0,
			    sizeof(kernel_floors) / sizeof(kernel_floors[0]));
	tcase_add_test(tc, overhead_is_what_was_seen_of_it_and_no_less_than_the_guess);
	tcase_add_test(tc, burst_is_what_it_could_take_within_three_seconds);
	tcase_add_test(tc, growth_is_pending_until_the_guest_has_taken_it);
	tcase_add_test(
		tc,
		growth_of_a_guest_whose_memory_is_not_seen_is_pending_until_its_balloon_is_there);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
