/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* proxmox: what Proxmox VE's pvestatd does with PVE::AutoBalloon (science, 8.3; peers, 2).
 *
 * Every 10 s the host's use is brought nearer to 80 % of its memory: what is missing to that goes
 * to the guests without free memory of their own ("poor"), what is above it is taken from those
 * that have some ("rich"), and from or to all where that moved nothing.  Each guest is moved
 * towards its part by shares of what all have above their minimums, by 100 MiB at most.
 *
 * Every figure is of its source: 10 s, 80 %, 100 MiB a guest and cycle, nothing within +-10 MiB,
 * and a guest is rich whose free memory is above a quarter of its minimum.
 *
 * How inputs map: the host uses total - available; free memory of a guest is its MemFree (without
 * its cache); balloon is actual; the minimum is the floor, and a guest without one (floor 0) is
 * never moved, as a guest of Proxmox whose configuration says no minimum.  Shares of 0 and locks
 * for migration do not exist here. */

#include "tests/bench/opponents/opponent.h"

enum { REASON_ALONE, REASON_NEAR, REASON_NO_MIN, REASON_POOR, REASON_RICH };

static const char *const reasons[] = {
	[REASON_ALONE] = "it is looked at every few seconds, as its host is",
	[REASON_NEAR] = "the host uses about what it is meant to",
	[REASON_NO_MIN] = "it has no minimum, or tells no size: it is not managed",
	[REASON_POOR] = "it has little free memory of its own",
	[REASON_RICH] = "it has free memory of its own",
};

enum { FIGURE_GOAL };

/* How far the host is from its aim, whichever way. */
static const struct balloond_figure figures[] = {
	[FIGURE_GOAL] = { "to-move", BALLOOND_BYTES },
};

#define AIM 800u /* permille of the host that is used */
#define RICH 4u  /* minimum / free memory */
#define DEAD_BAND ((int64_t)(10 * BALLOOND_MIB))
/* The source's loop ends when nothing changes any more; rounding makes that certain here. */
#define ROUNDS 100u

struct params {
	uint64_t every;
	uint64_t step; /* bytes */
};

static const struct balloond_param params_table[] = {
	{ "every", BALLOOND_USEC, offsetof(struct params, every), "10s", "1s", "1h",
	  "The time from one look at the host to the next" },
	{ "step", BALLOOND_BYTES, offsetof(struct params, step), "100MiB", "1MiB", "1TiB",
	  "No guest is moved by more than this at a time" },
};

struct rule_state {
	uint64_t beat;
};

/* One guest of a round. */
struct entry {
	int64_t size, min, max; /* as found, bytes */
	int64_t next;           /* the size that it is going to have */
	uint64_t shares;
	uint32_t is_managed, is_poor, is_moved, is_done;
};

static struct entry entry_of(const struct balloond_guest *g)
{
	struct entry e = {
		.size = (int64_t)balloond_min(g->actual, SIZE_SANE),
		.min = (int64_t)balloond_min(g->floor, SIZE_SANE),
		.max = (int64_t)balloond_clamp(g->ceiling, g->floor, SIZE_SANE),
		.shares = balloond_max(g->shares, 1),
		.is_managed = is_sized(g) && g->floor > 0,
	};
	int is_rich = g->unused != BALLOOND_UNKNOWN && g->unused > g->floor / RICH &&
		      g->actual >= g->floor;

	e.max = e.max < e.min ? e.min : e.max;
	e.next = e.size;
	e.is_poor = !is_rich;
	return e;
}

enum who { ALL, POOR, RICH_ONES };

static int takes_part(const struct entry *e, enum who who)
{
	return e->is_managed && !e->is_done && (who == ALL || e->is_poor == (who == POOR));
}

/* Its part of what all have above their minimums, which may be less than nothing. */
static int64_t part(int64_t whole, uint64_t shares, uint64_t all_shares)
{
	uint64_t x = balloond_mul_div((uint64_t)(whole < 0 ? -whole : whole), shares, all_shares);

	return whole < 0 ? -(int64_t)x : (int64_t)x;
}

