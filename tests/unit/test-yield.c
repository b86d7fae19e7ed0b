/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether the host gains anything, told by what stays resident. */

#include "balloond/core/yield.h"

#include "balloond/core/demand.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND

/* A guest of 4 GiB, all of which is resident, and 40 MiB of QEMU's. */
struct bed {
	struct guest guest;
	struct memory memory;
	usec_t now;
};

static void see(struct bed *bed, uint64_t actual, uint64_t resident, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		bed->guest.seen.actual = actual;
		bed->guest.seen.resident = resident;
		bed->now += SECOND;
		bed->guest.swept = bed->now;
		demand_observe(&bed->memory, &bed->guest);
		yield_observe(&bed->memory, &bed->guest, false);
	}
}

static bool is_futile(const struct bed *bed)
{
	return yield_is_futile(&bed->memory, bed->now);
}

static void bed_init(struct bed *bed)
{
	*bed = (struct bed){
		.now = 1000 * SECOND,
		.memory = { .target = 4 * GiB,
			    .actual = 4 * GiB,
			    .previous_actual = 4 * GiB,
			    .used = BALLOOND_UNKNOWN,
			    .kernel = BALLOOND_UNKNOWN,
			    .resident = BALLOOND_UNKNOWN },
	};
	guest_init(&bed->guest, "u", "g");
	bed->guest.seen.maximum = 4 * GiB;
	see(bed, 4 * GiB, 4 * GiB + 40 * MiB, 10);
}

static void squeeze(struct bed *bed, uint64_t size)
{
	bed->memory.target = size;
}

START_TEST(memory_that_comes_back_is_no_loss)
{
	struct bed bed;

	bed_init(&bed);
	squeeze(&bed, 2 * GiB);
	see(&bed, 3 * GiB, 3 * GiB + 60 * MiB, 10);
	see(&bed, 2 * GiB, 2 * GiB + 60 * MiB, 300);
	ck_assert(!is_futile(&bed));
}
END_TEST

START_TEST(memory_that_never_comes_back_is_a_loss_after_a_minute)
{
	struct bed bed;

	bed_init(&bed);
	squeeze(&bed, 2 * GiB);
	see(&bed, 2 * GiB, 4 * GiB + 40 * MiB, 60);
	ck_assert(!is_futile(&bed));
	see(&bed, 2 * GiB, 4 * GiB + 40 * MiB, 2);
	ck_assert(is_futile(&bed));
	/* It has its memory back; for an hour nobody tries again. */
	squeeze(&bed, 4 * GiB);
	see(&bed, 4 * GiB, 4 * GiB + 40 * MiB, 3500);
	ck_assert(is_futile(&bed));
	see(&bed, 4 * GiB, 4 * GiB + 40 * MiB, 101);
	ck_assert(!is_futile(&bed));
}
END_TEST

START_TEST(what_comes_back_late_ends_it)
{
	struct bed bed;

	bed_init(&bed);
	squeeze(&bed, 2 * GiB);
	see(&bed, 2 * GiB, 4 * GiB + 40 * MiB, 100);
	ck_assert(is_futile(&bed));
	see(&bed, 2 * GiB, 2 * GiB + 60 * MiB, 1);
	ck_assert(!is_futile(&bed));
}
END_TEST

/* It gives that first, and nothing of it was resident. */
START_TEST(what_was_never_touched_cannot_come_back)
{
	struct bed bed;

	bed_init(&bed);
	yield_forget(&bed.memory);
	see(&bed, 4 * GiB, 1 * GiB, 10);
	squeeze(&bed, 2 * GiB);
	see(&bed, 2 * GiB, 1 * GiB, 300);
	ck_assert(!is_futile(&bed));
}
END_TEST

START_TEST(what_its_hypervisor_needed_before_is_not_owed)
{
	struct bed bed;

	bed_init(&bed);
	see(&bed, 4 * GiB, 5 * GiB, 10);
	squeeze(&bed, 4040 * MiB);
	see(&bed, 4040 * MiB, 5 * GiB, 300); /* too little to tell */
	ck_assert(!is_futile(&bed));
	squeeze(&bed, 2 * GiB);
	see(&bed, 2 * GiB, 3 * GiB, 300);
	ck_assert(!is_futile(&bed));
}
END_TEST

START_TEST(a_balloon_on_its_way_owes_nothing_yet)
{
	struct bed bed;

	bed_init(&bed);
	squeeze(&bed, 2 * GiB);
	see(&bed, 4 * GiB, 4 * GiB + 40 * MiB, 300);
	ck_assert(!is_futile(&bed));
}
END_TEST

START_TEST(nothing_is_concluded_without_figures_of_one_sweep)
{
	struct bed bed;

	bed_init(&bed);
	squeeze(&bed, 2 * GiB);
	see(&bed, 2 * GiB, BALLOOND_UNKNOWN, 300);
	ck_assert(!is_futile(&bed));
	/* What began before a pause begins anew after it. */
	see(&bed, 2 * GiB, 4 * GiB, 50);
	yield_observe(&bed.memory, &bed.guest, true);
	see(&bed, 2 * GiB, 4 * GiB, 300);
	ck_assert(!is_futile(&bed));
}
END_TEST

START_TEST(a_boot_begins_anew)
{
	struct bed bed;

	bed_init(&bed);
	squeeze(&bed, 2 * GiB);
	see(&bed, 2 * GiB, 4 * GiB, 100);
	ck_assert(is_futile(&bed));
	bed.guest.booted = bed.now;
	see(&bed, 2 * GiB, 2 * GiB, 1);
	ck_assert(!is_futile(&bed));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("yield");
	TCase *tc = tcase_create("yield");

	tcase_add_test(tc, memory_that_comes_back_is_no_loss);
	tcase_add_test(tc, memory_that_never_comes_back_is_a_loss_after_a_minute);
	tcase_add_test(tc, what_comes_back_late_ends_it);
	tcase_add_test(tc, what_was_never_touched_cannot_come_back);
	tcase_add_test(tc, what_its_hypervisor_needed_before_is_not_owed);
	tcase_add_test(tc, a_balloon_on_its_way_owes_nothing_yet);
	tcase_add_test(tc, nothing_is_concluded_without_figures_of_one_sweep);
	tcase_add_test(tc, a_boot_begins_anew);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
