/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* match: which guests an entry of guests: or rules: means.  What can never match is refused where
 * that can be known. */

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/snapshot.h"
#include "balloond/io/config-entries.h"
#include "balloond/io/util.h"

/* fnmatch() takes broken patterns in silence and then matches nobody. */
static const char *pattern_refusal(const char *pattern)
{
	if (!*pattern)
		return "is an empty pattern: \"*\" means every guest";
	if (strlen(pattern) >= GUEST_NAME_MAX)
		return "is longer than any guest's name (255 bytes)";
	for (const char *c = pattern; *c; c++) {
		if (*c == '\\') {
			if (!*++c)
				return "ends with a backslash that escapes nothing";
		} else if (*c == '[') {
			/* A bracket right behind [ or [! is one of the set. */
			const char *set = c + 1 + (c[1] == '!' || c[1] == '^');

			c = *set ? strchr(set + 1, ']') : NULL;
			if (!c)
				return "has a '[' without its ']' (\\[ means the character)";
		}
	}
	return NULL;
}

/* The drivers of libvirt that can have guests on this machine (uri.c). */
static const char *hypervisor_refusal(const char *pattern)
{
	static const char *const hypervisors[] = { "qemu", "lxc", "xen", "vz", "test" };
	const char *wrong = pattern_refusal(pattern);

	for (size_t i = 0; !wrong && i < ELEMENTSOF(hypervisors); i++)
		if (fnmatch(pattern, hypervisors[i], 0) == 0)
			return NULL;
	return wrong ? wrong : "is none of qemu, lxc, xen, vz and test";
}

static const char *tag_refusal(const char *pattern)
{
	return strchr(pattern, ' ') ? "has a space: tags are words, any of them is enough"
				    : pattern_refusal(pattern);
}

static int read_patterns(const struct key *key, const struct node *node, void *field,
			 const struct reading *r)
{
	struct patterns *patterns = &((struct match *)field)->texts[key->index];
	const char *(*refusal)(const char *pattern) = pattern_refusal;
	int k;

	if (key->index == MATCH_HYPERVISOR)
		refusal = hypervisor_refusal;
	else if (key->index == MATCH_TAG)
		refusal = tag_refusal;
	k = texts_read(node, CONFIG_MAX_PATTERNS, key->expected, refusal, &patterns->items,
		       &patterns->n, r->diagnostics);
	/* libvirt writes uuids in lower case; people copy them from elsewhere. */
	for (size_t i = 0; key->index == MATCH_UUID && i < patterns->n; i++)
		for (char *c = patterns->items[i]; *c; c++)
			*c = (char)tolower((unsigned char)*c);
	return k;
}

static void spell_patterns(const struct key *key, const struct node *node, FILE *f)
{
	(void)key;
	spell_list(node, spell_text, f);
}

static const char range_expected[] =
	"a size with >, >=, < or <= before it such as \">= 8GiB\", or two such as 4GiB..16GiB";

/* The part of a range from begin to end. */
static int parse_bound(const char *begin, const char *end, uint64_t *ret)
{
	char text[64];
	size_t length;

	while (*begin == ' ')
		begin++;
	while (end > begin && end[-1] == ' ')
		end--;
	length = end > begin ? (size_t)(end - begin) : 0;
	if (length == 0 || length >= sizeof(text))
		return -EINVAL;
	memcpy(text, begin, length);
	text[length] = '\0';
	return value_parse(text, BALLOOND_BYTES, ret, NULL);
}

/* What stands before an edge: >, >=, <, <=; 0 for nothing of these. */
static size_t sign_length(const char *text)
{
	return *text != '<' && *text != '>' ? 0 : text[1] == '=' ? 2 : 1;
}

/* An edge that nothing is below gives an empty range. */
static int parse_edge(const char *text, struct size_range *ret)
{
	size_t length = sign_length(text);
	bool with = length == 2;
	uint64_t edge;

	if (length == 0 || parse_bound(text + length, text + strlen(text), &edge) < 0)
		return -EINVAL;
	if (*text == '>')
		*ret = (struct size_range){ .low = edge + !with, .high = UINT64_MAX };
	else if (edge == 0 && !with)
		*ret = (struct size_range){ .low = 1, .high = 0 };
	else
		*ret = (struct size_range){ .low = 0, .high = edge - !with };
	return 0;
}

static int parse_range(const char *text, struct size_range *ret)
{
	const char *dots = strstr(text, "..");

	if (!dots)
		return parse_edge(text, ret);
	return parse_bound(text, dots, &ret->low) < 0 ||
			       parse_bound(dots + 2, dots + strlen(dots), &ret->high) < 0
		       ? -EINVAL
		       : 0;
}

static int read_range(const struct node *node, struct size_range *range, struct diagnostics *d)
{
	const char *text = node_text(node);

	if (!text || parse_range(text, range) < 0) {
		value_expected(node, d, range_expected);
		return -EINVAL;
	}
	if (range->low > range->high) {
		node_error(node, d, "'%.60s' is no size of any guest", text);
		return -EINVAL;
	}
	return 0;
}

