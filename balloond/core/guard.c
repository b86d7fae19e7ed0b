/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Growth and shrinking are not alike.  Shrinking can starve a guest: it is bounded by what the
 * guest uses, by time, and by doubt.  Growth can starve the host: it is bounded by room alone, and
 * memory counts as room only after it was seen to come back (a shrinking guest is charged for what
 * it still has). */

#include "balloond/core/guard.h"

#include "balloond/core/cool-down.h"
#include "balloond/core/demand.h"
#include "balloond/core/divide.h"
#include "balloond/core/pool.h"
#include "balloond/policy-math.h"

#ifdef BALLOOND_TEST
#define IS_ON(config, rule) (!((config)->guards_off & 1u << (rule)))
#else
#define IS_ON(config, rule) ((void)(config), 1)
#endif

static void bind(struct verdict *v, enum guard_rule rule)
{
	v->bound |= 1u << rule;
}

uint64_t guard_dead_band(uint64_t ceiling)
{
	return balloond_max(8 * BALLOOND_MIB, balloond_permille(ceiling, 5));
}

/* Until a guest was seen to swap nothing warns before its OOM killer: half as fast. */
uint64_t guard_rate(const struct config *config, const struct memory *m)
{
	return m->swapped ? config->host.shrink_guest : config->host.shrink_guest / 2;
}

void guard_earn(const struct config *config, struct history *h, usec_t elapsed)
{
	uint64_t rate = config->host.shrink_host;

	h->shrink_credit = balloond_min(rate, balloond_add(h->shrink_credit,
							   balloond_mul_div(rate, elapsed,
									    BALLOOND_SECOND)));
	for (size_t i = 0; i < h->n_guests; i++) {
		struct memory *m = &h->guests[i];

		rate = guard_rate(config, m);
		m->shrink_credit = balloond_min(rate,
						balloond_add(m->shrink_credit,
							     balloond_mul_div(rate, elapsed,
									      BALLOOND_SECOND)));
	}
}

/* What a guest that reports its free pages has free is the host's already; where it is charged by
 * what is resident, less of it would be worth nothing.  Cache is. */
static bool takes_free_only(const struct config *config, const struct verdict *v)
{
	return v->guest.flags & BALLOOND_GUEST_REPORTS_FREE &&
	       config->host.commit == COMMIT_ELASTIC && v->guest.unused != BALLOOND_UNKNOWN &&
	       v->guest.target <= v->guest.ceiling &&
	       balloond_add(v->proposal.bytes, v->guest.unused) >= v->guest.target;
}

/* Which rule it is that bars shrinking; bounds if none does. */
static enum guard_rule barred_by(const struct config *config, const struct verdict *v)
{
	if (v->guest.flags & BALLOOND_GUEST_MAY_SHRINK)
		return takes_free_only(config, v) ? GUARD_NO_GAIN : GUARD_BOUNDS;
	if (v->state == STATE_STUCK)
		return GUARD_STUCK;
	if (v->state == STATE_FUTILE)
		return GUARD_NO_GAIN;
	if (v->state == STATE_HELD || v->state == STATE_FOREIGN)
		return GUARD_HELD;
	if (v->state == STATE_STALE || v->state == STATE_BLIND || v->state == STATE_DISTRUSTED)
		return GUARD_STALE;
	return verdict_is_ordered_up(v) ? GUARD_ORDERED : GUARD_COOL_DOWN;
}

/* The least that a guest is left for what it uses.  Where the host is critical that is what it
 * uses, and less only for guests whose administrator would rather lose them; one that was never
 * seen to swap keeps half of its doubled margin even then. */
static uint64_t needed(const struct verdict *v, uint32_t level)
{
	uint64_t margin = v->margin;

	if (level >= BALLOOND_LEVEL_CRITICAL) {
		if (v->guest.flags & BALLOOND_GUEST_EXPENDABLE)
			return 0;
		margin = v->guest.flags & BALLOOND_GUEST_SWAPPED ? 0 : margin / 2;
	}
	return balloond_add(v->guest.used, margin);
}

/* A guest that thrashes does not get to reporting, so that no policy sees what it needs.  It may
 * have what is to spare, up to its ceiling; of what others need only a tenth more than it used. */
