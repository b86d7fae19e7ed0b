/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tiers: which one fits, how the next is shared, and that lending stops 2 % short. */

#include "balloond/core/divide.h"

#include <stdio.h>

#include "balloond/core/pool.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"
#include "tests/unit/scene.h"

/* What whole MiB leave of a division, each guest. */
#define REST(n) ((n)*BALLOOND_MIB)

/* `n` guests of 4 GiB that have 2, need 512 MiB and claim 1 of the 3 GiB that they are proposed.
 * Nothing counts but the sizes: no overhead. */
static void scene_tiers(struct scene *s, unsigned n, uint64_t pool)
{
	scene_init(s);
	s->config.host.pool.value = pool;
	s->config.host.shrink_guest = s->config.host.shrink_host = 64 * GiB;
	s->snapshot.host.seen.total = 64 * GiB;
	for (unsigned i = 0; i < n; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "g%02u", i);
		scene_add(s, name, 4 * GiB, 512 * MiB);
		s->guests[i].seen.actual = 2 * GiB;
		scene_proposal[i] = 3 * GiB;
		scene_claim[i] = 1 * GiB;
	}
}

static uint64_t overheads(const struct scene *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->plan.n_verdicts; i++)
		sum += scene_verdict(s, i)->overhead;
	return sum;
}

static uint64_t wanted(const struct scene *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->plan.n_verdicts; i++)
		sum += scene_verdict(s, i)->wanted;
	return sum;
}

START_TEST(a_pool_that_holds_all_proposals_gives_them)
{
	struct scene s;

	scene_tiers(&s, 4, 16 * GiB);
	scene_tick(&s, SECOND);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(scene_verdict(&s, i)->wanted, 3 * GiB);
		ck_assert_int_ne(scene_verdict(&s, i)->reason, REASON_POOL_SHORT);
	}
}
END_TEST

START_TEST(lending_stops_two_per_cent_short_of_the_pool)
{
	struct scene s;

	scene_tiers(&s, 4, 8 * GiB);
	scene_tick(&s, SECOND);
	ck_assert_uint_le(wanted(&s) + overheads(&s), 8 * GiB - 8 * GiB / 50);
	ck_assert_uint_ge(wanted(&s) + overheads(&s), 8 * GiB - 8 * GiB / 50 - REST(4));
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(scene_verdict(&s, i)->reason, REASON_POOL_SHORT);
}
END_TEST

START_TEST(claims_may_take_the_whole_pool)
{
	struct scene s;

	scene_tiers(&s, 4, 8 * GiB);
	for (size_t i = 0; i < 4; i++)
		scene_claim[i] = 2500 * MiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_le(wanted(&s) + overheads(&s), 8 * GiB);
	ck_assert_uint_ge(wanted(&s) + overheads(&s), 8 * GiB - REST(4));
}
END_TEST

START_TEST(below_all_claims_everybody_keeps_what_the_guard_leaves)
{
	struct scene s;

	/* Room for all floors, 4 x 518 MiB, and not for half of a doubled margin above what is
	 * used, 4 x 553 MiB; and the overheads. */
	scene_tiers(&s, 4, 2560 * MiB);
	for (size_t i = 0; i < 4; i++)
		scene_without_swap(&s, i);
	scene_tick(&s, SECOND);
	for (size_t i = 0; i < 4; i++) {
		const struct verdict *v = scene_verdict(&s, i);

		ck_assert_uint_eq(v->wanted, v->low);
		ck_assert_uint_ge(v->low, 552 * MiB);
		ck_assert_uint_gt(v->low, v->guest.floor);
		ck_assert_int_eq(v->reason, REASON_POOL_SHORT);
	}
}
END_TEST

START_TEST(an_elastic_pool_with_room_takes_nothing_back)
{
	struct scene s;

	for (unsigned elastic = 0; elastic < 2; elastic++) {
		scene_tiers(&s, 4, 16 * GiB);
		s.config.host.commit = elastic ? COMMIT_ELASTIC : COMMIT_STRICT;
		for (size_t i = 0; i < 4; i++)
			scene_proposal[i] = 1 * GiB;
		scene_tick(&s, SECOND);
		for (size_t i = 0; i < 4; i++)
			ck_assert_uint_eq(scene_verdict(&s, i)->wanted,
					  elastic ? 2 * GiB : 1 * GiB);
	}
}
END_TEST

