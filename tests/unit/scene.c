/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/unit/scene.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "balloond/core/pool.h"
#include "balloond/policy-math.h"

uint64_t scene_proposal[SCENE_MAX], scene_claim[SCENE_MAX];

static const char *const reasons[] = { "the test says so" };

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	(void)params;
	(void)states;
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
	s->history.states = s->states[0];
	s->history.spare_states = s->states[1];
	s->history.rules = s->rule_memories;
	s->history.max_guests = SCENE_MAX;
	s->plan.verdicts = s->verdicts;
	s->plan.steps = s->steps;
	s->plan.fill = s->fill;
	s->plan.index = s->index;
	s->plan.key = s->key;
	s->plan.view = s->view;
	s->plan.targets = s->targets;
	s->plan.states = s->state_pointers;
	s->plan.max_guests = SCENE_MAX;
}

void scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	memset(scene_proposal, 0, sizeof(scene_proposal));
	memset(scene_claim, 0, sizeof(scene_claim));
	s->pattern[0] = (char *)"*";
	s->promise = (struct promise){
		.name = (char *)"all",
		.match = { s->pattern, 1 },
		.min = { AMOUNT_KERNEL, 0 },
		.shares = 1000,
	};
	s->rule = (struct rule){
		.name = (char *)"all",
		.match = { s->pattern, 1 },
		.policy = &scene_policy,
		.key = 1,
	};
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
	s->real[i] = (struct scene_guest){ .need = need, .overhead = 64 * MiB, .touched = ceiling };
	snapshot_seal(&s->snapshot);
	return i;
}

static void move_balloon(struct scene *s, size_t i, usec_t elapsed)
{
	struct guest *g = &s->guests[i];
	uint64_t target = i < s->history.n_guests ? s->history.guests[i].target : g->seen.actual;
	uint64_t most = s->real[i].slowness ? s->real[i].slowness * elapsed / SECOND : UINT64_MAX;

	if (s->real[i].stuck || s->dry_run)
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
	real->touched = balloond_max(real->touched, balloond_min(real->need, g->seen.actual));
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

static uint64_t charges_after(const struct scene *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->plan.n_verdicts; i++) {
		const struct verdict *v = &s->plan.verdicts[i];

		sum += pool_charge(&s->config.host, v, &s->history.guests[i],
				   balloond_max(v->target, v->guest.actual));
	}
	return sum;
}

static void check_step(const struct scene *s, const struct step *step)
{
	const struct verdict *v = &s->plan.verdicts[step->guest];
	uint64_t margin = s->plan.account.level == BALLOOND_LEVEL_CRITICAL ? 0 : v->margin;

	/* Relief of a guest below its floor may stop short of it, where there is no room. */
	if (step->to < step->from)
		ck_assert_uint_ge(step->to, v->guest.floor);
	ck_assert_uint_le(step->to, v->guest.ceiling);
	if (step->to < step->from && v->guest.used != BALLOOND_UNKNOWN)
		ck_assert_uint_ge(step->to, v->guest.used + margin);
	if (step->to < step->from)
		ck_assert(v->guest.flags & BALLOOND_GUEST_MAY_SHRINK);
	ck_assert_ptr_nonnull(v->rule);
	ck_assert_uint_eq(step->to, v->target);
}

void scene_plan(struct scene *s)
{
	enum phase phase = PHASE_FREE;

	planner_run(&s->config, &s->snapshot, &s->history, s->dry_run, &s->plan);
	ck_assert_uint_eq(s->plan.n_verdicts, s->snapshot.n_guests);
	if (s->unchecked)
		return;
	for (size_t k = 0; k < s->plan.n_steps; k++) {
		check_step(s, &s->plan.steps[k]);
		ck_assert_int_ge(s->plan.steps[k].phase, phase);
		phase = s->plan.steps[k].phase;
	}
	ck_assert_uint_le(charges_after(s),
			  balloond_max(s->plan.account.pool, s->plan.account.charged));
}

void scene_tick(struct scene *s, usec_t elapsed)
{
	scene_pass(s, elapsed);
	scene_plan(s);
}

const struct verdict *scene_verdict(const struct scene *s, size_t i)
{
	return &s->plan.verdicts[i];
}
