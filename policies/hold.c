/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* hold: leaves every guest at the size that it has.
 *
 * The smallest policy there is, and the one to copy.  Targets arrive filled with what the guests
 * are asked to have today, so that proposing nothing is already correct; all that is left to say
 * is why. */

#include "balloond/policy.h"

enum { REASON_HELD };

static const char *const reasons[] = {
	[REASON_HELD] = "its policy changes nothing",
};

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	(void)params;
	(void)states;
	for (size_t i = 0; i < view->n_guests; i++)
		targets[i].reason = REASON_HELD;
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "hold",
	.summary = "Leaves every guest at the size that it has",
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.propose = propose,
};
