/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a configuration means, and what is said about broken ones; test-config-files.c does the
 * same with whole files. */

#include "balloond/io/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/io/yaml.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/config-guest.h"

#define PATH_LENGTH 4096

static struct diagnostics diagnostics;

static const char *fixture_policy_dir(void)
{
	return check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR");
}

/* The list that is asked for must be empty before. */
static struct config *parsed(const char *text)
{
	struct config *config = NULL;
	int r = config_parse(text, strlen(text), "t", fixture_policy_dir(), &config, &diagnostics);

	ck_assert_msg(r == 0, "%d: %s", r,
		      diagnostics.n_items > 0 ? diagnostics.items[0].text : "no reason given");
	ck_assert_uint_eq(diagnostics.n_items, 0);
	return config;
}

static void refused(const char *text)
{
	struct config *config = NULL;

	ck_assert_int_eq(config_parse(text, strlen(text), "t", fixture_policy_dir(), &config,
				      &diagnostics),
			 -EINVAL);
	ck_assert_ptr_null(config);
	ck_assert_uint_ge(diagnostics.n_items, 1);
}

static void assert_said(size_t i, const char *text)
{
	ck_assert_uint_lt(i, diagnostics.n_items);
	ck_assert_str_eq(diagnostics.items[i].text, text);
}

static void forget_diagnostics(void)
{
	diagnostics_done(&diagnostics);
}

START_TEST(without_a_file_guests_are_observed_and_nothing_is_changed)
{
	_cleanup_config_ struct config *config = NULL;

	ck_assert_int_eq(config_new_default(&config), 0);
	ck_assert(config->dry_run);
	ck_assert(config->keep_stats_period);
	ck_assert_uint_eq(config->n_uris, 0);
	ck_assert_uint_eq(config->n_promises, 0);
	ck_assert_uint_eq(config->n_rules, 0);
	ck_assert_int_eq(config->host.pool.kind, AMOUNT_AUTO);
	ck_assert_int_eq(config->host.reserve.kind, AMOUNT_AUTO);
	ck_assert_int_eq(config->host.commit, COMMIT_ELASTIC);
	ck_assert_uint_eq(config->host.shrink_guest, 256 * BALLOOND_MIB);
	ck_assert_uint_eq(config->host.shrink_host, BALLOOND_GIB);
	ck_assert_int_eq(config->guest_stats, GUEST_STATS_AUTO);
	ck_assert_ptr_null(rule_of(config, "any"));
	ck_assert_ptr_null(promise_of(config, "any"));
}
END_TEST

START_TEST(a_file_that_says_nothing_acts_on_nobody_but_is_no_dry_run)
{
	_cleanup_config_ struct config *config = parsed("version: 1\n");

	ck_assert(!config->dry_run);
	ck_assert(!config->keep_stats_period);
	ck_assert_uint_eq(config->stats_period, BALLOOND_SECOND);
	ck_assert_uint_eq(config->host.shrink_guest, 256 * BALLOOND_MIB);
	ck_assert_uint_eq(config->n_rules, 0);
}
END_TEST

START_TEST(a_dry_run_keeps_the_period_unless_the_file_says_otherwise)
{
	_cleanup_config_ struct config *keeps = parsed("version: 1\ndry-run: true\n");
	_cleanup_config_ struct config *sets = parsed(
		"version: 1\ndry-run: true\nstats-period: 2s\n");
	_cleanup_config_ struct config *says = parsed("version: 1\nstats-period: keep\n");

	ck_assert(keeps->keep_stats_period);
	ck_assert(!sets->keep_stats_period);
	ck_assert_uint_eq(sets->stats_period, 2 * BALLOOND_SECOND);
	ck_assert(says->keep_stats_period);
}
END_TEST

static struct config *loaded(const char *path, const char *policy_dir)
{
	struct config *config = NULL;
	int r = config_load(path, policy_dir, &config, &diagnostics);

	if (r != 0)
		diagnostics_print(&diagnostics, stderr);
	ck_assert_msg(r == 0, "%s: %s", path, strerror(-r));
	ck_assert_uint_eq(diagnostics.n_items, 0);
	return config;
}

