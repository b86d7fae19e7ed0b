/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a guest uses can never exceed its size: one that has too little looks satisfied.  What tells
 * is that it waits for memory: it swaps in, or nothing is left of its size, or it faults while
 * little is left.  Then it needs more than it has, nobody knows how much, and is given plenty. */

#include "policies/fair.h"

/* Less between two samples is cold pages that come back. */
#define SWAP_IN_MIN BALLOOND_MIB
/* So many major faults a second are a wait, where little is left. */
#define FAULTS_MIN 10u
/* From a guest's first touch to the effect of balloond's answer. */
#define REACTION (2 * BALLOOND_SECOND)
/* For what is likely, and for what it may take at a stretch: so many windows. */
#define WINDOWS 12u
/* Headroom is at least this; at most this part of the ceiling. */
#define HEADROOM_MIN (64 * BALLOOND_MIB)
#define HEADROOM_PARTS 4u
#define COOLING_MARGINS 4u
/* A guest that waits gets so much, or this part of its maximum; twice that if it waits on.  What is
 * sure is this part of its size. */
#define SURE_PARTS 8u
#define RELIEF_MIN (512 * BALLOOND_MIB)
#define RELIEF_PARTS 8u
#define DOUBLINGS_MAX 3u
/* How long after a shrink reads are put down to it, and how much more than usual they must be. */
#define READS_WATCHED (60 * BALLOOND_SECOND)
#define READS_HALF_LIFE (30 * BALLOOND_SECOND)
#define READS_MIN (2 * BALLOOND_MIB)
/* Shrinks that are no further apart than this are one. */
#define SHRINK_APART (120 * BALLOOND_SECOND)
/* How long a cache that was missed is left alone: longer each time. */
#define WARM_MIN (600 * BALLOOND_SECOND)
#define WARM_DOUBLINGS 3u
/* How long others give for it; from then on it gets back what is free, or two guests that miss
 * cache would take it from each other for ever. */
#define WARM_AT_ONCE (5 * BALLOOND_SECOND)

static uint64_t margin(const struct balloond_guest *g)
{
	uint64_t least = balloond_max(32 * BALLOOND_MIB, g->maximum / 100);

	return g->flags & BALLOOND_GUEST_SWAPPED ? least : 2 * least;
}

/* What it keeps beyond what it uses.  Who waited a moment ago may give as well, where somebody has
 * nothing left, but not all (the guard would not let it). */
static uint64_t kept_free(const struct balloond_guest *g)
{
	return g->flags & BALLOOND_GUEST_COOLING ? COOLING_MARGINS * margin(g) : margin(g);
}

static uint64_t rise(uint64_t before, uint64_t now)
{
	return before == BALLOOND_UNKNOWN || now == BALLOOND_UNKNOWN ? 0
								     : balloond_sub(now, before);
}

static uint64_t a_second(uint64_t amount, uint64_t elapsed)
{
	return elapsed ? balloond_mul_div(amount, BALLOOND_SECOND, elapsed) : 0;
}

/* How many bytes it had to wait for, 0 if it did not. */
static uint64_t waited_for(const struct balloond_guest *g, const struct state *s, uint64_t elapsed)
{
	uint64_t swapped = elapsed ? rise(s->swap_in, g->swap_in) : 0;
	uint64_t faults = a_second(rise(s->major_faults, g->major_faults), elapsed);
	uint64_t left = balloond_sub(g->actual, g->used), least = margin(g);

	/* What has plenty left is on its way back from swap. */
	if (swapped >= SWAP_IN_MIN && left < balloond_max(2 * least, 2 * swapped))
		return swapped;
	return left < least / 2 || (left < least && faults >= FAULTS_MIN) ? 1 : 0;
}

static int is_unusual(const struct state *s, uint64_t reads)
{
	return s->has_usual && reads > balloond_add(2 * s->usual, READS_MIN);
}

/* A database that reads through the kernel's cache never faults: only its disk tells that it lost
 * what it had in use. */
static int missed_cache(const struct balloond_guest *g, uint64_t now, uint64_t elapsed,
			struct state *s)
{
	/* What comes back from swap is told apart by the guest. */
	uint64_t back = g->swap_in != BALLOOND_UNKNOWN ? rise(s->swap_in, g->swap_in) : 0;
	uint64_t read = balloond_sub(rise(s->disk_reads, g->disk_reads), back);
	uint64_t reads = a_second(read, elapsed);
	int is_watched = s->shrunk != 0 && balloond_sub(now, s->shrunk) < READS_WATCHED;

