/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What several files mean together. */

#include "tests/unit/config-stage.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

START_TEST(drop_ins_win_over_the_main_file_and_later_names_over_earlier)
{
	stage_write("main.yaml", "version: 1\nhost: {pool: 1GiB, reserve: 1GiB}\n"
				 "uri: [\"qemu:///system\", \"lxc:///system\"]\n");
	stage_write("etc/a.yaml", "host: {pool: 2GiB, commit: strict}\nuri: \"test:///default\"\n");
	stage_write("run/b.yaml", "host: {pool: 3GiB}\nlimits:\nhost-x:\n");
	stage_refused(1);
	stage_write("run/b.yaml", "host: {pool: 3GiB}\nlimits:\n");
	stage_write("vendor/c.yaml", "host:\nguests:\nversion: 1\n");
	stage_taken();
	ck_assert_uint_eq(stage.config->host.pool.value, 3 * BALLOOND_GIB);
	ck_assert_uint_eq(stage.config->host.reserve.value, BALLOOND_GIB);
	ck_assert_int_eq(stage.config->host.commit, COMMIT_STRICT);
	/* Lists replace. */
	ck_assert_uint_eq(stage.config->n_uris, 1);
}
END_TEST

START_TEST(two_roles_do_not_wipe_each_other)
{
	stage_write("main.yaml", "version: 1\nguests:\n" ENTRY("everyone", "50%"));
	stage_write("etc/20-second.yaml", "guests:\n" ENTRY("second", "1GiB"));
	stage_write("etc/10-first.yaml", "guests:\n" ENTRY("first", "1GiB") ENTRY("more", "1GiB"));
	stage_taken();
	/* Before the main file's, whose last entry is for everyone. */
	stage_promises("first more second everyone");
}
END_TEST

START_TEST(new_entries_have_their_place_by_the_name_of_their_file)
{
	stage_write("main.yaml", "version: 1\nguests:\n" ENTRY("m1", "1%") ENTRY("m2", "1%"));
	stage_write("etc/zz.yaml", "guests:\n" ENTRY("z", "1%"));
	stage_write("vendor/n.yaml", "guests:\n" ENTRY("n", "1%"));
	stage_write("run/main.yaml", "guests:\n" ENTRY("same", "1%"));
	stage_write("run/l.yaml", "guests:\n" ENTRY("l", "1%"));
	stage_write("etc/A.yaml", "guests:\n" ENTRY("A", "1%"));
	stage_taken();
	/* C order: capitals first; the main file before a drop-in of its name. */
	stage_promises("A l m1 m2 same n z");
}
END_TEST

START_TEST(an_entry_of_a_name_replaces_the_earlier_one_in_its_place)
{
	stage_write("main.yaml", "version: 1\nguests:\n" ENTRY("a", "1GiB") ENTRY("b", "1GiB"));
	stage_write("etc/10.yaml", "guests:\n- {name: a, match: {name: x}, shares: 7}\n");
	stage_write("etc/20.yaml", "guests:\n" ENTRY("c", "1GiB"));
	stage_taken();
	stage_promises("c a b");
	/* The whole entry: its min is the default. */
	ck_assert_uint_eq(stage.config->promises[1].shares, 7);
	ck_assert_int_eq(stage.config->promises[1].min.kind, AMOUNT_PERMILLE);

	stage_write("etc/zz.yaml", "guests:\n" ENTRY("c", "3GiB"));
	stage_taken();
	stage_promises("c a b");
	ck_assert_uint_eq(stage.config->promises[0].min.value, 3 * BALLOOND_GIB);
}
END_TEST

START_TEST(a_disabled_entry_is_left_out_until_a_later_file_has_it)
{
	stage_write("main.yaml", "version: 1\nguests:\n" ENTRY("a", "1GiB") ENTRY("b", "1GiB"));
	stage_write("etc/10.yaml", "guests:\n- {name: a, disabled: true}\n"
				   "- {name: nobody, disabled: true}\n");
	stage_taken();
	stage_promises("b");

	stage_write("etc/20.yaml", "guests:\n" ENTRY("a", "2GiB"));
	stage_taken();
	stage_promises("a b");
	ck_assert_uint_eq(stage.config->promises[0].min.value, 2 * BALLOOND_GIB);
}
END_TEST

