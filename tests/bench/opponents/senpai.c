/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* senpai: probes each guest until it stalls, as Facebook's Senpai does with cgroups (science, 3.6
 * and 8.7; peers, 9).
 *
 *   every second           stall += how long the guest waited for memory since the last look
 *   stall > 10 ms          limit x (1 + min(1, (stall / 10 ms / 20)^2)), stall = 0
 *   else, 6 quiet s later  limit x (1 - min(1 %, (10 ms / stall / 10)^2 x 1 %)), stall = 0
 *
 * What does not fit into the pool is cut by weighted max-min, of which Senpai itself knows nothing:
 * its limits stay as they are.  All these figures, and that no limit is below 100 MiB, are of the
 * Python tool.
 *
 * `tmo: true` is variant B, what Meta says of production (TMO, ASPLOS 2022): every 6 s it takes
 * 0.05 % of the size x (1 - stall / 0.1 % of the time), never more than 1 %.  There a cgroup
 * without limit grows by itself; a balloon does not, so the tool's own growth stands for that.
 *
 * How inputs map: no guest tells its pressure stall information.  Each major fault and each page
 * swapped in counts as 100 µs of stall.  A limit that another has moved begins anew from there, as
 * in the tool. */

#include "tests/bench/opponents/opponent.h"

enum { REASON_QUIET, REASON_PROBED, REASON_STALLED, REASON_SHARED };

static const char *const reasons[] = {
	[REASON_QUIET] = "it is watched until the next probe",
	[REASON_PROBED] = "it stalls less than it may: it is shrunk a little",
	[REASON_STALLED] = "it stalls more than it may: it grows",
	[REASON_SHARED] = "the pool is too small for all limits: it has its part",
};

enum { FIGURE_STALL, FIGURE_LIMIT };

static const struct balloond_figure figures[] = {
	[FIGURE_STALL] = { "stall", BALLOOND_USEC },
	[FIGURE_LIMIT] = { "limit", BALLOOND_BYTES },
};

#define WHOLE 1000000u /* parts of a million */
#define LEAST (100 * BALLOOND_MIB)
#define STALL_AIM 10000u /* µs between two probes */
#define BACK_OFF 20u
#define PROBE 10u
#define PROBE_MAX 10000u /* 1 % */
#define STALL_EACH 100u  /* µs */
#define TMO_TAKES 500u   /* 0.05 % */
#define TMO_AIM 1000u    /* 0.1 % of the time */

struct params {
	uint64_t every, interval;
	uint64_t tmo;
};

static const struct balloond_param params_table[] = {
	{ "every", BALLOOND_USEC, offsetof(struct params, every), "1s", "250ms", "1h",
	  "The time from one look at the stalls to the next" },
	{ "interval", BALLOOND_USEC, offsetof(struct params, interval), "6s", "1s", "1h",
	  "A guest is probed after this time without too long a stall" },
	{ "tmo", BALLOOND_BOOL, offsetof(struct params, tmo), "false", NULL, NULL,
	  "Probe as Meta's production does instead of as the Python tool does" },
};

struct rule_state {
	uint64_t beat;
};

struct state {
	struct stalls stalls;
	uint64_t stall;   /* µs since the limit was last moved */
	uint64_t limit;   /* 0: not yet */
	uint64_t given;   /* what was proposed last */
	uint64_t changed; /* when the limit last was */
};

static uint64_t parts(uint64_t x, uint64_t n)
{
	return balloond_mul_div(x, n, WHOLE);
}

/* Of the limit, in parts of a million; x and the result are at most 1. */
static uint64_t square(uint64_t x)
{
	x = balloond_min(x, WHOLE);
	return x * x / WHOLE;
}

static void note_stalls(const struct balloond_guest *g, uint64_t now, struct state *state)
{
	uint64_t pages;

	if (!stalls_take(&state->stalls, g, now))
		return;
	pages = balloond_add(state->stalls.faults, state->stalls.swapped / STALLS_PAGE);
	state->stall = balloond_add(state->stall, balloond_mul_div(pages, STALL_EACH, 1));
}

/* What the tool takes, parts of a million. */
static uint64_t probe_of(const struct state *state)
{
	uint64_t stall = balloond_max(state->stall, 1);

	return parts(square((uint64_t)STALL_AIM * WHOLE / PROBE / stall), PROBE_MAX);
}

static uint64_t tmo_probe_of(const struct params *p, const struct state *state)
{
	uint64_t share = balloond_mul_div(state->stall, WHOLE, p->interval);

	return balloond_min(TMO_TAKES * (uint64_t)balloond_sub(TMO_AIM, share) / TMO_AIM,
			    PROBE_MAX);
}

static void move_to(uint64_t limit, const struct balloond_guest *g, uint64_t now,
		    struct state *state)
{
	state->limit = balloond_clamp(limit, balloond_max(g->floor, LEAST), g->ceiling);
	state->stall = 0;
	state->changed = now;
}

static uint32_t adjust(const struct balloond_guest *g, const struct params *p, uint64_t now,
		       struct state *state)
{
	uint64_t growth, probe;

	if (state->stall > STALL_AIM) {
		growth = square(balloond_mul_div(state->stall, WHOLE, STALL_AIM * BACK_OFF));
		move_to(balloond_add(state->limit, parts(state->limit, growth)), g, now, state);
		return REASON_STALLED;
	}
	if (balloond_sub(now, state->changed) < p->interval)
		return REASON_QUIET;
	probe = p->tmo ? tmo_probe_of(p, state) : probe_of(state);
	move_to(balloond_sub(state->limit, parts(state->limit, probe)), g, now, state);
	return REASON_PROBED;
}

static void look(const struct balloond_guest *g, const struct params *p, uint64_t now,
		 struct state *state, struct balloond_fill *fill, struct balloond_target *t)
{
	note_stalls(g, now, state);
	if (state->limit == 0 || state->given != g->target)
		move_to(g->target, g, now, state);
	t->n_figures = 2;
	t->figure[FIGURE_STALL] = state->stall;
	t->reason = adjust(g, p, now, state);
	t->figure[FIGURE_LIMIT] = state->limit;
	*fill = (struct balloond_fill){
		.low = g->floor,
		.high = balloond_max(state->limit, g->floor),
		.weight = g->shares,
	};
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	const struct params *p = params;
	struct rule_state *rule = view->rule_state;
	struct balloond_fill *fill = view->scratch;

	for (size_t i = 0; i < view->n_guests; i++)
		targets[i].reason = REASON_QUIET;
	if (!beat_is_due(view->now, p->every, &rule->beat))
		return;
	for (size_t i = 0; i < view->n_guests; i++)
		look(view->guests[i], p, view->now, states[i], &fill[i], &targets[i]);
	balloond_water_fill(fill, view->n_guests, view->capacity);
	for (size_t i = 0; i < view->n_guests; i++) {
		struct state *state = states[i];
		struct balloond_target *t = &targets[i];

		if (fill[i].size < fill[i].high)
			t->reason = REASON_SHARED;
		t->bytes = t->claim = fill[i].size;
		state->given = balloond_clamp(t->bytes, view->guests[i]->floor,
					      view->guests[i]->ceiling);
	}
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "senpai",
	.summary = "Probes each guest until it stalls, as Senpai does with cgroups",
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
