/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which modules are let in, by what they say of themselves; whether their files are trusted is
 * test-loader-trust.c's. */

#include "balloond/io/loader.h"

#include <errno.h>
#include <string.h>

#include "balloond/io/descriptor.h"
#include "balloond/io/util.h"
#include "tests/unit/check-main.h"
#include "tests/unit/sentence.h"

static char error[512];

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

#define REBUILD "rebuild it with this balloond's headers"
#define NAMES "names are a-z, then up to 31 of a-z 0-9 -, types those of enum balloond_type"
#define SPELLING "write its file's name without directory and .so, a-z, then up to 31 of a-z 0-9 -"

/* See sentence.h for '#' and '@'. */
static const struct {
	const char *name;
	int r;
	const char *says;
} refusals[] = {
	{ "wrong-abi", -EINVAL,
	  "wrong-abi.so is built for policy ABI 2, this balloond has ABI 1: update balloond, "
	  "or " REBUILD },
	{ "older-abi", -EINVAL,
	  "older-abi.so is built for policy ABI 0, this balloond has ABI 1: " REBUILD },
	{ "wrong-size", -EINVAL,
	  "wrong-size.so has a descriptor of 16 bytes, ABI 1 begins with #: " REBUILD },
	{ "newer-size", -EINVAL,
	  "newer-size.so has a descriptor of 4096 bytes, this balloond knows # of them: update "
	  "balloond, or " REBUILD },
	{ "wrong-name", -EINVAL,
	  "wrong-name.so calls itself 'somebody-else', expected 'wrong-name': rename the file or "
	  "the policy" },
	{ "no-propose", -EINVAL,
	  "no-propose.so has no propose function: set it in its descriptor" },
	{ "no-summary", -EINVAL, "no-summary.so has no summary: set it in its descriptor" },
	{ "no-table", -EINVAL,
	  "no-table.so counts reasons, figures or parameters that it does not have: set each table "
	  "with its count" },
	{ "bad-figure", -EINVAL,
	  "bad-figure.so has no valid name or type for its figure 0: " NAMES },
	{ "bad-param", -EINVAL,
	  "bad-param.so has no valid name or type for its parameter 1: " NAMES },
	{ "bad-default", -EINVAL,
	  "bad-default.so has a wrong default of its parameter 'low': 95% is above 90%" },
	{ "bad-bounds", -EINVAL,
	  "bad-bounds.so has a wrong high bound of its parameter 'step': 1MiB is below 4MiB" },
	{ "bad-offset", -EINVAL,
	  "bad-offset.so has its parameter 'low' at offset 48 of 48 bytes: use offsetof() of a "
	  "uint64_t in the struct of params_size" },
	{ "twin-params", -EINVAL,
	  "twin-params.so has two parameters 'low' and 'high' with one name or place: give each "
	  "its own" },
	{ "null-reason", -EINVAL,
	  "null-reason.so has no text for its reason 1: fill reasons[] without gaps" },
	{ "many-figures", -EINVAL, "many-figures.so has 5 figures, at most 4 are allowed" },
	{ "huge-state", -EINVAL,
	  "huge-state.so has 1048576 bytes of state a guest, at most 65536 are allowed" },
	{ "no-export", -EINVAL,
	  "no-export.so does not export balloond_policy: define it as policy.h declares it" },
	{ "unresolved", -EINVAL,
	  "unresolved.so cannot be loaded (undefined symbol: fixture_nobody_has_this): it has to "
	  "be "
	  "built with policy.h and policy-math.h alone, and to lie where files may be executed" },
	{ "absent", -ENOENT,
	  "there is no policy 'absent', for @/absent.so does not exist: install it there or "
	  "correct "
	  "the name" },
	{ "../good", -EINVAL, "'../good' is no name of a policy: " SPELLING },
	{ "Good", -EINVAL, "'Good' is no name of a policy: " SPELLING },
	{ "", -EINVAL, "'' is no name of a policy: " SPELLING },
	{ "a23456789-123456789-123456789-123", -EINVAL,
	  "'a23456789-123456789-123456789-123' is no name of a policy: " SPELLING },
};

START_TEST(what_is_no_policy_is_refused_with_a_sentence_that_says_what_to_do)
{
	ck_assert_int_eq(load_fixture(refusals[_i].name), refusals[_i].r);
	check_sentence(error, refusals[_i].says, check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR"));
}
END_TEST

/* How it goes on is core's to say: what a size may look like. */
START_TEST(a_default_that_cannot_be_read_is_refused)
{
	const char *begin = "bad-spelling.so has a wrong default of its parameter 'step': ";

	ck_assert_int_eq(load_fixture("bad-spelling"), -EINVAL);
	ck_assert_msg(strncmp(error, begin, strlen(begin)) == 0 && strstr(error, "2MB"), "%s",
		      error);
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

int main(void)
{
	Suite *suite = suite_create("loader");
	TCase *modules = tcase_create("modules");

	tcase_add_test(modules, a_good_module_is_loaded_once);
	tcase_add_test(modules, modules_are_not_mixed_up);
	tcase_add_test(modules, refused_modules_do_not_use_up_descriptors);
	tcase_add_loop_test(modules,
			    what_is_no_policy_is_refused_with_a_sentence_that_says_what_to_do, 0,
			    (int)ELEMENTSOF(refusals));
	tcase_add_test(modules, a_default_that_cannot_be_read_is_refused);
	tcase_add_test(modules, names_of_policies_have_32_letters_at_most);
	suite_add_tcase(suite, modules);
	return check_main(suite);
}
