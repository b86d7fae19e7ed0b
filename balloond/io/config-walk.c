/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The effective configuration: the tables of keys, walked beside the tree that was read. */

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/hash.h"
#include "balloond/io/util.h"

#define WALK_PATH_MAX 256u /* names have 63 bytes, parameters 32, and there are 5 levels */

struct walk {
	const struct config *config;
	const struct balloond_policy *policy; /* of the rule that is walked */
	int (*on_value)(const struct config_value *value, void *userdata);
	void *userdata;
	char path[WALK_PATH_MAX];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void enter(struct walk *w, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(w->path + w->length, sizeof(w->path) - w->length, format, args);
	va_end(args);
	w->length += n > 0 ? (size_t)n : 0;
	if (w->length >= sizeof(w->path))
		w->length = sizeof(w->path) - 1;
}

static void leave(struct walk *w, size_t length)
{
	w->length = length;
	w->path[length] = '\0';
}

/* Who knows how a value is written. */
struct spelling {
	const struct key *key;              /* of a table, or NULL */
	const struct balloond_param *param; /* of a policy, or NULL */
	enum metric metric;                 /* else */
	const char *help;
};

static void spell(const struct spelling *s, const struct node *node, FILE *f)
{
	if (s->key)
		s->key->type->spell(s->key, node, f);
	else if (s->param)
		spell_value(node_text(node), s->param->type, f);
	else
		config_spell_condition(s->metric, node, f);
}

static int tell(struct walk *w, const struct spelling *s, const struct node *node)
{
	struct config_value value = { .path = w->path, .help = s->help };
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *f;

	f = open_memstream(&text, &size);
	if (!f)
		return -ENOMEM;
	spell(s, node, f);
	if (ferror(f)) {
		(void)fclose(f);
		return -ENOMEM;
	}
	/* Without memory for its last step fclose() is content, and text is NULL. */
	if (fclose(f) != 0 || !text)
		return -ENOMEM;
	value.text = text;
	if (node->source) {
		value.file = node->source->name;
		value.line = node->line;
		value.column = node->column;
	}
	return w->on_value(&value, w->userdata);
}

static int walk_key(struct walk *w, const struct key *key, const struct node *node)
{
	const struct spelling s = { .key = key, .help = key->help };
	struct node fallback;

	if (node)
		return tell(w, &s, node);
	return key_fallback(key, w->config->dry_run, &fallback) ? tell(w, &s, &fallback) : 0;
}

static int walk_params(struct walk *w, const struct node *mapping)
{
	size_t length = w->length;

	for (size_t i = 0; i < w->policy->n_params; i++) {
		const struct balloond_param *param = &w->policy->params[i];
		const struct spelling s = { .param = param, .help = param->help };
		const struct node fallback = { .kind = NODE_SCALAR, .text = param->fallback };
		const struct node *node = mapping ? node_find(mapping, param->name) : NULL;
		int r;

		enter(w, ".%s", param->name);
		r = tell(w, &s, node ? node : &fallback);
		if (r < 0)
			return r;
		leave(w, length);
	}
	return 0;
}

static int walk_metrics(struct walk *w, const struct node *mapping)
{
	size_t length = w->length;

	for (enum metric m = 0; m < METRIC_MAX; m++) {
		const struct spelling s = { .metric = m, .help = metric_row(m)->help };
		const struct node *node = node_find(mapping, metric_row(m)->name);
		int r;

		if (!node)
			continue;
		enter(w, ".%s", metric_row(m)->name);
		r = tell(w, &s, node);
		if (r < 0)
			return r;
		leave(w, length);
	}
	return 0;
}

static int walk_table(struct walk *w, const struct key *keys, const struct node *mapping);

/* guests[everyone], not[0] */
static int walk_items(struct walk *w, const struct key *key, const struct node *node)
{
	size_t length = w->length, i = 0;

	for (const struct node *item = node_first_item(node); item;
	     item = node_next_item(node, item), i++) {
		int r;

		if (key->type->kind == KEY_ENTRIES)
			enter(w, "[%s]", config_entry_name(item));
		else
			enter(w, "[%zu]", i);
		if (key->keys == config_rule_keys)
			w->policy = w->config->rules[i].policy;
		r = walk_table(w, key->keys, item);
		if (r < 0)
			return r;
		leave(w, length);
	}
	return 0;
}

static int walk_value(struct walk *w, const struct key *key, const struct node *node)
{
	int r;

	switch (key->type->kind) {
	case KEY_SECTION:
		return walk_table(w, key->keys, node);
	case KEY_MAPPING:
		return node ? walk_table(w, key->keys, node) : 0;
	case KEY_MAPPINGS:
	case KEY_ENTRIES:
		return node ? walk_items(w, key, node) : 0;
	case KEY_PARAMS:
		return walk_params(w, node);
	case KEY_WHEN:
		if (!node)
			return 0;
		r = walk_metrics(w, node);
		return r < 0 ? r : walk_table(w, key->keys, node);
	case KEY_BOOL:
	case KEY_INTEGER:
	case KEY_TIME:
	case KEY_RATE:
	case KEY_AMOUNT:
	case KEY_WORD:
	case KEY_WORDS:
	case KEY_NAME:
	case KEY_TEXT:
	case KEY_LIST:
	case KEY_OTHER:
	case KEY_URIS:
	case KEY_PATTERNS:
	case KEY_SIZES:
	case KEY_POLICY:
	case KEY_POLICIES:
		break;
	}
	return walk_key(w, key, node);
}

/* Recursion is as deep as the tables are. */
static int walk_table(struct walk *w, const struct key *keys, const struct node *mapping)
{
	size_t length = w->length;

	for (; keys->name; keys++) {
		const struct node *node = mapping ? node_find(mapping, keys->name) : NULL;
		int r;

		if (keys->joins)
			continue;
		/* What is all commented out says nothing. */
		if (node && node_is_null(node))
			node = NULL;
		enter(w, "%s%s", length > 0 ? "." : "", keys->name);
		r = walk_value(w, keys, node);
		if (r < 0)
			return r;
		leave(w, length);
	}
	return 0;
}

int config_walk(const struct config_files *files, const struct config *config,
		int (*on_value)(const struct config_value *value, void *userdata), void *userdata)
{
	struct walk w = { .config = config, .on_value = on_value, .userdata = userdata };

	return walk_table(&w, config_keys, files->root);
}

static int add_to_hash(const struct config_value *value, void *userdata)
{
	uint64_t *hash = userdata;

	*hash = hash_bytes(*hash, value->path, strlen(value->path) + 1);
	*hash = hash_bytes(*hash, value->text, strlen(value->text) + 1);
	return 0;
}

int config_hash(const struct config_files *files, const struct config *config, uint64_t *ret)
{
	*ret = HASH_INIT;
	return config_walk(files, config, add_to_hash, ret);
}
