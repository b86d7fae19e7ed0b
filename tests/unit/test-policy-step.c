/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/step.c"

#include "tests/unit/policy-sim.h"

static struct params defaults(void)
{
	struct params params = { 0 };

	policy_defaults(&params);
	return params;
}

/* Of 5 % each. */
static uint64_t after_steps(uint64_t size, unsigned n)
{
	while (n-- > 0)
		size -= balloond_permille(size, 50);
	return size;
}

static const uint64_t ticks[] = { SECOND / 4, SECOND / 2, SECOND,     2 * SECOND,
				  3 * SECOND, 7 * SECOND, 10 * SECOND };

START_TEST(step_shrinks_by_its_share_at_every_beat_whatever_the_tick)
{
	struct params params = defaults();
	struct sim s;
	uint64_t expected;

	sim_init(&s, &params);
	sim_add(&s, 16 * GiB, 100 * MiB);
	/* The beats of the first minute are at its first tick, and 10 s to 50 s later. */
	for (uint64_t t = 0; t < 60 * SECOND; t += ticks[_i])
		sim_tick(&s, ticks[_i]);
	expected = after_steps(16 * GiB, 6);
	ck_assert_uint_eq(s.v.guests[0].target, expected);
	ck_assert_uint_eq(s.real[0].turns, 0);
}
END_TEST

START_TEST(step_does_not_make_up_for_beats_that_were_missed)
{
	struct params params = defaults();
	struct sim s;

	sim_init(&s, &params);
	sim_add(&s, 1 * GiB, 100 * MiB);
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[0].bytes, after_steps(1 * GiB, 1));
	sim_tick(&s, 3600 * SECOND);
	ck_assert_uint_eq(s.v.targets[0].bytes, after_steps(1 * GiB, 2));
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[0].bytes, after_steps(1 * GiB, 2));
}
END_TEST

START_TEST(step_does_not_pile_up_what_the_guard_does_not_allow)
{
	struct params params = defaults();
	struct sim s;

	sim_init(&s, &params);
	sim_add(&s, 4 * GiB, 100 * MiB);
	s.is_held = 1;
	sim_run(&s, SECOND, 600 * SECOND);
	ck_assert_uint_eq(s.v.targets[0].bytes, after_steps(4 * GiB, 1));
}
END_TEST

START_TEST(step_moves_a_guest_whose_share_is_within_the_dead_band)
{
	struct params params = defaults();
	struct sim s;
	size_t i;

	sim_init(&s, &params);
	i = sim_add(&s, 1 * GiB, 10 * MiB);
	s.v.guests[i].floor = 32 * MiB;
	s.v.guests[i].target = 128 * MiB; /* 5 % of it is less than the band of 8 MiB */
	sim_run(&s, SECOND / 2, 120 * SECOND);
	ck_assert_uint_le(s.v.guests[i].target, after_steps(128 * MiB, 12) + 8 * MiB);
	ck_assert_uint_ge(s.v.guests[i].target + 8 * MiB, after_steps(128 * MiB, 12));
}
END_TEST

START_TEST(step_leaves_a_guest_that_somebody_else_has_moved_until_the_next_beat)
{
	struct params params = defaults();
	struct sim s;

	sim_init(&s, &params);
	sim_add(&s, 4 * GiB, 100 * MiB);
	s.v.guests[0].target = 2 * GiB;
	sim_run(&s, SECOND, 5 * SECOND);
	ck_assert_uint_eq(s.v.guests[0].target, after_steps(2 * GiB, 1));
	s.v.guests[0].target = 3 * GiB;
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[0].bytes, 3 * GiB);
	sim_run(&s, SECOND, 5 * SECOND);
	ck_assert_uint_eq(s.v.guests[0].target, after_steps(3 * GiB, 1));
}
END_TEST

