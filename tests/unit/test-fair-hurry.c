/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where somebody waits: what others give at once; and what those give that tell nothing. */

#include "tests/unit/fair-bed.h"

/* All that there is may be held, so that sums are plain. */
static const struct params plain = { .window = 300 * SECOND, .headroom = 30, .fill = 1000 };

#define MARGIN (4 * GiB / 100)
#define HEADROOM (4 * GiB * 30 / 1000)
#define ENOUGH (512 * MiB + HEADROOM / 2)
#define NOW (512 * MiB + MARGIN)

enum { NEEDY, IDLE, READERS, N = READERS + 4 };

static void sampled(struct sim *s, size_t i)
{
	struct state *state = fair_state(s, i);

	balloond_window_add(&state->recent, s->v.view.now, plain.window, s->v.guests[i].used);
	state->sample = s->v.guests[i].sample;
	state->used = s->v.guests[i].used;
	state->size = s->v.guests[i].target;
}

/* `left` of the first one's GiB remains.  The second has plenty that it never touched, the others
 * are full of cache; the capacity is full. */
static void needy_and_others(struct sim *s, uint64_t left, uint64_t give)
{
	uint64_t sum = 0;

	sim_init(s, &plain);
	for (size_t i = 0; i < N; i++) {
		struct balloond_guest *g = fair_add(s, 4 * GiB, 512 * MiB);

		g->give = give;
		if (i == NEEDY) {
			g->used = 1 * GiB - left;
			fair_set_size(g, 1 * GiB);
		} else if (i == IDLE) {
			g->resident = 1 * GiB;
		} else {
			g->unused = 0;
		}
		sampled(s, i);
		sum += g->charge;
	}
	s->v.guests[NEEDY].sample++;
	s->v.guests[NEEDY].sample_elapsed = SECOND;
	s->v.view.capacity = sum;
}

/* What each guest can give now, what is taken of each reader, and what the needy one gets: all that
 * can be had at once, and what is sure in any case. */
static const struct hurry {
	uint64_t give, taken, gets;
} hurries[] = {
	{ 0, 0, 128 * MiB },
	{ 16 * MiB, 16 * MiB, 128 * MiB },
	{ 64 * MiB, 64 * MiB, 320 * MiB },
	{ 100 * MiB, 100 * MiB, 500 * MiB },
	{ 128 * MiB, 96 * MiB, 512 * MiB },
	{ 512 * MiB, 0, 512 * MiB },
	{ BALLOOND_UNKNOWN, 0, 512 * MiB },
};

START_TEST(many_give_a_little_for_a_guest_that_waits)
{
	const struct hurry *row = &hurries[_i];
	struct sim s;

	needy_and_others(&s, 0, row->give);
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[NEEDY].reason, REASON_WAITS);
	ck_assert_uint_eq(s.v.targets[NEEDY].bytes, 1 * GiB + row->gets);
	/* In the end all of it is the idle one's, whenever it can be had. */
	ck_assert_uint_eq(s.v.targets[IDLE].bytes, 4 * GiB - 512 * MiB);
	for (size_t i = READERS; i < N; i++) {
		/* But for a step of the water level. */
		ck_assert_uint_eq((4 * GiB - s.v.targets[i].bytes + MiB / 2) / MiB,
				  row->taken / MiB);
		if (row->taken > 0)
			ck_assert_uint_eq(s.v.targets[i].reason, REASON_TAKEN + CLASS_CACHE);
	}
}
END_TEST

START_TEST(a_guest_that_waits_gets_all_of_its_plenty_where_that_is_free)
{
	struct params params = plain;
	struct sim s;

	params.fill = 950;
	for (unsigned has_room = 0; has_room < 2; has_room++) {
		needy_and_others(&s, 0, 0);
		for (size_t i = IDLE; i < N; i++)
			s.v.guests[i].flags &= ~BALLOOND_GUEST_MAY_SHRINK;
		s.v.view.capacity += 511 * MiB + has_room * MiB;
		policy_ask(&s.v, &params);
		if (has_room)
			ck_assert_uint_eq(s.v.targets[NEEDY].bytes, 1 * GiB + 512 * MiB);
		else
			ck_assert_uint_lt(s.v.targets[NEEDY].bytes, 1 * GiB + 511 * MiB);
	}
}
END_TEST

START_TEST(nobody_hurries_for_what_is_free_or_what_can_wait)
{
	struct params params = plain;
	struct sim s;

	needy_and_others(&s, 0, 64 * MiB);
	params.fill = 950;
	s.v.view.capacity += 512 * MiB;
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[NEEDY].bytes, 1 * GiB + 512 * MiB);
	ck_assert_uint_lt(s.v.targets[IDLE].bytes, 4 * GiB);
	for (size_t i = READERS; i < N; i++)
		ck_assert_uint_eq(s.v.targets[i].bytes, 4 * GiB);
	/* Of what a guest that does not wait grows by, only its margin is in a hurry. */
	needy_and_others(&s, MARGIN / 2, 1 * MiB);
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[NEEDY].reason, REASON_GROWS);
	for (size_t i = READERS; i < N; i++)
		ck_assert_uint_eq(4 * GiB - s.v.targets[i].bytes, 1 * MiB);
	needy_and_others(&s, MARGIN, 1 * MiB);
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[NEEDY].reason, REASON_GROWS);
	for (size_t i = READERS; i < N; i++)
		ck_assert_uint_eq(s.v.targets[i].bytes, 4 * GiB);
}
END_TEST

