/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The books of a simulated guest, and the speeds at which they change.  What goes wrong with it,
 * and what it tells: test-sim-faults.c. */

#include "tests/unit/random.h"
#include "tests/unit/sim-bed.h"

static void random_model(struct sim_bed *bed, uint64_t *seed)
{
	struct sim_model *m = &bed->guest.model;

	m->start = random_below(seed, m->maximum + 1);
	m->swap = random_below(seed, 2) ? random_below(seed, 2 * GiB) : 0;
	m->hot = random_below(seed, 2) ? random_below(seed, m->maximum) : 0;
	m->fill = random_below(seed, 100 * MiB);
	m->traits = (uint32_t)random_below(seed, 128);
	bed->demand.touch = random_below(seed, 2) ? random_below(seed, GiB) : 0;
	for (size_t i = random_below(seed, 4); i > 0; i--)
		bed_fault(bed, (struct sim_fault){
				       .kind = random_below(seed, SIM_FAULT_KINDS),
				       .at = BEGIN + random_below(seed, 200 * SECOND),
				       .length = random_below(seed, 100 * SECOND),
				       .every = random_below(seed, 2) * 150 * SECOND,
				       .value = random_below(seed, 2000),
			       });
}

/* One check a step: those of Check cost more than the step. */
static bool books_balance(const struct sim_guest *g)
{
	uint64_t most = g->model.traits & SIM_PINNED ? g->model.maximum : g->size;

	return g->in_use + g->swapped + g->missing == g->need && g->in_use + g->cache <= g->size &&
	       g->size <= g->model.maximum && g->swapped <= g->model.swap && g->hot <= g->cache &&
	       g->hot <= g->model.hot && g->touched >= g->in_use + g->cache && g->touched <= most &&
	       (g->sample.usable <= g->sample.total || g->sample.usable == 4 * g->model.maximum) &&
	       g->sample.at <= g->due;
}

START_TEST(the_books_balance_whatever_happens)
{
	uint64_t seed = 7;

	for (unsigned guest = 0; guest < 2000; guest++) {
		struct sim_bed bed;

		bed_init(&bed, 64 * MiB + random_below(&seed, 8 * GiB), 0);
		random_model(&bed, &seed);
		bed_begin(&bed);
		for (unsigned i = 0; i < 500; i++) {
			if (random_below(&seed, 10) == 0)
				bed.guest.asked = random_below(&seed, bed.guest.model.maximum + 1);
			if (random_below(&seed, 10) == 0)
				bed.demand.high = random_wide(&seed) % (9 * GiB);
			bed_step(&bed, random_below(&seed, 1500 * MS));
			ck_assert(books_balance(&bed.guest));
		}
	}
}
END_TEST

START_TEST(free_memory_is_taken_at_nine_tenths_of_a_gib_a_second)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, 400 * MiB);
	bed_begin(&bed);
	bed.guest.asked = GiB;
	/* 3 GiB / 0.9 GiB/s */
	ck_assert_near(bed_until_there(&bed), 3333 * MS, 20 * MS);
	ck_assert_uint_eq(bed.guest.in_use, 400 * MiB);
}
END_TEST

START_TEST(no_speed_is_too_high)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, 400 * MiB);
	bed.guest.model.inflate = bed.guest.model.deflate = UINT64_C(1) << 60;
	bed_begin(&bed);
	bed.guest.asked = GiB;
	bed_step(&bed, 10 * MS);
	ck_assert_uint_eq(bed.guest.size, GiB);
	bed.guest.asked = 4 * GiB;
	bed_step(&bed, 10 * MS);
	ck_assert_uint_eq(bed.guest.size, 4 * GiB);
}
END_TEST

START_TEST(memory_is_given_back_at_more_than_two_gib_a_second)
{
	struct sim_bed bed;

	bed_init(&bed, 8 * GiB, 400 * MiB);
	bed.guest.model.start = GiB;
	bed_begin(&bed);
	bed.guest.asked = 8 * GiB;
	/* 7 GiB / 2.2 GiB/s */
	ck_assert_near(bed_until_there(&bed), 3182 * MS, 20 * MS);
}
END_TEST

START_TEST(free_memory_goes_first_then_cache_then_what_swap_can_take)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, GiB);
	bed.guest.model.swap = GiB;
	bed.guest.model.disk = 0;
	bed_begin(&bed);
	bed.guest.cache = GiB; /* read once */
	bed.guest.asked = 2 * GiB;
	ck_assert_near(bed_until_there(&bed), 2222 * MS, 20 * MS);
	ck_assert_uint_eq(bed.guest.cache, GiB);
	bed.guest.asked = GiB;
	ck_assert_near(bed_until_there(&bed), 2560 * MS, 20 * MS); /* 1024 / 400 */
	ck_assert_uint_eq(bed.guest.cache, 0);
	ck_assert_uint_eq(bed.guest.swap_out, 0);
	bed.guest.asked = GiB - 160 * MiB;
	ck_assert_near(bed_until_there(&bed), 2000 * MS, 20 * MS); /* 160 / 80 */
	ck_assert_uint_eq(bed.guest.swapped, 160 * MiB);
	ck_assert_uint_eq(bed.guest.swap_out, 160 * MiB);
}
END_TEST

