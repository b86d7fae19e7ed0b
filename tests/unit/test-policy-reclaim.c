/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/reclaim.c"

#include "tests/unit/policy-sim.h"

static struct params defaults(void)
{
	struct params params = { 0 };

	policy_defaults(&params);
	return params;
}

/* Exactly what there is, so that sums are plain. */
static const struct params plain = { .fill = 1000, .low = 100, .keep = 150 };

/* Two guests of 4 GiB.  "cacher" never touched 256 MiB, has 256 MiB more unused, 1.5 GiB of page
 * cache, and keeps 1.7 GiB + 15 %; "idler" never touched 2 GiB and has 1 GiB unused beside. */
enum { CACHER, IDLER };

static void cacher_and_idler(struct sim *s)
{
	struct balloond_guest *g;

	sim_init(s, &plain);
	g = &s->v.guests[sim_add(s, 4 * GiB, 1740 * MiB)];
	g->resident = 4 * GiB - 256 * MiB;
	g->unused = 512 * MiB;
	g = &s->v.guests[sim_add(s, 4 * GiB, 512 * MiB)];
	g->resident = 2 * GiB;
	g->unused = 3 * GiB;
}

/* Taken from each, and why, when the two are short by so much. */
static const struct taking {
	uint64_t is_short;      /* MiB */
	uint64_t cacher, idler; /* MiB */
	uint32_t reasons[2];
} takings[] = {
	{ 0, 0, 0, { REASON_FITS, REASON_FITS } },
	/* From the larger one first; both are alike, so they are levelled alike. */
	{ 200, 100, 100, { REASON_UNTOUCHED, REASON_UNTOUCHED } },
	{ 1000, 256, 744, { REASON_UNTOUCHED, REASON_UNTOUCHED } },
	{ 2304, 256, 2048, { REASON_UNTOUCHED, REASON_UNTOUCHED } },
	/* Unused memory goes from the guest that has more left. */
	{ 2304 + 100, 356, 2048, { REASON_UNUSED, REASON_UNTOUCHED } },
	{ 2304 + 1280, 512, 3072, { REASON_UNUSED, REASON_UNUSED } },
	/* Cache: the idler has 512 MiB of it, of which 90 must stay. */
	{ 3584 + 1000, 1512, 3072, { REASON_CACHE, REASON_UNUSED } },
};

START_TEST(reclaim_takes_what_costs_least_first)
{
	const struct taking *row = &takings[_i];
	struct sim s;

	cacher_and_idler(&s);
	s.v.view.capacity = 8 * GiB - row->is_short * MiB;
	policy_ask(&s.v, &plain);
	/* Division is exact, but for the bytes that one share more would be. */
	ck_assert_uint_eq((4 * GiB - s.v.targets[CACHER].bytes + 1000) / MiB, row->cacher);
	ck_assert_uint_eq((4 * GiB - s.v.targets[IDLER].bytes + 1000) / MiB, row->idler);
	ck_assert_uint_eq(8 * GiB - s.v.targets[CACHER].bytes - s.v.targets[IDLER].bytes,
			  row->is_short * MiB);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(s.v.targets[i].reason, row->reasons[i]);
		ck_assert_uint_eq(s.v.targets[i].figure[FIGURE_SHORT], row->is_short * MiB);
	}
	ck_assert_uint_eq(s.v.targets[CACHER].figure[FIGURE_UNTOUCHED], 256 * MiB);
	ck_assert_uint_eq(s.v.targets[CACHER].figure[FIGURE_UNUSED], 256 * MiB);
	ck_assert_uint_eq(s.v.targets[IDLER].figure[FIGURE_UNTOUCHED], 2048 * MiB);
	ck_assert_uint_eq(s.v.targets[IDLER].figure[FIGURE_UNUSED], 1024 * MiB);
}
END_TEST

START_TEST(reclaim_leaves_what_a_guest_uses_and_keeps)
{
	struct sim s;

	cacher_and_idler(&s);
	s.v.guests[IDLER].floor = 1 * GiB;
	s.v.view.capacity = 0;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[CACHER].bytes, balloond_whole(1740 * MiB, 850));
	ck_assert_uint_eq(s.v.targets[IDLER].bytes, 1 * GiB);
	s.v.guests[CACHER].target = s.v.guests[CACHER].actual = s.v.targets[CACHER].bytes;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[CACHER].reason, REASON_LEAST);
	ck_assert_uint_eq(s.v.targets[CACHER].claim, balloond_whole(1740 * MiB, 900));
}
END_TEST

