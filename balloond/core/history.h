/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Everything remembered from one tick to the next; the only input of the planner that it also
 * changes.  Plain data without pointers in the records, so that it can be dumped and restored.
 * Policies see none of it but what reaches them as fields of a guest, and their own state bytes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "balloond/core/config.h"
#include "balloond/core/snapshot.h"
#include "balloond/core/tally.h"

/* A counter that only rises, and how fast it did between its last two readings. */
struct counter {
	uint64_t last; /* or UNKNOWN */
	uint64_t rate; /* per second, or UNKNOWN */
};

/* Takes a reading, `elapsed` after the one before.  What falls has begun anew. */
void counter_read(struct counter *counter, uint64_t reading, usec_t elapsed);

/* Whether a rule's conditions let it apply to one guest (core/when.h). */
struct gate {
	uint64_t key; /* of the rule; 0: none yet */
	usec_t since; /* turning: since when it has been the other way */
	bool open, turning;
};

/* When a guest is to be read again. */
struct rota {
	uint64_t place; /* in an interval, of 1 << 32; 0: none yet */
	usec_t every;   /* as the last plan said; 0: there was none */
	bool hot;       /* in the last plan */
	uint32_t stage; /* enum of core/sampling.c */
	usec_t swept;   /* its last reading, */
	usec_t since;   /* and what its next one is counted from */
};

/* What became of it after balloond had made it smaller (core/crash.c). */
struct crash {
	usec_t shrunk;   /* when last, in this boot; 0: not */
	uint64_t before; /* its size before that, and the steps that led there */
	usec_t at;       /* of the last boot that counts as ours; 0: there was none */
	uint64_t floor;  /* that it taught */
	usec_t gave_up;  /* since when it is left alone; 0: never was */
};

/* How much it can be believed (core/trust.c). */
struct trust {
	uint32_t doubts;  /* samples that could not be */
	usec_t doubted;   /* when last */
	bool impossible;  /* why */
	usec_t untouched; /* since when it uses what it never touched; 0: it does not */
	usec_t lost;      /* since when it is not believed; 0: it is */
	uint64_t kept;    /* its target before the first of these samples */
};

/* Sizes of balloond's own making that a definition is held against. */
#define FOREIGN_OWN 4u

/* Where the balloon can be by balloond's orders, and what others have made of it. */
struct foreign_memory {
	bool is_settled;    /* it has rested since the last time that nothing could be concluded */
	usec_t exempt;      /* when that was */
	uint64_t maximum;   /* the guest's, at the last look */
	uint64_t low, high; /* of what may be on its way to it */
	uint64_t told;      /* the newest of that */
	usec_t told_at;     /* when the hypervisor took it; 0: it has not said so */
	bool is_own;        /* it was balloond who asked for that */
	bool is_smaller;    /* what somebody set last */
	uint64_t watched;   /* a size that nobody asked for, 0: none; */
	usec_t watched_since, rests_since;
	uint64_t sample; /* the last that was seen of it, */
	uint32_t n_samples;
	bool was_in_need;          /* at the last look */
	usec_t until;              /* it is not made smaller before */
	uint64_t ceiling;          /* that somebody set; 0: none */
	uint64_t sold;             /* what its definition said, and was believed; 0: nothing yet */
	uint64_t leaked;           /* what it says and is not believed; 0: nothing */
	uint64_t own[FOREIGN_OWN]; /* newest first; 0: none */
};

/* What is remembered of one guest. */
struct memory {
	char uuid[GUEST_UUID_MAX];
	usec_t first_seen;
	usec_t booted;       /* of the boot that this memory belongs to */
	usec_t boot_sampled; /* first fresh sample after it; 0: none yet */
	uint64_t target;     /* what balloond last asked for; at first the actual size */
	uint64_t claim;      /* the last */

	/* demand (core/demand.c) */
	uint64_t kernel; /* what its kernel never counts, UNKNOWN until a quiet sample */
	uint64_t total;  /* of that sample */
	uint64_t used;   /* of the newest sample */
	uint64_t stamp, sample, sample_elapsed;
	usec_t sampled;
	uint64_t actual, previous_actual; /* at this sweep and the one before */
	usec_t swept, moved;              /* when read; when actual last changed or was asked to */
	uint64_t overhead;                /* learned, the least that it is; 0: not yet */
	usec_t excess_since; /* when the window began in which resident was beyond the size; */
	uint64_t excess;     /* by how much at least; 0: not all the time */
	uint64_t resident;   /* at the last sweep */
	usec_t resident_at, resident_elapsed; /* and how long after the reading before that */
	uint64_t burst;                       /* learned growth within one reaction time */
	usec_t grown, rose; /* when used, and resident, last grew between two readings; 0: never */
	struct counter swap_in, major_faults, disk_reads;
	bool swapped;    /* was ever seen to swap */
	bool starved;    /* its newest sample: nothing left, or swapping in */
	usec_t distress; /* when last; 0: never */

