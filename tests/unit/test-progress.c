/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a guest follows its target: who is stuck, who cries for help, whom somebody else moved.
 */

#include "balloond/core/progress.h"

#include "balloond/core/demand.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND

/* A guest of 2 GiB that rests, at 1000 s. */
struct bed {
	struct guest guest;
	struct memory memory;
	usec_t now;
};

static void bed_init(struct bed *bed)
{
	guest_init(&bed->guest, "u", "g");
	bed->guest.seen.actual = bed->guest.seen.maximum = 2 * GiB;
	bed->now = 1000 * SECOND;
	bed->memory = (struct memory){
		.target = 2 * GiB,
		.actual = 2 * GiB,
		.previous_actual = 2 * GiB,
		.used = BALLOOND_UNKNOWN,
		.kernel = BALLOOND_UNKNOWN,
		.resident = BALLOOND_UNKNOWN,
		.swap_in = { BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
		.progressed = bed->now,
	};
}

static enum progress look(struct bed *bed, uint64_t actual, usec_t elapsed)
{
	bed->now += elapsed;
	bed->guest.swept = bed->now;
	bed->guest.seen.actual = actual;
	demand_observe(&bed->memory, &bed->guest);
	return progress_observe(&bed->memory, &bed->guest, bed->now);
}

/* Asks for 1 GiB; the guest stops at `actual` and is looked at until it is called stuck.  Returns
 * after how long. */
static usec_t until_stuck(struct bed *bed, uint64_t actual)
{
	usec_t begin = bed->now;

	progress_ask(&bed->memory, 1 * GiB, bed->now);
	while (bed->now < begin + 100 * SECOND)
		if (look(bed, actual, SECOND) == PROGRESS_STUCK)
			return bed->now - begin;
	return 0;
}

START_TEST(whom_nobody_looked_at_has_not_stood_still)
{
	struct bed bed;

	bed_init(&bed);
	progress_ask(&bed.memory, GiB, bed.now);
	ck_assert_int_eq(look(&bed, 2 * GiB, 9 * SECOND), PROGRESS_THERE);
	for (unsigned i = 0; i < 5; i++) {
		bed.now += SECOND;
		ck_assert_int_eq(progress_observe(&bed.memory, &bed.guest, bed.now),
				 PROGRESS_THERE);
	}
	ck_assert_int_eq(look(&bed, 2 * GiB, 5 * SECOND), PROGRESS_STUCK);
}
END_TEST

START_TEST(a_guest_that_moves_ever_so_slowly_is_not_stuck)
{
	struct bed bed;

	bed_init(&bed);
	progress_ask(&bed.memory, 1 * GiB, bed.now);
	for (uint64_t actual = 2 * GiB; actual > 1 * GiB; actual -= MiB)
		ck_assert_int_eq(look(&bed, actual, 9 * SECOND), PROGRESS_THERE);
	ck_assert_uint_eq(bed.memory.target, 1 * GiB);
	ck_assert(!bed.memory.asked);
	ck_assert(!progress_is_stuck(&bed.memory, bed.now));
}
END_TEST

START_TEST(a_guest_that_stops_short_for_ten_seconds_is_stuck)
{
	struct bed bed;

	bed_init(&bed);
	ck_assert_uint_ge(until_stuck(&bed, 1536 * MiB), 10 * SECOND);
	ck_assert_uint_le(bed.now, 1012 * SECOND);
	ck_assert(progress_is_stuck(&bed.memory, bed.now));
	/* Its driver would go on trying: the target is what it has. */
	ck_assert_uint_eq(bed.memory.target, 1536 * MiB);
	ck_assert(!bed.memory.asked);
	ck_assert(!progress_is_stuck(&bed.memory, bed.now + 60 * SECOND));
}
END_TEST

START_TEST(a_stuck_guest_is_left_alone_twice_as_long_each_time)
{
	static const unsigned expected[] = { 60, 120, 240, 480, 960, 960, 960 };
	struct bed bed;

	bed_init(&bed);
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		ck_assert_uint_ne(until_stuck(&bed, 1536 * MiB), 0);
		ck_assert_uint_eq(bed.memory.no_shrink_until - bed.now, expected[i] * SECOND);
		bed.now = bed.memory.no_shrink_until;
	}
	/* A target that was reached after all forgives everything. */
	progress_ask(&bed.memory, 1 * GiB, bed.now);
	look(&bed, 1 * GiB + 3 * MiB, SECOND);
	ck_assert_uint_eq(bed.memory.stuck_times, 0);
	ck_assert_uint_ne(until_stuck(&bed, 1536 * MiB), 0);
	ck_assert_uint_eq(bed.memory.no_shrink_until - bed.now, 60 * SECOND);
}
END_TEST

START_TEST(a_guest_that_does_not_grow_is_not_stuck)
{
	struct bed bed;

	bed_init(&bed);
	progress_ask(&bed.memory, 1 * GiB, bed.now);
	look(&bed, 1 * GiB, SECOND);
	progress_ask(&bed.memory, 2 * GiB, bed.now);
	for (unsigned i = 0; i < 30; i++)
		ck_assert_int_eq(look(&bed, 1 * GiB, SECOND), PROGRESS_THERE);
	ck_assert(!progress_is_stuck(&bed.memory, bed.now));
	ck_assert_uint_eq(bed.memory.target, 1 * GiB);
}
END_TEST

