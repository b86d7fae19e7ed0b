/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* reclaim: takes what costs least first, and only as much as is short.
 *
 *   size of a guest
 *   |#### used ####|-- keep --|~~~~ page cache ~~~~|.. unused ..|  never touched  |
 *                             <---- 3, if at all --- 2 <-------- 1 <---------------
 *
 * Nothing is taken while the guests of the rule fit into what they may hold.  When they do not, the
 * class that costs least is emptied over all guests of the rule before the next is opened:
 *
 *   1  memory that the guest never touched: nobody had it, so nobody misses it
 *   2  what lies unused in the guest: it costs the work of the balloon
 *   3  page cache: it costs reads from disk, the more the more the guest reads
 *
 * Within a class guests are levelled down by weighted max-min on shares.  In the last one a guest
 * that reads much from its disk weighs more: it has use for its cache.
 *
 * What comes back is seen in the charges.  A guest can be charged for less than its size (commit:
 * elastic): taking what it never touched then frees nothing, the guests still do not fit at the
 * next tick, and the next class is opened.
 *
 * Nothing is given back because there is room, or guests would follow every breath of the pool; a
 * guest grows when it needs to.  It does so at once, and counts as short before it has. */

#include "balloond/policy-math.h"
#include "balloond/policy.h"

enum {
	REASON_FITS,
	REASON_UNTOUCHED,
	REASON_UNUSED,
	REASON_CACHE,
	REASON_OTHERS,
	REASON_LEAST,
	REASON_BELOW_LOW,
	REASON_BARRED,
	REASON_UNKNOWN,
};

static const char *const reasons[] = {
	[REASON_FITS] = "the guests of its rule fit into what they may hold",
	[REASON_UNTOUCHED] = "memory is short: it gives what it never touched",
	[REASON_UNUSED] = "memory is short: it gives what lies unused",
	[REASON_CACHE] = "memory is short: it gives page cache",
	[REASON_OTHERS] = "memory is short: others have some that costs less to take",
	[REASON_LEAST] = "memory is short, but it has no more than it uses and is to keep",
	[REASON_BELOW_LOW] = "its headroom is below the low mark",
	[REASON_BARRED] = "it cannot be shrunk now",
	[REASON_UNKNOWN] = "what it uses is not known: nothing is taken from it",
};

enum { FIGURE_UNTOUCHED, FIGURE_UNUSED, FIGURE_CACHE, FIGURE_SHORT };

/* What could be taken of each class, and how much all guests of the rule are short of. */
static const struct balloond_figure figures[] = {
	[FIGURE_UNTOUCHED] = { "untouched", BALLOOND_BYTES },
	[FIGURE_UNUSED] = { "unused", BALLOOND_BYTES },
	[FIGURE_CACHE] = { "cache", BALLOOND_BYTES },
	[FIGURE_SHORT] = { "short", BALLOOND_BYTES },
};

enum { CLASS_UNTOUCHED, CLASS_UNUSED, CLASS_CACHE, CLASSES };

/* With every MiB that it reads a second a guest weighs a quarter more, up to eight times as much.
 */
#define QUARTERS 4u
#define QUARTERS_MAX 32u
#define READS_HALF_LIFE (60 * BALLOOND_SECOND)

struct params {
	uint64_t fill;      /* permille of the capacity */
	uint64_t low, keep; /* permille of the size */
};

static const struct balloond_param params_table[] = {
	{ "fill", BALLOOND_PERMILLE, offsetof(struct params, fill), "95%", "10%", "100%",
	  "Memory is taken when the guests hold more than this share of what they may" },
	{ "low", BALLOOND_PERMILLE, offsetof(struct params, low), "10%", "1%", "80%",
	  "A guest that could use less than this share of its size grows" },
	{ "keep", BALLOOND_PERMILLE, offsetof(struct params, keep), "15%", "2%", "90%",
	  "A guest that has grown or was shrunk could still use this share of its size" },
};

