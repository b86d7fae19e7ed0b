/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* used = actual - usable holds only if both are of one instant.  They are not: the guest samples
 * once a period, and libvirt's actual follows QEMU's BALLOON_CHANGE, which comes at most once a
 * second.  While the balloon moves, the difference can be wrong by the whole move, which would
 * make a guest that has just grown look idle.  So:
 *
 *   size known                          actual - usable, and k is learned: at the target at this
 *                                       sweep and the one before, or quiet for long
 *   moving, total follows the balloon   total + k - usable: total is of the sample itself
 *   moving, total tells nothing         the size lies between those around it, and so does used:
 *   (deflate-on-OOM, Windows; or k is   the last used is moved into these bounds, no further;
 *   not known yet)                      unless usable is short: then the larger size
 */

#include "balloond/core/demand.h"

#include "balloond/core/crash.h"
#include "balloond/core/foreign.h"
#include "balloond/core/learn.h"
#include "balloond/core/sampling.h"
#include "balloond/core/trust.h"
#include "balloond/core/yield.h"
#include "balloond/policy-math.h"

/* Longer than a sample's period plus BALLOON_CHANGE's second: both figures are of one size, even
 * if somebody else has set it. */
#define QUIET (2 * BALLOOND_SECOND + BALLOOND_SECOND / 2)
/* Time from a guest's first touch to balloond's answer: a statistics period, a sweep, a second for
 * the answer's effect.  A guest whose memory is looked at less often than WATCHED is noticed as
 * much later. */
#define REACTION (3 * BALLOOND_SECOND)
#define WATCHED BALLOOND_SECOND
/* Below this distance between two sweeps a rate is mostly noise. */
#define RATE_MIN (BALLOOND_SECOND * 2 / 5)
#define BURST_HALF_LIFE (600 * BALLOOND_SECOND)
#define BURST_MIN (256 * BALLOOND_MIB)
/* Sweeps that came late once do not make a guest look as if it could take more. */
#define BURST_WATCHED (2 * BALLOOND_SECOND)
/* What a major fault brings in at least. */
#define PAGE 4096u
/* Less in a period of its statistics is cold pages coming back, no distress. */
#define DISTRESS_SWAP_IN BALLOOND_MIB
/* Drivers stop at their own granularity. */
#define AT_TARGET (4 * BALLOOND_MIB)
/* How far total + k may lie outside of the sizes around it (a device added, rounding). */
#define KERNEL_SLACK (16 * BALLOOND_MIB)

uint64_t demand_margin(uint64_t maximum, bool swaps)
{
	return (swaps ? 1 : 2) * balloond_max(32 * BALLOOND_MIB, balloond_permille(maximum, 10));
}

static uint64_t floor_table(uint64_t m)
{
	if (m < 128 * BALLOOND_MIB)
		return 8 * BALLOOND_MIB + m / 2;
	if (m < 512 * BALLOOND_MIB)
		return 40 * BALLOOND_MIB + m / 4;
	if (m < 2048 * BALLOOND_MIB)
		return 104 * BALLOOND_MIB + m / 8;
	if (m < 8192 * BALLOOND_MIB)
		return 232 * BALLOOND_MIB + m / 16;
	return 488 * BALLOOND_MIB + m / 32;
}

uint64_t demand_kernel_floor(uint64_t maximum, uint64_t kernel)
{
	uint64_t k = kernel == BALLOOND_UNKNOWN ? 0 : balloond_min(kernel, maximum);

	return k + floor_table(maximum - k);
}

uint64_t demand_overhead(const struct memory *m, uint64_t maximum)
{
	/* A guest that leaves a little of its size untouched looks as if QEMU needed less, and then
	 * touches it: what is learned only ever adds to the guess. */
	return balloond_max(m->overhead, 64 * BALLOOND_MIB + balloond_permille(maximum, 10));
}

static usec_t reaction(usec_t elapsed)
{
	return REACTION + balloond_sub(elapsed, WATCHED);
}

uint64_t demand_burst(const struct memory *m)
{
	uint64_t least = BURST_MIN;

	/* What it could take between two looks adds to that. */
	if (m->resident_elapsed > BURST_WATCHED)
		least = balloond_mul_div(BURST_MIN, reaction(m->resident_elapsed), REACTION);
	return balloond_max(least, m->burst);
}

uint64_t demand_pending(const struct memory *m, uint64_t resident, uint64_t overhead)
{
	uint64_t taken, could;

	/* Where nobody sees what it has taken, it has taken what its balloon gave. */
	if (resident == BALLOOND_UNKNOWN)
		return balloond_min(m->granted, balloond_sub(m->target, m->actual));
	taken = balloond_sub(resident, m->granted_base);
	could = balloond_sub(balloond_add(m->target, overhead), resident);
	return balloond_min(balloond_sub(m->granted, taken), could);
}

