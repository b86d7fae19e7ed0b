/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* step: moves each guest by a share of its size, again and again while its rule holds.
 *
 *   size
 *   100 % |--.
 *         |  '--.                  shrink: 5%, every: 10s
 *         |     '--.
 *         |        '-------------  what it uses, and keep: no step leads below
 *         +---------------------->
 *         0  10  20  30 s
 *
 * The verb for rules with a condition: "while the host is short, shrink these".  It has no aim of
 * its own; what ends it is its condition, the floor or the ceiling, and what the guest uses.
 *
 * Steps follow the clock, not the tick: an event that wakes balloond early makes nobody smaller.
 * A beat that was missed is not made up.  Between two beats the size that the step leads to stays
 * proposed, since the guard may need several ticks for it; what it did not allow by the next beat
 * is forgotten, so that steps that nobody needed do not pile up.
 *
 * A policy that only shrinks leaves the starving alone with those that have (MOM's does, between
 * its two lines).  So a guest that has used up half of what it is to keep gets it back at once. */

#include "balloond/policy-math.h"
#include "balloond/policy.h"

enum {
	REASON_STEPPING,
	REASON_LEAST,
	REASON_FLOOR,
	REASON_CEILING,
	REASON_RELIEVED,
	REASON_SWAPPING,
	REASON_UNKNOWN,
};

static const char *const reasons[] = {
	[REASON_STEPPING] = "its rule moves it step by step",
	[REASON_LEAST] = "it has no more than it uses and is to keep",
	[REASON_FLOOR] = "it is at its floor",
	[REASON_CEILING] = "it is at its ceiling",
	[REASON_RELIEVED] = "it has used up half of what it is to keep",
	[REASON_SWAPPING] = "it swaps in or did so a moment ago: it is not shrunk",
	[REASON_UNKNOWN] = "what it uses is not known: it is not shrunk",
};

enum { FIGURE_HEADROOM, FIGURE_LEAST, FIGURE_NEXT };

static const struct balloond_figure figures[] = {
	[FIGURE_HEADROOM] = { "headroom", BALLOOND_BYTES },
	[FIGURE_LEAST] = { "least", BALLOOND_BYTES },
	[FIGURE_NEXT] = { "next-step", BALLOOND_USEC },
};

struct params {
	uint64_t shrink, grow; /* permille of the size */
	uint64_t every;
	uint64_t keep; /* permille of the size */
};

static const struct balloond_param params_table[] = {
	{ "shrink", BALLOOND_PERMILLE, offsetof(struct params, shrink), "5%", "0%", "50%",
	  "A guest is shrunk by this share of its size at every step; 0% where it is to grow" },
	{ "grow", BALLOOND_PERMILLE, offsetof(struct params, grow), "0%", "0%", "100%",
	  "A guest grows by this share of its size at every step, with shrink at 0%" },
	{ "every", BALLOOND_USEC, offsetof(struct params, every), "10s", "1s", "1h",
	  "The time from one step to the next" },
	{ "keep", BALLOOND_PERMILLE, offsetof(struct params, keep), "10%", "1%", "80%",
	  "No step leaves a guest less than this share of its size beside what it uses" },
};

struct state {
	uint64_t stepped; /* the beat of the last step, 0: none yet */
	uint64_t goal;    /* the size that it leads to */
	uint64_t sample;  /* the last one looked at */
	uint64_t swap_in; /* of that sample */
};

static const char *check(const void *p)
{
	const struct params *params = p;

	if (params->shrink > 0 && params->grow > 0)
		return "shrink and grow exclude each other: set one of them to 0%";
	if (params->shrink == 0 && params->grow == 0)
		return "one of shrink and grow must be more than 0%";
	return NULL;
}

/* Whether the guest swapped in since the sample before.  A tick without a new sample says no, and
 * so does one after samples that were missed while another rule held. */
static int swapped_in(const struct balloond_guest *g, struct state *state)
{
	int swapped = state->sample > 0 && g->sample == state->sample + 1 &&
		      g->swap_in != BALLOOND_UNKNOWN && state->swap_in != BALLOOND_UNKNOWN &&
		      g->swap_in >= balloond_add(state->swap_in, BALLOOND_MIB);

	state->sample = g->sample;
	state->swap_in = g->swap_in;
	return swapped;
}

