/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How well memory was divided, by what the guests needed and got.  Integers, summed in a fixed
 * order: the same run gives the same figures everywhere.
 *
 * Memory over time is summed in KiB x ms (64 bits: 10 TiB for 19 days); what is given out is
 * millionths, bytes, microseconds and counts, as each name says.  Bad figures are rounded up, so
 * that 0 means none at all; good ones down.
 *
 * A guest counts from when it is there; its need counts while it is there and has booted (its
 * driver answers).  N is the sum of max(need, floor) over all that are there, a guest is charged
 * max(size, target), and the warm-up is left out of all figures; an episode that began in it
 * begins where it ends.
 *
 *   unmet       sum of (need - size) where positive, over the sum of needs
 *   possible    sum of (N - pool) where positive (U*), over the sum of needs
 *   optimum     need that was met, over what the best could have met: sum of needs - U*.  Above 1
 *               only for who held more than the pool
 *   overage     a step's touched memory beyond the pool, without the processes' overhead.  The
 *               whole step is the controller's if growth that it granted since the charges last
 *               fitted into the pool is outstanding: a guest whose target was raised above what it
 *               was charged, by the size that was told of it, is charged more than that still.
 *               Else the scenario's: a world that begins overcommitted, a pool that fell, guests
 *               that took memory back by themselves
 *   OOM         an unbroken time in which need is beyond size and swap, once a guest.  The
 *               controller's if, as it begins, the guest is smaller than a target that was taken
 *               from it, and either that was within the last minute or the pool could hold N; or
 *               if at any time in it growth had been refused for more than 3 s: a target below the
 *               need (no further than what the guest was sold) while pool - charges had room for
 *               what that lacked.  Else the scenario's: the pool was too small, or the need was
 *               above what was sold
 *   traffic     sum of |change of target|, a day, over the mean of all needs together
 *   moves       changes of target of at least max(8 MiB, 0.5 % of maximum), a guest-hour
 *   reversals   of those, the ones that went the other way than the one before them
 *   relief      the time from the first step in which a guest lacks more than 1 % of its maximum
 *               until it lacks nothing; one that is open at the end counts with its length so far.
 *               Percentiles by nearest rank
 *   jain        (sum of x)^2 / (n x sum of x^2), x: met need over need, of each guest that needed
 *   jain-shares the same; x (at most 10): met need over what weighted max-min by shares, between
 *               floor and need, would have met of it in the steps where N is beyond the pool, and
 *               over need in the others
 *   lent        sum of (min(pool, sum of sizes) - N) over sum of (pool - N), each where positive:
 *               the part of what nobody needed that guests held
 *   below floor targets that were lowered to less than the floor */

#include "balloond/sim/world.h"

/* What a run comes to. */
struct sim_result {
	usec_t measured;         /* time, without the warm-up */
	uint64_t guest_hours;    /* that were stepped through, in 1/1000 */
	uint64_t unmet;          /* of all that was needed, in millionths */
	uint64_t unmet_possible; /* the same of the best allocator there could be, millionths */
	uint64_t optimum; /* need that was met, over what the best could have met; millionths */
	uint64_t overage; /* touched memory over the pool, controller's: MiB x s */
	uint64_t overage_most; /* bytes, at worst */
	usec_t overage_time;
	uint64_t overage_scenario, overage_scenario_most; /* the same, the scenario's */
	usec_t overage_scenario_time;
	uint64_t ooms;          /* guests' OOM killers, because of the controller */
	uint64_t ooms_scenario; /* that nobody could have kept from it */
	uint64_t below_floor;   /* orders that asked a guest for less than it was promised */
	uint64_t traffic;       /* sum of |change of target| a day over the mean need; 1/1000 */
	uint64_t reversals;     /* of targets, a guest-hour; 1/1000 */
	uint64_t moves;         /* of targets, a guest-hour; 1/1000 */
	uint64_t reliefs;       /* episodes of need that was not met */
	usec_t relief_p50, relief_p99, relief_most;
	uint64_t jain, jain_shares;     /* fairness of what need was met, millionths */
	uint64_t lent;                  /* of what the pool had beyond all needs, millionths */
	uint64_t reread;                /* hot page cache read again, bytes */
	uint64_t host_swapped;          /* bytes, both ways */
	uint64_t size_mean, size_least; /* of all guests together, bytes */
	uint64_t ticks;
	uint64_t reads;     /* of guests, a second; 1/1000 */
	uint64_t decide_ns; /* CPU a guest and tick; the only figure that is not the same again */
};

struct sim_metrics;

/* What metrics need to know besides the world. */
struct sim_scale {
	usec_t begins, warm_up; /* what happens before begins + warm_up is left out */
	const uint64_t *floors; /* of each guest; borrowed */
	const uint32_t *shares;
};

int sim_metrics_new(const struct sim_world *w, const struct sim_scale *scale,
		    struct sim_metrics **ret);
struct sim_metrics *sim_metrics_free(struct sim_metrics *m);

/* After each step; pool: what all guests may hold now, without their processes' overhead.  0 or
 * -ENOMEM. */
int sim_metrics_step(struct sim_metrics *m, const struct sim_world *w, uint64_t pool,
		     usec_t elapsed);

/* After each act(): targets have changed from before[] (as the world had them) to what the world
 * has now. */
void sim_metrics_act(struct sim_metrics *m, const struct sim_world *w, const uint64_t *before);

void sim_metrics_result(const struct sim_metrics *m, struct sim_result *ret);

/* One row a figure of the result: for tables, JSON and expectations. */
struct sim_figure {
	const char *name; /* [a-z][a-z0-9-]* */
	enum {
		SIM_COUNT,
		SIM_THOUSANDTHS,
		SIM_MILLIONTHS,
		SIM_BYTES,
		SIM_USEC,
		SIM_MIB_SECONDS,
		SIM_NANOSECONDS
	} unit;
	size_t offset;    /* of a uint64_t in struct sim_result */
	const char *help; /* one clause */
};

extern const struct sim_figure sim_figures[];
extern const size_t n_sim_figures;
