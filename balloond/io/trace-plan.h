/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a trace keeps of a plan: its steps in words, and a hash over all that was decided. */

#include "balloond/core/plan.h"

#define TRACE_REASON_MAX 160u /* of a reason, with NUL; longer ones are cut */

/* Over everything that a plan says of guests and the host, its rules and promises by name: the same
 * on every machine.  What the policies' scratch was is no part of it. */
uint64_t trace_plan_hash(const struct plan *plan);

/* Why a step is taken: the policy's own words where it decided. */
const char *trace_step_reason(const struct plan *plan, const struct step *step);
