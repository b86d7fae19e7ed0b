/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The readers that tables of keys are made of: text to value, held against bounds.  What a quoted
 * text may stand for follows YAML 1.2's core schema: "true" and "12" are texts, "512MiB" is one
 * either way. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/published.h"
#include "balloond/io/keys.h"
#include "balloond/io/util.h"

int bounded_parse(const char *text, enum balloond_type type, const char *low, const char *high,
		  uint64_t *ret, char why[BOUNDED_WHY_MAX])
{
	const char *expected = NULL;
	uint64_t x, bound;
	int r;

	r = value_parse(text, type, &x, &expected);
	if (r < 0) {
		(void)snprintf(why, BOUNDED_WHY_MAX, "found '%.60s', expected %s", text, expected);
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

static int append_text(const struct node *node, const char *expected,
		       const char *(*check)(const char *text), char **ret, struct diagnostics *d)
{
	const char *text = node_text(node), *wrong;

	if (!text) {
		node_expected(node, d, expected);
		return -EINVAL;
	}
	wrong = check(text);
	if (wrong) {
		node_error(node, d, "'%.60s' %s", text, wrong);
		return -EINVAL;
	}
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int texts_read(const struct node *node, size_t max, const char *expected,
	       const char *(*check)(const char *text), char ***ret, size_t *ret_n,
	       struct diagnostics *d)
{
	bool is_list = node->kind == NODE_SEQUENCE;
	size_t n = is_list ? node->n_children : 1;
	int result = 0;

	if (n == 0 || n > max) {
		node_error(node, d, "found a list of %zu, expected 1 to %zu", n, max);
		return -EINVAL;
	}
	*ret = calloc(n, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (const struct node *item = is_list ? node->first : node; item;
	     item = is_list ? item->next : NULL) {
		int k = append_text(item, expected, check, &(*ret)[*ret_n], d);

		if (k == -ENOMEM)
			return k;
		if (k < 0)
			result = k;
		else
			(*ret_n)++;
	}
	return result;
}

int key_bool(const struct key *key, const struct node *node, void *field, const struct reading *r)
{
	uint64_t x;
	int k = bounded_read(node, BALLOOND_BOOL, key->low, key->high, &x, r->diagnostics);

	if (k == 0)
		*(bool *)field = x != 0;
	return k;
}

/* The row's bounds keep it within 32 bits. */
int key_u32(const struct key *key, const struct node *node, void *field, const struct reading *r)
{
	uint64_t x;
	int k = bounded_read(node, BALLOOND_COUNT, key->low, key->high, &x, r->diagnostics);

	if (k == 0)
		*(uint32_t *)field = (uint32_t)x;
	return k;
}

int key_rate(const struct key *key, const struct node *node, void *field, const struct reading *r)
{
	const char *text = node_text(node);
	size_t length = text ? strlen(text) : 0;
	char size[64], why[BOUNDED_WHY_MAX];
	uint64_t x;
	int k;

	if (length <= 2 || length >= sizeof(size) || strcmp(text + length - 2, "/s") != 0 ||
	    text[length - 3] == ' ') {
		node_expected(node, r->diagnostics, "a rate such as 256MiB/s");
		return -EINVAL;
	}
	memcpy(size, text, length - 2);
	size[length - 2] = '\0';
	if (value_parse(size, BALLOOND_BYTES, &x, NULL) < 0) {
		node_expected(node, r->diagnostics, "a rate such as 256MiB/s (KiB, MiB, GiB, TiB)");
		return -EINVAL;
	}
	k = bounded_parse(size, BALLOOND_BYTES, key->low, key->high, &x, why);
	if (k < 0)
		node_error(node, r->diagnostics, "%s, a second", why);
	else
		*(uint64_t *)field = x;
	return k;
}

int key_amount(const struct key *key, const struct node *node, void *field, const struct reading *r)
{
	const char *text = node_text(node);
	struct amount *amount = field;
	char why[BOUNDED_WHY_MAX];
	uint64_t x;
	int k;

	if (text && key->word && strcmp(text, key->word) == 0) {
		*amount = (struct amount){ .kind = key->word_kind };
		return 0;
	}
	bool is_share = text && *text && text[strlen(text) - 1] == '%';
	enum balloond_type type = is_share ? BALLOOND_PERMILLE : BALLOOND_BYTES;

	if (!text || value_parse(text, type, &x, NULL) < 0) {
		node_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	k = bounded_parse(text, type, is_share ? key->low_share : key->low,
			  is_share ? key->high_share : key->high, &x, why);
	if (k < 0)
		node_error(node, r->diagnostics, "%s", why);
	else
		*amount = (struct amount){ .kind = is_share ? AMOUNT_PERMILLE : AMOUNT_BYTES,
					   .value = x };
	return k;
}

int key_word(const struct key *key, const struct node *node, void *field, const struct reading *r)
{
	const char *text = node_text(node);

	/* true and false may be among the words: quoted ones are texts, and no word here. */
	for (unsigned i = 0; text && !node->quoted && key->words[i]; i++) {
		if (strcmp(text, key->words[i]) != 0)
			continue;
		*(unsigned *)field = i;
		return 0;
	}
	node_expected(node, r->diagnostics, key->expected);
	return -EINVAL;
}

int key_name(const struct key *key, const struct node *node, void *field, const struct reading *r)
{
	static const char expected[] = "a name of 1 to 63 bytes on one line";
	const char *text = node_text(node);
	char **name = field;
	bool is_plain = text && *text && strlen(text) < PUBLISHED_TEXT_MAX;

	(void)key;
	for (const char *c = text; is_plain && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			is_plain = false;
	if (!is_plain) {
		node_expected(node, r->diagnostics, expected);
		return -EINVAL;
	}
	*name = strdup(text);
	return *name ? 0 : -ENOMEM;
}
