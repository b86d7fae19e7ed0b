/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What transient guests were sold survives a restart, and nothing else is made of a file that is
 * missing, old or damaged. */

#include "balloond/io/sold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check-main.h"

#define A "00000000-0000-4000-8000-00000000000a"
#define B "00000000-0000-4000-8000-00000000000b"

static char directory[64];

static void make_directory(void)
{
	(void)strcpy(directory, "/tmp/balloond-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/sold", directory);
	(void)unlink(path); /* a test may have written none */
	ck_assert_int_eq(rmdir(directory), 0);
}

static struct domain transient(const char *uuid, int id, uint64_t bytes)
{
	struct domain d = { .id = id, .inspected_facts = GUEST_INSPECTED | GUEST_TRANSIENT };

	guest_init(&d.guest, uuid, "name");
	d.guest.sold = bytes;
	return d;
}

static void save(struct domain *first, struct domain *second)
{
	struct domain *list[] = { first, second };
	struct domains domains = { .list = list, .n = second ? 2 : 1 };
	struct sold sold = { 0 };

	ck_assert_int_eq(sold_load(&sold, directory), 0);
	sold.is_dirty = true;
	ck_assert_int_eq(sold_save(&sold, &domains), 0);
	sold_done(&sold);
}

static uint64_t load(const char *uuid, int id)
{
	struct sold sold = { 0 };
	uint64_t bytes;

	ck_assert_int_eq(sold_load(&sold, directory), 0);
	bytes = sold_find(&sold, uuid, id);
	sold_done(&sold);
	return bytes;
}

START_TEST(sold_is_there_after_a_restart)
{
	struct domain a = transient(A, 7, 1 << 30), b = transient(B, 8, 2u << 30);

	save(&a, &b);
	ck_assert_uint_eq(load(A, 7), 1 << 30);
	ck_assert_uint_eq(load(B, 8), 2u << 30);
}
END_TEST

START_TEST(sold_is_forgotten_with_the_run)
{
	struct domain a = transient(A, 7, 1 << 30);

	save(&a, NULL);
	ck_assert_uint_eq(load(A, 9), BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(sold_keeps_what_is_not_seen_yet)
{
	struct domain a = transient(A, 7, 1 << 30), b = transient(B, 8, 2u << 30);

	save(&a, NULL);
	save(&b, NULL);
	ck_assert_uint_eq(load(A, 7), 1 << 30);
	ck_assert_uint_eq(load(B, 8), 2u << 30);
}
END_TEST

START_TEST(sold_leaves_persistent_domains_to_their_definition)
{
	struct domain a = transient(A, 7, 1 << 30);

	a.inspected_facts = GUEST_INSPECTED;
	save(&a, NULL);
	ck_assert_uint_eq(load(A, 7), BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(sold_makes_nothing_of_what_it_cannot_read)
{
	static const char *const texts[] = {
		"",
		"balloond-sold 2\n" A " 7 1073741824\n",
		"balloond-sold 1\n" A " seven 1\n",
		A " 7 1073741824\n",
	};
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/sold", directory);
	ck_assert_uint_eq(load(A, 7), BALLOOND_UNKNOWN);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FILE *file = fopen(path, "w");

		ck_assert_ptr_nonnull(file);
		ck_assert_int_ge(fputs(texts[i], file), 0);
		ck_assert_int_eq(fclose(file), 0);
		ck_assert_uint_eq(load(A, 7), BALLOOND_UNKNOWN);
	}
}
END_TEST

static Suite *sold_suite(void)
{
	Suite *suite = suite_create("sold");
	TCase *tc = tcase_create("sold");

	tcase_add_checked_fixture(tc, make_directory, remove_directory);
	tcase_add_test(tc, sold_is_there_after_a_restart);
	tcase_add_test(tc, sold_is_forgotten_with_the_run);
	tcase_add_test(tc, sold_keeps_what_is_not_seen_yet);
	tcase_add_test(tc, sold_leaves_persistent_domains_to_their_definition);
	tcase_add_test(tc, sold_makes_nothing_of_what_it_cannot_read);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(sold_suite());
}
