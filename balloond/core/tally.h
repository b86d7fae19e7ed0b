/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What balloond took from each guest, and how often that was too much; in a dry run, what it would
 * have taken.  Part of history: nothing that is decided depends on it.
 *
 * Every steered guest has a shadow.  Where balloond acts that is its actual size.  In a dry run it
 * is where the guest would be if the plans were carried out: it begins at the actual size, follows
 * the plans down as fast as the limits let it, and up at once.  The policy sees the guest's own
 * size even so: of one that goes step by step, only the first step shows. */

#include <stdbool.h>
#include <stdint.h>

#include "balloond/core/value.h"

struct config;
struct history;
struct plan;

/* Of one guest, since the last tally_restart(). */
struct tally {
	usec_t watched;      /* it was steered */
	usec_t known;        /* of that, a fresh sample says what it used */
	usec_t below;        /* of that, it needed more than it had, or would have had */
	uint64_t episodes;   /* runs of such samples */
	uint64_t shortfall;  /* dry run: largest, bytes */
	uint64_t taken;      /* MiB x us: bytes x us of a day do not fit */
	uint64_t taken_most; /* bytes */
};

struct shadow {
	bool follows; /* what is below means something: it was steered since it booted */
	uint64_t size;
	uint64_t sample; /* the newest one that was compared */
	usec_t distress; /* up to then */
	usec_t pending;  /* watched since then */
	bool is_below;   /* that sample */
	struct tally tally;
};

/* Of all guests together. */
struct host_tally {
	bool dry_run;
	usec_t watched;
	uint64_t taken, taken_most;
	uint64_t pool, charged_most; /* bytes; pool: the largest */
	uint64_t level;              /* enum balloond_level, the worst */
};

/* Takes a plan into account; h->now is still the time of the one before.  When dry_run changes
 * shadows begin anew. */
void tally_take(const struct config *config, struct history *h, const struct plan *plan,
		bool dry_run);

/* Everything was written down: counting begins anew, shadows stay. */
void tally_restart(struct history *h);
