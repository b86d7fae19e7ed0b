/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What holds of fair whatever guests there are, and whatever they did before. */

#include "tests/unit/fair-bed.h"

#define ROUNDS 400u
/* Each class is divided once for all that is wanted, and once for what is wanted at once. */
#define DIVISIONS (2 * CLASSES)

struct stage {
	struct sim s;
	struct params params;
};

static uint64_t some(uint64_t *seed, uint64_t least, uint64_t most)
{
	return least + random_below(seed, most - least + 1);
}

/* What one guest is like at some time. */
static void random_figures(struct balloond_guest *g, uint64_t *seed)
{
	uint64_t used = some(seed, 0, g->actual);

	g->sample += random_below(seed, 2) + random_below(seed, 10) / 9;
	g->sample_elapsed = some(seed, 0, 20) * SECOND / 4;
	g->used = used;
	g->usable = g->actual - used;
	g->unused = some(seed, 0, g->usable);
	g->resident = some(seed, 0, g->actual);
	g->swap_in += random_below(seed, 4) ? 0 : random_below(seed, 400 * MiB);
	g->major_faults += random_below(seed, 100);
	g->disk_reads += random_below(seed, 2) ? 0 : random_below(seed, 100 * MiB);
	g->give = random_below(seed, 2) ? BALLOOND_UNKNOWN : random_below(seed, GiB);
	if (random_below(seed, 10) == 0)
		g->used = BALLOOND_UNKNOWN;
	if (random_below(seed, 10) == 0)
		g->resident = g->unused = BALLOOND_UNKNOWN;
}

static void random_guest(struct balloond_guest *g, uint64_t *seed)
{
	g->maximum = g->ceiling = some(seed, 1, 128) * 64 * MiB;
	g->floor = random_below(seed, g->ceiling + 1) / 4;
	g->target = g->actual = g->charge = some(seed, g->floor, g->ceiling);
	g->shares = (uint32_t)some(seed, 1, 10);
	g->sample = some(seed, 1, 10);
	g->flags |= random_below(seed, 3) ? BALLOOND_GUEST_SWAPPED : 0;
	random_figures(g, seed);
}

/* Everybody can be moved, and is charged for what it has. */
static void random_stage(struct stage *stage, uint64_t *seed)
{
	struct sim *s = &stage->s;
	size_t n = some(seed, 1, POLICY_GUESTS);
	uint64_t sum = 0, tick;

	stage->params = fair_defaults();
	sim_init(s, &stage->params);
	for (size_t i = 0; i < n; i++) {
		random_guest(&s->v.guests[sim_add(s, GiB, 0)], seed);
		sum += s->v.guests[i].target;
	}
	/* Some time passes, so that there is something to remember. */
	for (tick = random_below(seed, 12); tick > 0; tick--) {
		s->v.view.now += random_below(seed, 120 * SECOND);
		s->v.view.capacity = random_below(seed, 2 * sum);
		policy_ask(&s->v, &stage->params);
		for (size_t i = 0; i < n; i++) {
			struct balloond_guest *g = &s->v.guests[i];

			g->target = g->actual = g->charge = balloond_clamp(s->v.targets[i].bytes,
									   g->floor, g->ceiling);
			random_figures(g, seed);
		}
	}
	s->v.view.now += random_below(seed, 2 * SECOND);
	s->v.view.capacity = random_below(seed, 2 * sum);
}

static void ask(struct stage *stage)
{
	policy_ask(&stage->s.v, &stage->params);
}

static const struct thought *thoughts_of(const struct sim *s)
{
	const struct balloond_fill *fill = (const void *)s->v.scratch;

	return (const void *)(fill + s->v.view.n_guests);
}

/* Somebody is to get more at once, at the cost of others. */
static int somebody_grows(const struct sim *s)
{
	for (size_t i = 0; i < s->v.view.n_guests; i++)
		if (thoughts_of(s)[i].need.kind > NEED_CLAIM)
			return 1;
	return 0;
}

