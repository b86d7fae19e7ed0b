/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The Manager object: the host's account, the two questions about a guest, Reload, and orders.
 * Properties are read in place, out of struct bus_host. */

#include "balloond/bus/bus-internal.h"

#include <string.h>

#include "balloond/io/util.h"

int bus_read_guest(sd_bus_message *message, const struct published *now,
		   const struct published_guest **ret, sd_bus_error *error)
{
	const char *wanted;
	size_t n = 0;
	int r;

	r = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &wanted);
	if (r < 0)
		return r;
	*ret = published_find(now, wanted);
	if (*ret)
		return 0;
	for (size_t i = 0; i < now->n_guests; i++)
		n += strcmp(now->guests[i].name, wanted) == 0;
	if (n > 1)
		return sd_bus_error_setf(error, BUS_ERROR_AMBIGUOUS_GUEST,
					 "%zu guests are named \"%s\": give the UUID", n, wanted);
	return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_GUEST,
				 "there is no guest with the name or UUID \"%s\"", wanted);
}

static int method_get_guest(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const struct published_guest *guest;
	struct bus *bus = userdata;
	char path[BUS_PATH_MAX];
	int r;

	r = bus_read_guest(message, bus->now, &guest, error);
	if (r < 0)
		return r;
	if (!bus_guest_path(path, guest->uuid))
		return sd_bus_error_set(error, BUS_ERROR_NO_SUCH_GUEST,
					"no object path can be made of the guest's UUID");
	r = sd_bus_message_new_method_return(message, &reply);
	if (r < 0)
		return r;
	r = sd_bus_message_append_basic(reply, SD_BUS_TYPE_OBJECT_PATH, path);
	if (r < 0)
		return r;
	return sd_bus_send(NULL, reply, NULL);
}

static int method_explain(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const struct published_guest *guest;
	struct bus *bus = userdata;
	int r;

	r = bus_read_guest(message, bus->now, &guest, error);
	if (r < 0)
		return r;
	r = sd_bus_message_new_method_return(message, &reply);
	if (r < 0)
		return r;
	r = bus_explain_append(reply, bus->now, guest);
	if (r < 0)
		return r;
	return sd_bus_send(NULL, reply, NULL);
}

/* Keeps whole lines, as many as may be sent, without the last one's end. */
static void cut_lines(char *why)
{
	size_t n = strlen(why);
	char *end;

	if (n > BUS_WHY_MAX) {
		why[BUS_WHY_MAX] = '\0';
		end = strrchr(why, '\n');
		if (end)
			*end = '\0';
	} else if (n > 0 && why[n - 1] == '\n') {
		why[n - 1] = '\0';
	}
	bus_text_clean(why);
}

/* sd-bus lets root in here and nobody else: the method is not marked as unprivileged. */
static int method_reload(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	_cleanup_free_ char *why = NULL;
	struct bus *bus = userdata;
	int r;

	if (!bus->reload)
		return sd_bus_error_set(error, SD_BUS_ERROR_NOT_SUPPORTED,
					"balloond is not ready to take a configuration");
	r = bus->reload(bus->reload_userdata, &why);
	if (r < 0 && why) {
		cut_lines(why);
		return sd_bus_error_set(error, BUS_ERROR_INVALID_CONFIGURATION, why);
	}
	if (r < 0)
		return r;
	return sd_bus_reply_method_return(message, NULL);
}

static int property_get_text(sd_bus *connection _unused_, const char *path _unused_,
			     const char *interface _unused_, const char *property _unused_,
			     sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_)
{
	return bus_text_append(reply, *(const char *const *)userdata);
}

static int property_get_array(sd_bus *connection _unused_, const char *path _unused_,
			      const char *interface _unused_, const char *property _unused_,
			      sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_)
{
	return bus_text_append(reply, userdata);
}

