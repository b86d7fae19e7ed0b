/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The types that tables of keys are made of: what is written to a field, and to its canonical
 * spelling. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/published.h"
#include "balloond/io/keys.h"
#include "balloond/io/util.h"

static int read_bool(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	uint64_t x;
	int k = bounded_read(node, BALLOOND_BOOL, key->low, key->high, &x, r->diagnostics);

	if (k == 0)
		*(bool *)field = x != 0;
	return k;
}

static void spell_bool(const struct key *key, const struct node *node, FILE *f)
{
	(void)key;
	spell_value(node_text(node), BALLOOND_BOOL, f);
}

/* The row's bounds keep it within 32 bits. */
static int read_u32(const struct key *key, const struct node *node, void *field,
		    const struct reading *r)
{
	uint64_t x;
	int k = bounded_read(node, BALLOOND_COUNT, key->low, key->high, &x, r->diagnostics);

	if (k == 0)
		*(uint32_t *)field = (uint32_t)x;
	return k;
}

static int read_u64(const struct key *key, const struct node *node, void *field,
		    const struct reading *r)
{
	return bounded_read(node, BALLOOND_COUNT, key->low, key->high, field, r->diagnostics);
}

static void spell_count(const struct key *key, const struct node *node, FILE *f)
{
	(void)key;
	spell_value(node_text(node), BALLOOND_COUNT, f);
}

static int parse_i32(const char *text, int32_t *ret)
{
	bool is_negative = *text == '-';
	uint64_t x;

	if (value_parse(text + is_negative, BALLOOND_COUNT, &x, NULL) < 0 || x > INT32_MAX)
		return -EINVAL;
	*ret = is_negative ? -(int32_t)x : (int32_t)x;
	return 0;
}

static int read_i32(const struct key *key, const struct node *node, void *field,
		    const struct reading *r)
{
	const char *text = node_text(node);
	int32_t x, low, high;

	if (!text || node->quoted || parse_i32(text, &x) < 0 || parse_i32(key->low, &low) < 0 ||
	    parse_i32(key->high, &high) < 0) {
		node_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	if (x < low || x > high) {
		node_error(node, r->diagnostics, "%.60s is %s %s", text,
			   x < low ? "below" : "above", x < low ? key->low : key->high);
		return -EINVAL;
	}
	*(int32_t *)field = x;
	return 0;
}

static void spell_integer(const struct key *key, const struct node *node, FILE *f)
{
	int32_t x;

	(void)key;
	if (parse_i32(node_text(node), &x) == 0)
		fprintf(f, "%" PRIi32, x);
}

static int read_time(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	return bounded_read(node, BALLOOND_USEC, key->low, key->high, field, r->diagnostics);
}

static bool is_word(const struct key *key, const char *text)
{
	return key->word && strcmp(text, key->word) == 0;
}

void key_spell_time(const struct key *key, const struct node *node, FILE *f)
{
	const char *text = node_text(node);

	if (is_word(key, text))
		fputs(text, f);
	else
		spell_value(text, BALLOOND_USEC, f);
}

static int read_rate(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	const char *text = node_text(node), *bound = NULL;
	uint64_t x, low, high;

	if (!text || rate_parse(text, &x) < 0) {
		value_expected(node, r->diagnostics,
			       "a rate such as 256MiB/s (KiB, MiB, GiB, TiB)");
		return -EINVAL;
	}
	if (rate_parse(key->low, &low) == 0 && x < low)
		bound = key->low;
	else if (rate_parse(key->high, &high) == 0 && x > high)
		bound = key->high;
	if (bound) {
		node_error(node, r->diagnostics, "%s is %s %s", text,
			   bound == key->low ? "below" : "above", bound);
		return -EINVAL;
	}
	*(uint64_t *)field = x;
	return 0;
}

static void spell_rate_key(const struct key *key, const struct node *node, FILE *f)
{
	(void)key;
	spell_rate(node_text(node), f);
}

static bool is_share(const char *text)
{
	return *text && text[strlen(text) - 1] == '%';
}

static int read_amount(const struct key *key, const struct node *node, void *field,
		       const struct reading *r)
{
	const char *text = node_text(node);
	struct amount *amount = field;
	char why[BOUNDED_WHY_MAX];
	uint64_t x;
	int k;

	if (text && is_word(key, text)) {
		*amount = (struct amount){ .kind = key->word_kind };
		return 0;
	}
	bool share = text && is_share(text);
	enum balloond_type type = share ? BALLOOND_PERMILLE : BALLOOND_BYTES;
	const char *low = share ? key->low_share : key->low;

	if (!text || !low || value_parse(text, type, &x, NULL) < 0) {
		value_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	k = bounded_parse(text, type, low, share ? key->high_share : key->high, &x, why);
	if (k < 0)
		node_error(node, r->diagnostics, "%s", why);
	else
		*amount = (struct amount){ .kind = share ? AMOUNT_PERMILLE : AMOUNT_BYTES,
					   .value = x };
	return k;
}

static void spell_amount(const struct key *key, const struct node *node, FILE *f)
{
	const char *text = node_text(node);

	if (is_word(key, text))
		fputs(text, f);
	else
		spell_value(text, is_share(text) ? BALLOOND_PERMILLE : BALLOOND_BYTES, f);
}

static int read_bytes(const struct key *key, const struct node *node, void *field,
		      const struct reading *r)
{
	return bounded_read(node, BALLOOND_BYTES, key->low, key->high, field, r->diagnostics);
}

static int read_share(const struct key *key, const struct node *node, void *field,
		      const struct reading *r)
{
	return bounded_read(node, BALLOOND_PERMILLE, key->low_share, key->high_share, field,
			    r->diagnostics);
}

static int read_name(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	const char *text = node_text(node);
	char **name = field;
	bool is_plain = text && *text && strlen(text) < PUBLISHED_TEXT_MAX;

	for (const char *c = text; is_plain && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			is_plain = false;
	if (!is_plain) {
		node_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	*name = strdup(text);
	return *name ? 0 : -ENOMEM;
}

static int read_text(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	const char *text = node_text(node);
	char **copy = field;

	if (!text || !*text || strlen(text) > KEY_TEXT_MAX) {
		node_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	*copy = strdup(text);
	return *copy ? 0 : -ENOMEM;
}

static void spell_name(const struct key *key, const struct node *node, FILE *f)
{
	(void)key;
	spell_text(node_text(node), f);
}

const struct key_type key_bool = { KEY_BOOL, read_bool, spell_bool };
const struct key_type key_u32 = { KEY_INTEGER, read_u32, spell_integer };
const struct key_type key_i32 = { KEY_INTEGER, read_i32, spell_integer };
const struct key_type key_time = { KEY_TIME, read_time, key_spell_time };
const struct key_type key_rate = { KEY_RATE, read_rate, spell_rate_key };
const struct key_type key_amount = { KEY_AMOUNT, read_amount, spell_amount };
const struct key_type key_name = { KEY_NAME, read_name, spell_name };
const struct key_type key_text = { KEY_TEXT, read_text, spell_name };
const struct key_type key_u64 = { KEY_INTEGER, read_u64, spell_count };
const struct key_type key_bytes = { KEY_AMOUNT, read_bytes, spell_amount };
const struct key_type key_share = { KEY_AMOUNT, read_share, spell_amount };
