/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Guests that have less than they need: how long, and whose fault it is if that kills. */

#include "balloond/sim/metrics-internal.h"

/* A target that was lowered so lately is to blame, however short the pool is. */
#define CUT_LATELY (60 * BALLOOND_SECOND)
/* A controller that hears of a need once a second cannot answer any faster. */
#define REACTION (3 * BALLOOND_SECOND)

static void follow_relief(struct sim_metrics *m, struct sim_score *s, const struct sim_guest *g,
			  uint64_t lacks, const struct sim_moment *t)
{
	usec_t since = t->now - t->elapsed;

	if (s->short_since == 0) {
		if (lacks > g->model.maximum / 100)
			s->short_since = since;
	} else if (lacks == 0) {
		m->reliefs[m->n_reliefs++] = since - s->short_since;
		s->short_since = 0;
	}
}

/* Its target is below what it needs and may have, and the pool has room for the difference. */
static bool is_refused(const struct sim_guest *g, uint64_t lacks, const struct sim_moment *t)
{
	uint64_t sold = g->model.sold > 0 ? g->model.sold : g->model.maximum;
	uint64_t due = balloond_min(g->need, sold);

	return lacks > 0 && g->asked < due && balloond_sub(t->pool, t->charged) >= due - g->asked;
}

static void follow_refusal(struct sim_score *s, const struct sim_guest *g, uint64_t lacks,
			   const struct sim_moment *t)
{
	if (!is_refused(g, lacks, t))
		s->refused_since = 0;
	else if (s->refused_since == 0)
		s->refused_since = t->now - t->elapsed;
}

static bool is_cut(const struct sim_score *s, const struct sim_guest *g, const struct sim_moment *t)
{
	if (s->cut == 0 || g->size >= s->uncut)
		return false;
	return t->now - s->cut <= CUT_LATELY || t->wanted <= t->pool;
}

static void follow_oom(struct sim_metrics *m, struct sim_score *s, const struct sim_guest *g,
		       uint64_t missing, const struct sim_moment *t)
{
	bool refused = s->refused_since != 0 && t->now - s->refused_since > REACTION;

	if (missing == 0) {
		s->oom = SIM_OOM_NONE;
	} else if (s->oom == SIM_OOM_NONE) {
		s->oom = refused || is_cut(s, g, t) ? SIM_OOM_CONTROLLER : SIM_OOM_SCENARIO;
		m->ooms += s->oom == SIM_OOM_CONTROLLER;
		m->ooms_scenario += s->oom == SIM_OOM_SCENARIO;
	} else if (s->oom == SIM_OOM_SCENARIO && refused) {
		s->oom = SIM_OOM_CONTROLLER;
		m->ooms++;
		m->ooms_scenario--;
	}
}

void sim_metrics_short(struct sim_metrics *m, const struct sim_world *w, const struct sim_moment *t)
{
	m->n_open = 0;
	for (size_t i = 0; i < m->n_guests; i++) {
		const struct sim_guest *g = &w->guests[i];
		struct sim_score *s = &m->scores[i];
		uint64_t need = sim_counted_need(g, t->now), lacks = balloond_sub(need, g->size);

		follow_relief(m, s, g, lacks, t);
		follow_refusal(s, g, lacks, t);
		follow_oom(m, s, g, lacks > 0 ? g->missing : 0, t);
		m->n_open += s->short_since != 0 || s->refused_since != 0 || s->oom != SIM_OOM_NONE;
	}
}
