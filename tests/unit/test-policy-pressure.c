/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "policies/pressure.c"

#include "tests/unit/policy-sim.h"

#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static struct params defaults(void)
{
	struct params params = { 0 };

	policy_defaults(&params);
	return params;
}

/* One guest of 4 GiB that uses 1 GiB, and comes back to so much of page cache. */
static void one_guest(struct sim *s, const struct params *params, uint64_t hot)
{
	sim_init(s, params);
	sim_add(s, 4 * GiB, 1 * GiB);
	s->real[0].hot = s->real[0].cache = hot;
}

/* What a guest feels, by the cache that it comes back to and how it shows. */
static const struct working_set {
	uint64_t hot, faults;
} working_sets[] = {
	{ 512 * MiB, 0 }, /* seen by its reads from disk alone */
	{ 1 * GiB, 10 },  /* mapped files: by major faults at once */
	{ 2 * GiB, 1 },
};

START_TEST(pressure_converges_onto_the_working_set_and_does_not_saw)
{
	const struct working_set *w = &working_sets[_i];
	struct params params = defaults();
	uint64_t needs = 1 * GiB + w->hot;
	struct sim s;

	one_guest(&s, &params, w->hot);
	s.real[0].faults = w->faults;
	sim_run(&s, SECOND / 2, 1 * HOUR);
	ck_assert_uint_ge(s.v.guests[0].target, balloond_permille(needs, 980));
	ck_assert_uint_le(s.v.guests[0].target, balloond_permille(needs, 1110));
	/* What it went short of on the way there is little. */
	ck_assert_uint_ge(s.real[0].lowest, balloond_permille(needs, 960));
	s.real[0].turns = s.real[0].n_moves = 0;
	sim_run(&s, SECOND / 2, 4 * HOUR);
	/* One try, and its end, in the longest wait. */
	ck_assert_uint_le(s.real[0].turns, 2 * 4 * HOUR / (16 * MINUTE));
	ck_assert_uint_le(s.real[0].n_moves, 12 * s.real[0].turns + 12);
}
END_TEST

START_TEST(pressure_rests_where_faults_only_come_near_the_limit)
{
	struct params params = defaults();
	struct sim s;

	/* One fault a second for every MiB: no single step leads from calm to a stall. */
	one_guest(&s, &params, 2 * GiB);
	s.v.guests[0].disk_reads = BALLOOND_UNKNOWN;
	params.faults = 300;
	s.real[0].faults = 1;
	sim_run(&s, SECOND / 2, 4 * HOUR);
	ck_assert_uint_eq(s.real[0].turns, 0);
	ck_assert_uint_lt(s.v.guests[0].target, 3 * GiB - 150 * MiB);
	ck_assert_uint_gt(s.v.guests[0].target, 3 * GiB - 200 * MiB);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_NEAR);
}
END_TEST

START_TEST(pressure_gives_back_at_once_when_a_guest_swaps_in)
{
	struct params params = defaults();
	struct sim s;
	uint64_t size;

	one_guest(&s, &params, 0);
	sim_run(&s, SECOND / 2, 5 * MINUTE);
	ck_assert_uint_lt(s.v.targets[0].claim, s.v.targets[0].bytes);
	s.v.guests[0].swap_in += MiB - 1; /* cold pages */
	sim_run(&s, SECOND / 2, SECOND);
	ck_assert_uint_ne(s.v.targets[0].reason, REASON_SWAPPING);
	size = s.v.guests[0].target;
	s.v.guests[0].swap_in += MiB;
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_SWAPPING);
	ck_assert_uint_eq(s.v.targets[0].bytes, size + size / 10);
	ck_assert_uint_eq(s.v.targets[0].claim, s.v.targets[0].bytes);
	sim_tick(&s, SECOND / 2);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_WAITING);
	ck_assert_uint_eq(s.v.targets[0].bytes, size + size / 10);
	s.real[0].need = 8 * GiB; /* it goes on swapping: it has all that it may have soon */
	sim_run(&s, SECOND / 2, 10 * SECOND);
	ck_assert_uint_eq(s.v.guests[0].target, 4 * GiB);
}
END_TEST

