/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pool never contains the reserve, and nobody subtracts the reserve from it again.  Room is
 * the smaller of two independent answers: what the pool's account leaves, and what the machine
 * really has beyond its reserve after all growth that is promised but not taken yet. */

#include "balloond/core/pool.h"

#include "balloond/core/demand.h"
#include "balloond/core/divide.h"
#include "balloond/core/level.h"
#include "balloond/policy-math.h"

/* auto falls at once; it rises only after this long, by 1 % of what it could be a second: a backup
 * that has just ended may begin again. */
#define RISE_AFTER (60 * BALLOOND_SECOND)
#define RISE_EVERY BALLOOND_SECOND
/* No guest stays unread for longer (core/sampling.h). */
#define READ_MOST (15 * BALLOOND_SECOND)
/* Four times what lending keeps short of the pool. */
#define RESERVE_PERMILLE (4 * DIVIDE_SHORT_PERMILLE)

uint64_t pool_reserve(const struct host_limits *limits, uint64_t host_total)
{
	uint64_t knee = 28 * BALLOOND_GIB, min_free;

	if (host_total > knee)
		min_free = 899 * BALLOOND_MIB + balloond_permille(host_total - knee, 10);
	else
		min_free = balloond_max(256 * BALLOOND_MIB, balloond_permille(host_total, 30));
	return amount_bytes(limits->reserve, host_total, 4 * min_free);
}

/* Its balloon may hold less than it says: up to its ceiling it can take what the host does not see
 * yet. */
static uint64_t could_have(const struct verdict *v, const struct memory *m)
{
	uint64_t most = balloond_add(v->guest.ceiling, v->overhead), could;

	if (v->guest.resident == BALLOOND_UNKNOWN)
		return most;
	could = balloond_add(v->guest.resident, demand_burst(m));
	return balloond_max(balloond_min(could, most), v->guest.resident);
}

uint64_t pool_charge(const struct host_limits *limits, const struct verdict *v,
		     const struct memory *m, uint64_t size)
{
	uint64_t full = balloond_add(size, v->overhead), could;

	if (v->source->facts & GUEST_HUGEPAGES)
		return 0; /* the hugetlb pool is the host's own use already */
	if (v->source->facts & GUEST_CONTAINER && v->guest.resident != BALLOOND_UNKNOWN)
		return v->guest.resident;
	switch (state_row(v->state)->charge) {
	case CHARGE_CEILING:
		return balloond_add(balloond_max(size, v->guest.ceiling), v->overhead);
	case CHARGE_SEEN:
		return balloond_max(full, could_have(v, m));
	case CHARGE_COMMIT:
		break;
	}
	if (limits->commit == COMMIT_STRICT || v->guest.resident == BALLOOND_UNKNOWN)
		return full;
	could = balloond_add(v->guest.resident, demand_burst(m));
	return balloond_min(full, could);
}

/* MemTotal - reserve - what the host itself uses. */
static uint64_t pool_auto(const struct snapshot *s, uint64_t reserve)
{
	const struct balloond_host *host = &s->host.seen;
	uint64_t resident = 0, own;

	for (size_t i = 0; i < s->n_guests; i++)
		if (s->guests[i].seen.resident != BALLOOND_UNKNOWN)
			resident = balloond_add(resident, s->guests[i].seen.resident);
	resident = balloond_sub(resident, s->host.ksm_saved);
	own = balloond_sub(balloond_sub(host->total, host->available), resident);
	return balloond_sub(balloond_sub(host->total, reserve), own);
}

/* Whether what all guests hold was read since.  One that cannot be read holds nobody up for
 * longer than the others take. */
static bool all_were_read(const struct snapshot *s, usec_t since, usec_t newest)
{
	usec_t oldest = newest;

	for (size_t i = 0; i < s->n_guests; i++)
		oldest = balloond_min(oldest, guest_resident_at(&s->guests[i]));
	return oldest > since || newest >= since + READ_MOST;
}

static usec_t newest_reading(const struct snapshot *s)
{
	usec_t newest = 0;

	for (size_t i = 0; i < s->n_guests; i++)
		newest = balloond_max(newest, guest_resident_at(&s->guests[i]));
	return newest;
}

