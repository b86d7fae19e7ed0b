/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Guest objects.  None is registered: sd-bus asks for the guest behind a path, and finds it in the
 * last picture.  Properties are read in place; the tables at the end say where. */

#include "balloond/bus/bus-internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/io/util.h"

#define GUEST_PATH_PREFIX BUS_GUEST_PREFIX "/_"

const char *bus_guest_path(char buf[BUS_PATH_MAX], const char *uuid)
{
	char *c = stpcpy(buf, GUEST_PATH_PREFIX);

	if (!*uuid || strchr(uuid, '/'))
		return NULL;
	for (size_t i = 0; i < GUEST_UUID_MAX - 1 && uuid[i]; i++)
		*c++ = uuid[i] == '-' ? '_' : uuid[i];
	*c = '\0';
	return sd_bus_object_path_is_valid(buf) > 0 ? buf : NULL;
}

/* The guest's id as it stands in the path; NULL for every other path below the prefix, and for the
 * prefix itself: an empty id is no guest. */
static const char *path_id(const char *path)
{
	size_t prefix = strlen(GUEST_PATH_PREFIX);

	if (strncmp(path, GUEST_PATH_PREFIX, prefix) != 0 || !path[prefix])
		return NULL;
	return strlen(path + prefix) < GUEST_UUID_MAX && !strchr(path + prefix, '/') ? path + prefix
										     : NULL;
}

static int find_guest(sd_bus *connection _unused_, const char *path, const char *interface _unused_,
		      void *userdata, void **ret_found, sd_bus_error *error _unused_)
{
	static const struct published_guest gone = { .reason = "", .warning = "" };
	struct bus *bus = userdata;
	const struct published_guest *guest;
	const char *id = path_id(path);
	char uuid[GUEST_UUID_MAX];
	size_t i;

	if (!id)
		return 0;
	for (i = 0; id[i]; i++)
		uuid[i] = id[i] == '_' ? '-' : id[i];
	uuid[i] = '\0';
	guest = published_find(bus->now, uuid);
	if (guest && strcmp(guest->uuid, uuid) != 0)
		guest = NULL; /* that one is named so */
	if (!guest && bus->leaving && strcmp(bus->leaving, uuid) == 0)
		guest = &gone;
	if (!guest)
		return 0;
	*ret_found = (void *)guest;
	return 1;
}

static int enumerate_guests(sd_bus *connection _unused_, const char *prefix _unused_,
			    void *userdata, char ***ret_nodes, sd_bus_error *error _unused_)
{
	const struct published *now = ((struct bus *)userdata)->now;
	char **nodes = calloc(now->n_guests + 1, sizeof(*nodes));
	size_t n = 0;

	if (!nodes)
		return -ENOMEM;
	for (size_t i = 0; i < now->n_guests; i++) {
		char path[BUS_PATH_MAX];

		if (!bus_guest_path(path, now->guests[i].uuid))
			continue;
		nodes[n] = strdup(path);
		if (!nodes[n]) {
			while (n > 0)
				free(nodes[--n]);
			free(nodes);
			return -ENOMEM;
		}
		n++;
	}
	*ret_nodes = nodes;
	return 0;
}

static int property_get_text(sd_bus *connection _unused_, const char *path _unused_,
			     const char *interface _unused_, const char *property _unused_,
			     sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_)
{
	return bus_text_append(reply, userdata);
}

static int property_get_reason(sd_bus *connection _unused_, const char *path _unused_,
			       const char *interface _unused_, const char *property _unused_,
			       sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_)
{
	return bus_text_append(reply, *(const char *const *)userdata);
}

static int property_get_state(sd_bus *connection _unused_, const char *path _unused_,
			      const char *interface _unused_, const char *property _unused_,
			      sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_)
{
	return bus_text_append(reply, state_row(*(enum guest_state *)userdata)->name);
}

static int property_get_words(sd_bus *connection _unused_, const char *path _unused_,
			      const char *interface _unused_, const char *property _unused_,
			      sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_)
{
	int r;

	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "s");
	if (r < 0)
		return r;
	r = bus_words_append(reply, userdata);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(reply);
}

#define AT(field) offsetof(struct published_guest, field)
#define CONST SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

