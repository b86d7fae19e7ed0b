/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The host's account: what guests may hold together, what each is charged, what is left. */

#include "balloond/core/history.h"
#include "balloond/core/plan.h"

/* Kept for the host itself.  auto: 4 x minFree, ESX's rule (Waldspurger, OSDI 2002, with the
 * sliding minFree of later releases): 256 MiB or 3 % on small hosts, 899 MiB + 1 % of what is
 * above 28 GiB on larger ones. */
uint64_t pool_reserve(const struct host_limits *limits, uint64_t host_total);

/* What the pool is charged for a guest if its target is `size`.  Never falls as size rises. */
uint64_t pool_charge(const struct host_limits *limits, const struct verdict *v,
		     const struct memory *m, uint64_t size);

/* Fills plan->account (all but short_by) from the verdicts' charges, which must be there. */
void pool_assess(const struct config *config, const struct snapshot *s, struct history *h,
		 struct plan *plan);
