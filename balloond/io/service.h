/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What systemd says of the services behind a URI.  Blocks, for seconds at most. */

#include <stdbool.h>

struct sd_bus;

/* Whether somebody stopped them: one of them is known, and all that are known are stopped.  To
 * connect through their socket would start them again.  False where nobody can tell. */
bool service_is_stopped(const char *uri);

/* The same over a connection that is there. */
bool service_is_stopped_says(struct sd_bus *bus, const char *uri);
