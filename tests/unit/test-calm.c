/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* On a host whose guests hold less than the pool nothing moves, whatever their ceilings add up to:
 * an hour with the installed defaults and the policy that they name. */

#include "policies/headroom.c"

#include "tests/unit/check-main.h"
#include "tests/unit/random.h"
#include "tests/unit/scene.h"

#define GUESTS 12u
#define HOUR 3600u

/* low: 15%, high: 30% */
static struct params params = { 150, 300 };

/* A 64 GiB machine with a pool of 40, and 12 guests of 5 GiB: their ceilings are 1.5 times that. */
static void calm_host(struct scene *s)
{
	scene_init(s);
	s->snapshot.host.seen.total = 64 * GiB;
	s->host_other = 2 * GiB;
	s->config.host.commit = COMMIT_ELASTIC;
	s->config.host.pool = (struct amount){ AMOUNT_BYTES, 40 * GiB };
	s->config.host.reserve.kind = AMOUNT_AUTO;
	s->promise.min = (struct amount){ AMOUNT_PERMILLE, 500 };
	s->rule.policy = &balloond_policy;
	s->rule.params = &params;
	scene_add_many(s, GUESTS, 5 * GiB, 0);
	for (size_t i = 0; i < GUESTS; i++) {
		s->real[i].need = s->real[i].touched = (1 * GiB) + i * 200 * MiB;
		s->real[i].cache = 128 * MiB;
		if (i % 3 == 0)
			scene_without_swap(s, i);
	}
}

/* Demand breathes by 5 %, and page cache grows by a GiB an hour at most. */
static void breathe(struct scene *s, uint64_t *seed)
{
	for (size_t i = 0; i < GUESTS; i++) {
		uint64_t base = 1 * GiB + i * 200 * MiB, step = random_below(seed, base / 100);
		uint64_t need = s->real[i].need;

		need = random_below(seed, 2) ? need + step : need - step;
		s->real[i].need = balloond_clamp(need, base - base / 20, base + base / 20);
		s->real[i].cache += random_below(seed, 1 * GiB / HOUR);
	}
}

START_TEST(an_hour_on_a_host_with_room_brings_not_one_step)
{
	uint64_t seed = (unsigned)_i + 1, resident = 0, ceilings = 0;
	struct scene s;

	calm_host(&s);
	if (_i % 2) { /* which comes to the same here */
		s.config.host.pool.kind = AMOUNT_AUTO;
		s.host_other = 19 * GiB + 512 * MiB;
	}
	for (unsigned second = 0; second < HOUR; second++) {
		breathe(&s, &seed);
		scene_tick(&s, SECOND);
		ck_assert_uint_eq(s.plan.n_steps, 0);
		ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_NORMAL);
	}
	ck_assert_uint_le(s.plan.account.pool, 40 * GiB);
	for (size_t i = 0; i < GUESTS; i++) {
		ck_assert_uint_eq(s.guests[i].seen.actual, 5 * GiB);
		ck_assert_int_eq(scene_verdict(&s, i)->state, STATE_MANAGED);
		resident += s.guests[i].seen.resident;
		ceilings += scene_verdict(&s, i)->guest.ceiling;
	}
	/* What the policy would take is not needed, and that is what is said. */
	ck_assert_uint_lt(scene_verdict(&s, 0)->proposal.bytes, 5 * GiB);
	ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_NOT_NEEDED);
	ck_assert_uint_lt(resident, 40 * GiB);
	ck_assert_uint_eq(ceilings, 60 * GiB);
}
END_TEST

/* So that the hour is no accident of a policy that proposes nothing. */
START_TEST(the_same_hour_takes_memory_where_all_of_it_counts)
{
	uint64_t seed = 1;
	struct scene s;
	size_t steps = 0;

	calm_host(&s);
	s.config.host.commit = COMMIT_STRICT;
	for (unsigned second = 0; second < 60; second++) {
		breathe(&s, &seed);
		scene_tick(&s, SECOND);
		steps += s.plan.n_steps;
	}
	ck_assert_uint_gt(steps, GUESTS);
	ck_assert_uint_lt(s.guests[0].seen.actual, 3 * GiB);
}
END_TEST

START_TEST(a_host_where_guests_came_to_hold_the_pool_takes_what_is_lent_and_no_claim)
{
	uint64_t resident = 0;
	struct scene s;

	calm_host(&s);
	for (size_t i = 0; i < GUESTS; i++)
		s.real[i].cache = 5 * GiB; /* all that they have */
	scene_run(&s, 300);
	for (size_t i = 0; i < GUESTS; i++) {
		const struct verdict *v = scene_verdict(&s, i);

		resident += s.guests[i].seen.resident;
		ck_assert_uint_lt(v->target, 5 * GiB);
		ck_assert_uint_ge(v->target, v->proposal.claim);
		ck_assert_uint_ge(v->target, v->guest.floor);
	}
	ck_assert_uint_le(resident, 40 * GiB);
	ck_assert_uint_ge(resident, 36 * GiB);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_NORMAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("calm");
	TCase *tc = tcase_create("calm");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, an_hour_on_a_host_with_room_brings_not_one_step, 0, 8);
	tcase_add_test(tc, the_same_hour_takes_memory_where_all_of_it_counts);
	tcase_add_test(tc,
		       a_host_where_guests_came_to_hold_the_pool_takes_what_is_lent_and_no_claim);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
