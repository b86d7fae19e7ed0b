/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who knows what guests need: the rows that no policy can reach, and the best that sizes which
 * never change could do. */

#include "tests/bench/bare.h"

struct oracle_setup {
	const struct sim_world *world;
	const uint64_t *floors; /* of each guest of the world; borrowed */
	uint64_t pool;          /* what guests may hold; 0: the configured pool less all overhead */
	bool is_static;         /* static-hindsight; else clairvoyant */
	usec_t ahead;           /* clairvoyant sees so far; 0: ORACLE_AHEAD */
	/* Of static-hindsight: which time it knows, from the world's now on. */
	usec_t warm_up, length, step;
};

#define ORACLE_AHEAD (5 * UINT64_C(1000000))

struct oracle;

/* What it needs to know is computed here: the world must have begun.  0 or -ENOMEM. */
int oracle_new(const struct oracle_setup *setup, struct oracle **ret);
struct oracle *oracle_free(struct oracle *oracle);

/* A sim_decide_t (sim/run.h); userdata is a struct oracle.
 *
 * clairvoyant: weighted max-min from floors to max(floor, highest need of the next seconds) into
 * the pool; what is left is lent to nobody.  static-hindsight: the same once, with each guest's
 * highest need of the whole time. */
void oracle_decide(void *userdata, const struct config *config, const struct snapshot *snapshot,
		   struct history *history, struct plan *plan);
