/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/trace-plan.h"

#include <string.h>

#include "balloond/io/hash.h"
#include "balloond/io/util.h"

/* Numbers of any size, lowest byte first. */
struct part {
	size_t offset, size;
};

#define PART(structure, field) \
	{ \
		offsetof(struct structure, field), sizeof(((struct structure *)0)->field) \
	}

#define VERDICT(field) PART(verdict, field)
static const struct part verdict_parts[] = {
	VERDICT(guest.floor),
	VERDICT(guest.ceiling),
	VERDICT(guest.maximum),
	VERDICT(guest.target),
	VERDICT(guest.actual),
	VERDICT(guest.total),
	VERDICT(guest.usable),
	VERDICT(guest.unused),
	VERDICT(guest.caches),
	VERDICT(guest.used),
	VERDICT(guest.resident),
	VERDICT(guest.charge),
	VERDICT(guest.swap_in),
	VERDICT(guest.swap_out),
	VERDICT(guest.major_faults),
	VERDICT(guest.disk_reads),
	VERDICT(guest.sample),
	VERDICT(guest.sample_elapsed),
	VERDICT(guest.stats_age),
	VERDICT(guest.shares),
	VERDICT(guest.priority),
	VERDICT(guest.flags),
	VERDICT(state),
	VERDICT(reason),
	VERDICT(matched),
	VERDICT(tenant_taken),
	VERDICT(tenant_refused),
	VERDICT(promised),
	VERDICT(floor_learned),
	VERDICT(margin),
	VERDICT(overhead),
	VERDICT(kernel),
	VERDICT(low),
	VERDICT(proposal.bytes),
	VERDICT(proposal.claim),
	VERDICT(proposal.reason),
	VERDICT(proposal.n_figures),
	VERDICT(proposal.flags),
	VERDICT(proposal.figure[0]),
	VERDICT(proposal.figure[1]),
	VERDICT(proposal.figure[2]),
	VERDICT(proposal.figure[3]),
	VERDICT(wanted),
	VERDICT(target),
	VERDICT(bound),
	VERDICT(asked),
	VERDICT(retreat),
	VERDICT(arm),
	VERDICT(hot),
	VERDICT(due),
};
_Static_assert(BALLOOND_MAX_FIGURES == 4, "all figures have a row");

#define ACCOUNT(field) PART(account, field)
static const struct part account_parts[] = {
	ACCOUNT(pool),          ACCOUNT(reserve), ACCOUNT(charged),  ACCOUNT(available),
	ACCOUNT(free),          ACCOUNT(room),    ACCOUNT(short_by), ACCOUNT(promised),
	ACCOUNT(overbooked_by), ACCOUNT(missing), ACCOUNT(level),    ACCOUNT(level_cause),
};

#define STEP(field) PART(step, field)
static const struct part step_parts[] = {
	STEP(guest), STEP(from), STEP(to), STEP(phase), STEP(reason),
};

static uint64_t load(const void *from, const struct part *part)
{
	const char *at = (const char *)from + part->offset;
	uint32_t middle;
	uint64_t large;

	if (part->size == sizeof(bool))
		return *(const bool *)at;
	if (part->size == sizeof(middle)) {
		memcpy(&middle, at, sizeof(middle));
		return middle;
	}
	memcpy(&large, at, sizeof(large));
	return large;
}

static uint64_t hash_number(uint64_t hash, uint64_t value)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(value >> 8 * i);
	return hash_bytes(hash, bytes, sizeof(bytes));
}

static uint64_t hash_parts(uint64_t hash, const void *from, const struct part *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = hash_number(hash, load(from, &parts[i]));
	return hash;
}

/* With its end, so that no two names run into each other; NULL is a text of its own. */
static uint64_t hash_name(uint64_t hash, const char *name)
{
	return name ? hash_bytes(hash, name, strlen(name) + 1) : hash_bytes(hash, "\xff", 1);
}

static const char *rule_name(const struct rule *rule)
{
	if (!rule)
		return NULL;
	return rule->name ? rule->name : rule->policy->name;
}

static uint64_t hash_verdict(uint64_t hash, const struct verdict *v)
{
	hash = hash_name(hash, v->source->uuid);
	hash = hash_parts(hash, v, verdict_parts, ELEMENTSOF(verdict_parts));
	hash = hash_name(hash, v->promise ? v->promise->name : NULL);
	hash = hash_name(hash, rule_name(v->rule));
	hash = hash_name(hash, rule_name(v->waits));
	return v->waits ? hash_number(hash, v->unknown) : hash;
}

uint64_t trace_plan_hash(const struct plan *plan)
{
	uint64_t hash = HASH_INIT;

	for (size_t i = 0; i < plan->n_verdicts; i++)
		hash = hash_verdict(hash, &plan->verdicts[i]);
	hash = hash_parts(hash, &plan->account, account_parts, ELEMENTSOF(account_parts));
	for (size_t i = 0; i < plan->n_steps; i++)
		hash = hash_parts(hash, &plan->steps[i], step_parts, ELEMENTSOF(step_parts));
	return hash_number(hash, plan->next_wake);
}

const char *trace_step_reason(const struct plan *plan, const struct step *step)
{
	const struct verdict *v = &plan->verdicts[step->guest];
	const struct balloond_policy *policy = v->rule ? v->rule->policy : NULL;

	if (step->reason == REASON_POLICY && policy && v->asked &&
	    v->proposal.reason < policy->n_reasons)
		return policy->reasons[v->proposal.reason];
	return reason_text(step->reason);
}
