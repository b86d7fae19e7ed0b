/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the generator makes is held against what it says that it is like: many machines over a
 * month, seen every 300 s. */

#include "balloond/sim/demand.h"

#include <stdlib.h>

#include "balloond/io/hash.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define SECOND BALLOOND_SECOND
#define DAY (86400 * SECOND)
#define MACHINES 400u
#define DAYS 28u
#define A_DAY 288u /* times that it is seen */
#define SEEN (DAYS * A_DAY)
#define SEED 1u
#define PAIRS 500u

/* What is measured of a machine. */
enum figure { MEAN, PEAK, DEVIATION, LAG, JUMPS, SPIKES, SWING, SIZE, FIGURES };

static double figures[FIGURES][MACHINES];
static double *spikes; /* how often each spike was seen */
static size_t n_spikes;
static unsigned surges, short_surges; /* between two values of the series */
static uint32_t *seen[MACHINES];

static double root_of(double x)
{
	double r = x > 1 ? x : 1;

	for (unsigned i = 0; i < 200; i++)
		r = (r + x / r) / 2;
	return x > 0 ? r : 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double quantile_of(double *values, size_t n, unsigned percent)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n * percent / 100];
}

static double mean_of(const uint32_t *u, size_t n, size_t step)
{
	double sum = 0;

	for (size_t i = 0; i < n; i += step)
		sum += u[i];
	return sum / (double)((n + step - 1) / step);
}

static double covariance_of(const uint32_t *a, const uint32_t *b, size_t n)
{
	double mean_a = mean_of(a, n, 1), mean_b = mean_of(b, n, 1), sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (a[i] - mean_a) * (b[i] - mean_b);
	return sum / (double)n;
}

static double median_of(const uint32_t *u)
{
	static double sorted[SEEN];

	for (size_t i = 0; i < SEEN; i++)
		sorted[i] = u[i];
	return quantile_of(sorted, SEEN, 50);
}

/* Highest hour of the day over the lowest one. */
static double swing_of(const uint32_t *u)
{
	double high = 0, low = UINT32_MAX;

	for (size_t hour = 0; hour < 24; hour++) {
		double sum = 0;

		for (size_t i = 0; i < SEEN; i++)
			if (i % A_DAY / 12 == hour)
				sum += u[i];
		sum /= DAYS * 12;
		high = sum > high ? sum : high;
		low = sum < low ? sum : low;
	}
	return high - low;
}

static void measure_spikes(unsigned k, double edge)
{
	size_t lasts = 0, before = n_spikes;

	for (size_t i = 0; i <= SEEN; i++) {
		if (i < SEEN && seen[k][i] > edge) {
			lasts++;
		} else if (lasts > 0) {
			spikes[n_spikes++] = (double)lasts;
			lasts = 0;
		}
	}
	figures[SPIKES][k] = (double)(n_spikes - before) / DAYS;
}

static void measure_surges(const struct demand *d, double edge)
{
	size_t lasts = 0;

	for (size_t i = 0; i < d->n_series; i++) {
		if (d->series[i] > edge) {
			lasts++;
		} else if (lasts > 0) {
			surges++;
			short_surges += lasts * d->interval < 120 * SECOND;
			lasts = 0;
		}
	}
}

static void measure(unsigned k, const struct demand *d)
{
	const uint32_t *u = seen[k];
	double size = (double)(d->maximum / BALLOOND_MIB), mean = mean_of(u, SEEN, 1);
	double variance = covariance_of(u, u, SEEN), edge = median_of(u) + size / 5;

	figures[SIZE][k] = size;
	figures[MEAN][k] = mean / size;
	figures[DEVIATION][k] = root_of(variance) / mean;
	figures[LAG][k] = covariance_of(u, u + 1, SEEN - 1) / variance;
	figures[SWING][k] = swing_of(u) / mean;
	for (size_t i = 0; i < SEEN; i++) {
		double share = u[i] / size;

		figures[PEAK][k] = share > figures[PEAK][k] ? share : figures[PEAK][k];
		if (i > 0 && u[i] > u[i - 1] + size / 10)
			figures[JUMPS][k] += 1.0 / DAYS;
	}
	measure_spikes(k, edge);
	measure_surges(d, edge);
}

static void generate_all(void)
{
	spikes = calloc((size_t)MACHINES * SEEN, sizeof(*spikes));
	ck_assert_ptr_nonnull(spikes);
	for (unsigned k = 0; k < MACHINES; k++) {
		struct demand d = { 0 };
		struct demand_walk walk = { 0 };

		ck_assert_int_eq(demand_generate(&d, SEED, k, DAYS * DAY), 0);
		seen[k] = calloc(SEEN, sizeof(*seen[k]));
		ck_assert_ptr_nonnull(seen[k]);
		for (size_t i = 0; i < SEEN; i++)
			seen[k][i] = (uint32_t)(demand_walk(&d, &walk, i * 300 * SECOND) /
						BALLOOND_MIB);
		measure(k, &d);
		demand_done(&d);
	}
}

