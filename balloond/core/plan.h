/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the planner hands out: one verdict for every guest, managed or not, the steps to take, the
 * host's account, and when to look again.  The arrays belong to the caller (io/storage.h sizes
 * them once a guest count); core fills them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "balloond/core/config.h"
#include "balloond/core/snapshot.h"
#include "balloond/core/state.h"
#include "balloond/policy-math.h"

/* Why a guest is read often (core/sampling.c). */
enum hot {
	HOT_NEAR = 1u << 0,    /* little is left of its size */
	HOT_GROWING = 1u << 1, /* what it uses has just grown */
	HOT_ROSE = 1u << 2,    /* what is resident of it has just grown */
	HOT_MOVING = 1u << 3,  /* its target is not reached, or its size not understood */
	HOT_BOOTING = 1u << 4,
	HOT_DISTRESS = 1u << 5, /* within the last minute */
	HOT_NEW = 1u << 6,      /* balloond has just met it */
};

struct verdict {
	struct balloond_guest guest; /* as the policy saw it; target: before this plan */
	const struct guest *source;  /* of the snapshot */
	enum guest_state state;
	enum reason reason;
	usec_t state_age;
	const struct promise *promise; /* NULL: none matches; built-in defaults hold */
	const struct rule *rule;       /* NULL: none applies */
	bool matched; /* a rule's match holds and its entry is no dry run: it may be touched */
	const struct rule *waits; /* would come first, if `unknown` were known; or NULL */
	enum metric unknown;
	uint32_t tenant_taken, tenant_refused; /* 1 << enum tenant_key: of its metadata */
	uint32_t warnings;                     /* 1 << enum warning */
	uint64_t promised;      /* its floor without what was learned: min, or its kernel's */
	uint64_t floor_learned; /* what is left of what it taught (core/learn.h); 0: nothing */
	uint64_t ceiling_set;   /* that somebody else set (core/foreign.h); 0: nobody did */
	uint64_t margin, overhead, kernel; /* of core/demand.h */
	uint64_t kept; /* by a guest that is not believed (core/trust.h); 0: no more than others */
	uint64_t low;  /* no step of this plan goes below: floor, or used + margin */
	struct balloond_target proposal; /* the policy's */
	uint64_t wanted;                 /* its part after the pool was divided */
	uint64_t target;                 /* after this plan */
	uint32_t bound;                  /* 1 << enum guard_rule: what held it back in this plan */
	bool asked;                      /* its policy was asked */
	bool retreat;                    /* its hypervisor should be told the target again */
	bool arm;                        /* its statistics period should be set */
	uint32_t hot;                    /* enum hot: why it is read often; 0: it is calm */
	bool due;                        /* to be read at the next sweep */
};

/* Guests that the guard and the division work on.  A booting guest has its ceiling anyway. */
static inline bool verdict_is_steered(const struct verdict *v)
{
	return v->matched && state_row(v->state)->steered;
}

/* An operator ordered that it is not shrunk: paused, or given back. */
static inline bool verdict_is_ordered_up(const struct verdict *v)
{
	return v->source->pause.on || v->source->give_back.on;
}

/* Steps are acted on in order: all that free come first. */
enum phase { PHASE_FREE, PHASE_GRANT };

struct step {
	size_t guest;      /* index into verdicts and the snapshot's guests */
	uint64_t from, to; /* bytes */
	enum phase phase;
	enum reason reason;
};

/* The host's account of this plan, bytes. */
struct account {
	uint64_t pool, reserve;
	uint64_t charged;   /* by all guests, before this plan's steps */
	uint64_t available; /* for levels: the smaller of the machine's and the pool's */
	uint64_t free;      /* of the machine, beyond the reserve and growth that is promised */
	uint64_t room; /* that growth could use: the smaller of free and what the pool has left */
	uint64_t short_by; /* what growth wanted and did not get */
	uint64_t promised; /* to all guests together: floors, and charges of those not managed */
	uint64_t overbooked_by; /* how far that is above the pool */
	uint64_t missing;       /* what guests have to give back because the machine is short */
	uint32_t level;         /* enum balloond_level */
	enum level_cause level_cause;
};

/* How often guests are read. */
struct sampling {
	bool is_chosen; /* else all verdicts' `due` mean nothing: everybody is */
	uint64_t n_hot;
	usec_t hot_interval, calm_interval;
	uint64_t reads; /* of guests, that comes to, per 1000 s */
};

struct plan {
	usec_t now;
	usec_t next_wake; /* relative: look again after this long */
	struct account account;
	struct sampling sampling;
	struct verdict *verdicts;
	size_t n_verdicts;
	struct step *steps;
	size_t n_steps;
	size_t max_guests; /* what every array below and above holds */

	/* Work space, content meaningless between two plans. */
	struct balloond_fill *fill;
	uint32_t *index;
	uint64_t *key;
	const struct balloond_guest **view;
	struct balloond_target *targets;
	void **states;
	uint8_t *scratch;
	size_t scratch_size;
};
