/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* fair as a whole: when it moves nobody, what it gives to whom, and how it comes to rest. */

#include "tests/unit/fair-bed.h"

#define MINUTE (60 * SECOND)
#define HEADROOM (4 * GiB * 30 / 1000)

START_TEST(nothing_moves_while_all_fit)
{
	struct params params = fair_defaults();
	uint64_t seed = 1;
	struct sim s;

	sim_init(&s, &params);
	for (size_t i = 0; i < 6; i++) {
		fair_add(&s, 4 * GiB, 1 * GiB);
		fair_set_size(&s.v.guests[i], (2 + i % 2) * GiB);
	}
	/* To the byte. */
	s.v.view.capacity = balloond_whole(15 * GiB, 950) + 1;
	for (unsigned n = 0; n < 3600; n++) {
		for (size_t i = 0; i < 6; i++)
			s.real[i].need = 1 * GiB + random_below(&seed, 700 * MiB);
		sim_tick(&s, SECOND);
		for (size_t i = 0; i < 6; i++) {
			ck_assert_uint_eq(s.v.targets[i].bytes, s.v.guests[i].target);
			ck_assert_uint_eq(s.v.targets[i].figure[FIGURE_SHORT], 0);
		}
	}
	s.v.view.capacity -= 10 * MiB;
	policy_ask(&s.v, &params);
	ck_assert_uint_lt(fair_sum(&s), 15 * GiB);
}
END_TEST

/* A guest that lacks 800 MiB of its claim, and one that reads and fills what it has.  Both have
 * 2 GiB. */
enum { CLAIMS, READS };

static void claimer_and_reader(struct sim *s, const struct params *params, uint64_t surplus)
{
	struct state *state;

	sim_init(s, params);
	for (size_t i = 0; i < 2; i++)
		fair_set_size(fair_add(s, 4 * GiB, 1 * GiB), 2 * GiB);
	s->v.guests[READS].unused = 0;
	state = fair_state(s, CLAIMS);
	balloond_window_add(&state->recent, s->v.view.now, params->window,
			    2 * GiB + 800 * MiB - HEADROOM);
	fair_state(s, READS)->usual = LEND_READS;
	for (size_t i = 0; i < 2; i++) {
		fair_state(s, i)->sample = s->v.guests[i].sample;
		fair_state(s, i)->used = s->v.guests[i].used;
	}
	s->v.view.capacity = balloond_whole(4 * GiB + surplus, params->fill) + 1;
}

START_TEST(claims_are_made_whole_before_anything_is_lent)
{
	struct params params = fair_defaults();
	struct sim s;

	claimer_and_reader(&s, &params, 300 * MiB);
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[CLAIMS].bytes, 2 * GiB + 300 * MiB);
	ck_assert_uint_eq(s.v.targets[CLAIMS].reason, REASON_GROWS);
	ck_assert_uint_eq(s.v.targets[READS].bytes, 2 * GiB);
	/* Lending stops 5 % of the capacity short of that. */
	claimer_and_reader(&s, &params, 900 * MiB);
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[CLAIMS].bytes, 2 * GiB + 800 * MiB);
	ck_assert_uint_eq(s.v.targets[READS].bytes, 2 * GiB);
	claimer_and_reader(&s, &params, 1100 * MiB);
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[CLAIMS].bytes, 2 * GiB + 800 * MiB);
	ck_assert_uint_eq(s.v.targets[READS].bytes - 2 * GiB,
			  300 * MiB - balloond_permille(s.v.view.capacity, LEND_SHORT));
	ck_assert_uint_eq(s.v.targets[READS].reason, REASON_LENT);
	ck_assert_uint_eq(s.v.targets[READS].claim, 1 * GiB + HEADROOM);
}
END_TEST

START_TEST(nothing_is_given_that_nobody_waits_for_while_the_host_is_short)
{
	struct params params = fair_defaults();
	struct sim s;

	for (uint32_t level = BALLOOND_LEVEL_TIGHT; level <= BALLOOND_LEVEL_CRITICAL; level++) {
		claimer_and_reader(&s, &params, 8 * GiB);
		s.v.host.level = level;
		policy_ask(&s.v, &params);
		ck_assert_uint_eq(fair_sum(&s), 4 * GiB);
	}
	claimer_and_reader(&s, &params, 8 * GiB);
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(fair_sum(&s), 4 * GiB + 800 * MiB + 4 * GiB / LEND_PARTS);
}
END_TEST

/* What the reader is like, and whether it is lent anything. */
static const struct borrower {
	const char *what;
	uint64_t reads, unused, actual;
	uint32_t cleared;
	int lends;
} borrowers[] = {
	{ "reads and is full", LEND_READS, 2 * GiB / 10 - 1, 2 * GiB, 0, 1 },
	{ "reads little", LEND_READS - 1, 0, 2 * GiB, 0, 0 },
	{ "has memory unused", LEND_READS, 2 * GiB / 10 + 1, 2 * GiB, 0, 0 },
	{ "does not tell what is unused", LEND_READS, BALLOOND_UNKNOWN, 2 * GiB, 0, 0 },
	{ "has not got yet what it was given", LEND_READS, 0, 2 * GiB - MiB, 0, 0 },
	{ "is held", LEND_READS, 0, 2 * GiB, BALLOOND_GUEST_MAY_GROW, 0 },
};

