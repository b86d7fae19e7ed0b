/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hold, Unhold and their kin: what becomes an order, and what is refused, by which name and in
 * which words. That they are root's alone is for tests/bus: both ends are root's here. */

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "balloond/io/util.h"
#include "tests/bus/peer.h"
#include "tests/unit/check-main.h"

#define INVALID BALLOOND_BUS_NAME ".Error.InvalidArgument"
#define NOW (UINT64_C(1700000000) * 1000000)

static struct orders orders;
static unsigned n_told;

static void on_order(void *userdata)
{
	ck_assert_ptr_eq(userdata, &orders);
	n_told++;
}

static void setup(void)
{
	peer_setup_published();
	fixture.now.wall = NOW;
	orders.n = 0;
	n_told = 0;
	bus_set_orders(bus, &orders, on_order, &orders);
}

/* Calls with a guest and options, in the words of sd_bus_message_append(). */
static sd_bus_message *order(const char *member, const char *guest, const char *types, ...)
{
	sd_bus_message *message = peer_new_call(BALLOOND_BUS_PATH, MANAGER, member);
	va_list arguments;

	ck_assert_int_ge(sd_bus_message_append_basic(message, 's', guest), 0);
	va_start(arguments, types);
	ck_assert_int_ge(sd_bus_message_appendv(message, types, arguments), 0);
	va_end(arguments);
	return peer_send(message);
}

static void expect_taken(sd_bus_message *reply)
{
	ck_assert_msg(!sd_bus_message_is_method_error(reply, NULL), "%s",
		      sd_bus_message_is_method_error(reply, NULL)
			      ? sd_bus_message_get_error(reply)->message
			      : "");
	sd_bus_message_unref(reply);
}

/* Nothing was ordered. */
static void expect_refused(sd_bus_message *reply, const char *name, const char *words)
{
	expect_error(reply, name, words);
	ck_assert_uint_eq(orders.n, 0);
	ck_assert_uint_eq(n_told, 0);
}

START_TEST(hold_becomes_an_order_with_who_and_why)
{
	const struct order *taken = &orders.queue[0];
	char who[32];

	(void)snprintf(who, sizeof(who), geteuid() == 0 ? "root" : "uid %u", geteuid());
	expect_taken(order("Hold", "db1", "a{sv}", 2, "reason", "s", "a measurement", "until", "t",
			   NOW + 1));
	ck_assert_uint_eq(orders.n, 1);
	ck_assert_uint_eq(n_told, 1);
	ck_assert_int_eq(taken->kind, ORDER_HOLD);
	ck_assert_str_eq(taken->uuid, FIXTURE_DB1);
	ck_assert_str_eq(taken->hold.reason, "a measurement");
	ck_assert_str_eq(taken->hold.who, who);
	ck_assert_uint_eq(taken->hold.until, NOW + 1);
}
END_TEST

/* Of db1, and of all; each method its own kind. */
START_TEST(every_method_orders_what_it_is_called)
{
	static const struct {
		const char *member;
		enum order_kind kind;
		bool ends, of_all;
	} rows[] = {
		{ "Exclude", ORDER_EXCLUDE, true, false },
		{ "Include", ORDER_INCLUDE, false, false },
		{ "Hold", ORDER_HOLD, true, false },
		{ "Unhold", ORDER_UNHOLD, false, false },
		{ "Pause", ORDER_PAUSE, true, true },
		{ "Resume", ORDER_RESUME, false, true },
		{ "GiveBack", ORDER_GIVE_BACK, true, true },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		orders.n = n_told = 0;
		expect_taken(order(rows[i].member, "db1", "a{sv}", 1, "reason", "s", "x"));
		ck_assert_int_eq(orders.queue[0].kind, rows[i].kind);
		ck_assert_str_eq(orders.queue[0].uuid, FIXTURE_DB1);
		orders.n = n_told = 0;
		if (!rows[i].ends)
			expect_refused(order(rows[i].member, "db1", "a{sv}", 1, "until", "t",
					     NOW + 1),
				       INVALID, "no option \"until\"");
		if (!rows[i].of_all) {
			expect_refused(order(rows[i].member, "", "a{sv}", 0),
				       BALLOOND_BUS_NAME ".Error.NoSuchGuest", "\"\"");
			continue;
		}
		expect_refused(order(rows[i].member, "", "a{sv}", 1, "x", "s", ""), INVALID,
			       "all guests: no option \"x\"");
		expect_taken(order(rows[i].member, "", "a{sv}", 0));
		ck_assert_int_eq(orders.queue[0].kind, rows[i].kind);
		ck_assert_str_eq(orders.queue[0].uuid, "");
	}
}
END_TEST

START_TEST(give_back_ends_after_an_hour_unless_it_is_told_otherwise)
{
	expect_taken(order("GiveBack", "db1", "a{sv}", 0));
	expect_taken(order("GiveBack", "db1", "a{sv}", 1, "until", "t", NOW + 5));
	ck_assert_uint_eq(orders.queue[0].hold.until, NOW + UINT64_C(3600) * 1000000);
	ck_assert_uint_eq(orders.queue[1].hold.until, NOW + 5);
}
END_TEST

