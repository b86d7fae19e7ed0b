/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* need: of a scenario's guest. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/sim/demand-file.h"
#include "balloond/sim/scenario-internal.h"

#define FIELD(x) .offset = offsetof(struct scenario_guest, x)

static const struct key step_keys[] = {
	{ .name = "at",
	  .type = &key_time,
	  .offset = offsetof(struct demand_point, at),
	  .required = true,
	  SCENARIO_TIME,
	  .help = "when, from the beginning of the world on" },
	{ .name = "to",
	  .type = &key_bytes,
	  .offset = offsetof(struct demand_point, to),
	  .required = true,
	  SCENARIO_BYTES,
	  .help = "what is needed from then on; before the first step it is 0" },
	{ .name = "over",
	  .type = &key_time,
	  .offset = offsetof(struct demand_point, over),
	  .fallback = "0",
	  SCENARIO_TIME,
	  .help = "the time within which that is reached, in a straight line; 0: at once" },
	{ .name = NULL },
};

static int check_step(const struct node *node, void *item, const struct reading *r)
{
	const struct demand_point *point = item;

	return node->index == 0 ? 0 : scenario_check_order(node, point[-1].at, point->at, r);
}

static int read_steps(const struct key *key, const struct node *node, void *field,
		      const struct reading *r)
{
	const struct list_of list = { .keys = key->keys,
				      .size = sizeof(struct demand_point),
				      .max = SCENARIO_MAX_ENTRIES,
				      .check = check_step };
	struct demand *need = field;
	void *points = NULL;
	int k = mappings_read(node, &list, &points, &need->n_points, r);

	need->points = points;
	if (k < 0 || need->n_points > 0)
		return k;
	node_error(node, r->diagnostics, "there are none: expected %s", key->expected);
	return -EINVAL;
}

#define SHAPE_LOW \
	{ \
		.name = "low", .type = &key_bytes, FIELD(need.low), .fallback = "0", \
		SCENARIO_BYTES, .help = "what is needed in between" \
	}
#define SHAPE_HIGH \
	{ \
		.name = "high", .type = &key_bytes, FIELD(need.high), .required = true, \
		SCENARIO_BYTES, .help = "what is needed at most" \
	}
#define SHAPE_PERIOD \
	{ \
		.name = "period", .type = &key_time, FIELD(need.period), .required = true, \
		.low = "20ms", .high = "60d", .expected = SCENARIO_TIME_EXPECTED, \
		.help = "how long it takes until all begins anew" \
	}

static const struct key square_keys[] = {
	SHAPE_LOW,
	SHAPE_HIGH,
	SHAPE_PERIOD,
	{ .name = NULL },
};

static const struct key spike_keys[] = {
	SHAPE_LOW,
	SHAPE_HIGH,
	SHAPE_PERIOD,
	{ .name = "length",
	  .type = &key_time,
	  FIELD(need.length),
	  .required = true,
	  .low = "10ms",
	  .high = "60d",
	  .expected = SCENARIO_TIME_EXPECTED,
	  .help = "how long a spike is" },
	{ .name = NULL },
};

/* Of a square wave, and of spikes. */
static int read_wave(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	const struct scenario_guest *g = field;
	int result = key_mapping.read(key, node, field, r);

	if (result < 0)
		return result;
	if (g->need.low > g->need.high) {
		node_error(node_find(node, "low"), r->diagnostics, "%s is above high, which is %s",
			   node_text(node_find(node, "low")), node_text(node_find(node, "high")));
		result = -EINVAL;
	}
	if (g->need.length > g->need.period) {
		node_error(node_find(node, "length"), r->diagnostics,
			   "%s is longer than the period, which is %s",
			   node_text(node_find(node, "length")),
			   node_text(node_find(node, "period")));
		result = -EINVAL;
	}
	return result;
}

