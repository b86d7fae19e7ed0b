/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts of a configuration that have files of their own.  Private to config*.c, and to
 * scenarios, whose entries have names as well. */

#include "balloond/io/config.h"
#include "balloond/io/keys.h"

/* The whole table; its struct is struct config.  ctl/describe-config.c reads it, too. */
extern const struct key config_keys[];
extern const struct key_type config_type_version; /* has no field */

/* Rows of guests: and rules:, and of what both have.  The field of the lists is the
 * whole struct config. */
extern const struct key config_promise_keys[], config_rule_keys[], config_match_keys[];
extern const struct key_type config_type_promises, config_type_rules;
#define CONFIG_MAX_GATES 64u                    /* rules with a when; 32 bytes a guest each */
extern const struct key_type config_type_match; /* struct match */
extern const struct key_type config_type_when;  /* struct when */
extern const struct key config_when_keys[];     /* those that are no metrics: "for" alone */

/* The canonical spelling of what a metric is bound to. */
void config_spell_condition(enum metric metric, const struct node *node, FILE *f);

void promise_done(struct promise *promise);
void rule_done(struct rule *rule);
void match_done(struct match *match);
void when_done(struct when *when);

/* tenants: in tables of struct config. */
extern const struct key config_tenants_keys[];
#define TENANT_PREFIX "tenant:" /* before a policy: the name of the rule that stands for it */
void tenants_done(struct tenants *tenants);

/* Complains about every match: that asks for a tag: to be called where tenants may not give
 * themselves any.  0 or -EINVAL. */
int config_check_tags(const struct node *root, struct diagnostics *d);

/* Loads a policy by the name at node; complains, expected: what is allowed there. */
int config_load_policy(const struct node *node, const char *expected,
		       const struct balloond_policy **ret, const struct reading *r);

/* Completes a rule that has a name and a policy: its parameters, from what is written (NULL:
 * nothing), or complained about at owner; its key; and what the policy needs of the config. */
int config_bind_policy(struct config *config, struct rule *rule, const struct node *params,
		       const struct node *owner, const struct reading *r);

/* Says where a list does not hold entries, or too many.  Returns the number of them. */
int config_check_list(const struct node *node, size_t *ret, struct diagnostics *d);

#define CONFIG_NAME_EXPECTED "a name of 1 to 63 bytes on one line"

/* The text of an entry's name, or NULL. */
const char *config_entry_name(const struct node *entry);

/* Says that two entries of a list have one name: entry is compared with those before it. */
int config_check_name(const struct node *entry, struct diagnostics *d);

/* disabled: of an entry; it has no field. */
extern const struct key_type config_type_disabled;
#define CONFIG_DISABLED_KEY \
	{ \
		.name = "disabled", .type = &config_type_disabled, .fallback = "false", \
		.joins = true, .help = "whether the entry of this name is left out" \
	}

bool config_is_disabled(const struct node *entry);

/* FNV-1a of the effective configuration: what means the same has the same.  0 or -ENOMEM. */
int config_hash(const struct config_files *files, const struct config *config, uint64_t *ret);
