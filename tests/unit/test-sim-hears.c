/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When a simulated balloond looks: after the time that it said, and when it hears of a new size. */

#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "balloond/sim/run.h"
#include "tests/unit/check-main.h"

#define SECOND BALLOOND_SECOND
#define MS (SECOND / 1000)
#define N 2u

struct bed {
	struct sim_world *world;
	struct config config;
	usec_t ticks[16];
	size_t n;
};

/* The first look halves the first guest, the second one the other. */
static void decide(void *userdata, const struct config *config, const struct snapshot *snapshot,
		   struct history *history, struct plan *plan)
{
	struct bed *bed = userdata;

	ck_assert_uint_lt(bed->n, ELEMENTSOF(bed->ticks));
	planner_run(config, snapshot, history, false, plan);
	if (bed->n < N)
		bed->world->guests[bed->n].asked = BALLOOND_GIB / 2;
	bed->ticks[bed->n++] = snapshot->now - SIM_EPOCH;
}

/* Ten seconds with guests that nobody steers: balloond looks every five seconds. */
static void run(struct bed *bed, bool hears)
{
	struct sim_setup setup = {
		.pool = BALLOOND_UNKNOWN,
		.length = 10 * SECOND,
		.step = 50 * MS,
		.hears = hears,
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
	ck_assert_int_eq(sim_run(&setup, &result), 0);
	sim_world_free(bed->world);
}

START_TEST(whoever_hears_nothing_looks_when_it_said_so)
{
	struct bed bed;

	run(&bed, false);
	ck_assert_uint_eq(bed.n, 3);
	for (size_t i = 0; i < bed.n; i++)
		ck_assert_uint_eq(bed.ticks[i], 5 * i * SECOND);
}
END_TEST

/* Sizes are told once a second, and put off no other look; there are no two looks within a tenth of
 * a second. */
START_TEST(whoever_hears_of_a_new_size_looks_at_once)
{
	static const usec_t expected[] = {
		0, 1000 * MS, 1100 * MS, 2050 * MS, 5000 * MS, 10000 * MS
	};
	struct bed bed;

	run(&bed, true);
	ck_assert_uint_eq(bed.n, ELEMENTSOF(expected));
	for (size_t i = 0; i < bed.n; i++)
		ck_assert_uint_eq(bed.ticks[i], expected[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim-hears");
	TCase *t = tcase_create("sim-hears");

	tcase_add_test(t, whoever_hears_nothing_looks_when_it_said_so);
	tcase_add_test(t, whoever_hears_of_a_new_size_looks_at_once);
	suite_add_tcase(s, t);
	return check_main(s);
}
