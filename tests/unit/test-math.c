/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* policy-math.h against plainer arithmetic that policies must not use: 128-bit division, doubles,
 * and the definitions themselves. */

#include "balloond/policy-math.h"

#include <math.h>

#include "tests/unit/check-main.h"
#include "tests/unit/random.h"

/* The numbers at which 64-bit arithmetic goes wrong. */
static const uint64_t edges[] = {
	0,
	1,
	2,
	3,
	7,
	999,
	1000,
	1001,
	65535,
	65536,
	1000000,
	UINT32_MAX - 1,
	UINT32_MAX,
	UINT64_C(1) << 32,
	(UINT64_C(1) << 32) + 1,
	UINT64_C(1) << 40,
	UINT64_MAX / 1000,
	UINT64_C(1) << 62,
	INT64_MAX,
	UINT64_C(1) << 63,
	(UINT64_C(1) << 63) + 1,
	UINT64_MAX - 1000,
	UINT64_MAX - 1,
	UINT64_MAX,
};

#define N_EDGES (sizeof(edges) / sizeof(edges[0]))

static uint64_t mul_div_plainly(uint64_t a, uint64_t b, uint64_t c)
{
	unsigned __int128 x;

	if (c == 0)
		return UINT64_MAX;
	x = (unsigned __int128)a * b / c;
	return x > UINT64_MAX ? UINT64_MAX : (uint64_t)x;
}

START_TEST(mul_div_is_exact_at_every_edge)
{
	uint64_t a = edges[_i];

	for (size_t b = 0; b < N_EDGES; b++)
		for (size_t c = 0; c < N_EDGES; c++)
			ck_assert_uint_eq(balloond_mul_div(a, edges[b], edges[c]),
					  mul_div_plainly(a, edges[b], edges[c]));
}
END_TEST

START_TEST(mul_div_is_exact_for_any_numbers)
{
	uint64_t seed = 1;

	for (unsigned i = 0; i < 300000; i++) {
		uint64_t a = random_wide(&seed), b = random_wide(&seed), c = random_wide(&seed);

		ck_assert_uint_eq(balloond_mul_div(a, b, c), mul_div_plainly(a, b, c));
	}
}
END_TEST

START_TEST(permille_and_whole_undo_each_other_to_one_unit)
{
	uint64_t seed = 2;

	ck_assert_uint_eq(balloond_permille(2000, 15), 30);
	ck_assert_uint_eq(balloond_permille(UINT64_MAX, 1000), UINT64_MAX);
	ck_assert_uint_eq(balloond_permille(UINT64_MAX, 1001), UINT64_MAX);
	ck_assert_uint_eq(balloond_whole(30, 15), 2000);
	ck_assert_uint_eq(balloond_whole(30, 0), UINT64_MAX);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t x = random_next(&seed) >> 10, n = 1 + random_below(&seed, 1000);
		uint64_t back = balloond_permille(balloond_whole(x, n), n);

		ck_assert_uint_le(back, x);
		ck_assert_uint_le(x - back, 1);
	}
}
END_TEST

START_TEST(sums_and_differences_saturate)
{
	ck_assert_uint_eq(balloond_add(UINT64_MAX, 1), UINT64_MAX);
	ck_assert_uint_eq(balloond_add(UINT64_MAX, UINT64_MAX), UINT64_MAX);
	ck_assert_uint_eq(balloond_add(UINT64_MAX - 1, 1), UINT64_MAX);
	ck_assert_uint_eq(balloond_add(2, 3), 5);
	ck_assert_uint_eq(balloond_sub(2, 3), 0);
	ck_assert_uint_eq(balloond_sub(3, 3), 0);
	ck_assert_uint_eq(balloond_sub(5, 3), 2);
	ck_assert_uint_eq(balloond_clamp(5, 1, 3), 3);
	ck_assert_uint_eq(balloond_clamp(0, 1, 3), 1);
	ck_assert_uint_eq(balloond_clamp(2, 1, 3), 2);
	ck_assert_uint_eq(balloond_clamp(2, 9, 3), 9); /* low wins */
	ck_assert_uint_eq(balloond_round_up(0, 4), 0);
	ck_assert_uint_eq(balloond_round_up(4, 4), 4);
	ck_assert_uint_eq(balloond_round_up(5, 4), 8);
	ck_assert_uint_eq(balloond_round_up(5, 0), 5);
	ck_assert_uint_eq(balloond_round_up(UINT64_MAX - 1, 1 << 20), UINT64_MAX);
}
END_TEST

/* Off by at most half a per cent of the way from the old value to the sample. */
static void check_ewma(uint64_t old, uint64_t sample, uint64_t dt, uint64_t h)
{
	double keep = exp2(-(double)dt / (double)h);
	double right = (double)sample + ((double)old - (double)sample) * keep;
	double off = fabs((double)balloond_ewma(old, sample, dt, h) - right);

	ck_assert_msg(off <= 0.005 * fabs((double)old - (double)sample) + 1,
		      "ewma(%llu, %llu, %llu, %llu) is off by %g", (unsigned long long)old,
		      (unsigned long long)sample, (unsigned long long)dt, (unsigned long long)h,
		      off);
}

