/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Guests in motion, or near their size, are hot: a fresh sample of theirs must not wait.  The
 * others are calm.  What the budget pays for is spent in this order:
 *
 *   every calm guest each 15 s       it must not be forgotten
 *   every hot guest 4 times a second stretched evenly where that is too much
 *   every calm guest each second     stretched evenly where that is too much
 *
 * Sweeps come at even times of the clock, so that a plan in between (an event, an order) puts none
 * off.  Each guest is read an interval after it was last due, so that an interval which is no
 * multiple of the time between sweeps is kept on the average.  Guests that turn hot or calm
 * together would stay together for ever: once, an interval is cut to the guest's own place in it.
 * Places are multiples of the golden ratio: any number of guests that came one after the other lies
 * evenly. */

#include "balloond/core/sampling.h"

#include "balloond/core/demand.h"
#include "balloond/policy-math.h"

/* While nobody is hot: what is resident is looked at this often. */
#define WAKE_CALM (BALLOOND_SECOND / 2)
/* Nothing that could be steered. */
#define WAKE_IDLE (5 * BALLOOND_SECOND)
/* Growth, and the first look at a guest, are followed for this long. */
#define FOLLOWED (5 * BALLOOND_SECOND)
#define DISTRESS (60 * BALLOOND_SECOND)
/* Until one was measured: a reading costs 0.3 to 2 ms (libvirt, QEMU under KVM and emulated). */
#define COST_GUESS 500u
/* A sweep that ends so long after a reading was due is the one that it was due for. */
#define LATE BALLOOND_SECOND
#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

/* Of a guest that turned hot or calm. */
enum stage {
	STAGE_AT_ONCE, /* it turned hot: nobody waits for its place */
	STAGE_PLACE,   /* next it is read at its place */
	STAGE_WHOLE,   /* an interval after it was due */
};

uint64_t sampling_growth(uint64_t maximum)
{
	return demand_margin(maximum, true) / 2;
}

static bool is_near(const struct verdict *v, const struct memory *m)
{
	uint64_t left = balloond_sub(v->guest.actual, m->used);

	return m->used != BALLOOND_UNKNOWN && v->guest.actual != BALLOOND_UNKNOWN &&
	       left < balloond_max(2 * v->margin, balloond_add(m->burst, m->burst));
}

static bool is_within(usec_t since, usec_t length, usec_t now)
{
	return since != 0 && now - since < length;
}

/* What the plan has just asked for is in m already. */
static uint32_t heat(const struct verdict *v, const struct memory *m, usec_t now)
{
	uint32_t hot = 0;

	if (v->matched && v->state == STATE_BOOTING)
		return HOT_BOOTING;
	if (!verdict_is_steered(v) || v->source->facts & GUEST_LOST)
		return 0;
	if (is_near(v, m))
		hot |= HOT_NEAR;
	if (is_within(m->grown, FOLLOWED, now))
		hot |= HOT_GROWING;
	if (is_within(m->rose, FOLLOWED, now))
		hot |= HOT_ROSE;
	if (m->asked || m->foreign.watched != 0)
		hot |= HOT_MOVING;
	if (is_within(m->distress, DISTRESS, now))
		hot |= HOT_DISTRESS;
	if (is_within(m->first_seen, FOLLOWED, now))
		hot |= HOT_NEW;
	return hot;
}

/* So many guests share a rate, in readings per 1000 s. */
static usec_t spread(uint64_t n, uint64_t rate, usec_t least, usec_t most)
{
	if (rate == 0)
		return n > 0 ? most : least;
	return balloond_clamp(balloond_mul_div(n, 1000 * BALLOOND_SECOND, rate), least, most);
}

static uint64_t rate_of(uint64_t n, usec_t interval)
{
	return balloond_mul_div(n, 1000 * BALLOOND_SECOND, interval);
}

/* Readings per 1000 s that the budget pays for. */
static uint64_t budget_rate(const struct config *config, const struct host *host)
{
	uint64_t cost = host->sample_cost > 0 ? host->sample_cost : COST_GUESS;

	if (config->libvirt_budget == 0)
		return UINT64_MAX;
	return balloond_mul_div(config->libvirt_budget, BALLOOND_SECOND, cost);
}

static void choose_intervals(uint64_t rate, uint64_t n_all, struct sampling *s)
{
	uint64_t n_calm = n_all - s->n_hot, left;

	left = balloond_sub(rate, rate_of(n_calm, SAMPLING_CALM_MOST));
	s->hot_interval = spread(s->n_hot, left, SAMPLING_HOT, SAMPLING_HOT_MOST);
	left = balloond_sub(rate, rate_of(s->n_hot, s->hot_interval));
	s->calm_interval = spread(n_calm, left, SAMPLING_CALM, SAMPLING_CALM_MOST);
	s->reads = rate_of(s->n_hot, s->hot_interval) + rate_of(n_calm, s->calm_interval);
}

/* Upper half of multiples of 1 << 64 over the golden ratio. */
static void give_place(struct history *h, struct rota *r)
{
	if (r->place != 0)
		return;
	h->last_place += GOLDEN;
	r->place = (h->last_place >> 32) + 1;
}

static usec_t due_time(const struct rota *r)
{
	switch ((enum stage)r->stage) {
	case STAGE_AT_ONCE:
		return 0;
	case STAGE_PLACE:
		return r->since + (r->every * r->place >> 32);
	case STAGE_WHOLE:
		break;
	}
	return r->since + r->every;
}

/* Takes note that it was read, and whether it is hot now. */
static void follow(struct rota *r, usec_t swept, bool hot)
{
	bool is_new = r->every == 0;
	usec_t due = due_time(r);

	if (swept != r->swept) {
		/* One that an event called for was before its time. */
		r->since = due <= swept && swept - due < LATE ? due
							      : swept / SAMPLING_HOT * SAMPLING_HOT;
		r->stage = r->stage == STAGE_AT_ONCE ? STAGE_PLACE : STAGE_WHOLE;
		r->swept = swept;
	}
	if (is_new || r->hot != hot)
		r->stage = hot && !is_new ? STAGE_AT_ONCE : STAGE_PLACE;
	r->hot = hot;
}

static usec_t next_sweep(const struct sampling *s, bool steering, usec_t now)
{
	usec_t grid = s->n_hot > 0 ? SAMPLING_HOT : steering ? WAKE_CALM : WAKE_IDLE;

	return (now / grid + 1) * grid;
}

void sampling_choose(const struct config *config, const struct snapshot *s, struct history *h,
		     struct plan *plan)
{
	struct sampling *sampling = &plan->sampling;
	bool steering = false;
	usec_t at;

	*sampling = (struct sampling){ .is_chosen = true };
	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];
		struct rota *r = &h->guests[i].reading;

		v->hot = heat(v, &h->guests[i], plan->now);
		give_place(h, r);
		follow(r, v->source->swept, v->hot != 0);
		sampling->n_hot += v->hot != 0;
		steering = steering || verdict_is_steered(v);
	}
	choose_intervals(budget_rate(config, &s->host), plan->n_verdicts, sampling);
	at = next_sweep(sampling, steering, plan->now);
	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct rota *r = &h->guests[i].reading;

		r->every = r->hot ? sampling->hot_interval : sampling->calm_interval;
		plan->verdicts[i].due = due_time(r) <= at;
	}
	plan->next_wake = at - plan->now;
}
