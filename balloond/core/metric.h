/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The closed list of what a rule's `when` can be bound to.  There is no expression language: who
 * needs more writes another rule. */

#include <stdbool.h>
#include <stdint.h>

#include "balloond/policy.h"

enum metric {
	METRIC_HOST_AVAILABLE,
	METRIC_HOST_FREE,
	METRIC_HOST_ROOM,
	METRIC_HOST_CHARGED,
	METRIC_HOST_SWAP_USED,
	METRIC_HOST_SWAP_IN,
	METRIC_HOST_SWAP_OUT,
	METRIC_HOST_PRESSURE,
	METRIC_HOST_STALLED,
	METRIC_HOST_LEVEL,
	METRIC_GUEST_ACTUAL,
	METRIC_GUEST_USED,
	METRIC_GUEST_USABLE,
	METRIC_GUEST_RESIDENT,
	METRIC_GUEST_SWAP_IN,
	METRIC_GUEST_MAJOR_FAULTS,
	METRIC_GUEST_DISK_READS,
	METRIC_GUEST_STATS_AGE,
	METRIC_MAX,
};

/* How an edge is written, and its unit inside. */
enum metric_kind {
	METRIC_BYTES,    /* 10GiB, or a share of the base: 10% */
	METRIC_RATE,     /* 1MiB/s, as bytes a second */
	METRIC_PER_TIME, /* 100/s */
	METRIC_SHARE,    /* 10%: permille; the metric is a share itself */
	METRIC_TIME,     /* 30s, as microseconds */
	METRIC_LEVEL,    /* normal, tight, low, critical: enum balloond_level */
};

struct metric_row {
	const char *name; /* as in YAML */
	enum metric_kind kind;
	const char *base; /* what a percentage is of, for people; NULL: none is allowed */
	const char *help; /* one clause, no full stop */
};

/* A table over all of enum metric. */
const struct metric_row *metric_row(enum metric metric);
