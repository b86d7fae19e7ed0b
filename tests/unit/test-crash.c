/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Guests that boot anew soon after they were shrunk. */

#include "balloond/core/crash.h"

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* A guest of 4 GiB that is shrunk from that to 1 GiB. */
static void begin(struct scene *s)
{
	scene_init(s);
	s->config.host.shrink_guest = s->config.host.shrink_host = 64 * GiB;
	scene_add_many(s, 1, 4 * GiB, 512 * MiB);
	scene_proposal[0] = 1 * GiB;
	scene_run(s, 3);
	ck_assert_uint_eq(s->guests[0].seen.actual, 1 * GiB);
}

static void boot(struct scene *s)
{
	s->guests[0].booted = s->snapshot.now;
	scene_tick(s, SECOND);
	ck_assert_int_eq(scene_verdict(s, 0)->state, STATE_BOOTING);
	ck_assert_uint_ge(scene_verdict(s, 0)->target, 4 * GiB - MiB);
}

/* Until it does not count as booting any more; returns how long that took. */
static usec_t settle(struct scene *s)
{
	usec_t begin = s->snapshot.now;

	while (scene_verdict(s, 0)->state == STATE_BOOTING && s->snapshot.now < begin + HOUR)
		scene_tick(s, SECOND);
	return s->snapshot.now - begin;
}

static uint64_t rests_at(struct scene *s)
{
	scene_run(s, 10);
	return s->guests[0].seen.actual;
}

START_TEST(a_guest_that_dies_of_a_shrink_keeps_what_it_had_before)
{
	struct scene s;

	begin(&s);
	boot(&s);
	ck_assert(crash_is_recent(&s.history.guests[0]));
	settle(&s);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_MANAGED);
	ck_assert_uint_ge(rests_at(&s), 4 * GiB - 32 * MiB);
	ck_assert_uint_ge(scene_verdict(&s, 0)->floor_learned, 4 * GiB - 32 * MiB);
}
END_TEST

START_TEST(many_small_steps_are_one_shrink)
{
	struct scene s;

	begin(&s);
	for (uint64_t size = 1000 * MiB; size >= 800 * MiB; size -= 50 * MiB) {
		scene_proposal[0] = size;
		scene_run(&s, 60);
	}
	ck_assert_uint_eq(s.guests[0].seen.actual, 800 * MiB);
	boot(&s);
	ck_assert_uint_eq(s.history.guests[0].learned, 4 * GiB);
}
END_TEST

START_TEST(a_shrink_that_it_survived_for_long_is_not_to_blame)
{
	struct scene s;

	begin(&s);
	scene_tick(&s, 10 * MINUTE);
	scene_proposal[0] = 900 * MiB;
	scene_run(&s, 3);
	boot(&s);
	ck_assert_uint_eq(s.history.guests[0].learned, 1 * GiB);
}
END_TEST

START_TEST(a_guest_that_reboots_later_is_one_that_reboots)
{
	struct scene s;
	usec_t usual;

	begin(&s);
	scene_tick(&s, 6 * MINUTE);
	boot(&s);
	usual = settle(&s);
	ck_assert(!crash_is_recent(&s.history.guests[0]));
	ck_assert_uint_eq(s.history.guests[0].learned, 0);
	ck_assert_uint_eq(rests_at(&s), 1 * GiB);
	/* One that may have died of the shrink gets twice as long. */
	boot(&s);
	ck_assert_uint_ge(settle(&s), 2 * usual - 2 * SECOND);
}
END_TEST

START_TEST(a_guest_that_has_all_back_did_not_die_of_the_shrink)
{
	struct scene s;

	begin(&s);
	scene_proposal[0] = 4 * GiB;
	scene_run(&s, 3);
	ck_assert_uint_eq(s.guests[0].seen.actual, 4 * GiB);
	s.guests[0].booted = s.snapshot.now;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.history.guests[0].crash.at, 0);
}
END_TEST

