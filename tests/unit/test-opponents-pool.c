/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rules of the opponents that divide what there is: squeezed by ranges, ESX by shares and the
 * tax.  Expected sizes are computed by hand from what each source says. */

#include "tests/unit/opponent-bed.h"

/* Two guests with ranges of 7 and 6 GiB, and 7 GiB to give beyond their minimums: 10 less 3 GiB,
 * once the slush and two times 4 KiB a guest are off. */
static void squeezed_begin(struct bed *b)
{
	bed_init(b, "squeezed");
	bed_add(b, 8 * GiB, 8 * GiB, GiB)->floor = 1 * GiB;
	bed_add(b, 8 * GiB, 8 * GiB, GiB)->floor = 2 * GiB;
	b->view.capacity = 10 * GiB + 9 * MiB + 16 * 1024;
}

START_TEST(squeezed_keeps_all_at_one_fraction_of_their_ranges)
{
	struct bed b;

	squeezed_begin(&b);
	bed_ask(&b);
	bed_about(b.targets[0].bytes, GiB + 7 * GiB / 13 * 7);
	bed_about(b.targets[1].bytes, 2 * GiB + 6 * GiB / 13 * 7);
	ck_assert_uint_le(b.targets[0].bytes + b.targets[1].bytes, b.view.capacity - 9 * MiB);
	bed_obey(&b);
	bed_ticks(&b, 20);
	bed_about(b.targets[0].bytes, GiB + 7 * GiB / 13 * 7);
}
END_TEST

START_TEST(squeezed_gives_all_that_was_sold_where_it_fits)
{
	struct bed b;

	squeezed_begin(&b);
	b.guests[0].target = b.guests[0].actual = 2 * GiB;
	b.view.capacity = 100 * GiB;
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 8 * GiB);
	ck_assert_uint_eq(b.targets[1].bytes, 8 * GiB);
}
END_TEST

START_TEST(squeezed_frees_before_it_gives)
{
	struct bed b;
	uint64_t part;

	squeezed_begin(&b);
	b.guests[0].target = b.guests[0].actual = GiB + 8 * 1024;
	bed_ask(&b);
	part = b.targets[1].bytes;
	bed_about(part, 2 * GiB + 6 * GiB / 13 * 7);
	ck_assert_uint_eq(b.targets[0].bytes, GiB + 8 * 1024);
	b.guests[1].target = part;
	for (uint64_t size = 7 * GiB; size > part; size -= GiB) {
		b.guests[1].actual = size;
		bed_tick(&b);
		ck_assert_uint_eq(b.targets[0].bytes, GiB + 8 * 1024);
	}
	b.guests[1].actual = part;
	bed_tick(&b);
	bed_about(b.targets[0].bytes, GiB + 7 * GiB / 13 * 7);
}
END_TEST

/* What the stuck one keeps is gone: 10 - 8 - 1 GiB are left for the other. */
START_TEST(squeezed_leaves_out_who_does_not_move_for_5_s)
{
	struct bed b;
	uint64_t part;

	squeezed_begin(&b);
	b.guests[0].target = b.guests[0].actual = GiB + 8 * 1024;
	bed_ask(&b);
	part = b.guests[1].target = b.targets[1].bytes;
	bed_ticks(&b, 5);
	ck_assert_uint_eq(b.targets[0].bytes, GiB + 8 * 1024);
	bed_tick(&b);
	bed_about(b.targets[0].bytes, 2 * GiB + 8 * 1024);
	ck_assert_uint_eq(b.targets[1].bytes, part);
}
END_TEST

/* A known flaw of its: others wait for ever. */
START_TEST(squeezed_is_content_with_one_page_in_5_s)
{
	struct bed b;
	uint64_t part;

	squeezed_begin(&b);
	b.guests[0].target = b.guests[0].actual = GiB + 8 * 1024;
	bed_ask(&b);
	part = b.guests[1].target = b.targets[1].bytes;
	for (unsigned i = 0; i < 60; i++) {
		b.guests[1].actual -= i % 4 == 0 ? 4096 : 0;
		bed_tick(&b);
		ck_assert_uint_eq(b.targets[0].bytes, GiB + 8 * 1024);
		ck_assert_uint_eq(b.targets[1].bytes, part);
	}
}
END_TEST

