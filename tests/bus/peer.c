/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bus/peer.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>

#include "balloond/io/util.h"

struct fixture fixture;
struct bus *bus;
sd_bus *server;
static sd_bus *client;

char heard[HEARD_MAX];
size_t n_heard;

static sd_bus *start_end(int fd, bool is_server)
{
	sd_bus *end = NULL;

	ck_assert_int_ge(sd_bus_new(&end), 0);
	ck_assert_int_ge(sd_bus_set_fd(end, fd, fd), 0);
	if (is_server) {
		ck_assert_int_ge(sd_bus_set_server(end, 1,
						   SD_ID128_MAKE(ba, 11, 00, 9d, ba, 11, 00, 9d, ba,
								 11, 00, 9d, ba, 11, 00, 9d)),
				 0);
		ck_assert_int_ge(sd_bus_set_anonymous(end, 1), 0);
	}
	ck_assert_int_ge(sd_bus_start(end), 0);
	return end;
}

/* Lets both ends work until neither has anything to do. */
void peer_settle(void)
{
	int busy;

	do {
		int a = sd_bus_process(server, NULL), b = sd_bus_process(client, NULL);

		ck_assert_int_ge(a, 0);
		ck_assert_int_ge(b, 0);
		busy = a + b;
	} while (busy > 0);
}

void peer_read_texts(sd_bus_message *signal, char *to)
{
	const char *text;
	char kind;

	while (sd_bus_message_peek_type(signal, &kind, NULL) > 0) {
		if (kind == SD_BUS_TYPE_STRING) {
			ck_assert_int_gt(sd_bus_message_read_basic(signal, kind, &text), 0);
			if (strncmp(text, "org.freedesktop.DBus.", 21) != 0)
				strcat(strcat(to, " "), text);
		} else if (kind == SD_BUS_TYPE_VARIANT) {
			sd_bus_message_skip(signal, "v");
		} else {
			sd_bus_message_enter_container(signal, 0, NULL);
			peer_read_texts(signal, to);
			sd_bus_message_exit_container(signal);
		}
	}
}

static int on_signal(sd_bus_message *signal, void *userdata _unused_, sd_bus_error *error _unused_)
{
	const char *path = sd_bus_message_get_path(signal);
	uint8_t type;

	ck_assert_int_ge(sd_bus_message_get_type(signal, &type), 0);
	if (type != SD_BUS_MESSAGE_SIGNAL)
		return 0;
	if (sd_bus_message_is_signal(signal, OBJECT_MANAGER, NULL))
		ck_assert_int_gt(sd_bus_message_read_basic(signal, SD_BUS_TYPE_OBJECT_PATH, &path),
				 0);
	n_heard++;
	if (strlen(heard) > sizeof(heard) - 1024)
		return 0;
	strcat(strcat(strcat(strcat(heard, path), " "), sd_bus_message_get_member(signal)), ":");
	peer_read_texts(signal, heard);
	strcat(heard, "\n");
	return 0;
}

void peer_forget(void)
{
	*heard = '\0';
	n_heard = 0;
}

void peer_setup(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
			 0);
	server = start_end(ends[0], true);
	client = start_end(ends[1], false);
	ck_assert_int_ge(sd_bus_add_filter(client, NULL, on_signal, NULL), 0);
	peer_settle();
	ck_assert_int_eq(bus_new(server, &bus), 0);
	fixture_init(&fixture);
	peer_forget();
}

void peer_setup_published(void)
{
	peer_setup();
	ck_assert_int_eq(bus_publish(bus, &fixture.now), 0);
	peer_settle();
	peer_forget();
}

void peer_teardown(void)
{
	bus = bus_free(bus);
	server = sd_bus_unref(server);
	client = sd_bus_flush_close_unref(client);
}

void peer_publish(void)
{
	fixture.now.tick++;
	ck_assert_int_eq(bus_publish(bus, &fixture.now), 0);
	peer_settle();
}

static int on_reply(sd_bus_message *message, void *userdata, sd_bus_error *error _unused_)
{
	*(sd_bus_message **)userdata = sd_bus_message_ref(message);
	return 0;
}

sd_bus_message *peer_new_call(const char *path, const char *interface, const char *member)
{
	sd_bus_message *message = NULL;

	ck_assert_int_ge(sd_bus_message_new_method_call(client, &message, NULL, path, interface,
							member),
			 0);
	return message;
}

sd_bus_message *peer_send(sd_bus_message *message)
{
	sd_bus_message *reply = NULL;

	ck_assert_int_ge(sd_bus_call_async(client, NULL, message, on_reply, &reply, 0), 0);
	peer_settle();
	ck_assert_ptr_nonnull(reply);
	sd_bus_message_unref(message);
	return reply;
}

sd_bus_message *peer_call(const char *path, const char *interface, const char *member,
			  const char *a, const char *b)
{
	sd_bus_message *message = peer_new_call(path, interface, member);

	if (a)
		ck_assert_int_ge(sd_bus_message_append_basic(message, 's', a), 0);
	if (b)
		ck_assert_int_ge(sd_bus_message_append_basic(message, 's', b), 0);
	return peer_send(message);
}

static sd_bus_message *get(const char *path, const char *interface, const char *property,
			   const char *type)
{
	sd_bus_message *reply = peer_call(path, PROPERTIES, "Get", interface, property);

	ck_assert_msg(!sd_bus_message_is_method_error(reply, NULL), "%s: %s", property,
		      sd_bus_message_get_error(reply)->message);
	ck_assert_int_gt(sd_bus_message_enter_container(reply, 'v', type), 0);
	return reply;
}

void expect_text(const char *path, const char *interface, const char *property,
		 const char *expected)
{
	_cleanup_(sd_bus_message_unrefp)
		sd_bus_message *reply = get(path, interface, property, "s");
	const char *text;

	ck_assert_int_gt(sd_bus_message_read_basic(reply, 's', &text), 0);
	ck_assert_str_eq(text, expected);
}

void expect_words(const char *path, const char *interface, const char *property,
		  const char *expected)
{
	_cleanup_(sd_bus_message_unrefp)
		sd_bus_message *reply = get(path, interface, property, "as");
	char words[1024] = "";

	peer_read_texts(reply, words);
	ck_assert_str_eq(words, expected);
}

void expect_number(const char *path, const char *interface, const char *property, uint64_t expected)
{
	_cleanup_(sd_bus_message_unrefp)
		sd_bus_message *reply = get(path, interface, property, "t");
	uint64_t number;

	ck_assert_int_gt(sd_bus_message_read_basic(reply, 't', &number), 0);
	ck_assert_uint_eq(number, expected);
}

void expect_error(sd_bus_message *reply, const char *name, const char *words)
{
	ck_assert_int_gt(sd_bus_message_is_method_error(reply, name), 0);
	ck_assert_ptr_nonnull(strstr(sd_bus_message_get_error(reply)->message, words));
	sd_bus_message_unref(reply);
}
