/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the D-Bus objects answer, and that it is what the shipped interface files say. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/io/util.h"
#include "tests/bus/peer.h"
#include "tests/unit/check-main.h"

/* Copies interface from the introspection of path, "" if it is not there. */
static char *introspect(const char *path, const char *interface)
{
	_cleanup_(sd_bus_message_unrefp)
		sd_bus_message *reply = peer_call(path, "org.freedesktop.DBus.Introspectable",
						  "Introspect", NULL, NULL);
	char head[128];
	const char *xml, *start, *end;

	ck_assert_int_gt(sd_bus_message_read_basic(reply, 's', &xml), 0);
	(void)snprintf(head, sizeof(head), " <interface name=\"%s\">", interface);
	start = strstr(xml, head);
	if (!start)
		return strdup("");
	end = strstr(start, "</interface>");
	ck_assert_ptr_nonnull(end);
	return strndup(start, (size_t)(end - start) + strlen("</interface>\n"));
}

static void compare_with_shipped(const char *path, const char *interface)
{
	_cleanup_free_ char *answered = introspect(path, interface);
	_cleanup_fclose_ FILE *file = NULL;
	char name[512], shipped[16384] = "";

	(void)snprintf(name, sizeof(name), "%s/%s.xml", check_dir("BALLOOND_TEST_DBUS_XML"),
		       interface);
	file = fopen(name, "re");
	ck_assert_msg(file != NULL, "cannot open %s", name);
	ck_assert_uint_lt(fread(shipped, 1, sizeof(shipped) - 1, file), sizeof(shipped) - 1);
	ck_assert_str_ne(answered, "");
	ck_assert_msg(strstr(shipped, answered) != NULL, "%s: the daemon answers:\n%s", name,
		      answered);
}

START_TEST(interfaces_are_as_shipped)
{
	compare_with_shipped(BALLOOND_BUS_PATH, MANAGER);
	compare_with_shipped(DB1_PATH, GUEST);
	compare_with_shipped(DB1_PATH, GUEST_STATS);
}
END_TEST

START_TEST(manager_shows_the_account)
{
	expect_text(BALLOOND_BUS_PATH, MANAGER, "Version", BALLOOND_VERSION);
	expect_text(BALLOOND_BUS_PATH, MANAGER, "State", "running");
	expect_text(BALLOOND_BUS_PATH, MANAGER, "Level", "normal");
	expect_number(BALLOOND_BUS_PATH, MANAGER, "Pool", fixture.now.account.pool);
	expect_number(BALLOOND_BUS_PATH, MANAGER, "Reserve", fixture.now.account.reserve);
	expect_number(BALLOOND_BUS_PATH, MANAGER, "Room", fixture.now.account.room);
	expect_number(BALLOOND_BUS_PATH, MANAGER, "HostMemoryTotal", fixture.now.host.total);
	expect_number(BALLOOND_BUS_PATH, MANAGER, "Tick", 7);
}
END_TEST

START_TEST(state_says_what_balloond_can_do)
{
	fixture.now.dry_run = true;
	peer_publish();
	expect_text(BALLOOND_BUS_PATH, MANAGER, "State", "dry-run");
	fixture.now.connected = false;
	peer_publish();
	expect_text(BALLOOND_BUS_PATH, MANAGER, "State", "degraded");
}
END_TEST

START_TEST(state_is_starting_before_the_first_picture)
{
	expect_text(BALLOOND_BUS_PATH, MANAGER, "State", "starting");
	expect_number(BALLOOND_BUS_PATH, MANAGER, "Tick", 0);
}
END_TEST

