/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tree is composed from libyaml's events, one at a time, with the open collection as the only
 * state: the limits hold before anything deep or large exists, and there is no recursion but over
 * a depth that is already bounded. */

#include "balloond/io/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "balloond/io/util.h"

struct composer {
	yaml_parser_t parser;
	const struct source *source;
	struct diagnostics *diagnostics;
	struct node *root;
	struct node *open; /* collection that the next event belongs to; NULL: the document */
	char *key;         /* of the value to come, where open is a mapping */
	size_t key_line, key_column;
	unsigned depth, n_documents;
	size_t n_nodes;
	bool failed; /* something is wrong, but reading on may find more */
};

/* Libyaml counts from 0, people from 1. */
static size_t mark_line(const yaml_mark_t *mark)
{
	return mark->line + 1;
}

static size_t mark_column(const yaml_mark_t *mark)
{
	return mark->column + 1;
}

static void complain(struct composer *c, const yaml_mark_t *mark, const char *what)
{
	c->failed = true;
	diagnostics_add(c->diagnostics, c->source, mark_line(mark), mark_column(mark), "%s", what);
}

static int stop(struct composer *c, const yaml_mark_t *mark, const char *what)
{
	complain(c, mark, what);
	return -EINVAL;
}

static bool expects_key(const struct composer *c)
{
	return c->open && c->open->kind == NODE_MAPPING && !c->key;
}

static int add_node(struct composer *c, enum node_kind kind, const yaml_mark_t *mark,
		    struct node **ret)
{
	struct node *node;

	if (++c->n_nodes > YAML_MAX_NODES)
		return stop(c, mark, "more than 10000 values in one file are not read");
	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOMEM;
	*node = (struct node){
		.kind = kind,
		.source = c->source,
		.line = mark_line(mark),
		.column = mark_column(mark),
		.key = TAKE_PTR(c->key),
		.key_line = c->key_line,
		.key_column = c->key_column,
		.parent = c->open,
	};
	if (!c->open) {
		c->root = node;
	} else {
		node->index = c->open->n_children++;
		if (c->open->last)
			c->open->last->next = node;
		else
			c->open->first = node;
		c->open->last = node;
	}
	*ret = node;
	return 0;
}

static int add_key(struct composer *c, const yaml_event_t *event, const char *text)
{
	const struct node *twin = node_find(c->open, text);

	if (twin) {
		c->failed = true;
		diagnostics_add(c->diagnostics, c->source, mark_line(&event->start_mark),
				mark_column(&event->start_mark),
				"the key '%s' is already in line %zu: a key is written once", text,
				twin->key_line);
	}
	c->key = strdup(text);
	if (!c->key)
		return -ENOMEM;
	c->key_line = mark_line(&event->start_mark);
	c->key_column = mark_column(&event->start_mark);
	return 0;
}

static void refuse_decoration(struct composer *c, const yaml_mark_t *mark,
			      const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		complain(c, mark, "anchors (&name) are not allowed: write the value itself");
	if (tag)
		complain(c, mark, "tags (!name) are not allowed: write the value alone");
}

static int on_scalar(struct composer *c, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	struct node *node;
	int r;

	refuse_decoration(c, &event->start_mark, event->data.scalar.anchor, event->data.scalar.tag);
	if (strlen(text) != event->data.scalar.length)
		return stop(c, &event->start_mark, "a text with a NUL character is not allowed");
	if (expects_key(c))
		return add_key(c, event, text);
	r = add_node(c, NODE_SCALAR, &event->start_mark, &node);
	if (r < 0)
		return r;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = strdup(text);
	return node->text ? 0 : -ENOMEM;
}

static int on_alias(struct composer *c, const yaml_event_t *event)
{
	struct node *node;

	complain(c, &event->start_mark,
		 "aliases (*name) are not allowed: write the value itself, quote a pattern");
	if (expects_key(c))
		return -EINVAL;
	return add_node(c, NODE_SCALAR, &event->start_mark, &node);
}