static void assert_everything(const struct config *config)
{
	ck_assert_uint_eq(config->n_uris, 3);
	ck_assert_str_eq(config->uris[2], "test:///default");
	ck_assert(config->dry_run);
	ck_assert_int_eq(config->host.pool.kind, AMOUNT_BYTES);
	ck_assert_uint_eq(config->host.pool.value, 200 * BALLOOND_GIB);
	ck_assert_int_eq(config->host.reserve.kind, AMOUNT_PERMILLE);
	ck_assert_uint_eq(config->host.reserve.value, 125);
	ck_assert_int_eq(config->host.commit, COMMIT_STRICT);
	ck_assert_uint_eq(config->host.shrink_guest, 128 * BALLOOND_MIB);
	ck_assert_uint_eq(config->host.shrink_host, 2 * BALLOOND_GIB);
	ck_assert_uint_eq(config->stats_period, 5 * BALLOOND_SECOND);
	ck_assert(!config->keep_stats_period);
	ck_assert_int_eq(config->guest_stats, GUEST_STATS_YES);
}

static void assert_promises(const struct config *config)
{
	const struct promise *p = config->promises;

	ck_assert_uint_eq(config->n_promises, 3);
	ck_assert_int_eq(p[0].min.kind, AMOUNT_PERMILLE);
	ck_assert_uint_eq(p[0].min.value, 750);
	ck_assert_int_eq(p[0].max.kind, AMOUNT_BYTES);
	ck_assert_uint_eq(p[0].max.value, 16 * BALLOOND_GIB);
	ck_assert_uint_eq(p[0].shares, 2000);
	ck_assert_int_eq(p[0].priority, -10);
	ck_assert(p[0].expendable);
	ck_assert(p[0].dry_run);
	ck_assert_int_eq(p[1].min.kind, AMOUNT_KERNEL);
	ck_assert_int_eq(p[1].max.kind, AMOUNT_PERMILLE);
	ck_assert_uint_eq(p[1].shares, 1000);
	ck_assert_int_eq(p[1].priority, 1000);
	ck_assert_str_eq(p[2].name, "everyone: é \"quoted\"");
	ck_assert_int_eq(p[2].min.kind, AMOUNT_BYTES);
	ck_assert_uint_eq(p[2].min.value, 0);
	ck_assert_int_eq(p[2].max.kind, AMOUNT_AUTO);
	ck_assert_int_eq(p[2].priority, 0);
	ck_assert(!p[2].expendable);
	ck_assert(!p[2].dry_run);
}

static void assert_tenants(const struct tenants *tenants)
{
	ck_assert_uint_eq(tenants->allow, (1u << TENANT_KEYS) - 1);
	ck_assert_int_eq(tenants->min_at_most.kind, AMOUNT_PERMILLE);
	ck_assert_uint_eq(tenants->min_at_most.value, 250);
	ck_assert_uint_eq(tenants->shares_at_most, 500);
	ck_assert_int_eq(tenants->priority_at_most, -5);
	ck_assert_uint_eq(tenants->n_rules, 1);
}

static void assert_params(const struct rule *rule, const uint64_t expected[6])
{
	ck_assert_uint_eq(rule->policy->params_size, 6 * sizeof(uint64_t));
	ck_assert_mem_eq(rule->params, expected, 6 * sizeof(uint64_t));
}

START_TEST(every_key_reaches_its_field)
{
	static const uint64_t first[6] = { 125, 250, 2 * BALLOOND_MIB, 250000, 7, 1 };
	static const uint64_t defaults[6] = { 100, 300, 64 * BALLOOND_MIB, 5000000, 3, 0 };
	_cleanup_config_ struct config *config = NULL;
	char path[PATH_LENGTH];

	(void)snprintf(path, sizeof(path), "%s/config/valid/everything.yaml",
		       check_dir("BALLOOND_TEST_FIXTURES"));
	config = loaded(path, fixture_policy_dir());
	assert_everything(config);
	assert_promises(config);
	assert_tenants(&config->tenants);
	ck_assert_uint_eq(config->n_rules, 3);
	ck_assert_uint_eq(config->n_gates, 2);
	ck_assert_uint_eq(config->rules[0].gate, 0);
	ck_assert_uint_eq(config->rules[2].gate, 1);
	assert_params(&config->rules[0], first);
	assert_params(&config->rules[2], defaults);
	assert_params(&config->tenants.rules[0], defaults);
	ck_assert_ptr_eq(config->rules[0].policy, config->rules[2].policy);
	/* The largest of both policies, so that every state is aligned in an array of them. */
	ck_assert_uint_eq(config->state_size, 112);
	ck_assert_uint_eq(config->rule_state_size, 16);
	ck_assert_uint_eq(config->scratch_size, 48);
	ck_assert_str_eq(rule_of(config, "db-1")->name, "first");
	ck_assert_str_eq(rule_of(config, "web")->name, "second");
	ck_assert_str_eq(promise_of(config, "batch-7")->name, "batch");
	ck_assert_ptr_eq(promise_of(config, "db-1"), &config->promises[2]);
}
END_TEST

