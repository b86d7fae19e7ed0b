/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose doing a size is: balloond's, a guest's that needs memory, or somebody else's. */

#include "tests/unit/foreign-bed.h"

START_TEST(a_balloon_on_its_way_is_balloonds_own)
{
	struct bed bed;

	bed_init(&bed);
	/* Turned round half-way: what is told next is still of the way before. */
	ask(&bed, 512 * MiB);
	rest(&bed, 800 * MiB, 1);
	ask(&bed, 1536 * MiB);
	rest(&bed, 600 * MiB, 1);
	rest(&bed, 1536 * MiB, 60);
	ask(&bed, 2 * GiB);
	rest(&bed, 1540 * MiB, 2);
	rest(&bed, 2 * GiB, 10);
	ck_assert_int_eq(reason_of(&bed), REASON_MAX);
}
END_TEST

START_TEST(a_guest_that_is_slow_or_stuck_is_not_foreign)
{
	struct bed bed;

	bed_init(&bed);
	ask(&bed, 512 * MiB);
	for (uint64_t actual = 1 * GiB; actual > 900 * MiB; actual -= MiB)
		rest(&bed, actual, 9);
	rest(&bed, 900 * MiB, 30);
	ck_assert(progress_is_stuck(&bed.memory, bed.look.now));
	ck_assert_uint_eq(bed.memory.target, 900 * MiB);
	/* Told so; meanwhile it got a little further after all. */
	ask(&bed, 900 * MiB);
	rest(&bed, 850 * MiB, 1);
	rest(&bed, 900 * MiB, 20);
	/* It did not grow for a minute, and then it does. */
	ask(&bed, 2 * GiB);
	rest(&bed, 900 * MiB, 60);
	rest(&bed, 2 * GiB, 10);
	ck_assert_int_eq(reason_of(&bed), REASON_MAX);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 0);
}
END_TEST

START_TEST(a_smaller_size_is_the_ceiling_at_once)
{
	struct bed bed;

	bed_init(&bed);
	/* The dead band is nobody's order. */
	ck_assert_int_eq(see(&bed, 1 * GiB - 8 * MiB, SECOND), FOREIGN_NONE);
	rest(&bed, 1 * GiB, 1);
	ck_assert_int_eq(see(&bed, 900 * MiB, SECOND), FOREIGN_SET);
	ck_assert_int_eq(reason_of(&bed), REASON_FOREIGN_SMALLER);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 900 * MiB);
	ck_assert_uint_eq(bed.memory.target, 900 * MiB);
	ck_assert(!bed.memory.asked);
	/* It was on its way. */
	ck_assert_int_eq(see(&bed, 600 * MiB, SECOND), FOREIGN_SET);
	rest(&bed, 600 * MiB, 60);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 600 * MiB);
	ck_assert_uint_eq(bed.memory.target, 600 * MiB);
}
END_TEST

START_TEST(a_guest_with_virtio_mem_is_smaller_once_that_rests)
{
	struct bed bed;

	bed_init(&bed);
	bed.guest.facts |= GUEST_ELASTIC;
	/* Unplugged, and then the definition says so. */
	ck_assert_int_eq(see(&bed, 768 * MiB, SECOND), FOREIGN_WATCHED);
	rest(&bed, 1 * GiB, 20);
	ck_assert_uint_eq(bed.memory.target, 1 * GiB);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(see(&bed, 768 * MiB, SECOND), FOREIGN_WATCHED);
	ck_assert_int_eq(see(&bed, 768 * MiB, SECOND), FOREIGN_SET);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 768 * MiB);
}
END_TEST

START_TEST(a_larger_size_is_followed_after_three_samples)
{
	struct bed bed;

	bed_init(&bed);
	ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), FOREIGN_WATCHED);
	ck_assert_int_eq(reason_of(&bed), REASON_FOREIGN_WATCHED);
	ck_assert_uint_eq(bed.memory.target, 1 * GiB);
	ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), FOREIGN_WATCHED);
	ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), FOREIGN_WATCHED);
	ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), FOREIGN_SET);
	ck_assert_int_eq(reason_of(&bed), REASON_FOREIGN_LARGER);
	ck_assert_uint_eq(bed.memory.target, 1536 * MiB);
	ck_assert_uint_eq(bed.memory.distress, 0);
	/* Until it was quiet for long enough. */
	bed.look.now += QUIET - SECOND;
	ck_assert_int_eq(reason_of(&bed), REASON_FOREIGN_LARGER);
	bed.look.now += SECOND;
	ck_assert_int_eq(reason_of(&bed), REASON_MAX);
}
END_TEST

