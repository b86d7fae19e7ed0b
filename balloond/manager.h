/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Owns everything that a running balloond has, and runs the one line of flow: sense, decide, act,
 * publish.  Nobody but main.c includes this. */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "balloond/bus/bus.h"
#include "balloond/io/world.h"

struct manager;

struct manager_options {
	const char *config_path; /* read at start and at every reload */
	bool config_is_optional; /* missing: observe only */
	const char *policy_dir;
	const char *state_dir;  /* where what was taken, and what a restart must not forget, is
				   written down; NULL: nowhere */
	const char *trace_path; /* where what is seen and decided is written; NULL: nowhere */
	bool dry_run;           /* whatever the configuration says */
	bool once;              /* one tick, then leave the loop */
	bool give_back;         /* that tick raises all guests, as far as there is room */
};

/* The strings of options are borrowed for the manager's life. */
int manager_new(sd_event *event, const struct manager_options *options, struct manager **ret);
struct manager *manager_free(struct manager *m);

static inline void manager_freep(struct manager **m)
{
	manager_free(*m);
}

/* Reads the configuration; fails on any error in it, all of which are logged.  To be called before
 * manager_start(). */
int manager_load(struct manager *m);

/* Takes over the world (always) and the bus (may be NULL: nothing is published and nothing acted
 * on), and begins to look. */
int manager_start(struct manager *m, struct world world, struct bus *bus);

/* Takes a new configuration, or keeps the old one on any error. */
int manager_reload(struct manager *m);

/* Tells the manager that the name on the bus is ours, or is not; without it nothing is acted on. */
void manager_set_owner(struct manager *m, bool owner);

/* Coalesces: ten ticks a second at most. */
void manager_request_tick(struct manager *m);