static void relieve(struct verdict *v)
{
	uint64_t used = v->guest.used != BALLOOND_UNKNOWN ? v->guest.used : v->guest.actual;
	uint64_t claim = balloond_add(balloond_add(used, used / 10), v->margin);

	v->proposal.bytes = balloond_max(v->proposal.bytes, v->guest.ceiling);
	v->proposal.claim = balloond_min(claim, v->guest.ceiling); /* a policy left it as it grew */
}

void guard_bound(const struct config *config, uint32_t level, struct verdict *v)
{
	struct balloond_target *p = &v->proposal;
	uint64_t target = v->guest.target, low = 0;
	enum guard_rule bar;

	/* Lent, beyond what it claims: an order takes nothing from others that need it. */
	if (v->source->give_back.on)
		p->bytes = balloond_max(p->bytes, v->guest.ceiling);
	if (IS_ON(config, GUARD_BOUNDS)) {
		low = v->guest.floor;
		if (p->bytes < low || p->bytes > v->guest.ceiling)
			bind(v, GUARD_BOUNDS);
		p->bytes = balloond_clamp(p->bytes, low, balloond_max(low, v->guest.ceiling));
	}
	bar = barred_by(config, v);
	if (v->guest.used != BALLOOND_UNKNOWN && IS_ON(config, GUARD_MARGIN)) {
		uint64_t least = needed(v, level);

		if (p->bytes < least && p->bytes < target)
			bind(v, GUARD_MARGIN);
		low = balloond_max(low, least);
	}
	if (v->guest.flags & BALLOOND_GUEST_COOLING && v->guest.used != BALLOOND_UNKNOWN &&
	    IS_ON(config, GUARD_COOL_DOWN)) {
		uint64_t least = balloond_min(cool_down_least(v), target);

		if (p->bytes < least)
			bind(v, GUARD_COOL_DOWN);
		low = balloond_max(low, least);
	}
	if (bar != GUARD_BOUNDS && IS_ON(config, bar)) {
		if (p->bytes < target)
			bind(v, bar);
		low = balloond_max(low, target);
	}
	if (IS_ON(config, GUARD_STALE))
		low = balloond_max(low, v->kept);
	/* Nor is anything set aside for one that may not grow either. */
	if (bar == GUARD_HELD && IS_ON(config, bar) && p->bytes > target &&
	    !(v->guest.flags & BALLOOND_GUEST_MAY_GROW)) {
		bind(v, bar);
		p->bytes = target;
	}
	if (v->state == STATE_STALE && v->reason == REASON_STARVED)
		relieve(v);
	/* What uses more than its ceiling is left where it is (shrink_goal()): others pay. */
	if (low > v->guest.ceiling)
		low = balloond_max(low, target);
	v->low = balloond_min(low, balloond_max(v->guest.ceiling, target));
	p->bytes = balloond_max(p->bytes, v->low);
	p->claim = balloond_min(p->claim, p->bytes);
}

/* How far below its target v may be put: what the guest must give up counts, from what it has or
 * is asked to have, whichever is less. */
static uint64_t shrink_goal(const struct config *config, const struct account *account,
			    struct verdict *v)
{
	uint64_t goal = balloond_round_up(v->wanted, GUARD_STEP);
	uint64_t band = guard_dead_band(v->guest.ceiling);

	/* One that somebody set need not be whole MiB. */
	if (v->wanted <= v->guest.ceiling)
		goal = balloond_min(goal, v->guest.ceiling);
	if (goal >= v->guest.target)
		return v->guest.target;
	/* A little from each of many guests is no trifle for a host in need. */
	if (IS_ON(config, GUARD_DEAD_BAND) && account->level < BALLOOND_LEVEL_LOW &&
	    v->guest.target - goal < band) {
		if (account->charged <= account->pool) {
			bind(v, GUARD_DEAD_BAND);
			return v->guest.target;
		}
		/* Nor would a pool be exceeded for ever by what is trivial for each. */
		goal = balloond_clamp(balloond_sub(v->guest.target, band),
				      balloond_round_up(v->low, GUARD_STEP), goal);
	}
	/* Every step ends between floor and ceiling; a guest above its ceiling that uses more
	 * than that is left where it is. */
	if (goal > v->guest.ceiling) {
		bind(v, GUARD_BOUNDS);
		return v->guest.target;
	}
	return goal;
}