/* Whether a step is due, and if so notes it.  The beat stays as it was, whenever the tick comes. */
static int step_is_due(uint64_t now, uint64_t every, struct state *state)
{
	uint64_t since = balloond_sub(now, state->stepped);

	if (state->stepped != 0 && since < every)
		return 0;
	if (state->stepped != 0 && since - every < every)
		state->stepped += every;
	else
		state->stepped = now;
	return 1;
}

/* What the guard's dead band holds back: closer than this is there. */
static uint64_t trifle(const struct balloond_guest *g)
{
	return balloond_max(8 * BALLOOND_MIB, balloond_permille(g->ceiling, 5));
}

/* The size that the guest is on its way to.  Steps too small to be taken add up until they are
 * twice as large. */
static uint64_t lead(const struct balloond_guest *g, const struct params *p, uint64_t now,
		     uint64_t size, struct state *state)
{
	uint64_t share = balloond_permille(size, p->shrink > 0 ? p->shrink : p->grow);
	uint64_t reach = balloond_max(share, 2 * trifle(g));
	uint64_t lowest = p->shrink > 0 ? balloond_sub(size, reach) : size;
	uint64_t highest = p->shrink > 0 ? size : balloond_add(size, reach);

	/* Somebody else has moved it: the next step begins there. */
	if (state->goal < lowest || state->goal > highest)
		state->goal = size;
	if (step_is_due(now, p->every, state)) {
		uint64_t next = p->shrink > 0 ? balloond_sub(state->goal, share)
					      : balloond_add(state->goal, share);

		state->goal = balloond_clamp(next, lowest, highest);
	}
	return state->goal;
}

static void shrink(const struct balloond_guest *g, uint64_t least, uint64_t goal, int swapped,
		   struct state *state, struct balloond_target *t)
{
	uint64_t size = t->bytes;

	if (g->used == BALLOOND_UNKNOWN || g->flags & (BALLOOND_GUEST_STALE | BALLOOND_GUEST_BLIND))
		t->reason = REASON_UNKNOWN;
	else if (swapped || g->flags & BALLOOND_GUEST_COOLING)
		t->reason = REASON_SWAPPING;
	else if (size <= balloond_add(g->floor, trifle(g)))
		t->reason = REASON_FLOOR;
	else if (size <= balloond_add(least, trifle(g)))
		t->reason = REASON_LEAST;
	else
		t->reason = REASON_STEPPING;
	if (t->reason == REASON_STEPPING)
		t->bytes = balloond_clamp(goal, balloond_max(g->floor, least), size);
	else
		state->goal = size;
}

static void grow(const struct balloond_guest *g, uint64_t goal, struct balloond_target *t)
{
	t->reason = t->bytes < g->ceiling ? REASON_STEPPING : REASON_CEILING;
	t->bytes = balloond_max(t->bytes, balloond_min(goal, g->ceiling));
}

static void propose_one(const struct balloond_guest *g, const struct params *p, uint64_t now,
			struct state *state, struct balloond_target *t)
{
	uint64_t size = t->bytes, least = balloond_whole(g->used, 1000 - p->keep);
	uint64_t headroom = balloond_sub(size, g->used);
	uint64_t goal = lead(g, p, now, size, state);
	int swapped = swapped_in(g, state), is_known = g->used != BALLOOND_UNKNOWN;

	if (p->shrink > 0)
		shrink(g, least, goal, swapped, state, t);
	else
		grow(g, goal, t);
	if (is_known && headroom < balloond_permille(size, p->keep) / 2 && least > t->bytes) {
		t->reason = REASON_RELIEVED;
		t->bytes = least;
	}
	t->claim = t->bytes;
	/* What it shows is not all that a swapping guest needs: nothing of it is lent. */
	if (is_known && !swapped && !(g->flags & BALLOOND_GUEST_COOLING))
		t->claim = balloond_min(t->bytes, least);
	if (!is_known)
		return;
	t->n_figures = 3;
	t->figure[FIGURE_HEADROOM] = headroom;
	t->figure[FIGURE_LEAST] = least;
	t->figure[FIGURE_NEXT] = balloond_sub(p->every, balloond_sub(now, state->stepped));
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	for (size_t i = 0; i < view->n_guests; i++)
		propose_one(view->guests[i], params, view->now, states[i], &targets[i]);
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "step",
	.summary = "Moves each guest by a share of its size, again and again while its rule holds",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.state_size = sizeof(struct state),
	.state_version = 1,
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.check = check,
	.propose = propose,
};
