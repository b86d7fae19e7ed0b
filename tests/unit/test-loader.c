/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which modules are let in.  Trust is tested in directories of the test's own, with copies of a
 * good module; what only root can set up (other owners) is tested where the tests run as root. */

#include "balloond/io/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "balloond/io/descriptor.h"
#include "balloond/io/util.h"
#include "tests/unit/check-main.h"

static char error[512];
static char dir[64];

static int load_from(const char *from, const char *name)
{
	const struct balloond_policy *policy = NULL;
	int r;

	error[0] = '\0';
	r = loader_load(from, false, name, &policy, error, sizeof(error));
	ck_assert((r == 0) == (policy != NULL));
	ck_assert((r < 0) == (error[0] != '\0'));
	return r;
}

static int load_fixture(const char *name)
{
	return load_from(check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR"), name);
}

static void copy_module(const char *name, const char *as)
{
	char from[4096], to[4096];
	_cleanup_close_ int in = -1, out = -1;
	struct stat st;

	(void)snprintf(from, sizeof(from), "%s/%s.so",
		       check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR"), name);
	(void)snprintf(to, sizeof(to), "%s/%s", dir, as);
	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	ck_assert(in >= 0 && out >= 0 && fstat(in, &st) == 0);
	ck_assert_int_eq(sendfile(out, in, NULL, (size_t)st.st_size), st.st_size);
}

static const char *in_dir(const char *name)
{
	static char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void make_dir_in(const char *parent)
{
	(void)snprintf(dir, sizeof(dir), "%s/balloond-test-loader-XXXXXX", parent);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	copy_module("good", "good.so");
}

static void make_dir(void)
{
	make_dir_in("/tmp");
}

/* Root's up to /, as an installed directory is. */
static void make_root_dir(void)
{
	make_dir_in("/run");
}

static void remove_dir(void)
{
	(void)unlink(in_dir("good.so"));
	(void)unlink(in_dir("link.so"));
	(void)unlink(in_dir("needy.so"));
	(void)rmdir(in_dir("fifo.so"));
	(void)unlink(in_dir("fifo.so"));
	(void)rmdir(dir);
}

START_TEST(a_good_module_is_loaded_once)
{
	const struct balloond_policy *first = NULL, *second = NULL;
	const char *from = check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR");

	ck_assert_int_eq(loader_load(from, false, "good", &first, error, sizeof(error)), 0);
	ck_assert_int_eq(loader_load(from, false, "good", &second, error, sizeof(error)), 0);
	ck_assert_ptr_eq(first, second);
	ck_assert_str_eq(first->name, "good");
}
END_TEST

/* The dynamic linker knows files by name: /proc/self/fd/N must not stand for two of them. */
START_TEST(modules_are_not_mixed_up)
{
	const struct balloond_policy *good = NULL, *needy = NULL;
	const char *from = check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR");

	ck_assert_int_eq(load_fixture("wrong-abi"), -EINVAL);
	ck_assert_int_eq(load_fixture("unresolved"), -EINVAL);
	ck_assert_int_eq(loader_load(from, false, "good", &good, error, sizeof(error)), 0);
	ck_assert_int_eq(loader_load(from, false, "needy", &needy, error, sizeof(error)), 0);
	ck_assert_str_eq(good->name, "good");
	ck_assert_str_eq(needy->name, "needy");
}
END_TEST

START_TEST(refused_modules_do_not_use_up_descriptors)
{
	int before, after;

	ck_assert_int_eq(load_fixture("wrong-abi"), -EINVAL);
	ck_assert_int_eq(load_fixture("unresolved"), -EINVAL);
	before = dup(0);
	close(before);
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(load_fixture("wrong-abi"), -EINVAL);
		ck_assert_int_eq(load_fixture("unresolved"), -EINVAL);
		ck_assert_int_eq(load_fixture("absent"), -ENOENT);
	}
	after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
}
END_TEST

static const struct {
	const char *name;
	int r;
	const char *says;
} refusals[] = {
	{ "wrong-abi", -EINVAL, "wrong-abi.so is built for policy ABI 2, this balloond has ABI 1" },
	{ "wrong-size", -EINVAL, "wrong-size.so has a descriptor of 16 bytes, ABI 1 begins with" },
	{ "wrong-name", -EINVAL, "calls itself 'somebody-else', expected 'wrong-name'" },
	{ "no-propose", -EINVAL, "has no propose function" },
	{ "bad-default", -EINVAL, "wrong default of its parameter 'low': 95% is above 90%" },
	{ "bad-bounds", -EINVAL, "wrong high bound of its parameter 'step': 1MiB is below 4MiB" },
	{ "bad-spelling", -EINVAL, "wrong default of its parameter 'step': found '2MB'" },
	{ "bad-offset", -EINVAL, "has its parameter 'low' at offset 48 of 48 bytes" },
	{ "twin-params", -EINVAL, "two parameters 'low' and 'high' with one name or place" },
	{ "null-reason", -EINVAL, "has no text for its reason 1" },
	{ "many-figures", -EINVAL, "has 5 figures, at most 4 are allowed" },
	{ "huge-state", -EINVAL, "has 1048576 bytes of state a guest, at most 65536 are allowed" },
	{ "no-export", -EINVAL, "no-export.so does not export balloond_policy" },
	{ "unresolved", -EINVAL, "undefined symbol: fixture_nobody_has_this" },
	{ "absent", -ENOENT, "there is no policy 'absent': " },
	{ "../good", -EINVAL, "'../good' is no name of a policy" },
	{ "Good", -EINVAL, "'Good' is no name of a policy" },
	{ "", -EINVAL, "'' is no name of a policy" },
	{ "a23456789-123456789-123456789-123", -EINVAL, "is no name of a policy" },
};

START_TEST(what_is_no_policy_is_refused_with_a_sentence)
{
	ck_assert_int_eq(load_fixture(refusals[_i].name), refusals[_i].r);
	ck_assert_msg(strstr(error, refusals[_i].says) != NULL, "'%s' does not say '%s'", error,
		      refusals[_i].says);
}
END_TEST

START_TEST(names_of_policies_have_32_letters_at_most)
{
	ck_assert(descriptor_name_is_valid("a23456789-123456789-123456789-12"));
	ck_assert(!descriptor_name_is_valid("a23456789-123456789-123456789-123"));
	ck_assert(!descriptor_name_is_valid("1a"));
	ck_assert(!descriptor_name_is_valid("-a"));
	ck_assert(!descriptor_name_is_valid("a_b"));
	ck_assert(!descriptor_name_is_valid(NULL));
}
END_TEST

START_TEST(a_directory_of_ones_own_is_enough_for_policy_dir)
{
	ck_assert_int_eq(load_from(dir, "good"), 0);
	ck_assert_int_eq(chmod(dir, 0775), 0);
	ck_assert_int_eq(load_from(dir, "good"), 0);
}
END_TEST

START_TEST(a_directory_that_everybody_can_write_is_refused_sticky_or_not)
{
	ck_assert_int_eq(chmod(dir, 0757), 0);
	ck_assert_int_eq(load_from(dir, "good"), -EPERM);
	ck_assert_ptr_nonnull(strstr(error, "can be written by everybody: not loaded"));
	ck_assert_int_eq(chmod(dir, 01777), 0);
	ck_assert_int_eq(load_from(dir, "good"), -EPERM);
}
END_TEST

START_TEST(a_file_that_everybody_can_write_is_refused)
{
	ck_assert_int_eq(chmod(in_dir("good.so"), 0757), 0);
	ck_assert_int_eq(load_from(dir, "good"), -EPERM);
	ck_assert_ptr_nonnull(strstr(error, "good.so can be written by everybody"));
}
END_TEST

START_TEST(a_symbolic_link_is_refused)
{
	ck_assert_int_eq(symlink("good.so", in_dir("link.so")), 0);
	ck_assert_int_eq(load_from(dir, "link"), -EPERM);
	ck_assert_ptr_nonnull(strstr(error, "link.so is a symbolic link"));
}
END_TEST

START_TEST(a_fifo_and_a_directory_are_refused_without_waiting)
{
	ck_assert_int_eq(mkfifo(in_dir("fifo.so"), 0700), 0);
	ck_assert_int_eq(load_from(dir, "fifo"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error, "is not a regular file"));
	ck_assert_int_eq(unlink(in_dir("fifo.so")), 0);
	ck_assert_int_eq(mkdir(in_dir("fifo.so"), 0700), 0);
	ck_assert_int_eq(load_from(dir, "fifo"), -EINVAL);
}
END_TEST

START_TEST(a_file_of_somebody_else_is_refused)
{
	ck_assert_int_eq(chown(in_dir("good.so"), 65534, 65534), 0);
	ck_assert_int_eq(load_from(dir, "good"), -EPERM);
	ck_assert_ptr_nonnull(strstr(error, "owned by neither root nor the user of balloond"));
	ck_assert_int_eq(chown(in_dir("good.so"), 0, 0), 0);
	ck_assert_int_eq(chown(dir, 65534, 65534), 0);
	ck_assert_int_eq(load_from(dir, "good"), -EPERM);
}
END_TEST

/* Below /tmp: the directory is good, but the sticky /tmp on the way is not. */
START_TEST(the_builtin_directory_is_examined_up_to_the_root)
{
	const struct balloond_policy *policy = NULL;

	ck_assert_int_eq(loader_load(dir, true, "good", &policy, error, sizeof(error)), -EPERM);
	ck_assert_ptr_null(policy);
	ck_assert_ptr_nonnull(strstr(error, "can be written by"));
}
END_TEST

static int load_builtin(void)
{
	const struct balloond_policy *policy = NULL;

	return loader_load(dir, true, "good", &policy, error, sizeof(error));
}

START_TEST(the_builtin_directory_is_roots_alone)
{
	ck_assert_msg(load_builtin() == 0, "%s", error);
	ck_assert_int_eq(chmod(dir, 0775), 0);
	ck_assert_int_eq(load_builtin(), -EPERM);
	ck_assert_ptr_nonnull(strstr(error, "can be written by its group"));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(chmod(in_dir("good.so"), 0775), 0);
	ck_assert_int_eq(load_builtin(), -EPERM);
	ck_assert_int_eq(chmod(in_dir("good.so"), 0755), 0);
	ck_assert_int_eq(load_builtin(), 0);
	ck_assert_int_eq(chown(in_dir("good.so"), 65534, 0), 0);
	ck_assert_int_eq(load_builtin(), -EPERM);
	ck_assert_ptr_nonnull(strstr(error, "is not owned by root"));
}
END_TEST

/* A package upgrade replaces the file: whoever has the old one keeps it, a reload finds the new. */
START_TEST(a_replaced_file_is_another_module)
{
	const struct balloond_policy *old = NULL, *new = NULL;
	char path[sizeof(dir) + 16];

	(void)snprintf(path, sizeof(path), "%s/good.so", dir);
	ck_assert_int_eq(loader_load(dir, false, "good", &old, error, sizeof(error)), 0);
	copy_module("good", "needy.so");
	ck_assert_int_eq(rename(in_dir("needy.so"), path), 0);
	ck_assert_int_eq(loader_load(dir, false, "good", &new, error, sizeof(error)), 0);
	ck_assert_ptr_ne(old, new);
	ck_assert_str_eq(old->summary, new->summary);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loader");
	TCase *modules = tcase_create("modules"), *trust = tcase_create("trust");
	TCase *builtin = tcase_create("builtin");

	tcase_add_test(modules, a_good_module_is_loaded_once);
	tcase_add_test(modules, modules_are_not_mixed_up);
	tcase_add_test(modules, refused_modules_do_not_use_up_descriptors);
	tcase_add_loop_test(modules, what_is_no_policy_is_refused_with_a_sentence, 0,
			    (int)ELEMENTSOF(refusals));
	tcase_add_test(modules, names_of_policies_have_32_letters_at_most);
	suite_add_tcase(suite, modules);

	tcase_add_checked_fixture(trust, make_dir, remove_dir);
	tcase_add_test(trust, a_directory_of_ones_own_is_enough_for_policy_dir);
	tcase_add_test(trust, a_directory_that_everybody_can_write_is_refused_sticky_or_not);
	tcase_add_test(trust, a_file_that_everybody_can_write_is_refused);
	tcase_add_test(trust, a_symbolic_link_is_refused);
	tcase_add_test(trust, a_fifo_and_a_directory_are_refused_without_waiting);
	tcase_add_test(trust, the_builtin_directory_is_examined_up_to_the_root);
	tcase_add_test(trust, a_replaced_file_is_another_module);
	suite_add_tcase(suite, trust);

	/* Only root can give files away. */
	if (geteuid() == 0) {
		tcase_add_test(trust, a_file_of_somebody_else_is_refused);
		tcase_add_checked_fixture(builtin, make_root_dir, remove_dir);
		tcase_add_test(builtin, the_builtin_directory_is_roots_alone);
		suite_add_tcase(suite, builtin);
	}
	return check_main(suite);
}
