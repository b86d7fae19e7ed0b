/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What holds for every plan, whatever was configured, sensed, or proposed. */

#include <check.h>

#include "balloond/core/guard.h"
#include "balloond/core/pool.h"
#include "balloond/policy-math.h"
#include "tests/unit/scene.h"

static uint64_t size_after(const struct verdict *v)
{
	if (v->guest.actual == BALLOOND_UNKNOWN)
		return 0;
	return balloond_max(v->target, v->guest.actual);
}

static uint64_t charges_after(const struct scene *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->plan.n_verdicts; i++) {
		const struct verdict *v = &s->plan.verdicts[i];

		sum = balloond_add(sum, pool_charge(&s->config.host, v, &s->history.guests[i],
						    size_after(v)));
	}
	return sum;
}

/* In the words of the issue, not of guard.c. */
static uint64_t least_for_use(const struct scene *s, const struct verdict *v)
{
	if (v->guest.used == BALLOOND_UNKNOWN)
		return 0;
	if (s->plan.account.level < BALLOOND_LEVEL_CRITICAL)
		return v->guest.used + v->margin;
	if (v->guest.flags & BALLOOND_GUEST_EXPENDABLE)
		return 0;
	if (v->guest.flags & BALLOOND_GUEST_SWAPPED)
		return v->guest.used;
	return v->guest.used + v->margin / 2;
}

/* Nobody touches a guest that no rule means, that is only looked at, or that is fixed. */
static void check_rights(const struct scene *s, const struct verdict *v, const struct step *step)
{
	HOLDS(v->matched);
	HOLDS(!v->promise || !v->promise->dry_run);
	HOLDS(v->state != STATE_OBSERVED);
	HOLDS(v->state != STATE_HELD);
	HOLDS(v->state != STATE_EXCLUDED);
	HOLDS(!v->source->exclude.on && !s->snapshot.host.pause.on);
	HOLDS(v->state != STATE_NO_BALLOON);
	HOLDS(v->state != STATE_INHIBITED);
	HOLDS(v->state != STATE_PAUSED);
	HOLDS(v->state != STATE_BUSY);
	if (step->to < step->from)
		HOLDS(v->guest.flags & BALLOOND_GUEST_MAY_SHRINK && !v->source->pause.on &&
		      !v->source->give_back.on);
	if (step->to > step->from)
		HOLDS(v->guest.flags & BALLOOND_GUEST_MAY_GROW);
	if (step->to == step->from)
		HOLDS(v->retreat);
}

static void check_sizes(const struct scene *s, const struct verdict *v, const struct step *step)
{
	HOLDS(step->to != BALLOOND_UNKNOWN && v->guest.actual != BALLOOND_UNKNOWN);
	/* On its way down from above its ceiling a guest passes sizes above it; relief of a guest
	 * below its floor may stop short of it, where there is no room. */
	if (step->to >= step->from)
		HOLDS(step->to <= v->guest.ceiling);
	if (step->to <= step->from)
		HOLDS(step->to >= v->guest.floor);
	if (step->to < step->from) {
		HOLDS(step->to >= least_for_use(s, v));
		HOLDS(step->to >= v->low);
	}
	if (step->to > step->from)
		HOLDS(step->to % GUARD_STEP == 0 || step->to == v->guest.ceiling ||
		      step->to == v->guest.maximum - GUARD_STEP);
}

static void check_verdict(const struct scene *s, size_t i)
{
	const struct verdict *v = &s->plan.verdicts[i];

	HOLDS(v->source == &s->guests[i]);
	HOLDS(v->guest.floor <= v->guest.ceiling);
	HOLDS(v->state < STATE_MAX);
	HOLDS(v->reason < REASON_MAX);
	HOLDS(reason_text(v->reason) != NULL);
	if (!(v->guest.flags & BALLOOND_GUEST_MAY_GROW) && v->guest.target != BALLOOND_UNKNOWN)
		HOLDS(v->target <= v->guest.target);
	if (!(v->guest.flags & BALLOOND_GUEST_MAY_SHRINK) && v->guest.target != BALLOOND_UNKNOWN)
		HOLDS(v->target >= v->guest.target);
	if (v->asked)
		HOLDS(v->proposal.claim <= v->proposal.bytes);
}

/* The machine could bear it if all growth of this plan was touched at once. */
static void check_growth(const struct scene *s)
{
	uint64_t growth = 0;

	for (size_t k = 0; k < s->plan.n_steps; k++) {
		const struct verdict *v = &s->plan.verdicts[s->plan.steps[k].guest];
		uint64_t had = balloond_max(v->guest.target, v->guest.actual);

		growth += balloond_sub(s->plan.steps[k].to, had);
	}
	HOLDS(growth <= s->plan.account.free);
}

static void check_account(const struct scene *s)
{
	const struct account *a = &s->plan.account;
	uint64_t charged = 0;

	for (size_t i = 0; i < s->plan.n_verdicts; i++)
		charged = balloond_add(charged, s->plan.verdicts[i].guest.charge);
	HOLDS(a->charged == charged);
	HOLDS(a->overbooked_by == balloond_sub(a->promised, a->pool));
	HOLDS(a->room <= balloond_sub(a->pool, a->charged));
	HOLDS(a->level <= BALLOOND_LEVEL_CRITICAL);
	HOLDS((a->level == BALLOOND_LEVEL_NORMAL) == (a->level_cause == LEVEL_CAUSE_NONE));
	HOLDS(charges_after(s) <= balloond_max(a->pool, a->charged));
}

void scene_check_plan(const struct scene *s)
{
	bool has_step[SCENE_MAX] = { false };
	enum phase phase = PHASE_FREE;

	HOLDS(s->plan.n_verdicts == s->snapshot.n_guests);
	HOLDS(s->plan.n_steps <= s->plan.n_verdicts);
	for (size_t i = 0; i < s->plan.n_verdicts; i++)
		check_verdict(s, i);
	for (size_t k = 0; k < s->plan.n_steps; k++) {
		const struct step *step = &s->plan.steps[k];
		const struct verdict *v = &s->plan.verdicts[step->guest];

		HOLDS(step->guest < s->plan.n_verdicts);
		HOLDS(!has_step[step->guest]);
		has_step[step->guest] = true;
		HOLDS(step->from == v->guest.target);
		HOLDS(step->to == v->target);
		HOLDS(step->phase == (step->to < step->from ? PHASE_FREE : PHASE_GRANT));
		HOLDS(step->phase >= phase);
		phase = step->phase;
		check_rights(s, v, step);
		check_sizes(s, v, step);
	}
	for (size_t i = 0; i < s->plan.n_verdicts; i++)
		if (!has_step[i])
			HOLDS(s->plan.verdicts[i].target == s->plan.verdicts[i].guest.target);
	check_growth(s);
	check_account(s);
}
