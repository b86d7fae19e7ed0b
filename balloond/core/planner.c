/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The order of thought: remember, judge each guest, take the host's account, raise floors to what
 * was learned, ask the policies, bound what they propose, divide the pool, shrink, grow, write down
 * the steps. */

#include "balloond/core/planner.h"

#include "balloond/core/cool-down.h"
#include "balloond/core/crash.h"
#include "balloond/core/demand.h"
#include "balloond/core/divide.h"
#include "balloond/core/foreign.h"
#include "balloond/core/guard.h"
#include "balloond/core/judge.h"
#include "balloond/core/learn.h"
#include "balloond/core/match.h"
#include "balloond/core/pool.h"
#include "balloond/core/progress.h"
#include "balloond/core/sampling.h"
#include "balloond/core/tally.h"
#include "balloond/core/trust.h"
#include "balloond/core/yield.h"
#include "balloond/policy-math.h"

/* Who may have set its size, and whether it follows. */
static enum progress observe(const struct config *config, const struct snapshot *s,
			     struct history *h, size_t i, const struct promise *promise)
{
	const struct guest *g = &s->guests[i];
	struct memory *m = &h->guests[i];
	enum reason reason;

	demand_observe(m, g);
	foreign_follow_definition(m, g);
	const struct foreign_look look = {
		.promise = promise,
		.ceiling = judge_ceiling(promise, g, m),
		.quiet = config->foreign_quiet,
		.now = s->now,
		.is_exempt = !(g->facts & GUEST_INSPECTED) ||
			     g->facts & (GUEST_PAUSED | GUEST_BUSY | GUEST_LOST) ||
			     judge_is_booting(g, m, s->now),
		.is_owned = foreign_is_owned(promise, g, s->host.facts, &reason),
	};

	yield_observe(m, g, look.is_exempt);
	switch (foreign_observe(m, g, &look)) {
	case FOREIGN_NONE:
		break;
	case FOREIGN_CRY:
		return PROGRESS_CRY;
	case FOREIGN_WATCHED:
	case FOREIGN_SET:
		return PROGRESS_THERE;
	}
	return progress_observe(m, g, s->now);
}

static void judge_one(const struct config *config, const struct snapshot *s, struct history *h,
		      size_t i, const struct promise *promise, struct verdict *v)
{
	const struct guest *g = &s->guests[i];
	const struct when_view view = {
		.snapshot = s,
		.history = h,
		.guest = g,
		.memory = &h->guests[i],
		.ceiling = judge_ceiling(promise, g, &h->guests[i]),
	};
	struct choice choice = rules_choose(config, &view, i);

	judge_guest(config, s, g, &h->guests[i], &choice, h->level, v);
}

static void judge_all(const struct config *config, const struct snapshot *s, struct history *h,
		      struct plan *plan)
{
	plan->n_verdicts = s->n_guests;
	for (size_t i = 0; i < s->n_guests; i++) {
		struct verdict *v = &plan->verdicts[i];
		const struct promise *promise = match_promise(config, &s->guests[i]);
		enum progress progress = observe(config, s, h, i, promise);
		uint64_t size;

		judge_one(config, s, h, i, promise, v);
		/* The driver goes on trying for the old target until it is told. */
		v->retreat = progress != PROGRESS_THERE;
		size = v->guest.actual == BALLOOND_UNKNOWN
			       ? 0
			       : balloond_max(v->guest.target, v->guest.actual);
		v->guest.charge = pool_charge(&config->host, v, &h->guests[i], size);
		v->proposal = (struct balloond_target){ .bytes = v->guest.target,
							.claim = v->guest.target };
	}
	cool_downs_end(h, plan);
}

/* Guests whose policy is asked. */
static bool is_asked(const struct verdict *v)
{
	return v->rule && verdict_is_steered(v) && v->state != STATE_DISTRUSTED;
}

/* pool - charges of unmanaged guests - what guests under other rules need.  A pool that the machine
 * does not have now ends at what it has. */
