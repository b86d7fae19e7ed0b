/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose modules are let in, and what is no module at all: in a directory of the test's own, with a
 * copy of a good module that is spoilt in one way each.  What only root can set up (other owners, a
 * directory that is root's up to /) is tested where the tests run as root. */

#include "balloond/io/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"
#include "tests/unit/sentence.h"

static char error[512];
static char dir[64];

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
	make_dir_in("/var/lib");
}

static void remove_dir(void)
{
	(void)rmdir(in_dir("good.so"));
	(void)unlink(in_dir("good.so"));
	(void)unlink(in_dir("needy.so"));
	(void)rmdir(dir);
}

static int load_good(bool is_builtin)
{
	const struct balloond_policy *policy = NULL;
	int r = loader_load(dir, is_builtin, "good", &policy, error, sizeof(error));

	ck_assert((r == 0) == (policy != NULL));
	return r;
}

START_TEST(an_installed_module_is_loaded)
{
	ck_assert_msg(load_good(true) == 0, "%s", error);
}
END_TEST

START_TEST(a_directory_of_ones_own_is_enough_for_policy_dir)
{
	ck_assert_int_eq(load_good(false), 0);
	ck_assert_int_eq(chmod(dir, 0775), 0);
	ck_assert_int_eq(load_good(false), 0);
}
END_TEST

static void everybody_writes_the_file(void)
{
	ck_assert_int_eq(chmod(in_dir("good.so"), 0757), 0);
}

static void everybody_writes_the_directory(void)
{
	ck_assert_int_eq(chmod(dir, 0757), 0);
}

static void the_directory_is_like_tmp(void)
{
	ck_assert_int_eq(chmod(dir, 01777), 0);
}

static void the_group_writes_the_file(void)
{
	ck_assert_int_eq(chmod(in_dir("good.so"), 0775), 0);
}

static void the_group_writes_the_directory(void)
{
	ck_assert_int_eq(chmod(dir, 0775), 0);
}

static void the_file_is_given_away(void)
{
	ck_assert_int_eq(chown(in_dir("good.so"), 65534, 0), 0);
}

static void the_directory_is_given_away(void)
{
	ck_assert_int_eq(chown(dir, 65534, 0), 0);
}

static void the_directory_is_removed(void)
{
	remove_dir();
}

static void make_a_link(void)
{
	char elsewhere[4096];

	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/good.so",
		       check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR"));
	ck_assert_int_eq(unlink(in_dir("good.so")), 0);
	ck_assert_int_eq(symlink(elsewhere, in_dir("good.so")), 0);
}

/* Waits for nobody to open its other end. */
static void make_a_fifo(void)
{
	ck_assert_int_eq(unlink(in_dir("good.so")), 0);
	ck_assert_int_eq(mkfifo(in_dir("good.so"), 0700), 0);
}

static void make_a_directory(void)
{
	ck_assert_int_eq(unlink(in_dir("good.so")), 0);
	ck_assert_int_eq(mkdir(in_dir("good.so"), 0700), 0);
}

