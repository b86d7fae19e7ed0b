/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is counted of a scene whose every second is known. */

#include "balloond/core/tally.h"

#include <string.h>

#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

static struct scene s;

static const struct tally *counted(size_t i)
{
	return &s.history.guests[i].shadow.tally;
}

static uint64_t shadow(size_t i)
{
	return s.history.guests[i].shadow.size;
}

/* One guest of 2 GiB that uses half a GiB, and for which 1 GiB is proposed. */
static void begin(bool dry_run)
{
	scene_init(&s);
	s.dry_run = dry_run;
	scene_add_many(&s, 1, 2 * GiB, 512 * MiB);
	scene_proposal[0] = 1 * GiB;
}

START_TEST(tally_counts_what_a_dry_run_would_have_taken)
{
	begin(true);
	scene_run(&s, 12); /* the first tick begins; then 256 MiB/s down to 1 GiB */
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
	ck_assert_uint_eq(shadow(0), 1 * GiB);
	ck_assert_uint_eq(counted(0)->watched, 11 * SECOND);
	ck_assert_uint_eq(counted(0)->known, 11 * SECOND);
	ck_assert_uint_eq(counted(0)->taken, (0 + 256 + 512 + 768 + 7 * 1024) * SECOND);
	ck_assert_uint_eq(counted(0)->taken_most, 1 * GiB);
	ck_assert_uint_eq(counted(0)->below, 0);
	ck_assert_uint_eq(counted(0)->episodes, 0);
	ck_assert_uint_eq(s.history.tally.watched, 11 * SECOND);
	ck_assert_uint_eq(s.history.tally.taken, counted(0)->taken);
	ck_assert_uint_eq(s.history.tally.taken_most, 1 * GiB);
	ck_assert_uint_eq(s.history.tally.pool, 8 * GiB);
	/* at first, before the overhead was learned */
	ck_assert_uint_eq(s.history.tally.charged_most, 2 * GiB + 64 * MiB + 2 * GiB / 100);
}
END_TEST

START_TEST(tally_takes_half_as_fast_from_a_guest_that_never_swapped)
{
	begin(true);
	scene_without_swap(&s, 0);
	scene_run(&s, 4);
	ck_assert_uint_eq(shadow(0), 2 * GiB - 3 * 128 * MiB);
}
END_TEST

START_TEST(tally_knows_no_limit_where_the_host_is_low)
{
	begin(true);
	s.config.host.pool.value = 1536 * MiB;
	scene_run(&s, 2);
	ck_assert_uint_ge(s.plan.account.level, BALLOOND_LEVEL_LOW);
	ck_assert_uint_eq(shadow(0), 1 * GiB);
}
END_TEST

START_TEST(tally_leaves_no_rest_that_the_dead_band_would_keep)
{
	begin(true);
	scene_proposal[0] = 1 * GiB + 252 * MiB; /* 3 x 256 MiB and 4: the band is 10.24 */
	scene_run(&s, 5);
	ck_assert_uint_eq(shadow(0), scene_proposal[0]);
	scene_proposal[0] -= 4 * MiB;
	scene_run(&s, 5);
	ck_assert_uint_eq(shadow(0), 1 * GiB + 252 * MiB);
}
END_TEST

START_TEST(tally_counts_demand_above_the_shadow_once_an_episode)
{
	begin(true);
	scene_run(&s, 12);
	for (unsigned i = 0; i < 3; i++) {
		s.real[0].need = 1200 * MiB;
		scene_tick(&s, SECOND);
		ck_assert_uint_eq(counted(0)->below, (i + 1) * SECOND);
		ck_assert_uint_eq(shadow(0), 1232 * MiB); /* up at once, margin and all */
		scene_run(&s, 2);
		s.real[0].need = 512 * MiB;
		scene_run(&s, 4);
		ck_assert_uint_eq(shadow(0), 1 * GiB);
	}
	ck_assert_uint_eq(counted(0)->below, 3 * SECOND);
	ck_assert_uint_eq(counted(0)->episodes, 3);
	ck_assert_uint_eq(counted(0)->shortfall, 176 * MiB);
	ck_assert_uint_eq(counted(0)->known, (11 + 3 * 7) * SECOND);
}
END_TEST

START_TEST(tally_joins_samples_in_a_row_to_one_episode)
{
	begin(true);
	scene_run(&s, 12);
	for (unsigned i = 1; i <= 3; i++) { /* each time more than the last answer gave */
		s.real[0].need = 1 * GiB + i * 128 * MiB;
		scene_tick(&s, SECOND);
	}
	ck_assert_uint_eq(counted(0)->below, 3 * SECOND);
	ck_assert_uint_eq(counted(0)->episodes, 1);
	ck_assert_uint_eq(counted(0)->shortfall, 128 * MiB);
}
END_TEST

