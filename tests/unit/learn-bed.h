/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Guests whose policy sees distress where a test says so. */

#include <check.h>
#include <stdio.h>

#include "balloond/policy-math.h"
#include "tests/unit/scene.h"

#define HOUR (3600 * SECOND)

/* The scene's policy, which sees distress where the test says so. */
static bool cries[SCENE_MAX];

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	scene_policy.propose(view, params, states, targets);
	for (size_t i = 0; i < view->n_guests; i++) {
		unsigned k;

		ck_assert_int_eq(sscanf(view->guests[i]->name, "g%2u", &k), 1);
		targets[i].flags = cries[k] ? BALLOOND_TARGET_DISTRESS : 0;
	}
}

static const struct balloond_policy crier = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "crier",
	.summary = "Sees distress where the test says so",
	.propose = propose,
};

/* `n` guests of 4 GiB that use 512 MiB and had all of it, and have `size` now. */
static inline void begin(struct scene *s, unsigned n, uint64_t size)
{
	scene_init(s);
	s->rule.policy = &crier;
	s->config.host.shrink_guest = s->config.host.shrink_host = 64 * GiB;
	s->config.host.pool.value = 64 * GiB;
	s->snapshot.host.seen.total = 128 * GiB;
	scene_add_many(s, n, 4 * GiB, 512 * MiB);
	for (unsigned i = 0; i < n; i++) {
		cries[i] = false;
		scene_proposal[i] = size;
	}
	scene_run(s, 4);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(s->guests[i].seen.actual, size);
}

/* The first `n` guests suffer at one sample. */
static inline void cry(struct scene *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		cries[i] = true;
	scene_tick(s, SECOND);
	for (unsigned i = 0; i < n; i++)
		cries[i] = false;
}