START_TEST(squeezed_looks_every_10_s_and_not_for_less_than_512_kib)
{
	struct bed b;
	uint64_t size;

	squeezed_begin(&b);
	bed_ask(&b);
	bed_obey(&b);
	bed_ticks(&b, 30);
	size = b.targets[0].bytes;
	b.view.capacity += 400 * 1024;
	bed_ticks(&b, 20);
	ck_assert_uint_eq(b.targets[0].bytes, size);
	b.view.capacity += GiB;
	for (unsigned i = 0; b.targets[0].bytes == size; i++) {
		bed_tick(&b);
		ck_assert_uint_le(i, 10);
	}
	bed_about(b.targets[0].bytes, GiB + 7 * GiB / 13 * 8 + 7 * 400 * 1024 / 13);
}
END_TEST

/* A host of 100 GiB: 6 % of 4, 4 % of 8, 2 % of 16 and 1 % of 72 GiB. */
#define MIN_FREE (GiB * 6 / 100 * 4 + GiB * 4 / 100 * 8 + GiB * 2 / 100 * 16 + GiB / 100 * 72)

/* Three guests of 4 GiB that use 4, 2 and 1/2. */
static void esx_begin(struct bed *b, uint64_t free)
{
	bed_init(b, "esx");
	bed_add(b, 4 * GiB, 4 * GiB, 4 * GiB);
	bed_add(b, 4 * GiB, 4 * GiB, 2 * GiB);
	bed_add(b, 4 * GiB, 4 * GiB, GiB / 2);
	b->host.free = free;
}

/* Half of minFree is missing to all of it: 819.2 MiB, in 16 MiB. */
START_TEST(esx_taxes_who_is_idle_most)
{
	struct bed b;

	esx_begin(&b, MIN_FREE / 2);
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 4 * GiB);
	ck_assert_uint_eq(b.targets[1].bytes, 4 * GiB);
	ck_assert_uint_eq(b.targets[2].bytes, 4 * GiB - 52 * 16 * MiB);
}
END_TEST

/* 1/2 + 4 x 3.5 pages for four shares each are fewer than 2 + 4 x 2 for one. */
START_TEST(esx_spares_who_has_more_shares)
{
	struct bed b;

	esx_begin(&b, MIN_FREE / 2);
	b.guests[2].shares = 4000;
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[1].bytes, 4 * GiB - 52 * 16 * MiB);
	ck_assert_uint_eq(b.targets[2].bytes, 4 * GiB);
}
END_TEST

/* 1/2 + 4 x 3.5 pages for 4 GiB are more than 28 for 16. */
START_TEST(esx_gives_large_guests_large_shares)
{
	struct bed b;

	esx_begin(&b, MIN_FREE / 2);
	b.view.n_guests = 2;
	b.guests[0] = b.guests[2];
	b.guests[1].maximum = b.guests[1].ceiling = b.guests[1].target = 16 * GiB;
	b.guests[1].used = 12 * GiB;
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[0].bytes, 4 * GiB - 52 * 16 * MiB);
	ck_assert_uint_eq(b.targets[1].bytes, 16 * GiB);
}
END_TEST

/* Pure shares: who has the fewest for its size. */
START_TEST(esx_without_tax_knows_no_idle_pages)
{
	struct bed b;

	esx_begin(&b, MIN_FREE / 2);
	bed_set(&b, "tax", "0%");
	b.guests[0].shares = 999;
	bed_ask(&b);
	ck_assert_uint_lt(b.targets[0].bytes, 4 * GiB);
	/* 0.1 % smaller, then all pay the same for a page. */
	ck_assert_uint_lt(b.targets[0].bytes, 4 * GiB - 256 * MiB);
	ck_assert_uint_lt(b.targets[2].bytes, 4 * GiB - 256 * MiB);
}
END_TEST

