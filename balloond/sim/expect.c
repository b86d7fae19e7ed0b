/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/expect.h"

#include <stdio.h>
#include <string.h>

static bool is_one_of(const char *name, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

bool expectation_is_asked(const struct scenario_expectation *e, const struct config *config)
{
	if (e->commits != 0 && !(e->commits & 1u << config->host.commit))
		return false;
	for (size_t i = 0; e->n_policies > 0 && i < config->n_rules; i++)
		if (!is_one_of(config->rules[i].policy->name, e->policies, e->n_policies))
			return false;
	return e->n_policies == 0 || config->n_rules > 0;
}

bool expectation_holds(const struct scenario_expectation *e, const struct sim_result *result)
{
	uint64_t value = figure_value(e->figure, result);
	bool has_low = e->low != BALLOOND_UNKNOWN, has_high = e->high != BALLOOND_UNKNOWN;

	if (value == BALLOOND_UNKNOWN)
		return !has_low && !has_high;
	return (!has_low || value >= e->low) && (!has_high || value <= e->high);
}

const char *expectation_text(char buf[EXPECTATION_TEXT_MAX], const struct scenario_expectation *e)
{
	char low[FIGURE_TEXT_MAX], high[FIGURE_TEXT_MAX];
	bool has_low = e->low != BALLOOND_UNKNOWN, has_high = e->high != BALLOOND_UNKNOWN;

	(void)figure_text(low, e->figure, e->low);
	(void)figure_text(high, e->figure, e->high);
	if (!has_low && !has_high)
		return strcpy(buf, "any");
	if (has_low && has_high && e->low == e->high)
		return strcpy(buf, low);
	if (has_low && has_high)
		(void)snprintf(buf, EXPECTATION_TEXT_MAX, "%s to %s", low, high);
	else if (has_low)
		(void)snprintf(buf, EXPECTATION_TEXT_MAX, "at least %s", low);
	else
		(void)snprintf(buf, EXPECTATION_TEXT_MAX, "at most %s", high);
	return buf;
}

size_t expectations_count_missed(const struct scenario *s, const struct config *config,
				 const struct sim_result *result)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_expectations; i++)
		n += expectation_is_asked(&s->expectations[i], config) &&
		     !expectation_holds(&s->expectations[i], result);
	return n;
}
