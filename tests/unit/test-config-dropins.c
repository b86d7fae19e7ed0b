/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which files a configuration is made of. */

#include "tests/unit/config-stage.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "balloond/policy-math.h"
#include "balloond/io/yaml.h"
#include "tests/unit/check-main.h"

START_TEST(a_file_hides_those_of_its_name_in_lower_directories)
{
	stage_write("vendor/a.yaml", "host: {pool: 1GiB}\n");
	stage_write("run/a.yaml", "host: {pool: 2GiB}\n");
	stage_write("vendor/b.yaml", "host: {reserve: 1GiB}\n");
	stage_taken();
	ck_assert_uint_eq(stage.config->host.pool.value, 2 * BALLOOND_GIB);
	ck_assert_uint_eq(stage.config->host.reserve.value, BALLOOND_GIB);
	stage_files("main.yaml run/a.yaml vendor/b.yaml");

	stage_write("etc/a.yaml", "dry-run: true\n");
	stage_taken();
	ck_assert_int_eq(stage.config->host.pool.kind, AMOUNT_AUTO);
	ck_assert(stage.config->dry_run);
}
END_TEST

START_TEST(an_empty_file_and_a_link_to_nothing_mask)
{
	stage_write("vendor/a.yaml", "host: {pool: 1GiB}\n");
	stage_write("vendor/b.yaml", "host: {reserve: 1GiB}\n");
	stage_write("etc/a.yaml", "");
	ck_assert_int_eq(symlink("/dev/null", stage_path("run/b.yaml")), 0);
	stage_taken();
	ck_assert_int_eq(stage.config->host.pool.kind, AMOUNT_AUTO);
	ck_assert_int_eq(stage.config->host.reserve.kind, AMOUNT_AUTO);
	stage_files("main.yaml");
}
END_TEST

START_TEST(other_names_and_missing_directories_are_no_drop_ins)
{
	stage_write("etc/.a.yaml", "broken: [\n");
	stage_write("etc/a.yaml~", "broken: [\n");
	stage_write("etc/a.yml", "broken: [\n");
	stage_write("etc/.yaml", "broken: [\n");
	ck_assert_int_eq(rmdir(stage_path("run")), 0);
	stage_taken();
	stage_files("main.yaml");
}
END_TEST

START_TEST(a_drop_in_that_cannot_be_read_is_an_error)
{
	ck_assert_int_eq(symlink("/nonexistent", stage_path("etc/a.yaml")), 0);
	ck_assert_int_eq(mkdir(stage_path("etc/b.yaml"), 0755), 0);
	stage_refused(2);
	stage_said(0, "etc/a.yaml: cannot be read: No such file or directory");
	stage_said(1, "etc/b.yaml: cannot be read: Is a directory");
}
END_TEST

START_TEST(a_directory_that_is_none_is_an_error)
{
	ck_assert_int_eq(rmdir(stage_path("run")), 0);
	stage_write("run", "");
	stage_refused(1);
	stage_said(0, "run: cannot be read: Not a directory");
}
END_TEST

START_TEST(without_a_main_file_drop_ins_are_the_configuration)
{
	ck_assert_int_eq(unlink(stage_path("main.yaml")), 0);
	ck_assert_int_eq(stage_open((struct config_request){ 0 }), -ENOENT);
	ck_assert_uint_eq(stage.diagnostics.n_items, 0);
	stage_write("vendor/a.yaml", "");
	ck_assert_int_eq(stage_open((struct config_request){ 0 }), -ENOENT);

	stage_write("vendor/b.yaml", "host: {pool: 1GiB}\n");
	stage_taken();
	ck_assert(!stage.files->has_main);
	ck_assert(!stage.config->dry_run);
	ck_assert_uint_eq(stage.config->host.pool.value, BALLOOND_GIB);
}
END_TEST

START_TEST(a_missing_configuration_may_be_the_default)
{
	ck_assert_int_eq(unlink(stage_path("main.yaml")), 0);
	ck_assert_int_eq(stage_open((struct config_request){ .is_optional = true }), 0);
	ck_assert(stage.config->dry_run);
	ck_assert_uint_eq(stage.files->n, 0);
}
END_TEST

START_TEST(the_main_file_needs_its_version_and_no_other)
{
	stage_write("main.yaml", "dry-run: true\n");
	stage_write("etc/a.yaml", "version: 2\n");
	stage_refused(2);
	stage_said(0,
		   "main.yaml:1:1: the key 'version' is missing: expected 1, the version of this "
		   "format");
	stage_said(1,
		   "etc/a.yaml:1:10: version: found '2', expected 1, the version of this format");
}
END_TEST

START_TEST(a_fragment_is_checked_alone)
{
	struct config_request request = { .path = stage_path("etc/a.yaml"), .is_fragment = true };

	stage_write("main.yaml", "broken: [\n");
	stage_write("etc/a.yaml", "tenants: {allow: policy}\nguests:\n" ENTRY("a", "1GiB"));
	ck_assert_int_eq(stage_open(request), 0);
	stage_promises("a");
	stage_files("etc/a.yaml");
	stage_write("etc/a.yaml", "tenants: {allow: policy, policies: []}\n");
	ck_assert_int_eq(stage_open(request), -EINVAL);
	stage_write("etc/a.yaml", "");
	ck_assert_int_eq(stage_open(request), 0);
	ck_assert_int_eq(unlink(stage_path("etc/a.yaml")), 0);
	ck_assert_int_eq(stage_open(request), -ENOENT);
}
END_TEST

