/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What operators order, of one guest or of all.  The bus appends to a short queue; whoever composes
 * the snapshot takes it into the orders that stand, and writes these into the guests that they are
 * for: the planner sees nothing but the snapshot, so that a recorded one decides alike.
 *
 * Where several stand for a guest the first of these counts:
 *
 *   exclude    it is only observed: no command goes out to it, whatever happens
 *   hold       its size stays; yields where the host is critical and the guest is expendable
 *   pause      it is not shrunk, at no level; it grows as before.  Of all guests: nothing is asked
 *              of anybody, relief neither
 *   give-back  it is raised up to its ceiling as there is room, and not shrunk
 *
 * A pause of one guest does not keep it from being given back: both only forbid to shrink it. */

#include "balloond/core/snapshot.h"

enum order_kind {
	/* These stand. */
	ORDER_EXCLUDE,
	ORDER_HOLD,
	ORDER_PAUSE,
	ORDER_GIVE_BACK,
	ORDER_STANDING_MAX,
	/* These end them. */
	ORDER_INCLUDE = ORDER_STANDING_MAX,
	ORDER_UNHOLD,
	ORDER_RESUME, /* a pause and a give-back */
	ORDER_KIND_MAX,
};

/* As balloonctl calls it: "give-back". */
const char *order_kind_name(enum order_kind kind);

/* Which of the standing ones it ends, 1 << enum order_kind. */
uint32_t order_ends(enum order_kind kind);

struct order {
	enum order_kind kind;
	char uuid[GUEST_UUID_MAX]; /* "": all guests; there may be no such guest any more, or again
				    */
	struct hold hold;          /* where it ends others: who and why */
};

/* Not taken yet.  A tick empties it: only a flood fills it. */
#define ORDERS_MAX 64u

struct orders {
	struct order queue[ORDERS_MAX];
	size_t n;
};

/* 0, or -EBUSY: full. */
int orders_append(struct orders *orders, const struct order *order);

/* The orders that stand, sorted by uuid and kind, one each.  The array is the caller's
 * (io/storage.h).  They outlive the guest: one that comes back is held again. */
struct standing {
	struct order *orders;
	size_t n, max;
};

/* NULL: there is none. */
const struct hold *standing_find(const struct standing *standing, const char *uuid,
				 enum order_kind kind);

/* Carries out one order; room for one more must be there. */
void standing_take(struct standing *standing, const struct order *order);

/* Drops the first order whose time is over at wall, into *ret (its hold.on false).  False: there is
 * none. */
bool standing_expire(struct standing *standing, usec_t wall, struct order *ret);

/* Writes what stands into the snapshot: its host, and every guest. */
void standing_apply(const struct standing *standing, struct snapshot *snapshot);
