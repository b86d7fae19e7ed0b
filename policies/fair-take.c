/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Nobody is shrunk because it could be: only for others, by what they are short of, and in the
 * order of what it costs:
 *
 *   untouched     the guest never had it, so it does not miss it
 *   unused        costs the work of the balloon
 *   cache         costs reads, the more the more the guest reads
 *   beyond claim  the rest of what is lent
 *   headroom      only what is beyond the highest use of late; cache that was missed lately is
 *                 read again and again, and counts with it
 *   lately        half of the headroom remains: less would make the guest grow again
 *   margin        what it uses remains
 *
 * Within a class all are levelled by what they have beyond their claims (or needs), in proportion
 * to shares and ceiling, so that whoever may surprise with most has most to do it with. */

#include "policies/fair.h"

#define QUARTERS 4u
#define QUARTERS_MAX 32u
/* What is not lent is taken only beyond this part of the capacity. */
#define CLAIMS_FILL 985u
/* Who tells nothing gives this part of its ceiling at a time. */
#define UNKNOWN_PARTS 64u
#define UNKNOWN_MIN (16 * BALLOOND_MIB)
#define UNKNOWN_EVERY (10 * BALLOOND_SECOND)

uint64_t take_cache_weight(const struct balloond_guest *g, const struct state *s)
{
	return fair_weight(g) * balloond_min(QUARTERS + s->usual / BALLOOND_MIB, QUARTERS_MAX);
}

/* Of `size`, what is left without `part` of what the guest has, but at least `least`.  What its
 * balloon has taken since the sample that told of it, and is still to take, is taken from that part
 * first. */
static uint64_t without(const struct balloond_guest *g, const struct state *s, uint64_t size,
			uint64_t part, uint64_t least)
{
	uint64_t taken = balloond_sub(balloond_max(g->actual, s->actual), size);

	if (part == BALLOOND_UNKNOWN)
		return size;
	return balloond_clamp(balloond_sub(size, balloond_sub(part, taken)), least, size);
}

static void offer_nothing(struct thought *th, uint64_t size)
{
	for (unsigned class = 0; class < CLASSES; class ++)
		th->size[class] = size;
}

/* Nobody knows what it would miss: step by step, and nothing at all where the administrator has not
 * said how far (core bars it then). */
static void offer_unknown(const struct balloond_guest *g, uint64_t now, const struct state *s,
			  uint64_t size, struct thought *th)
{
	uint64_t step = balloond_max(g->ceiling / UNKNOWN_PARTS, UNKNOWN_MIN);
	uint64_t untouched = balloond_clamp(g->resident, balloond_min(g->floor, size), size);
	int is_due = balloond_sub(now, s->shrunk) >= UNKNOWN_EVERY;
	uint64_t least = balloond_clamp(balloond_sub(size, step), g->floor, untouched);

	for (unsigned class = 0; class < CLASSES; class ++)
		th->size[class] = class < CLASS_LATELY || !is_due ? untouched : least;
}

static void offer_needed(const struct balloond_guest *g, struct thought *th, uint64_t size)
{
	const struct need *n = &th->need;

	th->size[CLASS_BEYOND_CLAIM] = balloond_min(size, balloond_max(n->claim, n->warm));
	th->size[CLASS_HEADROOM] = balloond_min(size, n->lately);
	th->size[CLASS_LATELY] = balloond_min(size, n->enough);
	th->size[CLASS_MARGIN] = balloond_min(size, n->now);
	if (size <= g->target)
		return;
	/* It is not taken from what it has: it grows by less. */
	th->size[CLASS_BEYOND_CLAIM] = balloond_max(th->size[CLASS_BEYOND_CLAIM], g->target);
	for (unsigned class = CLASS_HEADROOM; class < CLASSES && fair_is_barred(g); class ++)
		th->size[class] = balloond_max(th->size[class], g->target);
}

void take_offer(const struct division *d, size_t i)
{
	const struct balloond_guest *g = d->view->guests[i];
	struct thought *th = &d->thoughts[i];
	uint64_t size = d->targets[i].bytes;
	uint64_t claim = balloond_min(size, th->need.claim);
	uint64_t likely = balloond_min(size, th->need.likely);

	offer_nothing(th, size);
	if (fair_is_barred(g) && size <= g->target)
		return;
	if (th->need.kind == NEED_WAITING && d->has_room)
		return;
	if (th->need.kind == NEED_UNKNOWN) {
		offer_unknown(g, d->view->now, d->states[i], size, th);
		return;
	}
	if (size <= g->target) {
		th->size[CLASS_UNTOUCHED] =
			balloond_clamp(g->resident,
				       balloond_max(claim, balloond_min(size, th->need.warm)),
				       size);
		th->size[CLASS_UNUSED] = balloond_min(th->size[CLASS_UNTOUCHED],
						      without(g, d->states[i], size, g->unused,
							      likely));
		th->size[CLASS_CACHE] = balloond_min(th->size[CLASS_UNUSED],
						     without(g, d->states[i], size, g->usable,
							     likely));
	}
	offer_needed(g, th, th->size[CLASS_CACHE]);
}

