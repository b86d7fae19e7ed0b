/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* exclude, pause, give-back: which orders stand together, and what each does to its guest. */

#include "balloond/core/orders.h"

#include <string.h>

#include "balloond/core/text.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

static struct order places[16];

static void take(struct standing *standing, enum order_kind kind, const char *uuid)
{
	struct order order = { .kind = kind };

	text_copy(order.uuid, sizeof(order.uuid), uuid);
	text_copy(order.hold.reason, sizeof(order.hold.reason), uuid);
	standing_take(standing, &order);
}

static bool stands(const struct standing *standing, enum order_kind kind, const char *uuid)
{
	return standing_find(standing, uuid, kind) != NULL;
}

START_TEST(a_guest_has_one_order_of_each_kind)
{
	struct standing s = { places, 0, 16 };

	for (unsigned round = 0; round < 2; round++)
		for (enum order_kind kind = 0; kind < ORDER_STANDING_MAX; kind++) {
			take(&s, kind, "b");
			take(&s, kind, "a");
		}
	ck_assert_uint_eq(s.n, 2 * ORDER_STANDING_MAX);
	for (size_t i = 0; i < s.n; i++) {
		ck_assert_str_eq(s.orders[i].uuid, i < ORDER_STANDING_MAX ? "a" : "b");
		ck_assert_uint_eq(s.orders[i].kind, i % ORDER_STANDING_MAX);
	}
}
END_TEST

START_TEST(each_verb_ends_what_it_says_and_nothing_else)
{
	static const struct {
		enum order_kind kind;
		uint32_t left;
	} rows[] = {
		{ ORDER_INCLUDE, 1u << ORDER_HOLD | 1u << ORDER_PAUSE | 1u << ORDER_GIVE_BACK },
		{ ORDER_UNHOLD, 1u << ORDER_EXCLUDE | 1u << ORDER_PAUSE | 1u << ORDER_GIVE_BACK },
		{ ORDER_RESUME, 1u << ORDER_EXCLUDE | 1u << ORDER_HOLD },
	};
	struct standing s = { places, 0, 16 };

	for (enum order_kind kind = 0; kind < ORDER_STANDING_MAX; kind++) {
		take(&s, kind, "a");
		take(&s, kind, "");
	}
	take(&s, rows[_i].kind, "a");
	for (enum order_kind kind = 0; kind < ORDER_STANDING_MAX; kind++) {
		ck_assert_int_eq(stands(&s, kind, "a"), (rows[_i].left >> kind) & 1);
		ck_assert(stands(&s, kind, ""));
	}
}
END_TEST

START_TEST(every_kind_has_a_name)
{
	for (enum order_kind kind = 0; kind < ORDER_KIND_MAX; kind++)
		for (enum order_kind other = 0; other < kind; other++)
			ck_assert_str_ne(order_kind_name(kind), order_kind_name(other));
	ck_assert_str_eq(order_kind_name(ORDER_GIVE_BACK), "give-back");
}
END_TEST

START_TEST(an_order_of_all_reaches_the_host_or_every_guest)
{
	struct standing s = { places, 0, 16 };
	struct guest guests[2];
	struct snapshot snapshot = { .guests = guests, .n_guests = 2 };

	guest_init(&guests[0], "a", "first");
	guest_init(&guests[1], "b", "second");
	take(&s, ORDER_PAUSE, "");
	take(&s, ORDER_GIVE_BACK, "");
	take(&s, ORDER_GIVE_BACK, "b");
	standing_apply(&s, &snapshot);
	ck_assert(snapshot.host.pause.on && !guests[0].pause.on && !guests[1].pause.on);
	ck_assert(guests[0].give_back.on);
	ck_assert_str_eq(guests[0].give_back.reason, "");
	ck_assert_str_eq(guests[1].give_back.reason, "b"); /* its own says more */
	take(&s, ORDER_RESUME, "");
	standing_apply(&s, &snapshot);
	ck_assert(!snapshot.host.pause.on && !guests[0].give_back.on && guests[1].give_back.on);
}
END_TEST

