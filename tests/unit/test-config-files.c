/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole files: the installed ones, valid ones, and broken ones.  Every file below
 * fixtures/config/invalid begins with "# expect: LINE:COLUMN: beginning of the text", and has that
 * error alone. */

#include "balloond/io/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"
#include "tests/unit/config-guest.h"

#define PATH_LENGTH 4096

static struct diagnostics diagnostics;

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

/* Calls check for every *.yaml of a directory; a directory without any is a broken test. */
static void for_each_file(const char *dir, size_t at_least, void (*check)(const char *path))
{
	struct dirent *entry;
	size_t n = 0;
	DIR *d = opendir(dir);

	ck_assert_msg(d != NULL, "%s: %s", dir, strerror(errno));
	while ((entry = readdir(d))) {
		const char *suffix = strrchr(entry->d_name, '.');
		char path[PATH_LENGTH];

		if (!suffix || strcmp(suffix, ".yaml") != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		check(path);
		n++;
	}
	closedir(d);
	ck_assert_uint_ge(n, at_least);
}

static void check_invalid(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	struct config *config = NULL;
	char line[512], expected[PATH_LENGTH + 512];
	size_t found = 0;
	int r;

	ck_assert(f && fgets(line, sizeof(line), f));
	ck_assert_msg(strncmp(line, "# expect: ", 10) == 0, "%s expects nothing", path);
	line[strcspn(line, "\n")] = '\0';
	(void)snprintf(expected, sizeof(expected), "%s:%s", path, line + 10);
	r = config_load(path, check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR"), &config, &diagnostics);
	ck_assert_msg(r == -EINVAL, "%s: %d", path, r);
	for (size_t i = 0; i < diagnostics.n_items; i++)
		found += strncmp(diagnostics.items[i].text, expected, strlen(expected)) == 0;
	ck_assert_msg(found == 1 && diagnostics.n_items == 1, "%zu of %zu errors are\n%s\n%s",
		      found, diagnostics.n_items, expected, diagnostics.items[0].text);
	diagnostics_done(&diagnostics);
}

static void check_valid(const char *path)
{
	_cleanup_config_ struct config *config =
		loaded(path, check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR"));

	ck_assert_ptr_nonnull(config);
}

static void check_installed(const char *path)
{
	_cleanup_config_ struct config *config = loaded(path,
							check_dir("BALLOOND_TEST_POLICY_DIR"));

	/* A shipped profile that manages nobody is a mistake. */
	ck_assert_ptr_nonnull(rule_of(config, "any"));
	ck_assert_ptr_nonnull(promise_of(config, "any"));
	if (strcmp(strrchr(path, '/'), "/balloond.yaml") == 0)
		ck_assert(config->dry_run);
	if (strcmp(strrchr(path, '/'), "/density.yaml") == 0) {
		ck_assert_int_eq(config->host.commit, COMMIT_STRICT);
		ck_assert_int_eq(config->promises[0].min.kind, AMOUNT_KERNEL);
	}
}

START_TEST(broken_files_are_refused_with_one_error_at_its_place)
{
	char dir[PATH_LENGTH];

	(void)snprintf(dir, sizeof(dir), "%s/config/invalid", check_dir("BALLOOND_TEST_FIXTURES"));
	for_each_file(dir, 130, check_invalid);
}
END_TEST

START_TEST(valid_files_are_read)
{
	char dir[PATH_LENGTH];

	(void)snprintf(dir, sizeof(dir), "%s/config/valid", check_dir("BALLOOND_TEST_FIXTURES"));
	for_each_file(dir, 3, check_valid);
}
END_TEST

START_TEST(installed_files_are_valid)
{
	char dir[PATH_LENGTH];

	(void)snprintf(dir, sizeof(dir), "%s/../../config", check_dir("BALLOOND_TEST_FIXTURES"));
	for_each_file(dir, 2, check_installed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config-files");
	TCase *tc = tcase_create("config-files");

	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, broken_files_are_refused_with_one_error_at_its_place);
	tcase_add_test(tc, valid_files_are_read);
	tcase_add_test(tc, installed_files_are_valid);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
