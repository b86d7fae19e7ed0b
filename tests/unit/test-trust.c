/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Figures that cannot be, and guests that say such again and again. */

#include "balloond/core/trust.h"

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

#define UNKNOWN BALLOOND_UNKNOWN
#define MINUTE (60 * SECOND)

/* In MiB, 0: unknown, of a guest of 1 GiB. */
static const struct figures {
	uint64_t total, usable, unused, caches;
	bool wrong;
	uint64_t left[4];
} checked[] = {
	{ 1000, 700, 100, 600, false, { 1000, 700, 100, 600 } },
	{ 1088, 1088, 1088, 1088, false, { 1088, 1088, 1088, 1088 } },
	{ 1089, 700, 100, 600, true, { 0, 700, 100, 600 } },
	{ 0, 1088, 100, 600, false, { 0, 1088, 100, 600 } },
	{ 0, 1089, 100, 600, true, { 0, 0, 100, 600 } },
	{ 1000, 1001, 100, 600, true, { 1000, 0, 100, 600 } },
	{ 1000, 700, 1001, 600, true, { 1000, 700, 0, 600 } },
	{ 1000, 700, 100, 1001, true, { 1000, 700, 100, 0 } },
	{ 1000, 10, 266, 600, false, { 1000, 10, 266, 600 } },
	{ 1000, 10, 267, 600, true, { 1000, 0, 267, 600 } },
	/* Windows, and old drivers */
	{ 1000, 0, 1000, 0, false, { 1000, 0, 1000, 0 } },
	{ 0, 0, 0, 0, false, { 0, 0, 0, 0 } },
};

static uint64_t figure(uint64_t mib)
{
	return mib > 0 ? mib * MiB : UNKNOWN;
}

START_TEST(a_figure_that_cannot_be_is_unknown_and_the_others_stay)
{
	const struct figures *row = &checked[_i];
	struct guest g;

	guest_init(&g, "u", "g");
	g.seen.total = figure(row->total);
	g.seen.usable = figure(row->usable);
	g.seen.unused = figure(row->unused);
	g.seen.caches = figure(row->caches);
	ck_assert_uint_eq(trust_check_figures(&g.seen, 1024 * MiB),
			  row->wrong ? GUEST_IMPOSSIBLE : 0);
	ck_assert_uint_eq(g.seen.total, figure(row->left[0]));
	ck_assert_uint_eq(g.seen.usable, figure(row->left[1]));
	ck_assert_uint_eq(g.seen.unused, figure(row->left[2]));
	ck_assert_uint_eq(g.seen.caches, figure(row->left[3]));
}
END_TEST

/* In MiB, of a guest of 8 GiB that has 4. */
static const struct touched {
	uint64_t total, usable, touched;
	bool wrong;
} touches[] = {
	{ 4000, 1000, 3100, false },
	{ 4000, 1000, 1000, false }, /* a pool of huge pages, a heap of zeroes */
	{ 4000, 1000, 951, true },
	{ 4000, 0, 0, false },
	{ 4000, 3900, 1, false },    /* it says little of what it uses: that proves nothing */
	{ 3000, 1000, 1, false },    /* a crash kernel that was never touched */
	{ 8000, 1000, 1048, false }, /* with deflate-on-OOM the total stays */
	{ 8000, 1000, 1047, true },
};

START_TEST(who_uses_what_it_never_touched_is_noticed)
{
	const struct touched *row = &touches[_i];
	struct guest g;

	guest_init(&g, "u", "g");
	g.seen.maximum = 8 * GiB;
	g.seen.actual = 4 * GiB;
	g.seen.total = figure(row->total);
	g.seen.usable = figure(row->usable);
	ck_assert_uint_eq(trust_check_touched(&g.seen, figure(row->touched)),
			  row->wrong ? GUEST_UNTOUCHED : 0);
}
END_TEST

START_TEST(no_memory_is_swapped_in_faster_than_it_is_copied)
{
	struct counter c = { .last = 10 * GiB, .rate = UNKNOWN };

	ck_assert(!trust_is_absurd(&c, 70 * GiB, 1, SECOND));
	ck_assert(trust_is_absurd(&c, 75 * GiB, 1, SECOND));
	ck_assert(!trust_is_absurd(&c, 75 * GiB, 1, 2 * SECOND));
	ck_assert(!trust_is_absurd(&c, 1, 1, SECOND)); /* it began anew */
	ck_assert(!trust_is_absurd(&c, UNKNOWN, 1, SECOND));
	c.last = 0;
	ck_assert(!trust_is_absurd(&c, 10 * MiB, 4096, SECOND));
	ck_assert(trust_is_absurd(&c, 17 * MiB, 4096, SECOND));
}
END_TEST

