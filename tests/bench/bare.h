/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Decides for opponents: policies are asked as in production, and what they say is done.  Nothing
 * of the guard, of the division among all guests, of levels or of rates: sizes are kept between
 * floor and ceiling, and that is all.
 *
 * Opponents see a machine that is exactly the pool: what guests may hold is its memory, what they
 * have touched is used, all else is free; what does not fit into it is in its swap. */

#include "balloond/core/config.h"
#include "balloond/core/history.h"
#include "balloond/core/plan.h"
#include "balloond/core/snapshot.h"
#include "balloond/sim/world.h"

struct bare {
	const struct sim_world *world; /* for processes' overhead as it is; NULL: as core sees it */
	uint64_t pool;        /* what guests may hold; 0: the configured pool less all overhead */
	uint64_t host_total;  /* of the machine that policies are told of; 0: the pool */
	bool no_kernel_floor; /* guests are promised their entry's min alone: with 0%, nothing */
};

/* A sim_decide_t (sim/run.h); userdata is a struct bare. */
void bare_decide(void *userdata, const struct config *config, const struct snapshot *snapshot,
		 struct history *history, struct plan *plan);

/* Its two halves, for deciders that need no policy.  The first remembers, judges each guest and
 * takes the account, and returns what guests may hold; every proposal is the target of today.  The
 * second turns proposals into steps. */
uint64_t bare_look(const struct bare *bare, const struct config *config,
		   const struct snapshot *snapshot, struct history *history, struct plan *plan);
void bare_move(const struct snapshot *snapshot, struct history *history, struct plan *plan);
