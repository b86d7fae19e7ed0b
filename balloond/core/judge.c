/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/judge.h"

#include "balloond/core/crash.h"
#include "balloond/core/demand.h"
#include "balloond/core/foreign.h"
#include "balloond/core/match.h"
#include "balloond/core/progress.h"
#include "balloond/core/trust.h"
#include "balloond/core/yield.h"
#include "balloond/policy-math.h"

#define MIN_DEFAULT_PERMILLE 500u
/* Older than three periods, and a second because last-update counts whole seconds. */
#define STALE_PERIODS 3u
#define STALE_SLACK BALLOOND_SECOND
/* Without a period that libvirt knows of a driver reports once, when it begins; a second sample
 * shows that somebody else asks: as seldom as is common (CloudStack's). */
#define PERIOD_ONCE BALLOOND_SECOND
#define PERIOD_UNKNOWN (60 * BALLOOND_SECOND)
/* A driver's first sample comes before the services that the guest boots for. */
#define BOOT_GRACE (30 * BALLOOND_SECOND)
/* No driver by then: there is none. */
#define BOOT_MAX (180 * BALLOOND_SECOND)
#define COOL_DOWN (60 * BALLOOND_SECOND)

/* What somebody set while it runs counts for less than nothing that is promised: it only ever
 * lowers the ceiling. */
uint64_t judge_ceiling(const struct promise *p, const struct guest *g, const struct memory *m)
{
	uint64_t maximum = g->seen.maximum, said = foreign_sold(m, g), ceiling;
	uint64_t sold = said != BALLOOND_UNKNOWN ? said : maximum;
	struct amount max = p ? p->max : (struct amount){ .kind = AMOUNT_AUTO };

	if (maximum == BALLOOND_UNKNOWN)
		return 0;
	ceiling = balloond_min(amount_bytes(max, maximum, sold), maximum);
	return m && m->foreign.ceiling != 0 ? balloond_min(ceiling, m->foreign.ceiling) : ceiling;
}

static uint64_t promised_min(const struct promise *p, uint64_t ceiling)
{
	struct amount min = p && p->min.kind != AMOUNT_AUTO
				    ? p->min
				    : (struct amount){ AMOUNT_PERMILLE, MIN_DEFAULT_PERMILLE };

	return amount_bytes(min, ceiling, 0);
}

uint64_t judge_floor(const struct promise *p, const struct guest *g, uint64_t kernel)
{
	uint64_t ceiling = judge_ceiling(p, g, NULL), maximum = g->seen.maximum;

	if (maximum == BALLOOND_UNKNOWN)
		return 0;
	return balloond_min(balloond_max(promised_min(p, ceiling),
					 demand_kernel_floor(maximum, kernel)),
			    ceiling);
}

/* A wish above what is open to tenants is cut to that, or to what the operator gives anyway. */
static uint64_t cut_wish(struct verdict *v, enum tenant_key key, uint64_t wish, uint64_t most)
{
	if (wish > most)
		v->tenant_refused |= 1u << key;
	v->tenant_taken |= 1u << key;
	return balloond_min(wish, most);
}

static int32_t cut_priority(struct verdict *v, int32_t wish, int32_t most)
{
	if (wish > most)
		v->tenant_refused |= 1u << TENANT_PRIORITY;
	v->tenant_taken |= 1u << TENANT_PRIORITY;
	return wish < most ? wish : most;
}

/* What the entry promises, and what the domain's metadata makes of it. */
static void judge_promise(const struct tenants *tenants, const struct tenant_wish *wish,
			  uint64_t kernel_floor, struct verdict *v)
{
	const struct promise *p = v->promise;
	uint64_t min = promised_min(p, v->guest.ceiling), open;
	uint32_t taken = wish->given & tenants->allow;
	int32_t priority = p ? p->priority : 0;

	v->guest.shares = p ? p->shares : JUDGE_SHARES_DEFAULT;
	v->guest.priority = priority;
	if (taken & 1u << TENANT_MIN) {
		open = amount_bytes(tenants->min_at_most, v->guest.ceiling, 0);
		min = cut_wish(v, TENANT_MIN, amount_bytes(wish->min, v->guest.ceiling, 0),
			       balloond_max(open, min));
	}
	if (taken & 1u << TENANT_SHARES)
		v->guest.shares = (uint32_t)cut_wish(v, TENANT_SHARES, wish->shares,
						     balloond_max(tenants->shares_at_most,
								  v->guest.shares));
	if (taken & 1u << TENANT_PRIORITY)
		v->guest.priority = cut_priority(v, wish->priority,
						 tenants->priority_at_most > priority
							 ? tenants->priority_at_most
							 : priority);
	v->promised = balloond_min(balloond_max(min, kernel_floor), v->guest.ceiling);
	v->guest.floor = v->promised;
}