START_TEST(lent_memory_is_shared_by_shares)
{
	struct promise promises[2];
	char *first[] = { (char *)"g00" };
	struct scene s;
	uint64_t lent[2];

	scene_tiers(&s, 2, 3584 * MiB);
	promises[0] = promises[1] = s.promise;
	promises[0].match.texts[MATCH_NAME].items = first;
	promises[0].shares = 3000;
	s.config.promises = promises;
	s.config.n_promises = 2;
	scene_claim[0] = scene_claim[1] = 600 * MiB;
	s.guests[0].seen.actual = s.guests[1].seen.actual = 1 * GiB;
	scene_tick(&s, SECOND);
	for (size_t i = 0; i < 2; i++)
		lent[i] = scene_verdict(&s, i)->wanted + scene_verdict(&s, i)->overhead;
	/* Max-min on what they are charged: 3 : 1. */
	ck_assert_uint_ge(lent[0] + 4 * BALLOOND_MIB, 3 * lent[1]);
	ck_assert_uint_le(lent[0], 3 * lent[1] + 4 * BALLOOND_MIB);
}
END_TEST

START_TEST(guests_that_nobody_steers_come_off_first)
{
	struct scene s;

	scene_tiers(&s, 3, 8 * GiB);
	s.guests[2].facts |= GUEST_PAUSED;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(scene_verdict(&s, 2)->target, 2 * GiB);
	ck_assert_uint_le(scene_verdict(&s, 0)->wanted + scene_verdict(&s, 1)->wanted +
				  overheads(&s) + 2 * GiB,
			  8 * GiB - 8 * GiB / 50);
}
END_TEST

START_TEST(a_machine_that_is_low_gets_back_what_its_reserve_lacks)
{
	struct scene s;
	uint64_t missing;

	scene_tiers(&s, 8, 60 * GiB); /* the pool says that all is well */
	for (size_t i = 0; i < 8; i++) {
		s.real[i].touched = 2 * GiB;
		scene_proposal[i] = 2 * GiB;
		scene_claim[i] = 1 * GiB;
	}
	scene_tick(&s, SECOND);
	s.host_other = 64 * GiB - 8 * (2 * GiB + 64 * MiB) - 200 * MiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_LOW);
	missing = s.plan.account.reserve - 200 * MiB;
	ck_assert_uint_eq(s.plan.account.missing, missing);
	ck_assert_uint_le(wanted(&s), 16 * GiB - missing);
	ck_assert_uint_ge(wanted(&s), 16 * GiB - missing - REST(8));
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(scene_verdict(&s, i)->reason, REASON_HOST_SHORT);
}
END_TEST

START_TEST(what_is_wanted_lies_between_the_least_and_the_proposal)
{
	uint64_t seed = (unsigned)_i + 1;
	struct scene s;

	scene_tiers(&s, 8, 4 * GiB);
	s.config.host.commit = _i % 2 ? COMMIT_ELASTIC : COMMIT_STRICT;
	for (unsigned round = 0; round < 300; round++) {
		s.config.host.pool.value = random_below(&seed, 40 * GiB);
		for (size_t i = 0; i < 8; i++) {
			scene_proposal[i] = 1 + random_below(&seed, 5 * GiB);
			scene_claim[i] = 1 + random_below(&seed, 5 * GiB);
			s.real[i].need = random_below(&seed, 2 * GiB);
		}
		scene_tick(&s, SECOND);
		for (size_t i = 0; i < 8; i++) {
			const struct verdict *v = scene_verdict(&s, i);

			ck_assert_uint_ge(v->wanted, v->low);
			ck_assert_uint_le(v->wanted,
					  balloond_max(v->proposal.bytes, v->guest.target));
		}
	}
}
END_TEST

START_TEST(a_guest_that_is_not_managed_keeps_its_own_reason)
{
	struct scene s;

	scene_tiers(&s, 3, 5 * GiB);
	scene_tick(&s, SECOND);
	s.real[0].silent = true;
	for (unsigned i = 0; i < 20; i++)
		scene_tick(&s, SECOND);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_STALE);
	ck_assert_uint_lt(scene_verdict(&s, 0)->wanted, scene_verdict(&s, 0)->proposal.bytes);
	ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_STALE);
	ck_assert_int_eq(scene_verdict(&s, 1)->reason, REASON_POOL_SHORT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("divide");
	TCase *tc = tcase_create("divide");

	tcase_add_test(tc, a_pool_that_holds_all_proposals_gives_them);
	tcase_add_test(tc, lending_stops_two_per_cent_short_of_the_pool);
	tcase_add_test(tc, claims_may_take_the_whole_pool);
	tcase_add_test(tc, below_all_claims_everybody_keeps_what_the_guard_leaves);
	tcase_add_test(tc, an_elastic_pool_with_room_takes_nothing_back);
	tcase_add_test(tc, lent_memory_is_shared_by_shares);
	tcase_add_test(tc, guests_that_nobody_steers_come_off_first);
	tcase_add_test(tc, a_machine_that_is_low_gets_back_what_its_reserve_lacks);
	tcase_add_test(tc, a_guest_that_is_not_managed_keeps_its_own_reason);
	tcase_add_loop_test(tc, what_is_wanted_lies_between_the_least_and_the_proposal, 0, 8);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
