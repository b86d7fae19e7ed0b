/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* In what order fair takes memory back, from whom, and how much. */

#include "tests/unit/fair-bed.h"

/* All that there is may be held, so that sums are plain. */
static const struct params plain = { .window = 300 * SECOND, .headroom = 30, .fill = 1000 };

#define MARGIN (4 * GiB / 100)
#define HEADROOM (4 * GiB * 30 / 1000)

/* Two guests of 4 GiB.  The first never touched 256 MiB, has 768 MiB more unused, and 1600 MiB of
 * cache beyond what it used an hour ago; it uses 512 MiB now, 600 of late and 1350 an hour ago.
 * The second has nothing but cache beyond that. */
enum { FIRST, SECOND_ONE };

static void used_to_use(struct sim *s, size_t i, uint64_t lately, uint64_t hour)
{
	struct state *state = fair_state(s, i);

	balloond_window_add(&state->recent, s->v.view.now, plain.window, lately);
	balloond_window_add(&state->lasting, s->v.view.now, 12 * plain.window, hour);
	state->sample = s->v.guests[i].sample;
	state->used = s->v.guests[i].used;
	state->size = s->v.guests[i].target;
}

static void two_guests(struct sim *s)
{
	struct balloond_guest *g;

	sim_init(s, &plain);
	g = fair_add(s, 4 * GiB, 512 * MiB);
	g->resident = 4 * GiB - 256 * MiB;
	g->unused = 1 * GiB;
	used_to_use(s, FIRST, 600 * MiB, 1350 * MiB);
	g = fair_add(s, 4 * GiB, 512 * MiB);
	g->unused = 0;
	used_to_use(s, SECOND_ONE, 600 * MiB, 1350 * MiB);
}

#define LIKELY (1350 * MiB + HEADROOM)
#define CLAIM (600 * MiB + HEADROOM)
#define LATELY (600 * MiB)
#define ENOUGH (512 * MiB + HEADROOM / 2)
#define NOW (512 * MiB + MARGIN)

/* The sizes of both, and of which class the last was taken, when both are short by so much. */
static const struct taking {
	uint64_t is_short;
	uint64_t first, second;
	unsigned classes[2]; /* CLASSES: nothing is taken */
} takings[] = {
	{ 0, 4 * GiB, 4 * GiB, { CLASSES, CLASSES } },
	{ 100 * MiB, 4 * GiB - 100 * MiB, 4 * GiB, { CLASS_UNTOUCHED, CLASSES } },
	{ 256 * MiB, 4 * GiB - 256 * MiB, 4 * GiB, { CLASS_UNTOUCHED, CLASSES } },
	{ 256 * MiB + 1, 4 * GiB - 256 * MiB - 1, 4 * GiB, { CLASS_UNUSED, CLASSES } },
	{ 1 * GiB, 3 * GiB, 4 * GiB, { CLASS_UNUSED, CLASSES } },
	/* Cache of the larger one first, until both are alike. */
	{ 1 * GiB + 100 * MiB, 3 * GiB, 4 * GiB - 100 * MiB, { CLASS_UNUSED, CLASS_CACHE } },
	{ 2 * GiB + 200 * MiB,
	  3 * GiB - 100 * MiB,
	  3 * GiB - 100 * MiB,
	  { CLASS_CACHE, CLASS_CACHE } },
	{ 8 * GiB - 2 * LIKELY, LIKELY, LIKELY, { CLASS_CACHE, CLASS_CACHE } },
	{ 8 * GiB - LIKELY - CLAIM,
	  (LIKELY + CLAIM) / 2,
	  (LIKELY + CLAIM) / 2,
	  { CLASS_BEYOND_CLAIM, CLASS_BEYOND_CLAIM } },
	{ 8 * GiB - CLAIM - LATELY,
	  (CLAIM + LATELY) / 2,
	  (CLAIM + LATELY) / 2,
	  { CLASS_HEADROOM, CLASS_HEADROOM } },
	{ 8 * GiB - LATELY - ENOUGH,
	  (LATELY + ENOUGH) / 2,
	  (LATELY + ENOUGH) / 2,
	  { CLASS_LATELY, CLASS_LATELY } },
	/* Nobody waits: more is not to be had. */
	{ 8 * GiB, ENOUGH, ENOUGH, { CLASS_LATELY, CLASS_LATELY } },
};

/* But for the bytes that a step of the water level is. */
static void check_size(uint64_t is, uint64_t should)
{
	uint64_t step = 4 * 64 * 1000;

	ck_assert_uint_le(is, should + step);
	ck_assert_uint_ge(is + step, should);
}

