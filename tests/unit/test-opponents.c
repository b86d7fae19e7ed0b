/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is true of every opponent, and the rules of those that look at the host alone.  Expected
 * sizes are computed by hand from what each source says. */

#include "tests/unit/opponent-bed.h"

static const char *const opponents[] = { "esx",     "hyperv", "mom",      "prototype",
					 "proxmox", "senpai", "squeezed", "static" };

START_TEST(opponents_keep_the_contract_whatever_they_see)
{
	uint64_t seed = 7;
	struct bed b;

	bed_init(&b, opponents[_i]);
	for (unsigned round = 0; round < 3000; round++) {
		bed_garbage(&b, &seed);
		bed_ask(&b);
		for (size_t i = 0; i < b.view.n_guests; i++) {
			ck_assert_uint_lt(b.targets[i].reason, b.policy->n_reasons);
			ck_assert_uint_le(b.targets[i].n_figures, b.policy->n_figures);
			ck_assert_uint_le(b.targets[i].claim, b.targets[i].bytes);
		}
	}
}
END_TEST

START_TEST(opponents_propose_alike_from_alike)
{
	static struct bed b, twin;
	uint64_t seed = 11;

	bed_init(&b, opponents[_i]);
	for (unsigned round = 0; round < 500; round++) {
		bed_garbage(&b, &seed);
		memcpy(&twin, &b, sizeof(twin));
		/* What scratch held before must not matter. */
		memset(twin.scratch, 0xa5, sizeof(twin.scratch));
		bed_ask(&b);
		bed_ask(&twin);
		for (size_t i = 0; i < b.view.n_guests; i++)
			ck_assert_uint_eq(b.targets[i].bytes, twin.targets[i].bytes);
		ck_assert_mem_eq(b.states, twin.states, sizeof(b.states));
		ck_assert_mem_eq(b.rule_state, twin.rule_state, sizeof(b.rule_state));
	}
}
END_TEST

START_TEST(static_gives_all_that_was_sold)
{
	struct bed b;

	bed_init(&b, "static");
	bed_add(&b, 8 * GiB, 2 * GiB, GiB);
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB);
}
END_TEST

/* MOM: a guest of 10 GiB of 16, on a host of 100. */
static const struct {
	uint64_t host_free, unused, size; /* 1/1000 GiB */
} mom_rules[] = {
	{ 300, 4, 10500 }, /* plenty: up by 5 % at least, */
	{ 300, 0, 12000 }, /* or to what it uses and 20 % of its size */
	{ 200, 0, 12000 }, /* the edge itself grows */
	{ 199, 0, 10000 }, /* the dead zone: however starved, nobody grows */
	{ 100, 0, 10000 }, /**/
	{ 51, 0, 10000 },  /**/
	{ 50, 0, 10000 },  /* at 5 % what is to be free is nothing, */
	{ 20, 0, 9700 },   /* below it is less than that: 3 % of 10 below what it uses, */
	{ 0, 0, 9500 },    /* 5 %, */
	{ 0, 4, 9500 },    /* and never more than 5 % at once */
	{ 100, 4, 9500 },  /* short: down by 5 %, */
	{ 150, 1, 10000 }, /* not where 15 % of its size should be free and 10 % are, */
	{ 80, 1, 9800 },   /* to what it uses and 8 % of its size */
};

START_TEST(mom_follows_its_rules)
{
	struct balloond_guest *g;
	struct bed b;

	bed_init(&b, "mom");
	g = bed_add(&b, 16 * GiB, 10 * GiB, 10 * GiB);
	g->unused = mom_rules[_i].unused * GiB;
	b.host.free = mom_rules[_i].host_free * GiB / 20;
	b.host.cached = mom_rules[_i].host_free * GiB / 20;
	b.host.available = 0;
	bed_ask(&b);
	bed_about(b.targets[0].bytes, mom_rules[_i].size * GiB / 1000);
}
END_TEST

START_TEST(mom_counts_page_cache_as_used)
{
	struct bed b;

	bed_init(&b, "mom");
	bed_add(&b, 16 * GiB, 10 * GiB, 2 * GiB)->unused = 0;
	b.host.free = 10 * GiB;
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 10 * GiB);
}
END_TEST

START_TEST(mom_leaves_small_changes)
{
	struct balloond_guest *g;
	struct bed b;

	bed_init(&b, "mom");
	g = bed_add(&b, 16 * GiB, 10 * GiB, 9 * GiB);
	b.host.free = 10 * GiB;
	g->unused = GiB + 10 * GiB / 500; /* 0.2 % more than should be free */
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 10 * GiB);
}
END_TEST

/* Samples are of 0, 5, 10 s and on, rules run at 0, 10, 20 s. */
START_TEST(mom_believes_the_mean_of_ten_samples)
{
	struct balloond_guest *g;
	struct bed b;

	bed_init(&b, "mom");
	g = bed_add(&b, 16 * GiB, 10 * GiB, 6 * GiB);
	b.host.free = 30 * GiB;
	bed_ask(&b);
	bed_ticks(&b, 49);
	g->unused = 0;
	bed_tick(&b);
	bed_about(b.targets[0].bytes, 10 * GiB + GiB / 2);
	bed_ticks(&b, 40);
	bed_about(b.targets[0].bytes, 11 * GiB + GiB * 6 / 10);
	bed_ticks(&b, 9);
	ck_assert_uint_eq(b.targets[0].bytes, 10 * GiB); /* between two runs */
	bed_tick(&b);
	bed_about(b.targets[0].bytes, 12 * GiB);
}
END_TEST

