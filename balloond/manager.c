/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* manager_tick() is balloond.  Whatever happens elsewhere - a timer, an event of a hypervisor, a
 * signal, a call on the bus - only requests a tick.
 *
 * Two clocks drive it.  `wake` asks the world to look anew, as often as the last plan said; what
 * the world finds requests a tick.  If the world finds nothing until the next wake (no hypervisor
 * answers), the wake requests the tick itself: the host must be watched all the same. */

#include "balloond/manager.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "balloond/core/planner.h"
#include "balloond/core/published.h"
#include "balloond/io/config.h"
#include "balloond/io/log.h"
#include "balloond/io/storage.h"
#include "balloond/io/util.h"
#include "balloond/manager-keep.h"
#include "balloond/manager-load.h"
#include "balloond/manager-once.h"
#include "balloond/manager-orders.h"
#include "balloond/manager-tally.h"
#include "balloond/manager-trace.h"
#include "balloond/policy-math.h"
#include "balloond/report.h"

#define TICK_MIN_INTERVAL (BALLOOND_SECOND / 10)
/* --once: how long guests may take to be seen, and their hypervisors to take the steps. */
#define ONCE_MAX (15 * BALLOOND_SECOND)

struct manager {
	struct manager_options options;
	struct config *config;
	struct config_files *files; /* that it was read from */
	struct world world;
	struct bus *bus;
	bool owner; /* the name on the bus is ours */

	struct snapshot snapshot;
	struct history history;
	struct plan plan;
	struct published published;
	uint64_t generation; /* of the configuration */
	uint64_t tick, tick_at_wake;
	usec_t last_tick;
	size_t once_steps; /* --once: steps whose outcome is not known yet, after the tick */
	struct report_status status;
	struct manager_tally tally;
	struct manager_orders orders;
	struct manager_trace trace;
	struct manager_keep keep;

	sd_event *event;
	sd_event_source *wake_source, *tick_source;
};

static bool is_dry(const struct manager *m)
{
	return m->config->dry_run || !m->owner;
}

static int reserve(struct manager *m)
{
	size_t n = m->snapshot.n_guests;
	int r;

	r = history_reserve(&m->history, n, m->config);
	if (r < 0)
		return r;
	r = plan_reserve(&m->plan, n, m->config);
	if (r < 0)
		return r;
	return published_reserve(&m->published, n);
}

static void publish(struct manager *m)
{
	struct published *p = &m->published;
	int r;

	published_fill(p, &m->snapshot, &m->plan);
	p->now = m->snapshot.now;
	p->wall = m->snapshot.wall;
	p->tick = m->tick;
	p->dry_run = is_dry(m);
	p->connected = m->world.is_connected(m->world.self);
	p->degraded = m->world.is_degraded(m->world.self);
	if (!m->bus)
		return;
	r = bus_publish(m->bus, p);
	if (r < 0)
		log_warning("cannot signal all changes, ignoring: %s", strerror(-r));
}

