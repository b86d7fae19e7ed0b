/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The D-Bus client: the calls, and the tables that say what of the replies is wanted. */

#include "balloond/ctl/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"

static int new_call(sd_bus *bus, const char *interface, const char *member, sd_bus_message **ret)
{
	int r;

	r = sd_bus_message_new_method_call(bus, ret, BALLOOND_BUS_NAME, BALLOOND_BUS_PATH,
					   interface, member);
	if (r < 0)
		return r;
	return sd_bus_message_set_auto_start(*ret, 0);
}

int client_call(sd_bus *bus, const char *interface, const char *member, const char *argument,
		sd_bus_message **ret_reply, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
	int r;

	r = new_call(bus, interface, member, &message);
	if (r < 0)
		return r;
	if (argument) {
		r = sd_bus_message_append_basic(message, SD_BUS_TYPE_STRING, argument);
		if (r < 0)
			return r;
	}
	r = sd_bus_call(bus, message, 0, error, ret_reply);
	return r < 0 ? r : 0;
}

int client_get_host(sd_bus *bus, struct client_host *host, sd_bus_message **ret_reply,
		    sd_bus_error *error)
{
	const struct dictionary target = { client_host_properties, n_client_host_properties, host,
					   NULL };
	int r;

	*host = (struct client_host){ 0 };
	dictionary_clear(&target);
	r = client_call(bus, "org.freedesktop.DBus.Properties", "GetAll", CLIENT_MANAGER, ret_reply,
			error);
	if (r < 0)
		return r;
	return dictionary_read(*ret_reply, &target, NULL);
}

/* Makes room for one more guest. */
static struct client_guest *add_guest(struct client_guests *guests, size_t *allocated)
{
	if (guests->n_guests == *allocated) {
		size_t n = *allocated > 0 ? 2 * *allocated : 64;
		struct client_guest *more = reallocarray(guests->guests, n, sizeof(*more));

		if (!more)
			return NULL;
		guests->guests = more;
		*allocated = n;
	}
	guests->guests[guests->n_guests] = (struct client_guest){ 0 };
	return &guests->guests[guests->n_guests];
}

/* Reads one object's a{sa{sv}} into guest. */
static int read_object(sd_bus_message *reply, struct client_guest *guest)
{
	const struct dictionary target = { client_guest_properties, n_client_guest_properties,
					   guest, guest->figures };
	const char *interface;
	int r;

	dictionary_clear(&target);
	r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{sa{sv}}");
	while (r >= 0) {
		r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sa{sv}");
		if (r <= 0)
			break;
		r = sd_bus_message_read_basic(reply, SD_BUS_TYPE_STRING, &interface);
		if (r >= 0)
			r = dictionary_read(reply, &target, NULL);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
	return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int compare_names(const void *a, const void *b)
{
	const struct client_guest *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : strcmp(x->uuid, y->uuid);
}

static int read_objects(sd_bus_message *reply, struct client_guests *guests)
{
	size_t allocated = 0;
	int r;

	r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{oa{sa{sv}}}");
	while (r >= 0) {
		struct client_guest *guest = add_guest(guests, &allocated);

		if (!guest)
			return -ENOMEM;
		r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_DICT_ENTRY, "oa{sa{sv}}");
		if (r <= 0)
			break;
		r = sd_bus_message_skip(reply, "o");
		if (r >= 0)
			r = read_object(reply, guest);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
		/* The node above the guests is an object as well, with nothing on it. */
		if (r >= 0 && *guest->uuid)
			guests->n_guests++;
	}
	if (r < 0)
		return r;
	if (guests->n_guests > 0)
		qsort(guests->guests, guests->n_guests, sizeof(*guests->guests), compare_names);
	return 0;
}

int client_get_guests(sd_bus *bus, struct client_guests *guests, sd_bus_error *error)
{
	int r;

	*guests = (struct client_guests){ 0 };
	r = client_call(bus, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
			&guests->reply, error);
	if (r < 0)
		return r;
	return read_objects(guests->reply, guests);
}

void client_guests_done(struct client_guests *guests)
{
	free(guests->guests);
	sd_bus_message_unref(guests->reply);
	*guests = (struct client_guests){ 0 };
}

int client_reload(sd_bus *bus, sd_bus_error *error)
{
	return client_call(bus, CLIENT_MANAGER, "Reload", NULL, NULL, error);
}

int client_order(sd_bus *bus, const char *member, const char *guest, usec_t until,
		 const char *reason, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
	int r;

	r = new_call(bus, CLIENT_MANAGER, member, &message);
	if (r < 0)
		return r;
	r = sd_bus_message_append_basic(message, SD_BUS_TYPE_STRING, guest);
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r >= 0 && until > 0)
		r = sd_bus_message_append(message, "{sv}", "until", "t", until);
	if (r >= 0 && reason)
		r = sd_bus_message_append(message, "{sv}", "reason", "s", reason);
	if (r < 0)
		return r;
	r = sd_bus_message_close_container(message);
	if (r < 0)
		return r;
	r = sd_bus_call(bus, message, 0, error, NULL);
	return r < 0 ? r : 0;
}

