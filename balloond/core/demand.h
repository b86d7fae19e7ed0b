/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a guest needs, from what it reports and from what its host sees of it. */

#include "balloond/core/history.h"
#include "balloond/core/snapshot.h"

/* Takes a new sweep's figures into the guest's memory: fresh samples, used, k, overhead, burst,
 * distress.  Does nothing when these figures were seen before. */
void demand_observe(struct memory *m, const struct guest *g);

/* Kept free above used: max(32 MiB, 1 % of maximum); twice that until the guest was seen to swap,
 * since without swap nothing warns before its OOM killer. */
uint64_t demand_margin(uint64_t maximum, bool swaps);

/* What a Linux kernel cannot do without: k + table(maximum - k).  The table is Linux's own, in
 * drivers/hv/hv_balloon.c (compute_balloon_floor) and the xen-selfballoon driver. */
uint64_t demand_kernel_floor(uint64_t maximum, uint64_t kernel);

/* QEMU's own memory: 64 MiB + 1 % of maximum, or more where more was seen. */
uint64_t demand_overhead(const struct memory *m, uint64_t maximum);

/* What it could take before balloond reacts: learned, at least 256 MiB. */
uint64_t demand_burst(const struct memory *m);

/* Growth that it was granted and has not taken yet. */
uint64_t demand_pending(const struct memory *m, uint64_t resident, uint64_t overhead);
