/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Operators' orders: the queue, which of them stand, and what a hold does to its guest. */

#include "balloond/core/orders.h"

#include <errno.h>
#include <string.h>

#include "balloond/core/text.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

#define ORDERS_STANDING 128u

/* Orders of one test. */
struct bed {
	struct order orders[ORDERS_STANDING];
	struct standing standing;
	struct guest guests[4];
	struct snapshot snapshot;
};

static void bed_init(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	bed->standing = (struct standing){ bed->orders, 0, ORDERS_STANDING };
	bed->snapshot.guests = bed->guests;
	bed->snapshot.max_guests = 4;
}

static struct order make_order(enum order_kind kind, const char *uuid, usec_t until,
			       const char *reason)
{
	struct order order = { .kind = kind, .hold = { .until = until } };

	text_copy(order.uuid, sizeof(order.uuid), uuid);
	text_copy(order.hold.who, sizeof(order.hold.who), "root");
	text_copy(order.hold.reason, sizeof(order.hold.reason), reason);
	return order;
}

static void take(struct bed *bed, enum order_kind kind, const char *uuid, usec_t until,
		 const char *reason)
{
	struct order order = make_order(kind, uuid, until, reason);

	standing_take(&bed->standing, &order);
}

/* The guests that are there, sorted; NULL at the end. */
static void apply(struct bed *bed, const char *const *uuids)
{
	bed->snapshot.n_guests = 0;
	for (size_t i = 0; uuids[i]; i++) {
		guest_init(&bed->guests[i], uuids[i], "guest");
		bed->guests[i].hold.on = true; /* whatever was there before */
		bed->snapshot.n_guests++;
	}
	standing_apply(&bed->standing, &bed->snapshot);
}

START_TEST(a_full_queue_is_busy_and_keeps_what_it_has)
{
	struct order order = make_order(ORDER_HOLD, "a", 0, "first");
	struct orders orders = { 0 };

	ck_assert_int_eq(orders_append(&orders, &order), 0);
	order = make_order(ORDER_UNHOLD, "b", 0, "");
	while (orders.n < ORDERS_MAX)
		ck_assert_int_eq(orders_append(&orders, &order), 0);
	ck_assert_int_eq(orders_append(&orders, &order), -EBUSY);
	ck_assert_uint_eq(orders.n, ORDERS_MAX);
	ck_assert_str_eq(orders.queue[0].hold.reason, "first");
}
END_TEST

START_TEST(a_hold_reaches_its_guest_and_no_other)
{
	static const char *const uuids[] = { "a", "b", "c", NULL };
	struct bed bed;

	bed_init(&bed);
	take(&bed, ORDER_HOLD, "d", 0, "of nobody that is there");
	take(&bed, ORDER_HOLD, "b", 77, "measured");
	take(&bed, ORDER_HOLD, "0", 0, "nor this");
	apply(&bed, uuids);
	ck_assert(!bed.guests[0].hold.on);
	ck_assert(bed.guests[1].hold.on);
	ck_assert(!bed.guests[2].hold.on);
	ck_assert_uint_eq(bed.guests[1].hold.until, 77);
	ck_assert_str_eq(bed.guests[1].hold.who, "root");
	ck_assert_str_eq(bed.guests[1].hold.reason, "measured");
	ck_assert_str_eq(bed.guests[0].hold.who, "");
}
END_TEST

START_TEST(the_last_order_of_a_guest_counts)
{
	struct bed bed;

	bed_init(&bed);
	take(&bed, ORDER_UNHOLD, "a", 0, ""); /* of nothing */
	take(&bed, ORDER_HOLD, "a", 5, "first");
	take(&bed, ORDER_HOLD, "a", 0, "second");
	ck_assert_uint_eq(bed.standing.n, 1);
	ck_assert_str_eq(standing_find(&bed.standing, "a", ORDER_HOLD)->reason, "second");
	ck_assert_uint_eq(standing_find(&bed.standing, "a", ORDER_HOLD)->until, 0);
	take(&bed, ORDER_HOLD, "b", 0, "");
	take(&bed, ORDER_UNHOLD, "a", 0, "");
	ck_assert_ptr_null(standing_find(&bed.standing, "a", ORDER_HOLD));
	ck_assert_ptr_nonnull(standing_find(&bed.standing, "b", ORDER_HOLD));
}
END_TEST

