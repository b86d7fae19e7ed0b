/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "balloond/core/judge.h"
#include "balloond/core/match.h"
#include "balloond/io/storage.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

/* To read the clock costs more than to decide for a few guests.  A prime number, lest it is always
 * the same tick of a policy that works every few ticks. */
#define MEASURED_TICK 7u
/* As of manager.c. */
#define TICK_MIN_INTERVAL (BALLOOND_SECOND / 10)

/* All that a run owns. */
struct run {
	const struct sim_setup *setup;
	struct world world;
	struct snapshot snapshot;
	struct history history;
	struct plan plan;
	struct sim_metrics *metrics;
	uint64_t *floors, *before; /* of each guest of the world */
	uint32_t *shares;
	uint64_t overhead; /* of all guests' processes */
	size_t next_event;
	usec_t wake;    /* when to look again */
	bool is_down;   /* balloond does not run until then */
	uint64_t hours; /* guests x microseconds */
	uint64_t n_ticks, n_decisions, decide_ns;
};

static void run_done(struct run *r)
{
	snapshot_done(&r->snapshot);
	history_done(&r->history);
	plan_done(&r->plan);
	sim_metrics_free(r->metrics);
	free(r->floors);
	free(r->before);
	free(r->shares);
}

/* What each guest was promised does not depend on what happens to it. */
static void read_promises(struct run *r)
{
	const struct sim_setup *setup = r->setup;

	for (size_t i = 0; i < setup->world->n_guests; i++) {
		const struct sim_guest *g = &setup->world->guests[i];
		const struct promise *promise;
		struct guest told;

		guest_init(&told, g->uuid, g->name);
		sim_guest_tell(g, setup->world->now, &told);
		promise = match_promise(setup->config, &told);
		r->floors[i] = judge_floor(promise, &told, g->model.kernel);
		r->shares[i] = promise ? promise->shares : JUDGE_SHARES_DEFAULT;
		r->overhead = balloond_add(r->overhead, g->model.overhead);
	}
}

static void set_pool(struct run *r, uint64_t bytes)
{
	if (bytes == BALLOOND_UNKNOWN)
		return;
	if (r->setup->overhead_on_top)
		bytes = balloond_add(bytes, r->overhead);
	r->setup->config->host.pool = (struct amount){ AMOUNT_BYTES, bytes };
}

static int begin(struct run *r)
{
	const struct sim_setup *setup = r->setup;
	size_t n = setup->world->n_guests;
	struct sim_scale scale;
	int k;

	r->world = sim_world_vtable(setup->world);
	r->floors = calloc(n + 1, sizeof(*r->floors));
	r->before = calloc(n + 1, sizeof(*r->before));
	r->shares = calloc(n + 1, sizeof(*r->shares));
	if (!r->floors || !r->before || !r->shares)
		return -ENOMEM;
	read_promises(r);
	set_pool(r, setup->pool);
	scale = (struct sim_scale){
		.begins = setup->world->now,
		.warm_up = setup->warm_up,
		.floors = r->floors,
		.shares = r->shares,
	};
	k = r->world.configure(r->world.self, setup->config);
	return k < 0 ? k : sim_metrics_new(setup->world, &scale, &r->metrics);
}

static uint64_t cpu_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void decide(struct run *r)
{
	const struct sim_setup *setup = r->setup;
	bool measured = r->n_ticks % MEASURED_TICK == 0;
	uint64_t began = measured ? cpu_ns() : 0;

	if (setup->decide)
		setup->decide(setup->decide_userdata, setup->config, &r->snapshot, &r->history,
			      &r->plan);
	else
		planner_run(setup->config, &r->snapshot, &r->history, false, &r->plan);
	if (measured) {
		r->decide_ns += cpu_ns() - began;
		r->n_decisions += r->snapshot.n_guests;
	}
	r->n_ticks++;
}

static void act(struct run *r)
{
	const struct sim_world *w = r->setup->world;

	for (size_t i = 0; r->plan.n_steps > 0 && i < w->n_guests; i++)
		r->before[i] = w->guests[i].asked;
	r->world.act(r->world.self, &r->plan);
	if (r->plan.n_steps > 0)
		sim_metrics_act(r->metrics, w, r->before);
}

