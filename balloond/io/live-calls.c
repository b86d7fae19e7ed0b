/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls about single domains, queued and told.  One is in flight a domain: meanwhile only the
 * newest target is remembered.  A plan's steps are queued in its order, those that free first.
 * What became of a step is told once, as its guest's outcome; one that is not even queued, because
 * the guest's hypervisor hangs or calls about the guest failed again and again, as refused. */

#include <errno.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/live.h"
#include "balloond/io/log.h"

/* A period that did not hold (somebody else sets it too) is set again after this long. */
#define PERIOD_AGAIN (30u * 1000000u)

/* A domain that could not be read, because it was busy or on its way out. */
#define INSPECT_AGAIN (5u * 1000000u)

static void tell(struct domain *d, enum outcome_kind kind, const struct call_result *result)
{
	d->guest.outcome = (struct outcome){
		.kind = kind,
		.bytes = result->call.bytes,
		.latency = result->latency,
		.error = result->error,
	};
}

static int queue(struct live *live, struct domain *d, const struct call *what)
{
	struct live_source *source = live_find_source(live, d->source);
	struct call call = *what;
	int r;

	if (!source || d->is_lost)
		return -ENOTCONN;
	if (d->is_hung)
		return -EBUSY;
	if (breaker_is_open(&d->calls.breaker, clock_monotonic()))
		return -ECANCELED;
	memcpy(call.uuid, d->guest.uuid, sizeof(call.uuid));
	r = virt_call(live->virt, source->virt, &call);
	if (r < 0)
		return r;
	d->calls.in_flight = true;
	d->calls.gave_up = false;
	return 0;
}

static void queue_target(struct live *live, struct domain *d)
{
	struct call_result result = {
		.call = { .kind = CALL_SET_MEMORY, .bytes = d->calls.target, .id = d->id },
	};

	d->calls.target = BALLOOND_UNKNOWN;
	result.error = queue(live, d, &result.call);
	if (result.error >= 0)
		return;
	tell(d, OUTCOME_REFUSED, &result);
	live->has_news = true;
}

static bool has_no_stats(const struct domain *d)
{
	return d->swept_facts & (GUEST_CONTAINER | GUEST_STATS_GATED | GUEST_NO_STATS);
}

static void queue_one(struct live *live, struct domain *d, usec_t now)
{
	struct domain_calls *calls = &d->calls;

	if (calls->in_flight || d->is_hidden)
		return;
	if (calls->target != BALLOOND_UNKNOWN) {
		queue_target(live, d);
		return;
	}
	if (calls->wants_inspection && now >= calls->inspect_after) {
		/* Asked for while a balloon moves, the size would not fit the sample. */
		struct call call = {
			.kind = CALL_INSPECT,
			.skip_stats = !calls->wants_actual || has_no_stats(d),
		};

		if (queue(live, d, &call) >= 0)
			calls->wants_inspection = calls->wants_actual = false;
		return;
	}
	if (calls->period > 0) {
		struct call call = { .kind = CALL_SET_PERIOD, .period = calls->period };

		if (queue(live, d, &call) < 0)
			return;
		calls->period = 0;
		calls->period_asked = now;
	}
}

void live_queue_calls(struct live *live)
{
	usec_t now = clock_monotonic();

	if (!live->has_wants)
		return;
	live->has_wants = false;
	for (size_t i = 0; i < live->domains.n; i++)
		queue_one(live, live->domains.list[i], now);
}

/* Only where the guest is asked too seldom: a shorter period is somebody's wish. */
static void want_period(struct live *live, struct domain *d, usec_t now)
{
	usec_t wanted = live->stats_period;

	if (live->keep_stats_period || wanted == 0 || has_no_stats(d))
		return;
	if ((d->inspected_facts & (GUEST_INSPECTED | GUEST_BALLOON)) !=
	    (GUEST_INSPECTED | GUEST_BALLOON))
		return;
	if (d->guest.period > 0 && d->guest.period <= wanted) {
		if (!d->calls.rearms)
			return;
		wanted = d->guest.period;
	}
	if (d->calls.period_asked > 0 && now - d->calls.period_asked < PERIOD_AGAIN)
		return;
	d->calls.period = wanted;
}

