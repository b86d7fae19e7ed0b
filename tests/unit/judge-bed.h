/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One guest, its promise and its rule, for tests of core/judge.h. */

#include "balloond/core/judge.h"

#include <string.h>

#include "tests/unit/scene.h"

#define NOW (1000 * SECOND)
#define UNKNOWN BALLOOND_UNKNOWN

/* A guest of 4 GiB that is promised half and managed; one change a test. */
struct bed {
	struct config config;
	struct promise promise;
	struct rule rule;
	char *pattern[1];
	struct guest guest;
	struct memory memory;
	struct verdict verdict;
	uint32_t level; /* of the last plan */
	uint32_t host_facts;
};

static inline void bed_init(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	bed->pattern[0] = (char *)"db-*";
	bed->promise = (struct promise){
		.name = (char *)"databases",
		.match = { .texts = { [MATCH_NAME] = { bed->pattern, 1 } } },
		.shares = 2000,
	};
	bed->rule = (struct rule){
		.name = (char *)"all",
		.match = { .texts = { [MATCH_NAME] = { bed->pattern, 1 } } },
		.policy = &scene_policy,
	};
	bed->config = (struct config){
		.promises = &bed->promise,
		.n_promises = 1,
		.rules = &bed->rule,
		.n_rules = 1,
	};
	guest_init(&bed->guest, "u", "db-1");
	bed->guest.facts = GUEST_INSPECTED | GUEST_BALLOON;
	bed->guest.seen.maximum = bed->guest.seen.actual = bed->guest.sold = 4 * GiB;
	bed->guest.seen.stats_age = 0;
	bed->guest.swept = NOW;
	bed->guest.stamp = 1;
	bed->guest.period = SECOND;
	bed->memory = (struct memory){
		.target = 4 * GiB,
		.actual = 4 * GiB,
		.kernel = UNKNOWN,
		.used = 1 * GiB,
		.sample = 5,
	};
}

static inline const struct verdict *judge(struct bed *bed)
{
	struct gate gates[1] = { 0 };
	const struct history history = {
		.n_guests = 1,
		.n_gates = 1,
		.rows = (uint8_t *)gates,
	};
	const struct snapshot snapshot = { .now = NOW, .host.facts = bed->host_facts };
	const struct when_view view = { &snapshot, &history, &bed->guest, &bed->memory, 0 };
	struct choice choice = rules_choose(&bed->config, &view, 0);

	judge_guest(&bed->config, &snapshot, &bed->guest, &bed->memory, &choice, bed->level,
		    &bed->verdict);
	return &bed->verdict;
}
