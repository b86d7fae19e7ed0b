/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/unit/chaos.h"

#include <stdio.h>
#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/random.h"

static bool likely(struct chaos *c, uint64_t one_of)
{
	return random_below(&c->seed, one_of) == 0;
}

static struct amount random_amount(struct chaos *c, uint64_t most)
{
	uint64_t bytes = random_below(&c->seed, most), permille = random_below(&c->seed, 1100);

	switch (random_below(&c->seed, 3)) {
	case 0:
		return (struct amount){ AMOUNT_BYTES, bytes };
	case 1:
		return (struct amount){ AMOUNT_PERMILLE, permille };
	default:
		return (struct amount){ AMOUNT_AUTO, 0 };
	}
}

static struct match random_match(struct chaos *c, size_t pattern)
{
	static const char *const patterns[] = { "*", "g0[0-3]", "g0[2-6]", "g1*", "*[13579]" };
	static char *tags[] = { (char *)"gold" };
	uint64_t which = random_below(&c->seed, 7);

	if (which == 5)
		return (struct match){ .texts = { [MATCH_TAG] = { tags, 1 } } };
	if (which == 6)
		return (struct match){ 0 };
	c->patterns[pattern][0] = (char *)(uintptr_t)patterns[which];
	return (struct match){ .texts = { [MATCH_NAME] = { c->patterns[pattern], 1 } } };
}

static void random_promise(struct chaos *c, size_t i)
{
	c->promises[i] = (struct promise){
		.name = (char *)"promise",
		.match = random_match(c, i),
		.min = random_amount(c, 3 * GiB),
		.min_is_set = likely(c, 2),
		.max = random_amount(c, 5 * GiB),
		.shares = 1 + (uint32_t)random_below(&c->seed, likely(c, 2) ? 1000000 : 3000),
		.priority = (int32_t)random_below(&c->seed, 21) - 10,
		.expendable = likely(c, 3),
		.dry_run = likely(c, 8),
	};
	if (likely(c, 3))
		c->promises[i].min.kind = AMOUNT_KERNEL;
}

static struct condition random_condition(struct chaos *c)
{
	enum metric metric = (enum metric)random_below(&c->seed, METRIC_MAX);
	bool is_share = metric_row(metric)->base && likely(c, 2);
	uint64_t edge = random_below(&c->seed, 1001);

	if (!is_share && metric_row(metric)->kind != METRIC_SHARE)
		edge = metric == METRIC_HOST_LEVEL ? edge % 4 : random_below(&c->seed, 12 * GiB);
	return (struct condition){
		.metric = metric,
		.above = likely(c, 2),
		.edge = { is_share ? AMOUNT_PERMILLE : AMOUNT_BYTES, edge },
	};
}

static const struct balloond_policy *random_policy(struct chaos *c)
{
	static const struct balloond_policy *const policies[] = { &scene_policy, &chaos_garbage,
								  &chaos_memory };

	return policies[random_below(&c->seed, 3)];
}

static void random_rule(struct chaos *c, size_t i)
{
	c->rules[i] = (struct rule){
		.name = (char *)"rule",
		.match = random_match(c, CHAOS_PROMISES + i),
		.policy = random_policy(c),
	};
	/* The same rule in another place, or with another policy, is another one. */
	c->rules[i].key = chaos_hash(c->rules[i].policy->name, i + 1);
	if (likely(c, 2))
		return;
	for (size_t k = 0; k < CHAOS_GATES; k++)
		c->conditions[i][k] = random_condition(c);
	c->rules[i].when = (struct when){
		.conditions = c->conditions[i],
		.n = 1 + random_below(&c->seed, CHAOS_GATES),
		.hold = random_below(&c->seed, 20 * SECOND),
	};
}

static void random_tenants(struct chaos *c)
{
	struct tenants *t = &c->scene.config.tenants;

	*t = (struct tenants){
		.allow = (uint32_t)random_below(&c->seed, 1u << TENANT_KEYS),
		.min_at_most = { AMOUNT_PERMILLE, random_below(&c->seed, 1001) },
		.shares_at_most = 1 + (uint32_t)random_below(&c->seed, 5000),
		.priority_at_most = (int32_t)random_below(&c->seed, 11),
		.rules = c->tenants,
		.n_rules = random_below(&c->seed, CHAOS_TENANTS + 1),
	};
	c->tenants[0] = (struct rule){ .policy = &chaos_garbage, .key = 1001 };
	c->tenants[1] = (struct rule){ .policy = &chaos_memory, .key = 1002 };
}