START_TEST(any_order_of_orders_stands_sorted)
{
	char uuid[GUEST_UUID_MAX] = "00";
	struct bed bed;

	bed_init(&bed);
	for (unsigned i = 0; i < 100; i++) {
		unsigned k = i * 37 % 100; /* each once */

		uuid[0] = (char)('0' + k / 10);
		uuid[1] = (char)('0' + k % 10);
		take(&bed, ORDER_HOLD, uuid, 0, "");
		ck_assert_ptr_nonnull(standing_find(&bed.standing, uuid, ORDER_HOLD));
	}
	ck_assert_uint_eq(bed.standing.n, 100);
	for (size_t i = 1; i < bed.standing.n; i++)
		ck_assert_int_lt(strcmp(bed.orders[i - 1].uuid, bed.orders[i].uuid), 0);
}
END_TEST

START_TEST(a_hold_is_over_to_the_microsecond)
{
	struct order over = { 0 };
	struct bed bed;

	bed_init(&bed);
	take(&bed, ORDER_HOLD, "a", 0, "for ever");
	take(&bed, ORDER_HOLD, "b", 1000, "for a while");
	take(&bed, ORDER_HOLD, "c", 1001, "a little longer");
	ck_assert(!standing_expire(&bed.standing, 999, &over));
	ck_assert(standing_expire(&bed.standing, 1000, &over));
	ck_assert_str_eq(over.uuid, "b");
	ck_assert(!standing_expire(&bed.standing, 1000, &over));
	ck_assert_ptr_nonnull(standing_find(&bed.standing, "c", ORDER_HOLD));
	ck_assert(standing_expire(&bed.standing, UINT64_MAX, &over));
	ck_assert(!standing_expire(&bed.standing, UINT64_MAX, &over));
	ck_assert_uint_eq(bed.standing.n, 1);
	ck_assert_ptr_nonnull(standing_find(&bed.standing, "a", ORDER_HOLD));
}
END_TEST

START_TEST(a_guest_that_comes_back_is_held_again)
{
	static const char *const here[] = { "a", "b", NULL }, *const gone[] = { "b", NULL };
	struct bed bed;

	bed_init(&bed);
	take(&bed, ORDER_HOLD, "a", 0, "");
	apply(&bed, here);
	ck_assert(bed.guests[0].hold.on);
	apply(&bed, gone);
	ck_assert(!bed.guests[0].hold.on);
	apply(&bed, here);
	ck_assert(bed.guests[0].hold.on);
	ck_assert(!bed.guests[1].hold.on);
}
END_TEST

/* One guest of 4 GiB that has half of it, next to one that wants more. */
static const struct verdict *scene_held(struct scene *s)
{
	scene_init(s);
	scene_add(s, "g00", 4 * GiB, 512 * MiB);
	scene_add(s, "g01", 4 * GiB, 1 * GiB);
	s->guests[0].seen.actual = s->guests[1].seen.actual = 2 * GiB;
	s->guests[0].hold.on = true;
	scene_proposal[0] = scene_proposal[1] = 0;
	scene_run(s, 2);
	return scene_verdict(s, 0);
}

START_TEST(a_held_guest_neither_grows_nor_shrinks)
{
	struct scene s;
	const struct verdict *v = scene_held(&s);

	scene_proposal[0] = _i ? 4 * GiB : 1 * GiB;
	for (unsigned i = 0; i < 20; i++) {
		scene_tick(&s, SECOND);
		ck_assert_int_eq(v->state, STATE_HELD);
		ck_assert_int_eq(v->reason, REASON_HELD_OPERATOR);
		ck_assert(v->bound & 1u << GUARD_HELD);
		ck_assert_uint_eq(v->target, 2 * GiB);
		ck_assert_uint_eq(v->wanted, 2 * GiB);
	}
	s.guests[0].hold.on = false;
	scene_run(&s, 20);
	ck_assert_int_eq(v->state, STATE_MANAGED);
	ck_assert_uint_eq(s.guests[0].seen.actual, scene_proposal[0]);
}
END_TEST

