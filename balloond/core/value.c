/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parsing is by hand, over integers: strtod() would depend on the locale and round differently
 * from machine to machine, and traces must replay to the byte. */

#include "balloond/core/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "balloond/policy-math.h"

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit byte_units[] = {
	{ "KiB", UINT64_C(1) << 10 },
	{ "MiB", UINT64_C(1) << 20 },
	{ "GiB", UINT64_C(1) << 30 },
	{ "TiB", UINT64_C(1) << 40 },
	{ "K", UINT64_C(1) << 10 },
	{ "M", UINT64_C(1) << 20 },
	{ "G", UINT64_C(1) << 30 },
	{ "T", UINT64_C(1) << 40 },
	{ "B", 1 },
	{ NULL, 0 },
};

static const struct unit time_units[] = {
	{ "us", 1 },
	{ "ms", 1000 },
	{ "s", BALLOOND_SECOND },
	{ "min", 60 * BALLOOND_SECOND },
	{ "h", 3600 * BALLOOND_SECOND },
	{ "d", 86400 * BALLOOND_SECOND },
	{ NULL, 0 },
};

static const struct unit permille_units[] = { { "%", 10 }, { NULL, 0 } };
static const struct unit count_units[] = { { "", 1 }, { NULL, 0 } };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads digits[.digits] scaled by 10^6.  Returns what follows, NULL if there is no such number. */
static const char *parse_decimal(const char *s, uint64_t *ret_whole, uint64_t *ret_millionths)
{
	uint64_t whole = 0, part = 0, scale = 1000000;

	if (!is_digit(*s))
		return NULL;
	for (; is_digit(*s); s++) {
		if (whole > (UINT64_MAX - 9) / 10)
			return NULL;
		whole = whole * 10 + (uint64_t)(*s - '0');
	}
	if (*s == '.') {
		s++;
		if (!is_digit(*s))
			return NULL;
		for (; is_digit(*s); s++) {
			if (scale == 1)
				return NULL;
			scale /= 10;
			part += (uint64_t)(*s - '0') * scale;
		}
	}
	*ret_whole = whole;
	*ret_millionths = part;
	return s;
}

static int parse_with_unit(const char *text, const struct unit *units, uint64_t *ret)
{
	uint64_t whole, millionths;
	const char *rest = parse_decimal(text, &whole, &millionths);

	if (!rest)
		return -EINVAL;
	while (*rest == ' ')
		rest++;
	for (; units->suffix; units++) {
		if (strcmp(rest, units->suffix) != 0)
			continue;
		if (whole > UINT64_MAX / 2 / units->factor)
			return -EINVAL;
		uint64_t scaled = millionths * units->factor; /* < 10^6 x 2^40 */

		/* Half a byte or half a permille is nothing that anybody can be given. */
		if (scaled % 1000000 != 0 && units->factor <= 1000)
			return -EINVAL;
		*ret = whole * units->factor + scaled / 1000000;
		return 0;
	}
	/* 0 needs no unit: there is only one nothing. */
	if (*rest == '\0' && whole == 0 && millionths == 0) {
		*ret = 0;
		return 0;
	}
	return -EINVAL;
}

static int parse_bool(const char *text, uint64_t *ret)
{
	if (strcmp(text, "true") == 0)
		*ret = 1;
	else if (strcmp(text, "false") == 0)
		*ret = 0;
	else
		return -EINVAL;
	return 0;
}

int value_parse(const char *text, enum balloond_type type, uint64_t *ret, const char **ret_expected)
{
	const char *expected = NULL;
	uint64_t x = 0;
	int r = -EINVAL;

	switch (type) {
	case BALLOOND_BOOL:
		expected = "true or false";
		r = parse_bool(text, &x);
		break;
	case BALLOOND_BYTES:
		expected = "an amount of memory such as 512MiB or 2GiB (KiB, MiB, GiB, TiB)";
		r = parse_with_unit(text, byte_units, &x);
		break;
	case BALLOOND_PERMILLE:
		expected = "a percentage such as 15% or 12.5%";
		r = parse_with_unit(text, permille_units, &x);
		break;
	case BALLOOND_USEC:
		expected = "a time such as 500ms, 5s, 2min or 1h";
		r = parse_with_unit(text, time_units, &x);
		break;
	case BALLOOND_COUNT:
		expected = "a whole number";
		r = parse_with_unit(text, count_units, &x);
		break;
	}
	if (r < 0) {
		if (ret_expected)
			*ret_expected = expected;
		return r;
	}
	*ret = x;
	return 0;
}

static void format_with_unit(char buf[VALUE_TEXT_MAX], const struct unit *units, uint64_t x)
{
	const struct unit *best = NULL;

	for (; units->suffix; units++)
		if (x % units->factor == 0 && (!best || units->factor > best->factor))
			best = units;
	if (best && x > 0)
		snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64 "%s", x / best->factor, best->suffix);
	else
		snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64, x);
}

const char *value_format(char buf[VALUE_TEXT_MAX], enum balloond_type type, uint64_t x)
{
	if (x == BALLOOND_UNKNOWN)
		return strcpy(buf, "unknown");
	switch (type) {
	case BALLOOND_BOOL:
		return strcpy(buf, x ? "true" : "false");
	case BALLOOND_BYTES:
		format_with_unit(buf, byte_units, x);
		break;
	case BALLOOND_PERMILLE:
		if (x % 10 == 0)
			snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64 "%%", x / 10);
		else
			snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64 ".%" PRIu64 "%%", x / 10, x % 10);
		break;
	case BALLOOND_USEC:
		format_with_unit(buf, time_units, x);
		break;
	case BALLOOND_COUNT:
		snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64, x);
		break;
	}
	return buf;
}

const char *value_format_human(char buf[VALUE_TEXT_MAX], uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned unit = 0;
	uint64_t hundredths;

	if (bytes == BALLOOND_UNKNOWN)
		return strcpy(buf, "unknown");
	while (unit < 6 && bytes >> (10 * (unit + 1)) > 0)
		unit++;
	hundredths = balloond_mul_div(bytes, 100, UINT64_C(1) << (10 * unit));
	if (unit == 0 || hundredths >= 10000)
		snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64 " %s", hundredths / 100, units[unit]);
	else if (hundredths >= 1000)
		snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64 ".%" PRIu64 " %s", hundredths / 100,
			 hundredths / 10 % 10, units[unit]);
	else
		snprintf(buf, VALUE_TEXT_MAX, "%" PRIu64 ".%02" PRIu64 " %s", hundredths / 100,
			 hundredths % 100, units[unit]);
	return buf;
}

uint64_t amount_bytes(struct amount a, uint64_t base, uint64_t otherwise)
{
	switch (a.kind) {
	case AMOUNT_BYTES:
		return a.value;
	case AMOUNT_PERMILLE:
		return balloond_permille(base, a.value);
	case AMOUNT_AUTO:
	case AMOUNT_KERNEL:
		break;
	}
	return otherwise;
}
