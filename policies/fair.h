/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Private to fair*.c: what one guest needs (fair-need.c), what others give for it (fair-take.c),
 * and the division that both serve (fair.c). */

#include "balloond/policy-math.h"
#include "balloond/policy.h"

/* A bench builds fair without single parts of it, to show what each is good for. */
#ifndef FAIR_WITHOUT
#define FAIR_WITHOUT 0
#endif
#define FAIR_HAS(part) (!((FAIR_WITHOUT) & (part)))

enum {
	FAIR_WINDOW = 1 << 0,    /* the highest demand of late counts, not the newest */
	FAIR_HEADROOM = 1 << 1,  /* what a guest has free follows its own surprises */
	FAIR_FAST = 1 << 2,      /* who waits for memory gets plenty at once */
	FAIR_ASYMMETRY = 1 << 3, /* nobody is shrunk but for others */
	FAIR_CENSORED = 1 << 4,  /* who waits for memory needs more than it shows */
	FAIR_CACHE = 1 << 5,     /* cache that is read again after a shrink is left alone */
	FAIR_HURRY = 1 << 6,     /* for who waits, many give a little each */
	FAIR_LESSONS = 1 << 7,   /* core hears of distress, and raises the floor for hours */
};

struct params {
	uint64_t window;   /* us */
	uint64_t headroom; /* permille of the maximum */
	uint64_t fill;     /* permille of the capacity */
};

/* Kept for each guest. */
struct state {
	/* of the last sample looked at */
	uint64_t sample, used, actual;
	uint64_t swap_in, major_faults, disk_reads;

	struct balloond_window recent, lasting; /* of its demand */
	struct balloond_window rises;           /* above all demand of late, in a reaction time */
	uint64_t waits;                         /* samples in a row in which it waited for memory */
	uint64_t sure, relief;                  /* sizes that it was to get when it last waited */

	uint64_t has_usual, usual; /* its reads a second while nothing is wrong */
	uint64_t size;             /* its last target */
	uint64_t shrunk, before;   /* when that last fell, and from where; 0: never */
	uint64_t warm;             /* the size at which its cache served it; 0: not known */
	uint64_t cold_at, misses;  /* when it missed a part of it, and how often in a row */
	uint64_t lent;             /* when it was last lent something */
};

enum need_kind {
	NEED_UNKNOWN, /* it does not tell what it uses */
	NEED_NOTHING,
	NEED_CLAIM,   /* its claim is larger than its size, and it does not use that much now */
	NEED_GROWTH,  /* half of its headroom is used up */
	NEED_WAITING, /* it waits for memory */
	NEED_CACHE,   /* it reads again what it lost */
};

/* What a guest needs: sizes, each at least the one before. */
struct need {
	enum need_kind kind;
	int missed;      /* a new sample shows that it reads again what it lost */
	uint64_t now;    /* what it uses, and a margin */
	uint64_t enough; /* with half of its headroom */
	uint64_t lately; /* what it used at most of late */
	uint64_t claim;  /* with its headroom */
	uint64_t likely; /* what it used at most in an hour with headroom, and cache that is in use
			  */
	uint64_t warm;   /* the size at which its cache served it, while that is left alone; or 0 */
	uint64_t goal;   /* the size that it should have at once */
	uint64_t headroom;
};

void need_assess(const struct balloond_guest *g, const struct params *p, uint64_t now,
		 struct state *state, struct need *ret);

/* What can be taken, in the order of what it costs.  A class is opened when the one before is
 * empty over all guests. */
enum class {
	CLASS_UNTOUCHED,
	CLASS_UNUSED,
	CLASS_CACHE,
	CLASS_BEYOND_CLAIM,
	CLASS_HEADROOM,
	CLASS_LATELY,
	CLASS_MARGIN, /* only for guests that wait */
	CLASSES,
};

enum reason {
	REASON_NEEDS,
	REASON_LENT,
	REASON_GROWS,
	REASON_WAITS,
	REASON_MISSES_CACHE,
	REASON_TAKEN, /* of a class: this and the class */
	REASON_BARRED = REASON_TAKEN + CLASSES,
	REASON_UNKNOWN,
	REASON_UNKNOWN_PAYS,
	REASONS,
};

/* What is thought of each guest, in scratch behind the array of fills. */
struct thought {
	struct need need;
	uint64_t size[CLASSES]; /* when everything up to this class is taken */
};

struct division {
	const struct balloond_view *view;
	const struct params *params;
	void *const *states;
	struct thought *thoughts;
	struct balloond_fill *fill;
	struct balloond_target *targets;
	int has_room; /* for all that those that wait are to get */
};

static inline int fair_is_barred(const struct balloond_guest *g)
{
	return !(g->flags & BALLOOND_GUEST_MAY_SHRINK) || g->flags & BALLOOND_GUEST_STALE;
}

/* The largest size that it can be given now: nobody makes room for what would have no effect. */
static inline uint64_t fair_most(const struct balloond_guest *g)
{
	return g->flags & BALLOOND_GUEST_MAY_GROW ? balloond_max(g->target, g->ceiling) : g->target;
}

/* Large guests bear, and get, more of what is divided beyond what all need. */
static inline uint64_t fair_weight(const struct balloond_guest *g)
{
	return g->shares * balloond_max(g->ceiling / (64 * BALLOOND_MIB), 1);
}

/* Fills thoughts[i].size, for the size that targets[i] proposes. */
void take_offer(const struct division *d, size_t i);

/* Takes back what all guests together are short of, then what those that wait are short of now. */
void take_back(const struct division *d, uint64_t wanted);

/* With every MiB that a guest reads a second its cache weighs a quarter more, up to eight times as
 * much. */
uint64_t take_cache_weight(const struct balloond_guest *g, const struct state *s);
