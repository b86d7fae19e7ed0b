/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How evenly memory is divided among guests of a world that is written by hand, and how much of
 * what nobody needs they get. */

#include "tests/unit/metrics-bed.h"

START_TEST(jain_tells_even_from_uneven)
{
	bed_begin(3, 0);
	bed_set(0, 400 * MiB, 200 * MiB);
	bed_set(1, 800 * MiB, 400 * MiB);
	bed_steps(5); /* the third needs nothing, and is left out */
	ck_assert_uint_eq(bed_result().jain, 1000000);
	bed_set(1, 800 * MiB, 800 * MiB);
	bed_steps(5); /* x = 1/2 and 3/4: (5/4)^2 / (2 x 13/16) */
	ck_assert_uint_eq(bed_result().jain, 961538);
}
END_TEST

START_TEST(jain_by_shares_is_1_for_weighted_max_min)
{
	bed_begin(2, 0);
	bed.shares[0] = 2;
	bed.shares[1] = 1;
	bed_set(0, 800 * MiB, 600 * MiB);
	bed_set(1, 800 * MiB, 300 * MiB);
	bed.pool = 900 * MiB;
	bed_steps(7);
	ck_assert_uint_eq(bed_result().jain_shares, 1000000);
	ck_assert_uint_eq(bed_result().jain, 900000); /* 3/4 and 3/8 */
	bed.pool = 2 * GiB;                           /* where there is enough, need alone counts */
	bed_steps(7);                                 /* 1200 of (600 + 800), 600 of (300 + 800) */
	ck_assert_uint_eq(bed_result().jain_shares, 952941);
}
END_TEST

START_TEST(jain_by_shares_respects_floors)
{
	bed_begin(2, 0);
	bed.floors[1] = 500 * MiB;
	bed_set(0, 900 * MiB, 400 * MiB);
	bed_set(1, 600 * MiB, 500 * MiB);
	bed.pool = 900 * MiB;
	bed_steps(3);
	ck_assert_uint_eq(bed_result().jain_shares, 1000000);
	bed.floors[1] = 0; /* now 450 and 450 are due: 800/850 and 1000/950 */
	bed_steps(3);
	ck_assert_uint_eq(bed_result().jain_shares, 996884);
}
END_TEST

START_TEST(lent_is_what_guests_hold_beyond_all_needs)
{
	bed_begin(2, 0);
	bed.floors[0] = 200 * MiB;
	bed_set(0, 100 * MiB, 300 * MiB);
	bed_set(1, 400 * MiB, 500 * MiB); /* N 600, sizes 800 */
	bed.pool = 1000 * MiB;
	bed_steps(1);
	ck_assert_uint_eq(bed_result().lent, 500000);
	bed.pool = 700 * MiB; /* no more than the pool counts */
	bed_steps(1);
	ck_assert_uint_eq(bed_result().lent, 600000); /* (200 + 100) / (400 + 100) */
	bed.pool = 500 * MiB;                         /* nothing to lend */
	bed_steps(8);
	ck_assert_uint_eq(bed_result().lent, 600000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim-fairness");
	TCase *tc = tcase_create("sim-fairness");

	tcase_add_checked_fixture(tc, NULL, bed_end);
	tcase_add_test(tc, jain_tells_even_from_uneven);
	tcase_add_test(tc, jain_by_shares_is_1_for_weighted_max_min);
	tcase_add_test(tc, jain_by_shares_respects_floors);
	tcase_add_test(tc, lent_is_what_guests_hold_beyond_all_needs);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
