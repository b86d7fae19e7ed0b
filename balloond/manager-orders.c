/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/manager-orders.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "balloond/io/log.h"
#include "balloond/io/storage.h"
#include "balloond/policy-math.h"

/* Its name; its uuid where it is gone. */
static void describe_guest(char buf[LOG_SAFE_MAX], const struct snapshot *now, const char *uuid)
{
	const struct guest *g = snapshot_find(now, uuid);

	(void)log_safe(buf, g ? g->name : uuid);
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

static void tell_order(const struct snapshot *now, const struct order *order, bool was_held)
{
	const char *what = was_held ? "let go" : "was not held, let go";
	char guest[LOG_SAFE_MAX], who[LOG_SAFE_MAX], why[LOG_SAFE_MAX], end[64];
	const struct hold *hold = &order->hold;

	if (order->kind == ORDER_HOLD)
		what = "held";
	describe_guest(guest, now, order->uuid);
	describe_end(end, hold->until);
	log_info("guest \"%s\": %s by %s%s%s%s", guest, what, log_safe(who, hold->who), end,
		 *hold->reason ? ": " : "", log_safe(why, hold->reason));
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

		tell_order(now, order, standing_find(&o->standing, order->uuid) != NULL);
		standing_take(&o->standing, order);
	}
	o->queue.n = 0;
}

void manager_orders_follow(struct manager_orders *o, struct snapshot *now)
{
	char guest[LOG_SAFE_MAX];
	struct order over;

	if (o->queue.n > 0)
		take_all(o, now);
	while (standing_expire(&o->standing, now->wall, &over)) {
		describe_guest(guest, now, over.uuid);
		log_info("guest \"%s\": let go, the time for which it was held is over", guest);
	}
	standing_apply(&o->standing, now);
}

void manager_orders_close(struct manager_orders *o)
{
	standing_done(&o->standing);
}
