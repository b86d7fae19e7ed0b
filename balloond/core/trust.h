/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Guests whose figures cannot be believed: each is checked on its own where it is read, and who
 * says what cannot be again and again is not believed at all. */

#include "balloond/core/history.h"
#include "balloond/core/plan.h"

/* What cannot be of a guest that sees at most `maximum` becomes unknown, field by field: total,
 * usable, unused, caches.  Returns GUEST_IMPOSSIBLE if anything was. */
uint32_t trust_check_figures(struct balloond_guest *seen, uint64_t maximum);

/* Whether it uses, by what it says, far more than the host ever gave it pages for (`touched`, or
 * UNKNOWN): GUEST_UNTOUCHED, or 0. */
uint32_t trust_check_touched(const struct balloond_guest *seen, uint64_t touched);

/* Whether no guest's counter of this many (bytes or faults) can rise by so much in this time. */
bool trust_is_absurd(const struct counter *counter, uint64_t reading, uint64_t bytes_each,
		     usec_t elapsed);

/* A fresh sample of it was read.  absurd: its counters were. */
void trust_observe(struct memory *m, const struct guest *g, bool absurd);

/* Nothing that it says of itself counts. */
static inline bool trust_is_lost(const struct memory *m)
{
	return m->trust.lost != 0;
}

enum reason trust_reason(const struct memory *m);

/* Takes its word out of what others see of it, and sets what it keeps: nothing beyond its floor if
 * its entry says so. */
void trust_disregard(const struct memory *m, bool floor_is_enough, struct verdict *v);

/* What is proposed for such guests, whose policies are not asked; and what is asked for but was
 * never touched is no claim. */
void trust_propose(const struct history *h, struct plan *plan);