static uint64_t rule_capacity(const struct history *h, const struct plan *plan,
			      const struct rule *rule)
{
	const struct account *a = &plan->account;
	uint64_t others = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		const struct verdict *v = &plan->verdicts[i];

		if (!is_asked(v))
			others = balloond_add(others, v->guest.charge);
		else if (v->rule != rule)
			others = balloond_add(others,
					      balloond_max(v->guest.floor, h->guests[i].claim));
	}
	return balloond_sub(balloond_min(a->pool, balloond_add(a->charged, a->free)), others);
}

static size_t gather(const struct rule *rule, struct history *h, struct plan *plan, usec_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];

		if (v->rule != rule || !is_asked(v))
			continue;
		v->asked = true;
		v->guest.give = plan->account.level < BALLOOND_LEVEL_LOW
					? h->guests[i].shrink_credit
					: BALLOOND_UNKNOWN;
		plan->index[n] = (uint32_t)i;
		plan->view[n] = &v->guest;
		plan->states[n] = rule->policy->state_size > 0 ? history_state(h, i, rule->key, now)
							       : NULL;
		plan->targets[n++] = v->proposal;
	}
	return n;
}

static void ask_policy(const struct config *config, size_t rule, const struct snapshot *s,
		       struct history *h, struct plan *plan)
{
	const struct rule *r = config_rule(config, rule);
	struct balloond_host host = s->host.seen;
	size_t n = gather(r, h, plan, s->now);
	usec_t asked = h->rules[rule].asked;

	if (n == 0)
		return;
	host.level = plan->account.level;
	struct balloond_view view = {
		.now = s->now,
		.elapsed = asked ? s->now - asked : 0,
		.capacity = rule_capacity(h, plan, r),
		.host = &host,
		.guests = plan->view,
		.n_guests = n,
		.rule_state = history_rule_state(h, rule),
		.scratch = plan->scratch,
	};
	r->policy->propose(&view, r->params, plan->states, plan->targets);
	h->rules[rule].asked = s->now;
	for (size_t k = 0; k < n; k++) {
		struct verdict *v = &plan->verdicts[plan->index[k]];

		v->proposal = plan->targets[k];
		learn_take(&h->guests[plan->index[k]], v, s->now);
	}
}

/* All that it may have.  One step of the driver below its maximum: a driver that finds nothing to
 * do when it loads reports nothing, and QEMU keeps the size from before the reset (seen
 * with Linux 6.1 under KVM). */
static uint64_t boot_size(const struct verdict *v)
{
	if (v->guest.ceiling < v->guest.maximum)
		return v->guest.ceiling;
	return balloond_sub(v->guest.maximum, GUARD_STEP);
}

/* One that was asked for all before its reset, and had not got there, would report nothing either.
 */
static void relieve_booting(struct verdict *v)
{
	uint64_t size = boot_size(v);

	if (v->guest.target > size && v->guest.actual < size && size < v->guest.ceiling) {
		v->guest.target = v->target = size;
		v->retreat = true;
	}
	v->wanted = balloond_max(size, v->guest.target);
}

static void bound_all(const struct config *config, struct plan *plan)
{
	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];

		if (v->matched && v->state == STATE_BOOTING)
			relieve_booting(v);
		if (verdict_is_steered(v))
			guard_bound(config, plan->account.level, v);
	}
}

/* What people read where nothing more special holds: the guard's word if it kept the guest from
 * what it should have, and whether a shrink that was proposed is needed at all. */
static void explain(struct verdict *v)
{
	bool at_rest = v->target == v->guest.target;

	if (v->reason == REASON_GIVEN_BACK && v->target < v->guest.ceiling)
		v->reason = REASON_GIVEN_BACK_PART;
	if (v->state != STATE_MANAGED ||
	    (v->reason != REASON_POLICY && v->reason != REASON_NO_WHEN))
		return;
	if (v->retreat)
		v->reason = REASON_TOOK_BACK;
	else if (v->guest.target > v->guest.ceiling)
		v->reason = REASON_ABOVE_CEILING;
	else if (at_rest && v->wanted >= v->guest.target && v->proposal.bytes < v->guest.target)
		v->reason = REASON_NOT_NEEDED; /* whatever the guard cut of what was proposed */
	else if (v->bound & ~(1u << GUARD_DEAD_BAND))
		v->reason = at_rest ? REASON_GUARD : v->reason;
}