struct state {
	uint64_t sample;     /* the last one looked at */
	uint64_t disk_reads; /* of that sample */
	uint64_t reads;      /* a second, averaged */
};

/* What each guest could come to, in scratch behind the array of fills. */
struct offer {
	uint64_t size[CLASSES]; /* when everything up to this class is taken */
};

static const char *check(const void *p)
{
	const struct params *params = p;

	return params->low < params->keep ? NULL : "low must be below keep";
}

static void observe_reads(const struct balloond_guest *g, struct state *state)
{
	if (g->sample == state->sample)
		return;
	/* Samples are missed while another rule holds. */
	if (g->sample == state->sample + 1 && state->sample > 0 && g->sample_elapsed > 0 &&
	    g->disk_reads != BALLOOND_UNKNOWN && state->disk_reads != BALLOOND_UNKNOWN &&
	    g->disk_reads >= state->disk_reads) {
		uint64_t rate = balloond_mul_div(g->disk_reads - state->disk_reads, BALLOOND_SECOND,
						 g->sample_elapsed);

		state->reads = balloond_ewma(state->reads, rate, g->sample_elapsed,
					     READS_HALF_LIFE);
	}
	state->sample = g->sample;
	state->disk_reads = g->disk_reads;
}

static uint64_t weight(const struct balloond_guest *g, const struct state *state, unsigned class)
{
	if (class != CLASS_CACHE)
		return g->shares;
	return g->shares * balloond_min(QUARTERS + state->reads / BALLOOND_MIB, QUARTERS_MAX);
}

static int is_barred(const struct balloond_guest *g)
{
	return !(g->flags & BALLOOND_GUEST_MAY_SHRINK) || g->flags & BALLOOND_GUEST_COOLING;
}

static int is_unknown(const struct balloond_guest *g)
{
	return g->used == BALLOOND_UNKNOWN ||
	       g->flags & (BALLOOND_GUEST_STALE | BALLOOND_GUEST_BLIND);
}

/* Of `size`, what is left without `part` of what the guest has, but at least `least`.  What its
 * balloon is still to take is taken from that part first. */
static uint64_t without(const struct balloond_guest *g, uint64_t size, uint64_t part,
			uint64_t least)
{
	if (part == BALLOOND_UNKNOWN)
		return size;
	return balloond_clamp(balloond_sub(size, balloond_sub(part, balloond_sub(g->actual, size))),
			      least, size);
}

static void prepare(const struct balloond_guest *g, const struct params *p, struct offer *o,
		    struct balloond_target *t)
{
	uint64_t at_keep = balloond_whole(g->used, 1000 - p->keep), size = t->bytes;
	uint64_t least = balloond_min(size, balloond_max(g->floor, at_keep));
	int is_low = g->used != BALLOOND_UNKNOWN &&
		     balloond_sub(size, g->used) < balloond_permille(size, p->low);

	if (is_low)
		t->bytes = balloond_max(size, balloond_min(at_keep, g->ceiling));
	t->reason = is_low          ? REASON_BELOW_LOW
		    : is_unknown(g) ? REASON_UNKNOWN
		    : is_barred(g)  ? REASON_BARRED
				    : REASON_FITS;
	if (t->reason != REASON_FITS)
		least = t->bytes;
	size = t->bytes;
	/* Each class is within the next one: what was never touched is unused, that is usable. */
	o->size[CLASS_UNTOUCHED] = balloond_clamp(g->resident, least, size);
	o->size[CLASS_UNUSED] = balloond_min(o->size[CLASS_UNTOUCHED],
					     without(g, size, g->unused, least));
	o->size[CLASS_CACHE] = balloond_min(o->size[CLASS_UNUSED],
					    without(g, size, g->usable, least));
	t->n_figures = 4;
	t->figure[FIGURE_UNTOUCHED] = size - o->size[CLASS_UNTOUCHED];
	t->figure[FIGURE_UNUSED] = o->size[CLASS_UNTOUCHED] - o->size[CLASS_UNUSED];
	t->figure[FIGURE_CACHE] = o->size[CLASS_UNUSED] - o->size[CLASS_CACHE];
}

