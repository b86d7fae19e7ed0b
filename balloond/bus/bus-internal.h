/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of this room share.  Nobody else includes it. */

#include "balloond/bus/bus.h"
#include "build-config.h"

#define BUS_MANAGER_INTERFACE BALLOOND_BUS_NAME ".Manager"
#define BUS_GUEST_INTERFACE BALLOOND_BUS_NAME ".Guest"
#define BUS_GUEST_STATS_INTERFACE BALLOOND_BUS_NAME ".GuestStats"
#define BUS_GUEST_PREFIX BALLOOND_BUS_PATH "/guest"

#define BUS_ERROR_NO_SUCH_GUEST BALLOOND_BUS_NAME ".Error.NoSuchGuest"
#define BUS_ERROR_AMBIGUOUS_GUEST BALLOOND_BUS_NAME ".Error.AmbiguousGuest"
#define BUS_ERROR_INVALID_ARGUMENT BALLOOND_BUS_NAME ".Error.InvalidArgument"
#define BUS_ERROR_BUSY BALLOOND_BUS_NAME ".Error.Busy"
#define BUS_ERROR_INVALID_CONFIGURATION BALLOOND_BUS_NAME ".Error.InvalidConfiguration"

/* A guest's object path, with NUL. */
#define BUS_PATH_MAX (sizeof(BUS_GUEST_PREFIX "/_") + GUEST_UUID_MAX)

/* The longest text that is sent; longer ones are cut. */
#define BUS_TEXT_MAX 1024u

/* The same for the reasons why a configuration was refused: whole lines. */
#define BUS_WHY_MAX 16384u

/* Hexadecimal digits of a configuration's hash, with NUL. */
#define BUS_HASH_MAX 17u

/* The Manager's properties, laid out for sd-bus to read in place. */
struct bus_host {
	const char *version, *state, *level, *level_reason, *warning;
	const char *last_reload_error; /* owned */
	char config_hash[BUS_HASH_MAX];
	int dry_run, connected; /* D-Bus booleans */
	uint32_t guest_count;
	uint64_t pool, reserve, promised, overbooked_by, config_generation;
	uint64_t host_memory_total, host_available;
	uint64_t charged, available, room, short_by;
	uint64_t hot_guests, hot_interval, calm_interval, read_rate, read_cost;
	uint64_t tick;
};

/* What was last signalled of a guest. */
struct bus_guest {
	char uuid[GUEST_UUID_MAX];
	char name[GUEST_NAME_MAX];
	const char *state, *reason, *warning; /* static texts */
	char policy[PUBLISHED_TEXT_MAX];
	char rule[PUBLISHED_TEXT_MAX];
	char promise[PUBLISHED_TEXT_MAX];
	struct guest_labels labels;
	struct hold hold;
	uint64_t floor, ceiling, target, actual;
};

enum { BUS_SLOTS_MAX = 12 };

struct bus {
	sd_bus *connection;
	sd_bus_slot *slots[BUS_SLOTS_MAX]; /* objects and matches */
	size_t n_slots;
	sd_event_source *more; /* signals that are left to the next turn of the loop */

	const struct published *now; /* never NULL */
	struct bus_host host;
	uint64_t config_generation, config_hash;
	char *reload_error;

	/* The record of what was signalled. */
	struct bus_host shown_host;
	char *shown_reload_error;
	struct bus_guest *shown; /* sorted by uuid */
	size_t n_shown;
	const char *leaving; /* uuid of a guest while its removal is being signalled */

	void (*on_name)(void *userdata, bool owned);
	void *userdata;
	int (*reload)(void *userdata, char **ret_why);
	void *reload_userdata;
	struct orders *orders; /* NULL: none are taken yet */
	/* Record(): who carries it out, and the one call that waits for its end. */
	int (*record_begin)(void *userdata, int fd, usec_t length, bool compress);
	void (*record_leave)(void *userdata);
	void *record_userdata;
	sd_bus_message *record;
	sd_bus_track *recorder;
	void (*on_order)(void *userdata);
	void *order_userdata;
};

/* bus.c: takes over a slot; freed with the bus. */
void bus_keep_slot(struct bus *bus, sd_bus_slot *slot);

/* bus-manager.c, bus-guest.c: add the objects.  Negative errno. */
int bus_manager_add(struct bus *bus);
int bus_guest_add(struct bus *bus);

/* The guest's object path; NULL where its uuid cannot be part of one. */
const char *bus_guest_path(char buf[BUS_PATH_MAX], const char *uuid);

/* bus-manager.c: reads the guest that the message names, by uuid or name.  Negative errno, with
 * error set. */
int bus_read_guest(sd_bus_message *message, const struct published *now,
		   const struct published_guest **ret, sd_bus_error *error);

/* bus-orders.c: the methods by which operators order. */
int bus_method_hold(sd_bus_message *message, void *userdata, sd_bus_error *error);
int bus_method_unhold(sd_bus_message *message, void *userdata, sd_bus_error *error);

/* bus-record.c: Record(), and letting go of the call that waits. */
int bus_method_record(sd_bus_message *message, void *userdata, sd_bus_error *error);
void bus_forget_record(struct bus *bus);

/* bus-emit.c: signals what differs from the record.  0, or negative errno. */
int bus_emit(struct bus *bus);
int bus_emit_host(struct bus *bus);

/* bus-explain.c: appends an a{sv}: all that led to the guest's size. */
int bus_explain_append(sd_bus_message *reply, const struct published *now,
		       const struct published_guest *guest);

/* bus-text.c: appends a string, made valid.  Everything that balloond did not write itself goes
 * through one of these. */
int bus_text_append(sd_bus_message *reply, const char *text);

/* Appends each word of a text whose words single spaces separate. */
int bus_words_append(sd_bus_message *reply, const char *text);

/* Makes a string valid in place. */
void bus_text_clean(char *text);
