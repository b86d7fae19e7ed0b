/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What fair learns from the disks of guests about their page cache. */

#include "tests/unit/fair-bed.h"

#define MINUTE (60 * SECOND)

/* So many bytes are read every second. */
static void rest(struct fair_bed *bed, uint64_t length, uint64_t reads)
{
	for (uint64_t t = 0; t < length; t += SECOND) {
		bed->guest.disk_reads += reads;
		fair_sample(bed);
	}
}

/* It was made smaller, from 2 GiB to 1.5, half a minute ago. */
static void shrunk(struct fair_bed *bed, uint64_t usual)
{
	fair_begin(bed);
	rest(bed, 5 * MINUTE, usual);
	fair_resize(bed, 1536 * MiB);
	rest(bed, MINUTE / 2, usual);
}

START_TEST(what_is_read_again_after_a_shrink_is_given_back_once)
{
	struct fair_bed bed;

	shrunk(&bed, 0);
	ck_assert_int_eq(bed.need.missed, 0);
	rest(&bed, SECOND, READS_MIN + 1);
	ck_assert_int_eq(bed.need.missed, 1);
	ck_assert_int_eq(bed.need.kind, NEED_CACHE);
	ck_assert_uint_eq(bed.need.goal, 2 * GiB);
	/* Not given yet, and the next sample tells nothing new. */
	rest(&bed, SECOND, 100 * MiB);
	ck_assert_int_eq(bed.need.missed, 0);
	ck_assert_int_eq(bed.need.kind, NEED_CACHE);
	ck_assert_uint_eq(bed.need.goal, 2 * GiB);
	fair_resize(&bed, 2 * GiB);
	rest(&bed, SECOND, 100 * MiB);
	ck_assert_int_eq(bed.need.kind, NEED_NOTHING);
	ck_assert_uint_eq(bed.need.warm, 2 * GiB);
	ck_assert_uint_eq(bed.need.likely, 2 * GiB);
	ck_assert_uint_eq(bed.need.claim, 1 * GiB + bed.need.headroom);
}
END_TEST

/* Reads a second before a shrink, and after it, and how long after; whether they are missed. */
static const struct reading {
	uint64_t usual, reads, after;
	int missed;
} readings[] = {
	{ 0, READS_MIN, 10 * SECOND, 0 },       { 0, READS_MIN + 1, 10 * SECOND, 1 },
	{ 20 * MiB, 20 * MiB, 10 * SECOND, 0 }, { 20 * MiB, 41 * MiB, 10 * SECOND, 0 },
	{ 20 * MiB, 43 * MiB, 10 * SECOND, 1 }, { 0, 100 * MiB, 59 * SECOND, 1 },
	{ 0, 100 * MiB, 60 * SECOND, 0 },
};

START_TEST(reads_are_put_down_to_a_shrink_that_is_not_long_past)
{
	const struct reading *row = &readings[_i];
	struct fair_bed bed;

	fair_begin(&bed);
	rest(&bed, 5 * MINUTE, row->usual);
	fair_resize(&bed, 1536 * MiB);
	rest(&bed, row->after, row->usual);
	rest(&bed, SECOND, row->reads);
	ck_assert_int_eq(bed.need.missed, row->missed);
	ck_assert_int_eq(bed.need.kind == NEED_CACHE, row->missed);
}
END_TEST

START_TEST(reads_without_a_shrink_are_what_is_usual)
{
	struct fair_bed bed;

	fair_begin(&bed);
	rest(&bed, 5 * MINUTE, 0);
	rest(&bed, MINUTE / 2, 100 * MiB); /* a half-life */
	ck_assert_int_eq(bed.need.kind, NEED_NOTHING);
	ck_assert_uint_ge(bed.state.usual, 49 * MiB);
	ck_assert_uint_le(bed.state.usual, 51 * MiB);
	fair_resize(&bed, 3 * GiB); /* growing is no shrink */
	rest(&bed, SECOND, 300 * MiB);
	ck_assert_int_eq(bed.need.missed, 0);
}
END_TEST