START_TEST(options_may_be_left_out)
{
	expect_taken(order("Hold", FIXTURE_WEB2, "a{sv}", 0));
	expect_taken(order("Unhold", FIXTURE_WEB2, "a{sv}", 0));
	expect_taken(order("Unhold", "db1", "a{sv}", 1, "reason", "s", "done"));
	ck_assert_uint_eq(orders.n, 3);
	ck_assert_uint_eq(n_told, 3);
	ck_assert_str_eq(orders.queue[0].uuid, FIXTURE_WEB2);
	ck_assert_uint_eq(orders.queue[0].hold.until, 0);
	ck_assert_str_eq(orders.queue[0].hold.reason, "");
	ck_assert_int_eq(orders.queue[1].kind, ORDER_UNHOLD);
	ck_assert_str_eq(orders.queue[2].hold.reason, "done");
}
END_TEST

START_TEST(unknown_guests_are_refused)
{
	expect_refused(order("Hold", "nobody", "a{sv}", 0), BALLOOND_BUS_NAME ".Error.NoSuchGuest",
		       "\"nobody\"");
	expect_refused(order("Unhold", "", "a{sv}", 0), BALLOOND_BUS_NAME ".Error.NoSuchGuest",
		       "\"\"");
	strcpy(fixture.guests[1].name, "db1");
	expect_refused(order("Hold", "db1", "a{sv}", 0), BALLOOND_BUS_NAME ".Error.AmbiguousGuest",
		       "2 guests");
}
END_TEST

START_TEST(options_that_are_not_known_are_refused)
{
	expect_refused(order("Hold", "db1", "a{sv}", 1, "why", "s", "x"), INVALID,
		       "guest \"db1\": no option \"why\" of type s, there are: reason (s), "
		       "until (t)");
	expect_refused(order("Hold", "db1", "a{sv}", 1, "reason", "t", UINT64_C(1)), INVALID,
		       "\"reason\" of type t");
	expect_refused(order("Hold", "db1", "a{sv}", 1, "until", "s", "tomorrow"), INVALID,
		       "\"until\" of type s");
	expect_refused(order("Hold", "db1", "a{sv}", 1, "until", "au", 1, 1u), INVALID,
		       "\"until\" of type au");
	expect_refused(order("Unhold", "db1", "a{sv}", 1, "until", "t", NOW + 1), INVALID,
		       "no option \"until\" of type t, there are: reason (s)");
	/* One that is right before it does not help. */
	expect_refused(order("Hold", "db1", "a{sv}", 2, "reason", "s", "x", "", "s", ""), INVALID,
		       "no option \"\"");
}
END_TEST

START_TEST(times_that_nothing_ends_at_are_refused)
{
	static const uint64_t times[] = {
		0, 1, NOW - 1, NOW, UINT64_C(253402300800) * 1000000, UINT64_MAX
	};

	for (size_t i = 0; i < ELEMENTSOF(times); i++)
		expect_refused(order("Hold", "db1", "a{sv}", 1, "until", "t", times[i]), INVALID,
			       "guest \"db1\": until ");
	expect_taken(
		order("Hold", "db1", "a{sv}", 1, "until", "t", UINT64_C(253402300799) * 1000000));
}
END_TEST

START_TEST(a_reason_that_does_not_fit_is_refused_and_not_cut)
{
	char reason[HOLD_REASON_MAX + 1];

	memset(reason, 'x', sizeof(reason));
	reason[HOLD_REASON_MAX] = '\0';
	expect_refused(order("Hold", "db1", "a{sv}", 1, "reason", "s", reason), INVALID,
		       "guest \"db1\": the reason has 128 bytes, 127 are allowed");
	reason[HOLD_REASON_MAX - 1] = '\0';
	expect_taken(order("Hold", "db1", "a{sv}", 1, "reason", "s", reason));
	ck_assert_str_eq(orders.queue[0].hold.reason, reason);
}
END_TEST

START_TEST(a_hostile_name_is_made_valid_in_what_is_said_of_it)
{
	expect_refused(order("Hold", FIXTURE_ODD, "a{sv}", 1, "x", "s", ""), INVALID,
		       "guest \"odd\033[31m\302\233?\": no option \"x\"");
}
END_TEST

START_TEST(other_arguments_are_refused)
{
	sd_bus_message *reply = peer_call(BALLOOND_BUS_PATH, MANAGER, "Hold", "db1", NULL);

	expect_refused(reply, SD_BUS_ERROR_INVALID_ARGS, "");
	expect_refused(order("Hold", "db1", "a{ss}", 1, "reason", "x"), SD_BUS_ERROR_INVALID_ARGS,
		       "");
	expect_refused(order("Unhold", "db1", "a{sv}s", 0, "more"), SD_BUS_ERROR_INVALID_ARGS, "");
}
END_TEST

