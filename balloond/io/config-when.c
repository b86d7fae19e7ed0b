/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* when: under which conditions a rule applies.  What can never hold is refused. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/util.h"

#define NO_METRIC "names no metric, expected one such as host.available: \"< 10%%\""

static const char *const levels[] = { "normal", "tight", "low", "critical" };

const struct key config_when_keys[] = {
	{ .name = "for",
	  .type = &key_time,
	  .offset = offsetof(struct when, hold),
	  .fallback = "0s",
	  .low = "0s",
	  .high = "1h",
	  .help = "how long all must hold before the rule applies, and be over before it lets go" },
	{ .name = NULL },
};

static const char *edge_expected(const struct metric_row *row)
{
	switch (row->kind) {
	case METRIC_BYTES:
		return "< or > and an amount or a share, such as \"< 2GiB\" or \"> 10%\"";
	case METRIC_RATE:
		return "< or > and a rate, such as \"> 1MiB/s\"";
	case METRIC_PER_TIME:
		return "< or > and a number a second, such as \"> 100/s\"";
	case METRIC_SHARE:
		return "< or > and a percentage, such as \"> 10%\"";
	case METRIC_TIME:
		return "< or > and a time, such as \"> 30s\"";
	case METRIC_LEVEL:
		return "< or > and a level (normal, tight, low, critical), such as \"> tight\"";
	}
	return NULL;
}

static int parse_level(const char *text, uint64_t *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(levels); i++)
		if (strcmp(text, levels[i]) == 0) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

static int parse_per_time(const char *text, uint64_t *ret)
{
	const char *slash = strstr(text, "/s");
	char number[VALUE_TEXT_MAX];

	if (!slash || slash[2] || (size_t)(slash - text) >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, (size_t)(slash - text));
	number[slash - text] = '\0';
	return value_parse(number, BALLOOND_COUNT, ret, NULL);
}

/* The value of an edge in the unit of the metric, or as a share of its base. */
static int parse_edge(const struct metric_row *row, const char *text, struct amount *ret)
{
	*ret = (struct amount){ .kind = AMOUNT_BYTES };
	switch (row->kind) {
	case METRIC_BYTES:
		if (!row->base || !*text || text[strlen(text) - 1] != '%')
			return value_parse(text, BALLOOND_BYTES, &ret->value, NULL);
		ret->kind = AMOUNT_PERMILLE;
		return value_parse(text, BALLOOND_PERMILLE, &ret->value, NULL);
	case METRIC_RATE:
		return rate_parse(text, &ret->value);
	case METRIC_PER_TIME:
		return parse_per_time(text, &ret->value);
	case METRIC_SHARE:
		return value_parse(text, BALLOOND_PERMILLE, &ret->value, NULL);
	case METRIC_TIME:
		return value_parse(text, BALLOOND_USEC, &ret->value, NULL);
	case METRIC_LEVEL:
		return parse_level(text, &ret->value);
	}
	return -EINVAL;
}

static int parse_condition(enum metric metric, const char *text, struct condition *ret)
{
	const char *edge = text + (*text != '\0');

	edge += strspn(edge, " ");
	*ret = (struct condition){ .metric = metric, .above = *text == '>' };
	if (*text != '<' && *text != '>')
		return -EINVAL;
	return parse_edge(metric_row(metric), edge, &ret->edge);
}

/* NULL, or why nobody will ever see it hold. */
static const char *never(const struct condition *c)
{
	bool is_share = c->edge.kind == AMOUNT_PERMILLE ||
			metric_row(c->metric)->kind == METRIC_SHARE;

	if (is_share && c->edge.value > 1000)
		return "is more than the whole";
	if (!c->above && c->edge.value == 0)
		return "never holds: nothing is below it";
	if (c->above && metric_row(c->metric)->kind == METRIC_SHARE && c->edge.value == 1000)
		return "never holds: nothing is above it";
	if (c->above && metric_row(c->metric)->kind == METRIC_LEVEL &&
	    c->edge.value == BALLOOND_LEVEL_CRITICAL)
		return "never holds: nothing is above it";
	return NULL;
}

static int read_condition(const struct node *node, enum metric metric, struct condition *c,
			  struct diagnostics *d)
{
	const char *text = node_text(node), *wrong;

	if (!text || parse_condition(metric, text, c) < 0) {
		value_expected(node, d, edge_expected(metric_row(metric)));
		return -EINVAL;
	}
	wrong = never(c);
	if (wrong) {
		node_error(node, d, "'%.60s' %s", text, wrong);
		return -EINVAL;
	}
	return 0;
}

void config_spell_condition(enum metric metric, const struct node *node, FILE *f)
{
	const char *text = node_text(node), *edge = text + 1 + strspn(text + 1, " ");
	const struct metric_row *row = metric_row(metric);
	struct condition c;

	if (parse_condition(metric, text, &c) < 0)
		return;
	fprintf(f, "\"%c ", *text);
	if (c.edge.kind == AMOUNT_PERMILLE || row->kind == METRIC_SHARE)
		spell_value(edge, BALLOOND_PERMILLE, f);
	else if (row->kind == METRIC_BYTES)
		spell_value(edge, BALLOOND_BYTES, f);
	else if (row->kind == METRIC_RATE)
		spell_rate(edge, f);
	else if (row->kind == METRIC_TIME)
		spell_value(edge, BALLOOND_USEC, f);
	else
		fputs(edge, f);
	fputc('"', f);
}

static bool find_metric(const char *name, enum metric *ret)
{
	for (enum metric m = 0; m < METRIC_MAX; m++)
		if (strcmp(name, metric_row(m)->name) == 0) {
			*ret = m;
			return true;
		}
	return false;
}

static void say_unknown(const struct node *node, struct diagnostics *d)
{
	const char *names[METRIC_MAX + 1] = { config_when_keys[0].name };

	for (enum metric m = 0; m < METRIC_MAX; m++)
		names[m + 1] = metric_row(m)->name;
	keys_unknown(node, "metric", names, ELEMENTSOF(names), d);
}

static int read_conditions(const struct node *node, struct when *when, const struct reading *r)
{
	int result = 0;

	when->conditions = calloc(node->n_children, sizeof(*when->conditions));
	if (!when->conditions)
		return -ENOMEM;
	for (const struct node *child = node->first; child; child = child->next) {
		enum metric metric;

		if (strcmp(child->key, config_when_keys[0].name) == 0)
			continue;
		if (!find_metric(child->key, &metric)) {
			say_unknown(child, r->diagnostics);
			result = -EINVAL;
		} else if (read_condition(child, metric, &when->conditions[when->n++],
					  r->diagnostics) < 0) {
			result = -EINVAL;
		}
	}
	if (result == 0 && when->n == 0) {
		node_error(node, r->diagnostics, NO_METRIC);
		return -EINVAL;
	}
	return result;
}

static int read_when(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	const struct node *hold;
	struct when *when = field;
	int result, k;

	if (node_is_null(node))
		return 0;
	if (node->kind != NODE_MAPPING) {
		node_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	if (node->n_children == 0) {
		node_error(node, r->diagnostics, NO_METRIC);
		return -EINVAL;
	}
	result = read_conditions(node, when, r);
	if (result == -ENOMEM)
		return result;
	hold = node_find(node, config_when_keys[0].name);
	k = hold ? key_time.read(config_when_keys, hold, &when->hold, r) : 0;
	return k < 0 ? k : result;
}

const struct key_type config_type_when = { KEY_WHEN, read_when, NULL };

void when_done(struct when *when)
{
	free(when->conditions);
	*when = (struct when){ 0 };
}