static uint64_t shrink_from(const struct verdict *v)
{
	return balloond_min(v->guest.target, v->guest.actual);
}

/* What v may give up now, `left` of the host's credit being there.  A target never runs ahead of
 * the balloon by more than a second, and nobody is asked for less than half a second's worth, but
 * for the last bit: each move costs a guest exits and flushes. */
static uint64_t shrink_limit(const struct config *config, const struct memory *m,
			     const struct verdict *v, uint64_t wish, uint64_t left)
{
	uint64_t rate = guard_rate(config, m);
	uint64_t ahead = balloond_sub(v->guest.actual, v->guest.target);
	uint64_t may = balloond_min(m->shrink_credit, balloond_sub(rate, ahead));
	uint64_t least = balloond_min(rate, config->host.shrink_host) / 2;
	uint64_t band = guard_dead_band(v->guest.ceiling);

	may = balloond_min(may, left);
	/* What would be left over must not be so little that the dead band keeps it for ever. */
	if (may < wish && wish - may < band)
		may = balloond_sub(wish, band);
	return may >= balloond_min(wish, least) ? may : 0;
}

static void shrink_one(struct plan *plan, struct history *h, size_t i, uint64_t may, bool spend)
{
	struct verdict *v = &plan->verdicts[i];
	uint64_t from = shrink_from(v), wish = plan->key[i];
	uint64_t to = balloond_round_up(from - balloond_min(wish, may), GUARD_STEP);

	if (from - wish == v->guest.ceiling && may >= wish)
		to = v->guest.ceiling;
	if (to > from - wish)
		bind(v, GUARD_SHRINK_LIMIT);
	if (to >= from)
		return;
	v->target = to;
	if (!spend)
		return;
	h->guests[i].shrink_credit = balloond_sub(h->guests[i].shrink_credit, from - to);
	h->shrink_credit = balloond_sub(h->shrink_credit, from - to);
}

/* Lists who is to give up how much (plan->key), in the order of the largest wish. */
static size_t shrink_wishes(const struct config *config, struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];
		uint64_t goal = shrink_goal(config, &plan->account, v);

		plan->key[i] = 0;
		if (goal >= v->guest.target)
			continue;
		if (goal >= shrink_from(v)) {
			v->target = goal; /* it does not have that much: nothing to give up */
			continue;
		}
		plan->key[i] = shrink_from(v) - goal;
		plan->index[n++] = (uint32_t)i;
	}
	balloond_sort(plan->index, n, plan->key);
	return n;
}

/* Where the host's limit binds, those that have most to give are served first: a few large moves
 * instead of a trickle from every guest. */
void guard_shrink(const struct config *config, struct history *h, struct plan *plan, bool spend)
{
	bool limited = plan->account.level < BALLOOND_LEVEL_LOW &&
		       IS_ON(config, GUARD_SHRINK_LIMIT);
	uint64_t left = limited ? h->shrink_credit : UINT64_MAX;

	for (size_t k = shrink_wishes(config, plan); k-- > 0;) {
		size_t i = plan->index[k];
		struct verdict *v = &plan->verdicts[i];
		uint64_t wish = plan->key[i], had = shrink_from(v);
		uint64_t may = limited ? shrink_limit(config, &h->guests[i], v, wish, left) : wish;

		shrink_one(plan, h, i, may, spend);
		left = balloond_sub(left, balloond_sub(had, v->target));
	}
}

/* What was given back is so to the last bit; as long as there is not room for that, no trifle is
 * worth a move. */
static bool is_last_of_give_back(const struct verdict *v, uint64_t goal)
{
	return v->source->give_back.on && goal == v->guest.ceiling;
}

/* Relief is never trivial: a guest that has nothing left, or less than it was promised. */
static bool is_starving(const struct verdict *v)
{
	return v->guest.target < v->promised ||
	       (v->guest.used != BALLOOND_UNKNOWN &&
		balloond_sub(v->guest.actual, v->guest.used) < v->margin);
}

