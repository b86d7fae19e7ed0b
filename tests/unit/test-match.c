/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which guests an entry means. */

#include "balloond/core/match.h"

#include <string.h>

#include "balloond/core/text.h"
#include "tests/unit/check-main.h"

#define MiB (UINT64_C(1) << 20)
#define GiB (UINT64_C(1) << 30)
#define MAX 3

/* Patterns as they stand in a table; up to MAX a key, NULL behind the last. */
struct written {
	size_t n_sizes;
	const char *texts[MATCH_TEXTS][MAX + 1];
	struct size_range sizes[MAX];
};

struct built {
	struct match match;
	char *items[MATCH_TEXTS][MAX];
	struct size_range sizes[MAX];
};

static void build(struct built *b, const struct written *w)
{
	memset(b, 0, sizeof(*b));
	for (size_t key = 0; key < MATCH_TEXTS; key++) {
		struct patterns *p = &b->match.texts[key];

		p->items = b->items[key];
		for (; w->texts[key][p->n]; p->n++)
			p->items[p->n] = (char *)(uintptr_t)w->texts[key][p->n];
	}
	memcpy(b->sizes, w->sizes, sizeof(b->sizes));
	b->match.sizes = b->sizes;
	b->match.n_sizes = w->n_sizes;
}

static void guest_of_tests(struct guest *g)
{
	guest_init(g, "0f5ae4c4-1d3c-4f6e-9f7e-8d1c9a0b1c2d", "db-1");
	text_copy(g->labels.title, sizeof(g->labels.title), "Orders, master");
	text_copy(g->labels.hypervisor, sizeof(g->labels.hypervisor), "qemu");
	text_copy(g->labels.partition, sizeof(g->labels.partition), "/machine/gold");
	text_copy(g->labels.os, sizeof(g->labels.os), "http://debian.org/debian/12");
	text_copy(g->labels.tags, sizeof(g->labels.tags), "gold db nightly");
	g->seen.maximum = 4 * GiB;
}

static const struct row {
	const char *what;
	struct written written;
	bool is_meant;
} rows[] = {
	{ "nothing is written: every guest", { 0 }, true },
	{ "its name", { .texts = { [MATCH_NAME] = { "db-1" } } }, true },
	{ "the start of its name", { .texts = { [MATCH_NAME] = { "db" } } }, false },
	{ "a pattern on its name", { .texts = { [MATCH_NAME] = { "db-*" } } }, true },
	{ "any name", { .texts = { [MATCH_NAME] = { "*" } } }, true },
	{ "one character", { .texts = { [MATCH_NAME] = { "db-?" } } }, true },
	{ "one of some", { .texts = { [MATCH_NAME] = { "db-[0-4]" } } }, true },
	{ "none of some", { .texts = { [MATCH_NAME] = { "db-[!0-4]" } } }, false },
	{ "another case", { .texts = { [MATCH_NAME] = { "DB-*" } } }, false },
	{ "the last of a list", { .texts = { [MATCH_NAME] = { "pg-*", "x", "db-*" } } }, true },
	{ "none of a list", { .texts = { [MATCH_NAME] = { "pg-*", "x", "y" } } }, false },
	{ "its uuid", { .texts = { [MATCH_UUID] = { "0f5ae4c4-*" } } }, true },
	{ "another uuid", { .texts = { [MATCH_UUID] = { "1f5ae4c4-*" } } }, false },
	{ "its title", { .texts = { [MATCH_TITLE] = { "Orders,*" } } }, true },
	{ "another title", { .texts = { [MATCH_TITLE] = { "Invoices*" } } }, false },
	{ "its hypervisor", { .texts = { [MATCH_HYPERVISOR] = { "xen", "qemu" } } }, true },
	{ "another hypervisor", { .texts = { [MATCH_HYPERVISOR] = { "xen" } } }, false },
	/* A star goes over slashes: partitions are no files. */
	{ "its partition", { .texts = { [MATCH_PARTITION] = { "/machine*" } } }, true },
	{ "another partition", { .texts = { [MATCH_PARTITION] = { "/machine" } } }, false },
	{ "its system", { .texts = { [MATCH_OS] = { "http://debian.org/*" } } }, true },
	{ "another system", { .texts = { [MATCH_OS] = { "http://microsoft.com/*" } } }, false },
	{ "its first tag", { .texts = { [MATCH_TAG] = { "gold" } } }, true },
	{ "its last tag", { .texts = { [MATCH_TAG] = { "nightly" } } }, true },
	{ "a pattern on a tag", { .texts = { [MATCH_TAG] = { "night*" } } }, true },
	{ "two tags at once", { .texts = { [MATCH_TAG] = { "gold db" } } }, false },
	{ "a part of a tag", { .texts = { [MATCH_TAG] = { "old" } } }, false },
	{ "one of some tags", { .texts = { [MATCH_TAG] = { "silver", "db" } } }, true },
	{ "no tag of some", { .texts = { [MATCH_TAG] = { "silver", "web" } } }, false },
	{ "its size", { .sizes = { { 4 * GiB, 4 * GiB } }, .n_sizes = 1 }, true },
	{ "up to its size", { .sizes = { { 0, 4 * GiB } }, .n_sizes = 1 }, true },
	{ "from its size on", { .sizes = { { 4 * GiB, UINT64_MAX } }, .n_sizes = 1 }, true },
	{ "just less", { .sizes = { { 0, 4 * GiB - 1 } }, .n_sizes = 1 }, false },
	{ "just more", { .sizes = { { 4 * GiB + 1, UINT64_MAX } }, .n_sizes = 1 }, false },
	{ "one of two sizes",
	  { .sizes = { { 0, GiB }, { 2 * GiB, 5 * GiB } }, .n_sizes = 2 },
	  true },
	{ "between two sizes",
	  { .sizes = { { 0, GiB }, { 5 * GiB, 9 * GiB } }, .n_sizes = 2 },
	  false },
	{ "two keys that hold",
	  { .texts = { [MATCH_NAME] = { "db-*" }, [MATCH_TAG] = { "gold" } } },
	  true },
	{ "two keys, the first wrong",
	  { .texts = { [MATCH_NAME] = { "pg-*" }, [MATCH_TAG] = { "gold" } } },
	  false },
	{ "two keys, the last wrong",
	  { .texts = { [MATCH_NAME] = { "db-*" }, [MATCH_TAG] = { "silver" } } },
	  false },
	{ "a text that holds and a size that does not",
	  { .texts = { [MATCH_NAME] = { "db-*" } }, .sizes = { { 0, GiB } }, .n_sizes = 1 },
	  false },
};

