/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Is a guest's size balloond's own doing?  libvirt has no way to read a balloon's target back: that
 * somebody else has set one shows in the size alone.  A balloon on its way is between its last size
 * and what it was asked for; what lies beyond that is not balloond's. */

#include "balloond/core/config.h"
#include "balloond/core/history.h"
#include "balloond/core/snapshot.h"
#include "balloond/core/state.h"

enum foreign {
	FOREIGN_NONE,    /* nothing that balloond has not asked for */
	FOREIGN_WATCHED, /* not what was asked for, and not clear yet why: it is left alone */
	FOREIGN_CRY,     /* this tick: it took memory back by itself (deflate-on-OOM) */
	FOREIGN_SET,     /* this tick: somebody set it, and it is the target now */
};

/* What a look at one guest needs besides the guest. */
struct foreign_look {
	const struct promise *promise; /* or NULL */
	uint64_t ceiling;
	usec_t quiet; /* for how long a size that somebody set is not made smaller */
	usec_t now;
	bool is_exempt; /* it boots, stands still, is being moved, or is not known */
	bool is_owned;
};

/* Follows the domain's definition: a changed currentMemory is the newest word on the ceiling,
 * unless it is a size that balloond itself asked for. */
void foreign_follow_definition(struct memory *m, const struct guest *g);

/* Takes a sweep's size into m, after demand_observe(). */
enum foreign foreign_observe(struct memory *m, const struct guest *g,
			     const struct foreign_look *look);

/* Balloond asks for this size. */
void foreign_ask(struct memory *m, uint64_t target);

/* Whatever the size is, it is nobody's order. */
void foreign_begin_boot(struct memory *m);

/* The guest's size is, or may be, somebody else's order now.  Sets *ret to the reason if so. */
bool foreign_holds(const struct memory *m, usec_t now, enum reason *ret);

/* Another manager of memory has the guest, and its entry does not say that this is to be ignored.
 * Sets *ret to the reason if so. */
bool foreign_is_owned(const struct promise *promise, const struct guest *g, uint32_t host_facts,
		      enum reason *ret);

/* What the domain says that it was sold, or what it said before balloond's own size got into its
 * definition. */
uint64_t foreign_sold(const struct memory *m, const struct guest *g);

/* 1 << enum warning: what is wrong with its definition. */
uint32_t foreign_warnings(const struct memory *m, const struct guest *g,
			  const struct promise *promise);
