/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The contract between balloond and a policy.
 *
 * A policy is one pure function that proposes a size for each guest it was given.  balloond owns
 * every byte that it sees.  It cannot fail, allocate, log, read a clock or touch the world; the
 * build checks its undefined symbols.  The same view gives the same proposals, live, replayed or
 * simulated.  What a policy proposes is never dangerous: the guard keeps every promise afterwards.
 *
 * A module is one file NAME.so whose only export is the const descriptor `balloond_policy`, and
 * which includes this header and policy-math.h alone.  Copy policies/hold.c to begin.
 *
 * Units: bytes, microseconds, permille, unless a field says otherwise.  Integers only, so that
 * every machine decides alike.
 *
 * Versions: `abi` must match.  Host, guest, view and descriptor are reached through pointers: they
 * may grow at their ends without a new ABI (`size` tells how much of the descriptor a module
 * knows).  balloond_target, balloond_param and balloond_figure are arrays by value: a change of
 * theirs, or of any meaning, makes a new ABI.  All fields below are there since ABI 1. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BALLOOND_POLICY_ABI 1u

/* A number that is not known: the guest does not report it.  Never 0, never a guess. */
#define BALLOOND_UNKNOWN UINT64_MAX

/* How short the host is of memory, by what is available for guests: decisions on lending. */
enum balloond_level {
	BALLOOND_LEVEL_NORMAL,   /* lend what is free */
	BALLOOND_LEVEL_TIGHT,    /* lend nothing more */
	BALLOOND_LEVEL_LOW,      /* take back what is lent, without rate limit */
	BALLOOND_LEVEL_CRITICAL, /* down to max(used, min) */
};

struct balloond_host {
	uint64_t total, available, free, cached; /* of the machine, bytes */
	uint64_t swap_total, swap_free;          /* bytes */
	uint64_t swap_in, swap_out;              /* cumulative since boot, bytes */
	uint64_t some_avg10, full_avg10;         /* memory PSI in 1/100 %, or UNKNOWN */
	uint32_t level;                          /* enum balloond_level */
};

enum balloond_guest_flags {
	BALLOOND_GUEST_MAY_GROW = 1u << 0,   /* else a larger proposal has no effect now */
	BALLOOND_GUEST_MAY_SHRINK = 1u << 1, /* else a smaller proposal has no effect now */
	BALLOOND_GUEST_STALE = 1u << 2,      /* did report and stopped */
	BALLOOND_GUEST_BLIND = 1u << 3,      /* cannot report */
	BALLOOND_GUEST_SWAPPED = 1u << 4,    /* was seen to swap: it has swap and will warn */
	BALLOOND_GUEST_COOLING = 1u << 5,    /* was in distress a moment ago: may be shrunk only
						while another guest has nothing left, and then
						to four margins above what it uses */
	BALLOOND_GUEST_DEFLATES = 1u << 6,   /* deflate-on-OOM is negotiated */
	BALLOOND_GUEST_REPORTS_FREE = 1u
				      << 7,  /* free page reporting: free memory is back already */
	BALLOOND_GUEST_EXPENDABLE = 1u << 8, /* the administrator would lose it first */
};

struct balloond_guest {
	const char *uuid, *name; /* NUL-terminated; the name is the tenant's: do not interpret */

	uint64_t floor, ceiling; /* a proposal outside of them is cut to them */
	uint64_t maximum;        /* what the guest was booted with (balloon part) */
	uint64_t target, actual; /* last asked for; what it has now */

	/* What the guest says, from one sample; each may be UNKNOWN.  Guests may lie. */
	uint64_t total, usable, unused, caches;
	uint64_t used; /* what it needs of its size now: actual - usable (core computes it) */

	uint64_t resident; /* host memory behind it (anon + shmem), or UNKNOWN */
	uint64_t charge;   /* what the pool is charged for it now */

	/* Cumulative counters.  Compare them only when `sample` has changed: a tick without a new
	 * sample repeats the last one. */
	uint64_t swap_in, swap_out; /* bytes, or UNKNOWN */
	uint64_t major_faults;      /* count, or UNKNOWN */
	uint64_t disk_reads;        /* bytes, or UNKNOWN */
	uint64_t sample;            /* +1 with every fresh sample; 0 = there was none yet */
	uint64_t sample_elapsed;    /* µs between the last two fresh samples; 0 = unknown */
	uint64_t stats_age;         /* µs since the guest refreshed its figures, or UNKNOWN */