static int arm(sd_event_source *source, usec_t when)
{
	int r = sd_event_source_set_time(source, when);

	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static usec_t now(const struct manager *m)
{
	uint64_t t = 0;

	(void)sd_event_now(m->event, CLOCK_MONOTONIC, &t);
	return t;
}

static struct trace_scene scene(const struct manager *m)
{
	return (struct trace_scene){
		.files = m->files,
		.config = m->config,
		.dry_option = m->options.dry_run,
		.dry_run = is_dry(m),
		.snapshot = &m->snapshot,
		.history = &m->history,
	};
}

/* The one line of flow. */
static int manager_tick(struct manager *m)
{
	bool ordered;
	int r;

	/* The plan points into what is read anew now. */
	m->plan.sampling.is_chosen = false;
	r = m->world.sense(m->world.self, &m->snapshot);
	if (r >= 0)
		r = reserve(m);
	if (r < 0) {
		log_error("cannot look at the host, all targets stay: %s", strerror(-r));
		return arm(m->wake_source, now(m) + BALLOOND_SECOND);
	}
	ordered = manager_orders_follow(&m->orders, &m->snapshot);
	manager_keep_resume(&m->keep, &m->snapshot, &m->history, &m->trace);
	m->tick++;
	m->last_tick = m->snapshot.now;
	manager_tally_follow(&m->tally, &m->snapshot, &m->history, &m->published, is_dry(m));
	manager_trace_begin(&m->trace, scene(m));
	planner_run(m->config, &m->snapshot, &m->history, is_dry(m), &m->plan);
	manager_trace_end(&m->trace, &m->plan);
	report_steps(&m->plan, is_dry(m));
	report_changes(&m->published, &m->plan);
	manager_keep_follow(&m->keep, &m->snapshot, &m->history, &m->orders.standing, is_dry(m),
			    ordered || m->plan.n_steps > 0);
	if (!is_dry(m))
		m->world.act(m->world.self, &m->plan);
	publish(m);
	report_status(&m->status, &m->published);
	return arm(m->wake_source, now(m) + m->plan.next_wake);
}

/* --once: the tick waits until all guests were seen, and the end until all steps were taken. */
static int tick_once(struct manager *m)
{
	bool late = now(m) >= m->last_tick + ONCE_MAX;
	int r;

	if (m->tick == 0) {
		r = m->world.sense(m->world.self, &m->snapshot);
		if (r < 0)
			return r;
		if (!late &&
		    (!m->world.is_settled(m->world.self) || !manager_once_has_seen(&m->snapshot)))
			return arm(m->wake_source, now(m) + BALLOOND_SECOND / 4);
		r = manager_tick(m);
		if (r < 0)
			return r;
		report_print(&m->published);
		m->once_steps = is_dry(m) ? 0 : m->plan.n_steps;
	} else {
		r = m->world.sense(m->world.self, &m->snapshot);
		if (r < 0)
			return r;
		m->once_steps -= balloond_min(m->once_steps, manager_once_outcomes(&m->snapshot));
	}
	return m->once_steps == 0 || late ? sd_event_exit(m->event, 0) : 0;
}

static int on_tick(_unused_ sd_event_source *source, _unused_ uint64_t when, void *userdata)
{
	struct manager *m = userdata;
	int r;

	if (m->options.once)
		r = tick_once(m);
	else if (!m->world.is_settled(m->world.self))
		/* Guests that are not known yet would count as the host's own use. */
		r = arm(m->wake_source, now(m) + BALLOOND_SECOND / 4);
	else
		r = manager_tick(m);
	if (r < 0)
		log_error("cannot go on: %s", strerror(-r));
	return r;
}

static int on_wake(_unused_ sd_event_source *source, _unused_ uint64_t when, void *userdata)
{
	struct manager *m = userdata;

	m->world.refresh(m->world.self, m->options.once ? NULL : &m->plan);
	if (m->tick == m->tick_at_wake || m->options.once)
		manager_request_tick(m);
	m->tick_at_wake = m->tick;
	/* A tick sets the next wake; this one is for the case that none comes. */
	return arm(m->wake_source, now(m) + BALLOOND_SECOND);
}

void manager_request_tick(struct manager *m)
{
	int enabled = SD_EVENT_OFF;

	if (!m->tick_source)
		return;
	(void)sd_event_source_get_enabled(m->tick_source, &enabled);
	if (enabled != SD_EVENT_OFF)
		return;
	(void)arm(m->tick_source, balloond_max(now(m), m->last_tick + TICK_MIN_INTERVAL));
}

void manager_set_owner(struct manager *m, bool owner)
{
	if (m->owner == owner)
		return;
	m->owner = owner;
	if (!owner)
		log_warning("the name on the bus is not ours: nothing is acted on");
	manager_request_tick(m);
}

int manager_load(struct manager *m)
{
	_cleanup_diagnostics_ struct diagnostics d = {};
	int r = manager_load_config(&m->options, &m->files, &m->config, &d);

	m->generation = r >= 0;
	return r < 0 ? r : 0;
}

/* Everything that can fail is done before anything is changed. */
static int take_config(struct manager *m, struct config *config)
{
	int r;

	r = history_reserve(&m->history, m->snapshot.n_guests, config);
	if (r < 0)
		return r;
	r = plan_reserve(&m->plan, m->snapshot.n_guests, config);
	if (r < 0)
		return r;
	return m->world.configure(m->world.self, config);
}

static int publish_reload(struct manager *m, const char *error)
{
	return m->bus ? bus_set_reload_state(m->bus, m->generation, m->config->hash, error) : 0;
}

static int reload(struct manager *m, struct diagnostics *d)
{
	_cleanup_config_files_ struct config_files *files = NULL;
	_cleanup_config_ struct config *config = NULL;
	const char *error = "";
	int r;

	(void)sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now(m));
	r = manager_load_config(&m->options, &files, &config, d);
	if (r >= 0)
		r = take_config(m, config);
	if (r >= 0) {
		/* The plan's pointers into the old one are not read before the next tick. */
		SWAP(m->config, config);
		SWAP(m->files, files);
		manager_trace_configure(&m->trace, scene(m));
		m->generation++;
		log_info("configuration %" PRIu64 " taken", m->generation);
	} else {
		log_error("the new configuration is refused, the old one stays");
		error = d->n_items > 0 ? d->items[0].text : strerror(-r);
	}
	(void)publish_reload(m, error);
	(void)sd_notify(false, "READY=1");
	manager_request_tick(m);
	return r;
}

