/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Domains come and go: sweeps, events, sources that are lost. */

#include "tests/unit/domain-table.h"

START_TEST(guests_come_sorted_and_not_inspected)
{
	next();
	add('0');
	add('a');
	add('b');
	take(false);
	ck_assert_uint_eq(compose(), 3);
	ck_assert_str_eq(guests[0].name, "guest-0");
	ck_assert_str_eq(guests[1].name, "guest-a");
	ck_assert_str_eq(guests[2].name, "guest-b");
	ck_assert_uint_eq(guests[0].facts & GUEST_INSPECTED, 0);
	ck_assert(find('0')->calls.wants_inspection);
	ck_assert_uint_eq(guests[1].seen.usable, 400 * MIB);
	ck_assert_uint_eq(guests[1].seen.resident, 550 * MIB);
	ck_assert_uint_eq(guests[1].swept, now);
}
END_TEST

START_TEST(the_first_sweep_adopts_and_later_ones_see_beginnings)
{
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_eq(guests[0].booted, 0);
	next();
	add('a');
	add('b');
	add('c');
	take(false);
	ck_assert_uint_eq(compose(), 3);
	ck_assert_uint_eq(guests[0].booted, 0);
	ck_assert_uint_eq(guests[2].booted, sweep.began);
}
END_TEST

START_TEST(what_a_sweep_does_not_find_is_gone)
{
	next();
	add('b');
	take(false);
	ck_assert_uint_eq(compose(), 1);
	ck_assert_str_eq(guests[0].name, "guest-b");
	ck_assert_ptr_null(find('a'));
}
END_TEST

START_TEST(a_sweep_of_another_source_takes_nothing_away)
{
	next();
	sweep.source = 2;
	add('a')->actual = MIB; /* one uuid under two hypervisors: the first one keeps it */
	add('c');
	take(true);
	ck_assert_uint_eq(compose(), 3);
	ck_assert_uint_eq(guests[0].seen.actual, 512 * MIB);
	domains_forget(&domains, 1);
	ck_assert_uint_eq(compose(), 1);
	ck_assert_str_eq(guests[0].name, "guest-c");
}
END_TEST

START_TEST(another_id_is_another_run)
{
	struct inspection inspection = sane_inspection();

	inspection.live.wish.given = 1;
	inspect('a', &inspection);
	next();
	add('a')->id = 4711;
	take(false);
	ck_assert_uint_eq(compose(), 1);
	ck_assert_uint_eq(guests[0].booted, sweep.began);
	ck_assert_uint_eq(guests[0].wish.given, 0);
	ck_assert_uint_eq(guests[0].facts & GUEST_INSPECTED, 0);
	ck_assert(find('a')->calls.wants_inspection);
}
END_TEST

START_TEST(an_ended_domain_is_hidden_from_older_sweeps)
{
	next();
	add('a');
	add('b');
	/* The event arrives while this sweep is on its way. */
	ck_assert(send(EVENT_STOPPED, 'a'));
	ck_assert_uint_eq(compose(), 1);
	take(false);
	ck_assert_uint_eq(compose(), 1);
	next();
	add('a');
	add('b');
	take(false);
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_eq(guests[0].booted, sweep.began);
}
END_TEST

/* A sweep that does not ask for all. */
static struct sample *add_unread(char c)
{
	struct sample *s = add(c);

	s->is_unread = true;
	s->maximum = s->actual = s->total = s->usable = s->unused = s->caches = BALLOOND_UNKNOWN;
	s->rss = s->resident = s->host_swap = s->disk_reads = BALLOOND_UNKNOWN;
	s->last_update = BALLOOND_UNKNOWN;
	return s;
}