START_TEST(reclaim_counts_what_is_on_its_way_as_taken)
{
	struct sim s;
	uint64_t before;

	cacher_and_idler(&s);
	s.v.view.capacity = 8 * GiB - 1000 * MiB;
	policy_ask(&s.v, &plain);
	for (size_t i = 0; i < 2; i++)
		s.v.guests[i].target = s.v.targets[i].bytes;
	before = s.v.guests[CACHER].target;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[CACHER].bytes, before);
	ck_assert_uint_eq(s.v.targets[CACHER].reason, REASON_FITS);
	ck_assert_uint_eq(s.v.targets[CACHER].figure[FIGURE_UNTOUCHED], 0);
	ck_assert_uint_eq(s.v.targets[CACHER].figure[FIGURE_UNUSED], 256 * MiB);
	/* And it comes from what was unused: there is none of it left to take again. */
	s.v.view.capacity -= 1304 * MiB + 100 * MiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(before - s.v.targets[CACHER].bytes, 100 * MiB);
	ck_assert_uint_eq(s.v.targets[CACHER].reason, REASON_UNUSED);
}
END_TEST

START_TEST(reclaim_begins_when_the_guests_fill_what_they_may)
{
	struct params params = defaults();
	struct sim s;

	cacher_and_idler(&s);
	s.v.view.capacity = 9 * GiB;
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[IDLER].reason, REASON_FITS);
	s.v.guests[CACHER].charge += GiB; /* of its process, not of the guest */
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[IDLER].reason, REASON_UNTOUCHED);
	ck_assert_uint_eq(s.v.targets[IDLER].figure[FIGURE_SHORT],
			  9 * GiB - balloond_permille(9 * GiB, 950));
}
END_TEST

START_TEST(reclaim_leaves_more_to_those_with_more_shares)
{
	struct sim s;

	sim_init(&s, &plain);
	for (size_t i = 0; i < 2; i++)
		s.v.guests[sim_add(&s, 6 * GiB, 100 * MiB)].floor = 0;
	s.v.guests[1].shares = 2000;
	s.v.view.capacity = 6 * GiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq((s.v.targets[0].bytes + 1000) / MiB, 2048);
	ck_assert_uint_eq((s.v.targets[1].bytes + 2000) / MiB, 4096);
}
END_TEST

START_TEST(reclaim_leaves_more_cache_to_those_that_read)
{
	struct sim s;

	sim_init(&s, &plain);
	for (size_t i = 0; i < 3; i++) {
		sim_add(&s, 4 * GiB, 256 * MiB);
		s.real[i].cache = 4 * GiB;
	}
	s.v.view.capacity = 12 * GiB;
	s.real[1].reads = 5 * MiB;
	s.v.guests[2].disk_reads = BALLOOND_UNKNOWN;
	sim_run(&s, SECOND, 600 * SECOND);
	s.v.view.capacity = 8 * GiB;
	s.v.guests[0].sample += 100; /* while another rule held */
	s.v.guests[0].disk_reads += 100 * GiB;
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_CACHE);
	/* It weighs twice as much as they do. */
	ck_assert_uint_eq(s.v.targets[1].bytes / MiB, 4096);
	ck_assert_uint_eq(s.v.targets[1].reason, REASON_OTHERS);
	ck_assert_uint_eq((s.v.targets[0].bytes + 4000) / MiB, 2048);
	ck_assert_uint_eq((s.v.targets[2].bytes + 4000) / MiB, 2048);
	/* Nothing of it matters where memory lies unused. */
	s.real[1].cache = 0;
	s.v.guests[1].target = 4 * GiB;
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[1].reason, REASON_UNUSED);
	ck_assert_uint_lt(s.v.targets[1].bytes, 4 * GiB);
}
END_TEST

START_TEST(reclaim_grows_a_guest_below_the_low_mark_at_others_cost)
{
	struct sim s;

	cacher_and_idler(&s);
	s.v.guests[CACHER].target = s.v.guests[CACHER].actual = 1900 * MiB;
	s.v.guests[CACHER].charge = s.v.guests[CACHER].resident = 1900 * MiB;
	s.v.view.capacity = 4 * GiB + 1900 * MiB; /* full */
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[CACHER].reason, REASON_BELOW_LOW);
	ck_assert_uint_eq(s.v.targets[CACHER].bytes, balloond_whole(1740 * MiB, 850));
	ck_assert_uint_eq(4 * GiB - s.v.targets[IDLER].bytes,
			  balloond_whole(1740 * MiB, 850) - 1900 * MiB);
	s.v.guests[CACHER].used = 1700 * MiB; /* between the marks */
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[CACHER].bytes, 1900 * MiB);
	ck_assert_uint_eq(s.v.targets[IDLER].bytes, 4 * GiB);
}
END_TEST

