/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* guests: what guests are promised.  Percentages stay percentages here: their base, the ceiling or
 * the maximum, differs from guest to guest. */

#include <errno.h>
#include <stdlib.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/util.h"

static const struct key promise_keys[] = {
	{ .name = "name",
	  .read = key_name,
	  .offset = offsetof(struct promise, name),
	  .required = true },
	{ .name = "match",
	  .read = config_read_match,
	  .offset = offsetof(struct promise, match),
	  .required = true,
	  .expected = "{ name: PATTERN }" },
	{ .name = "min",
	  .read = key_amount,
	  .offset = offsetof(struct promise, min),
	  .fallback = "50%",
	  .low = "0",
	  .high = "64TiB",
	  .low_share = "0%",
	  .high_share = "100%",
	  .word = "kernel",
	  .word_kind = AMOUNT_KERNEL,
	  .expected = "a share of the ceiling such as 50%, an amount such as 2GiB, or kernel" },
	{ .name = "max",
	  .read = key_amount,
	  .offset = offsetof(struct promise, max),
	  .fallback = "auto",
	  .low = "1MiB",
	  .high = "64TiB",
	  .low_share = "1%",
	  .high_share = "100%",
	  .word = "auto",
	  .word_kind = AMOUNT_AUTO,
	  .expected = "an amount such as 8GiB, a share of the guest's maximum such as 80%, "
		      "or auto" },
	{ .name = "shares",
	  .read = key_u32,
	  .offset = offsetof(struct promise, shares),
	  .fallback = "1000",
	  .low = "1",
	  .high = "1000000" },
	{ .name = NULL },
};

static int read_promise(const struct node *entry, struct promise *promise, const struct reading *r)
{
	int k = keys_read(entry, promise_keys, promise, r), twin;

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

int config_read_promises(const struct key *key, const struct node *node, void *field,
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

void promise_done(struct promise *promise)
{
	free(promise->name);
	match_done(&promise->match);
}
