/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What fair thinks that one guest needs. */

#include "tests/unit/fair-bed.h"

#define MARGIN (4 * GiB / 100)
#define HEADROOM (4 * GiB * 3 / 100)
#define WINDOW (300 * SECOND)

static void check_order(const struct need *n)
{
	ck_assert_uint_le(n->now, n->enough);
	ck_assert_uint_le(n->enough, n->lately);
	ck_assert_uint_le(n->lately, n->claim);
	ck_assert_uint_le(n->claim, n->likely);
}

START_TEST(a_guest_that_has_plenty_is_left_as_it_is)
{
	struct fair_bed bed;

	fair_begin(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_NOTHING);
	ck_assert_int_eq(bed.need.missed, 0);
	ck_assert_uint_eq(bed.need.goal, 2 * GiB);
	ck_assert_uint_eq(bed.need.headroom, HEADROOM);
	ck_assert_uint_eq(bed.need.now, 1 * GiB + MARGIN);
	ck_assert_uint_eq(bed.need.enough, 1 * GiB + HEADROOM / 2);
	ck_assert_uint_eq(bed.need.lately, bed.need.enough);
	ck_assert_uint_eq(bed.need.claim, 1 * GiB + HEADROOM);
	ck_assert_uint_eq(bed.need.likely, bed.need.claim);
}
END_TEST

/* Figures of a second in which `left` of its size remained, and whether it waited for memory. */
static const struct wait {
	const char *what;
	uint64_t left, swap_in, faults;
	int waits;
} waits[] = {
	{ "nothing happens", MARGIN, 0, 0, 0 },
	{ "cold pages come back", MARGIN, MiB - 1, 0, 0 },
	{ "it swaps in", MARGIN, MiB, 0, 1 },
	{ "it swaps in with little left", 2 * MARGIN - 1, MiB, 0, 1 },
	{ "it is on its way back from swap", 2 * MARGIN, MiB, 0, 0 },
	{ "it swaps in more than it has left", GiB, 513 * MiB, 0, 1 },
	{ "it swaps in less than it has left", GiB, 512 * MiB, 0, 0 },
	{ "nothing is left", MARGIN / 2 - 1, 0, 0, 1 },
	{ "a little is left", MARGIN / 2, 0, 0, 0 },
	{ "it faults with little left", MARGIN - 1, 0, 10, 1 },
	{ "it faults now and then", MARGIN - 1, 0, 9, 0 },
	{ "it reads its programs", MARGIN, 0, 1000, 0 },
};

START_TEST(a_guest_waits_when_it_shows_that_its_size_is_too_small)
{
	const struct wait *row = &waits[_i];
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.used = bed.guest.actual - row->left;
	bed.guest.swap_in += row->swap_in;
	bed.guest.major_faults += row->faults;
	fair_sample(&bed);
	ck_assert_msg((bed.need.kind == NEED_WAITING) == row->waits, "%s", row->what);
	ck_assert_uint_eq(bed.state.waits, row->waits);
	check_order(&bed.need);
}
END_TEST

START_TEST(counters_tell_of_the_time_between_two_samples_alone)
{
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.used = bed.guest.actual - MARGIN;
	fair_sample(&bed);
	bed.guest.swap_in += GiB; /* while another rule held */
	bed.guest.sample += 10;
	fair_sample(&bed);
	ck_assert_int_ne(bed.need.kind, NEED_WAITING);
	bed.guest.swap_in += GiB;
	fair_sample_after(&bed, 0); /* nobody knows how long that took */
	ck_assert_int_ne(bed.need.kind, NEED_WAITING);
	bed.guest.swap_in = 3; /* it has booted */
	fair_sample(&bed);
	ck_assert_int_ne(bed.need.kind, NEED_WAITING);
	bed.guest.swap_in = bed.guest.major_faults = BALLOOND_UNKNOWN;
	fair_sample(&bed);
	ck_assert_int_ne(bed.need.kind, NEED_WAITING);
	bed.guest.swap_in = bed.guest.major_faults = GiB; /* it tells for the first time */
	fair_sample(&bed);
	ck_assert_int_ne(bed.need.kind, NEED_WAITING);
	bed.guest.swap_in += GiB;
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_WAITING);
	/* 18 in two seconds are 9 a second. */
	bed.guest.used = bed.guest.actual - MARGIN + 1;
	bed.guest.major_faults += 18;
	fair_sample_after(&bed, 2 * SECOND);
	ck_assert_int_ne(bed.need.kind, NEED_WAITING);
}
END_TEST

