/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/config-override.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/judge.h"
#include "balloond/io/config-entries.h"
#include "balloond/io/hash.h"
#include "balloond/io/util.h"

#define EVERYONE "*"

static int match_everyone(struct match *match)
{
	struct patterns *names = &match->texts[MATCH_NAME];

	names->items = calloc(1, sizeof(*names->items));
	if (!names->items)
		return -ENOMEM;
	names->items[0] = strdup(EVERYONE);
	if (!names->items[0])
		return -ENOMEM;
	names->n = 1;
	return 0;
}

/* Whoever has a name is meant; an entry that means all guests in another way gets one behind it
 * that nobody reaches. */
static bool matches_everyone(const struct match *match)
{
	bool found = false;

	for (enum match_text key = 0; key < MATCH_TEXTS; key++) {
		const struct patterns *patterns = &match->texts[key];

		if (key != MATCH_NAME && patterns->n > 0)
			return false;
		for (size_t i = 0; i < patterns->n; i++)
			found = found || strcmp(patterns->items[i], EVERYONE) == 0;
	}
	return found && match->n_sizes == 0 && match->n_nots == 0;
}

static int make_rule(struct config *config, const struct node *policy, struct rule *rule,
		     const struct reading *r)
{
	int k;

	k = config_load_policy(policy, "the name of a policy", &rule->policy, r);
	if (k < 0)
		return k;
	rule->name = strdup(policy->text);
	if (!rule->name || match_everyone(&rule->match) < 0)
		return -ENOMEM;
	return config_bind_policy(config, rule, NULL, policy, r);
}

/* Room for policies' state only grows: what is not in use does no harm. */
int config_use_policy(struct config *config, const char *policy, const char *policy_dir,
		      struct diagnostics *d)
{
	const struct node node = { .kind = NODE_SCALAR, .text = policy };
	const struct reading r = { .diagnostics = d, .policy_dir = policy_dir };
	struct rule *rule = calloc(1, sizeof(*rule));
	int k = rule ? make_rule(config, &node, rule, &r) : -ENOMEM;

	if (k < 0) {
		if (rule)
			rule_done(rule);
		free(rule);
		return k;
	}
	for (size_t i = 0; i < config->n_rules; i++)
		rule_done(&config->rules[i]);
	free(config->rules);
	config->rules = rule;
	config->n_rules = 1;
	config->n_gates = 0;
	config->hash = hash_bytes(config->hash, policy, strlen(policy) + 1);
	return 0;
}

/* One for those that no other entry means: it says what holds without one. */
static int add_promise(struct config *config)
{
	struct promise *promises = reallocarray(config->promises, config->n_promises + 1,
						sizeof(*promises));
	struct promise promise = { .shares = JUDGE_SHARES_DEFAULT };

	if (!promises)
		return -ENOMEM;
	config->promises = promises;
	promise.name = strdup(EVERYONE);
	if (!promise.name || match_everyone(&promise.match) < 0) {
		promise_done(&promise);
		return -ENOMEM;
	}
	promises[config->n_promises++] = promise;
	return 0;
}

int config_use_min(struct config *config, struct amount min)
{
	const unsigned char kind = (unsigned char)min.kind;
	bool has_everyone = false;

	for (size_t i = 0; i < config->n_promises; i++)
		has_everyone = has_everyone || matches_everyone(&config->promises[i].match);
	if (!has_everyone && add_promise(config) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_promises; i++) {
		config->promises[i].min = min;
		config->promises[i].min_is_set = true;
	}
	config->hash = hash_bytes(config->hash, &kind, sizeof(kind));
	for (unsigned shift = 0; shift < 64; shift += 8) {
		const unsigned char byte = (unsigned char)(min.value >> shift);

		config->hash = hash_bytes(config->hash, &byte, sizeof(byte));
	}
	return 0;
}
