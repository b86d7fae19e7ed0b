/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Domains whose hypervisor process hangs: nobody asks it for anything until a look from outside,
 * repeated ever more seldom, finds that it answers again.  Data alone. */

#include <stdbool.h>
#include <stddef.h>

#include "balloond/core/snapshot.h"

/* Between two looks: the first, doubled up to the last. */
#define QUARANTINE_FIRST (1u * 1000000u)
#define QUARANTINE_LAST (60u * 1000000u)

struct hung_domain {
	char uuid[GUEST_UUID_MAX];
	int id; /* of this run */
	usec_t back_off, look_at;
};

struct quarantine {
	struct hung_domain *list;
	size_t n;
};

/* One that hangs, newly or still.  Returns 1 if it was not known to, -ENOMEM. */
int quarantine_put(struct quarantine *quarantine, const char *uuid, int id, usec_t now);

/* Returns whether it was in there. */
bool quarantine_release(struct quarantine *quarantine, const char *uuid);

/* Something answered that did not: all are looked at now. */
void quarantine_look_now(struct quarantine *quarantine, usec_t now);

/* Another run of the same domain is not in there. */
bool quarantine_has(const struct quarantine *quarantine, const char *uuid, int id);

/* When the next look is due; UINT64_MAX: nobody is in there. */
usec_t quarantine_next(const struct quarantine *quarantine);

void quarantine_done(struct quarantine *quarantine);
