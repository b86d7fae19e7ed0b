/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One guest whose size balloond and others set, for tests of core/foreign.h. */

#include "balloond/core/foreign.h"

#include "balloond/core/demand.h"
#include "balloond/core/progress.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND
#define QUIET (3600 * SECOND)

/* A guest of 2 GiB whose balloon rests at 1 GiB, as balloond asked; at 1000 s. */
struct bed {
	struct promise promise;
	struct guest guest;
	struct memory memory;
	struct foreign_look look;
	uint64_t used;
	bool silent;
};

/* Time passes, the balloon gets to `actual`, the guest reports. */
static inline enum foreign see(struct bed *bed, uint64_t actual, usec_t elapsed)
{
	struct guest *g = &bed->guest;
	enum foreign foreign;

	bed->look.now += elapsed;
	g->swept = bed->look.now;
	g->seen.actual = actual;
	if (!bed->silent) {
		g->stamp++;
		g->seen.usable = balloond_sub(actual, bed->used);
	}
	demand_observe(&bed->memory, g);
	foreign_follow_definition(&bed->memory, g);
	foreign = foreign_observe(&bed->memory, g, &bed->look);
	if (foreign == FOREIGN_NONE)
		(void)progress_observe(&bed->memory, g, bed->look.now);
	g->outcome.kind = OUTCOME_NONE;
	return foreign;
}

/* A second at a time; nothing is foreign in all of them. */
static inline void rest(struct bed *bed, uint64_t actual, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++)
		ck_assert_int_eq(see(bed, actual, SECOND), FOREIGN_NONE);
}

/* Asked for, and the hypervisor says that it was taken. */
static inline void ask(struct bed *bed, uint64_t target)
{
	progress_ask(&bed->memory, target, bed->look.now);
	bed->guest.outcome = (struct outcome){ .kind = OUTCOME_ASKED, .bytes = target };
}

static inline void bed_init(struct bed *bed)
{
	*bed = (struct bed){
		.used = 256 * MiB,
		.look = { .promise = &bed->promise,
			  .ceiling = 2 * GiB,
			  .quiet = QUIET,
			  .now = 900 * SECOND },
		.memory = { .target = 2 * GiB,
			    .actual = 2 * GiB,
			    .previous_actual = 2 * GiB,
			    .used = BALLOOND_UNKNOWN,
			    .kernel = BALLOOND_UNKNOWN,
			    .resident = BALLOOND_UNKNOWN,
			    .swap_in = { BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
			    .major_faults = { BALLOOND_UNKNOWN, BALLOOND_UNKNOWN } },
	};
	guest_init(&bed->guest, "u", "g");
	bed->guest.facts = GUEST_INSPECTED | GUEST_BALLOON;
	bed->guest.seen.maximum = bed->guest.sold = 2 * GiB;
	bed->guest.seen.swap_in = bed->guest.seen.major_faults = 0;
	rest(bed, 2 * GiB, 60);
	ask(bed, 1 * GiB);
	rest(bed, 1536 * MiB, 1);
	rest(bed, 1 * GiB, 39);
}

static inline enum reason reason_of(const struct bed *bed)
{
	enum reason reason = REASON_MAX;

	(void)foreign_holds(&bed->memory, bed->look.now, &reason);
	return reason;
}
