/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/orders.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t ends; /* 1 << enum order_kind */
} kinds[ORDER_KIND_MAX] = {
	[ORDER_EXCLUDE] = { "exclude", 0 },
	[ORDER_HOLD] = { "hold", 0 },
	[ORDER_PAUSE] = { "pause", 0 },
	[ORDER_GIVE_BACK] = { "give-back", 0 },
	[ORDER_INCLUDE] = { "include", 1u << ORDER_EXCLUDE },
	[ORDER_UNHOLD] = { "unhold", 1u << ORDER_HOLD },
	[ORDER_RESUME] = { "resume", 1u << ORDER_PAUSE | 1u << ORDER_GIVE_BACK },
};

const char *order_kind_name(enum order_kind kind)
{
	return kind < ORDER_KIND_MAX ? kinds[kind].name : "unknown";
}

uint32_t order_ends(enum order_kind kind)
{
	return kind < ORDER_KIND_MAX ? kinds[kind].ends : 0;
}

int orders_append(struct orders *orders, const struct order *order)
{
	if (orders->n == ORDERS_MAX)
		return -EBUSY;
	orders->queue[orders->n++] = *order;
	return 0;
}

static int compare(const struct order *order, const char *uuid, enum order_kind kind)
{
	int by_uuid = strcmp(order->uuid, uuid);

	return by_uuid != 0 ? by_uuid : (int)order->kind - (int)kind;
}

/* Where the order is, or belongs. */
static size_t place_of(const struct standing *standing, const char *uuid, enum order_kind kind)
{
	size_t low = 0, high = standing->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&standing->orders[middle], uuid, kind) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct standing *standing, size_t i, const char *uuid, enum order_kind kind)
{
	return i < standing->n && compare(&standing->orders[i], uuid, kind) == 0;
}

const struct hold *standing_find(const struct standing *standing, const char *uuid,
				 enum order_kind kind)
{
	size_t i = place_of(standing, uuid, kind);

	return is_at(standing, i, uuid, kind) ? &standing->orders[i].hold : NULL;
}

static void drop(struct standing *standing, size_t i)
{
	standing->n--;
	memmove(&standing->orders[i], &standing->orders[i + 1],
		(standing->n - i) * sizeof(*standing->orders));
}

static void put(struct standing *standing, const struct order *order)
{
	size_t i = place_of(standing, order->uuid, order->kind);

	if (!is_at(standing, i, order->uuid, order->kind)) {
		memmove(&standing->orders[i + 1], &standing->orders[i],
			(standing->n - i) * sizeof(*standing->orders));
		standing->n++;
	}
	standing->orders[i] = *order;
	standing->orders[i].hold.on = true;
}

void standing_take(struct standing *standing, const struct order *order)
{
	uint32_t ends = order_ends(order->kind);

	if (order->kind < ORDER_STANDING_MAX)
		put(standing, order);
	for (enum order_kind kind = 0; kind < ORDER_STANDING_MAX; kind++) {
		size_t i = place_of(standing, order->uuid, kind);

		if (ends & 1u << kind && is_at(standing, i, order->uuid, kind))
			drop(standing, i);
	}
}

bool standing_expire(struct standing *standing, usec_t wall, struct order *ret)
{
	for (size_t i = 0; i < standing->n; i++) {
		usec_t until = standing->orders[i].hold.until;

		if (until == 0 || wall < until)
			continue;
		*ret = standing->orders[i];
		ret->hold.on = false;
		drop(standing, i);
		return true;
	}
	return false;
}

/* Where the guest keeps an order of that kind. */
static struct hold *place_in(struct guest *g, enum order_kind kind)
{
	switch (kind) {
	case ORDER_EXCLUDE:
		return &g->exclude;
	case ORDER_HOLD:
		return &g->hold;
	case ORDER_PAUSE:
		return &g->pause;
	default:
		return &g->give_back;
	}
}

/* Of all guests, if that is ordered. */
static struct hold of_all(const struct standing *standing, enum order_kind kind)
{
	const struct hold *hold = standing_find(standing, "", kind);

	return hold ? *hold : (struct hold){ 0 };
}

void standing_apply(const struct standing *standing, struct snapshot *snapshot)
{
	struct hold give_back = of_all(standing, ORDER_GIVE_BACK);
	size_t k = 0;

	snapshot->host.pause = of_all(standing, ORDER_PAUSE);
	/* Both are sorted by uuid. */
	for (size_t i = 0; i < snapshot->n_guests; i++) {
		struct guest *g = &snapshot->guests[i];

		g->exclude = g->hold = g->pause = (struct hold){ 0 };
		g->give_back = give_back;
		while (k < standing->n && strcmp(standing->orders[k].uuid, g->uuid) < 0)
			k++;
		for (; k < standing->n && strcmp(standing->orders[k].uuid, g->uuid) == 0; k++)
			*place_in(g, standing->orders[k].kind) = standing->orders[k].hold;
	}
}
