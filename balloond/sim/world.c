/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The simulated world's vtable.  Nothing is refused and nothing takes time but in the guests: what
 * QEMU is asked for it takes at once, also for a guest that still boots. */

#include "balloond/sim/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/storage.h"
#include "balloond/policy-math.h"

/* Real time when the virtual clock shows 0: 2001-01-01, in seconds. */
#define WALL_BEGIN UINT64_C(978307200)

static int world_configure(void *self, const struct config *config)
{
	struct sim_world *w = self;

	w->period = config->stats_period;
	return 0;
}

/* The snapshot's guests are still those that the plan was made for. */
static void world_refresh(void *self, const struct plan *plan)
{
	struct sim_world *w = self;

	if (plan && plan->sampling.is_chosen)
		for (size_t k = 0; k < plan->n_verdicts; k++)
			w->wanted[w->shown[k]] |= plan->verdicts[k].due;
	else
		memset(w->wanted, true, w->n_guests);
}

/* Whoever boots is new to its hypervisor. */
static void look(struct sim_world *w, size_t i)
{
	struct sim_guest *g = &w->guests[i];

	if (!w->wanted[i] && g->look.at != 0 && g->look.at >= g->booted)
		return;
	sim_guest_look(g, w->now);
	w->wanted[i] = false;
	w->looks++;
}

/* Texts are written once: what does not change is not written again, guest by guest and tick by
 * tick. */
static void lay_out(struct sim_world *w, struct snapshot *s)
{
	s->n_guests = 0;
	for (size_t i = 0; i < w->n_guests; i++) {
		const struct sim_guest *g = &w->guests[i];

		if (!g->present)
			continue;
		guest_init(&s->guests[s->n_guests], g->uuid, g->name);
		w->shown[s->n_guests++] = (uint32_t)i;
	}
	snapshot_seal(s);
	w->told = w->changes;
}

/* A world fills one snapshot again and again; an empty one is begun anew. */
static int world_sense(void *self, struct snapshot *s)
{
	struct sim_world *w = self;
	int r = snapshot_reserve(s, w->n_guests);

	if (r < 0)
		return r;
	if (w->told != w->changes || s->n_guests == 0)
		lay_out(w, s);
	w->news = false;
	s->now = w->now;
	s->wall = WALL_BEGIN * BALLOOND_SECOND + w->now + (uint64_t)w->wall;
	sim_host_tell(&w->host, &s->host);
	for (size_t k = 0; k < s->n_guests; k++) {
		struct sim_guest *g = &w->guests[w->shown[k]];

		look(w, w->shown[k]);
		sim_guest_tell(g, w->now, &s->guests[k]);
		if (g->booted <= w->adopted)
			s->guests[k].booted = 0;
		g->outcome = (struct outcome){ 0 };
	}
	return 0;
}

static void ask(struct sim_world *w, const struct step *step)
{
	size_t i = w->shown[step->guest];
	struct sim_guest *g = &w->guests[i];
	uint64_t to = balloond_min(step->to, g->model.maximum);

	if (!g->present)
		return;
	w->retargeted[i] = w->retargeted[i] || to != g->asked;
	g->asked = to;
	g->outcome = (struct outcome){ .kind = OUTCOME_ASKED, .bytes = step->to };
}

/* Only where the guest is asked too seldom: a shorter period is somebody's wish. */
static void arm(struct sim_world *w, size_t k)
{
	struct sim_guest *g = &w->guests[w->shown[k]];

	if (w->period > 0 && (g->period == 0 || g->period > w->period))
		sim_guest_poll(g, w->period, w->now);
}

static void world_act(void *self, const struct plan *plan)
{
	struct sim_world *w = self;

	for (size_t i = 0; i < w->n_guests; i++)
		w->retargeted[i] = false;
	for (size_t k = 0; k < plan->n_steps; k++)
		ask(w, &plan->steps[k]);
	for (size_t k = 0; k < plan->n_verdicts; k++)
		if (plan->verdicts[k].arm)
			arm(w, k);
}

