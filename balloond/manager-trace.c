/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/manager-trace.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "balloond/io/log.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

static void end_record(struct manager_trace *t, int r)
{
	struct trace_count count;

	if (!t->record)
		return;
	count = trace_count(t->record);
	t->record = trace_free(t->record);
	t->end = sd_event_source_disable_unref(t->end);
	if (t->bus)
		bus_record_ended(t->bus, r, count.ticks, count.lost);
	if (r < 0)
		log_warning("cannot go on recording: %s", strerror(-r));
	else
		log_info("recorded %llu ticks", (unsigned long long)count.ticks);
}

static int on_end(_unused_ sd_event_source *source, _unused_ uint64_t when, void *userdata)
{
	end_record(userdata, 0);
	return 0;
}

static int on_record(void *userdata, int fd, usec_t length, bool compress)
{
	struct manager_trace *t = userdata;
	uint64_t now = 0;
	int r;

	r = trace_new(fd, compress, &t->record);
	if (r < 0)
		return r;
	(void)sd_event_now(t->event, CLOCK_MONOTONIC, &now);
	r = sd_event_add_time(t->event, &t->end, CLOCK_MONOTONIC, now + length, 1000, on_end, t);
	if (r < 0) {
		t->record = trace_free(t->record);
		return r;
	}
	log_info("recording for %llu s", (unsigned long long)(length / BALLOOND_SECOND));
	return 0;
}

/* Whoever asked for it is gone, or wants no more. */
static void on_leave(void *userdata)
{
	end_record(userdata, 0);
}

int manager_trace_start(struct manager_trace *t, sd_event *event, struct bus *bus, const char *path)
{
	int r = path ? trace_open(path, &t->file) : 0;

	if (r < 0) {
		log_error("cannot write the trace %s: %s", path, strerror(-r));
		return r;
	}
	t->path = path;
	t->event = event;
	t->bus = bus;
	if (bus)
		bus_set_record(bus, on_record, on_leave, t);
	return 0;
}

void manager_trace_configure(struct manager_trace *t, struct trace_scene scene)
{
	if (t->file)
		trace_configure(t->file, &scene);
	if (t->record)
		trace_configure(t->record, &scene);
}

void manager_trace_forget(struct manager_trace *t)
{
	if (t->file)
		trace_forget(t->file);
	if (t->record)
		trace_forget(t->record);
}

void manager_trace_begin(struct manager_trace *t, struct trace_scene scene)
{
	if (t->file)
		trace_begin_tick(t->file, &scene);
	if (t->record)
		trace_begin_tick(t->record, &scene);
}

void manager_trace_end(struct manager_trace *t, const struct plan *plan)
{
	int r = t->file ? trace_end_tick(t->file, plan) : 0;

	if (r < 0) {
		log_error("cannot write the trace %s, it ends here: %s", t->path, strerror(-r));
		t->file = trace_free(t->file);
	}
	r = t->record ? trace_end_tick(t->record, plan) : 0;
	if (r < 0)
		end_record(t, r);
}

void manager_trace_close(struct manager_trace *t)
{
	t->bus = NULL;
	end_record(t, 0);
	t->file = trace_free(t->file);
}