	uint32_t shares;  /* weight in every division of memory, 1..1000000 */
	int32_t priority; /* who is served first in need; 0 unless the administrator says */
	uint32_t flags;   /* enum balloond_guest_flags */

	uint64_t
		give; /* bytes that it may be shrunk by now: the limits of shrinking are per time */
};

/* All that a policy may know.  `guests` holds this rule's guests alone, sorted by uuid. */
struct balloond_view {
	uint64_t now;      /* µs, monotonic */
	uint64_t elapsed;  /* µs since this rule's policy was last asked; 0 at first */
	uint64_t capacity; /* bytes that the guests of this rule may be charged together */
	const struct balloond_host *host;
	const struct balloond_guest *const *guests;
	size_t n_guests;
	void *rule_state; /* rule_state_size bytes, kept between calls, zeroed at first */
	void *scratch;    /* scratch_size bytes a guest, content undefined at every call */
};

#define BALLOOND_MAX_FIGURES 4u

enum balloond_target_flags {
	/* Its size makes the guest suffer, by what its sample shows.  Core learns a floor from it
	 * if the guest was made smaller; it changes nothing about this proposal. */
	BALLOOND_TARGET_DISTRESS = 1u << 0,
};

/* One proposal.  Arrives filled: bytes = the target of today, claim = the same, reason 0, no
 * figures, no flags; so doing nothing is correct. */
struct balloond_target {
	uint64_t bytes;     /* the size that the guest should have */
	uint64_t claim;     /* how much of it the guest needs (<= bytes); the rest is lent */
	uint32_t reason;    /* index into the descriptor's reasons[] */
	uint32_t n_figures; /* how many of figure[] are meant */
	uint32_t flags;     /* enum balloond_target_flags; others are ignored */
	uint32_t reserved;  /* leave it 0 */
	uint64_t figure[BALLOOND_MAX_FIGURES]; /* named and typed by the descriptor's figures[] */
};

enum balloond_type {
	BALLOOND_BOOL,     /* uint64_t 0 or 1; true, false */
	BALLOOND_BYTES,    /* uint64_t; 512MiB */
	BALLOOND_PERMILLE, /* uint64_t, 1000 = 100 %; 12.5% */
	BALLOOND_USEC,     /* uint64_t; 500ms, 5s, 2min */
	BALLOOND_COUNT,    /* uint64_t; 12 */
};

/* One parameter: a row drives parsing, bounds, defaults, error texts and documentation.  Every
 * parameter is a uint64_t at `offset` of the policy's own struct. */
struct balloond_param {
	const char *name; /* the YAML key: [a-z][a-z0-9-]* */
	enum balloond_type type;
	uint32_t offset;
	const char *fallback;   /* default in YAML spelling; NULL: the key is required */
	const char *low, *high; /* bounds in YAML spelling, inclusive; NULL: none */
	const char *help;       /* one sentence for operators, no full stop */
};

/* Names and types figure[i] of every target of the policy. */
struct balloond_figure {
	const char *name; /* [a-z][a-z0-9-]* */
	enum balloond_type type;
};

struct balloond_policy {
	uint32_t abi;        /* BALLOOND_POLICY_ABI */
	uint32_t size;       /* sizeof(struct balloond_policy) */
	const char *name;    /* equals the module's file name without .so */
	const char *summary; /* one sentence for operators, no full stop */

	const struct balloond_param *params;
	size_t n_params;
	size_t params_size; /* of the policy's parameter struct */

	/* Bytes without pointers that balloond keeps for the policy: a guest's are zeroed when the
	 * guest joins the rule, a rule's when the rule appears.  `state_version` changes with their
	 * layout or meaning.  They are not kept across restarts. */
	size_t state_size, rule_state_size, scratch_size;
	uint32_t state_version;

	const char *const *reasons; /* texts, one clause each, no figures inside */
	uint32_t n_reasons;
	uint32_t n_figures;
	const struct balloond_figure *figures;

	/* Optional: NULL if the parameters make sense together, else what is wrong. */
	const char *(*check)(const void *params);

	/* states[i] and targets[i] belong to view->guests[i].  states[i] is NULL if state_size
	 * is 0. */
	void (*propose)(const struct balloond_view *view, const void *params, void *const states[],
			struct balloond_target targets[]);
};

/* The module's only export. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
extern const struct balloond_policy balloond_policy;

#ifdef __cplusplus
}
#endif
