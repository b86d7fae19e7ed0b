/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What guests have taught never stands against the pool, or against what another guest needs. */

#include "balloond/core/learn.h"

#include "balloond/core/pool.h"
#include "tests/unit/check-main.h"
#include "tests/unit/learn-bed.h"
#include "tests/unit/random.h"

static uint64_t charge_at(const struct scene *s, size_t i, uint64_t size)
{
	return pool_charge(&s->config.host, scene_verdict(s, i), &s->history.guests[i], size);
}

/* What all are charged together at their floors. */
static uint64_t floors(const struct scene *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->plan.n_verdicts; i++)
		sum += charge_at(s, i, scene_verdict(s, i)->guest.floor);
	return sum;
}

static uint64_t least_size(const struct verdict *v)
{
	uint64_t size = balloond_max(v->promised, v->guest.used + v->margin);

	if (!(v->guest.flags & BALLOOND_GUEST_MAY_SHRINK))
		size = balloond_max(size, v->guest.target);
	return size;
}

/* What all are charged with their floors, but at least with what they keep anyway; and that alone.
 */
static uint64_t kept(const struct scene *s, bool with_floors)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->plan.n_verdicts; i++) {
		const struct verdict *v = scene_verdict(s, i);
		uint64_t size = least_size(v);

		sum += charge_at(s, i, with_floors ? balloond_max(size, v->guest.floor) : size);
	}
	return sum;
}

START_TEST(in_nine_tenths_of_the_pool_all_of_it_holds)
{
	struct scene s;

	begin(&s, 4, 2 * GiB);
	cry(&s, 4);
	/* 4 x 2304 MiB and the overheads. */
	s.config.host.pool.value = 11 * GiB;
	scene_tick(&s, SECOND);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(scene_verdict(&s, i)->guest.floor,
				  scene_verdict(&s, i)->floor_learned);
	ck_assert_uint_gt(floors(&s), 9600 * MiB);
}
END_TEST

START_TEST(where_it_is_more_all_parts_are_cut_alike)
{
	struct scene s;
	uint64_t above[4], wanted = 0, got = 0;

	begin(&s, 4, 2 * GiB);
	scene_proposal[3] = 3 * GiB;
	scene_run(&s, 2);
	cry(&s, 4);
	s.config.host.pool.value = 8 * GiB;
	scene_run(&s, 4); /* what was taught yields until they fit */
	ck_assert_uint_lt(s.plan.account.level, BALLOOND_LEVEL_LOW);
	for (size_t i = 0; i < 4; i++) {
		const struct verdict *v = scene_verdict(&s, i);

		above[i] = v->guest.floor - least_size(v);
		wanted += v->floor_learned - least_size(v);
		got += above[i];
		ck_assert_uint_lt(v->guest.floor, v->floor_learned);
		ck_assert_uint_gt(v->guest.floor, v->promised + 512 * MiB);
	}
	for (size_t i = 0; i < 4; i++) {
		const struct verdict *v = scene_verdict(&s, i);
		uint64_t part = v->floor_learned - least_size(v);

		ck_assert_uint_le(above[i], balloond_mul_div(part, got, wanted) + 4);
		ck_assert_uint_ge(above[i] + 4, balloond_mul_div(part, got, wanted));
	}
	ck_assert_uint_le(floors(&s), 8 * GiB / 10 * 9);
	ck_assert_uint_ge(floors(&s) + MiB, 8 * GiB / 10 * 9);
}
END_TEST

START_TEST(what_guests_under_no_rule_are_charged_is_not_shared)
{
	struct scene s;

	begin(&s, 4, 2 * GiB);
	cry(&s, 3);
	s.pattern[0] = (char *)"g0[0-2]";
	s.config.host.pool.value = 9 * GiB;
	scene_tick(&s, SECOND);
	ck_assert_int_eq(scene_verdict(&s, 3)->state, STATE_OBSERVED);
	uint64_t shared = 9 * GiB - scene_verdict(&s, 3)->guest.charge, sum = 0;

	for (size_t i = 0; i < 3; i++)
		sum += charge_at(&s, i, scene_verdict(&s, i)->guest.floor);
	ck_assert_uint_le(sum, shared / 10 * 9);
	ck_assert_uint_ge(sum + MiB, shared / 10 * 9);
}
END_TEST

START_TEST(promises_alone_make_a_pool_overbooked)
{
	struct scene s;
	uint64_t promised;

	begin(&s, 4, 3 * GiB);
	promised = s.plan.account.promised;
	cry(&s, 4);
	s.config.host.pool.value = 8 * GiB;
	scene_run(&s, 5);
	ck_assert_uint_gt(scene_verdict(&s, 0)->floor_learned, 3 * GiB);
	ck_assert_uint_eq(s.plan.account.promised, promised);
	ck_assert_uint_eq(s.plan.account.overbooked_by, 0);
	s.config.host.pool.value = promised - 1;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.overbooked_by, 1);
}
END_TEST

