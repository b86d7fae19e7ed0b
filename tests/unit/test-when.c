/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gates: when they open, and how they close again. */

#include "balloond/core/when.h"

#include "tests/unit/check-main.h"
#include "tests/unit/random.h"
#include "tests/unit/when-bed.h"

/* Available below 10 GiB for 30 s. */
static void bed_for(struct bed *bed, usec_t hold)
{
	bed_init(bed);
	bed->conditions[0] = condition(METRIC_HOST_AVAILABLE, false, 10 * GiB);
	bed->when.hold = hold;
}

static bool available(struct bed *bed, uint64_t bytes, usec_t elapsed)
{
	bed->snapshot.host.seen.available = bytes;
	return look(bed, elapsed);
}

START_TEST(a_gate_opens_once_all_held_for_as_long_as_it_says)
{
	static const usec_t paces[] = { SECOND / 10, SECOND, 7 * SECOND, 30 * SECOND };
	struct bed bed;

	bed_for(&bed, 30 * SECOND);
	ck_assert(!available(&bed, 9 * GiB, SECOND));
	for (usec_t t = 0; t < 30 * SECOND; t += paces[_i]) {
		usec_t left = 30 * SECOND - t;

		/* However often one looks. */
		ck_assert(available(&bed, 9 * GiB, balloond_min(paces[_i], left)) ==
			  (paces[_i] >= left));
	}
}
END_TEST

START_TEST(a_gate_waits_anew_after_an_interruption)
{
	struct bed bed;

	bed_for(&bed, 30 * SECOND);
	available(&bed, 9 * GiB, SECOND);
	ck_assert(!available(&bed, 9 * GiB, 29 * SECOND));
	ck_assert(!available(&bed, 10 * GiB, SECOND / 2)); /* on the edge: not below it */
	ck_assert(!available(&bed, 9 * GiB, SECOND));
	ck_assert(!available(&bed, 9 * GiB, 29 * SECOND));
	ck_assert(available(&bed, 9 * GiB, SECOND));
}
END_TEST

START_TEST(a_gate_closes_once_all_are_over_by_a_quarter_for_as_long)
{
	struct bed bed;

	bed_for(&bed, 30 * SECOND);
	available(&bed, 9 * GiB, SECOND);
	ck_assert(available(&bed, 9 * GiB, 30 * SECOND));
	/* Over its edge, but not by a quarter. */
	ck_assert(available(&bed, 12800 * MiB - 1, SECOND));
	ck_assert(available(&bed, 12800 * MiB - 1, 600 * SECOND));
	ck_assert(available(&bed, 12800 * MiB, SECOND));
	ck_assert(available(&bed, 12800 * MiB, 29 * SECOND));
	/* Interrupted: it waits anew. */
	ck_assert(available(&bed, 12800 * MiB - 1, SECOND));
	ck_assert(available(&bed, 12800 * MiB, SECOND));
	ck_assert(available(&bed, 12800 * MiB, 29 * SECOND));
	ck_assert(!available(&bed, 12800 * MiB, SECOND));
	ck_assert(!available(&bed, 10 * GiB, 600 * SECOND));
}
END_TEST

START_TEST(without_a_time_a_gate_turns_at_once)
{
	struct bed bed;

	bed_for(&bed, 0);
	ck_assert(available(&bed, 10 * GiB - 1, SECOND));
	ck_assert(available(&bed, 11 * GiB, SECOND));
	ck_assert(!available(&bed, 12800 * MiB, SECOND));
	ck_assert(!available(&bed, 11 * GiB, SECOND));
	ck_assert(available(&bed, 10 * GiB - 1, SECOND));
}
END_TEST

