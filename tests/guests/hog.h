/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the two processes of a test guest share: init (PID 1, which talks to the host) and the hog
 * (which owns the memory and may be killed for it). Figures that must be readable while the hog is
 * stuck in a page fault live in one shared page, so PID 1 never has to wait for the hog.
 */

#include <stdatomic.h>
#include <stdint.h>

#define MIB (UINT64_C(1) << 20)
#define LINE_MAX_BYTES 256

struct hog_shared {
	_Atomic uint64_t held_bytes;
	_Atomic uint64_t ramp_left_bytes;
	/* The longest single touch since the host last asked, and when it began (now_us). */
	_Atomic uint64_t worst_us;
	_Atomic uint64_t worst_at_us;
	/* When the touch in progress began; 0 when none is. */
	_Atomic uint64_t touching_since_us;
};

/* CLOCK_MONOTONIC in microseconds. */
uint64_t now_us(void);

/*
 * Serves lines from in_fd until it closes; one line of JSON to out_fd for each:
 *   alloc MIB        holds that much more, touched before the answer
 *   touch MIB/S MIB  the same at a rate, beside further commands
 *   free MIB         gives the newest back
 *   walk             touches all that is held
 */
void hog_run(int in_fd, int out_fd, struct hog_shared *shared);
