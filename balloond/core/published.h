/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What balloond tells the world after a tick: a copy of the plan that owns its texts, so that bus
 * objects hold no state and readers never see half a tick.  bus/ reads this and nothing else. */

#include "balloond/core/plan.h"

#define PUBLISHED_TEXT_MAX 64u

struct published_guest {
	struct verdict
		verdict; /* source, promise and rule are NULL; guest.uuid and .name point below */
	char uuid[GUEST_UUID_MAX];
	char name[GUEST_NAME_MAX];
	char policy[PUBLISHED_TEXT_MAX]; /* "" where no rule matches */
	char rule[PUBLISHED_TEXT_MAX];
	char promise[PUBLISHED_TEXT_MAX];
	char waits[PUBLISHED_TEXT_MAX]; /* rule that would come first, but for: */
	const char *unknown;            /* metric that is not known, static; NULL: none */
	struct guest_labels labels;
	struct hold hold;          /* an operator's, whatever the guest's state */
	const char *reason;        /* static text: why it has its state or size */
	const char *warning;       /* static text: what is wrong with its definition, or "" */
	const char *policy_reason; /* static text of a module, never unloaded; "" = none given */
	const struct balloond_figure *figures; /* names proposal.figure[]; static */
};

struct published {
	usec_t now, wall;
	uint64_t tick; /* number of this tick */
	bool dry_run;
	bool connected; /* a hypervisor answers */
	bool degraded;  /* one that should does not, or what it told is old */
	struct balloond_host host;
	struct account account;
	struct sampling sampling;
	usec_t sample_cost;  /* of reading one guest; 0: not known yet */
	const char *warning; /* static text: what is wrong with the machine; "": nothing */
	struct published_guest *guests; /* sorted by uuid */
	size_t n_guests, max_guests;
};

/* Fills p from this tick; p's array must hold the plan's guests.  now, tick and the flags stay
 * the caller's. */
void published_fill(struct published *p, const struct snapshot *snapshot, const struct plan *plan);

/* By uuid, or by name where exactly one guest has it; NULL otherwise. */
const struct published_guest *published_find(const struct published *p, const char *guest);

/* The figures behind a guest's size, in the order in which they explain it.  One table for
 * GuestStats, Explain and balloonctl. */
struct published_figure {
	const char *name; /* [a-z][a-z0-9-]* */
	enum balloond_type type;
	size_t offset; /* of a uint64_t in struct published_guest */
	const char *help;
};

extern const struct published_figure published_figures[];
extern const size_t n_published_figures;

/* The figure's name on D-Bus and in JSON: CamelCase, "USec" appended to times.  Returns buf. */
const char *published_figure_property(char buf[PUBLISHED_TEXT_MAX],
				      const struct published_figure *figure);
