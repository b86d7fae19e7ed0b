/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The other types that tables of keys are made of: words, lists, for which one item may stand
 * alone, and lists of mappings. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/keys.h"

int list_check(const struct node *node, size_t max, struct diagnostics *d)
{
	if (node->kind != NODE_SEQUENCE || (node->n_children > 0 && node->n_children <= max))
		return 0;
	node_error(node, d, "found a list of %zu, expected 1 to %zu", node->n_children, max);
	return -EINVAL;
}

static int append_text(const struct node *node, const char *expected,
		       const char *(*check)(const char *text), char **ret, struct diagnostics *d)
{
	const char *text = node_text(node), *wrong;

	if (!text) {
		node_expected(node, d, expected);
		return -EINVAL;
	}
	wrong = check(text);
	if (wrong) {
		node_error(node, d, "'%.60s' %s", text, wrong);
		return -EINVAL;
	}
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int texts_read(const struct node *node, size_t max, const char *expected,
	       const char *(*check)(const char *text), char ***ret, size_t *ret_n,
	       struct diagnostics *d)
{
	int result = list_check(node, max, d);

	if (result < 0)
		return result;
	*ret = calloc(node->kind == NODE_SEQUENCE ? node->n_children : 1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (const struct node *item = node_first_item(node); item;
	     item = node_next_item(node, item)) {
		int k = append_text(item, expected, check, &(*ret)[*ret_n], d);

		if (k == -ENOMEM)
			return k;
		if (k < 0)
			result = k;
		else
			(*ret_n)++;
	}
	return result;
}

void spell_list(const struct node *node, void (*spell)(const char *text, FILE *f), FILE *f)
{
	const struct node *item = node_first_item(node);
	bool is_list = node->kind == NODE_SEQUENCE && node->n_children != 1;

	if (is_list)
		fputc('[', f);
	for (; item; item = node_next_item(node, item)) {
		spell(node_text(item), f);
		if (is_list && item->next)
			fputs(", ", f);
	}
	if (is_list)
		fputc(']', f);
}

/* true and false may be among the words: quoted they are texts, and no word. */
static bool find_word(const struct key *key, const struct node *node, unsigned *ret)
{
	const char *text = node_text(node);
	bool is_truth = text && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0);

	if (!text || (is_truth && node->quoted))
		return false;
	for (unsigned i = 0; key->words[i]; i++) {
		if (strcmp(text, key->words[i]) != 0)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static int read_word(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	if (find_word(key, node, field))
		return 0;
	node_expected(node, r->diagnostics, key->expected);
	return -EINVAL;
}

static void spell_plain(const char *text, FILE *f)
{
	fputs(text, f);
}

static void spell_word(const struct key *key, const struct node *node, FILE *f)
{
	(void)key;
	spell_plain(node_text(node), f);
}

static int read_words(const struct key *key, const struct node *node, void *field,
		      const struct reading *r)
{
	uint32_t found = 0;
	int result = 0;

	for (const struct node *item = node_first_item(node); item;
	     item = node_next_item(node, item)) {
		unsigned i;

		if (find_word(key, item, &i)) {
			found |= UINT32_C(1) << i;
			continue;
		}
		node_expected(item, r->diagnostics, key->expected);
		result = -EINVAL;
	}
	*(uint32_t *)field = found;
	return result;
}

static void spell_words(const struct key *key, const struct node *node, FILE *f)
{
	const char *between = "";

	fputc('[', f);
	for (size_t i = 0; key->words[i]; i++)
		for (const struct node *item = node_first_item(node); item;
		     item = node_next_item(node, item))
			if (strcmp(node_text(item), key->words[i]) == 0) {
				fprintf(f, "%s%s", between, key->words[i]);
				between = ", ";
				break;
			}
	fputc(']', f);
}

static int read_item(const struct node *node, const struct list_of *list, void *item,
		     const struct reading *r)
{
	int k;

	if (node->kind != NODE_MAPPING) {
		node_expected(node, r->diagnostics, "a mapping of keys");
		return -EINVAL;
	}
	if (list->initial)
		memcpy(item, list->initial, list->size);
	k = keys_read(node, list->keys, item, r);
	return k < 0 || !list->check ? k : list->check(node, item, r);
}

int mappings_read(const struct node *node, const struct list_of *list, void **ret, size_t *ret_n,
		  const struct reading *r)
{
	int result = 0;

	if (node_is_null(node) || (node->kind == NODE_SEQUENCE && node->n_children == 0))
		return 0;
	if (node->kind != NODE_SEQUENCE) {
		node_expected(node, r->diagnostics, "a list of mappings");
		return -EINVAL;
	}
	if (node->n_children > list->max) {
		node_error(node, r->diagnostics, "found %zu entries, at most %zu are read",
			   node->n_children, list->max);
		return -EINVAL;
	}
	*ret = calloc(node->n_children, list->size);
	if (!*ret)
		return -ENOMEM;
	*ret_n = node->n_children;
	for (const struct node *child = node->first; child; child = child->next) {
		int k = read_item(child, list, (char *)*ret + child->index * list->size, r);

		if (k == -ENOMEM)
			return k;
		if (k < 0)
			result = k;
	}
	return result;
}

/* What is all commented out lacks what is required. */
static int read_mapping(const struct key *key, const struct node *node, void *field,
			const struct reading *r)
{
	if (node->kind == NODE_MAPPING)
		return keys_read(node, key->keys, field, r);
	node_expected(node, r->diagnostics, "a mapping of keys");
	return -EINVAL;
}

const struct key_type key_mapping = { KEY_MAPPING, read_mapping, NULL };
const struct key_type key_word = { KEY_WORD, read_word, spell_word };
const struct key_type key_words = { KEY_WORDS, read_words, spell_words };