/* Moves one guest towards its part: whether it was cut to its bounds, or moved, by how much. */
static int move_one(struct entry *e, int64_t desired, int64_t step, int grows, int64_t *moved)
{
	int again = desired < e->min || desired > e->max;
	int64_t before = e->next;

	desired = desired < e->min ? e->min : desired > e->max ? e->max : desired;
	if (grows && desired > e->size) {
		e->next = e->size + step < desired ? e->size + step : desired;
	} else if (desired < e->size) {
		/* In a round that grows as well. */
		e->next = e->size - step > desired ? e->size - step : desired;
	} else {
		e->is_done = 1;
		return again;
	}
	e->is_moved = 1;
	*moved += e->next - before;
	return again || e->next != before;
}

/* Hands out `bytes`, or takes them; returns what is left of them. */
static int64_t change(struct entry *entries, size_t n, enum who who, int64_t bytes, int64_t step)
{
	int64_t rest = bytes;
	int again = 1, progress = 1;

	for (size_t i = 0; i < n; i++)
		entries[i].is_done = 0;
	for (unsigned round = 0; rest != 0 && again && progress && round < ROUNDS; round++) {
		int64_t above = rest, moved = 0;
		uint64_t shares = 0;

		again = progress = 0;
		for (size_t i = 0; i < n; i++) {
			if (!takes_part(&entries[i], who))
				continue;
			above += entries[i].next - entries[i].min;
			shares += entries[i].shares;
		}
		for (size_t i = 0; i < n; i++) {
			struct entry *e = &entries[i];
			int64_t before = e->next;

			if (!takes_part(e, who))
				continue;
			again |= move_one(e, e->min + part(above, e->shares, shares), step,
					  bytes > 0, &moved);
			progress |= e->next != before;
		}
		rest -= moved;
	}
	return rest;
}

static void divide(struct entry *entries, size_t n, int64_t goal, int64_t step)
{
	int64_t rest = change(entries, n, goal > 0 ? POOR : RICH_ONES, goal, step);

	/* No progress: all of them then. */
	if (goal > 0 ? rest >= goal : rest <= goal)
		(void)change(entries, n, ALL, rest, step);
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	const struct params *p = params;
	struct rule_state *rule = view->rule_state;
	struct entry *entries = view->scratch;
	uint64_t total = balloond_min(view->host->total, SIZE_SANE);
	uint64_t used = balloond_sub(total, balloond_min(view->host->available, total));
	int64_t goal = (int64_t)balloond_permille(total, AIM) - (int64_t)used;

	(void)states;
	if (!beat_is_due(view->now, p->every, &rule->beat)) {
		for (size_t i = 0; i < view->n_guests; i++)
			targets[i].reason = REASON_ALONE;
		return;
	}
	for (size_t i = 0; i < view->n_guests; i++)
		entries[i] = entry_of(view->guests[i]);
	if (goal > DEAD_BAND || goal < -DEAD_BAND)
		divide(entries, view->n_guests, goal, (int64_t)balloond_min(p->step, SIZE_SANE));
	for (size_t i = 0; i < view->n_guests; i++) {
		const struct entry *e = &entries[i];
		struct balloond_target *t = &targets[i];

		t->reason = !e->is_managed ? REASON_NO_MIN : e->is_poor ? REASON_POOR : REASON_RICH;
		if (e->is_managed && goal <= DEAD_BAND && goal >= -DEAD_BAND)
			t->reason = REASON_NEAR;
		t->n_figures = 1;
		t->figure[FIGURE_GOAL] = (uint64_t)(goal < 0 ? -goal : goal);
		if (e->is_moved && e->next != e->size && e->next > 0)
			t->bytes = t->claim = (uint64_t)e->next;
	}
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "proxmox",
	.summary = "Keeps the host's use near a line, as Proxmox VE does",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.rule_state_size = sizeof(struct rule_state),
	.scratch_size = sizeof(struct entry),
	.state_version = 1,
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.propose = propose,
};
