/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the guard permits at which level, and with guests that give no warning. */

#include "balloond/core/guard.h"

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

#define NEED (1200 * MiB)

/* Leaves the machine this much, in bytes: beyond what guests have touched. */
static void leave(struct scene *s, uint64_t available)
{
	uint64_t resident = 0;

	for (size_t i = 0; i < s->snapshot.n_guests; i++)
		resident += s->guests[i].seen.resident;
	s->host_other = s->snapshot.host.seen.total - resident - available;
}

/* One guest of 2 GiB that needs 1200 MiB: its margin is 32 MiB, or 64 as long as it has not
 * swapped. */
static void one_guest(struct scene *s, bool swaps)
{
	scene_init(s);
	scene_add(s, "g00", 2 * GiB, NEED);
	if (!swaps)
		scene_without_swap(s, 0);
	scene_proposal[0] = 600 * MiB;
}

START_TEST(a_guest_that_never_swapped_is_left_twice_the_margin)
{
	struct scene s;

	one_guest(&s, false);
	scene_run(&s, 30);
	ck_assert_uint_eq(s.guests[0].seen.actual, NEED + 64 * MiB);
	ck_assert(!(scene_verdict(&s, 0)->guest.flags & BALLOOND_GUEST_SWAPPED));
	/* Either way of swapping shows that it has swap. */
	if (_i)
		s.guests[0].seen.swap_in = 4096;
	else
		s.guests[0].seen.swap_out = 4096;
	scene_run(&s, 30);
	ck_assert(scene_verdict(&s, 0)->guest.flags & BALLOOND_GUEST_SWAPPED);
	ck_assert_uint_eq(s.guests[0].seen.actual, NEED + 32 * MiB);
	/* Another boot may be another system. */
	scene_without_swap(&s, 0);
	scene_tick(&s, 600 * SECOND); /* that it did not die of the last shrink is clear */
	s.guests[0].booted = s.snapshot.now;
	scene_run(&s, 60);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_MANAGED);
	ck_assert_uint_eq(s.guests[0].seen.actual, NEED + 64 * MiB);
}
END_TEST

START_TEST(a_guest_that_swapped_once_is_known_for_it)
{
	struct scene s;

	one_guest(&s, true);
	scene_run(&s, 2);
	s.guests[0].seen.swap_in = s.guests[0].seen.swap_out = BALLOOND_UNKNOWN;
	scene_run(&s, 30);
	ck_assert(scene_verdict(&s, 0)->guest.flags & BALLOOND_GUEST_SWAPPED);
	ck_assert_uint_eq(scene_verdict(&s, 0)->margin, 32 * MiB);
}
END_TEST

START_TEST(a_guest_that_never_swapped_is_shrunk_half_as_fast)
{
	uint64_t taken[2];

	for (unsigned swaps = 0; swaps < 2; swaps++) {
		struct scene s;

		scene_init(&s);
		scene_add(&s, "g00", 4 * GiB, 64 * MiB);
		if (!swaps)
			scene_without_swap(&s, 0);
		scene_proposal[0] = 1 * GiB;
		scene_run(&s, 2); /* from here on it is known */
		taken[swaps] = scene_verdict(&s, 0)->target;
		for (unsigned i = 0; i < 40; i++)
			scene_tick(&s, SECOND / 10);
		taken[swaps] -= scene_verdict(&s, 0)->target;
	}
	/* To one move of half a second. */
	ck_assert_uint_le(taken[0], 4 * 128 * MiB);
	ck_assert_uint_ge(taken[0], 4 * 128 * MiB - 64 * MiB);
	ck_assert_uint_le(taken[1], 4 * 256 * MiB);
	ck_assert_uint_ge(taken[1], 4 * 256 * MiB - 128 * MiB);
}
END_TEST

/* Where the machine has nothing left: what a guest is left of 2 GiB if it needs 1200 MiB and was
 * promised 388, which is its kernel's floor. */
static const struct {
	const char *what;
	bool swaps, expendable;
	uint64_t left; /* MiB */
} lefts[] = {
	{ "half of its doubled margin", false, false, 1200 + 32 },
	{ "what it uses", true, false, 1200 },
	{ "its floor, if it is expendable", true, true, 388 },
	{ "its floor, swap or not", false, true, 388 },
};

