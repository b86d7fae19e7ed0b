/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The live world's vtable.  Nothing here waits: sweeps (live-sources.c) and calls (live-calls.c)
 * come back through virt's file descriptor, and are merged into the table of domains before anybody
 * is told that there is news. */

#include "balloond/io/world-live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/host.h"
#include "balloond/io/live.h"
#include "balloond/io/log.h"
#include "balloond/io/storage.h"
#include "balloond/io/util.h"

/* 10 ms: a tenth of the shortest time between two sweeps. */
#define TIMER_ACCURACY 10000u

/* As long as the first inspections may take before the world counts as settled without them. */
#define SETTLE_MAX 5000000u
/* A daemon that is being started by its socket may take this long; a hung one for ever. */
#define ANSWER_MAX 30000000u

static void log_hang(const struct live *live, const struct event *event)
{
	const struct domain *d = domains_find(&live->domains, event->uuid);
	char name[LOG_SAFE_MAX];

	log_safe(name, d ? d->guest.name : event->uuid);
	if (event->kind == EVENT_HUNG)
		log_warning("guest \"%s\": its hypervisor hangs, it is left alone until it answers",
			    name);
	else if (event->kind == EVENT_ANSWERS)
		log_info("guest \"%s\": its hypervisor answers again", name);
}

static void on_event(void *userdata, const struct event *event)
{
	struct live *live = userdata;
	struct live_source *s = live_find_source(live, event->source);

	if (!s)
		return;
	if (event->kind == EVENT_CLOSED)
		s->is_connected = false;
	log_hang(live, event);
	/* A size that changed makes nobody come or go. */
	s->wants_list = s->wants_list ||
			(event->kind != EVENT_RESIZED && event->kind != EVENT_HUNG);
	if (domains_take_event(&live->domains, event))
		live_sweep_soon(live, event->source);
	live->has_wants = true;
	live->has_news = true;
}

static void on_sweep(void *userdata, const struct sweep *found)
{
	live_on_sweep(userdata, found);
}

static void on_call(void *userdata, const struct call_result *result)
{
	live_on_call(userdata, result);
}

static void on_managers(void *userdata)
{
	struct live *live = userdata;

	live->on_news(live->userdata);
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t time, void *userdata)
{
	live_on_timer(userdata);
	return 0;
}

