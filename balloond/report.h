/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a tick says in words, beside D-Bus: the journal, systemd's status line, --once.  For
 * manager.c alone. */

#include "balloond/core/plan.h"
#include "balloond/core/published.h"

/* Every step, at debug level. */
void report_steps(const struct plan *plan, bool dry_run);

/* What a new plan changes against what was published last: the host's level, whether more is
 * promised than there is, and whose metadata asks for what it does not get. */
void report_changes(const struct published *before, const struct plan *plan);

/* What systemd was told last, and when; all zero at first. */
struct report_status {
	char text[160];
	usec_t told;
};

/* STATUS= for systemd, if it changed and not too often. */
void report_status(struct report_status *status, const struct published *p);

/* One line a guest on standard output. */
void report_print(const struct published *p);