START_TEST(a_critical_host_leaves_a_guest_little_but_no_less)
{
	struct scene s;

	one_guest(&s, lefts[_i].swaps);
	s.promise.expendable = lefts[_i].expendable;
	scene_proposal[0] = 2 * GiB;
	scene_tick(&s, SECOND);
	scene_proposal[0] = 300 * MiB;
	leave(&s, 40 * MiB);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_CRITICAL);
	ck_assert_msg(scene_verdict(&s, 0)->target == lefts[_i].left * MiB, "%s: %llu",
		      lefts[_i].what, (unsigned long long)(scene_verdict(&s, 0)->target / MiB));
	ck_assert_uint_eq(scene_verdict(&s, 0)->guest.floor, 388 * MiB);
}
END_TEST

START_TEST(an_expendable_guest_gives_what_it_uses_only_after_all_others_gave_the_rest)
{
	struct promise promises[2];
	char *first[] = { (char *)"g00" };
	struct scene s;

	scene_init(&s);
	promises[0] = promises[1] = s.promise;
	promises[0].match.texts[MATCH_NAME].items = first;
	promises[0].expendable = true;
	s.config.promises = promises;
	s.config.n_promises = 2;
	s.config.host.pool.value = 12 * GiB;
	s.config.host.reserve.value = 4 * GiB;
	scene_add_many(&s, 2, 4 * GiB, 1 * GiB);
	s.real[0].need = 3 * GiB;
	scene_tick(&s, SECOND);
	/* 4 GiB are missing; the other can give 3, and this one 1 above what it uses. */
	leave(&s, 100 * MiB);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_CRITICAL);
	ck_assert_uint_eq(s.plan.account.missing, 4 * GiB - 100 * MiB);
	ck_assert_uint_ge(scene_verdict(&s, 0)->target, 3 * GiB);
	ck_assert_uint_lt(scene_verdict(&s, 1)->target, 1400 * MiB);
	/* Now there is nothing else. */
	scene_init(&s);
	promises[1] = s.promise;
	promises[0].min = (struct amount){ AMOUNT_BYTES, 800 * MiB };
	s.config.promises = promises;
	s.config.n_promises = 2;
	scene_add_many(&s, 2, 4 * GiB, 1 * GiB);
	s.guests[0].seen.actual = s.guests[1].seen.actual = 1200 * MiB;
	scene_tick(&s, SECOND);
	leave(&s, 10 * MiB);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(scene_verdict(&s, 0)->target, 800 * MiB); /* its min, no less */
	ck_assert_uint_eq(scene_verdict(&s, 1)->target, 1 * GiB);
}
END_TEST

/* Three guests of 4 GiB that have 2 and claim 1; parts of the first are in the host's swap. */
static void lent_guests(struct scene *s, uint64_t host_swap)
{
	scene_init(s);
	scene_add_many(s, 3, 4 * GiB, 512 * MiB);
	for (size_t i = 0; i < 3; i++) {
		s->guests[i].seen.actual = 2 * GiB;
		scene_proposal[i] = 4 * GiB;
		scene_claim[i] = 1 * GiB;
	}
	s->guests[0].host_swap = host_swap;
	s->config.host.pool.value = 7 * GiB; /* no room to grow: they stay as they are */
	scene_run(s, 3);
}

START_TEST(a_low_host_takes_lent_memory_first_from_guests_that_are_in_memory)
{
	struct scene s;
	uint64_t sizes[3], sum = 0;

	lent_guests(&s, 512 * MiB);
	for (size_t i = 0; i < 3; i++)
		sizes[i] = s.guests[i].seen.actual;
	s.config.host.pool.value = 12 * GiB;
	leave(&s, 200 * MiB);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_LOW);
	/* 824 MiB are missing: the others have more than that to give. */
	ck_assert_uint_eq(scene_verdict(&s, 0)->target, sizes[0]);
	ck_assert_uint_lt(scene_verdict(&s, 1)->target, sizes[1]);
	ck_assert_uint_lt(scene_verdict(&s, 2)->target, sizes[2]);
	for (size_t i = 0; i < 3; i++)
		sum += sizes[i] - scene_verdict(&s, i)->target;
	ck_assert_uint_ge(sum, s.plan.account.missing - 3 * MiB);
	/* Without a limit per second. */
	ck_assert_uint_gt(sizes[1] - scene_verdict(&s, 1)->target, 256 * MiB);
	/* A few cold pages in swap are no reason. */
	lent_guests(&s, 32 * MiB);
	s.config.host.pool.value = 12 * GiB;
	leave(&s, 200 * MiB);
	scene_tick(&s, SECOND);
	ck_assert_uint_lt(scene_verdict(&s, 0)->target, sizes[0]);
}
END_TEST

