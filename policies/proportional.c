/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* proportional: every guest at the same fraction of its range, as large as the pool allows.
 *
 *   size = floor + min(1, level x shares) x (ceiling - floor)
 *
 *   ceiling  ---            ---
 *             |              |     ---       One level for all, so high that the sizes fill what
 *             +- 60 %        |      |        there is.  With equal shares that is the same
 *             |              +-     +- 60 %  fraction for everybody; with twice the shares twice
 *   floor    ---             |     ---       the fraction, until the ceiling is reached.
 *                           ---
 *
 * It asks no guest for anything: this is for guests that report nothing, such as Xen's, whose
 * toolstack does the same (squeezed).  So it is blind for need as well: an idle guest has as much
 * as a busy one.
 *
 * What there is comes in charges: a size, and the overhead of the guest's process, which is what
 * the charge has above the size.  A guest that may not be shrunk now counts with what it has, or
 * the others would be promised memory that does not come.
 *
 * Growth is at once.  Shrinking goes by at most one step in 10 s, and sizes follow only what
 * differs by more than a dead band: a pool that breathes moves nobody.  Each guest has a band of
 * its own.  With one for the host, as Proxmox has it, a guest at its floor waits for ever while
 * the host as a whole is near its aim. */

#include "balloond/policy-math.h"
#include "balloond/policy.h"

enum {
	REASON_THERE,
	REASON_LARGER,
	REASON_SMALLER,
	REASON_FLOORS,
};

static const char *const reasons[] = {
	[REASON_THERE] = "it has its part of what there is",
	[REASON_LARGER] = "its part of what there is is larger than its size",
	[REASON_SMALLER] = "its part of what there is is smaller than its size",
	[REASON_FLOORS] = "there is no more than what the guests of its rule are owed",
};

enum { FIGURE_PART, FIGURE_FRACTION };

static const struct balloond_figure figures[] = {
	[FIGURE_PART] = { "part", BALLOOND_BYTES },
	[FIGURE_FRACTION] = { "fraction", BALLOOND_PERMILLE },
};

#define PERIOD (10 * BALLOOND_SECOND)
#define DEAD_BAND 20u /* permille of the ceiling */
/* Of used, beside it: what a guest is said to need where that is known. */
#define CLAIM_ABOVE_USED 100u /* permille */

/* Levels have LEVEL_BITS of fraction: finer than a page of a guest of any size, and level x shares
 * fits into 64 bits. */
#define LEVEL_BITS 43u
#define SHARES_MAX 1000000u

struct params {
	uint64_t fill; /* permille of the capacity */
	uint64_t step; /* permille of the ceiling, in 10 s */
};

static const struct balloond_param params_table[] = {
	{ "fill", BALLOOND_PERMILLE, offsetof(struct params, fill), "95%", "10%", "100%",
	  "The guests together are given this share of what they may hold" },
	{ "step", BALLOOND_PERMILLE, offsetof(struct params, step), "10%", "1%", "100%",
	  "No guest is shrunk by more than this share of its ceiling in 10 seconds" },
};

struct state {
	uint64_t stepped; /* when the last step began, 0: never */
	uint64_t lowest;  /* the size that it may lead to */
	uint64_t shrinks; /* on the way to its part: not only to the edge of the dead band */
};

/* What the guest has in any case. */
static uint64_t owed(const struct balloond_guest *g)
{
	if (g->flags & BALLOOND_GUEST_MAY_SHRINK)
		return g->floor;
	return balloond_max(g->floor, g->target);
}

static uint64_t size_at(const struct balloond_guest *g, uint64_t level)
{
	uint64_t range = balloond_sub(g->ceiling, g->floor);
	uint64_t shares = balloond_clamp(g->shares, 1, SHARES_MAX);
	__extension__ unsigned __int128 above = (unsigned __int128)range * (level * shares);

	above >>= LEVEL_BITS;
	return balloond_max(owed(g), g->floor + (above < range ? (uint64_t)above : range));
}

