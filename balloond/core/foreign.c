/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Three figures say where a balloon can be: the size that it had at the last sweep, and the least
 * and the most of what may still be on its way to it.  A target is on its way until the hypervisor
 * has taken a newer one and told the sizes since: QEMU tells one a second, the last of that second
 * at its end.
 *
 *   below     nothing but an order makes a balloon grow: somebody gave one, and it is the new
 *             ceiling at once
 *   above     the guest may have taken memory back to live (deflate-on-OOM), which is relieved; if
 *             it rests on one size for three samples and is not in need, somebody set that
 *
 * Nothing is concluded from a size that has not rested since the guest booted, stood still or was
 * moved, since balloond met it, or since its maximum changed: the size from before may come late,
 * and an order from before may still be carried out. */

#include "balloond/core/foreign.h"

#include "balloond/core/guard.h"
#include "balloond/policy-math.h"

/* Drivers stop at their own granularity. */
#define SAME (4 * BALLOOND_MIB)
/* After an order was taken the sizes on the way to the one before are told for a second, and come
 * with the sweep after that. */
#define TOLD_WITHIN (2 * BALLOOND_SECOND + BALLOOND_SECOND / 2)
/* Longer than a slow balloon stands still between two steps; as core/progress.c has it. */
#define RESTS (10 * BALLOOND_SECOND)
/* Without the hypervisor's word on it, an order has come by then: so long may a call take. */
#define ARRIVED (15 * BALLOOND_SECOND)
#define SAMPLES 3u
/* A size that never rests is made by the guest itself. */
#define WATCHED_MAX (30 * BALLOOND_SECOND)
/* A second: programs that begin fault less. */
#define FAULTS_MIN 64u

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static bool same(uint64_t a, uint64_t b)
{
	return distance(a, b) <= SAME;
}

void foreign_ask(struct memory *m, uint64_t target)
{
	struct foreign_memory *f = &m->foreign;

	f->low = balloond_min(f->low, target);
	f->high = balloond_max(f->high, target);
	f->told = target;
	f->told_at = 0;
	f->is_own = true;
}

void foreign_begin_boot(struct memory *m)
{
	m->foreign.is_settled = false;
	m->foreign.watched = 0;
	m->foreign.until = 0;
}

/* A size at which the balloon has arrived: what a definition may be found to say later. */
static void remember_own(struct foreign_memory *f)
{
	uint64_t last = f->own[0];

	if (!f->is_own || last == f->told)
		return;
	for (size_t i = FOREIGN_OWN - 1; i > 0; i--)
		f->own[i] = f->own[i - 1];
	f->own[0] = f->told;
}

static void note_answer(struct foreign_memory *f, const struct guest *g, usec_t now)
{
	if (f->told_at == 0 && g->outcome.kind == OUTCOME_ASKED && g->outcome.bytes == f->told)
		f->told_at = now;
}

/* What was on its way has arrived, or never will. */
static void narrow(struct memory *m, const struct guest *g)
{
	struct foreign_memory *f = &m->foreign;
	usec_t rest = balloond_sub(g->swept, m->moved);

	if (same(m->actual, f->told) && rest >= TOLD_WITHIN)
		remember_own(f);
	if ((f->told_at != 0 && balloond_sub(g->swept, f->told_at) >= TOLD_WITHIN) ||
	    (same(m->actual, f->told) && rest >= ARRIVED))
		f->low = f->high = f->told;
}

/* The size is what is asked for, whoever did. */
static void follow(struct memory *m, usec_t now)
{
	m->target = m->actual;
	m->asked = false;
	m->gap = 0;
	m->progressed = now;
	m->foreign.watched = 0;
}

/* Nothing of balloond's is on its way, but for a call that the hypervisor has not answered. */
static void take_over(struct memory *m, usec_t now)
{
	struct foreign_memory *f = &m->foreign;

	follow(m, now);
	if (f->told_at == 0 && f->is_own) {
		f->low = balloond_min(f->low, m->actual);
		f->high = balloond_max(f->high, m->actual);
	} else {
		f->low = f->high = m->actual;
	}
	f->told = m->actual;
	f->is_own = false;
}

/* Whatever it has now is where the next look begins. */
static void settle(struct memory *m)
{
	struct foreign_memory *f = &m->foreign;

	f->is_settled = true;
	f->low = balloond_min(m->target, m->actual);
	f->high = balloond_max(m->target, m->actual);
	f->told = m->target;
}

static enum foreign set_smaller(struct memory *m, const struct foreign_look *look)
{
	take_over(m, look->now);
	m->foreign.ceiling = m->actual;
	m->foreign.is_smaller = true;
	m->foreign.until = look->now + look->quiet;
	return FOREIGN_SET;
}

/* Had its driver made it larger after all, it could still go back to what it was told before. */
static enum foreign set_larger(struct memory *m, const struct guest *g,
			       const struct foreign_look *look)
{
	uint64_t told = m->foreign.told;

	take_over(m, look->now);
	if (g->facts & GUEST_AUTODEFLATE) {
		m->foreign.low = balloond_min(m->foreign.low, told);
		m->foreign.told_at = 0;
	}
	if (m->foreign.ceiling != 0 && m->foreign.ceiling < m->actual)
		m->foreign.ceiling = m->actual;
	m->foreign.is_smaller = false;
	m->foreign.until = look->now + look->quiet;
	return FOREIGN_SET;
}

