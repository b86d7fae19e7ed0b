/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What distress teaches, and how it fades.  Of guests that share a pool: test-learn-pool.c. */

#include "balloond/core/learn.h"

#include "tests/unit/check-main.h"
#include "tests/unit/learn-bed.h"

static uint64_t floor_of(const struct scene *s, size_t i)
{
	return scene_verdict(s, i)->guest.floor;
}

/* Of a lesson a moment ago, which fades. */
static void expect_about(uint64_t size, uint64_t taught)
{
	ck_assert_uint_le(size, taught);
	ck_assert_uint_ge(size + 2 * MiB, taught);
}

static uint64_t learned(const struct scene *s)
{
	return s->history.guests[0].learned;
}

START_TEST(a_guest_that_was_made_too_small_is_not_made_that_small_again)
{
	struct scene s;

	begin(&s, 2, 1 * GiB);
	cry(&s, 1);
	scene_tick(&s, SECOND);
	expect_about(floor_of(&s, 0), 1152 * MiB);
	expect_about(scene_verdict(&s, 0)->floor_learned, 1152 * MiB);
	ck_assert_uint_eq(scene_verdict(&s, 0)->target, 1152 * MiB);
	ck_assert_uint_eq(floor_of(&s, 1), scene_verdict(&s, 1)->promised);
	ck_assert_uint_eq(scene_verdict(&s, 1)->floor_learned, 0);
	/* The next squeeze ends there. */
	scene_proposal[0] = 3 * GiB;
	scene_run(&s, 5);
	scene_proposal[0] = 600 * MiB;
	scene_run(&s, 5);
	expect_about(s.guests[0].seen.actual, 1152 * MiB);
}
END_TEST

START_TEST(a_little_below_what_it_taught_is_no_reason_to_move)
{
	struct scene s;

	begin(&s, 1, 1 * GiB);
	cry(&s, 1);
	s.guests[0].seen.actual = s.history.guests[0].target = 1140 * MiB;
	scene_run(&s, 3);
	expect_about(floor_of(&s, 0), 1152 * MiB);
	ck_assert_uint_eq(scene_verdict(&s, 0)->target, 1140 * MiB);
}
END_TEST

START_TEST(a_lesson_is_64_mib_at_least)
{
	struct scene s;

	begin(&s, 0, 0);
	scene_add_many(&s, 1, 1 * GiB, 128 * MiB);
	scene_proposal[0] = 320 * MiB;
	scene_run(&s, 4);
	cry(&s, 1);
	ck_assert_uint_eq(learned(&s), 384 * MiB);
}
END_TEST

START_TEST(a_guest_at_its_ceiling_teaches_nothing)
{
	struct scene s;

	begin(&s, 1, 3 * GiB);
	s.promise.max = (struct amount){ AMOUNT_BYTES, 2 * GiB };
	scene_run(&s, 4);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
	cry(&s, 1);
	ck_assert_uint_eq(learned(&s), 0);
}
END_TEST

START_TEST(the_ceiling_ends_it)
{
	struct scene s;

	begin(&s, 1, 3900 * MiB);
	cry(&s, 1);
	ck_assert_uint_eq(learned(&s), 4 * GiB);
	s.promise.max = (struct amount){ AMOUNT_BYTES, 2 * GiB };
	scene_tick(&s, SECOND);
	expect_about(floor_of(&s, 0), 2 * GiB);
}
END_TEST

