/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a restart must not forget: read at the start, handed to guests when they are first seen, and
 * written after every tick that asked something or took an order.  For manager.c alone. */

#include "balloond/core/history.h"
#include "balloond/core/orders.h"
#include "balloond/core/plan.h"
#include "balloond/io/keep-store.h"
#include "balloond/manager-trace.h"
#include "balloond/manager.h"

/* All zero: nothing is kept. */
struct manager_keep {
	struct keep_store *store;
	struct keep before; /* of guests that were not seen yet */
	char boot[KEEP_BOOT_MAX];
	usec_t begun, written; /* monotonic */
	uint64_t hash;         /* of what was written last */
	bool is_due, is_once;
};

/* Takes over the orders.  What runs once takes nothing else, and writes nothing: that is for
 * whoever follows the guests. */
int manager_keep_start(struct manager_keep *k, sd_event *event,
		       const struct manager_options *options, struct standing *standing);

/* Before the planner: guests that are new to h and were known to the last balloond go on, which a
 * trace is told. */
void manager_keep_resume(struct manager_keep *k, const struct snapshot *s, struct history *h,
			 struct manager_trace *trace);

/* After a tick, which wrote nothing if it was dry.  changed: orders did, or steps were taken. */
void manager_keep_follow(struct manager_keep *k, const struct snapshot *s, const struct history *h,
			 const struct standing *standing, bool is_dry, bool changed);

/* Writes what is left, unless is_dry, and ends. */
void manager_keep_close(struct manager_keep *k, const struct snapshot *s, const struct history *h,
			const struct standing *standing, bool is_dry);
