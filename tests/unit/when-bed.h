/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One guest, one host and the conditions of one rule, for tests of core/when.h. */

#include "balloond/core/when.h"
#include "balloond/policy-math.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND

struct bed {
	struct snapshot snapshot;
	struct history history;
	struct guest guest;
	struct memory memory;
	struct condition conditions[2];
	struct when when;
	struct gate gate;
	enum metric unknown;
};

/* Every figure known and unlike every other. */
static inline void bed_init(struct bed *bed)
{
	*bed = (struct bed){ .unknown = METRIC_MAX };
	bed->snapshot.now = 1000 * SECOND;
	bed->snapshot.host.seen = (struct balloond_host){
		.total = 64 * GiB,
		.available = 20 * GiB,
		.free = 10 * GiB,
		.swap_total = 8 * GiB,
		.swap_free = 5 * GiB,
		.some_avg10 = 1234, /* 12.34 % */
		.full_avg10 = 567,
	};
	bed->history.now = 999 * SECOND;
	bed->history.room = 7 * GiB;
	bed->history.charged = 33 * GiB;
	bed->history.last_pool = 40 * GiB;
	bed->history.level = BALLOOND_LEVEL_TIGHT;
	bed->history.swap.in.rate = 11 * MiB;
	bed->history.swap.out.rate = 12 * MiB;
	guest_init(&bed->guest, "u", "g");
	bed->guest.seen.actual = 2 * GiB;
	bed->guest.seen.usable = 700 * MiB;
	bed->guest.seen.resident = 1900 * MiB;
	bed->guest.seen.stats_age = 3 * SECOND;
	bed->memory.used = 1300 * MiB;
	bed->memory.swap_in.rate = 13 * MiB;
	bed->memory.major_faults.rate = 140;
	bed->memory.disk_reads.rate = 15 * MiB;
	bed->when = (struct when){ .conditions = bed->conditions, .n = 1 };
}

static inline struct when_view view_of(const struct bed *bed)
{
	return (struct when_view){
		.snapshot = &bed->snapshot,
		.history = &bed->history,
		.guest = &bed->guest,
		.memory = &bed->memory,
		.ceiling = 4 * GiB,
	};
}

/* Looks `elapsed` later. */
static inline bool look(struct bed *bed, usec_t elapsed)
{
	const struct when_view view = view_of(bed);

	bed->snapshot.now += elapsed;
	return when_follow(&bed->when, &view, &bed->gate, &bed->unknown);
}

static inline struct condition condition(enum metric metric, bool above, uint64_t bytes)
{
	return (struct condition){ metric, above, { AMOUNT_BYTES, bytes } };
}

static inline struct condition share(enum metric metric, bool above, uint64_t permille)
{
	return (struct condition){ metric, above, { AMOUNT_PERMILLE, permille } };
}
