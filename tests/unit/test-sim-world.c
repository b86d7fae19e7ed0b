/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The simulated world behind its vtable, and the production planner in front of it. */

#include "balloond/sim/world.h"

#include "balloond/core/planner.h"
#include "balloond/io/config.h"
#include "balloond/io/storage.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND
#define N 8u

static struct sim_world *sim;
static struct world world;
static struct snapshot snapshot;
static struct verdict verdicts[N];
static struct step steps[N];

/* Eight guests of 2 GiB that use a quarter of it, on a host of 24 GiB. */
static void build(void)
{
	ck_assert_int_eq(sim_world_new(N, &sim), 0);
	for (size_t i = 0; i < N; i++) {
		sim_model_init(&sim->guests[i].model, 2 * GiB);
		sim->demands[i] = (struct demand){ .maximum = 2 * GiB,
						   .touch = 100 * MiB,
						   .high = 512 * MiB };
	}
	sim->host.model = (struct sim_host_model){ .total = 24 * GiB, .swap = GiB, .own = GiB };
	world = sim_world_vtable(sim);
}

static void add_fault(size_t i, struct sim_fault fault)
{
	sim->faults[i] = calloc(1, sizeof(*sim->faults[i]));
	ck_assert_ptr_nonnull(sim->faults[i]);
	sim->faults[i][0] = fault;
	sim->guests[i].model.n_faults = 1;
}

static void tear_down(void)
{
	snapshot_done(&snapshot);
	sim = sim_world_free(sim);
}

static void sense(void)
{
	world.refresh(world.self, NULL);
	ck_assert_int_eq(world.sense(world.self, &snapshot), 0);
}

static void act(size_t guest, uint64_t to)
{
	struct plan plan = { .steps = steps, .n_steps = 1, .verdicts = verdicts };

	steps[0] = (struct step){ .guest = guest, .to = to };
	world.act(world.self, &plan);
}

static void run(usec_t length)
{
	for (usec_t end = sim->now + length; sim->now < end;)
		sim_world_step(sim, SECOND);
}

START_TEST(it_begins_with_guests_that_ran_before)
{
	sim_world_begin(sim);
	sense();
	ck_assert_uint_eq(snapshot.now, SIM_EPOCH);
	ck_assert_uint_gt(snapshot.wall, snapshot.now);
	ck_assert_uint_eq(snapshot.n_guests, N);
	for (size_t i = 0; i < N; i++) {
		const struct guest *g = &snapshot.guests[i];

		ck_assert_uint_eq(g->booted, 0);
		ck_assert_uint_eq(g->seen.actual, 2 * GiB);
		ck_assert_ptr_eq(g->seen.uuid, g->uuid);
		ck_assert_str_eq(g->seen.name, sim->guests[i].name);
		ck_assert_ptr_eq(snapshot_find(&snapshot, sim->guests[i].uuid), g);
		ck_assert_uint_eq(g->outcome.kind, OUTCOME_NONE);
		ck_assert_uint_eq(g->sold, 2 * GiB);
	}
	ck_assert(world.is_connected(world.self));
	ck_assert(world.is_settled(world.self));
}
END_TEST

START_TEST(the_host_backs_what_guests_touched_and_their_processes)
{
	uint64_t each = 512 * MiB + 64 * MiB + 2 * GiB / 100;

	sim_world_begin(sim);
	sense();
	ck_assert_uint_eq(snapshot.host.seen.available, 23 * GiB - N * each);
	ck_assert_uint_eq(snapshot.guests[3].seen.resident, each);
	/* 2 MiB/s of cache */
	run(10 * SECOND);
	sense();
	ck_assert_uint_eq(snapshot.host.seen.available, 23 * GiB - N * (each + 20 * MiB));
}
END_TEST

