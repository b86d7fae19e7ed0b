/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The effective configuration: what is told of it, where it comes from, and its hash. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"
#include "tests/unit/config-stage.h"

static char *told;
static size_t told_size;

/* PATH = TEXT (FILE:LINE), and nothing behind it for a default. */
static int write_value(const struct config_value *value, void *userdata)
{
	const char *file = value->file ? strrchr(value->file, '/') + 1 : NULL;

	ck_assert(value->help && *value->help);
	if (file)
		fprintf(userdata, "%s = %s (%s:%zu)\n", value->path, value->text, file,
			value->line);
	else
		fprintf(userdata, "%s = %s\n", value->path, value->text);
	return 0;
}

static const char *walked(void)
{
	FILE *f;

	free(told);
	told = NULL;
	f = open_memstream(&told, &told_size);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(config_walk(stage.files, stage.config, write_value, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	return told;
}

static void assert_told(const char *line)
{
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "\n%s\n", line);
	ck_assert_msg(strstr(told, whole) != NULL, "'%s' is not in\n%s", line, told);
}

static void end(void)
{
	free(told);
	told = NULL;
	stage_end();
}

START_TEST(a_file_that_says_nothing_has_every_default)
{
	stage_taken();
	ck_assert_str_eq(walked(), "version = 1 (main.yaml:1)\n"
				   "uri = auto\n"
				   "dry-run = false\n"
				   "host.pool = auto\n"
				   "host.reserve = auto\n"
				   "host.commit = elastic\n"
				   "limits.shrink.guest = 256MiB/s\n"
				   "limits.shrink.host = 1GiB/s\n"
				   "stats-period = 1s\n"
				   "libvirt.budget = 10%\n"
				   "libvirt.guest-stats = auto\n"
				   "foreign.quiet = 1h\n"
				   "tenants.allow = []\n"
				   "tenants.min-at-most = 50%\n"
				   "tenants.shares-at-most = 1000\n"
				   "tenants.priority-at-most = 0\n"
				   "tenants.policies = []\n");
}
END_TEST

START_TEST(a_dry_run_has_other_defaults)
{
	stage_write("main.yaml", "version: 1\ndry-run: true\n");
	stage_taken();
	walked();
	assert_told("dry-run = true (main.yaml:2)");
	assert_told("stats-period = keep");
}
END_TEST

START_TEST(without_a_file_nobody_wrote_the_dry_run)
{
	ck_assert_int_eq(unlink(stage_path("main.yaml")), 0);
	ck_assert_int_eq(stage_open((struct config_request){ .is_optional = true }), 0);
	walked();
	assert_told("dry-run = true");
	assert_told("stats-period = keep");
}
END_TEST

START_TEST(every_value_knows_where_it_was_written)
{
	stage_write("main.yaml", "version: 1\n"
				 "host:\n"
				 "  pool: 1024MiB\n"
				 "  reserve: 10.0%\n"
				 "guests:\n"
				 "- name: everyone\n"
				 "  match: {name: [\"*\"]}\n");
	stage_write("etc/a.yaml",
		    "host:\n"
		    "  pool: 2048MiB\n"
		    "guests:\n"
		    "- {name: a \"b\", match: {not: {size: \">1024MiB\"}},\n"
		    "   min: kernel, disabled: false}\n"
		    "rules:\n"
		    "- name: r\n"
		    "  match: {name: [a, \"b,c\"], size: [1024MiB..2048MiB, \"<4GiB\"]}\n"
		    "  when: {host.level: \">tight\", host.free: \"<1024MiB\"}\n"
		    "  policy: good\n"
		    "  params: {pause: 1000ms}\n"
		    "tenants:\n"
		    "  allow: [tag, min, min]\n"
		    "  policies: good\n");
	stage_taken();
	walked();
	assert_told("host.pool = 2GiB (a.yaml:2)");
	assert_told("host.reserve = 10% (main.yaml:4)");
	assert_told("guests[everyone].match.name = \"*\" (main.yaml:7)");
	assert_told("guests[everyone].min = 50%");
	assert_told("guests[a \"b\"].name = \"a \\\"b\\\"\" (a.yaml:4)");
	assert_told("guests[a \"b\"].match.not[0].size = \"> 1GiB\" (a.yaml:4)");
	assert_told("guests[a \"b\"].min = kernel (a.yaml:5)");
	assert_told("rules[r].match.name = [\"a\", \"b,c\"] (a.yaml:8)");
	assert_told("rules[r].match.size = [1GiB..2GiB, \"< 4GiB\"] (a.yaml:8)");
	assert_told("rules[r].when.host.free = \"< 1GiB\" (a.yaml:9)");
	assert_told("rules[r].when.host.level = \"> tight\" (a.yaml:9)");
	assert_told("rules[r].when.for = 0");
	assert_told("rules[r].policy = good (a.yaml:10)");
	assert_told("rules[r].params.low = 10%");
	assert_told("rules[r].params.pause = 1s (a.yaml:11)");
	assert_told("tenants.allow = [min, tag] (a.yaml:13)");
	assert_told("tenants.policies = [good] (a.yaml:14)");
	/* Used up in joining. */
	ck_assert_ptr_null(strstr(told, "disabled"));
}
END_TEST

static int stop_at_host(const struct config_value *value, void *userdata)
{
	size_t *n = userdata;

	(*n)++;
	return strncmp(value->path, "host.", 5) == 0 ? -ECANCELED : 0;
}

START_TEST(a_walk_ends_where_it_is_told_to)
{
	size_t n = 0;

	stage_taken();
	ck_assert_int_eq(config_walk(stage.files, stage.config, stop_at_host, &n), -ECANCELED);
	ck_assert_uint_eq(n, 4);
}
END_TEST

static uint64_t hash_of(const char *main_file, const char *dropin)
{
	stage_write("main.yaml", main_file);
	stage_write("etc/a.yaml", dropin);
	stage_taken();
	ck_assert_uint_ne(stage.config->hash, 0);
	return stage.config->hash;
}

#define RULE(rest) "rules:\n- {name: r, match: {name: a}, policy: good" rest "}\n"

START_TEST(what_means_the_same_has_the_same_hash)
{
	static const char *const same[][2] = {
		{ "version: 1\nhost: {pool: 1GiB, reserve: auto}\n" RULE(""), "" },
		{ "version: 1\n" RULE("") "host:\n  pool: 1024MiB\n", "" },
		{ "version: 1\nhost: {pool: 2GiB}\n", "host: {pool: 1GiB}\n" RULE("") },
		{ "version: 1\nhost: {pool: 1GiB}\n" RULE(", params: {low: 10.0%}"), "" },
		{ "version: 1\nhost: {pool: 1GiB}\n" RULE(""), "tenants:\n  allow: []\n" },
		{ "version: 1\nhost: {pool: 1GiB}\n",
		  "rules:\n- policy: \"good\"\n  match:\n    name: [a]\n  name: r\n" },
	};
	uint64_t first = hash_of(same[0][0], same[0][1]);

	ck_assert_uint_eq(hash_of(same[_i][0], same[_i][1]), first);
}
END_TEST

START_TEST(what_means_something_else_has_another_hash)
{
	static const char *const others[] = {
		"host: {pool: 2GiB}\n",
		"dry-run: true\n",
		RULE(", params: {low: 11%}"),
		RULE(", when: {host.level: \"> low\"}"),
		RULE(", when: {host.level: \"> low\", for: 1s}"),
		"rules:\n- {name: s, match: {name: a}, policy: good}\n",
		"rules:\n- {name: r, match: {name: b}, policy: good}\n",
		"guests:\n- {name: a, match: {name: a}}\n- {name: b, match: {name: a}}\n",
		"guests:\n- {name: b, match: {name: a}}\n- {name: a, match: {name: a}}\n",
		"tenants: {policies: good}\n",
	};
	static const char main_file[] = "version: 1\nhost: {pool: 1GiB}\n";
	uint64_t mine = hash_of(main_file, others[_i]);

	ck_assert_uint_ne(mine, hash_of(main_file, ""));
	for (int i = 0; i < _i; i++)
		ck_assert_uint_ne(mine, hash_of(main_file, others[i]));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config-walk");
	TCase *tc = tcase_create("config-walk");

	tcase_add_checked_fixture(tc, stage_begin, end);
	tcase_add_test(tc, a_file_that_says_nothing_has_every_default);
	tcase_add_test(tc, a_dry_run_has_other_defaults);
	tcase_add_test(tc, without_a_file_nobody_wrote_the_dry_run);
	tcase_add_test(tc, every_value_knows_where_it_was_written);
	tcase_add_test(tc, a_walk_ends_where_it_is_told_to);
	tcase_add_loop_test(tc, what_means_the_same_has_the_same_hash, 1, 6);
	tcase_add_loop_test(tc, what_means_something_else_has_another_hash, 0, 10);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
