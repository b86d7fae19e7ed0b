/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/level.h"

#include "balloond/policy-math.h"

/* Shorter spans make a rate of one burst. */
#define SWAP_SPAN (2 * BALLOOND_SECOND)
/* Less is a daemon's cold pages, no shortage. */
#define SWAP_EDGE BALLOOND_MIB
/* A tenth of all time lost; in 1/100 %, as the kernel counts. */
#define PRESSURE_EDGE 1000u
/* Pages that come back after a shortage, or a container that thrashes inside a limit of its own,
 * are no shortage of the host: with more than this available, in permille of the reserve, neither
 * counts. */
#define SIGNALS_BELOW_PERMILLE 2000u
/* What a low level that only signals tell of takes back at a time, in permille of the reserve. */
#define SIGNALLED_MISSING_PERMILLE 250u

uint32_t level_of(uint32_t old, uint64_t available, uint64_t reserve)
{
	static const struct {
		uint32_t level;
		uint64_t edge;
	} edges[] = {
		{ BALLOOND_LEVEL_CRITICAL, LEVEL_CRITICAL_PERMILLE },
		{ BALLOOND_LEVEL_LOW, LEVEL_LOW_PERMILLE },
		{ BALLOOND_LEVEL_TIGHT, LEVEL_TIGHT_PERMILLE },
	};

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		uint64_t edge = balloond_permille(reserve, edges[i].edge);

		if (old >= edges[i].level)
			edge = edge + edge / 4;
		if (available < edge)
			return edges[i].level;
	}
	return BALLOOND_LEVEL_NORMAL;
}

void level_read_swap(struct host_swap *swap, const struct balloond_host *host, usec_t now)
{
	if (swap->read != 0 && now - swap->read < SWAP_SPAN)
		return;
	/* The first reading tells nothing about now. */
	counter_read(&swap->in, host->swap_in, swap->read ? now - swap->read : 0);
	counter_read(&swap->out, host->swap_out, swap->read ? now - swap->read : 0);
	swap->read = now;
}

/* Above its edge, and until a quarter below it where the level is held already. */
static bool is_high(uint64_t value, uint64_t edge, bool held)
{
	return value != BALLOOND_UNKNOWN && value >= (held ? edge - edge / 4 : edge);
}

static void raise(struct account *account, uint32_t level, enum level_cause cause)
{
	if (account->level >= level)
		return;
	account->level = level;
	account->level_cause = cause;
}

static void heed_signals(const struct balloond_host *host, const struct history *h,
			 struct account *account)
{
	bool tight = h->level >= BALLOOND_LEVEL_TIGHT, low = h->level >= BALLOOND_LEVEL_LOW;

	if (is_high(h->swap.in.rate, SWAP_EDGE, tight))
		raise(account, BALLOOND_LEVEL_TIGHT, LEVEL_CAUSE_SWAP);
	if (is_high(host->some_avg10, PRESSURE_EDGE, tight))
		raise(account, BALLOOND_LEVEL_TIGHT, LEVEL_CAUSE_PRESSURE);
	/* Both ways at once: what is swapped out is needed. */
	if (is_high(h->swap.in.rate, SWAP_EDGE, low) && is_high(h->swap.out.rate, SWAP_EDGE, low))
		raise(account, BALLOOND_LEVEL_LOW, LEVEL_CAUSE_SWAP);
	if (is_high(host->full_avg10, PRESSURE_EDGE, low))
		raise(account, BALLOOND_LEVEL_LOW, LEVEL_CAUSE_PRESSURE);
}

void level_assess(const struct balloond_host *host, struct history *h, struct account *account)
{
	account->level = level_of(h->level, account->available, account->reserve);
	account->level_cause = LEVEL_CAUSE_NONE;
	if (account->level > BALLOOND_LEVEL_NORMAL)
		account->level_cause = account->available < host->available ? LEVEL_CAUSE_POOL
									    : LEVEL_CAUSE_MACHINE;
	if (host->available < balloond_permille(account->reserve, SIGNALS_BELOW_PERMILLE))
		heed_signals(host, h, account);
	account->missing = 0;
	if (account->level >= BALLOOND_LEVEL_LOW)
		account->missing = balloond_sub(account->reserve, host->available);
	if (account->level_cause == LEVEL_CAUSE_SWAP ||
	    account->level_cause == LEVEL_CAUSE_PRESSURE)
		if (account->level >= BALLOOND_LEVEL_LOW)
			account->missing =
				balloond_max(account->missing,
					     balloond_permille(account->reserve,
							       SIGNALLED_MISSING_PERMILLE));
	h->level = account->level;
}