/* Sweeps are watched whether or not there are ticks. */
static void arm_watch(struct live *live)
{
	usec_t next = virt_next_check(live->virt);

	(void)sd_event_source_set_time(live->watch, next);
	(void)sd_event_source_set_enabled(live->watch,
					  next == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static int on_watch(_unused_ sd_event_source *source, _unused_ uint64_t time, void *userdata)
{
	struct live *live = userdata;

	virt_check_deadlines(live->virt, clock_monotonic());
	arm_watch(live);
	return 0;
}

static int on_io(_unused_ sd_event_source *source, _unused_ int fd, _unused_ uint32_t events,
		 void *userdata)
{
	struct live *live = userdata;
	int r;

	(void)virt_dispatch(live->virt);
	live_queue_calls(live);
	r = sold_save(&live->sold, &live->domains);
	if (r < 0 && !live->save_failed)
		log_warning("cannot keep what transient guests were sold, after a restart they may "
			    "stay small: %s",
			    strerror(-r));
	live->save_failed = r < 0;
	arm_watch(live);
	if (live->has_news) {
		live->has_news = false;
		live->on_news(live->userdata);
	}
	return 0;
}

static int world_configure(void *self, const struct config *config)
{
	struct live *live = self;

	live->dry_run = config->dry_run;
	live->keep_stats_period = config->keep_stats_period;
	live->stats_period = config->stats_period;
	live->guest_stats = (int)config->guest_stats;
	live->configured = clock_monotonic();
	return live_configure_sources(live, config);
}

static void world_refresh(void *self, const struct plan *plan)
{
	struct live *live = self;

	live_refresh_sources(live, plan);
	arm_watch(live);
}

static int world_sense(void *self, struct snapshot *snapshot)
{
	struct live *live = self;
	int r;

	virt_check_deadlines(live->virt, clock_monotonic());
	r = host_read("", &snapshot->host);
	if (r < 0)
		return r;
	r = snapshot_reserve(snapshot, domains_count(&live->domains));
	if (r < 0)
		return r;
	snapshot->host.sample_cost = live->sample_cost;
	snapshot->host.facts = managers_facts(live->managers);
	snapshot->now = clock_monotonic();
	snapshot->wall = clock_wall();
	snapshot->n_guests = domains_count(&live->domains);
	domains_compose(&live->domains, snapshot->now, snapshot->guests);
	snapshot_seal(snapshot);
	return 0;
}

static void world_act(void *self, const struct plan *plan)
{
	live_act(self, plan);
}

static bool world_is_connected(void *self)
{
	struct live *live = self;

	for (size_t i = 0; i < live->n_sources; i++)
		if (live->sources[i]->is_connected)
			return true;
	return false;
}

/* A source of uri: auto that was never there is no trouble. */
static bool world_is_degraded(void *self)
{
	struct live *live = self;
	usec_t now = clock_monotonic();

	for (size_t i = 0; i < live->n_sources; i++) {
		const struct live_source *s = live->sources[i];

		if ((!s->is_connected && s->has_answered && (s->has_swept || !s->is_optional)) ||
		    (s->is_connected && virt_source_is_late(s->virt, now)))
			return true;
	}
	return false;
}

static bool world_is_settled(void *self)
{
	struct live *live = self;
	usec_t since = clock_monotonic() - live->configured;

	for (size_t i = 0; i < live->n_sources && since < ANSWER_MAX; i++)
		if (!live->sources[i]->has_answered)
			return false;
	if (since > SETTLE_MAX)
		return true;
	for (size_t i = 0; i < live->domains.n; i++)
		if (!live->domains.list[i]->is_hidden &&
		    !(live->domains.list[i]->inspected_facts & GUEST_INSPECTED))
			return false;
	return true;
}

static const struct virt_callbacks callbacks = {
	.on_sweep = on_sweep,
	.on_event = on_event,
	.on_call = on_call,
};

static const struct world vtable = {
	.configure = world_configure,
	.refresh = world_refresh,
	.sense = world_sense,
	.act = world_act,
	.is_connected = world_is_connected,
	.is_degraded = world_is_degraded,
	.is_settled = world_is_settled,
};

static void live_free(struct live *live)
{
	live_drop_sources(live);
	sd_event_source_disable_unref(live->io);
	sd_event_source_disable_unref(live->timer);
	sd_event_source_disable_unref(live->watch);
	sd_event_source_disable_unref(live->definitions);
	managers_free(live->managers);
	sd_event_unref(live->event);
	virt_free(live->virt);
	sold_done(&live->sold);
	domains_done(&live->domains);
	free(live);
}

int world_live_new(sd_event *event, const char *state_dir, void (*on_news)(void *userdata),
		   void *userdata, struct world *ret)
{
	struct live *live = calloc(1, sizeof(*live));
	int r;

	if (!live)
		return -ENOMEM;
	live->event = sd_event_ref(event);
	live->on_news = on_news;
	live->userdata = userdata;
	live->configured = clock_monotonic();
	r = state_dir ? sold_load(&live->sold, state_dir) : 0;
	if (r >= 0)
		r = virt_new(&callbacks, live, &live->virt);
	if (r >= 0)
		r = sd_event_add_io(event, &live->io, virt_fd(live->virt), EPOLLIN, on_io, live);
	if (r >= 0)
		r = sd_event_add_time(event, &live->timer, CLOCK_MONOTONIC, 0, TIMER_ACCURACY,
				      on_timer, live);
	if (r >= 0)
		r = sd_event_source_set_enabled(live->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(event, &live->watch, CLOCK_MONOTONIC, UINT64_MAX,
				      TIMER_ACCURACY, on_watch, live);
	if (r >= 0)
		r = sd_event_source_set_enabled(live->watch, SD_EVENT_OFF);
	if (r >= 0)
		r = managers_new(event, "", MANAGERS_EVERY, on_managers, live, &live->managers);
	if (r < 0) {
		live_free(live);
		return r;
	}
	*ret = vtable;
	ret->self = live;
	return 0;
}

void world_live_free(struct world *world)
{
	if (world->self)
		live_free(world->self);
	*world = (struct world){ 0 };
}
