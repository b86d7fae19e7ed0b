/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What guests: and rules: entries have in common: a name of their own, and the guests they mean. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/snapshot.h"
#include "balloond/io/config-entries.h"
#include "balloond/io/util.h"

/* fnmatch() takes broken patterns in silence and then matches nobody. */
static const char *pattern_refusal(const char *pattern)
{
	if (!*pattern)
		return "is an empty pattern: \"*\" means every guest";
	if (strlen(pattern) >= GUEST_NAME_MAX)
		return "is longer than any guest's name (255 bytes)";
	for (const char *c = pattern; *c; c++) {
		if (*c == '\\') {
			if (!*++c)
				return "ends with a backslash that escapes nothing";
		} else if (*c == '[') {
			/* A bracket right behind [ or [! is one of the set. */
			const char *set = c + 1 + (c[1] == '!' || c[1] == '^');

			c = *set ? strchr(set + 1, ']') : NULL;
			if (!c)
				return "has a '[' without its ']' (\\[ means the character)";
		}
	}
	return NULL;
}

static int read_names(const struct key *key, const struct node *node, void *field,
		      const struct reading *r)
{
	struct match *match = field;

	return texts_read(node, CONFIG_MAX_PATTERNS, key->expected, pattern_refusal, &match->names,
			  &match->n_names, r->diagnostics);
}

static const struct key match_keys[] = {
	{ .name = "name",
	  .read = read_names,
	  .required = true,
	  .expected = "a shell pattern such as \"db-*\", or a list of them" },
	{ .name = NULL },
};

int config_read_match(const struct key *key, const struct node *node, void *field,
		      const struct reading *r)
{
	if (node->kind != NODE_MAPPING) {
		node_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	return keys_read(node, match_keys, field, r);
}

void match_done(struct match *match)
{
	for (size_t i = 0; i < match->n_names; i++)
		free(match->names[i]);
	free(match->names);
	*match = (struct match){ 0 };
}

int config_check_list(const struct node *node, size_t *ret, struct diagnostics *d)
{
	*ret = 0;
	if (node_is_null(node))
		return 0;
	if (node->kind != NODE_SEQUENCE) {
		node_expected(node, d, "a list of entries (- name: ...)");
		return -EINVAL;
	}
	if (node->n_children > CONFIG_MAX_ENTRIES) {
		node_error(node, d, "found %zu entries, at most %u are read", node->n_children,
			   CONFIG_MAX_ENTRIES);
		return -EINVAL;
	}
	*ret = node->n_children;
	return 0;
}

int config_check_name(const struct node *entry, struct diagnostics *d)
{
	const struct node *mine = node_find(entry, "name");
	const char *text = mine ? node_text(mine) : NULL;

	for (const struct node *e = entry->parent->first; text && e != entry; e = e->next) {
		const struct node *other = node_find(e, "name");
		const char *taken = other ? node_text(other) : NULL;

		if (!taken || strcmp(taken, text) != 0)
			continue;
		node_error(mine, d, "'%.60s' is the name of the entry in line %zu already", text,
			   other->line);
		return -EINVAL;
	}
	return 0;
}
