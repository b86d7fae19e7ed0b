/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Taken is what a guest would have without balloond, less its shadow.  Without balloond it has what
 * it was sold; in a dry run that is what it has.
 *
 * Below demand is, in a dry run, a sample that says that the guest uses more than its shadow.  A
 * guest that is really held down never shows that, since it cannot use what it does not have: there
 * it is distress, swapping in or taking memory back by itself, while something of it is taken. */

#include "balloond/core/tally.h"

#include "balloond/core/guard.h"
#include "balloond/policy-math.h"

static uint64_t without_balloond(const struct verdict *v, bool dry_run)
{
	uint64_t sold = v->source->sold != BALLOOND_UNKNOWN ? v->source->sold : v->guest.maximum;

	return dry_run ? v->guest.actual : balloond_min(sold, v->guest.maximum);
}

static void begin(struct memory *m, const struct verdict *v)
{
	m->shadow = (struct shadow){
		.follows = true,
		.size = v->guest.actual,
		.sample = m->sample,
		.distress = m->distress,
		.tally = m->shadow.tally,
	};
}

/* The time since the last sample is judged by this one. */
static void compare(const struct memory *m, uint64_t taken, bool dry_run, struct shadow *s)
{
	bool distress = m->distress != 0 && m->distress != s->distress;
	uint64_t shortfall = dry_run ? balloond_sub(m->used, s->size) : 0;
	bool is_below = dry_run ? shortfall > 0 : distress && taken > 0;
	struct tally *t = &s->tally;

	t->known = balloond_add(t->known, s->pending);
	if (is_below) {
		t->below = balloond_add(t->below, s->pending);
		t->episodes = balloond_add(t->episodes, !s->is_below);
		t->shortfall = balloond_max(t->shortfall, shortfall);
	}
	s->is_below = is_below;
	s->pending = 0;
	s->sample = m->sample;
	s->distress = m->distress;
}

/* The time since the last plan, with the shadow that it left.  Returns what was taken meanwhile. */
static uint64_t count(struct memory *m, const struct verdict *v, usec_t elapsed, bool dry_run)
{
	struct shadow *s = &m->shadow;
	struct tally *t = &s->tally;
	uint64_t taken = balloond_sub(without_balloond(v, dry_run), s->size);

	t->watched = balloond_add(t->watched, elapsed);
	t->taken = balloond_add(t->taken, balloond_mul_div(taken, elapsed, BALLOOND_MIB));
	t->taken_most = balloond_max(t->taken_most, taken);
	if (v->state != STATE_MANAGED) { /* nobody knows what it uses */
		s->is_below = false;
		s->pending = 0;
		return taken;
	}
	s->pending = balloond_add(s->pending, elapsed);
	if (m->sample != s->sample)
		compare(m, taken, dry_run, s);
	return taken;
}

/* Where the plan leads a guest of the shadow's size.  The plan was made for its size of today; one
 * that leaves that as it is says nothing of how far up the shadow should go, but for what the guest
 * needs. */
static uint64_t shadow_goal(const struct verdict *v, uint64_t shadow)
{
	uint64_t today = v->guest.target, need = 0;

	if (v->wanted > today)
		return balloond_max(today, v->target);
	if (v->wanted < today)
		return v->wanted;
	if (v->asked && v->guest.flags & BALLOOND_GUEST_MAY_SHRINK)
		need = v->proposal.bytes; /* commit elastic: above what it proposes there is room */
	else if (v->guest.flags & BALLOOND_GUEST_MAY_GROW && v->guest.used != BALLOOND_UNKNOWN)
		need = balloond_add(v->guest.used, v->margin); /* the guard lifted the proposal */
	return balloond_max(shadow, balloond_min(need, today));
}

/* As guard_shrink() and guard_grow() would have it. */
static uint64_t move(const struct config *config, const struct memory *m, const struct verdict *v,
		     usec_t elapsed, bool limited)
{
	uint64_t size = m->shadow.size, ceiling = v->guest.ceiling;
	uint64_t goal = balloond_round_up(shadow_goal(v, size), GUARD_STEP);
	uint64_t band = guard_dead_band(ceiling), may = UINT64_MAX;

	if (goal >= size)
		return balloond_min(goal, balloond_max(size, ceiling));
	if (size - goal < band || goal > ceiling)
		return size;
	if (limited)
		may = balloond_mul_div(guard_rate(config, m), elapsed, BALLOOND_SECOND);
	if (may < size - goal && size - goal - may < band)
		may = balloond_sub(size - goal, band);
	return size - balloond_min(may, size - goal);
}

static void count_host(struct host_tally *t, const struct account *a, usec_t elapsed,
		       uint64_t taken)
{
	t->watched = balloond_add(t->watched, elapsed);
	t->taken = balloond_add(t->taken, balloond_mul_div(taken, elapsed, BALLOOND_MIB));
	t->taken_most = balloond_max(t->taken_most, taken);
	t->pool = balloond_max(t->pool, a->pool);
	t->charged_most = balloond_max(t->charged_most, a->charged);
	t->level = balloond_max(t->level, a->level);
}

void tally_take(const struct config *config, struct history *h, const struct plan *plan,
		bool dry_run)
{
	usec_t elapsed = h->now ? plan->now - h->now : 0;
	bool anew = h->tally.dry_run != dry_run, limited = plan->account.level < BALLOOND_LEVEL_LOW;
	uint64_t taken = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		const struct verdict *v = &plan->verdicts[i];
		struct memory *m = &h->guests[i];

		if (anew || v->state == STATE_BOOTING)
			m->shadow.follows = false;
		if (!verdict_is_steered(v))
			continue;
		if (m->shadow.follows)
			taken = balloond_add(taken, count(m, v, elapsed, dry_run));
		else
			begin(m, v);
		m->shadow.size = dry_run ? move(config, m, v, elapsed, limited) : v->guest.actual;
	}
	h->tally.dry_run = dry_run;
	count_host(&h->tally, &plan->account, elapsed, taken);
}

void tally_restart(struct history *h)
{
	for (size_t i = 0; i < h->n_guests; i++)
		h->guests[i].shadow.tally = (struct tally){ 0 };
	h->tally = (struct host_tally){ .dry_run = h->tally.dry_run };
}
