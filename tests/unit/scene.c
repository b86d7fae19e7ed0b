/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/unit/scene.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "balloond/policy-math.h"

uint64_t scene_proposal[SCENE_MAX], scene_claim[SCENE_MAX], scene_capacity;

static const char *const reasons[] = { "the test says so" };

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	(void)params;
	(void)states;
	scene_capacity = view->capacity;
	for (size_t i = 0; i < view->n_guests; i++) {
		unsigned k;

		/* Guests are named by their number in the scene: "g07". */
		ck_assert_int_eq(sscanf(view->guests[i]->name, "g%2u", &k), 1);
		if (scene_proposal[k] > 0)
			targets[i].bytes = targets[i].claim = scene_proposal[k];
		if (scene_claim[k] > 0)
			targets[i].claim = scene_claim[k];
	}
}

const struct balloond_policy scene_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "scene",
	.summary = "Proposes what the test says",
	.reasons = reasons,
	.n_reasons = 1,
	.propose = propose,
};

static void scene_memory(struct scene *s)
{
	s->snapshot.guests = s->guests;
	s->history.guests = s->memories[0];
	s->history.spare = s->memories[1];
	s->history.rows = s->rows[0];
	s->history.spare_rows = s->rows[1];
	s->history.rules = s->rule_memories;
	s->history.rule_states = s->rule_states;
	s->history.max_guests = SCENE_MAX;
	s->history.max_rules = SCENE_RULES_MAX;
	s->plan.verdicts = s->verdicts;
	s->plan.steps = s->steps;
	s->plan.fill = s->fill;
	s->plan.index = s->index;
	s->plan.key = s->key;
	s->plan.view = s->view;
	s->plan.targets = s->targets;
	s->plan.states = s->state_pointers;
	s->plan.scratch = s->scratch;
	s->plan.max_guests = SCENE_MAX;
}

struct rule scene_rule(struct scene *s, const char *name, const struct balloond_policy *policy,
		       uint64_t key)
{
	return (struct rule){
		.name = (char *)(uintptr_t)name,
		.match = { .texts = { [MATCH_NAME] = { s->pattern, 1 } } },
		.policy = policy,
		.key = key,
	};
}

void scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	memset(scene_proposal, 0, sizeof(scene_proposal));
	memset(scene_claim, 0, sizeof(scene_claim));
	s->pattern[0] = (char *)"*";
	s->promise = (struct promise){
		.name = (char *)"all",
		.match = { .texts = { [MATCH_NAME] = { s->pattern, 1 } } },
		.min = { AMOUNT_KERNEL, 0 },
		.shares = 1000,
	};
	s->rule = scene_rule(s, "all", &scene_policy, 1);
	s->config = (struct config){
		.host = {
			.pool = { AMOUNT_BYTES, 8 * GiB },
			.reserve = { AMOUNT_BYTES, 1 * GiB },
			.commit = COMMIT_STRICT,
			.shrink_guest = 256 * MiB,
			.shrink_host = 1 * GiB,
		},
		.stats_period = SECOND,
		.promises = &s->promise,
		.n_promises = 1,
		.rules = &s->rule,
		.n_rules = 1,
	};
	s->snapshot.now = 1000 * SECOND;
	s->snapshot.host.seen.total = 16 * GiB;
	s->host_other = 512 * MiB;
	scene_memory(s);
}

size_t scene_add(struct scene *s, const char *name, uint64_t ceiling, uint64_t need)
{
	size_t i = s->snapshot.n_guests++;
	char uuid[GUEST_UUID_MAX];
	struct guest *g = &s->guests[i];

	ck_assert_uint_lt(i, SCENE_MAX);
	(void)snprintf(uuid, sizeof(uuid), "00000000-0000-4000-8000-%012zu", i);
	guest_init(g, uuid, name);
	g->facts = GUEST_INSPECTED | GUEST_BALLOON;
	g->seen.maximum = g->seen.actual = g->sold = ceiling;
	g->period = SECOND;
	g->seen.swap_out =
		4096; /* it has swap: neither margin nor limit are those of the unwarned */
	s->real[i] = (struct scene_guest){ .need = need, .overhead = 64 * MiB, .touched = ceiling };
	snapshot_seal(&s->snapshot);
	return i;
}

void scene_add_many(struct scene *s, unsigned n, uint64_t ceiling, uint64_t need)
{
	for (unsigned i = 0; i < n; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "g%02zu", s->snapshot.n_guests);
		scene_add(s, name, ceiling, need);
	}
}

void scene_without_swap(struct scene *s, size_t i)
{
	s->guests[i].seen.swap_in = s->guests[i].seen.swap_out = 0;
}

/* What it was asked to have last; others may have come and gone since. */
static uint64_t asked_to_have(const struct scene *s, const struct guest *g)
{
	for (size_t i = 0; i < s->history.n_guests; i++)
		if (strcmp(s->history.guests[i].uuid, g->uuid) == 0)
			return s->history.guests[i].target;
	return g->seen.actual;
}

