/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The live world against libvirt's test driver: no daemon, no privileges, but the real library,
 * its threads and its events.  Nothing happens in it but what a test asks for. */

#include <stdio.h>

#include "balloond/io/clock.h"
#include "balloond/io/log.h"
#include "balloond/io/storage.h"
#include "balloond/io/world-live.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define PATIENCE (30u * BALLOOND_SECOND)

static sd_event *event;
static struct world world;
static struct snapshot snapshot;
static struct config config;
static char *uris[2];
static char uri[512];
static unsigned n_news;

static inline void on_news(void *userdata)
{
	ck_assert_ptr_eq(userdata, &world);
	n_news++;
}

static inline void set_up(void)
{
	log_open(LOG_ERR);
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_ge(world_live_new(event, NULL, on_news, &world, &world), 0);
	(void)snprintf(uri, sizeof(uri), "test://%s/test-driver/node.xml",
		       check_dir("BALLOOND_TEST_FIXTURES"));
	uris[0] = uri;
	config = (struct config){
		.uris = uris,
		.n_uris = 1,
		.stats_period = BALLOOND_SECOND,
	};
}

static inline void tear_down(void)
{
	world_live_free(&world);
	snapshot_done(&snapshot);
	sd_event_unref(event);
}

/* Lets the loop turn until the condition holds in a new snapshot. */
static inline void turn_until(bool (*condition)(void))
{
	usec_t end = clock_monotonic() + PATIENCE;

	for (;;) {
		ck_assert_int_ge(world.sense(world.self, &snapshot), 0);
		if (condition())
			return;
		ck_assert_msg(clock_monotonic() < end, "it did not come to pass");
		ck_assert_int_ge(sd_event_run(event, BALLOOND_SECOND), 0);
	}
}

static inline bool is_settled(void)
{
	return world.is_settled(world.self);
}