START_TEST(who_was_not_made_smaller_teaches_nothing)
{
	struct scene s;

	/* It starts small, and grows. */
	begin(&s, 1, 4 * GiB);
	s.guests[0].seen.actual = 1 * GiB;
	s.history.guests[0].target = s.history.guests[0].actual = 1 * GiB;
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 2);
	cry(&s, 1);
	scene_proposal[0] = 2 * GiB;
	scene_run(&s, 2);
	cry(&s, 1);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
	ck_assert_uint_eq(learned(&s), 0);
	/* It has its ceiling again; or as good as that. */
	for (unsigned i = 0; i < 4; i++) {
		scene_proposal[0] = i % 2 ? 4 * GiB : 1 * GiB;
		scene_run(&s, 2);
	}
	ck_assert_uint_eq(s.history.guests[0].shrunk_from, 4 * GiB);
	cry(&s, 1);
	ck_assert_uint_eq(learned(&s), 0);
	/* It is smaller than it was, and not by as much as a move. */
	s.real[0].stuck = true;
	s.guests[0].seen.actual -= 16 * MiB;
	cry(&s, 1);
	ck_assert_uint_eq(learned(&s), 0);
	s.real[0].stuck = false;
	scene_proposal[0] = 2 * GiB;
	scene_run(&s, 2);
	cry(&s, 1);
	ck_assert_uint_eq(learned(&s), 2 * GiB + 256 * MiB);
}
END_TEST

START_TEST(a_dry_run_and_a_guest_that_is_silent_teach_nothing)
{
	struct scene s;

	begin(&s, 1, 1 * GiB);
	s.real[0].silent = true;
	scene_run(&s, 6);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_STALE);
	s.history.guests[0].sample++;
	cry(&s, 1);
	ck_assert_uint_eq(learned(&s), 0);

	begin(&s, 1, 4 * GiB);
	s.dry_run = true;
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 2);
	s.guests[0].seen.actual = 1 * GiB; /* somebody's doing */
	scene_run(&s, 2);
	cry(&s, 1);
	ck_assert_uint_eq(learned(&s), 0);
}
END_TEST

START_TEST(a_sample_teaches_once)
{
	struct scene s;

	begin(&s, 1, 1 * GiB);
	s.guests[0].period = 60 * SECOND;
	cry(&s, 1);
	s.real[0].silent = true;
	scene_proposal[0] = 2 * GiB;
	cries[0] = true;
	scene_run(&s, 90);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_MANAGED);
	ck_assert_uint_eq(learned(&s), 1152 * MiB);
	s.real[0].silent = false;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(learned(&s), 2304 * MiB);
}
END_TEST

START_TEST(distress_within_a_minute_is_the_same_lesson)
{
	struct scene s;

	begin(&s, 1, 1 * GiB);
	cries[0] = true;
	scene_tick(&s, SECOND);
	scene_proposal[0] = 2 * GiB;
	scene_run(&s, 59);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
	ck_assert_uint_eq(learned(&s), 1152 * MiB);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(learned(&s), 2304 * MiB);
}
END_TEST

START_TEST(a_smaller_lesson_takes_nothing_back)
{
	struct scene s;
	uint64_t before;

	begin(&s, 1, 2 * GiB);
	cry(&s, 1);
	s.config.host.pool.value = 1 * GiB; /* it is low, and squeezed below what it taught */
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 80);
	ck_assert_uint_lt(s.guests[0].seen.actual, 1200 * MiB);
	before = scene_verdict(&s, 0)->floor_learned;
	cry(&s, 1);
	expect_about(learned(&s), before);
}
END_TEST

START_TEST(what_was_learned_above_the_promise_halves_every_six_hours)
{
	struct scene s;
	uint64_t promised, above;

	begin(&s, 1, 2 * GiB);
	cry(&s, 1);
	scene_tick(&s, SECOND);
	promised = scene_verdict(&s, 0)->promised;
	above = 2304 * MiB - promised;
	for (unsigned halvings = 1; halvings < 6; halvings++) {
		scene_tick(&s, 6 * HOUR - (halvings == 1 ? SECOND : 0));
		ck_assert_uint_eq(floor_of(&s, 0), promised + (above >> halvings));
	}
	scene_tick(&s, 72 * HOUR);
	ck_assert_uint_eq(scene_verdict(&s, 0)->floor_learned, 0);
	ck_assert_uint_eq(floor_of(&s, 0), promised);
}
END_TEST