static void overwrite(off_t at, const void *bytes, size_t n)
{
	_cleanup_close_ int fd = open(in_dir("good.so"), O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(pwrite(fd, bytes, n, at), n);
}

static void make_a_text(void)
{
	overwrite(0, "a text", 6);
}

static void cut_all(void)
{
	ck_assert_int_eq(truncate(in_dir("good.so"), 0), 0);
}

static void cut_in_the_header(void)
{
	ck_assert_int_eq(truncate(in_dir("good.so"), 40), 0);
}

static void cut_in_the_segments(void)
{
	ck_assert_int_eq(truncate(in_dir("good.so"), 4096), 0);
}

static void make_it_of_another_machine(void)
{
	const unsigned char s390[2] = { 0, 22 };

	overwrite(offsetof(ElfW(Ehdr), e_machine), s390, sizeof(s390));
}

static void make_it_of_another_word_length(void)
{
	overwrite(EI_CLASS, &(char){ sizeof(void *) == 8 ? ELFCLASS32 : ELFCLASS64 }, 1);
}

static void make_it_a_program(void)
{
	overwrite(offsetof(ElfW(Ehdr), e_type), &(uint16_t){ ET_EXEC }, sizeof(uint16_t));
}

#define MODE(who, command) " can be written by " who ": if you trust it, run 'chmod " command " @"
#define OWNER "belongs to user 65534, not to root"
#define CHOWN ": if you trust it, run 'chown root @"

struct spoilt {
	void (*spoil)(void);
	int r;
	const char *says;
};

/* In a directory that --policy-dir names. */
static const struct spoilt named[] = {
	{ everybody_writes_the_file, -EPERM, "@/good.so" MODE("everybody", "o-w") "/good.so'" },
	{ everybody_writes_the_directory, -EPERM, "@" MODE("everybody", "o-w") "'" },
	{ the_directory_is_like_tmp, -EPERM,
	  "@ can be written by everybody: keep policies outside of it" },
	{ make_a_link, -EPERM, "@/good.so is a symbolic link: put the module itself in its place" },
	{ make_a_fifo, -EINVAL, "@/good.so is not a regular file: put the module in its place" },
	{ make_a_directory, -EINVAL,
	  "@/good.so is not a regular file: put the module in its place" },
	{ make_a_text, -EINVAL,
	  "@/good.so is not an ELF file: install the module that its build has made" },
	{ cut_all, -EINVAL,
	  "@/good.so is not an ELF file: install the module that its build has made" },
	{ cut_in_the_header, -EINVAL, "@/good.so was cut short: install it again" },
	{ cut_in_the_segments, -EINVAL, "@/good.so was cut short: install it again" },
	{ make_it_of_another_machine, -EINVAL,
	  "@/good.so is built for another kind of machine: build it for this one" },
	{ make_it_of_another_word_length, -EINVAL,
	  "@/good.so is built for another kind of machine: build it for this one" },
	{ make_it_a_program, -EINVAL,
	  "@/good.so is an ELF file but no shared module: link it with -shared" },
	{ the_directory_is_removed, -ENOENT,
	  "the policy directory @ cannot be opened (No such file or directory): create it, or name "
	  "another with --policy-dir" },
};

static const struct spoilt named_by_root[] = {
	{ the_file_is_given_away, -EPERM,
	  "@/good.so " OWNER " or the user of balloond" CHOWN "/good.so'" },
	{ the_directory_is_given_away, -EPERM, "@ " OWNER " or the user of balloond" CHOWN "'" },
};

static const struct spoilt builtin[] = {
	{ the_file_is_given_away, -EPERM, "@/good.so " OWNER CHOWN "/good.so'" },
	{ the_directory_is_given_away, -EPERM, "@ " OWNER CHOWN "'" },
	{ the_group_writes_the_file, -EPERM, "@/good.so" MODE("its group", "g-w") "/good.so'" },
	{ the_group_writes_the_directory, -EPERM, "@" MODE("its group", "g-w") "'" },
	{ everybody_writes_the_file, -EPERM, "@/good.so" MODE("everybody", "o-w") "/good.so'" },
	{ the_directory_is_removed, -ENOENT,
	  "the policy directory @ cannot be opened (No such file or directory): create it, or name "
	  "another with --policy-dir" },
};

static void check_spoilt(const struct spoilt *row, bool is_builtin)
{
	row->spoil();
	ck_assert_int_eq(load_good(is_builtin), row->r);
	check_sentence(error, row->says, dir);
}

START_TEST(what_is_spoilt_is_refused_with_a_sentence_that_says_what_to_do)
{
	check_spoilt(&named[_i], false);
}
END_TEST

START_TEST(what_others_own_is_refused)
{
	check_spoilt(&named_by_root[_i], false);
}
END_TEST

START_TEST(what_others_could_have_installed_is_refused)
{
	check_spoilt(&builtin[_i], true);
}
END_TEST

/* Below /tmp: the directory is good, but the sticky /tmp on the way is not. */
START_TEST(the_builtin_directory_is_examined_up_to_the_root)
{
	ck_assert_int_eq(load_good(true), -EPERM);
	ck_assert_str_eq(error, "/tmp can be written by everybody: keep policies outside of it");
}
END_TEST

START_TEST(a_module_that_was_set_right_is_loaded)
{
	ck_assert_int_eq(chmod(in_dir("good.so"), 0757), 0);
	ck_assert_int_eq(load_good(false), -EPERM);
	ck_assert_int_eq(chmod(in_dir("good.so"), 0755), 0);
	ck_assert_int_eq(load_good(false), 0);
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
	Suite *suite = suite_create("loader-trust");
	TCase *anybody = tcase_create("anybody"), *root = tcase_create("root");

	tcase_add_checked_fixture(anybody, make_dir, remove_dir);
	tcase_add_test(anybody, a_directory_of_ones_own_is_enough_for_policy_dir);
	tcase_add_loop_test(anybody, what_is_spoilt_is_refused_with_a_sentence_that_says_what_to_do,
			    0, (int)ELEMENTSOF(named));
	tcase_add_test(anybody, a_module_that_was_set_right_is_loaded);
	tcase_add_test(anybody, the_builtin_directory_is_examined_up_to_the_root);
	tcase_add_test(anybody, a_replaced_file_is_another_module);
	suite_add_tcase(suite, anybody);

	if (geteuid() == 0) {
		tcase_add_checked_fixture(root, make_root_dir, remove_dir);
		tcase_add_test(root, an_installed_module_is_loaded);
		tcase_add_loop_test(root, what_others_own_is_refused, 0,
				    (int)ELEMENTSOF(named_by_root));
		tcase_add_loop_test(root, what_others_could_have_installed_is_refused, 0,
				    (int)ELEMENTSOF(builtin));
		suite_add_tcase(suite, root);
	}
	return check_main(suite);
}