START_TEST(what_waits_needs_more_than_it_shows_for_a_window)
{
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.used = 2 * GiB - MARGIN;
	fair_rest(&bed, 13 * WINDOW); /* what it surprised with is forgotten */
	bed.guest.swap_in += 10 * MiB;
	fair_sample(&bed);
	ck_assert_uint_eq(balloond_window_max(&bed.state.recent), 2 * GiB + MARGIN);
	fair_resize(&bed, 3 * GiB);
	fair_rest(&bed, WINDOW / 8 * 7 - SECOND);
	ck_assert_uint_eq(bed.need.claim, 2 * GiB + MARGIN + HEADROOM);
	ck_assert_uint_eq(bed.need.lately, 2 * GiB + MARGIN);
	fair_rest(&bed, WINDOW / 8 + SECOND);
	ck_assert_uint_eq(bed.need.claim, 2 * GiB - MARGIN + HEADROOM);
	ck_assert_uint_eq(bed.need.likely, 2 * GiB + MARGIN + HEADROOM);
}
END_TEST

START_TEST(relief_is_plenty_and_doubles_while_the_guest_waits_on)
{
	static const uint64_t times[] = { 1, 2, 4, 4 };
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.ceiling = bed.guest.maximum = 16 * GiB;
	bed.guest.used = 2 * GiB;
	for (size_t i = 0; i < 4; i++) {
		fair_sample(&bed);
		ck_assert_int_eq(bed.need.kind, NEED_WAITING);
		ck_assert_uint_eq(bed.need.goal, 2 * GiB + times[i] * 16 * GiB / RELIEF_PARTS);
		/* What others give whatever they are used to is less. */
		ck_assert_uint_lt(bed.need.now, bed.need.goal);
		ck_assert_uint_eq(bed.need.claim, bed.need.goal);
		check_order(&bed.need);
	}
	bed.guest.used = 1 * GiB;
	fair_sample(&bed);
	ck_assert_int_ne(bed.need.kind, NEED_WAITING);
	bed.guest.used = 2 * GiB;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.need.goal, 2 * GiB + 16 * GiB / RELIEF_PARTS);
}
END_TEST

START_TEST(relief_does_not_double_before_its_effect_was_seen)
{
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.used = 2 * GiB - MARGIN;
	fair_rest(&bed, 13 * WINDOW);
	bed.guest.used = 2 * GiB;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.need.goal, 2 * GiB + RELIEF_MIN);
	bed.guest.target = bed.need.goal;
	for (unsigned n = 0; n < 3; n++) {
		bed.guest.actual = bed.guest.used = 2 * GiB + n * 100 * MiB;
		fair_sample(&bed);
		ck_assert_int_eq(bed.need.kind, NEED_WAITING);
		ck_assert_uint_eq(bed.state.waits, 1);
	}
	bed.guest.actual = bed.guest.used = bed.guest.target;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.state.waits, 2);
}
END_TEST

START_TEST(relief_is_at_least_twice_what_was_waited_for_and_ends_at_the_ceiling)
{
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.used = 2 * GiB - MARGIN;
	fair_rest(&bed, 13 * WINDOW);
	bed.guest.swap_in += 20 * MiB;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.need.goal, 2 * GiB + RELIEF_MIN);
	bed.state.waits = 0;
	bed.guest.swap_in += 400 * MiB;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.need.goal, 2 * GiB + 800 * MiB);
	bed.guest.swap_in += 2 * GiB;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.need.goal, 4 * GiB);
	/* A larger size than its ceiling is not taken from it for that. */
	bed.guest.ceiling = 1 * GiB;
	bed.guest.swap_in += 2 * GiB;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.need.goal, 2 * GiB);
}
END_TEST

