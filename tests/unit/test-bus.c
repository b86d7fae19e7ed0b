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
	expect_text(DB1_PATH, GUEST, "Title", "Orders");
	expect_text(DB1_PATH, GUEST, "Hypervisor", "qemu");
	expect_text(DB1_PATH, GUEST, "OS", "http://debian.org/debian/12");
	expect_text(DB1_PATH, GUEST, "Partition", "/machine/db");
	expect_words(DB1_PATH, GUEST, "Tags", " gold customer-7");
	strcpy(fixture.guests[0].labels.tags, "  a\377 b  ");
	expect_words(DB1_PATH, GUEST, "Tags", " a? b");
	expect_words(WEB2_PATH, GUEST, "Tags", "");
	expect_text(WEB2_PATH, GUEST, "Title", "");
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

static void expect_key_words(sd_bus_message *reply, const char *key, const char *type,
			     const char *expected)
{
	char words[1024] = "";

	find_key(reply, key, type);
	peer_read_texts(reply, words);
	ck_assert_str_eq(words, expected);
}

START_TEST(explain_tells_what_waits_and_what_metadata_got)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int32_t priority;

	reply = peer_call(BALLOOND_BUS_PATH, MANAGER, "Explain", "db1", NULL);
	expect_key_words(reply, "Waits", "s", " squeeze");
	expect_key_words(reply, "UnknownMetric", "s", " guest.swap-in");
	expect_key_words(reply, "MetadataTaken", "as", " shares tag");
	expect_key_words(reply, "MetadataRefused", "as", " min");
	find_key(reply, "Priority", "i");
	ck_assert_int_gt(sd_bus_message_read_basic(reply, 'i', &priority), 0);
	ck_assert_int_eq(priority, -5);
	sd_bus_message_unref(reply);
	reply = peer_call(BALLOOND_BUS_PATH, MANAGER, "Explain", "web-2", NULL);
	expect_key_words(reply, "Waits", "s", " ");
	expect_key_words(reply, "MetadataTaken", "as", "");
}
END_TEST

static Suite *bus_suite(void)
{
	Suite *suite = suite_create("bus");
	TCase *tcase = tcase_create("published");

	tcase_add_checked_fixture(tcase, peer_setup_published, peer_teardown);
	tcase_add_test(tcase, interfaces_are_as_shipped);
	tcase_add_test(tcase, guest_shows_its_verdict);
	tcase_add_test(tcase, guest_stats_cover_every_published_figure);
	tcase_add_test(tcase, texts_are_made_valid_utf8);
	tcase_add_test(tcase, empty_id_is_no_guest);
	tcase_add_test(tcase, managed_objects_are_exactly_the_guests);
	tcase_add_test(tcase, explain_tells_all_that_led_to_the_size);
	tcase_add_test(tcase, explain_tells_what_waits_and_what_metadata_got);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return check_main(bus_suite());
}
