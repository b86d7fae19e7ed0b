/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A scene in which anything may be configured and anything happens: for tests of what holds all
 * the same.  The same seed makes the same chaos. */

#include "balloond/core/published.h"
#include "tests/unit/scene.h"

#define CHAOS_GUESTS 12u
#define CHAOS_RULES 4u
#define CHAOS_TENANTS 2u
#define CHAOS_PROMISES 4u
#define CHAOS_GATES 2u /* conditions of a rule */

struct chaos {
	struct scene scene;
	uint64_t seed;
	unsigned n; /* guests, "g00" and on, whether they are there or not */
	/* Where each of them stands in the order of uuids; SCENE_MAX: it is gone. */
	size_t place[CHAOS_GUESTS];
	bool is_lost[CHAOS_GUESTS]; /* the next sweep does not tell its size */
	uint64_t proposals[CHAOS_GUESTS], claims[CHAOS_GUESTS]; /* of scene_policy */
	struct promise promises[CHAOS_PROMISES];
	struct rule rules[CHAOS_RULES], tenants[CHAOS_TENANTS];
	struct condition conditions[CHAOS_RULES][CHAOS_GATES];
	char *patterns[CHAOS_PROMISES + CHAOS_RULES][1];
};

/* Guests stand in an order of their own for each `order`: 0 is that of their names. */
void chaos_init(struct chaos *c, uint64_t seed, uint64_t order);

/* Another configuration, as a reload brings it. */
void chaos_configure(struct chaos *c);

/* Something happens to a guest or to the host. */
void chaos_disturb(struct chaos *c);

/* A guest comes or goes. */
void chaos_come_or_go(struct chaos *c);

/* Time passes, and a plan is made and checked. */
void chaos_tick(struct chaos *c, usec_t elapsed);

/* Its last verdict, or NULL where it is gone. */
const struct verdict *chaos_verdict(const struct chaos *c, unsigned guest);

/* Of a name, never 0. */
static inline uint64_t chaos_hash(const char *text, uint64_t seed)
{
	for (; *text; text++)
		seed = (seed ^ (uint8_t)*text) * UINT64_C(1099511628211);
	return seed | 1;
}

/* Writes what it likes into every byte that it is given, by the time and the guest's name. */
extern const struct balloond_policy chaos_garbage;

/* Is given back what it has written, and nothing else. */
extern const struct balloond_policy chaos_memory;
