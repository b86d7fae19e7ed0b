/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"

static const struct source source = { .name = "t" };

static struct node *composed(const char *text)
{
	struct diagnostics d = { 0 };
	struct node *root = NULL;
	int r = yaml_compose(text, strlen(text), &source, &d, &root);

	ck_assert_msg(r == 0, "%s", d.n_items > 0 ? d.items[0].text : "no reason given");
	ck_assert_uint_eq(d.n_items, 0);
	return root;
}

static void refused(const char *text, size_t size, const char *expected)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct node *root = NULL;

	ck_assert_int_eq(yaml_compose(text, size, &source, &d, &root), -EINVAL);
	ck_assert_ptr_null(root);
	ck_assert_uint_ge(d.n_items, 1);
	ck_assert_msg(strstr(d.items[0].text, expected) != NULL, "'%s' does not say '%s'",
		      d.items[0].text, expected);
}

START_TEST(nodes_know_where_they_were_written)
{
	_cleanup_node_ struct node *root = composed("a: 1\nb:\n  - x\n  - {c: \"é\", d: y}\n");
	const struct node *b = node_find(root, "b");
	const struct node *d = node_find(b->last, "d");
	char path[NODE_PATH_MAX];

	ck_assert_int_eq(b->kind, NODE_SEQUENCE);
	ck_assert_uint_eq(b->n_children, 2);
	ck_assert_uint_eq(b->key_line, 2);
	ck_assert_uint_eq(b->key_column, 1);
	ck_assert_str_eq(node_text(b->first), "x");
	ck_assert_uint_eq(b->first->line, 3);
	ck_assert_uint_eq(b->first->column, 5);
	ck_assert_ptr_eq(b->first->source, &source);
	/* Columns count characters, not bytes. */
	ck_assert_uint_eq(d->line, 4);
	ck_assert_uint_eq(d->key_column, 14);
	ck_assert_uint_eq(d->column, 17);
	ck_assert_str_eq(node_path(path, d), "b[1].d");
	ck_assert_str_eq(node_path(path, root), "");
	ck_assert_ptr_null(node_find(root, "c"));
	ck_assert_ptr_null(node_find(b, "c"));
}
END_TEST

START_TEST(quotes_are_remembered)
{
	_cleanup_node_ struct node *root = composed("- true\n- \"true\"\n- 'true'\n- |\n  true\n");
	const struct node *n = root->first;

	ck_assert(!n->quoted);
	ck_assert(n->next->quoted);
	ck_assert(n->next->next->quoted);
	ck_assert(n->next->next->next->quoted);
}
END_TEST

START_TEST(null_is_no_text_but_a_quoted_null_is)
{
	_cleanup_node_ struct node *root = composed("a:\nb: ~\nc: null\nd: \"null\"\ne: ''\n");

	ck_assert_ptr_null(node_text(node_find(root, "a")));
	ck_assert_ptr_null(node_text(node_find(root, "b")));
	ck_assert_ptr_null(node_text(node_find(root, "c")));
	ck_assert_str_eq(node_text(node_find(root, "d")), "null");
	ck_assert_str_eq(node_text(node_find(root, "e")), "");
}
END_TEST

START_TEST(an_empty_file_is_an_empty_mapping)
{
	_cleanup_node_ struct node *root = composed("# only a comment\n");

	ck_assert_int_eq(root->kind, NODE_MAPPING);
	ck_assert_uint_eq(root->n_children, 0);
	ck_assert_uint_eq(root->line, 1);
	ck_assert_uint_eq(root->column, 1);
}
END_TEST

static char *nested(unsigned depth)
{
	char *text = calloc(1, 2 * depth + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	return text;
}

START_TEST(nesting_ends_at_32)
{
	_cleanup_free_ char *most = nested(YAML_MAX_DEPTH), *more = nested(YAML_MAX_DEPTH + 1);
	_cleanup_node_ struct node *root = composed(most);

	ck_assert_uint_eq(root->n_children, 1);
	refused(more, strlen(more), "t:1:33: more than 32 levels");
}
END_TEST

START_TEST(nodes_end_at_10000)
{
	/* The list itself is one. */
	_cleanup_free_ char *text = malloc(2 * YAML_MAX_NODES + 1);
	_cleanup_node_ struct node *root = NULL;

	ck_assert_ptr_nonnull(text);
	text[0] = '[';
	for (size_t i = 1; i < 2 * YAML_MAX_NODES; i++)
		text[i] = i % 2 ? 'x' : ',';
	text[2 * YAML_MAX_NODES - 1] = ']';
	text[2 * YAML_MAX_NODES] = '\0';
	root = composed(text);
	ck_assert_uint_eq(root->n_children, YAML_MAX_NODES - 1);
	text[2 * YAML_MAX_NODES - 1] = 'x';
	text[2 * YAML_MAX_NODES] = ']';
	refused(text, 2 * YAML_MAX_NODES + 1, "more than 10000 values");
}
END_TEST

/* With libyaml's own loader these take minutes (nesting) or much memory. */
START_TEST(hostile_files_are_refused_at_once)
{
	static const char *const parts[] = {
		"[",   "{a: ", "- ", "? ", "a: &a\n", "x ",  "\"",
		"[x,", "!!",   "{",  "\n", "\t",      "|\n", "%TAG ! tag:x,\n"
	};
	size_t size = YAML_MAX_SIZE, length = strlen(parts[_i]);
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	_cleanup_free_ char *text = malloc(size);
	_cleanup_node_ struct node *root = NULL;
	int r;

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < size; i++)
		text[i] = parts[_i][i % length];
	/* Harmless ones compose; what counts is that it ends (the timeout of the test). */
	r = yaml_compose(text, size, &source, &d, &root);
	ck_assert(r == 0 || r == -EINVAL);
	ck_assert((r == 0) == (d.n_items == 0));
}
END_TEST