START_TEST(guest_shows_its_verdict)
{
	expect_text(DB1_PATH, GUEST, "Name", "db1");
	expect_text(DB1_PATH, GUEST, "UUID", FIXTURE_DB1);
	expect_text(DB1_PATH, GUEST, "State", "managed");
	expect_text(DB1_PATH, GUEST, "Reason", guard_row(GUARD_MARGIN)->text);
	expect_text(DB1_PATH, GUEST, "Policy", "fair");
	expect_text(DB1_PATH, GUEST, "Rule", "databases");
	expect_text(DB1_PATH, GUEST, "Promise", "gold");
	expect_number(DB1_PATH, GUEST, "Floor", 1 * BALLOOND_GIB);
	expect_number(DB1_PATH, GUEST, "Ceiling", 4 * BALLOOND_GIB);
	expect_number(DB1_PATH, GUEST, "Target", 2089 * BALLOOND_MIB);
	expect_number(DB1_PATH, GUEST, "Actual", 3 * BALLOOND_GIB);
	expect_number(DB1_PATH, GUEST_STATS, "Sample", 42);
	expect_text(WEB2_PATH, GUEST, "Policy", "");
	expect_number(WEB2_PATH, GUEST_STATS, "Used", BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(guest_stats_cover_every_published_figure)
{
	const char *guest = (const char *)&fixture.guests[0];

	for (size_t i = 0; i < n_published_figures; i++) {
		char property[PUBLISHED_TEXT_MAX];
		uint64_t *value = (uint64_t *)(guest + published_figures[i].offset), old = *value;

		/* A value that no other figure has proves that the row reads this one. */
		*value = 1000003 + i;
		expect_number(DB1_PATH, GUEST_STATS,
			      published_figure_property(property, &published_figures[i]),
			      1000003 + i);
		*value = old;
	}
}
END_TEST

START_TEST(texts_are_made_valid_utf8)
{
	expect_text(ODD_PATH, GUEST, "Name", "odd\033[31m\302\233?");
	strcpy(fixture.guests[2].name, "\303\266\342\202\254\360\237\216\210");
	expect_text(ODD_PATH, GUEST, "Name", fixture.guests[2].name);
	strcpy(fixture.guests[2].name, "cut \342\202");
	expect_text(ODD_PATH, GUEST, "Name", "cut ??");
	strcpy(fixture.guests[2].name, "\300\200 \355\240\200 \364\220\200\200");
	expect_text(ODD_PATH, GUEST, "Name", "?? ??? ????");
}
END_TEST

START_TEST(empty_id_is_no_guest)
{
	static const char *const paths[] = {
		BALLOOND_BUS_PATH "/guest",
		BALLOOND_BUS_PATH "/guest/_",
		BALLOOND_BUS_PATH "/guest/db1",
		BALLOOND_BUS_PATH "/guest/_db1",
		DB1_PATH "/x",
		DB1_PATH "0",
		DB1_PATH,
	};

	/* Not even where a guest has none. */
	*fixture.guests[0].uuid = '\0';
	for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
		_cleanup_free_ char *xml = introspect(BALLOOND_BUS_PATH "/guest", GUEST);
		_cleanup_(sd_bus_message_unrefp)
			sd_bus_message *reply = peer_call(paths[i], PROPERTIES, "Get", GUEST,
							  "Name");

		ck_assert_msg(sd_bus_message_is_method_error(reply, NULL) > 0, "%s", paths[i]);
		ck_assert_str_eq(xml, "");
	}
}
END_TEST

START_TEST(managed_objects_are_exactly_the_guests)
{
	_cleanup_(sd_bus_message_unrefp)
		sd_bus_message *reply = peer_call(BALLOOND_BUS_PATH, OBJECT_MANAGER,
						  "GetManagedObjects", NULL, NULL);
	const char *const expected[] = { DB1_PATH, WEB2_PATH, ODD_PATH };
	size_t n = 0, n_expected = 0;
	const char *path;

	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}"), 0);
	while (sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}") > 0) {
		char names[8192] = "";

		ck_assert_int_gt(sd_bus_message_read_basic(reply, 'o', &path), 0);
		if (strcmp(path, BALLOOND_BUS_PATH "/guest") != 0) {
			for (size_t i = 0; i < ELEMENTSOF(expected); i++)
				n_expected += strcmp(path, expected[i]) == 0;
			peer_read_texts(reply, names);
			ck_assert_ptr_nonnull(strstr(names, " " GUEST " "));
			ck_assert_ptr_nonnull(strstr(names, " " GUEST_STATS " "));
			n++;
		} else {
			peer_read_texts(reply, names);
			ck_assert_str_eq(names, "");
		}
		sd_bus_message_exit_container(reply);
	}
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(n_expected, 3);
}
END_TEST

START_TEST(get_guest_takes_names_and_uuids)
{
	const char *const known[] = { "db1", FIXTURE_DB1 };

	for (size_t i = 0; i < ELEMENTSOF(known); i++) {
		_cleanup_(sd_bus_message_unrefp)
			sd_bus_message *reply = peer_call(BALLOOND_BUS_PATH, MANAGER, "GetGuest",
							  known[i], NULL);
		const char *path;

		ck_assert_int_gt(sd_bus_message_read_basic(reply, 'o', &path), 0);
		ck_assert_str_eq(path, DB1_PATH);
	}
	expect_error(peer_call(BALLOOND_BUS_PATH, MANAGER, "GetGuest", "nobody", NULL),
		     BALLOOND_BUS_NAME ".Error.NoSuchGuest", "\"nobody\"");
}
END_TEST