START_TEST(a_guest_is_meant_if_every_key_that_is_written_holds)
{
	struct built built;
	struct guest g;

	build(&built, &rows[_i].written);
	guest_of_tests(&g);
	ck_assert_msg(match_guest(&built.match, &g) == rows[_i].is_meant, "%s", rows[_i].what);
}
END_TEST

START_TEST(every_key_has_a_row_that_holds_and_one_that_does_not)
{
	for (size_t key = 0; key < MATCH_TEXTS; key++) {
		unsigned seen = 0;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (rows[i].written.texts[key][0])
				seen |= rows[i].is_meant ? 1u : 2u;
		ck_assert_uint_eq(seen, 3);
	}
}
END_TEST

static const struct written not_pg = { .texts = { [MATCH_NAME] = { "pg-*" } } };
static const struct written not_gold = { .texts = { [MATCH_TAG] = { "gold" } } };
static const struct written not_small = { .sizes = { { 0, GiB } }, .n_sizes = 1 };
static const struct written not_small_gold = {
	.texts = { [MATCH_TAG] = { "gold" } },
	.sizes = { { 0, GiB } },
	.n_sizes = 1,
};

/* What is excluded from every guest. */
static const struct {
	const char *what;
	const struct written *nots[2];
	bool is_meant;
} exclusions[] = {
	{ "one that does not hold", { &not_pg }, true },
	{ "one that holds", { &not_gold }, false },
	{ "none of two", { &not_pg, &not_small }, true },
	{ "the first of two", { &not_gold, &not_small }, false },
	{ "the last of two", { &not_small, &not_gold }, false },
	{ "one of which half holds", { &not_small_gold }, true },
};

START_TEST(a_guest_is_not_meant_if_anything_that_is_excluded_holds)
{
	static const struct written every = { .texts = { [MATCH_NAME] = { "db-*" } } };
	struct match nots[2];
	struct built built, parts[2];
	struct guest g;

	guest_of_tests(&g);
	build(&built, &every);
	built.match.nots = nots;
	for (size_t i = 0; i < 2 && exclusions[_i].nots[i]; i++) {
		build(&parts[i], exclusions[_i].nots[i]);
		nots[built.match.n_nots++] = parts[i].match;
	}
	ck_assert_msg(match_guest(&built.match, &g) == exclusions[_i].is_meant, "%s",
		      exclusions[_i].what);
	g.name[0] = 'x'; /* and nothing excludes a guest into an entry */
	ck_assert(!match_guest(&built.match, &g));
}
END_TEST

/* Texts are the tenant's: what is a pattern in the file is a letter in a guest. */
static const struct {
	const char *pattern, *text;
	bool is_meant;
} literals[] = {
	{ "db-1", "*", false },
	{ "db-1", "db-?", false },
	{ "db-1", "db-[0-9]", false },
	{ "db-1", "[", false },
	{ "db-1", "\\db-1", false },
	{ "db-1", "db-1\n", false },
	{ "*", "*", true },
	{ "\\*", "*", true },
	{ "\\*", "x", false },
	{ "[*]", "*", true },
	{ "[*]", "db-1", false },
	{ "x[[]y*", "x[y]", true },
	{ "x\\[y\\]", "x[y]", true },
	{ "x[y]", "x[y]", false }, /* of the file: one of the letters in brackets */
	{ "x[y]", "xy", true },
	{ "db-*", "db-\xff\xfe", true }, /* no text in any encoding */
	{ "?", "", false },
	{ "", "", true },
	{ "", "x", false },
};

