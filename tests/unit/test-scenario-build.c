/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The world that a scenario describes. */

#include "balloond/policy-math.h"
#include "balloond/sim/world.h"
#include "tests/unit/scenario-bed.h"

#define MIB BALLOOND_MIB
#define GIB BALLOOND_GIB
#define SEC BALLOOND_SECOND
#define MIN (60 * SEC)

static struct scenario *scenario;
static struct sim_world *world;

static void build_full(void)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/scenario/full.yaml",
		       check_dir("BALLOOND_TEST_FIXTURES"));
	ck_assert_int_eq(scenario_load(path, &scenario, &d), 0);
	ck_assert_int_eq(scenario_build(scenario, &world), 0);
}

static void free_full(void)
{
	scenario = scenario_free(scenario);
	world = sim_world_free(world);
}

/* At a time of the scenario. */
static uint64_t need_at(size_t guest, usec_t at)
{
	struct demand d = world->demands[guest];
	struct demand_walk walk = { 0 };

	d.touch = 0;
	return demand_walk(&d, &walk, SIM_EPOCH + at);
}

START_TEST(guests_are_those_of_the_entries_in_their_order)
{
	static const char *const names[] = { "steps-1",  "steps-2",  "steps-3",  "square",
					     "spikes-1", "spikes-2", "constant", "drawn-1",
					     "drawn-2",  "traced-1", "traced-2", "traced within" };

	ck_assert_uint_eq(world->n_guests, ELEMENTSOF(names));
	for (size_t i = 0; i < world->n_guests; i++) {
		ck_assert_str_eq(world->guests[i].name, names[i]);
		ck_assert_ptr_eq(world->guests[i].demand, &world->demands[i]);
		ck_assert(i == 0 || strcmp(world->guests[i - 1].uuid, world->guests[i].uuid) < 0);
	}
}
END_TEST

START_TEST(times_count_from_the_beginning_of_the_world)
{
	const struct sim_fault *f = world->faults[1];

	ck_assert_ptr_eq(world->guests[1].model.faults, f);
	ck_assert_uint_eq(world->guests[1].model.n_faults, 4);
	ck_assert_uint_eq(f[0].at, SIM_EPOCH + 5 * MIN);
	ck_assert_int_eq(f[3].kind, SIM_FAULT_GONE);
	ck_assert(f[3].at == SIM_EPOCH && f[3].length == 31 * SEC);
	ck_assert_uint_eq(world->host.model.n_changes, 2);
	ck_assert_uint_eq(world->host.model.changes[1].at, SIM_EPOCH + 15 * MIN);
	ck_assert_uint_eq(world->host.model.changes[1].own, GIB);
	ck_assert_uint_eq(world->host.model.total, 64 * GIB);
}
END_TEST

START_TEST(every_next_guest_needs_later)
{
	uint64_t less = 48 * MIB + balloond_permille(4 * GIB, 120);

	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(need_at(i, MIN + i * 10 * SEC - 1), less);
		ck_assert_uint_eq(need_at(i, MIN + i * 10 * SEC + 10 * SEC), less + 2 * GIB);
	}
	ck_assert_uint_eq(need_at(3, 29 * SEC), 512 * MIB);
	ck_assert_uint_eq(need_at(3, 31 * SEC), GIB);
	ck_assert_uint_eq(need_at(6, 0), 300 * MIB);
}
END_TEST

START_TEST(guests_start_apart_and_the_first_may_run_already)
{
	const struct sim_fault *first = world->faults[4], *second = world->faults[5];

	sim_world_begin(world);
	ck_assert(!world->guests[0].present && world->guests[4].present);
	ck_assert(!world->guests[5].present);
	/* slow and silent; slow, gone and silent */
	ck_assert_uint_eq(world->guests[4].model.n_faults, 2);
	ck_assert_uint_eq(world->guests[5].model.n_faults, 3);
	ck_assert(first[1].kind == SIM_FAULT_SILENT && first[1].at == SIM_EPOCH);
	ck_assert(second[1].kind == SIM_FAULT_GONE && second[1].length == 5 * SEC);
}
END_TEST

