/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A file as a small tree of nodes that know where they were written (yaml.h composes it), and the
 * ways to say what is wrong at one of them.  Scalars are text; what they mean is up to the key.
 * Trees of several files may be joined into one (config-join.h): each node still knows its own. */

#include <stdbool.h>
#include <stddef.h>

#include "balloond/io/diagnostics.h"

enum node_kind { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct node {
	enum node_kind kind;
	bool quoted;                 /* scalar: "true" is a text, true is not */
	const struct source *source; /* borrowed */
	size_t line, column;         /* of the value, from 1, in characters */
	const char *text;            /* scalar: without NUL inside; owned */

	const char *key; /* inside a mapping, else NULL; owned */
	size_t key_line, key_column;
	size_t index; /* which child of its parent, from 0 */

	struct node *parent;       /* NULL: the root */
	struct node *first, *last; /* children, in the order of the file */
	struct node *next;         /* sibling */
	size_t n_children;
	size_t place; /* joined entry of a list: of the file whose turn it has (config-join.c) */
};

/* Releases a tree; takes NULL, returns NULL. */
struct node *node_free(struct node *root);

/* The value of a key of a mapping, or NULL. */
const struct node *node_find(const struct node *mapping, const char *key);

/* Takes a child out of its parent: it is the caller's now.  What follows it keeps its index. */
struct node *node_unlink(struct node *child);

/* Makes child, which has no parent, the one behind `behind`, NULL: the first.  As above. */
void node_insert(struct node *parent, struct node *behind, struct node *child);

/* Where one thing stands for a list of one: the items of a list, or the node alone. */
const struct node *node_first_item(const struct node *node);
const struct node *node_next_item(const struct node *node, const struct node *item);

/* Nothing is written there, or null is. */
bool node_is_null(const struct node *node);

/* The text of a scalar, or NULL for anything else, null too. */
const char *node_text(const struct node *node);

#define NODE_PATH_MAX 192u

/* Where a node is, as in "rules[2].params.low"; "" for the root.  Returns buf. */
const char *node_path(char buf[NODE_PATH_MAX], const struct node *node);

/* Adds "PATH: message" at the position of the value or of its key. */
void node_error(const struct node *node, struct diagnostics *d, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void node_key_error(const struct node *node, struct diagnostics *d, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds "PATH: found 'text', expected EXPECTED". */
void node_expected(const struct node *node, struct diagnostics *d, const char *expected);

static inline void node_freep(struct node **node)
{
	(void)node_free(*node);
}

#define _cleanup_node_ __attribute__((cleanup(node_freep)))
