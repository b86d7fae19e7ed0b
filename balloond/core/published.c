/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/published.h"

#include <stdlib.h>
#include <string.h>

#include "balloond/core/text.h"

#define FIGURE(name, type, field, help) \
	{ \
		name, type, offsetof(struct published_guest, verdict.field), help \
	}

const struct published_figure published_figures[] = {
	FIGURE("maximum", BALLOOND_BYTES, guest.maximum, "what it was booted with"),
	FIGURE("ceiling", BALLOOND_BYTES, guest.ceiling, "the most that balloond gives it"),
	FIGURE("ceiling-set", BALLOOND_BYTES, ceiling_set, "what somebody else made its ceiling"),
	FIGURE("floor", BALLOOND_BYTES, guest.floor, "the least that balloond leaves it"),
	FIGURE("floor-learned", BALLOOND_BYTES, floor_learned, "what its distress has taught"),
	FIGURE("actual", BALLOOND_BYTES, guest.actual, "what it has"),
	FIGURE("target", BALLOOND_BYTES, target, "what it is asked to have"),
	FIGURE("total", BALLOOND_BYTES, guest.total, "what it says that it has"),
	FIGURE("usable", BALLOOND_BYTES, guest.usable, "what it could use without swapping"),
	FIGURE("unused", BALLOOND_BYTES, guest.unused, "what it leaves idle"),
	FIGURE("caches", BALLOOND_BYTES, guest.caches, "its page cache"),
	FIGURE("used", BALLOOND_BYTES, guest.used, "actual - usable, from one sample"),
	FIGURE("kernel", BALLOOND_BYTES, kernel, "what its kernel keeps out of its total"),
	FIGURE("margin", BALLOOND_BYTES, margin, "kept free above used"),
	FIGURE("lowest", BALLOOND_BYTES, low, "no step goes below it now"),
	FIGURE("proposal", BALLOOND_BYTES, proposal.bytes, "what its policy proposes"),
	FIGURE("claim", BALLOOND_BYTES, proposal.claim, "what its policy says that it needs"),
	FIGURE("wanted", BALLOOND_BYTES, wanted, "its part of the pool"),
	FIGURE("resident", BALLOOND_BYTES, guest.resident, "host memory behind it"),
	FIGURE("overhead", BALLOOND_BYTES, overhead, "what its hypervisor process adds"),
	FIGURE("charge", BALLOOND_BYTES, guest.charge, "what the pool is charged for it"),
	FIGURE("swap-in", BALLOOND_BYTES, guest.swap_in, "swapped in since its boot"),
	FIGURE("swap-out", BALLOOND_BYTES, guest.swap_out, "swapped out since its boot"),
	FIGURE("major-faults", BALLOOND_COUNT, guest.major_faults, "since its boot"),
	FIGURE("stats-age", BALLOOND_USEC, guest.stats_age, "age of its statistics"),
};

const size_t n_published_figures = sizeof(published_figures) / sizeof(published_figures[0]);

/* The rule that matters most where several bound: the last that was applied, but for the dead band,
 * which only ends what others have brought about. */
static const char *guard_words(uint32_t bound)
{
	if (bound != 1u << GUARD_DEAD_BAND)
		bound &= ~(1u << GUARD_DEAD_BAND);
	for (enum guard_rule rule = GUARD_RULE_MAX; rule-- > GUARD_BOUNDS;)
		if (bound & 1u << rule)
			return guard_row(rule)->text;
	return reason_text(REASON_GUARD);
}

/* The reason that people see: the guard's where it held the guest back, the policy's own words
 * where the policy decided. */
static const char *headline(const struct verdict *v, const char *policy_reason)
{
	if (v->reason == REASON_POLICY && *policy_reason)
		return policy_reason;
	if (v->reason == REASON_GUARD)
		return guard_words(v->bound);
	return reason_text(v->reason);
}

static const char *policy_words(const struct verdict *v)
{
	const struct balloond_policy *policy = v->rule ? v->rule->policy : NULL;

	if (!policy || !v->asked)
		return "";
	if (v->proposal.reason >= policy->n_reasons)
		return "the policy gave no reason";
	return policy->reasons[v->proposal.reason];
}

static void fill_guest(struct published_guest *p, const struct verdict *v)
{
	const struct balloond_policy *policy = v->rule ? v->rule->policy : NULL;

	p->verdict = *v;
	text_copy(p->uuid, sizeof(p->uuid), v->guest.uuid);
	text_copy(p->name, sizeof(p->name), v->guest.name);
	p->verdict.guest.uuid = p->uuid;
	p->verdict.guest.name = p->name;
	text_copy(p->policy, sizeof(p->policy), policy ? policy->name : NULL);
	text_copy(p->rule, sizeof(p->rule), v->rule ? v->rule->name : NULL);
	text_copy(p->waits, sizeof(p->waits), v->waits ? v->waits->name : NULL);
	p->unknown = v->waits ? metric_row(v->unknown)->name : NULL;
	text_copy(p->promise, sizeof(p->promise), v->promise ? v->promise->name : NULL);
	p->labels = v->source->labels;
	p->hold = v->source->hold;
	p->policy_reason = policy_words(v);
	p->reason = headline(v, p->policy_reason);
	p->warning = warning_text(v->warnings);
	p->figures = policy ? policy->figures : NULL;
	if (!policy || !v->asked)
		p->verdict.proposal = (struct balloond_target){ .bytes = BALLOOND_UNKNOWN,
								.claim = BALLOOND_UNKNOWN };
	else if (p->verdict.proposal.n_figures > policy->n_figures)
		p->verdict.proposal.n_figures = 0;
	p->verdict.source = NULL;
	p->verdict.promise = NULL;
	p->verdict.rule = NULL;
	p->verdict.waits = NULL;
}

void published_fill(struct published *p, const struct snapshot *snapshot, const struct plan *plan)
{
	p->host = snapshot->host.seen;
	p->host.level = plan->account.level;
	p->account = plan->account;
	p->sampling = plan->sampling;
	p->sample_cost = snapshot->host.sample_cost;
	p->warning = warning_text(snapshot->host.facts & HOST_KSMTUNED ? 1u << WARNING_KSMTUNED
								       : 0);
	p->n_guests = plan->n_verdicts;
	for (size_t i = 0; i < plan->n_verdicts; i++)
		fill_guest(&p->guests[i], &plan->verdicts[i]);
}

static int compare_uuid(const void *key, const void *guest)
{
	return strcmp(key, ((const struct published_guest *)guest)->uuid);
}

const struct published_guest *published_find(const struct published *p, const char *guest)
{
	const struct published_guest *found = NULL;

	if (p->n_guests == 0)
		return NULL;
	found = bsearch(guest, p->guests, p->n_guests, sizeof(*p->guests), compare_uuid);
	if (found)
		return found;
	for (size_t i = 0; i < p->n_guests; i++) {
		if (strcmp(p->guests[i].name, guest) != 0)
			continue;
		if (found)
			return NULL;
		found = &p->guests[i];
	}
	return found;
}

const char *published_figure_property(char buf[PUBLISHED_TEXT_MAX],
				      const struct published_figure *figure)
{
	const char *suffix = figure->type == BALLOOND_USEC ? "USec" : "";
	size_t n = 0, limit = PUBLISHED_TEXT_MAX - 1 - strlen(suffix);
	bool upper = true;

	for (const char *c = figure->name; *c && n < limit; c++) {
		if (*c != '-')
			buf[n++] = upper && *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
		upper = *c == '-';
	}
	strcpy(buf + n, suffix);
	return buf;
}