static int read_sizes(const struct key *key, const struct node *node, void *field,
		      const struct reading *r)
{
	struct match *match = field;
	int result = list_check(node, CONFIG_MAX_PATTERNS, r->diagnostics);

	(void)key;
	if (result < 0)
		return result;
	match->sizes = calloc(node->kind == NODE_SEQUENCE ? node->n_children : 1,
			      sizeof(*match->sizes));
	if (!match->sizes)
		return -ENOMEM;
	for (const struct node *item = node_first_item(node); item;
	     item = node_next_item(node, item))
		if (read_range(item, &match->sizes[match->n_sizes++], r->diagnostics) < 0)
			result = -EINVAL;
	return result;
}

static void spell_range(const char *text, FILE *f)
{
	char low[VALUE_TEXT_MAX], high[VALUE_TEXT_MAX];
	size_t length = sign_length(text);
	struct size_range range;

	if (length > 0 && parse_bound(text + length, text + strlen(text), &range.low) == 0)
		fprintf(f, "\"%.*s %s\"", (int)length, text,
			value_format(low, BALLOOND_BYTES, range.low));
	else if (length == 0 && parse_range(text, &range) == 0)
		fprintf(f, "%s..%s", value_format(low, BALLOOND_BYTES, range.low),
			value_format(high, BALLOOND_BYTES, range.high));
}

static void spell_sizes(const struct key *key, const struct node *node, FILE *f)
{
	(void)key;
	spell_list(node, spell_range, f);
}

static int read_mapping(const struct key *key, const struct node *node, struct match *match,
			const struct reading *r)
{
	if (node->kind != NODE_MAPPING) {
		node_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	if (node->n_children == 0) {
		node_error(node, r->diagnostics,
			   "is empty, expected at least one key, such as name: \"db-*\"");
		return -EINVAL;
	}
	return keys_read(node, key->keys, match, r);
}

static int read_nots(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	struct match *match = field;
	int result = list_check(node, CONFIG_MAX_PATTERNS, r->diagnostics);

	if (result < 0)
		return result;
	match->nots = calloc(node->kind == NODE_SEQUENCE ? node->n_children : 1,
			     sizeof(*match->nots));
	if (!match->nots)
		return -ENOMEM;
	for (const struct node *item = node_first_item(node); item;
	     item = node_next_item(node, item)) {
		int k = read_mapping(key, item, &match->nots[match->n_nots++], r);

		if (k == -ENOMEM)
			return k;
		if (k < 0)
			result = k;
	}
	return result;
}

static int read_match(const struct key *key, const struct node *node, void *field,
		      const struct reading *r)
{
	return read_mapping(key, node, field, r);
}

const struct key_type config_type_match = { KEY_MAPPING, read_match, NULL };
static const struct key_type type_patterns = { KEY_PATTERNS, read_patterns, spell_patterns };
static const struct key_type type_sizes = { KEY_SIZES, read_sizes, spell_sizes };
static const struct key_type type_nots = { KEY_MAPPINGS, read_nots, NULL };

#define PATTERNS(key_name, key_index, key_help) \
	{ \
		.name = (key_name), .type = &type_patterns, .index = (key_index), \
		.help = (key_help), \
		.expected = "a shell pattern such as \"db-*\", or a list of them" \
	}
#define MATCH_KEYS \
	PATTERNS("name", MATCH_NAME, "the guest's name"), \
		PATTERNS("uuid", MATCH_UUID, "the guest's UUID"), \
		PATTERNS("title", MATCH_TITLE, "the guest's title"), \
		PATTERNS("hypervisor", MATCH_HYPERVISOR, \
			 "the driver of libvirt: qemu, lxc, xen, vz or test"), \
		PATTERNS("partition", MATCH_PARTITION, "the guest's resource partition"), \
		PATTERNS("os", MATCH_OS, \
			 "the operating system in the guest's metadata, as libosinfo names it"), \
		PATTERNS("tag", MATCH_TAG, \
			 "a tag in the guest's metadata, where tenants.allow has tag"), \
	{ \
		.name = "size", .type = &type_sizes, .expected = range_expected, \
		.help = "the guest's maximum, such as \">= 8GiB\", \"< 4GiB\" or 4GiB..16GiB" \
	}

static const struct key not_keys[] = { MATCH_KEYS, { .name = NULL } };

const struct key config_match_keys[] = {
	MATCH_KEYS,
	{ .name = "not",
	  .type = &type_nots,
	  .keys = not_keys,
	  .expected = "a mapping of match keys, or a list of them",
	  .help = "guests that all of these keys match are not meant" },
	{ .name = NULL },
};

static void texts_done(struct match *match)
{
	for (enum match_text key = 0; key < MATCH_TEXTS; key++) {
		for (size_t i = 0; i < match->texts[key].n; i++)
			free(match->texts[key].items[i]);
		free(match->texts[key].items);
	}
	free(match->sizes);
}

void match_done(struct match *match)
{
	for (size_t i = 0; i < match->n_nots; i++)
		texts_done(&match->nots[i]);
	free(match->nots);
	texts_done(match);
	*match = (struct match){ 0 };
}
