/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Binds a rule's params: to the parameter struct of its policy, by the policy's own table.
 * Policies never see YAML; balloond never sees what a parameter means. */

#include "balloond/io/node.h"
#include "balloond/policy.h"

/* Fills params (policy->params_size bytes).  `mapping` is what is written, or NULL; `owner` is the
 * rule, where what is missing is complained about.  0, or -EINVAL with all reasons in d.  The
 * table was checked before (descriptor.h). */
int params_read(const struct node *mapping, const struct node *owner,
		const struct balloond_policy *policy, void *params, struct diagnostics *d);
