/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text to value, held against bounds, and back to the one canonical spelling.  What a quoted text
 * may stand for follows YAML 1.2's core schema: "true" and "12" are texts, "512MiB" is one either
 * way. */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "balloond/io/keys.h"
#include "balloond/io/util.h"

/* Whether text is an amount in kB, MB, GB or TB, and why that is none. */
static bool decimal_refusal(const char *text, char why[BOUNDED_WHY_MAX])
{
	static const char letters[] = "KMGT";
	const char *number = text + strspn(text, "<>= "), *letter;
	const char *unit = number + strspn(number, "0123456789. ");

	if (unit == number || !*unit || toupper((unsigned char)unit[1]) != 'B' ||
	    (unit[2] && strcmp(unit + 2, "/s") != 0))
		return false;
	letter = strchr(letters, toupper((unsigned char)*unit));
	if (!letter)
		return false;
	(void)snprintf(why, BOUNDED_WHY_MAX,
		       "found '%.60s': %.2s is 10^%zu bytes to libvirt and 2^%zu to most people, "
		       "write %ciB",
		       text, unit, 3 * (size_t)(letter - letters + 1),
		       10 * (size_t)(letter - letters + 1), *letter);
	return true;
}

int bounded_parse(const char *text, enum balloond_type type, const char *low, const char *high,
		  uint64_t *ret, char why[BOUNDED_WHY_MAX])
{
	const char *expected = NULL;
	uint64_t x, bound;
	int r;

	r = value_parse(text, type, &x, &expected);
	if (r < 0) {
		if (type != BALLOOND_BYTES || !decimal_refusal(text, why))
			(void)snprintf(why, BOUNDED_WHY_MAX, "found '%.60s', expected %s", text,
				       expected);
		return r;
	}
	if (low && value_parse(low, type, &bound, NULL) == 0 && x < bound) {
		(void)snprintf(why, BOUNDED_WHY_MAX, "%.60s is below %s", text, low);
		return -EINVAL;
	}
	if (high && value_parse(high, type, &bound, NULL) == 0 && x > bound) {
		(void)snprintf(why, BOUNDED_WHY_MAX, "%.60s is above %s", text, high);
		return -EINVAL;
	}
	*ret = x;
	return 0;
}

static const char *type_expected(enum balloond_type type)
{
	const char *expected = NULL;
	uint64_t x;

	(void)value_parse("", type, &x, &expected);
	return expected;
}

int bounded_read(const struct node *node, enum balloond_type type, const char *low,
		 const char *high, uint64_t *ret, struct diagnostics *d)
{
	const char *text = node_text(node);
	bool must_be_plain = type == BALLOOND_BOOL || type == BALLOOND_COUNT;
	char why[BOUNDED_WHY_MAX];
	int r;

	if (!text || (must_be_plain && node->quoted)) {
		node_expected(node, d, type_expected(type));
		return -EINVAL;
	}
	r = bounded_parse(text, type, low, high, ret, why);
	if (r < 0)
		node_error(node, d, "%s", why);
	return r;
}

void value_expected(const struct node *node, struct diagnostics *d, const char *expected)
{
	const char *text = node_text(node);
	char why[BOUNDED_WHY_MAX];

	if (text && decimal_refusal(text, why))
		node_error(node, d, "%s", why);
	else
		node_expected(node, d, expected);
}

void spell_value(const char *text, enum balloond_type type, FILE *f)
{
	char buf[VALUE_TEXT_MAX];
	uint64_t x;

	if (value_parse(text, type, &x, NULL) == 0)
		fputs(value_format(buf, type, x), f);
}

void spell_text(const char *text, FILE *f)
{
	fputc('"', f);
	for (const char *c = text; *c; c++)
		if (*c == '"' || *c == '\\')
			fprintf(f, "\\%c", *c);
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			fprintf(f, "\\x%02x", (unsigned char)*c);
		else
			fputc(*c, f);
	fputc('"', f);
}

int rate_parse(const char *text, uint64_t *ret)
{
	size_t length = strlen(text);
	char size[64];

	if (length <= 2 || length >= sizeof(size) || strcmp(text + length - 2, "/s") != 0 ||
	    text[length - 3] == ' ')
		return -EINVAL;
	memcpy(size, text, length - 2);
	size[length - 2] = '\0';
	return value_parse(size, BALLOOND_BYTES, ret, NULL);
}

void spell_rate(const char *text, FILE *f)
{
	char buf[VALUE_TEXT_MAX];
	uint64_t x;

	if (rate_parse(text, &x) == 0)
		fprintf(f, "%s/s", value_format(buf, BALLOOND_BYTES, x));
}
