/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tables of keys against mappings: what is unknown, what is missing, what is left to its default.
 * A default takes the same way as what is written: it is read from its YAML spelling. */

#include "balloond/io/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"

#define HINT_LENGTH 32u  /* no key of ours is as long */
#define HINT_DISTANCE 2u /* single letters that a slip of the finger changes */
#define TABLE_MAX 32u

/* Levenshtein distance: letters to insert, remove or replace. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t n_a = strlen(a), n_b = strlen(b), row[HINT_LENGTH + 1];

	if (n_a > HINT_LENGTH || n_b > HINT_LENGTH)
		return SIZE_MAX;
	for (size_t j = 0; j <= n_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t replace = diagonal + (a[i - 1] != b[j - 1]);
			size_t insert = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);

			diagonal = row[j];
			row[j] = replace < insert ? replace : insert;
		}
	}
	return row[n_b];
}

void keys_unknown(const struct node *node, const char *what, const char *const names[],
		  size_t n_names, struct diagnostics *d)
{
	const char *nearest = NULL;
	size_t best = HINT_DISTANCE + 1;

	for (size_t i = 0; i < n_names; i++) {
		size_t distance = edit_distance(node->key, names[i]);

		if (distance < best && distance < strlen(names[i])) {
			best = distance;
			nearest = names[i];
		}
	}
	if (nearest) {
		node_key_error(node, d, "unknown %s, did you mean '%s'?", what, nearest);
		return;
	}
	char known[400] = "";
	size_t at = 0;

	for (size_t i = 0; i < n_names && at < sizeof(known); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i > 0 ? ", " : "",
				       names[i]);
	node_key_error(node, d, "unknown %s, known here: %s", what, n_names > 0 ? known : "none");
}

static void check_unknown(const struct node *mapping, const struct key *keys, struct diagnostics *d,
			  int *result)
{
	const char *names[TABLE_MAX];
	size_t n = 0;

	for (; keys[n].name && n < TABLE_MAX; n++)
		names[n] = keys[n].name;
	for (const struct node *child = mapping->first; child; child = child->next) {
		size_t i = 0;

		while (i < n && strcmp(names[i], child->key) != 0)
			i++;
		if (i < n)
			continue;
		keys_unknown(child, "key", names, n, d);
		*result = -EINVAL;
	}
}

bool key_fallback(const struct key *key, bool dry_run, struct node *ret)
{
	const char *text = dry_run && key->fallback_dry ? key->fallback_dry : key->fallback;

	*ret = (struct node){ .kind = NODE_SCALAR, .text = text };
	if (text && strcmp(text, "[]") == 0)
		ret->kind = NODE_SEQUENCE;
	return text != NULL;
}

static int read_fallback(const struct key *key, void *field, const struct reading *r)
{
	struct node node;

	return key_fallback(key, r->dry_run, &node) ? key->type->read(key, &node, field, r) : 0;
}

/* One row; sections go through keys_read() again, at most as deep as the tables are. */
static int read_key(const struct key *key, const struct node *mapping, void *base,
		    const struct reading *r)
{
	const struct node *node = mapping ? node_find(mapping, key->name) : NULL;
	void *field = (char *)base + key->offset;

	if (node || key->type->kind == KEY_SECTION)
		return key->type->read(key, node, field, r);
	if (key->required && mapping && !r->lenient) {
		node_error(mapping, r->diagnostics, "the key '%s' is missing%s%s", key->name,
			   key->expected ? ": expected " : "", key->expected ? key->expected : "");
		return -EINVAL;
	}
	return read_fallback(key, field, r);
}

int keys_read(const struct node *mapping, const struct key *keys, void *base,
	      const struct reading *r)
{
	int result = 0;

	/* A section whose keys are all commented out says nothing; an item of a list is there to
	 * say something. */
	if (mapping && mapping->parent && mapping->parent->kind == NODE_MAPPING &&
	    node_is_null(mapping))
		mapping = NULL;
	if (mapping && mapping->kind != NODE_MAPPING) {
		node_expected(mapping, r->diagnostics, "a mapping of keys");
		return -EINVAL;
	}
	if (mapping)
		check_unknown(mapping, keys, r->diagnostics, &result);
	for (; keys->name; keys++) {
		int k = read_key(keys, mapping, base, r);

		if (k == -ENOMEM)
			return k;
		if (k < 0)
			result = k;
	}
	return result;
}

static int read_section(const struct key *key, const struct node *node, void *field,
			const struct reading *r)
{
	return keys_read(node, key->keys, field, r);
}

const struct key_type key_section = { KEY_SECTION, read_section, NULL };
