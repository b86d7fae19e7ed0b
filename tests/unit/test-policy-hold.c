/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/hold.c"

#include "tests/unit/policy-checks.h"

START_TEST(hold_changes_nothing)
{
	uint64_t seed = 1;
	struct policy_view v = { 0 };

	for (unsigned round = 0; round < 500; round++) {
		policy_random_view(&v, &seed);
		policy_ask(&v, NULL);
		for (size_t i = 0; i < v.view.n_guests; i++) {
			ck_assert_uint_eq(v.targets[i].bytes, v.guests[i].target);
			ck_assert_uint_eq(v.targets[i].claim, v.guests[i].target);
			ck_assert_uint_eq(v.targets[i].reason, REASON_HELD);
			ck_assert_uint_eq(v.targets[i].n_figures, 0);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy-hold");
	TCase *tc = tcase_create("policy-hold");

	policy_add_checks(tc);
	tcase_add_test(tc, hold_changes_nothing);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
