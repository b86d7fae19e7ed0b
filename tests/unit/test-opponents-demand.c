/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rules of the opponents that follow what guests need: Hyper-V by what they use, Senpai by how
 * they stall, the prototype by what they used most.  Expected sizes are computed by hand. */

#include "tests/unit/opponent-bed.h"

/* Parts of a million. */
static uint64_t parts(uint64_t x, uint64_t n)
{
	return balloond_mul_div(x, n, 1000000);
}

/* 2 GiB and the floor of an 8 GiB kernel, 744 MiB. */
#define HYPERV_DEMAND (2048 * MiB + 744 * MiB)

START_TEST(hyperv_gives_demand_and_a_fifth_at_once)
{
	struct bed b;

	bed_init(&b, "hyperv");
	bed_add(&b, 8 * GiB, 2 * GiB, 2 * GiB);
	bed_ask(&b);
	bed_about(b.targets[0].bytes, HYPERV_DEMAND * 12 / 10);
}
END_TEST

START_TEST(hyperv_shrinks_by_a_tenth_a_second)
{
	uint64_t size = 8 * GiB;
	struct bed b;

	bed_init(&b, "hyperv");
	bed_add(&b, 8 * GiB, size, 2 * GiB);
	bed_ask(&b);
	for (unsigned i = 0; i < 8; i++) {
		size -= size / 10;
		bed_about(b.targets[0].bytes, size);
		bed_obey(&b);
		bed_tick(&b);
	}
	bed_about(b.targets[0].bytes, HYPERV_DEMAND * 12 / 10);
}
END_TEST

/* It has 2 GiB, waits for 100 MiB a second, and a tenth of 8 GiB is more than twice that. */
START_TEST(hyperv_believes_that_a_guest_which_waits_needs_more_than_it_has)
{
	struct balloond_guest *g;
	struct bed b;

	bed_init(&b, "hyperv");
	g = bed_add(&b, 8 * GiB, 2 * GiB, GiB);
	bed_ask(&b);
	g->swap_in += 100 * MiB;
	bed_tick(&b);
	bed_about(b.targets[0].bytes, (HYPERV_DEMAND + 8 * GiB / 10) * 12 / 10);
	g->swap_in += 600 * MiB;
	bed_tick(&b);
	bed_about(b.targets[0].bytes, (HYPERV_DEMAND + 1200 * MiB) * 12 / 10);
	g->major_faults += 257;
	bed_tick(&b);
	bed_about(b.targets[0].bytes, (HYPERV_DEMAND + 8 * GiB / 10) * 12 / 10);
	g->major_faults += 256;
	bed_tick(&b);
	bed_about(b.targets[0].bytes, (HYPERV_DEMAND - GiB) * 12 / 10);
}
END_TEST

/* Both want more than the pool has: one has thrice the weight. */
START_TEST(hyperv_divides_a_small_pool_by_weight)
{
	struct bed b;

	bed_init(&b, "hyperv");
	bed_set(&b, "only-free", "false");
	bed_add(&b, 16 * GiB, GiB, GiB);
	bed_add(&b, 16 * GiB, GiB, GiB)->shares = 3000;
	b.view.capacity = 2 * GiB;
	bed_ask(&b);
	bed_about(b.targets[0].bytes, GiB - GiB / 10); /* by a tenth at most */
	bed_about(b.targets[1].bytes, GiB + GiB / 2);
}
END_TEST

/* Demands of 1 and 2 GiB and two kernels' 744 MiB: both have the same part of theirs. */
START_TEST(hyperv_puts_all_under_the_same_pressure)
{
	uint64_t first = GiB + 744 * MiB, second = 2 * GiB + 744 * MiB;
	struct bed b;

	bed_init(&b, "hyperv");
	bed_set(&b, "only-free", "false");
	bed_add(&b, 8 * GiB, GiB + GiB / 2, GiB);
	bed_add(&b, 8 * GiB, 2 * GiB, 2 * GiB);
	b.view.capacity = 4 * GiB;
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes + b.targets[1].bytes, 4 * GiB);
	ck_assert_uint_le(balloond_mul_div(b.targets[0].bytes, 1000, first),
			  balloond_mul_div(b.targets[1].bytes, 1000, second) + 1);
	ck_assert_uint_ge(balloond_mul_div(b.targets[0].bytes, 1000, first) + 1,
			  balloond_mul_div(b.targets[1].bytes, 1000, second));
}
END_TEST

START_TEST(hyperv_adds_no_memory_that_the_host_does_not_have)
{
	struct bed b;

	bed_init(&b, "hyperv");
	bed_add(&b, 8 * GiB, 8 * GiB, GiB);
	bed_add(&b, 8 * GiB, 2 * GiB, 2 * GiB);
	b.view.capacity = 10 * GiB;
	bed_ask(&b);
	bed_about(b.targets[0].bytes, 8 * GiB - 8 * GiB / 10);
	bed_about(b.targets[1].bytes, 2 * GiB);
	bed_obey(&b);
	bed_tick(&b);
	bed_about(b.targets[1].bytes, 2 * GiB + 8 * GiB / 10);
	bed_set(&b, "only-free", "false");
	bed_tick(&b);
	bed_about(b.targets[1].bytes, HYPERV_DEMAND * 12 / 10);
}
END_TEST

