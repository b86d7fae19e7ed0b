/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The configuration as core reads it: plain data, built whole by io/config.c, swapped in between
 * two ticks, never changed in between.  Lists are in their order of precedence: the first match
 * wins.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "balloond/core/metric.h"
#include "balloond/core/value.h"
#include "balloond/policy.h"

/* What the pool is charged for a guest (core/pool.h). */
enum commit {
	COMMIT_ELASTIC, /* what it holds and could take before balloond can react */
	COMMIT_STRICT,  /* all that it has, at once */
};

/* Texts of a guest that an entry can be bound to, in the order of their keys in YAML. */
enum match_text {
	MATCH_NAME,
	MATCH_UUID,
	MATCH_TITLE,
	MATCH_HYPERVISOR, /* qemu, lxc, xen, vz, test */
	MATCH_PARTITION,  /* <resource><partition> */
	MATCH_OS,         /* libosinfo's id in the domain's metadata */
	MATCH_TAG,        /* of the domain's own metadata, where tenants: allows it */
	MATCH_TEXTS,
};

struct patterns {
	char **items; /* shell patterns; any of them is enough */
	size_t n;
};

/* Bytes of the guest's maximum, both inclusive. */
struct size_range {
	uint64_t low, high;
};

/* Which guests an entry means: every key that is written must hold, and none of `nots`. */
struct match {
	struct patterns texts[MATCH_TEXTS]; /* n = 0: not written */
	struct size_range *sizes;           /* any of them is enough */
	size_t n_sizes;
	struct match *nots; /* of one level: they have no nots of their own */
	size_t n_nots;
};

/* One line of a when: the metric is below, or above, its edge. */
struct condition {
	enum metric metric;
	bool above;
	struct amount edge; /* BYTES: in the metric's own unit; PERMILLE: of the metric's base */
};

struct when {
	struct condition *conditions; /* n = 0: always */
	size_t n;
	usec_t hold; /* `for`: how long all must hold before the rule applies, and be over before it
		      * lets go */
};

/* Whether sizes that others set, and those whom a guest belongs to, count. */
enum foreign_way {
	FOREIGN_YIELD,  /* sizes are followed, guests of others are only observed */
	FOREIGN_FOLLOW, /* sizes are followed, whomever the guest belongs to */
	FOREIGN_IGNORE, /* neither counts */
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
	int32_t priority;
	bool expendable; /* its operator would rather lose it than others */
	bool dry_run;    /* looked at, never touched */
	enum foreign_way foreign;
};

/* A rules: entry.  Which guests follow which policy. */
struct rule {
	char *name;
	struct match match;
	struct when when;
	size_t gate; /* number of this rule among those with a when; meaningless without */
	const struct balloond_policy *policy;
	void *params; /* policy->params_size bytes */
	uint64_t key; /* identity of rule, policy and state layout: state is kept while it stays */
};

/* What a domain's metadata may say about itself. */
enum tenant_key {
	TENANT_POLICY,
	TENANT_MIN,
	TENANT_SHARES,
	TENANT_PRIORITY,
	TENANT_HOLD,
	TENANT_TAG,
	TENANT_KEYS,
};

struct tenants {
	uint32_t allow;            /* 1 << enum tenant_key */
	struct amount min_at_most; /* permille of the ceiling */
	uint32_t shares_at_most;
	int32_t priority_at_most;
	/* Rules that stand for a tenant's `policy`: with a name, a policy and its default
	 * parameters, and without match or when. */
	struct rule *rules;
	size_t n_rules;
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
	bool keep_stats_period;  /* never touch a domain's statistics period */
	usec_t stats_period;     /* what managed guests are set to */
	usec_t foreign_quiet;    /* how long a size that somebody else set is not made smaller */
	uint64_t libvirt_budget; /* permille of a core to read guests with; 0: without bound */
	enum { GUEST_STATS_AUTO, GUEST_STATS_YES, GUEST_STATS_NO } guest_stats;
	struct promise *promises;
	size_t n_promises;
	struct rule *rules;
	size_t n_rules;
	size_t n_gates; /* rules with a when */
	struct tenants tenants;
	uint64_t hash; /* of all that is written and of all defaults: what means the same has the
			  same */
	size_t state_size;      /* largest state_size, rule_state_size, scratch_size of the */
	size_t rule_state_size; /* policies in use */
	size_t scratch_size;
#ifdef BALLOOND_TEST
	uint32_t guards_off; /* 1 << enum guard_rule: switched off, to prove that it is needed */
#endif
};

/* The n-th of all rules: first those of rules:, then those of tenants. */
static inline const struct rule *config_rule(const struct config *config, size_t n)
{
	return n < config->n_rules ? &config->rules[n]
				   : &config->tenants.rules[n - config->n_rules];
}

static inline size_t config_count_rules(const struct config *config)
{
	return config->n_rules + config->tenants.n_rules;
}
