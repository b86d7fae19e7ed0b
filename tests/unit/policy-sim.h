/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A few guests over simulated time, for tests of one policy: they follow what it proposes as far as
 * a guard would let them, and report once a second. */

#include "tests/unit/policy-checks.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND

#define SIM_MARGIN (32 * MiB)
#define SIM_SHRINK (256 * MiB) /* a second */

/* What a guest really is, behind what it reports. */
struct sim_guest {
	uint64_t need;     /* what it uses; below it, it swaps */
	uint64_t hot;      /* page cache that it reads again and again */
	uint64_t cache;    /* all its page cache, as far as there is room */
	uint64_t reads;    /* what it reads from disk in any case, bytes a second */
	uint64_t faults;   /* major faults a second for each MiB that it is short of need + hot */
	uint64_t overhead; /* of its process */
	uint64_t touched;  /* most of its memory that the host ever had to back */

	/* how it fared */
	uint64_t lowest;         /* smallest size */
	uint64_t last_turn;      /* when it was last moved the other way */
	unsigned n_moves, turns; /* of its target, and how often the other way than before */
	int direction;
};

struct sim {
	struct policy_view v;
	struct sim_guest real[POLICY_GUESTS];
	const void *params;
	uint64_t sampled; /* when they last reported */
	int is_held;      /* nobody is moved, whatever is proposed */
};

static inline void sim_init(struct sim *s, const void *params)
{
	memset(s, 0, sizeof(*s));
	s->params = params;
	s->v.view.now = 1000 * SECOND;
	s->v.host.some_avg10 = s->v.host.full_avg10 = BALLOOND_UNKNOWN;
}

/* A guest that has all of its ceiling, has touched it, and reports everything. */
static inline size_t sim_add(struct sim *s, uint64_t ceiling, uint64_t need)
{
	size_t i = s->v.view.n_guests++;

	s->v.guests[i] = (struct balloond_guest){
		.uuid = "u",
		.name = "g",
		.floor = ceiling / 16,
		.ceiling = ceiling,
		.maximum = ceiling,
		.target = ceiling,
		.actual = ceiling,
		.used = need,
		.usable = balloond_sub(ceiling, need),
		.unused = balloond_sub(ceiling, need),
		.resident = ceiling,
		.charge = ceiling,
		.shares = 1000,
		.flags = BALLOOND_GUEST_MAY_GROW | BALLOOND_GUEST_MAY_SHRINK,
	};
	s->real[i] = (struct sim_guest){ .need = need, .touched = ceiling, .lowest = ceiling };
	return i;
}

static inline void sim_count(uint64_t *counter, uint64_t more)
{
	if (*counter != BALLOOND_UNKNOWN)
		*counter += more;
}

/* The sample of one second. */
static inline void sim_report(struct sim *s, size_t i)
{
	struct balloond_guest *g = &s->v.guests[i];
	const struct sim_guest *real = &s->real[i];
	uint64_t is_short = balloond_sub(real->need + real->hot, g->actual);
	uint64_t used = balloond_min(real->need, g->actual);

	g->sample++;
	g->sample_elapsed = SECOND;
	g->used = used;
	g->usable = g->actual - used;
	g->unused = balloond_sub(g->usable, real->cache);
	/* What it is short of is read again within four seconds. */
	sim_count(&g->swap_in, balloond_sub(real->need, g->actual) / 4);
	sim_count(&g->major_faults, real->faults * (is_short / MiB));
	sim_count(&g->disk_reads, real->reads + is_short / 4);
}

/* As the guard would: within bounds, above what it uses, slowly down, nothing trivial. */
static inline void sim_follow(struct sim *s, size_t i, uint64_t elapsed)
{
	struct balloond_guest *g = &s->v.guests[i];
	struct sim_guest *real = &s->real[i];
	uint64_t old = g->target,
		 size = balloond_clamp(s->v.targets[i].bytes, g->floor, g->ceiling);
	uint64_t band = balloond_max(8 * MiB, g->ceiling / 200);
	uint64_t limit = balloond_max(band, SIM_SHRINK * elapsed / SECOND);
	int direction = size < old ? -1 : 1;

	if (size < old && g->used != BALLOOND_UNKNOWN)
		size = balloond_clamp(size, balloond_min(old, g->used + SIM_MARGIN), old);
	if ((size < old ? old - size : size - old) < band || s->is_held)
		return;
	/* What is left for the next tick is no less than the band, which would keep it for ever. */
	if (size < old && old - size > limit)
		size = balloond_max(balloond_sub(old, limit), balloond_add(size, band));
	g->target = size;
	real->n_moves++;
	if (real->direction != 0 && real->direction != direction) {
		real->turns++;
		real->last_turn = s->v.view.now;
	}
	real->direction = direction;
	real->lowest = balloond_min(real->lowest, size);
}

static inline void sim_tick(struct sim *s, uint64_t elapsed)
{
	int is_sampled = s->v.view.now + elapsed - s->sampled >= SECOND;

	s->v.view.now += elapsed;
	s->v.view.elapsed = elapsed;
	if (is_sampled)
		s->sampled = s->v.view.now;
	for (size_t i = 0; i < s->v.view.n_guests; i++) {
		struct balloond_guest *g = &s->v.guests[i];
		struct sim_guest *real = &s->real[i];

		g->actual = g->target;
		real->touched = balloond_max(balloond_min(real->touched, g->actual),
					     balloond_min(real->need + real->cache, g->actual));
		g->resident = real->touched;
		g->charge = g->actual + real->overhead;
		if (is_sampled && !(g->flags & BALLOOND_GUEST_BLIND))
			sim_report(s, i);
	}
	policy_ask(&s->v, s->params);
	for (size_t i = 0; i < s->v.view.n_guests; i++)
		sim_follow(s, i, elapsed);
}

static inline void sim_run(struct sim *s, uint64_t tick, uint64_t length)
{
	for (uint64_t t = 0; t < length; t += tick)
		sim_tick(s, tick);
}
