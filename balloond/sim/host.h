/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The machine below the guests: what it uses itself, what is available, and what happens when that
 * is nothing any more. */

#include "balloond/core/snapshot.h"

/* From `at` (on the world's clock: SIM_EPOCH) on the host itself uses `own`, reached in a straight
 * line within `over`. */
struct sim_host_change {
	usec_t at, over;
	uint64_t own;
};

struct sim_host_model {
	uint64_t total, swap;
	uint64_t own;                    /* what it uses itself, bytes */
	uint64_t shared;                 /* permille of what guests hold that KSM shares away */
	usec_t sample_cost;              /* of reading one guest; 0: not known */
	uint64_t disk;                   /* bytes a second that it swaps at; 0: 100 MiB/s */
	struct sim_host_change *changes; /* in the order of at; owned */
	size_t n_changes;
};

struct sim_host {
	struct sim_host_model model;
	size_t next;
	uint64_t own, from;
	uint64_t available, swapped; /* now, bytes */
	uint64_t swap_in, swap_out;  /* cumulative */
	uint64_t over;               /* what it could not even swap: its OOM killer's, now */
	uint64_t some, full;         /* PSI avg10, 1/100 % */
	uint64_t ksm_saved;
};

void sim_host_begin(struct sim_host *h);

/* Lets time pass; resident: what all processes of guests hold at the end of it. */
void sim_host_step(struct sim_host *h, usec_t now, usec_t elapsed, uint64_t resident);

void sim_host_tell(const struct sim_host *h, struct host *ret);

void sim_host_model_done(struct sim_host_model *model);
