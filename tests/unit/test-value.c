/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/value.h"

#include <errno.h>
#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

struct row {
	enum balloond_type type;
	const char *text;
	uint64_t value;
};

static const struct row good[] = {
	{ BALLOOND_BOOL, "true", 1 },
	{ BALLOOND_BOOL, "false", 0 },
	{ BALLOOND_BYTES, "0", 0 },
	{ BALLOOND_BYTES, "0MiB", 0 },
	{ BALLOOND_BYTES, "1B", 1 },
	{ BALLOOND_BYTES, "12KiB", 12 * BALLOOND_KIB },
	{ BALLOOND_BYTES, "512MiB", 512 * BALLOOND_MIB },
	{ BALLOOND_BYTES, "512 MiB", 512 * BALLOOND_MIB },
	{ BALLOOND_BYTES, "1.5GiB", 1536 * BALLOOND_MIB },
	{ BALLOOND_BYTES, "0.25K", 256 },
	{ BALLOOND_BYTES, "3M", 3 * BALLOOND_MIB },
	{ BALLOOND_BYTES, "2TiB", 2048 * BALLOOND_GIB },
	{ BALLOOND_PERMILLE, "0%", 0 },
	{ BALLOOND_PERMILLE, "12.5%", 125 },
	{ BALLOOND_PERMILLE, "100%", 1000 },
	{ BALLOOND_PERMILLE, "0.1%", 1 },
	{ BALLOOND_USEC, "1us", 1 },
	{ BALLOOND_USEC, "500ms", 500000 },
	{ BALLOOND_USEC, "1.5s", 1500000 },
	{ BALLOOND_USEC, "2min", 120 * BALLOOND_SECOND },
	{ BALLOOND_USEC, "1h", 3600 * BALLOOND_SECOND },
	{ BALLOOND_USEC, "7d", 7 * 86400 * BALLOOND_SECOND },
	{ BALLOOND_USEC, "0.5d", 12 * 3600 * BALLOOND_SECOND },
	{ BALLOOND_COUNT, "12", 12 },
	{ BALLOOND_COUNT, "0", 0 },
};

static const struct row bad[] = {
	{ BALLOOND_BOOL, "yes", 0 },
	{ BALLOOND_BOOL, "True", 0 },
	{ BALLOOND_BOOL, "1", 0 },
	{ BALLOOND_BOOL, "", 0 },
	{ BALLOOND_BYTES, "", 0 },
	{ BALLOOND_BYTES, "12", 0 },
	{ BALLOOND_BYTES, "12MB", 0 },
	{ BALLOOND_BYTES, "12mib", 0 },
	{ BALLOOND_BYTES, "-1MiB", 0 },
	{ BALLOOND_BYTES, "1.MiB", 0 },
	{ BALLOOND_BYTES, ".5MiB", 0 },
	{ BALLOOND_BYTES, "1,5MiB", 0 },
	{ BALLOOND_BYTES, "MiB", 0 },
	{ BALLOOND_BYTES, "0.5B", 0 },
	{ BALLOOND_BYTES, "1MiB ", 0 },
	{ BALLOOND_BYTES, " 1MiB", 0 },
	{ BALLOOND_BYTES, "0x10MiB", 0 },
	{ BALLOOND_BYTES, "1e3MiB", 0 },
	{ BALLOOND_BYTES, "9000000000TiB", 0 },
	{ BALLOOND_BYTES, "99999999999999999999B", 0 },
	{ BALLOOND_PERMILLE, "50", 0 },
	{ BALLOOND_PERMILLE, "12.55%", 0 },
	{ BALLOOND_PERMILLE, "%", 0 },
	{ BALLOOND_USEC, "5", 0 },
	{ BALLOOND_USEC, "5m", 0 },
	{ BALLOOND_USEC, "5days", 0 },
	{ BALLOOND_USEC, "0.5us", 0 },
	{ BALLOOND_COUNT, "1.5", 0 },
	{ BALLOOND_COUNT, "12MiB", 0 },
	{ BALLOOND_COUNT, "+1", 0 },
	{ BALLOOND_COUNT, "18446744073709551616", 0 },
};

