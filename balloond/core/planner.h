/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* sense -> DECIDE -> act -> publish.  No clock, randomness, environment, allocation or logging:
 * the same configuration, snapshot and history give the same plan, byte for byte. */

#include "balloond/core/config.h"
#include "balloond/core/history.h"
#include "balloond/core/plan.h"
#include "balloond/core/snapshot.h"

/* All arrays of history and plan must hold snapshot->n_guests (io/storage.h).  With dry_run the
 * plan is the same but history does not take its steps as asked for. */
void planner_run(const struct config *config, const struct snapshot *snapshot,
		 struct history *history, bool dry_run, struct plan *plan);
