/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/proportional.c"

#include "tests/unit/policy-sim.h"

static struct params defaults(void)
{
	struct params params = { 0 };

	policy_defaults(&params);
	return params;
}

static const struct params whole = { .fill = 1000, .step = 1000 };

/* Guests that report nothing, between a quarter of their ceiling and all of it. */
static void blind_guests(struct sim *s, const struct params *params, const uint64_t ceilings[],
			 size_t n)
{
	sim_init(s, params);
	for (size_t i = 0; i < n; i++) {
		struct balloond_guest *g = &s->v.guests[sim_add(s, ceilings[i], 0)];

		g->floor = ceilings[i] / 4;
		g->used = g->usable = g->unused = g->total = BALLOOND_UNKNOWN;
		g->flags |= BALLOOND_GUEST_BLIND;
	}
}

static uint64_t sum_of_sizes(const struct sim *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->v.view.n_guests; i++)
		sum += s->v.targets[i].bytes;
	return sum;
}

static const uint64_t four[] = { 1 * GiB, 2 * GiB, 8 * GiB, 64 * GiB };

/* What the fraction of a range comes to, but for a page. */
static void check_fraction(const struct sim *s, size_t i, uint64_t num, uint64_t den)
{
	const struct balloond_guest *g = &s->v.guests[i];
	uint64_t expected = g->floor + balloond_mul_div(g->ceiling - g->floor, num, den);

	ck_assert_uint_le(s->v.targets[i].bytes, expected);
	ck_assert_uint_ge(s->v.targets[i].bytes + 4096, expected);
	ck_assert_uint_eq(s->v.targets[i].figure[FIGURE_PART], s->v.targets[i].bytes);
}

START_TEST(proportional_gives_everybody_the_same_fraction_of_its_range)
{
	struct sim s;
	uint64_t ranges = 75 * GiB / 4 * 3;

	blind_guests(&s, &whole, four, 4);
	s.v.view.capacity = 75 * GiB / 4 + ranges / 5 * 3;
	sim_tick(&s, SECOND);
	for (size_t i = 0; i < 4; i++) {
		check_fraction(&s, i, 3, 5);
		ck_assert_uint_eq(s.v.targets[i].figure[FIGURE_FRACTION], 599); /* rounded down */
		ck_assert_uint_eq(s.v.targets[i].reason, REASON_SMALLER);
		ck_assert_uint_eq(s.v.targets[i].claim, s.v.targets[i].bytes);
	}
	ck_assert_uint_le(sum_of_sizes(&s), s.v.view.capacity);
	ck_assert_uint_ge(sum_of_sizes(&s) + 4 * 4096, s.v.view.capacity);
}
END_TEST

START_TEST(proportional_gives_twice_the_fraction_for_twice_the_shares)
{
	static const uint64_t two[] = { 4 * GiB, 4 * GiB };
	struct sim s;

	blind_guests(&s, &whole, two, 2);
	s.v.guests[1].shares = 2000;
	s.v.view.capacity = 2 * GiB + 9 * GiB / 4; /* 3 GiB of range each: 25 and 50 % */
	sim_tick(&s, SECOND);
	check_fraction(&s, 0, 1, 4);
	check_fraction(&s, 1, 1, 2);
	s.v.view.capacity = 2 * GiB + 5 * GiB; /* more than its range is nobody's */
	sim_run(&s, SECOND, 60 * SECOND);
	check_fraction(&s, 0, 2, 3);
	check_fraction(&s, 1, 1, 1);
	ck_assert_uint_eq(s.v.targets[1].bytes, 4 * GiB);
	s.v.guests[0].shares = 1;
	s.v.guests[1].shares = 1000000;
	sim_run(&s, SECOND, 60 * SECOND);
	check_fraction(&s, 0, 2, 3);
	s.v.view.capacity = 8 * GiB;
	sim_run(&s, SECOND, 60 * SECOND);
	ck_assert_uint_eq(s.v.targets[0].bytes, 4 * GiB);
}
END_TEST

