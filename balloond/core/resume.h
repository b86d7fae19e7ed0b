/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of a guest's record outlives balloond itself.  The rest is of the time in which it looked
 * on: figures of the last sample, rates, whatever was on its way. */

#include "balloond/core/history.h"

/* m has just begun, `kept` is of the same run of the guest on the same boot of the machine: takes
 * over the target, unless the guest's size of now says that somebody moved it meanwhile, and what
 * was learned. */
void memory_resume(struct memory *m, const struct memory *kept, uint64_t actual, usec_t now);
