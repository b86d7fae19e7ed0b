/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* balloond on D-Bus.  Reads `struct published` and appends to `struct orders`: it decides nothing,
 * asks nobody, and never waits for a hypervisor.  Objects point at the last picture; the one thing
 * that is kept is what was last signalled (bus-emit.c).
 *
 *   BALLOOND_BUS_PATH                  Manager, ObjectManager
 *   BALLOOND_BUS_PATH/guest/_<uuid>    Guest, GuestStats; '-' of the uuid is written '_'
 *
 * Whatever reads is open to every local user; packaging/dbus/ says how to narrow that.  Reload,
 * Record and all that order something are root's. */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "balloond/core/orders.h"
#include "balloond/core/published.h"

struct bus;

/* Adds the objects to a connection, of which it takes a reference.  Negative errno: the connection
 * is closed then. */
int bus_new(sd_bus *connection, struct bus **ret);

/* bus_new() on a new connection to the system bus, attached to event.  Negative errno. */
int bus_open(sd_event *event, struct bus **ret);

/* Flushes and closes the connection.  Returns NULL; takes NULL. */
struct bus *bus_free(struct bus *bus);

static inline void bus_freep(struct bus **bus)
{
	bus_free(*bus);
}

/* Asks for the name, and waits for the answer: 0 it is ours, -EEXIST another has it, else negative
 * errno.  From then on on_name() tells when it is lost (the connection with it), or ours again. */
int bus_own_name(struct bus *bus, void (*on_name)(void *userdata, bool owned), void *userdata);

/* Shows a picture, borrowed until the next one is shown or the bus is freed, and signals what
 * changed.  It may be the same structure filled anew.  Negative errno: not everything could be
 * signalled; the next picture makes up for it. */
int bus_publish(struct bus *bus, const struct published *now);

/* How often a configuration was taken, the hash of the one in force, and why the last try failed
 * ("" or NULL: it did not). */
int bus_set_reload_state(struct bus *bus, uint64_t generation, uint64_t hash, const char *error);

/* Who takes a new configuration when Reload() is called: 0, or negative errno with all that is
 * wrong, a line each, in *ret_why (or NULL), which the bus frees. */
void bus_set_reload(struct bus *bus, int (*reload)(void *userdata, char **ret_why), void *userdata);

/* Who writes a trace into the file of Record(), which begin() takes in any case; leave() is called
 * where whoever asked is gone.  Both end with bus_record_ended(), which answers. */
void bus_set_record(struct bus *bus,
		    int (*begin)(void *userdata, int fd, usec_t length, bool compress),
		    void (*leave)(void *userdata), void *userdata);
void bus_record_ended(struct bus *bus, int result, uint64_t ticks, uint64_t lost);

/* Where the methods that order something append to, borrowed until the bus is freed, and whom they
 * tell. */
void bus_set_orders(struct bus *bus, struct orders *orders, void (*on_order)(void *userdata),
		    void *userdata);
