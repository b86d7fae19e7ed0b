/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/cool-down.h"

#include "balloond/policy-math.h"

/* What somebody has free who was in distress a moment ago, in margins. */
#define COOLING_MARGINS 4u

/* It has less left than anybody is to be left, or waits already. */
static bool is_in_need(const struct verdict *v, const struct memory *m)
{
	if (!verdict_is_steered(v) || v->guest.actual >= v->guest.ceiling)
		return false;
	return m->starved || (v->guest.used != BALLOOND_UNKNOWN &&
			      balloond_sub(v->guest.actual, v->guest.used) < v->margin);
}

/* All is well with it again: its newest sample says so. */
static bool has_recovered(const struct verdict *v, const struct memory *m)
{
	return v->state == STATE_MANAGED && !verdict_is_ordered_up(v) &&
	       v->guest.flags & BALLOOND_GUEST_COOLING && v->guest.used != BALLOOND_UNKNOWN &&
	       !m->starved && m->sampled > m->distress;
}

void cool_downs_end(const struct history *h, struct plan *plan)
{
	bool in_need = false;

	for (size_t i = 0; i < plan->n_verdicts; i++)
		in_need = in_need || is_in_need(&plan->verdicts[i], &h->guests[i]);
	for (size_t i = 0; in_need && i < plan->n_verdicts; i++)
		if (has_recovered(&plan->verdicts[i], &h->guests[i]))
			plan->verdicts[i].guest.flags |= BALLOOND_GUEST_MAY_SHRINK;
}

uint64_t cool_down_least(const struct verdict *v)
{
	return balloond_add(v->guest.used, COOLING_MARGINS * v->margin);
}
