/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Divides the pool among the guests that may be steered: each one's v->wanted. */

#include "balloond/core/history.h"
#include "balloond/core/plan.h"

/* The proposals must be bounded by the guard and the account assessed. */
void divide_pool(const struct config *config, const struct snapshot *s, const struct history *h,
		 struct plan *plan);