START_TEST(a_disk_that_is_not_known_tells_nothing)
{
	struct fair_bed bed;

	shrunk(&bed, 0);
	bed.guest.disk_reads = BALLOOND_UNKNOWN;
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.missed, 0);
	bed.guest.disk_reads = 100 * GiB; /* known from now on */
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.missed, 0);
	bed.guest.disk_reads += 100 * GiB; /* while another rule held */
	bed.guest.sample += 5;
	fair_sample(&bed);
	ck_assert_int_eq(bed.need.missed, 0);
	bed.guest.disk_reads += GiB; /* nobody knows in what time */
	fair_sample_after(&bed, 0);
	ck_assert_int_eq(bed.need.missed, 0);
	rest(&bed, SECOND, GiB);
	ck_assert_int_eq(bed.need.missed, 1);
}
END_TEST

START_TEST(a_guest_whose_reads_were_never_seen_has_missed_nothing)
{
	struct fair_bed bed;

	fair_begin(&bed);
	bed.state.has_usual = 0;
	fair_resize(&bed, 1536 * MiB);
	rest(&bed, SECOND, 100 * MiB);
	ck_assert_int_eq(bed.need.missed, 0);
	ck_assert_uint_eq(bed.state.usual, 100 * MiB);
}
END_TEST

START_TEST(shrinks_that_follow_upon_each_other_are_one)
{
	struct fair_bed bed;

	fair_begin(&bed);
	rest(&bed, MINUTE, 0);
	for (uint64_t size = 2048; size > 1536; size -= 64) {
		fair_resize(&bed, size * MiB);
		rest(&bed, 2 * MINUTE, 0);
	}
	rest(&bed, SECOND, 100 * MiB);
	/* The last is too long ago; one more, and all of them are given back. */
	ck_assert_int_eq(bed.need.missed, 0);
	rest(&bed, MINUTE / 2, 0);
	fair_resize(&bed, 1536 * MiB);
	rest(&bed, SECOND, 0);
	ck_assert_uint_eq(bed.state.before, 1600 * MiB);
}
END_TEST

START_TEST(what_it_had_between_two_shrinks_is_given_back_as_well)
{
	struct fair_bed bed;

	shrunk(&bed, 0);
	fair_resize(&bed, 3 * GiB);
	rest(&bed, SECOND, 0);
	fair_resize(&bed, 1536 * MiB);
	rest(&bed, SECOND, 0);
	rest(&bed, SECOND, 100 * MiB);
	ck_assert_int_eq(bed.need.missed, 1);
	ck_assert_uint_eq(bed.need.goal, 3 * GiB);
}
END_TEST

/* Until its cache is no longer left alone. */
static uint64_t warm_for(struct fair_bed *bed)
{
	uint64_t began = bed->now;

	while (bed->need.warm > 0)
		rest(bed, SECOND, 0);
	return bed->now - began;
}

static void miss(struct fair_bed *bed)
{
	fair_resize(bed, 2 * GiB);
	rest(bed, SECOND, 0);
	fair_resize(bed, 1536 * MiB);
	rest(bed, SECOND, 0);
	rest(bed, SECOND, 100 * MiB);
	ck_assert_int_eq(bed->need.missed, 1);
	fair_resize(bed, 2 * GiB);
}

START_TEST(a_cache_that_was_missed_is_left_alone_for_longer_each_time)
{
	static const uint64_t minutes[] = { 10, 20, 40, 80, 80 };
	struct fair_bed bed;

	fair_begin(&bed);
	rest(&bed, MINUTE, 0);
	for (size_t i = 0; i < 5; i++) {
		miss(&bed);
		ck_assert_uint_eq(warm_for(&bed), minutes[i] * MINUTE);
		ck_assert_uint_eq(bed.need.likely, bed.need.claim);
	}
	/* As long again, and it begins anew. */
	rest(&bed, 81 * MINUTE, 0);
	miss(&bed);
	ck_assert_uint_eq(warm_for(&bed), 10 * MINUTE);
}
END_TEST