START_TEST(pressure_counts_faults_by_the_second)
{
	struct params params = defaults();
	struct sim s;

	one_guest(&s, &params, 0);
	sim_run(&s, SECOND, 5 * MINUTE);
	for (unsigned rate = 10; rate <= 11; rate++) {
		s.v.view.now += 5 * SECOND;
		s.v.guests[0].sample++;
		s.v.guests[0].sample_elapsed = 5 * SECOND;
		s.v.guests[0].major_faults += 5 * (uint64_t)rate;
		policy_ask(&s.v, &params);
		ck_assert_uint_eq(s.v.targets[0].figure[FIGURE_FAULTS], rate);
		ck_assert_uint_eq(s.v.targets[0].reason, rate > 10 ? REASON_FAULTING : REASON_NEAR);
	}
	s.v.guests[0].major_faults = 0; /* it has rebooted */
	s.v.guests[0].sample++;
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[0].figure[FIGURE_FAULTS], BALLOOND_UNKNOWN);
	s.v.guests[0].major_faults = 1000; /* another rule held meanwhile */
	s.v.guests[0].sample += 100;
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[0].figure[FIGURE_FAULTS], BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(pressure_wants_its_relief_until_there_is_room)
{
	struct params params = defaults();
	struct sim s;
	uint64_t size;

	one_guest(&s, &params, 0);
	sim_run(&s, SECOND / 2, 5 * MINUTE);
	size = s.v.guests[0].target;
	s.v.guests[0].swap_in += 10 * MiB;
	s.is_held = 1;
	sim_run(&s, SECOND, 50 * SECOND);
	ck_assert_uint_eq(s.v.targets[0].bytes, size + size / 10);
	s.is_held = 0;
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.guests[0].target, size + size / 10);
	/* What is still on its way down counts from where it is. */
	s.v.guests[0].swap_in += 10 * MiB;
	s.v.guests[0].sample++;
	s.v.guests[0].actual = 3 * GiB;
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[0].bytes, 3 * GiB + 3 * GiB / 10);
}
END_TEST

START_TEST(pressure_doubles_its_wait_while_stalls_repeat)
{
	static const uint64_t waits[] = { 60, 120, 240, 480, 960, 960 };
	struct params params = defaults();
	struct sim s;

	one_guest(&s, &params, 0);
	sim_run(&s, SECOND, 1 * MINUTE);
	for (size_t n = 0; n < 6; n++) {
		uint64_t begun;

		s.v.guests[0].swap_in += 10 * MiB;
		sim_tick(&s, SECOND);
		begun = s.v.view.now;
		ck_assert_uint_eq(s.v.targets[0].figure[FIGURE_WAIT], waits[n] * SECOND);
		while (s.v.targets[0].figure[FIGURE_WAIT] > 0)
			sim_tick(&s, SECOND);
		ck_assert_uint_eq(s.v.view.now - begun, waits[n] * SECOND);
		sim_run(&s, SECOND, 5 * MINUTE);
	}
	/* Calm for long: it begins anew; and more of the same stall is no repetition. */
	sim_run(&s, SECOND, 45 * MINUTE);
	for (size_t n = 0; n < 2; n++) {
		s.v.guests[0].swap_in += 10 * MiB;
		sim_tick(&s, SECOND);
		ck_assert_uint_eq(s.v.targets[0].figure[FIGURE_WAIT], 60 * SECOND);
	}
}
END_TEST

START_TEST(pressure_does_nothing_without_a_new_sample)
{
	struct params params = defaults();
	struct sim s;
	uint64_t size = 0;

	one_guest(&s, &params, 0);
	sim_run(&s, SECOND / 2, 2 * MINUTE);
	for (unsigned n = 0; n < 100; n++) {
		s.v.view.now += SECOND;
		policy_ask(&s.v, &params);
		s.v.guests[0].target = s.v.guests[0].actual = s.v.targets[0].bytes;
		if (n == 10) /* the last sample allowed one probe more */
			size = s.v.targets[0].bytes;
	}
	ck_assert_uint_eq(s.v.targets[0].bytes, size);
	ck_assert_uint_eq(s.v.targets[0].figure[FIGURE_FAULTS], 0); /* as the last one said */
	s.v.guests[0].sample++;
	s.v.guests[0].swap_in += 10 * MiB;
	policy_ask(&s.v, &params);
	size = s.v.targets[0].bytes;
	s.v.guests[0].target = s.v.guests[0].actual = size;
	s.v.guests[0].swap_in += 10 *
				 MiB; /* the same sample still: a tick must not count it twice */
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[0].bytes, size);
}
END_TEST

