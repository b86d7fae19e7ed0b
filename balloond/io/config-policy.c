/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A rule and its policy: the module is loaded and its parameters are bound.  What is left after
 * this cannot fail. */

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/descriptor.h"
#include "balloond/io/hash.h"
#include "balloond/io/loader.h"
#include "balloond/io/params.h"
#include "build-config.h"

#define ERROR_MAX 512u

/* Parameters are no part of it: tuning a rule does not make its policy forget.  0 means none. */
static uint64_t rule_key(const char *name, const struct balloond_policy *policy)
{
	uint32_t version = policy->state_version;
	const unsigned char bytes[] = { version & 0xff, version >> 8 & 0xff, version >> 16 & 0xff,
					version >> 24 };
	uint64_t hash = HASH_INIT;

	hash = hash_bytes(hash, name, strlen(name) + 1);
	hash = hash_bytes(hash, policy->name, strlen(policy->name) + 1);
	hash = hash_bytes(hash, bytes, sizeof(bytes));
	return hash ? hash : 1;
}

int config_load_policy(const struct node *node, const char *expected,
		       const struct balloond_policy **ret, const struct reading *r)
{
	const char *name = node_text(node);
	char error[ERROR_MAX];
	int k;

	if (!name || !descriptor_name_is_valid(name)) {
		node_expected(node, r->diagnostics, expected);
		return -EINVAL;
	}
	k = loader_load(r->policy_dir ? r->policy_dir : BALLOOND_POLICY_DIR, !r->policy_dir, name,
			ret, error, sizeof(error));
	if (k == -ENOMEM)
		return k;
	if (k < 0) {
		node_error(node, r->diagnostics, "%s", error);
		return -EINVAL;
	}
	return 0;
}

/* The larger of both, so that what comes after it in an array is aligned for anything. */
static size_t largest(size_t size, size_t other)
{
	size_t aligned = (other + alignof(max_align_t) - 1) / alignof(max_align_t) *
			 alignof(max_align_t);

	return size > aligned ? size : aligned;
}

int config_bind_policy(struct config *config, struct rule *rule, const struct node *params,
		       const struct node *owner, const struct reading *r)
{
	const struct balloond_policy *policy = rule->policy;

	if (policy->params_size > 0) {
		rule->params = calloc(1, policy->params_size);
		if (!rule->params)
			return -ENOMEM;
	}
	if (params_read(params, owner, policy, rule->params, r->diagnostics) < 0)
		return -EINVAL;
	config->state_size = largest(config->state_size, policy->state_size);
	config->rule_state_size = largest(config->rule_state_size, policy->rule_state_size);
	config->scratch_size = largest(config->scratch_size, policy->scratch_size);
	rule->key = rule->name ? rule_key(rule->name, policy) : 0;
	return 0;
}