int manager_reload(struct manager *m)
{
	_cleanup_diagnostics_ struct diagnostics d = {};

	return reload(m, &d);
}

/* Reload() on the bus: whoever calls reads what the journal says. */
static int on_reload(void *userdata, char **ret_why)
{
	_cleanup_diagnostics_ struct diagnostics d = {};
	struct manager *m = userdata;
	int r = reload(m, &d);
	size_t size;
	FILE *f;

	if (r >= 0)
		return 0;
	f = open_memstream(ret_why, &size);
	if (!f)
		return r;
	if (d.n_items > 0)
		diagnostics_print(&d, f);
	else
		fprintf(f, "%s: %s", m->options.config_path, strerror(-r));
	(void)fclose(f);
	return r;
}

static void on_order(void *userdata)
{
	manager_request_tick(userdata);
}

int manager_start(struct manager *m, struct world world, struct bus *bus)
{
	int r;

	m->world = world;
	m->bus = bus;
	m->last_tick = now(m);
	r = sd_event_add_time(m->event, &m->wake_source, CLOCK_MONOTONIC, 0, 1000, on_wake, m);
	if (r < 0)
		return r;
	r = sd_event_add_time(m->event, &m->tick_source, CLOCK_MONOTONIC, 0, 1000, on_tick, m);
	if (r < 0)
		return r;
	r = sd_event_source_set_enabled(m->tick_source, SD_EVENT_OFF);
	if (r < 0)
		return r;
	r = m->world.configure(m->world.self, m->config);
	if (r >= 0 && m->options.give_back)
		r = manager_orders_give_back(&m->orders);
	if (r >= 0 && m->options.state_dir && !m->options.once)
		r = tally_store_new(m->event, m->options.state_dir, &m->tally.store);
	if (r >= 0 && m->options.state_dir)
		r = manager_keep_start(&m->keep, m->event, &m->options, &m->orders.standing);
	if (r < 0)
		return r;
	if (bus) {
		bus_set_reload(bus, on_reload, m);
		bus_set_orders(bus, &m->orders.queue, on_order, m);
	}
	r = manager_trace_start(&m->trace, m->event, bus, m->options.trace_path);
	if (r < 0)
		return r;
	return publish_reload(m, "");
}

int manager_new(sd_event *event, const struct manager_options *options, struct manager **ret)
{
	struct manager *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->event = sd_event_ref(event);
	m->options = *options;
	*ret = m;
	return 0;
}

struct manager *manager_free(struct manager *m)
{
	if (!m)
		return NULL;
	sd_event_source_disable_unref(m->tick_source);
	sd_event_source_disable_unref(m->wake_source);
	manager_tally_close(&m->tally, &m->history, &m->published);
	manager_keep_close(&m->keep, &m->snapshot, &m->history, &m->orders.standing,
			   !m->config || is_dry(m));
	manager_orders_close(&m->orders);
	manager_trace_close(&m->trace);
	snapshot_done(&m->snapshot);
	history_done(&m->history);
	plan_done(&m->plan);
	published_done(&m->published);
	config_free(m->config);
	config_files_free(m->files);
	sd_event_unref(m->event);
	free(m);
	return NULL;
}
