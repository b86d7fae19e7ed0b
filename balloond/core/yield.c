/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A bound and not a difference tells: a guest gives what it never touched first, which nobody
 * feels. But what is resident cannot be more than its size and what QEMU needs for itself.  So far
 * as it was when the guest was made smaller it has to come down; if not even a quarter of that has
 * come for a minute, the host gets nothing.
 *
 * An hour after that was last certain it is tried again: post-copy and background snapshots end.
 */

#include "balloond/core/yield.h"

#include "balloond/core/demand.h"
#include "balloond/policy-math.h"

/* Less than this is within what QEMU takes and gives back by itself. */
#define DUE_MIN (64 * BALLOOND_MIB)
#define CERTAIN (60 * BALLOOND_SECOND)
#define TRY_AGAIN (3600 * BALLOOND_SECOND)
#define PARTS 4u

void yield_forget(struct memory *m)
{
	m->full_size = m->full_resident = 0;
	m->futile_since = m->futile = 0;
}

/* Wherever between these the balloon is, it has no more. */
static uint64_t most_size(const struct memory *m)
{
	return balloond_max(m->target, balloond_max(m->actual, m->previous_actual));
}

/* What has to come back; 0 if that is too little to tell. */
static uint64_t due(const struct memory *m, const struct guest *g)
{
	static const struct memory stranger = { 0 };
	uint64_t overhead = balloond_max(demand_overhead(&stranger, g->seen.maximum),
					 balloond_sub(m->full_resident, m->full_size));
	uint64_t most = balloond_add(most_size(m), overhead);
	uint64_t bytes = balloond_sub(m->full_resident, most);

	return bytes >= DUE_MIN ? bytes : 0;
}

static bool is_measured(const struct memory *m, const struct guest *g)
{
	return m->actual != BALLOOND_UNKNOWN && m->previous_actual != BALLOOND_UNKNOWN &&
	       m->target != BALLOOND_UNKNOWN && g->seen.maximum != BALLOOND_UNKNOWN &&
	       g->seen.resident != BALLOOND_UNKNOWN && guest_resident_at(g) == g->swept;
}

void yield_observe(struct memory *m, const struct guest *g, bool is_exempt)
{
	uint64_t resident = g->seen.resident, owed, got;

	if (is_exempt) {
		m->full_size = 0;
		m->futile_since = 0;
		return;
	}
	if (!is_measured(m, g))
		return;
	if (m->full_size == 0 || most_size(m) >= m->full_size) {
		m->full_size = most_size(m);
		m->full_resident = resident;
		m->futile_since = 0;
		return;
	}
	owed = due(m, g);
	got = balloond_sub(m->full_resident, resident);
	if (owed == 0) {
		m->futile_since = 0;
	} else if (got >= owed / PARTS) {
		m->futile_since = m->futile = 0;
	} else if (m->futile_since == 0) {
		m->futile_since = g->swept;
	} else if (g->swept - m->futile_since >= CERTAIN) {
		m->futile = g->swept;
	}
}

bool yield_is_futile(const struct memory *m, usec_t now)
{
	return m->futile != 0 && balloond_sub(now, m->futile) < TRY_AGAIN;
}
