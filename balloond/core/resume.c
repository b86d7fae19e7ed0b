/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The balloon went on without balloond: a size between the last one that was seen and the target is
 * on its way, and stays so.  Any other size is taken as it is, as at first sight.  Nothing is
 * concluded from where it comes to rest (core/foreign.h): the last order may not have been kept. */

#include "balloond/core/resume.h"

#include "balloond/policy-math.h"

/* Drivers stop at their own granularity. */
#define SAME (4 * BALLOOND_MIB)

static bool is_on_its_way(const struct memory *kept, uint64_t actual)
{
	uint64_t low = balloond_min(kept->actual, kept->target);
	uint64_t high = balloond_max(kept->actual, kept->target);

	return actual != BALLOOND_UNKNOWN && kept->target != BALLOOND_UNKNOWN &&
	       kept->actual != BALLOOND_UNKNOWN && kept->target != 0 &&
	       balloond_add(actual, SAME) >= low && actual <= balloond_add(high, SAME);
}

static void resume_target(struct memory *m, const struct memory *kept, uint64_t actual)
{
	uint64_t low, high;

	if (!is_on_its_way(kept, actual))
		return;
	low = balloond_min(actual, kept->target);
	high = balloond_max(actual, kept->target);
	m->target = kept->target;
	m->claim = kept->claim;
	m->asked = high - low > SAME;
	m->gap = m->asked ? UINT64_MAX : 0;
}

void memory_resume(struct memory *m, const struct memory *kept, uint64_t actual, usec_t now)
{
	resume_target(m, kept, actual);
	m->kernel = kept->kernel;
	m->total = kept->total;
	m->overhead = kept->overhead;
	m->burst = kept->burst;
	m->swapped = kept->swapped;
	m->distress = balloond_min(kept->distress, now);
	m->no_shrink_until = kept->no_shrink_until;
	m->stuck_times = kept->stuck_times;
	m->learned = kept->learned;
	m->learned_at = balloond_min(kept->learned_at, now);
	m->shrunk_from = kept->shrunk_from;
	m->crash = kept->crash;
	m->trust = kept->trust;
	m->foreign.until = kept->foreign.until;
	m->foreign.ceiling = kept->foreign.ceiling;
	m->foreign.is_smaller = kept->foreign.is_smaller;
	m->foreign.sold = kept->foreign.sold;
	m->foreign.leaked = kept->foreign.leaked;
	for (size_t i = 0; i < FOREIGN_OWN; i++)
		m->foreign.own[i] = kept->foreign.own[i];
}
