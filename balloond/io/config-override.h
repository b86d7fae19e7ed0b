/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What somebody wants otherwise than the file says, for one run: a configuration that is changed
 * after it was read, and whose hash says so. */

#include "balloond/io/config.h"

/* Every guest follows this policy, with its default parameters and whatever the conditions.  0;
 * -EINVAL: d says why, and nothing has changed; -ENOMEM. */
int config_use_policy(struct config *config, const char *policy, const char *policy_dir,
		      struct diagnostics *d);

/* Every guest is promised that min, also those that no entry means.  0, or -ENOMEM and nothing has
 * changed. */
int config_use_min(struct config *config, struct amount min);
