/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a trace says of every field comes back as it was, and no field is forgotten. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/history.h"
#include "balloond/io/trace-fields.h"
#include "balloond/io/util.h"
#include "balloond/io/yaml.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"

#define ROUNDS 200

struct bytes {
	size_t offset, size;
};

#define BYTES(structure, field) \
	{ \
		offsetof(struct structure, field), sizeof(((struct structure *)0)->field) \
	}

/* A table, and what of its structure has no row in it. */
static const struct structure {
	const char *name;
	const struct trace_table *table;
	size_t size;
	struct bytes left_out[16];
} structures[] = {
	{ "host", &trace_host, sizeof(struct host), { { 0 } } },
	{ "guest",
	  &trace_guest,
	  sizeof(struct guest),
	  { BYTES(guest, seen.uuid), BYTES(guest, seen.name), BYTES(guest, uuid) } },
	{ "memory",
	  &trace_memory,
	  sizeof(struct memory),
	  { BYTES(memory, uuid), BYTES(memory, shadow) } },
	{ "history",
	  &trace_history,
	  sizeof(struct history),
	  { BYTES(history, guests), BYTES(history, spare), BYTES(history, n_guests),
	    BYTES(history, max_guests), BYTES(history, rows), BYTES(history, spare_rows),
	    BYTES(history, state_size), BYTES(history, n_gates), BYTES(history, n_slots),
	    BYTES(history, rules), BYTES(history, rule_states), BYTES(history, n_rules),
	    BYTES(history, max_rules), BYTES(history, rule_state_size), BYTES(history, tally) } },
	{ "rule_memory", &trace_rule, sizeof(struct rule_memory), { { 0 } } },
};

/* Fewer than eight bytes together are what the compiler leaves between two fields. */
START_TEST(every_field_of_the_structures_has_a_row)
{
	const struct structure *s = &structures[_i];
	_cleanup_free_ char *known = calloc(1, s->size);
	size_t run = 0;

	for (size_t i = 0; i < s->table->n; i++)
		memset(known + s->table->fields[i].offset, 1, s->table->fields[i].size);
	for (size_t i = 0; i < ELEMENTSOF(s->left_out); i++)
		memset(known + s->left_out[i].offset, 1, s->left_out[i].size);
	for (size_t i = 0; i < s->size; i++) {
		run = known[i] ? 0 : run + 1;
		ck_assert_msg(run < 8, "struct %s: a field at %zu has no row in trace-fields.c",
			      s->name, i + 1 - run);
	}
}
END_TEST

START_TEST(no_two_rows_share_a_name_or_a_byte)
{
	const struct trace_table *t = structures[_i].table;

	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct trace_field *a = &t->fields[i], *b = &t->fields[k];

			ck_assert_str_ne(a->name, b->name);
			ck_assert(a->offset >= b->offset + b->size ||
				  b->offset >= a->offset + a->size);
		}
}
END_TEST

static size_t count_words(const struct trace_field *f)
{
	size_t n = 0;

	while (f->words[n])
		n++;
	return n;
}

static void random_text(char *to, size_t size, uint64_t *seed)
{
	size_t n = random_below(seed, size);

	for (size_t i = 0; i < n; i++)
		to[i] = (char)(1 + random_below(seed, 255));
	to[n] = '\0';
}

/* Any bytes that the field can have; small numbers, and what stands for unknown, often. */
static void random_field(void *object, const struct trace_field *f, uint64_t *seed)
{
	char *at = (char *)object + f->offset;
	uint64_t number = random_below(seed, 5) == 0 ? UINT64_MAX : random_wide(seed);
	uint32_t small = (uint32_t)number;

	if (f->type == TRACE_TEXT) {
		random_text(at, f->size, seed);
	} else if (f->type == TRACE_BOOL) {
		*(bool *)at = number & 1;
	} else if (f->type == TRACE_WORD) {
		small = (uint32_t)random_below(seed, count_words(f));
		memcpy(at, &small, sizeof(small));
	} else if (f->size == sizeof(small)) {
		memcpy(at, &small, sizeof(small));
	} else {
		memcpy(at, &number, sizeof(number));
	}
}

