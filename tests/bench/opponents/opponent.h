/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What several opponents need.  They are policies as those of policies/: pure, the contract alone.
 */

#include "balloond/policy-math.h"
#include "balloond/policy.h"

/* More than any guest has; sums of differences of a thousand such sizes fit into an int64_t. */
#define SIZE_SANE (UINT64_C(1) << 50)

/* Whether a beat is due, and if so notes it; 0: there was none yet.  It stays as it was, whenever
 * the tick comes; one that was missed is not made up. */
static inline int beat_is_due(uint64_t now, uint64_t every, uint64_t *beat)
{
	uint64_t since = balloond_sub(now, *beat);

	if (*beat != 0 && since < every)
		return 0;
	if (*beat != 0 && since - every < every)
		*beat += every;
	else
		*beat = now;
	return 1;
}

/* What a guest counts while it waits for memory. */
struct stalls {
	uint64_t sample, swap_in, major_faults; /* of the last sample looked at */
	uint64_t taken;                         /* when that was */
	uint64_t swapped, faults;               /* bytes and count since the one before */
	uint64_t elapsed;                       /* between these two looks, µs */
};

static inline uint64_t stalls_since(uint64_t before, uint64_t now)
{
	return before == BALLOOND_UNKNOWN || now == BALLOOND_UNKNOWN ? 0
								     : balloond_sub(now, before);
}

/* Takes a new sample's counters over.  0 where there is no new one, or none before it. */
static inline int stalls_take(struct stalls *s, const struct balloond_guest *g, uint64_t now)
{
	int had = s->sample > 0;

	if (g->sample == s->sample)
		return 0;
	s->swapped = had ? stalls_since(s->swap_in, g->swap_in) : 0;
	s->faults = had ? stalls_since(s->major_faults, g->major_faults) : 0;
	s->elapsed = had ? balloond_sub(now, s->taken) : 0;
	s->sample = g->sample;
	s->swap_in = g->swap_in;
	s->major_faults = g->major_faults;
	s->taken = now;
	return had;
}

/* Bytes a second that the guest had to wait for; a major fault reads a page. */
#define STALLS_PAGE (4 * BALLOOND_KIB)
/* More than this is pressure: balloond's own line between distress and cold pages coming back. */
#define STALLS_PRESSED BALLOOND_MIB

static inline uint64_t stalls_rate(const struct stalls *s)
{
	uint64_t bytes = balloond_add(s->swapped, balloond_mul_div(s->faults, STALLS_PAGE, 1));

	return s->elapsed > 0 ? balloond_mul_div(bytes, BALLOOND_SECOND, s->elapsed) : 0;
}

/* Whether it can be told what the guest has. */
static inline int is_sized(const struct balloond_guest *g)
{
	return g->actual != BALLOOND_UNKNOWN && g->target != BALLOOND_UNKNOWN;
}
