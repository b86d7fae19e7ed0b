/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* squeezed: xapi's memory balancer (science, 8.4; peers, 3).
 *
 *   target = min + fraction x (max - min), one fraction for all, as large as the host allows
 *
 * It asks no guest for anything.  First those are made smaller that are above their target; only
 * when all of them have arrived the others grow.  A guest that does not come nearer to its target
 * for 5 s is left out for the rest of that run, and kept from taking what was given to others.
 *
 * Every figure is of its source: a look every 10 s, every second while something moves, 5 s until
 * a guest counts as inactive, 4 KiB of tolerance a guest, 9 MiB that stay free, and nothing is
 * begun for less than 512 KiB.
 *
 * How inputs map: Xen backs each domain whole, so the host's free memory is the capacity less the
 * sum of all sizes; dynamic-min and -max are floor and ceiling.  Xen's hard limit of a domain has
 * no like here: an inactive guest's target is set to what that limit would be. */

#include "tests/bench/opponents/opponent.h"

enum { REASON_ALONE, REASON_FREES, REASON_WAITS, REASON_THERE, REASON_INACTIVE, REASON_UNKNOWN };

static const char *const reasons[] = {
	[REASON_ALONE] = "all of the host's memory is given out",
	[REASON_FREES] = "it is brought to its fraction",
	[REASON_WAITS] = "it grows when others have given memory back",
	[REASON_THERE] = "it is at its fraction",
	[REASON_INACTIVE] = "it did not come nearer to its target: it is left out for now",
	[REASON_UNKNOWN] = "its size is not known",
};

enum { FIGURE_FRACTION };

static const struct balloond_figure figures[] = {
	[FIGURE_FRACTION] = { "fraction", BALLOOND_PERMILLE },
};

#define TOLERANCE (4 * BALLOOND_KIB)
#define SLUSH (9 * BALLOOND_MIB)
#define DEAD_BAND (512 * BALLOOND_KIB)
#define INACTIVE_AFTER (5 * BALLOOND_SECOND)

struct params {
	uint64_t every, moving;
};

static const struct balloond_param params_table[] = {
	{ "every", BALLOOND_USEC, offsetof(struct params, every), "10s", "1s", "1h",
	  "The time from one look at the host to the next" },
	{ "moving", BALLOOND_USEC, offsetof(struct params, moving), "1s", "250ms", "1min",
	  "The same while guests are on their way" },
};

struct rule_state {
	uint64_t looked, stepped; /* beats */
	uint64_t is_running;
};

struct state {
	uint64_t goal;     /* the last target */
	uint64_t gap;      /* smallest distance to it since it was set */
	uint64_t moved;    /* when that last fell */
	uint64_t inactive; /* in this run */
};

/* What all active guests have above their minimums, and what could be. */
struct account {
	uint64_t free;    /* of the host, without the slush */
	uint64_t is_over; /* free is what is missing */
	uint64_t above;   /* what active guests could give */
	uint64_t range;   /* sum of max - min */
};

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t range_of(const struct balloond_guest *g)
{
	return balloond_sub(g->ceiling, g->floor);
}

static struct account account_of(const struct balloond_view *view, void *const states[])
{
	uint64_t sizes = SLUSH, capacity = balloond_min(view->capacity, SIZE_SANE);
	struct account a = { 0 };

	for (size_t i = 0; i < view->n_guests; i++) {
		const struct balloond_guest *g = view->guests[i];
		const struct state *state = states[i];

		if (!is_sized(g))
			continue;
		sizes = balloond_add(sizes, g->actual);
		if (state->inactive)
			continue;
		a.above = balloond_add(a.above,
				       balloond_sub(g->actual,
						    balloond_add(g->floor, 2 * TOLERANCE)));
		a.range = balloond_add(a.range, range_of(g));
	}
	a.is_over = sizes > capacity;
	a.free = distance(sizes, capacity);
	return a;
}

/* What active guests may have above their minimums. */
static uint64_t surplus_of(const struct account *a)
{
	return a->is_over ? balloond_sub(a->above, a->free) : balloond_add(a->above, a->free);
}

