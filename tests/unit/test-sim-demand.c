/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/demand.h"

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND
#define BEGIN (1000 * SECOND)
#define ELEMENTS(x) (sizeof(x) / sizeof((x)[0]))

/* A need at a time after BEGIN. */
struct row {
	usec_t after;
	uint64_t need;
};

/* Walks through the rows in order. */
static void check_rows(const struct demand *d, const struct row *rows, size_t n)
{
	struct demand_walk walk = { 0 };

	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(demand_walk(d, &walk, BEGIN + rows[i].after), rows[i].need);
}

START_TEST(a_need_is_fixed_and_base_and_shape_up_to_the_maximum)
{
	struct demand d = { .maximum = 10 * GiB, .fixed = 48 * MiB, .base = 120, .high = GiB };
	struct demand_walk walk = { 0 };

	ck_assert_uint_eq(demand_walk(&d, &walk, 5), 48 * MiB + 10 * GiB * 120 / 1000 + GiB);
	d.high = 9 * GiB;
	ck_assert_uint_eq(demand_walk(&d, &walk, 6), 10 * GiB);
	d.high = UINT64_MAX;
	ck_assert_uint_eq(demand_walk(&d, &walk, 7), 10 * GiB);
	d.base = 0;
	d.high = 0;
	ck_assert_uint_eq(demand_walk(&d, &walk, 8), 48 * MiB);
}
END_TEST

START_TEST(a_need_rises_no_faster_than_it_is_touched_and_falls_at_once)
{
	struct demand_point points[] = { { 10 * SECOND, 0, GiB }, { 20 * SECOND, 0, 100 * MiB } };
	struct demand d = { .maximum = 4 * GiB,
			    .touch = 300 * MiB,
			    .shape = DEMAND_POINTS,
			    .offset = BEGIN,
			    .points = points,
			    .n_points = 2 };
	static const struct row rows[] = {
		{ 9 * SECOND, 0 },
		{ 10 * SECOND, 300 * MiB },
		{ 10 * SECOND, 300 * MiB }, /* no time has passed */
		{ 10 * SECOND + SECOND / 2, 450 * MiB },
		{ 13 * SECOND, GiB },
		{ 20 * SECOND, 100 * MiB },
	};

	check_rows(&d, rows, ELEMENTS(rows));
	/* What it begins with is there already. */
	d.touch = 1;
	check_rows(&d, &(struct row){ 12 * SECOND, GiB }, 1);
	/* No product of speed and time is too large. */
	d.touch = UINT64_C(1) << 57;
	check_rows(&d, (struct row[]){ { 0, 0 }, { 10 * SECOND, GiB } }, 2);
}
END_TEST

START_TEST(steps_and_ramps_follow_one_another)
{
	struct demand_point points[] = {
		{ 10 * SECOND, 0, 512 * MiB },
		{ 20 * SECOND, 8 * SECOND, GiB },
		{ 30 * SECOND, 10 * SECOND, 0 },
		/* Cuts the ramp before it short, half way down. */
		{ 35 * SECOND, 4 * SECOND, 768 * MiB },
	};
	struct demand d = { .maximum = 4 * GiB,
			    .shape = DEMAND_POINTS,
			    .offset = BEGIN,
			    .points = points,
			    .n_points = ELEMENTS(points) };
	static const struct row rows[] = {
		{ 0, 0 },
		{ 10 * SECOND - 1, 0 },
		{ 10 * SECOND, 512 * MiB },
		{ 20 * SECOND, 512 * MiB },
		{ 22 * SECOND, 640 * MiB },
		{ 27 * SECOND, 960 * MiB },
		{ 28 * SECOND, GiB },
		{ 29 * SECOND, GiB },
		{ 32 * SECOND + SECOND / 2, 768 * MiB },
		{ 35 * SECOND, 512 * MiB },
		{ 37 * SECOND, 640 * MiB },
		{ 39 * SECOND, 768 * MiB },
		{ 86400 * SECOND, 768 * MiB },
	};
	static const struct row late[] = { { 37 * SECOND, 640 * MiB } };

	check_rows(&d, rows, ELEMENTS(rows));
	/* Who begins late sees the same. */
	check_rows(&d, late, 1);
}
END_TEST