/* Of permille, with the pool of 1000 bytes: from which figure on the gate closes. */
static const struct way_back {
	bool above;
	uint64_t edge, holds, stays, closes;
} ways_back[] = {
	{ false, 100, 99, 124, 125 },
	{ false, 400, 399, 499, 500 },
	{ false, 800, 799, 899, 900 }, /* a quarter more would be all: half of the rest */
	{ false, 900, 899, 949, 950 },
	{ false, 990, 989, 994, 995 },
	{ false, 1000, 999, 999, 1000 },
	{ true, 100, 101, 76, 75 },
	{ true, 400, 401, 301, 300 },
	{ true, 900, 901, 676, 675 },
	{ true, 0, 1, 1, 0 },
};

START_TEST(the_way_back_is_a_quarter_or_half_of_what_is_left)
{
	const struct way_back *row = &ways_back[_i];
	struct bed bed;

	bed_init(&bed);
	bed.history.last_pool = 1000;
	bed.conditions[0] = share(METRIC_HOST_CHARGED, row->above, row->edge);
	bed.history.charged = row->edge;
	ck_assert(!look(&bed, SECOND));
	bed.history.charged = row->holds;
	ck_assert(look(&bed, SECOND));
	bed.history.charged = row->stays;
	ck_assert(look(&bed, SECOND));
	bed.history.charged = row->closes;
	ck_assert(!look(&bed, SECOND));
}
END_TEST

START_TEST(a_share_of_time_is_measured_like_one_of_memory)
{
	struct bed bed;

	bed_init(&bed);
	bed.conditions[0] = condition(METRIC_HOST_PRESSURE, false, 900);
	bed.snapshot.host.seen.some_avg10 = 8990; /* 1/100 % */
	ck_assert(look(&bed, SECOND));
	bed.snapshot.host.seen.some_avg10 = 9490;
	ck_assert(look(&bed, SECOND));
	bed.snapshot.host.seen.some_avg10 = 9500;
	ck_assert(!look(&bed, SECOND));
}
END_TEST

/* A level has no quarter: the next one is over. */
static const struct {
	bool above;
	uint32_t edge, holds, over;
} level_rows[] = {
	{ true, BALLOOND_LEVEL_NORMAL, BALLOOND_LEVEL_TIGHT, BALLOOND_LEVEL_NORMAL },
	{ true, BALLOOND_LEVEL_TIGHT, BALLOOND_LEVEL_LOW, BALLOOND_LEVEL_TIGHT },
	{ true, BALLOOND_LEVEL_LOW, BALLOOND_LEVEL_CRITICAL, BALLOOND_LEVEL_NORMAL },
	{ false, BALLOOND_LEVEL_TIGHT, BALLOOND_LEVEL_NORMAL, BALLOOND_LEVEL_TIGHT },
	{ false, BALLOOND_LEVEL_LOW, BALLOOND_LEVEL_TIGHT, BALLOOND_LEVEL_CRITICAL },
};

START_TEST(a_level_is_over_at_its_edge)
{
	struct bed bed;

	bed_init(&bed);
	bed.conditions[0] = condition(METRIC_HOST_LEVEL, level_rows[_i].above, level_rows[_i].edge);
	bed.when.hold = 10 * SECOND;
	bed.history.level = level_rows[_i].over;
	ck_assert(!look(&bed, 60 * SECOND));
	bed.history.level = level_rows[_i].holds;
	ck_assert(!look(&bed, SECOND));
	ck_assert(look(&bed, 10 * SECOND));
	bed.history.level = level_rows[_i].over;
	ck_assert(look(&bed, SECOND));
	ck_assert(!look(&bed, 10 * SECOND));
}
END_TEST

START_TEST(all_conditions_must_hold_and_all_must_be_over)
{
	struct bed bed;

	bed_for(&bed, 0);
	bed.conditions[1] = condition(METRIC_GUEST_SWAP_IN, true, 8 * MiB);
	bed.when.n = 2;
	bed.memory.swap_in.rate = 0;
	ck_assert(!available(&bed, 9 * GiB, SECOND));
	bed.memory.swap_in.rate = 9 * MiB;
	ck_assert(!available(&bed, 11 * GiB, SECOND));
	ck_assert(available(&bed, 9 * GiB, SECOND));
	/* One is over, the other is not. */
	ck_assert(available(&bed, 20 * GiB, SECOND));
	bed.memory.swap_in.rate = 0;
	ck_assert(available(&bed, 9 * GiB, SECOND));
	ck_assert(!available(&bed, 20 * GiB, SECOND));
}
END_TEST

