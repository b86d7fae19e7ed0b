/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every rule of the guard keeps one promise in one scenario, and with that rule switched off the
 * scenario breaks it: no rule is there for nothing. */

#include "balloond/core/guard.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

/* Returns whether the promise was kept. */
struct scenario {
	enum guard_rule rule;
	const char *promise;
	bool (*is_kept)(struct scene *s);
	/* The word that the verdict of guest 0 must carry when the rule holds it back. */
	bool binds;
};

static bool never_leaves_floor_and_ceiling(struct scene *s)
{
	scene_add(s, "g00", 2 * GiB, 64 * MiB);
	scene_add(s, "g01", 2 * GiB, 64 * MiB);
	s->guests[1].sold = 1 * GiB; /* sold less than it was booted with */
	s->guests[1].seen.actual = 512 * MiB;
	scene_proposal[0] = 1 * MiB;
	scene_proposal[1] = 2 * GiB;
	for (unsigned i = 0; i < 30; i++)
		scene_tick(s, SECOND);
	return s->guests[0].seen.actual >= scene_verdict(s, 0)->guest.floor &&
	       s->guests[1].seen.actual <= 1 * GiB;
}

static bool never_shrinks_on_stale_statistics(struct scene *s)
{
	scene_add(s, "g00", 2 * GiB, 64 * MiB);
	scene_tick(s, SECOND);
	s->real[0].silent = true;
	for (unsigned i = 0; i < 5; i++)
		scene_pass(s, SECOND);
	scene_proposal[0] = 512 * MiB;
	scene_plan(s);
	scene_tick(s, SECOND);
	return s->guests[0].seen.actual == 2 * GiB;
}

static bool leaves_what_is_used_and_a_margin(struct scene *s)
{
	scene_add(s, "g00", 2 * GiB, 1200 * MiB);
	scene_proposal[0] = 1100 * MiB;
	for (unsigned i = 0; i < 20; i++)
		scene_tick(s, SECOND);
	return s->guests[0].seen.actual >= 1232 * MiB;
}

static bool lets_a_stuck_guest_alone(struct scene *s)
{
	scene_add(s, "g00", 2 * GiB, 64 * MiB);
	s->real[0].stuck = true;
	scene_proposal[0] = 1 * GiB;
	for (unsigned i = 0; i < 40 && !(s->history.n_guests && s->history.guests[0].stuck_times);
	     i++)
		scene_tick(s, SECOND);
	scene_tick(s, SECOND);
	return s->plan.verdicts[0].target == 2 * GiB;
}

static bool leaves_what_is_held(struct scene *s)
{
	s->config.tenants.allow = 1u << TENANT_HOLD;
	scene_add(s, "g00", 2 * GiB, 64 * MiB);
	s->guests[0].wish = (struct tenant_wish){ .given = 1u << TENANT_HOLD, .hold = true };
	scene_proposal[0] = 1 * GiB;
	for (unsigned i = 0; i < 10; i++)
		scene_tick(s, SECOND);
	return s->guests[0].seen.actual == 2 * GiB;
}

static bool leaves_what_is_paused(struct scene *s)
{
	scene_add(s, "g00", 2 * GiB, 64 * MiB);
	s->guests[0].pause.on = true;
	scene_proposal[0] = 1 * GiB;
	for (unsigned i = 0; i < 10; i++)
		scene_tick(s, SECOND);
	return s->guests[0].seen.actual == 2 * GiB;
}

static bool waits_after_distress(struct scene *s)
{
	scene_add(s, "g00", 2 * GiB, 64 * MiB);
	s->guests[0].seen.swap_in = 0;
	scene_tick(s, SECOND);
	s->guests[0].seen.swap_in = 64 * MiB;
	scene_tick(s, SECOND);
	scene_proposal[0] = 1 * GiB;
	for (unsigned i = 0; i < 10; i++)
		scene_tick(s, SECOND);
	return s->guests[0].seen.actual == 2 * GiB;
}

