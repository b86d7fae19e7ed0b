/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Other managers of memory on this machine, found by the names of their processes: looked for all
 * the time, since two that set the same sizes harm the guests. */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "balloond/core/value.h"

struct managers;

/* Cheap enough for machines with many processes, soon enough for sizes that move by minutes. */
#define MANAGERS_EVERY (10u * 1000000u)

/* Looks at once, and then every `every` for as long as it lives, a few processes at a time.  root:
 * "" for this machine.  on_change is called when something was found or is gone. */
int managers_new(sd_event *event, const char *root, usec_t every, void (*on_change)(void *userdata),
		 void *userdata, struct managers **ret);

/* enum host_facts, as of the last look that was finished. */
uint32_t managers_facts(const struct managers *managers);

/* Releases it; takes NULL, returns NULL. */
struct managers *managers_free(struct managers *managers);

/* One whole look below root.  Negative errno: there is no /proc. */
int managers_look(const char *root, uint32_t *ret);
