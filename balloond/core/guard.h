/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The guard turns proposals into sizes that keep every promise and the host safe, whatever a
 * policy said.  Its rules are numbered and named in core/state.h; a verdict's `bound` tells which
 * of them held the guest back.  The order of the calls is the order below.
 *
 * In test builds (BALLOOND_TEST) config->guards_off switches single rules off; with any of them
 * off a test must fail: proof that the rule is needed. */

#include "balloond/core/history.h"
#include "balloond/core/plan.h"

/* Rules bounds, stale, margin, stuck, cool-down: sets v->low and cuts the proposal and its claim
 * to what this guest may have now. */
void guard_bound(const struct config *config, uint32_t level, struct verdict *v);

/* Rules dead-band and shrink-limit: from what each guest should have (v->wanted) to the targets
 * of those that shrink.  Credits are spent only where `spend` (not in a dry run). */
void guard_shrink(const struct config *config, struct history *h, struct plan *plan, bool spend);

/* Rules free-first and room: the targets of those that grow. */
void guard_grow(const struct config *config, const struct history *h, struct plan *plan);

/* Bytes a second that this guest may be shrunk by. */
uint64_t guard_rate(const struct config *config, const struct memory *m);

/* Shrinking earns credit with time: a second's worth at most. */
void guard_earn(const struct config *config, struct history *h, usec_t elapsed);

/* Sizes move by whole MiB: the step of Linux' driver. */
#define GUARD_STEP (UINT64_C(1) << 20)

/* Moves below this are trivial: max(8 MiB, 0.5 % of the ceiling).  MOM: 0.25 % of the size,
 * Proxmox: 10 MiB. */
uint64_t guard_dead_band(uint64_t ceiling);
