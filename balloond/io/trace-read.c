/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A trace is cut at its lines "---", and each document is composed alone, with the limits that hold
 * for configurations: no length of a trace needs more memory. */

#include "balloond/io/trace-read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/storage.h"
#include "balloond/io/trace-read-internal.h"
#include "balloond/io/trace.h"
#include "balloond/io/util.h"
#include "balloond/io/yaml.h"

struct key {
	char uuid[GUEST_UUID_MAX];
};

int trace_read_uuid(const struct node *item, char to[GUEST_UUID_MAX], struct diagnostics *d)
{
	static const struct trace_field field = { "uuid", TRACE_TEXT, offsetof(struct key, uuid),
						  GUEST_UUID_MAX, NULL };
	static const struct trace_table table = { &field, 1 };
	const struct node *node = node_find(item, "uuid");

	if (node)
		return trace_read_field(node, &table, to, d) < 0 ? -EINVAL : 0;
	node_error(item, d, "expected the uuid of a guest");
	return -EINVAL;
}

/* What single values of a document's root are read into. */
struct root {
	uint64_t trace, gap, now, wall;
	uint32_t level;
	bool dry_run;
};

static const struct trace_field root_fields[] = {
	{ "trace", TRACE_COUNT, offsetof(struct root, trace), sizeof(uint64_t), NULL },
	{ "gap", TRACE_COUNT, offsetof(struct root, gap), sizeof(uint64_t), NULL },
	{ "now", TRACE_USEC, offsetof(struct root, now), sizeof(uint64_t), NULL },
	{ "wall", TRACE_COUNT, offsetof(struct root, wall), sizeof(uint64_t), NULL },
	{ "level", TRACE_WORD, offsetof(struct root, level), sizeof(uint32_t), trace_level_words },
	{ "dry-run", TRACE_BOOL, offsetof(struct root, dry_run), sizeof(bool), NULL },
};
static const struct trace_table root_table = { root_fields, ELEMENTSOF(root_fields) };

static int take_header(struct trace_reader *r, const struct node *node, const struct root *root,
		       struct diagnostics *d)
{
	if (root->trace != TRACE_FORMAT) {
		node_error(node, d, "traces of this format are for another version of balloond");
		return -EINVAL;
	}
	r->begun = true;
	return 0;
}

/* Everything is told anew. */
static void take_gap(struct trace_reader *r, uint64_t lost)
{
	r->lost += lost;
	r->in_tick = false;
	r->snapshot.n_guests = 0;
	r->snapshot.host = (struct host){ 0 };
}

/* 1: it was such a key. */
static int read_value(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	struct root root = { .now = r->snapshot.now,
			     .wall = r->snapshot.wall,
			     .level = r->tick.level,
			     .dry_run = r->tick.dry_run };
	int k = trace_read_field(node, &root_table, &root, d);

	if (k <= 0)
		return k;
	if (strcmp(node->key, "trace") == 0)
		return take_header(r, node, &root, d) < 0 ? -EINVAL : 1;
	if (strcmp(node->key, "gap") == 0)
		take_gap(r, root.gap);
	r->snapshot.now = root.now;
	r->snapshot.wall = root.wall;
	r->tick.level = root.level;
	r->tick.dry_run = root.dry_run;
	return 1;
}

static const struct reading_key {
	const char *key;
	int (*read)(struct trace_reader *r, const struct node *node, struct diagnostics *d);
} keys[] = {
	{ "configuration", trace_read_configuration },
	{ "file", trace_read_file },
	{ "history", trace_read_history },
	{ "rules", trace_read_rules },
	{ "rule-states", trace_read_rule_states },
	{ "memories", trace_read_memories },
	{ "states", trace_read_states },
	{ "tick", trace_read_tick },
	{ "host", trace_read_host },
	{ "gone", trace_read_gone },
	{ "guests", trace_read_guests },
	{ "steps", trace_read_steps },
	{ "hash", trace_read_hash },
};

static int read_key(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	bool is_first = node == node->parent->first;

	for (size_t i = 0; i < ELEMENTSOF(keys); i++)
		if (strcmp(keys[i].key, node->key) == 0)
			return keys[i].read(r, node, d);
	/* Read by trace_read_file(), and for people alone. */
	if (strcmp(node->key, "continues") == 0 || strcmp(node->key, "text") == 0 ||
	    strcmp(node->key, "encoded") == 0 || (!is_first && strcmp(node->key, "balloond") == 0))
		return 0;
	node_key_error(node, d, "this balloond knows no such part of a trace");
	return -EINVAL;
}

static int read_root(struct trace_reader *r, const struct node *root, struct diagnostics *d)
{
	if (root->kind != NODE_MAPPING || !root->first ||
	    (!r->begun && strcmp(root->first->key, "trace") != 0)) {
		node_error(root, d,
			   r->begun ? "expected a part of a trace"
				    : "this is no trace of balloond");
		return -EINVAL;
	}
	for (const struct node *node = root->first; node; node = node->next) {
		int k = read_value(r, node, d);

		if (k == 0)
			k = read_key(r, node, d);
		if (k < 0)
			return k;
	}
	return 0;
}

