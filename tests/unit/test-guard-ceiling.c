/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Guests that are above their ceiling: taken there, or counted as what they keep. */

#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

/* Somebody else set it: in KiB. */
START_TEST(guard_takes_a_guest_to_a_ceiling_that_is_no_whole_mib)
{
	struct scene s;

	scene_init(&s);
	scene_add(&s, "g00", 2 * GiB, 64 * MiB);
	s.guests[0].sold = 819 * MiB + 204 * 1024;
	scene_run(&s, 20);
	ck_assert_uint_eq(scene_verdict(&s, 0)->guest.ceiling, s.guests[0].sold);
	ck_assert_uint_eq(s.guests[0].seen.actual, s.guests[0].sold);
}
END_TEST

START_TEST(guard_has_others_pay_for_a_guest_that_uses_more_than_its_ceiling)
{
	struct scene s;

	scene_init(&s);
	s.config.host.commit = COMMIT_ELASTIC;
	scene_add(&s, "g00", 4 * GiB, 1200 * MiB);
	scene_add(&s, "g01", 4 * GiB, 64 * MiB);
	s.real[0].touched = s.real[1].touched = 4 * GiB;
	s.guests[0].sold = 1 * GiB;
	s.config.host.pool.value = 7 * GiB;
	scene_proposal[1] = 1 * GiB;
	scene_run(&s, 30);
	ck_assert_uint_eq(s.guests[0].seen.actual, 4 * GiB);
	ck_assert_uint_le(s.plan.account.charged, s.plan.account.pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard-ceiling");
	TCase *tc = tcase_create("guard-ceiling");

	tcase_add_test(tc, guard_takes_a_guest_to_a_ceiling_that_is_no_whole_mib);
	tcase_add_test(tc, guard_has_others_pay_for_a_guest_that_uses_more_than_its_ceiling);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
