/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Domains that go on where they were not before: migrated, restored from a file, reverted. */

#include "tests/unit/domain-table.h"

static const uint32_t ARRIVED = GUEST_BUSY | GUEST_ARRIVED;

/* A sweep with both domains; `b` is the one that arrives. */
static struct sample *sweep_both(void)
{
	next();
	add('a');
	return add('b');
}

static uint32_t facts_of_b(void)
{
	(void)compose();
	return guests[1].facts & (ARRIVED | GUEST_MIGRATING);
}

/* A new run with the same uuid. */
static struct sample *arrive(void)
{
	struct sample *b = sweep_both();

	b->id = 4711;
	b->is_arrived = true;
	b->last_update = 0;
	return b;
}

START_TEST(what_arrives_does_not_boot)
{
	(void)arrive();
	take(false);
	ck_assert_uint_eq(facts_of_b(), ARRIVED);
	ck_assert_uint_eq(guests[1].booted, 0);
}
END_TEST

/* libvirt shows it before it runs. */
START_TEST(what_seemed_to_boot_while_it_came_does_not)
{
	struct sample *b = arrive();

	b->is_arrived = false;
	b->facts = GUEST_BUSY | GUEST_MIGRATING;
	take(false);
	ck_assert_uint_eq(facts_of_b(), GUEST_BUSY | GUEST_MIGRATING);
	(void)arrive();
	take(false);
	ck_assert_uint_eq(facts_of_b(), ARRIVED);
	ck_assert_uint_eq(guests[1].booted, 0);
}
END_TEST

START_TEST(it_is_busy_until_it_has_reported)
{
	struct sample *b = arrive();

	take(false);
	for (unsigned i = 0; i < 3; i++) {
		b = arrive();
		take(false);
		ck_assert_uint_eq(facts_of_b(), ARRIVED);
	}
	b = arrive();
	b->last_update = (WALL + now) / SECOND;
	take(false);
	ck_assert_uint_eq(facts_of_b(), 0);
}
END_TEST

START_TEST(what_never_reports_is_not_waited_for)
{
	(void)arrive();
	take(false);
	now += 15 * SECOND;
	ck_assert_uint_eq(facts_of_b(), 0);
}
END_TEST

START_TEST(everything_that_libvirt_remembers_of_it_is_asked_anew)
{
	struct inspection inspection = sane_inspection();

	inspect('b', &inspection);
	find('b')->calls.wants_inspection = find('b')->calls.wants_actual = false;
	(void)sweep_both();
	samples[1].is_arrived = true; /* the same run: it was reverted to a snapshot */
	take(false);
	ck_assert(find('b')->calls.wants_inspection && find('b')->calls.wants_actual);
	ck_assert(find('b')->calls.rearms);
}
END_TEST

START_TEST(an_arrival_is_one_however_long_libvirt_tells_of_it)
{
	struct sample *b = arrive();

	b->last_update = 5;
	take(false);
	b = arrive();
	b->last_update = 6;
	take(false);
	(void)send(EVENT_REBOOTED, 'b');
	b = arrive();
	b->last_update = 7;
	take(false);
	ck_assert_uint_eq(facts_of_b(), 0);
	ck_assert_uint_ne(guests[1].booted, 0);
	/* Paused, and reverted once more. */
	(void)sweep_both();
	samples[1].id = 4711;
	take(false);
	(void)arrive();
	take(false);
	ck_assert_uint_eq(facts_of_b(), ARRIVED);
	ck_assert_uint_eq(guests[1].booted, 0);
}
END_TEST

/* Else nobody could tell anything of a guest that came last year. */
START_TEST(what_had_come_before_anybody_looked_is_not_waited_for)
{
	next();
	add('c')->is_arrived = true;
	take(true);
	(void)compose();
	ck_assert_uint_eq(guests[0].facts & ARRIVED, 0);
}
END_TEST

START_TEST(a_sweep_that_saw_the_run_before_tells_nothing_of_this_one)
{
	next();
	add('a');
	add('b');
	now += 100000;
	(void)send(EVENT_STARTED, 'b');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[1].seen.actual, BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(a_migration_away_says_so)
{
	(void)send(EVENT_MOVING, 'b');
	ck_assert_uint_eq(facts_of_b(), GUEST_BUSY | GUEST_MIGRATING);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("arrivals");
	TCase *tc = tcase_create("arrivals");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_arrives_does_not_boot);
	tcase_add_test(tc, what_seemed_to_boot_while_it_came_does_not);
	tcase_add_test(tc, it_is_busy_until_it_has_reported);
	tcase_add_test(tc, what_never_reports_is_not_waited_for);
	tcase_add_test(tc, everything_that_libvirt_remembers_of_it_is_asked_anew);
	tcase_add_test(tc, an_arrival_is_one_however_long_libvirt_tells_of_it);
	tcase_add_test(tc, what_had_come_before_anybody_looked_is_not_waited_for);
	tcase_add_test(tc, a_sweep_that_saw_the_run_before_tells_nothing_of_this_one);
	tcase_add_test(tc, a_migration_away_says_so);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