START_TEST(memory_is_lent_to_those_who_have_use_for_it)
{
	const struct borrower *row = &borrowers[_i];
	struct params params = fair_defaults();
	struct sim s;

	claimer_and_reader(&s, &params, 8 * GiB);
	fair_state(&s, READS)->usual = row->reads;
	s.v.guests[READS].unused = row->unused;
	s.v.guests[READS].actual = row->actual;
	s.v.guests[READS].flags &= ~row->cleared;
	policy_ask(&s.v, &params);
	ck_assert_msg((s.v.targets[READS].bytes > 2 * GiB) == row->lends, "%s", row->what);
}
END_TEST

START_TEST(a_guest_that_tells_nothing_is_lent_only_what_can_be_taken_back)
{
	struct params params = fair_defaults();
	struct sim s;

	for (unsigned may = 0; may < 2; may++) {
		claimer_and_reader(&s, &params, 8 * GiB);
		s.v.guests[READS].used = BALLOOND_UNKNOWN;
		s.v.guests[READS].flags |= BALLOOND_GUEST_BLIND;
		if (!may)
			s.v.guests[READS].flags &= ~BALLOOND_GUEST_MAY_SHRINK;
		policy_ask(&s.v, &params);
		ck_assert_uint_eq(s.v.targets[READS].bytes,
				  2 * GiB + (may ? 4 * GiB / LEND_PARTS : 0));
		ck_assert_uint_eq(s.v.targets[READS].reason, REASON_UNKNOWN);
	}
}
END_TEST

START_TEST(lending_goes_on_every_half_minute_until_little_is_left)
{
	struct params params = fair_defaults();
	uint64_t last = 0, size, sum;
	unsigned n_loans = 0;
	struct sim s;

	sim_init(&s, &params);
	for (size_t i = 0; i < 3; i++) {
		fair_set_size(fair_add(&s, 4 * GiB, 1 * GiB), 1536 * MiB);
		s.real[i].cache = 4 * GiB;
		s.real[i].touched = 4 * GiB;
		s.real[i].reads = i == 0 ? 4 * MiB : 0;
	}
	s.v.view.capacity = 7 * GiB;
	for (unsigned n = 0; n < 1200; n++) {
		size = s.v.guests[0].target;
		sim_tick(&s, SECOND / 2);
		if (s.v.guests[0].target == size)
			continue;
		ck_assert_uint_eq(s.v.guests[0].target - size,
				  balloond_min(4 * GiB / LEND_PARTS,
					       balloond_permille(7 * GiB, 900) - 3 * 1536 * MiB -
						       n_loans * 4 * GiB / LEND_PARTS));
		ck_assert_uint_ge(s.v.view.now - last, LEND_EVERY);
		last = s.v.view.now;
		n_loans++;
	}
	sum = s.v.guests[0].target + s.v.guests[1].target + s.v.guests[2].target;
	ck_assert_uint_gt(n_loans, 4);
	ck_assert_uint_le(sum, balloond_permille(7 * GiB, 900));
	ck_assert_uint_ge(sum, balloond_permille(7 * GiB, 900) - 21 * MiB);
	ck_assert_uint_eq(s.v.guests[1].target, 1536 * MiB);
}
END_TEST

START_TEST(nobody_pays_for_a_guest_that_is_held)
{
	struct params params = fair_defaults();
	struct sim s;

	claimer_and_reader(&s, &params, 0);
	s.v.guests[CLAIMS].flags &= ~(BALLOOND_GUEST_MAY_GROW | BALLOOND_GUEST_MAY_SHRINK);
	s.v.guests[CLAIMS].used = 2 * GiB;
	s.v.guests[CLAIMS].sample++;
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[CLAIMS].bytes, 2 * GiB);
	ck_assert_uint_eq(s.v.targets[CLAIMS].reason, REASON_WAITS);
	ck_assert_uint_eq(s.v.targets[READS].bytes, 2 * GiB);
	s.v.guests[CLAIMS].flags |= BALLOOND_GUEST_MAY_GROW;
	s.v.guests[CLAIMS].sample++;
	policy_ask(&s.v, &params);
	ck_assert_uint_lt(s.v.targets[READS].bytes, 2 * GiB);
}
END_TEST