START_TEST(ewma_halves_the_distance_in_every_half_life)
{
	uint64_t seed = 3, h = 60 * BALLOOND_SECOND;

	for (uint64_t dt = 0; dt < 8 * h; dt += h / 97)
		check_ewma(BALLOOND_GIB, 0, dt, h);
	for (unsigned i = 0; i < 100000; i++)
		check_ewma(random_wide(&seed) >> 1, random_wide(&seed) >> 1,
			   random_below(&seed, 3600 * BALLOOND_SECOND),
			   1 + random_below(&seed, 600 * BALLOOND_SECOND));
	ck_assert_uint_eq(balloond_ewma(1000, 0, h, h), 500);
	ck_assert_uint_eq(balloond_ewma(1000, 0, 0, h), 1000);
	/* Nothing to weigh by: the sample itself. */
	ck_assert_uint_eq(balloond_ewma(1000, 7, 0, 0), 7);
	ck_assert_uint_eq(balloond_ewma(1000, 7, UINT64_MAX, 1), 7);
}
END_TEST

START_TEST(ewma_decays_alike_in_one_step_or_in_many)
{
	static const uint64_t half_lives[] = { 10, 600, 6 * 3600 }, steps[] = { 10000, 250000 };
	uint64_t h = half_lives[_i / 2] * BALLOOND_SECOND, step = steps[_i % 2];
	uint64_t x = BALLOOND_GIB;

	for (uint64_t t = 0; t < h; t += step)
		x = balloond_ewma(x, 0, step, h);
	ck_assert_uint_ge(x, 508 * BALLOOND_MIB);
	ck_assert_uint_le(x, 516 * BALLOOND_MIB);
}
END_TEST

START_TEST(ewma_never_leaves_the_span_between_old_and_sample)
{
	uint64_t seed = 4;

	for (unsigned i = 0; i < 100000; i++) {
		uint64_t old = random_wide(&seed), sample = random_wide(&seed);
		uint64_t x = balloond_ewma(old, sample, random_wide(&seed), random_wide(&seed));

		ck_assert_uint_ge(x, balloond_min(old, sample));
		ck_assert_uint_le(x, balloond_max(old, sample));
	}
}
END_TEST

#define N_SAMPLES 400u

/* The maximum of the samples that are at most `age` old. */
static uint64_t max_since(const uint64_t *when, const uint64_t *value, unsigned n, uint64_t age)
{
	uint64_t max = 0;

	for (unsigned i = 0; i < n; i++)
		if (when[n - 1] - when[i] < age)
			max = balloond_max(max, value[i]);
	return max;
}

START_TEST(window_knows_the_maximum_to_an_eighth_of_its_length)
{
	uint64_t seed = (unsigned)_i + 5, length = 80 * BALLOOND_SECOND,
		 now = random_wide(&seed) >> 8;
	uint64_t when[N_SAMPLES], value[N_SAMPLES];
	struct balloond_window w = { 0 };

	for (unsigned i = 0; i < N_SAMPLES; i++) {
		/* Mostly dense, now and then a gap longer than the window. */
		now += random_below(&seed, random_below(&seed, 40) ? length / 10 : 2 * length);
		when[i] = now;
		value[i] = random_wide(&seed);
		balloond_window_add(&w, now, length, value[i]);
		ck_assert_uint_ge(balloond_window_max(&w),
				  max_since(when, value, i + 1, length - length / 8));
		ck_assert_uint_le(balloond_window_max(&w), max_since(when, value, i + 1, length));
	}
}
END_TEST

START_TEST(window_takes_any_time_and_length)
{
	struct balloond_window w = { 0 };

	ck_assert_uint_eq(balloond_window_max(&w), 0);
	balloond_window_add(&w, 1000, 0, 5);
	balloond_window_add(&w, 0, 0, 9); /* a clock that went back: still the newest slot */
	ck_assert_uint_eq(balloond_window_max(&w), 9);
	balloond_window_add(&w, UINT64_MAX, 1, 3);
	ck_assert_uint_eq(balloond_window_max(&w), 3);
}
END_TEST

START_TEST(sort_orders_every_array_by_key_then_index)
{
	uint64_t seed = (unsigned)_i + 1, key[64];
	uint32_t index[64];
	bool seen[64] = { false };
	size_t n = (size_t)_i % 64;

	for (size_t i = 0; i < n; i++) {
		/* Few different keys, so that there are ties. */
		key[i] = _i % 2 ? random_below(&seed, 5) : random_wide(&seed);
		index[i] = (uint32_t)i;
	}
	balloond_sort(index, n, key);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_lt(index[i], n);
		ck_assert(!seen[index[i]]);
		seen[index[i]] = true;
		if (i == 0)
			continue;
		ck_assert_uint_le(key[index[i - 1]], key[index[i]]);
		if (key[index[i - 1]] == key[index[i]])
			ck_assert_uint_lt(index[i - 1], index[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("math");
	TCase *tc = tcase_create("math");

	tcase_add_loop_test(tc, mul_div_is_exact_at_every_edge, 0, (int)N_EDGES);
	tcase_add_test(tc, mul_div_is_exact_for_any_numbers);
	tcase_add_test(tc, permille_and_whole_undo_each_other_to_one_unit);
	tcase_add_test(tc, sums_and_differences_saturate);
	tcase_add_test(tc, ewma_halves_the_distance_in_every_half_life);
	tcase_add_loop_test(tc, ewma_decays_alike_in_one_step_or_in_many, 0, 6);
	tcase_add_test(tc, ewma_never_leaves_the_span_between_old_and_sample);
	tcase_add_loop_test(tc, window_knows_the_maximum_to_an_eighth_of_its_length, 0, 8);
	tcase_add_test(tc, window_takes_any_time_and_length);
	tcase_add_loop_test(tc, sort_orders_every_array_by_key_then_index, 0, 128);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
