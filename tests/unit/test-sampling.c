/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is hot, and why: the planner on scenes. */

#include "balloond/core/sampling.h"

#include "balloond/core/demand.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

#define MS UINT64_C(1000)

/* A guest of 2 GiB that uses half of it, in a pool that has room. */
static void calm_scene(struct scene *s)
{
	scene_init(s);
	scene_add_many(s, 2, 2 * GiB, 1 * GiB);
	scene_run(s, 20);
	ck_assert_uint_eq(scene_verdict(s, 0)->hot, 0);
	ck_assert_uint_eq(scene_verdict(s, 1)->hot, 0);
	ck_assert_uint_eq(s->plan.sampling.n_hot, 0);
}

START_TEST(a_guest_that_was_just_met_is_hot_for_a_while)
{
	struct scene s;

	scene_init(&s);
	scene_add_many(&s, 1, 2 * GiB, 1 * GiB);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, HOT_NEW);
	scene_run(&s, 6);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, 0);
}
END_TEST

START_TEST(a_guest_near_its_size_is_hot)
{
	struct scene s;

	calm_scene(&s);
	s.real[0].need = 2 * GiB - 2 * demand_margin(2 * GiB, true) + 8 * MiB;
	scene_run(&s, 20);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot & HOT_NEAR, HOT_NEAR);
	ck_assert_uint_eq(scene_verdict(&s, 1)->hot, 0);
	ck_assert_uint_eq(s.plan.sampling.n_hot, 1);
}
END_TEST

START_TEST(a_guest_within_twice_of_what_it_took_at_once_is_hot)
{
	struct scene s;

	calm_scene(&s);
	s.history.guests[1].burst = 600 * MiB;
	scene_run(&s, 1);
	ck_assert_uint_eq(scene_verdict(&s, 1)->hot, HOT_NEAR);
	s.history.guests[1].burst = 500 * MiB;
	scene_run(&s, 1);
	ck_assert_uint_eq(scene_verdict(&s, 1)->hot, 0);
}
END_TEST

START_TEST(a_guest_that_uses_more_than_before_is_hot_for_a_while)
{
	struct scene s;

	calm_scene(&s);
	s.real[0].need += sampling_growth(2 * GiB);
	scene_run(&s, 1);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot & HOT_GROWING, HOT_GROWING);
	scene_run(&s, 4);
	ck_assert_uint_ne(scene_verdict(&s, 0)->hot, 0);
	scene_run(&s, 2);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, 0);
	s.real[0].need += sampling_growth(2 * GiB) - 1;
	scene_run(&s, 1);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, 0);
}
END_TEST

/* What is resident is looked at more often than the guest is asked. */
START_TEST(a_calm_guest_whose_resident_memory_rose_is_hot_at_once)
{
	struct scene s;

	scene_init(&s);
	scene_add_many(&s, 1, 2 * GiB, 512 * MiB);
	s.real[0].touched = 512 * MiB;
	scene_run(&s, 20);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, 0);
	s.snapshot.now += SECOND;
	s.guests[0].resident_at = s.snapshot.now;
	s.guests[0].seen.resident += 64 * MiB;
	scene_plan(&s);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, HOT_ROSE);
	ck_assert(scene_verdict(&s, 0)->due);
	ck_assert_uint_eq(scene_verdict(&s, 0)->source->swept, s.snapshot.now - SECOND);
	scene_run(&s, 6);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, 0);
}
END_TEST

START_TEST(a_guest_that_moves_is_hot_until_it_is_there)
{
	struct scene s;

	calm_scene(&s);
	s.real[0].slowness = 16 * MiB;
	scene_proposal[0] = 1536 * MiB;
	scene_run(&s, 2);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot & HOT_MOVING, HOT_MOVING);
	ck_assert_uint_eq(scene_verdict(&s, 1)->hot, 0);
	scene_run(&s, 60);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1536 * MiB);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, 0);
}
END_TEST

START_TEST(a_guest_that_boots_is_hot)
{
	struct scene s;

	calm_scene(&s);
	s.guests[1].booted = s.snapshot.now;
	scene_run(&s, 1);
	ck_assert_int_eq(scene_verdict(&s, 1)->state, STATE_BOOTING);
	ck_assert_uint_eq(scene_verdict(&s, 1)->hot, HOT_BOOTING);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, 0);
}
END_TEST

START_TEST(a_guest_is_hot_for_a_minute_after_distress)
{
	struct scene s;

	calm_scene(&s);
	s.guests[0].seen.swap_in = 0;
	scene_run(&s, 1);
	s.guests[0].seen.swap_in += 2 * MiB;
	scene_run(&s, 1);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, HOT_DISTRESS);
	scene_run(&s, 58);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, HOT_DISTRESS);
	scene_run(&s, 3);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, 0);
}
END_TEST

START_TEST(nobody_is_hot_whom_nothing_could_be_given)
{
	struct scene s;

	calm_scene(&s);
	s.config.n_rules = 0;
	s.real[0].need = 2 * GiB - 16 * MiB;
	scene_run(&s, 2);
	ck_assert_uint_eq(scene_verdict(&s, 0)->hot, 0);
	ck_assert_uint_eq((s.snapshot.now + s.plan.next_wake) % (5 * SECOND), 0);
	ck_assert_uint_gt(s.plan.next_wake, SECOND);
}
END_TEST

START_TEST(a_plan_in_between_puts_no_sweep_off)
{
	struct scene s;
	usec_t at;

	calm_scene(&s);
	ck_assert_uint_eq(s.snapshot.now % SECOND, 0);
	ck_assert_uint_eq(s.plan.next_wake, 500 * MS);
	at = s.snapshot.now + s.plan.next_wake;
	for (unsigned i = 0; i < 4; i++) {
		s.snapshot.now += 100 * MS;
		scene_plan(&s);
		ck_assert_uint_eq(s.snapshot.now + s.plan.next_wake, at);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sampling");
	TCase *t = tcase_create("sampling");

	tcase_add_test(t, a_guest_that_was_just_met_is_hot_for_a_while);
	tcase_add_test(t, a_guest_near_its_size_is_hot);
	tcase_add_test(t, a_guest_within_twice_of_what_it_took_at_once_is_hot);
	tcase_add_test(t, a_guest_that_uses_more_than_before_is_hot_for_a_while);
	tcase_add_test(t, a_calm_guest_whose_resident_memory_rose_is_hot_at_once);
	tcase_add_test(t, a_guest_that_moves_is_hot_until_it_is_there);
	tcase_add_test(t, a_guest_that_boots_is_hot);
	tcase_add_test(t, a_guest_is_hot_for_a_minute_after_distress);
	tcase_add_test(t, nobody_is_hot_whom_nothing_could_be_given);
	tcase_add_test(t, a_plan_in_between_puts_no_sweep_off);
	suite_add_tcase(s, t);
	return check_main(s);
}
