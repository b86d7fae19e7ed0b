/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/headroom.c"

#include "tests/unit/policy-checks.h"
#include "tests/unit/scene.h"

/* Of one guest that has `size`, with the default marks of 15 and 30 %. */
static const struct zone {
	uint64_t size, used, bytes; /* MiB; rounded down */
	uint32_t reason;
} zones[] = {
	{ 1000, 0, 0, REASON_ABOVE_HIGH },
	{ 1000, 500, 714, REASON_ABOVE_HIGH },
	{ 1000, 695, 992, REASON_ABOVE_HIGH },
	{ 1000, 700, 1000, REASON_BETWEEN }, /* at the high mark */
	{ 1000, 800, 1000, REASON_BETWEEN },
	{ 1000, 850, 1000, REASON_BETWEEN }, /* at the low mark */
	{ 1000, 851, 1215, REASON_BELOW_LOW },
	{ 1000, 1000, 1428, REASON_BELOW_LOW },
	{ 1000, 1500, 2142, REASON_BELOW_LOW }, /* it uses more than it was asked to have */
	{ 0, 0, 0, REASON_BETWEEN },
};

static void ask_one(struct policy_view *v, uint64_t size, uint64_t used)
{
	struct params params = { 0 };

	policy_defaults(&params);
	v->view.n_guests = 1;
	v->guests[0].target = v->guests[0].actual = size;
	v->guests[0].used = used;
	policy_ask(v, &params);
}

START_TEST(headroom_acts_by_zone)
{
	const struct zone *zone = &zones[_i];
	struct policy_view v = { .guests = { { .swap_in = BALLOOND_UNKNOWN } } };
	const struct balloond_target *t = &v.targets[0];

	ask_one(&v, zone->size * MiB, zone->used * MiB);
	ck_assert_uint_eq(t->bytes / MiB, zone->bytes);
	ck_assert_uint_eq(t->reason, zone->reason);
	ck_assert_uint_eq(t->n_figures, 3);
	ck_assert_uint_eq(t->figure[FIGURE_HEADROOM],
			  balloond_sub(zone->size * MiB, zone->used * MiB));
	ck_assert_uint_eq(t->figure[FIGURE_LOW], balloond_permille(zone->size * MiB, 150));
	ck_assert_uint_eq(t->figure[FIGURE_HIGH], balloond_permille(zone->size * MiB, 300));
	ck_assert_uint_le(t->claim, t->bytes);
}
END_TEST

