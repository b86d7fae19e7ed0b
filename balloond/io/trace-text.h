/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text that grows in memory, and how a trace spells what YAML cannot carry as it is.
 *
 *   texts    "db-1": in double quotes; what is not printable UTF-8, and " \ %, is %XX, so that
 * every byte comes back bytes    00ff12: two digits a byte */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is empty. */
struct trace_text {
	char *data;
	size_t n, max;
	bool failed; /* no memory: something is missing */
};

void trace_text_done(struct trace_text *t);

void trace_add(struct trace_text *t, const char *bytes, size_t n);
void trace_put(struct trace_text *t, const char *text);
void trace_print(struct trace_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void trace_indent(struct trace_text *t, unsigned n);

/* Of any bytes. */
void trace_quote(struct trace_text *t, const char *bytes, size_t n);
void trace_hex(struct trace_text *t, const void *bytes, size_t n);

/* Whether YAML gives a file's text back as it is from a literal block. */
bool trace_is_literal(const char *text, size_t n);

/* As the value behind "key:", the lines indented by two. */
void trace_literal(struct trace_text *t, const char *text, size_t n);

/* What trace_quote() and trace_hex() wrote, without the quotes.  The number of bytes, which are at
 * most size, or -EINVAL. */
long trace_unquote(void *to, size_t size, const char *text);
long trace_unhex(void *to, size_t size, const char *text);
