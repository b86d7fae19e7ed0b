/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/when.h"

#include "balloond/policy-math.h"

static uint64_t swap_used(const struct balloond_host *host)
{
	if (host->swap_total == BALLOOND_UNKNOWN || host->swap_free == BALLOOND_UNKNOWN)
		return BALLOOND_UNKNOWN;
	return balloond_sub(host->swap_total, host->swap_free);
}

/* PSI counts in 1/100 %. */
static uint64_t pressure(uint64_t hundredths)
{
	return hundredths == BALLOOND_UNKNOWN ? hundredths : hundredths / 10;
}

static uint64_t host_metric(const struct when_view *view, enum metric metric)
{
	const struct balloond_host *host = &view->snapshot->host.seen;
	const struct history *h = view->history;

	switch (metric) {
	case METRIC_HOST_AVAILABLE:
		return host->available;
	case METRIC_HOST_FREE:
		return host->free;
	case METRIC_HOST_ROOM:
		return h->now ? h->room : BALLOOND_UNKNOWN;
	case METRIC_HOST_CHARGED:
		return h->now ? h->charged : BALLOOND_UNKNOWN;
	case METRIC_HOST_SWAP_USED:
		return swap_used(host);
	case METRIC_HOST_SWAP_IN:
		return h->now ? h->swap.in.rate : BALLOOND_UNKNOWN;
	case METRIC_HOST_SWAP_OUT:
		return h->now ? h->swap.out.rate : BALLOOND_UNKNOWN;
	case METRIC_HOST_PRESSURE:
		return pressure(host->some_avg10);
	case METRIC_HOST_STALLED:
		return pressure(host->full_avg10);
	case METRIC_HOST_LEVEL:
		return h->level;
	default:
		return BALLOOND_UNKNOWN;
	}
}

uint64_t when_metric(const struct when_view *view, enum metric metric)
{
	const struct balloond_guest *seen = &view->guest->seen;
	const struct memory *m = view->memory;

	switch (metric) {
	case METRIC_GUEST_ACTUAL:
		return seen->actual;
	case METRIC_GUEST_USED:
		return m->used;
	case METRIC_GUEST_USABLE:
		return seen->usable;
	case METRIC_GUEST_RESIDENT:
		return seen->resident;
	case METRIC_GUEST_SWAP_IN:
		return m->swap_in.rate;
	case METRIC_GUEST_MAJOR_FAULTS:
		return m->major_faults.rate;
	case METRIC_GUEST_DISK_READS:
		return m->disk_reads.rate;
	case METRIC_GUEST_STATS_AGE:
		return seen->stats_age;
	default:
		return host_metric(view, metric);
	}
}

/* What a percentage of the metric is of. */
static uint64_t metric_base(const struct when_view *view, enum metric metric)
{
	switch (metric) {
	case METRIC_HOST_AVAILABLE:
	case METRIC_HOST_FREE:
		return view->snapshot->host.seen.total;
	case METRIC_HOST_ROOM:
	case METRIC_HOST_CHARGED:
		return view->history->last_pool;
	case METRIC_HOST_SWAP_USED:
		return view->snapshot->host.seen.swap_total;
	case METRIC_GUEST_USED:
	case METRIC_GUEST_USABLE:
		return view->guest->seen.actual;
	case METRIC_GUEST_ACTUAL:
	case METRIC_GUEST_RESIDENT:
		return view->ceiling;
	default:
		return BALLOOND_UNKNOWN;
	}
}

/* The edge in the metric's unit, and the most that the metric can be. */
static bool find_edge(const struct when_view *view, const struct condition *c, uint64_t *edge,
		      uint64_t *most)
{
	*most = metric_row(c->metric)->kind == METRIC_SHARE ? 1000 : metric_base(view, c->metric);
	*edge = c->edge.value;
	if (c->edge.kind != AMOUNT_PERMILLE)
		return true;
	*edge = balloond_permille(*most, c->edge.value);
	return *most != BALLOOND_UNKNOWN;
}

/* A quarter beyond the edge; where less than that is left up to the most that there can be, half
 * of what is left: below 90 % could not be over otherwise. */
static bool is_over(const struct condition *c, uint64_t value, uint64_t edge, uint64_t most)
{
	if (metric_row(c->metric)->kind == METRIC_LEVEL)
		return c->above ? value <= edge : value >= edge;
	if (c->above)
		return value <= edge - edge / 4;
	return value >= balloond_min(balloond_add(edge, edge / 4),
				     balloond_add(edge, balloond_sub(most, edge) / 2));
}

static bool turns(struct gate *gate, bool now_so, usec_t now, usec_t hold)
{
	if (!now_so) {
		gate->turning = false;
		return false;
	}
	if (!gate->turning) {
		gate->turning = true;
		gate->since = now;
	}
	if (now - gate->since < hold)
		return false;
	gate->turning = false;
	return true;
}

bool when_follow(const struct when *when, const struct when_view *view, struct gate *gate,
		 enum metric *unknown)
{
	bool all_hold = true, all_over = true;

	*unknown = METRIC_MAX;
	for (size_t i = 0; i < when->n; i++) {
		const struct condition *c = &when->conditions[i];
		uint64_t value = when_metric(view, c->metric), edge, most;

		if (value == BALLOOND_UNKNOWN || !find_edge(view, c, &edge, &most)) {
			if (*unknown == METRIC_MAX)
				*unknown = c->metric;
			all_hold = false;
			continue;
		}
		all_hold = all_hold && (c->above ? value > edge : value < edge);
		all_over = all_over && is_over(c, value, edge, most);
	}
	if (turns(gate, gate->open ? all_over : all_hold, view->snapshot->now, when->hold))
		gate->open = !gate->open;
	return gate->open;
}