static void forget_all(void)
{
	for (unsigned k = 0; k < MACHINES; k++)
		free(seen[k]);
	free(spikes);
}

struct expectation {
	enum figure figure;
	unsigned percent;
	double low, says, high;
};

static const struct expectation expectations[] = {
	{ MEAN, 10, 0.009, 0.011, 0.0135 }, { MEAN, 50, 0.037, 0.042, 0.048 },
	{ MEAN, 90, 0.105, 0.12, 0.14 },    { MEAN, 99, 0.32, 0.38, 0.44 },
	{ PEAK, 10, 0.06, 0.08, 0.10 },     { PEAK, 50, 0.42, 0.48, 0.54 },
	{ PEAK, 90, 0.90, 0.93, 0.96 },     { DEVIATION, 50, 0.57, 0.64, 0.72 },
	{ DEVIATION, 90, 1.8, 2.2, 2.5 },   { LAG, 10, 0.23, 0.28, 0.33 },
	{ LAG, 50, 0.55, 0.60, 0.66 },      { LAG, 90, 0.86, 0.93, 0.96 },
	{ JUMPS, 50, 0.85, 1.1, 1.35 },     { JUMPS, 90, 5.6, 7, 8.4 },
	{ SWING, 50, 0.38, 0.44, 0.51 },    { SWING, 90, 1.4, 1.7, 2.1 },
};

START_TEST(machines_are_spread_as_the_generator_says)
{
	const struct expectation *e = &expectations[_i];
	double x = quantile_of(figures[e->figure], MACHINES, e->percent);

	ck_assert_double_ge(x, e->low);
	ck_assert_double_le(x, e->high);
	/* The bounds themselves are around what it says. */
	ck_assert(e->low < e->says && e->says < e->high);
}
END_TEST

START_TEST(spikes_are_as_many_and_as_long_as_the_generator_says)
{
	double a_day = (double)n_spikes / DAYS / MACHINES;
	size_t once = 0;

	for (size_t i = 0; i < n_spikes; i++)
		once += spikes[i] < 2;
	ck_assert_double_ge(a_day, 1.5); /* 2.1 */
	ck_assert_double_le(a_day, 2.6);
	ck_assert_double_ge((double)once / (double)n_spikes, 0.45); /* 0.49 */
	ck_assert_double_le((double)once / (double)n_spikes, 0.54);
	ck_assert_double_ge(quantile_of(spikes, n_spikes, 90), 6); /* 7 */
	ck_assert_double_le(quantile_of(spikes, n_spikes, 90), 8);
	ck_assert_double_ge(quantile_of(spikes, n_spikes, 99), 35); /* 44 */
	ck_assert_double_le(quantile_of(spikes, n_spikes, 99), 53);
}
END_TEST

START_TEST(most_surges_are_over_in_two_minutes)
{
	double share = (double)short_surges / surges;

	ck_assert_double_ge(share, 0.85); /* 0.88 */
	ck_assert_double_le(share, 0.91);
}
END_TEST

START_TEST(sizes_are_those_that_are_sold)
{
	double sum = 0;

	for (unsigned k = 0; k < MACHINES; k++) {
		uint32_t size = (uint32_t)figures[SIZE][k];

		ck_assert_uint_eq(size & (size - 1), 0);
		ck_assert_uint_ge(size, 512);
		ck_assert_uint_le(size, 32768);
		sum += size;
	}
	ck_assert_double_ge(sum / MACHINES / 1024, 8.5); /* GiB: 4203 over 436 */
	ck_assert_double_le(sum / MACHINES / 1024, 10.5);
}
END_TEST

START_TEST(machines_have_nothing_to_do_with_each_other)
{
	double sum = 0, most = 0;

	for (unsigned i = 0; i < PAIRS; i++) {
		const uint32_t *a = seen[i % MACHINES],
			       *b = seen[(i + 1 + i / MACHINES) % MACHINES];
		double r = covariance_of(a, b, SEEN) /
			   root_of(covariance_of(a, a, SEEN) * covariance_of(b, b, SEEN));

		sum += r;
		most = r > most ? r : most;
	}
	ck_assert_double_ge(sum / PAIRS, -0.02);
	ck_assert_double_le(sum / PAIRS, 0.02);
	ck_assert_double_lt(most, 0.9);
}
END_TEST