#define AT(field) offsetof(struct bus, host.field)
#define CONST SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", property_get_text, AT(version), CONST),
	SD_BUS_PROPERTY("State", "s", property_get_text, AT(state), CHANGES),
	SD_BUS_PROPERTY("DryRun", "b", NULL, AT(dry_run), CHANGES),
	SD_BUS_PROPERTY("LibvirtConnected", "b", NULL, AT(connected), CHANGES),
	SD_BUS_PROPERTY("GuestCount", "u", NULL, AT(guest_count), CHANGES),
	SD_BUS_PROPERTY("Level", "s", property_get_text, AT(level), CHANGES),
	SD_BUS_PROPERTY("LevelReason", "s", property_get_text, AT(level_reason), CHANGES),
	SD_BUS_PROPERTY("Warning", "s", property_get_text, AT(warning), CHANGES),
	SD_BUS_PROPERTY("Pool", "t", NULL, AT(pool), CHANGES),
	SD_BUS_PROPERTY("Reserve", "t", NULL, AT(reserve), CHANGES),
	SD_BUS_PROPERTY("Promised", "t", NULL, AT(promised), CHANGES),
	SD_BUS_PROPERTY("OverbookedBy", "t", NULL, AT(overbooked_by), CHANGES),
	SD_BUS_PROPERTY("ConfigGeneration", "t", NULL, AT(config_generation), CHANGES),
	SD_BUS_PROPERTY("ConfigHash", "s", property_get_array, AT(config_hash), CHANGES),
	SD_BUS_PROPERTY("LastReloadError", "s", property_get_text, AT(last_reload_error), CHANGES),

	/* gauges, never signalled */
	SD_BUS_PROPERTY("HostMemoryTotal", "t", NULL, AT(host_memory_total), 0),
	SD_BUS_PROPERTY("HostAvailable", "t", NULL, AT(host_available), 0),
	SD_BUS_PROPERTY("Charged", "t", NULL, AT(charged), 0),
	SD_BUS_PROPERTY("Available", "t", NULL, AT(available), 0),
	SD_BUS_PROPERTY("Room", "t", NULL, AT(room), 0),
	SD_BUS_PROPERTY("ShortBy", "t", NULL, AT(short_by), 0),
	SD_BUS_PROPERTY("HotGuests", "t", NULL, AT(hot_guests), 0),
	SD_BUS_PROPERTY("HotIntervalUSec", "t", NULL, AT(hot_interval), 0),
	SD_BUS_PROPERTY("CalmIntervalUSec", "t", NULL, AT(calm_interval), 0),
	SD_BUS_PROPERTY("ReadRate", "t", NULL, AT(read_rate), 0), /* 1/1000 a second */
	SD_BUS_PROPERTY("ReadCostUSec", "t", NULL, AT(read_cost), 0),
	SD_BUS_PROPERTY("Tick", "t", NULL, AT(tick), 0),

	SD_BUS_METHOD_WITH_ARGS("GetGuest", SD_BUS_ARGS("s", guest), SD_BUS_RESULT("o", path),
				method_get_guest, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("s", guest),
				SD_BUS_RESULT("a{sv}", explanation), method_explain,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_reload, 0),
	SD_BUS_METHOD_WITH_ARGS("Hold", SD_BUS_ARGS("s", guest, "a{sv}", options), SD_BUS_NO_RESULT,
				bus_method_hold, 0),
	SD_BUS_METHOD_WITH_ARGS("Unhold", SD_BUS_ARGS("s", guest, "a{sv}", options),
				SD_BUS_NO_RESULT, bus_method_unhold, 0),
	SD_BUS_METHOD_WITH_ARGS("Record", SD_BUS_ARGS("h", file, "t", microseconds, "b", compress),
				SD_BUS_RESULT("t", ticks, "t", lost), bus_method_record, 0),
	SD_BUS_VTABLE_END,
};

int bus_manager_add(struct bus *bus)
{
	sd_bus_slot *slot = NULL;
	int r;

	r = sd_bus_add_object_vtable(bus->connection, &slot, BALLOOND_BUS_PATH,
				     BUS_MANAGER_INTERFACE, manager_vtable, bus);
	if (r < 0)
		return r;
	bus_keep_slot(bus, slot);
	return 0;
}