START_TEST(what_is_left_of_a_step_goes_to_the_next_kind)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, GiB);
	bed_begin(&bed);
	bed.guest.cache = 3 * GiB - 9 * GiB / 20; /* free for half a second */
	bed.guest.asked = GiB;
	bed_step(&bed, SECOND);
	ck_assert_near(bed.guest.size, 4 * GiB - 9 * GiB / 20 - 200 * MiB, 4096);
}
END_TEST

START_TEST(without_swap_the_balloon_stops_at_what_is_in_use)
{
	struct sim_bed bed;

	bed_init(&bed, 2 * GiB, 700 * MiB);
	bed_begin(&bed);
	bed.guest.asked = 256 * MiB;
	bed_run(&bed, 60 * SECOND, 100 * MS);
	ck_assert_uint_eq(bed.guest.size, 700 * MiB);
	ck_assert_uint_eq(bed.guest.missing, 0);
}
END_TEST

START_TEST(a_squeezed_guest_never_seems_to_use_more_than_it_has)
{
	struct sim_bed bed;
	struct guest told;

	bed_init(&bed, 4 * GiB, 900 * MiB);
	bed.guest.model.swap = 4 * GiB;
	bed.guest.model.start = GiB;
	bed_begin(&bed);
	bed.demand.high = 1200 * MiB;
	bed_run(&bed, 30 * SECOND, 100 * MS);
	told = bed_tell(&bed);
	ck_assert_uint_eq(told.seen.actual, GiB);
	ck_assert_uint_eq(told.seen.usable, 0);
	ck_assert_uint_eq(bed.guest.need, 1200 * MiB);
	ck_assert_uint_eq(bed.guest.swapped, 176 * MiB);
}
END_TEST

START_TEST(what_has_no_room_is_swapped_in_and_out_again_and_again)
{
	struct sim_bed bed;
	uint64_t in, out;

	bed_init(&bed, 4 * GiB, GiB + 160 * MiB);
	bed.guest.model.swap = 4 * GiB;
	bed.guest.model.start = GiB;
	bed_begin(&bed);
	in = bed.guest.swap_in;
	out = bed.guest.swap_out;
	bed_run(&bed, 10 * SECOND, SECOND);
	/* A quarter of 160 MiB a second */
	ck_assert_uint_eq(bed.guest.swap_in - in, 400 * MiB);
	ck_assert_uint_eq(bed.guest.swap_out - out, 400 * MiB);
	ck_assert_uint_eq(bed.guest.major_faults, 400 * MiB / 4096);
	ck_assert_uint_eq(bed.guest.swapped, 160 * MiB);
	bed.demand.high = 3 * GiB;
	in = bed.guest.swap_in;
	bed_run(&bed, 10 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.swap_in - in, 1000 * MiB); /* the disk */
}
END_TEST

START_TEST(with_room_swap_comes_back_and_is_quiet_then)
{
	struct sim_bed bed;
	uint64_t out;

	bed_init(&bed, 4 * GiB, GiB + 160 * MiB);
	bed.guest.model.swap = 4 * GiB;
	bed.guest.model.start = GiB;
	bed_begin(&bed);
	out = bed.guest.swap_out;
	bed.guest.asked = 2 * GiB;
	bed_run(&bed, 60 * SECOND, 100 * MS);
	ck_assert_uint_eq(bed.guest.swapped, 0);
	ck_assert_uint_eq(bed.guest.in_use, GiB + 160 * MiB);
	ck_assert_uint_eq(bed.guest.swap_in, 160 * MiB);
	ck_assert_uint_eq(bed.guest.swap_out, out);
}
END_TEST

START_TEST(what_is_not_needed_any_more_leaves_swap_unread)
{
	struct sim_bed bed;

	bed_init(&bed, 4 * GiB, GiB + 160 * MiB);
	bed.guest.model.swap = 4 * GiB;
	bed.guest.model.start = GiB;
	bed_begin(&bed);
	bed.demand.high = GiB - 10 * MiB;
	bed_run(&bed, 10 * SECOND, SECOND);
	ck_assert_uint_eq(bed.guest.swapped, 0);
	ck_assert_uint_eq(bed.guest.swap_in, 0);
	ck_assert_uint_eq(bed.guest.in_use, GiB - 10 * MiB);
}
END_TEST