START_TEST(a_low_host_takes_from_swapped_out_guests_before_anybodys_claim)
{
	struct scene s;
	uint64_t had;

	lent_guests(&s, 512 * MiB);
	had = s.guests[0].seen.actual;
	for (size_t i = 1; i < 3; i++) /* only a little is lent to the others */
		scene_claim[i] = s.guests[i].seen.actual - 100 * MiB;
	s.config.host.pool.value = 12 * GiB;
	leave(&s, 200 * MiB);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_LOW);
	ck_assert_uint_le(scene_verdict(&s, 0)->target, had - 600 * MiB);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_ge(scene_verdict(&s, i)->target, scene_claim[i]);
	ck_assert_uint_lt(scene_verdict(&s, 1)->target, scene_claim[1] + MiB);
}
END_TEST

START_TEST(a_host_that_is_not_low_takes_lent_memory_from_all_alike)
{
	struct scene s;

	lent_guests(&s, 512 * MiB);
	s.config.host.pool.value = 6800 * MiB;
	scene_run(&s, 30);
	ck_assert_uint_le(s.plan.account.level, BALLOOND_LEVEL_TIGHT);
	ck_assert_uint_le(s.guests[0].seen.actual, s.guests[1].seen.actual + MiB);
}
END_TEST

START_TEST(a_low_host_takes_nobodys_claim)
{
	struct scene s;

	lent_guests(&s, BALLOOND_UNKNOWN);
	for (size_t i = 0; i < 3; i++)
		scene_claim[i] = s.guests[i].seen.actual - 50 * MiB;
	s.config.host.pool.value = 12 * GiB;
	for (unsigned tick = 0; tick < 20; tick++) {
		leave(&s, 200 * MiB);
		scene_tick(&s, SECOND);
		ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_LOW);
		if (tick == 0)
			ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_HOST_SHORT);
	}
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_ge(s.guests[i].seen.actual, scene_claim[i]);
		ck_assert_uint_lt(s.guests[i].seen.actual, scene_claim[i] + MiB);
	}
}
END_TEST

START_TEST(a_low_host_takes_a_little_from_many)
{
	struct scene s;
	uint64_t sum = 0;

	scene_init(&s);
	s.snapshot.host.seen.total = 100 * GiB;
	s.config.host.pool.value = 90 * GiB;
	scene_add_many(&s, 40, 4 * GiB, 512 * MiB);
	for (size_t i = 0; i < 40; i++) {
		s.guests[i].seen.actual = 1 * GiB;
		scene_proposal[i] = 1 * GiB;
		scene_claim[i] = 1 * GiB - 19 * MiB; /* 20 MiB would be no trifle */
	}
	scene_run(&s, 3);
	leave(&s, 200 * MiB);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_LOW);
	for (size_t i = 0; i < 40; i++)
		sum += 1 * GiB - scene_verdict(&s, i)->target;
	ck_assert_uint_ge(sum, 700 * MiB);
}
END_TEST