/* Which of what the metadata says does not hold, for whatever reason. */
static void judge_wishes(const struct tenants *tenants, const struct guest *g,
			 const struct choice *choice, struct verdict *v)
{
	uint32_t given = g->wish.given;

	v->tenant_refused |= g->wish.unclear | (given & ~tenants->allow);
	if (given & 1u << TENANT_POLICY) {
		if (choice->tenant_refused)
			v->tenant_refused |= 1u << TENANT_POLICY;
		else
			v->tenant_taken |= 1u << TENANT_POLICY;
	}
	v->tenant_taken |= given & tenants->allow & (1u << TENANT_TAG | 1u << TENANT_HOLD);
}

bool judge_is_booting(const struct guest *g, const struct memory *m, usec_t now)
{
	if (g->booted == 0 || now - g->booted >= BOOT_MAX)
		return false;
	return m->boot_sampled == 0 ||
	       now - m->boot_sampled < (crash_is_recent(m) ? 2 : 1) * BOOT_GRACE;
}

/* What it told when it was last read was old then; or nobody has read it for too long, by what the
 * last plan meant to do. */
static bool is_stale(const struct guest *g, const struct memory *m, usec_t now)
{
	usec_t period = g->period, unread = balloond_sub(now, g->swept), most;

	if (period == 0)
		period = m->sample > 1 ? PERIOD_UNKNOWN : PERIOD_ONCE;
	most = STALE_PERIODS * period + STALE_SLACK;
	return g->seen.stats_age == BALLOOND_UNKNOWN ||
	       balloond_sub(g->seen.stats_age, unread) > most || unread > most + m->reading.every;
}

static enum guest_state set(struct verdict *v, enum guest_state state, enum reason reason)
{
	v->reason = reason;
	return state;
}

