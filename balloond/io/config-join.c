/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/config-join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/util.h"

static bool is_list_of_entries(const char *key)
{
	return strcmp(key, "guests") == 0 || strcmp(key, "rules") == 0;
}

/* Drop-ins have odd places; the main file has the even one that its name gives it among them. */
static size_t place_of(const struct config_files *files, size_t file)
{
	size_t place = 0;

	if (!files->has_main)
		return 2 * file + 1;
	if (file > 0)
		return 2 * (file - 1) + 1;
	while (place + 1 < files->n &&
	       strcmp(files->items[place + 1].name, files->items[0].name) < 0)
		place++;
	return 2 * place;
}

static struct node *find_entry(const struct node *list, const char *name)
{
	for (struct node *entry = list->first; entry; entry = entry->next)
		if (strcmp(config_entry_name(entry), name) == 0)
			return entry;
	return NULL;
}

static struct node *before(const struct node *list, const struct node *child)
{
	struct node *found = NULL;

	for (struct node *n = list->first; n != child; n = n->next)
		found = n;
	return found;
}

static void replace(struct node *list, struct node *old, struct node *entry)
{
	struct node *behind = before(list, old);

	entry->place = old->place;
	node_free(node_unlink(old));
	node_insert(list, behind, entry);
}

static void insert(struct node *list, struct node *entry)
{
	struct node *behind = NULL;

	for (struct node *n = list->first; n && n->place <= entry->place; n = n->next)
		behind = n;
	node_insert(list, behind, entry);
}

static int join_entries(struct node *to, struct node *from, size_t place, struct diagnostics *d)
{
	while (from->first) {
		struct node *entry = node_unlink(from->first);
		struct node *twin = find_entry(to, config_entry_name(entry));

		entry->place = place;
		if (twin)
			replace(to, twin, entry);
		else
			insert(to, entry);
		if (to->n_children <= CONFIG_MAX_ENTRIES)
			continue;
		node_error(entry, d, "more than %u entries in all files together are not read",
			   CONFIG_MAX_ENTRIES);
		return -EINVAL;
	}
	return 0;
}

static void number_children(struct node *parent)
{
	size_t i = 0;

	for (struct node *child = parent->first; child; child = child->next)
		child->index = i++;
}

static void merge(struct node *to, struct node *from)
{
	while (from->first) {
		struct node *child = node_unlink(from->first);
		struct node *mine = (struct node *)node_find(to, child->key);

		if (mine && mine->kind == NODE_MAPPING && child->kind == NODE_MAPPING) {
			merge(mine, child);
			node_free(child);
		} else if (mine && node_is_null(child)) {
			node_free(child);
		} else {
			if (mine)
				node_free(node_unlink(mine));
			node_insert(to, to->last, child);
		}
	}
	number_children(to);
}

/* A list with the place of each entry. */
static int join_list(struct node *root, struct node *child, size_t place, struct diagnostics *d)
{
	struct node *list = (struct node *)node_find(root, child->key);
	int r;

	if (list && list->kind == NODE_SEQUENCE) {
		r = child->kind == NODE_SEQUENCE ? join_entries(list, child, place, d) : 0;
		node_free(child);
		return r;
	}
	for (struct node *entry = child->first; entry; entry = entry->next)
		entry->place = place;
	if (list)
		node_free(node_unlink(list));
	node_insert(root, root->last, child);
	return 0;
}

/* The lists first: merge() takes what is left. */
static int join_file(struct node *root, struct node *from, size_t place, struct diagnostics *d)
{
	struct node *next;
	int r;

	for (struct node *child = from->first; child; child = next) {
		next = child->next;
		if (!is_list_of_entries(child->key))
			continue;
		r = join_list(root, node_unlink(child), place, d);
		if (r < 0)
			return r;
	}
	merge(root, from);
	return 0;
}

static void drop_disabled(struct node *root)
{
	for (struct node *list = root->first; list; list = list->next) {
		struct node *next;

		if (!is_list_of_entries(list->key))
			continue;
		for (struct node *entry = list->first; entry; entry = next) {
			next = entry->next;
			if (config_is_disabled(entry))
				node_free(node_unlink(entry));
		}
		number_children(list);
	}
}

int config_join(struct config_files *files, struct diagnostics *d)
{
	int r;

	files->root = calloc(1, sizeof(*files->root));
	if (!files->root)
		return -ENOMEM;
	*files->root = (struct node){ .kind = NODE_MAPPING, .line = 1, .column = 1 };
	if (files->n > 0)
		files->root->source = &files->items[0].source;
	for (size_t i = 0; i < files->n; i++) {
		r = join_file(files->root, files->items[i].root, place_of(files, i), d);
		if (r < 0)
			return r;
	}
	drop_disabled(files->root);
	return 0;
}
