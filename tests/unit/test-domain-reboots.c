/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Resets: those that libvirt tells of several times, and those that it does not. */

#include "tests/unit/domain-table.h"

START_TEST(a_reboot_keeps_what_the_definition_says)
{
	struct inspection inspection = sane_inspection();

	inspect('a', &inspection);
	find('a')->calls.wants_inspection = false;
	now += SECOND;
	ck_assert(send(EVENT_REBOOTED, 'a'));
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_eq(guests[0].booted, now);
	ck_assert_uint_ne(guests[0].facts & GUEST_INSPECTED, 0);
	ck_assert(find('a')->calls.wants_inspection);
}
END_TEST

START_TEST(what_is_told_of_one_reset_again_is_one_reboot)
{
	usec_t first = now + SECOND;

	for (unsigned i = 0; i < 3; i++) {
		now = first + i * SECOND / 2;
		ck_assert(send(EVENT_REBOOTED, 'a'));
	}
	(void)compose();
	ck_assert_uint_eq(guests[0].booted, first);
	/* The quickest loop of panics. */
	now = first + 4 * SECOND;
	ck_assert(send(EVENT_REBOOTED, 'a'));
	(void)compose();
	ck_assert_uint_eq(guests[0].booted, now);
}
END_TEST

/* From QEMU 10 on a reset empties the statistics. */
START_TEST(a_reset_that_nobody_told_of_is_seen_by_the_statistics)
{
	next();
	add('a')->last_update = 0;
	add('b')->last_update = BALLOOND_UNKNOWN; /* could not be read */
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].booted, sweep.began);
	ck_assert_uint_eq(guests[1].booted, 0);
}
END_TEST

START_TEST(a_reset_that_was_told_of_is_not_another_when_the_statistics_show_it)
{
	usec_t told = now + SECOND / 2;

	now = told;
	ck_assert(send(EVENT_REBOOTED, 'a'));
	now += 20 * SECOND; /* it was not read for long */
	next();
	add('a')->last_update = 0;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].booted, told);
	next();
	add('a')->last_update = 0;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].booted, told);
}
END_TEST

static Suite *domain_reboots_suite(void)
{
	Suite *suite = suite_create("domain-reboots");
	TCase *tc = tcase_create("domain-reboots");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_reboot_keeps_what_the_definition_says);
	tcase_add_test(tc, what_is_told_of_one_reset_again_is_one_reboot);
	tcase_add_test(tc, a_reset_that_nobody_told_of_is_seen_by_the_statistics);
	tcase_add_test(tc, a_reset_that_was_told_of_is_not_another_when_the_statistics_show_it);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(domain_reboots_suite());
}
