/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A guest that was in distress keeps what it has for a while, but not while another one has nothing
 * left: then it gives what it has plenty of. */

#include "balloond/core/state.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

#define PLENTY 0u
#define OTHER 1u
#define USED (512 * MiB)

/* g00 has just had distress, and has 3 GiB of which it uses little; all are to give. */
static void distressed(struct scene *s, uint64_t other_need)
{
	scene_init(s);
	scene_add(s, "g00", 3 * GiB, USED);
	scene_add(s, "g01", 2 * GiB, 256 * MiB);
	s->guests[PLENTY].seen.swap_in = 0;
	scene_run(s, 2);
	s->guests[PLENTY].seen.swap_in = 64 * MiB;
	scene_tick(s, SECOND);
	ck_assert(scene_verdict(s, PLENTY)->guest.flags & BALLOOND_GUEST_COOLING);
	s->real[OTHER].need = other_need;
	s->history.guests[OTHER].target = s->guests[OTHER].seen.actual = 1 * GiB;
	scene_proposal[PLENTY] = USED;
}

START_TEST(a_guest_that_cools_down_keeps_what_it_has)
{
	struct scene s;

	distressed(&s, 256 * MiB);
	scene_run(&s, 30);
	ck_assert_uint_eq(s.guests[PLENTY].seen.actual, 3 * GiB);
	ck_assert_uint_ne(scene_verdict(&s, PLENTY)->bound & 1u << GUARD_COOL_DOWN, 0);
}
END_TEST

START_TEST(it_gives_plenty_where_another_one_has_nothing_left)
{
	struct scene s;
	uint64_t margin;

	distressed(&s, 1 * GiB - 8 * MiB);
	s.real[OTHER].stuck = true; /* its need is not met so soon */
	scene_run(&s, 30);
	margin = scene_verdict(&s, PLENTY)->margin;
	ck_assert_uint_gt(scene_verdict(&s, PLENTY)->guest.flags & BALLOOND_GUEST_COOLING, 0);
	ck_assert_uint_lt(s.guests[PLENTY].seen.actual, USED + 4 * margin + 16 * MiB);
	ck_assert_uint_ge(s.guests[PLENTY].seen.actual, USED + 4 * margin);
}
END_TEST

START_TEST(it_gives_nothing_before_a_sample_tells_that_it_is_well)
{
	struct scene s;

	distressed(&s, 1 * GiB - 8 * MiB);
	for (unsigned i = 0; i < 10; i++) {
		s.guests[PLENTY].seen.swap_in += 64 * MiB;
		scene_tick(&s, SECOND);
	}
	ck_assert_uint_eq(s.guests[PLENTY].seen.actual, 3 * GiB);
}
END_TEST

START_TEST(a_guest_at_its_ceiling_is_in_no_need_that_memory_could_meet)
{
	struct scene s;

	distressed(&s, 2 * GiB - 8 * MiB);
	s.history.guests[OTHER].target = s.guests[OTHER].seen.actual = 2 * GiB;
	scene_run(&s, 30);
	ck_assert_uint_eq(s.guests[PLENTY].seen.actual, 3 * GiB);
}
END_TEST

static Suite *cool_down_suite(void)
{
	Suite *suite = suite_create("cool-down");
	TCase *tc = tcase_create("cool-down");

	tcase_add_test(tc, a_guest_that_cools_down_keeps_what_it_has);
	tcase_add_test(tc, it_gives_plenty_where_another_one_has_nothing_left);
	tcase_add_test(tc, it_gives_nothing_before_a_sample_tells_that_it_is_well);
	tcase_add_test(tc, a_guest_at_its_ceiling_is_in_no_need_that_memory_could_meet);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(cool_down_suite());
}