/* What it is that keeps its host from gaining anything. */
static enum guest_state judge_inhibited(struct verdict *v, uint32_t facts)
{
	static const struct {
		uint32_t fact;
		enum reason reason;
	} rows[] = {
		{ GUEST_DEVICES_PIN, REASON_DEVICES_PIN },
		{ GUEST_CONFIDENTIAL, REASON_CONFIDENTIAL },
		{ GUEST_HUGEPAGES, REASON_HUGEPAGES },
		{ GUEST_LOCKED, REASON_LOCKED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (facts & rows[i].fact)
			return set(v, STATE_INHIBITED, rows[i].reason);
	return STATE_MAX;
}

/* What it is that has it, where that is known. */
static enum guest_state judge_busy(struct verdict *v, uint32_t facts)
{
	static const struct {
		uint32_t fact;
		enum reason reason;
	} rows[] = {
		{ GUEST_LOST, REASON_LOST },         { GUEST_HUNG, REASON_HUNG },
		{ GUEST_SAVING, REASON_SAVING },     { GUEST_MIGRATING, REASON_MIGRATING },
		{ GUEST_SNAPSHOT, REASON_SNAPSHOT }, { GUEST_ARRIVED, REASON_ARRIVED },
		{ GUEST_BUSY, REASON_JOB },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (facts & rows[i].fact)
			return set(v, STATE_BUSY, rows[i].reason);
	return STATE_MAX;
}

/* Windows' driver fills one answer by itself; all that is in there comes from a service. */
static bool tells_nothing(const struct guest *g)
{
	return g->stamp != 0 && g->seen.total == BALLOOND_UNKNOWN &&
	       g->seen.usable == BALLOOND_UNKNOWN && g->seen.unused == BALLOOND_UNKNOWN;
}

/* What the policy says, or what an operator did about it. */
static enum guest_state judge_managed(struct verdict *v, const struct guest *g)
{
	if (g->pause.on)
		return set(v, STATE_MANAGED, REASON_PAUSED_OPERATOR);
	if (g->give_back.on)
		return set(v, STATE_MANAGED, REASON_GIVEN_BACK);
	return set(v, STATE_MANAGED, v->rule ? REASON_POLICY : REASON_NO_WHEN);
}

static enum guest_state judge_statistics(const struct config *config, struct verdict *v,
					 const struct guest *g, const struct memory *m, usec_t now)
{
	if (g->facts & GUEST_STATS_GATED)
		return set(v, STATE_BLIND, REASON_STATS_GATED);
	if (g->facts & GUEST_NO_STATS)
		return set(v, STATE_BLIND, REASON_NO_STATS);
	if (tells_nothing(g))
		return set(v, STATE_BLIND, REASON_NO_SERVICE);
	if (g->stamp != 0 && !is_stale(g, m, now))
		return m->used == BALLOOND_UNKNOWN ? set(v, STATE_BLIND, REASON_NEVER_REPORTED)
						   : judge_managed(v, g);
	if (g->period == 0 && config->keep_stats_period)
		return set(v, STATE_BLIND, REASON_PERIOD_KEPT);
	if (g->stamp != 0)
		return set(v, STATE_STALE, m->starved ? REASON_STARVED : REASON_STALE);
	return set(v, STATE_BLIND, REASON_NEVER_REPORTED);
}

/* An operator's hold yields only where the host is critical and the guest may be lost. */
static bool operator_holds(const struct verdict *v, const struct guest *g, uint32_t level)
{
	bool expendable = v->promise && v->promise->expendable;

	return g->hold.on && (level < BALLOOND_LEVEL_CRITICAL || !expendable);
}

/* A tenant's hold yields where the host is low: others would pay for it. */
static bool tenant_holds(const struct config *config, struct verdict *v, const struct guest *g,
			 uint32_t level)
{
	if (!(g->wish.given & config->tenants.allow & 1u << TENANT_HOLD))
		return false;
	if (g->wish.hold && level >= BALLOOND_LEVEL_LOW)
		v->tenant_refused |= 1u << TENANT_HOLD;
	return g->wish.hold && level < BALLOOND_LEVEL_LOW;
}

/* In the order of enum guest_state. */
static enum guest_state judge_state(const struct config *config, const struct snapshot *s,
				    struct verdict *v, const struct guest *g,
				    const struct memory *m, uint32_t level)
{
	enum guest_state found;

	if (g->facts & GUEST_CONTAINER)
		return set(v, STATE_NO_BALLOON, REASON_CONTAINER);
	if (!(g->facts & GUEST_INSPECTED) || g->seen.actual == BALLOOND_UNKNOWN ||
	    g->seen.maximum == BALLOOND_UNKNOWN)
		return set(v, STATE_BUSY,
			   g->facts & GUEST_HUNG ? REASON_HUNG : REASON_NOT_INSPECTED);
	if (!(g->facts & GUEST_BALLOON))
		return set(v, STATE_NO_BALLOON, REASON_NO_BALLOON);
	found = judge_inhibited(v, g->facts);
	if (found != STATE_MAX)
		return found;
	if (foreign_is_owned(v->promise, g, s->host.facts, &v->reason))
		return STATE_OWNED;
	if (g->facts & GUEST_PAUSED)
		return set(v, STATE_PAUSED, REASON_PAUSED);
	found = judge_busy(v, g->facts);
	if (found != STATE_MAX)
		return found;
	if (judge_is_booting(g, m, s->now))
		return set(v, STATE_BOOTING, REASON_BOOTING);
	/* A size that an operator has fixed needs nobody's word. */
	if (trust_is_lost(m) && !g->exclude.on && !operator_holds(v, g, level))
		return set(v, STATE_DISTRUSTED, trust_reason(m));
	if (v->promise && v->promise->dry_run)
		return set(v, STATE_OBSERVED, REASON_ENTRY_DRY);
	if (!v->matched)
		return set(v, STATE_OBSERVED, REASON_NO_RULE);
	if (g->exclude.on)
		return set(v, STATE_EXCLUDED, REASON_EXCLUDED);
	if (crash_is_given_up(m, s->now))
		return set(v, STATE_OBSERVED, REASON_CRASHED);
	if (yield_is_futile(m, s->now))
		return set(v, STATE_FUTILE, REASON_FUTILE);
	if (progress_is_stuck(m, s->now))
		return set(v, STATE_STUCK, REASON_STUCK);
	if (foreign_holds(m, s->now, &v->reason))
		return STATE_FOREIGN;
	if (s->host.pause.on)
		return set(v, STATE_HELD, REASON_PAUSED_ALL);
	if (operator_holds(v, g, level))
		return set(v, STATE_HELD, REASON_HELD_OPERATOR);
	if (tenant_holds(config, v, g, level))
		return set(v, STATE_HELD, REASON_HELD_TENANT);
	return judge_statistics(config, v, g, m, s->now);
}

/* A guest that tells nothing gives only what its entry says in so many words: `kernel` is the least
 * of one whose use is seen. */
static bool says_how_much(const struct promise *p)
{
	return p && p->min_is_set && p->min.kind != AMOUNT_KERNEL && p->min.kind != AMOUNT_AUTO;
}

static bool may_be_shrunk(const struct verdict *v, const struct memory *m, bool cooling, usec_t now)
{
	if (!state_row(v->state)->may_shrink || verdict_is_ordered_up(v))
		return false;
	/* Of what it says of itself distress is a part. */
	if (v->state == STATE_DISTRUSTED)
		return v->kept < m->target && !progress_is_stuck(m, now);
	return !cooling && (v->state != STATE_BLIND || says_how_much(v->promise));
}

static uint32_t flags_of(const struct verdict *v, const struct guest *g, const struct memory *m,
			 usec_t now)
{
	bool cooling = m->distress != 0 && now - m->distress < COOL_DOWN;
	bool may_shrink = may_be_shrunk(v, m, cooling, now);
	bool may_grow = state_row(v->state)->may_grow;
	bool steerable = v->matched && v->state != STATE_OBSERVED &&
			 v->reason != REASON_FOREIGN_WATCHED;

	return (steerable && may_grow ? BALLOOND_GUEST_MAY_GROW : 0u) |
	       (steerable && may_shrink ? BALLOOND_GUEST_MAY_SHRINK : 0u) |
	       (v->state == STATE_STALE ? BALLOOND_GUEST_STALE : 0u) |
	       (v->state == STATE_BLIND ? BALLOOND_GUEST_BLIND : 0u) |
	       (m->swapped ? BALLOOND_GUEST_SWAPPED : 0u) |
	       (cooling ? BALLOOND_GUEST_COOLING : 0u) |
	       (v->promise && v->promise->expendable ? BALLOOND_GUEST_EXPENDABLE : 0u) |
	       (g->facts & GUEST_AUTODEFLATE ? BALLOOND_GUEST_DEFLATES : 0u) |
	       (g->facts & GUEST_FREE_REPORTING ? BALLOOND_GUEST_REPORTS_FREE : 0u);
}

/* Whether its statistics period should be set.  Paused or lost guests would not answer; the others
 * must report to be managed, or for the conditions of a rule. */
static bool judge_arms(const struct config *config, const struct verdict *v, const struct guest *g)
{
	return v->matched && !g->exclude.on && !config->keep_stats_period &&
	       (g->facts & GUEST_BALLOON) && v->state != STATE_OBSERVED &&
	       (state_row(v->state)->may_grow || v->state == STATE_HELD ||
		v->reason == REASON_ARRIVED) &&
	       !(g->facts & (GUEST_STATS_GATED | GUEST_NO_STATS));
}

void judge_guest(const struct config *config, const struct snapshot *s, const struct guest *g,
		 const struct memory *m, const struct choice *choice, uint32_t level,
		 struct verdict *v)
{
	bool sized = g->seen.maximum != BALLOOND_UNKNOWN && g->seen.actual != BALLOOND_UNKNOWN;
	uint64_t maximum = sized ? g->seen.maximum : 0;

	*v = (struct verdict){
		.guest = g->seen,
		.source = g,
		.promise = match_promise(config, g),
		.rule = choice->rule,
		.waits = choice->waits,
		.unknown = choice->unknown,
		.margin = demand_margin(maximum, m->swapped),
		.overhead = demand_overhead(m, maximum),
		.kernel = m->kernel,
		.low = BALLOOND_UNKNOWN,
	};
	v->matched = choice->matched && !(v->promise && v->promise->dry_run);
	v->state = judge_state(config, s, v, g, m, level);
	v->warnings = foreign_warnings(m, g, v->promise);
	v->ceiling_set = m->foreign.ceiling;
	v->guest.target = m->target;
	v->target = m->target;
	v->wanted = m->target;
	v->guest.used = m->used;
	v->guest.sample = m->sample;
	v->guest.sample_elapsed = m->sample_elapsed;
	if (sized)
		v->guest.ceiling = judge_ceiling(v->promise, g, m);
	judge_promise(&config->tenants, &g->wish,
		      sized ? demand_kernel_floor(maximum, m->kernel) : 0, v);
	judge_wishes(&config->tenants, g, choice, v);
	if (v->state == STATE_DISTRUSTED)
		trust_disregard(m, says_how_much(v->promise), v);
	v->arm = judge_arms(config, v, g);
	/* No command goes out to these, whatever their state. */
	if (g->exclude.on || s->host.pause.on)
		v->matched = false;
	v->guest.flags = flags_of(v, g, m, s->now);
}