/* How long it has had its state. */
static void date(struct verdict *v, struct memory *m, usec_t now)
{
	if (m->state_since == 0 || m->state != (uint32_t)v->state) {
		m->state = (uint32_t)v->state;
		m->state_since = now;
	}
	v->state_age = now - m->state_since;
}

static void add_step(struct plan *plan, size_t i, enum phase phase)
{
	const struct verdict *v = &plan->verdicts[i];

	plan->steps[plan->n_steps++] = (struct step){
		.guest = i,
		.from = v->guest.target,
		.to = v->target,
		.phase = phase,
		.reason = v->reason,
	};
}

/* What may not be moved is not told its size either. */
static bool retreats(const struct verdict *v)
{
	return v->retreat && v->matched && state_row(v->state)->may_grow &&
	       v->target == v->guest.target && v->target >= v->guest.floor &&
	       v->target <= v->guest.ceiling;
}

static void write_steps(struct plan *plan)
{
	plan->n_steps = 0;
	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (plan->verdicts[i].target < plan->verdicts[i].guest.target)
			add_step(plan, i, PHASE_FREE);
	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];

		if (v->target > v->guest.target || retreats(v))
			add_step(plan, i, PHASE_GRANT);
	}
}

/* The steps are as good as asked for: the world tells later what became of them. */
static void remember_steps(struct history *h, const struct plan *plan)
{
	for (size_t k = 0; k < plan->n_steps; k++) {
		const struct step *step = &plan->steps[k];
		const struct verdict *v = &plan->verdicts[step->guest];
		struct memory *m = &h->guests[step->guest];
		uint64_t has = balloond_max(v->guest.target, v->guest.actual);

		if (step->to > has) {
			m->granted = balloond_add(demand_pending(m, v->guest.resident, v->overhead),
						  step->to - has);
			m->granted_base = v->guest.resident != BALLOOND_UNKNOWN ? v->guest.resident
										: 0;
		}
		if (step->to < step->from) {
			learn_shrunk(m, step->from);
			crash_shrunk(m, step->from, plan->now);
		}
		progress_ask(m, step->to, plan->now);
	}
}

static void finish(struct history *h, bool dry_run, struct plan *plan)
{
	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];

		if (v->guest.target == BALLOOND_UNKNOWN)
			v->target = BALLOOND_UNKNOWN;
		explain(v);
		date(v, &h->guests[i], plan->now);
		h->guests[i].claim = v->proposal.claim;
	}
	write_steps(plan);
	if (!dry_run)
		remember_steps(h, plan);
}

void planner_run(const struct config *config, const struct snapshot *s, struct history *h,
		 bool dry_run, struct plan *plan)
{
	usec_t elapsed = h->now ? s->now - h->now : BALLOOND_SECOND;

	plan->now = s->now;
	history_follow(h, s);
	history_follow_rules(h, config);
	guard_earn(config, h, elapsed);
	judge_all(config, s, h, plan);
	pool_assess(config, s, h, plan);
	learn_apply(config, h, plan);
	for (size_t rule = 0; rule < config_count_rules(config); rule++)
		ask_policy(config, rule, s, h, plan);
	trust_propose(h, plan);
	bound_all(config, plan);
	divide_pool(config, h, plan);
	guard_shrink(config, h, plan, !dry_run);
	guard_grow(config, h, plan);
	finish(h, dry_run, plan);
	sampling_choose(config, s, h, plan);
	tally_take(config, h, plan, dry_run);
	h->now = s->now;
}
