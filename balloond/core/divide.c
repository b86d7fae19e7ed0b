/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tiers a guest, each at least the one before:
 *
 *   least      the least that the guard lets it have now
 *   used       what it uses; less only where the administrator would rather lose it than others
 *   claim      what its policy says that it needs
 *   swapped    where the host is low and has swapped parts of it out: all that it has, because
 *              inflating it would bring them back in first; others pay before it does
 *   proposal   what its policy proposes; what lies above the claim is lent.  Where the host is
 *              tight, nothing more is lent than it has
 *   size       commit elastic alone: its size of today, so that nobody is shrunk while the pool
 *              has room
 *
 * The highest tier that fits in full is given to all; what is left of the pool is divided among
 * the next one by weighted max-min on shares over all guests.  What is above the claims stops 2 %
 * short of the pool, so that lending alone never makes a host tight.
 *
 * A machine that is short takes back what was lent; claims are touched only where it is critical.
 * An overbooked pool is nobody's fault among the guests: they keep their claims. */

#include "balloond/core/divide.h"

#include "balloond/core/guard.h"
#include "balloond/core/level.h"
#include "balloond/core/pool.h"
#include "balloond/policy-math.h"

enum tier { TIER_LEAST, TIER_USED, TIER_CLAIM, TIER_SWAPPED, TIER_PROPOSAL, TIER_SIZE };

static bool is_swapped_out(const struct verdict *v)
{
	return v->source->host_swap != BALLOOND_UNKNOWN && v->source->host_swap > v->margin;
}

/* Its size of today, as far as it may have that. */
static uint64_t today(const struct verdict *v)
{
	return balloond_min(v->guest.target, v->guest.ceiling);
}

static uint64_t proposal_size(const struct plan *plan, const struct verdict *v)
{
	uint64_t most = balloond_max(v->proposal.claim, v->guest.target);

	return plan->account.level >= BALLOOND_LEVEL_TIGHT ? balloond_min(v->proposal.bytes, most)
							   : v->proposal.bytes;
}

static uint64_t tier_size(const struct config *config, const struct plan *plan,
			  const struct verdict *v, enum tier tier)
{
	uint64_t size = v->low;
	bool low = plan->account.level >= BALLOOND_LEVEL_LOW;

	if (tier >= TIER_USED && v->guest.used != BALLOOND_UNKNOWN)
		size = balloond_max(size, balloond_min(v->guest.used, v->proposal.bytes));
	if (tier >= TIER_CLAIM)
		size = balloond_max(size, v->proposal.claim);
	if (tier >= TIER_SWAPPED && low && is_swapped_out(v))
		size = balloond_max(size, today(v));
	if (tier >= TIER_PROPOSAL)
		size = balloond_max(size, proposal_size(plan, v));
	if (tier >= TIER_SIZE && config->host.commit == COMMIT_ELASTIC)
		size = balloond_max(size, today(v));
	return size;
}

static uint64_t tier_charge(const struct config *config, const struct history *h,
			    const struct plan *plan, size_t i, enum tier tier)
{
	const struct verdict *v = &plan->verdicts[i];

	return pool_charge(&config->host, v, &h->guests[i], tier_size(config, plan, v, tier));
}

static uint64_t tier_sum(const struct config *config, const struct history *h,
			 const struct plan *plan, enum tier tier)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (verdict_is_steered(&plan->verdicts[i]))
			sum = balloond_add(sum, tier_charge(config, h, plan, i, tier));
	return sum;
}

static uint64_t charged_to_others(const struct plan *plan)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (!verdict_is_steered(&plan->verdicts[i]))
			sum = balloond_add(sum, plan->verdicts[i].guest.charge);
	return sum;
}

/* What the machine bears of steered guests. */
static uint64_t machine_limit(const struct config *config, const struct history *h,
			      const struct plan *plan, uint64_t others)
{
	const struct account *a = &plan->account;
	uint64_t limit;

	if (a->missing == 0)
		return UINT64_MAX;
	limit = balloond_sub(balloond_sub(a->charged, others), a->missing);
	if (a->level < BALLOOND_LEVEL_CRITICAL)
		limit = balloond_max(limit, tier_sum(config, h, plan, TIER_CLAIM));
	return limit;
}