void chaos_configure(struct chaos *c)
{
	struct config *config = &c->scene.config;

	config->host.commit = likely(c, 2) ? COMMIT_ELASTIC : COMMIT_STRICT;
	config->host.pool = random_amount(c, 16 * GiB);
	config->host.reserve = random_amount(c, likely(c, 8) ? 1 : 2 * GiB);
	if (config->host.reserve.kind == AMOUNT_PERMILLE)
		config->host.reserve.value /= 8;
	config->host.shrink_guest = random_below(&c->seed, 1 * GiB);
	config->host.shrink_host = random_below(&c->seed, 2 * GiB);
	config->keep_stats_period = likely(c, 8);
	config->promises = c->promises;
	config->n_promises = random_below(&c->seed, CHAOS_PROMISES + 1);
	for (size_t i = 0; i < config->n_promises; i++)
		random_promise(c, i);
	config->rules = c->rules;
	config->n_rules = random_below(&c->seed, CHAOS_RULES + 1);
	for (size_t i = 0; i < config->n_rules; i++)
		random_rule(c, i);
	random_tenants(c);
}

static void random_wish(struct chaos *c, struct tenant_wish *wish)
{
	*wish = (struct tenant_wish){
		.given = (uint32_t)random_below(&c->seed, 1u << TENANT_KEYS),
		.unclear = likely(c, 4) ? 1u << random_below(&c->seed, TENANT_KEYS) : 0,
		.min = random_amount(c, 4 * GiB),
		.shares = (uint32_t)random_below(&c->seed, 10000),
		.priority = (int32_t)random_below(&c->seed, 41) - 20,
		.hold = likely(c, 2),
	};
	strcpy(wish->policy, likely(c, 2) ? chaos_garbage.name : chaos_memory.name);
}

/* Adds guest `k` at the end. */
static void add_guest(struct chaos *c, unsigned k, uint64_t ceiling)
{
	struct scene *s = &c->scene;
	char name[16];
	size_t i;

	(void)snprintf(name, sizeof(name), "g%02u", k);
	i = scene_add(s, name, ceiling, ceiling / 8);
	c->place[k] = i;
	if (k % 3 == 0)
		scene_without_swap(s, i);
	if (k % 4 == 1)
		strcpy(s->guests[i].labels.tags, "old gold");
	s->real[i].touched = ceiling / 2;
}

void chaos_init(struct chaos *c, uint64_t seed, uint64_t order)
{
	uint64_t ceilings[CHAOS_GUESTS];
	unsigned who[CHAOS_GUESTS];

	memset(c, 0, sizeof(*c));
	c->seed = seed | 1;
	scene_init(&c->scene);
	chaos_configure(c);
	c->n = 2 + (unsigned)random_below(&c->seed, CHAOS_GUESTS - 1);
	for (unsigned k = 0; k < c->n; k++) {
		ceilings[k] = (random_below(&c->seed, 3900) + 200) * MiB;
		who[k] = k;
	}
	for (unsigned k = c->n - 1; order && k > 0; k--) {
		unsigned other = (unsigned)random_below(&order, k + 1), kept = who[k];

		who[k] = who[other];
		who[other] = kept;
	}
	for (unsigned i = 0; i < c->n; i++)
		add_guest(c, who[i], ceilings[who[i]]);
}

static void leave(struct chaos *c, unsigned k)
{
	struct scene *s = &c->scene;
	size_t i = c->place[k], behind = --s->snapshot.n_guests - i;

	memmove(&s->guests[i], &s->guests[i + 1], behind * sizeof(s->guests[0]));
	memmove(&s->real[i], &s->real[i + 1], behind * sizeof(s->real[0]));
	for (unsigned other = 0; other < c->n; other++)
		if (c->place[other] != SCENE_MAX && c->place[other] > i)
			c->place[other]--;
	c->place[k] = SCENE_MAX;
	snapshot_seal(&s->snapshot);
}

void chaos_come_or_go(struct chaos *c)
{
	unsigned k = (unsigned)random_below(&c->seed, c->n);
	struct guest *last;

	if (c->place[k] != SCENE_MAX) {
		leave(c, k);
		return;
	}
	add_guest(c, k, (random_below(&c->seed, 3900) + 200) * MiB);
	/* A uuid of its own, behind all others. */
	last = &c->scene.guests[c->place[k]];
	(void)snprintf(last->uuid, sizeof(last->uuid), "%020llu-%02u",
		       (unsigned long long)c->scene.snapshot.now, k);
	last->booted = likely(c, 2) ? c->scene.snapshot.now : 0;
}

