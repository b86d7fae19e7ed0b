/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/domains.h"

#include <stdio.h>
#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define SECOND BALLOOND_SECOND
#define MIB BALLOOND_MIB
#define WALL (UINT64_C(1700000000) * SECOND)

#define SAMPLES_MAX 8

/* A world of one table: each test changes one thing of a sane sweep. */
static struct domains domains;
static struct sample samples[SAMPLES_MAX];
static struct sweep sweep;
static struct guest guests[SAMPLES_MAX];
static usec_t now;

static const char *uuid_of(char c)
{
	static char uuid[GUEST_UUID_MAX];

	(void)snprintf(uuid, sizeof(uuid), "%c0000000-0000-0000-0000-000000000000", c);
	return uuid;
}

static struct sample *add(char c)
{
	struct sample *s = &samples[sweep.n_samples++];

	*s = (struct sample){
		.id = c,
		.maximum = 1024 * MIB,
		.actual = 512 * MIB,
		.total = 500 * MIB,
		.usable = 400 * MIB,
		.unused = 100 * MIB,
		.caches = 300 * MIB,
		.swap_in = 0,
		.swap_out = 0,
		.major_faults = 10,
		.rss = 600 * MIB,
		.resident = 550 * MIB,
		.last_update = (WALL + now) / SECOND,
	};
	(void)snprintf(s->uuid, sizeof(s->uuid), "%s", uuid_of(c));
	(void)snprintf(s->name, sizeof(s->name), "guest-%c", c);
	return s;
}

/* Begins the next sweep, a second later. */
static void next(void)
{
	now += SECOND;
	sweep = (struct sweep){
		.source = 1,
		.began = now - 1000,
		.ended = now,
		.wall = WALL + now,
		.is_connected = true,
		.samples = samples,
	};
}

static void take(bool adopt)
{
	ck_assert_int_eq(domains_take_sweep(&domains, &sweep, adopt), 0);
}

static size_t compose(void)
{
	domains_compose(&domains, now, guests);
	return domains_count(&domains);
}

static struct domain *find(char c)
{
	return domains_find(&domains, uuid_of(c));
}

static bool send(enum event_kind kind, char c)
{
	struct event event = { .source = 1, .kind = kind, .at = now };

	(void)snprintf(event.uuid, sizeof(event.uuid), "%s", uuid_of(c));
	return domains_take_event(&domains, &event);
}

static struct inspection sane_inspection(void)
{
	return (struct inspection){
		.live = {
			.facts = GUEST_BALLOON,
			.maximum = 1024 * MIB,
			.current = 512 * MIB,
			.period = 5 * SECOND,
		},
		.sold = 800 * MIB,
		.actual = 512 * MIB,
	};
}

static void inspect(char c, const struct inspection *inspection)
{
	(void)domain_take_inspection(find(c), inspection, now);
}

static void set_up(void)
{
	now = 100 * SECOND;
	next();
	add('a');
	add('b');
	take(true);
}

static void tear_down(void)
{
	domains_done(&domains);
}

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

	inspect('a', &inspection);
	next();
	add('a')->id = 4711;
	take(false);
	ck_assert_uint_eq(compose(), 1);
	ck_assert_uint_eq(guests[0].booted, sweep.began);
	ck_assert_uint_eq(guests[0].facts & GUEST_INSPECTED, 0);
	ck_assert(find('a')->calls.wants_inspection);
}
END_TEST

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
	(void)send(EVENT_STATE, 'a');
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

START_TEST(sold_is_the_persistent_size)
{
	struct inspection inspection = sane_inspection();

	inspect('a', &inspection);
	(void)compose();
	ck_assert_uint_eq(guests[0].sold, 800 * MIB);
	ck_assert_uint_eq(guests[0].period, 5 * SECOND);
	ck_assert_uint_eq(guests[0].facts, GUEST_INSPECTED | GUEST_BALLOON);
}
END_TEST

