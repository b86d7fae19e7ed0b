/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The checks are few, and such that no honest guest fails them for long:
 *
 *   impossible   more in total than the machine was ever given; more usable, unused or cached than
 *                in total; far more unused than usable; a counter that rises faster than memory can
 *                be copied
 *   untouched    it uses, for a minute on end, a quarter of its maximum more than its process has
 *                touched and the host has swapped out.  The opposite proves nothing: what is free
 * or cached was touched as well
 *
 * A size that is smaller than what is usable proves nothing either: it is QEMU's, which keeps it
 * over a reset.  Nor does a total that is too large for the size: with deflate-on-OOM, and under
 * Windows, it never falls.
 *
 * Who is not believed keeps what it had when that began, or what its entry says in so many words.
 * It may have more, up to its share of the pool, but that is lent: what others need comes first,
 * and its policy is not asked.  It is charged for what the host sees of it (core/pool.c): by
 * its ceiling it would take room from the others without having it, and a lie would starve them (a
 * fifth of all need in tests/sim/scenarios/liars.yaml).  Where it was right after all, it has lost
 * nothing. */

#include "balloond/core/trust.h"

#include "balloond/policy-math.h"

/* A guest may see a little more than its domain has: firmware tables, a DIMM on its way. */
#define TOTAL_SLACK (64 * BALLOOND_MIB)
/* Of what is unused a kernel keeps a reserve, which is not usable; beyond what is touched there are
 * pools of huge pages, crash kernels, zeroes that a migration left out. */
#define SLACK_MIN (256 * BALLOOND_MIB)
#define SLACK_DIVISOR 4u
#define UNTOUCHED_FOR (60 * BALLOOND_SECOND)
/* Nothing is swapped or faulted in faster, zram included. */
#define RATE_MOST (64 * BALLOOND_GIB)
/* A few bad samples may be a driver that has just resumed. */
#define DOUBTS 10u
#define DOUBTS_FOR (600 * BALLOOND_SECOND)
/* Whoever begs looks honest once its page cache has touched what it was given. */
#define LOST_FOR (24 * 3600 * BALLOOND_SECOND)

static uint64_t slack(uint64_t maximum)
{
	return balloond_max(SLACK_MIN, maximum / SLACK_DIVISOR);
}

static bool limit(uint64_t *x, uint64_t most)
{
	if (*x == BALLOOND_UNKNOWN || most == BALLOOND_UNKNOWN || *x <= most)
		return false;
	*x = BALLOOND_UNKNOWN;
	return true;
}

static bool at_least(uint64_t *x, uint64_t least)
{
	if (*x >= least)
		return false;
	*x = BALLOOND_UNKNOWN;
	return true;
}

uint32_t trust_check_figures(struct balloond_guest *seen, uint64_t maximum)
{
	uint64_t most = maximum == BALLOOND_UNKNOWN ? maximum : balloond_add(maximum, TOTAL_SLACK);
	bool wrong = limit(&seen->total, most);

	if (seen->total != BALLOOND_UNKNOWN)
		most = seen->total;
	wrong |= limit(&seen->usable, most);
	wrong |= limit(&seen->unused, most);
	wrong |= limit(&seen->caches, most);
	if (seen->unused != BALLOOND_UNKNOWN && maximum != BALLOOND_UNKNOWN)
		wrong |= at_least(&seen->usable, balloond_sub(seen->unused, slack(maximum)));
	return wrong ? GUEST_IMPOSSIBLE : 0;
}

uint32_t trust_check_touched(const struct balloond_guest *seen, uint64_t touched)
{
	uint64_t holds = seen->actual;

	if (touched == BALLOOND_UNKNOWN || seen->usable == BALLOOND_UNKNOWN ||
	    seen->actual == BALLOOND_UNKNOWN || seen->maximum == BALLOOND_UNKNOWN)
		return 0;
	/* What its kernel never counts need not be touched. */
	if (seen->total != BALLOOND_UNKNOWN)
		holds = balloond_min(holds, seen->total);
	return balloond_sub(holds, seen->usable) > balloond_add(touched, slack(seen->maximum))
		       ? GUEST_UNTOUCHED
		       : 0;
}

