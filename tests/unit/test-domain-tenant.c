/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/domain-tenant.h"

#include <stdio.h>
#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

static const struct wish_row {
	enum tenant_key key;
	const char *text;
	bool is_clear;
	int64_t value;
} wishes[] = {
	{ TENANT_MIN, "2GiB", true, 2 * (int64_t)BALLOOND_GIB },
	{ TENANT_MIN, "64TiB", true, 65536 * (int64_t)BALLOOND_GIB },
	{ TENANT_MIN, "12.5%", true, 125 },
	{ TENANT_MIN, "100%", true, 1000 },
	{ TENANT_MIN, "kernel", true, 0 },
	{ TENANT_MIN, "0", true, 0 },
	{ TENANT_MIN, "101%", false, 0 },
	{ TENANT_MIN, "65TiB", false, 0 },
	{ TENANT_MIN, "2GB", false, 0 },
	{ TENANT_MIN, "2097152", false, 0 },
	{ TENANT_MIN, "-1GiB", false, 0 },
	{ TENANT_MIN, "%", false, 0 },
	{ TENANT_MIN, "auto", false, 0 },
	{ TENANT_MIN, "", false, 0 },
	{ TENANT_SHARES, "1", true, 1 },
	{ TENANT_SHARES, "1000000", true, 1000000 },
	{ TENANT_SHARES, "0", false, 0 },
	{ TENANT_SHARES, "1000001", false, 0 },
	{ TENANT_SHARES, "18446744073709551617", false, 0 },
	{ TENANT_SHARES, "1.5", false, 0 },
	{ TENANT_SHARES, "0x10", false, 0 },
	{ TENANT_PRIORITY, "1000", true, 1000 },
	{ TENANT_PRIORITY, "-1000", true, -1000 },
	{ TENANT_PRIORITY, "0", true, 0 },
	{ TENANT_PRIORITY, "1001", false, 0 },
	{ TENANT_PRIORITY, "-1001", false, 0 },
	{ TENANT_PRIORITY, "--1", false, 0 },
	{ TENANT_PRIORITY, "-", false, 0 },
	{ TENANT_PRIORITY, "+1", false, 0 },
	{ TENANT_HOLD, "true", true, 1 },
	{ TENANT_HOLD, "false", true, 0 },
	{ TENANT_HOLD, "yes", false, 0 },
	{ TENANT_HOLD, "1", false, 0 },
	{ TENANT_POLICY, "h", true, 'h' },
	{ TENANT_POLICY, "abcdefghijklmnopqrstuvwxyz-01234", true, 'a' },
	{ TENANT_POLICY, "abcdefghijklmnopqrstuvwxyz-012345", false, 0 },
	{ TENANT_POLICY, "Hold", false, 0 },
	{ TENANT_POLICY, "../hold", false, 0 },
	{ TENANT_POLICY, "", false, 0 },
};

static int64_t wish_value(enum tenant_key key, const struct tenant_wish *wish)
{
	switch (key) {
	case TENANT_MIN:
		return (int64_t)wish->min.value;
	case TENANT_SHARES:
		return wish->shares;
	case TENANT_PRIORITY:
		return wish->priority;
	case TENANT_HOLD:
		return wish->hold;
	case TENANT_POLICY:
		return wish->policy[0];
	case TENANT_TAG:
	case TENANT_KEYS:
		break;
	}
	return -1;
}

START_TEST(every_value_is_held_against_what_it_can_be)
{
	const struct wish_row *row = &wishes[_i];
	struct tenant_wish wish = { 0 };
	struct guest_labels labels = { 0 };

	domain_tenant_set(row->key, row->text, &wish, &labels);
	ck_assert_msg(wish.given == (row->is_clear ? 1u << row->key : 0), "given: %s", row->text);
	ck_assert_msg(wish.unclear == (row->is_clear ? 0 : 1u << row->key), "unclear: %s",
		      row->text);
	ck_assert_int_eq(wish_value(row->key, &wish), row->value);
}
END_TEST

START_TEST(min_is_an_amount_a_share_or_the_kernels)
{
	struct tenant_wish wish = { 0 };
	struct guest_labels labels = { 0 };

	domain_tenant_set(TENANT_MIN, "1GiB", &wish, &labels);
	ck_assert_int_eq(wish.min.kind, AMOUNT_BYTES);
	domain_tenant_set(TENANT_MIN, "10%", &wish, &labels);
	ck_assert_int_eq(wish.min.kind, AMOUNT_PERMILLE);
	domain_tenant_set(TENANT_MIN, "kernel", &wish, &labels);
	ck_assert_int_eq(wish.min.kind, AMOUNT_KERNEL);
}
END_TEST

static const struct {
	const char *text, *tags;
} tag_rows[] = {
	{ "web", "web" },       { " web , eu,blue  ", "web eu blue" }, { ", ,", "" }, { "", "" },
	{ "a\nb\xff", "a?b?" },
};

START_TEST(tags_are_words_with_one_space_in_between)
{
	struct tenant_wish wish = { 0 };
	struct guest_labels labels = { 0 };

	domain_tenant_set(TENANT_TAG, tag_rows[_i].text, &wish, &labels);
	ck_assert_uint_eq(wish.given, 1u << TENANT_TAG);
	ck_assert_str_eq(labels.tags, tag_rows[_i].tags);
}
END_TEST

START_TEST(a_label_is_cut_between_characters)
{
	char label[6];

	domain_label_set(label, sizeof(label), "abc\xc3\xb6\xc3\xb6");
	ck_assert_str_eq(label, "abc\xc3\xb6");
	domain_label_set(label, sizeof(label), "abcd\xc3\xb6");
	ck_assert_str_eq(label, "abcd");
	domain_label_set(label, sizeof(label), "");
	ck_assert_str_eq(label, "");
}
END_TEST

/* Not UTF-8, overlong, a surrogate; then what would steer a terminal or end the line. */
static const char *const shown_as_one[] = {
	"\xff", "\xc3", "\xc0\x80", "\xe2\x82", "\xed\xa0\x80",
	"\x1b", "\x7f", "\r",       "\xc2\x9b", "\xe2\x80\xa8"
};

START_TEST(what_is_no_text_on_one_line_is_a_question_mark)
{
	char text[16], label[16];

	(void)snprintf(text, sizeof(text), "a%sb", shown_as_one[_i]);
	domain_label_set(label, sizeof(label), text);
	ck_assert_int_eq(label[0], 'a');
	ck_assert_int_eq(label[strlen(label) - 1], 'b');
	ck_assert_uint_ge(strlen(label), 3);
	ck_assert_uint_eq(strspn(label + 1, "?"), strlen(label) - 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("domain-tenant");
	TCase *tc = tcase_create("domain-tenant");

	tcase_add_loop_test(tc, every_value_is_held_against_what_it_can_be, 0,
			    sizeof(wishes) / sizeof(wishes[0]));
	tcase_add_test(tc, min_is_an_amount_a_share_or_the_kernels);
	tcase_add_loop_test(tc, tags_are_words_with_one_space_in_between, 0,
			    sizeof(tag_rows) / sizeof(tag_rows[0]));
	tcase_add_test(tc, a_label_is_cut_between_characters);
	tcase_add_loop_test(tc, what_is_no_text_on_one_line_is_a_question_mark, 0,
			    sizeof(shown_as_one) / sizeof(shown_as_one[0]));
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