START_TEST(a_transient_domain_is_sold_the_size_that_it_had_when_first_seen)
{
	struct inspection inspection = sane_inspection();

	inspection.is_transient = true;
	inspection.sold = BALLOOND_UNKNOWN;
	inspect('a', &inspection);
	next();
	add('a')->actual = 300 * MIB;
	take(false);
	inspection.actual = 300 * MIB;
	inspect('a', &inspection);
	(void)compose();
	ck_assert_uint_eq(guests[0].sold, 512 * MIB);
	ck_assert_uint_eq(guests[0].seen.actual, 300 * MIB);
	ck_assert_uint_ne(guests[0].facts & GUEST_TRANSIENT, 0);
}
END_TEST

START_TEST(a_cached_size_that_is_wrong_is_corrected_until_it_moves)
{
	struct inspection inspection = sane_inspection();

	inspection.actual = 256 * MIB;
	ck_assert(domain_take_inspection(find('a'), &inspection, now));
	(void)compose();
	/* Not before the sweep whose figures fit it. */
	ck_assert_uint_eq(guests[0].seen.actual, 512 * MIB);
	next();
	add('a');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.actual, 256 * MIB);
	next();
	add('a')->actual = 300 * MIB;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.actual, 300 * MIB);
	next();
	add('a');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.actual, 512 * MIB);
}
END_TEST

START_TEST(virtio_mem_is_taken_off_all_sizes)
{
	struct inspection inspection = sane_inspection();

	inspection.live.elastic_size = 512 * MIB;
	inspection.live.elastic_current = 100 * MIB;
	inspection.actual = 412 * MIB;
	inspect('a', &inspection);
	next();
	add('a');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.maximum, 512 * MIB);
	ck_assert_uint_eq(guests[0].seen.actual, 412 * MIB);
	/* What it uses altogether stays the difference. */
	ck_assert_uint_eq(guests[0].seen.usable, 300 * MIB);
	ck_assert_uint_eq(guests[0].seen.total, 400 * MIB);
}
END_TEST

START_TEST(figures_that_cannot_be_are_unknown)
{
	struct sample *s;

	next();
	s = add('a');
	s->usable = 501 * MIB;
	s->unused = 501 * MIB;
	s->caches = 501 * MIB;
	s = add('b');
	s->total = 1100 * MIB;
	s->usable = 1050 * MIB;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.usable, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[0].seen.unused, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[0].seen.caches, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[0].seen.total, 500 * MIB);
	ck_assert_uint_eq(guests[1].seen.total, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[1].seen.usable, 1050 * MIB);
}
END_TEST

START_TEST(ages_grow_from_the_stamp_of_the_sample)
{
	next();
	add('a')->last_update = (WALL + now) / SECOND - 7;
	add('b')->last_update = 0;
	take(false);
	now += SECOND / 2;
	(void)compose();
	/* It was not there at the sweep before, so it cannot be older than that. */
	ck_assert_uint_eq(guests[0].seen.stats_age, SECOND + SECOND / 2);
	ck_assert_uint_ne(guests[0].stamp, 0);
	ck_assert_uint_eq(guests[1].seen.stats_age, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[1].stamp, 0);
}
END_TEST

START_TEST(a_stamp_that_stands_still_ages)
{
	uint64_t stamp = samples[0].last_update;

	for (int i = 0; i < 3; i++) {
		next();
		add('a')->last_update = stamp;
		take(false);
	}
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.stats_age, 3 * SECOND);
	ck_assert_uint_eq(guests[0].stamp, stamp);
}
END_TEST

START_TEST(a_clock_that_was_set_back_does_not_make_samples_young_or_old)
{
	next();
	add('a')->last_update = (WALL + now) / SECOND + 3600;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.stats_age, SECOND);
	next();
	add('c')->last_update = (WALL + now) / SECOND + 3600;
	add('d')->last_update = (WALL + now) / SECOND + 1;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.stats_age, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[1].seen.stats_age, 0);
}
END_TEST