START_TEST(a_guest_that_was_not_asked_stays_as_it_was)
{
	usec_t read = now;

	next();
	add_unread('a')->resident = 700 * MIB;
	add('b')->actual = 256 * MIB;
	take(false);
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_eq(guests[0].seen.actual, 512 * MIB);
	ck_assert_uint_eq(guests[0].seen.usable, 400 * MIB);
	ck_assert_uint_eq(guests[0].swept, read);
	ck_assert_uint_eq(guests[0].seen.resident, 700 * MIB);
	ck_assert_uint_eq(guest_resident_at(&guests[0]), now);
	ck_assert_uint_eq(guests[0].booted, 0);
	ck_assert_uint_eq(guests[0].facts & GUEST_LOST, 0);
	ck_assert_uint_eq(guests[1].seen.actual, 256 * MIB);
	ck_assert_uint_eq(guests[1].swept, now);
	next();
	(void)add_unread('a'); /* nothing is known of its cgroup */
	(void)add_unread('b');
	take(false);
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_eq(guests[0].seen.resident, 700 * MIB);
	ck_assert_uint_eq(guest_resident_at(&guests[0]), now - SECOND);
}
END_TEST

START_TEST(a_list_of_before_its_end_brings_no_domain_back)
{
	ck_assert(send(EVENT_STOPPED, 'a'));
	next();
	(void)add_unread('a');
	(void)add_unread('b');
	take(false);
	ck_assert_uint_eq(compose(), 1);
	ck_assert_str_eq(guests[0].name, "guest-b");
}
END_TEST

START_TEST(whoever_an_event_is_about_wants_to_be_read)
{
	ck_assert(!find('a')->wants_reading);
	ck_assert(send(EVENT_RESIZED, 'a'));
	ck_assert(find('a')->wants_reading);
	ck_assert(!find('b')->wants_reading);
	ck_assert(send(EVENT_STATE, 'b'));
	ck_assert(find('b')->wants_reading);
}
END_TEST

START_TEST(a_start_that_a_sweep_saw_already_begins_once)
{
	next();
	add('a')->id = 4711;
	add('b');
	take(false);
	ck_assert(send(EVENT_STARTED, 'a'));
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_eq(guests[0].booted, sweep.began);
	ck_assert_uint_eq(guests[0].seen.actual, 512 * MIB);
	now += 10 * SECOND;
	ck_assert(send(EVENT_STARTED, 'a'));
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_eq(guests[0].booted, now);
	ck_assert_uint_eq(guests[0].seen.actual, BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(events_of_unknown_domains_ask_for_a_sweep_alone)
{
	ck_assert(send(EVENT_STARTED, 'x'));
	ck_assert(!send(EVENT_REBOOTED, 'x'));
	ck_assert_uint_eq(compose(), 2);
}
END_TEST

START_TEST(a_change_is_inspected_and_a_migration_is_busy_for_a_while)
{
	find('a')->calls.wants_inspection = false;
	ck_assert(!send(EVENT_CHANGED, 'a'));
	ck_assert(find('a')->calls.wants_inspection);
	(void)send(EVENT_MOVING, 'a');
	(void)compose();
	ck_assert_uint_ne(guests[0].facts & GUEST_BUSY, 0);
	/* What was seen before that says nothing: it may be on its last way. */
	(void)send(EVENT_STATE, 'a');
	(void)compose();
	ck_assert_uint_ne(guests[0].facts & GUEST_BUSY, 0);
	next();
	add('a');
	add('b');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].facts & GUEST_BUSY, 0);
	(void)send(EVENT_MOVING, 'a');
	now += 61 * SECOND;
	(void)compose();
	ck_assert_uint_eq(guests[0].facts & GUEST_BUSY, 0);
}
END_TEST

START_TEST(a_lost_source_keeps_its_guests_until_it_is_back)
{
	domains_lose(&domains, 1);
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_ne(guests[0].facts & GUEST_LOST, 0);
	ck_assert_uint_eq(guests[0].seen.usable, 400 * MIB);
	next();
	add('a');
	take(false);
	ck_assert_uint_eq(compose(), 1);
	ck_assert_uint_eq(guests[0].facts & GUEST_LOST, 0);
	ck_assert_uint_eq(guests[0].booted, 0);
}
END_TEST