START_TEST(the_second_time_in_an_hour_it_is_left_alone_for_a_day)
{
	struct scene s;

	begin(&s);
	boot(&s);
	settle(&s);
	/* The host being short, what it has taught does not hold. */
	s.history.guests[0].learned = 0;
	scene_run(&s, 5);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
	boot(&s);
	settle(&s);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_OBSERVED);
	ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_CRASHED);
	ck_assert_uint_ge(rests_at(&s), 4 * GiB - MiB);
	scene_tick(&s, 23 * HOUR);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_OBSERVED);
	scene_run(&s, 3);
	scene_tick(&s, 2 * HOUR);
	scene_run(&s, 3);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_MANAGED);
}
END_TEST

START_TEST(two_crashes_of_two_hours_are_two_lessons)
{
	struct scene s;

	begin(&s);
	boot(&s);
	settle(&s);
	scene_tick(&s, 2 * HOUR);
	scene_run(&s, 5);
	ck_assert_uint_lt(s.guests[0].seen.actual, 4 * GiB - 32 * MiB);
	boot(&s);
	settle(&s);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_MANAGED);
}
END_TEST

/* Each of the boots of a loop is one of its own. */
START_TEST(a_loop_of_boots_is_one_crash_and_its_lesson_stays)
{
	struct scene s;

	begin(&s);
	for (unsigned i = 0; i < 5; i++) {
		boot(&s);
		scene_tick(&s, 4 * SECOND);
	}
	ck_assert_uint_eq(s.history.guests[0].crash.gave_up, 0);
	ck_assert_uint_eq(s.history.guests[0].learned, 4 * GiB);
	ck_assert_uint_ge(settle(&s), 50 * SECOND);
	ck_assert_uint_ge(rests_at(&s), 4 * GiB - 32 * MiB);
}
END_TEST

START_TEST(a_dry_run_shrinks_nobody_to_death)
{
	struct scene s;

	scene_init(&s);
	s.dry_run = true;
	scene_add_many(&s, 1, 4 * GiB, 512 * MiB);
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 3);
	s.guests[0].booted = s.snapshot.now;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.history.guests[0].crash.at, 0);
}
END_TEST

/* It was asked for all before its reset: the driver would find nothing to do, and the size from
 * before would stay for ever. */
START_TEST(a_booting_guest_is_told_a_size_that_makes_it_report)
{
	struct scene s;

	scene_init(&s);
	scene_add_many(&s, 1, 4 * GiB, 256 * MiB);
	scene_run(&s, 1);
	s.real[0].stuck = true;
	s.guests[0].seen.actual = 1 * GiB;
	s.guests[0].booted = s.snapshot.now;
	scene_run(&s, 1);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_BOOTING);
	ck_assert_uint_eq(s.plan.n_steps, 1);
	ck_assert_uint_eq(s.plan.steps[0].to, 4 * GiB - MiB);
	ck_assert_uint_eq(s.history.guests[0].target, 4 * GiB - MiB);
	scene_run(&s, 1);
	ck_assert_uint_eq(s.plan.n_steps, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crash");
	TCase *tc = tcase_create("crash");

	tcase_add_test(tc, a_guest_that_dies_of_a_shrink_keeps_what_it_had_before);
	tcase_add_test(tc, many_small_steps_are_one_shrink);
	tcase_add_test(tc, a_shrink_that_it_survived_for_long_is_not_to_blame);
	tcase_add_test(tc, a_guest_that_reboots_later_is_one_that_reboots);
	tcase_add_test(tc, a_guest_that_has_all_back_did_not_die_of_the_shrink);
	tcase_add_test(tc, the_second_time_in_an_hour_it_is_left_alone_for_a_day);
	tcase_add_test(tc, two_crashes_of_two_hours_are_two_lessons);
	tcase_add_test(tc, a_loop_of_boots_is_one_crash_and_its_lesson_stays);
	tcase_add_test(tc, a_dry_run_shrinks_nobody_to_death);
	tcase_add_test(tc, a_booting_guest_is_told_a_size_that_makes_it_report);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