static const sd_bus_vtable guest_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Name", "s", property_get_text, AT(name), CONST),
	SD_BUS_PROPERTY("UUID", "s", property_get_text, AT(uuid), CONST),
	SD_BUS_PROPERTY("State", "s", property_get_state, AT(verdict.state), CHANGES),
	SD_BUS_PROPERTY("Reason", "s", property_get_reason, AT(reason), CHANGES),
	SD_BUS_PROPERTY("Warning", "s", property_get_reason, AT(warning), CHANGES),
	SD_BUS_PROPERTY("Policy", "s", property_get_text, AT(policy), CHANGES),
	SD_BUS_PROPERTY("Rule", "s", property_get_text, AT(rule), CHANGES),
	SD_BUS_PROPERTY("Promise", "s", property_get_text, AT(promise), CHANGES),
	SD_BUS_PROPERTY("Title", "s", property_get_text, AT(labels.title), CHANGES),
	SD_BUS_PROPERTY("Hypervisor", "s", property_get_text, AT(labels.hypervisor), CHANGES),
	SD_BUS_PROPERTY("OS", "s", property_get_text, AT(labels.os), CHANGES),
	SD_BUS_PROPERTY("Partition", "s", property_get_text, AT(labels.partition), CHANGES),
	SD_BUS_PROPERTY("Tags", "as", property_get_words, AT(labels.tags), CHANGES),
	SD_BUS_PROPERTY("HeldBy", "s", property_get_text, AT(hold.who), CHANGES),
	SD_BUS_PROPERTY("HeldUntilUSec", "t", NULL, AT(hold.until), CHANGES),
	SD_BUS_PROPERTY("HoldReason", "s", property_get_text, AT(hold.reason), CHANGES),
	SD_BUS_PROPERTY("Floor", "t", NULL, AT(verdict.guest.floor), CHANGES),
	SD_BUS_PROPERTY("Ceiling", "t", NULL, AT(verdict.guest.ceiling), CHANGES),
	SD_BUS_PROPERTY("Target", "t", NULL, AT(verdict.target), CHANGES),
	SD_BUS_PROPERTY("Actual", "t", NULL, AT(verdict.guest.actual), CHANGES),
	SD_BUS_VTABLE_END,
};

/* Gauges: bytes unless the name says otherwise, UINT64_MAX is unknown, never signalled.  One row
 * for each of published_figures[] (test-bus.c checks that), and the sample's number. */
static const sd_bus_vtable guest_stats_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Maximum", "t", NULL, AT(verdict.guest.maximum), 0),
	SD_BUS_PROPERTY("Ceiling", "t", NULL, AT(verdict.guest.ceiling), 0),
	SD_BUS_PROPERTY("CeilingSet", "t", NULL, AT(verdict.ceiling_set), 0),
	SD_BUS_PROPERTY("Floor", "t", NULL, AT(verdict.guest.floor), 0),
	SD_BUS_PROPERTY("FloorLearned", "t", NULL, AT(verdict.floor_learned), 0),
	SD_BUS_PROPERTY("Actual", "t", NULL, AT(verdict.guest.actual), 0),
	SD_BUS_PROPERTY("Target", "t", NULL, AT(verdict.target), 0),
	SD_BUS_PROPERTY("Total", "t", NULL, AT(verdict.guest.total), 0),
	SD_BUS_PROPERTY("Usable", "t", NULL, AT(verdict.guest.usable), 0),
	SD_BUS_PROPERTY("Unused", "t", NULL, AT(verdict.guest.unused), 0),
	SD_BUS_PROPERTY("Caches", "t", NULL, AT(verdict.guest.caches), 0),
	SD_BUS_PROPERTY("Used", "t", NULL, AT(verdict.guest.used), 0),
	SD_BUS_PROPERTY("Kernel", "t", NULL, AT(verdict.kernel), 0),
	SD_BUS_PROPERTY("Margin", "t", NULL, AT(verdict.margin), 0),
	SD_BUS_PROPERTY("Lowest", "t", NULL, AT(verdict.low), 0),
	SD_BUS_PROPERTY("Proposal", "t", NULL, AT(verdict.proposal.bytes), 0),
	SD_BUS_PROPERTY("Claim", "t", NULL, AT(verdict.proposal.claim), 0),
	SD_BUS_PROPERTY("Wanted", "t", NULL, AT(verdict.wanted), 0),
	SD_BUS_PROPERTY("Resident", "t", NULL, AT(verdict.guest.resident), 0),
	SD_BUS_PROPERTY("Overhead", "t", NULL, AT(verdict.overhead), 0),
	SD_BUS_PROPERTY("Charge", "t", NULL, AT(verdict.guest.charge), 0),
	SD_BUS_PROPERTY("SwapIn", "t", NULL, AT(verdict.guest.swap_in), 0),
	SD_BUS_PROPERTY("SwapOut", "t", NULL, AT(verdict.guest.swap_out), 0),
	SD_BUS_PROPERTY("MajorFaults", "t", NULL, AT(verdict.guest.major_faults), 0),
	SD_BUS_PROPERTY("StatsAgeUSec", "t", NULL, AT(verdict.guest.stats_age), 0),
	SD_BUS_PROPERTY("Sample", "t", NULL, AT(verdict.guest.sample), 0),
	SD_BUS_VTABLE_END,
};

int bus_guest_add(struct bus *bus)
{
	sd_bus_slot *slot = NULL;
	int r;

	r = sd_bus_add_fallback_vtable(bus->connection, &slot, BUS_GUEST_PREFIX,
				       BUS_GUEST_INTERFACE, guest_vtable, find_guest, bus);
	if (r < 0)
		return r;
	bus_keep_slot(bus, slot);
	r = sd_bus_add_fallback_vtable(bus->connection, &slot, BUS_GUEST_PREFIX,
				       BUS_GUEST_STATS_INTERFACE, guest_stats_vtable, find_guest,
				       bus);
	if (r < 0)
		return r;
	bus_keep_slot(bus, slot);
	r = sd_bus_add_node_enumerator(bus->connection, &slot, BUS_GUEST_PREFIX, enumerate_guests,
				       bus);
	if (r < 0)
		return r;
	bus_keep_slot(bus, slot);
	return 0;
}
