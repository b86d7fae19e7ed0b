/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What operators order of single guests.  The bus appends to a short queue; whoever composes the
 * snapshot takes it into the orders that stand, and writes these into the guests that they are
 * for: the planner sees nothing but the snapshot, so that a recorded one decides alike. */

#include "balloond/core/snapshot.h"

enum order_kind {
	ORDER_HOLD,
	ORDER_UNHOLD,
};

struct order {
	enum order_kind kind;
	char uuid[GUEST_UUID_MAX]; /* there may be no such guest any more, or again */
	struct hold hold;          /* UNHOLD: who and why */
};

/* Not taken yet.  A tick empties it: only a flood fills it. */
#define ORDERS_MAX 64u

struct orders {
	struct order queue[ORDERS_MAX];
	size_t n;
};

/* 0, or -EBUSY: full. */
int orders_append(struct orders *orders, const struct order *order);

/* The holds that stand, sorted by uuid, a guest's only one each.  The array is the caller's
 * (io/storage.h).  They outlive the guest: one that comes back is held again. */
struct standing {
	struct order *holds;
	size_t n, max;
};

/* NULL: it is not held. */
const struct hold *standing_find(const struct standing *standing, const char *uuid);

/* Carries out one order; room for one more must be there. */
void standing_take(struct standing *standing, const struct order *order);

/* Drops the first hold whose time is over at wall, into *ret (its hold.on false).  False: there is
 * none. */
bool standing_expire(struct standing *standing, usec_t wall, struct order *ret);

/* Writes what stands into every guest of the snapshot. */
void standing_apply(const struct standing *standing, struct snapshot *snapshot);
