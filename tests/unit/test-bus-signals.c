/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is woken by what. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/io/util.h"
#include "tests/bus/peer.h"
#include "tests/unit/check-main.h"

START_TEST(nothing_is_signalled_when_nothing_changed)
{
	peer_publish();
	ck_assert_str_eq(heard, "");
}
END_TEST

START_TEST(changes_of_a_guest_are_signalled_together_and_once)
{
	fixture.guests[0].verdict.target += 1;
	fixture.guests[0].verdict.guest.actual -= BALLOOND_MIB;
	fixture.guests[0].verdict.state = STATE_STALE;
	peer_publish();
	ck_assert_str_eq(heard, DB1_PATH " PropertiesChanged: " GUEST " State Target Actual\n");
	peer_publish();
	ck_assert_uint_eq(n_heard, 1);
}
END_TEST

START_TEST(trivial_moves_of_a_size_wake_nobody)
{
	for (int i = 0; i < 3; i++) {
		fixture.guests[0].verdict.guest.actual += 400 * BALLOOND_KIB;
		fixture.guests[0].verdict.guest.used += BALLOOND_GIB;
		fixture.now.account.pool += 300 * BALLOOND_KIB;
		peer_publish();
		ck_assert_uint_eq(n_heard, i < 2 ? 0 : 1);
	}
	/* 1200 KiB since what was last signalled */
	ck_assert_str_eq(heard, DB1_PATH " PropertiesChanged: " GUEST " Actual\n");
}
END_TEST

START_TEST(small_differences_go_with_a_signal)
{
	fixture.guests[0].verdict.guest.actual += 1;
	fixture.guests[0].verdict.target += 1;
	peer_publish();
	ck_assert_str_eq(heard, DB1_PATH " PropertiesChanged: " GUEST " Target Actual\n");
}
END_TEST

START_TEST(changes_of_the_host_are_signalled_together)
{
	fixture.now.connected = false;
	fixture.now.account.level = BALLOOND_LEVEL_LOW;
	fixture.now.account.charged += BALLOOND_GIB;
	peer_publish();
	ck_assert_str_eq(heard, BALLOOND_BUS_PATH " PropertiesChanged: " MANAGER
						  " State LibvirtConnected Level\n");
}
END_TEST

START_TEST(reload_state_is_signalled_at_once)
{
	ck_assert_int_eq(bus_set_reload_state(bus, 2, 0xabc, "line 3: unknown key"), 0);
	peer_settle();
	ck_assert_str_eq(heard, BALLOOND_BUS_PATH " PropertiesChanged: " MANAGER
						  " ConfigGeneration ConfigHash LastReloadError\n");
	expect_text(BALLOOND_BUS_PATH, MANAGER, "LastReloadError", "line 3: unknown key");
	expect_number(BALLOOND_BUS_PATH, MANAGER, "ConfigGeneration", 2);
	peer_forget();
	ck_assert_int_eq(bus_set_reload_state(bus, 2, 0xabc, "line 3: unknown key"), 0);
	peer_publish();
	ck_assert_str_eq(heard, "");
}
END_TEST

START_TEST(labels_of_a_guest_are_signalled_when_they_change)
{
	strcpy(fixture.guests[0].labels.title, "Invoices");
	strcpy(fixture.guests[0].labels.tags, "gold");
	peer_publish();
	ck_assert_str_eq(heard, DB1_PATH " PropertiesChanged: " GUEST " Title Tags\n");
}
END_TEST

START_TEST(overbooking_is_signalled)
{
	fixture.now.account.promised = 13 * BALLOOND_GIB;
	fixture.now.account.overbooked_by = 1 * BALLOOND_GIB;
	fixture.now.account.level_cause = LEVEL_CAUSE_POOL;
	peer_publish();
	ck_assert_str_eq(heard, BALLOOND_BUS_PATH " PropertiesChanged: " MANAGER
						  " LevelReason Promised OverbookedBy\n");
}
END_TEST

START_TEST(guests_come_and_go)
{
	fixture.now.n_guests = 2;
	peer_publish();
	ck_assert_ptr_nonnull(strstr(heard, ODD_PATH " InterfacesRemoved: "));
	ck_assert_ptr_nonnull(strstr(heard, GUEST_STATS));
	ck_assert_uint_eq(n_heard, 2); /* and the Manager's GuestCount */
	peer_forget();
	fixture.now.n_guests = 3;
	peer_publish();
	ck_assert_ptr_nonnull(strstr(heard, ODD_PATH " InterfacesAdded: "));
	ck_assert_uint_eq(n_heard, 2);
}
END_TEST

START_TEST(a_renamed_guest_leaves_and_comes_back)
{
	strcpy(fixture.guests[1].name, "web-3");
	peer_publish();
	ck_assert_uint_eq(n_heard, 2);
	ck_assert_ptr_nonnull(strstr(heard, WEB2_PATH " InterfacesRemoved: "));
	ck_assert_ptr_nonnull(strstr(heard, WEB2_PATH " InterfacesAdded: "));
}
END_TEST

/* No turn of the loop sends more than 500 signals, and none is lost. */
START_TEST(a_crowd_is_signalled_in_several_turns)
{
	enum { CROWD = 1200 };
	_cleanup_free_ struct published_guest *crowd = calloc(CROWD, sizeof(*crowd));
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	static const size_t expected[] = { 501, 1001, 1204, 1204 };

	ck_assert_ptr_nonnull(crowd);
	for (size_t i = 0; i < CROWD; i++) {
		crowd[i] = fixture.guests[1];
		(void)snprintf(crowd[i].uuid, sizeof(crowd[i].uuid), "%08zx", i);
	}
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_ge(sd_bus_attach_event(server, event, SD_EVENT_PRIORITY_NORMAL), 0);
	fixture.now.guests = crowd;
	fixture.now.n_guests = CROWD;
	peer_publish();
	for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
		/* 1200 come, 3 leave, and the count changes. */
		ck_assert_uint_eq(n_heard, expected[i]);
		ck_assert_int_ge(sd_event_run(event, 0), 0);
		peer_settle();
	}
	fixture_init(&fixture);
	bus = bus_free(bus);
}
END_TEST

static Suite *bus_suite(void)
{
	Suite *suite = suite_create("bus-signals");
	TCase *tcase = tcase_create("published");

	tcase_add_checked_fixture(tcase, peer_setup_published, peer_teardown);
	tcase_add_test(tcase, nothing_is_signalled_when_nothing_changed);
	tcase_add_test(tcase, changes_of_a_guest_are_signalled_together_and_once);
	tcase_add_test(tcase, trivial_moves_of_a_size_wake_nobody);
	tcase_add_test(tcase, small_differences_go_with_a_signal);
	tcase_add_test(tcase, changes_of_the_host_are_signalled_together);
	tcase_add_test(tcase, reload_state_is_signalled_at_once);
	tcase_add_test(tcase, labels_of_a_guest_are_signalled_when_they_change);
	tcase_add_test(tcase, overbooking_is_signalled);
	tcase_add_test(tcase, guests_come_and_go);
	tcase_add_test(tcase, a_renamed_guest_leaves_and_comes_back);
	tcase_add_test(tcase, a_crowd_is_signalled_in_several_turns);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return check_main(bus_suite());
}