START_TEST(senpai_probes_by_a_hundredth_after_6_s)
{
	uint64_t size = 4 * GiB;
	struct bed b;

	bed_init(&b, "senpai");
	bed_add(&b, 4 * GiB, size, GiB);
	bed_ask(&b);
	for (unsigned i = 0; i < 10; i++) {
		bed_ticks(&b, 5);
		ck_assert_uint_eq(b.targets[0].bytes, size);
		bed_tick(&b);
		size -= size / 100;
		bed_about(b.targets[0].bytes, size);
		size = b.targets[0].bytes;
		bed_obey(&b);
	}
}
END_TEST

/* What a second of waiting does to 2 GiB of 16; 100 us a fault, or a page swapped in. */
static const struct {
	uint64_t faults, swapped; /* count, bytes */
	uint64_t growth;          /* parts of a million */
} senpai_growths[] = {
	{ 100, 0, 0 },           /* 10 ms are not more than 10 ms */
	{ 400, 0, 40000 },       /* (40 / 10 / 20)^2 */
	{ 1000, 0, 250000 },     /* (100 / 10 / 20)^2 */
	{ 0, 4 * MiB, 262144 },  /* 1024 pages */
	{ 2000, 0, 1000000 },    /* twice as much, */
	{ 90000, GiB, 1000000 }, /* never more */
};

START_TEST(senpai_grows_by_the_square_of_the_stall)
{
	struct balloond_guest *g;
	struct bed b;

	bed_init(&b, "senpai");
	g = bed_add(&b, 16 * GiB, 2 * GiB, 2 * GiB);
	bed_ask(&b);
	g->major_faults += senpai_growths[_i].faults;
	g->swap_in += senpai_growths[_i].swapped;
	bed_tick(&b);
	bed_about(b.targets[0].bytes, 2 * GiB + parts(2 * GiB, senpai_growths[_i].growth));
}
END_TEST

/* In 6 s; of the Python tool, and of the paper. */
static const struct {
	const char *tmo;
	uint64_t faults;
	uint64_t probe; /* parts of a million */
} senpai_probes[] = {
	{ "false", 10, 10000 }, /* 1 ms: all of a hundredth */
	{ "false", 20, 2500 },  /* (10 / 2 / 10)^2 of it */
	{ "false", 50, 400 },   /* (10 / 5 / 10)^2 */
	{ "true", 0, 500 },     /* all of 0.05 % */
	{ "true", 30, 250 },    /* half of 0.1 % of the time */
	{ "true", 60, 0 },      /* all of it */
};

START_TEST(senpai_probes_less_the_more_a_guest_stalls)
{
	struct balloond_guest *g;
	struct bed b;

	bed_init(&b, "senpai");
	bed_set(&b, "tmo", senpai_probes[_i].tmo);
	g = bed_add(&b, 4 * GiB, 4 * GiB, GiB);
	bed_ask(&b);
	bed_ticks(&b, 3);
	g->major_faults += senpai_probes[_i].faults;
	bed_ticks(&b, 3);
	bed_about(b.targets[0].bytes, 4 * GiB - parts(4 * GiB, senpai_probes[_i].probe));
}
END_TEST

START_TEST(senpai_keeps_100_mib_and_stays_in_the_pool)
{
	struct bed b;

	bed_init(&b, "senpai");
	bed_add(&b, 4 * GiB, 100 * MiB, 0);
	bed_add(&b, 4 * GiB, 4 * GiB, GiB);
	bed_add(&b, 4 * GiB, 4 * GiB, GiB);
	b.view.capacity = 6 * GiB + 100 * MiB;
	bed_ask(&b);
	bed_about(b.targets[1].bytes, 3 * GiB);
	bed_about(b.targets[2].bytes, 3 * GiB);
	bed_obey(&b);
	bed_ticks(&b, 6);
	ck_assert_uint_eq(b.targets[0].bytes, 100 * MiB);
	/* Its limit goes on from where it was. */
	bed_about(b.targets[1].figure[1], 4 * GiB - 4 * GiB / 100);
	bed_about(b.targets[1].bytes, 3 * GiB);
}
END_TEST

/* 3 % of 8 GiB beside what it uses; 95 % of the pool is given out. */
#define PROTOTYPE_WANTED(used) ((used) + 8 * GiB * 3 / 100)

START_TEST(prototype_lends_what_nobody_wants)
{
	uint64_t size = 8 * GiB, should;
	struct bed b;

	bed_init(&b, "prototype");
	bed_add(&b, 8 * GiB, size, 2 * GiB);
	b.view.capacity = 4 * GiB;
	should = balloond_permille(4 * GiB, 950);
	bed_ask(&b);
	bed_about(b.targets[0].claim, PROTOTYPE_WANTED(2 * GiB));
	bed_about(b.targets[0].bytes, size - size / 50); /* 2 % a step */
	bed_obey(&b);
	bed_tick(&b);
	ck_assert_uint_eq(b.targets[0].bytes, b.guests[0].target); /* every 2 s */
	b.host.available = 4 * GiB / 51;
	bed_tick(&b);
	bed_about(b.targets[0].bytes, should);
	bed_obey(&b);
	b.view.capacity += 8 * MiB;
	bed_ticks(&b, 2);
	bed_about(b.targets[0].bytes, should); /* less than 0.25 % more */
}
END_TEST