static const struct key trace_keys[] = {
	{ .name = "file",
	  .type = &key_text,
	  FIELD(trace_path),
	  .required = true,
	  .expected = "the path of a file, from the scenario's folder on",
	  .help = "lines with a virtual machine's ID, its size in MiB and what it used every 300 "
		  "s, "
		  "separated by commas; from the scenario's folder on, gzip'd or not" },
	{ .name = "row",
	  .type = &key_u32,
	  FIELD(row),
	  .fallback = "0",
	  .low = "0",
	  .high = "1000000",
	  .help = "which virtual machine of the file, from 0; every next guest has the next one" },
	{ .name = "first",
	  .type = &key_u32,
	  FIELD(first),
	  .fallback = "0",
	  .low = "0",
	  .high = "1000000",
	  .help = "which value of it is the first, from 0; at its end it begins anew" },
	{ .name = NULL },
};

/* Whoever does not want it leaves it out. */
static int read_generator(const struct key *key, const struct node *node, void *field,
			  const struct reading *r)
{
	unsigned word;

	(void)field;
	return key_word.read(key, node, &word, r);
}

static const struct key_type type_steps = { KEY_LIST, read_steps, NULL };
static const struct key_type type_wave = { KEY_MAPPING, read_wave, NULL };
static const struct key_type type_generator = { KEY_WORD, read_generator, NULL };
static const char *const generator_words[] = { "true", NULL };

const struct key scenario_need_keys[] = {
	{ .name = "at-least",
	  .type = &key_bytes,
	  FIELD(need.fixed),
	  .fallback = "0",
	  SCENARIO_BYTES,
	  .help = "what is needed in any case; the shape comes on top of it" },
	{ .name = "base",
	  .type = &key_share,
	  FIELD(need.base),
	  .fallback = "0%",
	  .low_share = "0%",
	  .high_share = "100%",
	  .help = "the same as a share of the guest's memory; both add up" },
	{ .name = "touch",
	  .type = &key_rate,
	  FIELD(need.touch),
	  .fallback = "300MiB/s",
	  .low = "0/s",
	  .high = "1TiB/s",
	  .help = "how fast the need rises at most: nobody touches memory faster; 0/s: at once" },
	{ .name = "constant",
	  .type = &key_bytes,
	  FIELD(need.high),
	  SCENARIO_BYTES,
	  .help = "a shape: the same all the time" },
	{ .name = "steps",
	  .type = &type_steps,
	  .keys = step_keys,
	  FIELD(need),
	  .expected = "a list such as [ { at: 60s, to: 2GiB } ]",
	  .help = "a shape: steps and ramps, in the order of time" },
	{ .name = "square",
	  .type = &type_wave,
	  .keys = square_keys,
	  .help = "a shape: low and high in turn, each for half a period, low at first" },
	{ .name = "spikes",
	  .type = &type_wave,
	  .keys = spike_keys,
	  .help = "a shape: low, and high once a period, somewhere in it" },
	{ .name = "generator",
	  .type = &type_generator,
	  .words = generator_words,
	  .expected = "true",
	  .help = "a shape: what virtual machines in production need, drawn anew for every guest" },
	{ .name = "trace",
	  .type = &key_mapping,
	  .keys = trace_keys,
	  .help = "a shape: what virtual machines were seen to use" },
	{ .name = NULL },
};

static const struct {
	const char *name;
	enum scenario_shape shape;
	enum demand_shape demand;
} shapes[] = {
	{ "constant", SCENARIO_CONSTANT, DEMAND_CONSTANT },
	{ "steps", SCENARIO_STEPS, DEMAND_POINTS },
	{ "square", SCENARIO_SQUARE, DEMAND_SQUARE },
	{ "spikes", SCENARIO_SPIKES, DEMAND_SPIKES },
	{ "generator", SCENARIO_GENERATOR, DEMAND_SERIES },
	{ "trace", SCENARIO_TRACE, DEMAND_SERIES },
};

