/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A circuit breaker: calls that fail again and again, for reasons that are not their object's own,
 * are not made for a while, so that they take neither threads nor the hypervisor's time from
 * others.  Data alone. */

#include <stdbool.h>

#include "balloond/core/value.h"

#define BREAKER_FAILURES 3u
/* Without calls: the first time, doubled up to the last. */
#define BREAKER_FIRST (10u * 1000000u)
#define BREAKER_LAST (300u * 1000000u)

struct breaker {
	unsigned failures; /* in a row */
	usec_t pause;      /* the last one; 0: there was none since the last success */
	usec_t until;      /* no calls before this */
};

bool breaker_is_open(const struct breaker *breaker, usec_t now);

/* What became of a call: 0 or a negative errno.  Errors that tell of the guest itself or of a
 * connection that ended count for nothing. */
void breaker_take(struct breaker *breaker, int error, usec_t now);