START_TEST(values_are_read_as_people_write_them)
{
	const struct row *row = &good[_i];
	uint64_t x = 77;
	int r = value_parse(row->text, row->type, &x, NULL);

	ck_assert_msg(r == 0, "'%s' is not read", row->text);
	ck_assert_msg(x == row->value, "'%s' is read as %llu", row->text, (unsigned long long)x);
}
END_TEST

START_TEST(what_is_no_value_is_refused_and_leaves_the_result_alone)
{
	const struct row *row = &bad[_i];
	const char *expected = NULL;
	uint64_t x = 77;
	int r = value_parse(row->text, row->type, &x, &expected);

	ck_assert_msg(r == -EINVAL, "'%s' is read as %llu", row->text, (unsigned long long)x);
	ck_assert_uint_eq(x, 77);
	ck_assert_ptr_nonnull(expected);
}
END_TEST

START_TEST(what_is_printed_is_read_back)
{
	const struct row *row = &good[_i];
	char buf[VALUE_TEXT_MAX];
	uint64_t x = 77;

	value_format(buf, row->type, row->value);
	ck_assert_msg(value_parse(buf, row->type, &x, NULL) == 0 && x == row->value,
		      "'%s' is printed as '%s'", row->text, buf);
}
END_TEST

START_TEST(values_are_printed_in_the_shortest_exact_spelling)
{
	char buf[VALUE_TEXT_MAX];

	ck_assert_str_eq(value_format(buf, BALLOOND_BYTES, 1536 * BALLOOND_MIB), "1536MiB");
	ck_assert_str_eq(value_format(buf, BALLOOND_BYTES, 2 * BALLOOND_GIB), "2GiB");
	ck_assert_str_eq(value_format(buf, BALLOOND_BYTES, 1000), "1000B");
	ck_assert_str_eq(value_format(buf, BALLOOND_PERMILLE, 125), "12.5%");
	ck_assert_str_eq(value_format(buf, BALLOOND_USEC, 120 * BALLOOND_SECOND), "2min");
	ck_assert_str_eq(value_format(buf, BALLOOND_USEC, 1500000), "1500ms");
	ck_assert_str_eq(value_format(buf, BALLOOND_BYTES, BALLOOND_UNKNOWN), "unknown");
}
END_TEST

START_TEST(people_see_three_digits)
{
	char buf[VALUE_TEXT_MAX];

	ck_assert_str_eq(value_format_human(buf, 0), "0 B");
	ck_assert_str_eq(value_format_human(buf, 1023), "1023 B");
	ck_assert_str_eq(value_format_human(buf, 1280 * BALLOOND_MIB), "1.25 GiB");
	ck_assert_str_eq(value_format_human(buf, 12 * BALLOOND_GIB + 512 * BALLOOND_MIB),
			 "12.5 GiB");
	ck_assert_str_eq(value_format_human(buf, 512 * BALLOOND_MIB), "512 MiB");
	ck_assert_str_eq(value_format_human(buf, BALLOOND_UNKNOWN), "unknown");
	ck_assert_str_eq(value_format_human(buf, BALLOOND_UNKNOWN - 1), "15.9 EiB");
}
END_TEST

START_TEST(amounts_become_bytes_of_their_base)
{
	struct amount bytes = { AMOUNT_BYTES, 5 }, half = { AMOUNT_PERMILLE, 500 };
	struct amount automatic = { AMOUNT_AUTO, 0 }, kernel = { AMOUNT_KERNEL, 0 };

	ck_assert_uint_eq(amount_bytes(bytes, 100, 7), 5);
	ck_assert_uint_eq(amount_bytes(half, 100, 7), 50);
	ck_assert_uint_eq(amount_bytes(automatic, 100, 7), 7);
	ck_assert_uint_eq(amount_bytes(kernel, 100, 7), 7);
	/* A base that no 64-bit product can hold in between. */
	ck_assert_uint_eq(amount_bytes(half, UINT64_MAX - 1, 7), UINT64_MAX / 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("value");
	TCase *tc = tcase_create("value");

	tcase_add_loop_test(tc, values_are_read_as_people_write_them, 0,
			    sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, what_is_no_value_is_refused_and_leaves_the_result_alone, 0,
			    sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(tc, what_is_printed_is_read_back, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_test(tc, values_are_printed_in_the_shortest_exact_spelling);
	tcase_add_test(tc, people_see_three_digits);
	tcase_add_test(tc, amounts_become_bytes_of_their_base);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