START_TEST(a_ramp_of_a_month_and_a_terabyte_is_a_straight_line)
{
	usec_t day = 86400 * SECOND;
	struct demand_point points[] = { { 0, 32 * day, 1024 * GiB } };
	struct demand d = { .maximum = 2048 * GiB,
			    .shape = DEMAND_POINTS,
			    .offset = BEGIN,
			    .points = points,
			    .n_points = 1 };
	const struct row rows[] = {
		{ 0, 0 },
		{ day, 32 * GiB },
		{ 24 * day, 768 * GiB },
		{ 32 * day, 1024 * GiB },
	};

	check_rows(&d, rows, ELEMENTS(rows));
}
END_TEST

START_TEST(a_square_wave_is_low_first)
{
	struct demand d = { .maximum = GiB,
			    .shape = DEMAND_SQUARE,
			    .low = 1,
			    .high = 2,
			    .period = 10 * SECOND,
			    .offset = BEGIN };
	static const struct row rows[] = {
		{ 0, 1 },
		{ 5 * SECOND - 1, 1 },
		{ 5 * SECOND, 2 },
		{ 10 * SECOND - 1, 2 },
		{ 10 * SECOND, 1 },
		{ 1234 * SECOND, 1 }, /* far on, in one step */
		{ 1235 * SECOND, 2 },
	};

	check_rows(&d, rows, ELEMENTS(rows));
}
END_TEST

/* When the spike of a period begins, to 100 ms; it must last as long as it should, in one piece. */
static usec_t find_spike(const struct demand *d, struct demand_walk *walk, usec_t from)
{
	usec_t begins = 0, ends = 0, lasts = 0;

	for (usec_t t = 0; t < d->period; t += SECOND / 10) {
		uint64_t need = demand_walk(d, walk, from + t);

		if (need != d->high) {
			ck_assert_uint_eq(need, d->low);
			continue;
		}
		begins = lasts == 0 ? t : begins;
		lasts += SECOND / 10;
		ends = t + SECOND / 10;
	}
	ck_assert_uint_eq(lasts, d->length);
	ck_assert_uint_eq(ends - begins, d->length);
	return begins;
}

START_TEST(a_period_has_one_spike_somewhere_in_it)
{
	struct demand d = { .maximum = GiB,
			    .shape = DEMAND_SPIKES,
			    .low = 1,
			    .high = 2,
			    .period = 60 * SECOND,
			    .length = 5 * SECOND,
			    .offset = BEGIN,
			    .seed = 7 };
	struct demand other = d;
	struct demand_walk walk = { 0 }, again = { 0 }, walk_of_other = { 0 };
	usec_t least = 60 * SECOND, most = 0;
	unsigned same = 0;

	other.seed = 8;
	for (unsigned k = 0; k < 100; k++) {
		usec_t from = BEGIN + k * 60 * SECOND, begins = find_spike(&d, &walk, from);

		ck_assert_uint_eq(find_spike(&d, &again, from), begins);
		same += find_spike(&other, &walk_of_other, from) == begins;
		least = balloond_min(least, begins);
		most = balloond_max(most, begins);
	}
	ck_assert_uint_lt(least, 3 * SECOND);
	ck_assert_uint_gt(most, 52 * SECOND);
	ck_assert_uint_le(most, 55 * SECOND);
	ck_assert_uint_lt(same, 9);
}
END_TEST

START_TEST(a_series_is_reached_in_lines_and_keeps_its_last_value)
{
	uint32_t values[] = { 100, 400, 400, 10 };
	struct demand d = { .maximum = GiB,
			    .shape = DEMAND_SERIES,
			    .offset = BEGIN,
			    .series = values,
			    .n_series = 4,
			    .interval = 300 * SECOND,
			    .over = 30 * SECOND };
	static const struct row rows[] = {
		{ 0, 100 * MiB },
		{ 300 * SECOND, 100 * MiB },
		{ 310 * SECOND, 200 * MiB },
		{ 330 * SECOND, 400 * MiB },
		{ 615 * SECOND, 400 * MiB },
		{ 910 * SECOND, 270 * MiB },
		{ 930 * SECOND, 10 * MiB },
		{ 1200 * SECOND, 10 * MiB },
		{ 999999 * SECOND, 10 * MiB },
	};

	check_rows(&d, rows, ELEMENTS(rows));
	check_rows(&d, &(struct row){ 910 * SECOND, 270 * MiB }, 1);
	d.over = 0;
	check_rows(&d, &(struct row){ 300 * SECOND, 400 * MiB }, 1);
	d.n_series = 0;
	check_rows(&d, &(struct row){ 300 * SECOND, 0 }, 1);
}
END_TEST