/* libyaml's own loader takes 40 s.  The process's clock: other load does not count. */
START_TEST(a_hundred_thousand_brackets_take_less_than_50_ms)
{
	size_t size = 100000;
	_cleanup_free_ char *text = malloc(size);
	struct timespec begin, end;
	int64_t elapsed_us;

	ck_assert_ptr_nonnull(text);
	memset(text, '[', size);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	refused(text, size, "t:1:33: more than 32 levels");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	elapsed_us = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
	ck_assert_int_lt(elapsed_us, 50000);
}
END_TEST

START_TEST(what_hides_the_meaning_is_refused)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{ "a: &x 1", "t:1:4: anchors" },
		{ "a: !!int 1", "t:1:4: tags" },
		{ "a: ! x", "t:1:4: tags" },
		{ "a: &x [1]", "t:1:4: anchors" },
		{ "a: !x {b: c}", "t:1:4: tags" },
		{ "[*x]", "t:1:2: aliases" },
		{ "{*x : y}", "t:1:2: aliases" },
		{ "a: 1\nb: 2\na: 3", "t:3:1: the key 'a' is already in line 1" },
		{ "a: 1\n---\nb: 1", "t:2:1: a second document" },
		{ "{[a]: b}", "t:1:2: a key is a plain word" },
		{ "{{a: b}: c}", "t:1:2: a key is a plain word" },
		{ "a: [", "not YAML: did not find expected node content" },
		{ "a: \"\\0\"", "t:1:4: a text with a NUL" },
		{ "a: *", "quote a text that begins with a star" },
		{ "a: > 8GiB", "quote a text that begins with '>'" },
		{ "a: \xc3", "t:1:4: not YAML: incomplete UTF-8" },
	};

	refused(rows[_i].text, strlen(rows[_i].text), rows[_i].expected);
	ck_assert_int_lt(_i, (int)ELEMENTSOF(rows));
}
END_TEST

START_TEST(all_errors_are_told_in_the_order_of_the_file)
{
	static const char text[] = "a: &x 1\nb: !t 2\nb: 3\nc: *x\n";
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct node *root = NULL;

	ck_assert_int_eq(yaml_compose(text, strlen(text), &source, &d, &root), -EINVAL);
	ck_assert_uint_eq(d.n_items, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_uint_eq(d.items[i].line, i + 1);
}
END_TEST

START_TEST(diagnostics_end_at_100_and_count_the_rest)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *f;

	for (size_t i = 0; i < 130; i++)
		diagnostics_add(&d, &source, 200 - i, 1, "number %zu", i);
	ck_assert_uint_eq(d.n_items, DIAGNOSTICS_MAX);
	ck_assert_uint_eq(d.n_more, 30);
	for (size_t i = 1; i < d.n_items; i++)
		ck_assert_uint_lt(d.items[i - 1].line, d.items[i].line);
	f = open_memstream(&text, &size);
	ck_assert_ptr_nonnull(f);
	diagnostics_print(&d, f);
	fclose(f);
	ck_assert_ptr_nonnull(strstr(text, "t:200:1: number 0\nand 30 more\n"));
}
END_TEST

START_TEST(diagnostics_come_in_the_order_of_the_files)
{
	static const struct source second = { .name = "u", .rank = 1 };
	_cleanup_diagnostics_ struct diagnostics d = { 0 };

	diagnostics_add(&d, &second, 1, 1, "third");
	diagnostics_add(&d, &source, 9, 1, "second");
	diagnostics_add(&d, &second, 2, 1, "fourth");
	diagnostics_add(&d, &source, 8, 1, "first");
	ck_assert_str_eq(d.items[0].text, "t:8:1: first");
	ck_assert_str_eq(d.items[1].text, "t:9:1: second");
	ck_assert_str_eq(d.items[2].text, "u:1:1: third");
	ck_assert_str_eq(d.items[3].text, "u:2:1: fourth");
}
END_TEST

START_TEST(diagnostics_are_safe_to_print)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };

	diagnostics_add(&d, &source, 1, 2, "%s", "a\033[1m\n\177\xc2\x9b é \xc3 \xff");
	ck_assert_str_eq(d.items[0].text, "t:1:2: a?[1m?\?\?? é ? ?");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tc = tcase_create("yaml");

	tcase_set_timeout(tc, 10);
	tcase_add_test(tc, nodes_know_where_they_were_written);
	tcase_add_test(tc, quotes_are_remembered);
	tcase_add_test(tc, null_is_no_text_but_a_quoted_null_is);
	tcase_add_test(tc, an_empty_file_is_an_empty_mapping);
	tcase_add_test(tc, nesting_ends_at_32);
	tcase_add_test(tc, nodes_end_at_10000);
	tcase_add_loop_test(tc, hostile_files_are_refused_at_once, 0, 14);
	tcase_add_test(tc, a_hundred_thousand_brackets_take_less_than_50_ms);
	tcase_add_loop_test(tc, what_hides_the_meaning_is_refused, 0, 16);
	tcase_add_test(tc, all_errors_are_told_in_the_order_of_the_file);
	tcase_add_test(tc, diagnostics_end_at_100_and_count_the_rest);
	tcase_add_test(tc, diagnostics_come_in_the_order_of_the_files);
	tcase_add_test(tc, diagnostics_are_safe_to_print);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