START_TEST(what_is_asked_for_moves_from_the_next_step_on_and_is_told_once)
{
	sim_world_begin(sim);
	sense();
	act(2, GiB);
	ck_assert_uint_eq(sim->guests[2].asked, GiB);
	ck_assert_uint_eq(sim->guests[2].size, 2 * GiB);
	for (size_t i = 0; i < N; i++)
		ck_assert(sim->retargeted[i] == (i == 2));
	run(SECOND);
	sense();
	ck_assert_uint_eq(snapshot.guests[2].outcome.kind, OUTCOME_ASKED);
	ck_assert_uint_eq(snapshot.guests[2].outcome.bytes, GiB);
	ck_assert_uint_lt(snapshot.guests[2].seen.actual, 2 * GiB);
	ck_assert_uint_eq(snapshot.guests[1].outcome.kind, OUTCOME_NONE);
	act(2, GiB); /* once more the same */
	ck_assert(!sim->retargeted[2]);
	run(SECOND);
	sense();
	ck_assert_uint_eq(snapshot.guests[2].outcome.kind, OUTCOME_ASKED);
	sense();
	ck_assert_uint_eq(snapshot.guests[2].outcome.kind, OUTCOME_NONE);
	ck_assert_uint_eq(snapshot.guests[2].seen.actual, GiB);
}
END_TEST

START_TEST(guests_that_are_not_due_keep_their_last_figures)
{
	struct plan plan = { .verdicts = verdicts, .n_verdicts = N, .sampling.is_chosen = true };

	for (size_t i = 0; i < N; i++)
		sim->guests[i].period = SECOND;
	sim_world_begin(sim);
	run(2 * SECOND);
	sense();
	ck_assert_uint_eq(sim->looks, N);
	run(2 * SECOND);
	verdicts[3].due = true;
	world.refresh(world.self, &plan);
	verdicts[3].due = false;
	ck_assert_int_eq(world.sense(world.self, &snapshot), 0);
	ck_assert_uint_eq(sim->looks, N + 1);
	ck_assert_uint_eq(snapshot.guests[2].swept, sim->now - 2 * SECOND);
	ck_assert_uint_eq(snapshot.guests[2].stamp + 2, snapshot.guests[3].stamp);
	ck_assert_uint_ge(snapshot.guests[2].seen.stats_age, 2 * SECOND);
	ck_assert_uint_eq(snapshot.guests[3].swept, sim->now);
	/* The host sees what all of them touch. */
	ck_assert_uint_eq(guest_resident_at(&snapshot.guests[2]), sim->now);
	ck_assert_uint_eq(snapshot.guests[2].seen.resident, snapshot.guests[3].seen.resident);
	/* Of one whose size changes its hypervisor tells by itself. */
	act(2, GiB);
	run(2 * SECOND);
	ck_assert_int_eq(world.sense(world.self, &snapshot), 0);
	ck_assert_uint_eq(snapshot.guests[2].swept, sim->now);
	ck_assert_uint_lt(snapshot.guests[2].seen.actual, 2 * GiB);
	ck_assert_uint_eq(sim->looks, N + 2);
}
END_TEST

START_TEST(guests_that_are_not_there_are_not_told_of)
{
	struct sim_fault late = { SIM_FAULT_GONE, SIM_EPOCH, 10 * SECOND, 0, 0 };
	struct sim_fault early = { SIM_FAULT_GONE, SIM_EPOCH + 20 * SECOND, 0, 0, 0 };

	add_fault(1, late);
	add_fault(5, early);
	sim_world_begin(sim);
	sense();
	ck_assert_uint_eq(snapshot.n_guests, N - 1);
	ck_assert_ptr_null(snapshot_find(&snapshot, sim->guests[1].uuid));
	/* The snapshot's third guest is the world's fourth. */
	ck_assert_str_eq(snapshot.guests[2].uuid, sim->guests[3].uuid);
	act(2, GiB);
	ck_assert_uint_eq(sim->guests[3].asked, GiB);
	ck_assert_uint_eq(sim->guests[2].asked, 2 * GiB);
	ck_assert(sim->retargeted[3]);
	run(10 * SECOND);
	sense();
	ck_assert_uint_eq(snapshot.n_guests, N);
	ck_assert_uint_eq(snapshot.guests[1].booted, SIM_EPOCH + 10 * SECOND);
	ck_assert_uint_eq(snapshot.guests[3].seen.actual, GiB);
	run(10 * SECOND);
	sense();
	ck_assert_uint_eq(snapshot.n_guests, N - 1);
	ck_assert_ptr_null(snapshot_find(&snapshot, sim->guests[5].uuid));
	ck_assert_str_eq(snapshot.guests[5].name, sim->guests[6].name);
	ck_assert_ptr_eq(snapshot.guests[5].seen.name, snapshot.guests[5].name);
}
END_TEST