static bool ignores_trivial_moves(struct scene *s)
{
	scene_add(s, "g00", 2 * GiB, 64 * MiB);
	scene_proposal[0] = 2 * GiB - 9 * MiB;
	scene_tick(s, SECOND);
	return s->plan.n_steps == 0;
}

static bool shrinks_no_faster_than_its_limit(struct scene *s)
{
	scene_add(s, "g00", 4 * GiB, 64 * MiB);
	scene_proposal[0] = 1 * GiB;
	/* Many ticks in one second must not take more than one tick in one second. */
	for (unsigned i = 0; i < 21; i++)
		scene_tick(s, SECOND / 10);
	/* A second's credit to begin with, and two seconds'. */
	return s->guests[0].seen.actual >= 4 * GiB - 3 * 256 * MiB;
}

static bool grants_only_what_came_back(struct scene *s)
{
	s->config.host.pool.value = 4 * GiB;
	scene_add(s, "g00", 2 * GiB, 64 * MiB);
	scene_add(s, "g01", 4 * GiB, 64 * MiB);
	s->guests[1].seen.actual = 1 * GiB;
	s->real[0].slowness = 16 * MiB;
	scene_proposal[0] = 1 * GiB;
	scene_proposal[1] = 3 * GiB;
	for (unsigned i = 0; i < 5; i++) {
		scene_tick(s, SECOND);
		if (s->guests[0].seen.actual + s->plan.verdicts[1].target > 4 * GiB)
			return false;
	}
	return true;
}

static bool grants_only_what_the_host_has(struct scene *s)
{
	s->host_other = 13 * GiB; /* of 16; the pool says 8 GiB all the same */
	scene_add(s, "g00", 6 * GiB, 900 * MiB);
	s->guests[0].seen.actual = 1 * GiB;
	scene_proposal[0] = 6 * GiB;
	for (unsigned i = 0; i < 5; i++)
		scene_tick(s, SECOND);
	/* 16 - 13 - 1 reserved - 1 that it has: less than 1 GiB is left. */
	return s->plan.verdicts[0].target < 2 * GiB;
}

static bool leaves_free_pages_that_the_host_has_already(struct scene *s)
{
	s->config.host.commit = COMMIT_ELASTIC;
	s->config.host.pool.value = 1 * GiB;
	scene_add(s, "g00", 2 * GiB, 64 * MiB);
	s->guests[0].facts |= GUEST_FREE_REPORTING;
	scene_proposal[0] = 1 * GiB;
	for (unsigned i = 0; i < 10; i++) {
		s->guests[0].seen.unused = balloond_sub(s->guests[0].seen.actual, 128 * MiB);
		scene_tick(s, SECOND);
	}
	return s->guests[0].seen.actual == 2 * GiB;
}

static const struct scenario scenarios[] = {
	{ GUARD_BOUNDS, "floor and ceiling", never_leaves_floor_and_ceiling, false },
	{ GUARD_STALE, "stale never shrinks", never_shrinks_on_stale_statistics, true },
	{ GUARD_MARGIN, "used + margin", leaves_what_is_used_and_a_margin, true },
	{ GUARD_STUCK, "stuck is left alone", lets_a_stuck_guest_alone, true },
	{ GUARD_HELD, "what is held stays", leaves_what_is_held, true },
	{ GUARD_ORDERED, "what is paused is not shrunk", leaves_what_is_paused, true },
	{ GUARD_NO_GAIN, "free pages are back", leaves_free_pages_that_the_host_has_already, true },
	{ GUARD_COOL_DOWN, "cool-down after distress", waits_after_distress, true },
	{ GUARD_DEAD_BAND, "no trivial moves", ignores_trivial_moves, true },
	{ GUARD_SHRINK_LIMIT, "limit per elapsed time", shrinks_no_faster_than_its_limit, true },
	{ GUARD_FREE_FIRST, "free first, then grant", grants_only_what_came_back, false },
	{ GUARD_ROOM, "room of the host", grants_only_what_the_host_has, true },
};