START_TEST(the_highest_use_of_a_window_is_claimed)
{
	struct fair_bed bed;
	uint64_t more;

	fair_begin(&bed);
	bed.guest.used = 1 * GiB + 100 * MiB;
	fair_sample(&bed);
	bed.guest.used = 1 * GiB;
	fair_rest(&bed, WINDOW / 8 * 7 - SECOND);
	ck_assert_uint_eq(bed.need.lately, 1 * GiB + 100 * MiB);
	ck_assert_uint_eq(bed.need.claim, 1 * GiB + 100 * MiB + HEADROOM);
	/* That it came in a second counts for longer: as far as it goes beyond what is used now. */
	fair_rest(&bed, WINDOW / 8 + SECOND);
	more = balloond_max(HEADROOM, 200 * MiB);
	ck_assert_uint_eq(bed.need.lately, bed.need.enough);
	ck_assert_uint_eq(bed.need.claim, 1 * GiB + more);
	ck_assert_uint_eq(bed.need.likely, 1 * GiB + 100 * MiB + HEADROOM);
	fair_rest(&bed, 12 * WINDOW);
	ck_assert_uint_eq(bed.need.claim, 1 * GiB + HEADROOM);
	ck_assert_uint_eq(bed.need.likely, bed.need.claim);
}
END_TEST

/* By how much use rises between two samples, and by how much it may rise again before an answer
 * takes effect. */
static const struct rise {
	uint64_t elapsed, by, counts;
} rises[] = {
	{ 1 * SECOND, 300 * MiB, 600 * MiB },    { 500000, 300 * MiB, GiB },
	{ 2 * SECOND, 300 * MiB, 300 * MiB },    { 5 * SECOND, 300 * MiB, 300 * MiB },
	{ 1 * SECOND, 600 * MiB, GiB },          { 1 * SECOND, 50 * MiB, HEADROOM },
	{ 15 * SECOND, 3 * GiB / 4, 768 * MiB }, { 0, 300 * MiB, HEADROOM },
};

START_TEST(a_surprise_enlarges_the_claim_up_to_a_quarter_of_the_ceiling)
{
	const struct rise *row = &rises[_i];
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.used += row->by;
	fair_sample_after(&bed, row->elapsed);
	ck_assert_uint_eq(bed.need.claim, bed.guest.used + row->counts);
	/* What it did once it does again: that is no surprise. */
	bed.guest.used -= row->by;
	fair_sample(&bed);
	bed.guest.used += row->by;
	fair_sample_after(&bed, 100000);
	ck_assert_uint_eq(bed.need.claim, bed.guest.used + row->counts);
}
END_TEST

START_TEST(nothing_is_counted_twice_without_a_new_sample)
{
	struct fair_bed bed;
	struct state before;
	uint64_t goal;

	fair_begin(&bed);
	bed.guest.used = 2 * GiB;
	bed.guest.swap_in += 100 * MiB;
	bed.guest.disk_reads += 100 * MiB;
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_WAITING);
	goal = bed.need.goal;
	fair_resize(&bed, 2 * GiB + 100 * MiB); /* what there was */
	before = bed.state;
	before.size = bed.guest.target;
	for (unsigned n = 0; n < 10; n++) {
		bed.now += SECOND / 4;
		fair_assess(&bed);
		/* It is still to get what it was to get. */
		ck_assert_int_eq(bed.need.kind, NEED_WAITING);
		ck_assert_uint_eq(bed.need.goal, goal);
		ck_assert_int_eq(bed.need.missed, 0);
		ck_assert_mem_eq(&bed.state, &before, sizeof(before));
	}
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_CLAIM);
}
END_TEST

START_TEST(a_guest_grows_when_half_of_its_headroom_is_used_up)
{
	struct fair_bed bed;

	fair_begin(&bed);
	fair_resize(&bed, 1 * GiB + HEADROOM / 2);
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_NOTHING);
	fair_resize(&bed, 1 * GiB + HEADROOM / 2 - 1);
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_GROWTH);
	ck_assert_uint_eq(bed.need.goal, 1 * GiB + HEADROOM);
	/* Nothing has an effect on a guest that is held. */
	bed.guest.flags &= ~BALLOOND_GUEST_MAY_GROW;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.need.goal, bed.guest.target);
	bed.guest.used = bed.guest.actual;
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_WAITING);
	ck_assert_uint_eq(bed.need.goal, bed.guest.target);
}
END_TEST