static void move_balloon(struct scene *s, size_t i, usec_t elapsed)
{
	struct guest *g = &s->guests[i];
	uint64_t target = asked_to_have(s, g);
	uint64_t most = s->real[i].slowness ? s->real[i].slowness * elapsed / SECOND : UINT64_MAX;

	if (s->real[i].stuck || s->dry_run || target == BALLOOND_UNKNOWN)
		return;
	/* A balloon cannot take what the guest needs. */
	if (target < g->seen.actual)
		g->seen.actual -= balloond_min(most,
					       g->seen.actual -
						       balloond_clamp(target,
								      balloond_min(s->real[i].need,
										   g->seen.actual),
								      UINT64_MAX));
	else
		g->seen.actual += balloond_min(most, target - g->seen.actual);
}

static void report(struct scene *s, size_t i)
{
	struct guest *g = &s->guests[i];
	struct scene_guest *real = &s->real[i];

	real->touched = balloond_min(real->touched, g->seen.actual);
	real->touched = balloond_max(real->touched,
				     balloond_min(real->need + real->cache, g->seen.actual));
	g->seen.resident = real->touched + real->overhead;
	g->swept = s->snapshot.now;
	if (real->silent) {
		g->seen.stats_age = g->seen.stats_age == BALLOOND_UNKNOWN
					    ? BALLOOND_UNKNOWN
					    : g->seen.stats_age + SECOND;
		return;
	}
	/* With deflate-on-OOM ballooned pages count as used memory: the total stays. */
	g->seen.total = (g->facts & GUEST_AUTODEFLATE ? g->seen.maximum : g->seen.actual) -
			32 * MiB;
	g->seen.usable = balloond_sub(g->seen.actual, real->need);
	g->seen.stats_age = 0;
	g->stamp = s->snapshot.now;
}

void scene_pass(struct scene *s, usec_t elapsed)
{
	uint64_t resident = 0;

	s->snapshot.now += elapsed;
	for (size_t i = 0; i < s->snapshot.n_guests; i++) {
		move_balloon(s, i, elapsed);
		report(s, i);
		resident += s->guests[i].seen.resident;
	}
	s->snapshot.host.seen.available = balloond_sub(s->snapshot.host.seen.total,
						       resident + s->host_other);
}

/* As io/config-policy.c: what comes behind it in an array is aligned for anything. */
static size_t largest(size_t size, size_t other)
{
	return balloond_max(size, balloond_round_up(other, _Alignof(max_align_t)));
}

/* The largest of what the configuration's policies want. */
static void scene_sizes(struct config *config)
{
	config->state_size = config->rule_state_size = config->scratch_size = 0;
	config->n_gates = 0;
	for (size_t i = 0; i < config_count_rules(config); i++) {
		const struct rule *rule = config_rule(config, i);
		const struct balloond_policy *p = rule->policy;

		config->state_size = largest(config->state_size, p->state_size);
		config->rule_state_size = largest(config->rule_state_size, p->rule_state_size);
		config->scratch_size = largest(config->scratch_size, p->scratch_size);
		ck_assert_uint_le(balloond_max(config->state_size, config->rule_state_size),
				  SCENE_STATE_MAX);
		ck_assert_uint_le(config->scratch_size, SCENE_STATE_MAX);
		if (i < config->n_rules && rule->when.n > 0)
			config->rules[i].gate = config->n_gates++;
	}
}

static void scene_lay_out(struct scene *s)
{
	struct history *h = &s->history;
	size_t n_slots;

	scene_sizes(&s->config);
	ck_assert_uint_le(config_count_rules(&s->config), SCENE_RULES_MAX);
	n_slots = history_count_slots(&s->config);
	if (h->state_size == s->config.state_size && h->n_gates == s->config.n_gates &&
	    h->n_slots == n_slots && h->rule_state_size == s->config.rule_state_size)
		return;
	h->state_size = s->config.state_size;
	h->n_gates = s->config.n_gates;
	h->n_slots = n_slots;
	h->rule_state_size = s->config.rule_state_size;
	h->n_rules = 0;
	ck_assert_uint_le(history_row_size(h), SCENE_ROW_MAX);
	memset(s->rows, 0, sizeof(s->rows));
}

void scene_plan(struct scene *s)
{
	scene_lay_out(s);
	planner_run(&s->config, &s->snapshot, &s->history, s->dry_run, &s->plan);
	if (s->unchecked)
		return;
	scene_check_plan(s);
	s->n_plans++;
}

void scene_tick(struct scene *s, usec_t elapsed)
{
	scene_pass(s, elapsed);
	scene_plan(s);
}

void scene_run(struct scene *s, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++)
		scene_tick(s, SECOND);
}

const struct verdict *scene_verdict(const struct scene *s, size_t i)
{
	return &s->plan.verdicts[i];
}