START_TEST(prototype_leaves_what_is_less_than_8_mib)
{
	uint64_t should = balloond_permille(GiB + GiB / 2, 950);
	struct bed b;

	bed_init(&b, "prototype");
	bed_add(&b, 2 * GiB, should + 7 * MiB, GiB / 2);
	b.view.capacity = GiB + GiB / 2;
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, should + 7 * MiB);
	b.guests[0].target = b.guests[0].actual = should + 9 * MiB;
	bed_ticks(&b, 2);
	bed_about(b.targets[0].bytes, should);
}
END_TEST

START_TEST(prototype_lends_by_what_each_lacks)
{
	struct bed b;
	uint64_t lent;

	bed_init(&b, "prototype");
	bed_add(&b, 8 * GiB, GiB, 2 * GiB - GiB);
	bed_add(&b, 4 * GiB, GiB, GiB);
	b.view.capacity = 6 * GiB;
	bed_ask(&b);
	lent = balloond_permille(6 * GiB, 950) - PROTOTYPE_WANTED(GiB) - (GiB + 4 * GiB * 3 / 100);
	ck_assert_uint_le(b.targets[0].bytes + b.targets[1].bytes, balloond_permille(6 * GiB, 950));
	bed_about(b.targets[0].bytes,
		  PROTOTYPE_WANTED(GiB) + balloond_mul_div(lent, 8 * GiB - PROTOTYPE_WANTED(GiB),
							   8 * GiB - PROTOTYPE_WANTED(GiB) +
								   3 * GiB - 4 * GiB * 3 / 100));
}
END_TEST

START_TEST(prototype_remembers_the_highest_demand_for_300_s)
{
	struct bed b;

	bed_init(&b, "prototype");
	bed_add(&b, 8 * GiB, 4 * GiB, 3 * GiB);
	bed_ask(&b);
	b.guests[0].used = GiB;
	bed_ticks(&b, 240);
	bed_about(b.targets[0].claim, PROTOTYPE_WANTED(3 * GiB));
	bed_ticks(&b, 80);
	bed_about(b.targets[0].claim, PROTOTYPE_WANTED(GiB));
}
END_TEST

START_TEST(prototype_believes_that_a_guest_which_waits_needs_more_than_it_has)
{
	struct bed b;

	bed_init(&b, "prototype");
	bed_add(&b, 8 * GiB, 4 * GiB, GiB);
	bed_ask(&b);
	b.guests[0].swap_in += 3 * MiB; /* in 2 s */
	bed_ticks(&b, 2);
	bed_about(b.targets[0].claim, PROTOTYPE_WANTED(4 * GiB + 8 * GiB / 10));
}
END_TEST

START_TEST(prototype_divides_98_percent_where_all_is_wanted)
{
	struct bed b;

	bed_init(&b, "prototype");
	bed_add(&b, 8 * GiB, 4 * GiB, 3 * GiB);
	bed_add(&b, 8 * GiB, 4 * GiB, 3 * GiB);
	b.view.capacity = 5 * GiB;
	bed_ask(&b);
	bed_about(b.targets[0].bytes, balloond_permille(5 * GiB, 490));
	bed_about(b.targets[1].bytes, balloond_permille(5 * GiB, 490));
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("opponents-demand");
	TCase *tc = tcase_create("opponents-demand");

	tcase_add_test(tc, hyperv_gives_demand_and_a_fifth_at_once);
	tcase_add_test(tc, hyperv_shrinks_by_a_tenth_a_second);
	tcase_add_test(tc, hyperv_believes_that_a_guest_which_waits_needs_more_than_it_has);
	tcase_add_test(tc, hyperv_divides_a_small_pool_by_weight);
	tcase_add_test(tc, hyperv_puts_all_under_the_same_pressure);
	tcase_add_test(tc, hyperv_adds_no_memory_that_the_host_does_not_have);
	tcase_add_test(tc, senpai_probes_by_a_hundredth_after_6_s);
	tcase_add_loop_test(tc, senpai_grows_by_the_square_of_the_stall, 0, N(senpai_growths));
	tcase_add_loop_test(tc, senpai_probes_less_the_more_a_guest_stalls, 0, N(senpai_probes));
	tcase_add_test(tc, senpai_keeps_100_mib_and_stays_in_the_pool);
	tcase_add_test(tc, prototype_lends_what_nobody_wants);
	tcase_add_test(tc, prototype_leaves_what_is_less_than_8_mib);
	tcase_add_test(tc, prototype_lends_by_what_each_lacks);
	tcase_add_test(tc, prototype_remembers_the_highest_demand_for_300_s);
	tcase_add_test(tc, prototype_believes_that_a_guest_which_waits_needs_more_than_it_has);
	tcase_add_test(tc, prototype_divides_98_percent_where_all_is_wanted);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