START_TEST(a_guest_that_hangs_keeps_its_figures_until_it_is_read_again)
{
	ck_assert(!send(EVENT_HUNG, 'a'));
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_ne(guests[0].facts & GUEST_HUNG, 0);
	ck_assert_uint_eq(guests[1].facts & GUEST_HUNG, 0);
	ck_assert_uint_eq(guests[0].seen.usable, 400 * MIB);
	find('a')->wants_reading = find('a')->calls.wants_inspection = false;
	ck_assert(send(EVENT_ANSWERS, 'a'));
	ck_assert(find('a')->wants_reading);
	ck_assert(find('a')->calls.wants_inspection && find('a')->calls.wants_actual);
	/* A sweep that was on its way without it says nothing of it. */
	next();
	add('a')->is_unread = true;
	add('b');
	take(false);
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_ne(guests[0].facts & GUEST_HUNG, 0);
	next();
	add('a');
	add('b');
	take(false);
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_eq(guests[0].facts & GUEST_HUNG, 0);
}
END_TEST

START_TEST(a_guest_that_hangs_when_first_seen_says_so)
{
	struct sample *s;

	next();
	add('a');
	add('b');
	s = add('c');
	s->is_unread = s->is_hung = true;
	take(false);
	ck_assert_uint_eq(compose(), 3);
	ck_assert_uint_ne(guests[2].facts & GUEST_HUNG, 0);
	ck_assert_str_eq(guests[2].name, "guest-c");
}
END_TEST

START_TEST(a_lost_guest_that_is_not_read_stays_lost)
{
	domains_lose(&domains, 1);
	next();
	add('a')->is_unread = true;
	add('b');
	take(false);
	ck_assert_uint_eq(compose(), 2);
	ck_assert_uint_ne(guests[0].facts & GUEST_LOST, 0);
	ck_assert_uint_eq(guests[1].facts & GUEST_LOST, 0);
}
END_TEST

START_TEST(an_outcome_is_told_once)
{
	find('a')->guest.outcome = (struct outcome){ .kind = OUTCOME_ASKED, .bytes = 77 };
	(void)compose();
	ck_assert_int_eq(guests[0].outcome.kind, OUTCOME_ASKED);
	ck_assert_uint_eq(guests[0].outcome.bytes, 77);
	(void)compose();
	ck_assert_int_eq(guests[0].outcome.kind, OUTCOME_NONE);
}
END_TEST

START_TEST(a_call_in_flight_outlives_its_domain)
{
	find('a')->calls.in_flight = true;
	next();
	add('b');
	take(false);
	ck_assert_uint_eq(compose(), 1);
	ck_assert_ptr_nonnull(find('a'));
	next();
	add('a');
	add('b');
	take(false);
	ck_assert_uint_eq(compose(), 2);
	ck_assert(find('a')->calls.in_flight);
	next();
	add('b');
	take(false);
	find('a')->calls.in_flight = false;
	next();
	add('b');
	take(false);
	ck_assert_ptr_null(find('a'));
}
END_TEST

static Suite *domains_suite(void)
{
	Suite *suite = suite_create("domains");
	TCase *tc = tcase_create("domains");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, guests_come_sorted_and_not_inspected);
	tcase_add_test(tc, the_first_sweep_adopts_and_later_ones_see_beginnings);
	tcase_add_test(tc, what_a_sweep_does_not_find_is_gone);
	tcase_add_test(tc, a_sweep_of_another_source_takes_nothing_away);
	tcase_add_test(tc, another_id_is_another_run);
	tcase_add_test(tc, an_ended_domain_is_hidden_from_older_sweeps);
	tcase_add_test(tc, a_guest_that_was_not_asked_stays_as_it_was);
	tcase_add_test(tc, a_list_of_before_its_end_brings_no_domain_back);
	tcase_add_test(tc, whoever_an_event_is_about_wants_to_be_read);
	tcase_add_test(tc, a_start_that_a_sweep_saw_already_begins_once);
	tcase_add_test(tc, events_of_unknown_domains_ask_for_a_sweep_alone);
	tcase_add_test(tc, a_change_is_inspected_and_a_migration_is_busy_for_a_while);
	tcase_add_test(tc, a_lost_source_keeps_its_guests_until_it_is_back);
	tcase_add_test(tc, a_guest_that_hangs_keeps_its_figures_until_it_is_read_again);
	tcase_add_test(tc, a_guest_that_hangs_when_first_seen_says_so);
	tcase_add_test(tc, a_lost_guest_that_is_not_read_stays_lost);
	tcase_add_test(tc, an_outcome_is_told_once);
	tcase_add_test(tc, a_call_in_flight_outlives_its_domain);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(domains_suite());
}