START_TEST(a_full_queue_is_told)
{
	for (size_t i = 0; i < ORDERS_MAX; i++)
		expect_taken(order("Hold", "db1", "a{sv}", 0));
	expect_error(order("Hold", "web-2", "a{sv}", 0), BALLOOND_BUS_NAME ".Error.Busy",
		     "guest \"web-2\": 64 orders wait");
	ck_assert_uint_eq(n_told, ORDERS_MAX);
	orders.n = 0; /* as a tick does */
	expect_taken(order("Hold", "web-2", "a{sv}", 0));
}
END_TEST

START_TEST(no_orders_are_taken_before_somebody_reads_them)
{
	bus_set_orders(bus, NULL, NULL, NULL);
	expect_refused(order("Hold", "db1", "a{sv}", 0), SD_BUS_ERROR_NOT_SUPPORTED, "not ready");
}
END_TEST

START_TEST(all_orders_are_properties_of_guest_and_manager)
{
	fixture.guests[0].exclude = (struct hold){ true, NOW, "root", "one" };
	fixture.guests[0].pause = (struct hold){ true, NOW + 1, "uid 7", "two" };
	fixture.guests[0].give_back = (struct hold){ true, NOW + 2, "uid 8", "three" };
	fixture.now.pause = (struct hold){ true, NOW + 3, "uid 9", "four" };
	peer_forget();
	peer_publish();
	ck_assert_ptr_nonnull(strstr(heard, " ExcludedBy"));
	ck_assert_ptr_nonnull(strstr(heard, " PauseReason"));
	ck_assert_ptr_nonnull(strstr(heard, " GivenBackUntilUSec"));
	ck_assert_uint_eq(n_heard, 2); /* the host's, too */
	expect_text(DB1_PATH, GUEST, "ExcludeReason", "one");
	expect_text(DB1_PATH, GUEST, "PausedBy", "uid 7");
	expect_text(DB1_PATH, GUEST, "GiveBackReason", "three");
	expect_number(DB1_PATH, GUEST, "ExcludedUntilUSec", NOW);
	expect_number(DB1_PATH, GUEST, "GivenBackUntilUSec", NOW + 2);
	expect_text(BALLOOND_BUS_PATH, MANAGER, "PausedBy", "uid 9");
	expect_text(BALLOOND_BUS_PATH, MANAGER, "PauseReason", "four");
	expect_number(BALLOOND_BUS_PATH, MANAGER, "PausedUntilUSec", NOW + 3);
}
END_TEST

START_TEST(a_guest_shows_who_holds_it)
{
	struct hold *hold = &fixture.guests[0].hold;

	expect_text(DB1_PATH, GUEST, "HeldBy", "");
	expect_number(DB1_PATH, GUEST, "HeldUntilUSec", 0);
	peer_forget();
	*hold = (struct hold){ true, NOW, "root", "b\377d" };
	peer_publish();
	expect_text(DB1_PATH, GUEST, "HeldBy", "root");
	expect_text(DB1_PATH, GUEST, "HoldReason", "b?d");
	expect_number(DB1_PATH, GUEST, "HeldUntilUSec", NOW);
	ck_assert_uint_eq(n_heard, 1);
	ck_assert_ptr_nonnull(strstr(heard, DB1_PATH " PropertiesChanged"));
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { " HeldBy", " HeldUntilUSec", " HoldReason" };

		ck_assert_ptr_nonnull(strstr(heard, names[i]));
	}
	peer_forget();
	hold->until++;
	peer_publish();
	ck_assert_ptr_nonnull(strstr(heard, " HeldUntilUSec"));
	ck_assert_ptr_null(strstr(heard, " HeldBy"));
}
END_TEST

static Suite *bus_suite(void)
{
	Suite *suite = suite_create("bus-orders");
	TCase *tcase = tcase_create("published");

	tcase_add_checked_fixture(tcase, setup, peer_teardown);
	tcase_add_test(tcase, hold_becomes_an_order_with_who_and_why);
	tcase_add_test(tcase, every_method_orders_what_it_is_called);
	tcase_add_test(tcase, give_back_ends_after_an_hour_unless_it_is_told_otherwise);
	tcase_add_test(tcase, options_may_be_left_out);
	tcase_add_test(tcase, unknown_guests_are_refused);
	tcase_add_test(tcase, options_that_are_not_known_are_refused);
	tcase_add_test(tcase, times_that_nothing_ends_at_are_refused);
	tcase_add_test(tcase, a_reason_that_does_not_fit_is_refused_and_not_cut);
	tcase_add_test(tcase, a_hostile_name_is_made_valid_in_what_is_said_of_it);
	tcase_add_test(tcase, other_arguments_are_refused);
	tcase_add_test(tcase, a_full_queue_is_told);
	tcase_add_test(tcase, no_orders_are_taken_before_somebody_reads_them);
	tcase_add_test(tcase, all_orders_are_properties_of_guest_and_manager);
	tcase_add_test(tcase, a_guest_shows_who_holds_it);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return check_main(bus_suite());
}
