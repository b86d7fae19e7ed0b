/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One simulated guest with a constant need, for tests of sim/guest.h. */

#include "balloond/policy-math.h"
#include "balloond/sim/guest.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND
#define MS (SECOND / 1000)
#define BEGIN (1000 * SECOND)

struct sim_bed {
	struct demand demand;
	struct sim_fault faults[4];
	struct sim_guest guest;
	usec_t now;
};

/* It reads no files but those that a test gives it, and reports every second. */
static inline void bed_init(struct sim_bed *bed, uint64_t maximum, uint64_t need)
{
	*bed = (struct sim_bed){
		.demand = { .maximum = maximum, .shape = DEMAND_CONSTANT, .high = need },
		.guest = { .uuid = "00000000-0000-4000-8000-000000000001",
			   .name = "g",
			   .period = SECOND },
		.now = BEGIN,
	};
	sim_model_init(&bed->guest.model, maximum);
	bed->guest.model.fill = 0;
	bed->guest.demand = &bed->demand;
}

static inline void bed_begin(struct sim_bed *bed)
{
	sim_guest_begin(&bed->guest, bed->now);
}

static inline void bed_fault(struct sim_bed *bed, struct sim_fault fault)
{
	bed->faults[bed->guest.model.n_faults++] = fault;
	bed->guest.model.faults = bed->faults;
}

static inline void bed_step(struct sim_bed *bed, usec_t elapsed)
{
	bed->now += elapsed;
	sim_guest_step(&bed->guest, bed->now, elapsed);
}

static inline void bed_run(struct sim_bed *bed, usec_t length, usec_t step)
{
	for (usec_t end = bed->now + length; bed->now < end;)
		bed_step(bed, balloond_min(step, end - bed->now));
}

/* How long it takes until the balloon is there. */
static inline usec_t bed_until_there(struct sim_bed *bed)
{
	usec_t began = bed->now;

	while (bed->guest.size != bed->guest.asked && bed->now < began + 600 * SECOND)
		bed_step(bed, 10 * MS);
	return bed->now - began;
}

static inline struct guest bed_tell(const struct sim_bed *bed)
{
	struct sim_guest guest = bed->guest;
	struct guest told;

	sim_guest_look(&guest, bed->now);
	guest_init(&told, bed->guest.uuid, bed->guest.name);
	sim_guest_tell(&guest, bed->now, &told);
	return told;
}

#define ck_assert_near(is, should, by) \
	do { \
		uint64_t _is = (is), _should = (should), _by = (by); \
		ck_assert_uint_le(_is, _should + _by); \
		ck_assert_uint_ge(_is + _by, _should); \
	} while (0)
