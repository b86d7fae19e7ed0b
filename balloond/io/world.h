/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What balloond senses and acts on.  The one internal vtable: the world is live, or a test's; the
 * manager cannot tell.  No function blocks. */

#include "balloond/core/config.h"
#include "balloond/core/plan.h"
#include "balloond/core/snapshot.h"

struct world {
	/* Takes what it needs of a new configuration (URIs, statistics); copies it. */
	int (*configure)(void *self, const struct config *config);

	/* Begins to look anew, at the guests that are due by the plan; NULL, or a plan that was not
	 * made: at all.  What is found reaches a later sense(). */
	void (*refresh)(void *self, const struct plan *plan);

	/* Composes the newest finished findings.  Grows the snapshot's array where needed.
	 * Negative errno: the host could not be read; this tick is skipped. */
	int (*sense)(void *self, struct snapshot *snapshot);

	/* Queues the plan's steps, and statistics periods to set.  Outcomes are fields of a later
	 * snapshot. */
	void (*act)(void *self, const struct plan *plan);

	/* Whether a hypervisor answers now. */
	bool (*is_connected)(void *self);

	/* Whether one that should answer does not, or what it last told grows old. */
	bool (*is_degraded)(void *self);

	/* Whether all that is there to see at first was seen: nothing is planned before.  Becomes
	 * true after a bounded time in any case. */
	bool (*is_settled)(void *self);

	void *self;
};
