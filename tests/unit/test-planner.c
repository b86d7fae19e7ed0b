/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The planner on whole hosts: what guests and pool look like after a while. */

#include <string.h>

#include "balloond/core/guard.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

START_TEST(planner_offers_the_pool_or_what_the_machine_has_of_it)
{
	struct scene s;

	scene_init(&s);
	scene_add_many(&s, 2, 2 * GiB, 64 * MiB);
	scene_run(&s, 1);
	ck_assert_uint_eq(scene_capacity, 8 * GiB);
	/* 16 GiB without the reserve, and without what the host took since; charges count more
	 * for emulation than it takes here. */
	s.host_other = 9 * GiB;
	scene_run(&s, 1);
	ck_assert_uint_ge(scene_capacity, 6 * GiB);
	ck_assert_uint_le(scene_capacity, 6 * GiB + 64 * MiB);
}
END_TEST

START_TEST(planner_leaves_guests_alone_that_no_rule_matches)
{
	struct scene s;

	scene_init(&s);
	s.config.n_rules = 0;
	scene_add_many(&s, 2, 2 * GiB, 64 * MiB);
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 3);
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
	scene_add_many(&s, 1, 2 * GiB, 64 * MiB);
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 10);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
	scene_proposal[0] = 2 * GiB;
	scene_run(&s, 2);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
}
END_TEST

START_TEST(planner_takes_nothing_while_an_elastic_pool_has_room)
{
	struct scene s;

	scene_init(&s);
	s.config.host.commit = COMMIT_ELASTIC;
	scene_add_many(&s, 8, 2 * GiB, 256 * MiB); /* ceilings: twice the pool */
	for (unsigned i = 0; i < 8; i++) {
		s.real[i].touched = 256 * MiB;
		scene_proposal[i] = 512 * MiB;
	}
	scene_run(&s, 20);
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
	scene_add_many(&s, 5, 2 * GiB, 256 * MiB); /* all touched: 10 GiB against a pool of 8 */
	for (unsigned i = 0; i < 5; i++)
		scene_proposal[i] = 512 * MiB;
	scene_run(&s, 60);
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
	scene_add_many(&s, 2, 4 * GiB, 512 * MiB);
	scene_proposal[0] = scene_proposal[1] = 1 * GiB;
	scene_run(&s, 30);
	s.real[1].need = 3 * GiB;
	scene_proposal[1] = 3584 * MiB;
	scene_run(&s, 10);
	ck_assert_uint_eq(s.guests[1].seen.actual, 3584 * MiB);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
}
END_TEST

START_TEST(planner_cuts_what_is_lent_before_what_is_needed)
{
	struct scene s;

	scene_init(&s);
	s.config.host.pool.value = 4 * GiB;
	scene_add_many(&s, 2, 3 * GiB, 512 * MiB);
	scene_proposal[0] = scene_proposal[1] = 3 * GiB;
	scene_claim[0] = 2800 * MiB; /* needs nearly all of it */
	scene_claim[1] = 600 * MiB;
	scene_run(&s, 60);
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
	promises[0].match.texts[MATCH_NAME].items = first;
	promises[0].shares = 3000;
	s.config.promises = promises;
	s.config.n_promises = 2;
	s.config.host.pool.value = 5 * GiB;
	scene_add_many(&s, 2, 4 * GiB, 256 * MiB);
	scene_run(&s, 120);
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
	scene_add_many(&s, 2, 3 * GiB, 256 * MiB);
	s.guests[1].seen.actual = 768 * MiB;
	s.real[0].stuck = true;
	scene_proposal[0] = 1 * GiB;
	scene_proposal[1] = 3 * GiB;
	scene_run(&s, 60);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_STUCK);
	/* 4 GiB less 3 GiB that the stuck one keeps, less what QEMU adds to both. */
	ck_assert_uint_le(scene_verdict(&s, 1)->target, 1 * GiB);
}
END_TEST

START_TEST(planner_gives_a_booting_guest_its_ceiling)
{
	struct scene s;

	scene_init(&s);
	scene_add_many(&s, 1, 4 * GiB, 256 * MiB);
	s.guests[0].seen.actual = 1 * GiB;
	scene_run(&s, 1);
	s.guests[0].booted = s.snapshot.now;
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 1);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_BOOTING);
	/* Not quite: the driver must have something to report. */
	ck_assert_uint_eq(scene_verdict(&s, 0)->target, 4 * GiB - MiB);
	ck_assert_uint_ge(scene_verdict(&s, 0)->guest.charge, 4 * GiB);
	/* Once it reports and its services had time to start, it is like the others. */
	scene_run(&s, 60);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_MANAGED);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
}
END_TEST

START_TEST(planner_asks_for_nothing_in_a_dry_run)
{
	struct scene s;

	scene_init(&s);
	s.dry_run = true;
	scene_add_many(&s, 1, 2 * GiB, 64 * MiB);
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 3);
	ck_assert_uint_eq(s.plan.n_steps, 1);
	ck_assert_uint_eq(s.history.guests[0].target, 2 * GiB);
	ck_assert_uint_eq(scene_verdict(&s, 0)->guest.target, 2 * GiB);
}
END_TEST

