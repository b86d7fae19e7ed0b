/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* For a minute after its distress a guest is not shrunk (core/judge.c), unless others need it. */

#include "balloond/core/history.h"
#include "balloond/core/plan.h"

/* Once all were judged: while somebody has nothing left, guests that cool down and are well again
 * may give what they have plenty of; the guard leaves them more than others (rule cool-down).  Or
 * one that got plenty would keep it for a minute while the next one runs out of memory. */
void cool_downs_end(const struct history *h, struct plan *plan);

/* What such a guest, whose use is known, is left at least: bytes. */
uint64_t cool_down_least(const struct verdict *v);
