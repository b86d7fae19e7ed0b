/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Divides the pool among the guests that may be steered: each one's v->wanted. */

#include "balloond/core/history.h"
#include "balloond/core/plan.h"

/* Lending stops this much short of the pool. */
#define DIVIDE_SHORT_PERMILLE 20u

/* The proposals must be bounded by the guard and the account assessed. */
void divide_pool(const struct config *config, const struct history *h, struct plan *plan);

/* balloond_water_fill() for core: without the last bytes, less than its shares a guest, so that no
 * part depends on the order in which guests stand. */
void divide_by_shares(struct balloond_fill *fill, size_t n, uint64_t capacity);
