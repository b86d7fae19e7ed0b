/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The planner on whole hosts: what guests and pool look like after a while, and that no input
 * whatever breaks an invariant (scene_plan() checks them after every plan). */

#include <stdio.h>
#include <string.h>

#include "balloond/core/guard.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

static void add_guests(struct scene *s, unsigned n, uint64_t ceiling, uint64_t need)
{
	for (unsigned i = 0; i < n; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "g%02u", i);
		scene_add(s, name, ceiling, need);
	}
}

static void run(struct scene *s, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++)
		scene_tick(s, SECOND);
}

START_TEST(planner_leaves_guests_alone_that_no_rule_matches)
{
	struct scene s;

	scene_init(&s);
	s.config.n_rules = 0;
	add_guests(&s, 2, 2 * GiB, 64 * MiB);
	scene_proposal[0] = 1 * GiB;
	run(&s, 3);
	ck_assert_uint_eq(s.plan.n_steps, 0);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_OBSERVED);
	ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_NO_RULE);
	ck_assert(!scene_verdict(&s, 0)->arm);
}
END_TEST

START_TEST(planner_follows_a_proposal_down_and_up)
{
	struct scene s;

	scene_init(&s);
	add_guests(&s, 1, 2 * GiB, 64 * MiB);
	scene_proposal[0] = 1 * GiB;
	run(&s, 10);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
	scene_proposal[0] = 2 * GiB;
	run(&s, 2);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
}
END_TEST

START_TEST(planner_takes_nothing_while_an_elastic_pool_has_room)
{
	struct scene s;

	scene_init(&s);
	s.config.host.commit = COMMIT_ELASTIC;
	add_guests(&s, 8, 2 * GiB, 256 * MiB); /* ceilings: twice the pool */
	for (unsigned i = 0; i < 8; i++) {
		s.real[i].touched = 256 * MiB;
		scene_proposal[i] = 512 * MiB;
	}
	run(&s, 20);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
	ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_NOT_NEEDED);
}
END_TEST

START_TEST(planner_takes_what_an_elastic_pool_lacks_and_no_more)
{
	struct scene s;
	uint64_t sum = 0;

	scene_init(&s);
	s.config.host.commit = COMMIT_ELASTIC;
	add_guests(&s, 5, 2 * GiB, 256 * MiB); /* all touched: 10 GiB against a pool of 8 */
	for (unsigned i = 0; i < 5; i++)
		scene_proposal[i] = 512 * MiB;
	run(&s, 60);
	for (unsigned i = 0; i < 5; i++) {
		sum += s.guests[i].seen.resident;
		ck_assert_uint_gt(s.guests[i].seen.actual, 1 * GiB);
	}
	ck_assert_uint_le(sum, 8 * GiB);
	ck_assert_uint_ge(sum, 8 * GiB - 512 * MiB);
}
END_TEST

START_TEST(planner_moves_memory_from_the_idle_to_the_busy)
{
	struct scene s;

	scene_init(&s);
	s.config.host.pool.value = 5 * GiB;
	add_guests(&s, 2, 4 * GiB, 512 * MiB);
	scene_proposal[0] = scene_proposal[1] = 1 * GiB;
	run(&s, 30);
	s.real[1].need = 3 * GiB;
	scene_proposal[1] = 3584 * MiB;
	run(&s, 10);
	ck_assert_uint_eq(s.guests[1].seen.actual, 3584 * MiB);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
}
END_TEST

START_TEST(planner_cuts_what_is_lent_before_what_is_needed)
{
	struct scene s;

	scene_init(&s);
	s.config.host.pool.value = 4 * GiB;
	add_guests(&s, 2, 3 * GiB, 512 * MiB);
	scene_proposal[0] = scene_proposal[1] = 3 * GiB;
	scene_claim[0] = 2800 * MiB; /* needs nearly all of it */
	scene_claim[1] = 600 * MiB;
	run(&s, 60);
	ck_assert_uint_ge(s.guests[0].seen.actual, 2800 * MiB);
	ck_assert_uint_lt(s.guests[1].seen.actual, 1200 * MiB);
	ck_assert_int_eq(scene_verdict(&s, 1)->reason, REASON_POOL_SHORT);
}
END_TEST

START_TEST(planner_divides_a_short_pool_by_shares)
{
	struct scene s;
	struct promise promises[2];
	char *first[] = { (char *)"g00" };
	uint64_t a, b;

	scene_init(&s);
	promises[0] = promises[1] = s.promise;
	promises[0].match.names = first;
	promises[0].shares = 3000;
	s.config.promises = promises;
	s.config.n_promises = 2;
	s.config.host.pool.value = 5 * GiB;
	add_guests(&s, 2, 4 * GiB, 256 * MiB);
	run(&s, 120);
	a = scene_verdict(&s, 0)->guest.charge;
	b = scene_verdict(&s, 1)->guest.charge;
	ck_assert_uint_le(a + b, 5 * GiB);
	/* 3 : 1 of what they are charged, to a dead band. */
	ck_assert_uint_ge(a, 3 * b - 128 * MiB);
	ck_assert_uint_le(a, 3 * b + 128 * MiB);
}
END_TEST

