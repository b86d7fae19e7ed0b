/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one way in which io reads a clock.  Core never does: it is told. */

#include <time.h>

#include "balloond/core/value.h"

static inline usec_t clock_read(clockid_t clock)
{
	struct timespec t = { 0 };

	(void)clock_gettime(clock, &t);
	return (usec_t)t.tv_sec * 1000000u + (usec_t)t.tv_nsec / 1000u;
}

/* For intervals and deadlines. */
static inline usec_t clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

/* For what people read, and for stamps of QEMU, which are of this clock. */
static inline usec_t clock_wall(void)
{
	return clock_read(CLOCK_REALTIME);
}
