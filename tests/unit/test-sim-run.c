/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What happens to balloond itself while a world lasts. */

#include "balloond/sim/run.h"

#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define SECOND BALLOOND_SECOND
#define N 3u

struct bed {
	struct sim_world *world;
	struct config config;
	usec_t ticks[256], walls[256]; /* when it decided, by both clocks */
	size_t n, n_begun;             /* times that it decided, and that it knew nothing */
	uint64_t pool;                 /* when it last decided */
};

static void decide(void *userdata, const struct config *config, const struct snapshot *snapshot,
		   struct history *history, struct plan *plan)
{
	struct bed *bed = userdata;

	ck_assert_uint_lt(bed->n, ELEMENTSOF(bed->ticks));
	bed->n_begun += history->now == 0 && history->n_guests == 0;
	planner_run(config, snapshot, history, false, plan);
	ck_assert_uint_eq(history->n_guests, snapshot->n_guests);
	bed->ticks[bed->n] = snapshot->now - SIM_EPOCH;
	bed->walls[bed->n++] = snapshot->wall;
	bed->pool = plan->account.pool;
}

/* Half a minute with three guests that nobody steers: balloond looks every five seconds. */
static void run(struct bed *bed, const struct scenario_event *events, size_t n_events)
{
	struct sim_setup setup = {
		.events = events,
		.n_events = n_events,
		.length = 30 * SECOND,
		.step = SECOND,
		.decide = decide,
		.decide_userdata = bed,
	};
	struct sim_result result;

	*bed = (struct bed){ 0 };
	ck_assert_int_eq(sim_world_new(N, &bed->world), 0);
	for (size_t i = 0; i < N; i++) {
		sim_model_init(&bed->world->guests[i].model, BALLOOND_GIB);
		bed->world->demands[i] = (struct demand){ .maximum = BALLOOND_GIB,
							  .high = 300 * BALLOOND_MIB };
	}
	bed->world->host.model = (struct sim_host_model){ .total = 8 * BALLOOND_GIB };
	sim_world_begin(bed->world);
	setup.world = bed->world;
	setup.config = &bed->config;
	setup.pool = BALLOOND_UNKNOWN;
	ck_assert_int_eq(sim_run(&setup, &result), 0);
	ck_assert_uint_eq(result.ticks, bed->n);
	sim_world_free(bed->world);
}

static struct scenario_event event(usec_t at)
{
	return (struct scenario_event){ .at = at,
					.own = BALLOOND_UNKNOWN,
					.pool = BALLOOND_UNKNOWN };
}

START_TEST(it_begins_once_and_looks_when_it_said_so)
{
	struct bed bed;

	run(&bed, NULL, 0);
	ck_assert_uint_eq(bed.n, 7);
	ck_assert_uint_eq(bed.n_begun, 1);
	for (size_t i = 0; i < bed.n; i++)
		ck_assert_uint_eq(bed.ticks[i], 5 * i * SECOND);
}
END_TEST

START_TEST(a_restart_forgets_everything_and_nobody_looks_while_it_is_down)
{
	struct scenario_event events[] = { event(7 * SECOND), event(23 * SECOND) };
	static const usec_t expected[] = { 0, 5, 16, 20, 23, 25, 30 };
	struct bed bed;

	events[0].restart = events[1].restart = true;
	events[0].down = 9 * SECOND;
	run(&bed, events, ELEMENTSOF(events));
	ck_assert_uint_eq(bed.n_begun, 3);
	ck_assert_uint_eq(bed.n, ELEMENTSOF(expected));
	for (size_t i = 0; i < bed.n; i++)
		ck_assert_uint_eq(bed.ticks[i], expected[i] * SECOND);
}
END_TEST

START_TEST(a_wall_clock_that_is_set_disturbs_no_timer)
{
	struct scenario_event events[] = { event(7 * SECOND), event(17 * SECOND) };
	struct bed bed;

	events[0].clock = 3600 * (int64_t)SECOND;
	events[1].clock = -7200 * (int64_t)SECOND;
	events[1].pool = 2 * BALLOOND_GIB;
	run(&bed, events, ELEMENTSOF(events));
	ck_assert_uint_eq(bed.n, 7);
	ck_assert_uint_eq(bed.n_begun, 1);
	ck_assert_uint_eq(bed.walls[1] - bed.walls[0], 5 * SECOND);
	ck_assert_uint_eq(bed.walls[2] - bed.walls[0], 3610 * SECOND);
	ck_assert_uint_eq(bed.walls[0] - bed.walls[4], 3580 * SECOND);
	ck_assert_uint_eq(bed.pool, 2 * BALLOOND_GIB);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim-run");
	TCase *t = tcase_create("sim-run");

	tcase_add_test(t, it_begins_once_and_looks_when_it_said_so);
	tcase_add_test(t, a_restart_forgets_everything_and_nobody_looks_while_it_is_down);
	tcase_add_test(t, a_wall_clock_that_is_set_disturbs_no_timer);
	suite_add_tcase(s, t);
	return check_main(s);
}