START_TEST(ambiguous_names_are_refused)
{
	strcpy(fixture.guests[1].name, "db1");
	expect_error(peer_call(BALLOOND_BUS_PATH, MANAGER, "Explain", "db1", NULL),
		     BALLOOND_BUS_NAME ".Error.AmbiguousGuest", "2 guests are named \"db1\"");
	sd_bus_message_unref(peer_call(BALLOOND_BUS_PATH, MANAGER, "Explain", FIXTURE_DB1, NULL));
}
END_TEST

/* Moves to the value of key in an a{sv}; it must be there with this type. */
static void find_key(sd_bus_message *reply, const char *key, const char *type)
{
	const char *found;

	ck_assert_int_ge(sd_bus_message_rewind(reply, true), 0);
	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "{sv}"), 0);
	while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
		ck_assert_int_gt(sd_bus_message_read_basic(reply, 's', &found), 0);
		if (strcmp(found, key) == 0) {
			ck_assert_int_gt(sd_bus_message_enter_container(reply, 'v', type), 0);
			return;
		}
		sd_bus_message_skip(reply, "v");
		sd_bus_message_exit_container(reply);
	}
	ck_abort_msg("no %s", key);
}

START_TEST(explain_tells_all_that_led_to_the_size)
{
	_cleanup_(sd_bus_message_unrefp)
		sd_bus_message *reply = peer_call(BALLOOND_BUS_PATH, MANAGER, "Explain", "db1",
						  NULL);
	char names[1024] = "";
	const char *text, *type;
	uint64_t number;

	find_key(reply, "PolicyReason", "s");
	ck_assert_int_gt(sd_bus_message_read_basic(reply, 's', &text), 0);
	ck_assert_str_eq(text, "idle memory is lent");

	find_key(reply, "Guards", "a(ss)");
	peer_read_texts(reply, names);
	ck_assert_ptr_nonnull(strstr(names, guard_row(GUARD_MARGIN)->text));
	ck_assert_ptr_nonnull(strstr(names, " shrink-limit "));
	ck_assert_ptr_null(strstr(names, " bounds "));

	find_key(reply, "PolicyFigures", "a(sst)");
	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "(sst)"), 0);
	ck_assert_int_gt(sd_bus_message_read(reply, "(sst)", &text, &type, &number), 0);
	ck_assert_str_eq(text, "wished");
	ck_assert_str_eq(type, "bytes");
	ck_assert_uint_eq(number, 1750 * BALLOOND_MIB);

	find_key(reply, "Figures", "a{st}");
	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'a', "{st}"), 0);
	for (size_t i = 0; i < n_published_figures; i++) {
		ck_assert_int_gt(sd_bus_message_read(reply, "{st}", &text, &number), 0);
		if (strcmp(text, "Used") == 0)
			ck_assert_uint_eq(number, 2 * BALLOOND_GIB);
	}
	expect_error(peer_call(BALLOOND_BUS_PATH, MANAGER, "Explain", "nobody", NULL),
		     BALLOOND_BUS_NAME ".Error.NoSuchGuest", "\"nobody\"");
}
END_TEST

static Suite *bus_suite(void)
{
	Suite *suite = suite_create("bus");
	TCase *tcase = tcase_create("published");
	TCase *early = tcase_create("nothing published yet");

	tcase_add_checked_fixture(tcase, peer_setup_published, peer_teardown);
	tcase_add_test(tcase, interfaces_are_as_shipped);
	tcase_add_test(tcase, manager_shows_the_account);
	tcase_add_test(tcase, state_says_what_balloond_can_do);
	tcase_add_test(tcase, guest_shows_its_verdict);
	tcase_add_test(tcase, guest_stats_cover_every_published_figure);
	tcase_add_test(tcase, texts_are_made_valid_utf8);
	tcase_add_test(tcase, empty_id_is_no_guest);
	tcase_add_test(tcase, managed_objects_are_exactly_the_guests);
	tcase_add_test(tcase, get_guest_takes_names_and_uuids);
	tcase_add_test(tcase, ambiguous_names_are_refused);
	tcase_add_test(tcase, explain_tells_all_that_led_to_the_size);
	suite_add_tcase(suite, tcase);

	tcase_add_checked_fixture(early, peer_setup, peer_teardown);
	tcase_add_test(early, state_is_starting_before_the_first_picture);
	suite_add_tcase(suite, early);
	return suite;
}

int main(void)
{
	return check_main(bus_suite());
}
