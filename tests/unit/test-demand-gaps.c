/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is learned of a guest that is not read at every sweep. */

#include "balloond/core/demand.h"

#include "balloond/policy-math.h"
#include "tests/unit/bed.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND

/* Reads it, with a fresh sample. */
static void read_it(struct bed *bed, usec_t elapsed)
{
	bed->guest.swept += elapsed;
	bed->guest.stamp++;
	demand_observe(&bed->memory, &bed->guest);
}

/* Looks at what is resident, and at nothing else. */
static void look(struct bed *bed, usec_t elapsed)
{
	bed->guest.resident_at = guest_resident_at(&bed->guest) + elapsed;
	demand_observe(&bed->memory, &bed->guest);
}

START_TEST(what_it_could_take_grows_with_the_time_between_two_looks)
{
	struct bed bed;

	bed_init(&bed, 4 * GiB);
	bed.guest.seen.resident = GiB;
	read_it(&bed, SECOND);
	/* 100 MiB a second, seen after 5 s: 4 s more than within a second, so 7 s of it. */
	bed.guest.seen.resident += 500 * MiB;
	read_it(&bed, 5 * SECOND);
	ck_assert_uint_eq(demand_burst(&bed.memory), 700 * MiB);
	/* And the least that is thought of a guest, in the same proportion. */
	bed.memory.burst = 0;
	ck_assert_uint_eq(demand_burst(&bed.memory), 256 * MiB * 7 / 3);
	look(&bed, SECOND);
	ck_assert_uint_eq(demand_burst(&bed.memory), 256 * MiB);
}
END_TEST

START_TEST(what_is_resident_is_followed_between_two_readings)
{
	struct bed bed;

	bed_init(&bed, 4 * GiB);
	bed.guest.seen.resident = GiB;
	bed.guest.seen.usable = GiB;
	read_it(&bed, SECOND);
	bed.guest.seen.resident += 200 * MiB;
	bed.guest.seen.usable = 0; /* which nobody has read */
	look(&bed, SECOND);
	ck_assert_uint_eq(demand_burst(&bed.memory), 600 * MiB);
	ck_assert_uint_eq(bed.memory.rose, guest_resident_at(&bed.guest));
	ck_assert_uint_eq(bed.memory.used, 3 * GiB);
	ck_assert_uint_eq(bed.memory.sample, 1);
	ck_assert_uint_eq(bed.memory.swept, bed.guest.swept);
}
END_TEST

/* The size may have been another by then. */
START_TEST(overhead_is_learned_from_figures_of_one_sweep)
{
	struct bed bed;

	bed_init(&bed, GiB);
	bed.guest.seen.resident = GiB;
	read_it(&bed, 20 * SECOND);
	bed.guest.seen.resident += 500 * MiB;
	for (unsigned i = 0; i < 30; i++)
		look(&bed, SECOND);
	bed.guest.resident_at += SECOND; /* looked at again before anybody heard of the reading */
	bed.guest.swept = bed.guest.resident_at - 1;
	demand_observe(&bed.memory, &bed.guest);
	ck_assert_uint_eq(bed.memory.overhead, 0);
	read_it(&bed, 60 * SECOND);
	ck_assert_uint_eq(bed.memory.overhead, 500 * MiB);
}
END_TEST

START_TEST(distress_is_swap_in_of_a_period_however_many_were_not_seen)
{
	struct bed bed;

	bed_init(&bed, GiB);
	bed.guest.period = SECOND;
	bed.guest.seen.swap_in = 0;
	read_it(&bed, 5 * SECOND);
	bed.guest.seen.swap_in += 5 * MiB - 1;
	read_it(&bed, 5 * SECOND);
	ck_assert_uint_eq(bed.memory.distress, 0);
	bed.guest.seen.swap_in += 5 * MiB;
	read_it(&bed, 5 * SECOND);
	ck_assert_uint_eq(bed.memory.distress, bed.guest.swept);
	bed.guest.seen.swap_in += MiB;
	read_it(&bed, SECOND);
	ck_assert_uint_eq(bed.memory.distress, bed.guest.swept);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("demand-gaps");
	TCase *t = tcase_create("demand-gaps");

	tcase_add_test(t, what_it_could_take_grows_with_the_time_between_two_looks);
	tcase_add_test(t, what_is_resident_is_followed_between_two_readings);
	tcase_add_test(t, overhead_is_learned_from_figures_of_one_sweep);
	tcase_add_test(t, distress_is_swap_in_of_a_period_however_many_were_not_seen);
	suite_add_tcase(s, t);
	return check_main(s);
}