START_TEST(a_figure_that_gets_lost_keeps_no_gate_open)
{
	struct bed bed;

	bed_for(&bed, 10 * SECOND);
	bed.conditions[1] = condition(METRIC_GUEST_USABLE, false, 1 * GiB);
	bed.when.n = 2;
	available(&bed, 9 * GiB, SECOND);
	ck_assert(available(&bed, 9 * GiB, 10 * SECOND));
	bed.guest.seen.usable = BALLOOND_UNKNOWN;
	ck_assert(available(&bed, 9 * GiB, 60 * SECOND)); /* the other one is not over */
	ck_assert_int_eq(bed.unknown, METRIC_GUEST_USABLE);
	ck_assert(available(&bed, BALLOOND_UNKNOWN, SECOND));
	ck_assert_int_eq(bed.unknown, METRIC_HOST_AVAILABLE); /* the first of both */
	ck_assert(!available(&bed, BALLOOND_UNKNOWN, 10 * SECOND));
}
END_TEST

/* A walk that never leaves the edge by more than this, in permille of the edge. */
static const struct {
	bool above;
	uint64_t edge, permille;
	usec_t hold;
} walks[] = {
	{ false, 100, 100, 0 }, { true, 100, 100, 0 },           { false, 500, 100, 5 * SECOND },
	{ true, 500, 100, 0 },  { true, 900, 100, 30 * SECOND }, { false, 900, 50, 0 },
};

START_TEST(a_figure_that_sits_on_its_edge_turns_a_gate_once)
{
	uint64_t seed = (unsigned)_i + 1, pool = 1 * GiB, width, low;
	unsigned turns = 0;
	struct bed bed;

	bed_init(&bed);
	bed.history.last_pool = pool;
	bed.conditions[0] = share(METRIC_HOST_CHARGED, walks[_i].above, walks[_i].edge);
	bed.when.hold = walks[_i].hold;
	width = balloond_permille(balloond_permille(pool, walks[_i].edge), walks[_i].permille);
	low = balloond_permille(pool, walks[_i].edge) - width;
	bed.history.charged = low + width;
	for (unsigned tick = 0; tick < 20000; tick++) {
		uint64_t step = random_below(&seed, width / 4), at = bed.history.charged;
		bool was = bed.gate.open;

		at = random_below(&seed, 2) ? at + step : at - step;
		bed.history.charged = balloond_clamp(at, low, low + 2 * width);
		turns += look(&bed, SECOND / 2) != was;
	}
	ck_assert_uint_eq(turns, 1);
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("when");
	TCase *tc = tcase_create("when");

	tcase_add_loop_test(tc, a_gate_opens_once_all_held_for_as_long_as_it_says, 0, 4);
	tcase_add_test(tc, a_gate_waits_anew_after_an_interruption);
	tcase_add_test(tc, a_gate_closes_once_all_are_over_by_a_quarter_for_as_long);
	tcase_add_test(tc, without_a_time_a_gate_turns_at_once);
	tcase_add_loop_test(tc, the_way_back_is_a_quarter_or_half_of_what_is_left, 0, N(ways_back));
	tcase_add_test(tc, a_share_of_time_is_measured_like_one_of_memory);
	tcase_add_loop_test(tc, a_level_is_over_at_its_edge, 0, N(level_rows));
	tcase_add_test(tc, all_conditions_must_hold_and_all_must_be_over);
	tcase_add_test(tc, a_figure_that_gets_lost_keeps_no_gate_open);
	tcase_add_loop_test(tc, a_figure_that_sits_on_its_edge_turns_a_gate_once, 0, N(walks));
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
