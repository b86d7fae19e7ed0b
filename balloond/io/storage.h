/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The arrays that core works on.  Core allocates nothing: its callers size everything here, once
 * a guest count, and reuse it, so that a steady tick allocates nothing.  All return 0 or -ENOMEM;
 * on failure the old arrays stay as they were. */

#include "balloond/core/history.h"
#include "balloond/core/orders.h"
#include "balloond/core/plan.h"
#include "balloond/core/published.h"
#include "balloond/core/snapshot.h"

int snapshot_reserve(struct snapshot *s, size_t n_guests);
void snapshot_done(struct snapshot *s);

/* Also sizes the policy state bytes for the configuration.  A change of the state size drops the
 * state of all policies; nothing else is forgotten. */
int history_reserve(struct history *h, size_t n_guests, const struct config *config);
void history_done(struct history *h);

int plan_reserve(struct plan *p, size_t n_guests, const struct config *config);
void plan_done(struct plan *p);

int published_reserve(struct published *p, size_t n_guests);
void published_done(struct published *p);

int standing_reserve(struct standing *s, size_t n_orders);
void standing_done(struct standing *s);
