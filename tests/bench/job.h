/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One run of the quality bench: one policy, one draw of guests, one pool.  What it is made of. */

#include "balloond/sim/bounds.h"
#include "balloond/sim/demand-file.h"
#include "balloond/sim/run.h"

struct job {
	/* The guests. */
	const char *trace;  /* a demand file; NULL: the generator */
	uint64_t generator; /* its seed */
	unsigned n_guests, draw;
	uint64_t seed; /* of the draws: which rows, and from when on */
	uint64_t base; /* permille of each maximum that is needed at all times */
	usec_t length, step, warm_up;

	/* The pool, as permille of what OC* allows; and who divides it. */
	uint64_t overcommit;
	const char *policy; /* a module, or clairvoyant, or static-hindsight */
	const char *policy_dir, *config;
	enum commit commit;
	struct amount min;
	bool bare;     /* without the guard */
	bool read_all; /* every guest at each tick, whatever the plan says */
};

struct job_report {
	struct bounds bounds;
	uint64_t pool; /* bytes, without the overhead of processes */
	struct sim_result result;
};

/* Builds the guests of a job, not yet begun; sizes are given by job_share(). */
int job_world(const struct job *job, struct sim_world **ret, struct diagnostics *d);

/* 0, or negative errno with what is wrong in d. */
int job_run(const struct job *job, struct job_report *ret, struct diagnostics *d);
