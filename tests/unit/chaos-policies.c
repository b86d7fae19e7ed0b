/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A policy that harms whoever believes it, and one that notices if its state was harmed. */

#include <check.h>

#include "balloond/policy-math.h"
#include "tests/unit/chaos.h"
#include "tests/unit/random.h"

#define GARBAGE_STATE 13u /* no multiple of anything */
#define GARBAGE_RULE_STATE 21u
#define GARBAGE_SCRATCH 5u

static void fill(void *bytes, size_t n, uint64_t *seed)
{
	for (size_t i = 0; bytes && i < n; i++)
		((uint8_t *)bytes)[i] = (uint8_t)random_next(seed);
}

static void propose_garbage(const struct balloond_view *view, const void *params,
			    void *const states[], struct balloond_target targets[])
{
	(void)params;
	for (size_t i = 0; i < view->n_guests; i++) {
		uint64_t seed = chaos_hash(view->guests[i]->name, view->now);

		targets[i].bytes = random_wide(&seed);
		targets[i].claim = random_wide(&seed);
		targets[i].reason = (uint32_t)random_wide(&seed);
		targets[i].n_figures = (uint32_t)random_wide(&seed);
		targets[i].flags = (uint32_t)random_wide(&seed);
		targets[i].reserved = (uint32_t)random_wide(&seed);
		fill(targets[i].figure, sizeof(targets[i].figure), &seed);
		fill(states[i], GARBAGE_STATE, &seed);
		fill((uint8_t *)view->scratch + i * GARBAGE_SCRATCH, GARBAGE_SCRATCH, &seed);
		fill(view->rule_state, GARBAGE_RULE_STATE, &seed);
	}
}

const struct balloond_policy chaos_garbage = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "garbage",
	.summary = "Answers garbage in every field",
	.state_size = GARBAGE_STATE,
	.rule_state_size = GARBAGE_RULE_STATE,
	.scratch_size = GARBAGE_SCRATCH,
	.propose = propose_garbage,
};

/* What it keeps of a guest. */
struct kept {
	uint64_t guest, times;
};

static void propose_memory(const struct balloond_view *view, const void *params,
			   void *const states[], struct balloond_target targets[])
{
	uint64_t *times = view->rule_state;

	(void)params;
	(*times)++;
	for (size_t i = 0; i < view->n_guests; i++) {
		struct kept *kept = states[i];
		uint64_t guest = chaos_hash(view->guests[i]->name, 1);

		HOLDS(kept->times == 0 || kept->guest == guest);
		HOLDS(kept->times < *times);
		kept->guest = guest;
		kept->times++;
		targets[i].claim = targets[i].bytes / 2;
		targets[i].bytes += (kept->times % 3) * 64 * MiB;
	}
}

const struct balloond_policy chaos_memory = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "memory",
	.summary = "Keeps a count of every guest",
	.state_size = sizeof(struct kept),
	.rule_state_size = sizeof(uint64_t),
	.propose = propose_memory,
};
