/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One field of a trace, to text and back.  Numbers come back exactly as they were, the largest too,
 * in whatever unit people read them. */

#include <errno.h>
#include <string.h>

#include "balloond/core/value.h"
#include "balloond/io/trace-fields.h"

/* What value_format() writes and value_parse() reads back. */
#define WITH_UNIT_MAX INT64_MAX

static uint64_t load(const struct trace_field *field, const void *from)
{
	const char *at = (const char *)from + field->offset;
	uint32_t small;
	uint64_t large;
	bool is_true;

	if (field->type == TRACE_BOOL) {
		memcpy(&is_true, at, sizeof(is_true));
		return is_true;
	}
	if (field->size == sizeof(small)) {
		memcpy(&small, at, sizeof(small));
		return small;
	}
	memcpy(&large, at, sizeof(large));
	return large;
}

static bool store(const struct trace_field *field, void *to, uint64_t value)
{
	char *at = (char *)to + field->offset;
	uint32_t small = (uint32_t)value;
	bool is_true = value != 0;

	if (field->type == TRACE_BOOL)
		memcpy(at, &is_true, sizeof(is_true));
	else if (field->size == sizeof(small) && value <= UINT32_MAX)
		memcpy(at, &small, sizeof(small));
	else if (field->size == sizeof(value))
		memcpy(at, &value, sizeof(value));
	else
		return false;
	return true;
}

bool trace_is_same(const struct trace_field *field, const void *a, const void *b)
{
	if (field->type == TRACE_TEXT)
		return strcmp((const char *)a + field->offset, (const char *)b + field->offset) ==
		       0;
	return load(field, a) == load(field, b);
}

static enum balloond_type unit_of(enum trace_type type)
{
	return type == TRACE_BYTES  ? BALLOOND_BYTES
	       : type == TRACE_USEC ? BALLOOND_USEC
	       : type == TRACE_BOOL ? BALLOOND_BOOL
				    : BALLOOND_COUNT;
}

static void write_number(struct trace_text *t, const struct trace_field *field, uint64_t value)
{
	char text[VALUE_TEXT_MAX];
	bool is_unknown = value == BALLOOND_UNKNOWN && field->size == sizeof(value);

	if (value > WITH_UNIT_MAX && !is_unknown)
		trace_print(t, "%llu", (unsigned long long)value);
	else
		trace_put(t, value_format(text, unit_of(field->type), value));
}

static size_t count_words(const struct trace_field *field)
{
	size_t n = 0;

	while (field->words[n])
		n++;
	return n;
}

static void write_words(struct trace_text *t, const struct trace_field *field, uint64_t value)
{
	size_t n = count_words(field);
	const char *comma = "";

	trace_put(t, "[");
	for (size_t i = 0; i < n; i++) {
		if (!(value & UINT64_C(1) << i))
			continue;
		trace_put(t, comma);
		trace_put(t, field->words[i]);
		comma = ", ";
	}
	value &= ~((UINT64_C(1) << n) - 1);
	if (value)
		trace_print(t, "%s%llu", comma, (unsigned long long)value);
	trace_put(t, "]");
}

static void write_value(struct trace_text *t, const struct trace_field *field, const void *from)
{
	const char *text = (const char *)from + field->offset;
	uint64_t value = field->type == TRACE_TEXT ? 0 : load(field, from);

	switch (field->type) {
	case TRACE_TEXT:
		trace_quote(t, text, strnlen(text, field->size));
		break;
	case TRACE_SIGNED:
		trace_print(t, "%ld", (long)(int32_t)value);
		break;
	case TRACE_WORD:
		if (value < count_words(field))
			trace_put(t, field->words[value]);
		else
			write_number(t, field, value);
		break;
	case TRACE_WORDS:
		write_words(t, field, value);
		break;
	case TRACE_COUNT:
	case TRACE_BYTES:
	case TRACE_USEC:
	case TRACE_BOOL:
		write_number(t, field, value);
		break;
	}
}

size_t trace_write_fields(struct trace_text *t, const struct trace_table *table, const void *from,
			  const void *base, unsigned indent)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++) {
		const struct trace_field *field = &table->fields[i];

		if (trace_is_same(field, from, base))
			continue;
		trace_indent(t, indent);
		trace_put(t, field->name);
		trace_put(t, ": ");
		write_value(t, field, from);
		trace_put(t, "\n");
		n++;
	}
	return n;
}

