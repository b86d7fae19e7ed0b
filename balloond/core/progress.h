/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Does the guest follow its target?  A balloon that stops short is retried by the guest's driver
 * for ever, at the guest's cost, and its memory must not be counted on. */

#include "balloond/core/history.h"

enum progress {
	PROGRESS_THERE, /* at the target, or on the way */
	PROGRESS_STUCK, /* this tick: stopped short of a smaller target */
	PROGRESS_CRY,   /* this tick: it took memory back by itself (deflate-on-OOM) */
};

/* Notices progress, and a failed step's outcome.  After STUCK and CRY the target in m is what the
 * guest has, and the hypervisor should be told so, or the guest's driver goes on trying; after
 * STUCK shrinking is barred for a while that doubles each time.  A size that somebody else set is
 * taken over as the target once it rests. */
enum progress progress_observe(struct memory *m, const struct guest *g, usec_t now);

/* Notes that a size was asked for. */
void progress_ask(struct memory *m, uint64_t target, usec_t now);

bool progress_is_stuck(const struct memory *m, usec_t now);
