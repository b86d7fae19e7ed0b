/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signals.  The record (struct bus, "shown") holds what was last signalled; bus_emit() walks it
 * and the picture side by side, both sorted by uuid, and signals the difference: one
 * PropertiesChanged an object, with all names together.  What could not be signalled is not
 * recorded either, so the next walk finds it again: no queue, nothing is lost.
 *
 * Subscribers are what signals cost, so a size that moved by less than a quantum wakes nobody. */

#include "balloond/bus/bus-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/io/util.h"

/* Signals in one turn of the event loop; the rest follows in the next. */
#define SIGNALS_A_TURN 500u

/* Signals that wait for a slow bus; sd-bus queues without a useful bound of its own. */
#define SIGNALS_WAITING_MAX 500u

enum watch_kind { WATCH_TEXT, WATCH_ARRAY, WATCH_FLAG, WATCH_NUMBER };

/* A property that is signalled. */
struct watch {
	const char *property;
	enum watch_kind kind;
	size_t offset;
	uint64_t quantum; /* numbers: a smaller difference alone is not signalled */
};

static const struct watch host_watches[] = {
	{ "State", WATCH_TEXT, offsetof(struct bus_host, state), 0 },
	{ "DryRun", WATCH_FLAG, offsetof(struct bus_host, dry_run), 0 },
	{ "LibvirtConnected", WATCH_FLAG, offsetof(struct bus_host, connected), 0 },
	{ "GuestCount", WATCH_FLAG, offsetof(struct bus_host, guest_count), 0 },
	{ "Level", WATCH_TEXT, offsetof(struct bus_host, level), 0 },
	{ "LevelReason", WATCH_TEXT, offsetof(struct bus_host, level_reason), 0 },
	{ "Warning", WATCH_TEXT, offsetof(struct bus_host, warning), 0 },
	{ "Pool", WATCH_NUMBER, offsetof(struct bus_host, pool), BALLOOND_MIB },
	{ "Reserve", WATCH_NUMBER, offsetof(struct bus_host, reserve), BALLOOND_MIB },
	{ "Promised", WATCH_NUMBER, offsetof(struct bus_host, promised), BALLOOND_MIB },
	{ "OverbookedBy", WATCH_NUMBER, offsetof(struct bus_host, overbooked_by), BALLOOND_MIB },
	{ "ConfigGeneration", WATCH_NUMBER, offsetof(struct bus_host, config_generation), 1 },
	{ "ConfigHash", WATCH_ARRAY, offsetof(struct bus_host, config_hash), 0 },
	{ "LastReloadError", WATCH_TEXT, offsetof(struct bus_host, last_reload_error), 0 },
};

static const struct watch guest_watches[] = {
	{ "State", WATCH_TEXT, offsetof(struct bus_guest, state), 0 },
	{ "Reason", WATCH_TEXT, offsetof(struct bus_guest, reason), 0 },
	{ "Warning", WATCH_TEXT, offsetof(struct bus_guest, warning), 0 },
	{ "Policy", WATCH_ARRAY, offsetof(struct bus_guest, policy), 0 },
	{ "Rule", WATCH_ARRAY, offsetof(struct bus_guest, rule), 0 },
	{ "Promise", WATCH_ARRAY, offsetof(struct bus_guest, promise), 0 },
	{ "Title", WATCH_ARRAY, offsetof(struct bus_guest, labels.title), 0 },
	{ "Hypervisor", WATCH_ARRAY, offsetof(struct bus_guest, labels.hypervisor), 0 },
	{ "OS", WATCH_ARRAY, offsetof(struct bus_guest, labels.os), 0 },
	{ "Partition", WATCH_ARRAY, offsetof(struct bus_guest, labels.partition), 0 },
	{ "Tags", WATCH_ARRAY, offsetof(struct bus_guest, labels.tags), 0 },
	{ "HeldBy", WATCH_ARRAY, offsetof(struct bus_guest, hold.who), 0 },
	{ "HeldUntilUSec", WATCH_NUMBER, offsetof(struct bus_guest, hold.until), 1 },
	{ "HoldReason", WATCH_ARRAY, offsetof(struct bus_guest, hold.reason), 0 },
	{ "Floor", WATCH_NUMBER, offsetof(struct bus_guest, floor), BALLOOND_MIB },
	{ "Ceiling", WATCH_NUMBER, offsetof(struct bus_guest, ceiling), BALLOOND_MIB },
	{ "Target", WATCH_NUMBER, offsetof(struct bus_guest, target), 1 },
	{ "Actual", WATCH_NUMBER, offsetof(struct bus_guest, actual), BALLOOND_MIB },
};

