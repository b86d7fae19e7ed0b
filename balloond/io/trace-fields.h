/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which fields a trace carries, each once: writing and reading go by these tables, and a test holds
 * them against the sizes of the structures. */

#include <stdbool.h>

#include "balloond/io/diagnostics.h"
#include "balloond/io/node.h"
#include "balloond/io/trace-text.h"

enum trace_type {
	TRACE_COUNT,
	TRACE_BYTES,
	TRACE_USEC,
	TRACE_SIGNED,
	TRACE_BOOL,
	TRACE_WORD,  /* one of words, by its number */
	TRACE_WORDS, /* 1 << number of each */
	TRACE_TEXT,  /* an array of characters that ends with NUL */
};

/* Numbers have 4 or 8 bytes; all bits set is BALLOOND_UNKNOWN where they have 8. */
struct trace_field {
	const char *name;
	enum trace_type type;
	size_t offset, size;
	const char *const *words; /* NULL behind the last; what has no word is a number */
};

struct trace_table {
	const struct trace_field *fields;
	size_t n;
};

extern const struct trace_table trace_host;    /* struct host */
extern const struct trace_table trace_guest;   /* struct guest, but for uuid */
extern const struct trace_table trace_memory;  /* struct memory, but for uuid and shadow */
extern const struct trace_table trace_history; /* struct history: what is no array, no tally */
extern const struct trace_table trace_rule;    /* struct rule_memory */

extern const char *const trace_level_words[];

/* Whether a and b have the same value in that field. */
bool trace_is_same(const struct trace_field *field, const void *a, const void *b);

/* Writes "NAME: VALUE", a line each, of what differs from base.  Returns how many. */
size_t trace_write_fields(struct trace_text *t, const struct trace_table *table, const void *from,
			  const void *base, unsigned indent);

/* Sets the field that this node, inside a mapping, is the value of.  1; 0: the table has no such
 * field; -EINVAL: d says what is wrong. */
int trace_read_field(const struct node *node, const struct trace_table *table, void *to,
		     struct diagnostics *d);

/* Sets the fields that are written in a mapping.  skip: a key that is somebody else's, or NULL.
 * 0 or -EINVAL. */
int trace_read_mapping(const struct node *mapping, const struct trace_table *table, void *to,
		       const char *skip, struct diagnostics *d);