/* Two guests of 4 GiB that have half of it. */
static void scene_two(struct scene *s)
{
	scene_init(s);
	scene_add(s, "g00", 4 * GiB, 512 * MiB);
	scene_add(s, "g01", 4 * GiB, 512 * MiB);
	s->guests[0].seen.actual = s->guests[1].seen.actual = 2 * GiB;
	s->config.host.pool.value = 9 * GiB;
	scene_proposal[0] = scene_proposal[1] = 0;
	scene_run(s, 2);
}

START_TEST(a_paused_guest_grows_and_does_not_shrink)
{
	struct scene s;

	scene_two(&s);
	s.guests[0].pause.on = true;
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 20);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
	scene_proposal[0] = 3 * GiB;
	scene_run(&s, 5);
	ck_assert_uint_eq(s.guests[0].seen.actual, 3 * GiB);
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 5);
	ck_assert_uint_eq(s.guests[0].seen.actual, 3 * GiB);
	ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_MANAGED);
	ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_PAUSED_OPERATOR);
	s.guests[0].pause.on = false;
	scene_run(&s, 20);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
}
END_TEST

/* With a pause, and given back. */
START_TEST(a_critical_host_does_not_shrink_it_even_if_it_is_expendable)
{
	const struct verdict *v;
	uint64_t had;
	struct scene s;

	scene_two(&s);
	v = scene_verdict(&s, 0);
	s.promise.expendable = true;
	s.guests[0].pause.on = _i == 0;
	s.guests[0].give_back.on = _i == 1;
	scene_proposal[0] = 1 * GiB;
	/* The other one cannot give anything. */
	s.real[1].need = s.guests[1].seen.actual - 10 * MiB;
	scene_tick(&s, SECOND);
	had = v->target;
	s.host_other += s.snapshot.host.seen.available - 60 * MiB;
	scene_tick(&s, SECOND);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_CRITICAL);
	ck_assert_uint_eq(v->target, had);
	ck_assert_uint_ge(had, 2 * GiB);
	s.guests[0].pause.on = s.guests[0].give_back.on = false;
	scene_tick(&s, SECOND);
	ck_assert_uint_lt(v->target, had);
}
END_TEST

START_TEST(while_all_are_paused_nothing_is_asked_of_anybody)
{
	struct scene s;

	scene_two(&s);
	s.snapshot.host.pause.on = true;
	s.guests[0].give_back.on = true;
	s.guests[1].booted = s.snapshot.now;
	s.real[0].need = 2 * GiB - 4 * MiB;
	scene_proposal[0] = 4 * GiB;
	scene_proposal[1] = 1 * GiB;
	for (unsigned i = 0; i < 20; i++) {
		scene_tick(&s, SECOND);
		ck_assert_uint_eq(s.plan.n_steps, 0);
	}
	ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_PAUSED_ALL);
	s.snapshot.host.pause.on = false;
	scene_run(&s, 5);
	ck_assert_uint_gt(s.guests[0].seen.actual, 2 * GiB);
}
END_TEST

/* Squeezed, in need, and while it boots. */
START_TEST(an_excluded_guest_gets_no_command)
{
	struct scene s;

	scene_two(&s);
	s.guests[0].exclude.on = true;
	s.guests[0].give_back.on = true;
	s.guests[0].hold.on = _i == 1;
	if (_i == 2)
		s.guests[0].booted = s.snapshot.now;
	s.real[0].need = 2 * GiB - 4 * MiB;
	scene_proposal[0] = _i ? 4 * GiB : 1 * GiB;
	for (unsigned i = 0; i < 20; i++) {
		scene_tick(&s, SECOND);
		ck_assert_uint_eq(s.plan.n_steps, 0);
		ck_assert(!scene_verdict(&s, 0)->arm);
	}
	if (_i < 2)
		ck_assert_int_eq(scene_verdict(&s, 0)->state, STATE_EXCLUDED);
	s.guests[0].exclude.on = s.guests[0].hold.on = false;
	scene_run(&s, 5);
	/* One that boots is left a step below its maximum. */
	ck_assert_uint_ge(s.guests[0].seen.actual, 4 * GiB - 1 * MiB);
}
END_TEST

