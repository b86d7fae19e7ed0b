/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* expect: of a scenario.  What a bound is written in is up to its figure. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/descriptor.h"
#include "balloond/policy-math.h"
#include "balloond/sim/scenario-internal.h"

#define FIGURES_MAX 64u /* whose names a complaint can tell */

static const struct sim_figure *find_figure(const char *name)
{
	for (size_t i = 0; name && i < n_sim_figures; i++)
		if (strcmp(sim_figures[i].name, name) == 0)
			return &sim_figures[i];
	return NULL;
}

static int read_figure(const struct key *key, const struct node *node, void *field,
		       const struct reading *r)
{
	const struct sim_figure **figure = field;
	char known[600] = "";
	size_t at = 0;

	*figure = find_figure(node_text(node));
	if (*figure)
		return 0;
	for (size_t i = 0; i < n_sim_figures && at < sizeof(known); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i > 0 ? ", " : "",
				       sim_figures[i].name);
	(void)key;
	node_expected(node, r->diagnostics, known);
	return -EINVAL;
}

/* check_expectation() knows the figure. */
static int leave_bound(const struct key *key, const struct node *node, void *field,
		       const struct reading *r)
{
	(void)key;
	(void)node;
	(void)field;
	(void)r;
	return 0;
}

static const char *check_policy(const char *name)
{
	return descriptor_name_is_valid(name) ? NULL : "is no name of a policy";
}

static int read_policies(const struct key *key, const struct node *node, void *field,
			 const struct reading *r)
{
	struct scenario_expectation *e = field;

	return texts_read(node, SCENARIO_MAX_POLICIES, key->expected, check_policy, &e->policies,
			  &e->n_policies, r->diagnostics);
}

static const char *const commit_words[] = { "elastic", "strict", NULL };
static const struct key_type type_policies = { KEY_POLICIES, read_policies, NULL };
static const struct key_type type_figure = { KEY_OTHER, read_figure, NULL };
static const struct key_type type_bound = { KEY_OTHER, leave_bound, NULL };

const struct key scenario_expect_keys[] = {
	{ .name = "figure",
	  .type = &type_figure,
	  .offset = offsetof(struct scenario_expectation, figure),
	  .required = true,
	  .expected = "the name of a figure",
	  .help = "what is measured" },
	{ .name = "at-least",
	  .type = &type_bound,
	  .expected = "a value in the figure's unit",
	  .help = "what it must not be below; this, at-most or both are required" },
	{ .name = "at-most",
	  .type = &type_bound,
	  .expected = "a value in the figure's unit",
	  .help = "what it must not be above" },
	{ .name = "policies",
	  .type = &type_policies,
	  .expected = "a policy, or a list of them",
	  .help = "not asked unless every rule follows one of these; without it whichever they "
		  "follow" },
	{ .name = "commit",
	  .type = &key_words,
	  .offset = offsetof(struct scenario_expectation, commits),
	  .words = commit_words,
	  .expected = "elastic or strict",
	  .help = "not asked unless the pool is charged like this; without it in any case" },
	{ .name = NULL },
};

/* Digits with at most so many decimals, then the unit; 0 needs none.  In units of the last decimal.
 */
static int parse_scaled(const char *text, unsigned decimals, const char *unit, uint64_t *ret)
{
	const char *rest = text;
	uint64_t x = 0;

	if (!strchr("0123456789", *text) || !*text)
		return -EINVAL;
	for (; *rest >= '0' && *rest <= '9'; rest++) {
		if (x > UINT64_C(1000000000000))
			return -EINVAL;
		x = x * 10 + (uint64_t)(*rest - '0');
	}
	if (*rest == '.' && (rest[1] < '0' || rest[1] > '9'))
		return -EINVAL;
	rest += *rest == '.';
	for (bool has_point = rest[-1] == '.'; decimals > 0; decimals--) {
		bool is_digit = has_point && *rest >= '0' && *rest <= '9';

		x = x * 10 + (is_digit ? (uint64_t)(*rest - '0') : 0);
		rest += is_digit;
	}
	while (*rest == ' ')
		rest++;
	if (strcmp(rest, unit) != 0 && (*rest || x > 0))
		return -EINVAL;
	*ret = x;
	return 0;
}