/* What is available is of now, what guests hold is of their last sweep: a guest that grew in
 * between would count as the host's own use.  So one reading a sweep, right behind it, and only
 * what two in a row say is believed.  Where a sweep does not tell of all, it takes several. */
static uint64_t pool_reading(const struct snapshot *s, struct history *h, uint64_t reserve)
{
	uint64_t before = h->pool_reading;
	usec_t swept = newest_reading(s);

	if (h->now != 0 && s->n_guests > 0 && !all_were_read(s, h->pool_swept, swept))
		return h->pool;
	h->pool_swept = swept;
	h->pool_reading = pool_auto(s, reserve);
	return h->now == 0 ? h->pool_reading : balloond_max(before, h->pool_reading);
}

static uint64_t pool_size(const struct config *config, const struct snapshot *s, struct history *h,
			  uint64_t reserve)
{
	uint64_t now = pool_reading(s, h, reserve), steps;
	bool is_auto = config->host.pool.kind == AMOUNT_AUTO;

	if (!is_auto || h->now == 0 || now <= h->pool) {
		h->pool = now;
		h->pool_wanted_more = 0;
	} else if (h->pool_wanted_more == 0) {
		h->pool_wanted_more = s->now + RISE_AFTER;
	} else if (s->now >= h->pool_wanted_more) {
		steps = 1 + (s->now - h->pool_wanted_more) / RISE_EVERY;
		h->pool = balloond_min(now,
				       balloond_add(h->pool, balloond_permille(now, 10 * steps)));
		h->pool_wanted_more += steps * RISE_EVERY;
	}
	return is_auto ? h->pool : amount_bytes(config->host.pool, s->host.seen.total, 0);
}

/* What all were promised together.  A guest that no rule moves counts for what it is charged. */
static uint64_t promised_to(const struct verdict *v)
{
	if (!verdict_is_steered(v))
		return v->guest.charge;
	return balloond_add(v->promised, v->overhead);
}

/* What the pool has left, on the scale of the reserve: all of it is the reserve, to the byte, where
 * charges meet the pool.  Beyond that a small pool on a big machine is measured with a small
 * reserve.  Before that the quarter by which a level is left is there half way to where lending
 * stops (core/divide.c), or a host that was tight once would stay so; the other half is for what
 * whole MiB and the dead band leave of a cut. */
static uint64_t left_of_pool(const struct account *a)
{
	uint64_t quarter = balloond_permille(a->pool, DIVIDE_SHORT_PERMILLE / 2), scale, left;

	if (a->reserve == 0)
		return UINT64_MAX;
	if (a->charged <= a->pool)
		return balloond_add(a->reserve, balloond_mul_div(a->reserve, a->pool - a->charged,
								 4 * quarter));
	scale = balloond_min(a->reserve, balloond_permille(a->pool, RESERVE_PERMILLE));
	left = balloond_sub(scale, a->charged - a->pool);
	return left > 0 ? balloond_mul_div(a->reserve, left, scale) : 0;
}

void pool_assess(const struct config *config, const struct snapshot *s, struct history *h,
		 struct plan *plan)
{
	struct account *a = &plan->account;
	uint64_t pending = 0;

	*a = (struct account){ .reserve = pool_reserve(&config->host, s->host.seen.total) };
	a->pool = pool_size(config, s, h, a->reserve);
	for (size_t i = 0; i < plan->n_verdicts; i++) {
		const struct verdict *v = &plan->verdicts[i];

		a->charged = balloond_add(a->charged, v->guest.charge);
		a->promised = balloond_add(a->promised, promised_to(v));
		pending = balloond_add(pending, demand_pending(&h->guests[i], v->guest.resident,
							       v->overhead));
	}
	a->available = balloond_min(s->host.seen.available, left_of_pool(a));
	a->free = balloond_sub(balloond_sub(s->host.seen.available, a->reserve), pending);
	a->room = balloond_min(balloond_sub(a->pool, a->charged), a->free);
	a->overbooked_by = balloond_sub(a->promised, a->pool);
	level_read_swap(&h->swap, &s->host.seen, s->now);
	level_assess(&s->host.seen, h, a);
	h->room = a->room;
	h->charged = a->charged;
	h->last_pool = a->pool;
}