/* The one line of flow, as manager_tick() walks it, on this clock. */
static int tick(struct run *r)
{
	bool is_first = r->is_down || r->n_ticks == 0;
	int k;

	if (r->is_down)
		sim_world_adopt(r->setup->world);
	r->is_down = false;
	/* An event alone makes nobody look at those whom it does not concern. */
	if (is_first || r->setup->read_all)
		r->world.refresh(r->world.self, NULL);
	else if (r->setup->world->now >= r->wake)
		r->world.refresh(r->world.self, &r->plan);
	k = r->world.sense(r->world.self, &r->snapshot);
	if (k < 0)
		return k;
	k = history_reserve(&r->history, r->snapshot.n_guests, r->setup->config);
	if (k < 0)
		return k;
	k = plan_reserve(&r->plan, r->snapshot.n_guests, r->setup->config);
	if (k < 0)
		return k;
	decide(r);
	act(r);
	r->wake = r->snapshot.now + r->plan.next_wake;
	return 0;
}

static void stop(struct run *r, usec_t down)
{
	history_done(&r->history);
	r->is_down = true;
	r->wake = r->setup->world->now + down;
}

static void take_event(struct run *r, const struct scenario_event *event)
{
	set_pool(r, event->pool);
	if (event->clock != 0)
		sim_world_set_clock(r->setup->world, event->clock);
	if (event->restart)
		stop(r, event->down);
}

static void take_events(struct run *r, usec_t since)
{
	const struct sim_setup *setup = r->setup;

	while (r->next_event < setup->n_events && setup->events[r->next_event].at <= since)
		take_event(r, &setup->events[r->next_event++]);
}

/* Where steps are shorter than the time between two looks: as an event of the hypervisor. */
static bool is_woken(const struct run *r)
{
	const struct sim_world *w = r->setup->world;

	if (w->now >= r->wake)
		return true;
	return r->setup->hears && w->news && !r->is_down &&
	       w->now >= r->snapshot.now + TICK_MIN_INTERVAL;
}

/* Processes' overhead is charged to the pool and is no memory of guests. */
static uint64_t guests_pool(const struct run *r)
{
	return balloond_sub(r->plan.account.pool, r->overhead);
}

static int step(struct run *r, usec_t begins, usec_t length)
{
	struct sim_world *w = r->setup->world;
	bool ticked = false;
	int k;

	sim_world_step(w, length);
	r->hours += r->snapshot.n_guests * length;
	k = sim_metrics_step(r->metrics, w, guests_pool(r), length);
	if (k < 0)
		return k;
	take_events(r, w->now - begins);
	if (is_woken(r)) {
		k = tick(r);
		if (k < 0)
			return k;
		ticked = true;
	}
	if (!r->setup->on_step)
		return 0;
	return r->setup->on_step(r->setup->userdata, &(struct sim_view){
							     .world = w,
							     .snapshot = &r->snapshot,
							     .plan = &r->plan,
							     .pool = guests_pool(r),
							     .ticked = ticked,
						     });
}

int sim_run(const struct sim_setup *setup, struct sim_result *ret)
{
	_cleanup_(run_done) struct run r = { .setup = setup };
	usec_t begins = setup->world->now;
	int k;

	if (setup->step == 0)
		return -EINVAL;
	k = begin(&r);
	if (k < 0)
		return k;
	take_events(&r, 0);
	k = tick(&r);
	while (k >= 0 && setup->world->now - begins < setup->length)
		k = step(&r, begins,
			 balloond_min(setup->step, begins + setup->length - setup->world->now));
	if (k < 0)
		return k;
	sim_metrics_result(r.metrics, ret);
	ret->guest_hours = r.hours / (3600 * BALLOOND_SECOND / 1000);
	ret->ticks = r.n_ticks;
	ret->reads = balloond_mul_div(setup->world->looks, 1000 * BALLOOND_SECOND,
				      balloond_max(setup->length, 1));
	ret->decide_ns = r.n_decisions > 0 ? r.decide_ns / r.n_decisions : 0;
	return 0;
}