enum { WATCHES_MAX = 24 };
_Static_assert(ELEMENTSOF(host_watches) < WATCHES_MAX, "names[] is too short");
_Static_assert(ELEMENTSOF(guest_watches) < WATCHES_MAX, "names[] is too short");

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* 0: equal; 1: differs by less than a quantum; 2: worth a signal. */
static int compare_watch(const struct watch *watch, const char *old, const char *now)
{
	const void *a = old + watch->offset, *b = now + watch->offset;
	uint64_t difference;

	switch (watch->kind) {
	case WATCH_TEXT:
		return strcmp(*(const char *const *)a, *(const char *const *)b) != 0 ? 2 : 0;
	case WATCH_ARRAY:
		return strcmp(a, b) != 0 ? 2 : 0;
	case WATCH_FLAG:
		return memcmp(a, b, sizeof(int)) != 0 ? 2 : 0;
	case WATCH_NUMBER:
		difference = distance(*(const uint64_t *)a, *(const uint64_t *)b);
		return difference >= watch->quantum ? 2 : difference > 0;
	}
	return 0;
}

/* Fills names with what differs, NULL at the end.  True if that is worth a signal: then even the
 * smallest differences go with it. */
static bool find_changes(const struct watch *watches, size_t n_watches, const void *old,
			 const void *now, char *names[WATCHES_MAX])
{
	bool worth = false;
	size_t n = 0;

	for (size_t i = 0; i < n_watches; i++) {
		int difference = compare_watch(&watches[i], old, now);

		if (difference > 0)
			names[n++] = (char *)watches[i].property;
		worth |= difference > 1;
	}
	names[n] = NULL;
	return worth;
}

int bus_emit_host(struct bus *bus)
{
	_cleanup_free_ char *reload_error = NULL;
	char *names[WATCHES_MAX];
	int r;

	if (!find_changes(host_watches, ELEMENTSOF(host_watches), &bus->shown_host, &bus->host,
			  names))
		return 0;
	reload_error = strdup(bus->reload_error);
	if (!reload_error)
		return -ENOMEM;
	r = sd_bus_emit_properties_changed_strv(bus->connection, BALLOOND_BUS_PATH,
						BUS_MANAGER_INTERFACE, names);
	if (r < 0)
		return r;
	free(bus->shown_reload_error);
	bus->shown_reload_error = TAKE_PTR(reload_error);
	bus->shown_host = bus->host;
	bus->shown_host.last_reload_error = bus->shown_reload_error;
	return 0;
}

static void fill_guest(struct bus_guest *shown, const struct published_guest *guest)
{
	const struct verdict *v = &guest->verdict;

	memcpy(shown->uuid, guest->uuid, sizeof(shown->uuid));
	memcpy(shown->name, guest->name, sizeof(shown->name));
	memcpy(shown->policy, guest->policy, sizeof(shown->policy));
	memcpy(shown->rule, guest->rule, sizeof(shown->rule));
	memcpy(shown->promise, guest->promise, sizeof(shown->promise));
	shown->labels = guest->labels;
	shown->hold = guest->hold;
	shown->state = state_row(v->state)->name;
	shown->reason = guest->reason;
	shown->warning = guest->warning;
	shown->floor = v->guest.floor;
	shown->ceiling = v->guest.ceiling;
	shown->target = v->target;
	shown->actual = v->guest.actual;
}

/* One walk over record and picture. */
struct walk {
	struct bus *bus;
	unsigned left; /* signals that may still be sent */
	bool more;     /* something was put off */
	int error;     /* the first one; nothing is sent after it */
};

static bool may_signal(struct walk *walk)
{
	if (walk->error < 0)
		return false;
	if (walk->left == 0) {
		walk->more = true;
		return false;
	}
	walk->left--;
	return true;
}

static bool sent(struct walk *walk, int r)
{
	if (r < 0)
		walk->error = r;
	return r >= 0;
}

/* The three below return true if the record is to say so. */

static bool signal_added(struct walk *walk, const struct published_guest *guest)
{
	char path[BUS_PATH_MAX];

	if (!bus_guest_path(path, guest->uuid))
		return false;
	return may_signal(walk) &&
	       sent(walk, sd_bus_emit_object_added(walk->bus->connection, path));
}