START_TEST(pressure_probes_at_its_pace_whatever_the_tick)
{
	static const uint64_t ticks[] = { SECOND / 2, SECOND, 2 * SECOND, 3 * SECOND, 6 * SECOND };
	struct params params = defaults();
	struct sim s;
	uint64_t expected = 4 * GiB;

	one_guest(&s, &params, 0);
	/* Its usual reads are looked at first. */
	sim_tick(&s, ticks[_i]);
	ck_assert_uint_eq(s.v.targets[0].bytes, 4 * GiB);
	for (unsigned n = 0; n < 9; n++)
		expected -= balloond_permille(expected, 10);
	sim_run(&s, ticks[_i], 60 * SECOND);
	ck_assert_uint_le(s.v.guests[0].target, expected + balloond_permille(expected, 10));
	ck_assert_uint_ge(s.v.guests[0].target, expected - balloond_permille(expected, 10));
}
END_TEST

START_TEST(pressure_probes_guests_whose_share_is_within_the_dead_band)
{
	struct params params = defaults();
	struct sim s;

	sim_init(&s, &params);
	sim_add(&s, 512 * MiB, 100 * MiB);
	sim_run(&s, SECOND / 2, 10 * MINUTE);
	ck_assert_uint_lt(s.v.guests[0].target, 230 * MiB);
	ck_assert_uint_gt(s.v.guests[0].target, 160 * MiB);
	ck_assert_uint_eq(s.real[0].turns, 0);
}
END_TEST

START_TEST(pressure_does_not_pile_up_what_the_guard_does_not_allow)
{
	struct params params = defaults();
	struct sim s;

	one_guest(&s, &params, 0);
	s.is_held = 1;
	for (unsigned n = 0; n < 600; n++) {
		sim_tick(&s, SECOND);
		ck_assert_uint_ge(s.v.targets[0].bytes, 4 * GiB - 4 * GiB / 99);
	}
	ck_assert_uint_lt(s.v.targets[0].bytes, 4 * GiB);
}
END_TEST

/* How far down a guest is probed that never stalls, by what is known of it. */
static const struct knowledge {
	bool swap, faults, reads;
	uint32_t flags;
	uint64_t permille; /* of what it uses */
} knowledge[] = {
	{ true, true, true, 0, 1050 },
	{ true, false, false, 0, 1050 },
	{ false, true, false, 0, 1050 },
	{ false, false, true, 0, 1050 },
	{ false, false, false, BALLOOND_GUEST_SWAPPED, 1050 },
	{ false, false, false, 0, 1150 }, /* nothing would come before its OOM killer */
};

START_TEST(pressure_leaves_more_to_a_guest_that_cannot_warn)
{
	const struct knowledge *k = &knowledge[_i];
	struct params params = defaults();
	struct sim s;

	one_guest(&s, &params, 0);
	s.v.guests[0].swap_in = k->swap ? 0 : BALLOOND_UNKNOWN;
	s.v.guests[0].major_faults = k->faults ? 0 : BALLOOND_UNKNOWN;
	s.v.guests[0].disk_reads = k->reads ? 0 : BALLOOND_UNKNOWN;
	s.v.guests[0].flags |= k->flags;
	sim_run(&s, SECOND / 2, 1 * HOUR);
	ck_assert_uint_ge(s.real[0].lowest, balloond_permille(1 * GiB, k->permille));
	ck_assert_uint_le(s.real[0].lowest, balloond_permille(1 * GiB, k->permille) + 21 * MiB);
	ck_assert_uint_eq(s.real[0].turns, 0);
	/* When half of that is used up it gets memory before it stalls. */
	s.real[0].need = balloond_whole(s.v.guests[0].target, 250 + k->permille * 3 / 4);
	sim_tick(&s, SECOND);
	ck_assert_uint_ne(s.v.targets[0].reason, REASON_SHORT);
	s.real[0].need = balloond_permille(s.v.guests[0].target, 980);
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_SHORT);
	ck_assert_uint_gt(s.v.targets[0].bytes, s.v.guests[0].actual);
	ck_assert_uint_eq(s.v.targets[0].claim, s.v.targets[0].bytes);
}
END_TEST

