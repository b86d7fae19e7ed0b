/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a guest was promised: the bounds of its size. */

#include "balloond/core/judge.h"

#include "tests/unit/check-main.h"
#include "tests/unit/judge-bed.h"

/* Of a guest with 4 GiB; sizes in MiB, shares in permille. */
static const struct {
	struct amount max;
	uint64_t sold, ceiling;
} ceilings[] = {
	{ { AMOUNT_AUTO, 0 }, 4096, 4096 },
	{ { AMOUNT_AUTO, 0 }, 3072, 3072 }, /* sold less than it was booted with */
	{ { AMOUNT_AUTO, 0 }, 8192, 4096 },
	{ { AMOUNT_AUTO, 0 }, 0, 4096 }, /* not known what was sold */
	{ { AMOUNT_BYTES, 2048 * MiB }, 3072, 2048 },
	{ { AMOUNT_BYTES, 3584 * MiB }, 3072, 3584 }, /* the file's word beats the domain's */
	{ { AMOUNT_BYTES, 9999 * MiB }, 3072, 4096 }, /* never above the maximum */
	{ { AMOUNT_PERMILLE, 500 }, 3072, 2048 },     /* of the maximum */
	{ { AMOUNT_PERMILLE, 2000 }, 3072, 4096 },
};

START_TEST(ceiling_is_what_was_promised_or_sold_and_never_above_the_maximum)
{
	struct bed bed;

	bed_init(&bed);
	bed.promise.max = ceilings[_i].max;
	bed.guest.sold = ceilings[_i].sold ? ceilings[_i].sold * MiB : UNKNOWN;
	ck_assert_uint_eq(judge(&bed)->guest.ceiling, ceilings[_i].ceiling * MiB);
	ck_assert_uint_le(judge(&bed)->guest.floor, judge(&bed)->guest.ceiling);
}
END_TEST

/* Of a guest with 4 GiB, sold 2 GiB; the kernel's floor of 4 GiB is 488 MiB. */
static const struct {
	struct amount min;
	uint64_t kernel, floor;
} floors[] = {
	{ { AMOUNT_AUTO, 0 }, 0, 1024 }, /* half of the ceiling */
	{ { AMOUNT_PERMILLE, 750 }, 0, 1536 },
	{ { AMOUNT_PERMILLE, 100 }, 0, 488 }, /* the kernel cannot do with less */
	{ { AMOUNT_BYTES, 700 * MiB }, 0, 700 },
	{ { AMOUNT_BYTES, 3000 * MiB }, 0, 2048 }, /* never above the ceiling */
	{ { AMOUNT_KERNEL, 0 }, 0, 488 },
	{ { AMOUNT_KERNEL, 0 }, 512, 968 }, /* what it hides, and the table of the rest */
	{ { AMOUNT_KERNEL, 0 }, 4000, 2048 },
};

START_TEST(floor_is_the_larger_of_what_was_promised_and_what_the_kernel_needs)
{
	struct bed bed;

	bed_init(&bed);
	bed.guest.sold = 2 * GiB;
	bed.promise.min = floors[_i].min;
	bed.memory.kernel = floors[_i].kernel ? floors[_i].kernel * MiB : UNKNOWN;
	ck_assert_uint_eq(judge(&bed)->guest.floor, floors[_i].floor * MiB);
}
END_TEST

START_TEST(a_guest_that_no_entry_means_has_the_built_in_promise)
{
	struct bed bed;

	bed_init(&bed);
	ck_assert_ptr_eq(judge(&bed)->promise, &bed.promise);
	ck_assert_uint_eq(judge(&bed)->guest.shares, 2000);
	guest_init(&bed.guest, "u", "web-1");
	bed.guest.seen.maximum = bed.guest.seen.actual = bed.guest.sold = 4 * GiB;
	judge(&bed);
	ck_assert_ptr_null(bed.verdict.promise);
	ck_assert_ptr_null(bed.verdict.rule);
	ck_assert_uint_eq(bed.verdict.guest.shares, 1000);
	ck_assert_uint_eq(bed.verdict.guest.floor, 2 * GiB);
	ck_assert_uint_eq(bed.verdict.guest.ceiling, 4 * GiB);
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("judge-bounds");
	TCase *tc = tcase_create("judge-bounds");

	tcase_add_loop_test(tc, ceiling_is_what_was_promised_or_sold_and_never_above_the_maximum, 0,
			    N(ceilings));
	tcase_add_loop_test(tc, floor_is_the_larger_of_what_was_promised_and_what_the_kernel_needs,
			    0, N(floors));
	tcase_add_test(tc, a_guest_that_no_entry_means_has_the_built_in_promise);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
