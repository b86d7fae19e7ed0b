/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The configuration as core reads it: plain data, built whole by io/config.c, swapped in between
 * two ticks, never changed in between.  Lists are in the order of the file: the first match wins.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "balloond/core/value.h"
#include "balloond/policy.h"

/* What the pool is charged for a guest (core/pool.h). */
enum commit {
	COMMIT_ELASTIC, /* what it holds and could take before balloond can react */
	COMMIT_STRICT,  /* all that it has, at once */
};

/* Which guests an entry means: any of the shell patterns on the name. */
struct match {
	char **names;
	size_t n_names;
};

/* A guests: entry.  What guests are promised; no rule changes it. */
struct promise {
	char *name;
	struct match match;
	struct amount
		min;     /* permille of the ceiling; AUTO: 50 %; KERNEL: the kernel's floor alone */
	bool min_is_set; /* the file says min: for guests that cannot report (state blind) */
	struct amount max; /* AUTO: what the domain says; permille of the maximum */
	uint32_t shares;
};

/* A rules: entry.  Which guests follow which policy. */
struct rule {
	char *name;
	struct match match;
	const struct balloond_policy *policy;
	void *params; /* policy->params_size bytes */
	uint64_t key; /* identity of rule, policy and state layout: state is kept while it stays */
};

struct host_limits {
	struct amount pool;    /* AUTO, bytes, or permille of MemTotal */
	struct amount reserve; /* the same */
	enum commit commit;
	uint64_t shrink_guest; /* bytes per second that one guest may be shrunk by */
	uint64_t shrink_host;  /* bytes per second, all guests together */
};

struct config {
	char **uris; /* none: every local system driver that answers */
	size_t n_uris;
	bool dry_run;
	struct host_limits host;
	bool keep_stats_period; /* never touch a domain's statistics period */
	usec_t stats_period;    /* what managed guests are set to */
	enum { GUEST_STATS_AUTO, GUEST_STATS_YES, GUEST_STATS_NO } guest_stats;
	struct promise *promises;
	size_t n_promises;
	struct rule *rules;
	size_t n_rules;
	size_t state_size;      /* largest state_size, rule_state_size, scratch_size of the */
	size_t rule_state_size; /* policies in use */
	size_t scratch_size;
#ifdef BALLOOND_TEST
	uint32_t guards_off; /* 1 << enum guard_rule: switched off, to prove that it is needed */
#endif
};

/* The first entry that matches, or NULL. */
const struct promise *config_find_promise(const struct config *config, const char *guest_name);
const struct rule *config_find_rule(const struct config *config, const char *guest_name);