/* Above which sizes the guests are levelled. */
static uint64_t base_of(const struct thought *th, unsigned class, uint64_t size)
{
	uint64_t base = class < CLASS_HEADROOM    ? th->need.claim
			: class == CLASS_HEADROOM ? th->need.lately
						  : th->need.now;

	return balloond_min(balloond_min(base, size), th->size[class]);
}

/* Lays out one class, and tells how much of it there is, and what there is of it and above.  Where
 * it is wanted now, a guest gives no more than it can give now. */
static uint64_t lay_out(const struct division *d, unsigned class, int at_once, uint64_t *ret_sum)
{
	uint64_t could = 0;

	*ret_sum = 0;
	for (size_t i = 0; i < d->view->n_guests; i++) {
		const struct balloond_guest *g = d->view->guests[i];
		uint64_t size = d->targets[i].bytes,
			 least = balloond_min(d->thoughts[i].size[class], size);
		uint64_t base = base_of(&d->thoughts[i], class, size);
		struct balloond_fill *f = &d->fill[i];

		if (at_once)
			least = balloond_clamp(balloond_sub(g->target, g->give), least, size);
		*f = (struct balloond_fill){
			.low = least - balloond_min(base, least),
			.high = size - balloond_min(base, least),
			.weight = class == CLASS_CACHE ? take_cache_weight(g, d->states[i])
						       : fair_weight(g),
		};
		could = balloond_add(could, f->high - f->low);
		*ret_sum = balloond_add(*ret_sum, f->high);
	}
	return could;
}

/* Empties one class, or takes what is wanted of it; returns what is still wanted. */
static uint64_t take_class(const struct division *d, unsigned class, int at_once, uint64_t wanted)
{
	uint64_t sum, could = lay_out(d, class, at_once, &sum), now = balloond_min(wanted, could);

	if (now == 0)
		return wanted;
	balloond_water_fill(d->fill, d->view->n_guests, balloond_sub(sum, now));
	for (size_t i = 0; i < d->view->n_guests; i++) {
		const struct balloond_fill *f = &d->fill[i];
		struct balloond_target *t = &d->targets[i];

		if (f->size >= f->high)
			continue;
		t->bytes -= f->high - f->size;
		if (t->bytes >= d->view->guests[i]->target)
			continue;
		t->reason = d->thoughts[i].need.kind == NEED_UNKNOWN ? REASON_UNKNOWN_PAYS
								     : REASON_TAKEN + class;
	}
	return wanted - now;
}

/* What guests that wait need beyond what is free, and beyond what the others give at once as it
 * is. */
static uint64_t urgent(const struct division *d)
{
	uint64_t wanted = 0, free = d->view->capacity, quick = 0;

	for (size_t i = 0; i < d->view->n_guests; i++) {
		const struct balloond_guest *g = d->view->guests[i];
		const struct need *n = &d->thoughts[i].need;
		uint64_t size = d->targets[i].bytes;

		if (n->kind != NEED_WAITING)
			size = balloond_min(size, n->now);
		wanted = balloond_add(wanted, balloond_sub(size, g->target));
		free = balloond_sub(free, g->charge);
		quick = balloond_add(quick,
				     balloond_min(g->give,
						  balloond_sub(g->target, d->targets[i].bytes)));
	}
	return balloond_sub(balloond_sub(wanted, free), quick);
}

void take_back(const struct division *d, uint64_t wanted)
{
	const struct params *p = d->params;
	uint64_t spared = balloond_permille(d->view->capacity, balloond_sub(CLAIMS_FILL, p->fill));

	for (unsigned class = 0; class < CLASS_MARGIN && wanted > 0; class ++) {
		if (class == CLASS_HEADROOM)
			wanted = balloond_sub(wanted, spared);
		wanted = take_class(d, class, 0, wanted);
	}
	if (!FAIR_HAS(FAIR_HURRY))
		return;
	/* How fast one guest may be shrunk is limited: where somebody waits, many give a little. */
	wanted = urgent(d);
	for (unsigned class = 0; class < CLASSES && wanted > 0; class ++)
		wanted = take_class(d, class, 1, wanted);
}
