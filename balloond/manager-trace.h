/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who wants to have written down what is seen and decided: --trace for as long as balloond runs,
 * and Record() on the bus for a while.  For manager.c alone. */

#include <systemd/sd-event.h>

#include "balloond/bus/bus.h"
#include "balloond/io/trace.h"

/* All zero: nothing is written. */
struct manager_trace {
	struct trace *file;   /* --trace */
	const char *path;     /* of it */
	struct trace *record; /* Record() */
	sd_event *event;      /* borrowed */
	sd_event_source *end; /* of the record */
	struct bus *bus;      /* borrowed; NULL: nobody can call Record() */
};

/* path may be NULL; bus too.  Negative errno: logged. */
int manager_trace_start(struct manager_trace *t, sd_event *event, struct bus *bus,
			const char *path);

/* A new configuration was taken. */
void manager_trace_configure(struct manager_trace *t, struct trace_scene scene);

/* Before and after the planner runs. */
/* What is remembered does not follow from the last tick. */
void manager_trace_forget(struct manager_trace *t);

void manager_trace_begin(struct manager_trace *t, struct trace_scene scene);
void manager_trace_end(struct manager_trace *t, const struct plan *plan);

/* The bus is gone by then. */
void manager_trace_close(struct manager_trace *t);