/* Guests of 4 GiB with 1 GiB each; the first one may lie. */
static void begin(struct scene *s, unsigned n)
{
	scene_init(s);
	s->config.host.shrink_guest = s->config.host.shrink_host = 64 * GiB;
	scene_add_many(s, n, 4 * GiB, 768 * MiB);
	for (unsigned i = 0; i < n; i++) {
		s->guests[i].seen.actual = 1 * GiB;
		s->real[i].touched = 0;
		scene_proposal[i] = scene_claim[i] = 1 * GiB;
	}
	scene_run(s, 3);
}

static enum guest_state state(const struct scene *s)
{
	return scene_verdict(s, 0)->state;
}

static void lie(struct scene *s)
{
	s->guests[0].facts |= GUEST_IMPOSSIBLE;
	scene_run(s, 10);
	ck_assert_int_eq(state(s), STATE_DISTRUSTED);
	ck_assert_int_eq(scene_verdict(s, 0)->reason, REASON_IMPOSSIBLE);
}

START_TEST(a_few_bad_samples_are_none_and_ten_are_a_habit)
{
	struct scene s;

	begin(&s, 1);
	s.guests[0].facts |= GUEST_IMPOSSIBLE;
	scene_run(&s, 9);
	ck_assert_int_eq(state(&s), STATE_MANAGED);
	/* What was seen before is no news. */
	s.real[0].silent = true;
	scene_run(&s, 2);
	ck_assert_int_eq(state(&s), STATE_MANAGED);
	s.real[0].silent = false;
	scene_run(&s, 1);
	ck_assert_int_eq(state(&s), STATE_DISTRUSTED);
}
END_TEST

START_TEST(an_absurd_counter_is_neither_distress_nor_believed)
{
	struct scene s;

	begin(&s, 1);
	for (unsigned i = 0; i < 10; i++) {
		s.guests[0].seen.swap_in = (i + 1) * 1000 * GiB;
		scene_run(&s, 1);
	}
	s.guests[0].seen.swap_in += 1000 * GiB;
	scene_run(&s, 1);
	ck_assert_uint_eq(s.history.guests[0].distress, 0);
	ck_assert_uint_eq(s.history.guests[0].swap_in.rate, UNKNOWN);
	ck_assert_int_eq(state(&s), STATE_DISTRUSTED);
}
END_TEST

START_TEST(what_it_never_touched_counts_after_a_minute)
{
	struct scene s;

	begin(&s, 1);
	s.guests[0].facts |= GUEST_UNTOUCHED;
	scene_run(&s, 60);
	ck_assert_int_eq(state(&s), STATE_MANAGED);
	s.guests[0].facts &= ~(uint32_t)GUEST_UNTOUCHED;
	scene_run(&s, 1);
	s.guests[0].facts |= GUEST_UNTOUCHED;
	scene_run(&s, 60);
	ck_assert_int_eq(state(&s), STATE_MANAGED);
	scene_run(&s, 1);
	ck_assert_int_eq(state(&s), STATE_DISTRUSTED);
	ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_UNTOUCHED);
}
END_TEST

START_TEST(a_day_without_a_lie_is_forgiven)
{
	struct scene s;

	begin(&s, 1);
	lie(&s);
	s.guests[0].facts &= ~(uint32_t)GUEST_IMPOSSIBLE;
	scene_tick(&s, 24 * 60 * MINUTE - SECOND);
	ck_assert_int_eq(state(&s), STATE_DISTRUSTED);
	scene_tick(&s, SECOND);
	ck_assert_int_eq(state(&s), STATE_MANAGED);
	lie(&s);
}
END_TEST

START_TEST(a_lie_now_and_then_adds_up_and_ten_minutes_without_forget_the_few)
{
	struct scene s;

	begin(&s, 1);
	for (unsigned i = 0; i < 9; i++) {
		s.guests[0].facts |= GUEST_IMPOSSIBLE;
		scene_run(&s, 1);
		s.guests[0].facts &= ~(uint32_t)GUEST_IMPOSSIBLE;
		scene_tick(&s, i < 8 ? 9 * MINUTE : 10 * MINUTE);
	}
	ck_assert_uint_eq(s.history.guests[0].trust.doubts, 0);
	for (unsigned i = 0; i < 10; i++) {
		s.guests[0].facts |= GUEST_IMPOSSIBLE;
		scene_run(&s, 1);
		s.guests[0].facts &= ~(uint32_t)GUEST_IMPOSSIBLE;
		scene_tick(&s, 9 * MINUTE);
	}
	ck_assert_int_eq(state(&s), STATE_DISTRUSTED);
}
END_TEST

