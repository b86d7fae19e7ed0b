/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* hyperv: a model of Hyper-V's Dynamic Memory, as it would be on KVM (science, 8.5; peers, 6).
 *
 *   wanted = clamp(demand x 1.20, minimum, maximum), every second
 *   demand = what the guest uses + what its kernel cannot do without
 *
 * All wishes are fulfilled where they fit, else by weight, between minimum and wish: with equal
 * weights all are under the same pressure, which is demand / size, so that buffers go first.  Who
 * should grow does so at once, who should shrink does so by at most 10 % of its size a step.
 *
 * Of its documentation are the buffer of 20 %, the balancer's second and the weights (here:
 * shares); the 10 % are science's, Microsoft publishes no rates.  Guests tell Hyper-V what they
 * have committed; here that is actual - usable, and a guest that waits for memory is said to need
 * all that it has and a step, since no guest can use more than it has (science, 2):
 *
 *   max(64 MiB, 10 % of its maximum, twice what it swapped in)
 *
 * The kernel's floor is the table of Linux' own Hyper-V driver (science, 3.2).  Memory is added
 * only where the host has it (hot-add cannot do otherwise): what guests grow by at a step is no
 * more than what their sizes leave of the pool; `only-free: false` leaves that out.  The root
 * partition's reserve is 0, as the pool never contains one. */

#include "tests/bench/opponents/opponent.h"

enum { REASON_WANTED, REASON_SHARED, REASON_SLOWLY, REASON_NO_FREE, REASON_ALONE };

static const char *const reasons[] = {
	[REASON_WANTED] = "it has its demand and the buffer",
	[REASON_SHARED] = "the pool is too small for all wishes: it has its part by weight",
	[REASON_SLOWLY] = "it shrinks by a limited part of its size at a time",
	[REASON_NO_FREE] = "it grows as far as others have given memory back",
	[REASON_ALONE] = "it is looked at every second",
};

enum { FIGURE_DEMAND, FIGURE_WANTED };

static const struct balloond_figure figures[] = {
	[FIGURE_DEMAND] = { "demand", BALLOOND_BYTES },
	[FIGURE_WANTED] = { "wanted", BALLOOND_BYTES },
};

#define STEP_MIN (64 * BALLOOND_MIB)
#define STEP_PERMILLE 100u
/* With these, a MiB of demand weighs 1. */
#define SHARES_USUAL 1000u

struct params {
	uint64_t every;
	uint64_t buffer, shrink; /* permille */
	uint64_t only_free;
};

static const struct balloond_param params_table[] = {
	{ "every", BALLOOND_USEC, offsetof(struct params, every), "1s", "250ms", "1h",
	  "The time from one balance to the next" },
	{ "buffer", BALLOOND_PERMILLE, offsetof(struct params, buffer), "20%", "0%", "2000%",
	  "A guest should have this share of its demand beside it" },
	{ "shrink", BALLOOND_PERMILLE, offsetof(struct params, shrink), "10%", "1%", "100%",
	  "No guest is shrunk by more than this share of its size at a time" },
	{ "only-free", BALLOOND_BOOL, offsetof(struct params, only_free), "true", NULL, NULL,
	  "Guests grow only into memory that the host has at that time" },
};

struct rule_state {
	uint64_t beat;
};

struct state {
	struct stalls stalls;
	uint64_t demand; /* after the last sample */
};

