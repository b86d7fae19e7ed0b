/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the lists guests: and rules: have in common: entries, each with a name of its own. */

#include <errno.h>
#include <string.h>

#include "balloond/io/config-entries.h"

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

const char *config_entry_name(const struct node *entry)
{
	const struct node *name = node_find(entry, "name");

	return name ? node_text(name) : NULL;
}

bool config_is_disabled(const struct node *entry)
{
	const struct node *node = node_find(entry, "disabled");
	const char *text = node ? node_text(node) : NULL;

	return text && !node->quoted && strcmp(text, "true") == 0;
}

int config_check_name(const struct node *entry, struct diagnostics *d)
{
	const char *text = config_entry_name(entry);

	if (!text && config_is_disabled(entry)) {
		node_error(entry, d, "the key 'name' is missing: expected " CONFIG_NAME_EXPECTED);
		return -EINVAL;
	}
	for (const struct node *e = entry->parent->first; text && e != entry; e = e->next) {
		const char *taken = config_entry_name(e);

		if (!taken || strcmp(taken, text) != 0)
			continue;
		node_error(node_find(entry, "name"), d,
			   "'%.60s' is the name of the entry in line %zu already", text,
			   node_find(e, "name")->line);
		return -EINVAL;
	}
	return 0;
}

static int read_disabled(const struct key *key, const struct node *node, void *field,
			 const struct reading *r)
{
	uint64_t x;

	(void)key;
	(void)field;
	return bounded_read(node, BALLOOND_BOOL, NULL, NULL, &x, r->diagnostics);
}

const struct key_type config_type_disabled = { KEY_BOOL, read_disabled, NULL };