/* Any number that 64 bits hold. */
static bool parse_digits(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*ret = value;
	return *text == '\0';
}

static bool parse_word(const struct trace_field *field, const char *text, uint64_t *ret)
{
	for (size_t i = 0; field->words && field->words[i]; i++)
		if (strcmp(field->words[i], text) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

static bool parse_number(const struct trace_field *field, const char *text, uint64_t *ret)
{
	bool is_negative = field->type == TRACE_SIGNED && *text == '-';

	if (strcmp(text, "unknown") == 0 && field->size == sizeof(*ret)) {
		*ret = BALLOOND_UNKNOWN;
		return true;
	}
	if (field->type == TRACE_SIGNED) {
		if (!parse_digits(text + is_negative, ret) ||
		    *ret > (uint64_t)INT32_MAX + is_negative)
			return false;
		*ret = (uint32_t)(is_negative ? -*ret : *ret);
		return true;
	}
	return (field->type != TRACE_BOOL && parse_digits(text, ret)) ||
	       value_parse(text, unit_of(field->type), ret, NULL) == 0;
}

static bool read_words(const struct node *node, const struct trace_field *field, void *to)
{
	uint64_t all = 0, value;

	if (node->kind != NODE_SEQUENCE)
		return false;
	for (const struct node *item = node->first; item; item = item->next) {
		const char *text = node_text(item);

		if (!text)
			return false;
		if (parse_word(field, text, &value))
			all |= UINT64_C(1) << value;
		else if (parse_digits(text, &value))
			all |= value;
		else
			return false;
	}
	return store(field, to, all);
}

static bool read_text(const struct node *node, const struct trace_field *field, void *to)
{
	char *at = (char *)to + field->offset;
	long n;

	if (node->kind != NODE_SCALAR || !node->quoted)
		return false;
	n = trace_unquote(at, field->size - 1, node->text);
	if (n < 0)
		return false;
	memset(at + n, 0, field->size - (size_t)n);
	return true;
}

static const char *expected(const struct trace_field *field)
{
	switch (field->type) {
	case TRACE_TEXT:
		return "a text in double quotes, not longer than balloond keeps it";
	case TRACE_WORD:
	case TRACE_WORDS:
		return "words that balloond knows";
	case TRACE_BYTES:
		return "an amount of memory";
	case TRACE_USEC:
		return "a time";
	case TRACE_BOOL:
		return "true or false";
	case TRACE_COUNT:
	case TRACE_SIGNED:
		break;
	}
	return "a whole number";
}

static bool read_value(const struct node *node, const struct trace_field *field, void *to)
{
	const char *text = node_text(node);
	uint64_t value;

	if (field->type == TRACE_TEXT)
		return read_text(node, field, to);
	if (field->type == TRACE_WORDS)
		return read_words(node, field, to);
	if (!text)
		return false;
	if (field->type == TRACE_WORD && parse_word(field, text, &value))
		return store(field, to, value);
	if (field->type == TRACE_WORD)
		return false;
	return parse_number(field, text, &value) && store(field, to, value);
}

int trace_read_field(const struct node *node, const struct trace_table *table, void *to,
		     struct diagnostics *d)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct trace_field *field = &table->fields[i];

		if (strcmp(field->name, node->key) != 0)
			continue;
		if (read_value(node, field, to))
			return 1;
		node_expected(node, d, expected(field));
		return -EINVAL;
	}
	return 0;
}

int trace_read_mapping(const struct node *mapping, const struct trace_table *table, void *to,
		       const char *skip, struct diagnostics *d)
{
	if (mapping->kind != NODE_MAPPING) {
		node_expected(mapping, d, "a mapping");
		return -EINVAL;
	}
	for (const struct node *node = mapping->first; node; node = node->next) {
		int r = skip && strcmp(node->key, skip) == 0 ? 1
							     : trace_read_field(node, table, to, d);

		if (r < 0)
			return r;
		if (r > 0)
			continue;
		node_key_error(node, d, "this balloond knows no such field");
		return -EINVAL;
	}
	return 0;
}