START_TEST(two_samples_prove_nothing)
{
	struct bed bed;

	bed_init(&bed);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), FOREIGN_WATCHED);
	/* Another value: from the beginning. */
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(see(&bed, 1600 * MiB, SECOND), FOREIGN_WATCHED);
	/* Back where it should be. */
	rest(&bed, 1 * GiB, 20);
	ck_assert_int_eq(reason_of(&bed), REASON_MAX);
	ck_assert_uint_eq(bed.memory.target, 1 * GiB);
}
END_TEST

START_TEST(a_guest_that_says_nothing_is_followed_once_its_size_rests)
{
	struct bed bed;

	bed_init(&bed);
	bed.silent = true;
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), FOREIGN_WATCHED);
	ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), FOREIGN_SET);
	ck_assert_uint_eq(bed.memory.target, 1536 * MiB);
}
END_TEST

enum need { LITTLE_LEFT, SWAPS_IN, FAULTS };

START_TEST(a_cry_comes_first)
{
	struct bed bed;

	bed_init(&bed);
	bed.guest.facts |= GUEST_AUTODEFLATE;
	/* In need before it took memory back. */
	bed.used = 1 * GiB - 10 * MiB;
	rest(&bed, 1 * GiB, 2);
	ck_assert_int_eq(see(&bed, 1 * GiB + 64 * MiB, SECOND), FOREIGN_CRY);
	ck_assert_uint_eq(bed.memory.distress, bed.look.now);
	ck_assert_uint_eq(bed.memory.target, 1 * GiB + 64 * MiB);
	ck_assert_int_eq(reason_of(&bed), REASON_MAX);
}
END_TEST

START_TEST(whoever_is_in_need_has_cried)
{
	struct bed bed;
	bool deflates = _i % 2 == 0;

	bed_init(&bed);
	bed.guest.facts |= deflates ? GUEST_AUTODEFLATE : 0;
	ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), FOREIGN_WATCHED);
	if (_i / 2 == LITTLE_LEFT)
		bed.used = 1530 * MiB;
	if (_i / 2 == SWAPS_IN)
		bed.guest.seen.swap_in += 4 * MiB;
	if (_i / 2 == FAULTS)
		bed.guest.seen.major_faults += 500;
	/* Only a guest that takes memory by itself has to be told that it may. */
	ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), deflates ? FOREIGN_CRY : FOREIGN_SET);
	ck_assert_uint_eq(bed.memory.distress, bed.look.now);
	ck_assert_uint_eq(bed.memory.target, 1536 * MiB);
	ck_assert_int_eq(reason_of(&bed), REASON_MAX);
}
END_TEST

START_TEST(a_guest_that_deflates_and_is_well_was_made_larger_by_somebody)
{
	struct bed bed;

	bed_init(&bed);
	bed.guest.facts |= GUEST_AUTODEFLATE;
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), FOREIGN_WATCHED);
	ck_assert_int_eq(see(&bed, 1536 * MiB, SECOND), FOREIGN_SET);
	ck_assert_uint_eq(bed.memory.distress, 0);
	/* Its driver goes back to what balloond asked for: that is nobody's order. */
	rest(&bed, 1 * GiB, 30);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 0);
	ck_assert_int_eq(see(&bed, 900 * MiB, SECOND), FOREIGN_SET);
}
END_TEST

START_TEST(a_guest_that_deflates_and_never_rests_has_cried)
{
	struct bed bed;
	uint64_t actual = 1 * GiB + 50 * MiB;
	unsigned n = 0;

	bed_init(&bed);
	bed.guest.facts |= GUEST_AUTODEFLATE;
	while (see(&bed, actual, SECOND) == FOREIGN_WATCHED) {
		actual += 10 * MiB;
		ck_assert_uint_le(++n, 31);
	}
	ck_assert_uint_ge(n, 29);
	ck_assert_uint_eq(bed.memory.distress, bed.look.now);
}
END_TEST

enum way { BOOTED, STOOD_STILL, OTHER_MAXIMUM };

