/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/quarantine.h"

#include "tests/unit/check-main.h"

#define SECOND ((usec_t)1000000)
#define ONE "10000000-0000-0000-0000-000000000000"
#define TWO "20000000-0000-0000-0000-000000000000"

static struct quarantine quarantine;
static usec_t now;

static void set_up(void)
{
	now = 100 * SECOND;
}

static void tear_down(void)
{
	quarantine_done(&quarantine);
}

START_TEST(who_hangs_is_looked_at_ever_more_seldom)
{
	static const unsigned pauses[] = { 1, 2, 4, 8, 16, 32, 60, 60 };

	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		ck_assert_int_eq(quarantine_put(&quarantine, ONE, 7, now), i == 0);
		ck_assert_uint_eq(quarantine_next(&quarantine), now + pauses[i] * SECOND);
		now = quarantine_next(&quarantine);
	}
}
END_TEST

START_TEST(who_answers_is_let_out)
{
	ck_assert_uint_eq(quarantine_next(&quarantine), UINT64_MAX);
	ck_assert_int_eq(quarantine_put(&quarantine, ONE, 7, now), 1);
	ck_assert_int_eq(quarantine_put(&quarantine, TWO, 8, now), 1);
	ck_assert(quarantine_release(&quarantine, ONE));
	ck_assert(!quarantine_release(&quarantine, ONE));
	ck_assert(!quarantine_has(&quarantine, ONE, 7));
	ck_assert(quarantine_has(&quarantine, TWO, 8));
	/* Next time it begins anew. */
	ck_assert_int_eq(quarantine_put(&quarantine, ONE, 7, now), 1);
	ck_assert_uint_eq(quarantine_next(&quarantine), now + 1 * SECOND);
}
END_TEST

START_TEST(another_run_of_a_domain_does_not_hang)
{
	ck_assert_int_eq(quarantine_put(&quarantine, ONE, 7, now), 1);
	ck_assert(quarantine_has(&quarantine, ONE, 7));
	ck_assert(!quarantine_has(&quarantine, ONE, 8));
	ck_assert_int_eq(quarantine_put(&quarantine, ONE, 8, now), 1);
	ck_assert(quarantine_has(&quarantine, ONE, 8));
	ck_assert_uint_eq(quarantine.n, 1);
}
END_TEST

START_TEST(all_are_looked_at_when_something_answered)
{
	ck_assert_int_eq(quarantine_put(&quarantine, ONE, 7, now), 1);
	ck_assert_int_eq(quarantine_put(&quarantine, ONE, 7, now), 0);
	quarantine_look_now(&quarantine, now);
	ck_assert_uint_eq(quarantine_next(&quarantine), now);
	/* In vain: the pauses go on from where they were. */
	ck_assert_int_eq(quarantine_put(&quarantine, ONE, 7, now), 0);
	ck_assert_uint_eq(quarantine_next(&quarantine), now + 4 * SECOND);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("quarantine");
	TCase *tc = tcase_create("quarantine");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, who_hangs_is_looked_at_ever_more_seldom);
	tcase_add_test(tc, who_answers_is_let_out);
	tcase_add_test(tc, another_run_of_a_domain_does_not_hang);
	tcase_add_test(tc, all_are_looked_at_when_something_answered);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