/* The sizes of all when everything is taken but what only guests that wait are given. */
static uint64_t sum_least(const struct sim *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->v.view.n_guests; i++)
		sum += thoughts_of(s)[i].size[CLASS_LATELY];
	return sum;
}

START_TEST(proposals_never_come_to_more_than_there_is_or_has_to_be)
{
	uint64_t seed = (unsigned)_i + 1, n_full = 0;
	struct stage stage;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t sum;

		random_stage(&stage, &seed);
		ask(&stage);
		sum = fair_sum(&stage.s);
		ck_assert_uint_le(sum, balloond_max(stage.s.v.view.capacity, sum_least(&stage.s)));
		n_full += sum > balloond_permille(stage.s.v.view.capacity, 900);
	}
	ck_assert_uint_gt(n_full, ROUNDS / 10);
}
END_TEST

START_TEST(nobody_is_moved_who_cannot_be)
{
	uint64_t seed = (unsigned)_i + 1;
	struct stage stage;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct sim *s = &stage.s;

		random_stage(&stage, &seed);
		for (size_t i = 0; i < s->v.view.n_guests; i++) {
			struct balloond_guest *g = &s->v.guests[i];

			g->flags &= (uint32_t)(random_below(&seed, 4) |
					       (uint32_t) ~(BALLOOND_GUEST_MAY_GROW |
							    BALLOOND_GUEST_MAY_SHRINK));
			if (random_below(&seed, 4) == 0)
				g->flags |= random_below(&seed, 2) ? BALLOOND_GUEST_COOLING
								   : BALLOOND_GUEST_STALE;
		}
		ask(&stage);
		for (size_t i = 0; i < s->v.view.n_guests; i++) {
			const struct balloond_guest *g = &s->v.guests[i];

			if (fair_is_barred(g))
				ck_assert_uint_ge(s->v.targets[i].bytes, g->target);
			if (!(g->flags & BALLOOND_GUEST_MAY_GROW))
				ck_assert_uint_le(s->v.targets[i].bytes, g->target);
		}
	}
}
END_TEST

START_TEST(every_size_lies_between_floor_and_ceiling)
{
	uint64_t seed = (unsigned)_i + 1;
	struct stage stage;

	for (unsigned round = 0; round < ROUNDS; round++) {
		random_stage(&stage, &seed);
		ask(&stage);
		for (size_t i = 0; i < stage.s.v.view.n_guests; i++) {
			ck_assert_uint_ge(stage.s.v.targets[i].bytes, stage.s.v.guests[i].floor);
			ck_assert_uint_le(stage.s.v.targets[i].bytes, stage.s.v.guests[i].ceiling);
		}
	}
}
END_TEST

/* A step of the level is at most so much for a guest, in all divisions together. */
static uint64_t rounding(const struct balloond_guest *g)
{
	return DIVISIONS * QUARTERS_MAX * fair_weight(g);
}

static void turn_round(struct stage *to, const struct stage *from)
{
	size_t n = from->s.v.view.n_guests;

	*to = *from;
	for (size_t i = 0; i < n; i++) {
		to->s.v.guests[i] = from->s.v.guests[n - 1 - i];
		memcpy(to->s.v.states[i], from->s.v.states[n - 1 - i], POLICY_BYTES_MAX);
	}
}

START_TEST(nobody_has_more_or_less_for_where_it_stands)
{
	uint64_t seed = (unsigned)_i + 1;
	struct stage stage, turned;

	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t n;

		random_stage(&stage, &seed);
		turn_round(&turned, &stage);
		ask(&stage);
		ask(&turned);
		n = stage.s.v.view.n_guests;
		for (size_t i = 0; i < n; i++) {
			uint64_t a = stage.s.v.targets[i].bytes,
				 b = turned.s.v.targets[n - 1 - i].bytes;

			ck_assert_uint_le(a > b ? a - b : b - a, rounding(&stage.s.v.guests[i]));
			ck_assert_uint_eq(stage.s.v.targets[i].flags,
					  turned.s.v.targets[n - 1 - i].flags);
		}
	}
}
END_TEST