START_TEST(who_needs_more_gets_it_from_others_and_all_come_to_rest)
{
	struct params params = fair_defaults();
	uint64_t sum = 0;
	struct sim s;

	sim_init(&s, &params);
	for (size_t i = 0; i < 6; i++) {
		fair_add(&s, 4 * GiB, (i + 1) * 200 * MiB)->give = SIM_SHRINK;
		s.real[i].cache = i * 200 * MiB;
		s.real[i].overhead = 64 * MiB;
	}
	s.v.view.capacity = 14 * GiB;
	sim_run(&s, SECOND / 2, 10 * MINUTE);
	s.real[0].need = 3 * GiB;
	sim_run(&s, SECOND / 2, 20 * SECOND);
	ck_assert_uint_ge(s.v.guests[0].target, 3 * GiB);
	sim_run(&s, SECOND / 2, 10 * MINUTE);
	for (size_t i = 0; i < 6; i++) {
		sum += s.v.guests[i].charge;
		ck_assert_uint_eq(s.real[i].turns, i == 0);
		ck_assert_uint_ge(s.v.guests[i].target, s.real[i].need);
		s.real[i].n_moves = 0;
	}
	/* But for what the dead bands keep. */
	ck_assert_uint_le(sum, balloond_permille(14 * GiB, 950) + 6 * 21 * MiB);
	sim_run(&s, SECOND / 2, 60 * MINUTE);
	for (size_t i = 0; i < 6; i++)
		ck_assert_uint_eq(s.real[i].n_moves, 0);
}
END_TEST

START_TEST(figures_say_what_a_size_was_made_of)
{
	struct params params = fair_defaults();
	struct sim s;

	claimer_and_reader(&s, &params, 0);
	s.v.guests[READS].shares = 3000;
	s.v.view.capacity = balloond_whole(4 * GiB - 100 * MiB, params.fill);
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[CLAIMS].n_figures, 4);
	ck_assert_uint_eq(s.v.targets[CLAIMS].figure[FIGURE_DEMAND],
			  2 * GiB + 800 * MiB - HEADROOM);
	ck_assert_uint_eq(s.v.targets[CLAIMS].figure[FIGURE_HEADROOM], HEADROOM);
	ck_assert_uint_eq(s.v.targets[CLAIMS].figure[FIGURE_SHARE], s.v.view.capacity / 4);
	ck_assert_uint_eq(s.v.targets[READS].figure[FIGURE_SHARE], s.v.view.capacity / 4 * 3);
	ck_assert_uint_ge(s.v.targets[READS].figure[FIGURE_SHORT], 100 * MiB);
	ck_assert_uint_le(s.v.targets[READS].figure[FIGURE_SHORT], 100 * MiB + 1);
}
END_TEST

/* Everything at its end: policy_add_checks() tries what lies between. */
START_TEST(extremes_are_borne)
{
	static const uint64_t ends[] = { 0, 1, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX };
	struct params params = fair_defaults();
	uint64_t seed = 1;
	struct sim s;

	for (unsigned n = 0; n < 20000; n++) {
		sim_init(&s, &params);
		s.v.view.now = UINT64_MAX - random_below(&seed, 3);
		s.v.view.n_guests = random_below(&seed, 4);
		for (size_t i = 0; i < s.v.view.n_guests; i++) {
			struct balloond_guest *g = &s.v.guests[i];
			size_t at = offsetof(struct balloond_guest, floor);

			for (; at < offsetof(struct balloond_guest, shares); at += sizeof(ends[0]))
				memcpy((uint8_t *)g + at, &ends[random_below(&seed, 5)],
				       sizeof(ends[0]));
			g->give = ends[random_below(&seed, 5)];
			g->shares = random_below(&seed, 2) ? 1 : 1000000;
			g->flags = (uint32_t)random_below(&seed, 1u << 9);
		}
		s.v.view.capacity = ends[random_below(&seed, 5)];
		for (unsigned tick = 0; tick < 3; tick++) {
			policy_ask(&s.v, &params);
			for (size_t i = 0; i < s.v.view.n_guests; i++) {
				ck_assert_uint_le(s.v.targets[i].claim, s.v.targets[i].bytes);
				s.v.guests[i].sample++;
			}
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy-fair");
	TCase *tc = tcase_create("policy-fair");

	policy_add_checks(tc);
	tcase_add_test(tc, nothing_moves_while_all_fit);
	tcase_add_test(tc, claims_are_made_whole_before_anything_is_lent);
	tcase_add_test(tc, nothing_is_given_that_nobody_waits_for_while_the_host_is_short);
	tcase_add_loop_test(tc, memory_is_lent_to_those_who_have_use_for_it, 0,
			    sizeof(borrowers) / sizeof(borrowers[0]));
	tcase_add_test(tc, a_guest_that_tells_nothing_is_lent_only_what_can_be_taken_back);
	tcase_add_test(tc, lending_goes_on_every_half_minute_until_little_is_left);
	tcase_add_test(tc, nobody_pays_for_a_guest_that_is_held);
	tcase_add_test(tc, who_needs_more_gets_it_from_others_and_all_come_to_rest);
	tcase_add_test(tc, figures_say_what_a_size_was_made_of);
	tcase_add_test(tc, extremes_are_borne);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