START_TEST(planner_asks_again_for_what_was_refused)
{
	struct scene s;

	scene_init(&s);
	scene_add_many(&s, 1, 2 * GiB, 64 * MiB);
	s.real[0].stuck = true; /* nothing moves: it never got the order */
	scene_proposal[0] = 2 * GiB - 100 * MiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.n_steps, 1);
	s.guests[0].outcome = (struct outcome){ .kind = OUTCOME_REFUSED,
						.bytes = s.plan.steps[0].to };
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
	scene_add_many(&s, 1, 2 * GiB, 64 * MiB);
	s.guests[0].facts |= GUEST_AUTODEFLATE;
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 12);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
	s.real[0].stuck = true;
	s.guests[0].seen.actual = 1200 * MiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.n_steps, 1);
	ck_assert_uint_eq(s.plan.steps[0].to, 1200 * MiB);
	ck_assert(scene_verdict(&s, 0)->guest.flags & BALLOOND_GUEST_COOLING);
}
END_TEST

START_TEST(planner_reads_no_cry_from_a_reboot)
{
	struct scene s;

	scene_init(&s);
	scene_add_many(&s, 1, 2 * GiB, 64 * MiB);
	s.guests[0].facts |= GUEST_AUTODEFLATE;
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 12);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
	s.guests[0].booted = s.snapshot.now;
	s.guests[0].seen.actual = 2 * GiB; /* the balloon is empty before the driver loads */
	scene_tick(&s, SECOND);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_BOOTING);
	ck_assert(!(scene_verdict(&s, 0)->guest.flags & BALLOOND_GUEST_COOLING));
}
END_TEST

START_TEST(planner_takes_over_a_size_that_somebody_else_set)
{
	struct scene s;

	scene_init(&s);
	scene_add_many(&s, 1, 2 * GiB, 64 * MiB);
	scene_run(&s, 2);
	s.real[0].stuck = true; /* the target is not balloond's */
	s.guests[0].seen.actual = 1536 * MiB;
	scene_run(&s, 15);
	ck_assert_uint_eq(scene_verdict(&s, 0)->guest.target, 1536 * MiB);
	ck_assert_uint_eq(s.plan.n_steps, 0);
}
END_TEST

/* A guest of 2 GiB that rests at 1 GiB, until somebody else sets another size. */
static void set_by_others(struct scene *s, uint64_t size)
{
	scene_init(s);
	s->config.foreign_quiet = 60 * SECOND;
	scene_add_many(s, 1, 2 * GiB, 64 * MiB);
	scene_proposal[0] = 1 * GiB;
	scene_run(s, 40);
	ck_assert_uint_eq(s->guests[0].seen.actual, 1 * GiB);
	s->real[0].stuck = true; /* the target is not balloond's */
	s->guests[0].seen.actual = size;
	scene_tick(s, SECOND);
	ck_assert_int_eq(scene_verdict(s, 0)->state, STATE_FOREIGN);
	ck_assert_uint_eq(s->plan.n_steps, 0);
	/* Whatever its policy wants. */
	scene_proposal[0] = size > 1 * GiB ? 512 * MiB : 2 * GiB;
}

START_TEST(planner_never_fights_for_a_size)
{
	uint64_t size = _i ? 1536 * MiB : 768 * MiB;
	struct scene s;

	set_by_others(&s, size);
	for (unsigned second = 0; second < 55; second++) {
		scene_tick(&s, SECOND);
		ck_assert_uint_eq(s.plan.n_steps, 0);
		ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_FOREIGN);
	}
	ck_assert_uint_eq(scene_verdict(&s, 0)->guest.ceiling, _i ? 2 * GiB : 768 * MiB);
	scene_run(&s, 10);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_MANAGED);
	if (_i)
		ck_assert_uint_lt(scene_verdict(&s, 0)->target, size);
	else
		ck_assert_uint_eq(scene_verdict(&s, 0)->target, size);
}
END_TEST

START_TEST(planner_still_relieves_a_guest_that_somebody_else_made_larger)
{
	struct scene s;

	set_by_others(&s, 1536 * MiB);
	scene_run(&s, 5);
	s.real[0].stuck = false;
	scene_proposal[0] = 2 * GiB;
	scene_run(&s, 2);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_FOREIGN);
}
END_TEST

START_TEST(planner_leaves_guests_to_another_manager_while_it_runs)
{
	struct scene s;

	scene_init(&s);
	scene_add_many(&s, 1, 2 * GiB, 64 * MiB);
	scene_run(&s, 3);
	s.snapshot.host.facts = HOST_MOM;
	scene_proposal[0] = 1 * GiB;
	s.real[0].stuck = true; /* it is the other's */
	for (uint64_t actual = 1900 * MiB; actual > 1 * GiB; actual -= 100 * MiB) {
		s.guests[0].seen.actual = actual;
		scene_tick(&s, SECOND);
		ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_OWNED);
		ck_assert_uint_eq(scene_verdict(&s, 0)->guest.target, actual);
		ck_assert_uint_eq(s.plan.n_steps, 0);
	}
	s.real[0].stuck = false;
	s.snapshot.host.facts = 0;
	scene_tick(&s, SECOND);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_MANAGED);
	ck_assert_uint_eq(scene_verdict(&s, 0)->guest.ceiling, 2 * GiB);
}
END_TEST

static Suite *planner_suite(void)
{
	Suite *suite = suite_create("planner");
	TCase *tc = tcase_create("planner");

	tcase_add_test(tc, planner_offers_the_pool_or_what_the_machine_has_of_it);
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
	tcase_add_test(tc, planner_reads_no_cry_from_a_reboot);
	tcase_add_test(tc, planner_takes_over_a_size_that_somebody_else_set);
	tcase_add_loop_test(tc, planner_never_fights_for_a_size, 0, 2);
	tcase_add_test(tc, planner_still_relieves_a_guest_that_somebody_else_made_larger);
	tcase_add_test(tc, planner_leaves_guests_to_another_manager_while_it_runs);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(planner_suite());
}