/* Size fixed: relief too, as for a tenant's hold. */
START_TEST(a_held_guest_in_need_or_below_its_floor_stays_as_well)
{
	struct scene s;
	const struct verdict *v = scene_held(&s);

	s.real[0].need = 2 * GiB - 4 * MiB;
	s.promise.min = (struct amount){ AMOUNT_PERMILLE, 750 };
	scene_proposal[0] = 4 * GiB;
	scene_run(&s, 10);
	ck_assert_uint_eq(v->guest.floor, 3 * GiB);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
}
END_TEST

/* Tight, low, critical; a guest that may be lost, and one that may not. */
static const struct level_row {
	uint64_t available;
	uint32_t level;
	bool is_expendable;
	enum guest_state state;
} level_rows[] = {
	{ 900 * MiB, BALLOOND_LEVEL_TIGHT, false, STATE_HELD },
	{ 200 * MiB, BALLOOND_LEVEL_LOW, false, STATE_HELD },
	{ 60 * MiB, BALLOOND_LEVEL_CRITICAL, false, STATE_HELD },
	{ 900 * MiB, BALLOOND_LEVEL_TIGHT, true, STATE_HELD },
	{ 200 * MiB, BALLOOND_LEVEL_LOW, true, STATE_HELD },
	{ 60 * MiB, BALLOOND_LEVEL_CRITICAL, true, STATE_MANAGED },
};

START_TEST(a_hold_yields_at_critical_only_where_the_guest_is_expendable)
{
	const struct level_row *row = &level_rows[_i];
	struct scene s;
	const struct verdict *v = scene_held(&s);

	s.promise.expendable = row->is_expendable;
	/* The other one cannot give anything. */
	s.real[1].need = s.guests[1].seen.actual - 10 * MiB;
	s.real[0].need = 512 * MiB;
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 1);
	s.host_other += s.snapshot.host.seen.available - row->available;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.level, row->level);
	ck_assert_uint_eq(v->target, 2 * GiB);
	scene_plan(&s); /* a level is known to the plan after the one that finds it */
	ck_assert_int_eq(v->state, row->state);
	if (row->state == STATE_HELD)
		ck_assert_uint_eq(v->target, 2 * GiB);
	else
		ck_assert_uint_lt(v->target, 2 * GiB);
}
END_TEST

START_TEST(an_operators_hold_comes_before_a_tenants)
{
	struct scene s;
	const struct verdict *v = scene_held(&s);

	s.config.tenants.allow = 1u << TENANT_HOLD;
	s.guests[0].wish = (struct tenant_wish){ .given = 1u << TENANT_HOLD, .hold = true };
	scene_run(&s, 2);
	ck_assert_int_eq(v->reason, REASON_HELD_OPERATOR);
	ck_assert_uint_eq(v->tenant_refused, 0);
	s.guests[0].hold.on = false;
	scene_run(&s, 2);
	ck_assert_int_eq(v->reason, REASON_HELD_TENANT);
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("orders");
	TCase *tc = tcase_create("orders");

	tcase_add_test(tc, a_full_queue_is_busy_and_keeps_what_it_has);
	tcase_add_test(tc, a_hold_reaches_its_guest_and_no_other);
	tcase_add_test(tc, the_last_order_of_a_guest_counts);
	tcase_add_test(tc, any_order_of_orders_stands_sorted);
	tcase_add_test(tc, a_hold_is_over_to_the_microsecond);
	tcase_add_test(tc, a_guest_that_comes_back_is_held_again);
	tcase_add_loop_test(tc, a_held_guest_neither_grows_nor_shrinks, 0, 2);
	tcase_add_test(tc, a_held_guest_in_need_or_below_its_floor_stays_as_well);
	tcase_add_loop_test(tc, a_hold_yields_at_critical_only_where_the_guest_is_expendable, 0,
			    N(level_rows));
	tcase_add_test(tc, an_operators_hold_comes_before_a_tenants);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
