/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sizes that were written into a guest's definition, by others or out of balloond's own. */

#include "tests/unit/foreign-bed.h"

START_TEST(a_definition_that_was_changed_is_the_newest_word)
{
	struct bed bed;

	bed_init(&bed);
	ck_assert_int_eq(see(&bed, 600 * MiB, SECOND), FOREIGN_SET);
	bed.guest.sold = 1536 * MiB;
	rest(&bed, 600 * MiB, 1);
	ck_assert_uint_eq(bed.memory.foreign.ceiling, 0);
	ck_assert_uint_eq(foreign_sold(&bed.memory, &bed.guest), 1536 * MiB);
	ck_assert_uint_eq(foreign_warnings(&bed.memory, &bed.guest, &bed.promise), 0);
	/* First the running guest, then its definition: no size of balloond's. */
	ck_assert_int_eq(see(&bed, 500 * MiB, SECOND), FOREIGN_SET);
	bed.guest.sold = 500 * MiB;
	rest(&bed, 500 * MiB, 1);
	ck_assert_uint_eq(foreign_sold(&bed.memory, &bed.guest), 500 * MiB);
	ck_assert_uint_eq(foreign_warnings(&bed.memory, &bed.guest, &bed.promise), 0);
}
END_TEST

START_TEST(a_size_of_balloonds_in_the_definition_is_reported_and_not_believed)
{
	struct bed bed;

	bed_init(&bed);
	ask(&bed, 700 * MiB);
	rest(&bed, 700 * MiB, 30);
	/* Of the size before: a definition may be an hour old. */
	bed.guest.sold = 1 * GiB;
	rest(&bed, 700 * MiB, 2);
	ck_assert_uint_eq(foreign_sold(&bed.memory, &bed.guest), 2 * GiB);
	ck_assert_uint_eq(foreign_warnings(&bed.memory, &bed.guest, &bed.promise),
			  1u << WARNING_LEAKED);
	/* Put right. */
	bed.guest.sold = 2 * GiB;
	rest(&bed, 700 * MiB, 1);
	ck_assert_uint_eq(foreign_warnings(&bed.memory, &bed.guest, &bed.promise), 0);
	/* A size that balloond never asked for is somebody's word. */
	bed.guest.sold = 900 * MiB;
	rest(&bed, 700 * MiB, 1);
	ck_assert_uint_eq(foreign_sold(&bed.memory, &bed.guest), 900 * MiB);
}
END_TEST

START_TEST(a_definition_below_what_the_entry_promises_is_reported)
{
	struct bed bed;

	bed_init(&bed);
	bed.promise.min = (struct amount){ AMOUNT_BYTES, 1536 * MiB };
	ck_assert_uint_eq(foreign_warnings(&bed.memory, &bed.guest, &bed.promise), 0);
	bed.guest.sold = 1 * GiB + 500 * MiB;
	ck_assert_uint_eq(foreign_warnings(&bed.memory, &bed.guest, &bed.promise),
			  1u << WARNING_SOLD_BELOW_MIN);
	bed.promise.max = (struct amount){ AMOUNT_BYTES, 2 * GiB };
	ck_assert_uint_eq(foreign_warnings(&bed.memory, &bed.guest, &bed.promise), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("foreign-definition");
	TCase *tc = tcase_create("foreign-definition");

	tcase_add_test(tc, a_definition_that_was_changed_is_the_newest_word);
	tcase_add_test(tc, a_size_of_balloonds_in_the_definition_is_reported_and_not_believed);
	tcase_add_test(tc, a_definition_below_what_the_entry_promises_is_reported);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
