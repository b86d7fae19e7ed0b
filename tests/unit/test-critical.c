/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A machine driven to critical by others, with guests that have no swap and so give no warning:
 * memory comes back, whatever their policy says, and nobody is left less than it needs. */

#include "policies/headroom.c"

#include "balloond/core/guard.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"
#include "tests/unit/scene.h"

#define GUESTS 12u

static struct params params = { 150, 300 };

/* Wants its ceiling whatever happens, and says that it needs it. */
static void propose_all(const struct balloond_view *view, const void *p, void *const states[],
			struct balloond_target targets[])
{
	(void)p;
	(void)states;
	for (size_t i = 0; i < view->n_guests; i++)
		targets[i].bytes = targets[i].claim = view->guests[i]->ceiling;
}

static const struct balloond_policy greedy = { .name = "greedy", .propose = propose_all };

/* scene_policy without a word from the test leaves every guest as it is, as hold does. */
static const struct balloond_policy *const policies[] = { &scene_policy, &balloond_policy,
							  &greedy };
static const struct amount mins[] = { { AMOUNT_KERNEL, 0 },
				      { AMOUNT_PERMILLE, 500 },
				      { AMOUNT_PERMILLE, 250 } };

#define N_CASES (3 * 3 * 2)

/* 12 guests of 2 GiB on 32; they need between a quarter and a half of it. */
static void host_of_case(struct scene *s, int number)
{
	scene_init(s);
	s->snapshot.host.seen.total = 32 * GiB;
	s->host_other = 1 * GiB;
	s->config.host.pool.value = 28 * GiB;
	s->rule.policy = policies[number % 3];
	s->rule.params = &params;
	s->promise.min = mins[number / 3 % 3];
	s->config.host.commit = number / 9 ? COMMIT_ELASTIC : COMMIT_STRICT;
	scene_add_many(s, GUESTS, 2 * GiB, 0);
	for (size_t i = 0; i < GUESTS; i++) {
		s->real[i].need = 512 * MiB + i * 50 * MiB;
		scene_without_swap(s, i);
	}
	scene_run(s, 20);
}

/* What the guard may leave a guest at worst: half of its doubled margin, or its floor. */
static uint64_t least_of(const struct scene *s, size_t i)
{
	const struct verdict *v = scene_verdict(s, i);

	return balloond_max(v->guest.floor,
			    balloond_round_up(s->real[i].need + v->margin / 2, GUARD_STEP));
}

static uint64_t least_sum(const struct scene *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < GUESTS; i++)
		sum += least_of(s, i) + s->real[i].overhead;
	return sum;
}

static void check_guests(const struct scene *s)
{
	for (size_t i = 0; i < GUESTS; i++) {
		const struct verdict *v = scene_verdict(s, i);

		ck_assert_uint_eq(v->margin, 64 * MiB);
		HOLDS(s->guests[i].seen.actual >= s->real[i].need + v->margin / 2);
		HOLDS(s->guests[i].seen.actual >= v->guest.floor);
		HOLDS(v->target >= v->guest.floor);
	}
}

START_TEST(a_surge_takes_all_that_guests_can_spare_and_no_more)
{
	uint64_t target, left;
	struct scene s;

	host_of_case(&s, _i);
	check_guests(&s);
	/* In a minute the machine itself comes to need all but what guests can spare at worst, and
	 * a little: the guests have to be at their least for it to fit. */
	left = least_sum(&s);
	target = 32 * GiB - left - 20 * MiB;
	for (unsigned second = 0; second < 60; second++) {
		s.host_other += (target - s.host_other) / 8;
		scene_tick(&s, SECOND);
		check_guests(&s);
	}
	s.host_other = target;
	scene_run(&s, 10);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_CRITICAL);
	check_guests(&s);
	for (size_t i = 0; i < GUESTS; i++)
		ck_assert_uint_eq(s.guests[i].seen.actual,
				  balloond_round_up(least_of(&s, i), GUARD_STEP));
	/* And the machine is still there. */
	ck_assert_uint_ge(s.snapshot.host.seen.available, 1 * MiB);
	/* It passes, and guests grow again. */
	s.host_other = 1 * GiB;
	scene_run(&s, 120);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_NORMAL);
	if (s.rule.policy != &scene_policy)
		for (size_t i = 0; i < GUESTS; i++)
			ck_assert_uint_ge(s.guests[i].seen.actual, s.real[i].need * 115 / 100);
}
END_TEST

