/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The states of a guest, the guard's rules, and the words for both.  One table each; journal,
 * D-Bus, balloonctl and the man pages print these texts. */

#include <stdbool.h>
#include <stdint.h>

/* In order of precedence: the first that holds is the guest's state. */
enum guest_state {
	STATE_NO_BALLOON, /* there is nothing to move */
	STATE_INHIBITED,  /* the host would gain nothing */
	STATE_OWNED,      /* another manager of memory has it */
	STATE_PAUSED,
	STATE_BUSY,       /* a job has it, or its hypervisor does not answer or hangs */
	STATE_BOOTING,    /* started or rebooted while balloond looked on */
	STATE_DISTRUSTED, /* what it says of itself cannot be */
	STATE_OBSERVED,   /* no rule matches it */
	STATE_EXCLUDED,   /* an operator wants it left alone */
	STATE_FUTILE,     /* the host gains nothing, as measured: relieved, not shrunk */
	STATE_STUCK,      /* does not follow its target */
	STATE_FOREIGN,    /* its size is not what balloond asked for */
	STATE_HELD,       /* somebody who may has fixed its size */
	STATE_STALE,      /* did report and stopped */
	STATE_BLIND,      /* cannot report */
	STATE_MANAGED,
	STATE_MAX,
};

enum charge_kind {
	CHARGE_COMMIT,  /* as host.commit says */
	CHARGE_CEILING, /* all that it may ever have */
	CHARGE_SEEN,    /* its size, and no less than what the host sees of it and could soon */
};

struct state_row {
	const char *name;
	bool may_grow, may_shrink;
	bool steered; /* a rule may move it: the pool is divided among such guests */
	enum charge_kind charge;
};

extern const struct state_row state_rows[STATE_MAX];

/* Asked for every guest many times a tick. */
static inline const struct state_row *state_row(enum guest_state state)
{
	return &state_rows[state];
}

/* Why a guest has the state or the size that it has.  The text says it; figures come apart. */
enum reason {
	REASON_NO_BALLOON,
	REASON_CONTAINER,
	REASON_DEVICES_PIN,
	REASON_CONFIDENTIAL,
	REASON_HUGEPAGES,
	REASON_LOCKED,
	REASON_FUTILE,
	REASON_OWNED_OVIRT,
	REASON_OWNED_CLOUDSTACK,
	REASON_OWNED_VDSM,
	REASON_OWNED_MOM,
	REASON_PAUSED,
	REASON_SAVING,
	REASON_MIGRATING,
	REASON_SNAPSHOT,
	REASON_ARRIVED,
	REASON_JOB,
	REASON_LOST,
	REASON_HUNG,
	REASON_NOT_INSPECTED,
	REASON_BOOTING,
	REASON_IMPOSSIBLE,
	REASON_UNTOUCHED,
	REASON_NO_RULE,
	REASON_ENTRY_DRY,
	REASON_CRASHED,
	REASON_NO_WHEN,
	REASON_EXCLUDED,
	REASON_PAUSED_ALL,
	REASON_HELD_OPERATOR,
	REASON_HELD_TENANT,
	REASON_STUCK,
	REASON_FOREIGN_SMALLER,
	REASON_FOREIGN_LARGER,
	REASON_STALE,
	REASON_STARVED, /* stale, and had nothing left when it last reported */
	REASON_NEVER_REPORTED,
	REASON_NO_SERVICE,
	REASON_PERIOD_KEPT,
	REASON_STATS_GATED,
	REASON_NO_STATS,
	REASON_PAUSED_OPERATOR,
	REASON_TOOK_BACK,       /* deflate-on-OOM: its target follows */
	REASON_FOREIGN_WATCHED, /* it is not clear yet who moved it */
	REASON_GIVEN_BACK,
	REASON_GIVEN_BACK_PART, /* the host has no room for the rest */
	REASON_POLICY,          /* the policy's own words hold */
	REASON_GUARD,           /* a guard rule held it back: see the rules that bound */
	REASON_POOL_SHORT,      /* the pool cannot bear what all need: cut */
	REASON_HOST_SHORT,      /* the machine is short: lent memory goes back */
	REASON_NO_LENDING,      /* the host is tight: nothing more is lent */
	REASON_NOT_NEEDED,      /* elastic: the pool has room, nothing is taken */
	REASON_ABOVE_CEILING,   /* it was above its ceiling */
	REASON_MAX,
};

const char *reason_text(enum reason reason);

/* What is wrong with a guest or the machine, whatever is done about its size. */
enum warning {
	WARNING_LEAKED,         /* a size of balloond's got into the persistent currentMemory */
	WARNING_SOLD_BELOW_MIN, /* that is less than what the entry promises */
	WARNING_KSMTUNED,       /* the machine's */
	WARNING_MAX,
};

/* The words for the first of `warnings`, 1 << enum warning; "" for none. */
const char *warning_text(uint32_t warnings);

/* The guard's rules, in the order in which they are applied. */
enum guard_rule {
	GUARD_BOUNDS = 1,   /* floor and ceiling */
	GUARD_STALE,        /* stale and blind never shrink */
	GUARD_MARGIN,       /* never below used + margin */
	GUARD_STUCK,        /* stuck memory is not counted on */
	GUARD_HELD,         /* what is held stays */
	GUARD_ORDERED,      /* what is paused or given back never shrinks */
	GUARD_NO_GAIN,      /* no shrinking that the host would not feel */
	GUARD_COOL_DOWN,    /* no shrinking after distress */
	GUARD_DEAD_BAND,    /* no trivial moves */
	GUARD_SHRINK_LIMIT, /* limits per elapsed time on shrinking */
	GUARD_FREE_FIRST,   /* only hand out what was seen to come back */
	GUARD_ROOM,         /* the host has no room */
	GUARD_RULE_MAX,
};

struct guard_row {
	const char *name; /* as in "guard rule shrink-limit" */
	const char *text; /* verdict: what it did to the guest */
};

const struct guard_row *guard_row(enum guard_rule rule);

/* Names of enum balloond_level. */
const char *level_name(uint32_t level);

/* What it is that makes a host short. */
enum level_cause {
	LEVEL_CAUSE_NONE,
	LEVEL_CAUSE_POOL,     /* guests are charged nearly all of the pool */
	LEVEL_CAUSE_MACHINE,  /* the machine's own available memory */
	LEVEL_CAUSE_SWAP,     /* the machine swaps */
	LEVEL_CAUSE_PRESSURE, /* its tasks wait for memory */
	LEVEL_CAUSE_MAX,
};

/* "" for NONE. */
const char *level_cause_text(enum level_cause cause);

/* Of enum tenant_key, as in YAML and in a domain's metadata; NULL at the end. */
extern const char *const tenant_key_names[];
