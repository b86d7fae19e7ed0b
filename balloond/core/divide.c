/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Four tiers a guest, each at least the one before:
 *
 *   0  the least that the guard lets it have now
 *   1  its claim: what its policy says that it needs
 *   2  its proposal; what lies above the claim is lent
 *   3  commit elastic alone: its size of today, so that nobody is shrunk while the pool has room
 *
 * The highest tier that fits in full is given to all; what is left of the pool is divided among
 * the next one by weighted max-min on shares over all guests.  Tiers 2 and 3 stop 2 % short of
 * the pool, so that lending alone never makes a host tight. */

#include "balloond/core/divide.h"

#include "balloond/core/pool.h"
#include "balloond/policy-math.h"

#define TIERS 4u
#define LENDING_SHORT_PERMILLE 20u

static bool is_steered(const struct verdict *v)
{
	return v->guest.flags & (BALLOOND_GUEST_MAY_GROW | BALLOOND_GUEST_MAY_SHRINK) &&
	       state_row(v->state)->charge == CHARGE_COMMIT;
}

static uint64_t tier_size(const struct config *config, const struct verdict *v, unsigned tier)
{
	uint64_t size = v->low;

	if (tier >= 1)
		size = balloond_max(size, v->proposal.claim);
	if (tier >= 2)
		size = balloond_max(size, v->proposal.bytes);
	if (tier >= 3 && config->host.commit == COMMIT_ELASTIC)
		size = balloond_max(size, balloond_min(v->guest.target, v->guest.ceiling));
	return size;
}

static uint64_t tier_charge(const struct config *config, const struct history *h,
			    const struct plan *plan, size_t i, unsigned tier)
{
	const struct verdict *v = &plan->verdicts[i];

	return pool_charge(&config->host, v, &h->guests[i], tier_size(config, v, tier));
}

static uint64_t tier_sum(const struct config *config, const struct history *h,
			 const struct plan *plan, unsigned tier)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (is_steered(&plan->verdicts[i]))
			sum = balloond_add(sum, tier_charge(config, h, plan, i, tier));
	return sum;
}

/* What the steered guests may be charged together.  Where the machine itself is low, whatever the
 * pool says, the difference to the reserve has to come back. */
static uint64_t capacity_of(const struct snapshot *s, const struct plan *plan)
{
	const struct account *a = &plan->account;
	uint64_t others = 0, capacity;

	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (!is_steered(&plan->verdicts[i]))
			others = balloond_add(others, plan->verdicts[i].guest.charge);
	capacity = balloond_sub(a->pool, others);
	if (a->level >= BALLOOND_LEVEL_LOW) {
		uint64_t missing = balloond_sub(a->reserve, s->host.seen.available);
		uint64_t charged = balloond_sub(a->charged, others);

		if (missing > 0)
			capacity = balloond_min(capacity, balloond_sub(charged, missing));
	}
	return capacity;
}

static void give_tier(const struct config *config, struct plan *plan, unsigned tier)
{
	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (is_steered(&plan->verdicts[i]))
			plan->verdicts[i].wanted = tier_size(config, &plan->verdicts[i], tier);
}

/* Everybody has the tier below; capacity is divided up to this one. */
static void give_part(const struct config *config, const struct history *h, struct plan *plan,
		      unsigned tier, uint64_t capacity)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_verdicts; i++) {
		if (!is_steered(&plan->verdicts[i]))
			continue;
		plan->index[n] = (uint32_t)i;
		plan->fill[n++] = (struct balloond_fill){
			.low = tier_charge(config, h, plan, i, tier - 1),
			.high = tier_charge(config, h, plan, i, tier),
			.weight = plan->verdicts[i].guest.shares,
		};
	}
	balloond_water_fill(plan->fill, n, capacity);
	for (size_t k = 0; k < n; k++) {
		const struct balloond_fill *f = &plan->fill[k];
		struct verdict *v = &plan->verdicts[plan->index[k]];

		v->wanted = tier_size(config, v, tier);
		if (f->size >= f->high)
			continue;
		v->wanted = balloond_clamp(balloond_sub(f->size, v->overhead),
					   tier_size(config, v, tier - 1), v->wanted);
		if (v->wanted < v->proposal.bytes)
			v->reason = REASON_POOL_SHORT;
	}
}

void divide_pool(const struct config *config, const struct snapshot *s, const struct history *h,
		 struct plan *plan)
{
	uint64_t capacity = capacity_of(s, plan);
	uint64_t lend = balloond_sub(capacity,
				     balloond_permille(plan->account.pool, LENDING_SHORT_PERMILLE));

	for (unsigned tier = TIERS - 1; tier > 0; tier--) {
		uint64_t limit = tier >= 2 ? lend : capacity;

		if (tier_sum(config, h, plan, tier) <= limit) {
			give_tier(config, plan, tier);
			return;
		}
		if (tier_sum(config, h, plan, tier - 1) < limit) {
			give_part(config, h, plan, tier, limit);
			return;
		}
	}
	give_tier(config, plan, 0);
	for (size_t i = 0; i < plan->n_verdicts; i++)
		if (is_steered(&plan->verdicts[i]) &&
		    plan->verdicts[i].wanted < plan->verdicts[i].proposal.bytes)
			plan->verdicts[i].reason = REASON_POOL_SHORT;
}