START_TEST(esx_takes_by_balloon_no_more_than_65_percent)
{
	struct bed b;

	esx_begin(&b, MIN_FREE * 33 / 100);
	b.view.n_guests = 1;
	b.guests[0].used = b.guests[0].maximum = b.guests[0].target = b.guests[0].ceiling = GiB;
	bed_ask(&b);
	bed_about(b.targets[0].bytes, GiB * 35 / 100);
	/* Below hard its memory would be swapped. */
	b.host.free = MIN_FREE * 31 / 100;
	bed_tick(&b);
	ck_assert_uint_lt(b.targets[0].bytes, GiB * 35 / 100);
}
END_TEST

START_TEST(esx_gives_to_whoever_uses_what_it_has)
{
	struct bed b;

	esx_begin(&b, MIN_FREE + 100 * MiB);
	for (size_t i = 0; i < 3; i++)
		b.guests[i].target = b.guests[i].actual = 3 * GiB;
	bed_ask(&b);
	bed_about(b.targets[0].bytes, 3 * GiB + 100 * MiB);
	ck_assert_uint_eq(b.targets[1].bytes, 3 * GiB);
}
END_TEST

START_TEST(esx_rests_between_soft_and_high_and_for_15_s)
{
	struct bed b;

	esx_begin(&b, MIN_FREE * 65 / 100);
	for (unsigned i = 0; i < 30; i++) {
		bed_tick(&b);
		ck_assert_uint_eq(b.targets[2].bytes, 4 * GiB);
	}
	b.host.free = MIN_FREE * 63 / 100; /* another state: at once */
	bed_tick(&b);
	ck_assert_uint_lt(b.targets[2].bytes, 4 * GiB);
	bed_ticks(&b, 14);
	ck_assert_uint_eq(b.targets[2].bytes, 4 * GiB);
	bed_tick(&b);
	ck_assert_uint_lt(b.targets[2].bytes, 4 * GiB);
}
END_TEST

START_TEST(esx_of_the_paper_has_shares_of_the_host_as_edges)
{
	struct bed b;

	esx_begin(&b, 4 * GiB + GiB / 2);
	bed_set(&b, "classic", "true");
	bed_ask(&b);
	ck_assert_uint_eq(b.targets[2].bytes, 4 * GiB);
	b.host.free = 4 * GiB - MiB;
	bed_tick(&b);
	ck_assert_uint_lt(b.targets[2].bytes, 4 * GiB - GiB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("opponents-pool");
	TCase *tc = tcase_create("opponents-pool");

	tcase_add_test(tc, squeezed_keeps_all_at_one_fraction_of_their_ranges);
	tcase_add_test(tc, squeezed_gives_all_that_was_sold_where_it_fits);
	tcase_add_test(tc, squeezed_frees_before_it_gives);
	tcase_add_test(tc, squeezed_leaves_out_who_does_not_move_for_5_s);
	tcase_add_test(tc, squeezed_is_content_with_one_page_in_5_s);
	tcase_add_test(tc, squeezed_looks_every_10_s_and_not_for_less_than_512_kib);
	tcase_add_test(tc, esx_taxes_who_is_idle_most);
	tcase_add_test(tc, esx_spares_who_has_more_shares);
	tcase_add_test(tc, esx_gives_large_guests_large_shares);
	tcase_add_test(tc, esx_without_tax_knows_no_idle_pages);
	tcase_add_test(tc, esx_takes_by_balloon_no_more_than_65_percent);
	tcase_add_test(tc, esx_gives_to_whoever_uses_what_it_has);
	tcase_add_test(tc, esx_rests_between_soft_and_high_and_for_15_s);
	tcase_add_test(tc, esx_of_the_paper_has_shares_of_the_host_as_edges);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
