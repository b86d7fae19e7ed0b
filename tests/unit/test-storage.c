/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/storage.h"

#include <string.h>

#include "tests/unit/check-main.h"

static const struct config small = {
	.state_size = 16, .rule_state_size = 16, .scratch_size = 16, .n_rules = 2
};
static const struct config other_state = {
	.state_size = 32, .rule_state_size = 16, .scratch_size = 64, .n_rules = 2
};
static const struct config more_rules = {
	.state_size = 16, .rule_state_size = 16, .scratch_size = 16, .n_rules = 9
};

static struct history filled(void)
{
	struct history h = { .now = 5 };

	ck_assert_int_eq(history_reserve(&h, 3, &small), 0);
	h.n_guests = 3;
	h.n_rules = 2;
	for (size_t i = 0; i < 3; i++) {
		h.guests[i].target = 100 + i;
		memset(history_state(&h, i, 7, 1), (int)(i + 1), 16);
	}
	h.rules[1].key = 8;
	memset(h.rule_states + 16, 9, 16);
	return h;
}

START_TEST(an_empty_reservation_gives_arrays_that_may_be_used)
{
	static const struct config nothing;
	struct snapshot s = { 0 };
	struct history h = { 0 };
	struct published pub = { 0 };
	struct plan p = { 0 };

	ck_assert_int_eq(snapshot_reserve(&s, 0), 0);
	ck_assert_int_eq(history_reserve(&h, 0, &nothing), 0);
	ck_assert_int_eq(plan_reserve(&p, 0, &nothing), 0);
	ck_assert_int_eq(published_reserve(&pub, 0), 0);
	ck_assert_ptr_nonnull(s.guests);
	ck_assert_ptr_nonnull(h.guests);
	ck_assert_ptr_nonnull(h.rules);
	ck_assert_ptr_nonnull(p.verdicts);
	ck_assert_ptr_nonnull(p.scratch);
	ck_assert_ptr_nonnull(pub.guests);
	snapshot_done(&s);
	history_done(&h);
	plan_done(&p);
	published_done(&pub);
}
END_TEST

START_TEST(a_steady_tick_allocates_nothing)
{
	struct snapshot s = { 0 };
	struct history h = filled();
	struct plan p = { 0 };
	void *guests, *states, *verdicts;

	ck_assert_int_eq(snapshot_reserve(&s, 40), 0);
	ck_assert_int_eq(plan_reserve(&p, 40, &small), 0);
	guests = s.guests;
	states = h.rows;
	verdicts = p.verdicts;
	ck_assert_int_eq(snapshot_reserve(&s, 12), 0);
	ck_assert_int_eq(history_reserve(&h, 3, &small), 0);
	ck_assert_int_eq(plan_reserve(&p, 40, &small), 0);
	ck_assert_ptr_eq(s.guests, guests);
	ck_assert_ptr_eq(h.rows, states);
	ck_assert_ptr_eq(p.verdicts, verdicts);
	snapshot_done(&s);
	history_done(&h);
	plan_done(&p);
}
END_TEST

START_TEST(more_guests_keep_what_is_remembered)
{
	struct history h = filled();

	ck_assert_int_eq(history_reserve(&h, 1000, &more_rules), 0);
	ck_assert_uint_ge(h.max_guests, 1000);
	ck_assert_uint_eq(h.max_rules, 9);
	ck_assert_uint_eq(h.guests[2].target, 102);
	ck_assert_uint_eq(*(uint8_t *)history_state(&h, 2, 7, 2), 3);
	ck_assert_uint_eq(h.rules[1].key, 8);
	ck_assert_uint_eq(h.rule_states[16], 9);
	ck_assert_uint_eq(h.now, 5);
	h.guests[999].target = 1;
	h.spare[999].target = 1;
	h.rows[1000 * history_row_size(&h) - 1] = 1;
	h.spare_rows[1000 * history_row_size(&h) - 1] = 1;
	h.rule_states[8 * 16 + 15] = 1;
	history_done(&h);
}
END_TEST

START_TEST(another_state_size_drops_policy_state_and_nothing_else)
{
	struct history h = filled();

	ck_assert_int_eq(history_reserve(&h, 3, &other_state), 0);
	ck_assert_uint_eq(h.state_size, 32);
	ck_assert_uint_eq(h.n_guests, 3);
	ck_assert_uint_eq(h.guests[2].target, 102);
	ck_assert_uint_eq(h.n_rules, 0);
	for (size_t i = 0; i < 3 * history_row_size(&h); i++)
		ck_assert_uint_eq(h.rows[i], 0);
	for (size_t i = 0; i < 2 * 16; i++)
		ck_assert_uint_eq(h.rule_states[i], 0);
	history_done(&h);
}
END_TEST

START_TEST(a_plan_keeps_its_verdicts_when_it_grows)
{
	struct plan p = { 0 };

	ck_assert_int_eq(plan_reserve(&p, 2, &small), 0);
	p.n_verdicts = 2;
	p.verdicts[1].target = 44;
	ck_assert_int_eq(plan_reserve(&p, 500, &other_state), 0);
	ck_assert_uint_eq(p.verdicts[1].target, 44);
	ck_assert_uint_ge(p.max_guests, 500);
	ck_assert_uint_eq(p.scratch_size, 64);
	p.scratch[500 * 64 - 1] = 1;
	p.steps[499].to = 1;
	plan_done(&p);
}
END_TEST

START_TEST(orders_stand_while_their_array_grows)
{
	struct standing s = { 0 };
	struct order order = { .kind = ORDER_HOLD };

	ck_assert_int_eq(standing_reserve(&s, 0), 0);
	for (unsigned i = 0; i < 100; i++) {
		order.uuid[0] = (char)('!' + i % 90);
		order.uuid[1] = (char)('0' + i / 90);
		ck_assert_int_eq(standing_reserve(&s, s.n + 1), 0);
		ck_assert_uint_gt(s.max, s.n);
		standing_take(&s, &order);
	}
	ck_assert_uint_eq(s.n, 100);
	ck_assert_ptr_nonnull(standing_find(&s, "!0", ORDER_HOLD));
	ck_assert_ptr_nonnull(standing_find(&s, "!1", ORDER_HOLD));
	standing_done(&s);
	ck_assert_uint_eq(s.n, 0);
	ck_assert_ptr_null(s.orders);
}
END_TEST

START_TEST(published_guests_point_into_themselves_after_growing)
{
	struct published p = { 0 };

	ck_assert_int_eq(published_reserve(&p, 1), 0);
	p.n_guests = 1;
	strcpy(p.guests[0].name, "vm");
	p.guests[0].verdict.guest.name = p.guests[0].name;
	ck_assert_int_eq(published_reserve(&p, 100), 0);
	ck_assert_str_eq(p.guests[0].verdict.guest.name, "vm");
	ck_assert_ptr_eq(p.guests[0].verdict.guest.name, p.guests[0].name);
	published_done(&p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("storage");
	TCase *tc = tcase_create("storage");

	tcase_add_test(tc, an_empty_reservation_gives_arrays_that_may_be_used);
	tcase_add_test(tc, a_steady_tick_allocates_nothing);
	tcase_add_test(tc, more_guests_keep_what_is_remembered);
	tcase_add_test(tc, another_state_size_drops_policy_state_and_nothing_else);
	tcase_add_test(tc, a_plan_keeps_its_verdicts_when_it_grows);
	tcase_add_test(tc, orders_stand_while_their_array_grows);
	tcase_add_test(tc, published_guests_point_into_themselves_after_growing);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