START_TEST(tally_knows_no_demand_without_fresh_samples)
{
	uint64_t known;

	begin(true);
	scene_run(&s, 12);
	known = counted(0)->known;
	s.real[0].silent = true;
	s.real[0].need = 2 * GiB;
	scene_run(&s, 10);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_STALE);
	ck_assert_uint_eq(counted(0)->watched, 21 * SECOND);
	ck_assert_uint_eq(counted(0)->known, known);
	ck_assert_uint_eq(counted(0)->below, 0);
	ck_assert_uint_eq(shadow(0), 1 * GiB); /* not shrunk, and not grown for nothing */
	s.real[0].silent = false;
	known = counted(0)->known;
	scene_tick(&s, SECOND); /* says something of its own second alone */
	ck_assert_uint_eq(counted(0)->known, known + SECOND);
	ck_assert_uint_eq(counted(0)->below, SECOND);
}
END_TEST

START_TEST(tally_begins_anew_with_every_boot)
{
	begin(true);
	scene_run(&s, 12);
	s.guests[0].booted = s.snapshot.now;
	scene_tick(&s, SECOND);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_BOOTING);
	ck_assert_uint_eq(counted(0)->watched, 11 * SECOND);
	while (scene_verdict(&s, 0)->state == STATE_BOOTING)
		scene_tick(&s, SECOND);
	ck_assert_uint_ge(shadow(0), 2 * GiB - 256 * MiB);
	ck_assert_uint_eq(counted(0)->watched, 11 * SECOND);
}
END_TEST

START_TEST(tally_has_nothing_of_a_guest_that_no_rule_matches)
{
	begin(true);
	s.config.n_rules = 0;
	scene_run(&s, 12);
	ck_assert_uint_eq(counted(0)->watched, 0);
	ck_assert_uint_eq(s.history.tally.watched, 11 * SECOND);
	ck_assert_uint_eq(s.history.tally.taken, 0);
}
END_TEST

START_TEST(tally_takes_nothing_while_an_elastic_pool_has_room)
{
	begin(true);
	s.config.host.commit = COMMIT_ELASTIC;
	scene_run(&s, 12);
	ck_assert_uint_eq(counted(0)->watched, 11 * SECOND);
	ck_assert_uint_eq(counted(0)->taken_most, 0);
}
END_TEST

START_TEST(tally_keeps_what_was_taken_when_an_elastic_pool_gets_room)
{
	begin(true);
	scene_run(&s, 12);
	s.config.host.commit = COMMIT_ELASTIC;
	scene_run(&s, 5);
	ck_assert_uint_eq(shadow(0), 1 * GiB);
	scene_proposal[0] = 1536 * MiB; /* what the policy finds that it needs, it gets */
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(shadow(0), 1536 * MiB);
}
END_TEST

START_TEST(tally_leaves_a_guest_where_it_is_that_may_not_be_shrunk)
{
	begin(true);
	scene_run(&s, 3);
	ck_assert_uint_eq(shadow(0), 1536 * MiB);
	s.guests[0].seen.swap_in = 0;
	scene_tick(&s, SECOND);
	s.guests[0].seen.swap_in = 64 * MiB; /* distress: it cools down */
	scene_run(&s, 5);
	ck_assert_uint_eq(shadow(0), 1280 * MiB);
	s.real[0].need = 1400 * MiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(shadow(0), 1432 * MiB); /* relief goes on */
	ck_assert_uint_eq(counted(0)->shortfall, 120 * MiB);
}
END_TEST

START_TEST(tally_gives_no_shadow_more_than_the_plan_would_grant)
{
	begin(true);
	s.guests[0].seen.actual = 1 * GiB;
	/* the machine has 256 MiB beside its reserve of 1 GiB, and what the guest itself holds */
	s.host_other = 16 * GiB - 2 * GiB - 64 * MiB - 256 * MiB;
	scene_proposal[0] = 2 * GiB;
	scene_run(&s, 5);
	ck_assert_uint_gt(scene_verdict(&s, 0)->wanted, 1 * GiB + 256 * MiB);
	ck_assert_uint_le(shadow(0), 1 * GiB + 256 * MiB);
	ck_assert_uint_ge(shadow(0), 1 * GiB + 255 * MiB);
	ck_assert_uint_eq(counted(0)->taken, 0);
}
END_TEST

START_TEST(tally_leaves_a_guest_where_it_is_that_uses_more_than_its_ceiling)
{
	begin(true);
	s.guests[0].sold = 1 * GiB;
	s.real[0].need = 1200 * MiB;
	scene_run(&s, 5);
	ck_assert_uint_eq(shadow(0), 2 * GiB);
	s.real[0].need = 512 * MiB;
	scene_run(&s, 5);
	ck_assert_uint_eq(shadow(0), 1 * GiB);
}
END_TEST

