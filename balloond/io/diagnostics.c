/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/diagnostics.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"

/* Bytes of the UTF-8 character at s, 0 if there is none. */
static size_t utf8_length(const unsigned char *s)
{
	size_t n = *s < 0x80 ? 1 : *s >= 0xf0 && *s < 0xf5 ? 4 : *s >= 0xe0 ? 3 : 2;

	if ((*s >= 0x80 && *s < 0xc2) || *s >= 0xf5)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Replaces what a terminal could obey and what D-Bus would refuse: controls, and characters that
 * were cut in two. */
static void make_safe(char *text)
{
	unsigned char *s = (unsigned char *)text;

	while (*s) {
		size_t n = utf8_length(s);
		bool is_c1 = n == 2 && s[0] == 0xc2 && s[1] < 0xa0;

		if (n == 0 || *s < 0x20 || *s == 0x7f) {
			*s++ = '?';
			continue;
		}
		if (is_c1)
			memset(s, '?', n);
		s += n;
	}
}

static char *format_text(const struct source *source, size_t line, size_t column,
			 const char *format, va_list args)
{
	_cleanup_free_ char *message = NULL;
	const char *file = source ? source->name : "configuration";
	char *text;
	int r;

	if (vasprintf(&message, format, args) < 0) {
		message = NULL;
		return NULL;
	}
	if (line > 0)
		r = asprintf(&text, "%s:%zu:%zu: %s", file, line, column, message);
	else
		r = asprintf(&text, "%s: %s", file, message);
	if (r < 0)
		return NULL;
	make_safe(text);
	return text;
}

static bool is_behind(const struct diagnostic *a, const struct diagnostic *b)
{
	if (a->rank != b->rank)
		return a->rank > b->rank;
	return a->line > b->line || (a->line == b->line && a->column > b->column);
}

void diagnostics_addv(struct diagnostics *d, const struct source *source, size_t line,
		      size_t column, const char *format, va_list args)
{
	struct diagnostic item = { .rank = source ? source->rank : 0,
				   .line = line > 0 && source ? line + source->skip : line,
				   .column = column };
	size_t at = d->n_items;

	if (d->n_items < DIAGNOSTICS_MAX)
		item.text = format_text(source, item.line, column, format, args);
	if (!item.text) {
		d->n_more++;
		return;
	}
	for (; at > 0 && is_behind(&d->items[at - 1], &item); at--)
		d->items[at] = d->items[at - 1];
	d->items[at] = item;
	d->n_items++;
}

void diagnostics_add(struct diagnostics *d, const struct source *source, size_t line, size_t column,
		     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	diagnostics_addv(d, source, line, column, format, args);
	va_end(args);
}

void diagnostics_print(const struct diagnostics *d, FILE *f)
{
	for (size_t i = 0; i < d->n_items; i++)
		fprintf(f, "%s\n", d->items[i].text);
	if (d->n_more > 0)
		fprintf(f, "and %zu more\n", d->n_more);
}

void diagnostics_done(struct diagnostics *d)
{
	for (size_t i = 0; i < d->n_items; i++)
		free(d->items[i].text);
	*d = (struct diagnostics){ 0 };
}
