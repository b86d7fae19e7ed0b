/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The live world: this machine's /proc and cgroups, and the guests of its libvirt daemons. */

#include <systemd/sd-event.h>

#include "balloond/io/world.h"

/* on_news() is called on the event loop's thread whenever something was found that a sense() would
 * show, at most once a turn of the loop.  event is referenced.  state_dir keeps what must survive
 * a restart (sold.h); NULL: nothing does. */
int world_live_new(sd_event *event, const char *state_dir, void (*on_news)(void *userdata),
		   void *userdata, struct world *ret);

/* Ends connections and threads; waits two seconds at most.  Takes a world without self. */
void world_live_free(struct world *world);
