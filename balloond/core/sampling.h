/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which guests are read at the next sweep, and when that is.  To read a guest costs libvirt far
 * more than to plan for it: most of them are calm and need not be read each time. */

#include "balloond/core/config.h"
#include "balloond/core/history.h"
#include "balloond/core/plan.h"
#include "balloond/core/snapshot.h"

/* How far a hot guest's readings are apart; and while the budget is short, no further than that. */
#define SAMPLING_HOT (BALLOOND_SECOND / 4)
#define SAMPLING_HOT_MOST (5 * BALLOOND_SECOND)
/* The same of a calm guest.  Whatever the budget says, it is read each 15 s: sweeps come twice a
 * second. */
#define SAMPLING_CALM BALLOOND_SECOND
#define SAMPLING_CALM_MOST (14 * BALLOOND_SECOND + BALLOOND_SECOND / 2)

/* After the verdicts are final: writes hot and due of each, plan->sampling, plan->next_wake, and
 * what each guest's memory keeps of it. */
void sampling_choose(const struct config *config, const struct snapshot *s, struct history *h,
		     struct plan *plan);

/* How much it has to grow between two readings, of its used memory or of what is resident, to
 * count as growing. */
uint64_t sampling_growth(uint64_t maximum);
