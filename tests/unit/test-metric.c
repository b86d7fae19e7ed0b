/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the conditions of a rule are taken from. */

#include "balloond/core/metric.h"

#include <string.h>

#include "tests/unit/check-main.h"
#include "tests/unit/when-bed.h"

/* In a bed as it begins; base 0: no percentage is allowed. */
static const struct figure {
	enum metric metric;
	uint64_t value, base;
} figures[] = {
	{ METRIC_HOST_AVAILABLE, 20 * GiB, 64 * GiB },
	{ METRIC_HOST_FREE, 10 * GiB, 64 * GiB },
	{ METRIC_HOST_ROOM, 7 * GiB, 40 * GiB },
	{ METRIC_HOST_CHARGED, 33 * GiB, 40 * GiB },
	{ METRIC_HOST_SWAP_USED, 3 * GiB, 8 * GiB },
	{ METRIC_HOST_SWAP_IN, 11 * MiB, 0 },
	{ METRIC_HOST_SWAP_OUT, 12 * MiB, 0 },
	{ METRIC_HOST_PRESSURE, 123, 0 },
	{ METRIC_HOST_STALLED, 56, 0 },
	{ METRIC_HOST_LEVEL, BALLOOND_LEVEL_TIGHT, 0 },
	{ METRIC_GUEST_ACTUAL, 2 * GiB, 4 * GiB },
	{ METRIC_GUEST_USED, 1300 * MiB, 2 * GiB },
	{ METRIC_GUEST_USABLE, 700 * MiB, 2 * GiB },
	{ METRIC_GUEST_RESIDENT, 1900 * MiB, 4 * GiB },
	{ METRIC_GUEST_SWAP_IN, 13 * MiB, 0 },
	{ METRIC_GUEST_MAJOR_FAULTS, 140, 0 },
	{ METRIC_GUEST_DISK_READS, 15 * MiB, 0 },
	{ METRIC_GUEST_STATS_AGE, 3 * SECOND, 0 },
};

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

START_TEST(every_metric_is_read_from_its_own_place)
{
	const struct figure *row = &figures[_i];
	struct when_view view;
	struct bed bed;

	ck_assert_int_eq(N(figures), METRIC_MAX);
	ck_assert_int_eq(row->metric, _i);
	bed_init(&bed);
	view = view_of(&bed);
	ck_assert_uint_eq(when_metric(&view, row->metric), row->value);
	bed.conditions[0] = condition(row->metric, false, row->value + 1);
	ck_assert(look(&bed, 0));
	bed.gate = (struct gate){ 0 };
	bed.conditions[0] = condition(row->metric, true, row->value - 1);
	ck_assert(look(&bed, 0));
	/* On its edge it is on no side. */
	for (unsigned above = 0; above < 2; above++) {
		bed.gate = (struct gate){ 0 };
		bed.conditions[0] = condition(row->metric, above, row->value);
		ck_assert(!look(&bed, 0));
	}
}
END_TEST

START_TEST(a_percentage_is_of_the_base_that_the_metric_names)
{
	const struct figure *row = &figures[_i];
	uint64_t permille = row->base ? balloond_mul_div(row->value, 1000, row->base) : 0;
	struct bed bed;

	ck_assert_int_eq(metric_row(row->metric)->base != NULL, row->base != 0);
	if (row->base == 0)
		return;
	bed_init(&bed);
	bed.conditions[0] = share(row->metric, false, permille + 1);
	ck_assert(look(&bed, 0));
	bed.gate = (struct gate){ 0 };
	bed.conditions[0] = share(row->metric, false, permille);
	ck_assert(!look(&bed, 0));
	bed.conditions[0] = share(row->metric, true, permille - 1);
	ck_assert(look(&bed, 0));
}
END_TEST

static void forget_all(struct bed *bed)
{
	struct balloond_host *host = &bed->snapshot.host.seen;

	host->total = host->available = host->free = BALLOOND_UNKNOWN;
	host->swap_total = BALLOOND_UNKNOWN;
	host->some_avg10 = host->full_avg10 = BALLOOND_UNKNOWN;
	bed->history.now = 0;
	bed->history.swap = (struct host_swap){ 0 };
	guest_init(&bed->guest, "u", "g");
	bed->memory.used = BALLOOND_UNKNOWN;
	bed->memory.swap_in.rate = bed->memory.major_faults.rate = BALLOOND_UNKNOWN;
	bed->memory.disk_reads.rate = BALLOOND_UNKNOWN;
}

START_TEST(what_is_not_known_never_holds_and_is_told)
{
	struct bed bed;

	if (_i == METRIC_HOST_LEVEL)
		return; /* a host has a level from the beginning */
	bed_init(&bed);
	forget_all(&bed);
	for (unsigned above = 0; above < 2; above++) {
		bed.conditions[0] = condition((enum metric)_i, above, 5);
		for (unsigned tick = 0; tick < 3; tick++)
			ck_assert(!look(&bed, SECOND));
		ck_assert_int_eq(bed.unknown, _i);
	}
	bed_init(&bed);
	bed.conditions[0] = condition((enum metric)_i, true, 5);
	look(&bed, SECOND);
	ck_assert_int_eq(bed.unknown, METRIC_MAX);
}
END_TEST

START_TEST(a_percentage_of_what_is_not_known_is_not_known)
{
	struct bed bed;

	bed_init(&bed);
	bed.snapshot.host.seen.total = BALLOOND_UNKNOWN;
	bed.conditions[0] = share(METRIC_HOST_AVAILABLE, false, 900);
	ck_assert(!look(&bed, SECOND));
	ck_assert_int_eq(bed.unknown, METRIC_HOST_AVAILABLE);
	bed.conditions[0] = condition(METRIC_HOST_AVAILABLE, false, 21 * GiB);
	ck_assert(look(&bed, SECOND));
}
END_TEST

START_TEST(a_host_without_swap_has_used_none)
{
	struct bed bed;

	bed_init(&bed);
	bed.snapshot.host.seen.swap_total = bed.snapshot.host.seen.swap_free = 0;
	bed.conditions[0] = share(METRIC_HOST_SWAP_USED, true, 100);
	ck_assert(!look(&bed, SECOND));
	ck_assert_int_eq(bed.unknown, METRIC_MAX);
}
END_TEST

START_TEST(every_metric_has_a_name_of_its_own_and_words)
{
	for (enum metric a = 0; a < METRIC_MAX; a++) {
		ck_assert_ptr_nonnull(metric_row(a)->name);
		ck_assert_uint_gt(strlen(metric_row(a)->help), 0);
		for (enum metric b = 0; b < a; b++)
			ck_assert_str_ne(metric_row(a)->name, metric_row(b)->name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metric");
	TCase *tc = tcase_create("metric");

	tcase_add_loop_test(tc, every_metric_is_read_from_its_own_place, 0, N(figures));
	tcase_add_loop_test(tc, a_percentage_is_of_the_base_that_the_metric_names, 0, N(figures));
	tcase_add_loop_test(tc, what_is_not_known_never_holds_and_is_told, 0, METRIC_MAX);
	tcase_add_test(tc, a_percentage_of_what_is_not_known_is_not_known);
	tcase_add_test(tc, a_host_without_swap_has_used_none);
	tcase_add_test(tc, every_metric_has_a_name_of_its_own_and_words);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
