/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Under which conditions a rule applies.  A gate opens when all conditions of its rule have held
 * for as long as `for` says; it closes when every one has been over for as long, each by a quarter
 * of its edge, so that a figure that sits on its edge moves nobody back and forth. */

#include "balloond/core/config.h"
#include "balloond/core/history.h"
#include "balloond/core/snapshot.h"

/* What metrics are taken from.  The host's account is the last plan's. */
struct when_view {
	const struct snapshot *snapshot;
	const struct history *history;
	const struct guest *guest;
	const struct memory *memory;
	uint64_t ceiling;
};

/* Bytes, bytes or events a second, permille, microseconds or a level, or UNKNOWN. */
uint64_t when_metric(const struct when_view *view, enum metric metric);

/* Moves the gate on and returns whether it is open.  A metric that is not known does not hold:
 * *unknown is the first such one, or METRIC_MAX. */
bool when_follow(const struct when *when, const struct when_view *view, struct gate *gate,
		 enum metric *unknown);