START_TEST(proportional_does_not_look_at_the_order_of_guests)
{
	uint64_t seed = (unsigned)_i + 1;
	struct sim s, t;

	blind_guests(&s, &whole, four, 4);
	for (size_t i = 0; i < 4; i++) {
		s.v.guests[i].shares = (uint32_t)(1 + random_below(&seed, 5000));
		s.v.guests[i].ceiling -= random_below(&seed, GiB / 2);
		s.v.guests[i].target = s.v.guests[i].ceiling;
	}
	s.v.view.capacity = random_below(&seed, 75 * GiB);
	memcpy(&t, &s, sizeof(s));
	for (size_t i = 0; i < 4; i++)
		t.v.guests[i] = s.v.guests[3 - i];
	policy_ask(&s.v, &whole);
	policy_ask(&t.v, &whole);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(s.v.targets[i].bytes, t.v.targets[3 - i].bytes);
}
END_TEST

START_TEST(proportional_never_gives_less_where_there_is_more)
{
	uint64_t seed = (unsigned)_i + 1, parts[POLICY_GUESTS] = { 0 };
	struct sim s;

	blind_guests(&s, &whole, four, 4);
	for (size_t i = 0; i < 4; i++)
		s.v.guests[i].shares = (uint32_t)(1 + random_below(&seed, 5000));
	for (s.v.view.capacity = 0; s.v.view.capacity < 80 * GiB;
	     s.v.view.capacity += random_below(&seed, GiB)) {
		uint64_t sum = 0;

		policy_ask(&s.v, &whole);
		for (size_t i = 0; i < 4; i++) {
			uint64_t part = s.v.targets[i].figure[FIGURE_PART];

			ck_assert_uint_ge(part, parts[i]);
			ck_assert_uint_ge(part, s.v.guests[i].floor);
			ck_assert_uint_le(part, s.v.guests[i].ceiling);
			parts[i] = part;
			sum += part;
		}
		/* The floors are owed, whatever there is. */
		ck_assert_uint_le(sum, balloond_max(s.v.view.capacity, 75 * GiB / 4));
	}
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(parts[i], four[i]);
}
END_TEST

START_TEST(proportional_leaves_room_and_counts_what_guests_cost_beside_their_size)
{
	static const uint64_t two[] = { 4 * GiB, 4 * GiB };
	struct params params = { .fill = 900, .step = 1000 };
	struct sim s;

	blind_guests(&s, &params, two, 2);
	s.real[0].overhead = 300 * MiB;
	s.real[1].overhead = 100 * MiB;
	s.v.view.capacity = 5 * GiB;
	sim_run(&s, SECOND, 60 * SECOND);
	ck_assert_uint_le(sum_of_sizes(&s) + 400 * MiB, 9 * GiB / 2);
	ck_assert_uint_ge(sum_of_sizes(&s) + 401 * MiB, 9 * GiB / 2);
	ck_assert_uint_eq(s.v.guests[0].target, s.v.guests[1].target);
}
END_TEST

START_TEST(proportional_counts_a_guest_that_cannot_be_shrunk_with_what_it_has)
{
	static const uint64_t two[] = { 4 * GiB, 4 * GiB };
	struct sim s;

	blind_guests(&s, &whole, two, 2);
	s.v.guests[0].flags &= ~(uint32_t)BALLOOND_GUEST_MAY_SHRINK;
	s.v.view.capacity = 6 * GiB;
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[0].bytes, 4 * GiB);
	check_fraction(&s, 1, 1, 3);
}
END_TEST

START_TEST(proportional_says_when_there_is_no_more_than_floors)
{
	struct sim s;

	blind_guests(&s, &whole, four, 4);
	s.v.view.capacity = 10 * GiB;
	sim_tick(&s, SECOND);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(s.v.targets[i].bytes, s.v.guests[i].floor);
		ck_assert_uint_eq(s.v.targets[i].reason, REASON_FLOORS);
	}
}
END_TEST

static const uint64_t ticks[] = { SECOND / 4, SECOND / 2, 3 * SECOND, 10 * SECOND };