START_TEST(guard_rule_keeps_its_promise)
{
	const struct scenario *scenario = &scenarios[_i];
	struct scene s;

	scene_init(&s);
	ck_assert_msg(scenario->is_kept(&s), "%s", scenario->promise);
	if (scenario->binds)
		ck_assert_msg(s.plan.verdicts[0].bound & 1u << scenario->rule, "%s",
			      scenario->promise);
}
END_TEST

START_TEST(guard_rule_is_needed)
{
	const struct scenario *scenario = &scenarios[_i];
	struct scene s;

	scene_init(&s);
	s.config.guards_off = 1u << scenario->rule;
	s.unchecked = true;
	ck_assert_msg(!scenario->is_kept(&s), "%s holds without its rule", scenario->promise);
}
END_TEST

START_TEST(guard_has_a_scenario_and_words_for_every_rule)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		seen |= 1u << scenarios[i].rule;
	for (enum guard_rule rule = GUARD_BOUNDS; rule < GUARD_RULE_MAX; rule++) {
		ck_assert_uint_ne(seen & 1u << rule, 0);
		ck_assert_ptr_nonnull(guard_row(rule)->name);
		ck_assert_ptr_nonnull(guard_row(rule)->text);
	}
}
END_TEST

START_TEST(guard_lets_cold_cache_of_a_guest_that_reports_its_free_pages_go)
{
	struct scene s;

	scene_init(&s);
	s.config.host.commit = COMMIT_ELASTIC;
	s.config.host.pool.value = 1 * GiB;
	scene_add(&s, "g00", 2 * GiB, 64 * MiB);
	s.guests[0].facts |= GUEST_FREE_REPORTING;
	scene_proposal[0] = 1 * GiB;
	for (unsigned i = 0; i < 10; i++) {
		/* All but what it needs and 200 MiB is cache. */
		s.guests[0].seen.unused = balloond_min(200 * MiB, s.guests[0].seen.actual);
		scene_tick(&s, SECOND);
	}
	ck_assert_uint_le(s.guests[0].seen.actual, 1 * GiB);
}
END_TEST

START_TEST(guard_shrinks_the_host_no_faster_than_its_limit)
{
	struct scene s;
	uint64_t sum = 0;

	scene_init(&s);
	s.config.host.pool.value = 15 * GiB;
	s.config.host.shrink_host = 300 * MiB;
	scene_add_many(&s, 4, 2 * GiB, 64 * MiB);
	for (unsigned i = 0; i < 4; i++)
		scene_proposal[i] = 1 * GiB;
	for (unsigned i = 0; i < 4; i++)
		scene_tick(&s, SECOND);
	for (unsigned i = 0; i < 4; i++)
		sum += 2 * GiB - s.plan.verdicts[i].target;
	ck_assert_uint_le(sum, 4 * 300 * MiB);
	ck_assert_uint_ge(sum, 3 * 300 * MiB);
}
END_TEST

START_TEST(guard_leaves_no_rest_of_a_limited_shrink)
{
	struct scene s;

	/* One second's credit is 256 MiB: the rest of 4 MiB alone would be trivial. */
	scene_init(&s);
	scene_add(&s, "g00", 1 * GiB, 64 * MiB);
	scene_proposal[0] = 1 * GiB - 260 * MiB;
	for (unsigned i = 0; i < 4; i++)
		scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB - 260 * MiB);
}
END_TEST

START_TEST(guard_shrinks_many_guests_by_few_large_moves)
{
	struct scene s;
	size_t steps = 0;

	scene_init(&s);
	s.snapshot.host.seen.total = 256 * GiB;
	s.config.host.pool.value = 200 * GiB;
	scene_add_many(&s, 40, 2 * GiB, 64 * MiB);
	for (unsigned i = 0; i < 40; i++)
		scene_proposal[i] = 1 * GiB;
	for (unsigned i = 0; i < 100; i++) {
		scene_tick(&s, SECOND / 10);
		steps += s.plan.n_steps;
	}
	/* 1 GiB at the start and 10 in ten seconds, no less than 128 MiB at a time. */
	ck_assert_uint_ge(steps, 40);
	ck_assert_uint_le(steps, 88);
}
END_TEST

