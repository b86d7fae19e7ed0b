/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a guest's record takes over from the balloond before. */

#include "balloond/core/resume.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define MIB BALLOOND_MIB
#define NOW (1000 * BALLOOND_SECOND)

static struct memory begun(uint64_t actual)
{
	return (struct memory){
		.target = actual,
		.claim = actual,
		.actual = actual,
		.kernel = BALLOOND_UNKNOWN,
	};
}

static const struct memory before = {
	.target = 500 * MIB,
	.claim = 450 * MIB,
	.actual = 700 * MIB,
	.kernel = 40 * MIB,
	.swapped = true,
	.distress = 990 * BALLOOND_SECOND,
	.learned = 600 * MIB,
	.learned_at = 980 * BALLOOND_SECOND,
	.shrunk_from = 900 * MIB,
	.crash = { .floor = 650 * MIB },
	.trust = { .lost = 970 * BALLOOND_SECOND },
	.foreign = { .ceiling = 800 * MIB, .own = { 500 * MIB }, .is_settled = true },
};

START_TEST(a_balloon_that_was_on_its_way_stays_so)
{
	struct memory m = begun(640 * MIB);

	memory_resume(&m, &before, m.actual, NOW);
	ck_assert_uint_eq(m.target, 500 * MIB);
	ck_assert_uint_eq(m.claim, 450 * MIB);
	ck_assert(m.asked);
}
END_TEST

START_TEST(a_balloon_that_arrived_meanwhile_is_there)
{
	struct memory m = begun(501 * MIB);

	memory_resume(&m, &before, m.actual, NOW);
	ck_assert_uint_eq(m.target, 500 * MIB);
	ck_assert(!m.asked);
}
END_TEST

START_TEST(a_size_that_cannot_be_balloonds_is_taken_as_it_is)
{
	static const uint64_t sizes[] = { 300 * MIB, 1024 * MIB };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct memory m = begun(sizes[i]);

		memory_resume(&m, &before, m.actual, NOW);
		ck_assert_uint_eq(m.target, sizes[i]);
		ck_assert(!m.asked);
	}
}
END_TEST

START_TEST(what_was_learned_and_what_others_set_goes_on)
{
	struct memory m = begun(300 * MIB);

	memory_resume(&m, &before, m.actual, NOW);
	ck_assert_uint_eq(m.learned, 600 * MIB);
	ck_assert_uint_eq(m.learned_at, 980 * BALLOOND_SECOND);
	ck_assert_uint_eq(m.distress, 990 * BALLOOND_SECOND);
	ck_assert_uint_eq(m.kernel, 40 * MIB);
	ck_assert_uint_eq(m.foreign.ceiling, 800 * MIB);
	ck_assert_uint_eq(m.foreign.own[0], 500 * MIB);
	ck_assert_uint_eq(m.crash.floor, 650 * MIB);
	ck_assert_uint_eq(m.trust.lost, 970 * BALLOOND_SECOND);
	ck_assert(m.swapped);
}
END_TEST

START_TEST(nothing_is_concluded_from_where_the_balloon_comes_to_rest)
{
	struct memory m = begun(640 * MIB);

	memory_resume(&m, &before, m.actual, NOW);
	ck_assert(!m.foreign.is_settled);
}
END_TEST

START_TEST(stamps_of_the_future_are_of_now)
{
	struct memory m = begun(640 * MIB), kept = before;

	kept.learned_at = kept.distress = 2 * NOW;
	memory_resume(&m, &kept, m.actual, NOW);
	ck_assert_uint_eq(m.learned_at, NOW);
	ck_assert_uint_eq(m.distress, NOW);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resume");
	TCase *tc = tcase_create("resume");

	tcase_add_test(tc, a_balloon_that_was_on_its_way_stays_so);
	tcase_add_test(tc, a_balloon_that_arrived_meanwhile_is_there);
	tcase_add_test(tc, a_size_that_cannot_be_balloonds_is_taken_as_it_is);
	tcase_add_test(tc, what_was_learned_and_what_others_set_goes_on);
	tcase_add_test(tc, nothing_is_concluded_from_where_the_balloon_comes_to_rest);
	tcase_add_test(tc, stamps_of_the_future_are_of_now);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