static uint64_t growth_goal(const struct config *config, struct verdict *v)
{
	uint64_t goal = balloond_round_up(v->wanted, GUARD_STEP);

	if (IS_ON(config, GUARD_BOUNDS))
		goal = balloond_min(goal, v->guest.ceiling);
	if (goal <= v->guest.target || !(v->guest.flags & BALLOOND_GUEST_MAY_GROW))
		return v->guest.target;
	if (IS_ON(config, GUARD_DEAD_BAND) && !is_starving(v) && !is_last_of_give_back(v, goal) &&
	    goal - v->guest.target < guard_dead_band(v->guest.ceiling)) {
		bind(v, GUARD_DEAD_BAND);
		return v->guest.target;
	}
	return goal;
}

static bool memory_is_on_its_way(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (plan->verdicts[i].guest.actual != BALLOOND_UNKNOWN &&
		    plan->verdicts[i].guest.actual > plan->verdicts[i].target)
			return true;
	return false;
}

/* Cuts the growth of all so that their charges rise by no more than the pool has left. */
static void fit_pool(const struct config *config, const struct history *h, struct plan *plan,
		     size_t n)
{
	uint64_t capacity = balloond_sub(plan->account.pool, plan->account.charged);

	for (size_t k = 0; k < n; k++) {
		const struct verdict *v = &plan->verdicts[plan->index[k]];
		uint64_t size = balloond_max(v->target, v->guest.actual);

		plan->fill[k] = (struct balloond_fill){
			.low = v->guest.charge,
			.high = pool_charge(&config->host, v, &h->guests[plan->index[k]], size),
			.weight = v->guest.shares,
		};
		capacity = balloond_add(capacity, v->guest.charge);
	}
	divide_by_shares(plan->fill, n, capacity);
	for (size_t k = 0; k < n; k++) {
		struct verdict *v = &plan->verdicts[plan->index[k]];
		uint64_t fits = balloond_sub(plan->fill[k].size, v->overhead);

		if (plan->fill[k].size < plan->fill[k].high)
			v->target = balloond_clamp(fits, balloond_min(v->target, v->guest.actual),
						   v->target);
	}
}

/* Cuts it again so that the machine could bear it if all of it was touched at once. */
static void fit_machine(struct plan *plan, size_t n)
{
	uint64_t capacity = plan->account.free;

	for (size_t k = 0; k < n; k++) {
		const struct verdict *v = &plan->verdicts[plan->index[k]];
		uint64_t has = balloond_max(v->guest.target, v->guest.actual);

		plan->fill[k] = (struct balloond_fill){
			.low = has,
			.high = balloond_max(has, v->target),
			.weight = v->guest.shares,
		};
		capacity = balloond_add(capacity, has);
	}
	divide_by_shares(plan->fill, n, capacity);
	for (size_t k = 0; k < n; k++) {
		struct verdict *v = &plan->verdicts[plan->index[k]];

		v->target = balloond_min(v->target, plan->fill[k].size);
	}
}

void guard_grow(const struct config *config, const struct history *h, struct plan *plan)
{
	enum guard_rule short_of = memory_is_on_its_way(plan) ? GUARD_FREE_FIRST : GUARD_ROOM;
	size_t n = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];
		uint64_t goal = growth_goal(config, v);

		if (goal <= v->guest.target)
			continue;
		v->target = goal;
		plan->index[n++] = (uint32_t)i;
	}
	if (IS_ON(config, GUARD_FREE_FIRST))
		fit_pool(config, h, plan, n);
	if (IS_ON(config, GUARD_ROOM))
		fit_machine(plan, n);
	for (size_t k = 0; k < n; k++) {
		struct verdict *v = &plan->verdicts[plan->index[k]];
		uint64_t goal = growth_goal(config, v);

		if (v->target >= goal)
			continue;
		bind(v, short_of);
		v->target = balloond_max(v->guest.target, v->target / GUARD_STEP * GUARD_STEP);
		plan->account.short_by += goal - v->target;
	}
}
