/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/breaker.h"

#include <errno.h>

#include "tests/unit/check-main.h"

#define SECOND 1000000u

static struct breaker breaker;
static usec_t now;

static void set_up(void)
{
	breaker = (struct breaker){ 0 };
	now = 100 * (usec_t)SECOND;
}

static void fail_times(unsigned times, int error)
{
	for (unsigned i = 0; i < times; i++)
		breaker_take(&breaker, error, now);
}

START_TEST(three_failures_in_a_row_open_it_for_ten_seconds)
{
	fail_times(2, -ETIMEDOUT);
	ck_assert(!breaker_is_open(&breaker, now));
	fail_times(1, -EIO);
	ck_assert(breaker_is_open(&breaker, now));
	ck_assert(breaker_is_open(&breaker, now + 10 * SECOND - 1));
	ck_assert(!breaker_is_open(&breaker, now + 10 * SECOND));
}
END_TEST

START_TEST(a_success_in_between_begins_anew)
{
	fail_times(2, -ETIMEDOUT);
	breaker_take(&breaker, 0, now);
	fail_times(2, -ETIMEDOUT);
	ck_assert(!breaker_is_open(&breaker, now));
}
END_TEST

START_TEST(each_failure_after_a_pause_doubles_it_up_to_five_minutes)
{
	static const unsigned pauses[] = { 10, 20, 40, 80, 160, 300, 300 };

	fail_times(2, -ETIMEDOUT);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		fail_times(1, -ETIMEDOUT);
		ck_assert(breaker_is_open(&breaker, now + (usec_t)pauses[i] * SECOND - 1));
		now += (usec_t)pauses[i] * SECOND;
		ck_assert(!breaker_is_open(&breaker, now));
	}
}
END_TEST

START_TEST(one_success_closes_it)
{
	fail_times(3, -ETIMEDOUT);
	breaker_take(&breaker, 0, now);
	ck_assert(!breaker_is_open(&breaker, now));
	fail_times(3, -ETIMEDOUT);
	ck_assert(!breaker_is_open(&breaker, now + 10 * SECOND));
}
END_TEST

static const int harmless[] = { -ENOENT, -ENODEV, -EINVAL, -ENOTCONN };

START_TEST(errors_of_the_guest_or_of_a_connection_that_ended_do_not_count)
{
	fail_times(2, -ETIMEDOUT);
	fail_times(9, harmless[_i]);
	ck_assert(!breaker_is_open(&breaker, now));
	fail_times(1, -ETIMEDOUT);
	ck_assert(breaker_is_open(&breaker, now));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("breaker");
	TCase *tc = tcase_create("breaker");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, three_failures_in_a_row_open_it_for_ten_seconds);
	tcase_add_test(tc, a_success_in_between_begins_anew);
	tcase_add_test(tc, each_failure_after_a_pause_doubles_it_up_to_five_minutes);
	tcase_add_test(tc, one_success_closes_it);
	tcase_add_loop_test(tc, errors_of_the_guest_or_of_a_connection_that_ended_do_not_count, 0,
			    sizeof(harmless) / sizeof(harmless[0]));
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
