/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* static: every guest has all that it was sold, for ever (science, 8.1).
 *
 * What a host without ballooning does.  Its overage is what the host would have to swap. */

#include "balloond/policy.h"

enum { REASON_SOLD };

static const char *const reasons[] = {
	[REASON_SOLD] = "it has all that it was sold",
};

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	(void)params;
	(void)states;
	for (size_t i = 0; i < view->n_guests; i++) {
		targets[i].bytes = view->guests[i]->ceiling;
		targets[i].claim = targets[i].bytes;
		targets[i].reason = REASON_SOLD;
	}
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "static",
	.summary = "Gives every guest all that it was sold",
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.propose = propose,
};
