/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The bus room without a bus daemon: both ends of a socketpair speak to each other in one thread.
 * `bus` is at the one end with the fixture's picture, the functions below are at the other.  They
 * fail the test where something does not work. */

#include <stddef.h>
#include <systemd/sd-bus.h>

#include "balloond/bus/bus.h"
#include "build-config.h"
#include "tests/bus/fixture.h"

#define MANAGER BALLOOND_BUS_NAME ".Manager"
#define GUEST BALLOOND_BUS_NAME ".Guest"
#define GUEST_STATS BALLOOND_BUS_NAME ".GuestStats"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define DB1_PATH BALLOOND_BUS_PATH "/guest/_0a1b2c3d_0000_4000_8000_000000000001"
#define WEB2_PATH BALLOOND_BUS_PATH "/guest/_3c4d5e6f_0000_4000_8000_000000000002"
#define ODD_PATH BALLOOND_BUS_PATH "/guest/_9f000000_0000_4000_8000_000000000003"

#define HEARD_MAX 65536u

extern struct fixture fixture;
extern struct bus *bus;
extern sd_bus *server; /* the end that bus is at */

/* The signals that came, a line each as far as there is room: "path member: texts". */
extern char heard[HEARD_MAX];
extern size_t n_heard;

void peer_setup(void);
void peer_setup_published(void);
void peer_teardown(void);

/* Lets both ends work until neither has anything to do. */
void peer_settle(void);

/* Publishes the fixture as it is now. */
void peer_publish(void);

void peer_forget(void);

/* Calls with up to two strings.  The reply, or the error's message: the caller unrefs it. */
sd_bus_message *peer_call(const char *path, const char *interface, const char *member,
			  const char *a, const char *b);

/* The same for other arguments: the caller appends them in between. */
sd_bus_message *peer_new_call(const char *path, const char *interface, const char *member);
sd_bus_message *peer_send(sd_bus_message *message);

/* Appends all strings in what is still to be read, a blank before each; values are skipped, and
 * sd-bus's own interfaces. */
void peer_read_texts(sd_bus_message *message, char *to);

void expect_text(const char *path, const char *interface, const char *property,
		 const char *expected);
/* Of an array; a blank before each. */
void expect_words(const char *path, const char *interface, const char *property,
		  const char *expected);
void expect_number(const char *path, const char *interface, const char *property,
		   uint64_t expected);

/* Unrefs the reply. */
void expect_error(sd_bus_message *reply, const char *name, const char *words);
