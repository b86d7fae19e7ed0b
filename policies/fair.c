/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* fair: everybody has what they need, by shares where that is not possible; the rest is lent, and
 * taken back only when somebody needs it.
 *
 *   size of a guest
 *   |### used ###|= margin =|          |               |             |
 *   |---- now ---------------          |               |             |
 *   |---- enough: + half of its headroom               |             |
 *   |---- lately: the highest use of late ------       |             |
 *   |---- claim: + headroom, or what it surprised with |             |
 *   |---- likely: the highest use of an hour, cache that is in use --|
 *
 * A guest that has less than enough grows to its claim at once; one that waits for memory gets
 * plenty (fair-need.c).  What that is short of is taken back where it costs least (fair-take.c).
 * What stays free of the capacity goes to those who lack a part of their claims, and is then lent
 * to those who have use for it: guests that read from their disks, and guests that tell nothing. */

#include "policies/fair.h"

static const char *const reasons[] = {
	[REASON_NEEDS] = "it has its claim",
	[REASON_LENT] = "it has its claim, and is lent what nobody needs now",
	[REASON_GROWS] = "it has too little free: it grows to its claim",
	[REASON_WAITS] = "it waits for memory: it gets plenty at once",
	[REASON_MISSES_CACHE] = "it reads again what it lost by shrinking: it gets that back",
	[REASON_TAKEN + CLASS_UNTOUCHED] = "others need memory: it gives what it never touched",
	[REASON_TAKEN + CLASS_UNUSED] = "others need memory: it gives what lies unused",
	[REASON_TAKEN + CLASS_CACHE] = "others need memory: it gives page cache",
	[REASON_TAKEN + CLASS_BEYOND_CLAIM] = "others need memory: it gives what is lent to it",
	[REASON_TAKEN + CLASS_HEADROOM] = "claims do not fit: it gives a part of its headroom",
	[REASON_TAKEN + CLASS_LATELY] = "claims do not fit: it gives what it does not use now",
	[REASON_TAKEN + CLASS_MARGIN] = "others wait for memory: it gives all but what it uses",
	[REASON_BARRED] = "it cannot be shrunk now",
	[REASON_UNKNOWN] = "what it uses is not known: it has what is to spare",
	[REASON_UNKNOWN_PAYS] = "others need memory: it gives a little, its use is not known",
};

enum { FIGURE_DEMAND, FIGURE_HEADROOM, FIGURE_SHARE, FIGURE_SHORT };

static const struct balloond_figure figures[] = {
	[FIGURE_DEMAND] = { "demand", BALLOOND_BYTES },     /* the highest of late */
	[FIGURE_HEADROOM] = { "headroom", BALLOOND_BYTES }, /* that it should have beyond */
	[FIGURE_SHARE] = { "share", BALLOOND_BYTES },       /* its part if all wanted everything */
	[FIGURE_SHORT] = { "short", BALLOOND_BYTES },       /* of all guests of the rule */
};

/* Lending stops so far below `fill`, and goes on by this part of a ceiling at a time. */
#define LEND_SHORT 50u
#define LEND_PARTS 16u
#define LEND_EVERY (30 * BALLOOND_SECOND)
/* A guest with less free than this part of its size fills what it gets. */
#define LEND_FULL_PARTS 10u
#define LEND_READS BALLOOND_MIB

static const struct balloond_param params_table[] = {
	{ "window", BALLOOND_USEC, offsetof(struct params, window), "5min", "10s", "1h",
	  "What a guest used at most within this time is its claim, with headroom" },
	{ "headroom", BALLOOND_PERMILLE, offsetof(struct params, headroom), "3%", "0%", "25%",
	  "The least share of its maximum that a guest has beyond what it uses" },
	{ "fill", BALLOOND_PERMILLE, offsetof(struct params, fill), "95%", "10%", "98%",
	  "Memory is taken back when the guests hold more than this share of what they may" },
};

static uint32_t reason_of(const struct balloond_guest *g, const struct need *n, uint64_t size)
{
	switch (n->kind) {
	case NEED_UNKNOWN:
		return REASON_UNKNOWN;
	case NEED_GROWTH:
		return REASON_GROWS;
	case NEED_WAITING:
		return REASON_WAITS;
	case NEED_CACHE:
		return REASON_MISSES_CACHE;
	case NEED_CLAIM:
	case NEED_NOTHING:
		break;
	}
	if (fair_is_barred(g))
		return REASON_BARRED;
	return size > balloond_add(n->claim, n->headroom / 2) ? REASON_LENT : REASON_NEEDS;
}

static void think(const struct division *d, size_t i)
{
	const struct balloond_guest *g = d->view->guests[i];
	struct need *n = &d->thoughts[i].need;
	struct balloond_target *t = &d->targets[i];

	need_assess(g, d->params, d->view->now, d->states[i], n);
	t->bytes = n->goal;
	if (!FAIR_HAS(FAIR_ASYMMETRY) && n->kind == NEED_NOTHING && !fair_is_barred(g))
		t->bytes = balloond_min(t->bytes, n->claim);
	t->reason = reason_of(g, n, t->bytes);
	if (FAIR_HAS(FAIR_LESSONS) && n->missed)
		t->flags |= BALLOOND_TARGET_DISTRESS;
	t->n_figures = n->kind == NEED_UNKNOWN ? 0 : 4;
	t->figure[FIGURE_DEMAND] = n->lately;
	t->figure[FIGURE_HEADROOM] = balloond_sub(n->claim, n->lately);
}

/* What it is charged once its balloon has come to rest.  A balloon that takes what the guest never
 * touched lowers no charge that is by touch. */
