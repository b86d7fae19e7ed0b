/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A simulated world with a few guests, and all that a decider of the bench works on. */

#include <string.h>

#include "balloond/io/storage.h"
#include "balloond/policy-math.h"
#include "tests/bench/bare.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND

#define BENCH_GUESTS 3u
/* Of each process, so that it cannot be taken for what core guesses. */
#define BENCH_OVERHEAD (77 * MiB)

struct bench_bed {
	struct sim_world *w;
	struct world world;
	struct config config;
	struct promise promise;
	struct rule rule;
	char *pattern[1];
	struct snapshot snapshot;
	struct history history;
	struct plan plan;
};

static const char *const bench_reasons[] = { "the test says so" };
static uint64_t bench_proposal[BENCH_GUESTS]; /* 0: as it is */
static struct balloond_host bench_host;       /* as the policy saw it */
static uint64_t bench_capacity;

static void bench_propose(const struct balloond_view *view, const void *params,
			  void *const states[], struct balloond_target targets[])
{
	(void)params;
	(void)states;
	bench_host = *view->host;
	bench_capacity = view->capacity;
	for (size_t i = 0; i < view->n_guests; i++)
		if (bench_proposal[i] > 0)
			targets[i].bytes = targets[i].claim = bench_proposal[i] - 1;
}

static const struct balloond_policy bench_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "bench",
	.summary = "Proposes what the test says",
	.reasons = bench_reasons,
	.n_reasons = 1,
	.propose = bench_propose,
};

/* Guests of 4 GiB; they need nothing, until the test says what. */
static inline void bench_init(struct bench_bed *b, uint64_t pool)
{
	memset(b, 0, sizeof(*b));
	memset(bench_proposal, 0, sizeof(bench_proposal));
	b->pattern[0] = (char *)(uintptr_t) "*";
	b->promise = (struct promise){
		.match = { .texts = { [MATCH_NAME] = { b->pattern, 1 } } },
		.min = { AMOUNT_KERNEL, 0 },
		.shares = 1000,
	};
	b->rule = (struct rule){
		.match = { .texts = { [MATCH_NAME] = { b->pattern, 1 } } },
		.policy = &bench_policy,
		.key = 1,
	};
	b->config = (struct config){
		.host = { .pool = { AMOUNT_BYTES, pool + BENCH_GUESTS * BENCH_OVERHEAD },
			  .commit = COMMIT_STRICT },
		.stats_period = SECOND,
		.promises = &b->promise,
		.n_promises = 1,
		.rules = &b->rule,
		.n_rules = 1,
	};
	ck_assert_int_eq(sim_world_new(BENCH_GUESTS, &b->w), 0);
	b->world = sim_world_vtable(b->w);
	b->w->host.model.total = 64 * GiB;
	for (size_t i = 0; i < BENCH_GUESTS; i++) {
		sim_model_init(&b->w->guests[i].model, 4 * GiB);
		b->w->guests[i].model.overhead = BENCH_OVERHEAD;
		b->w->guests[i].period = SECOND;
		b->w->demands[i] = (struct demand){ .maximum = 4 * GiB, .offset = SIM_EPOCH };
	}
}

static inline void bench_done(struct bench_bed *b)
{
	snapshot_done(&b->snapshot);
	history_done(&b->history);
	plan_done(&b->plan);
	(void)sim_world_free(b->w);
}

static inline void bench_sense(struct bench_bed *b)
{
	b->world.refresh(b->world.self, NULL);
	ck_assert_int_eq(b->world.sense(b->world.self, &b->snapshot), 0);
	ck_assert_int_eq(history_reserve(&b->history, b->snapshot.n_guests, &b->config), 0);
	ck_assert_int_eq(plan_reserve(&b->plan, b->snapshot.n_guests, &b->config), 0);
}
