/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How short the host is.  What is available decides; swapping and stalls of the machine can raise
 * the level, never lower it. */

#include "balloond/core/history.h"
#include "balloond/core/plan.h"

/* Where a level begins, in permille of the reserve that is available. */
#define LEVEL_TIGHT_PERMILLE 1000u
#define LEVEL_LOW_PERMILLE 250u
#define LEVEL_CRITICAL_PERMILLE 80u

/* The level of `available`, leaving the old one only 25 % above its edge. */
uint32_t level_of(uint32_t old, uint64_t available, uint64_t reserve);

/* Takes the machine's swap counters; rates are over two seconds at least. */
void level_read_swap(struct host_swap *swap, const struct balloond_host *host, usec_t now);

/* Fills level, level_cause and missing of the account, whose pool, reserve, charged and available
 * are there. */
void level_assess(const struct balloond_host *host, struct history *h, struct account *account);