static void read_back(const struct trace_text *t, const struct trace_table *table, void *to)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	const struct source source = { .name = "trace" };
	_cleanup_node_ struct node *root = NULL;

	ck_assert(!t->failed);
	if (yaml_compose(t->data ? t->data : "", t->n, &source, &d, &root) < 0)
		ck_abort_msg("%s\n%.*s", d.items[0].text, (int)t->n, t->data);
	for (const struct node *node = root->first; node; node = node->next)
		if (trace_read_field(node, table, to, &d) != 1)
			ck_abort_msg("%s", d.n_items > 0 ? d.items[0].text : node->key);
}

START_TEST(every_field_comes_back_as_it_was)
{
	const struct structure *s = &structures[_i];
	_cleanup_free_ char *was = calloc(1, s->size), *base = calloc(1, s->size),
			    *is = calloc(1, s->size);
	uint64_t seed = 1 + (uint64_t)_i;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct trace_text text = { 0 };
		size_t n;

		memcpy(base, was, s->size);
		memcpy(is, was, s->size);
		for (size_t i = 0; i < s->table->n; i++)
			if (random_below(&seed, 2) == 0)
				random_field(was, &s->table->fields[i], &seed);
		n = trace_write_fields(&text, s->table, was, base, 0);
		read_back(&text, s->table, is);
		for (size_t i = 0; i < s->table->n; i++) {
			const struct trace_field *f = &s->table->fields[i];

			ck_assert_msg(trace_is_same(f, was, is), "%s of struct %s: %.*s", f->name,
				      s->name, (int)text.n, text.data);
			if (f->type != TRACE_TEXT)
				ck_assert(memcmp(was + f->offset, is + f->offset, f->size) == 0);
			n -= !trace_is_same(f, was, base);
		}
		ck_assert_uint_eq(n, 0); /* what is the same is not written */
		trace_text_done(&text);
	}
}
END_TEST

static void expect_line(const struct guest *g, const char *line)
{
	struct trace_text text = { 0 };
	struct guest fresh;

	guest_init(&fresh, "", "");
	trace_write_fields(&text, &trace_guest, g, &fresh, 4);
	trace_add(&text, "", 1);
	ck_assert_str_eq(text.data, line);
	trace_text_done(&text);
}

START_TEST(values_are_in_words_that_operators_know)
{
	struct guest g;

	guest_init(&g, "", "");
	g.seen.actual = UINT64_C(3) << 29;
	expect_line(&g, "    actual: 1536MiB\n");
	g.seen.actual = 1001;
	g.period = 2500000;
	expect_line(&g, "    actual: 1001B\n    period: 2500ms\n");
	guest_init(&g, "", "");
	g.facts = GUEST_INSPECTED | GUEST_HUGEPAGES | 1u << 31;
	g.outcome = (struct outcome){ .kind = OUTCOME_TIMED_OUT, .error = -110 };
	expect_line(&g, "    facts: [inspected, hugepages, 2147483648]\n"
			"    outcome: timed-out\n    outcome-error: -110\n");
	guest_init(&g, "", "50% \"db\"\t\xc3\xa4\xff");
	g.stamp = UINT64_MAX;
	g.sold = 0;
	expect_line(&g, "    name: \"50%25 %22db%22%09\xc3\xa4%ff\"\n    sold: 0\n"
			"    stamp: unknown\n");
}
END_TEST

START_TEST(what_no_field_can_have_is_refused)
{
	static const char *const wrong[] = {
		"actual: 12MB",
		"actual: -1",
		"actual: [1]",
		"actual:",
		"hold: 1",
		"facts: inspected",
		"facts: [nonsense]",
		"outcome: 2",
		"shares: 4294967296",
		"priority: 2147483648",
		"name: plain",
		"name: \"%0\"",
		"hypervisor: \"sixteen characters\"",
		"stamp: 18446744073709551616",
	};
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	const struct source source = { .name = "trace", .skip = 40 };
	_cleanup_node_ struct node *root = NULL;
	struct guest g = { 0 };

	ck_assert_int_eq(yaml_compose(wrong[_i], strlen(wrong[_i]), &source, &d, &root), 0);
	ck_assert_int_lt(trace_read_field(root->first, &trace_guest, &g, &d), 0);
	ck_assert_uint_eq(d.n_items, 1);
	ck_assert_int_eq(strncmp(d.items[0].text, "trace:41:", 9), 0);
}
END_TEST