START_TEST(proportional_shrinks_by_a_step_in_10_s_and_grows_at_once)
{
	static const uint64_t two[] = { 4 * GiB, 4 * GiB };
	struct params params = { .fill = 1000, .step = 100 };
	struct sim s;

	blind_guests(&s, &params, two, 2);
	s.v.view.capacity = 4 * GiB; /* 2 GiB each */
	for (unsigned n = 0; n < 4; n++) {
		uint64_t least = 4 * GiB - (n + 1) * (4 * GiB / 10);
		uint64_t end = s.v.view.now + 10 * SECOND;

		while (s.v.view.now < end) {
			sim_tick(&s, ticks[_i]);
			/* A tick that comes late makes a step late, never larger. */
			ck_assert_uint_ge(s.v.guests[0].target, least);
		}
		if (end == s.v.view.now)
			ck_assert_uint_le(s.v.guests[0].target, least + 10);
	}
	sim_run(&s, ticks[_i], 60 * SECOND);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_THERE);
	ck_assert_uint_le(s.v.guests[0].target, 2 * GiB + 4 * GiB / 200);
	s.v.view.capacity = 8 * GiB;
	sim_tick(&s, ticks[_i]);
	ck_assert_uint_eq(s.v.guests[0].target, 4 * GiB);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_LARGER);
}
END_TEST

START_TEST(proportional_moves_nobody_when_the_pool_breathes)
{
	struct params params = defaults();
	uint64_t seed = 7;
	unsigned moves = 0;
	struct sim s;

	blind_guests(&s, &params, four, 4);
	s.v.view.capacity = 50 * GiB;
	sim_run(&s, SECOND, 300 * SECOND);
	for (size_t i = 0; i < 4; i++)
		moves += s.real[i].n_moves;
	for (unsigned n = 0; n < 600; n++) { /* by 1 %, both ways */
		s.v.view.capacity = 99 * GiB / 2 + random_below(&seed, GiB);
		sim_tick(&s, SECOND);
	}
	for (size_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(s.real[i].turns, 0);
		moves -= s.real[i].n_moves;
	}
	ck_assert_uint_eq(moves, 0);
}
END_TEST

START_TEST(proportional_claims_what_is_used_where_that_is_known)
{
	static const uint64_t two[] = { 4 * GiB, 4 * GiB };
	struct sim s;

	blind_guests(&s, &whole, two, 2);
	s.v.guests[0].used = 1000 * MiB;
	s.v.view.capacity = 6 * GiB;
	policy_ask(&s.v, &whole);
	ck_assert_uint_eq(s.v.targets[0].claim, 1100 * MiB);
	ck_assert_uint_eq(s.v.targets[1].claim, s.v.targets[1].bytes);
	s.v.guests[0].flags |= BALLOOND_GUEST_COOLING;
	policy_ask(&s.v, &whole);
	ck_assert_uint_eq(s.v.targets[0].claim, s.v.targets[0].bytes);
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("policy-proportional");
	TCase *tc = tcase_create("policy-proportional");

	policy_add_checks(tc);
	tcase_add_test(tc, proportional_gives_everybody_the_same_fraction_of_its_range);
	tcase_add_test(tc, proportional_gives_twice_the_fraction_for_twice_the_shares);
	tcase_add_loop_test(tc, proportional_does_not_look_at_the_order_of_guests, 0, 20);
	tcase_add_loop_test(tc, proportional_never_gives_less_where_there_is_more, 0, 10);
	tcase_add_test(tc, proportional_leaves_room_and_counts_what_guests_cost_beside_their_size);
	tcase_add_test(tc, proportional_counts_a_guest_that_cannot_be_shrunk_with_what_it_has);
	tcase_add_test(tc, proportional_says_when_there_is_no_more_than_floors);
	tcase_add_loop_test(tc, proportional_shrinks_by_a_step_in_10_s_and_grows_at_once, 0,
			    N(ticks));
	tcase_add_test(tc, proportional_moves_nobody_when_the_pool_breathes);
	tcase_add_test(tc, proportional_claims_what_is_used_where_that_is_known);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
