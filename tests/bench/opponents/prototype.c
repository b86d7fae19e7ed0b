/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* prototype: the law that balloond began with, and has to beat (science, 8.9).
 *
 *   every 2 s
 *     demand = used; where the guest waits for memory: its size + 10 % of its maximum
 *     wanted = highest demand of 300 s + max(64 MiB, 3 % of the maximum)
 *     sizes  = weighted max-min of all that is wanted into 98 % of the pool
 *     what is then free, but 5 % of the pool, goes to all by what each lacks to its maximum
 *
 * A guest is shrunk by at most 2 % of its size a step, unless the pool or the host is short, and
 * nothing is moved by less than max(8 MiB, 0.25 % of its size).
 *
 * How inputs map: the host is short where less than the 2 % that are kept of the pool is available
 * on it, or where its level says so. */

#include "tests/bench/opponents/opponent.h"

enum { REASON_REST, REASON_WANTED, REASON_LENT, REASON_SLOWLY, REASON_SHORT };

static const char *const reasons[] = {
	[REASON_REST] = "the change would be small, or is not due yet",
	[REASON_WANTED] = "it has its highest demand of late and a margin",
	[REASON_LENT] = "it is lent a part of what nobody wants",
	[REASON_SLOWLY] = "it shrinks by a limited part of its size at a time",
	[REASON_SHORT] = "the pool is too small for all that is wanted: it has its share",
};

enum { FIGURE_DEMAND, FIGURE_WANTED, FIGURE_LENT };

static const struct balloond_figure figures[] = {
	[FIGURE_DEMAND] = { "demand", BALLOOND_BYTES },
	[FIGURE_WANTED] = { "wanted", BALLOOND_BYTES },
	[FIGURE_LENT] = { "lent", BALLOOND_BYTES },
};

#define WINDOW (300 * BALLOOND_SECOND)
#define FILL 980u    /* permille of the pool */
#define LEND_TO 950u /* permille of the pool */
#define RELIEF 100u  /* permille of the maximum */
#define MARGIN 30u   /* permille of the maximum */
#define MARGIN_MIN (64 * BALLOOND_MIB)
#define SHRINK 20u /* permille of the size */
#define BAND_MIN (8 * BALLOOND_MIB)
#define BAND_PARTS 400u /* of the size: 0.25 % */

struct params {
	uint64_t every;
};

static const struct balloond_param params_table[] = {
	{ "every", BALLOOND_USEC, offsetof(struct params, every), "2s", "1s", "1h",
	  "The time from one division of the pool to the next" },
};

struct rule_state {
	uint64_t beat;
};

struct state {
	struct stalls stalls;
	struct balloond_window window;
};

static uint64_t highest_demand(const struct balloond_guest *g, uint64_t now, struct state *state)
{
	int is_pressed = stalls_take(&state->stalls, g, now) &&
			 stalls_rate(&state->stalls) > STALLS_PRESSED;
	uint64_t demand = g->used != BALLOOND_UNKNOWN ? g->used : g->target;

	if (is_pressed)
		demand = balloond_add(balloond_max(g->actual, demand),
				      balloond_permille(g->maximum, RELIEF));
	balloond_window_add(&state->window, now, WINDOW, demand);
	return balloond_window_max(&state->window);
}

static uint64_t wanted_of(const struct balloond_guest *g, uint64_t demand)
{
	uint64_t margin = balloond_max(MARGIN_MIN, balloond_permille(g->maximum, MARGIN));

	return balloond_clamp(balloond_add(demand, margin), g->floor, g->ceiling);
}

/* From the size of today to the one that it should have. */
static void move(const struct balloond_guest *g, uint64_t wanted, int is_short,
		 struct balloond_target *t)
{
	uint64_t size = g->target, band = balloond_max(BAND_MIN, size / BAND_PARTS);
	uint64_t least = balloond_sub(size, balloond_permille(size, SHRINK));

	if ((wanted > size ? wanted - size : size - wanted) < band) {
		t->reason = REASON_REST;
		return;
	}
	t->bytes = wanted;
	if (wanted < least && !is_short) {
		t->reason = REASON_SLOWLY;
		t->bytes = least;
	}
}

/* All that the sizes lack to the maximums. */
static uint64_t lacking(const struct balloond_view *view, const struct balloond_fill *fill)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < view->n_guests; i++)
		sum = balloond_add(sum, balloond_sub(view->guests[i]->ceiling, fill[i].size));
	return sum;
}

static void divide(const struct balloond_view *view, struct balloond_fill *fill,
		   struct balloond_target targets[])
{
	uint64_t wanted = 0, given = 0, lack, surplus;
	int is_short;

	for (size_t i = 0; i < view->n_guests; i++)
		wanted = balloond_add(wanted, fill[i].high);
	balloond_water_fill(fill, view->n_guests, balloond_permille(view->capacity, FILL));
	for (size_t i = 0; i < view->n_guests; i++)
		given = balloond_add(given, fill[i].size);
	surplus = wanted < view->capacity
			  ? balloond_sub(balloond_permille(view->capacity, LEND_TO), given)
			  : 0;
	lack = lacking(view, fill);
	surplus = balloond_min(surplus, lack);
	is_short = wanted > balloond_permille(view->capacity, FILL) ||
		   view->host->level >= BALLOOND_LEVEL_LOW ||
		   view->host->available < balloond_permille(view->capacity, 1000 - FILL);
	for (size_t i = 0; i < view->n_guests; i++) {
		const struct balloond_guest *g = view->guests[i];
		struct balloond_target *t = &targets[i];
		uint64_t lent = lack > 0 ? balloond_mul_div(balloond_sub(g->ceiling, fill[i].size),
							    surplus, lack)
					 : 0;

		t->reason = fill[i].size < fill[i].high ? REASON_SHORT
			    : lent > 0                  ? REASON_LENT
							: REASON_WANTED;
		t->figure[FIGURE_LENT] = lent;
		move(g, balloond_add(fill[i].size, lent), is_short, t);
		t->claim = balloond_min(fill[i].size, t->bytes);
	}
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	const struct params *p = params;
	struct rule_state *rule = view->rule_state;
	struct balloond_fill *fill = view->scratch;

	for (size_t i = 0; i < view->n_guests; i++)
		targets[i].reason = REASON_REST;
	if (!beat_is_due(view->now, p->every, &rule->beat))
		return;
	for (size_t i = 0; i < view->n_guests; i++) {
		const struct balloond_guest *g = view->guests[i];
		uint64_t demand = highest_demand(g, view->now, states[i]);

		fill[i] = (struct balloond_fill){
			.low = g->floor,
			.high = wanted_of(g, demand),
			.weight = g->shares,
		};
		targets[i].n_figures = 3;
		targets[i].figure[FIGURE_DEMAND] = demand;
		targets[i].figure[FIGURE_WANTED] = fill[i].high;
	}
	divide(view, fill, targets);
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "prototype",
	.summary = "Divides by the highest demand of late and lends what is left",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.state_size = sizeof(struct state),
	.rule_state_size = sizeof(struct rule_state),
	.scratch_size = sizeof(struct balloond_fill),
	.state_version = 1,
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.propose = propose,
};