START_TEST(a_tight_host_lends_nothing_more_and_lets_guests_have_what_they_need)
{
	struct scene s;
	const struct verdict *v = s.verdicts;

	scene_init(&s);
	s.snapshot.host.seen.total = 32 * GiB;
	s.config.host.pool.value = 24 * GiB;
	s.config.host.reserve.value = 8 * GiB;
	scene_add_many(&s, 2, 4 * GiB, 512 * MiB);
	s.guests[0].seen.actual = s.guests[1].seen.actual = 1 * GiB;
	scene_proposal[0] = scene_proposal[1] = 1 * GiB;
	scene_run(&s, 3);
	leave(&s, 9 * GiB); /* more than the reserve, so that there is room; held tight by PSI */
	s.snapshot.host.seen.some_avg10 = 2000;
	scene_proposal[0] = 3 * GiB;
	scene_claim[0] = 1400 * MiB;
	scene_proposal[1] = 3 * GiB;
	scene_claim[1] = 512 * MiB;
	scene_run(&s, 10);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_TIGHT);
	ck_assert_uint_eq(v[0].target, 1400 * MiB); /* its claim, no more */
	ck_assert_uint_eq(v[1].target, 1 * GiB);    /* what it was lent it keeps */
	ck_assert_int_eq(v[0].reason, REASON_NO_LENDING);
	ck_assert_int_eq(v[1].reason, REASON_NO_LENDING);
	/* Trifles are left alone as ever. */
	scene_proposal[0] = scene_claim[0] = 1400 * MiB - 19 * MiB;
	scene_run(&s, 3);
	ck_assert_uint_eq(v[0].target, 1400 * MiB);
	scene_proposal[0] = 3 * GiB;
	s.snapshot.host.seen.some_avg10 = 0;
	leave(&s, 16 * GiB);
	scene_run(&s, 10);
	ck_assert_uint_eq(v[0].target, 3 * GiB);
	ck_assert_uint_eq(v[1].target, 3 * GiB);
}
END_TEST

/* Four guests of 2 GiB that claim 1800 MiB each in a pool of 4 GiB. */
static void crowd(struct scene *s, uint64_t min_permille)
{
	scene_init(s);
	s->promise.min = (struct amount){ AMOUNT_PERMILLE, min_permille };
	s->config.host.pool.value = 4 * GiB;
	scene_add_many(s, 4, 2 * GiB, 256 * MiB);
	for (size_t i = 0; i < 4; i++) {
		scene_proposal[i] = 2 * GiB;
		scene_claim[i] = 1800 * MiB;
	}
	scene_run(s, 60);
}

START_TEST(an_overbooked_pool_says_so_and_leaves_every_claim)
{
	struct scene s;
	uint64_t overheads = 0;

	crowd(&s, 250);
	ck_assert_uint_eq(s.plan.account.overbooked_by, 0);
	ck_assert_uint_lt(s.guests[0].seen.actual, 1024 * MiB); /* claims are cut to fit */
	crowd(&s, 750);
	for (size_t i = 0; i < 4; i++)
		overheads += scene_verdict(&s, i)->overhead;
	ck_assert_uint_eq(s.plan.account.overbooked_by, 4 * 1536 * MiB + overheads - 4 * GiB);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(s.guests[i].seen.actual, 1800 * MiB);
}
END_TEST

START_TEST(an_overbooked_pool_on_a_machine_in_need_keeps_floors_alone)
{
	struct scene s;

	crowd(&s, 750);
	leave(&s, 10 * MiB);
	scene_run(&s, 5);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(s.guests[i].seen.actual, 1536 * MiB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard-levels");
	TCase *tc = tcase_create("guard-levels");

	tcase_add_loop_test(tc, a_guest_that_never_swapped_is_left_twice_the_margin, 0, 2);
	tcase_add_test(tc, a_guest_that_swapped_once_is_known_for_it);
	tcase_add_test(tc, a_guest_that_never_swapped_is_shrunk_half_as_fast);
	tcase_add_loop_test(tc, a_critical_host_leaves_a_guest_little_but_no_less, 0,
			    sizeof(lefts) / sizeof(lefts[0]));
	tcase_add_test(tc,
		       an_expendable_guest_gives_what_it_uses_only_after_all_others_gave_the_rest);
	tcase_add_test(tc, a_low_host_takes_lent_memory_first_from_guests_that_are_in_memory);
	tcase_add_test(tc, a_low_host_takes_from_swapped_out_guests_before_anybodys_claim);
	tcase_add_test(tc, a_host_that_is_not_low_takes_lent_memory_from_all_alike);
	tcase_add_test(tc, a_low_host_takes_nobodys_claim);
	tcase_add_test(tc, a_low_host_takes_a_little_from_many);
	tcase_add_test(tc, a_tight_host_lends_nothing_more_and_lets_guests_have_what_they_need);
	tcase_add_test(tc, an_overbooked_pool_says_so_and_leaves_every_claim);
	tcase_add_test(tc, an_overbooked_pool_on_a_machine_in_need_keeps_floors_alone);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