/* A balloon that moves is somewhere between its last two sizes and its target. */
static uint64_t least_size(const struct memory *m)
{
	return balloond_min(m->target, balloond_min(m->actual, m->previous_actual));
}

static uint64_t most_size(const struct memory *m)
{
	return balloond_max(m->target, balloond_max(m->actual, m->previous_actual));
}

static bool total_follows(const struct memory *m, const struct guest *g)
{
	uint64_t total = g->seen.total, size;

	if (g->facts & GUEST_AUTODEFLATE || m->kernel == BALLOOND_UNKNOWN ||
	    total == BALLOOND_UNKNOWN)
		return false;
	/* Windows' total stays where it is for ever: only one that left its place tells a size. */
	if (balloond_add(total, KERNEL_SLACK) >= m->total &&
	    total <= balloond_add(m->total, KERNEL_SLACK))
		return false;
	size = balloond_add(total, m->kernel);
	return balloond_add(size, KERNEL_SLACK) >= least_size(m) &&
	       size <= balloond_add(most_size(m), KERNEL_SLACK);
}

static void learn_kernel(struct memory *m, const struct guest *g)
{
	uint64_t whole = g->facts & GUEST_AUTODEFLATE ? g->seen.maximum : g->seen.actual;

	if (g->seen.total == BALLOOND_UNKNOWN || whole == BALLOOND_UNKNOWN)
		return;
	m->kernel = balloond_sub(whole, g->seen.total);
	m->total = g->seen.total;
}

/* libvirt's size never runs ahead of the balloon: at the target it is right. */
static bool size_is_known(const struct memory *m, const struct guest *g)
{
	uint64_t gap = m->actual > m->target ? m->actual - m->target : m->target - m->actual;

	if (balloond_sub(g->swept, m->moved) >= QUIET)
		return true;
	return m->actual == m->previous_actual && gap <= AT_TARGET;
}

/* A fresh sample: see the head of this file. */
static void observe_used(struct memory *m, const struct guest *g)
{
	/* Windows without usable figures: what is unused is the nearest there is. */
	uint64_t usable = g->seen.usable != BALLOOND_UNKNOWN ? g->seen.usable : g->seen.unused;
	uint64_t size;

	if (usable == BALLOOND_UNKNOWN || g->seen.actual == BALLOOND_UNKNOWN) {
		m->used = BALLOOND_UNKNOWN;
		return;
	}
	if (usable > g->seen.actual && g->swept - m->moved >= QUIET) {
		/* More than it has: the size is stale.  QEMU keeps it across a reset, and a driver
		 * that finds nothing to do reports none. */
		size = g->seen.total != BALLOOND_UNKNOWN ? g->seen.total : g->seen.maximum;
		m->used = balloond_sub(size, usable);
	} else if (size_is_known(m, g)) {
		learn_kernel(m, g);
		m->used = balloond_sub(g->seen.actual, usable);
	} else if (total_follows(m, g)) {
		m->used = balloond_sub(g->seen.total + m->kernel, usable);
	} else if (m->used != BALLOOND_UNKNOWN && usable >= demand_margin(g->seen.maximum, true)) {
		m->used = balloond_clamp(m->used, balloond_sub(least_size(m), usable),
					 balloond_sub(most_size(m), usable));
	} else {
		m->used = balloond_sub(balloond_max(m->actual, m->previous_actual), usable);
	}
}

static bool is_swapping(const struct guest *g)
{
	return (g->seen.swap_in != BALLOOND_UNKNOWN && g->seen.swap_in > 0) ||
	       (g->seen.swap_out != BALLOOND_UNKNOWN && g->seen.swap_out > 0);
}

static void observe_distress(struct memory *m, const struct guest *g)
{
	uint64_t before = m->swap_in.last, elapsed = m->sample_elapsed;
	/* Of a calm guest not every sample is seen. */
	uint64_t n = g->period > 0 ? balloond_max(elapsed / g->period, 1) : 1;
	bool absurd = trust_is_absurd(&m->swap_in, g->seen.swap_in, 1, elapsed) ||
		      trust_is_absurd(&m->major_faults, g->seen.major_faults, PAGE, elapsed);

	trust_observe(m, g, absurd);
	if (absurd)
		elapsed = 0; /* there is no rate */
	if (is_swapping(g))
		m->swapped = true;
	if (!absurd && g->seen.swap_in != BALLOOND_UNKNOWN && before != BALLOOND_UNKNOWN &&
	    balloond_sub(g->seen.swap_in, before) >= n * DISTRESS_SWAP_IN)
		m->distress = g->swept;
	counter_read(&m->swap_in, g->seen.swap_in, elapsed);
	counter_read(&m->major_faults, g->seen.major_faults, elapsed);
	counter_read(&m->disk_reads, g->seen.disk_reads, elapsed);
}

