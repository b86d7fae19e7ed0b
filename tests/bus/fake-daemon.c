/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloond's D-Bus side with a made-up picture, on the bus of DBUS_SYSTEM_BUS_ADDRESS.  Prints
 * "ready" once it has the name, serves until it is terminated.
 *
 *   fake-daemon [degraded|dry-run|short|empty|many N] */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/bus/bus.h"
#include "balloond/io/util.h"
#include "tests/bus/fixture.h"

static void on_name(void *userdata _unused_, bool owned)
{
	printf("%s\n", owned ? "owned" : "lost");
	fflush(stdout);
}

/* n copies of the first guest, for measurements. */
static int make_many(struct fixture *f, size_t n)
{
	f->now.guests = calloc(n, sizeof(*f->now.guests));
	if (!f->now.guests)
		return -1;
	f->now.n_guests = f->now.max_guests = n;
	for (size_t i = 0; i < n; i++) {
		f->now.guests[i] = f->guests[0];
		snprintf(f->now.guests[i].uuid, GUEST_UUID_MAX, "%08zx-0000-4000-8000-000000000000",
			 i);
		snprintf(f->now.guests[i].name, GUEST_NAME_MAX, "guest-%zu", i);
	}
	return 0;
}

static void make_short(struct account *account)
{
	account->level = BALLOOND_LEVEL_LOW;
	account->level_cause = LEVEL_CAUSE_POOL;
	account->short_by = 300 * BALLOOND_MIB;
	account->promised = 13 * BALLOOND_GIB;
	account->overbooked_by = 1 * BALLOOND_GIB;
}

static int apply(struct fixture *f, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "degraded") == 0)
		f->now.connected = false;
	else if (strcmp(what, "dry-run") == 0)
		f->now.dry_run = true;
	else if (strcmp(what, "short") == 0)
		make_short(&f->now.account);
	else if (strcmp(what, "empty") == 0)
		f->now.n_guests = 0;
	else if (strcmp(what, "many") == 0 && argc > 2)
		return make_many(f, strtoul(argv[2], NULL, 10));
	else if (*what)
		return -1;
	return 0;
}

/* A daemon that has refused its files once refuses them again. */
static struct server {
	struct bus *bus;
	struct fixture *fixture;
	struct orders orders;
	uint64_t generation;
	bool refuses;
} server = { .generation = 1 };

static int on_reload(void *userdata, char **ret_why)
{
	struct server *s = userdata;

	if (s->refuses) {
		*ret_why = strdup("a.yaml:3:1: unknown key \"polcy\"\nb.yaml:1:1: \033[31mred\n");
		return -EINVAL;
	}
	return bus_set_reload_state(s->bus, ++s->generation, 0xabc, NULL);
}

static void show_orders(struct published_guest *g, const struct guest *from, bool all_paused)
{
	g->exclude = from->exclude;
	g->hold = from->hold;
	g->pause = from->pause;
	g->give_back = from->give_back;
	if (g->verdict.state != STATE_MANAGED && g->verdict.state != STATE_HELD &&
	    g->verdict.state != STATE_EXCLUDED)
		return;
	g->verdict.state = g->hold.on || all_paused ? STATE_HELD : STATE_MANAGED;
	if (g->exclude.on)
		g->verdict.state = STATE_EXCLUDED;
}

/* As a tick would carry it out. */
static void on_order(void *userdata)
{
	static struct order places[64];
	static struct standing standing = { places, 0, ELEMENTSOF(places) };
	struct server *s = userdata;
	struct published *now = &s->fixture->now;
	struct guest guest = { 0 };
	struct snapshot snapshot = { .guests = &guest, .n_guests = 1 };

	standing_take(&standing, &s->orders.queue[0]);
	for (size_t i = 0; i < now->n_guests; i++) {
		struct published_guest *g = &now->guests[i];

		memcpy(guest.uuid, g->uuid, sizeof(guest.uuid));
		standing_apply(&standing, &snapshot);
		now->pause = snapshot.host.pause;
		if (now->pause.on)
			guest.pause = now->pause;
		show_orders(g, &guest, now->pause.on);
	}
	s->orders.n = 0;
	(void)bus_publish(s->bus, now);
}

static int run(struct fixture *f, sd_event *event)
{
	_cleanup_(bus_freep) struct bus *bus = NULL;
	int r;

	server.refuses = f->now.dry_run;

	r = bus_open(event, &bus);
	if (r < 0)
		return r;
	r = bus_own_name(bus, on_name, NULL);
	if (r < 0)
		return r;
	r = bus_publish(bus, &f->now);
	if (r < 0)
		return r;
	r = bus_set_reload_state(bus, server.generation, 0xba110,
				 server.refuses ? "rules[1]: unknown key \"polcy\"" : NULL);
	if (r < 0)
		return r;
	server.bus = bus;
	server.fixture = f;
	bus_set_reload(bus, on_reload, &server);
	bus_set_orders(bus, &server.orders, on_order, &server);
	printf("ready\n");
	fflush(stdout);
	return sd_event_loop(event);
}

int main(int argc, char **argv)
{
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	struct fixture fixture;
	sigset_t terminate;
	int r;

	fixture_init(&fixture);
	if (apply(&fixture, argc, argv) < 0) {
		fprintf(stderr, "usage: fake-daemon [degraded|dry-run|short|empty|many N]\n");
		return 2;
	}
	sigemptyset(&terminate);
	sigaddset(&terminate, SIGTERM);
	sigprocmask(SIG_BLOCK, &terminate, NULL);
	r = sd_event_default(&event);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = run(&fixture, event);
	if (r < 0)
		fprintf(stderr, "fake-daemon: %s\n", strerror(-r));
	if (fixture.now.guests != fixture.guests)
		free(fixture.now.guests);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