static uint64_t charge_at_rest(const struct balloond_guest *g)
{
	uint64_t coming = balloond_sub(g->actual, g->target);

	return balloond_max(balloond_sub(g->charge, coming), balloond_min(g->charge, g->target));
}

/* What the guests come to: what they are charged now, less what is on its way back, and what those
 * that grow are to get. */
static uint64_t total(const struct division *d)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < d->view->n_guests; i++) {
		const struct balloond_guest *g = d->view->guests[i];

		sum = balloond_add(sum, charge_at_rest(g));
		sum = balloond_add(sum, balloond_sub(d->targets[i].bytes, g->target));
	}
	return sum;
}

/* Whether more memory is of use to it, and comes back when it is needed. */
static int has_use(const struct balloond_guest *g, const struct state *s, const struct need *n)
{
	if (n->kind == NEED_UNKNOWN)
		return !fair_is_barred(g);
	return s->usual >= LEND_READS && g->unused != BALLOOND_UNKNOWN &&
	       g->unused < g->target / LEND_FULL_PARTS;
}

static uint64_t lend_to(const struct division *d, size_t i)
{
	const struct balloond_guest *g = d->view->guests[i];
	const struct state *s = d->states[i];
	uint64_t size = d->targets[i].bytes;

	if (g->actual != g->target || size != g->target ||
	    balloond_sub(d->view->now, s->lent) < LEND_EVERY ||
	    !has_use(g, s, &d->thoughts[i].need))
		return size;
	return balloond_clamp(balloond_add(size, g->ceiling / LEND_PARTS), size, fair_most(g));
}

/* Gives out what is free: of their claims what guests lack, or memory that is lent. */
static uint64_t give(const struct division *d, int lends, uint64_t surplus)
{
	uint64_t left = surplus;

	for (size_t i = 0; i < d->view->n_guests; i++) {
		const struct balloond_guest *g = d->view->guests[i];
		const struct need *n = &d->thoughts[i].need;
		uint64_t size = d->targets[i].bytes;
		uint64_t goal = lends ? lend_to(d, i)
				: n->kind == NEED_CLAIM
					? balloond_clamp(balloond_max(n->claim, n->warm), size,
							 fair_most(g))
					: size;

		d->fill[i] = (struct balloond_fill){
			.high = goal - size,
			.weight = lends ? take_cache_weight(g, d->states[i]) : fair_weight(g),
		};
	}
	balloond_water_fill(d->fill, d->view->n_guests, surplus);
	for (size_t i = 0; i < d->view->n_guests; i++) {
		struct state *s = d->states[i];

		if (d->fill[i].size == 0)
			continue;
		left -= d->fill[i].size;
		d->targets[i].bytes += d->fill[i].size;
		if (lends)
			s->lent = d->view->now;
		if (d->thoughts[i].need.kind != NEED_UNKNOWN)
			d->targets[i].reason = lends ? REASON_LENT : REASON_GROWS;
	}
	return left;
}

/* Whether all that wait can have all that they are to get from what is free. */
static int has_room(const struct division *d)
{
	uint64_t wanted = 0, free = d->view->capacity;

	for (size_t i = 0; i < d->view->n_guests; i++) {
		const struct balloond_guest *g = d->view->guests[i];

		free = balloond_sub(free, g->charge);
		if (d->thoughts[i].need.kind == NEED_WAITING)
			wanted = balloond_add(wanted, balloond_sub(d->targets[i].bytes, g->target));
	}
	return wanted <= free;
}

static void divide(const struct division *d, uint64_t sum, uint64_t wanted)
{
	uint64_t capacity = d->view->capacity, left;

	if (wanted > 0) {
		take_back(d, wanted);
	} else if (d->view->host->level == BALLOOND_LEVEL_NORMAL) {
		left = give(d, 0, balloond_sub(balloond_permille(capacity, d->params->fill), sum));
		give(d, 1, balloond_sub(left, balloond_permille(capacity, LEND_SHORT)));
	}
}

static uint64_t sum_shares(const struct balloond_view *view)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < view->n_guests; i++)
		sum += view->guests[i]->shares;
	return sum;
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	struct balloond_fill *fill = view->scratch;
	struct division d = { .view = view,
			      .params = params,
			      .states = states,
			      .thoughts = (struct thought *)(fill + view->n_guests),
			      .fill = fill,
			      .targets = targets };
	uint64_t sum, wanted, shares = sum_shares(view);

	for (size_t i = 0; i < view->n_guests; i++)
		think(&d, i);
	d.has_room = has_room(&d);
	for (size_t i = 0; i < view->n_guests; i++)
		take_offer(&d, i);
	sum = total(&d);
	wanted = balloond_sub(sum, balloond_permille(view->capacity, d.params->fill));
	divide(&d, sum, wanted);
	for (size_t i = 0; i < view->n_guests; i++) {
		struct balloond_target *t = &targets[i];

		t->claim = balloond_min(t->bytes, d.thoughts[i].need.claim);
		t->figure[FIGURE_SHARE] = balloond_mul_div(view->capacity, view->guests[i]->shares,
							   shares);
		t->figure[FIGURE_SHORT] = wanted;
	}
}

#ifndef FAIR_NAME
#define FAIR_NAME "fair"
#endif

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = FAIR_NAME,
	.summary = "Gives everybody what they need, by shares, and lends the rest",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.state_size = sizeof(struct state),
	.scratch_size = sizeof(struct balloond_fill) + sizeof(struct thought),
	.state_version = 1,
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.propose = propose,
};
