/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Walking a composed tree, and saying where in it something is wrong.  Does not know libyaml. */

#include "balloond/io/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"

#define LEVELS_MAX 40u /* more than YAML_MAX_DEPTH lets come into being */

/* Recursion is as deep as the tree. */
struct node *node_free(struct node *root)
{
	if (!root)
		return NULL;
	for (struct node *child = root->first, *next; child; child = next) {
		next = child->next;
		node_free(child);
	}
	free((void *)root->text);
	free((void *)root->key);
	free(root);
	return NULL;
}

const struct node *node_find(const struct node *mapping, const char *key)
{
	const struct node *child = mapping->kind == NODE_MAPPING ? mapping->first : NULL;

	while (child && strcmp(child->key, key) != 0)
		child = child->next;
	return child;
}

struct node *node_unlink(struct node *child)
{
	struct node *parent = child->parent, *before = NULL;

	for (struct node *n = parent->first; n != child; n = n->next)
		before = n;
	if (before)
		before->next = child->next;
	else
		parent->first = child->next;
	if (parent->last == child)
		parent->last = before;
	parent->n_children--;
	child->parent = child->next = NULL;
	return child;
}

void node_insert(struct node *parent, struct node *behind, struct node *child)
{
	struct node **link = behind ? &behind->next : &parent->first;

	child->next = *link;
	child->parent = parent;
	*link = child;
	if (parent->last == behind)
		parent->last = child;
	parent->n_children++;
}

const struct node *node_first_item(const struct node *node)
{
	return node->kind == NODE_SEQUENCE ? node->first : node;
}

const struct node *node_next_item(const struct node *node, const struct node *item)
{
	return node->kind == NODE_SEQUENCE ? item->next : NULL;
}

bool node_is_null(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node->quoted &&
	       (!node->text || !*node->text || strcmp(node->text, "~") == 0 ||
		strcmp(node->text, "null") == 0);
}

const char *node_text(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node_is_null(node) ? node->text : NULL;
}

const char *node_path(char buf[NODE_PATH_MAX], const struct node *node)
{
	const struct node *way[LEVELS_MAX];
	size_t n = 0, at = 0;

	buf[0] = '\0';
	for (; node->parent && n < ELEMENTSOF(way); node = node->parent)
		way[n++] = node;
	while (n-- > 0 && at < NODE_PATH_MAX) {
		int r;

		if (way[n]->key)
			r = snprintf(buf + at, NODE_PATH_MAX - at, "%s%.40s", at > 0 ? "." : "",
				     way[n]->key);
		else
			r = snprintf(buf + at, NODE_PATH_MAX - at, "[%zu]", way[n]->index);
		at += r > 0 ? (size_t)r : 0;
	}
	return buf;
}

static void add_error(const struct node *node, bool at_key, struct diagnostics *d,
		      const char *format, va_list args)
{
	char path[NODE_PATH_MAX], message[512];
	size_t line = at_key && node->key ? node->key_line : node->line;
	size_t column = at_key && node->key ? node->key_column : node->column;

	(void)vsnprintf(message, sizeof(message), format, args);
	node_path(path, node);
	diagnostics_add(d, node->source, line, column, "%s%s%s", path, *path ? ": " : "", message);
}

void node_error(const struct node *node, struct diagnostics *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_error(node, false, d, format, args);
	va_end(args);
}

void node_key_error(const struct node *node, struct diagnostics *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_error(node, true, d, format, args);
	va_end(args);
}

void node_expected(const struct node *node, struct diagnostics *d, const char *expected)
{
	const char *text = node_text(node);

	if (text)
		node_error(node, d, "found %s'%.60s'%s, expected %s",
			   node->quoted ? "the quoted text " : "", text,
			   strlen(text) > 60 ? " ..." : "", expected);
	else
		node_error(node, d, "found %s, expected %s",
			   node->kind == NODE_SEQUENCE  ? "a list"
			   : node->kind == NODE_MAPPING ? "a mapping"
							: "nothing",
			   expected);
}