	if (elapsed == 0 || g->disk_reads == BALLOOND_UNKNOWN)
		return 0;
	if (FAIR_HAS(FAIR_CACHE) && is_watched && is_unusual(s, reads))
		return 1;
	s->usual = s->has_usual ? balloond_ewma(s->usual, reads, elapsed, READS_HALF_LIFE) : reads;
	s->has_usual = 1;
	return 0;
}

static void remember_cache(const struct balloond_guest *g, uint64_t now, struct state *s)
{
	if (s->cold_at != 0 && balloond_sub(now, s->cold_at) > 2 * (WARM_MIN << s->misses))
		s->misses = 0;
	else if (s->cold_at != 0 && s->misses < WARM_DOUBLINGS)
		s->misses++;
	s->warm = balloond_max(s->before, g->target);
	s->cold_at = now;
	s->shrunk = 0;
}

static int is_warm(const struct state *s, uint64_t now)
{
	return s->warm != 0 && balloond_sub(now, s->cold_at) < WARM_MIN << s->misses;
}

static void take_demand(const struct balloond_guest *g, const struct params *p, uint64_t now,
			uint64_t elapsed, uint64_t waited, struct state *s)
{
	uint64_t demand = g->used, highest = balloond_window_max(&s->recent);
	uint64_t risen = elapsed ? rise(balloond_max(highest, s->used), g->used) : 0;

	if (waited > 0 && FAIR_HAS(FAIR_CENSORED))
		demand = balloond_add(balloond_max(demand, g->actual), margin(g));
	/* While its balloon is on the way the sample is of before. */
	if (waited == 0)
		s->waits = 0;
	else if (s->waits == 0 || balloond_add(g->actual, margin(g)) >= g->target)
		s->waits++;
	if (elapsed > 0 && elapsed < REACTION)
		risen = balloond_mul_div(risen, REACTION, elapsed);
	balloond_window_add(&s->recent, now, p->window, demand);
	balloond_window_add(&s->lasting, now, WINDOWS * p->window, demand);
	balloond_window_add(&s->rises, now, WINDOWS * p->window, risen);
}

static void follow_size(const struct balloond_guest *g, uint64_t now, struct state *s)
{
	if (s->size > g->target) {
		int is_another = s->shrunk == 0 || balloond_sub(now, s->shrunk) > SHRINK_APART;

		s->before = is_another ? s->size : balloond_max(s->before, s->size);
		s->shrunk = now;
	}
	s->size = g->target;
}

static uint64_t headroom(const struct balloond_guest *g, const struct params *p)
{
	uint64_t least = balloond_max(HEADROOM_MIN, balloond_permille(g->maximum, p->headroom));

	/* Nothing warns before the OOM killer of a guest that does not swap. */
	return g->flags & BALLOOND_GUEST_SWAPPED ? least : balloond_max(least, 2 * margin(g));
}

/* What it has surprised with of late may come again. */
static uint64_t surprise(const struct balloond_guest *g, const struct state *s)
{
	return FAIR_HAS(FAIR_HEADROOM)
		       ? balloond_min(balloond_window_max(&s->rises), g->ceiling / HEADROOM_PARTS)
		       : 0;
}

static uint64_t within(const struct balloond_guest *g, uint64_t size)
{
	return balloond_clamp(size, g->floor, balloond_max(g->floor, g->ceiling));
}

/* It needs more than it shows, and nobody knows how much. */
static void choose_relief(const struct balloond_guest *g, uint64_t waited, const struct need *n,
			  struct state *s)
{
	uint64_t size = g->target, doublings = balloond_min(s->waits, DOUBLINGS_MAX) - 1;
	uint64_t sure = balloond_max(n->headroom, size / SURE_PARTS) << doublings;
	uint64_t more =
		balloond_max(balloond_max(RELIEF_MIN, g->maximum / RELIEF_PARTS), 2 * waited)
		<< doublings;

