/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bench/oracle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/judge.h"
#include "balloond/policy-math.h"

/* How finely the next seconds are looked at. */
#define GLANCE BALLOOND_SECOND

struct oracle {
	struct oracle_setup setup;
	struct bare bare;
	bool is_divided;             /* static-hindsight: the sizes of fill are for ever */
	struct balloond_fill fill[]; /* of each guest of the world; high is what it wants */
};

/* The highest need of the next seconds; it walks on a copy. */
static uint64_t highest_need(const struct sim_guest *g, usec_t now, usec_t ahead)
{
	struct demand_walk walk = g->walk;
	uint64_t highest = 0;

	for (usec_t t = 0; t <= ahead; t += GLANCE) {
		uint64_t need = demand_walk(g->demand, &walk, now + t);

		highest = balloond_max(highest, need);
	}
	return highest;
}

/* Steps on as the world does, so that needs that rise as fast as they can are the same. */
static uint64_t need_of_all_time(const struct oracle_setup *setup, const struct sim_guest *g)
{
	struct demand_walk walk = g->walk;
	uint64_t highest = 0, need;

	for (usec_t t = setup->step; t <= setup->length; t += setup->step) {
		need = demand_walk(g->demand, &walk, setup->world->now + t);
		if (t > setup->warm_up)
			highest = balloond_max(highest, need);
	}
	return highest;
}

int oracle_new(const struct oracle_setup *setup, struct oracle **ret)
{
	const struct sim_world *w = setup->world;
	struct oracle *o = calloc(1, sizeof(*o) + w->n_guests * sizeof(o->fill[0]));

	if (!o)
		return -ENOMEM;
	o->setup = *setup;
	if (o->setup.ahead == 0)
		o->setup.ahead = ORACLE_AHEAD;
	if (o->setup.step == 0)
		o->setup.step = GLANCE;
	o->bare = (struct bare){ .world = w, .pool = setup->pool };
	for (size_t i = 0; i < w->n_guests; i++) {
		o->fill[i].low = setup->floors[i];
		o->fill[i].weight = JUDGE_SHARES_DEFAULT;
		if (setup->is_static)
			o->fill[i].high = need_of_all_time(&o->setup, &w->guests[i]);
	}
	*ret = o;
	return 0;
}

struct oracle *oracle_free(struct oracle *oracle)
{
	free(oracle);
	return NULL;
}

/* Which guest of the world a verdict is about; both are in order. */
static size_t find(const struct sim_world *w, const struct verdict *v, size_t next)
{
	while (next < w->n_guests && strcmp(w->guests[next].uuid, v->source->uuid) < 0)
		next++;
	return next;
}

static void read_shares(struct oracle *o, const struct plan *plan)
{
	size_t next = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		next = find(o->setup.world, &plan->verdicts[i], next);
		if (next < o->setup.world->n_guests)
			o->fill[next].weight = plan->verdicts[i].guest.shares;
	}
}

/* Guests that are not there get nothing, unless sizes are for ever. */
static void divide(struct oracle *o, uint64_t pool)
{
	const struct sim_world *w = o->setup.world;

	for (size_t i = 0; i < w->n_guests; i++) {
		const struct sim_guest *g = &w->guests[i];
		struct balloond_fill *fill = &o->fill[i];

		if (o->setup.is_static)
			continue;
		fill->low = g->present ? o->setup.floors[i] : 0;
		fill->high = g->present ? highest_need(g, w->now, o->setup.ahead) : 0;
	}
	balloond_water_fill(o->fill, w->n_guests, pool);
}

static void propose(const struct oracle *o, struct plan *plan)
{
	const struct sim_world *w = o->setup.world;
	size_t next = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];

		next = find(w, v, next);
		if (!v->asked || next == w->n_guests)
			continue;
		v->guest.floor = balloond_min(o->setup.floors[next], v->guest.ceiling);
		v->proposal.bytes = v->proposal.claim = o->fill[next].size;
	}
}

void oracle_decide(void *userdata, const struct config *config, const struct snapshot *snapshot,
		   struct history *history, struct plan *plan)
{
	struct oracle *o = userdata;
	uint64_t pool = bare_look(&o->bare, config, snapshot, history, plan);

	if (!o->is_divided) {
		read_shares(o, plan);
		divide(o, pool);
	}
	o->is_divided = o->setup.is_static;
	propose(o, plan);
	bare_move(snapshot, history, plan);
}