static int complain(struct trace_reader *r, const char *what, struct diagnostics *d)
{
	r->source.skip = 0;
	diagnostics_add(d, &r->source, lines_number(r->lines), 1, "%s", what);
	return -EINVAL;
}

static int cannot_read(struct trace_reader *r, int error, struct diagnostics *d)
{
	if (error == -ENOMEM)
		return error;
	if (error == -EMSGSIZE)
		return complain(r, "a line of more than 1 MiB: this is no trace of balloond", d);
	if (error == -EBADMSG)
		return complain(r, "the compressed data is damaged or ends early", d);
	return complain(r, strerror(-error), d);
}

/* The lines of one document.  1; 0: there is none left. */
static int read_document(struct trace_reader *r, struct diagnostics *d)
{
	char *line;
	size_t n;
	int k;

	r->text.n = 0;
	r->source.skip = 0;
	while ((k = lines_next(r->lines, &line, &n)) > 0) {
		if (strcmp(line, "---") == 0) {
			if (r->text.n > 0)
				break;
			r->next_line = lines_number(r->lines);
			continue;
		}
		if (r->text.n + n > YAML_MAX_SIZE)
			return complain(r, "a document of more than 1 MiB: no trace has such", d);
		trace_add(&r->text, line, n);
		trace_add(&r->text, "\n", 1);
	}
	if (k < 0)
		return cannot_read(r, k, d);
	if (r->text.failed)
		return -ENOMEM;
	r->source.skip = r->next_line;
	r->next_line = lines_number(r->lines);
	r->is_over = k == 0;
	return r->text.n > 0;
}

static int take_document(struct trace_reader *r, struct diagnostics *d)
{
	_cleanup_node_ struct node *root = NULL;
	int k = yaml_compose(r->text.data, r->text.n, &r->source, d, &root);

	return k < 0 ? k : read_root(r, root, d);
}

static int prepare(struct trace_reader *r, struct diagnostics *d)
{
	struct history *h = &r->history;

	if (r->is_anew && (h->n_guests != r->n_announced || h->n_rules != r->n_rules_announced))
		return complain(r, "a tick before all of the history was told", d);
	snapshot_seal(&r->snapshot);
	r->tick.is_anew = r->is_anew;
	r->tick.reloaded = r->reloaded;
	r->tick.lost = r->lost;
	r->tick.steps = r->steps;
	r->tick.n_steps = r->n_steps;
	r->is_anew = r->reloaded = r->is_complete = false;
	r->lost = 0;
	return history_reserve(h, r->snapshot.n_guests, r->config);
}

int trace_reader_next(struct trace_reader *r, const struct trace_tick **ret, struct diagnostics *d)
{
	int k = 0;

	while (!r->is_over && !r->is_complete) {
		k = read_document(r, d);
		if (k > 0)
			k = take_document(r, d);
		if (k < 0) {
			r->is_over = true;
			r->in_tick = r->is_complete = false;
			return k;
		}
	}
	if (r->is_complete) {
		k = prepare(r, d);
		*ret = &r->tick;
		return k < 0 ? k : 1;
	}
	if (!r->begun)
		return complain(r, "this is no trace of balloond", d);
	if (!r->in_tick)
		return 0;
	r->in_tick = false;
	return complain(r, "the trace ends within a tick", d);
}

const struct config *trace_reader_config(const struct trace_reader *r)
{
	return r->config;
}

const struct snapshot *trace_reader_snapshot(const struct trace_reader *r)
{
	return &r->snapshot;
}

struct history *trace_reader_history(struct trace_reader *r)
{
	return &r->history;
}

bool trace_reader_dry_option(const struct trace_reader *r)
{
	return r->dry_option;
}

uint64_t trace_reader_lost(const struct trace_reader *r)
{
	return r->lost;
}

struct trace_reader *trace_reader_free(struct trace_reader *r)
{
	if (!r)
		return NULL;
	lines_close(r->lines);
	trace_text_done(&r->text);
	trace_reader_drop_files(r);
	config_free(r->config);
	history_done(&r->history);
	snapshot_done(&r->snapshot);
	free(r->policies);
	free(r->steps);
	free(r->policy_dir);
	free(r->path);
	free(r);
	return NULL;
}

int trace_reader_new(const char *path, const char *policy_dir, struct trace_reader **ret,
		     struct diagnostics *d)
{
	_cleanup_(trace_reader_freep) struct trace_reader *r = calloc(1, sizeof(*r));
	int k;

	if (!r)
		return -ENOMEM;
	r->path = strdup(path);
	r->policy_dir = policy_dir ? strdup(policy_dir) : NULL;
	if (!r->path || (policy_dir && !r->policy_dir))
		return -ENOMEM;
	r->source.name = r->path;
	k = lines_open(path, YAML_MAX_SIZE, &r->lines);
	if (k < 0) {
		diagnostics_add(d, &r->source, 0, 0, "cannot be read: %s", strerror(-k));
		return k;
	}
	*ret = TAKE_PTR(r);
	return 0;
}
