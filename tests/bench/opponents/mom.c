/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* mom: the rules that oVirt's Memory Overcommitment Manager ships as doc/balloon.rules (science,
 * 8.2; peers, 1).
 *
 *   free of the host      0 %     5 %                  20 %                    100 %
 *   (mean of 10 samples)  |--------|--------------------|-----------------------|
 *                         below     shrink to used +     grow to used + 20 %,
 *                         used      that share           at least 5 % more
 *
 * Every figure is of its source: statistics every 5 s, rules every 10 s, means over 10 samples, a
 * host is short below 20 % and critical at 5 %, a guest keeps 20 % free, shrinks by 5 % at most,
 * and changes below 0.25 % are not made.
 *
 * How inputs map: balloon_cur is actual, mem_unused is MemFree, so that page cache counts as used;
 * the host's free memory is free + cached; balloon_min is the floor (0 in MOM on KVM, where
 * min_guarantee is refused); balloon_max is the ceiling.  A guest that lacks a figure is left
 * alone. MOM's two threads are not in step; here statistics are always fresh when rules run. */

#include "tests/bench/opponents/opponent.h"

enum { REASON_ALONE, REASON_SHRINKS, REASON_CRITICAL, REASON_GROWS, REASON_SMALL, REASON_UNKNOWN };

static const char *const reasons[] = {
	[REASON_ALONE] = "its rules run every few seconds",
	[REASON_SHRINKS] = "the host is short: it keeps less free memory",
	[REASON_CRITICAL] = "the host is critical: it is pushed below what it uses",
	[REASON_GROWS] = "the host has memory: it gets more than it uses",
	[REASON_SMALL] = "the change would be small, or the wrong way",
	[REASON_UNKNOWN] = "a figure of it is not known",
};

enum { FIGURE_HOST_FREE, FIGURE_USED };

static const struct balloond_figure figures[] = {
	[FIGURE_HOST_FREE] = { "host-free", BALLOOND_PERMILLE },
	[FIGURE_USED] = { "used", BALLOOND_BYTES },
};

#define SAMPLES 10u
/* Parts of a million. */
#define WHOLE 1000000
#define HOST_SHORT 200000
#define HOST_CRITICAL 50000
#define GUEST_FREE 200000
#define CHANGE_MAX 50000u
#define CHANGE_MIN 2500u

struct params {
	uint64_t every, collect;
};

static const struct balloond_param params_table[] = {
	{ "every", BALLOOND_USEC, offsetof(struct params, every), "10s", "1s", "1h",
	  "The time from one run of the rules to the next" },
	{ "collect", BALLOOND_USEC, offsetof(struct params, collect), "5s", "1s", "1h",
	  "The time from one sample of host and guests to the next" },
};

/* The last samples of one figure. */
struct series {
	uint64_t n, next, value[SAMPLES];
};

struct rule_state {
	uint64_t decided, collected; /* beats */
	struct series free;          /* of the host */
};

struct state {
	struct series size, unused;
};

static void series_add(struct series *s, uint64_t value)
{
	s->value[s->next % SAMPLES] = value;
	s->next = (s->next + 1) % SAMPLES;
	s->n = balloond_min(s->n + 1, SAMPLES);
}

static uint64_t series_mean(const struct series *s)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < s->n; i++)
		sum += s->value[i];
	return s->n > 0 ? sum / s->n : 0;
}

static uint64_t series_last(const struct series *s)
{
	return s->value[(s->next + SAMPLES - 1) % SAMPLES];
}

static uint64_t parts(uint64_t x, uint64_t n)
{
	return balloond_mul_div(x, n, WHOLE);
}

static int is_known(const struct balloond_guest *g)
{
	return is_sized(g) && g->unused != BALLOOND_UNKNOWN;
}

static void collect(const struct balloond_view *view, struct rule_state *rule, void *const states[])
{
	uint64_t cached = view->host->cached == BALLOOND_UNKNOWN ? 0 : view->host->cached;

	series_add(&rule->free, balloond_min(balloond_add(view->host->free, cached), SIZE_SANE));
	for (size_t i = 0; i < view->n_guests; i++) {
		struct state *state = states[i];

		if (!is_known(view->guests[i]))
			continue;
		series_add(&state->size, balloond_min(view->guests[i]->actual, SIZE_SANE));
		series_add(&state->unused, balloond_min(view->guests[i]->unused, SIZE_SANE));
	}
}

/* used, and that share of the size beside it, which may be less than none. */
static uint64_t with_free(uint64_t used, uint64_t size, int64_t share)
{
	if (share < 0)
		return balloond_sub(used, parts(size, (uint64_t)-share));
	return balloond_add(used, parts(size, (uint64_t)share));
}

static uint64_t shrunk(const struct balloond_guest *g, uint64_t used, uint64_t size, int64_t free)
{
	int64_t share = free <= HOST_CRITICAL ? free - HOST_CRITICAL
					      : GUEST_FREE * free / HOST_SHORT;
	uint64_t least = balloond_max(g->floor, with_free(used, size, share));

	return balloond_max(parts(size, WHOLE - CHANGE_MAX), least);
}

static uint64_t grown(const struct balloond_guest *g, uint64_t used, uint64_t size)
{
	uint64_t least = balloond_max(g->floor, with_free(used, size, GUEST_FREE));

	return balloond_min(g->ceiling, balloond_max(parts(size, WHOLE + CHANGE_MAX), least));
}

static void decide(const struct balloond_guest *g, const struct state *state, int64_t free,
		   struct balloond_target *t)
{
	uint64_t size = series_last(&state->size), wanted = size;
	uint64_t used = balloond_sub(series_mean(&state->size), series_mean(&state->unused));

	if (free < HOST_SHORT)
		wanted = balloond_min(size, shrunk(g, used, size, free));
	else if (size < g->ceiling)
		wanted = grown(g, used, size);
	t->reason = REASON_SMALL;
	t->n_figures = 2;
	t->figure[FIGURE_HOST_FREE] = (uint64_t)free / 1000;
	t->figure[FIGURE_USED] = used;
	if ((wanted > size ? wanted - size : size - wanted) <= parts(size, CHANGE_MIN))
		return;
	t->reason = free >= HOST_SHORT      ? REASON_GROWS
		    : free <= HOST_CRITICAL ? REASON_CRITICAL
					    : REASON_SHRINKS;
	t->bytes = t->claim = wanted;
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	const struct params *p = params;
	struct rule_state *rule = view->rule_state;
	uint64_t free;

	for (size_t i = 0; i < view->n_guests; i++)
		targets[i].reason = REASON_ALONE;
	if (beat_is_due(view->now, p->collect, &rule->collected))
		collect(view, rule, states);
	if (!beat_is_due(view->now, p->every, &rule->decided))
		return;
	free = balloond_mul_div(series_mean(&rule->free), WHOLE, view->host->total);
	free = balloond_min(free, WHOLE);
	for (size_t i = 0; i < view->n_guests; i++) {
		const struct state *state = states[i];

		if (is_known(view->guests[i]) && state->size.n > 0)
			decide(view->guests[i], state, (int64_t)free, &targets[i]);
		else
			targets[i].reason = REASON_UNKNOWN;
	}
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "mom",
	.summary = "Runs the balloon rules that oVirt's MOM ships",
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
