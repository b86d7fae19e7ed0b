/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which rule a guest follows: the first that matches and whose conditions hold. */

#include "balloond/core/when.h"

struct choice {
	const struct rule *rule;  /* NULL: none applies */
	bool matched;             /* some rule's match holds, whatever its conditions */
	const struct rule *waits; /* the first that would come before `rule`, but for `unknown` */
	enum metric unknown;
	bool tenant_refused; /* its metadata names a policy that tenants: does not open */
};

/* Moves all gates of the i-th guest of the history on. */
struct choice rules_choose(const struct config *config, const struct when_view *view, size_t i);
