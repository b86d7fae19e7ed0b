/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The lists of a configuration: readers for the keys guests: and rules:, whose field is the whole
 * struct config.  Private to config*.c. */

#include "balloond/io/config.h"
#include "balloond/io/keys.h"

int config_read_promises(const struct key *key, const struct node *node, void *field,
			 const struct reading *r);
int config_read_rules(const struct key *key, const struct node *node, void *field,
		      const struct reading *r);

void promise_done(struct promise *promise);
void rule_done(struct rule *rule);

/* What both lists have. */
int config_read_match(const struct key *key, const struct node *node, void *field,
		      const struct reading *r); /* struct match */
void match_done(struct match *match);

/* Says where a list does not hold entries, or too many.  Returns the number of them. */
int config_check_list(const struct node *node, size_t *ret, struct diagnostics *d);

/* Says that two entries of a list have one name: entry is compared with those before it. */
int config_check_name(const struct node *entry, struct diagnostics *d);