	/* sampling (core/sampling.c) */
	struct rota reading;

	/* progress (core/progress.c) */
	bool asked;        /* the target was asked for and is not reached yet */
	usec_t progressed; /* when actual last came nearer to the target, or the target was set */
	uint64_t gap;      /* smallest distance since */
	usec_t no_shrink_until; /* back-off of a stuck guest */
	uint32_t stuck_times;

	/* account */
	uint64_t granted, granted_base; /* growth asked for and resident when it was */
	uint64_t shrink_credit;         /* bytes that it may be shrunk by now */

	/* floor (core/learn.c) */
	uint64_t learned; /* as of learned_at; 0: nothing */
	usec_t learned_at;
	uint64_t distress_sample; /* the newest in which its policy saw distress */
	uint64_t shrunk_from; /* since its boot, the largest size that it was made smaller than */

	struct crash crash;            /* core/crash.c */
	struct trust trust;            /* core/trust.c */
	struct foreign_memory foreign; /* core/foreign.c */

	/* yield (core/yield.c) */
	uint64_t full_size, full_resident; /* before it was made smaller, and what was resident */
	usec_t futile_since;               /* the host has had nothing of that since; 0: it had */
	usec_t futile;                     /* when that was last certain; 0: never */

	/* of the last plan, and the first plan of those that came to the same state */
	uint32_t state;
	usec_t state_since;

	struct shadow shadow; /* core/tally.c */
};

/* What is remembered of one rule: for `elapsed` and the policy's rule_state. */
struct rule_memory {
	uint64_t key;
	usec_t asked;
};

/* The machine's own swapping. */
struct host_swap {
	usec_t read;            /* when rates were last taken */
	struct counter in, out; /* bytes */
};

struct history {
	usec_t now; /* of the last tick; 0: there was none */
	struct memory
		*guests; /* sorted by uuid: the same guests in the same order as the snapshot */
	struct memory *spare; /* as long as guests: histories are merged from one into the other */
	size_t n_guests, max_guests;
	uint8_t *rows, *spare_rows; /* max_guests x history_row_size(), in the order of guests */
	size_t state_size, n_gates, n_slots;
	struct rule_memory *rules; /* in the order of the configuration */
	uint8_t *rule_states;      /* max_rules x rule_state_size */
	size_t n_rules, max_rules, rule_state_size;

	uint64_t pool;                     /* auto: what it is now */
	uint64_t pool_reading;             /* what auto's formula gave at the last sweep */
	usec_t pool_swept;                 /* which one that was */
	usec_t pool_wanted_more;           /* since when auto could be more */
	uint64_t room, charged, last_pool; /* of the last plan's account */
	uint32_t level;                    /* enum balloond_level */
	uint64_t last_place;               /* that was given to a guest (core/sampling.c) */
	struct host_swap swap;
	uint64_t shrink_credit;  /* bytes that all guests together may be shrunk by now */
	struct host_tally tally; /* core/tally.c */
};

/* Brings the records in line with the snapshot's guests: new ones begin, gone ones are forgotten.
 * The arrays must hold max(n_guests of both). */
void history_follow(struct history *h, const struct snapshot *s);

/* What is kept of one guest besides its record: n_gates gates, then n_slots times the state that a
 * policy keeps for it, each with its rule's key.  A guest follows few rules in turn; where they are
 * more than there are slots, the one that was not followed for the longest time is forgotten. */
#define HISTORY_MAX_SLOTS 8u

static inline size_t history_count_slots(const struct config *config)
{
	return config->n_gates + 1 < HISTORY_MAX_SLOTS ? config->n_gates + 1 : HISTORY_MAX_SLOTS;
}

/* Bytes, for what h says of gates, slots and state. */
size_t history_row_size(const struct history *h);

/* The gate of a rule for the i-th guest; closed if it was another rule's. */
struct gate *history_gate(const struct history *h, size_t i, const struct rule *rule);

/* The state bytes that the rule with this key has for the i-th guest, zeroed if they are new; NULL
 * where state_size is 0. */
void *history_state(const struct history *h, size_t i, uint64_t key, usec_t now);

/* The i-th guest does not belong to that rule any more. */
void history_forget(const struct history *h, size_t i, uint64_t key);

void *history_rule_state(const struct history *h, size_t rule);

/* Brings the rule records in line with the configuration: state is kept while the key stays. */
void history_follow_rules(struct history *h, const struct config *c);