void divide_by_shares(struct balloond_fill *fill, size_t n, uint64_t capacity)
{
	uint64_t level = balloond_water_level(fill, n, capacity);

	for (size_t i = 0; i < n; i++)
		fill[i].size = balloond_fill_at(&fill[i], level);
}

static void give_tier(const struct config *config, struct plan *plan, enum tier tier)
{
	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (verdict_is_steered(&plan->verdicts[i]))
			plan->verdicts[i].wanted = tier_size(config, plan, &plan->verdicts[i],
							     tier);
}

static uint64_t round_down(uint64_t size)
{
	return size - size % GUARD_STEP;
}

/* Everybody has the tier below; capacity is divided up to this one. */
static void give_part(const struct config *config, const struct history *h, struct plan *plan,
		      enum tier tier, uint64_t capacity)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		if (!verdict_is_steered(&plan->verdicts[i]))
			continue;
		plan->index[n] = (uint32_t)i;
		plan->fill[n++] = (struct balloond_fill){
			.low = tier_charge(config, h, plan, i, tier - 1),
			.high = tier_charge(config, h, plan, i, tier),
			.weight = plan->verdicts[i].guest.shares,
		};
	}
	divide_by_shares(plan->fill, n, capacity);
	for (size_t k = 0; k < n; k++) {
		const struct balloond_fill *f = &plan->fill[k];
		struct verdict *v = &plan->verdicts[plan->index[k]];

		v->wanted = tier_size(config, plan, v, tier);
		if (f->size >= f->high)
			continue;
		/* The guard rounds up: what is cut here must not come to more than the pool. */
		v->wanted = balloond_clamp(round_down(balloond_sub(f->size, v->overhead)),
					   tier_size(config, plan, v, tier - 1), v->wanted);
	}
}

/* Says why a guest does not get all that was proposed for it. */
static void explain_cuts(struct plan *plan)
{
	const struct account *a = &plan->account;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		struct verdict *v = &plan->verdicts[i];

		/* What keeps it from being managed, or an order, says more. */
		if (v->state != STATE_MANAGED || verdict_is_ordered_up(v) ||
		    v->wanted >= v->proposal.bytes)
			continue;
		if (a->level >= BALLOOND_LEVEL_TIGHT && v->wanted >= proposal_size(plan, v))
			v->reason = REASON_NO_LENDING;
		else if (a->missing > 0 && a->pool >= a->charged)
			v->reason = REASON_HOST_SHORT;
		else
			v->reason = REASON_POOL_SHORT;
	}
}

/* Charges beyond an overbooked pool make the level critical too. */
static bool is_machine_critical(const struct account *a)
{
	uint64_t edge = balloond_permille(a->reserve, LEVEL_CRITICAL_PERMILLE);

	return a->level >= BALLOOND_LEVEL_CRITICAL && a->missing > a->reserve - edge;
}

static void divide(const struct config *config, const struct history *h, struct plan *plan)
{
	const struct account *a = &plan->account;
	bool keep_claims = a->overbooked_by > 0 && !is_machine_critical(a);
	enum tier last = keep_claims ? TIER_CLAIM : TIER_LEAST;
	uint64_t others = charged_to_others(plan), capacity = balloond_sub(a->pool, others);
	uint64_t lend = balloond_sub(capacity, balloond_permille(a->pool, DIVIDE_SHORT_PERMILLE));
	uint64_t machine = machine_limit(config, h, plan, others);
	uint64_t sum = tier_sum(config, h, plan, TIER_SIZE);

	for (enum tier tier = TIER_SIZE; tier > last; tier--) {
		uint64_t limit = balloond_min(tier > TIER_CLAIM ? lend : capacity, machine);

		if (sum <= limit) {
			give_tier(config, plan, tier);
			return;
		}
		sum = tier_sum(config, h, plan, tier - 1);
		if (sum < limit) {
			give_part(config, h, plan, tier, limit);
			return;
		}
	}
	give_tier(config, plan, last);
}

void divide_pool(const struct config *config, const struct history *h, struct plan *plan)
{
	divide(config, h, plan);
	explain_cuts(plan);
}