START_TEST(give_back_rises_to_the_ceiling_and_stays)
{
	struct scene s;

	scene_two(&s);
	s.guests[0].give_back.on = true;
	s.guests[0].sold = 3 * GiB; /* less than it was booted with */
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 20);
	ck_assert_uint_eq(s.guests[0].seen.actual, 3 * GiB);
	ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_GIVEN_BACK);
	s.guests[0].give_back.on = false;
	scene_run(&s, 20);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
}
END_TEST

START_TEST(the_last_bit_is_given_back_too)
{
	struct scene s;

	scene_two(&s);
	s.guests[0].seen.actual = 4 * GiB - 5 * MiB;
	scene_run(&s, 12);
	ck_assert_uint_lt(s.guests[0].seen.actual, 4 * GiB);
	s.guests[0].give_back.on = true;
	scene_run(&s, 2);
	ck_assert_uint_eq(s.guests[0].seen.actual, 4 * GiB);
}
END_TEST

START_TEST(give_back_is_bounded_by_room_and_divided_by_shares)
{
	struct promise promises[2];
	char name[] = "g01", *pattern[] = { name };
	uint64_t grew[2];
	struct scene s;

	scene_two(&s);
	s.config.host.pool.value = 6 * GiB;
	promises[0] = promises[1] = s.promise;
	promises[0].match.texts[MATCH_NAME].items = pattern;
	promises[0].match.texts[MATCH_NAME].n = 1;
	promises[0].shares = 3 * promises[1].shares;
	s.config.promises = promises;
	s.config.n_promises = 2;
	s.guests[0].give_back.on = s.guests[1].give_back.on = true;
	scene_run(&s, 20);
	for (size_t i = 0; i < 2; i++) {
		grew[i] = s.guests[i].seen.actual - 2 * GiB;
		ck_assert_int_eq(scene_verdict(&s, i)->reason, REASON_GIVEN_BACK_PART);
	}
	ck_assert_uint_le(s.plan.account.charged, 6 * GiB);
	ck_assert_uint_gt(grew[0] + grew[1], 1 * GiB);
	ck_assert_uint_gt(grew[1], 2 * grew[0]);
	/* What is missing comes as soon as there is room. */
	s.config.host.pool.value = 9 * GiB;
	scene_run(&s, 5);
	ck_assert_uint_eq(s.guests[0].seen.actual, 4 * GiB);
	ck_assert_uint_eq(s.guests[1].seen.actual, 4 * GiB);
}
END_TEST

START_TEST(give_back_takes_nothing_from_what_others_claim)
{
	struct scene s;

	scene_two(&s);
	s.config.host.pool.value = 5 * GiB;
	s.guests[0].give_back.on = true;
	s.real[1].need = 1900 * MiB;
	scene_proposal[1] = scene_claim[1] = 2 * GiB;
	scene_run(&s, 20);
	ck_assert_uint_eq(s.guests[1].seen.actual, 2 * GiB);
	ck_assert_uint_gt(s.guests[0].seen.actual, 2 * GiB + 500 * MiB);
	ck_assert_uint_lt(s.guests[0].seen.actual, 3 * GiB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verbs");
	TCase *tc = tcase_create("verbs");

	tcase_add_test(tc, a_guest_has_one_order_of_each_kind);
	tcase_add_loop_test(tc, each_verb_ends_what_it_says_and_nothing_else, 0, 3);
	tcase_add_test(tc, every_kind_has_a_name);
	tcase_add_test(tc, an_order_of_all_reaches_the_host_or_every_guest);
	tcase_add_test(tc, a_paused_guest_grows_and_does_not_shrink);
	tcase_add_loop_test(tc, a_critical_host_does_not_shrink_it_even_if_it_is_expendable, 0, 2);
	tcase_add_test(tc, while_all_are_paused_nothing_is_asked_of_anybody);
	tcase_add_loop_test(tc, an_excluded_guest_gets_no_command, 0, 3);
	tcase_add_test(tc, give_back_rises_to_the_ceiling_and_stays);
	tcase_add_test(tc, the_last_bit_is_given_back_too);
	tcase_add_test(tc, give_back_is_bounded_by_room_and_divided_by_shares);
	tcase_add_test(tc, give_back_takes_nothing_from_what_others_claim);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
