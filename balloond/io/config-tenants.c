/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* tenants: what a domain's metadata may say about the domain.  Each policy that a tenant may choose
 * is a rule without conditions, of which no guest is part before its metadata says so. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/io/config-entries.h"
#include "balloond/io/util.h"

/* Nobody could give a parameter that has no default. */
static int check_defaults(const struct node *item, const struct balloond_policy *policy,
			  struct diagnostics *d)
{
	for (size_t i = 0; i < policy->n_params; i++) {
		if (policy->params[i].fallback)
			continue;
		node_error(item, d, "'%s' is for rules alone: its parameter '%s' has no default",
			   policy->name, policy->params[i].name);
		return -EINVAL;
	}
	return 0;
}

static int check_twin(const struct tenants *tenants, const struct node *item,
		      const struct rule *rule, struct diagnostics *d)
{
	for (const struct rule *other = tenants->rules; other != rule; other++)
		if (other->policy == rule->policy) {
			node_error(item, d, "'%s' is there twice", rule->policy->name);
			return -EINVAL;
		}
	return 0;
}

static int read_policy(const struct key *key, const struct node *item, struct config *config,
		       const struct reading *r)
{
	struct rule *rule = &config->tenants.rules[config->tenants.n_rules];
	int k;

	k = config_load_policy(item, key->expected, &rule->policy, r);
	if (k < 0)
		return k;
	if (check_twin(&config->tenants, item, rule, r->diagnostics) < 0 ||
	    check_defaults(item, rule->policy, r->diagnostics) < 0)
		return -EINVAL;
	if (asprintf(&rule->name, TENANT_PREFIX "%s", rule->policy->name) < 0) {
		rule->name = NULL;
		return -ENOMEM;
	}
	config->tenants.n_rules++;
	return config_bind_policy(config, rule, NULL, item, r);
}

static int read_policies(const struct key *key, const struct node *node, void *field,
			 const struct reading *r)
{
	struct config *config = field;
	int result = 0;

	if (node->kind == NODE_SEQUENCE && node->n_children == 0)
		return 0;
	if (list_check(node, CONFIG_MAX_POLICIES, r->diagnostics) < 0)
		return -EINVAL;
	config->tenants.rules = calloc(node->kind == NODE_SEQUENCE ? node->n_children : 1,
				       sizeof(*config->tenants.rules));
	if (!config->tenants.rules)
		return -ENOMEM;
	for (const struct node *item = node_first_item(node); item;
	     item = node_next_item(node, item)) {
		int k = read_policy(key, item, config, r);

		if (k == -ENOMEM)
			return k;
		if (k < 0)
			result = k;
	}
	return result;
}

static void spell_plain(const char *text, FILE *f)
{
	fputs(text, f);
}

static void spell_policies(const struct key *key, const struct node *node, FILE *f)
{
	bool alone = node->kind != NODE_SEQUENCE || node->n_children == 1;

	(void)key;
	if (alone)
		fputc('[', f);
	spell_list(node, spell_plain, f);
	if (alone)
		fputc(']', f);
}

static const struct key_type type_policies = { KEY_POLICIES, read_policies, spell_policies };

static int check_tag(const struct node *match, struct diagnostics *d)
{
	const struct node *tag = match ? node_find(match, "tag") : NULL;

	if (!tag)
		return 0;
	node_key_error(tag, d,
		       "tags are what tenants say of themselves: open them with "
		       "tenants: { allow: [tag] }");
	return -EINVAL;
}

/* A match: and what it leaves out, be that one mapping or a list. */
static int check_match(const struct node *match, struct diagnostics *d)
{
	const struct node *nots = match ? node_find(match, "not") : NULL;
	int result = check_tag(match, d);

	if (nots && nots->kind == NODE_MAPPING)
		return check_tag(nots, d) < 0 ? -EINVAL : result;
	for (const struct node *not = nots ? nots->first : NULL; not ; not = not ->next)
		if (check_tag(not, d) < 0)
			result = -EINVAL;
	return result;
}

int config_check_tags(const struct node *root, struct diagnostics *d)
{
	static const char *const lists[] = { "guests", "rules" };
	int result = 0;

	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		const struct node *list = node_find(root, lists[i]);

		for (const struct node *e = list ? list->first : NULL; e; e = e->next)
			if (check_match(node_find(e, "match"), d) < 0)
				result = -EINVAL;
	}
	return result;
}

const struct key config_tenants_keys[] = {
	{ .name = "allow",
	  .type = &key_words,
	  .offset = offsetof(struct config, tenants.allow),
	  .fallback = "[]",
	  .words = tenant_key_names,
	  .expected = "policy, min, shares, priority, hold or tag, or a list of them",
	  .help = "what the metadata of a domain may say: policy, min, shares, priority, hold, "
		  "tag" },
	{ .name = "min-at-most",
	  .type = &key_amount,
	  .offset = offsetof(struct config, tenants.min_at_most),
	  .fallback = "50%",
	  .low_share = "0%",
	  .high_share = "100%",
	  .expected = "a share of the guest's ceiling such as 50%",
	  .help = "the most that a tenant's min counts for, as a share of the guest's ceiling" },
	{ .name = "shares-at-most",
	  .type = &key_u32,
	  .offset = offsetof(struct config, tenants.shares_at_most),
	  .fallback = "1000",
	  .low = "1",
	  .high = "1000000",
	  .help = "the most that a tenant's shares count for" },
	{ .name = "priority-at-most",
	  .type = &key_i32,
	  .offset = offsetof(struct config, tenants.priority_at_most),
	  .fallback = "0",
	  .low = "-1000",
	  .high = "1000",
	  .expected = "a whole number such as 10 or -10",
	  .help = "the most that a tenant's priority counts for" },
	{ .name = "policies",
	  .type = &type_policies,
	  .fallback = "[]",
	  .expected = "the name of a policy (a-z, then up to 31 of a-z 0-9 -), or a list of them",
	  .help = "the policies that a tenant may choose, each with its default parameters" },
	{ .name = NULL },
};

void tenants_done(struct tenants *tenants)
{
	for (size_t i = 0; i < tenants->n_rules; i++)
		rule_done(&tenants->rules[i]);
	free(tenants->rules);
}
