/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Random numbers that are the same on every machine: xorshift64*. */

#include <stdint.h>

/* seed must not be 0. */
static inline uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(2685821657736338717);
}

static inline uint64_t random_below(uint64_t *seed, uint64_t n)
{
	return random_next(seed) % n;
}

/* Any number, small ones as likely as large ones. */
static inline uint64_t random_wide(uint64_t *seed)
{
	return random_next(seed) >> random_below(seed, 64);
}