START_TEST(planner_never_counts_on_memory_that_a_stuck_guest_keeps)
{
	struct scene s;

	scene_init(&s);
	s.config.host.pool.value = 4 * GiB;
	add_guests(&s, 2, 3 * GiB, 256 * MiB);
	s.guests[1].seen.actual = 768 * MiB;
	s.real[0].stuck = true;
	scene_proposal[0] = 1 * GiB;
	scene_proposal[1] = 3 * GiB;
	run(&s, 60);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_STUCK);
	/* 4 GiB less 3 GiB that the stuck one keeps, less what QEMU adds to both. */
	ck_assert_uint_le(scene_verdict(&s, 1)->target, 1 * GiB);
}
END_TEST

START_TEST(planner_gives_a_booting_guest_its_ceiling)
{
	struct scene s;

	scene_init(&s);
	add_guests(&s, 1, 4 * GiB, 256 * MiB);
	s.guests[0].seen.actual = 1 * GiB;
	run(&s, 1);
	s.guests[0].booted = s.snapshot.now;
	scene_proposal[0] = 1 * GiB;
	run(&s, 1);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_BOOTING);
	ck_assert_uint_eq(scene_verdict(&s, 0)->target, 4 * GiB);
	ck_assert_uint_ge(scene_verdict(&s, 0)->guest.charge, 4 * GiB);
	/* Once it reports and its services had time to start, it is like the others. */
	run(&s, 60);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_MANAGED);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
}
END_TEST

START_TEST(planner_asks_for_nothing_in_a_dry_run)
{
	struct scene s;

	scene_init(&s);
	s.dry_run = true;
	add_guests(&s, 1, 2 * GiB, 64 * MiB);
	scene_proposal[0] = 1 * GiB;
	run(&s, 3);
	ck_assert_uint_eq(s.plan.n_steps, 1);
	ck_assert_uint_eq(s.history.guests[0].target, 2 * GiB);
	ck_assert_uint_eq(scene_verdict(&s, 0)->guest.target, 2 * GiB);
}
END_TEST

START_TEST(planner_asks_again_for_what_was_refused)
{
	struct scene s;

	scene_init(&s);
	add_guests(&s, 1, 2 * GiB, 64 * MiB);
	s.real[0].stuck = true; /* nothing moves: it never got the order */
	scene_proposal[0] = 2 * GiB - 100 * MiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.n_steps, 1);
	s.guests[0].outcome = (struct outcome){ .kind = OUTCOME_REFUSED, .bytes = s.plan.steps[0].to };
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.n_steps, 1);
	s.guests[0].outcome.kind = OUTCOME_NONE;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.n_steps, 0);
}
END_TEST

START_TEST(planner_yields_to_a_guest_that_took_memory_back)
{
	struct scene s;

	scene_init(&s);
	add_guests(&s, 1, 2 * GiB, 64 * MiB);
	s.guests[0].facts |= GUEST_AUTODEFLATE;
	scene_proposal[0] = 1 * GiB;
	run(&s, 12);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
	s.real[0].stuck = true;
	s.guests[0].seen.actual = 1200 * MiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.n_steps, 1);
	ck_assert_uint_eq(s.plan.steps[0].to, 1200 * MiB);
	ck_assert(scene_verdict(&s, 0)->guest.flags & BALLOOND_GUEST_COOLING);
}
END_TEST

START_TEST(planner_takes_over_a_size_that_somebody_else_set)
{
	struct scene s;

	scene_init(&s);
	add_guests(&s, 1, 2 * GiB, 64 * MiB);
	run(&s, 2);
	s.real[0].stuck = true; /* the target is not balloond's */
	s.guests[0].seen.actual = 1536 * MiB;
	run(&s, 15);
	ck_assert_uint_eq(scene_verdict(&s, 0)->guest.target, 1536 * MiB);
	ck_assert_uint_eq(s.plan.n_steps, 0);
}
END_TEST

/* xorshift64*: the same numbers everywhere */
static uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(2685821657736338717);
}

static uint64_t random_below(uint64_t *seed, uint64_t n)
{
	return random_next(seed) % n;
}

