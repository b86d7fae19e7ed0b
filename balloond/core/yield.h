/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether the host has anything of what a guest gives.  A device that needs all of its memory, huge
 * pages, locked memory keep pages that the guest has given up, whatever its definition says. */

#include "balloond/core/history.h"

void yield_forget(struct memory *m);

/* At every sweep, before the sizes that somebody else set are looked at.  is_exempt: nothing can be
 * concluded from its figures. */
void yield_observe(struct memory *m, const struct guest *g, bool is_exempt);

bool yield_is_futile(const struct memory *m, usec_t now);