static uint64_t sum_at(const struct balloond_view *view, uint64_t level)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < view->n_guests; i++)
		sum = balloond_add(sum, size_at(view->guests[i], level));
	return sum;
}

/* What the sizes may add up to. */
static uint64_t room(const struct balloond_view *view, const struct params *p)
{
	uint64_t left = balloond_permille(view->capacity, p->fill);

	for (size_t i = 0; i < view->n_guests; i++) {
		const struct balloond_guest *g = view->guests[i];

		left = balloond_sub(left,
				    balloond_sub(g->charge, balloond_max(g->target, g->actual)));
	}
	return left;
}

/* The highest level whose sizes fit.  What rounding leaves is given to nobody: guests that are
 * alike stay alike. */
static uint64_t find_level(const struct balloond_view *view, uint64_t capacity)
{
	uint64_t level = 0;

	for (unsigned bit = LEVEL_BITS + 1; bit-- > 0;) {
		uint64_t next = level | UINT64_C(1) << bit;

		if (sum_at(view, next) <= capacity)
			level = next;
	}
	return level;
}

/* What the guard's dead band holds back: closer than this is there. */
static uint64_t trifle(const struct balloond_guest *g)
{
	return balloond_max(8 * BALLOOND_MIB, balloond_permille(g->ceiling, 5));
}

/* The least size that one step leads to. */
static uint64_t lowest_now(const struct balloond_guest *g, const struct params *p, uint64_t now,
			   uint64_t size, struct state *state)
{
	uint64_t step = balloond_max(balloond_permille(g->ceiling, p->step), 2 * trifle(g));
	uint64_t below = balloond_sub(size, step);

	if (state->stepped == 0 || balloond_sub(now, state->stepped) >= PERIOD) {
		state->stepped = now;
		state->lowest = below;
	}
	/* A guest that has grown meanwhile begins from there. */
	state->lowest = balloond_max(state->lowest, below);
	return state->lowest;
}

static void propose_one(const struct balloond_guest *g, const struct params *p, uint64_t now,
			uint64_t level, struct state *state, struct balloond_target *t)
{
	uint64_t size = t->bytes, part = size_at(g, level);
	uint64_t band = balloond_permille(g->ceiling, DEAD_BAND);
	uint64_t range = balloond_sub(g->ceiling, g->floor);

	if (size < balloond_add(part, trifle(g)))
		state->shrinks = 0;
	else if (size > balloond_add(part, band))
		state->shrinks = 1;
	t->reason = level > 0 ? REASON_THERE : REASON_FLOORS;
	if (part > size && (part - size > band || part >= g->ceiling)) {
		t->reason = REASON_LARGER;
		t->bytes = part;
	} else if (state->shrinks) {
		t->reason = level > 0 ? REASON_SMALLER : REASON_FLOORS;
		t->bytes = balloond_clamp(lowest_now(g, p, now, size, state), part, size);
	}
	t->claim = t->bytes;
	if (g->used != BALLOOND_UNKNOWN && !(g->flags & BALLOOND_GUEST_COOLING))
		t->claim = balloond_min(t->bytes,
					balloond_add(g->used,
						     balloond_permille(g->used, CLAIM_ABOVE_USED)));
	t->n_figures = 2;
	t->figure[FIGURE_PART] = part;
	t->figure[FIGURE_FRACTION] = balloond_mul_div(balloond_min(part - g->floor, range), 1000,
						      balloond_max(range, 1));
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	uint64_t level = find_level(view, room(view, params));

	for (size_t i = 0; i < view->n_guests; i++)
		propose_one(view->guests[i], params, view->now, level, states[i], &targets[i]);
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "proportional",
	.summary = "Keeps every guest at the same fraction of its range, whatever it uses",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.state_size = sizeof(struct state),
	.state_version = 1,
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.propose = propose,
};
