/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A simulated run, from what was asked for to what came out; for simulate*.c. */

#include "balloond/ctl/ctl.h"
#include "balloond/ctl/plot.h"
#include "balloond/ctl/progress.h"
#include "balloond/sim/expect.h"
#include "balloond/sim/run.h"

struct simulation_trace;

struct simulation {
	const char *path; /* of the scenario */
	struct scenario *scenario;
	struct config *config;
	struct config_files *files;     /* that it was read from; NULL: the scenario has it */
	struct simulation_trace *trace; /* NULL: none is wanted */
	struct sim_world *world;
	struct plot *plot; /* NULL: none is wanted */
	int plot_fd;       /* the file that it is for; -1: none */
	struct progress progress;
	usec_t begins;
	uint64_t ceilings; /* of all guests together, bytes */
	uint64_t pool;     /* when the run began; UNKNOWN before that */
	struct sim_result result;
	size_t n_missed; /* expectations */
};

/* Prints what was simulated and what came out.  An exit code that knows nothing of expectations. */
int simulation_print(const struct ctl *ctl, const struct simulation *s);

/* "headroom (everyone), step (tests pay first)"; NULL: no memory. */
char *simulation_rules(const struct config *config);
const char *simulation_commit(const struct config *config);
