/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a scenario to the world that it describes.  Its times count from the beginning of the
 * world, whose clock is SIM_EPOCH then. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/text.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "balloond/sim/demand-file.h"
#include "balloond/sim/scenario-internal.h"
#include "balloond/sim/world.h"

/* Far apart, so that the seeds of two scenarios do not give the same spikes to other guests. */
#define SEED_STRIDE UINT64_C(0x9e3779b97f4a7c15)

/* One guest that is built: the k-th of its entry, the n-th of all. */
struct place {
	const struct scenario *scenario;
	const struct scenario_guest *entry;
	size_t k, n;
};

static int fill_points(const struct demand *need, struct demand *d)
{
	d->points = calloc(need->n_points, sizeof(*d->points));
	if (!d->points)
		return -ENOMEM;
	memcpy(d->points, need->points, need->n_points * sizeof(*d->points));
	return 0;
}

static int fill_demand(const struct place *p, struct demand *d)
{
	const struct scenario_guest *g = p->entry;
	usec_t length = p->scenario->length;

	*d = g->need;
	d->points = NULL;
	d->maximum = g->model.maximum;
	d->offset = SIM_EPOCH + p->k * g->stagger;
	d->seed = p->scenario->seed + p->n * SEED_STRIDE;
	switch (g->shape) {
	case SCENARIO_STEPS:
		return fill_points(&g->need, d);
	case SCENARIO_GENERATOR:
		return demand_generate(d, p->scenario->seed, (unsigned)p->n, length);
	case SCENARIO_TRACE:
		return demand_file_take(g->trace, g->row + p->k, g->first,
					length / DEMAND_FILE_INTERVAL + 2, d);
	case SCENARIO_CONSTANT:
	case SCENARIO_SQUARE:
	case SCENARIO_SPIKES:
		break;
	}
	return 0;
}

/* What was drawn may be smaller than what was written. */
static void fill_model(const struct scenario_guest *g, uint64_t maximum, struct sim_model *m)
{
	*m = g->model;
	m->maximum = maximum;
	scenario_complete_model(m);
	m->sold = balloond_min(m->sold, maximum);
	m->start = balloond_min(m->start, maximum);
	m->kernel = balloond_min(m->kernel, maximum / 2);
}

static int fill_faults(const struct place *p, struct sim_model *m, struct sim_fault **ret)
{
	const struct scenario_guest *g = p->entry;
	usec_t starts = g->starts + p->k * g->stagger_start;
	struct sim_fault *faults = calloc(g->n_faults + 2, sizeof(*faults));

	if (!faults)
		return -ENOMEM;
	for (; m->n_faults < g->n_faults; m->n_faults++) {
		faults[m->n_faults] = g->faults[m->n_faults];
		faults[m->n_faults].at += SIM_EPOCH;
	}
	if (starts > 0)
		faults[m->n_faults++] = (struct sim_fault){ .kind = SIM_FAULT_GONE,
							    .at = SIM_EPOCH,
							    .length = starts };
	if (g->silent)
		faults[m->n_faults++] = (struct sim_fault){ .kind = SIM_FAULT_SILENT,
							    .at = SIM_EPOCH };
	m->faults = *ret = faults;
	return 0;
}

static int fill_guest(const struct place *p, struct sim_world *w)
{
	const struct scenario_guest *g = p->entry;
	struct sim_guest *guest = &w->guests[p->n];
	struct demand *d = &w->demands[p->n];
	int r;

	if (g->count > 1)
		(void)snprintf(guest->name, sizeof(guest->name), "%s-%zu", g->name, p->k + 1);
	else
		text_copy(guest->name, sizeof(guest->name), g->name);
	r = fill_demand(p, d);
	if (r < 0)
		return r;
	if (g->model.maximum > 0)
		d->maximum = g->model.maximum;
	fill_model(g, d->maximum, &guest->model);
	guest->demand = d;
	return fill_faults(p, &guest->model, &w->faults[p->n]);
}

static int fill_host(const struct scenario *s, struct sim_host_model *m)
{
	*m = s->host;
	m->changes = calloc(s->n_events + 1, sizeof(*m->changes));
	if (!m->changes)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_events; i++) {
		const struct scenario_event *e = &s->events[i];

		if (e->own == BALLOOND_UNKNOWN)
			continue;
		m->changes[m->n_changes++] = (struct sim_host_change){ .at = SIM_EPOCH + e->at,
								       .over = e->over,
								       .own = e->own };
	}
	return 0;
}

int scenario_build(const struct scenario *s, struct sim_world **ret)
{
	_cleanup_(sim_world_freep) struct sim_world *w = NULL;
	struct place p = { .scenario = s };
	size_t n = 0;
	int r;

	for (size_t i = 0; i < s->n_guests; i++)
		n += s->guests[i].count;
	r = sim_world_new(n, &w);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s->n_guests; i++) {
		p.entry = &s->guests[i];
		for (p.k = 0; p.k < p.entry->count; p.k++, p.n++) {
			r = fill_guest(&p, w);
			if (r < 0)
				return r;
		}
	}
	r = fill_host(s, &w->host.model);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(w);
	return 0;
}