START_TEST(a_silent_guest_never_reports_and_a_linux_guest_does)
{
	world->guests[4].period = world->guests[6].period = SEC;
	sim_world_begin(world);
	for (int i = 0; i < 20; i++)
		sim_world_step(world, SEC);
	ck_assert_uint_eq(world->guests[4].sample.stamp, 0);
	ck_assert_uint_gt(world->guests[6].sample.stamp, 0);
}
END_TEST

START_TEST(traces_say_sizes_and_needs_of_rows_that_follow_one_another)
{
	ck_assert_uint_eq(world->guests[9].model.maximum, 4 * GIB);
	ck_assert_uint_eq(world->guests[10].model.maximum, GIB);
	/* What was sold, as written, but no more than there is. */
	ck_assert_uint_eq(world->guests[9].model.sold, 3 * GIB);
	ck_assert_uint_eq(world->guests[10].model.sold, GIB);
	ck_assert_uint_eq(need_at(9, 0), 501 * MIB);
	ck_assert_uint_eq(need_at(9, 6 * MIN), 601 * MIB);
	ck_assert_uint_eq(need_at(9, 11 * MIN), 401 * MIB);
	ck_assert_uint_eq(need_at(9, 19 * MIN), 501 * MIB);
	ck_assert_uint_eq(need_at(10, 6 * MIN), 701 * MIB);
}
END_TEST

START_TEST(memory_that_is_written_bounds_a_trace)
{
	ck_assert_uint_eq(world->guests[11].model.maximum, 512 * MIB);
	ck_assert_uint_eq(world->guests[11].model.start, 512 * MIB);
	ck_assert_uint_eq(need_at(11, 6 * MIN), 200 * MIB);
}
END_TEST

START_TEST(the_generator_draws_another_guest_for_each_and_the_same_for_a_seed)
{
	const struct demand *one = &world->demands[7], *other = &world->demands[8];
	struct sim_world *again = NULL;

	ck_assert_uint_gt(one->n_series, 3);
	ck_assert(one->maximum != other->maximum || one->n_series != other->n_series ||
		  memcmp(one->series, other->series, one->n_series * sizeof(*one->series)) != 0);
	ck_assert_uint_eq(world->guests[7].model.maximum, one->maximum);
	ck_assert_int_eq(scenario_build(scenario, &again), 0);
	ck_assert_uint_eq(again->demands[7].maximum, one->maximum);
	ck_assert_mem_eq(again->demands[7].series, one->series,
			 one->n_series * sizeof(*one->series));
	sim_world_free(again);
}
END_TEST

START_TEST(spikes_of_two_guests_and_of_two_seeds_differ)
{
	struct sim_world *again = NULL;

	ck_assert_uint_ne(world->demands[4].seed, world->demands[5].seed);
	scenario->seed++;
	ck_assert_int_eq(scenario_build(scenario, &again), 0);
	ck_assert_uint_ne(world->demands[4].seed, again->demands[4].seed);
	sim_world_free(again);
}
END_TEST

START_TEST(ten_thousand_guests_are_built)
{
	_cleanup_scenario_ struct scenario *s = scenario_of(SCENARIO_LEAST "  count: 10000\n");
	struct sim_world *w = NULL;

	ck_assert_int_eq(scenario_build(s, &w), 0);
	ck_assert_uint_eq(w->n_guests, 10000);
	ck_assert_str_eq(w->guests[9999].name, "a-10000");
	sim_world_free(w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario-build");
	TCase *tc = tcase_create("scenario-build");

	tcase_add_checked_fixture(tc, build_full, free_full);
	tcase_add_test(tc, guests_are_those_of_the_entries_in_their_order);
	tcase_add_test(tc, times_count_from_the_beginning_of_the_world);
	tcase_add_test(tc, every_next_guest_needs_later);
	tcase_add_test(tc, guests_start_apart_and_the_first_may_run_already);
	tcase_add_test(tc, a_silent_guest_never_reports_and_a_linux_guest_does);
	tcase_add_test(tc, traces_say_sizes_and_needs_of_rows_that_follow_one_another);
	tcase_add_test(tc, memory_that_is_written_bounds_a_trace);
	tcase_add_test(tc, the_generator_draws_another_guest_for_each_and_the_same_for_a_seed);
	tcase_add_test(tc, spikes_of_two_guests_and_of_two_seeds_differ);
	tcase_add_test(tc, ten_thousand_guests_are_built);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
