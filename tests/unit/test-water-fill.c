/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The properties of weighted max-min sharing: exact sum, bounds, monotone in the capacity and in
 * what others want, blind to the order, by weight, idempotent. */

#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"

#define N_GUESTS 12u

static size_t random_fill(uint64_t *seed, struct balloond_fill *fill)
{
	size_t n = random_below(seed, N_GUESTS + 1);

	for (size_t i = 0; i < n; i++) {
		uint64_t a = random_wide(seed) >> 5, b = random_wide(seed) >> 5;

		fill[i] = (struct balloond_fill){
			.low = random_below(seed, 3) ? balloond_min(a, b) : 0,
			.high = balloond_max(a, b),
			.weight = random_below(seed, 4) ? 1 + random_below(seed, 1000000) : 1000,
			.size = random_next(seed), /* must not matter */
		};
	}
	return n;
}

static uint64_t sum_of(const struct balloond_fill *fill, size_t n, size_t offset)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += *(const uint64_t *)((const char *)&fill[i] + offset);
	return sum;
}

#define SUM(fill, n, field) sum_of(fill, n, offsetof(struct balloond_fill, field))

/* Capacities below, between and above the sums of lows and highs. */
static uint64_t random_capacity(uint64_t *seed, const struct balloond_fill *fill, size_t n)
{
	uint64_t low = SUM(fill, n, low), high = SUM(fill, n, high);

	switch (random_below(seed, 6)) {
	case 0:
		return random_below(seed, low + 1);
	case 1:
		return balloond_add(high, random_wide(seed));
	default:
		return low + random_below(seed, high - low + 1);
	}
}

START_TEST(water_fill_adds_up_exactly_within_every_bound)
{
	uint64_t seed = (unsigned)_i + 1;
	struct balloond_fill fill[N_GUESTS];

	for (unsigned round = 0; round < 200; round++) {
		size_t n = random_fill(&seed, fill);
		uint64_t capacity = random_capacity(&seed, fill, n);

		balloond_water_fill(fill, n, capacity);
		for (size_t i = 0; i < n; i++) {
			ck_assert_uint_ge(fill[i].size, fill[i].low);
			ck_assert_uint_le(fill[i].size, fill[i].high);
		}
		ck_assert_uint_eq(SUM(fill, n, size),
				  balloond_max(SUM(fill, n, low),
					       balloond_min(capacity, SUM(fill, n, high))));
	}
}
END_TEST

START_TEST(water_fill_gives_nobody_less_when_there_is_more)
{
	uint64_t seed = (unsigned)_i + 1;
	struct balloond_fill less[N_GUESTS], more[N_GUESTS];

	for (unsigned round = 0; round < 200; round++) {
		size_t n = random_fill(&seed, less);
		uint64_t capacity = random_capacity(&seed, less, n);

		memcpy(more, less, sizeof(more));
		balloond_water_fill(less, n, capacity);
		/* One byte more, or many. */
		balloond_water_fill(more, n, balloond_add(capacity, 1 + random_wide(&seed) / 2));
		for (size_t i = 0; i < n; i++)
			ck_assert_uint_ge(more[i].size, less[i].size);
	}
}
END_TEST

START_TEST(water_fill_takes_from_others_what_one_wants_more)
{
	uint64_t seed = (unsigned)_i + 1;
	struct balloond_fill before[N_GUESTS], after[N_GUESTS];

	for (unsigned round = 0; round < 200; round++) {
		size_t n = random_fill(&seed, before), one;
		uint64_t capacity = random_capacity(&seed, before, n);

		if (n == 0)
			continue;
		one = random_below(&seed, n);
		memcpy(after, before, sizeof(after));
		after[one].high += random_wide(&seed) >> 8;
		balloond_water_fill(before, n, capacity);
		balloond_water_fill(after, n, capacity);
		for (size_t i = 0; i < n; i++)
			if (i == one)
				ck_assert_uint_ge(after[i].size, before[i].size);
			else
				ck_assert_uint_le(after[i].size, before[i].size);
	}
}
END_TEST

START_TEST(water_fill_does_not_care_who_comes_first)
{
	uint64_t seed = (unsigned)_i + 1;
	struct balloond_fill fill[N_GUESTS], turned[N_GUESTS];

	for (unsigned round = 0; round < 200; round++) {
		size_t n = random_fill(&seed, fill);
		uint64_t capacity = random_capacity(&seed, fill, n);

		for (size_t i = 0; i < n; i++)
			turned[n - 1 - i] = fill[i];
		balloond_water_fill(fill, n, capacity);
		balloond_water_fill(turned, n, capacity);
		/* But for the bytes of one step of the level. */
		for (size_t i = 0; i < n; i++) {
			uint64_t a = fill[i].size, b = turned[n - 1 - i].size;

			ck_assert_uint_le(balloond_max(a, b) - balloond_min(a, b), fill[i].weight);
		}
	}
}
END_TEST

