/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The first look at one guest: its promise, its rule, its state, its bounds, its figures. */

#include "balloond/core/config.h"
#include "balloond/core/history.h"
#include "balloond/core/plan.h"

/* Fills v from the guest and what is remembered of it; all but guest.charge, proposal, wanted,
 * low, bound, which later stages fill. */
void judge_guest(const struct config *config, const struct guest *g, const struct memory *m,
		 usec_t now, struct verdict *v);
