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
		       percent, p->connected ? "" : ", no hypervisor answers");
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