START_TEST(water_fill_gives_by_weight_where_no_bound_holds)
{
	struct balloond_fill fill[] = {
		{ .high = BALLOOND_GIB, .weight = 3000 },
		{ .high = BALLOOND_GIB, .weight = 1000 },
		{ .high = 10, .weight = 1000 },                    /* has enough */
		{ .low = 600, .high = BALLOOND_GIB, .weight = 1 }, /* gets its low */
		{ .high = BALLOOND_GIB, .weight = 0 },             /* counts as 1 */
		{ .low = 500, .high = 100, .weight = 1000 },       /* low wins */
	};

	balloond_water_fill(fill, 6, 40010 + 10 + 600 + 500);
	ck_assert_uint_eq(fill[0].size, 30000);
	ck_assert_uint_eq(fill[1].size, 10000);
	ck_assert_uint_eq(fill[2].size, 10);
	ck_assert_uint_eq(fill[3].size, 600);
	ck_assert_uint_eq(fill[4].size, 10);
	ck_assert_uint_eq(fill[5].size, 500);
}
END_TEST

static bool is_free(const struct balloond_fill *f)
{
	return f->size > f->low && f->size < f->high;
}

START_TEST(water_fill_gives_the_same_for_every_share_to_all_whom_no_bound_holds)
{
	uint64_t seed = (unsigned)_i + 1, n_pairs = 0;
	struct balloond_fill fill[N_GUESTS];

	for (unsigned round = 0; round < 200; round++) {
		size_t n = random_fill(&seed, fill);

		balloond_water_fill(fill, n, random_capacity(&seed, fill, n));
		for (size_t i = 0; i < n; i++) {
			for (size_t j = 0; j < i; j++) {
				uint64_t a = fill[i].size / fill[i].weight,
					 b = fill[j].size / fill[j].weight;

				if (!is_free(&fill[i]) || !is_free(&fill[j]))
					continue;
				/* But for the bytes of one step of the level. */
				ck_assert_uint_le(balloond_max(a, b) - balloond_min(a, b), 1);
				n_pairs++;
			}
		}
	}
	ck_assert_uint_gt(n_pairs, 0);
}
END_TEST

START_TEST(water_fill_gives_nobody_less_for_more_shares)
{
	uint64_t seed = (unsigned)_i + 1;
	struct balloond_fill before[N_GUESTS], after[N_GUESTS];

	for (unsigned round = 0; round < 200; round++) {
		size_t n = random_fill(&seed, before), one;
		uint64_t capacity = random_capacity(&seed, before, n);

		if (n == 0)
			continue;
		one = random_below(&seed, n);
		memcpy(after, before, sizeof(after));
		after[one].weight += 1 + random_below(&seed, 1000000);
		balloond_water_fill(before, n, capacity);
		balloond_water_fill(after, n, capacity);
		/* But for the bytes of one step of the level. */
		ck_assert_uint_ge(after[one].size + after[one].weight, before[one].size);
	}
}
END_TEST

START_TEST(water_fill_changes_nothing_when_it_is_repeated)
{
	uint64_t seed = (unsigned)_i + 1;
	struct balloond_fill once[N_GUESTS], again[N_GUESTS];

	for (unsigned round = 0; round < 200; round++) {
		size_t n = random_fill(&seed, once);
		uint64_t capacity = random_capacity(&seed, once, n);

		balloond_water_fill(once, n, capacity);
		memcpy(again, once, sizeof(again));
		for (size_t i = 0; i < n; i++)
			again[i].high = once[i].size; /* who asks for what it got, gets it */
		balloond_water_fill(again, n, capacity);
		for (size_t i = 0; i < n; i++)
			ck_assert_uint_eq(again[i].size, once[i].size);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("water-fill");
	TCase *tc = tcase_create("water-fill");

	tcase_add_loop_test(tc, water_fill_adds_up_exactly_within_every_bound, 0, 8);
	tcase_add_loop_test(tc, water_fill_gives_nobody_less_when_there_is_more, 0, 8);
	tcase_add_loop_test(tc, water_fill_takes_from_others_what_one_wants_more, 0, 8);
	tcase_add_loop_test(tc, water_fill_does_not_care_who_comes_first, 0, 8);
	tcase_add_test(tc, water_fill_gives_by_weight_where_no_bound_holds);
	tcase_add_loop_test(tc,
			    water_fill_gives_the_same_for_every_share_to_all_whom_no_bound_holds, 0,
			    8);
	tcase_add_loop_test(tc, water_fill_gives_nobody_less_for_more_shares, 0, 8);
	tcase_add_loop_test(tc, water_fill_changes_nothing_when_it_is_repeated, 0, 8);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