static bool world_is_degraded(void *self)
{
	return self == NULL;
}

static bool world_is_there(void *self)
{
	return self != NULL;
}

struct world sim_world_vtable(struct sim_world *w)
{
	return (struct world){
		.configure = world_configure,
		.refresh = world_refresh,
		.sense = world_sense,
		.act = world_act,
		.is_connected = world_is_there,
		.is_degraded = world_is_degraded,
		.is_settled = world_is_there,
		.self = w,
	};
}

static void name_guests(struct sim_world *w)
{
	for (size_t i = 0; i < w->n_guests; i++) {
		struct sim_guest *g = &w->guests[i];

		(void)snprintf(g->uuid, sizeof(g->uuid), "00000000-0000-4000-8000-%012zu", i);
		(void)snprintf(g->name, sizeof(g->name), "guest-%zu", i + 1);
	}
}

int sim_world_new(size_t n, struct sim_world **ret)
{
	struct sim_world *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->guests = calloc(n + 1, sizeof(*w->guests));
	w->demands = calloc(n + 1, sizeof(*w->demands));
	w->faults = calloc(n + 1, sizeof(*w->faults));
	w->shown = calloc(n + 1, sizeof(*w->shown));
	w->wanted = calloc(n + 1, sizeof(*w->wanted));
	w->retargeted = calloc(n + 1, sizeof(*w->retargeted));
	if (!w->guests || !w->demands || !w->faults || !w->shown || !w->wanted || !w->retargeted) {
		sim_world_free(w);
		return -ENOMEM;
	}
	w->n_guests = n;
	name_guests(w);
	*ret = w;
	return 0;
}

struct sim_world *sim_world_free(struct sim_world *w)
{
	if (!w)
		return NULL;
	for (size_t i = 0; i < w->n_guests; i++) {
		demand_done(&w->demands[i]);
		free(w->faults[i]);
	}
	sim_host_model_done(&w->host.model);
	free(w->guests);
	free(w->demands);
	free(w->faults);
	free(w->shown);
	free(w->wanted);
	free(w->retargeted);
	free(w);
	return NULL;
}

/* What the host has to back for a guest and its process. */
static uint64_t backed(const struct sim_guest *g)
{
	return g->present ? g->touched + g->model.overhead : 0;
}

void sim_world_begin(struct sim_world *w)
{
	uint64_t resident = 0;

	w->now = SIM_EPOCH;
	w->changes = 1;
	for (size_t i = 0; i < w->n_guests; i++) {
		struct sim_guest *g = &w->guests[i];

		g->demand = &w->demands[i];
		if (w->faults[i])
			g->model.faults = w->faults[i];
		sim_guest_begin(g, w->now);
		resident += backed(g);
	}
	sim_host_begin(&w->host);
	sim_host_step(&w->host, w->now, 0, resident);
}

void sim_world_adopt(struct sim_world *w)
{
	w->adopted = w->now;
	for (size_t i = 0; i < w->n_guests; i++)
		w->guests[i].outcome = (struct outcome){ 0 };
}

void sim_world_set_clock(struct sim_world *w, int64_t by)
{
	w->wall += by;
	for (size_t i = 0; i < w->n_guests; i++)
		w->guests[i].wall = w->wall;
}

void sim_world_step(struct sim_world *w, usec_t elapsed)
{
	uint64_t resident = 0;

	w->now += elapsed;
	for (size_t i = 0; i < w->n_guests; i++) {
		struct sim_guest *g = &w->guests[i];
		bool was_present = g->present;
		uint64_t told = g->told;

		sim_guest_step(g, w->now, elapsed);
		w->changes += g->present != was_present;
		/* Of a balloon that moved its hypervisor tells without being asked. */
		w->wanted[i] |= g->told != told;
		w->news = w->news || g->told != told;
		resident += backed(g);
	}
	sim_host_step(&w->host, w->now, elapsed, resident);
}
