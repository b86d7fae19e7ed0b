/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A configuration that is changed after it was read. */

#include "balloond/io/config-override.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/check-main.h"
#include "tests/unit/config-guest.h"

#define TWO_RULES \
	"version: 1\n" \
	"guests:\n" \
	"- {name: db, match: {name: db}, min: 75%, shares: 7}\n" \
	"rules:\n" \
	"- {name: a, match: {name: a}, policy: good, when: {host.level: \"> low\"}}\n" \
	"- {name: b, match: {name: b}, policy: good}\n"

static struct config *config;

static void read_config(const char *text)
{
	struct diagnostics d = { 0 };
	int r = config_parse(text, strlen(text), "t", check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR"),
			     &config, &d);

	ck_assert_msg(r == 0, "%s", d.n_items > 0 ? d.items[0].text : "no reason");
}

static void read_two_rules(void)
{
	read_config(TWO_RULES);
}

static void free_config(void)
{
	config = config_free(config);
}

static int use(const char *policy, struct diagnostics *d)
{
	return config_use_policy(config, policy, check_dir("BALLOOND_TEST_POLICY_DIR"), d);
}

START_TEST(one_policy_replaces_all_rules)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	uint64_t hash = config->hash;

	ck_assert_uint_eq(config->n_gates, 1);
	ck_assert_int_eq(use("headroom", &d), 0);
	ck_assert_uint_eq(config->n_rules, 1);
	ck_assert_uint_eq(config->n_gates, 0);
	ck_assert_str_eq(rule_of(config, "anyone")->policy->name, "headroom");
	ck_assert_ptr_nonnull(config->rules[0].params);
	ck_assert_uint_eq(config->rules[0].when.n, 0);
	ck_assert_uint_ne(config->rules[0].key, 0);
	ck_assert_uint_ge(config->state_size, config->rules[0].policy->state_size);
	ck_assert_uint_ge(config->scratch_size, config->rules[0].policy->scratch_size);
	ck_assert_uint_ne(config->hash, hash);
	ck_assert_uint_eq(config->n_promises, 1);
}
END_TEST

START_TEST(two_policies_have_two_hashes)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	uint64_t hash;

	ck_assert_int_eq(use("hold", &d), 0);
	hash = config->hash;
	free_config();
	read_two_rules();
	ck_assert_int_eq(use("step", &d), 0);
	ck_assert_uint_ne(config->hash, hash);
}
END_TEST

START_TEST(a_policy_that_is_not_there_changes_nothing)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	uint64_t hash = config->hash;

	ck_assert_int_eq(use("absent", &d), -EINVAL);
	ck_assert_int_eq(use("../x", &d), -EINVAL);
	ck_assert_uint_eq(d.n_items, 2);
	ck_assert_ptr_nonnull(
		strstr(d.items[1].text, "found '../x', expected the name of a policy"));
	ck_assert_uint_eq(config->n_rules, 2);
	ck_assert_uint_eq(config->n_gates, 1);
	ck_assert_uint_eq(config->hash, hash);
}
END_TEST

START_TEST(a_policy_whose_parameter_has_no_default_is_refused)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };

	ck_assert_int_eq(config_use_policy(config, "needy",
					   check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR"), &d),
			 -EINVAL);
	ck_assert_uint_eq(d.n_items, 1);
	ck_assert_ptr_nonnull(strstr(d.items[0].text, "is missing"));
	ck_assert_uint_eq(config->n_rules, 2);
}
END_TEST

START_TEST(a_min_is_that_of_every_guest)
{
	const struct amount min = { AMOUNT_PERMILLE, 250 };
	uint64_t hash = config->hash;

	ck_assert_int_eq(config_use_min(config, min), 0);
	ck_assert_uint_eq(config->n_promises, 2);
	ck_assert_uint_eq(promise_of(config, "db")->shares, 7);
	ck_assert_uint_eq(promise_of(config, "db")->min.value, 250);
	ck_assert_int_eq(promise_of(config, "other")->min.kind, AMOUNT_PERMILLE);
	ck_assert_uint_eq(promise_of(config, "other")->min.value, 250);
	ck_assert(promise_of(config, "other")->min_is_set);
	ck_assert_uint_eq(promise_of(config, "other")->shares, 1000);
	ck_assert_int_eq(promise_of(config, "other")->max.kind, AMOUNT_AUTO);
	ck_assert_uint_ne(config->hash, hash);
}
END_TEST

START_TEST(two_mins_have_two_hashes)
{
	uint64_t hash;

	ck_assert_int_eq(config_use_min(config, (struct amount){ AMOUNT_KERNEL, 0 }), 0);
	hash = config->hash;
	free_config();
	read_two_rules();
	ck_assert_int_eq(config_use_min(config, (struct amount){ AMOUNT_PERMILLE, 0 }), 0);
	ck_assert_uint_ne(config->hash, hash);
}
END_TEST

/* The second of these: whether an entry for everyone is added. */
static const struct {
	const char *match;
	bool is_added;
} matches[] = {
	{ "{name: \"*\"}", false },
	{ "{name: [a, \"*\"]}", false },
	{ "{name: \"*\", size: \"> 1GiB\"}", true },
	{ "{name: \"*\", hypervisor: qemu}", true },
	{ "{name: \"*\", not: {name: b}}", true },
	{ "{name: \"a*\"}", true },
};

START_TEST(an_entry_is_added_where_none_means_everyone)
{
	char text[256];

	free_config();
	(void)snprintf(text, sizeof(text), "version: 1\nguests:\n- {name: e, match: %s}\n",
		       matches[_i].match);
	read_config(text);
	ck_assert_int_eq(config_use_min(config, (struct amount){ AMOUNT_PERMILLE, 100 }), 0);
	ck_assert_uint_eq(config->n_promises, matches[_i].is_added ? 2 : 1);
	ck_assert_uint_eq(promise_of(config, "xyz")->min.value, 100);
}
END_TEST

START_TEST(a_default_configuration_gets_both)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };

	free_config();
	ck_assert_int_eq(config_new_default(&config), 0);
	ck_assert_int_eq(config_use_min(config, (struct amount){ AMOUNT_KERNEL, 0 }), 0);
	ck_assert_int_eq(use("reclaim", &d), 0);
	ck_assert_int_eq(promise_of(config, "a")->min.kind, AMOUNT_KERNEL);
	ck_assert_ptr_nonnull(rule_of(config, "a"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config-override");
	TCase *tc = tcase_create("config-override");

	tcase_add_checked_fixture(tc, read_two_rules, free_config);
	tcase_add_test(tc, one_policy_replaces_all_rules);
	tcase_add_test(tc, two_policies_have_two_hashes);
	tcase_add_test(tc, a_policy_that_is_not_there_changes_nothing);
	tcase_add_test(tc, a_policy_whose_parameter_has_no_default_is_refused);
	tcase_add_test(tc, a_min_is_that_of_every_guest);
	tcase_add_test(tc, two_mins_have_two_hashes);
	tcase_add_loop_test(tc, an_entry_is_added_where_none_means_everyone, 0,
			    (int)(sizeof(matches) / sizeof(matches[0])));
	tcase_add_test(tc, a_default_configuration_gets_both);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