static void disturb_host(struct chaos *c)
{
	struct balloond_host *host = &c->scene.snapshot.host.seen;

	switch (random_below(&c->seed, 6)) {
	case 0:
		c->scene.host_other = random_below(&c->seed, likely(c, 8) ? 16 * GiB : 8 * GiB);
		break;
	case 1:
		c->scene.host_other = random_below(&c->seed, 2 * GiB);
		break;
	case 2:
		host->some_avg10 = likely(c, 4) ? BALLOOND_UNKNOWN : random_below(&c->seed, 3000);
		host->full_avg10 = likely(c, 4) ? BALLOOND_UNKNOWN : random_below(&c->seed, 2000);
		break;
	case 3:
		host->swap_in += random_below(&c->seed, 64 * MiB);
		host->swap_out += likely(c, 2) ? random_below(&c->seed, 64 * MiB) : 0;
		break;
	case 4:
		c->scene.snapshot.host.ksm_saved = random_below(&c->seed, 1 * GiB);
		break;
	default:
		host->swap_in = random_wide(&c->seed);
	}
}

static void disturb_figures(struct chaos *c, struct guest *g, struct scene_guest *real)
{
	switch (random_below(&c->seed, 8)) {
	case 0:
		real->need = random_below(&c->seed, g->seen.maximum);
		break;
	case 1:
		real->cache = random_below(&c->seed, g->seen.maximum);
		break;
	case 2:
		g->seen.swap_in = random_below(&c->seed, GiB);
		break;
	case 3:
		g->seen.major_faults += random_below(&c->seed, 1000);
		g->seen.disk_reads = random_wide(&c->seed);
		break;
	case 4:
		g->host_swap = random_below(&c->seed, g->seen.maximum);
		break;
	case 5: /* somebody else sets a size */
		g->seen.actual = balloond_clamp(random_below(&c->seed, g->seen.maximum), 16 * MiB,
						g->seen.maximum);
		break;
	case 6:
		g->sold = random_below(&c->seed, g->seen.maximum + GiB);
		break;
	default:
		real->slowness = likely(c, 2) ? 0 : random_below(&c->seed, GiB);
	}
}

static void disturb_guest(struct chaos *c, unsigned k)
{
	static const uint32_t facts[] = { GUEST_PAUSED,      GUEST_BUSY,      GUEST_LOST,
					  GUEST_AUTODEFLATE, GUEST_HUGEPAGES, GUEST_CONTAINER,
					  GUEST_STATS_GATED, GUEST_BALLOON,   GUEST_INSPECTED,
					  GUEST_HUNG };
	struct guest *g = &c->scene.guests[c->place[k]];
	struct scene_guest *real = &c->scene.real[c->place[k]];

	switch (random_below(&c->seed, 8)) {
	case 0:
		if (likely(c, 2))
			g->facts ^= facts[random_below(&c->seed, sizeof(facts) / sizeof(facts[0]))];
		break;
	case 1:
		g->facts = GUEST_INSPECTED | GUEST_BALLOON;
		break;
	case 2:
		if (likely(c, 4))
			g->booted = c->scene.snapshot.now;
		break;
	case 3:
		real->stuck = !real->stuck && likely(c, 2);
		real->silent = !real->silent && likely(c, 2);
		break;
	case 4:
		c->is_lost[k] = true;
		break;
	case 5:
		random_wish(c, &g->wish);
		break;
	case 6: /* a policy gone mad */
		c->proposals[k] = random_wide(&c->seed);
		c->claims[k] = random_wide(&c->seed);
		break;
	default:
		disturb_figures(c, g, real);
	}
}

void chaos_disturb(struct chaos *c)
{
	unsigned k = (unsigned)random_below(&c->seed, c->n);

	if (likely(c, 6))
		disturb_host(c);
	else if (c->place[k] != SCENE_MAX)
		disturb_guest(c, k);
}

void chaos_tick(struct chaos *c, usec_t elapsed)
{
	struct guest kept[CHAOS_GUESTS];

	scene_pass(&c->scene, elapsed);
	for (unsigned k = 0; k < c->n; k++) {
		struct guest *g = &c->scene.guests[c->place[k]];

		if (!c->is_lost[k] || c->place[k] == SCENE_MAX)
			continue;
		kept[k] = *g;
		g->seen.actual = g->seen.usable = g->seen.resident = BALLOOND_UNKNOWN;
	}
	memcpy(scene_proposal, c->proposals, sizeof(c->proposals));
	memcpy(scene_claim, c->claims, sizeof(c->claims));
	scene_plan(&c->scene);
	for (unsigned k = 0; k < c->n; k++) {
		if (c->is_lost[k] && c->place[k] != SCENE_MAX)
			c->scene.guests[c->place[k]].seen = kept[k].seen;
		c->is_lost[k] = false;
	}
}

const struct verdict *chaos_verdict(const struct chaos *c, unsigned guest)
{
	return c->place[guest] == SCENE_MAX ? NULL : scene_verdict(&c->scene, c->place[guest]);
}