START_TEST(what_costs_least_is_taken_first_from_all)
{
	const struct taking *row = &takings[_i];
	const uint64_t sizes[] = { row->first, row->second };
	struct sim s;

	two_guests(&s);
	s.v.view.capacity = 8 * GiB - row->is_short;
	policy_ask(&s.v, &plain);
	for (size_t i = 0; i < 2; i++) {
		const struct balloond_target *t = &s.v.targets[i];

		check_size(t->bytes, sizes[i]);
		if (row->classes[i] < CLASSES)
			ck_assert_uint_eq(t->reason, REASON_TAKEN + row->classes[i]);
		else
			ck_assert_uint_eq(t->bytes, 4 * GiB);
		ck_assert_uint_eq(t->figure[FIGURE_SHORT], row->is_short);
		ck_assert_uint_eq(t->claim, balloond_min(t->bytes, CLAIM));
	}
	ck_assert_uint_eq(fair_sum(&s), balloond_max(8 * GiB - row->is_short, 2 * ENOUGH));
}
END_TEST

START_TEST(claims_are_cut_only_beyond_what_is_kept_free_for_lending)
{
	struct params params = plain;
	struct sim s;

	two_guests(&s);
	params.fill = 950;
	s.v.view.capacity = balloond_whole(2 * CLAIM, 980);
	policy_ask(&s.v, &params);
	check_size(s.v.targets[FIRST].bytes, CLAIM);
	s.v.view.capacity = balloond_whole(2 * CLAIM - 20 * MiB, 985);
	policy_ask(&s.v, &params);
	check_size(s.v.targets[FIRST].bytes, CLAIM - 10 * MiB);
	ck_assert_uint_eq(s.v.targets[FIRST].reason, REASON_TAKEN + CLASS_HEADROOM);
}
END_TEST

START_TEST(what_is_on_its_way_back_counts_as_taken)
{
	struct sim s;

	two_guests(&s);
	s.v.view.capacity = 8 * GiB - 100 * MiB;
	s.v.guests[FIRST].target = 4 * GiB - 100 * MiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(fair_sum(&s), 8 * GiB - 100 * MiB);
	ck_assert_uint_eq(s.v.targets[FIRST].figure[FIGURE_SHORT], 0);
	/* What was never touched lowers no charge that is by touch. */
	s.v.guests[FIRST].charge = s.v.guests[FIRST].resident = 2 * GiB;
	s.v.view.capacity = 6 * GiB - 50 * MiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[FIRST].figure[FIGURE_SHORT], 50 * MiB);
}
END_TEST

START_TEST(what_was_taken_since_a_sample_is_not_found_unused_again)
{
	struct sim s;

	two_guests(&s);
	s.v.guests[FIRST].sample++; /* it tells of a GiB that lies unused */
	policy_ask(&s.v, &plain);
	s.v.guests[FIRST].target = s.v.guests[FIRST].actual = 3 * GiB + 100 * MiB;
	s.v.guests[FIRST].charge = s.v.guests[FIRST].resident = 3 * GiB + 100 * MiB;
	s.v.view.capacity = 7 * GiB - 200 * MiB;
	policy_ask(&s.v, &plain);
	check_size(s.v.targets[FIRST].bytes, 3 * GiB);
	ck_assert_uint_eq(s.v.targets[FIRST].reason, REASON_TAKEN + CLASS_UNUSED);
	ck_assert_uint_eq(s.v.targets[SECOND_ONE].reason, REASON_TAKEN + CLASS_CACHE);
	/* With a new sample it is. */
	s.v.guests[FIRST].sample++;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[SECOND_ONE].bytes, 4 * GiB);
}
END_TEST

START_TEST(within_a_class_shares_and_ceilings_say_who_keeps_how_much)
{
	struct sim s;

	sim_init(&s, &plain);
	for (size_t i = 0; i < 3; i++) {
		fair_add(&s, i == 2 ? 8 * GiB : 4 * GiB, 512 * MiB);
		fair_set_size(&s.v.guests[i], 4 * GiB);
		used_to_use(&s, i, 0, 0);
	}
	s.v.guests[1].shares = 2000;
	s.v.guests[2].maximum = 4 * GiB;
	s.v.view.capacity = 3 * (512 * MiB + HEADROOM) + 5 * GiB;
	policy_ask(&s.v, &plain);
	check_size(s.v.targets[0].bytes, 512 * MiB + HEADROOM + 1 * GiB);
	check_size(s.v.targets[1].bytes, 512 * MiB + HEADROOM + 2 * GiB);
	check_size(s.v.targets[2].bytes, 512 * MiB + HEADROOM + 2 * GiB);
}
END_TEST