START_TEST(a_tenants_policy_is_a_rule_for_nobody_with_its_defaults)
{
	_cleanup_config_ struct config *config = parsed(
		"version: 1\ntenants: {allow: policy, policies: good}\n");
	const struct rule *rule = config->tenants.rules;

	ck_assert_uint_eq(config->n_rules, 0);
	ck_assert_uint_eq(config->tenants.n_rules, 1);
	ck_assert_str_eq(rule->name, "tenant:good");
	ck_assert_str_eq(rule->policy->name, "good");
	ck_assert_uint_ne(rule->key, 0);
	ck_assert_uint_eq(rule->when.n, 0);
	ck_assert_uint_eq(config->tenants.allow, 1u << TENANT_POLICY);
	/* Room for its state, though no rule has it. */
	ck_assert_uint_gt(config->scratch_size, 0);
}
END_TEST

START_TEST(tenants_may_say_nothing_unless_it_is_written)
{
	_cleanup_config_ struct config *config = parsed("version: 1\n");

	ck_assert_uint_eq(config->tenants.allow, 0);
	ck_assert_uint_eq(config->tenants.n_rules, 0);
	ck_assert_int_eq(config->tenants.min_at_most.kind, AMOUNT_PERMILLE);
	ck_assert_uint_eq(config->tenants.min_at_most.value, 500);
	ck_assert_uint_eq(config->tenants.shares_at_most, 1000);
	ck_assert_int_eq(config->tenants.priority_at_most, 0);
}
END_TEST

START_TEST(a_min_that_is_not_written_is_half_and_says_so)
{
	_cleanup_config_ struct config *config = parsed(
		"version: 1\nguests:\n- {name: a, match: {name: a}}\n"
		"- {name: b, match: {name: b}, min: 50%}\n");

	ck_assert(!config->promises[0].min_is_set);
	ck_assert(config->promises[1].min_is_set);
	ck_assert_int_eq(config->promises[0].min.kind, AMOUNT_PERMILLE);
	ck_assert_uint_eq(config->promises[0].min.value, 500);
}
END_TEST

#define RULE(name, params) \
	"version: 1\nrules:\n" \
	"- {name: " name ", match: {name: a}, policy: good, params: {" params "}}\n"

START_TEST(a_rule_key_is_the_rules_name_and_policy_without_parameters)
{
	_cleanup_config_ struct config *a = parsed(RULE("a", ""));
	_cleanup_config_ struct config *tuned = parsed(RULE("a", "times: 9"));
	_cleanup_config_ struct config *b = parsed(RULE("b", ""));

	ck_assert_uint_eq(a->rules[0].key, tuned->rules[0].key);
	ck_assert_uint_ne(a->rules[0].key, b->rules[0].key);
	ck_assert_uint_ne(a->rules[0].key, 0);
	/* FNV-1a of "a\0good\0" and 3 as 32 little-endian bits: a constant of the format. */
	ck_assert_uint_eq(a->rules[0].key, UINT64_C(0xcec53404e94756c8));
}
END_TEST

