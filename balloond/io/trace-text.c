/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/trace-text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/utf8.h"

static const char digits[] = "0123456789abcdef";

void trace_text_done(struct trace_text *t)
{
	free(t->data);
	*t = (struct trace_text){ 0 };
}

/* NULL: no memory. */
static char *room(struct trace_text *t, size_t n)
{
	size_t max = t->max > 0 ? t->max : 4096;
	char *data;

	while (max < t->n + n)
		max *= 2;
	if (max == t->max)
		return t->data + t->n;
	data = t->failed ? NULL : realloc(t->data, max);
	if (!data) {
		t->failed = true;
		return NULL;
	}
	t->data = data;
	t->max = max;
	return t->data + t->n;
}

void trace_add(struct trace_text *t, const char *bytes, size_t n)
{
	char *to = room(t, n);

	if (!to)
		return;
	memcpy(to, bytes, n);
	t->n += n;
}

void trace_put(struct trace_text *t, const char *text)
{
	trace_add(t, text, strlen(text));
}

void trace_print(struct trace_text *t, const char *format, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(line))
		trace_add(t, line, (size_t)n);
	else
		t->failed = true;
}

void trace_indent(struct trace_text *t, unsigned n)
{
	static const char spaces[] = "        ";

	trace_add(t, spaces, n < sizeof(spaces) ? n : sizeof(spaces) - 1);
}

static bool stands_as_it_is(char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '%';
}

/* Bytes of the character that may stand as it is; 0: none.  Above ASCII that is what is no control
 * character, no line break and no mark of the byte order. */
static size_t plain_length(const char *at, const char *end)
{
	const unsigned char *u = (const unsigned char *)at;
	char character[5] = { 0 };
	size_t n;

	if (*u < 0x80)
		return *u >= 0x20 && *u != 0x7f ? 1 : 0;
	memcpy(character, at, (size_t)(end - at) < 4 ? (size_t)(end - at) : 4);
	n = utf8_length(character);
	if (n == 2 && u[0] == 0xc2 && u[1] < 0xa0)
		return 0;
	if (n == 3 && u[0] == 0xe2 && u[1] == 0x80 && (u[2] == 0xa8 || u[2] == 0xa9))
		return 0;
	if (n == 3 && u[0] == 0xef && (u[1] == 0xbb || u[1] == 0xbf))
		return 0;
	return n;
}

void trace_quote(struct trace_text *t, const char *bytes, size_t n)
{
	const char *end = bytes + n;

	trace_add(t, "\"", 1);
	while (bytes < end) {
		size_t length = 0;
		unsigned char c = (unsigned char)*bytes;
		const char escape[] = { '%', digits[c >> 4], digits[c & 0xf] };

		/* Most texts are nothing else. */
		while (bytes + length < end && stands_as_it_is(bytes[length]))
			length++;
		if (length == 0 && c >= 0x80)
			length = plain_length(bytes, end);
		if (length > 0)
			trace_add(t, bytes, length);
		else
			trace_add(t, escape, sizeof(escape));
		bytes += length > 0 ? length : 1;
	}
	trace_add(t, "\"", 1);
}

void trace_hex(struct trace_text *t, const void *bytes, size_t n)
{
	const unsigned char *from = bytes;
	char *to = room(t, 2 * n);

	if (!to)
		return;
	for (size_t i = 0; i < n; i++) {
		to[2 * i] = digits[from[i] >> 4];
		to[2 * i + 1] = digits[from[i] & 0xf];
	}
	t->n += 2 * n;
}

bool trace_is_literal(const char *text, size_t n)
{
	const char *end = text + n;

	if (n == 0)
		return false;
	while (text < end) {
		size_t length = *text == '\n' || *text == '\t' ? 1 : plain_length(text, end);

		if (length == 0)
			return false;
		text += length;
	}
	return true;
}

void trace_literal(struct trace_text *t, const char *text, size_t n)
{
	bool ends = text[n - 1] == '\n';
	const char *end = text + n;

	trace_put(t, ends ? " |2+\n" : " |2-\n");
	while (text < end) {
		const char *line = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((line ? line : end) - text);

		if (length > 0)
			trace_put(t, "  ");
		trace_add(t, text, length);
		trace_put(t, "\n");
		text += length + 1;
	}
}

static int digit(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* -1: there are no two digits. */
static int byte(const char *text)
{
	int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);

	return low < 0 ? -1 : high << 4 | low;
}

long trace_unquote(void *to, size_t size, const char *text)
{
	unsigned char *bytes = to;
	size_t n = 0;

	for (; *text; text++) {
		int c = (unsigned char)*text;

		if (c == '%') {
			c = byte(text + 1);
			text += 2;
		}
		if (c < 0 || n == size)
			return -EINVAL;
		bytes[n++] = (unsigned char)c;
	}
	return (long)n;
}

long trace_unhex(void *to, size_t size, const char *text)
{
	unsigned char *bytes = to;
	size_t n = 0;

	for (; *text; text += 2) {
		int c = byte(text);

		if (c < 0 || n == size)
			return -EINVAL;
		bytes[n++] = (unsigned char)c;
	}
	return (long)n;
}