START_TEST(tally_follows_the_real_size_where_balloond_acts)
{
	begin(false);
	scene_run(&s, 30);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
	ck_assert_uint_eq(shadow(0), 1 * GiB);
	ck_assert_uint_eq(counted(0)->taken_most, 1 * GiB); /* of the 2 that it was sold */
	ck_assert_uint_eq(counted(0)->watched, 29 * SECOND);
	ck_assert_uint_eq(counted(0)->below, 0);
	s.guests[0].seen.swap_in = 0;
	scene_tick(&s, SECOND);
	s.guests[0].seen.swap_in = 64 * MiB;
	scene_run(&s, 5);
	ck_assert_uint_eq(counted(0)->below, 1 * SECOND);
	ck_assert_uint_eq(counted(0)->episodes, 1);
}
END_TEST

START_TEST(tally_blames_nobody_for_the_distress_of_a_guest_that_has_all)
{
	begin(false);
	scene_proposal[0] = 2 * GiB;
	scene_run(&s, 5);
	s.guests[0].seen.swap_in = 0;
	scene_tick(&s, SECOND);
	s.guests[0].seen.swap_in = 64 * MiB;
	scene_run(&s, 5);
	ck_assert_uint_ne(s.history.guests[0].distress, 0);
	ck_assert_uint_eq(counted(0)->below, 0);
}
END_TEST

START_TEST(tally_begins_anew_where_a_dry_run_ends)
{
	begin(true);
	scene_run(&s, 12);
	tally_restart(&s.history);
	ck_assert_uint_eq(counted(0)->watched, 0);
	ck_assert_uint_eq(s.history.tally.watched, 0);
	ck_assert(s.history.tally.dry_run);
	s.dry_run = false;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(shadow(0), 2 * GiB);
	ck_assert_uint_eq(counted(0)->taken, 0);
	ck_assert(!s.history.tally.dry_run);
}
END_TEST

START_TEST(tally_keeps_shadows_over_a_restart_of_the_count)
{
	begin(true);
	scene_run(&s, 12);
	tally_restart(&s.history);
	scene_run(&s, 2);
	ck_assert_uint_eq(counted(0)->watched, 2 * SECOND);
	ck_assert_uint_eq(counted(0)->taken, 2 * 1024 * SECOND);
	ck_assert_uint_eq(s.history.tally.watched, 2 * SECOND);
}
END_TEST

START_TEST(tally_changes_no_plan)
{
	struct step steps[4];
	size_t n;

	begin(true);
	scene_run(&s, 12);
	scene_pass(&s, SECOND);
	scene_plan(&s);
	n = s.plan.n_steps;
	ck_assert_uint_eq(n, 1);
	memcpy(steps, s.plan.steps, n * sizeof(*steps));
	s.history.guests[0].shadow = (struct shadow){ .follows = true,
						      .size = 5,
						      .is_below = true };
	s.history.tally.taken = UINT64_MAX;
	scene_plan(&s);
	ck_assert_uint_eq(s.plan.n_steps, n);
	ck_assert_mem_eq(steps, s.plan.steps, n * sizeof(*steps));
	ck_assert_uint_eq(s.history.tally.taken, UINT64_MAX); /* saturated, not wrapped */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tally");
	TCase *tc = tcase_create("tally");

	tcase_add_test(tc, tally_counts_what_a_dry_run_would_have_taken);
	tcase_add_test(tc, tally_takes_half_as_fast_from_a_guest_that_never_swapped);
	tcase_add_test(tc, tally_knows_no_limit_where_the_host_is_low);
	tcase_add_test(tc, tally_leaves_no_rest_that_the_dead_band_would_keep);
	tcase_add_test(tc, tally_counts_demand_above_the_shadow_once_an_episode);
	tcase_add_test(tc, tally_joins_samples_in_a_row_to_one_episode);
	tcase_add_test(tc, tally_knows_no_demand_without_fresh_samples);
	tcase_add_test(tc, tally_begins_anew_with_every_boot);
	tcase_add_test(tc, tally_has_nothing_of_a_guest_that_no_rule_matches);
	tcase_add_test(tc, tally_takes_nothing_while_an_elastic_pool_has_room);
	tcase_add_test(tc, tally_keeps_what_was_taken_when_an_elastic_pool_gets_room);
	tcase_add_test(tc, tally_leaves_a_guest_where_it_is_that_may_not_be_shrunk);
	tcase_add_test(tc, tally_gives_no_shadow_more_than_the_plan_would_grant);
	tcase_add_test(tc, tally_leaves_a_guest_where_it_is_that_uses_more_than_its_ceiling);
	tcase_add_test(tc, tally_follows_the_real_size_where_balloond_acts);
	tcase_add_test(tc, tally_blames_nobody_for_the_distress_of_a_guest_that_has_all);
	tcase_add_test(tc, tally_begins_anew_where_a_dry_run_ends);
	tcase_add_test(tc, tally_keeps_shadows_over_a_restart_of_the_count);
	tcase_add_test(tc, tally_changes_no_plan);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
