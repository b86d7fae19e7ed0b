/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/orders.h"

#include <errno.h>
#include <string.h>

int orders_append(struct orders *orders, const struct order *order)
{
	if (orders->n == ORDERS_MAX)
		return -EBUSY;
	orders->queue[orders->n++] = *order;
	return 0;
}

/* Where the guest's hold is, or belongs. */
static size_t place_of(const struct standing *standing, const char *uuid)
{
	size_t low = 0, high = standing->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(standing->holds[middle].uuid, uuid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct standing *standing, size_t i, const char *uuid)
{
	return i < standing->n && strcmp(standing->holds[i].uuid, uuid) == 0;
}

const struct hold *standing_find(const struct standing *standing, const char *uuid)
{
	size_t i = place_of(standing, uuid);

	return is_at(standing, i, uuid) ? &standing->holds[i].hold : NULL;
}

static void drop(struct standing *standing, size_t i)
{
	standing->n--;
	memmove(&standing->holds[i], &standing->holds[i + 1],
		(standing->n - i) * sizeof(*standing->holds));
}

static void hold(struct standing *standing, size_t i, const struct order *order)
{
	if (!is_at(standing, i, order->uuid)) {
		memmove(&standing->holds[i + 1], &standing->holds[i],
			(standing->n - i) * sizeof(*standing->holds));
		standing->n++;
	}
	standing->holds[i] = *order;
	standing->holds[i].hold.on = true;
}

void standing_take(struct standing *standing, const struct order *order)
{
	size_t i = place_of(standing, order->uuid);

	switch (order->kind) {
	case ORDER_HOLD:
		hold(standing, i, order);
		break;
	case ORDER_UNHOLD:
		if (is_at(standing, i, order->uuid))
			drop(standing, i);
		break;
	}
}

bool standing_expire(struct standing *standing, usec_t wall, struct order *ret)
{
	for (size_t i = 0; i < standing->n; i++) {
		usec_t until = standing->holds[i].hold.until;

		if (until == 0 || wall < until)
			continue;
		*ret = standing->holds[i];
		ret->hold.on = false;
		drop(standing, i);
		return true;
	}
	return false;
}

void standing_apply(const struct standing *standing, struct snapshot *snapshot)
{
	size_t k = 0;

	/* Both are sorted by uuid. */
	for (size_t i = 0; i < snapshot->n_guests; i++) {
		struct guest *g = &snapshot->guests[i];

		while (k < standing->n && strcmp(standing->holds[k].uuid, g->uuid) < 0)
			k++;
		g->hold = is_at(standing, k, g->uuid) ? standing->holds[k].hold
						      : (struct hold){ 0 };
	}
}
