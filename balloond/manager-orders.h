/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From the bus's queue into the snapshot: which of the operators' orders stand.  For manager.c
 * alone. */

#include "balloond/core/orders.h"

/* All zero: nothing is ordered. */
struct manager_orders {
	struct orders queue; /* what the bus appends to */
	struct standing standing;
};

/* For --give-back, which nobody on the bus orders.  0, or -EBUSY. */
int manager_orders_give_back(struct manager_orders *o);

/* Between sense() and the planner: takes what was ordered, drops what is over, and writes what
 * stands into the snapshot.  Tells the journal.  Returns whether what stands has changed. */
bool manager_orders_follow(struct manager_orders *o, struct snapshot *now);

void manager_orders_close(struct manager_orders *o);
