/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the live world tells of guests, and what becomes of what it is asked to do to them. */

#include <errno.h>

#include "tests/unit/world-bed.h"

static bool is_settled_with_three(void)
{
	return is_settled() && snapshot.n_guests == 3;
}

static void start(void)
{
	ck_assert_int_ge(world.configure(world.self, &config), 0);
	turn_until(is_settled_with_three);
}

/* What the planner would hand over: one verdict a guest. */
static struct verdict verdicts[3];
static struct step steps[3];
static struct plan plan;

static void empty_plan(void)
{
	plan = (struct plan){ .verdicts = verdicts, .n_verdicts = 3, .steps = steps };
	for (size_t i = 0; i < 3; i++) {
		verdicts[i] = (struct verdict){ .source = &snapshot.guests[i] };
		verdicts[i].guest = snapshot.guests[i].seen;
	}
}

static void add_step(size_t guest, uint64_t to)
{
	steps[plan.n_steps++] = (struct step){
		.guest = guest,
		.from = snapshot.guests[guest].seen.actual,
		.to = to,
	};
}

START_TEST(sense_shows_every_guest_with_its_figures)
{
	const struct guest *g;

	start();
	ck_assert(world.is_connected(world.self));
	ck_assert_uint_gt(n_news, 0);
	ck_assert_uint_gt(snapshot.host.seen.total, 0);
	ck_assert_uint_gt(snapshot.now, 0);

	g = &snapshot.guests[0];
	ck_assert_str_eq(g->name, "alpha");
	ck_assert_str_eq(g->seen.name, "alpha");
	ck_assert_uint_eq(g->facts, GUEST_INSPECTED | GUEST_BALLOON);
	ck_assert_uint_eq(g->seen.maximum, 2 * BALLOOND_GIB);
	ck_assert_uint_eq(g->seen.actual, BALLOOND_GIB);
	ck_assert_uint_eq(g->seen.total, BALLOOND_GIB);
	ck_assert_uint_eq(g->seen.usable, BALLOOND_GIB / 2);
	ck_assert_uint_eq(g->sold, BALLOOND_GIB);
	ck_assert_uint_ne(g->stamp, 0);
	ck_assert_uint_lt(g->seen.stats_age, PATIENCE);
	ck_assert_uint_eq(g->booted, 0);
	ck_assert_uint_eq(g->period, 0);
	ck_assert_str_eq(g->labels.hypervisor, "test");
	ck_assert_uint_eq(g->host_swap, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(g->seen.disk_reads, BALLOOND_UNKNOWN);

	ck_assert_uint_eq(snapshot.guests[1].facts,
			  GUEST_INSPECTED | GUEST_BALLOON | GUEST_AUTODEFLATE);
	ck_assert_uint_eq(snapshot.guests[1].period, 60 * BALLOOND_SECOND);
	ck_assert_uint_eq(snapshot.guests[2].facts,
			  GUEST_INSPECTED | GUEST_BALLOON | GUEST_DEVICES_PIN);
}
END_TEST

static uint64_t old_stamp;

static bool stamp_changed(void)
{
	return snapshot.guests[0].stamp != old_stamp;
}

START_TEST(a_refresh_brings_a_fresh_sample)
{
	start();
	old_stamp = snapshot.guests[0].stamp;
	world.refresh(world.self, NULL);
	turn_until(stamp_changed);
}
END_TEST

static bool both_moved(void)
{
	return snapshot.guests[0].seen.actual == 700 * BALLOOND_MIB &&
	       snapshot.guests[1].seen.actual == 3 * BALLOOND_GIB;
}

static bool first_was_told(void)
{
	return snapshot.guests[0].outcome.kind != OUTCOME_NONE;
}

START_TEST(steps_are_asked_for_and_followed_without_a_refresh)
{
	start();
	empty_plan();
	add_step(0, 700 * BALLOOND_MIB);
	add_step(1, 3 * BALLOOND_GIB);
	world.act(world.self, &plan);
	turn_until(first_was_told);
	ck_assert_int_eq(snapshot.guests[0].outcome.kind, OUTCOME_ASKED);
	ck_assert_uint_eq(snapshot.guests[0].outcome.bytes, 700 * BALLOOND_MIB);
	ck_assert_int_eq(snapshot.guests[0].outcome.error, 0);
	turn_until(both_moved);
}
END_TEST

START_TEST(the_newest_target_wins)
{
	start();
	empty_plan();
	/* The first is in flight when the others come; the one in between is never asked for. */
	add_step(0, 600 * BALLOOND_MIB);
	world.act(world.self, &plan);
	steps[0].to = 650 * BALLOOND_MIB;
	world.act(world.self, &plan);
	steps[0].to = 700 * BALLOOND_MIB;
	add_step(1, 3 * BALLOOND_GIB);
	world.act(world.self, &plan);
	turn_until(both_moved);
}
END_TEST

START_TEST(a_refused_step_is_told)
{
	start();
	empty_plan();
	add_step(0, 100 * BALLOOND_GIB);
	world.act(world.self, &plan);
	turn_until(first_was_told);
	ck_assert_int_eq(snapshot.guests[0].outcome.kind, OUTCOME_REFUSED);
	ck_assert_int_eq(snapshot.guests[0].outcome.error, -EINVAL);
	ck_assert_uint_eq(snapshot.guests[0].seen.actual, BALLOOND_GIB);
}
END_TEST

static bool period_is_set(void)
{
	return snapshot.guests[0].period == BALLOOND_SECOND &&
	       snapshot.guests[1].period == BALLOOND_SECOND;
}

START_TEST(armed_guests_get_the_period_and_others_keep_theirs)
{
	start();
	empty_plan();
	verdicts[0].arm = verdicts[1].arm = true;
	world.act(world.self, &plan);
	turn_until(period_is_set);
	ck_assert_uint_eq(snapshot.guests[2].period, 0);
}
END_TEST

START_TEST(a_dry_world_asks_for_nothing)
{
	start();
	config.dry_run = true;
	ck_assert_int_ge(world.configure(world.self, &config), 0);
	empty_plan();
	add_step(0, 700 * BALLOOND_MIB);
	verdicts[0].arm = true;
	world.act(world.self, &plan);
	old_stamp = snapshot.guests[0].stamp;
	world.refresh(world.self, NULL);
	turn_until(stamp_changed);
	ck_assert_uint_eq(snapshot.guests[0].seen.actual, BALLOOND_GIB);
	ck_assert_uint_eq(snapshot.guests[0].period, 0);
	ck_assert_int_eq(snapshot.guests[0].outcome.kind, OUTCOME_NONE);
}
END_TEST

START_TEST(without_guest_statistics_there_are_sizes)
{
	config.guest_stats = GUEST_STATS_NO;
	start();
	ck_assert_uint_eq(snapshot.guests[0].seen.actual, BALLOOND_GIB);
	ck_assert_uint_eq(snapshot.guests[0].seen.usable, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(snapshot.guests[0].stamp, 0);
	ck_assert_uint_ne(snapshot.guests[0].facts & GUEST_STATS_GATED, 0);
}
END_TEST

START_TEST(a_uri_that_does_not_answer_settles_without_guests)
{
	uris[0] = (char *)"test:///nonexistent/node.xml";
	ck_assert_int_ge(world.configure(world.self, &config), 0);
	ck_assert(!world.is_settled(world.self));
	turn_until(is_settled);
	ck_assert_uint_eq(snapshot.n_guests, 0);
	ck_assert(!world.is_connected(world.self));
}
END_TEST

START_TEST(sources_that_are_not_wanted_any_more_take_their_guests_along)
{
	char other[] = "test:///nonexistent/node.xml";

	start();
	uris[1] = other;
	config.n_uris = 2;
	ck_assert_int_ge(world.configure(world.self, &config), 0);
	ck_assert_int_ge(world.sense(world.self, &snapshot), 0);
	ck_assert_uint_eq(snapshot.n_guests, 3);
	ck_assert_uint_ne(snapshot.guests[0].facts & GUEST_INSPECTED, 0);
	uris[0] = other;
	config.n_uris = 1;
	ck_assert_int_ge(world.configure(world.self, &config), 0);
	ck_assert_int_ge(world.sense(world.self, &snapshot), 0);
	ck_assert_uint_eq(snapshot.n_guests, 0);
}
END_TEST

START_TEST(it_ends_in_the_middle_of_everything)
{
	ck_assert_int_ge(world.configure(world.self, &config), 0);
	world.refresh(world.self, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("world-test-driver");
	TCase *tc = tcase_create("world-test-driver");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, sense_shows_every_guest_with_its_figures);
	tcase_add_test(tc, a_refresh_brings_a_fresh_sample);
	tcase_add_test(tc, steps_are_asked_for_and_followed_without_a_refresh);
	tcase_add_test(tc, the_newest_target_wins);
	tcase_add_test(tc, a_refused_step_is_told);
	tcase_add_test(tc, armed_guests_get_the_period_and_others_keep_theirs);
	tcase_add_test(tc, a_dry_world_asks_for_nothing);
	tcase_add_test(tc, without_guest_statistics_there_are_sizes);
	tcase_add_test(tc, a_uri_that_does_not_answer_settles_without_guests);
	tcase_add_test(tc, sources_that_are_not_wanted_any_more_take_their_guests_along);
	tcase_add_test(tc, it_ends_in_the_middle_of_everything);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
