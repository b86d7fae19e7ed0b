/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What balloond says on D-Bus, as plain structures.  Texts point into the replies, which live as
 * long as the structure around them.  What an older daemon does not say is "" or
 * BALLOOND_UNKNOWN; what a newer one says besides is skipped. */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "balloond/core/published.h"
#include "balloond/ctl/dictionary.h"
#include "build-config.h"

enum {
	CLIENT_FIGURES_MAX = 64,
	CLIENT_GUARDS_MAX = 32, /* rules that bound, and a policy's figures */
};

#define CLIENT_MANAGER BALLOOND_BUS_NAME ".Manager"
#define CLIENT_ERROR_INVALID_CONFIGURATION BALLOOND_BUS_NAME ".Error.InvalidConfiguration"

struct client_host {
	const char *version, *state, *level, *level_reason, *warning, *config_hash,
		*last_reload_error;
	int dry_run, connected;
	uint32_t guest_count;
	uint64_t pool, reserve, charged, available, room, short_by; /* bytes */
	uint64_t hot_guests, read_rate;                             /* rate: 1/1000 a second */
	usec_t hot_interval, calm_interval, read_cost;
	uint64_t promised, overbooked_by;           /* bytes */
	uint64_t host_memory_total, host_available; /* bytes */
	uint64_t config_generation, tick;
};

extern const struct client_property client_host_properties[];
extern const size_t n_client_host_properties;

struct client_guest {
	const char *name, *uuid, *state, *reason, *warning, *policy, *rule, *promise;
	const char *title, *hypervisor, *os, *partition;
	const char *held_by, *hold_reason;
	uint64_t held_until; /* wall clock, 0: for ever */
	struct client_words tags;
	uint64_t sample;
	uint64_t figures[CLIENT_FIGURES_MAX]; /* as published_figures[], of both interfaces */
};

extern const struct client_property client_guest_properties[];
extern const size_t n_client_guest_properties;

/* All guests, sorted by name. */
struct client_guests {
	sd_bus_message *reply;
	struct client_guest *guests;
	size_t n_guests;
};

struct client_explanation {
	sd_bus_message *reply;
	struct client_guest guest; /* without sample and labels */
	const char *policy_reason, *waits, *unknown_metric;
	struct client_words flags, metadata_taken, metadata_refused;
	int armed, dry_run;
	uint32_t shares;
	int32_t priority;
	uint64_t tick;
	struct client_policy_figure {
		const char *name, *type;
		uint64_t value;
	} policy_figures[CLIENT_GUARDS_MAX];
	struct client_guard {
		const char *name, *text;
	} guards[CLIENT_GUARDS_MAX];
	size_t n_policy_figures, n_guards;
};

extern const struct client_property client_explanation_properties[];
extern const size_t n_client_explanation_properties;

/* All return 0, or negative errno with error set.  They never start the daemon. */
int client_call(sd_bus *bus, const char *interface, const char *member, const char *argument,
		sd_bus_message **ret_reply, sd_bus_error *error);
int client_get_host(sd_bus *bus, struct client_host *host, sd_bus_message **ret_reply,
		    sd_bus_error *error);
int client_get_guests(sd_bus *bus, struct client_guests *guests, sd_bus_error *error);
int client_explain(sd_bus *bus, const char *name, struct client_explanation *explanation,
		   sd_bus_error *error);
int client_reload(sd_bus *bus, sd_bus_error *error);

/* Hold or Unhold.  until: wall clock, 0: for ever; reason: may be NULL. */
int client_order(sd_bus *bus, const char *member, const char *guest, usec_t until,
		 const char *reason, sd_bus_error *error);

void client_guests_done(struct client_guests *guests);
void client_explanation_done(struct client_explanation *explanation);

/* The one of this uuid or name: 0, -ENOENT, or -ENOTUNIQ. */
int client_find_guest(const struct client_guests *guests, const char *name,
		      const struct client_guest **ret);

/* A figure by the name that it has in published_figures[]. */
uint64_t client_figure(const struct client_guest *guest, const char *name);