static bool signal_removed(struct walk *walk, const struct bus_guest *shown)
{
	char path[BUS_PATH_MAX];
	int r;

	if (!may_signal(walk))
		return false;
	/* sd-bus lists the interfaces that it finds at the path: let it find them once more. */
	walk->bus->leaving = shown->uuid;
	r = sd_bus_emit_object_removed(walk->bus->connection, bus_guest_path(path, shown->uuid));
	walk->bus->leaving = NULL;
	return sent(walk, r);
}

static bool signal_changed(struct walk *walk, const struct bus_guest *shown,
			   const struct bus_guest *now)
{
	char path[BUS_PATH_MAX], *names[WATCHES_MAX];

	if (!find_changes(guest_watches, ELEMENTSOF(guest_watches), shown, now, names) ||
	    !may_signal(walk))
		return false;
	return sent(walk, sd_bus_emit_properties_changed_strv(walk->bus->connection,
							      bus_guest_path(path, now->uuid),
							      BUS_GUEST_INTERFACE, names));
}

/* A guest that is in both.  Its name is constant on the bus, so one that was renamed leaves, and
 * comes back with the next walk.  True if it stays in the record. */
static bool walk_known(struct walk *walk, struct bus_guest *shown,
		       const struct published_guest *guest)
{
	struct bus_guest now;

	if (strcmp(shown->name, guest->name) != 0) {
		if (!signal_removed(walk, shown))
			return true;
		walk->more = true;
		return false;
	}
	fill_guest(&now, guest);
	if (signal_changed(walk, shown, &now))
		*shown = now;
	return true;
}

static int compare_guests(const struct bus *bus, size_t i, size_t j)
{
	if (i >= bus->n_shown)
		return 1;
	if (j >= bus->now->n_guests)
		return -1;
	return strcmp(bus->shown[i].uuid, bus->now->guests[j].uuid);
}

/* Writes the new record to next, which may be the old one if both have the same guests: it is
 * never written past what was read. */
static size_t walk_guests(struct walk *walk, struct bus_guest *next)
{
	struct bus *bus = walk->bus;
	const struct published *now = bus->now;
	size_t i = 0, j = 0, n = 0;

	while (i < bus->n_shown || j < now->n_guests) {
		int order = compare_guests(bus, i, j);

		if (order < 0) {
			if (!signal_removed(walk, &bus->shown[i]))
				next[n++] = bus->shown[i];
			i++;
		} else if (order > 0) {
			if (signal_added(walk, &now->guests[j]))
				fill_guest(&next[n++], &now->guests[j]);
			j++;
		} else {
			if (walk_known(walk, &bus->shown[i], &now->guests[j]))
				next[n++] = bus->shown[i];
			i++, j++;
		}
	}
	return n;
}

static bool same_guests(const struct bus *bus)
{
	if (bus->n_shown != bus->now->n_guests)
		return false;
	for (size_t i = 0; i < bus->n_shown; i++)
		if (strcmp(bus->shown[i].uuid, bus->now->guests[i].uuid) != 0)
			return false;
	return true;
}

static int emit_guests(struct bus *bus)
{
	struct walk walk = { .bus = bus, .left = SIGNALS_A_TURN };
	struct bus_guest *next = bus->shown;
	uint64_t waiting = 0;

	(void)sd_bus_get_n_queued_write(bus->connection, &waiting);
	if (waiting > SIGNALS_WAITING_MAX)
		return 0;
	if (!same_guests(bus)) {
		next = calloc(bus->n_shown + bus->now->n_guests, sizeof(*next));
		if (!next)
			return -ENOMEM;
	}
	bus->n_shown = walk_guests(&walk, next);
	if (next != bus->shown) {
		free(bus->shown);
		bus->shown = next;
	}
	return walk.error < 0 ? walk.error : walk.more;
}

static int on_more(sd_event_source *source _unused_, void *userdata)
{
	/* A failure shows at the next tick again, where it is told. */
	(void)bus_emit(userdata);
	return 0;
}

/* Goes on in the loop's next turn.  Idle priority: reads and ticks come first. */
static int emit_later(struct bus *bus, sd_event *event)
{
	int r;

	if (bus->more)
		return sd_event_source_set_enabled(bus->more, SD_EVENT_ONESHOT);
	r = sd_event_add_defer(event, &bus->more, on_more, bus);
	if (r < 0)
		return r;
	return sd_event_source_set_priority(bus->more, SD_EVENT_PRIORITY_IDLE);
}

int bus_emit(struct bus *bus)
{
	sd_event *event = sd_bus_get_event(bus->connection);
	int r;

	r = bus_emit_host(bus);
	if (r < 0)
		return r;
	do
		r = emit_guests(bus);
	while (r > 0 && !event);
	return r > 0 ? emit_later(bus, event) : r;
}