START_TEST(a_guest_below_its_claim_that_has_enough_waits_for_what_is_free)
{
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.used = 1 * GiB + 200 * MiB;
	fair_sample_after(&bed, 5 * SECOND);
	bed.guest.used = 1 * GiB;
	fair_resize(&bed, 1 * GiB + 200 * MiB);
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_CLAIM);
	ck_assert_uint_eq(bed.need.goal, bed.guest.target);
	fair_resize(&bed, bed.need.claim - HEADROOM / 2);
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_NOTHING);
}
END_TEST

START_TEST(sizes_lie_between_floor_and_ceiling)
{
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.floor = 3 * GiB;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.need.now, 3 * GiB);
	ck_assert_uint_eq(bed.need.likely, 3 * GiB);
	ck_assert_uint_eq(bed.need.goal, 3 * GiB);
	bed.guest.floor = 0;
	bed.guest.ceiling = 512 * MiB;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.need.now, 512 * MiB);
	ck_assert_uint_eq(bed.need.likely, 512 * MiB);
	ck_assert_uint_eq(bed.need.goal, 2 * GiB);
}
END_TEST

START_TEST(a_guest_that_never_swapped_keeps_more)
{
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.flags &= ~BALLOOND_GUEST_SWAPPED;
	fair_sample(&bed);
	ck_assert_uint_eq(bed.need.now, 1 * GiB + 2 * MARGIN);
	ck_assert_uint_eq(bed.need.claim, 1 * GiB + 4 * MARGIN);
	bed.guest.used = 2 * GiB - MARGIN + 1;
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_WAITING);
}
END_TEST

START_TEST(of_a_guest_that_tells_nothing_nothing_is_known)
{
	struct fair_bed bed;

	fair_begin(&bed);
	bed.guest.used = BALLOOND_UNKNOWN;
	bed.guest.swap_in += GiB;
	bed.guest.sample++;
	fair_assess(&bed);
	ck_assert_int_eq(bed.need.kind, NEED_UNKNOWN);
	ck_assert_uint_eq(bed.need.now, 2 * GiB);
	ck_assert_uint_eq(bed.need.likely, 2 * GiB);
	ck_assert_uint_eq(bed.need.goal, 2 * GiB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fair-need");
	TCase *tc = tcase_create("fair-need");

	tcase_add_test(tc, a_guest_that_has_plenty_is_left_as_it_is);
	tcase_add_loop_test(tc, a_guest_waits_when_it_shows_that_its_size_is_too_small, 0,
			    sizeof(waits) / sizeof(waits[0]));
	tcase_add_test(tc, counters_tell_of_the_time_between_two_samples_alone);
	tcase_add_test(tc, what_waits_needs_more_than_it_shows_for_a_window);
	tcase_add_test(tc, relief_is_plenty_and_doubles_while_the_guest_waits_on);
	tcase_add_test(tc, relief_does_not_double_before_its_effect_was_seen);
	tcase_add_test(tc, relief_is_at_least_twice_what_was_waited_for_and_ends_at_the_ceiling);
	tcase_add_test(tc, the_highest_use_of_a_window_is_claimed);
	tcase_add_loop_test(tc, a_surprise_enlarges_the_claim_up_to_a_quarter_of_the_ceiling, 0,
			    sizeof(rises) / sizeof(rises[0]));
	tcase_add_test(tc, nothing_is_counted_twice_without_a_new_sample);
	tcase_add_test(tc, a_guest_grows_when_half_of_its_headroom_is_used_up);
	tcase_add_test(tc, a_guest_below_its_claim_that_has_enough_waits_for_what_is_free);
	tcase_add_test(tc, sizes_lie_between_floor_and_ceiling);
	tcase_add_test(tc, a_guest_that_never_swapped_keeps_more);
	tcase_add_test(tc, of_a_guest_that_tells_nothing_nothing_is_known);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