START_TEST(mom_leaves_a_guest_alone_that_lacks_a_figure)
{
	struct bed b;

	bed_init(&b, "mom");
	bed_add(&b, 16 * GiB, 10 * GiB, 10 * GiB)->unused = BALLOOND_UNKNOWN;
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 10 * GiB);
}
END_TEST

/* Two guests of 8 GiB of 16, min 4; the first has the free memory of a poor one. */
static void proxmox_begin(struct bed *b, uint64_t host_used)
{
	bed_init(b, "proxmox");
	bed_add(b, 16 * GiB, 8 * GiB, 7 * GiB)->unused = GiB;
	bed_add(b, 16 * GiB, 8 * GiB, 6 * GiB)->unused = 2 * GiB;
	b->guests[0].floor = b->guests[1].floor = 4 * GiB;
	b->host.available = b->host.total - host_used;
	b->host.free = 0;
}

START_TEST(proxmox_gives_100_mib_to_the_poor_first)
{
	struct bed b;

	proxmox_begin(&b, 60 * GiB);
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB + 100 * MiB);
	ck_assert_uint_eq(b.targets[1].bytes, 8 * GiB);
	bed_obey(&b);
	bed_ticks(&b, 9);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB + 100 * MiB);
	bed_tick(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB + 200 * MiB);
	b.guests[0].actual = b.guests[0].target = 16 * GiB;
	bed_ticks(&b, 10);
	ck_assert_uint_eq(b.targets[1].bytes, 8 * GiB + 100 * MiB);
}
END_TEST

START_TEST(proxmox_takes_100_mib_from_the_rich_first)
{
	struct bed b;

	proxmox_begin(&b, 85 * GiB);
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB);
	ck_assert_uint_eq(b.targets[1].bytes, 8 * GiB - 100 * MiB);
	b.guests[1].unused = 0;
	bed_ticks(&b, 10);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB - 100 * MiB);
	b.guests[0].actual = b.guests[0].target = 4 * GiB + 30 * MiB;
	bed_ticks(&b, 10);
	ck_assert_uint_eq(b.targets[0].bytes, 4 * GiB);
}
END_TEST

START_TEST(proxmox_does_nothing_within_10_mib)
{
	struct bed b;

	proxmox_begin(&b, 80 * GiB - 10 * MiB);
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB);
	b.host.available = 20 * GiB + 11 * MiB;
	bed_ticks(&b, 10);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB + 11 * MiB);
	b.host.available = 20 * GiB - 10 * MiB;
	bed_ticks(&b, 10);
	ck_assert_uint_eq(b.targets[1].bytes, 8 * GiB);
	b.host.available = 20 * GiB - 11 * MiB;
	bed_ticks(&b, 10);
	ck_assert_uint_eq(b.targets[1].bytes, 8 * GiB - 11 * MiB);
}
END_TEST

/* 8392 MiB above their minimums, a quarter of it for the first. */
START_TEST(proxmox_shrinks_who_is_above_its_share_even_when_it_gives)
{
	struct bed b;

	proxmox_begin(&b, 80 * GiB - 200 * MiB);
	b.guests[1].unused = 0;
	b.guests[1].shares = 3000;
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB - 100 * MiB);
	ck_assert_uint_eq(b.targets[1].bytes, 8 * GiB + 100 * MiB);
}
END_TEST

START_TEST(proxmox_never_moves_a_guest_without_a_minimum)
{
	struct bed b;

	proxmox_begin(&b, 95 * GiB);
	b.guests[1].floor = 0;
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[1].bytes, 8 * GiB);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB - 100 * MiB);
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("opponents");
	TCase *tc = tcase_create("opponents");

	tcase_add_loop_test(tc, opponents_keep_the_contract_whatever_they_see, 0, N(opponents));
	tcase_add_loop_test(tc, opponents_propose_alike_from_alike, 0, N(opponents));
	tcase_add_test(tc, static_gives_all_that_was_sold);
	tcase_add_loop_test(tc, mom_follows_its_rules, 0, N(mom_rules));
	tcase_add_test(tc, mom_counts_page_cache_as_used);
	tcase_add_test(tc, mom_leaves_small_changes);
	tcase_add_test(tc, mom_believes_the_mean_of_ten_samples);
	tcase_add_test(tc, mom_leaves_a_guest_alone_that_lacks_a_figure);
	tcase_add_test(tc, proxmox_gives_100_mib_to_the_poor_first);
	tcase_add_test(tc, proxmox_takes_100_mib_from_the_rich_first);
	tcase_add_test(tc, proxmox_does_nothing_within_10_mib);
	tcase_add_test(tc, proxmox_shrinks_who_is_above_its_share_even_when_it_gives);
	tcase_add_test(tc, proxmox_never_moves_a_guest_without_a_minimum);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