START_TEST(a_shape_waits_at_its_beginning_for_the_offset)
{
	struct demand_point points[] = { { 0, 0, 5 * MiB }, { SECOND, 0, 6 * MiB } };
	uint32_t values[] = { 5, 6 };
	struct demand shapes[] = {
		{ .shape = DEMAND_POINTS, .points = points, .n_points = 2 },
		{ .shape = DEMAND_SERIES, .series = values, .n_series = 2, .interval = SECOND },
		{ .shape = DEMAND_SQUARE, .low = 5 * MiB, .high = 6 * MiB, .period = 2 * SECOND },
	};
	static const struct row rows[] = {
		{ 0, 5 * MiB },
		{ 50 * SECOND, 5 * MiB },
		{ 60 * SECOND, 5 * MiB },
		{ 61 * SECOND, 6 * MiB },
	};

	for (size_t i = 0; i < ELEMENTS(shapes); i++) {
		shapes[i].maximum = GiB;
		shapes[i].offset = BEGIN + 60 * SECOND;
		check_rows(&shapes[i], rows, ELEMENTS(rows));
	}
}
END_TEST

/* Who steps far and who steps every second see the same needs at the same times. */
START_TEST(how_far_a_step_is_changes_nothing)
{
	struct demand_point points[] = { { 30 * SECOND, 0, 512 * MiB },
					 { 200 * SECOND, 90 * SECOND, 3 * GiB },
					 { 250 * SECOND, 600 * SECOND, 7 } };
	uint32_t values[] = { 1, 2000, 30, 400, 5, 60, 700, 8, 9 };
	struct demand d = { .maximum = 4 * GiB,
			    .fixed = 7,
			    .base = 33,
			    .low = 3 * MiB,
			    .high = GiB,
			    .period = 47 * SECOND,
			    .length = 9 * SECOND,
			    .offset = BEGIN + 3,
			    .seed = 3,
			    .points = points,
			    .n_points = 3,
			    .series = values,
			    .n_series = ELEMENTS(values),
			    .interval = 100 * SECOND,
			    .over = 13 * SECOND };
	struct demand_walk slow = { 0 }, fast = { 0 };

	d.shape = (enum demand_shape)_i;
	for (usec_t t = BEGIN, next = t, k = 0; t < BEGIN + 1200 * SECOND; t += SECOND) {
		uint64_t need = demand_walk(&d, &slow, t);

		if (t < next)
			continue;
		ck_assert_uint_eq(demand_walk(&d, &fast, t), need);
		ck_assert_uint_eq(demand_walk(&d, &fast, t), need);
		k++;
		next = t + (k * k * 7 % 260) * SECOND;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sim-demand");
	TCase *tc = tcase_create("sim-demand");

	tcase_add_test(tc, a_need_is_fixed_and_base_and_shape_up_to_the_maximum);
	tcase_add_test(tc, a_need_rises_no_faster_than_it_is_touched_and_falls_at_once);
	tcase_add_test(tc, steps_and_ramps_follow_one_another);
	tcase_add_test(tc, a_ramp_of_a_month_and_a_terabyte_is_a_straight_line);
	tcase_add_test(tc, a_square_wave_is_low_first);
	tcase_add_test(tc, a_period_has_one_spike_somewhere_in_it);
	tcase_add_test(tc, a_series_is_reached_in_lines_and_keeps_its_last_value);
	tcase_add_test(tc, a_shape_waits_at_its_beginning_for_the_offset);
	tcase_add_loop_test(tc, how_far_a_step_is_changes_nothing, DEMAND_CONSTANT,
			    DEMAND_SERIES + 1);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