START_TEST(what_a_boot_a_pause_or_new_memory_does_is_nobodys_order)
{
	struct bed bed;
	uint64_t size = _i % 2 ? 2 * GiB : 512 * MiB;

	bed_init(&bed);
	if (_i / 2 == BOOTED)
		bed.guest.booted = bed.look.now;
	if (_i / 2 == OTHER_MAXIMUM)
		bed.guest.seen.maximum += 512 * MiB;
	bed.look.is_exempt = _i / 2 != OTHER_MAXIMUM;
	rest(&bed, size, 1);
	bed.look.is_exempt = false;
	rest(&bed, size, 5);
	/* On its way to what is asked for now. */
	rest(&bed, 700 * MiB, 40);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 0);
	ck_assert_int_eq(reason_of(&bed), REASON_MAX);
	/* Since then it has rested. */
	ck_assert_int_eq(see(&bed, 600 * MiB, SECOND), FOREIGN_SET);
}
END_TEST

START_TEST(an_order_from_before_balloond_began_is_nobodys)
{
	struct bed bed;

	bed_init(&bed);
	bed.memory.foreign = (struct foreign_memory){ 0 };
	for (uint64_t actual = 1 * GiB; actual > 700 * MiB; actual -= 50 * MiB)
		rest(&bed, actual, 8);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 0);
}
END_TEST

START_TEST(a_boot_ends_the_quiet_and_leaves_the_ceiling)
{
	struct bed bed;

	bed_init(&bed);
	ck_assert_int_eq(see(&bed, 600 * MiB, SECOND), FOREIGN_SET);
	bed.guest.booted = bed.look.now;
	bed.look.is_exempt = true;
	rest(&bed, 600 * MiB, 1);
	ck_assert_int_eq(reason_of(&bed), REASON_MAX);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 600 * MiB);
}
END_TEST

START_TEST(what_is_ignored_or_owned_has_no_ceiling_of_others)
{
	struct bed bed;

	bed_init(&bed);
	bed.promise.foreign = FOREIGN_IGNORE;
	rest(&bed, 600 * MiB, 30);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 0);
	ck_assert_uint_eq(bed.memory.target, 600 * MiB); /* taken over once it rests */
	bed.promise.foreign = FOREIGN_YIELD;
	rest(&bed, 600 * MiB, 30);
	ck_assert_int_eq(see(&bed, 500 * MiB, SECOND), FOREIGN_SET);
	bed.look.is_owned = true;
	rest(&bed, 400 * MiB, 1);
	ck_assert_uint_eq(bed.memory.target, 400 * MiB);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 0);
}
END_TEST

START_TEST(a_larger_size_lifts_the_ceiling_that_somebody_set)
{
	struct bed bed;

	bed_init(&bed);
	ck_assert_int_eq(see(&bed, 600 * MiB, SECOND), FOREIGN_SET);
	rest(&bed, 600 * MiB, 3);
	while (see(&bed, 800 * MiB, SECOND) == FOREIGN_WATCHED)
		;
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 800 * MiB);
	ck_assert_int_eq(reason_of(&bed), REASON_FOREIGN_LARGER);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("foreign");
	TCase *tc = tcase_create("foreign");

	tcase_add_test(tc, a_balloon_on_its_way_is_balloonds_own);
	tcase_add_test(tc, a_guest_that_is_slow_or_stuck_is_not_foreign);
	tcase_add_test(tc, a_smaller_size_is_the_ceiling_at_once);
	tcase_add_test(tc, a_guest_with_virtio_mem_is_smaller_once_that_rests);
	tcase_add_test(tc, a_larger_size_is_followed_after_three_samples);
	tcase_add_test(tc, two_samples_prove_nothing);
	tcase_add_test(tc, a_guest_that_says_nothing_is_followed_once_its_size_rests);
	tcase_add_test(tc, a_cry_comes_first);
	tcase_add_loop_test(tc, whoever_is_in_need_has_cried, 0, 2 * (FAULTS + 1));
	tcase_add_test(tc, a_guest_that_deflates_and_is_well_was_made_larger_by_somebody);
	tcase_add_test(tc, a_guest_that_deflates_and_never_rests_has_cried);
	tcase_add_loop_test(tc, what_a_boot_a_pause_or_new_memory_does_is_nobodys_order, 0,
			    2 * (OTHER_MAXIMUM + 1));
	tcase_add_test(tc, an_order_from_before_balloond_began_is_nobodys);
	tcase_add_test(tc, a_boot_ends_the_quiet_and_leaves_the_ceiling);
	tcase_add_test(tc, what_is_ignored_or_owned_has_no_ceiling_of_others);
	tcase_add_test(tc, a_larger_size_lifts_the_ceiling_that_somebody_set);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
