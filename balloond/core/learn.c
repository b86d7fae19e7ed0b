/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is learned is soft: min and the kernel's floor hold always, this only while the host is
 * normal or tight, and only in nine tenths of the memory that guests share.  Within that every
 * guest first has what it uses, or may not be asked for; what was learned gets the rest, all parts
 * cut alike.  They are cut and not dropped, since dropping would free far more than is short at one
 * byte too much, and take it back at one byte less.
 *
 * What was learned is kept with its time, and its decay is computed from there: many ticks and one
 * long gap come to the same byte. */

#include "balloond/core/learn.h"

#include "balloond/core/guard.h"
#include "balloond/core/pool.h"
#include "balloond/policy-math.h"

/* Above the size that was too small: the least that is worth a lesson, and an eighth of it. */
#define MORE_MIN (64 * BALLOOND_MIB)
#define MORE_DIVISOR 8u
/* Of what lies above the promised floor.  A load that comes once a day finds a sixteenth of what
 * it had taught, one that comes once a shift two fifths. */
#define HALF_LIFE (6 * 3600 * BALLOOND_SECOND)
/* Relief takes time: distress until then is still of the size that taught. */
#define SAME_LESSON (60 * BALLOOND_SECOND)
/* The rest of what guests share stays free of what was learned, so that nobody else's growth has to
 * wait for it. */
#define SHARE_PERMILLE 900u

void learn_forget(struct memory *m)
{
	m->learned = m->shrunk_from = m->distress_sample = 0;
	m->learned_at = 0;
}

void learn_shrunk(struct memory *m, uint64_t size)
{
	m->shrunk_from = balloond_max(m->shrunk_from, size);
}

void learn_crashed(struct memory *m, uint64_t size, usec_t now)
{
	m->learned = size;
	m->learned_at = now;
}

/* A guest that suffers at a size that it had from the start, or that it grew to, suffers from its
 * load: more of it would be learned with every rise. */
static bool was_made_smaller(const struct memory *m, const struct verdict *v)
{
	uint64_t before = balloond_min(m->shrunk_from, v->guest.ceiling);

	return balloond_add(v->guest.actual, guard_dead_band(v->guest.ceiling)) <= before;
}

void learn_take(struct memory *m, const struct verdict *v, usec_t now)
{
	uint64_t size = v->guest.actual, more;
	bool same = v->guest.sample == m->distress_sample;

	if (!(v->proposal.flags & BALLOOND_TARGET_DISTRESS) || v->state != STATE_MANAGED || same)
		return;
	m->distress_sample = v->guest.sample;
	if (m->learned_at != 0 && now - m->learned_at < SAME_LESSON)
		return;
	if (!was_made_smaller(m, v))
		return;
	more = balloond_max(MORE_MIN, size / MORE_DIVISOR);
	m->learned = balloond_min(v->guest.ceiling,
				  balloond_max(v->floor_learned, balloond_add(size, more)));
	m->learned_at = now;
}

/* What is left of it by now; 0 where that is no more than was promised. */
static uint64_t learned_now(const struct memory *m, const struct verdict *v, usec_t now)
{
	uint64_t promised = v->promised, learned = balloond_min(m->learned, v->guest.ceiling);

	if (learned <= promised)
		return 0;
	learned = balloond_ewma(learned, promised, now - m->learned_at, HALF_LIFE);
	return learned - promised >= GUARD_STEP ? learned : 0;
}

/* What the guest would keep without the lesson. */
static uint64_t least(const struct verdict *v)
{
	uint64_t size = v->promised;

	if (v->guest.used != BALLOOND_UNKNOWN)
		size = balloond_max(size, balloond_add(v->guest.used, v->margin));
	if (!(v->guest.flags & BALLOOND_GUEST_MAY_SHRINK))
		size = balloond_max(size, v->guest.target);
	return size;
}

/* The sum of what was learned above what guests keep anyway, and the memory that there is for it.
 */
static uint64_t sum_parts(const struct config *config, const struct history *h,
			  const struct plan *plan, uint64_t *ret_left)
{
	uint64_t capacity = plan->account.pool, kept = 0, parts = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		const struct verdict *v = &plan->verdicts[i];

		if (!verdict_is_steered(v)) {
			capacity = balloond_sub(capacity, v->guest.charge);
			continue;
		}
		kept = balloond_add(kept, pool_charge(&config->host, v, &h->guests[i], least(v)));
		parts = balloond_add(parts, balloond_sub(v->floor_learned, least(v)));
	}
	*ret_left = balloond_sub(balloond_permille(capacity, SHARE_PERMILLE), kept);
	return parts;
}

static void raise_floor(struct verdict *v, uint64_t parts, uint64_t left)
{
	uint64_t kept = least(v), learned = v->floor_learned;

	if (learned > kept && parts > left)
		learned = balloond_add(kept, balloond_mul_div(learned - kept, left, parts));
	v->guest.floor = balloond_max(v->guest.floor, learned);
}

void learn_apply(const struct config *config, const struct history *h, struct plan *plan)
{
	bool any = false;
	uint64_t parts, left;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];

		v->floor_learned = learned_now(&h->guests[i], v, plan->now);
		any = any || v->floor_learned > 0;
	}
	if (!any || plan->account.level >= BALLOOND_LEVEL_LOW)
		return;
	parts = sum_parts(config, h, plan, &left);
	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (verdict_is_steered(&plan->verdicts[i]))
			raise_floor(&plan->verdicts[i], parts, left);
}