/* What the guests do not fit by: what they are charged now, less what is on its way back, and what
 * those that grow are to get. */
static uint64_t shortage(const struct balloond_view *view, const struct params *p,
			 const struct balloond_target targets[])
{
	uint64_t sum = 0;

	for (size_t i = 0; i < view->n_guests; i++) {
		const struct balloond_guest *g = view->guests[i];
		uint64_t coming = balloond_sub(g->actual, g->target);

		sum = balloond_add(sum, balloond_sub(g->charge, coming));
		sum = balloond_add(sum, balloond_sub(targets[i].bytes, g->target));
	}
	return balloond_sub(sum, balloond_permille(view->capacity, p->fill));
}

/* Lays out one class, and tells what the guests have before it is opened, and could give. */
static uint64_t lay_out(const struct balloond_view *view, void *const states[], unsigned class,
			const struct offer offers[], const struct balloond_target targets[],
			struct balloond_fill fill[], uint64_t *ret_sum)
{
	uint64_t could = 0;

	*ret_sum = 0;
	for (size_t i = 0; i < view->n_guests; i++) {
		fill[i] = (struct balloond_fill){
			.low = offers[i].size[class],
			.high = targets[i].bytes,
			.weight = weight(view->guests[i], states[i], class),
		};
		could = balloond_add(could, fill[i].high - fill[i].low);
		*ret_sum = balloond_add(*ret_sum, fill[i].high);
	}
	return could;
}

static void take(const struct balloond_view *view, uint64_t wanted, void *const states[],
		 const struct offer offers[], struct balloond_fill fill[],
		 struct balloond_target targets[])
{
	for (unsigned class = 0; class < CLASSES && wanted > 0; class ++) {
		uint64_t sum, could = lay_out(view, states, class, offers, targets, fill, &sum);
		uint64_t now = balloond_min(wanted, could);

		if (now == 0)
			continue;
		balloond_water_fill(fill, view->n_guests, balloond_sub(sum, now));
		for (size_t i = 0; i < view->n_guests; i++) {
			if (fill[i].size >= targets[i].bytes)
				continue;
			targets[i].bytes = fill[i].size;
			targets[i].reason = REASON_UNTOUCHED + class;
		}
		wanted -= now;
	}
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	const struct params *p = params;
	struct balloond_fill *fill = view->scratch;
	struct offer *offers = (struct offer *)(fill + view->n_guests);
	uint64_t wanted;

	for (size_t i = 0; i < view->n_guests; i++) {
		observe_reads(view->guests[i], states[i]);
		prepare(view->guests[i], p, &offers[i], &targets[i]);
	}
	wanted = shortage(view, p, targets);
	take(view, wanted, states, offers, fill, targets);
	for (size_t i = 0; i < view->n_guests; i++) {
		const struct balloond_guest *g = view->guests[i];
		struct balloond_target *t = &targets[i];

		t->figure[FIGURE_SHORT] = wanted;
		if (wanted == 0 && t->reason != REASON_BELOW_LOW)
			t->reason = REASON_FITS;
		else if (t->reason == REASON_FITS)
			t->reason = offers[i].size[CLASS_CACHE] < t->bytes ? REASON_OTHERS
									   : REASON_LEAST;
		t->claim = t->bytes;
		if (g->used != BALLOOND_UNKNOWN && !(g->flags & BALLOOND_GUEST_COOLING))
			t->claim = balloond_min(t->bytes, balloond_whole(g->used, 1000 - p->low));
	}
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "reclaim",
	.summary = "Takes what costs least first, and only as much as is short",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.state_size = sizeof(struct state),
	.scratch_size = sizeof(struct balloond_fill) + sizeof(struct offer),
	.state_version = 1,
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.check = check,
	.propose = propose,
};