/* Demand moves all the while, by less between two samples than half of a doubled margin. */
START_TEST(guests_that_move_survive_a_machine_that_is_critical)
{
	uint64_t seed = (unsigned)_i + 1, base[GUESTS];
	struct scene s;
	unsigned critical = 0;

	host_of_case(&s, _i);
	for (size_t i = 0; i < GUESTS; i++)
		base[i] = s.real[i].need;
	for (unsigned second = 0; second < 300; second++) {
		s.host_other = 1 * GiB + random_below(&seed, 32 * GiB - 1 * GiB - least_sum(&s));
		for (size_t i = 0; i < GUESTS; i++)
			s.real[i].need = base[i] + random_below(&seed, 24 * MiB);
		scene_tick(&s, SECOND);
		critical += s.plan.account.level == BALLOOND_LEVEL_CRITICAL;
		for (size_t i = 0; i < GUESTS; i++) {
			HOLDS(s.guests[i].seen.actual >= s.real[i].need);
			HOLDS(s.guests[i].seen.actual >= scene_verdict(&s, i)->guest.floor);
		}
	}
	ck_assert_uint_gt(critical, 5);
}
END_TEST

START_TEST(a_surge_says_how_much_is_missing_and_takes_it_in_seconds)
{
	struct scene s;
	uint64_t before;

	host_of_case(&s, _i ? 11 : 2); /* greedy, the kernel's floor; elastic or strict */
	before = s.snapshot.host.seen.available;
	s.host_other += before - 30 * MiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_CRITICAL);
	ck_assert_int_eq(s.plan.account.level_cause, LEVEL_CAUSE_MACHINE);
	ck_assert_uint_eq(s.plan.account.missing, 1 * GiB - 30 * MiB);
	ck_assert_uint_gt(s.plan.n_steps, 0);
	scene_run(&s, 3);
	ck_assert_uint_ge(s.snapshot.host.seen.available, 1 * GiB - GUESTS * MiB);
	ck_assert_uint_le(s.plan.account.level, BALLOOND_LEVEL_TIGHT);
	check_guests(&s);
}
END_TEST

static uint64_t promised(const struct scene *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < GUESTS; i++)
		sum += 1536 * MiB + scene_verdict(s, i)->overhead;
	return sum;
}

START_TEST(promises_beyond_the_pool_are_told_to_the_byte_and_kept_in_a_surge)
{
	struct scene s;

	host_of_case(&s, _i);
	s.promise.min = (struct amount){ AMOUNT_PERMILLE, 750 };
	scene_run(&s, 30); /* while there is room for it */
	s.config.host.pool.value = 15 * GiB;
	scene_run(&s, 30);
	for (size_t i = 0; i < GUESTS; i++)
		ck_assert_uint_eq(scene_verdict(&s, i)->guest.floor, 1536 * MiB);
	ck_assert_uint_eq(s.plan.account.overbooked_by, promised(&s) - 15 * GiB);
	for (unsigned second = 0; second < 30; second++) {
		s.host_other += (32 * GiB - s.host_other) / 16;
		scene_tick(&s, SECOND);
		ck_assert_uint_eq(s.plan.account.overbooked_by, promised(&s) - 15 * GiB);
		for (size_t i = 0; i < GUESTS; i++)
			ck_assert_uint_ge(s.guests[i].seen.actual, 1536 * MiB);
	}
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_CRITICAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("critical");
	TCase *tc = tcase_create("critical");

	/* Each with every policy, min and commit. */
	tcase_add_loop_test(tc, a_surge_takes_all_that_guests_can_spare_and_no_more, 0, N_CASES);
	tcase_add_loop_test(tc, guests_that_move_survive_a_machine_that_is_critical, 0, N_CASES);
	tcase_add_loop_test(tc, a_surge_says_how_much_is_missing_and_takes_it_in_seconds, 0, 2);
	tcase_add_loop_test(tc, promises_beyond_the_pool_are_told_to_the_byte_and_kept_in_a_surge,
			    0, 3);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
