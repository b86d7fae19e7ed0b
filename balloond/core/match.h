/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which entries of the configuration mean a guest.  Its texts are the tenant's: they are compared
 * as they are, never interpreted. */

#include "balloond/core/config.h"
#include "balloond/core/snapshot.h"

/* A guest whose maximum is not known matches no size. */
bool match_guest(const struct match *match, const struct guest *guest);

/* The first guests: entry that matches, or NULL. */
const struct promise *match_promise(const struct config *config, const struct guest *guest);