START_TEST(step_ends_at_what_a_guest_uses_and_keeps)
{
	struct params params = defaults();
	struct sim s;
	uint64_t least = balloond_whole(900 * MiB, 900);

	sim_init(&s, &params);
	sim_add(&s, 4 * GiB, 900 * MiB);
	sim_run(&s, SECOND / 2, 3600 * SECOND);
	ck_assert_uint_ge(s.real[0].lowest, least);
	ck_assert_uint_lt(s.v.guests[0].target, least + 21 * MiB);
	ck_assert_uint_eq(s.real[0].turns, 0);
	s.v.guests[0].target = s.v.guests[0].actual = least;
	sim_tick(&s, SECOND / 2);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_LEAST);
	ck_assert_uint_eq(s.v.targets[0].claim, least);
	s.v.guests[0].floor = least;
	sim_tick(&s, SECOND / 2);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_FLOOR);
}
END_TEST

START_TEST(step_gives_back_at_once_what_a_guest_is_to_keep)
{
	struct params params = defaults();
	struct sim s;

	sim_init(&s, &params);
	sim_add(&s, 4 * GiB, 900 * MiB);
	sim_run(&s, SECOND / 2, 3600 * SECOND);
	s.real[0].need = 940 * MiB; /* of about 1000: a part of what it keeps is there to be used */
	sim_tick(&s, SECOND);
	ck_assert_uint_ne(s.v.targets[0].reason, REASON_RELIEVED);
	s.real[0].need = 990 * MiB;
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_RELIEVED);
	ck_assert_uint_eq(s.v.targets[0].bytes, balloond_whole(990 * MiB, 900));
}
END_TEST

START_TEST(step_grows_by_its_share_up_to_the_ceiling)
{
	struct params params = defaults();
	struct sim s;

	params.shrink = 0;
	params.grow = 100;
	sim_init(&s, &params);
	sim_add(&s, 4 * GiB, 100 * MiB);
	s.v.guests[0].target = 1 * GiB;
	s.v.guests[0].ceiling = 4 * GiB - 1;
	sim_run(&s, SECOND / 2, 10 * SECOND);
	ck_assert_uint_eq(s.v.guests[0].target, 1 * GiB + 1 * GiB / 10);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_STEPPING);
	for (unsigned n = 0; n < 400; n++) {
		sim_tick(&s, SECOND / 2);
		ck_assert_uint_lt(s.v.targets[0].bytes, 4 * GiB);
	}
	ck_assert_uint_eq(s.v.guests[0].target, 4 * GiB - 1);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_CEILING);
	ck_assert_uint_eq(s.real[0].turns, 0);
}
END_TEST

/* Each keeps a guest from being shrunk, and only that. */
static const struct obstacle {
	uint64_t used;
	uint32_t flags, reason;
} obstacles[] = {
	{ BALLOOND_UNKNOWN, 0, REASON_UNKNOWN },
	{ 100 * MiB, BALLOOND_GUEST_STALE, REASON_UNKNOWN },
	{ 100 * MiB, BALLOOND_GUEST_BLIND, REASON_UNKNOWN },
	{ 100 * MiB, BALLOOND_GUEST_COOLING, REASON_SWAPPING },
};

START_TEST(step_does_not_shrink_in_doubt)
{
	const struct obstacle *o = &obstacles[_i];
	struct params params = defaults();
	struct policy_view v = { .view.n_guests = 1, .view.now = 1000 * SECOND };
	struct balloond_guest *g = &v.guests[0];

	*g = (struct balloond_guest){ .target = GiB, .actual = GiB, .ceiling = 2 * GiB };
	g->used = o->used;
	g->flags = o->flags;
	policy_ask(&v, &params);
	ck_assert_uint_eq(v.targets[0].bytes, GiB);
	ck_assert_uint_eq(v.targets[0].reason, o->reason);
	/* What was due meanwhile does not come at once when the doubt is over. */
	g->used = 100 * MiB;
	g->flags = 0;
	v.view.now += SECOND;
	policy_ask(&v, &params);
	ck_assert_uint_eq(v.targets[0].bytes, GiB);
	v.view.now += 10 * SECOND;
	policy_ask(&v, &params);
	ck_assert_uint_eq(v.targets[0].bytes, after_steps(GiB, 1));
	params.shrink = 0;
	params.grow = 50;
	g->used = o->used;
	g->flags = o->flags;
	v.view.now += 10 * SECOND;
	policy_ask(&v, &params);
	ck_assert_uint_gt(v.targets[0].bytes, GiB);
}
END_TEST