START_TEST(one_more_drop_in_replaces_that_of_its_name_or_is_the_last)
{
	struct config_request request = { .with = stage_path("b.yaml") };

	stage_write("main.yaml", "version: 1\nguests:\n" ENTRY("m", "1%"));
	stage_write("etc/a.yaml", "guests:\n" ENTRY("a", "1%"));
	stage_write("etc/b.yaml", "guests:\n" ENTRY("b", "1%"));
	stage_write("etc/zz.yaml", "guests:\n" ENTRY("z", "1%"));
	stage_write("b.yaml", "guests:\n" ENTRY("new", "1%"));
	ck_assert_int_eq(stage_open(request), 0);
	stage_promises("a new m z");
	stage_files("main.yaml etc/a.yaml b.yaml etc/zz.yaml");

	request.with = stage_path("other");
	stage_write("other", "guests:\n" ENTRY("new", "1%") ENTRY("a", "2%"));
	ck_assert_int_eq(stage_open(request), 0);
	stage_promises("a b m z new");
	ck_assert_uint_eq(stage.config->promises[0].min.value, 20);

	request.with = stage_path("absent");
	ck_assert_int_eq(stage_open(request), -EINVAL);
	stage_said(0, "absent: cannot be read: No such file or directory");
}
END_TEST

START_TEST(files_end_at_100_and_entries_at_1000_in_all)
{
	char name[64], text[1024] = "guests:\n";

	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "etc/%03d.yaml", i);
		(void)snprintf(text, sizeof(text), "guests:\n");
		for (int j = 0; j < 10; j++)
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
				       "- {name: n%d, match: {name: a}}\n", 10 * i + j);
		stage_write(name, text);
	}
	stage_taken();
	ck_assert_uint_eq(stage.config->n_promises, 1000);
	stage_write("main.yaml", "version: 1\nguests:\n" ENTRY("n1", "1%"));
	stage_taken();
	stage_write("main.yaml", "version: 1\nguests:\n" ENTRY("one", "1%"));
	stage_refused(1);
	stage_said(0, "etc/099.yaml:11:3: guests[9]: more than 1000 entries in all files together "
		      "are "
		      "not read");
	stage_write("run/more.yaml", "");
	stage_refused(1);
	stage_said(0, "run: more than 100 files are not read");
}
END_TEST

START_TEST(beside_a_file_of_ones_own_its_drop_ins_are_read)
{
	ck_assert_int_eq(mkdir(stage_path("main.yaml.d"), 0755), 0);
	stage_write("main.yaml.d/a.yaml", "host: {pool: 1GiB}\n");
	stage_write("etc/b.yaml", "host: {pool: 2GiB}\n");
	ck_assert_int_eq(config_load(stage_path("main.yaml"), NULL, &stage.config,
				     &stage.diagnostics),
			 0);
	ck_assert_uint_eq(stage.config->host.pool.value, BALLOOND_GIB);
}
END_TEST

START_TEST(a_file_of_more_than_a_mebibyte_is_refused)
{
	FILE *f = fopen(stage_path("etc/a.yaml"), "we");

	ck_assert_ptr_nonnull(f);
	for (size_t i = 0; i < YAML_MAX_SIZE / 64 + 1; i++)
		ck_assert_int_gt(fprintf(f, "%063d\n", 0), 0);
	ck_assert_int_eq(fclose(f), 0);
	stage_refused(1);
	stage_said(0, "etc/a.yaml: larger than 1 MiB: not read");
}
END_TEST

START_TEST(only_a_missing_file_is_missing)
{
	ck_assert_int_eq(config_load("/nonexistent/a.yaml", NULL, &stage.config,
				     &stage.diagnostics),
			 -ENOENT);
	ck_assert_uint_eq(stage.diagnostics.n_items, 0);
	ck_assert_int_eq(config_load("/", NULL, &stage.config, &stage.diagnostics), -EINVAL);
	ck_assert_str_eq(stage.diagnostics.items[0].text, "/: cannot be read: Is a directory");
	ck_assert_ptr_null(stage.config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config-dropins");
	TCase *tc = tcase_create("config-dropins");

	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, stage_begin, stage_end);
	tcase_add_test(tc, a_file_hides_those_of_its_name_in_lower_directories);
	tcase_add_test(tc, an_empty_file_and_a_link_to_nothing_mask);
	tcase_add_test(tc, other_names_and_missing_directories_are_no_drop_ins);
	tcase_add_test(tc, a_drop_in_that_cannot_be_read_is_an_error);
	tcase_add_test(tc, a_directory_that_is_none_is_an_error);
	tcase_add_test(tc, without_a_main_file_drop_ins_are_the_configuration);
	tcase_add_test(tc, a_missing_configuration_may_be_the_default);
	tcase_add_test(tc, the_main_file_needs_its_version_and_no_other);
	tcase_add_test(tc, a_fragment_is_checked_alone);
	tcase_add_test(tc, one_more_drop_in_replaces_that_of_its_name_or_is_the_last);
	tcase_add_test(tc, files_end_at_100_and_entries_at_1000_in_all);
	tcase_add_test(tc, beside_a_file_of_ones_own_its_drop_ins_are_read);
	tcase_add_test(tc, a_file_of_more_than_a_mebibyte_is_refused);
	tcase_add_test(tc, only_a_missing_file_is_missing);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