int client_find_guest(const struct client_guests *guests, const char *name,
		      const struct client_guest **ret)
{
	const struct client_guest *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < guests->n_guests; i++) {
		const struct client_guest *guest = &guests->guests[i];

		if (strcmp(guest->uuid, name) == 0) {
			*ret = guest;
			return 0;
		}
		if (strcmp(guest->name, name) == 0)
			found = guest, n++;
	}
	if (n != 1)
		return n == 0 ? -ENOENT : -ENOTUNIQ;
	*ret = found;
	return 0;
}

uint64_t client_figure(const struct client_guest *guest, const char *name)
{
	for (size_t i = 0; i < n_published_figures && i < CLIENT_FIGURES_MAX; i++)
		if (strcmp(published_figures[i].name, name) == 0)
			return guest->figures[i];
	return BALLOOND_UNKNOWN;
}

#define HOST(name, type, field) \
	{ \
		name, type, offsetof(struct client_host, field) \
	}

const struct client_property client_host_properties[] = {
	HOST("Version", 's', version),
	HOST("State", 's', state),
	HOST("DryRun", 'b', dry_run),
	HOST("LibvirtConnected", 'b', connected),
	HOST("GuestCount", 'u', guest_count),
	HOST("Level", 's', level),
	HOST("LevelReason", 's', level_reason),
	HOST("Warning", 's', warning),
	HOST("Pool", 't', pool),
	HOST("Reserve", 't', reserve),
	HOST("Charged", 't', charged),
	HOST("Available", 't', available),
	HOST("Room", 't', room),
	HOST("ShortBy", 't', short_by),
	HOST("HotGuests", 't', hot_guests),
	HOST("HotIntervalUSec", 't', hot_interval),
	HOST("CalmIntervalUSec", 't', calm_interval),
	HOST("ReadRate", 't', read_rate),
	HOST("ReadCostUSec", 't', read_cost),
	HOST("Promised", 't', promised),
	HOST("OverbookedBy", 't', overbooked_by),
	HOST("HostMemoryTotal", 't', host_memory_total),
	HOST("HostAvailable", 't', host_available),
	HOST("ConfigGeneration", 't', config_generation),
	HOST("ConfigHash", 's', config_hash),
	HOST("LastReloadError", 's', last_reload_error),
	HOST("Tick", 't', tick),
};
const size_t n_client_host_properties = ELEMENTSOF(client_host_properties);

#define GUEST(name, type, field) \
	{ \
		name, type, offsetof(struct client_guest, field) \
	}

const struct client_property client_guest_properties[] = {
	GUEST("Name", 's', name),
	GUEST("UUID", 's', uuid),
	GUEST("State", 's', state),
	GUEST("Reason", 's', reason),
	GUEST("Warning", 's', warning),
	GUEST("Policy", 's', policy),
	GUEST("Rule", 's', rule),
	GUEST("Promise", 's', promise),
	GUEST("Title", 's', title),
	GUEST("Hypervisor", 's', hypervisor),
	GUEST("OS", 's', os),
	GUEST("Partition", 's', partition),
	GUEST("Tags", 'a', tags),
	GUEST("HeldBy", 's', held_by),
	GUEST("HeldUntilUSec", 't', held_until),
	GUEST("HoldReason", 's', hold_reason),
	GUEST("Sample", 't', sample),
};
const size_t n_client_guest_properties = ELEMENTSOF(client_guest_properties);