/* A guest of 3 GiB whose cache is left alone, beside one that has what is asked for. */
static void warm_and_idle(struct sim *s, const struct params *params)
{
	struct balloond_guest *g;

	sim_init(s, params);
	g = fair_add(s, 4 * GiB, 512 * MiB);
	fair_set_size(g, 3 * GiB);
	g->resident = 1 * GiB; /* it has not filled again what it got back */
	g = fair_add(s, 4 * GiB, 512 * MiB);
	fair_set_size(g, 3 * GiB);
	s->v.view.capacity = 16 * GiB;
	policy_ask(&s->v, params);
	fair_state(s, 0)->warm = 3 * GiB;
	fair_state(s, 0)->cold_at = s->v.view.now;
}

START_TEST(a_cache_that_is_left_alone_is_no_longer_untouched_or_unused)
{
	struct params params = fair_defaults();
	struct sim s;

	warm_and_idle(&s, &params);
	s.v.view.capacity = balloond_whole(5 * GiB, 950);
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[0].bytes, 3 * GiB);
	ck_assert_uint_le(s.v.targets[1].bytes, 2 * GiB);
	ck_assert_uint_ge(s.v.targets[1].bytes, 2 * GiB - 4096);
	/* It comes after all that is lent, with what nobody uses of claims. */
	s.v.view.capacity = balloond_whole(3 * GiB + 900 * MiB, 950);
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[0].bytes, 3 * GiB);
	s.v.view.capacity = balloond_whole(3 * GiB, 985);
	policy_ask(&s.v, &params);
	ck_assert_uint_lt(s.v.targets[0].bytes, 3 * GiB);
	ck_assert_uint_ge(s.v.targets[0].bytes, 2 * GiB);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_TAKEN + CLASS_HEADROOM);
	s.v.view.now += 10 * MINUTE;
	s.v.view.capacity = balloond_whole(5 * GiB, 950);
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[0].reason, REASON_TAKEN + CLASS_UNTOUCHED);
}
END_TEST

START_TEST(distress_is_told_with_the_sample_that_shows_it_and_never_else)
{
	struct params params = fair_defaults();
	struct balloond_guest *g;
	struct sim s;

	warm_and_idle(&s, &params);
	g = &s.v.guests[0];
	/* So that it gets nothing back. */
	s.v.view.capacity = balloond_whole(4 * GiB, 950);
	s.v.guests[1].flags &= ~BALLOOND_GUEST_MAY_SHRINK;
	fair_set_size(g, 1 * GiB);
	g->sample++;
	g->sample_elapsed = SECOND;
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[0].flags, 0);
	g->sample++;
	g->disk_reads += 100 * MiB;
	policy_ask(&s.v, &params);
	ck_assert_uint_eq(s.v.targets[0].flags, BALLOOND_TARGET_DISTRESS);
	for (unsigned n = 0; n < 100; n++) {
		s.v.view.now += SECOND;
		g->sample += n % 2;
		policy_ask(&s.v, &params);
		ck_assert_uint_eq(s.v.targets[0].flags, 0);
		ck_assert_uint_lt(s.v.targets[0].bytes, 3 * GiB);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fair-cache");
	TCase *tc = tcase_create("fair-cache");

	tcase_add_test(tc, what_is_read_again_after_a_shrink_is_given_back_once);
	tcase_add_loop_test(tc, reads_are_put_down_to_a_shrink_that_is_not_long_past, 0,
			    sizeof(readings) / sizeof(readings[0]));
	tcase_add_test(tc, reads_without_a_shrink_are_what_is_usual);
	tcase_add_test(tc, a_disk_that_is_not_known_tells_nothing);
	tcase_add_test(tc, a_guest_whose_reads_were_never_seen_has_missed_nothing);
	tcase_add_test(tc, shrinks_that_follow_upon_each_other_are_one);
	tcase_add_test(tc, what_it_had_between_two_shrinks_is_given_back_as_well);
	tcase_add_test(tc, a_cache_that_was_missed_is_left_alone_for_longer_each_time);
	tcase_add_test(tc, a_cache_that_is_left_alone_is_no_longer_untouched_or_unused);
	tcase_add_test(tc, distress_is_told_with_the_sample_that_shows_it_and_never_else);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