	if (!FAIR_HAS(FAIR_FAST))
		more = HEADROOM_MIN;
	s->relief = balloond_min(balloond_max(n->claim, balloond_add(size, more)), fair_most(g));
	s->sure = balloond_min(balloond_add(size, sure), s->relief);
}

/* A part of what it is given others give whatever they are used to; the rest is what they were
 * lent. Until its next sample tells what became of it, none of it is taken back. */
static void relieve(const struct balloond_guest *g, const struct state *s, struct need *n)
{
	n->kind = NEED_WAITING;
	n->goal = balloond_clamp(s->relief, g->target, fair_most(g));
	n->now = balloond_max(n->now, within(g, s->sure));
	n->enough = balloond_max(n->enough, n->now);
	n->lately = balloond_max(n->lately, n->now);
	n->claim = n->likely = balloond_max(n->claim, n->goal);
}

static void set_goal(const struct balloond_guest *g, uint64_t now, const struct state *s,
		     struct need *n)
{
	uint64_t size = g->target;

	n->goal = size;
	if (n->kind == NEED_CACHE) {
		n->goal = balloond_max(size, s->warm);
	} else if (size < n->enough) {
		n->kind = NEED_GROWTH;
		n->goal = n->claim;
	} else if (size < n->warm && balloond_sub(now, s->cold_at) < WARM_AT_ONCE) {
		n->kind = NEED_CACHE;
		n->goal = n->warm;
	} else if (size < n->warm || balloond_add(size, n->headroom / 2) < n->claim) {
		n->kind = NEED_CLAIM;
	}
	n->goal = balloond_min(n->goal, fair_most(g));
}

/* Returns how many bytes it waited for. */
static uint64_t take_sample(const struct balloond_guest *g, const struct params *p, uint64_t now,
			    struct state *s, struct need *n)
{
	/* What happened while another rule held tells nothing of now. */
	uint64_t elapsed = g->sample == s->sample + 1 ? g->sample_elapsed : 0;
	uint64_t waited = waited_for(g, s, elapsed);

	n->missed = missed_cache(g, now, elapsed, s);
	if (n->missed) {
		n->kind = NEED_CACHE;
		remember_cache(g, now, s);
	}
	if (waited > 0)
		n->kind = NEED_WAITING;
	take_demand(g, p, now, elapsed, waited, s);
	s->sample = g->sample;
	s->used = g->used;
	s->actual = g->actual;
	s->swap_in = g->swap_in;
	s->major_faults = g->major_faults;
	s->disk_reads = g->disk_reads;
	return waited;
}

static void set_sizes(const struct balloond_guest *g, const struct params *p, uint64_t now,
		      const struct state *s, struct need *n)
{
	uint64_t recent = FAIR_HAS(FAIR_WINDOW) ? balloond_window_max(&s->recent) : 0;
	uint64_t highest = balloond_max(g->used, recent);
	uint64_t hour = balloond_window_max(&s->lasting);

	n->headroom = headroom(g, p);
	n->now = within(g, balloond_add(g->used, kept_free(g)));
	n->enough = balloond_max(n->now, within(g, balloond_add(g->used, n->headroom / 2)));
	n->lately = balloond_max(n->enough, within(g, highest));
	n->claim = within(g, balloond_max(balloond_add(highest, n->headroom),
					  balloond_add(g->used, surprise(g, s))));
	n->claim = balloond_max(n->claim, n->lately);
	n->likely = balloond_max(n->claim, within(g, balloond_add(hour, n->headroom)));
	n->warm = is_warm(s, now) ? within(g, s->warm) : 0;
	n->likely = balloond_max(n->likely, n->warm);
}

void need_assess(const struct balloond_guest *g, const struct params *p, uint64_t now,
		 struct state *s, struct need *n)
{
	uint64_t size = g->target, waited = 0;

	*n = (struct need){ NEED_UNKNOWN, 0, size, size, size, size, size, 0, size, 0 };
	follow_size(g, now, s);
	if (g->used == BALLOOND_UNKNOWN)
		return;
	n->kind = NEED_NOTHING;
	if (g->sample != s->sample)
		waited = take_sample(g, p, now, s, n);
	set_sizes(g, p, now, s, n);
	if (waited > 0)
		choose_relief(g, waited, n, s);
	if (s->waits > 0)
		relieve(g, s, n);
	else
		set_goal(g, now, s, n);
}
