/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* When what was counted (core/tally.h) goes to disk: every full hour, when a dry run begins or
 * ends, when a guest is gone, and at the end.  For manager.c alone. */

#include "balloond/core/history.h"
#include "balloond/core/published.h"
#include "balloond/io/tally-store.h"

/* All zero: nothing is kept. */
struct manager_tally {
	struct tally_store *store;
	usec_t begun; /* this span, wall clock */
	usec_t due;   /* its end */
};

/* Between sense() and the planner, which forgets guests that are gone.  last: what was published
 * of the tick before. */
void manager_tally_follow(struct manager_tally *t, const struct snapshot *now, struct history *h,
			  const struct published *last, bool dry_run);

/* Writes what is left, and ends. */
void manager_tally_close(struct manager_tally *t, struct history *h, const struct published *last);