static int choose_shape(const struct node *node, struct scenario_guest *g, const struct reading *r)
{
	const struct node *chosen = NULL;
	int result = 0;

	for (const struct node *child = node->first; child; child = child->next)
		for (size_t i = 0; i < ELEMENTSOF(shapes); i++) {
			if (strcmp(child->key, shapes[i].name) != 0)
				continue;
			if (chosen) {
				node_key_error(child, r->diagnostics,
					       "a need has one shape, and this one has '%s' "
					       "already",
					       chosen->key);
				result = -EINVAL;
				continue;
			}
			chosen = child;
			g->shape = shapes[i].shape;
			g->need.shape = shapes[i].demand;
		}
	return result;
}

static int read_need(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	int k = keys_read(node, key->keys, field, r);

	if (k == -ENOMEM || !node || node->kind != NODE_MAPPING)
		return k;
	return choose_shape(node, field, r) < 0 ? -EINVAL : k;
}

const struct key_type scenario_type_need = { KEY_SECTION, read_need, NULL };

/* The owner of what is returned is the caller. */
static char *beside(const char *scenario, const char *path)
{
	const char *slash = strrchr(scenario, '/');
	int folder = slash && *path != '/' ? (int)(slash + 1 - scenario) : 0;
	char *joined;

	return asprintf(&joined, "%.*s%s", folder, scenario, path) < 0 ? NULL : joined;
}

static int read_file(struct scenario_guest *g, const struct node *file, struct diagnostics *d)
{
	_cleanup_free_ char *path = beside(file->source->name, g->trace_path);
	int k;

	if (!path)
		return -ENOMEM;
	k = demand_file_read(path, &g->trace, d);
	if (k == 0 || k == -ENOMEM)
		return k;
	if (k == -EINVAL)
		node_error(file, d, "%.200s is no trace", path);
	else
		node_error(file, d, "%.200s cannot be read: %s", path, strerror(-k));
	return -EINVAL;
}

/* Several entries of one file are usual. */
static struct demand_file *find_file(const struct scenario *s, const struct scenario_guest *g)
{
	for (const struct scenario_guest *other = s->guests; other != g; other++)
		if (other->trace && strcmp(other->trace_path, g->trace_path) == 0)
			return other->trace;
	return NULL;
}

static int check_rows(const struct scenario_guest *g, const struct node *trace,
		      struct diagnostics *d)
{
	const struct node *row = node_find(trace, "row"), *first = node_find(trace, "first");
	size_t n = g->trace->n_rows;

	if (g->row >= n || g->count > n - g->row) {
		node_error(row ? row : trace, d, "%u guests from row %u on: the file has %zu rows",
			   g->count, g->row, n);
		return -EINVAL;
	}
	for (size_t i = g->row; i < g->row + g->count; i++) {
		if (g->first < g->trace->rows[i].n_series)
			continue;
		node_error(first ? first : trace, d, "%u: row %zu of the file has %zu values",
			   g->first, i, g->trace->rows[i].n_series);
		return -EINVAL;
	}
	return 0;
}

static int read_trace(const struct scenario *s, struct scenario_guest *g, const struct node *trace,
		      struct diagnostics *d)
{
	int k = 0;

	g->trace = find_file(s, g);
	if (!g->trace)
		k = read_file(g, node_find(trace, "file"), d);
	return k < 0 ? k : check_rows(g, trace, d);
}

int scenario_read_traces(struct scenario *s, const struct node *root, struct diagnostics *d)
{
	const struct node *list = node_find(root, "guests"), *need;
	int result = 0;

	for (const struct node *e = s->n_guests > 0 ? list->first : NULL; e; e = e->next) {
		struct scenario_guest *g = &s->guests[e->index];
		int k;

		if (g->shape != SCENARIO_TRACE || !g->trace_path)
			continue;
		need = node_find(e, "need");
		k = read_trace(s, g, node_find(need, "trace"), d);
		if (k == -ENOMEM)
			return k;
		if (k < 0)
			result = k;
	}
	return result;
}
