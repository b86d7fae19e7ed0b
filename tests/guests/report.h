/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The lines that init sends to the host: one JSON object each, with the command that it answers.
 * Nothing here allocates: the host asks most when the guest has no memory left.
 */

#include "hog.h"

#include <stddef.h>

/* What PID 1 knows about its children and the kernel does not say. */
struct report_counts {
	unsigned n_hog_killed;
	unsigned n_worker_killed;
};

/* Writes all, or gives up after a second without progress: the host may have stopped reading. */
void report_write(int fd, const char *text, size_t size);

/* The plain answer. r is 0 or a negative errno, whose text is used unless error is given. */
void report_result(int fd, const char *line, int r, const char *error);

/* One counter or figure as an unsolicited line, stamped with the guest's clock. */
void report_event(int fd, const char *event, unsigned count);

/* Selected lines of /proc/meminfo (KiB) and /proc/vmstat (counts), and the hog's own figures. */
void report_meminfo(int fd, const char *line, const struct hog_shared *shared,
		    const struct report_counts *counts);

/* The longest touch since the last question, which this resets. A touch in progress counts too. */
void report_stall(int fd, const char *line, struct hog_shared *shared);
