/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The order is core/planner.c's, without what makes it safe.  A driver is told every size that was
 * proposed, also where it does not answer: that is what the opponents do. */

#include "tests/bench/bare.h"

#include <string.h>

#include "balloond/core/demand.h"
#include "balloond/core/judge.h"
#include "balloond/core/match.h"
#include "balloond/core/pool.h"
#include "balloond/core/progress.h"
#include "balloond/policy-math.h"

/* Opponents keep their own time. */
#define WAKE BALLOOND_SECOND

/* Of a guest's process; *next runs along with the snapshot's guests, which are in order. */
static uint64_t overhead_of(const struct bare *bare, const struct verdict *v, size_t *next)
{
	const struct sim_world *w = bare->world;

	if (!w)
		return v->overhead;
	while (*next < w->n_guests && strcmp(w->guests[*next].uuid, v->source->uuid) < 0)
		++*next;
	if (*next < w->n_guests && strcmp(w->guests[*next].uuid, v->source->uuid) == 0)
		return w->guests[*next].model.overhead;
	return v->overhead;
}

/* Peers know no kernel's floor.  An entry without a min has the default. */
static void forget_kernel(struct verdict *v)
{
	const struct promise *p = v->promise;

	if (!p || p->min.kind == AMOUNT_AUTO)
		return;
	v->guest.floor = balloond_min(amount_bytes(p->min, v->guest.ceiling, 0), v->guest.ceiling);
}

static void judge_one(const struct bare *bare, const struct config *config,
		      const struct snapshot *s, struct history *h, size_t i, struct verdict *v)
{
	const struct guest *g = &s->guests[i];
	const struct when_view view = {
		.snapshot = s,
		.history = h,
		.guest = g,
		.memory = &h->guests[i],
		.ceiling = judge_ceiling(match_promise(config, g), g, &h->guests[i]),
	};
	struct choice choice;

	/* A reset empties the balloon: what was asked for before means nothing any more. */
	if (g->booted != h->guests[i].booted)
		h->guests[i].target = g->seen.actual;
	demand_observe(&h->guests[i], g);
	choice = rules_choose(config, &view, i);
	judge_guest(config, s, g, &h->guests[i], &choice, h->level, v);
	if (bare->no_kernel_floor)
		forget_kernel(v);
}

static bool is_asked(const struct verdict *v)
{
	return v->rule && v->matched && v->source->facts & GUEST_BALLOON &&
	       v->guest.actual != BALLOOND_UNKNOWN && v->guest.target != BALLOOND_UNKNOWN &&
	       v->guest.ceiling > 0;
}

/* Processes that are not there have no overhead yet, and will have. */
static uint64_t all_overhead(const struct bare *bare, const struct plan *plan)
{
	uint64_t sum = 0;

	for (size_t i = 0; bare->world && i < bare->world->n_guests; i++)
		sum = balloond_add(sum, bare->world->guests[i].model.overhead);
	for (size_t i = 0; !bare->world && i < plan->n_verdicts; i++)
		sum = balloond_add(sum, plan->verdicts[i].overhead);
	return sum;
}

uint64_t bare_look(const struct bare *bare, const struct config *config, const struct snapshot *s,
		   struct history *h, struct plan *plan)
{
	size_t next = 0;

	plan->now = s->now;
	history_follow(h, s);
	history_follow_rules(h, config);
	plan->n_verdicts = s->n_guests;
	for (size_t i = 0; i < s->n_guests; i++) {
		struct verdict *v = &plan->verdicts[i];

		judge_one(bare, config, s, h, i, v);
		v->overhead = overhead_of(bare, v, &next);
		if (v->guest.target != BALLOOND_UNKNOWN && v->guest.actual != BALLOOND_UNKNOWN)
			v->guest.charge = balloond_add(balloond_max(v->guest.target,
								    v->guest.actual),
						       v->overhead);
		else
			v->guest.charge = 0;
		v->asked = is_asked(v);
		v->proposal = (struct balloond_target){ .bytes = v->guest.target,
							.claim = v->guest.target };
	}
	pool_assess(config, s, h, plan);
	return bare->pool > 0 ? bare->pool
			      : balloond_sub(plan->account.pool, all_overhead(bare, plan));
}