static const uint32_t standing[] = { GUEST_LOST, GUEST_HUNG, GUEST_PAUSED, GUEST_BUSY };

START_TEST(a_guest_that_cannot_answer_is_not_stuck)
{
	struct bed bed;

	bed_init(&bed);
	bed.guest.facts = standing[_i];
	ck_assert_uint_eq(until_stuck(&bed, 1536 * MiB), 0);
	/* Its ten seconds begin once it can. */
	bed.guest.facts = 0;
	ck_assert_int_eq(look(&bed, 1536 * MiB, SECOND), PROGRESS_THERE);
	ck_assert_int_eq(look(&bed, 1536 * MiB, 9 * SECOND), PROGRESS_THERE);
	ck_assert_int_eq(look(&bed, 1536 * MiB, SECOND), PROGRESS_STUCK);
}
END_TEST

START_TEST(memory_taken_back_is_a_cry_only_with_deflate_on_oom)
{
	struct bed bed;

	bed_init(&bed);
	bed.guest.facts = GUEST_AUTODEFLATE;
	progress_ask(&bed.memory, 1 * GiB, bed.now);
	/* On its way down it is above its target too: no cry. */
	ck_assert_int_eq(look(&bed, 1536 * MiB, SECOND), PROGRESS_THERE);
	ck_assert_int_eq(look(&bed, 1 * GiB, SECOND), PROGRESS_THERE);
	ck_assert_int_eq(look(&bed, 1 * GiB + 4 * MiB, SECOND), PROGRESS_THERE);
	ck_assert_int_eq(look(&bed, 1 * GiB + 100 * MiB, SECOND), PROGRESS_CRY);
	ck_assert_uint_eq(bed.memory.target, 1 * GiB + 100 * MiB);
	ck_assert_uint_eq(bed.memory.distress, bed.now);
	/* Without the device's feature somebody else did it: followed once it rests. */
	bed_init(&bed);
	progress_ask(&bed.memory, 1 * GiB, bed.now);
	look(&bed, 1 * GiB, SECOND);
	for (unsigned i = 0; i < 9; i++)
		ck_assert_int_eq(look(&bed, 1536 * MiB, SECOND), PROGRESS_THERE);
	ck_assert_uint_eq(bed.memory.target, 1 * GiB);
	look(&bed, 1536 * MiB, 2 * SECOND);
	ck_assert_uint_eq(bed.memory.target, 1536 * MiB);
	ck_assert_uint_eq(bed.memory.distress, 0);
	ck_assert(!progress_is_stuck(&bed.memory, bed.now));
}
END_TEST

START_TEST(a_size_that_was_refused_was_never_asked_for)
{
	struct bed bed;

	bed_init(&bed);
	progress_ask(&bed.memory, 1 * GiB, bed.now);
	/* The word about an older step says nothing of this one. */
	bed.guest.outcome = (struct outcome){ .kind = OUTCOME_REFUSED, .bytes = 1536 * MiB };
	look(&bed, 2 * GiB, SECOND);
	ck_assert_uint_eq(bed.memory.target, 1 * GiB);
	bed.guest.outcome.bytes = 1 * GiB;
	look(&bed, 2 * GiB, SECOND);
	ck_assert_uint_eq(bed.memory.target, 2 * GiB);
	ck_assert(!bed.memory.asked);
	/* A call that timed out may have arrived: only time tells. */
	bed.guest.outcome.kind = OUTCOME_TIMED_OUT;
	progress_ask(&bed.memory, 1 * GiB, bed.now);
	look(&bed, 2 * GiB, SECOND);
	ck_assert_uint_eq(bed.memory.target, 1 * GiB);
}
END_TEST

START_TEST(a_guest_whose_size_is_not_known_is_let_be)
{
	struct bed bed;

	bed_init(&bed);
	bed.memory.target = bed.memory.actual = BALLOOND_UNKNOWN;
	for (unsigned i = 0; i < 30; i++)
		ck_assert_int_eq(look(&bed, BALLOOND_UNKNOWN, SECOND), PROGRESS_THERE);
	ck_assert_int_eq(look(&bed, 1 * GiB, SECOND), PROGRESS_THERE);
	ck_assert_uint_eq(bed.memory.target, 1 * GiB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("progress");
	TCase *tc = tcase_create("progress");

	tcase_add_test(tc, whom_nobody_looked_at_has_not_stood_still);
	tcase_add_test(tc, a_guest_that_moves_ever_so_slowly_is_not_stuck);
	tcase_add_test(tc, a_guest_that_stops_short_for_ten_seconds_is_stuck);
	tcase_add_test(tc, a_stuck_guest_is_left_alone_twice_as_long_each_time);
	tcase_add_test(tc, a_guest_that_does_not_grow_is_not_stuck);
	tcase_add_loop_test(tc, a_guest_that_cannot_answer_is_not_stuck, 0, 3);
	tcase_add_test(tc, memory_taken_back_is_a_cry_only_with_deflate_on_oom);
	tcase_add_test(tc, a_size_that_was_refused_was_never_asked_for);
	tcase_add_test(tc, a_guest_whose_size_is_not_known_is_let_be);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