START_TEST(what_is_asked_of_a_guest_that_boots_waits_for_its_driver)
{
	struct sim_fault reboot = { SIM_FAULT_REBOOT, SIM_EPOCH + 2 * SECOND, 0, 0, 0 };

	add_fault(0, reboot);
	sim_world_begin(sim);
	run(3 * SECOND);
	sense();
	act(0, GiB);
	run(4 * SECOND);
	ck_assert_uint_eq(sim->guests[0].size, 2 * GiB);
	run(4 * SECOND);
	ck_assert_uint_eq(sim->guests[0].size, GiB);
}
END_TEST

START_TEST(statistics_are_armed_where_they_come_too_seldom)
{
	struct config config = { .stats_period = 2 * SECOND };
	struct plan plan = { .verdicts = verdicts, .n_verdicts = N, .steps = steps };

	sim->guests[1].period = SECOND;
	sim->guests[2].period = 60 * SECOND;
	sim->guests[3].model.traits = SIM_NO_STATS;
	sim_world_begin(sim);
	ck_assert_int_eq(world.configure(world.self, &config), 0);
	sense();
	for (size_t i = 0; i < 4; i++)
		verdicts[i].arm = true;
	world.act(world.self, &plan);
	ck_assert_uint_eq(sim->guests[0].period, 2 * SECOND);
	ck_assert_uint_eq(sim->guests[1].period, SECOND);
	ck_assert_uint_eq(sim->guests[2].period, 2 * SECOND);
	ck_assert_uint_eq(sim->guests[3].period, 0);
	ck_assert_uint_eq(sim->guests[4].period, 0);
	run(2 * SECOND);
	sense();
	ck_assert_uint_eq(snapshot.guests[0].period, 2 * SECOND);
	ck_assert_uint_eq(snapshot.guests[0].stamp, 1);
	ck_assert_uint_eq(snapshot.guests[4].stamp, 0);
}
END_TEST

START_TEST(whoever_booted_before_balloond_began_anew_is_adopted)
{
	add_fault(3, (struct sim_fault){ .kind = SIM_FAULT_REBOOT, .at = SIM_EPOCH + 2 * SECOND });
	add_fault(5, (struct sim_fault){ .kind = SIM_FAULT_REBOOT, .at = SIM_EPOCH + 6 * SECOND });
	sim_world_begin(sim);
	run(4 * SECOND);
	sense();
	ck_assert_uint_gt(snapshot.guests[3].booted, 0);
	act(4, GiB);
	sim_world_adopt(sim);
	sense();
	ck_assert_uint_eq(snapshot.guests[3].booted, 0);
	ck_assert_uint_eq(snapshot.guests[4].outcome.kind, OUTCOME_NONE);
	ck_assert_uint_eq(sim->guests[4].asked, GiB);
	run(4 * SECOND);
	sense();
	ck_assert_uint_eq(snapshot.guests[3].booted, 0);
	ck_assert_uint_gt(snapshot.guests[5].booted, 0);
}
END_TEST