/* Something happens to one guest, likely or not. */
static void disturb(struct scene *s, uint64_t *seed)
{
	static const uint32_t facts[] = { GUEST_PAUSED, GUEST_BUSY, GUEST_LOST, GUEST_AUTODEFLATE,
					  GUEST_HUGEPAGES, GUEST_CONTAINER, GUEST_STATS_GATED };
	size_t i = random_below(seed, s->snapshot.n_guests);
	struct guest *g = &s->guests[i];

	switch (random_below(seed, 9)) {
	case 0:
		g->facts ^= facts[random_below(seed, sizeof(facts) / sizeof(facts[0]))];
		break;
	case 1:
		g->booted = s->snapshot.now;
		break;
	case 2:
		s->real[i].stuck = !s->real[i].stuck;
		break;
	case 3:
		s->real[i].silent = !s->real[i].silent;
		break;
	case 4:
		s->real[i].need = random_below(seed, g->seen.maximum);
		break;
	case 5:
		g->seen.swap_in = random_below(seed, GiB);
		break;
	case 6:
		s->host_other = random_below(seed, 16 * GiB);
		break;
	case 7: /* somebody else sets a size */
		g->seen.actual = balloond_clamp(random_below(seed, g->seen.maximum), 16 * MiB,
						g->seen.maximum);
		break;
	default: /* a policy gone mad */
		scene_proposal[i] = random_next(seed) >> random_below(seed, 64);
		scene_claim[i] = random_next(seed) >> random_below(seed, 64);
	}
}

START_TEST(planner_keeps_its_invariants_whatever_happens)
{
	uint64_t seed = 0x9e3779b97f4a7c15u * (unsigned)(_i + 1);
	struct scene s;

	scene_init(&s);
	s.config.host.commit = _i % 2 ? COMMIT_ELASTIC : COMMIT_STRICT;
	s.config.host.pool = (struct amount){ _i % 3 ? AMOUNT_BYTES : AMOUNT_AUTO, 6 * GiB };
	add_guests(&s, 2 + (unsigned)random_below(&seed, 10), 2 * GiB, 256 * MiB);
	for (unsigned tick = 0; tick < 2000; tick++) {
		disturb(&s, &seed);
		scene_tick(&s, 1 + random_below(&seed, 2 * SECOND));
	}
}
END_TEST

START_TEST(planner_decides_alike_from_alike)
{
	struct scene a, b;
	uint64_t seed[2] = { 7, 7 };
	uint64_t proposals[2][SCENE_MAX];

	scene_init(&a);
	add_guests(&a, 6, 2 * GiB, 256 * MiB);
	scene_init(&b);
	add_guests(&b, 6, 2 * GiB, 256 * MiB);
	memset(proposals, 0, sizeof(proposals));
	for (unsigned tick = 0; tick < 300; tick++) {
		memcpy(scene_proposal, proposals[0], sizeof(scene_proposal));
		disturb(&a, &seed[0]);
		scene_tick(&a, SECOND / 3);
		memcpy(proposals[0], scene_proposal, sizeof(scene_proposal));
		memcpy(scene_proposal, proposals[1], sizeof(scene_proposal));
		disturb(&b, &seed[1]);
		scene_tick(&b, SECOND / 3);
		memcpy(proposals[1], scene_proposal, sizeof(scene_proposal));
		ck_assert_uint_eq(a.plan.n_steps, b.plan.n_steps);
		ck_assert_mem_eq(a.steps, b.steps, a.plan.n_steps * sizeof(a.steps[0]));
	}
}
END_TEST

static Suite *planner_suite(void)
{
	Suite *suite = suite_create("planner");
	TCase *tc = tcase_create("planner");

	tcase_add_test(tc, planner_leaves_guests_alone_that_no_rule_matches);
	tcase_add_test(tc, planner_follows_a_proposal_down_and_up);
	tcase_add_test(tc, planner_takes_nothing_while_an_elastic_pool_has_room);
	tcase_add_test(tc, planner_takes_what_an_elastic_pool_lacks_and_no_more);
	tcase_add_test(tc, planner_moves_memory_from_the_idle_to_the_busy);
	tcase_add_test(tc, planner_cuts_what_is_lent_before_what_is_needed);
	tcase_add_test(tc, planner_divides_a_short_pool_by_shares);
	tcase_add_test(tc, planner_never_counts_on_memory_that_a_stuck_guest_keeps);
	tcase_add_test(tc, planner_gives_a_booting_guest_its_ceiling);
	tcase_add_test(tc, planner_asks_for_nothing_in_a_dry_run);
	tcase_add_test(tc, planner_asks_again_for_what_was_refused);
	tcase_add_test(tc, planner_yields_to_a_guest_that_took_memory_back);
	tcase_add_test(tc, planner_takes_over_a_size_that_somebody_else_set);
	tcase_add_loop_test(tc, planner_keeps_its_invariants_whatever_happens, 0, 24);
	tcase_add_test(tc, planner_decides_alike_from_alike);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(planner_suite());
}