bool trust_is_absurd(const struct counter *counter, uint64_t reading, uint64_t bytes_each,
		     usec_t elapsed)
{
	if (reading == BALLOOND_UNKNOWN || counter->last == BALLOOND_UNKNOWN || elapsed == 0)
		return false;
	return balloond_sub(reading, counter->last) >
	       balloond_mul_div(RATE_MOST / bytes_each, elapsed, BALLOOND_SECOND);
}

static void doubt(struct memory *m, usec_t now, bool impossible)
{
	struct trust *t = &m->trust;

	t->doubts = impossible ? balloond_min(t->doubts + 1, DOUBTS) : DOUBTS;
	t->doubted = now;
	t->impossible = impossible;
	if (t->doubts == DOUBTS && t->lost == 0)
		t->lost = now;
}

void trust_observe(struct memory *m, const struct guest *g, bool absurd)
{
	struct trust *t = &m->trust;
	bool impossible = absurd || g->facts & GUEST_IMPOSSIBLE;
	bool untouched = g->facts & GUEST_UNTOUCHED;

	/* What it got by a lie is not its own. */
	if (t->doubts == 0 && t->untouched == 0 && (impossible || untouched))
		t->kept = m->target;
	if (!untouched)
		t->untouched = 0;
	else if (t->untouched == 0)
		t->untouched = g->swept;
	if (impossible)
		doubt(m, g->swept, true);
	else if (untouched && g->swept - t->untouched >= UNTOUCHED_FOR)
		doubt(m, g->swept, false);
	else if (t->doubts > 0 && g->swept - t->doubted >= (t->lost != 0 ? LOST_FOR : DOUBTS_FOR))
		*t = (struct trust){ .untouched = t->untouched, .kept = t->kept };
}

enum reason trust_reason(const struct memory *m)
{
	return m->trust.impossible ? REASON_IMPOSSIBLE : REASON_UNTOUCHED;
}

void trust_disregard(const struct memory *m, bool floor_is_enough, struct verdict *v)
{
	struct balloond_guest *g = &v->guest;

	g->used = g->total = g->usable = g->unused = g->caches = BALLOOND_UNKNOWN;
	g->swap_in = g->swap_out = g->major_faults = BALLOOND_UNKNOWN;
	v->kept = floor_is_enough ? 0 : balloond_min(m->target, m->trust.kept);
}

/* By shares, of all that is divided. */
static uint64_t share_of(const struct plan *plan, const struct verdict *v)
{
	uint64_t shares = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (verdict_is_steered(&plan->verdicts[i]))
			shares = balloond_add(shares, plan->verdicts[i].guest.shares);
	if (shares == 0)
		return 0;
	return balloond_sub(balloond_mul_div(plan->account.pool, v->guest.shares, shares),
			    v->overhead);
}

static void propose(const struct plan *plan, struct verdict *v)
{
	bool may_shrink = v->guest.flags & BALLOOND_GUEST_MAY_SHRINK;
	uint64_t keeps = may_shrink ? v->kept : v->guest.target;

	keeps = balloond_max(keeps, v->guest.floor);
	v->proposal.bytes = balloond_max(keeps, balloond_min(share_of(plan, v), v->guest.ceiling));
	v->proposal.claim = keeps;
}

void trust_propose(const struct history *h, struct plan *plan)
{
	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];
		const struct trust *t = &h->guests[i].trust;

		if (!verdict_is_steered(v))
			continue;
		if (v->state == STATE_DISTRUSTED)
			propose(plan, v);
		else if (t->untouched != 0)
			v->proposal.claim = balloond_min(v->proposal.claim,
							 balloond_max(t->kept, v->guest.floor));
	}
}