/* Where the next sample does not come it is this that tells a starving guest from a hung one. */
static void observe_starving(struct memory *m, const struct guest *g)
{
	uint64_t margin = g->seen.maximum != BALLOOND_UNKNOWN ? demand_margin(g->seen.maximum, true)
							      : 0;

	m->starved = (m->used != BALLOOND_UNKNOWN && balloond_sub(m->actual, m->used) < margin) ||
		     (m->distress != 0 && m->distress == g->swept);
}

static void observe_sample(struct memory *m, const struct guest *g)
{
	uint64_t before = m->used;

	if (g->stamp == 0 || g->stamp == m->stamp)
		return;
	/* What was there when balloond or this boot began may be of any age. */
	bool inherited = m->boot_sampled == 0 && m->stamp == 0 && g->booted != 0;

	m->stamp = g->stamp;
	if (inherited)
		return;
	m->sample_elapsed = m->sampled ? g->swept - m->sampled : 0;
	m->sampled = g->swept;
	m->sample++;
	if (g->booted != 0 && m->boot_sampled == 0)
		m->boot_sampled = g->swept;
	observe_used(m, g);
	if (before != BALLOOND_UNKNOWN && m->used != BALLOOND_UNKNOWN &&
	    balloond_sub(m->used, before) >= sampling_growth(g->seen.maximum))
		m->grown = g->swept;
	observe_distress(m, g);
	observe_starving(m, g);
}

/* A balloon that moves again and again, and its machine gains nothing: what stays resident beyond
 * any size between for a whole window is no lag of the figures. */
static void observe_excess(struct memory *m, const struct guest *g)
{
	uint64_t excess = balloond_sub(g->seen.resident, most_size(m));

	if (excess == 0 || m->excess == 0) {
		m->excess_since = g->swept;
		m->excess = excess;
		return;
	}
	m->excess = balloond_min(m->excess, excess);
	if (g->swept - m->excess_since < QUIET)
		return;
	m->overhead = balloond_max(m->overhead, m->excess);
	m->excess_since = g->swept;
	m->excess = excess;
}

/* What is resident is looked at more often than the guest is read. */
static void observe_resident(struct memory *m, const struct guest *g)
{
	uint64_t resident = g->seen.resident, growth;
	usec_t at = guest_resident_at(g), elapsed = at - m->resident_at;

	if (resident == BALLOOND_UNKNOWN)
		return;
	if (m->resident != BALLOOND_UNKNOWN) {
		if (elapsed < RATE_MIN)
			return;
		growth = balloond_sub(resident, m->resident);
		if (growth >= sampling_growth(g->seen.maximum))
			m->rose = at;
		m->burst = balloond_max(balloond_mul_div(growth, reaction(elapsed), elapsed),
					balloond_ewma(m->burst, 0, elapsed, BURST_HALF_LIFE));
		m->resident_elapsed = elapsed;
	}
	m->resident = resident;
	m->resident_at = at;
}

/* Resident beyond actual is the least that QEMU adds; how much of its size the guest has touched
 * nobody knows.  Up at once, down slowly.  Only where both figures are of one sweep. */
static void observe_overhead(struct memory *m, const struct guest *g, usec_t elapsed)
{
	uint64_t resident = g->seen.resident, more;

	if (resident == BALLOOND_UNKNOWN || guest_resident_at(g) != g->swept)
		return;
	if (g->seen.actual != BALLOOND_UNKNOWN && balloond_sub(g->swept, m->moved) >= 4 * QUIET &&
	    resident > g->seen.actual) {
		more = resident - g->seen.actual;
		m->overhead = balloond_max(more, balloond_ewma(m->overhead, more, elapsed,
							       BURST_HALF_LIFE));
	}
	observe_excess(m, g);
}

static void begin_boot(struct memory *m, const struct guest *g)
{
	m->booted = g->booted;
	m->boot_sampled = 0;
	m->stamp = 0;
	m->kernel = BALLOOND_UNKNOWN;
	m->used = BALLOOND_UNKNOWN;
	m->swap_in.last = m->major_faults.last = m->disk_reads.last = BALLOOND_UNKNOWN;
	m->swapped = m->starved = false;
	m->distress = 0;
	m->no_shrink_until = 0;
	m->stuck_times = 0;
	m->trust = (struct trust){ 0 };
	learn_forget(m);
	crash_booted(m);
	foreign_begin_boot(m);
	yield_forget(m);
}

void demand_observe(struct memory *m, const struct guest *g)
{
	usec_t elapsed;

	if (g->booted != m->booted)
		begin_boot(m, g);
	if (g->swept == m->swept) {
		observe_resident(m, g);
		return;
	}
	elapsed = g->swept - m->swept;
	m->swept = g->swept;
	m->previous_actual = m->actual;
	if (g->seen.actual != m->actual) {
		m->actual = g->seen.actual;
		m->moved = g->swept;
	}
	if (m->target == BALLOOND_UNKNOWN)
		m->target = m->claim = m->actual;
	observe_sample(m, g);
	observe_resident(m, g);
	observe_overhead(m, g, elapsed);
}