/* Any text that a file may hold, as a part of a document. */
static void check_literal(const char *text, size_t n)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	const struct source source = { .name = "trace" };
	_cleanup_node_ struct node *root = NULL;
	struct trace_text t = { 0 };
	const struct node *node;

	if (!trace_is_literal(text, n))
		return;
	trace_put(&t, "text:");
	trace_literal(&t, text, n);
	if (yaml_compose(t.data, t.n, &source, &d, &root) < 0)
		ck_abort_msg("%s\n%.*s", d.items[0].text, (int)t.n, t.data);
	node = node_find(root, "text");
	ck_assert_ptr_nonnull(node);
	ck_assert_uint_eq(strlen(node->text), n);
	ck_assert_mem_eq(node->text, text, n);
	for (const char *line = t.data; line < t.data + t.n; line = strchr(line, '\n') + 1)
		ck_assert_int_ne(strncmp(line, "---\n", 4), 0);
	trace_text_done(&t);
}

START_TEST(files_come_back_byte_for_byte)
{
	static const char *const texts[] = {
		"a",      "a\n",   "a\n\n\n", "\n\n",    "\na",           "  a\n",        "   ",
		"a\n   ", "---\n", "---\na",  "\ta\n\t", "a: |\n  b\n\n", "# \xc3\xa4\n", " \n \n"
	};
	static const char bytes[] = "a -:\n\n#|>\t\xc3\xa4%'\"";
	uint64_t seed = 4711;

	for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
		ck_assert(trace_is_literal(texts[i], strlen(texts[i])));
		check_literal(texts[i], strlen(texts[i]));
	}
	for (unsigned round = 0; round < 5000; round++) {
		char text[24];
		size_t n = 1 + random_below(&seed, sizeof(text));

		for (size_t i = 0; i < n; i++)
			text[i] = bytes[random_below(&seed, sizeof(bytes) - 1)];
		check_literal(text, n);
	}
}
END_TEST

START_TEST(what_yaml_would_change_is_no_literal)
{
	static const char *const texts[] = { "a\r\n",
					     "a\xc2\x85",
					     "a\xe2\x80\xa8",
					     "\xef\xbb\xbf"
					     "a",
					     "\x7f",
					     "\xff",
					     "" };

	for (size_t i = 0; i < ELEMENTSOF(texts); i++)
		ck_assert(!trace_is_literal(texts[i], strlen(texts[i])));
	ck_assert(!trace_is_literal("a\0b", 3));
}
END_TEST

START_TEST(bytes_come_back_from_quotes_and_digits)
{
	uint64_t seed = 1234567;

	for (unsigned round = 0; round < 1000; round++) {
		struct trace_text quoted = { 0 }, hex = { 0 };
		char bytes[64], back[64];
		size_t n = random_below(&seed, sizeof(bytes));

		for (size_t i = 0; i < n; i++)
			bytes[i] = (char)random_next(&seed);
		trace_quote(&quoted, bytes, n);
		quoted.data[quoted.n - 1] = '\0';
		ck_assert_int_eq(trace_unquote(back, sizeof(back), quoted.data + 1), (long)n);
		ck_assert_mem_eq(back, bytes, n);
		trace_hex(&hex, bytes, n);
		trace_add(&hex, "", 1);
		ck_assert_int_eq(trace_unhex(back, sizeof(back), hex.data), (long)n);
		ck_assert_mem_eq(back, bytes, n);
		ck_assert_int_lt(n > 0 ? trace_unhex(back, n - 1, hex.data) : -1, 0);
		trace_text_done(&quoted);
		trace_text_done(&hex);
	}
}
END_TEST

static Suite *trace_suite(void)
{
	Suite *suite = suite_create("trace");
	TCase *tcase = tcase_create("fields");
	int n = ELEMENTSOF(structures);

	tcase_add_loop_test(tcase, every_field_of_the_structures_has_a_row, 0, n);
	tcase_add_loop_test(tcase, no_two_rows_share_a_name_or_a_byte, 0, n);
	tcase_add_loop_test(tcase, every_field_comes_back_as_it_was, 0, n);
	tcase_add_test(tcase, values_are_in_words_that_operators_know);
	tcase_add_loop_test(tcase, what_no_field_can_have_is_refused, 0, 14);
	tcase_add_test(tcase, files_come_back_byte_for_byte);
	tcase_add_test(tcase, what_yaml_would_change_is_no_literal);
	tcase_add_test(tcase, bytes_come_back_from_quotes_and_digits);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return check_main(trace_suite());
}