/* Claims that a pool cannot hold by a trifle would be over it for ever. */
START_TEST(guard_takes_more_than_a_trifle_where_the_pool_is_exceeded_by_one)
{
	struct scene s;
	size_t steps = 0;

	scene_init(&s);
	scene_add_many(&s, 4, 1 * GiB, 512 * MiB);
	scene_tick(&s, SECOND);
	s.config.host.pool.value = s.plan.account.charged - 3 * MiB;
	for (unsigned i = 0; i < 20; i++) {
		scene_tick(&s, SECOND);
		steps += s.plan.n_steps;
	}
	ck_assert_uint_le(s.plan.account.charged, s.plan.account.pool);
	ck_assert_uint_gt(steps, 0);
	ck_assert_uint_le(steps, 4);
	ck_assert_uint_ge(s.guests[0].seen.actual, 1 * GiB - guard_dead_band(1 * GiB));
}
END_TEST

START_TEST(guard_relieves_a_starving_guest_below_the_dead_band)
{
	struct scene s;

	scene_init(&s);
	scene_add(&s, "g00", 8 * GiB, 1000 * MiB);
	s.guests[0].seen.actual = 1010 * MiB;
	scene_proposal[0] = 1015 * MiB; /* 5 MiB more: trivial, but it has 10 left */
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.n_steps, 1);
	ck_assert_uint_gt(s.plan.steps[0].to, 1010 * MiB);
}
END_TEST

/* What is seen of a guest that thrashes is its last sample; what it needs is not. */
START_TEST(guard_gives_a_guest_that_starved_into_silence_what_is_to_spare)
{
	struct scene s;

	scene_init(&s);
	scene_add(&s, "g00", 4 * GiB, 700 * MiB);
	scene_add(&s, "g01", 4 * GiB, 3 * GiB);
	s.guests[0].seen.actual = 1 * GiB;
	scene_run(&s, 5);
	s.real[0].need = 1 * GiB;
	s.real[0].silent = !_i; /* 0: it fell silent while it was well */
	s.guests[0].hold.on = true;
	scene_run(&s, 2);
	s.guests[0].hold.on = false;
	s.real[0].silent = true;
	scene_run(&s, 8);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_STALE);
	if (_i == 0) {
		ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
		return;
	}
	/* All but what lending keeps of the pool. */
	ck_assert_uint_ge(s.guests[0].seen.actual, 3 * GiB);
	ck_assert_uint_eq(s.guests[1].seen.actual, 4 * GiB);
	/* Of what others need it gets no more than a tenth beyond what it used. */
	scene_claim[1] = 0;
	scene_proposal[1] = 4 * GiB;
	s.config.host.pool.value = 6 * GiB;
	scene_run(&s, 60);
	ck_assert_uint_le(scene_verdict(&s, 0)->proposal.claim, 1200 * MiB);
}
END_TEST

static Suite *guard_suite(void)
{
	Suite *suite = suite_create("guard");
	TCase *tc = tcase_create("guard");
	int n = sizeof(scenarios) / sizeof(scenarios[0]);

	tcase_add_loop_test(tc, guard_rule_keeps_its_promise, 0, n);
	tcase_add_loop_test(tc, guard_rule_is_needed, 0, n);
	tcase_add_test(tc, guard_has_a_scenario_and_words_for_every_rule);
	tcase_add_test(tc, guard_lets_cold_cache_of_a_guest_that_reports_its_free_pages_go);
	tcase_add_test(tc, guard_shrinks_the_host_no_faster_than_its_limit);
	tcase_add_test(tc, guard_leaves_no_rest_of_a_limited_shrink);
	tcase_add_test(tc, guard_shrinks_many_guests_by_few_large_moves);
	tcase_add_test(tc, guard_takes_more_than_a_trifle_where_the_pool_is_exceeded_by_one);
	tcase_add_test(tc, guard_relieves_a_starving_guest_below_the_dead_band);
	tcase_add_loop_test(tc, guard_gives_a_guest_that_starved_into_silence_what_is_to_spare, 0,
			    2);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(guard_suite());
}