/* What all have touched; of a guest whose memory nobody sees, all that it has. */
static uint64_t all_touched(const struct plan *plan)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		const struct verdict *v = &plan->verdicts[i];

		if (v->guest.resident != BALLOOND_UNKNOWN)
			sum = balloond_add(sum, balloond_sub(v->guest.resident, v->overhead));
		else if (v->guest.actual != BALLOOND_UNKNOWN)
			sum = balloond_add(sum, v->guest.actual);
	}
	return sum;
}

static struct balloond_host host_of(const struct bare *bare, const struct snapshot *s,
				    const struct plan *plan, uint64_t pool)
{
	struct balloond_host host = s->host.seen;
	uint64_t touched = all_touched(plan);

	host.total = bare->host_total > 0 ? bare->host_total : pool;
	host.available = host.free = balloond_sub(host.total, touched);
	host.swap_total = host.total;
	host.swap_free = balloond_sub(host.total, balloond_sub(touched, host.total));
	host.cached = 0;
	host.level = BALLOOND_LEVEL_NORMAL;
	return host;
}

static size_t gather(const struct rule *rule, struct history *h, struct plan *plan, usec_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];

		if (v->rule != rule || !v->asked)
			continue;
		plan->index[n] = (uint32_t)i;
		plan->view[n] = &v->guest;
		plan->states[n] = rule->policy->state_size > 0 ? history_state(h, i, rule->key, now)
							       : NULL;
		plan->targets[n++] = v->proposal;
	}
	return n;
}

/* Each policy may have all of the pool: a bench has one. */
static void ask_policy(const struct config *config, size_t rule, const struct balloond_host *host,
		       uint64_t pool, struct history *h, struct plan *plan)
{
	const struct rule *r = config_rule(config, rule);
	usec_t asked = h->rules[rule].asked;
	size_t n = gather(r, h, plan, plan->now);
	struct balloond_view view = {
		.now = plan->now,
		.elapsed = asked ? plan->now - asked : 0,
		.capacity = pool,
		.host = host,
		.guests = plan->view,
		.n_guests = n,
		.rule_state = history_rule_state(h, rule),
		.scratch = plan->scratch,
	};

	if (n == 0)
		return;
	r->policy->propose(&view, r->params, plan->states, plan->targets);
	h->rules[rule].asked = plan->now;
	for (size_t k = 0; k < n; k++)
		plan->verdicts[plan->index[k]].proposal = plan->targets[k];
}

static void add_step(struct history *h, struct plan *plan, size_t i, enum phase phase)
{
	const struct verdict *v = &plan->verdicts[i];

	plan->steps[plan->n_steps++] = (struct step){
		.guest = i,
		.from = v->guest.target,
		.to = v->target,
		.phase = phase,
		.reason = v->reason,
	};
	progress_ask(&h->guests[i], v->target, plan->now);
}

void bare_move(const struct snapshot *s, struct history *h, struct plan *plan)
{
	plan->n_steps = 0;
	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];

		v->target = v->wanted = v->guest.target;
		if (v->asked)
			v->target = v->wanted = balloond_clamp(v->proposal.bytes, v->guest.floor,
							       v->guest.ceiling);
		h->guests[i].claim = v->proposal.claim;
		if (v->target < v->guest.target)
			add_step(h, plan, i, PHASE_FREE);
	}
	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (plan->verdicts[i].target > plan->verdicts[i].guest.target)
			add_step(h, plan, i, PHASE_GRANT);
	plan->next_wake = WAKE;
	h->now = s->now;
}

void bare_decide(void *userdata, const struct config *config, const struct snapshot *snapshot,
		 struct history *history, struct plan *plan)
{
	const struct bare *bare = userdata;
	uint64_t pool = bare_look(bare, config, snapshot, history, plan);
	struct balloond_host host = host_of(bare, snapshot, plan, pool);

	for (size_t rule = 0; rule < config_count_rules(config); rule++)
		ask_policy(config, rule, &host, pool, history, plan);
	bare_move(snapshot, history, plan);
}
