/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* rules: which guests follow which policy, and when. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-entries.h"

static int read_policy(const struct key *key, const struct node *node, void *field,
		       const struct reading *r)
{
	return config_load_policy(node, key->expected, field, r);
}

static void spell_policy(const struct key *key, const struct node *node, FILE *f)
{
	(void)key;
	fputs(node_text(node), f);
}

/* Their meaning is the policy's: read_rule() binds them once it is known. */
static int leave_params(const struct key *key, const struct node *node, void *field,
			const struct reading *r)
{
	(void)key;
	(void)node;
	(void)field;
	(void)r;
	return 0;
}

static const struct key_type type_policy = { KEY_POLICY, read_policy, spell_policy };
static const struct key_type type_params = { KEY_PARAMS, leave_params, NULL };

const struct key config_rule_keys[] = {
	{ .name = "name",
	  .type = &key_name,
	  .offset = offsetof(struct rule, name),
	  .required = true,
	  .expected = CONFIG_NAME_EXPECTED,
	  .help = "what the entry is called; a later entry of the same name replaces it" },
	{ .name = "match",
	  .type = &config_type_match,
	  .keys = config_match_keys,
	  .offset = offsetof(struct rule, match),
	  .required = true,
	  .expected = "{ name: PATTERN }",
	  .help = "which guests it means: all keys that are written have to match" },
	{ .name = "when",
	  .type = &config_type_when,
	  .keys = config_when_keys,
	  .offset = offsetof(struct rule, when),
	  .expected = "metrics and their edges, such as { host.available: \"< 10%\", for: 30s }",
	  .help = "conditions, all of which have to hold; without it the rule always applies" },
	{ .name = "policy",
	  .type = &type_policy,
	  .offset = offsetof(struct rule, policy),
	  .required = true,
	  .expected = "the name of a policy (a-z, then up to 31 of a-z 0-9 -)",
	  .help = "the policy that proposes the sizes of these guests" },
	{ .name = "params",
	  .type = &type_params,
	  .help = "the policy's parameters, see balloond-policies(7)" },
	CONFIG_DISABLED_KEY,
	{ .name = NULL },
};

/* Those of tenants: are told apart by it. */
static int check_prefix(const struct node *entry, struct diagnostics *d)
{
	const char *name = config_entry_name(entry);

	if (!name || strncmp(name, TENANT_PREFIX, strlen(TENANT_PREFIX)) != 0)
		return 0;
	node_error(node_find(entry, "name"), d,
		   "'%.60s': names that begin with " TENANT_PREFIX " are those of tenants.policies",
		   name);
	return -EINVAL;
}

static int number_gate(struct config *config, struct rule *rule, const struct node *entry,
		       struct diagnostics *d)
{
	if (rule->when.n == 0)
		return 0;
	rule->gate = config->n_gates++;
	if (rule->gate < CONFIG_MAX_GATES)
		return 0;
	node_error(node_find(entry, "when"), d, "more than %u rules with a when are not read",
		   CONFIG_MAX_GATES);
	return -EINVAL;
}

static int read_rule(const struct node *entry, struct config *config, struct rule *rule,
		     const struct reading *r)
{
	struct reading reading = *r;
	int k, result, complaints;

	reading.lenient = config_is_disabled(entry);
	result = keys_read(entry, config_rule_keys, rule, &reading);
	if (result == -ENOMEM)
		return result;
	complaints = config_check_name(entry, r->diagnostics) +
		     check_prefix(entry, r->diagnostics) +
		     number_gate(config, rule, entry, r->diagnostics);
	if (rule->policy) {
		k = config_bind_policy(config, rule, node_find(entry, "params"), entry, &reading);
		if (k < 0)
			return k;
	}
	return complaints < 0 ? -EINVAL : result;
}

static int read_rules(const struct key *key, const struct node *node, void *field,
		      const struct reading *r)
{
	struct config *config = field;
	size_t n;
	int result;

	(void)key;
	result = config_check_list(node, &n, r->diagnostics);
	if (result < 0 || n == 0)
		return result;
	config->rules = calloc(n, sizeof(*config->rules));
	if (!config->rules)
		return -ENOMEM;
	config->n_rules = n;
	for (const struct node *entry = node->first; entry; entry = entry->next) {
		int k = read_rule(entry, config, &config->rules[entry->index], r);

		if (k == -ENOMEM)
			return k;
		if (k < 0)
			result = k;
	}
	return result;
}

const struct key_type config_type_rules = { KEY_ENTRIES, read_rules, NULL };

void rule_done(struct rule *rule)
{
	free(rule->name);
	match_done(&rule->match);
	when_done(&rule->when);
	free(rule->params);
}