/* A time, and what is shorter than times are elsewhere. */
static int parse_nanoseconds(const char *text, uint64_t *ret)
{
	uint64_t x;

	if (parse_scaled(text, 0, "ns", ret) == 0)
		return 0;
	if (value_parse(text, BALLOOND_USEC, &x, NULL) < 0 || x > UINT64_MAX / 2000)
		return -EINVAL;
	*ret = x * 1000;
	return 0;
}

static int read_scaled(const struct node *node, const struct sim_figure *figure, uint64_t *ret,
		       struct diagnostics *d)
{
	const char *text = node_text(node), *expected = "a number such as 1.5";
	int k = -EINVAL;

	if (figure->unit == SIM_MILLIONTHS) {
		expected = "a percentage such as 0.05% or 80%";
		k = text ? parse_scaled(text, 4, "%", ret) : -EINVAL;
	} else if (figure->unit == SIM_NANOSECONDS) {
		expected = "a time such as 500ns or 2us";
		k = text ? parse_nanoseconds(text, ret) : -EINVAL;
	} else if (text && !node->quoted) {
		k = parse_scaled(text, 3, "", ret);
	}
	if (k < 0)
		node_expected(node, d, expected);
	return k;
}

static int read_bound(const struct node *node, const struct sim_figure *figure, uint64_t *ret,
		      struct diagnostics *d)
{
	switch (figure->unit) {
	case SIM_COUNT:
	case SIM_MIB_SECONDS:
		return bounded_read(node, BALLOOND_COUNT, NULL, NULL, ret, d);
	case SIM_BYTES:
		return bounded_read(node, BALLOOND_BYTES, NULL, NULL, ret, d);
	case SIM_USEC:
		return bounded_read(node, BALLOOND_USEC, NULL, NULL, ret, d);
	case SIM_THOUSANDTHS:
	case SIM_MILLIONTHS:
	case SIM_NANOSECONDS:
		break;
	}
	return read_scaled(node, figure, ret, d);
}

static int check_expectation(const struct node *node, void *item, const struct reading *r)
{
	const struct node *low = node_find(node, "at-least"), *high = node_find(node, "at-most");
	struct scenario_expectation *e = item;
	int result = 0;

	e->line = (uint32_t)node->line;
	e->column = (uint32_t)node->column;
	if (!low && !high) {
		node_error(node, r->diagnostics,
			   "nothing is expected: write at-least, at-most or "
			   "both");
		return -EINVAL;
	}
	if (low && read_bound(low, e->figure, &e->low, r->diagnostics) < 0)
		result = -EINVAL;
	if (high && read_bound(high, e->figure, &e->high, r->diagnostics) < 0)
		result = -EINVAL;
	if (result == 0 && low && high && e->low > e->high) {
		node_error(low, r->diagnostics, "%s is above at-most, which is %s", node_text(low),
			   node_text(high));
		return -EINVAL;
	}
	return result;
}

static int read_expectations(const struct key *key, const struct node *node, void *field,
			     const struct reading *r)
{
	static const struct scenario_expectation initial = { .low = BALLOOND_UNKNOWN,
							     .high = BALLOOND_UNKNOWN };
	const struct list_of list = { .keys = key->keys,
				      .size = sizeof(initial),
				      .max = SCENARIO_MAX_ENTRIES,
				      .initial = &initial,
				      .check = check_expectation };
	struct scenario *s = field;
	void *expectations = NULL;
	int k = mappings_read(node, &list, &expectations, &s->n_expectations, r);

	s->expectations = expectations;
	/* Figures are those of whole runs. */
	for (size_t i = 0; i < s->n_expectations; i++)
		s->expectations[i].to = s->length;
	return k;
}

const struct key_type scenario_type_expect = { KEY_LIST, read_expectations, NULL };
