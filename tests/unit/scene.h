/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A host with guests for tests of core, without allocation: one sane picture, and one change a
 * test.  Guests of a scene follow their targets at once unless the test says otherwise. */

#include "balloond/core/planner.h"

#define SCENE_MAX 48u
#define SCENE_RULES_MAX 8u
#define SCENE_STATE_MAX 256u /* of each kind of state, of any policy */
#define SCENE_ROW_MAX 1024u  /* gates and slots of a guest */

/* Like ck_assert(), which tells the runner where it is each time: too slow for millions. */
#define HOLDS(claim) \
	do { \
		if (!(claim)) \
			ck_abort_msg("does not hold: %s", #claim); \
	} while (0)

#define MiB (UINT64_C(1) << 20)
#define GiB (UINT64_C(1) << 30)
#define SECOND UINT64_C(1000000)

/* What a scene's guest really is, behind what it reports. */
struct scene_guest {
	uint64_t need;      /* what it uses; reported as actual - usable */
	uint64_t cache;     /* page cache that it fills beyond that, where it has room */
	uint64_t overhead;  /* of its hypervisor process */
	uint64_t touched;   /* largest of its memory that the host ever had to back */
	uint64_t slowness;  /* bytes a second that its balloon moves; 0: at once */
	bool stuck, silent; /* does not move; does not report */
};

struct scene {
	struct config config;
	struct promise promise;
	struct rule rule;
	char *pattern[1];
	struct snapshot snapshot;
	struct history history;
	struct plan plan;
	struct scene_guest real[SCENE_MAX];
	uint64_t host_other; /* what the host itself uses */
	bool dry_run;
	bool unchecked;   /* a guard rule is off: its invariant will not hold */
	uint64_t n_plans; /* that were checked */

	struct guest guests[SCENE_MAX];
	struct memory memories[2][SCENE_MAX];
	_Alignas(16) uint8_t rows[2][SCENE_MAX * SCENE_ROW_MAX];
	_Alignas(16) uint8_t rule_states[SCENE_RULES_MAX * SCENE_STATE_MAX];
	_Alignas(16) uint8_t scratch[SCENE_MAX * SCENE_STATE_MAX];
	struct rule_memory rule_memories[SCENE_RULES_MAX];
	struct verdict verdicts[SCENE_MAX];
	struct step steps[SCENE_MAX];
	struct balloond_fill fill[SCENE_MAX];
	uint32_t index[SCENE_MAX];
	uint64_t key[SCENE_MAX];
	const struct balloond_guest *view[SCENE_MAX];
	struct balloond_target targets[SCENE_MAX];
	void *state_pointers[SCENE_MAX];
};

/* A 16 GiB host, reserve 1 GiB, pool 8 GiB, strict, no guests; every guest is promised the
 * kernel's floor and follows scene_policy. */
void scene_init(struct scene *s);

/* A guest that runs, reports, has all of `ceiling` and uses `need` of it.  Call in the order of
 * names.  Returns its index. */
size_t scene_add(struct scene *s, const char *name, uint64_t ceiling, uint64_t need);

/* `n` alike guests, "g00" and on. */
void scene_add_many(struct scene *s, unsigned n, uint64_t ceiling, uint64_t need);

/* That guest has no swap: it has never swapped and never will. */
void scene_without_swap(struct scene *s, size_t i);

/* A rule that means every guest, with a key of its own. */
struct rule scene_rule(struct scene *s, const char *name, const struct balloond_policy *policy,
		       uint64_t key);

/* Lets `elapsed` pass: balloons move, guests report, the host's figures follow. */
void scene_pass(struct scene *s, usec_t elapsed);

/* Plans, checks the invariants that hold for every plan (scene-checks.c), and takes the steps.
 * The history is laid out for the configuration first, as io/storage.h would. */
void scene_plan(struct scene *s);

/* scene-checks.c */
void scene_check_plan(const struct scene *s);

/* Both. */
void scene_tick(struct scene *s, usec_t elapsed);

/* Both, once a second. */
void scene_run(struct scene *s, unsigned seconds);

const struct verdict *scene_verdict(const struct scene *s, size_t i);

/* The policy of a scene: proposes what the test says (0: leaves it), claims what it says. */
extern uint64_t scene_proposal[SCENE_MAX], scene_claim[SCENE_MAX];
/* What it was offered last. */
extern uint64_t scene_capacity;
extern const struct balloond_policy scene_policy;
