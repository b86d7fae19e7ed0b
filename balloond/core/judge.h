/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The first look at one guest: its promise, its rule, its state, its bounds, its figures. */

#include "balloond/core/config.h"
#include "balloond/core/history.h"
#include "balloond/core/plan.h"
#include "balloond/core/rules.h"

#define JUDGE_SHARES_DEFAULT 1000u

/* The least that the guest is ever left, for what the entry alone promises; kernel: what its kernel
 * never counts (core/demand.h), or UNKNOWN.  0 where its maximum is not known. */
uint64_t judge_floor(const struct promise *promise, const struct guest *g, uint64_t kernel);

/* The most that the guest is ever given; 0 where its maximum is not known.  m: what is remembered
 * of it, or NULL. */
uint64_t judge_ceiling(const struct promise *promise, const struct guest *g,
		       const struct memory *m);

/* It began so lately that its size and its needs tell nothing. */
bool judge_is_booting(const struct guest *g, const struct memory *m, usec_t now);

/* Fills v from the guest, what is remembered of it and the rule that was chosen for it; all but
 * guest.charge, proposal, wanted, low, bound, which later stages fill.  The floor is what was
 * promised alone, as yet (core/learn.h).  level: the host's, of the last plan. */
void judge_guest(const struct config *config, const struct snapshot *s, const struct guest *g,
		 const struct memory *m, const struct choice *choice, uint32_t level,
		 struct verdict *v);