/* Notices whether the guest came nearer, and leaves it out if it did not for too long. */
static void follow(const struct balloond_guest *g, uint64_t now, struct state *state)
{
	uint64_t gap;

	if (state->goal != g->target) {
		state->goal = g->target;
		state->gap = UINT64_MAX;
		state->moved = now;
	}
	gap = distance(g->actual, g->target);
	if (gap <= TOLERANCE || gap < state->gap) {
		state->gap = gap;
		state->moved = now;
	} else if (balloond_sub(now, state->moved) >= INACTIVE_AFTER) {
		state->inactive = 1;
	}
}

static uint64_t part(const struct balloond_guest *g, const struct account *a)
{
	uint64_t surplus = balloond_min(surplus_of(a), a->range);

	return balloond_add(g->floor,
			    a->range > 0 ? balloond_mul_div(range_of(g), surplus, a->range) : 0);
}

static int is_above(const struct balloond_guest *g, uint64_t size)
{
	return g->actual > balloond_add(size, TOLERANCE);
}

/* Whether this guest is on its way, now or when it is its turn. */
static int propose_one(const struct balloond_guest *g, const struct account *a, int anyone_frees,
		       const struct state *state, struct balloond_target *t)
{
	uint64_t wanted = part(g, a);

	if (state->inactive) {
		t->reason = REASON_INACTIVE;
		t->bytes = balloond_clamp(balloond_min(g->target, g->actual), g->floor, g->ceiling);
		return 0;
	}
	t->n_figures = 1;
	t->figure[FIGURE_FRACTION] = balloond_mul_div(balloond_min(surplus_of(a), a->range), 1000,
						      balloond_max(a->range, 1));
	t->reason = REASON_THERE;
	if (distance(g->actual, wanted) <= TOLERANCE && distance(g->target, wanted) <= TOLERANCE)
		return 0;
	t->reason = REASON_WAITS;
	if (anyone_frees && !is_above(g, wanted))
		return 1;
	t->reason = REASON_FREES;
	t->bytes = wanted;
	return 1;
}

static int anyone_frees(const struct balloond_view *view, const struct account *a,
			void *const states[])
{
	for (size_t i = 0; i < view->n_guests; i++) {
		const struct state *state = states[i];

		if (is_sized(view->guests[i]) && !state->inactive &&
		    is_above(view->guests[i], part(view->guests[i], a)))
			return 1;
	}
	return 0;
}

/* A run begins where the host has more or less to give than it should. */
static void look(const struct balloond_view *view, struct rule_state *rule, void *const states[])
{
	struct account a;

	for (size_t i = 0; i < view->n_guests; i++) {
		struct state *state = states[i];

		*state = (struct state){ .goal = BALLOOND_UNKNOWN };
	}
	a = account_of(view, states);
	rule->is_running = a.free > DEAD_BAND;
	rule->stepped = 0;
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	const struct params *p = params;
	struct rule_state *rule = view->rule_state;
	struct account a;
	int frees, moves = 0;

	for (size_t i = 0; i < view->n_guests; i++)
		targets[i].reason = REASON_ALONE;
	if (!rule->is_running && beat_is_due(view->now, p->every, &rule->looked))
		look(view, rule, states);
	if (!rule->is_running || !beat_is_due(view->now, p->moving, &rule->stepped))
		return;
	for (size_t i = 0; i < view->n_guests; i++)
		if (is_sized(view->guests[i]))
			follow(view->guests[i], view->now, states[i]);
	a = account_of(view, states);
	frees = anyone_frees(view, &a, states);
	for (size_t i = 0; i < view->n_guests; i++) {
		if (!is_sized(view->guests[i]))
			targets[i].reason = REASON_UNKNOWN;
		else
			moves |= propose_one(view->guests[i], &a, frees, states[i], &targets[i]);
		targets[i].claim = targets[i].bytes;
	}
	rule->is_running = (uint64_t)moves;
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "squeezed",
	.summary = "Keeps every guest at the same fraction of its range, as xapi's squeezed does",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.state_size = sizeof(struct state),
	.rule_state_size = sizeof(struct rule_state),
	.state_version = 1,
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.propose = propose,
};
