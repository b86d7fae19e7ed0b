/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/metrics.h"

#include "balloond/io/util.h"

#define FIGURE(name, unit, field, help) \
	{ \
		name, unit, offsetof(struct sim_result, field), help \
	}

/* clang-format off */
const struct sim_figure sim_figures[] = {
	FIGURE("measured", SIM_USEC, measured, "time that counts: the run without its warm-up"),
	FIGURE("guest-hours", SIM_THOUSANDTHS, guest_hours, "guests times hours, warm-up included"),
	FIGURE("unmet", SIM_MILLIONTHS, unmet, "need that guests did not get, of all need"),
	FIGURE("unmet-possible", SIM_MILLIONTHS, unmet_possible,
		"the least that is possible: memory divided with foresight and moved at once"),
	FIGURE("optimum", SIM_MILLIONTHS, optimum,
		"need that was met, of what the best division could have met"),
	FIGURE("overage", SIM_MIB_SECONDS, overage,
		"touched memory beyond the pool because the controller gave what was not there"),
	FIGURE("overage-most", SIM_BYTES, overage_most, "the most of that at any time"),
	FIGURE("overage-time", SIM_USEC, overage_time, "how long that was"),
	FIGURE("overage-scenario", SIM_MIB_SECONDS, overage_scenario,
		"touched memory beyond the pool for which the controller had given nothing"),
	FIGURE("overage-scenario-most", SIM_BYTES, overage_scenario_most,
		"the most of that at any time"),
	FIGURE("overage-scenario-time", SIM_USEC, overage_scenario_time, "how long that was"),
	FIGURE("ooms", SIM_COUNT, ooms,
		"times that a guest ran out of memory that was taken from it or kept back"),
	FIGURE("ooms-scenario", SIM_COUNT, ooms_scenario,
		"times that a guest ran out of memory that nobody could give"),
	FIGURE("below-floor", SIM_COUNT, below_floor,
		"orders that asked a guest for less than it was promised"),
	FIGURE("traffic", SIM_THOUSANDTHS, traffic,
		"memory moved by orders a day, as a multiple of the mean need of all guests"),
	FIGURE("moves", SIM_THOUSANDTHS, moves, "changes of size ordered, a guest and hour"),
	FIGURE("reversals", SIM_THOUSANDTHS, reversals,
		"changes of size that took back the one before, a guest and hour"),
	FIGURE("reliefs", SIM_COUNT, reliefs,
		"times that a guest lacked more than 1 % of its maximum"),
	FIGURE("relief-p50", SIM_USEC, relief_p50, "how long half of those took at most"),
	FIGURE("relief-p99", SIM_USEC, relief_p99, "how long 99 of 100 of those took at most"),
	FIGURE("relief-most", SIM_USEC, relief_most, "how long the longest of those took"),
	FIGURE("jain", SIM_MILLIONTHS, jain,
		"how evenly guests got the same part of their need; 1 is even"),
	FIGURE("jain-shares", SIM_MILLIONTHS, jain_shares,
		"how evenly guests got the same part of what their shares are due; 1 is even"),
	FIGURE("lent", SIM_MILLIONTHS, lent,
		"memory beyond all needs that guests held, of all such memory in the pool"),
	FIGURE("reread", SIM_BYTES, reread,
		"page cache in use that guests lost and read from disk again"),
	FIGURE("host-swapped", SIM_BYTES, host_swapped, "what the host swapped, in and out"),
	FIGURE("size-mean", SIM_BYTES, size_mean, "size of all guests together, on average"),
	FIGURE("size-least", SIM_BYTES, size_least, "size of all guests together, at its least"),
	FIGURE("ticks", SIM_COUNT, ticks, "plans that were made"),
	FIGURE("reads", SIM_THOUSANDTHS, reads, "guests whose statistics were read, a second"),
	FIGURE("decide-ns", SIM_NANOSECONDS, decide_ns,
		"processor time of a decision, a guest and plan; differs from run to run"),
};
/* clang-format on */

const size_t n_sim_figures = ELEMENTSOF(sim_figures);