START_TEST(headroom_leaves_a_guest_alone_that_tells_nothing)
{
	struct policy_view v = { .guests = { { .swap_in = BALLOOND_UNKNOWN } } };

	ask_one(&v, 1 * GiB, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(v.targets[0].bytes, 1 * GiB);
	ck_assert_uint_eq(v.targets[0].claim, 1 * GiB);
	ck_assert_uint_eq(v.targets[0].reason, REASON_UNKNOWN);
	ck_assert_uint_eq(v.targets[0].n_figures, 0);
}
END_TEST

START_TEST(headroom_grows_a_guest_by_the_band_once_for_every_sample_that_swapped_in)
{
	struct policy_view v = { .guests = { { .sample = 1, .swap_in = 64 * MiB } } };
	struct balloond_guest *g = &v.guests[0];

	ask_one(&v, 1000 * MiB, 800 * MiB); /* what was swapped in before is of no interest */
	ck_assert_uint_eq(v.targets[0].reason, REASON_BETWEEN);
	g->sample++;
	g->swap_in += MiB - 1; /* cold pages that come back */
	ask_one(&v, 1000 * MiB, 800 * MiB);
	ck_assert_uint_eq(v.targets[0].reason, REASON_BETWEEN);
	g->sample++;
	g->swap_in += MiB;
	ask_one(&v, 1000 * MiB, 800 * MiB);
	ck_assert_uint_eq(v.targets[0].reason, REASON_SWAPPING);
	/* The high mark's size, or 15 % more, whichever is larger. */
	ck_assert_uint_eq(v.targets[0].bytes / MiB, 1150);
	g->swap_in += 64 * MiB; /* the same sample again: no tick may count it twice */
	ask_one(&v, 1000 * MiB, 800 * MiB);
	ck_assert_uint_eq(v.targets[0].reason, REASON_BETWEEN);
	g->sample++;
	g->swap_in = 0; /* it has rebooted */
	ask_one(&v, 1000 * MiB, 800 * MiB);
	ck_assert_uint_eq(v.targets[0].reason, REASON_BETWEEN);
	g->sample++;
	g->swap_in = 100 * MiB;
	ask_one(&v, 1000 * MiB, 400 * MiB); /* even one that shows much headroom */
	ck_assert_uint_eq(v.targets[0].bytes / MiB, 1150);
	g->sample += 100; /* another rule had it meanwhile */
	g->swap_in += 500 * MiB;
	ask_one(&v, 1000 * MiB, 800 * MiB);
	ck_assert_uint_eq(v.targets[0].reason, REASON_BETWEEN);
}
END_TEST

START_TEST(headroom_wants_low_below_high)
{
	struct params same = { 300, 300 }, good = { 10, 20 };

	ck_assert_ptr_nonnull(check(&same));
	ck_assert_ptr_null(check(&good));
}
END_TEST

/* One guest, `low` and `high`, and what it needs in turn. */
static const struct run {
	struct params params;
	uint64_t needs[3]; /* MiB */
} runs[] = {
	{ { 150, 300 }, { 1000, 2500, 600 } },  { { 150, 300 }, { 300, 301, 300 } },
	{ { 10, 20 }, { 1000, 3000, 1000 } },   { { 800, 900 }, { 100, 300, 200 } },
	{ { 299, 300 }, { 1000, 1100, 1050 } }, /* hardly a band at all */
	{ { 10, 900 }, { 1000, 3900, 50 } },
};

/* How often the guest was moved, and how often the other way than before. */
struct moves {
	unsigned n, n_turns;
	int direction;
};

static void count_moves(struct moves *moves, const struct scene *s)
{
	for (size_t k = 0; k < s->plan.n_steps; k++) {
		int direction = s->plan.steps[k].to < s->plan.steps[k].from ? -1 : 1;

		moves->n++;
		moves->n_turns += moves->direction != 0 && moves->direction != direction;
		moves->direction = direction;
	}
}

START_TEST(headroom_comes_to_rest_without_turning_back)
{
	struct run run = runs[_i];
	struct scene s;

	scene_init(&s);
	s.rule.policy = &balloond_policy;
	s.rule.params = &run.params;
	s.config.state_size = s.history.state_size = sizeof(struct state);
	scene_add(&s, "g00", 4 * GiB, 512 * MiB);
	for (size_t phase = 0; phase < 3; phase++) {
		struct moves moves = { 0 }, rest = { 0 };
		uint64_t size, headroom;

		s.real[0].need = run.needs[phase] * MiB;
		for (unsigned i = 0; i < 120; i++) {
			scene_tick(&s, SECOND / 2);
			count_moves(&moves, &s);
		}
		for (unsigned i = 0; i < 60; i++) {
			scene_tick(&s, SECOND / 2);
			count_moves(&rest, &s);
		}
		ck_assert_uint_eq(moves.n_turns, 0);
		ck_assert_uint_eq(rest.n, 0);
		size = s.guests[0].seen.actual;
		headroom = balloond_sub(size, s.real[0].need);
		/* It rests between the marks, but for the guard's dead band and the bounds. */
		if (size < 4 * GiB)
			ck_assert_uint_ge(headroom + 21 * MiB,
					  balloond_permille(size, run.params.low));
		if (size > scene_verdict(&s, 0)->guest.floor)
			ck_assert_uint_le(headroom,
					  balloond_permille(size, run.params.high) + 21 * MiB);
	}
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("policy-headroom");
	TCase *tc = tcase_create("policy-headroom");

	policy_add_checks(tc);
	tcase_add_loop_test(tc, headroom_acts_by_zone, 0, N(zones));
	tcase_add_test(tc, headroom_leaves_a_guest_alone_that_tells_nothing);
	tcase_add_test(tc,
		       headroom_grows_a_guest_by_the_band_once_for_every_sample_that_swapped_in);
	tcase_add_test(tc, headroom_wants_low_below_high);
	tcase_add_loop_test(tc, headroom_comes_to_rest_without_turning_back, 0, N(runs));
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