START_TEST(the_last_margin_is_given_only_to_guests_that_wait)
{
	struct sim s;

	needy_and_others(&s, 200 * MiB, 64 * MiB);
	for (size_t i = IDLE; i < N; i++) {
		fair_set_size(&s.v.guests[i], ENOUGH);
		fair_state(&s, i)->size = ENOUGH;
	}
	s.v.view.capacity = 2 * GiB;
	policy_ask(&s.v, &plain);
	for (size_t i = IDLE; i < N; i++)
		ck_assert_uint_eq(s.v.targets[i].bytes, ENOUGH);
	s.v.guests[NEEDY].used = 1 * GiB;
	s.v.guests[NEEDY].sample++;
	policy_ask(&s.v, &plain);
	/* What is sure is an eighth of its size. */
	ck_assert_uint_eq(s.v.targets[NEEDY].bytes, 1 * GiB + 128 * MiB);
	for (size_t i = IDLE; i < N; i++) {
		ck_assert_uint_eq(s.v.targets[i].bytes, NOW);
		ck_assert_uint_eq(s.v.targets[i].reason, REASON_TAKEN + CLASS_MARGIN);
	}
	/* It has waited and got it; the others grow again as they can. */
	s.v.guests[IDLE].give = 0;
	s.v.guests[NEEDY].sample++;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[IDLE].bytes, ENOUGH);
}
END_TEST

/* One that tells nothing, and one that has nothing to give but cache. */
enum { MUTE, TELLS };

static void mute_and_other(struct sim *s)
{
	struct balloond_guest *g;

	sim_init(s, &plain);
	g = fair_add(s, 4 * GiB, 0);
	fair_set_size(g, 2 * GiB);
	g->floor = 1 * GiB;
	g->flags |= BALLOOND_GUEST_BLIND;
	g->used = g->usable = g->unused = g->disk_reads = g->swap_in = BALLOOND_UNKNOWN;
	g->sample = 0;
	g = fair_add(s, 4 * GiB, 512 * MiB);
	g->unused = 0;
	sampled(s, TELLS);
	s->v.view.capacity = 6 * GiB;
	policy_ask(&s->v, &plain);
	ck_assert_uint_eq(fair_sum(s), 6 * GiB);
}

START_TEST(a_guest_that_tells_nothing_gives_after_all_that_others_can_miss)
{
	struct sim s;

	mute_and_other(&s);
	s.v.view.capacity = 2 * GiB + 512 * MiB + HEADROOM;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[MUTE].bytes, 2 * GiB);
	ck_assert_uint_eq(s.v.targets[MUTE].reason, REASON_UNKNOWN);
	ck_assert_uint_eq(s.v.targets[MUTE].n_figures, 0);
	s.v.view.capacity = 1 * GiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[MUTE].bytes, 2 * GiB - 4 * GiB / UNKNOWN_PARTS);
	ck_assert_uint_eq(s.v.targets[MUTE].reason, REASON_UNKNOWN_PAYS);
	ck_assert_uint_eq(s.v.targets[TELLS].bytes, ENOUGH);
	/* What it never had it does not miss. */
	s.v.guests[MUTE].resident = 1536 * MiB;
	s.v.view.capacity = 6 * GiB - 500 * MiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[MUTE].bytes, 2 * GiB - 500 * MiB);
	ck_assert_uint_eq(s.v.targets[TELLS].bytes, 4 * GiB);
}
END_TEST

START_TEST(a_guest_that_tells_nothing_gives_step_by_step_and_never_beyond_its_floor)
{
	uint64_t last = 0, steps = 0;
	struct sim s;

	mute_and_other(&s);
	s.v.view.capacity = 0;
	for (unsigned n = 0; n < 1000; n++) {
		struct balloond_guest *g = &s.v.guests[MUTE];
		uint64_t size = g->target;

		s.v.view.now += SECOND / 2;
		policy_ask(&s.v, &plain);
		g->resident = g->charge = g->target = g->actual = s.v.targets[MUTE].bytes;
		ck_assert_uint_ge(g->target, g->floor);
		if (g->target == size)
			continue;
		ck_assert_uint_eq(size - g->target, 64 * MiB);
		ck_assert_uint_ge(s.v.view.now - last, UNKNOWN_EVERY);
		last = s.v.view.now;
		steps++;
	}
	ck_assert_uint_eq(s.v.guests[MUTE].target, 1 * GiB);
	ck_assert_uint_eq(steps, 16);
	/* One below its floor is not moved for that. */
	s.v.guests[MUTE].floor = 2 * GiB;
	s.v.view.now += 20 * SECOND;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[MUTE].bytes, 1 * GiB);
}
END_TEST

START_TEST(a_guest_that_tells_nothing_gives_nothing_where_nobody_said_how_much)
{
	struct sim s;

	mute_and_other(&s);
	s.v.guests[MUTE].flags &= ~BALLOOND_GUEST_MAY_SHRINK;
	s.v.guests[MUTE].resident = 1 * GiB;
	s.v.view.capacity = 0;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[MUTE].bytes, 2 * GiB);
	ck_assert_uint_eq(s.v.targets[MUTE].reason, REASON_UNKNOWN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fair-hurry");
	TCase *tc = tcase_create("fair-hurry");

	tcase_add_loop_test(tc, many_give_a_little_for_a_guest_that_waits, 0,
			    sizeof(hurries) / sizeof(hurries[0]));
	tcase_add_test(tc, a_guest_that_waits_gets_all_of_its_plenty_where_that_is_free);
	tcase_add_test(tc, nobody_hurries_for_what_is_free_or_what_can_wait);
	tcase_add_test(tc, the_last_margin_is_given_only_to_guests_that_wait);
	tcase_add_test(tc, a_guest_that_tells_nothing_gives_after_all_that_others_can_miss);
	tcase_add_test(tc,
		       a_guest_that_tells_nothing_gives_step_by_step_and_never_beyond_its_floor);
	tcase_add_test(tc, a_guest_that_tells_nothing_gives_nothing_where_nobody_said_how_much);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