static uint64_t kernel_floor(uint64_t m)
{
	static const struct {
		uint64_t below, fixed, part; /* MiB, MiB, 1/part */
	} rows[] = { { 128, 8, 2 }, { 512, 40, 4 }, { 2048, 104, 8 }, { 8192, 232, 16 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (m < rows[i].below * BALLOOND_MIB)
			return rows[i].fixed * BALLOOND_MIB + m / rows[i].part;
	return 488 * BALLOOND_MIB + m / 32;
}

static uint64_t censored(const struct balloond_guest *g, const struct stalls *stalls)
{
	uint64_t step = balloond_max(STEP_MIN, balloond_permille(g->maximum, STEP_PERMILLE));

	step = balloond_max(step, balloond_mul_div(stalls->swapped, 2, 1));
	return balloond_add(balloond_max(g->used, g->actual), step);
}

/* A guest that tells nothing is said to need what it has. */
static uint64_t demand_of(const struct balloond_guest *g, uint64_t now, struct state *state)
{
	int is_new = g->sample != state->stalls.sample;
	int is_pressed = stalls_take(&state->stalls, g, now) &&
			 stalls_rate(&state->stalls) > STALLS_PRESSED;

	if (g->used == BALLOOND_UNKNOWN)
		return state->demand = g->actual;
	if (is_new || state->demand == 0)
		state->demand = balloond_add(is_pressed ? censored(g, &state->stalls) : g->used,
					     kernel_floor(g->maximum));
	return state->demand;
}

/* What growth is there for, now that those who shrink have not yet done so. */
static void cut_growth(const struct balloond_view *view, struct balloond_fill *fill)
{
	uint64_t left = view->capacity;

	/* Beyond what it has: a fill of growth alone. */
	for (size_t i = 0; i < view->n_guests; i++) {
		const struct balloond_guest *g = view->guests[i];
		uint64_t has = is_sized(g) ? balloond_max(g->target, g->actual) : 0;

		fill[i].low = balloond_min(fill[i].size, g->target);
		fill[i].high = fill[i].size;
		left = balloond_sub(left, balloond_sub(has, fill[i].low));
	}
	balloond_water_fill(fill, view->n_guests, left);
}

static void bound(const struct balloond_guest *g, const struct params *p,
		  struct balloond_fill *fill, struct balloond_target *t)
{
	uint64_t least = balloond_sub(g->target, balloond_permille(g->target, p->shrink));

	t->reason = fill->size < fill->high ? REASON_SHARED : REASON_WANTED;
	if (fill->size < least) {
		t->reason = REASON_SLOWLY;
		fill->size = least;
	}
}

static void balance(const struct balloond_view *view, const struct params *p, void *const states[],
		    struct balloond_target targets[])
{
	struct balloond_fill *fill = view->scratch;

	for (size_t i = 0; i < view->n_guests; i++) {
		const struct balloond_guest *g = view->guests[i];
		uint64_t demand = demand_of(g, view->now, states[i]);
		uint64_t wanted = balloond_add(demand, balloond_permille(demand, p->buffer));

		fill[i] = (struct balloond_fill){
			.low = g->floor,
			.high = balloond_clamp(wanted, g->floor, g->ceiling),
			.weight = balloond_mul_div(demand / BALLOOND_MIB, g->shares, SHARES_USUAL),
		};
		if (!is_sized(g))
			fill[i] = (struct balloond_fill){ 0 };
		targets[i].n_figures = 2;
		targets[i].figure[FIGURE_DEMAND] = demand;
		targets[i].figure[FIGURE_WANTED] = fill[i].high;
	}
	balloond_water_fill(fill, view->n_guests, view->capacity);
	for (size_t i = 0; i < view->n_guests; i++)
		bound(view->guests[i], p, &fill[i], &targets[i]);
	if (p->only_free)
		cut_growth(view, fill);
	for (size_t i = 0; i < view->n_guests; i++) {
		if (p->only_free && fill[i].size < fill[i].high)
			targets[i].reason = REASON_NO_FREE;
		if (is_sized(view->guests[i]))
			targets[i].bytes = targets[i].claim = fill[i].size;
	}
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	const struct params *p = params;
	struct rule_state *rule = view->rule_state;

	for (size_t i = 0; i < view->n_guests; i++)
		targets[i].reason = REASON_ALONE;
	if (beat_is_due(view->now, p->every, &rule->beat))
		balance(view, p, states, targets);
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "hyperv",
	.summary = "Gives each guest its demand and a buffer, as Hyper-V does",
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