START_TEST(rules_are_joined_like_guests)
{
	stage_write("main.yaml",
		    "version: 1\nrules:\n"
		    "- {name: a, match: {name: a}, policy: good}\n"
		    "- {name: b, match: {name: b}, policy: good, when: {host.level: \"> low\"}}\n");
	stage_write("etc/b.yaml",
		    "rules:\n- {name: new, match: {name: c}, policy: good,"
		    " when: {host.level: \"> tight\"}}\n- {name: a, disabled: true}\n");
	stage_taken();
	ck_assert_uint_eq(stage.config->n_rules, 2);
	ck_assert_str_eq(stage.config->rules[0].name, "new");
	ck_assert_str_eq(stage.config->rules[1].name, "b");
	ck_assert_uint_eq(stage.config->rules[0].gate, 0);
	ck_assert_uint_eq(stage.config->rules[1].gate, 1);
}
END_TEST

START_TEST(complaints_name_the_right_file_in_the_order_of_the_files)
{
	stage_write("main.yaml", "version: 1\nhost: {pool: 1}\n");
	stage_write("etc/b.yaml", "guests:\n- {name: b, match: {name: b}, min: 200%}\n");
	stage_write("vendor/a.yaml", "\n\ndry-run: yes\n");
	stage_refused(3);
	stage_said(0, "main.yaml:2:14: host.pool: found '1', expected auto, an amount such as "
		      "200GiB, "
		      "or a share of the machine's memory such as 80%");
	stage_said(1, "vendor/a.yaml:3:10: dry-run: found 'yes', expected true or false");
	stage_said(2, "etc/b.yaml:2:36: guests[0].min: 200% is above 100%");
}
END_TEST

START_TEST(what_another_file_replaces_is_checked_too)
{
	stage_write("etc/10.yaml", "guests:\n- {name: a, match: {name: a}, min: 200%}\n");
	stage_write("etc/20.yaml", "guests:\n- {name: a, match: {name: a}}\n");
	stage_refused(1);
	stage_said(0, "etc/10.yaml:2:36: guests[0].min: 200% is above 100%");
	stage_write("etc/10.yaml", "guests:\n- {name: a, match: {nme: a}, disabled: true}\n");
	stage_refused(1);
	stage_said(0, "etc/10.yaml:2:21: guests[0].match.nme: unknown key, did you mean 'name'?");
}
END_TEST

START_TEST(what_fits_in_no_file_alone_is_told_where_it_is_written)
{
	stage_write("main.yaml", "version: 1\nhost: {reserve: 30%}\n");
	stage_write("etc/a.yaml", "\nhost: {pool: 80%}\n");
	stage_refused(1);
	stage_said(0, "etc/a.yaml:2:14: host.pool: 80% and a reserve of 30% are more than the "
		      "machine");
	stage_write("etc/b.yaml", "host: {pool: 60%}\n");
	stage_taken();
}
END_TEST

START_TEST(tenants_may_choose_what_another_file_names)
{
	stage_write("etc/a.yaml", "tenants: {allow: policy}\n");
	stage_refused(1);
	stage_said(0, "etc/a.yaml:1:18: tenants.allow: policy is allowed, but tenants.policies "
		      "names none to choose from");
	stage_write("etc/b.yaml", "tenants: {policies: good}\n");
	stage_taken();
	ck_assert_uint_eq(stage.config->tenants.n_rules, 1);
	stage_write("etc/c.yaml", "tenants: {allow: []}\n");
	stage_taken();
	ck_assert_uint_eq(stage.config->tenants.allow, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config-join");
	TCase *tc = tcase_create("config-join");

	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, stage_begin, stage_end);
	tcase_add_test(tc, drop_ins_win_over_the_main_file_and_later_names_over_earlier);
	tcase_add_test(tc, two_roles_do_not_wipe_each_other);
	tcase_add_test(tc, new_entries_have_their_place_by_the_name_of_their_file);
	tcase_add_test(tc, an_entry_of_a_name_replaces_the_earlier_one_in_its_place);
	tcase_add_test(tc, a_disabled_entry_is_left_out_until_a_later_file_has_it);
	tcase_add_test(tc, rules_are_joined_like_guests);
	tcase_add_test(tc, complaints_name_the_right_file_in_the_order_of_the_files);
	tcase_add_test(tc, what_another_file_replaces_is_checked_too);
	tcase_add_test(tc, what_fits_in_no_file_alone_is_told_where_it_is_written);
	tcase_add_test(tc, tenants_may_choose_what_another_file_names);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