START_TEST(all_errors_of_a_file_are_told)
{
	refused("version: 2\n"
		"dry-run: 1\n"
		"host: { pool: 5MB, comit: strict }\n"
		"guests:\n"
		"- { name: a, match: { name: [ a, [] ] }, min: 130%, shares: 0 }\n"
		"rules:\n"
		"- { name: r, match: { name: a },"
		" policy: good, params: { low: 130%, times: 0 } }\n");
	ck_assert_uint_eq(diagnostics.n_items, 9);
	assert_said(0, "t:1:10: version: found '2', expected 1, the version of this format");
	assert_said(1, "t:2:10: dry-run: found '1', expected true or false");
	assert_said(3, "t:3:20: host.comit: unknown key, did you mean 'commit'?");
	assert_said(5, "t:5:47: guests[0].min: 130% is above 100%");
	assert_said(7, "t:7:63: rules[0].params.low: 130% is above 90%");
	assert_said(8, "t:7:76: rules[0].params.times: 0 is below 1");
}
END_TEST

START_TEST(a_broken_rule_has_its_parameters_checked_as_well)
{
	refused("version: 1\nrules:\n"
		"- { match: { name: a }, policy: good, params: { lov: 5% } }\n");
	ck_assert_uint_eq(diagnostics.n_items, 2);
	assert_said(0, "t:3:3: rules[0]: the key 'name' is missing: expected a name of 1 to 63 "
		       "bytes on "
		       "one line");
	assert_said(1, "t:3:49: rules[0].params.lov: unknown key, did you mean 'low'?");
}
END_TEST

START_TEST(counts_are_bounded)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	fputs("version: 1\nguests:\n- {name: a, match: {name: [", f);
	for (int i = 0; i < 1001; i++)
		fprintf(f, "a%d,", i);
	fputs("]}}\nrules:\n", f);
	for (int i = 0; i < 1001; i++)
		fputs("- {}\n", f);
	fclose(f);
	refused(text);
	ck_assert_uint_eq(diagnostics.n_items, 2);
	assert_said(0, "t:3:27: guests[0].match.name: found a list of 1001, expected 1 to 1000");
	assert_said(1, "t:5:1: rules: found 1001 entries, at most 1000 are read");
}
END_TEST

START_TEST(more_than_64_conditions_on_rules_are_refused)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	fputs("version: 1\nrules:\n", f);
	for (int i = 0; i < 65; i++)
		fprintf(f,
			"- {name: r%d, match: {name: a}, when: {host.level: \"> low\"},"
			" policy: good}\n",
			i);
	fclose(f);
	refused(text);
	ck_assert_uint_eq(diagnostics.n_items, 1);
	assert_said(0, "t:67:39: rules[64].when: more than 64 rules with a when are not read");
}
END_TEST

START_TEST(a_thousand_entries_with_a_promise_fit_into_one_file)
{
	_cleanup_config_ struct config *config = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	fputs("version: 1\nguests:\n", f);
	for (int i = 0; i < 1000; i++)
		fprintf(f, "- {name: n%d, match: {name: vm-%d}, min: 1GiB, max: 2GiB}\n", i, i);
	fclose(f);
	config = parsed(text);
	ck_assert_uint_eq(config->n_promises, 1000);
	ck_assert_str_eq(promise_of(config, "vm-999")->name, "n999");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");

	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, NULL, forget_diagnostics);
	tcase_add_test(tc, without_a_file_guests_are_observed_and_nothing_is_changed);
	tcase_add_test(tc, a_file_that_says_nothing_acts_on_nobody_but_is_no_dry_run);
	tcase_add_test(tc, a_dry_run_keeps_the_period_unless_the_file_says_otherwise);
	tcase_add_test(tc, every_key_reaches_its_field);
	tcase_add_test(tc, a_tenants_policy_is_a_rule_for_nobody_with_its_defaults);
	tcase_add_test(tc, tenants_may_say_nothing_unless_it_is_written);
	tcase_add_test(tc, a_min_that_is_not_written_is_half_and_says_so);
	tcase_add_test(tc, a_rule_key_is_the_rules_name_and_policy_without_parameters);
	tcase_add_test(tc, all_errors_of_a_file_are_told);
	tcase_add_test(tc, a_broken_rule_has_its_parameters_checked_as_well);
	tcase_add_test(tc, counts_are_bounded);
	tcase_add_test(tc, more_than_64_conditions_on_rules_are_refused);
	tcase_add_test(tc, a_thousand_entries_with_a_promise_fit_into_one_file);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