START_TEST(step_stops_when_a_guest_swaps_in)
{
	struct params params = defaults();
	struct sim s;

	sim_init(&s, &params);
	sim_add(&s, 4 * GiB, 100 * MiB);
	sim_run(&s, SECOND, 15 * SECOND);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_STEPPING);
	ck_assert_uint_lt(s.v.targets[0].claim, 200 * MiB);
	s.v.guests[0].swap_in += MiB;
	s.v.view.now += 5 * SECOND;
	s.v.guests[0].target = 2 * GiB;
	sim_tick(&s, SECOND); /* a beat */
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_SWAPPING);
	ck_assert_uint_eq(s.v.targets[0].bytes, 2 * GiB);
	ck_assert_uint_eq(s.v.targets[0].claim, 2 * GiB);
	sim_run(&s, SECOND, 9 * SECOND);
	ck_assert_uint_eq(s.v.guests[0].target, 2 * GiB);
	sim_run(&s, SECOND, 2 * SECOND);
	ck_assert_uint_lt(s.v.guests[0].target, 2 * GiB);
}
END_TEST

START_TEST(step_does_not_look_at_what_was_while_another_rule_held)
{
	struct params params = defaults();
	struct sim s;

	sim_init(&s, &params);
	sim_add(&s, 4 * GiB, 100 * MiB);
	sim_run(&s, SECOND, 15 * SECOND);
	s.v.guests[0].sample += 100;
	s.v.guests[0].swap_in += GiB;
	s.v.view.now += 100 * SECOND;
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_STEPPING);
}
END_TEST

START_TEST(step_either_shrinks_or_grows)
{
	struct params both = { 10, 10, SECOND, 100 }, none = { 0, 0, SECOND, 100 };
	struct params down = { 10, 0, SECOND, 100 }, up = { 0, 10, SECOND, 100 };

	ck_assert_ptr_nonnull(check(&both));
	ck_assert_ptr_nonnull(check(&none));
	ck_assert_ptr_null(check(&down));
	ck_assert_ptr_null(check(&up));
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("policy-step");
	TCase *tc = tcase_create("policy-step");

	policy_add_checks(tc);
	tcase_add_loop_test(tc, step_shrinks_by_its_share_at_every_beat_whatever_the_tick, 0,
			    N(ticks));
	tcase_add_test(tc, step_does_not_make_up_for_beats_that_were_missed);
	tcase_add_test(tc, step_does_not_pile_up_what_the_guard_does_not_allow);
	tcase_add_test(tc, step_moves_a_guest_whose_share_is_within_the_dead_band);
	tcase_add_test(tc, step_leaves_a_guest_that_somebody_else_has_moved_until_the_next_beat);
	tcase_add_test(tc, step_ends_at_what_a_guest_uses_and_keeps);
	tcase_add_test(tc, step_gives_back_at_once_what_a_guest_is_to_keep);
	tcase_add_test(tc, step_grows_by_its_share_up_to_the_ceiling);
	tcase_add_loop_test(tc, step_does_not_shrink_in_doubt, 0, N(obstacles));
	tcase_add_test(tc, step_stops_when_a_guest_swaps_in);
	tcase_add_test(tc, step_does_not_look_at_what_was_while_another_rule_held);
	tcase_add_test(tc, step_either_shrinks_or_grows);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