START_TEST(another_boot_is_another_driver)
{
	struct scene s;

	begin(&s, 1);
	lie(&s);
	s.guests[0].facts &= ~(uint32_t)GUEST_IMPOSSIBLE;
	s.guests[0].booted = s.snapshot.now;
	scene_run(&s, 100);
	ck_assert_int_eq(state(&s), STATE_MANAGED);
}
END_TEST

START_TEST(nobody_sees_what_it_says)
{
	struct scene s;
	const struct balloond_guest *g;

	begin(&s, 1);
	lie(&s);
	g = &scene_verdict(&s, 0)->guest;
	ck_assert_uint_eq(g->used & g->total & g->usable & g->unused & g->caches, UNKNOWN);
	ck_assert_uint_eq(g->swap_in & g->swap_out & g->major_faults, UNKNOWN);
	ck_assert(!scene_verdict(&s, 0)->asked);
}
END_TEST

START_TEST(it_grows_to_its_share_and_no_further)
{
	struct scene s;
	uint64_t share;

	begin(&s, 4);
	s.config.host.pool.value = 8 * GiB;
	lie(&s);
	scene_run(&s, 10);
	share = 2 * GiB - scene_verdict(&s, 0)->overhead;
	ck_assert_uint_le(s.guests[0].seen.actual, share + MiB);
	ck_assert_uint_ge(s.guests[0].seen.actual, share - 16 * MiB);
}
END_TEST

/* What it got since it is not believed is the first to go. */
START_TEST(what_others_need_comes_before_what_it_was_lent)
{
	struct scene s;

	begin(&s, 4);
	s.config.host.pool.value = 8 * GiB;
	lie(&s);
	scene_run(&s, 10);
	ck_assert_uint_ge(s.guests[0].seen.actual, 1900 * MiB);
	for (unsigned i = 1; i < 4; i++) {
		scene_proposal[i] = scene_claim[i] = 2150 * MiB;
		s.real[i].need = 2100 * MiB;
	}
	scene_run(&s, 10);
	for (unsigned i = 1; i < 4; i++)
		ck_assert_uint_ge(s.guests[i].seen.actual, 2150 * MiB);
	/* And what it had before is not. */
	for (unsigned i = 1; i < 4; i++) {
		scene_proposal[i] = scene_claim[i] = 4 * GiB;
		s.real[i].need = 4 * GiB;
	}
	scene_run(&s, 10);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
}
END_TEST

/* By its ceiling it would take 3 GiB from the others without having them. */
START_TEST(it_is_charged_for_what_the_host_sees)
{
	struct scene s;
	const struct verdict *v;

	begin(&s, 1);
	v = scene_verdict(&s, 0);
	s.config.host.pool.value = 1200 * MiB;
	lie(&s);
	ck_assert_uint_eq(v->guest.charge, 1 * GiB + v->overhead);
	/* Its balloon is not what it says. */
	s.real[0].overhead = 2 * GiB;
	scene_run(&s, 1);
	ck_assert_uint_ge(v->guest.charge, v->guest.resident + 256 * MiB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trust");
	TCase *tc = tcase_create("trust");

	tcase_add_loop_test(tc, a_figure_that_cannot_be_is_unknown_and_the_others_stay, 0,
			    sizeof(checked) / sizeof(checked[0]));
	tcase_add_loop_test(tc, who_uses_what_it_never_touched_is_noticed, 0,
			    sizeof(touches) / sizeof(touches[0]));
	tcase_add_test(tc, no_memory_is_swapped_in_faster_than_it_is_copied);
	tcase_add_test(tc, a_few_bad_samples_are_none_and_ten_are_a_habit);
	tcase_add_test(tc, an_absurd_counter_is_neither_distress_nor_believed);
	tcase_add_test(tc, what_it_never_touched_counts_after_a_minute);
	tcase_add_test(tc, a_day_without_a_lie_is_forgiven);
	tcase_add_test(tc, a_lie_now_and_then_adds_up_and_ten_minutes_without_forget_the_few);
	tcase_add_test(tc, another_boot_is_another_driver);
	tcase_add_test(tc, nobody_sees_what_it_says);
	tcase_add_test(tc, it_grows_to_its_share_and_no_further);
	tcase_add_test(tc, what_others_need_comes_before_what_it_was_lent);
	tcase_add_test(tc, it_is_charged_for_what_the_host_sees);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
