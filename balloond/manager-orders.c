/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/manager-orders.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "balloond/io/log.h"
#include "balloond/io/storage.h"
#include "balloond/policy-math.h"

/* guest "NAME", with its uuid where it is gone; or all of them. */
static const char *describe_guest(char buf[LOG_SAFE_MAX + 16], const struct snapshot *now,
				  const char *uuid)
{
	const struct guest *g = snapshot_find(now, uuid);
	char name[LOG_SAFE_MAX];

	if (!*uuid)
		return "all guests";
	(void)snprintf(buf, LOG_SAFE_MAX + 16, "guest \"%s\"", log_safe(name, g ? g->name : uuid));
	return buf;
}

/* " until 2026-01-31T12:00:00Z", "" for ever. */
static void describe_end(char buf[64], usec_t until)
{
	time_t seconds = (time_t)(until / BALLOOND_SECOND);
	struct tm tm = { 0 };

	*buf = '\0';
	if (until > 0 && gmtime_r(&seconds, &tm))
		(void)strftime(buf, 64, " until %Y-%m-%dT%H:%M:%SZ", &tm);
}

/* What becomes of a guest, and where there was nothing to end. */
static const struct {
	const char *done, *idle;
} words[ORDER_KIND_MAX] = {
	[ORDER_EXCLUDE] = { "excluded", NULL },
	[ORDER_HOLD] = { "held", NULL },
	[ORDER_PAUSE] = { "paused", NULL },
	[ORDER_GIVE_BACK] = { "given back", NULL },
	[ORDER_INCLUDE] = { "included", "was not excluded, included" },
	[ORDER_UNHOLD] = { "let go", "was not held, let go" },
	[ORDER_RESUME] = { "resumed", "was not paused, resumed" },
};

static bool is_idle(const struct standing *standing, const struct order *order)
{
	for (enum order_kind kind = 0; kind < ORDER_STANDING_MAX; kind++)
		if (order_ends(order->kind) & 1u << kind &&
		    standing_find(standing, order->uuid, kind))
			return false;
	return order->kind >= ORDER_STANDING_MAX;
}

static void tell_order(const struct snapshot *now, const struct order *order, bool idle)
{
	char guest[LOG_SAFE_MAX + 16], who[LOG_SAFE_MAX], why[LOG_SAFE_MAX], end[64];
	const struct hold *hold = &order->hold;

	describe_end(end, hold->until);
	log_info("%s: %s by %s%s%s%s", describe_guest(guest, now, order->uuid),
		 idle ? words[order->kind].idle : words[order->kind].done, log_safe(who, hold->who),
		 end, *hold->reason ? ": " : "", log_safe(why, hold->reason));
}

static void take_all(struct manager_orders *o, const struct snapshot *now)
{
	int r = standing_reserve(&o->standing, o->standing.n + o->queue.n);

	if (r < 0) {
		/* They stay where they are; whoever orders more is told that it is busy. */
		log_warning("cannot take orders, trying again: %s", strerror(-r));
		return;
	}
	for (size_t i = 0; i < o->queue.n; i++) {
		const struct order *order = &o->queue.queue[i];

		tell_order(now, order, is_idle(&o->standing, order));
		standing_take(&o->standing, order);
	}
	o->queue.n = 0;
}

int manager_orders_give_back(struct manager_orders *o)
{
	const struct order order = { .kind = ORDER_GIVE_BACK, .hold.who = "--give-back" };

	return orders_append(&o->queue, &order);
}

bool manager_orders_follow(struct manager_orders *o, struct snapshot *now)
{
	char guest[LOG_SAFE_MAX + 16];
	struct order over;
	bool changed = o->queue.n > 0;

	if (o->queue.n > 0)
		take_all(o, now);
	while (standing_expire(&o->standing, now->wall, &over)) {
		changed = true;
		log_info("%s: the time for which it was %s is over",
			 describe_guest(guest, now, over.uuid), words[over.kind].done);
	}
	standing_apply(&o->standing, now);
	return changed;
}

void manager_orders_close(struct manager_orders *o)
{
	standing_done(&o->standing);
}
