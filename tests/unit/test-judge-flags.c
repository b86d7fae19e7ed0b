/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The first look at one guest: how old its statistics may be, its flags, who is armed. */

#include "balloond/core/judge.h"

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/judge-bed.h"

START_TEST(statistics_just_young_enough_are_not_stale)
{
	struct bed bed;

	bed_init(&bed);
	bed.guest.seen.stats_age = 4 * SECOND; /* three periods and last-update's whole second */
	ck_assert_int_eq(judge(&bed)->state, STATE_MANAGED);
	bed.guest.period = 10 * SECOND;
	bed.guest.seen.stats_age = 31 * SECOND;
	ck_assert_int_eq(judge(&bed)->state, STATE_MANAGED);
	bed.guest.period = 0;
	bed.guest.seen.stats_age = 181 * SECOND;
	ck_assert_int_eq(judge(&bed)->state, STATE_MANAGED);
}
END_TEST

/* A driver reports once when it begins, whether or not anybody asks. */
START_TEST(a_calm_guest_is_not_stale_between_its_readings)
{
	struct bed bed;

	bed_init(&bed);
	bed.memory.reading.every = 5 * SECOND;
	bed.guest.swept = NOW - 5 * SECOND;
	bed.guest.seen.stats_age = 6 * SECOND; /* a second, when it was read */
	ck_assert_int_eq(judge(&bed)->state, STATE_MANAGED);
	bed.guest.seen.stats_age = 9 * SECOND + 1; /* more than three periods, when it was read */
	ck_assert_int_eq(judge(&bed)->state, STATE_STALE);
	bed.guest.swept = NOW - 9 * SECOND; /* nobody looks at it */
	bed.guest.seen.stats_age = 9 * SECOND;
	ck_assert_int_eq(judge(&bed)->state, STATE_MANAGED);
	bed.guest.swept--;
	ck_assert_int_eq(judge(&bed)->state, STATE_STALE);
}
END_TEST

START_TEST(a_single_sample_that_nobody_asked_for_is_soon_stale)
{
	struct bed bed;

	bed_init(&bed);
	bed.guest.period = 0;
	bed.memory.sample = 1;
	bed.guest.seen.stats_age = 4 * SECOND;
	ck_assert_int_eq(judge(&bed)->state, STATE_MANAGED);
	bed.guest.seen.stats_age = 4 * SECOND + 1;
	ck_assert_int_eq(judge(&bed)->state, STATE_STALE);
	bed.memory.sample = 2;
	ck_assert_int_eq(judge(&bed)->state, STATE_MANAGED);
}
END_TEST

#define GROW BALLOOND_GUEST_MAY_GROW
#define SHRINK BALLOOND_GUEST_MAY_SHRINK

START_TEST(flags_say_what_the_guest_is_and_may)
{
	struct bed bed;

	bed_init(&bed);
	ck_assert_uint_eq(judge(&bed)->guest.flags, GROW | SHRINK);
	bed.guest.facts |= GUEST_AUTODEFLATE | GUEST_FREE_REPORTING;
	bed.memory.swapped = true;
	bed.memory.distress = NOW - 59 * SECOND;
	ck_assert_uint_eq(judge(&bed)->guest.flags,
			  GROW | BALLOOND_GUEST_DEFLATES | BALLOOND_GUEST_REPORTS_FREE |
				  BALLOOND_GUEST_SWAPPED | BALLOOND_GUEST_COOLING);
	bed_init(&bed);
	bed.memory.distress = NOW - 60 * SECOND; /* it has cooled down */
	ck_assert_uint_eq(judge(&bed)->guest.flags, GROW | SHRINK);
	bed.guest.seen.stats_age = UNKNOWN;
	ck_assert_uint_eq(judge(&bed)->guest.flags, GROW | BALLOOND_GUEST_STALE);
	bed.config.n_rules = 0; /* nobody steers it */
	ck_assert_uint_eq(judge(&bed)->guest.flags, 0);
	bed_init(&bed);
	bed.guest.facts |= GUEST_PAUSED;
	ck_assert_uint_eq(judge(&bed)->guest.flags, 0);
}
END_TEST

START_TEST(a_blind_guest_gives_only_what_its_entry_says_in_so_many_words)
{
	struct bed bed;

	bed_init(&bed);
	bed.guest.facts |= GUEST_NO_STATS;
	ck_assert_uint_eq(judge(&bed)->guest.flags, GROW | BALLOOND_GUEST_BLIND);
	bed.promise.min_is_set = true;
	bed.promise.min = (struct amount){ AMOUNT_PERMILLE, 250 };
	ck_assert_uint_eq(judge(&bed)->guest.flags, GROW | SHRINK | BALLOOND_GUEST_BLIND);
	bed.promise.min.kind = AMOUNT_KERNEL;
	ck_assert_uint_eq(judge(&bed)->guest.flags, GROW | BALLOOND_GUEST_BLIND);
}
END_TEST

START_TEST(statistics_are_armed_for_guests_that_are_steered_and_can_report)
{
	struct bed bed;

	bed_init(&bed);
	ck_assert(judge(&bed)->arm);
	bed.guest.facts |= GUEST_PAUSED;
	ck_assert(!judge(&bed)->arm);
	bed_init(&bed);
	bed.config.keep_stats_period = true;
	ck_assert(!judge(&bed)->arm);
	bed_init(&bed);
	bed.guest.facts |= GUEST_STATS_GATED;
	ck_assert(!judge(&bed)->arm);
	bed_init(&bed);
	bed.config.n_rules = 0;
	ck_assert(!judge(&bed)->arm);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("judge-flags");
	TCase *tc = tcase_create("judge-flags");

	tcase_add_test(tc, statistics_just_young_enough_are_not_stale);
	tcase_add_test(tc, a_calm_guest_is_not_stale_between_its_readings);
	tcase_add_test(tc, a_single_sample_that_nobody_asked_for_is_soon_stale);
	tcase_add_test(tc, flags_say_what_the_guest_is_and_may);
	tcase_add_test(tc, a_blind_guest_gives_only_what_its_entry_says_in_so_many_words);
	tcase_add_test(tc, statistics_are_armed_for_guests_that_are_steered_and_can_report);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