static const struct obstacle_row {
	uint64_t used;
	uint32_t flags;
	uint64_t some_avg10;
	uint32_t reason;
} obstacles[] = {
	{ BALLOOND_UNKNOWN, 0, 0, REASON_UNKNOWN },
	{ GiB, BALLOOND_GUEST_STALE, 0, REASON_UNKNOWN },
	{ GiB, BALLOOND_GUEST_BLIND, 0, REASON_UNKNOWN },
	{ GiB, BALLOOND_GUEST_COOLING, 0, REASON_COOLING },
	{ GiB, 0, 1001, REASON_HOST },
	{ GiB, 0, 1000, REASON_PROBING },
	{ GiB, 0, BALLOOND_UNKNOWN, REASON_PROBING },
};

START_TEST(pressure_does_not_probe_in_doubt)
{
	const struct obstacle_row *o = &obstacles[_i];
	struct params params = defaults();
	struct sim s;

	one_guest(&s, &params, 0);
	s.v.host.some_avg10 = o->some_avg10;
	s.v.guests[0].used = o->used;
	s.v.guests[0].flags |= o->flags;
	for (unsigned n = 0; n < 60; n++) {
		s.v.view.now += SECOND;
		s.v.guests[0].sample++;
		policy_ask(&s.v, &params);
		ck_assert_uint_eq(s.v.targets[0].reason, o->reason);
	}
	ck_assert_int_eq(s.v.targets[0].bytes < 4 * GiB, o->reason == REASON_PROBING);
}
END_TEST

START_TEST(pressure_knows_a_guest_that_always_reads)
{
	struct params params = defaults();
	struct sim s;

	one_guest(&s, &params, 0);
	s.real[0].reads = 50 * MiB;
	sim_run(&s, SECOND / 2, 10 * MINUTE);
	ck_assert_uint_eq(s.real[0].turns, 0);
	ck_assert_uint_lt(s.v.guests[0].target, 2 * GiB);
	ck_assert_uint_eq(s.v.targets[0].figure[FIGURE_USUAL], 50 * MiB);
	/* A backup begins: taken for its cache once or twice, then known. */
	s.real[0].reads = 200 * MiB;
	sim_run(&s, SECOND / 2, 60 * MINUTE);
	ck_assert_uint_le(s.real[0].turns, 4);
}
END_TEST

START_TEST(pressure_puts_reads_down_to_itself_only_after_it_took_something)
{
	struct params params = defaults();
	struct sim s;

	one_guest(&s, &params, 0);
	s.is_held = 1;
	sim_run(&s, SECOND / 2, 2 * MINUTE);
	s.real[0].reads = 100 * MiB;
	sim_run(&s, SECOND / 2, 2 * SECOND);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_PROBING);
	s.real[0].reads = 0;
	s.is_held = 0;
	sim_run(&s, SECOND / 2, 10 * MINUTE);
	s.real[0].reads = 100 * MiB;
	sim_tick(&s, SECOND);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_READING);
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("policy-pressure");
	TCase *tc = tcase_create("policy-pressure");

	policy_add_checks(tc);
	tcase_add_loop_test(tc, pressure_converges_onto_the_working_set_and_does_not_saw, 0,
			    N(working_sets));
	tcase_add_test(tc, pressure_rests_where_faults_only_come_near_the_limit);
	tcase_add_test(tc, pressure_gives_back_at_once_when_a_guest_swaps_in);
	tcase_add_test(tc, pressure_counts_faults_by_the_second);
	tcase_add_test(tc, pressure_wants_its_relief_until_there_is_room);
	tcase_add_test(tc, pressure_doubles_its_wait_while_stalls_repeat);
	tcase_add_test(tc, pressure_does_nothing_without_a_new_sample);
	tcase_add_loop_test(tc, pressure_probes_at_its_pace_whatever_the_tick, 0, 5);
	tcase_add_test(tc, pressure_probes_guests_whose_share_is_within_the_dead_band);
	tcase_add_test(tc, pressure_does_not_pile_up_what_the_guard_does_not_allow);
	tcase_add_loop_test(tc, pressure_leaves_more_to_a_guest_that_cannot_warn, 0, N(knowledge));
	tcase_add_loop_test(tc, pressure_does_not_probe_in_doubt, 0, N(obstacles));
	tcase_add_test(tc, pressure_knows_a_guest_that_always_reads);
	tcase_add_test(tc, pressure_puts_reads_down_to_itself_only_after_it_took_something);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
