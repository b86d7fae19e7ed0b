/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The trace of a simulated run; for simulate.c. */

#include "balloond/ctl/simulate.h"

/* Makes the file anew.  s has its configuration, and lives longer. */
int simulation_trace_new(const char *path, const struct simulation *s,
			 struct simulation_trace **ret);

/* Returns NULL; takes NULL. */
struct simulation_trace *simulation_trace_free(struct simulation_trace *t);

/* A sim_decide_t: planner_run(), written down; userdata is the trace. */
void simulation_trace_decide(void *userdata, const struct config *config,
			     const struct snapshot *snapshot, struct history *history,
			     struct plan *plan);

/* 0, also for NULL, or why nothing is written any more. */
int simulation_trace_failed(const struct simulation_trace *t);
