/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/progress.h"

#include "balloond/core/foreign.h"
#include "balloond/policy-math.h"

/* Linux retries every 0.2 s and reports each MiB; libvirt hears of it once a second; a guest under
 * software emulation manages 100 MiB/s.  Ten seconds without one more MiB is no progress. */
#define STUCK_AFTER (10 * BALLOOND_SECOND)
#define STEP BALLOOND_MIB
/* Near enough: drivers stop at their own granularity. */
#define REACHED (4 * BALLOOND_MIB)
#define BACK_OFF (60 * BALLOOND_SECOND)
#define BACK_OFF_DOUBLINGS 4u

void progress_ask(struct memory *m, uint64_t target, usec_t now)
{
	m->target = target;
	m->asked = true;
	m->gap = UINT64_MAX;
	m->progressed = now;
	m->moved = now;
	foreign_ask(m, target);
}

bool progress_is_stuck(const struct memory *m, usec_t now)
{
	return m->no_shrink_until > now;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void settle(struct memory *m, usec_t now)
{
	m->target = m->actual;
	m->asked = false;
	m->gap = 0;
	m->progressed = now;
}

static void back_off(struct memory *m, usec_t now)
{
	m->no_shrink_until = now + (BACK_OFF << balloond_min(m->stuck_times, BACK_OFF_DOUBLINGS));
	m->stuck_times++;
}

static enum progress stopped(struct memory *m, usec_t now)
{
	bool stuck = m->asked && m->actual > m->target;

	settle(m, now);
	if (!stuck)
		return PROGRESS_THERE;
	back_off(m, now);
	return PROGRESS_STUCK;
}

enum progress progress_observe(struct memory *m, const struct guest *g, usec_t now)
{
	uint64_t gap = distance(m->actual, m->target);

	if (m->actual == BALLOOND_UNKNOWN)
		return PROGRESS_THERE;
	/* What was refused was never asked for: the next plan asks again if it still wants to. */
	if (g->outcome.kind == OUTCOME_REFUSED && g->outcome.bytes == m->target) {
		settle(m, now);
		return PROGRESS_THERE;
	}
	if (gap <= REACHED) {
		if (m->asked)
			m->stuck_times = 0;
		m->asked = false;
		m->gap = gap;
		m->progressed = now;
		return PROGRESS_THERE;
	}
	/* A reboot empties the balloon too; that is no cry. */
	bool boots = g->booted != 0 && m->boot_sampled == 0;

	if (!m->asked && !boots && g->facts & GUEST_AUTODEFLATE && m->actual > m->target) {
		settle(m, now);
		m->distress = now;
		return PROGRESS_CRY;
	}
	/* A hypervisor that does not answer, or a guest that stands still, proves nothing. */
	if (g->facts & (GUEST_LOST | GUEST_HUNG | GUEST_PAUSED | GUEST_BUSY)) {
		m->progressed = now;
		return PROGRESS_THERE;
	}
	if (m->gap == UINT64_MAX || balloond_add(gap, STEP) <= m->gap) {
		m->gap = gap;
		m->progressed = now;
		return PROGRESS_THERE;
	}
	/* What nobody has looked at since has not stood still. */
	return balloond_sub(m->swept, m->progressed) < STUCK_AFTER ? PROGRESS_THERE
								   : stopped(m, now);
}