START_TEST(many_ticks_and_one_long_gap_come_to_the_same_byte)
{
	struct scene many, one;

	begin(&many, 1, 2 * GiB);
	begin(&one, 1, 2 * GiB);
	cry(&many, 1);
	cry(&one, 1);
	for (unsigned i = 0; i < 1000; i++)
		scene_tick(&many, 37 * SECOND);
	scene_tick(&one, 37000 * SECOND);
	ck_assert_uint_gt(floor_of(&one, 0), scene_verdict(&one, 0)->promised + 100 * MiB);
	ck_assert_uint_eq(floor_of(&many, 0), floor_of(&one, 0));
}
END_TEST

START_TEST(a_reboot_forgets)
{
	struct scene s;

	begin(&s, 1, 1 * GiB);
	cry(&s, 1);
	scene_tick(&s, 600 * SECOND); /* else it died of the shrink: core/crash.h */
	s.guests[0].booted = s.snapshot.now;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(learned(&s), 0);
	ck_assert_uint_eq(floor_of(&s, 0), scene_verdict(&s, 0)->promised);
	/* It is not made smaller in this boot until balloond has asked for it. */
	scene_run(&s, 40);
	s.guests[0].seen.actual = s.history.guests[0].target = 1 * GiB;
	s.history.guests[0].shrunk_from = 0;
	cry(&s, 1);
	ck_assert_uint_eq(learned(&s), 0);
}
END_TEST

START_TEST(it_holds_while_the_host_is_normal_or_tight)
{
	struct scene s;

	begin(&s, 1, 1 * GiB);
	cry(&s, 1);
	/* Of a reserve of 1 GiB. */
	static const struct {
		uint64_t available;
		uint32_t level;
	} rows[] = {
		{ 60 * GiB, BALLOOND_LEVEL_NORMAL },
		{ 700 * MiB, BALLOOND_LEVEL_TIGHT },
		{ 200 * MiB, BALLOOND_LEVEL_LOW },
		{ 50 * MiB, BALLOOND_LEVEL_CRITICAL },
	};
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		const struct verdict *v = scene_verdict(&s, 0);

		s.host_other = 128 * GiB - rows[k].available - s.guests[0].seen.resident;
		scene_tick(&s, SECOND);
		ck_assert_uint_eq(s.plan.account.level, rows[k].level);
		expect_about(v->floor_learned, 1152 * MiB);
		if (rows[k].level <= BALLOOND_LEVEL_TIGHT)
			ck_assert_uint_eq(v->guest.floor, v->floor_learned);
		else
			ck_assert_uint_eq(v->guest.floor, v->promised);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("learn");
	TCase *tc = tcase_create("learn");

	tcase_add_test(tc, a_guest_that_was_made_too_small_is_not_made_that_small_again);
	tcase_add_test(tc, a_little_below_what_it_taught_is_no_reason_to_move);
	tcase_add_test(tc, a_lesson_is_64_mib_at_least);
	tcase_add_test(tc, a_guest_at_its_ceiling_teaches_nothing);
	tcase_add_test(tc, the_ceiling_ends_it);
	tcase_add_test(tc, who_was_not_made_smaller_teaches_nothing);
	tcase_add_test(tc, a_dry_run_and_a_guest_that_is_silent_teach_nothing);
	tcase_add_test(tc, a_sample_teaches_once);
	tcase_add_test(tc, distress_within_a_minute_is_the_same_lesson);
	tcase_add_test(tc, a_smaller_lesson_takes_nothing_back);
	tcase_add_test(tc, what_was_learned_above_the_promise_halves_every_six_hours);
	tcase_add_test(tc, many_ticks_and_one_long_gap_come_to_the_same_byte);
	tcase_add_test(tc, a_reboot_forgets);
	tcase_add_test(tc, it_holds_while_the_host_is_normal_or_tight);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
