/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who reboots a guest, and why, nobody tells.  A boot that follows on our own shrinking counts as
 * ours, also where it was an administrator's: that costs some memory for some hours, a guest that
 * dies again and again costs its service.
 *
 *   the first    more time to boot, and the size from before the shrink is its floor (core/learn.h)
 *   the second   within an hour: what it needs to live is not in its figures; hands off for a day
 *
 * While it boots it may have its ceiling in any case (core/planner.c), so that a loop of panics
 * ends with the next boot, unless the machine has no room. */

#include "balloond/core/crash.h"

#include "balloond/core/learn.h"
#include "balloond/policy-math.h"

/* An OOM killer comes within seconds, a service that slowly starves takes longer. */
#define OURS_WITHIN (5 * 60 * BALLOOND_SECOND)
#define TWICE_WITHIN (3600 * BALLOOND_SECOND)
#define HANDS_OFF (24 * 3600 * BALLOOND_SECOND)

static bool is_within(usec_t at, usec_t now, usec_t time)
{
	return at != 0 && balloond_sub(now, at) < time;
}

void crash_shrunk(struct memory *m, uint64_t from, usec_t now)
{
	/* Many small steps are one shrink. */
	if (!is_within(m->crash.shrunk, now, OURS_WITHIN))
		m->crash.before = 0;
	m->crash.before = balloond_max(m->crash.before, from);
	m->crash.shrunk = now;
}

static bool is_ours(const struct memory *m)
{
	const struct crash *c = &m->crash;

	/* Where it has all back that was taken, that is not what killed it. */
	return is_within(c->shrunk, m->booted, OURS_WITHIN) &&
	       (m->target < c->before || m->actual < c->before);
}

void crash_booted(struct memory *m)
{
	struct crash *c = &m->crash;

	if (is_ours(m)) {
		if (!is_within(c->at, m->booted, TWICE_WITHIN))
			c->floor = 0;
		else
			c->gave_up = m->booted;
		c->floor = balloond_max(c->floor, c->before);
		c->at = m->booted;
	}
	c->shrunk = 0;
	/* Whatever other boots forget. */
	if (is_within(c->at, m->booted, HANDS_OFF))
		learn_crashed(m, c->floor, c->at);
}

bool crash_is_recent(const struct memory *m)
{
	return is_within(m->crash.at, m->booted, OURS_WITHIN);
}

bool crash_is_given_up(const struct memory *m, usec_t now)
{
	return is_within(m->crash.gave_up, now, HANDS_OFF);
}