static int on_start(struct composer *c, const yaml_event_t *event, enum node_kind kind)
{
	struct node *node;
	int r;

	if (kind == NODE_SEQUENCE)
		refuse_decoration(c, &event->start_mark, event->data.sequence_start.anchor,
				  event->data.sequence_start.tag);
	else
		refuse_decoration(c, &event->start_mark, event->data.mapping_start.anchor,
				  event->data.mapping_start.tag);
	if (expects_key(c))
		return stop(c, &event->start_mark,
			    "a key is a plain word, not a list or a mapping");
	if (++c->depth > YAML_MAX_DEPTH)
		return stop(c, &event->start_mark, "more than 32 levels of nesting are not read");
	r = add_node(c, kind, &event->start_mark, &node);
	if (r < 0)
		return r;
	c->open = node;
	return 0;
}

static int on_document(struct composer *c, const yaml_event_t *event)
{
	if (++c->n_documents > 1)
		return stop(c, &event->start_mark, "a second document (---) is not allowed");
	return 0;
}

static int on_event(struct composer *c, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(c, event);
	case YAML_ALIAS_EVENT:
		return on_alias(c, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(c, event, NODE_SEQUENCE);
	case YAML_MAPPING_START_EVENT:
		return on_start(c, event, NODE_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		c->open = c->open->parent;
		c->depth--;
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		return on_document(c, event);
	case YAML_STREAM_END_EVENT:
		return 1;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

/* What everybody writes once: name: *, and size: > 8GiB. */
static const char *syntax_hint(const yaml_parser_t *p)
{
	if (p->context && strstr(p->context, "alias"))
		return ": quote a text that begins with a star (\"*\")";
	if (p->context && strstr(p->context, "block scalar"))
		return ": quote a text that begins with '>' (\"> 8GiB\")";
	return "";
}

/* Reader errors (what is no UTF-8) come with an offset, all others with a mark. */
static int on_syntax_error(struct composer *c, const char *text, size_t size)
{
	const yaml_parser_t *p = &c->parser;
	yaml_mark_t mark = p->problem_mark;

	c->failed = true;
	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error == YAML_READER_ERROR) {
		mark = (yaml_mark_t){ 0 };
		for (size_t i = 0; i < p->problem_offset && i < size; i++) {
			mark.column = text[i] == '\n' ? 0 : mark.column + 1;
			mark.line += text[i] == '\n';
		}
	}
	diagnostics_add(c->diagnostics, c->source, mark_line(&mark), mark_column(&mark),
			"not YAML: %s%s%s%s", p->problem ? p->problem : "unknown problem",
			p->context ? " " : "", p->context ? p->context : "", syntax_hint(p));
	return -EINVAL;
}

static int compose(struct composer *c, const char *text, size_t size)
{
	yaml_event_t event;
	int r;

	yaml_parser_set_input_string(&c->parser, (const unsigned char *)text, size);
	do {
		if (!yaml_parser_parse(&c->parser, &event))
			return on_syntax_error(c, text, size);
		r = on_event(c, &event);
		yaml_event_delete(&event);
	} while (r == 0);
	if (r > 0 && !c->root) {
		yaml_mark_t start = { 0 };
		struct node *node;

		r = add_node(c, NODE_MAPPING, &start, &node);
	}
	return r < 0 ? r : c->failed ? -EINVAL : 0;
}

int yaml_compose(const char *text, size_t size, const struct source *source, struct diagnostics *d,
		 struct node **ret)
{
	struct composer c = { .source = source, .diagnostics = d };
	int r;

	if (size > YAML_MAX_SIZE) {
		diagnostics_add(d, source, 0, 0, "larger than 1 MiB: not read");
		return -EINVAL;
	}
	if (!yaml_parser_initialize(&c.parser))
		return -ENOMEM;
	r = compose(&c, text, size);
	yaml_parser_delete(&c.parser);
	free(c.key);
	if (r < 0)
		node_free(c.root);
	else
		*ret = c.root;
	return r;
}
