/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "balloond/io/log.h"
#include "balloond/policy-math.h"

/* The pool's figure moves all the time, and whoever tells a full notify socket waits. */
#define STATUS_MIN_INTERVAL (5 * BALLOOND_SECOND)

void report_steps(const struct plan *plan, bool dry_run)
{
	char name[LOG_SAFE_MAX], from[VALUE_TEXT_MAX], to[VALUE_TEXT_MAX];

	for (size_t k = 0; k < plan->n_steps; k++) {
		const struct step *step = &plan->steps[k];
		const struct verdict *v = &plan->verdicts[step->guest];

		log_debug("%sguest \"%s\": %s -> %s (%s)", dry_run ? "dry run: " : "",
			  log_safe(name, v->guest.name), value_format_human(from, step->from),
			  value_format_human(to, step->to), reason_text(v->reason));
	}
}

static void report_level(const struct account *before, const struct account *now)
{
	const char *cause = level_cause_text(now->level_cause);
	bool is_worse = now->level > before->level;

	if (now->level == before->level)
		return;
	log_line(is_worse ? LOG_WARNING : LOG_INFO, "level %s, was %s%s%s", level_name(now->level),
		 level_name(before->level), *cause ? ": " : "", cause);
}

static void report_overbooked(const struct account *before, const struct account *now)
{
	char more[VALUE_TEXT_MAX], promised[VALUE_TEXT_MAX], pool[VALUE_TEXT_MAX];

	if ((now->overbooked_by > 0) == (before->overbooked_by > 0))
		return;
	value_format_human(promised, now->promised);
	value_format_human(pool, now->pool);
	if (now->overbooked_by > 0)
		log_warning("overbooked by %s: guests are promised %s, the pool has %s",
			    value_format_human(more, now->overbooked_by), promised, pool);
	else
		log_info("no longer overbooked: guests are promised %s of a pool of %s", promised,
			 pool);
}

static void report_refused(const struct verdict *v, uint32_t before)
{
	char name[LOG_SAFE_MAX], keys[128] = "";

	for (size_t key = 0; key < TENANT_KEYS; key++) {
		if (!(v->tenant_refused & ~before & 1u << key))
			continue;
		if (*keys)
			(void)strcat(keys, ", ");
		(void)strcat(keys, tenant_key_names[key]);
	}
	if (*keys)
		log_warning("guest \"%s\": its metadata does not hold, or not in full: %s",
			    log_safe(name, v->guest.name), keys);
}

void report_changes(const struct published *before, const struct plan *plan)
{
	size_t k = 0;

	report_level(&before->account, &plan->account);
	report_overbooked(&before->account, &plan->account);
	/* Both are sorted by uuid. */
	for (size_t i = 0; i < plan->n_verdicts; i++) {
		const struct verdict *v = &plan->verdicts[i];
		bool is_known;

		while (k < before->n_guests && strcmp(before->guests[k].uuid, v->guest.uuid) < 0)
			k++;
		is_known = k < before->n_guests &&
			   strcmp(before->guests[k].uuid, v->guest.uuid) == 0;
		report_refused(v, is_known ? before->guests[k].verdict.tenant_refused : 0);
	}
}

void report_status(struct report_status *status, const struct published *p)
{
	const struct account *a = &p->account;
	uint64_t percent = a->pool ? balloond_mul_div(a->charged, 100, a->pool) : 0;
	char text[sizeof(status->text)];
	size_t managed = 0;

	if (status->told != 0 && p->now - status->told < STATUS_MIN_INTERVAL)
		return;
	for (size_t i = 0; i < p->n_guests; i++)
		managed += p->guests[i].verdict.state == STATE_MANAGED;
	(void)snprintf(text, sizeof(text),
		       "%zu guests, %zu managed%s, level %s, pool %" PRIu64 " %% charged%s",
		       p->n_guests, managed, p->dry_run ? " (dry run)" : "", level_name(a->level),
		       percent,
		       !p->connected ? ", no hypervisor answers"
		       : p->degraded ? ", a hypervisor does not answer"
				     : "");
	if (strcmp(text, status->text) == 0)
		return;
	memcpy(status->text, text, sizeof(text));
	status->told = p->now;
	(void)sd_notifyf(false, "STATUS=%s", text);
}

void report_print(const struct published *p)
{
	char name[LOG_SAFE_MAX], actual[VALUE_TEXT_MAX], to[VALUE_TEXT_MAX];

	for (size_t i = 0; i < p->n_guests; i++) {
		const struct published_guest *g = &p->guests[i];

		printf("%s: %s, %s -> %s: %s\n", log_safe(name, g->name),
		       state_row(g->verdict.state)->name,
		       value_format_human(actual, g->verdict.guest.actual),
		       value_format_human(to, g->verdict.target), g->reason);
	}
	(void)fflush(stdout);
}
