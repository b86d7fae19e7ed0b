/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which entries mean a guest that has nothing but a name. */

#include "balloond/core/match.h"

static inline const struct promise *promise_of(const struct config *config, const char *name)
{
	struct guest guest;

	guest_init(&guest, "6f2d1e1c-7a3b-4f43-9d1c-0a0b0c0d0e0f", name);
	return match_promise(config, &guest);
}

/* Whatever its when says. */
static inline const struct rule *rule_of(const struct config *config, const char *name)
{
	struct guest guest;

	guest_init(&guest, "6f2d1e1c-7a3b-4f43-9d1c-0a0b0c0d0e0f", name);
	for (size_t i = 0; i < config->n_rules; i++)
		if (match_guest(&config->rules[i].match, &guest))
			return &config->rules[i];
	return NULL;
}
