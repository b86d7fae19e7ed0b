/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bench/bare.h"

#include "balloond/core/demand.h"
#include "tests/unit/bench-bed.h"

static struct bench_bed b;
static struct bare bare;

static void setup(void)
{
	bench_init(&b, 9 * GiB);
	for (size_t i = 0; i < BENCH_GUESTS; i++)
		b.w->demands[i].high = (i + 1) * GiB;
	bare = (struct bare){ .world = b.w };
}

static void teardown(void)
{
	bench_done(&b);
}

/* Proposals are 1 more than what is meant: 0 says nothing. */
static void propose(uint64_t first, uint64_t second, uint64_t third)
{
	bench_proposal[0] = first + 1;
	bench_proposal[1] = second + 1;
	bench_proposal[2] = third + 1;
}

static void tick(void)
{
	bench_sense(&b);
	bare_decide(&bare, &b.config, &b.snapshot, &b.history, &b.plan);
	b.world.act(b.world.self, &b.plan);
}

START_TEST(a_policy_sees_a_machine_that_is_the_pool)
{
	uint64_t touched = 0;

	sim_world_begin(b.w);
	tick();
	for (size_t i = 0; i < BENCH_GUESTS; i++)
		touched += b.w->guests[i].touched;
	ck_assert_uint_ge(touched, 6 * GiB);
	ck_assert_uint_eq(bench_capacity, 9 * GiB);
	ck_assert_uint_eq(bench_host.total, 9 * GiB);
	ck_assert_uint_eq(bench_host.free, 9 * GiB - touched);
	ck_assert_uint_eq(bench_host.available, 9 * GiB - touched);
	ck_assert_uint_eq(bench_host.swap_free, bench_host.swap_total);
	ck_assert_uint_eq(b.plan.account.pool, 9 * GiB + BENCH_GUESTS * BENCH_OVERHEAD);
	bare.pool = 7 * GiB;
	bare.host_total = 32 * GiB;
	tick();
	ck_assert_uint_eq(bench_capacity, 7 * GiB);
	ck_assert_uint_eq(bench_host.total, 32 * GiB);
	ck_assert_uint_eq(bench_host.free, 32 * GiB - touched);
	bare.host_total = touched - 100 * MiB;
	tick();
	ck_assert_uint_eq(bench_host.free, 0);
	ck_assert_uint_eq(bench_host.swap_total - bench_host.swap_free, 100 * MiB);
}
END_TEST

START_TEST(what_is_proposed_is_done_whatever_the_guests_use)
{
	sim_world_begin(b.w);
	tick();
	ck_assert_uint_eq(b.plan.n_steps, 0);
	ck_assert_uint_eq(b.plan.next_wake, SECOND);
	propose(GiB, 3 * GiB, 2 * GiB); /* of the third's 3 */
	tick();
	ck_assert_uint_eq(b.plan.n_steps, 3);
	ck_assert_uint_eq(b.w->guests[0].asked, GiB);
	ck_assert_uint_eq(b.w->guests[2].asked, 2 * GiB);
	ck_assert_uint_eq(b.plan.verdicts[2].target, 2 * GiB);
	ck_assert_uint_eq(b.plan.verdicts[2].proposal.bytes, 2 * GiB);
	sim_world_step(b.w, SECOND);
	tick();
	ck_assert_uint_eq(b.plan.verdicts[2].guest.target, 2 * GiB);
	ck_assert_uint_eq(b.plan.n_steps, 0);
}
END_TEST

START_TEST(those_that_shrink_come_first)
{
	b.w->guests[0].model.start = b.w->guests[1].model.start = 2 * GiB;
	sim_world_begin(b.w);
	propose(4 * GiB, 3 * GiB, 3 * GiB);
	tick();
	ck_assert_uint_eq(b.plan.n_steps, 3);
	ck_assert_uint_eq(b.plan.steps[0].guest, 2);
	ck_assert_int_eq(b.plan.steps[0].phase, PHASE_FREE);
	ck_assert_uint_eq(b.plan.steps[1].guest, 0);
	ck_assert_int_eq(b.plan.steps[1].phase, PHASE_GRANT);
	ck_assert_uint_eq(b.plan.steps[1].from, 2 * GiB);
	ck_assert_uint_eq(b.plan.steps[1].to, 4 * GiB);
	ck_assert_uint_eq(b.plan.steps[2].guest, 1);
}
END_TEST