static bool is_in_need(const struct memory *m)
{
	uint64_t faults = m->major_faults.rate;

	return m->used != BALLOOND_UNKNOWN &&
	       (m->starved || (faults != BALLOOND_UNKNOWN && faults >= FAULTS_MIN));
}

/* Its driver takes memory back by itself: the hypervisor has to be told, or it goes on. */
static enum foreign cry(struct memory *m, const struct guest *g, const struct foreign_look *look)
{
	m->distress = look->now;
	if (g->facts & GUEST_AUTODEFLATE) {
		follow(m, look->now);
		return FOREIGN_CRY;
	}
	take_over(m, look->now);
	return FOREIGN_SET;
}

static void begin_watch(struct memory *m, const struct guest *g)
{
	struct foreign_memory *f = &m->foreign;

	if (f->watched == 0)
		f->watched_since = g->swept;
	f->watched = m->actual;
	f->rests_since = g->swept;
	f->sample = m->sample;
	f->n_samples = 0;
}

/* virtio-mem's own moves look like the balloon's until the definition has been read anew. */
static enum foreign confirm_smaller(struct memory *m, const struct guest *g,
				    const struct foreign_look *look)
{
	struct foreign_memory *f = &m->foreign;

	if (!(g->facts & GUEST_ELASTIC))
		return set_smaller(m, look);
	if (f->watched == 0 || !same(m->actual, f->watched))
		begin_watch(m, g);
	if (m->sample != f->sample) {
		f->sample = m->sample;
		f->n_samples++;
	}
	return f->n_samples >= SAMPLES || g->swept - f->rests_since >= RESTS ? set_smaller(m, look)
									     : FOREIGN_WATCHED;
}

/* Larger than anything that was asked for. */
static enum foreign watch(struct memory *m, const struct guest *g, const struct foreign_look *look)
{
	struct foreign_memory *f = &m->foreign;
	bool deflates = g->facts & GUEST_AUTODEFLATE, is_first = f->watched == 0;

	if (is_first || !same(m->actual, f->watched))
		begin_watch(m, g);
	/* What it took may be enough already: what it said before that counts as well. */
	if (is_first && deflates &&
	    (m->used == BALLOOND_UNKNOWN || is_in_need(m) || f->was_in_need))
		return cry(m, g, look);
	if (m->sample != f->sample) {
		f->sample = m->sample;
		if (is_in_need(m))
			return cry(m, g, look);
		if (++f->n_samples >= SAMPLES)
			return set_larger(m, g, look);
	}
	if (deflates && g->swept - f->watched_since >= WATCHED_MAX)
		return cry(m, g, look);
	/* It says nothing. */
	if (g->swept - f->rests_since >= RESTS)
		return deflates ? cry(m, g, look) : set_larger(m, g, look);
	return FOREIGN_WATCHED;
}

/* Nothing can be concluded from its size, or nobody wants that. */
static bool is_exempt(struct memory *m, const struct guest *g, const struct foreign_look *look)
{
	struct foreign_memory *f = &m->foreign;
	bool is_other = g->seen.maximum != f->maximum;

	f->maximum = g->seen.maximum;
	return look->is_exempt || look->is_owned || is_other || m->actual == BALLOOND_UNKNOWN ||
	       (look->promise && look->promise->foreign == FOREIGN_IGNORE);
}

static void leave_alone(struct memory *m, const struct foreign_look *look)
{
	struct foreign_memory *f = &m->foreign;

	if (look->is_owned && m->actual != BALLOOND_UNKNOWN) {
		follow(m, look->now);
		f->ceiling = 0;
		f->until = 0;
	}
	f->is_settled = false;
	f->watched = 0;
	f->exempt = look->now;
}

/* Where it is, against where it can be. */
static enum foreign compare(struct memory *m, const struct guest *g,
			    const struct foreign_look *look)
{
	struct foreign_memory *f = &m->foreign;
	uint64_t band = guard_dead_band(look->ceiling), low, high;

	low = f->watched != 0 ? f->low : balloond_min(f->low, m->previous_actual);
	high = f->watched != 0 ? f->high : balloond_max(f->high, m->previous_actual);
	if (balloond_add(m->actual, band) < low)
		return confirm_smaller(m, g, look);
	if (m->actual > balloond_add(high, band))
		return watch(m, g, look);
	f->watched = 0;
	return FOREIGN_NONE;
}

enum foreign foreign_observe(struct memory *m, const struct guest *g,
			     const struct foreign_look *look)
{
	struct foreign_memory *f = &m->foreign;
	enum foreign result = FOREIGN_NONE;

	note_answer(f, g, look->now);
	if (is_exempt(m, g, look)) {
		leave_alone(m, look);
	} else if (f->is_settled) {
		narrow(m, g);
		result = compare(m, g, look);
	} else if (balloond_sub(g->swept, balloond_max(m->moved, f->exempt)) >= RESTS) {
		settle(m);
	}
	f->was_in_need = is_in_need(m);
	return result;
}

bool foreign_holds(const struct memory *m, usec_t now, enum reason *ret)
{
	const struct foreign_memory *f = &m->foreign;

	if (f->watched == 0 && f->until <= now)
		return false;
	if (f->watched != 0)
		*ret = REASON_FOREIGN_WATCHED;
	else
		*ret = f->is_smaller ? REASON_FOREIGN_SMALLER : REASON_FOREIGN_LARGER;
	return true;
}
