/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A world of one table of domains for tests of io/domains.h: each test changes one thing of a sane
 * sweep. */

#include "balloond/io/domains.h"

#include <stdio.h>
#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define SECOND BALLOOND_SECOND
#define MIB BALLOOND_MIB
#define WALL (UINT64_C(1700000000) * SECOND)

#define SAMPLES_MAX 8

static struct domains domains;
static struct sample samples[SAMPLES_MAX];
static struct sweep sweep;
static struct guest guests[SAMPLES_MAX];
static usec_t now;

static inline const char *uuid_of(char c)
{
	static char uuid[GUEST_UUID_MAX];

	(void)snprintf(uuid, sizeof(uuid), "%c0000000-0000-0000-0000-000000000000", c);
	return uuid;
}

static inline struct sample *add(char c)
{
	struct sample *s = &samples[sweep.n_samples++];

	*s = (struct sample){
		.id = c,
		.maximum = 1024 * MIB,
		.actual = 512 * MIB,
		.total = 500 * MIB,
		.usable = 400 * MIB,
		.unused = 100 * MIB,
		.caches = 300 * MIB,
		.swap_in = 0,
		.swap_out = 0,
		.major_faults = 10,
		.rss = 600 * MIB,
		.resident = 550 * MIB,
		.host_swap = 20 * MIB,
		.disk_reads = 30 * MIB,
		.last_update = (WALL + now) / SECOND,
	};
	(void)snprintf(s->uuid, sizeof(s->uuid), "%s", uuid_of(c));
	(void)snprintf(s->name, sizeof(s->name), "guest-%c", c);
	return s;
}

/* Begins the next sweep, a second later. */
static inline void next(void)
{
	now += SECOND;
	sweep = (struct sweep){
		.source = 1,
		.began = now - 1000,
		.ended = now,
		.wall = WALL + now,
		.hypervisor = "qemu",
		.is_connected = true,
		.samples = samples,
	};
}

static inline void take(bool adopt)
{
	ck_assert_int_eq(domains_take_sweep(&domains, &sweep, adopt), 0);
}

static inline size_t compose(void)
{
	domains_compose(&domains, now, guests);
	return domains_count(&domains);
}

static inline struct domain *find(char c)
{
	return domains_find(&domains, uuid_of(c));
}

static inline bool send(enum event_kind kind, char c)
{
	struct event event = { .source = 1, .kind = kind, .at = now };

	(void)snprintf(event.uuid, sizeof(event.uuid), "%s", uuid_of(c));
	return domains_take_event(&domains, &event);
}

static inline struct inspection sane_inspection(void)
{
	return (struct inspection){
		.live = {
			.facts = GUEST_BALLOON,
			.maximum = 1024 * MIB,
			.current = 512 * MIB,
			.period = 5 * SECOND,
		},
		.sold = 800 * MIB,
		.actual = 512 * MIB,
	};
}

static inline void inspect(char c, const struct inspection *inspection)
{
	(void)domain_take_inspection(find(c), inspection, now);
}

static inline void set_up(void)
{
	now = 100 * SECOND;
	next();
	add('a');
	add('b');
	take(true);
}

static inline void tear_down(void)
{
	domains_done(&domains);
}
