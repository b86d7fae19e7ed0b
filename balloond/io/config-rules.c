/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* rules: which guests follow which policy.  A rule that is read has its module loaded and its
 * parameters bound: what is left after this cannot fail. */

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/descriptor.h"
#include "balloond/io/loader.h"
#include "balloond/io/params.h"
#include "balloond/io/util.h"
#include "build-config.h"

#define ERROR_MAX 512u

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Parameters are no part of it: tuning a rule does not make its policy forget.  0 means none. */
static uint64_t rule_key(const char *name, const struct balloond_policy *policy)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	uint32_t version = policy->state_version;
	const unsigned char bytes[] = { version & 0xff, version >> 8 & 0xff, version >> 16 & 0xff,
					version >> 24 };

	hash = hash_bytes(hash, name, strlen(name) + 1);
	hash = hash_bytes(hash, policy->name, strlen(policy->name) + 1);
	hash = hash_bytes(hash, bytes, sizeof(bytes));
	return hash ? hash : 1;
}

static int read_policy(const struct key *key, const struct node *node, void *field,
		       const struct reading *r)
{
	const struct balloond_policy **policy = field;
	const char *name = node_text(node);
	char error[ERROR_MAX];
	int k;

	if (!name || !descriptor_name_is_valid(name)) {
		node_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	k = loader_load(r->policy_dir ? r->policy_dir : BALLOOND_POLICY_DIR, !r->policy_dir, name,
			policy, error, sizeof(error));
	if (k == -ENOMEM)
		return k;
	if (k < 0) {
		node_error(node, r->diagnostics, "%s", error);
		return -EINVAL;
	}
	return 0;
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

static const struct key rule_keys[] = {
	{ .name = "name",
	  .read = key_name,
	  .offset = offsetof(struct rule, name),
	  .required = true },
	{ .name = "match",
	  .read = config_read_match,
	  .offset = offsetof(struct rule, match),
	  .required = true,
	  .expected = "{ name: PATTERN }" },
	{ .name = "policy",
	  .read = read_policy,
	  .offset = offsetof(struct rule, policy),
	  .required = true,
	  .expected = "the name of a policy (a-z, then up to 31 of a-z 0-9 -)" },
	{ .name = "params", .read = leave_params },
	{ .name = NULL },
};

static int read_rule(const struct node *entry, struct rule *rule, const struct reading *r)
{
	int k = keys_read(entry, rule_keys, rule, r), twin;

	if (k == -ENOMEM)
		return k;
	twin = config_check_name(entry, r->diagnostics);
	if (!rule->policy)
		return -EINVAL;
	if (rule->policy->params_size > 0) {
		rule->params = calloc(1, rule->policy->params_size);
		if (!rule->params)
			return -ENOMEM;
	}
	if (params_read(node_find(entry, "params"), entry, rule->policy, rule->params,
			r->diagnostics) < 0 ||
	    k < 0 || twin < 0)
		return -EINVAL;
	rule->key = rule_key(rule->name, rule->policy);
	return 0;
}

/* The larger of both, so that what comes after it in an array is aligned for anything. */
static size_t largest(size_t size, size_t other)
{
	size_t aligned = (other + alignof(max_align_t) - 1) / alignof(max_align_t) *
			 alignof(max_align_t);

	return size > aligned ? size : aligned;
}

int config_read_rules(const struct key *key, const struct node *node, void *field,
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
		struct rule *rule = &config->rules[entry->index];
		int k = read_rule(entry, rule, r);

		if (k == -ENOMEM)
			return k;
		if (k < 0) {
			result = k;
			continue;
		}
		config->state_size = largest(config->state_size, rule->policy->state_size);
		config->rule_state_size = largest(config->rule_state_size,
						  rule->policy->rule_state_size);
		config->scratch_size = largest(config->scratch_size, rule->policy->scratch_size);
	}
	return result;
}

void rule_done(struct rule *rule)
{
	free(rule->name);
	match_done(&rule->match);
	free(rule->params);
}
