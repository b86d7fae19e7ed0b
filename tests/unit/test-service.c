/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is made of systemd's answers.  A thread at the other end of a socket plays systemd. */

#include "balloond/io/service.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"

#define PATH "/org/freedesktop/systemd1"
#define MODULAR "virtqemud.service"

static const struct {
	const char *modular[2], *monolithic[2]; /* LoadState and ActiveState; NULL: an error */
	bool stopped;
} rows[] = {
	{ { "loaded", "inactive" }, { "not-found", "inactive" }, true },
	{ { "not-found", "inactive" }, { "loaded", "inactive" }, true },
	{ { "loaded", "inactive" }, { "loaded", "inactive" }, true },
	{ { "loaded", "deactivating" }, { "loaded", "inactive" }, true },
	{ { "loaded", "active" }, { "loaded", "inactive" }, false },
	{ { "loaded", "inactive" }, { "loaded", "active" }, false },
	{ { "loaded", "activating" }, { "loaded", "inactive" }, false },
	{ { "loaded", "failed" }, { "loaded", "inactive" }, false },
	{ { "not-found", "inactive" }, { "not-found", "inactive" }, false },
	{ { NULL, NULL }, { NULL, NULL }, false },
};

static size_t current;

static int on_load_unit(sd_bus_message *call, _unused_ void *userdata, sd_bus_error *error)
{
	const char *unit;
	bool modular;

	ck_assert_int_gt(sd_bus_message_read(call, "s", &unit), 0);
	modular = strcmp(unit, MODULAR) == 0;
	if (!(modular ? rows[current].modular[0] : rows[current].monolithic[0]))
		return sd_bus_error_set(error, SD_BUS_ERROR_SERVICE_UNKNOWN, "there is none");
	return sd_bus_reply_method_return(call, "o", modular ? PATH "/a" : PATH "/b");
}

static int get_state(_unused_ sd_bus *bus, const char *path, _unused_ const char *interface,
		     const char *property, sd_bus_message *reply, _unused_ void *userdata,
		     _unused_ sd_bus_error *error)
{
	const char *const *states = strcmp(path, PATH "/a") == 0 ? rows[current].modular
								 : rows[current].monolithic;

	return sd_bus_message_append(reply, "s", states[strcmp(property, "ActiveState") == 0]);
}

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("LoadUnit", "s", "o", on_load_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable unit_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("LoadState", "s", get_state, 0, 0),
	SD_BUS_PROPERTY("ActiveState", "s", get_state, 0, 0),
	SD_BUS_VTABLE_END,
};

static int fds[2];
static pthread_t thread;

static void *serve(_unused_ void *userdata)
{
	static const sd_id128_t id = SD_ID128_MAKE(ba, 11, 00, 9d, ba, 11, 00, 9d, ba, 11, 00, 9d,
						   ba, 11, 00, 9d);
	sd_bus *server = NULL;

	ck_assert_int_ge(sd_bus_new(&server), 0);
	ck_assert_int_ge(sd_bus_set_fd(server, fds[0], fds[0]), 0);
	ck_assert_int_ge(sd_bus_set_server(server, 1, id), 0);
	ck_assert_int_ge(sd_bus_set_anonymous(server, 1), 0);
	ck_assert_int_ge(sd_bus_add_object_vtable(server, NULL, PATH,
						  "org.freedesktop.systemd1.Manager",
						  manager_vtable, NULL),
			 0);
	for (const char *const *path = (const char *const[]){ PATH "/a", PATH "/b", NULL }; *path;
	     path++)
		ck_assert_int_ge(sd_bus_add_object_vtable(server, NULL, *path,
							  "org.freedesktop.systemd1.Unit",
							  unit_vtable, NULL),
				 0);
	ck_assert_int_ge(sd_bus_start(server), 0);
	/* Until the other end closes. */
	for (int r = 0; r >= 0;) {
		r = sd_bus_process(server, NULL);
		if (r == 0)
			r = sd_bus_wait(server, UINT64_MAX);
	}
	sd_bus_unref(server);
	return NULL;
}

static sd_bus *connect_to(size_t row)
{
	sd_bus *bus = NULL;

	current = row;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
	ck_assert_int_ge(sd_bus_new(&bus), 0);
	ck_assert_int_ge(sd_bus_set_fd(bus, fds[1], fds[1]), 0);
	ck_assert_int_ge(sd_bus_start(bus), 0);
	return bus;
}

static void end(sd_bus *bus)
{
	sd_bus_flush_close_unref(bus);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

START_TEST(a_service_is_stopped_where_all_that_are_known_are)
{
	sd_bus *bus = connect_to((size_t)_i);

	ck_assert_int_eq(service_is_stopped_says(bus, "qemu:///system"), rows[_i].stopped);
	end(bus);
}
END_TEST

START_TEST(nothing_is_known_of_other_uris)
{
	sd_bus *bus = connect_to(0);

	ck_assert(!service_is_stopped_says(bus, "qemu:///session"));
	ck_assert(!service_is_stopped_says(bus, "test:///default"));
	end(bus);
}
END_TEST

START_TEST(without_a_bus_nothing_is_stopped)
{
	ck_assert_int_eq(setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/socket", 1), 0);
	ck_assert(!service_is_stopped("qemu:///system"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("service");
	TCase *tc = tcase_create("service");

	tcase_add_loop_test(tc, a_service_is_stopped_where_all_that_are_known_are, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, nothing_is_known_of_other_uris);
	tcase_add_test(tc, without_a_bus_nothing_is_stopped);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