START_TEST(deflate_on_oom_gives_at_once_what_is_missing)
{
	struct sim_bed bed;

	for (unsigned deflates = 0; deflates < 2; deflates++) {
		bed_init(&bed, 4 * GiB, 900 * MiB);
		bed.guest.model.start = GiB;
		bed.guest.model.swap = 256 * MiB;
		bed.guest.model.traits = deflates ? SIM_AUTODEFLATE : 0;
		bed_begin(&bed);
		bed.demand.high = 2 * GiB;
		bed_step(&bed, 50 * MS);
		ck_assert_uint_eq(bed.guest.missing, deflates ? 0 : 768 * MiB);
		ck_assert_uint_eq(bed.guest.size, deflates ? GiB + 768 * MiB : GiB);
		ck_assert_uint_eq(bed.guest.asked, GiB);
		bed.demand.high = 512 * MiB;
		bed_run(&bed, 10 * SECOND, SECOND);
		ck_assert_uint_eq(bed.guest.size, GiB); /* the driver goes on */
	}
}
END_TEST

/* Two minutes of everything: a square of need, a balloon that goes up and down.  Returns the mean
 * size. */
static uint64_t live_for_a_while(struct sim_bed *bed, usec_t step)
{
	uint64_t sum = 0;

	bed_init(bed, 8 * GiB, 0);
	bed->demand = (struct demand){
		.maximum = 8 * GiB,
		.shape = DEMAND_SQUARE,
		.low = GiB,
		.high = 5 * GiB,
		.period = 40 * SECOND,
		.touch = 300 * MiB,
	};
	bed->guest.model.swap = 2 * GiB;
	bed->guest.model.hot = GiB;
	bed->guest.model.fill = 20 * MiB;
	bed_begin(bed);
	for (unsigned i = 0; i < 24; i++) {
		bed->guest.asked = i / 2 % 2 ? 3 * GiB : 6 * GiB;
		bed_run(bed, 5 * SECOND, step);
		sum += bed->guest.size;
	}
	return sum / 24;
}

START_TEST(the_length_of_steps_hardly_matters)
{
	struct sim_bed coarse, fine;
	uint64_t coarse_size = live_for_a_while(&coarse, SECOND);
	uint64_t fine_size = live_for_a_while(&fine, 50 * MS);

	ck_assert_uint_gt(fine.guest.swap_in, GiB / 4);
	ck_assert_uint_gt(fine.guest.reads, GiB / 4);
	ck_assert_near(coarse_size, fine_size, fine_size / 20);
	ck_assert_near(coarse.guest.swap_in, fine.guest.swap_in, fine.guest.swap_in / 10);
	ck_assert_near(coarse.guest.reads, fine.guest.reads, fine.guest.reads / 50);
}
END_TEST

START_TEST(a_long_step_is_many_of_a_second)
{
	struct sim_bed one, many;

	ck_assert_uint_eq(live_for_a_while(&one, 5 * SECOND), live_for_a_while(&many, SECOND));
	ck_assert_uint_eq(one.guest.swap_in, many.guest.swap_in);
	ck_assert_uint_eq(one.guest.reads, many.guest.reads);
	ck_assert_uint_eq(one.guest.sample.stamp, many.guest.sample.stamp);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sim-guest");
	TCase *t = tcase_create("sim-guest");

	tcase_add_test(t, the_books_balance_whatever_happens);
	tcase_add_test(t, free_memory_is_taken_at_nine_tenths_of_a_gib_a_second);
	tcase_add_test(t, no_speed_is_too_high);
	tcase_add_test(t, memory_is_given_back_at_more_than_two_gib_a_second);
	tcase_add_test(t, free_memory_goes_first_then_cache_then_what_swap_can_take);
	tcase_add_test(t, what_is_left_of_a_step_goes_to_the_next_kind);
	tcase_add_test(t, without_swap_the_balloon_stops_at_what_is_in_use);
	tcase_add_test(t, a_squeezed_guest_never_seems_to_use_more_than_it_has);
	tcase_add_test(t, what_has_no_room_is_swapped_in_and_out_again_and_again);
	tcase_add_test(t, with_room_swap_comes_back_and_is_quiet_then);
	tcase_add_test(t, what_is_not_needed_any_more_leaves_swap_unread);
	tcase_add_test(t, deflate_on_oom_gives_at_once_what_is_missing);
	tcase_add_test(t, the_length_of_steps_hardly_matters);
	tcase_add_test(t, a_long_step_is_many_of_a_second);
	suite_add_tcase(s, t);
	return check_main(s);
}
