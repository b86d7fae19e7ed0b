/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The connection, the name, and the picture that all objects show. */

#include "balloond/bus/bus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/bus/bus-internal.h"
#include "balloond/core/state.h"
#include "balloond/io/util.h"

/* Shown until the first tick. */
static const struct published nothing_yet;

static const char *state_name(const struct published *now)
{
	if (now == &nothing_yet)
		return "starting";
	if (!now->connected || now->degraded)
		return "degraded";
	return now->dry_run ? "dry-run" : "running";
}

static void fill_host(struct bus *bus)
{
	const struct published *now = bus->now;

	bus->host = (struct bus_host){
		.version = BALLOOND_VERSION,
		.state = state_name(now),
		.level = level_name(now->account.level),
		.level_reason = level_cause_text(now->account.level_cause),
		.warning = now->warning ? now->warning : "",
		.last_reload_error = bus->reload_error,
		.dry_run = now->dry_run,
		.connected = now->connected,
		.guest_count = (uint32_t)now->n_guests,
		.pool = now->account.pool,
		.reserve = now->account.reserve,
		.promised = now->account.promised,
		.overbooked_by = now->account.overbooked_by,
		.config_generation = bus->config_generation,
		.host_memory_total = now->host.total,
		.host_available = now->host.available,
		.charged = now->account.charged,
		.available = now->account.available,
		.room = now->account.room,
		.short_by = now->account.short_by,
		.hot_guests = now->sampling.n_hot,
		.hot_interval = now->sampling.hot_interval,
		.calm_interval = now->sampling.calm_interval,
		.read_rate = now->sampling.reads,
		.read_cost = now->sample_cost,
		.tick = now->tick,
	};
	if (bus->config_generation > 0)
		(void)snprintf(bus->host.config_hash, sizeof(bus->host.config_hash), "%016" PRIx64,
			       bus->config_hash);
}

void bus_keep_slot(struct bus *bus, sd_bus_slot *slot)
{
	if (bus->n_slots < BUS_SLOTS_MAX)
		bus->slots[bus->n_slots++] = slot;
}

struct bus *bus_free(struct bus *bus)
{
	if (!bus)
		return NULL;
	sd_event_source_disable_unref(bus->more);
	bus_forget_record(bus);
	for (size_t i = 0; i < bus->n_slots; i++)
		sd_bus_slot_unref(bus->slots[i]);
	sd_bus_flush_close_unref(bus->connection);
	free(bus->shown);
	free(bus->shown_reload_error);
	free(bus->reload_error);
	free(bus);
	return NULL;
}

int bus_new(sd_bus *connection, struct bus **ret)
{
	_cleanup_(bus_freep) struct bus *bus = calloc(1, sizeof(*bus));
	sd_bus_slot *slot = NULL;
	int r;

	if (!bus)
		return -ENOMEM;
	bus->connection = sd_bus_ref(connection);
	bus->now = &nothing_yet;
	bus->reload_error = strdup("");
	bus->shown_reload_error = strdup("");
	if (!bus->reload_error || !bus->shown_reload_error)
		return -ENOMEM;
	fill_host(bus);
	bus->shown_host = bus->host;
	bus->shown_host.last_reload_error = bus->shown_reload_error;

	r = sd_bus_add_object_manager(connection, &slot, BALLOOND_BUS_PATH);
	if (r < 0)
		return r;
	bus_keep_slot(bus, slot);
	r = bus_manager_add(bus);
	if (r < 0)
		return r;
	r = bus_guest_add(bus);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(bus);
	return 0;
}

int bus_open(sd_event *event, struct bus **ret)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *connection = NULL;
	_cleanup_(bus_freep) struct bus *bus = NULL;
	int r;

	r = sd_bus_open_system(&connection);
	if (r < 0)
		return r;
	r = sd_bus_attach_event(connection, event, SD_EVENT_PRIORITY_NORMAL);
	if (r < 0)
		return r;
	r = bus_new(connection, &bus);
	if (r < 0)
		return r;
	sd_bus_unref(TAKE_PTR(connection));
	*ret = TAKE_PTR(bus);
	return 0;
}

/* True where the signal is about our name: we are told of ":1.42" as well. */
static bool is_our_name(sd_bus_message *signal)
{
	const char *name = NULL;

	return sd_bus_message_read_basic(signal, SD_BUS_TYPE_STRING, &name) > 0 &&
	       strcmp(name, BALLOOND_BUS_NAME) == 0;
}

static int on_name_acquired(sd_bus_message *signal, void *userdata, sd_bus_error *error _unused_)
{
	struct bus *bus = userdata;

	if (is_our_name(signal))
		bus->on_name(bus->userdata, true);
	return 0;
}

static int on_name_lost(sd_bus_message *signal, void *userdata, sd_bus_error *error _unused_)
{
	struct bus *bus = userdata;

	if (is_our_name(signal))
		bus->on_name(bus->userdata, false);
	return 0;
}

static int on_disconnected(sd_bus_message *signal _unused_, void *userdata,
			   sd_bus_error *error _unused_)
{
	struct bus *bus = userdata;

	bus->on_name(bus->userdata, false);
	return 0;
}

static const struct name_match {
	const char *sender, *member;
	sd_bus_message_handler_t handler;
} name_matches[] = {
	{ "org.freedesktop.DBus", "NameAcquired", on_name_acquired },
	{ "org.freedesktop.DBus", "NameLost", on_name_lost },
	{ "org.freedesktop.DBus.Local", "Disconnected", on_disconnected },
};

int bus_own_name(struct bus *bus, void (*on_name)(void *userdata, bool owned), void *userdata)
{
	int r;

	bus->on_name = on_name;
	bus->userdata = userdata;
	for (size_t i = 0; i < ELEMENTSOF(name_matches); i++) {
		const struct name_match *match = &name_matches[i];
		sd_bus_slot *slot = NULL;

		/* Both senders speak interfaces of their own names. */
		r = sd_bus_match_signal(bus->connection, &slot, match->sender, NULL, match->sender,
					match->member, match->handler, bus);
		if (r < 0)
			return r;
		bus_keep_slot(bus, slot);
	}
	r = sd_bus_request_name(bus->connection, BALLOOND_BUS_NAME, 0);
	return r == -EALREADY ? 0 : r < 0 ? r : 0;
}

int bus_publish(struct bus *bus, const struct published *now)
{
	bus->now = now;
	fill_host(bus);
	return bus_emit(bus);
}

int bus_set_reload_state(struct bus *bus, uint64_t generation, uint64_t hash, const char *error)
{
	char *text = strdup(error ? error : "");

	if (!text)
		return -ENOMEM;
	free(bus->reload_error);
	bus->reload_error = text;
	bus->config_generation = generation;
	bus->config_hash = hash;
	fill_host(bus);
	return bus_emit_host(bus);
}

void bus_set_reload(struct bus *bus, int (*reload)(void *userdata, char **ret_why), void *userdata)
{
	bus->reload = reload;
	bus->reload_userdata = userdata;
}

void bus_set_orders(struct bus *bus, struct orders *orders, void (*on_order)(void *userdata),
		    void *userdata)
{
	bus->orders = orders;
	bus->on_order = on_order;
	bus->order_userdata = userdata;
}
