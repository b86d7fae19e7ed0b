/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The insides of the live world, shared by world-live.c, live-sources.c (looking) and live-calls.c
 * (acting).  Everything here belongs to the main thread. */

#include <systemd/sd-event.h>

#include "balloond/io/domains.h"
#include "balloond/io/managers.h"
#include "balloond/io/sold.h"
#include "balloond/io/virt.h"
#include "balloond/io/world.h"

struct live_source {
	char *uri;
	unsigned number; /* in everything that virt tells of it */
	struct virt_source *virt;
	bool is_optional; /* of uri: auto: it may be missing */
	bool is_connected;
	bool has_answered; /* a first attempt is over, with or without success */
	bool has_swept;
	bool wants_sweep;       /* soon */
	bool wants_list;        /* with it: some domain came or went */
	int error;              /* of the last sweep, for the journal */
	usec_t ended, duration; /* of the last sweep */
	usec_t listed;          /* its domains, when last */
	usec_t back_off, retry_at;
};

struct live {
	sd_event *event;
	sd_event_source *io, *timer, *watch, *definitions;
	void (*on_news)(void *userdata);
	void *userdata;

	struct virt *virt;
	struct managers *managers;
	struct live_source **sources;
	size_t n_sources;
	unsigned next_number;
	struct domains domains;
	struct sold sold;
	bool save_failed;   /* that was logged */
	usec_t sample_cost; /* of reading one guest, on the average; 0: none was read yet */
	bool has_news;
	bool has_wants;    /* some domain may have a call to be queued */
	usec_t configured; /* when */

	/* Of the configuration. */
	bool dry_run, keep_stats_period;
	usec_t stats_period;
	int guest_stats;
};

/* live-sources.c */
struct live_source *live_find_source(const struct live *live, unsigned number);
int live_configure_sources(struct live *live, const struct config *config);
void live_drop_sources(struct live *live);
void live_refresh_sources(struct live *live, const struct plan *plan);
/* A sweep of the source is wanted; many wishes make one sweep.  It reads those that want to be. */
void live_sweep_soon(struct live *live, unsigned number);
void live_on_timer(struct live *live);
void live_on_sweep(struct live *live, const struct sweep *found);

/* live-definitions.c: asks for those that are written anew, where that can be seen. */
void live_watch_definitions(struct live *live);

/* live-calls.c */
void live_act(struct live *live, const struct plan *plan);
void live_on_call(struct live *live, const struct call_result *result);
/* Queues whatever domains want and may have now. */
void live_queue_calls(struct live *live);
