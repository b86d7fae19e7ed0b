/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Numbers that look random and are the same on every machine: SplitMix64 (Steele, Lea, Flood,
 * "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).  Not for secrets. */

#include <stdint.h>

struct sim_random {
	uint64_t state;
};

static inline uint64_t sim_random_mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Numbers of their own for each (seed, stream). */
static inline struct sim_random sim_random_begin(uint64_t seed, uint64_t stream)
{
	return (struct sim_random){ sim_random_mix(sim_random_mix(seed) ^ stream) };
}

static inline uint64_t sim_random_next(struct sim_random *r)
{
	uint64_t x = sim_random_mix(r->state);

	r->state += UINT64_C(0x9e3779b97f4a7c15);
	return x;
}

/* x, spread over all 64 bits, as a number from 0 to n - 1. */
static inline uint64_t sim_random_scale(uint64_t x, uint64_t n)
{
	__extension__ unsigned __int128 product = (unsigned __int128)x * n;

	return (uint64_t)(product >> 64);
}

/* From 0 to n - 1. */
static inline uint64_t sim_random_below(struct sim_random *r, uint64_t n)
{
	return sim_random_scale(sim_random_next(r), n);
}