START_TEST(the_wall_clock_is_set_for_all_and_time_passes_as_before)
{
	usec_t wall;

	sim_world_begin(sim);
	sense();
	wall = snapshot.wall;
	sim_world_set_clock(sim, -3600 * (int64_t)SECOND);
	run(SECOND);
	sense();
	ck_assert_uint_eq(snapshot.wall, wall - 3599 * SECOND);
	ck_assert_uint_eq(snapshot.now, SIM_EPOCH + SECOND);
	ck_assert_int_eq(sim->guests[7].wall, -3600 * (int64_t)SECOND);
	sim_world_set_clock(sim, 3600 * (int64_t)SECOND);
	sense();
	ck_assert_uint_eq(snapshot.wall, wall + SECOND);
}
END_TEST

static const char text[] = "version: 1\nhost: { commit: strict, pool: 10GiB }\n"
			   "rules: [{ name: all, match: { name: '*' }, policy: headroom }]\n";

/* Two minutes with the production planner; one guest surges in the middle.  Returns what all
 * have in the end. */
static uint64_t steer(void)
{
	_cleanup_config_ struct config *config = NULL;
	struct diagnostics d = { 0 };
	struct history history = { 0 };
	struct plan plan = { 0 };
	uint64_t sum = 0;

	ck_assert_int_eq(config_parse(text, sizeof(text) - 1, "test",
				      check_dir("BALLOOND_TEST_POLICY_DIR"), &config, &d),
			 0);
	sim_world_begin(sim);
	ck_assert_int_eq(world.configure(world.self, config), 0);
	for (usec_t wake = 0; sim->now < SIM_EPOCH + 120 * SECOND;
	     sim_world_step(sim, SECOND / 4)) {
		if (sim->now == SIM_EPOCH + 60 * SECOND)
			sim->demands[4].high = 1536 * MiB;
		if (sim->now < wake)
			continue;
		sense();
		ck_assert_int_eq(history_reserve(&history, snapshot.n_guests, config), 0);
		ck_assert_int_eq(plan_reserve(&plan, snapshot.n_guests, config), 0);
		planner_run(config, &snapshot, &history, false, &plan);
		world.act(world.self, &plan);
		wake = sim->now + plan.next_wake;
	}
	for (size_t i = 0; i < N; i++)
		sum += sim->guests[i].size;
	history_done(&history);
	plan_done(&plan);
	diagnostics_done(&d);
	return sum;
}

START_TEST(the_planner_brings_guests_under_the_pool_and_relieves_one)
{
	uint64_t sum = steer(), again;

	ck_assert_uint_lt(sum, 10 * GiB);
	ck_assert_uint_gt(sim->guests[4].size, 1536 * MiB);
	ck_assert_uint_eq(sim->guests[4].missing, 0);
	ck_assert_uint_lt(sim->guests[5].size, 1536 * MiB);
	ck_assert_uint_gt(sim->guests[5].sample.stamp, 50);
	/* Once more gives the same. */
	tear_down();
	build();
	again = steer();
	ck_assert_uint_eq(again, sum);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim-world");
	TCase *t = tcase_create("sim-world");

	tcase_add_checked_fixture(t, build, tear_down);
	tcase_add_test(t, it_begins_with_guests_that_ran_before);
	tcase_add_test(t, the_host_backs_what_guests_touched_and_their_processes);
	tcase_add_test(t, what_is_asked_for_moves_from_the_next_step_on_and_is_told_once);
	tcase_add_test(t, guests_that_are_not_due_keep_their_last_figures);
	tcase_add_test(t, guests_that_are_not_there_are_not_told_of);
	tcase_add_test(t, what_is_asked_of_a_guest_that_boots_waits_for_its_driver);
	tcase_add_test(t, statistics_are_armed_where_they_come_too_seldom);
	tcase_add_test(t, whoever_booted_before_balloond_began_anew_is_adopted);
	tcase_add_test(t, the_wall_clock_is_set_for_all_and_time_passes_as_before);
	tcase_add_test(t, the_planner_brings_guests_under_the_pool_and_relieves_one);
	suite_add_tcase(s, t);
	return check_main(s);
}