/* Each keeps its guest out of it. */
static const struct exempt {
	uint64_t used;
	uint32_t set, cleared, reason;
} exempts[] = {
	{ BALLOOND_UNKNOWN, 0, 0, REASON_UNKNOWN },
	{ 512 * MiB, BALLOOND_GUEST_STALE, 0, REASON_UNKNOWN },
	{ 512 * MiB, BALLOOND_GUEST_BLIND, 0, REASON_UNKNOWN },
	{ 512 * MiB, BALLOOND_GUEST_COOLING, 0, REASON_BARRED },
	{ 512 * MiB, 0, BALLOOND_GUEST_MAY_SHRINK, REASON_BARRED },
};

START_TEST(reclaim_takes_nothing_in_doubt)
{
	const struct exempt *row = &exempts[_i];
	struct sim s;

	cacher_and_idler(&s);
	s.v.guests[IDLER].used = row->used;
	s.v.guests[IDLER].flags |= row->set;
	s.v.guests[IDLER].flags &= ~row->cleared;
	s.v.view.capacity = 7 * GiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[IDLER].bytes, 4 * GiB);
	ck_assert_uint_eq(s.v.targets[IDLER].reason, row->reason);
	ck_assert_uint_eq(s.v.targets[CACHER].bytes, 3 * GiB);
	s.v.view.capacity = 8 * GiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[IDLER].reason, REASON_FITS);
}
END_TEST

START_TEST(reclaim_takes_only_what_it_knows)
{
	struct sim s;

	cacher_and_idler(&s);
	for (size_t i = 0; i < 2; i++)
		s.v.guests[i].resident = s.v.guests[i].unused = BALLOOND_UNKNOWN;
	s.v.view.capacity = 8 * GiB - 100 * MiB;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[CACHER].bytes + s.v.targets[IDLER].bytes,
			  8 * GiB - 100 * MiB);
	ck_assert_uint_eq(s.v.targets[CACHER].reason, REASON_CACHE);
	for (size_t i = 0; i < 2; i++)
		s.v.guests[i].usable = BALLOOND_UNKNOWN;
	policy_ask(&s.v, &plain);
	ck_assert_uint_eq(s.v.targets[CACHER].bytes, 4 * GiB);
}
END_TEST

START_TEST(reclaim_comes_to_rest_without_turning_back)
{
	struct params params = defaults();
	uint64_t sum = 0;
	struct sim s;

	sim_init(&s, &params);
	for (size_t i = 0; i < 6; i++) {
		sim_add(&s, 4 * GiB, (i + 1) * 300 * MiB);
		s.real[i].cache = i * 200 * MiB;
		s.real[i].overhead = 64 * MiB;
		s.real[i].touched = 4 * GiB - i * 300 * MiB;
	}
	s.v.view.capacity = 16 * GiB;
	sim_run(&s, SECOND / 2, 600 * SECOND);
	for (size_t i = 0; i < 6; i++) {
		sum += s.v.guests[i].charge;
		ck_assert_uint_eq(s.real[i].turns, 0);
		ck_assert_uint_lt(s.real[i].n_moves, 60);
		s.real[i].n_moves = 0;
	}
	/* But for what the dead bands keep. */
	ck_assert_uint_le(sum, balloond_permille(16 * GiB, 950) + 6 * 21 * MiB);
	sim_run(&s, SECOND / 2, 600 * SECOND);
	for (size_t i = 0; i < 6; i++)
		ck_assert_uint_eq(s.real[i].n_moves, 0);
}
END_TEST

START_TEST(reclaim_wants_low_below_keep)
{
	struct params same = { 950, 100, 100 }, good = { 950, 99, 100 };

	ck_assert_ptr_nonnull(check(&same));
	ck_assert_ptr_null(check(&good));
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("policy-reclaim");
	TCase *tc = tcase_create("policy-reclaim");

	policy_add_checks(tc);
	tcase_add_loop_test(tc, reclaim_takes_what_costs_least_first, 0, N(takings));
	tcase_add_test(tc, reclaim_leaves_what_a_guest_uses_and_keeps);
	tcase_add_test(tc, reclaim_counts_what_is_on_its_way_as_taken);
	tcase_add_test(tc, reclaim_begins_when_the_guests_fill_what_they_may);
	tcase_add_test(tc, reclaim_leaves_more_to_those_with_more_shares);
	tcase_add_test(tc, reclaim_leaves_more_cache_to_those_that_read);
	tcase_add_test(tc, reclaim_grows_a_guest_below_the_low_mark_at_others_cost);
	tcase_add_loop_test(tc, reclaim_takes_nothing_in_doubt, 0, N(exempts));
	tcase_add_test(tc, reclaim_takes_only_what_it_knows);
	tcase_add_test(tc, reclaim_comes_to_rest_without_turning_back);
	tcase_add_test(tc, reclaim_wants_low_below_keep);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
