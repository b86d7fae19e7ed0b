/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/params.h"

#include <errno.h>
#include <string.h>

#include "balloond/io/descriptor.h"
#include "balloond/io/keys.h"

static const struct balloond_param *find_param(const struct balloond_policy *policy,
					       const char *name)
{
	for (size_t i = 0; i < policy->n_params; i++)
		if (strcmp(policy->params[i].name, name) == 0)
			return &policy->params[i];
	return NULL;
}

static int check_unknown(const struct node *mapping, const struct balloond_policy *policy,
			 struct diagnostics *d)
{
	const char *names[DESCRIPTOR_MAX_PARAMS];
	int result = 0;

	for (size_t i = 0; i < policy->n_params; i++)
		names[i] = policy->params[i].name;
	for (const struct node *child = mapping->first; child; child = child->next) {
		if (find_param(policy, child->key))
			continue;
		keys_unknown(child, "key", names, policy->n_params, d);
		result = -EINVAL;
	}
	return result;
}

static int read_param(const struct balloond_param *param, const struct node *mapping,
		      const struct node *owner, void *params, struct diagnostics *d)
{
	const struct node *node = mapping ? node_find(mapping, param->name) : NULL;
	uint64_t *field = (uint64_t *)(void *)((char *)params + param->offset);
	char why[BOUNDED_WHY_MAX];

	if (node)
		return bounded_read(node, param->type, param->low, param->high, field, d);
	if (param->fallback)
		return bounded_parse(param->fallback, param->type, NULL, NULL, field, why);
	node_error(mapping ? mapping : owner, d, "the %s '%s' is missing: %s",
		   mapping ? "key" : "parameter", param->name,
		   param->help ? param->help : "the policy has no default for it");
	return -EINVAL;
}

int params_read(const struct node *mapping, const struct node *owner,
		const struct balloond_policy *policy, void *params, struct diagnostics *d)
{
	const char *wrong = NULL;
	int result = 0;

	if (mapping && node_is_null(mapping))
		mapping = NULL;
	if (mapping && mapping->kind != NODE_MAPPING) {
		node_expected(mapping, d, "a mapping of parameters");
		return -EINVAL;
	}
	if (mapping)
		result = check_unknown(mapping, policy, d);
	for (size_t i = 0; i < policy->n_params; i++)
		if (read_param(&policy->params[i], mapping, owner, params, d) < 0)
			result = -EINVAL;
	if (result == 0 && policy->check)
		wrong = policy->check(params);
	if (wrong) {
		node_error(mapping ? mapping : owner, d, "%s", wrong);
		return -EINVAL;
	}
	return result;
}