/* Three of them cry for ever and want all; the fourth says nothing and needs more and more. */
START_TEST(guests_that_always_cry_are_no_hostage_takers)
{
	struct scene s;

	begin(&s, 4, 2 * GiB);
	for (size_t i = 0; i < 3; i++) {
		cries[i] = true;
		scene_proposal[i] = 4 * GiB;
		scene_claim[i] = 600 * MiB;
	}
	scene_run(&s, 600);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_ge(scene_verdict(&s, i)->guest.floor, 2200 * MiB);
	/* The pool is half of what they have by now, and then less than what they hold. */
	for (uint64_t pool = 8 * GiB; pool >= 4 * GiB; pool -= 2 * GiB) {
		s.config.host.pool.value = pool;
		scene_run(&s, 10);
		ck_assert_uint_le(s.plan.account.charged, pool);
		ck_assert_uint_eq(s.plan.account.overbooked_by, 0);
		scene_run(&s, 300);
		ck_assert_uint_le(s.plan.account.charged, pool);
	}
	s.config.host.pool.value = 8 * GiB;
	for (uint64_t need = 1 * GiB; need <= 3 * GiB; need += 512 * MiB) {
		s.real[3].need = need;
		scene_proposal[3] = need + 256 * MiB;
		scene_run(&s, 60);
		ck_assert_uint_ge(s.guests[3].seen.actual, need + 32 * MiB);
		ck_assert_uint_le(s.plan.account.charged, 8 * GiB);
	}
}
END_TEST

/* Any sizes, needs, lessons, pools and levels. */
START_TEST(whatever_was_learned_it_stays_within_its_bounds)
{
	uint64_t seed = (unsigned)_i + 1, n_raised = 0, n_cut = 0;
	struct scene s;

	begin(&s, 6, 4 * GiB);
	s.config.host.commit = _i % 2 ? COMMIT_ELASTIC : COMMIT_STRICT;
	for (unsigned tick = 0; tick < 4000; tick++) {
		size_t k = random_below(&seed, 6);

		cries[k] = random_below(&seed, 2);
		scene_proposal[k] = random_below(&seed, 5 * GiB);
		s.real[k].need = random_below(&seed, 4) * 400 * MiB;
		s.guests[k].hold.on = random_below(&seed, 4) == 0;
		if (random_below(&seed, 20) == 0)
			s.config.host.pool.value = 4 * GiB + random_below(&seed, 24 * GiB);
		s.host_other = random_below(&seed, 40) ? 512 * MiB : 127 * GiB;
		scene_tick(&s, 1 + random_below(&seed,
						random_below(&seed, 50) ? 4 * SECOND : 9 * HOUR));
		uint64_t shared = balloond_permille(s.plan.account.pool, 900);
		bool short_of = s.plan.account.level >= BALLOOND_LEVEL_LOW;

		HOLDS(kept(&s, true) <= balloond_max(shared + 6, kept(&s, false)));
		for (size_t i = 0; i < 6; i++) {
			const struct verdict *v = scene_verdict(&s, i);

			HOLDS(v->floor_learned <= v->guest.ceiling);
			HOLDS(v->guest.floor <= balloond_max(v->promised, v->floor_learned));
			HOLDS(v->guest.floor >= v->promised);
			HOLDS(!short_of || v->guest.floor == v->promised);
			n_raised += v->guest.floor > v->promised;
			n_cut += !short_of && v->guest.floor < v->floor_learned;
		}
	}
	ck_assert_uint_gt(n_raised, 1000);
	ck_assert_uint_gt(n_cut, 100);
	/* And nothing is for ever. */
	for (size_t i = 0; i < 6; i++)
		cries[i] = false;
	scene_tick(&s, 96 * HOUR);
	for (size_t i = 0; i < 6; i++)
		ck_assert_uint_eq(scene_verdict(&s, i)->floor_learned, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("learn-pool");
	TCase *tc = tcase_create("learn-pool");

	tcase_add_test(tc, in_nine_tenths_of_the_pool_all_of_it_holds);
	tcase_add_test(tc, where_it_is_more_all_parts_are_cut_alike);
	tcase_add_test(tc, what_guests_under_no_rule_are_charged_is_not_shared);
	tcase_add_test(tc, promises_alone_make_a_pool_overbooked);
	tcase_add_test(tc, guests_that_always_cry_are_no_hostage_takers);
	tcase_add_loop_test(tc, whatever_was_learned_it_stays_within_its_bounds, 0, 8);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
