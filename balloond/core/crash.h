/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The crash guard: a guest that boots anew soon after balloond has made it smaller may have died
 * of that. */

#include "balloond/core/history.h"

/* Balloond asks the guest for less than `from`. */
void crash_shrunk(struct memory *m, uint64_t from, usec_t now);

/* A new boot begins, at m->booted.  To be called once all else of the boot before is forgotten. */
void crash_booted(struct memory *m);

/* This boot, or one shortly before it, followed on a crash that counts as ours: it gets more time.
 */
bool crash_is_recent(const struct memory *m);

/* It has crashed too often: it is only observed. */
bool crash_is_given_up(const struct memory *m, usec_t now);
