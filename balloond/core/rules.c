/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/rules.h"

#include <string.h>

#include "balloond/core/match.h"

static bool applies(const struct rule *rule, const struct when_view *view, size_t i,
		    struct choice *choice)
{
	enum metric unknown;
	bool open;

	if (rule->when.n == 0)
		return true;
	open = when_follow(&rule->when, view, history_gate(view->history, i, rule), &unknown);
	if (!open && unknown != METRIC_MAX && !choice->rule && !choice->waits) {
		choice->waits = rule;
		choice->unknown = unknown;
	}
	return open;
}

/* A tenant chooses among the policies that its operator has opened, once it is managed at all. */
static void prefer_tenants(const struct config *config, const struct guest *g,
			   struct choice *choice)
{
	if (!(g->wish.given & 1u << TENANT_POLICY))
		return;
	choice->tenant_refused = true;
	if (!choice->rule || !(config->tenants.allow & 1u << TENANT_POLICY))
		return;
	for (size_t n = 0; n < config->tenants.n_rules; n++) {
		const struct rule *rule = &config->tenants.rules[n];

		if (strcmp(rule->policy->name, g->wish.policy) != 0)
			continue;
		choice->rule = rule;
		choice->tenant_refused = false;
	}
}

struct choice rules_choose(const struct config *config, const struct when_view *view, size_t i)
{
	struct choice choice = { .unknown = METRIC_MAX };

	for (size_t n = 0; n < config->n_rules; n++) {
		const struct rule *rule = &config->rules[n];

		/* Without gates nothing behind the rule that applies needs to be looked at. */
		if (choice.rule && config->n_gates == 0)
			break;
		if (!match_guest(&rule->match, view->guest)) {
			history_forget(view->history, i, rule->key);
			continue;
		}
		choice.matched = true;
		if (applies(rule, view, i, &choice) && !choice.rule)
			choice.rule = rule;
	}
	prefer_tenants(config, view->guest, &choice);
	return choice;
}
