/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* esx: shares and the idle memory tax of VMware ESX (Waldspurger, OSDI 2002; science, 3.5 and 8.6;
 * peers, 7).
 *
 *   rho = shares / (active pages + k x idle pages)      k = 1 / (1 - tax) = 4
 *
 *   free of the host   low      hard      soft                high
 *                       |--------|---------|--------------------|------------->
 *                       take, beyond the   take until it is     give to the
 *                       balloon's bound    high again           largest rho
 *
 * A quantum at a time is taken from the guest with the smallest rho, which pays most for what it
 * does not use, or given to the one with the largest.  It decides every 15 s, and whenever the
 * host enters another of these states.
 *
 * Of its sources are the tax of 75 %, the 15 s, that a balloon takes at most 65 % of a guest, the
 * states at 100, 64, 32 and 16 % of minFree, and minFree (6 % of the first 4 GiB, 4 % up to 12, 2 %
 * up to 28, 1 % beyond); `classic: true` is the paper's 6, 4, 2 and 1 % of the host.  What is
 * active is the larger of two averages, so that growth is believed sooner than decline; their
 * half-lives, one and four of its sampling periods of 30 s, and the quantum are not published.
 *
 * How inputs map: shares are of each MiB of a guest, as ESX' own default is by size: a large guest
 * would pay for its size alone otherwise.  ESX samples pages, which never shows more than a guest
 * has; here used stands for it, without the correction for that.  Below hard ESX swaps the victim's
 * memory out itself; here its balloon takes more than it otherwise might, all that the host has in
 * swap.  Below low nobody grows, and nobody does anyway unless more than high is free. */

#include "tests/bench/opponents/opponent.h"

enum { REASON_REST, REASON_TAXED, REASON_VICTIM, REASON_GIVEN };

static const char *const reasons[] = {
	[REASON_REST] = "the host has about as much free memory as it should",
	[REASON_TAXED] = "the host is short: it pays most for what it does not use",
	[REASON_VICTIM] = "the host is very short: its memory would be swapped",
	[REASON_GIVEN] = "the host has free memory: it is the worthiest",
};

enum { FIGURE_FREE, FIGURE_ACTIVE };

static const struct balloond_figure figures[] = {
	[FIGURE_FREE] = { "host-free", BALLOOND_BYTES },
	[FIGURE_ACTIVE] = { "active", BALLOOND_BYTES },
};

#define QUANTUM (16 * BALLOOND_MIB)
/* No more quanta than this a decision: larger ones where much is to be moved. */
#define QUANTA 256u
/* In units of 1/2^20 page for each share, so that many shares are told apart. */
#define COST_SCALE (UINT64_C(1) << 20)

struct params {
	uint64_t every;
	uint64_t tax, balloon; /* permille */
	uint64_t fast, slow;
	uint64_t classic;
};

static const struct balloond_param params_table[] = {
	{ "every", BALLOOND_USEC, offsetof(struct params, every), "15s", "1s", "1h",
	  "The time from one decision to the next" },
	{ "tax", BALLOOND_PERMILLE, offsetof(struct params, tax), "75%", "0%", "99%",
	  "This share of what a guest does not use may be taken from it" },
	{ "balloon", BALLOOND_PERMILLE, offsetof(struct params, balloon), "65%", "1%", "100%",
	  "No balloon takes more than this share of a guest" },
	{ "fast", BALLOOND_USEC, offsetof(struct params, fast), "30s", "1s", "1h",
	  "Half-life of the fast average of what a guest uses" },
	{ "slow", BALLOOND_USEC, offsetof(struct params, slow), "2min", "1s", "1d",
	  "Half-life of the slow one" },
	{ "classic", BALLOOND_BOOL, offsetof(struct params, classic), "false", NULL, NULL,
	  "States by shares of the host as in the paper, not by minFree" },
};

enum { FREE_LOW, FREE_HARD, FREE_SOFT, FREE_HIGH, FREE_STATES };

struct rule_state {
	uint64_t beat;
	uint64_t state; /* the host's, and one more: how many edges are below what is free */
};

struct state {
	uint64_t sample;
	uint64_t fast, slow;
};

/* One guest of a decision. */
struct entry {
	uint64_t size, low, high, active;
	uint64_t cost; /* of its pages for each share: 1 / rho */
};

static uint64_t min_free(uint64_t total)
{
	static const struct {
		uint64_t up_to; /* bytes */
		uint64_t share; /* permille */
	} rows[] = {
		{ 4 * BALLOOND_GIB, 60 },
		{ 12 * BALLOOND_GIB, 40 },
		{ 28 * BALLOOND_GIB, 20 },
		{ UINT64_MAX, 10 },
	};
	uint64_t from = 0, sum = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && total > from; i++) {
		sum += balloond_permille(balloond_min(total, rows[i].up_to) - from, rows[i].share);
		from = rows[i].up_to;
	}
	return sum;
}

static void read_edges(const struct balloond_host *host, const struct params *p,
		       uint64_t edges[FREE_STATES])
{
	static const uint64_t classic[FREE_STATES] = { 10, 20, 40, 60 };
	static const uint64_t sliding[FREE_STATES] = { 160, 320, 640, 1000 };
	uint64_t whole = p->classic ? host->total : min_free(host->total);

	for (size_t i = 0; i < FREE_STATES; i++)
		edges[i] = balloond_permille(whole, p->classic ? classic[i] : sliding[i]);
}

/* What is active: the fast average follows growth, the slow one stays where use falls. */
static void estimate(const struct balloond_guest *g, const struct params *p, struct state *state)
{
	uint64_t elapsed = g->sample_elapsed > 0 ? g->sample_elapsed : BALLOOND_SECOND;

	if (g->used == BALLOOND_UNKNOWN || g->sample == state->sample)
		return;
	if (state->sample == 0)
		state->fast = state->slow = g->used;
	state->fast = balloond_ewma(state->fast, g->used, elapsed, p->fast);
	state->slow = balloond_ewma(state->slow, g->used, elapsed, p->slow);
	state->sample = g->sample;
}