START_TEST(cache_of_guests_that_read_weighs_more)
{
	struct sim s;

	sim_init(&s, &plain);
	for (size_t i = 0; i < 3; i++) {
		fair_add(&s, 4 * GiB, 512 * MiB)->unused = 0;
		used_to_use(&s, i, 0, 0);
	}
	fair_state(&s, 1)->usual = 4 * MiB;
	fair_state(&s, 2)->usual = 1000 * MiB; /* counts no more than eight times */
	s.v.view.capacity = 3 * (512 * MiB + HEADROOM) + 11 * 100 * MiB;
	policy_ask(&s.v, &plain);
	for (size_t i = 0; i < 3; i++) {
		static const uint64_t weight[] = { 1, 2, 8 };
		uint64_t beyond = s.v.targets[i].bytes - 512 * MiB - HEADROOM;

		ck_assert_uint_eq((beyond + 50 * MiB) / (100 * MiB), weight[i]);
	}
}
END_TEST

/* Each keeps its guest out of it. */
static const struct exempt {
	uint32_t set, cleared;
} exempts[] = {
	{ BALLOOND_GUEST_STALE, 0 },
	{ BALLOOND_GUEST_COOLING, BALLOOND_GUEST_MAY_SHRINK },
	{ 0, BALLOOND_GUEST_MAY_SHRINK },
};

START_TEST(who_cannot_be_shrunk_now_is_left_alone)
{
	const struct exempt *row = &exempts[_i];
	struct sim s;

	two_guests(&s);
	s.v.guests[FIRST].flags |= row->set;
	s.v.guests[FIRST].flags &= ~row->cleared;
	s.v.view.capacity = 7 * GiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[FIRST].bytes, 4 * GiB);
	ck_assert_uint_eq(s.v.targets[FIRST].reason, REASON_BARRED);
	ck_assert_uint_eq(s.v.targets[SECOND_ONE].bytes, 3 * GiB);
	s.v.guests[FIRST].used = BALLOOND_UNKNOWN;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[FIRST].bytes, 4 * GiB);
	ck_assert_uint_eq(s.v.targets[FIRST].reason, REASON_UNKNOWN);
	/* While it grows it may get less, but keeps what it has. */
	s.v.guests[FIRST].used = 512 * MiB;
	fair_set_size(&s.v.guests[FIRST], 3 * GiB);
	fair_state(&s, FIRST)->warm = 4 * GiB;
	fair_state(&s, FIRST)->cold_at = s.v.view.now;
	s.v.view.capacity = 8 * GiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[FIRST].bytes, 4 * GiB);
	s.v.view.capacity = 1 * GiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[FIRST].bytes, 3 * GiB);
	ck_assert_uint_eq(s.v.targets[SECOND_ONE].bytes, ENOUGH);
}
END_TEST

START_TEST(what_is_not_known_is_not_taken)
{
	struct sim s;

	two_guests(&s);
	s.v.guests[FIRST].resident = s.v.guests[FIRST].unused = BALLOOND_UNKNOWN;
	s.v.guests[FIRST].usable = BALLOOND_UNKNOWN;
	s.v.view.capacity = 8 * GiB - 500 * MiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[FIRST].bytes, 4 * GiB);
	s.v.guests[SECOND_ONE].usable = BALLOOND_UNKNOWN;
	policy_ask(&s.v, &plain);
	/* What it does not claim is lent, whatever it is. */
	ck_assert_uint_eq(fair_sum(&s), 8 * GiB - 500 * MiB);
	ck_assert_uint_eq(s.v.targets[FIRST].reason, REASON_TAKEN + CLASS_BEYOND_CLAIM);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fair-take");
	TCase *tc = tcase_create("fair-take");

	tcase_add_loop_test(tc, what_costs_least_is_taken_first_from_all, 0,
			    sizeof(takings) / sizeof(takings[0]));
	tcase_add_test(tc, claims_are_cut_only_beyond_what_is_kept_free_for_lending);
	tcase_add_test(tc, what_is_on_its_way_back_counts_as_taken);
	tcase_add_test(tc, what_was_taken_since_a_sample_is_not_found_unused_again);
	tcase_add_test(tc, within_a_class_shares_and_ceilings_say_who_keeps_how_much);
	tcase_add_test(tc, cache_of_guests_that_read_weighs_more);
	tcase_add_loop_test(tc, who_cannot_be_shrunk_now_is_left_alone, 0,
			    sizeof(exempts) / sizeof(exempts[0]));
	tcase_add_test(tc, what_is_not_known_is_not_taken);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