START_TEST(with_more_shares_nobody_gets_less)
{
	uint64_t seed = (unsigned)_i + 1, n_more = 0;
	struct stage stage, richer;

	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t i;

		random_stage(&stage, &seed);
		i = random_below(&seed, stage.s.v.view.n_guests);
		richer = stage;
		richer.s.v.guests[i].shares += (uint32_t)some(&seed, 1, 40);
		ask(&stage);
		ask(&richer);
		ck_assert_uint_ge(richer.s.v.targets[i].bytes + rounding(&richer.s.v.guests[i]),
				  stage.s.v.targets[i].bytes);
		n_more += richer.s.v.targets[i].bytes > stage.s.v.targets[i].bytes + MiB;
	}
	ck_assert_uint_gt(n_more, ROUNDS / 100);
}
END_TEST

START_TEST(with_more_capacity_nobody_gets_less_unless_somebody_gets_more_at_once)
{
	uint64_t seed = (unsigned)_i + 1, n_asked = 0;
	struct stage stage, larger;

	for (unsigned round = 0; round < ROUNDS; round++) {
		random_stage(&stage, &seed);
		larger = stage;
		larger.s.v.view.capacity += random_below(&seed, GiB);
		ask(&stage);
		ask(&larger);
		if (somebody_grows(&stage.s))
			continue;
		n_asked++;
		for (size_t i = 0; i < stage.s.v.view.n_guests; i++)
			ck_assert_uint_ge(larger.s.v.targets[i].bytes +
						  rounding(&stage.s.v.guests[i]),
					  stage.s.v.targets[i].bytes);
	}
	ck_assert_uint_gt(n_asked, ROUNDS / 20);
}
END_TEST

/* Everybody has what was proposed, and nothing else has happened. */
static void follow(struct sim *s)
{
	for (size_t i = 0; i < s->v.view.n_guests; i++) {
		struct balloond_guest *g = &s->v.guests[i];

		g->target = g->actual = g->charge = s->v.targets[i].bytes;
	}
}

START_TEST(who_has_what_was_proposed_is_left_as_it_is)
{
	uint64_t seed = (unsigned)_i + 1, n_asked = 0;
	struct stage stage;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct sim *s = &stage.s;

		random_stage(&stage, &seed);
		s->v.host.level = BALLOOND_LEVEL_TIGHT; /* nothing is lent */
		ask(&stage);
		if (somebody_grows(s))
			continue;
		n_asked++;
		follow(s);
		s->v.view.now += SECOND / 4;
		ask(&stage);
		for (size_t i = 0; i < s->v.view.n_guests; i++)
			ck_assert_uint_eq(s->v.targets[i].bytes, s->v.guests[i].target);
	}
	ck_assert_uint_gt(n_asked, ROUNDS / 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fair-properties");
	TCase *tc = tcase_create("fair-properties");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, proposals_never_come_to_more_than_there_is_or_has_to_be, 0, 8);
	tcase_add_loop_test(tc, nobody_is_moved_who_cannot_be, 0, 8);
	tcase_add_loop_test(tc, every_size_lies_between_floor_and_ceiling, 0, 8);
	tcase_add_loop_test(tc, nobody_has_more_or_less_for_where_it_stands, 0, 8);
	tcase_add_loop_test(tc, with_more_shares_nobody_gets_less, 0, 8);
	tcase_add_loop_test(tc,
			    with_more_capacity_nobody_gets_less_unless_somebody_gets_more_at_once,
			    0, 8);
	tcase_add_loop_test(tc, who_has_what_was_proposed_is_left_as_it_is, 0, 8);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
