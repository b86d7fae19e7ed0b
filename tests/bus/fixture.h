/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A picture of a host with three guests, for whatever shows or reads D-Bus.  All is inside the
 * structure: tests change a field and publish again. */

#include "balloond/core/published.h"

#define FIXTURE_DB1 "0a1b2c3d-0000-4000-8000-000000000001"
#define FIXTURE_WEB2 "3c4d5e6f-0000-4000-8000-000000000002"
#define FIXTURE_ODD "9f000000-0000-4000-8000-000000000003"

/* Control characters, and a byte that is not UTF-8. */
#define FIXTURE_ODD_NAME "odd\033[31m\302\233\377"

enum { FIXTURE_GUESTS_MAX = 3 };

struct fixture {
	struct published now;
	struct published_guest guests[FIXTURE_GUESTS_MAX];
};

/* db1 is managed and held back by the guard, web-2 is observed, the odd one has no balloon. */
void fixture_init(struct fixture *f);