static void weigh(const struct balloond_guest *g, const struct params *p, struct entry *e)
{
	uint64_t active = balloond_min(e->active, e->size), idle = e->size - active;
	uint64_t shares = balloond_mul_div(g->maximum / BALLOOND_MIB, g->shares, 1);
	uint64_t pages = balloond_add(active, balloond_mul_div(idle, 1000, 1000 - p->tax));

	e->cost = balloond_mul_div(pages / (4 * BALLOOND_KIB), COST_SCALE, balloond_max(shares, 1));
}

/* A guest that tells nothing counts as active throughout. */
static struct entry entry_of(const struct balloond_guest *g, const struct params *p,
			     const struct state *state, int is_hard)
{
	struct entry e = {
		.size = balloond_min(g->target, SIZE_SANE),
		.low = g->floor,
		.high = g->ceiling,
		.active = state->sample > 0 ? balloond_max(state->fast, state->slow) : SIZE_SANE,
	};

	if (!is_hard)
		e.low = balloond_max(e.low,
				     balloond_sub(g->maximum,
						  balloond_permille(g->maximum, p->balloon)));
	if (!is_sized(g))
		e.low = e.high = e.size;
	weigh(g, p, &e);
	return e;
}

static uint64_t quantum_of(uint64_t bytes)
{
	return balloond_max(QUANTUM, bytes / QUANTA);
}

/* From whoever pays most for it. */
static void take(const struct balloond_view *view, const struct params *p, struct entry *entries,
		 uint64_t bytes)
{
	uint64_t quantum = quantum_of(bytes);

	while (bytes > 0) {
		size_t victim = view->n_guests;
		uint64_t step;

		for (size_t i = 0; i < view->n_guests; i++)
			if (entries[i].size > entries[i].low &&
			    (victim == view->n_guests || entries[i].cost > entries[victim].cost))
				victim = i;
		if (victim == view->n_guests)
			return;
		step = balloond_min(quantum, entries[victim].size - entries[victim].low);
		entries[victim].size -= step;
		weigh(view->guests[victim], p, &entries[victim]);
		bytes = balloond_sub(bytes, step);
	}
}

/* To whoever pays least. */
static void give(const struct balloond_view *view, const struct params *p, struct entry *entries,
		 uint64_t bytes)
{
	uint64_t quantum = quantum_of(bytes);

	while (bytes > 0) {
		size_t best = view->n_guests;
		uint64_t step;

		for (size_t i = 0; i < view->n_guests; i++)
			if (entries[i].size < entries[i].high &&
			    (best == view->n_guests || entries[i].cost < entries[best].cost))
				best = i;
		if (best == view->n_guests)
			return;
		step = balloond_min(quantum, entries[best].high - entries[best].size);
		step = balloond_min(step, bytes);
		entries[best].size += step;
		weigh(view->guests[best], p, &entries[best]);
		bytes -= step;
	}
}

static void tell(const struct balloond_view *view, const struct entry *entries, int is_hard,
		 struct balloond_target targets[])
{
	for (size_t i = 0; i < view->n_guests; i++) {
		struct balloond_target *t = &targets[i];

		t->n_figures = 2;
		t->figure[FIGURE_FREE] = view->host->free;
		t->figure[FIGURE_ACTIVE] = entries[i].active;
		if (entries[i].size < balloond_min(t->bytes, SIZE_SANE))
			t->reason = is_hard ? REASON_VICTIM : REASON_TAXED;
		else if (entries[i].size > t->bytes)
			t->reason = REASON_GIVEN;
		else
			continue;
		t->bytes = t->claim = entries[i].size;
	}
}

/* What is missing to as much free memory as there should be, and what the host had to swap. */
static uint64_t missing(const struct balloond_host *host, uint64_t high)
{
	uint64_t swapped = host->swap_total == BALLOOND_UNKNOWN
				   ? 0
				   : balloond_sub(host->swap_total, host->swap_free);

	return balloond_min(balloond_add(balloond_sub(high, host->free), swapped), SIZE_SANE);
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	const struct params *p = params;
	struct rule_state *rule = view->rule_state;
	struct entry *entries = view->scratch;
	uint64_t edges[FREE_STATES], free = view->host->free, state = 1;
	int is_hard;

	read_edges(view->host, p, edges);
	while (state <= FREE_STATES && free >= edges[state - 1])
		state++;
	for (size_t i = 0; i < view->n_guests; i++) {
		targets[i].reason = REASON_REST;
		estimate(view->guests[i], p, states[i]);
	}
	if (rule->state != state)
		rule->beat = 0;
	rule->state = state;
	if (!beat_is_due(view->now, p->every, &rule->beat))
		return;
	is_hard = free < edges[FREE_HARD];
	for (size_t i = 0; i < view->n_guests; i++)
		entries[i] = entry_of(view->guests[i], p, states[i], is_hard);
	if (free < edges[FREE_SOFT])
		take(view, p, entries, missing(view->host, edges[FREE_HIGH]));
	else if (free > edges[FREE_HIGH])
		give(view, p, entries, balloond_min(free - edges[FREE_HIGH], SIZE_SANE));
	tell(view, entries, is_hard, targets);
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "esx",
	.summary = "Divides by shares and taxes what is not used, as ESX does",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.state_size = sizeof(struct state),
	.rule_state_size = sizeof(struct rule_state),
	.scratch_size = sizeof(struct entry),
	.state_version = 1,
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.propose = propose,
};
