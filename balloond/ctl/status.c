/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl status: the host's account, or a block a guest. */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/ctl/format.h"
#include "balloond/io/log.h"
#include "balloond/io/util.h"

__attribute__((format(printf, 2, 3))) static void print_field(const char *label, const char *format,
							      ...)
{
	va_list args;

	printf("%13s: ", label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void print_size(const char *label, uint64_t bytes)
{
	char text[FORMAT_MAX];

	print_field(label, "%s", format_value(text, BALLOOND_BYTES, bytes));
}

static size_t count_state(const struct client_guests *guests, const char *state)
{
	size_t n = 0;

	for (size_t i = 0; i < guests->n_guests; i++)
		n += strcmp(guests->guests[i].state, state) == 0;
	return n;
}

/* "3 (2 managed, 1 stale)" */
static void print_states(const struct client_guests *guests)
{
	const char *separator = " (";

	printf("%13s: %zu", "Guests", guests->n_guests);
	for (int state = STATE_MAX - 1; state >= 0; state--) {
		const char *name = state_row((enum guest_state)state)->name;
		size_t n = count_state(guests, name);

		if (n == 0)
			continue;
		printf("%s%zu %s", separator, n, name);
		separator = ", ";
	}
	puts(*separator == ',' ? ")" : "");
}

static void print_promised(const struct client_host *host)
{
	char promised[FORMAT_MAX], more[FORMAT_MAX];

	if (host->promised == BALLOOND_UNKNOWN) /* by an older daemon */
		return;
	format_value(promised, BALLOOND_BYTES, host->promised);
	if (host->overbooked_by > 0 && host->overbooked_by != BALLOOND_UNKNOWN)
		print_field("Promised", "%s: overbooked by %s", promised,
			    format_value(more, BALLOOND_BYTES, host->overbooked_by));
	else
		print_field("Promised", "%s", promised);
}

static void print_readings(const struct client_host *host)
{
	char hot[FORMAT_MAX], calm[FORMAT_MAX];

	if (host->read_rate == BALLOOND_UNKNOWN) /* by an older daemon */
		return;
	print_field("Readings",
		    "%" PRIu64 ".%" PRIu64 " guests/s: %" PRIu64
		    " hot every %s, the others every %s",
		    host->read_rate / 1000, host->read_rate / 100 % 10, host->hot_guests,
		    format_value(hot, BALLOOND_USEC, host->hot_interval),
		    format_value(calm, BALLOOND_USEC, host->calm_interval));
}

static void print_host(const struct client_host *host, const struct client_guests *guests)
{
	char safe[LOG_SAFE_MAX], total[FORMAT_MAX], available[FORMAT_MAX];

	printf("balloond %s: %s\n", host->version, host->state);
	if (!host->connected)
		print_field("Hypervisor", "none answers");
	if (host->dry_run)
		print_field("Dry run", "nothing is changed");
	print_field("Level", "%s%s%s", host->level, *host->level_reason ? ": " : "",
		    log_safe(safe, host->level_reason));
	if (*host->warning)
		print_field("Warning", "%s", log_safe(safe, host->warning));
	print_size("Pool", host->pool);
	print_promised(host);
	print_size("Charged", host->charged);
	print_size("Room", host->room);
	if (host->short_by > 0)
		print_size("Short by", host->short_by);
	print_size("Reserve", host->reserve);
	print_size("Available", host->available);
	print_field("Host", "%s, %s available",
		    format_value(total, BALLOOND_BYTES, host->host_memory_total),
		    format_value(available, BALLOOND_BYTES, host->host_available));
	print_states(guests);
	print_readings(host);
	print_field("Configuration", "generation %" PRIu64 ", hash %s", host->config_generation,
		    *host->config_hash ? host->config_hash : "unknown");
	if (*host->last_reload_error)
		print_field("Last reload", "failed: %s", log_safe(safe, host->last_reload_error));
}

static json_t *host_json(const struct client_host *host, const struct client_guests *guests)
{
	json_t *object = json_object(), *states = json_object();
	int r;

	r = format_json_properties(object, client_host_properties, n_client_host_properties, host);
	for (int state = 0; r >= 0 && state < STATE_MAX; state++) {
		const char *name = state_row((enum guest_state)state)->name;

		if (json_object_set_new(states, name,
					json_integer((json_int_t)count_state(guests, name))) < 0)
			r = -ENOMEM;
	}
	/* takes over states in any case */
	if (json_object_set_new(object, "GuestsByState", states) < 0 || r < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int status_host(struct ctl *ctl, const struct client_guests *guests)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	struct client_host host;
	int r;

	r = client_get_host(ctl->bus, &host, &reply, &error);
	if (r < 0)
		return ctl_report(r, &error);
	if (ctl->json == CTL_JSON_OFF) {
		print_host(&host, guests);
	} else {
		r = format_json_print(ctl, host_json(&host, guests));
		if (r != CTL_OK)
			return r;
	}
	/* Also where it works, but not as its files say. */
	return strcmp(host.state, "degraded") == 0 || *host.last_reload_error ? CTL_DEGRADED
									      : CTL_OK;
}

static void print_tags(const struct client_words *tags)
{
	char safe[LOG_SAFE_MAX];

	if (tags->n == 0)
		return;
	printf("%13s:", "Tags");
	for (size_t i = 0; i < tags->n; i++)
		printf(" %s", log_safe(safe, tags->words[i]));
	putchar('\n');
}

static void print_guest(const struct client_guest *guest)
{
	static const char *const sizes[] = { "actual", "target", "floor",   "ceiling",
					     "used",   "charge", "resident" };
	uint64_t age = client_figure(guest, "stats-age");
	char safe[LOG_SAFE_MAX], text[FORMAT_MAX], hold[FORMAT_HOLD_MAX];

	printf("%s\n", log_safe(safe, guest->name));
	print_field("UUID", "%s", guest->uuid);
	if (*guest->title)
		print_field("Title", "%s", log_safe(safe, guest->title));
	print_field("State", "%s", guest->state);
	print_field("Reason", "%s", log_safe(safe, guest->reason));
	if (*guest->warning)
		print_field("Warning", "%s", log_safe(safe, guest->warning));
	if (*guest->held_by)
		print_field("Order", "%s", log_safe(safe, format_hold(hold, guest)));
	if (*guest->rule)
		print_field("Rule", "%s", log_safe(safe, guest->rule));
	if (*guest->policy)
		print_field("Policy", "%s", log_safe(safe, guest->policy));
	if (*guest->promise)
		print_field("Promise", "%s", log_safe(safe, guest->promise));
	print_tags(&guest->tags);
	for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
		char label[16];

		snprintf(label, sizeof(label), "%c%s", sizes[i][0] - 'a' + 'A', sizes[i] + 1);
		print_size(label, client_figure(guest, sizes[i]));
	}
	if (age == BALLOOND_UNKNOWN)
		print_field("Statistics", "none");
	else
		print_field("Statistics", "%s old", format_value(text, BALLOOND_USEC, age));
}

/* Finds all before anything is printed: an exit code, or -1 if all are there. */
static int find_guests(const struct client_guests *guests, int argc, char **argv)
{
	const struct client_guest *guest;

	for (int i = 0; i < argc; i++) {
		char safe[LOG_SAFE_MAX];
		int r = client_find_guest(guests, argv[i], &guest);

		if (r >= 0)
			continue;
		fprintf(stderr, "balloonctl: %s \"%s\"%s\n",
			r == -ENOTUNIQ ? "more than one guest is named"
				       : "there is no guest with the name or UUID",
			log_safe(safe, argv[i]), r == -ENOTUNIQ ? ": give the UUID" : "");
		return CTL_FAILED;
	}
	return -1;
}

static int status_guests(const struct ctl *ctl, const struct client_guests *guests, int argc,
			 char **argv)
{
	json_t *array = ctl->json == CTL_JSON_OFF ? NULL : json_array();
	int r = find_guests(guests, argc, argv);

	for (int i = 0; r < 0 && i < argc; i++) {
		const struct client_guest *guest = NULL;

		(void)client_find_guest(guests, argv[i], &guest);
		if (ctl->json == CTL_JSON_OFF) {
			if (i > 0)
				putchar('\n');
			print_guest(guest);
		} else if (json_array_append_new(array, format_json_guest(guest)) < 0) {
			r = ctl_report(-ENOMEM, NULL);
		}
	}
	if (r >= 0) {
		json_decref(array);
		return r;
	}
	return ctl->json == CTL_JSON_OFF ? CTL_OK : format_json_print(ctl, array);
}

int verb_status(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(client_guests_done) struct client_guests guests;
	int r;

	r = client_get_guests(ctl->bus, &guests, &error);
	if (r < 0)
		return ctl_report(r, &error);
	return argc > 0 ? status_guests(ctl, &guests, argc, argv) : status_host(ctl, &guests);
}