START_TEST(nobody_gets_more_than_was_sold_or_less_than_was_promised)
{
	b.promise.min = (struct amount){ AMOUNT_PERMILLE, 250 };
	b.w->guests[1].model.sold = 3 * GiB;
	sim_world_begin(b.w);
	propose(0, 64 * GiB, 5 * GiB);
	tick();
	ck_assert_uint_eq(b.plan.verdicts[0].target, GiB);
	ck_assert_uint_eq(b.plan.verdicts[1].target, 3 * GiB);
	ck_assert_uint_eq(b.plan.verdicts[2].target, 4 * GiB);
}
END_TEST

START_TEST(peers_may_know_no_floor_of_a_kernel)
{
	uint64_t floor = demand_kernel_floor(4 * GiB, BALLOOND_UNKNOWN);

	b.promise.min = (struct amount){ AMOUNT_PERMILLE, 0 };
	sim_world_begin(b.w);
	propose(0, 0, 0);
	tick();
	ck_assert_uint_ge(b.plan.verdicts[0].target, floor);
	bare.no_kernel_floor = true;
	tick();
	ck_assert_uint_eq(b.plan.verdicts[0].target, 0);
	b.promise.min = (struct amount){ AMOUNT_KERNEL, 0 };
	tick();
	ck_assert_uint_eq(b.plan.verdicts[0].guest.floor, 0);
	b.promise.min = (struct amount){ AMOUNT_PERMILLE, 100 };
	tick();
	ck_assert_uint_eq(b.plan.verdicts[0].target, balloond_permille(4 * GiB, 100));
	b.promise.min = (struct amount){ .kind = AMOUNT_AUTO };
	tick();
	ck_assert_uint_eq(b.plan.verdicts[0].target, 2 * GiB);
}
END_TEST

START_TEST(a_guest_that_rebooted_is_asked_again)
{
	struct sim_fault reboot = { .kind = SIM_FAULT_REBOOT, .at = SIM_EPOCH + 10 * SECOND };

	b.w->guests[0].model.faults = &reboot;
	b.w->guests[0].model.n_faults = 1;
	sim_world_begin(b.w);
	propose(2 * GiB, 4 * GiB, 4 * GiB);
	for (unsigned i = 0; i < 9; i++) {
		tick();
		sim_world_step(b.w, SECOND);
	}
	ck_assert_uint_eq(b.w->guests[0].size, 2 * GiB);
	ck_assert_uint_eq(b.plan.n_steps, 0);
	for (unsigned i = 0; i < 60; i++) {
		sim_world_step(b.w, SECOND);
		tick();
	}
	ck_assert_uint_gt(b.w->guests[0].booted, 0);
	ck_assert_uint_eq(b.w->guests[0].asked, 2 * GiB);
	ck_assert_uint_eq(b.w->guests[0].size, 2 * GiB);
}
END_TEST

START_TEST(guests_that_no_rule_means_are_left_alone)
{
	b.config.n_rules = 0;
	sim_world_begin(b.w);
	propose(GiB, GiB, GiB);
	tick();
	ck_assert_uint_eq(b.plan.n_steps, 0);
	ck_assert_uint_eq(b.plan.verdicts[0].target, 4 * GiB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bare");
	TCase *tc = tcase_create("bare");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_policy_sees_a_machine_that_is_the_pool);
	tcase_add_test(tc, what_is_proposed_is_done_whatever_the_guests_use);
	tcase_add_test(tc, those_that_shrink_come_first);
	tcase_add_test(tc, nobody_gets_more_than_was_sold_or_less_than_was_promised);
	tcase_add_test(tc, peers_may_know_no_floor_of_a_kernel);
	tcase_add_test(tc, a_guest_that_rebooted_is_asked_again);
	tcase_add_test(tc, guests_that_no_rule_means_are_left_alone);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
