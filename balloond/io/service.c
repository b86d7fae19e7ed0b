/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/service.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "balloond/io/util.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"

/* It answers within milliseconds, or not at all. */
#define ANSWER_WAIT (2u * 1000000u)

#define UNITS_MAX 2u

/* libvirt's modular daemons, and the monolithic one.  Any other URI names its own socket. */
static const struct {
	const char *uri;
	const char *units[UNITS_MAX];
} rows[] = {
	{ "qemu:///system", { "virtqemud.service", "libvirtd.service" } },
	{ "lxc:///system", { "virtlxcd.service", "libvirtd.service" } },
	{ "xen:///system", { "virtxend.service", "libvirtd.service" } },
	{ "vz:///system", { "virtvzd.service", "libvirtd.service" } },
};

enum unit_answer { UNIT_UNKNOWN, UNIT_STOPPED, UNIT_RUNS };

static void reply_unrefp(sd_bus_message **reply)
{
	(void)sd_bus_message_unref(*reply);
}

static void bus_unrefp(sd_bus **bus)
{
	(void)sd_bus_flush_close_unref(*bus);
}

static char *get_state(sd_bus *bus, const char *path, const char *property)
{
	char *state = NULL;

	(void)sd_bus_get_property_string(bus, SYSTEMD, path, SYSTEMD ".Unit", property, NULL,
					 &state);
	return state;
}

/* LoadUnit rather than GetUnit: a unit that does not run may be out of systemd's memory. */
static enum unit_answer ask(sd_bus *bus, const char *unit)
{
	_cleanup_(reply_unrefp) sd_bus_message *reply = NULL;
	_cleanup_free_ char *load = NULL, *active = NULL;
	const char *path;

	if (sd_bus_call_method(bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD ".Manager", "LoadUnit", NULL,
			       &reply, "s", unit) < 0 ||
	    sd_bus_message_read(reply, "o", &path) < 0)
		return UNIT_UNKNOWN;
	load = get_state(bus, path, "LoadState");
	active = get_state(bus, path, "ActiveState");
	if (!load || !active || strcmp(load, "loaded") != 0)
		return UNIT_UNKNOWN;
	/* The connection ends before the service has.  One that failed was not stopped by hand. */
	return strcmp(active, "inactive") == 0 || strcmp(active, "deactivating") == 0 ? UNIT_STOPPED
										      : UNIT_RUNS;
}

bool service_is_stopped_says(sd_bus *bus, const char *uri)
{
	bool stopped = false;

	(void)sd_bus_set_method_call_timeout(bus, ANSWER_WAIT);
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		if (strcmp(rows[i].uri, uri) != 0)
			continue;
		for (size_t k = 0; k < UNITS_MAX; k++) {
			enum unit_answer answer = ask(bus, rows[i].units[k]);

			if (answer == UNIT_RUNS)
				return false;
			stopped = stopped || answer == UNIT_STOPPED;
		}
	}
	return stopped;
}

bool service_is_stopped(const char *uri)
{
	_cleanup_(bus_unrefp) sd_bus *bus = NULL;

	return sd_bus_open_system(&bus) >= 0 && service_is_stopped_says(bus, uri);
}