/* A surge of one step cannot be told from a base that moves, so that there is some slack. */
START_TEST(needs_rise_no_faster_than_300_mib_a_second)
{
	uint64_t most = 0;

	for (unsigned k = 0; k < 50; k++) {
		struct demand d = { 0 };

		ck_assert_int_eq(demand_generate(&d, SEED, k, 2 * DAY), 0);
		for (size_t i = 1; i < d.n_series; i++)
			most = balloond_max(most, balloond_sub(d.series[i], d.series[i - 1]) *
							  SECOND / d.over);
		demand_done(&d);
	}
	ck_assert_uint_ge(most, 250);
	ck_assert_uint_le(most, 340);
}
END_TEST

static uint64_t hash_number(uint64_t hash, uint64_t x)
{
	for (unsigned shift = 0; shift < 64; shift += 8)
		hash = hash_bytes(hash, &(uint8_t){ (uint8_t)(x >> shift) }, 1);
	return hash;
}

static uint64_t hash_of(const struct demand *d)
{
	uint64_t hash = hash_number(HASH_INIT, d->maximum);

	for (size_t i = 0; i < d->n_series; i++)
		hash = hash_number(hash, d->series[i]);
	return hash;
}

/* The figure is the same on every machine and stays the same: published results hang on it. */
START_TEST(a_seed_gives_the_same_machines_everywhere)
{
	uint64_t hash = 0;

	for (unsigned k = 0; k < 20; k++) {
		struct demand d = { 0 }, again = { 0 };

		ck_assert_int_eq(demand_generate(&d, 42, k, 2 * DAY), 0);
		ck_assert_int_eq(demand_generate(&again, 42, k, 2 * DAY), 0);
		ck_assert_uint_eq(d.n_series, again.n_series);
		ck_assert_mem_eq(d.series, again.series, d.n_series * sizeof(*d.series));
		hash = hash * 31 + hash_of(&d);
		demand_done(&d);
		demand_done(&again);
	}
	ck_assert_uint_eq(hash, UINT64_C(16997037280683804704));
}
END_TEST

START_TEST(a_seed_and_a_number_make_a_machine_of_its_own)
{
	struct demand a = { 0 }, b = { 0 }, c = { 0 };

	ck_assert_int_eq(demand_generate(&a, 1, 2, DAY), 0);
	ck_assert_int_eq(demand_generate(&b, 2, 1, DAY), 0);
	ck_assert_int_eq(demand_generate(&c, 1, 3, DAY), 0);
	ck_assert_uint_ne(hash_of(&a), hash_of(&b));
	ck_assert_uint_ne(hash_of(&a), hash_of(&c));
	demand_done(&a);
	demand_done(&b);
	demand_done(&c);
}
END_TEST

START_TEST(a_longer_time_begins_like_a_shorter_one)
{
	struct demand day = { .fixed = 3 }, week = { 0 };

	ck_assert_int_eq(demand_generate(&day, SEED, 5, DAY), 0);
	ck_assert_int_eq(demand_generate(&week, SEED, 5, 7 * DAY), 0);
	ck_assert_uint_ge(day.n_series * day.interval, DAY);
	ck_assert_uint_ge(week.n_series * week.interval, 7 * DAY);
	ck_assert_mem_eq(day.series, week.series, day.n_series * sizeof(*day.series));
	ck_assert_uint_eq(day.maximum, week.maximum);
	ck_assert_uint_eq(day.fixed, 3);
	/* 64 machines over two days are a few MiB. */
	ck_assert_uint_le(64 * 2 * day.n_series * sizeof(*day.series), 10 * BALLOOND_MIB);
	demand_done(&day);
	demand_done(&week);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim-generator");
	TCase *all = tcase_create("all"), *one = tcase_create("one");

	tcase_add_unchecked_fixture(all, generate_all, forget_all);
	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, machines_are_spread_as_the_generator_says, 0,
			    ELEMENTSOF(expectations));
	tcase_add_test(all, spikes_are_as_many_and_as_long_as_the_generator_says);
	tcase_add_test(all, most_surges_are_over_in_two_minutes);
	tcase_add_test(all, sizes_are_those_that_are_sold);
	tcase_add_test(all, machines_have_nothing_to_do_with_each_other);
	suite_add_tcase(suite, all);
	tcase_set_timeout(one, 60);
	tcase_add_test(one, needs_rise_no_faster_than_300_mib_a_second);
	tcase_add_test(one, a_seed_gives_the_same_machines_everywhere);
	tcase_add_test(one, a_seed_and_a_number_make_a_machine_of_its_own);
	tcase_add_test(one, a_longer_time_begins_like_a_shorter_one);
	suite_add_tcase(suite, one);
	return check_main(suite);
}
