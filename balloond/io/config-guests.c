/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* guests: what guests are promised.  Percentages stay percentages here: their base, the ceiling or
 * the maximum, differs from guest to guest. */

#include <errno.h>
#include <stdlib.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/util.h"

static const char *const foreign_words[] = { "yield", "follow", "ignore", NULL };

const struct key config_promise_keys[] = {
	{ .name = "name",
	  .type = &key_name,
	  .offset = offsetof(struct promise, name),
	  .required = true,
	  .expected = CONFIG_NAME_EXPECTED,
	  .help = "what the entry is called; a later entry of the same name replaces it" },
	{ .name = "match",
	  .type = &config_type_match,
	  .keys = config_match_keys,
	  .offset = offsetof(struct promise, match),
	  .required = true,
	  .expected = "{ name: PATTERN }",
	  .help = "which guests it means: all keys that are written have to match" },
	{ .name = "min",
	  .type = &key_amount,
	  .offset = offsetof(struct promise, min),
	  .fallback = "50%",
	  .low = "0",
	  .high = "64TiB",
	  .low_share = "0%",
	  .high_share = "100%",
	  .word = "kernel",
	  .word_kind = AMOUNT_KERNEL,
	  .expected = "a share of the ceiling such as 50%, an amount such as 2GiB, or kernel",
	  .help = "what the guest keeps in any emergency: a share of its ceiling, an amount, or "
		  "kernel, what its kernel needs" },
	{ .name = "max",
	  .type = &key_amount,
	  .offset = offsetof(struct promise, max),
	  .fallback = "auto",
	  .low = "1MiB",
	  .high = "64TiB",
	  .low_share = "1%",
	  .high_share = "100%",
	  .word = "auto",
	  .word_kind = AMOUNT_AUTO,
	  .expected = "an amount such as 8GiB, a share of the guest's maximum such as 80%, "
		      "or auto",
	  .help = "the guest's ceiling: an amount, a share of its maximum, or auto, what the "
		  "domain says" },
	{ .name = "shares",
	  .type = &key_u32,
	  .offset = offsetof(struct promise, shares),
	  .fallback = "1000",
	  .low = "1",
	  .high = "1000000",
	  .help = "the guest's weight where memory is divided" },
	{ .name = "priority",
	  .type = &key_i32,
	  .offset = offsetof(struct promise, priority),
	  .fallback = "0",
	  .low = "-1000",
	  .high = "1000",
	  .expected = "a whole number such as 10 or -10",
	  .help = "who is served first in need: the higher one" },
	{ .name = "expendable",
	  .type = &key_bool,
	  .offset = offsetof(struct promise, expendable),
	  .fallback = "false",
	  .help = "whether the guest may be shrunk below what it uses when the host is critical, "
		  "never below min" },
	{ .name = "dry-run",
	  .type = &key_bool,
	  .offset = offsetof(struct promise, dry_run),
	  .fallback = "false",
	  .help = "whether the guest is looked at and never touched" },
	{ .name = "foreign",
	  .type = &key_word,
	  .offset = offsetof(struct promise, foreign),
	  .fallback = "yield",
	  .words = foreign_words,
	  .expected = "yield, follow or ignore",
	  .help = "yield: sizes that others set are followed, and a guest that another manager of "
		  "memory has is only observed; follow: sizes are followed, and the guest is "
		  "managed all the same; ignore: it is managed as if balloond were alone" },
	CONFIG_DISABLED_KEY,
	{ .name = NULL },
};

static int read_promise(const struct node *entry, struct promise *promise, const struct reading *r)
{
	const struct reading reading = { .diagnostics = r->diagnostics,
					 .lenient = config_is_disabled(entry) };
	int k = keys_read(entry, config_promise_keys, promise, &reading), twin;

	if (k == -ENOMEM)
		return k;
	promise->min_is_set = node_find(entry, "min") != NULL;
	twin = config_check_name(entry, r->diagnostics);
	if (k < 0 || twin < 0)
		return -EINVAL;
	if (promise->min.kind == AMOUNT_BYTES && promise->max.kind == AMOUNT_BYTES &&
	    promise->min.value > promise->max.value) {
		node_error(node_find(entry, "min"), r->diagnostics, "%s is above max, which is %s",
			   node_text(node_find(entry, "min")), node_text(node_find(entry, "max")));
		return -EINVAL;
	}
	return 0;
}

static int read_promises(const struct key *key, const struct node *node, void *field,
			 const struct reading *r)
{
	struct config *config = field;
	size_t n;
	int result;

	(void)key;
	result = config_check_list(node, &n, r->diagnostics);
	if (result < 0 || n == 0)
		return result;
	config->promises = calloc(n, sizeof(*config->promises));
	if (!config->promises)
		return -ENOMEM;
	config->n_promises = n;
	for (const struct node *entry = node->first; entry; entry = entry->next) {
		int k = read_promise(entry, &config->promises[entry->index], r);

		if (k == -ENOMEM)
			return k;
		if (k < 0)
			result = k;
	}
	return result;
}

const struct key_type config_type_promises = { KEY_ENTRIES, read_promises, NULL };

void promise_done(struct promise *promise)
{
	free(promise->name);
	match_done(&promise->match);
}