START_TEST(computed_figures_are_fresh_at_every_sweep)
{
	uint64_t stamp;

	next();
	add('a')->last_update = 627319920;
	samples[0].is_computed = true;
	take(false);
	(void)compose();
	stamp = guests[0].stamp;
	ck_assert_uint_eq(guests[0].seen.stats_age, 0);
	next();
	add('a')->last_update = 627319920;
	samples[0].is_computed = true;
	take(false);
	(void)compose();
	ck_assert_uint_ne(guests[0].stamp, stamp);
}
END_TEST

static void take_short(void)
{
	struct sample *s;

	next();
	s = add('a');
	s->is_short = true;
	s->actual = 300 * MIB;
	s->usable = s->total = s->unused = s->caches = s->last_update = BALLOOND_UNKNOWN;
	s->rss = s->resident = BALLOOND_UNKNOWN;
	take(false);
	(void)compose();
}

START_TEST(one_short_sample_keeps_the_figures_and_two_are_busy)
{
	uint64_t stamp = samples[0].last_update;

	take_short();
	ck_assert_uint_eq(guests[0].facts & GUEST_BUSY, 0);
	ck_assert_uint_eq(guests[0].seen.actual, 300 * MIB);
	ck_assert_uint_eq(guests[0].seen.usable, 400 * MIB);
	ck_assert_uint_eq(guests[0].seen.resident, 550 * MIB);
	ck_assert_uint_eq(guests[0].stamp, stamp);
	ck_assert_uint_eq(guests[0].seen.stats_age, SECOND);
	take_short();
	ck_assert_uint_ne(guests[0].facts & GUEST_BUSY, 0);
	next();
	add('a');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].facts & GUEST_BUSY, 0);
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

int main(void)
{
	Suite *suite = suite_create("domains");
	TCase *tc = tcase_create("domains");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, guests_come_sorted_and_not_inspected);
	tcase_add_test(tc, the_first_sweep_adopts_and_later_ones_see_beginnings);
	tcase_add_test(tc, what_a_sweep_does_not_find_is_gone);
	tcase_add_test(tc, a_sweep_of_another_source_takes_nothing_away);
	tcase_add_test(tc, another_id_is_another_run);
	tcase_add_test(tc, a_reboot_keeps_what_the_definition_says);
	tcase_add_test(tc, an_ended_domain_is_hidden_from_older_sweeps);
	tcase_add_test(tc, a_start_that_a_sweep_saw_already_begins_once);
	tcase_add_test(tc, events_of_unknown_domains_ask_for_a_sweep_alone);
	tcase_add_test(tc, a_change_is_inspected_and_a_migration_is_busy_for_a_while);
	tcase_add_test(tc, a_lost_source_keeps_its_guests_until_it_is_back);
	tcase_add_test(tc, sold_is_the_persistent_size);
	tcase_add_test(tc, a_transient_domain_is_sold_the_size_that_it_had_when_first_seen);
	tcase_add_test(tc, a_cached_size_that_is_wrong_is_corrected_until_it_moves);
	tcase_add_test(tc, virtio_mem_is_taken_off_all_sizes);
	tcase_add_test(tc, figures_that_cannot_be_are_unknown);
	tcase_add_test(tc, ages_grow_from_the_stamp_of_the_sample);
	tcase_add_test(tc, a_stamp_that_stands_still_ages);
	tcase_add_test(tc, a_clock_that_was_set_back_does_not_make_samples_young_or_old);
	tcase_add_test(tc, computed_figures_are_fresh_at_every_sweep);
	tcase_add_test(tc, one_short_sample_keeps_the_figures_and_two_are_busy);
	tcase_add_test(tc, an_outcome_is_told_once);
	tcase_add_test(tc, a_call_in_flight_outlives_its_domain);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
