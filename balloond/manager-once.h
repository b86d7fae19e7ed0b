/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* --once: what its one tick waits for, and its end.  For manager.c alone. */

#include "balloond/core/snapshot.h"

/* Whether all guests' definitions were read. */
bool manager_once_has_seen(const struct snapshot *s);

/* Steps of which the snapshot tells what became. */
size_t manager_once_outcomes(const struct snapshot *s);
