/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/domain-tenant.h"

#include <stdbool.h>
#include <string.h>

#include "balloond/core/text.h"
#include "balloond/io/descriptor.h"
#include "balloond/io/utf8.h"
#include "balloond/policy-math.h"

/* As the configuration has them. */
#define SHARES_MAX 1000000u
#define PRIORITY_MAX 1000
#define MIN_MAX (64 * 1024 * BALLOOND_GIB)

/* Whether a character of n bytes controls a terminal or ends a line: C0, DEL, C1, U+2028, U+2029.
 */
static bool is_control(const char *c, size_t n)
{
	const unsigned char *u = (const unsigned char *)c;

	if (n == 2)
		return u[0] == 0xc2 && u[1] < 0xa0;
	if (n == 3)
		return u[0] == 0xe2 && u[1] == 0x80 && (u[2] == 0xa8 || u[2] == 0xa9);
	return n == 1 && (u[0] < 0x20 || u[0] == 0x7f);
}

void domain_label_set(char *to, size_t size, const char *text)
{
	size_t at = 0;

	while (*text) {
		size_t n = utf8_length(text);
		bool is_kept = n > 0 && !is_control(text, n);

		if (at + (is_kept ? n : 1) >= size)
			break;
		memcpy(to + at, is_kept ? text : "?", is_kept ? n : 1);
		at += is_kept ? n : 1;
		text += n > 0 ? n : 1;
	}
	to[at] = '\0';
}

/* Words, separated by spaces or commas, with one space in between.  All of them or none: half a tag
 * is another one. */
static bool set_tags(const char *text, struct guest_labels *labels)
{
	char line[sizeof(labels->tags)];
	size_t at = 0;

	if (strlen(text) >= sizeof(line))
		return false;
	domain_label_set(line, sizeof(line), text);
	for (const char *c = line; *c;) {
		size_t n = strcspn(c, " ,");

		if (n > 0 && at > 0)
			labels->tags[at++] = ' ';
		memcpy(labels->tags + at, c, n);
		at += n;
		c += n + strspn(c + n, " ,");
	}
	labels->tags[at] = '\0';
	return true;
}

static bool parse_min(const char *text, struct amount *ret)
{
	bool is_share = strchr(text, '%') != NULL;
	uint64_t x;

	if (strcmp(text, "kernel") == 0) {
		*ret = (struct amount){ .kind = AMOUNT_KERNEL };
		return true;
	}
	if (value_parse(text, is_share ? BALLOOND_PERMILLE : BALLOOND_BYTES, &x, NULL) < 0 ||
	    x > (is_share ? 1000 : MIN_MAX))
		return false;
	*ret = (struct amount){ .kind = is_share ? AMOUNT_PERMILLE : AMOUNT_BYTES, .value = x };
	return true;
}

static bool parse_shares(const char *text, uint32_t *ret)
{
	uint64_t x;

	if (value_parse(text, BALLOOND_COUNT, &x, NULL) < 0 || x < 1 || x > SHARES_MAX)
		return false;
	*ret = (uint32_t)x;
	return true;
}

static bool parse_priority(const char *text, int32_t *ret)
{
	bool is_negative = *text == '-';
	uint64_t x;

	if (value_parse(text + is_negative, BALLOOND_COUNT, &x, NULL) < 0 || x > PRIORITY_MAX)
		return false;
	*ret = is_negative ? -(int32_t)x : (int32_t)x;
	return true;
}

static bool parse_hold(const char *text, bool *ret)
{
	uint64_t x;

	if (value_parse(text, BALLOOND_BOOL, &x, NULL) < 0)
		return false;
	*ret = x != 0;
	return true;
}

static bool parse_policy(const char *text, struct tenant_wish *wish)
{
	if (!descriptor_name_is_valid(text))
		return false;
	text_copy(wish->policy, sizeof(wish->policy), text);
	return true;
}

static bool take(enum tenant_key key, const char *text, struct tenant_wish *wish,
		 struct guest_labels *labels)
{
	switch (key) {
	case TENANT_POLICY:
		return parse_policy(text, wish);
	case TENANT_MIN:
		return parse_min(text, &wish->min);
	case TENANT_SHARES:
		return parse_shares(text, &wish->shares);
	case TENANT_PRIORITY:
		return parse_priority(text, &wish->priority);
	case TENANT_HOLD:
		return parse_hold(text, &wish->hold);
	case TENANT_TAG:
		return set_tags(text, labels);
	case TENANT_KEYS:
		break;
	}
	return false;
}

void domain_tenant_set(enum tenant_key key, const char *text, struct tenant_wish *wish,
		       struct guest_labels *labels)
{
	if (take(key, text, wish, labels))
		wish->given |= 1u << key;
	else
		wish->unclear |= 1u << key;
}
