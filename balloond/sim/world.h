/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The simulated world: guests and a host on a virtual clock, behind the vtable that the live world
 * has.  What is asked in one step begins to move in the next. */

#include "balloond/io/world.h"
#include "balloond/sim/guest.h"
#include "balloond/sim/host.h"

/* What the clock of a simulated world shows when it begins: monotonic clocks are never 0. */
#define SIM_EPOCH (1000 * UINT64_C(1000000))

struct sim_world {
	usec_t now;
	struct sim_host host;
	struct sim_guest *guests; /* sorted by uuid; owned.  Those that are gone stay in it */
	size_t n_guests;
	struct demand *demands;    /* demands[i] is of guests[i]; owned */
	struct sim_fault **faults; /* of guests[i]; owned, or NULL */
	uint64_t changes;          /* +1 whenever a guest comes or goes */
	uint64_t told;             /* changes when the snapshot was last laid out */
	uint32_t *shown;           /* the snapshot's k-th guest is guests[shown[k]]; owned */
	bool news;                 /* since the last look somebody's size was told to be another */
	bool *wanted;     /* somebody will look at it at the next sense(); owned, as all of these */
	uint64_t looks;   /* at guests, so far */
	bool *retargeted; /* by the last act(): its target is another than before */
	usec_t period;    /* of statistics, as configured */
	usec_t adopted;   /* when balloond last began: who booted before is told of as having run */
	int64_t wall;     /* by how much the wall clock was set ahead since the beginning, us */
};

/* n guests, all zero but for names and uuids that sort as they are numbered; whoever calls fills
 * models, demands, faults and the host, then begins.  0 or -ENOMEM. */
int sim_world_new(size_t n, struct sim_world **ret);
void sim_world_begin(struct sim_world *w);
struct sim_world *sim_world_free(struct sim_world *w);

/* Lets time pass, in one step. */
void sim_world_step(struct sim_world *w, usec_t elapsed);

/* balloond begins anew: it knows of no step that was taken, nor of anybody's boot. */
void sim_world_adopt(struct sim_world *w);

/* Sets the wall clock so much later; negative: earlier. */
void sim_world_set_clock(struct sim_world *w, int64_t by);

/* The vtable; self is w, which stays the caller's. */
struct world sim_world_vtable(struct sim_world *w);

static inline void sim_world_freep(struct sim_world **w)
{
	(void)sim_world_free(*w);
}