void live_act(struct live *live, const struct plan *plan)
{
	usec_t now = clock_monotonic();
	struct domain *d;

	if (live->dry_run)
		return;
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];

		d = domains_find(&live->domains, plan->verdicts[step->guest].guest.uuid);
		if (!d || d->is_hidden)
			continue;
		d->calls.target = step->to;
		queue_one(live, d, now);
	}
	for (size_t i = 0; i < plan->n_verdicts; i++) {
		if (!plan->verdicts[i].arm)
			continue;
		d = domains_find(&live->domains, plan->verdicts[i].guest.uuid);
		if (!d)
			continue;
		want_period(live, d, now);
		queue_one(live, d, now);
	}
}

/* A transient domain at first sight: an earlier balloond may have seen it larger. */
static void recall_sold(struct live *live, struct domain *d)
{
	if (d->guest.sold != BALLOOND_UNKNOWN)
		return;
	d->guest.sold = sold_find(&live->sold, d->guest.uuid, d->id);
	live->sold.is_dirty = true;
}

static void on_inspected(struct live *live, struct domain *d, const struct call_result *result)
{
	usec_t now = clock_monotonic();
	uint64_t sold;

	if (result->is_over && result->error >= 0) {
		if (result->inspection.is_transient)
			recall_sold(live, d);
		sold = d->guest.sold;
		if (domain_take_inspection(d, &result->inspection, now)) {
			d->wants_reading = true;
			live_sweep_soon(live, d->source);
		}
		live->sold.is_dirty = live->sold.is_dirty || d->guest.sold != sold;
		return;
	}
	d->calls.wants_inspection = d->calls.wants_actual = true;
	d->calls.inspect_after = now + INSPECT_AGAIN;
}

static void on_memory_set(struct live *live, struct domain *d, const struct call_result *result)
{
	if (result->error >= 0)
		tell(d, OUTCOME_ASKED, result);
	else if (d->calls.gave_up && result->is_over)
		return;
	else if (result->error == -ETIMEDOUT)
		tell(d, OUTCOME_TIMED_OUT, result);
	else
		tell(d, OUTCOME_REFUSED, result);
	if (result->error < 0)
		return;
	d->wants_reading = true;
	live_sweep_soon(live, d->source);
}

/* The live XML tells whether it holds. */
static void on_period_set(struct domain *d, const struct call_result *result)
{
	if (result->error < 0)
		return;
	d->guest.period = result->call.period;
	d->calls.rearms = false;
	d->calls.wants_inspection = true;
}

static void take_result(struct domain *d, const struct call_result *result)
{
	bool was_told = d->calls.gave_up && result->is_over && result->error < 0;
	struct breaker *breaker = &d->calls.breaker;
	usec_t now = clock_monotonic();
	char name[LOG_SAFE_MAX];

	if (was_told)
		return;
	breaker_take(breaker, result->error, now);
	if (breaker_is_open(breaker, now))
		log_warning("guest \"%s\": calls fail again and again, none for %u s: %s",
			    log_safe(name, d->guest.name), (unsigned)(breaker->pause / 1000000u),
			    strerror(-result->error));
}

void live_on_call(struct live *live, const struct call_result *result)
{
	struct domain *d = domains_find(&live->domains, result->call.uuid);

	if (!d || d->source != result->source)
		return;
	if (result->is_over)
		d->calls.in_flight = false;
	take_result(d, result);
	switch (result->call.kind) {
	case CALL_INSPECT:
		on_inspected(live, d, result);
		break;
	case CALL_SET_MEMORY:
		on_memory_set(live, d, result);
		break;
	case CALL_SET_PERIOD:
		on_period_set(d, result);
		break;
	}
	if (!result->is_over)
		d->calls.gave_up = true;
	live->has_wants = true;
	live->has_news = true;
}
