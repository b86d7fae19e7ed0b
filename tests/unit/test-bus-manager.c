/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The Manager: the account that it shows, how it finds guests, and how it reloads. */

#include <errno.h>
#include <string.h>

#include "tests/bus/peer.h"
#include "balloond/io/util.h"
#include "tests/unit/check-main.h"

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
	expect_number(BALLOOND_BUS_PATH, MANAGER, "Promised", fixture.now.account.promised);
	expect_number(BALLOOND_BUS_PATH, MANAGER, "OverbookedBy", 0);
	expect_text(BALLOOND_BUS_PATH, MANAGER, "LevelReason", "");
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

START_TEST(level_has_a_reason)
{
	fixture.now.account.level = BALLOOND_LEVEL_TIGHT;
	fixture.now.account.level_cause = LEVEL_CAUSE_SWAP;
	fixture.now.account.overbooked_by = 5 * BALLOOND_MIB;
	peer_publish();
	expect_text(BALLOOND_BUS_PATH, MANAGER, "LevelReason", "the machine swaps");
	expect_number(BALLOOND_BUS_PATH, MANAGER, "OverbookedBy", 5 * BALLOOND_MIB);
}
END_TEST

START_TEST(hash_of_the_configuration_has_16_digits)
{
	expect_text(BALLOOND_BUS_PATH, MANAGER, "ConfigHash", "");
	ck_assert_int_eq(bus_set_reload_state(bus, 1, UINT64_C(0x0123456789abcde), NULL), 0);
	expect_text(BALLOOND_BUS_PATH, MANAGER, "ConfigHash", "00123456789abcde");
}
END_TEST

/* What a Reload() is answered with here. */
static struct {
	const char *why;
	int result, calls;
} answer;

static int on_reload(void *userdata, char **ret_why)
{
	ck_assert_ptr_eq(userdata, &answer);
	answer.calls++;
	if (answer.why)
		*ret_why = strdup(answer.why);
	return answer.result;
}

static sd_bus_message *call_reload(const char *why, int result)
{
	answer.why = why;
	answer.result = result;
	bus_set_reload(bus, on_reload, &answer);
	return peer_call(BALLOOND_BUS_PATH, MANAGER, "Reload", NULL, NULL);
}

START_TEST(reload_answers_with_all_that_is_wrong)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

	expect_error(peer_call(BALLOOND_BUS_PATH, MANAGER, "Reload", NULL, NULL),
		     SD_BUS_ERROR_NOT_SUPPORTED, "not ready");
	answer.calls = 0;
	reply = call_reload(NULL, 0);
	ck_assert_int_eq(sd_bus_message_is_method_error(reply, NULL), 0);
	sd_bus_message_unref(reply);
	reply = call_reload("a.yaml:1:2: one\nb.yaml:3:4: t\377wo\n", -EINVAL);
	ck_assert_int_gt(sd_bus_message_is_method_error(reply, BALLOOND_BUS_NAME
							".Error.InvalidConfiguration"),
			 0);
	ck_assert_str_eq(sd_bus_message_get_error(reply)->message,
			 "a.yaml:1:2: one\nb.yaml:3:4: t?wo");
	expect_error(call_reload(NULL, -ENOMEM), SD_BUS_ERROR_NO_MEMORY, "");
	ck_assert_int_eq(answer.calls, 3);
}
END_TEST

START_TEST(reload_answers_with_no_more_than_fits)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	char why[40001];
	const char *text;

	memset(why, 'x', sizeof(why) - 1);
	for (size_t i = 999; i < sizeof(why) - 1; i += 1000)
		why[i] = '\n';
	why[sizeof(why) - 1] = '\0';
	reply = call_reload(why, -EINVAL);
	text = sd_bus_message_get_error(reply)->message;
	ck_assert_uint_eq(strlen(text), 15999); /* 16 whole lines */
	ck_assert_int_eq(text[15998], 'x');
}
END_TEST

static Suite *bus_suite(void)
{
	Suite *suite = suite_create("bus-manager");
	TCase *tcase = tcase_create("published");
	TCase *early = tcase_create("nothing published yet");

	tcase_add_checked_fixture(tcase, peer_setup_published, peer_teardown);
	tcase_add_test(tcase, manager_shows_the_account);
	tcase_add_test(tcase, state_says_what_balloond_can_do);
	tcase_add_test(tcase, get_guest_takes_names_and_uuids);
	tcase_add_test(tcase, ambiguous_names_are_refused);
	tcase_add_test(tcase, level_has_a_reason);
	tcase_add_test(tcase, hash_of_the_configuration_has_16_digits);
	tcase_add_test(tcase, reload_answers_with_all_that_is_wrong);
	tcase_add_test(tcase, reload_answers_with_no_more_than_fits);
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