START_TEST(patterns_stand_in_the_file_and_never_in_a_guest)
{
	struct written written = { 0 };
	struct built built;
	struct guest g;

	guest_of_tests(&g);
	text_copy(g.name, sizeof(g.name), literals[_i].text);
	text_copy(g.labels.title, sizeof(g.labels.title), literals[_i].text);
	for (enum match_text key = MATCH_NAME; key <= MATCH_TITLE; key += MATCH_TITLE) {
		memset(&written, 0, sizeof(written));
		written.texts[key][0] = literals[_i].pattern;
		build(&built, &written);
		ck_assert_msg(match_guest(&built.match, &g) == literals[_i].is_meant,
			      "'%s' on '%s'", literals[_i].pattern, literals[_i].text);
	}
}
END_TEST

START_TEST(a_guest_without_tags_has_none_that_a_star_could_mean)
{
	const struct written any = { .texts = { [MATCH_TAG] = { "*" } } };
	struct built built;
	struct guest g;

	build(&built, &any);
	guest_of_tests(&g);
	ck_assert(match_guest(&built.match, &g));
	g.labels.tags[0] = '\0';
	ck_assert(!match_guest(&built.match, &g));
	text_copy(g.labels.tags, sizeof(g.labels.tags), "x");
	ck_assert(match_guest(&built.match, &g));
}
END_TEST

START_TEST(a_tag_as_long_as_its_field_is_read_whole)
{
	struct written written = { 0 };
	char tag[GUEST_LABEL_MAX];
	struct built built;
	struct guest g;

	memset(tag, 't', sizeof(tag) - 1);
	tag[sizeof(tag) - 1] = '\0';
	guest_of_tests(&g);
	text_copy(g.labels.tags, sizeof(g.labels.tags), tag);
	written.texts[MATCH_TAG][0] = tag;
	build(&built, &written);
	ck_assert(match_guest(&built.match, &g));
	tag[sizeof(tag) - 2] = '\0';
	ck_assert(!match_guest(&built.match, &g));
}
END_TEST

START_TEST(a_guest_whose_maximum_is_not_known_has_no_size)
{
	const struct written any = { .sizes = { { 0, UINT64_MAX } }, .n_sizes = 1 };
	struct match nots[1];
	struct built built;
	struct guest g;

	build(&built, &any);
	guest_of_tests(&g);
	ck_assert(match_guest(&built.match, &g));
	g.seen.maximum = BALLOOND_UNKNOWN;
	ck_assert(!match_guest(&built.match, &g));
	/* Nor is it excluded for its size. */
	nots[0] = built.match;
	built.match = (struct match){ .nots = nots, .n_nots = 1 };
	ck_assert(match_guest(&built.match, &g));
}
END_TEST

START_TEST(the_first_entry_that_means_a_guest_is_its_promise)
{
	static const struct written written[] = {
		{ .texts = { [MATCH_NAME] = { "pg-*" } } },
		{ .texts = { [MATCH_NAME] = { "db-*" } } },
		{ .texts = { [MATCH_TAG] = { "gold" } } },
	};
	struct promise promises[3] = { 0 };
	struct config config = { .promises = promises, .n_promises = 3 };
	struct built built[3];
	struct guest g;

	guest_of_tests(&g);
	for (size_t i = 0; i < 3; i++) {
		build(&built[i], &written[i]);
		promises[i].match = built[i].match;
	}
	ck_assert_ptr_eq(match_promise(&config, &g), &promises[1]);
	text_copy(g.name, sizeof(g.name), "web");
	ck_assert_ptr_eq(match_promise(&config, &g), &promises[2]);
	g.labels.tags[0] = '\0';
	ck_assert_ptr_null(match_promise(&config, &g));
	config.n_promises = 0;
	ck_assert_ptr_null(match_promise(&config, &g));
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("match");
	TCase *tc = tcase_create("match");

	tcase_add_loop_test(tc, a_guest_is_meant_if_every_key_that_is_written_holds, 0, N(rows));
	tcase_add_test(tc, every_key_has_a_row_that_holds_and_one_that_does_not);
	tcase_add_loop_test(tc, a_guest_is_not_meant_if_anything_that_is_excluded_holds, 0,
			    N(exclusions));
	tcase_add_loop_test(tc, patterns_stand_in_the_file_and_never_in_a_guest, 0, N(literals));
	tcase_add_test(tc, a_guest_without_tags_has_none_that_a_star_could_mean);
	tcase_add_test(tc, a_tag_as_long_as_its_field_is_read_whole);
	tcase_add_test(tc, a_guest_whose_maximum_is_not_known_has_no_size);
	tcase_add_test(tc, the_first_entry_that_means_a_guest_is_its_promise);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
