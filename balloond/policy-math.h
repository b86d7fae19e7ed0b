/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Arithmetic for policies and core: inline, integer, total (no input traps or overflows), and the
 * same on every machine.  A module that uses it stays without undefined symbols.  Saturation
 * stands for "more than any host has". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BALLOOND_KIB (UINT64_C(1) << 10)
#define BALLOOND_MIB (UINT64_C(1) << 20)
#define BALLOOND_GIB (UINT64_C(1) << 30)
#define BALLOOND_SECOND UINT64_C(1000000)

static inline uint64_t balloond_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t balloond_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* `low` wins where low > high. */
static inline uint64_t balloond_clamp(uint64_t x, uint64_t low, uint64_t high)
{
	return balloond_max(low, balloond_min(x, high));
}

static inline uint64_t balloond_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* a - b, or 0 */
static inline uint64_t balloond_sub(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* a * b / c, rounded down, without overflow in between; c = 0 gives UINT64_MAX. */
static inline uint64_t balloond_mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	__extension__ unsigned __int128 x = (unsigned __int128)a * b;

	if (c == 0)
		return UINT64_MAX;
	/* Long division by hand: the compiler's own 128-bit one is a library call. */
	if ((uint64_t)(x >> 64) == 0)
		return (uint64_t)x / c;
	if ((uint64_t)(x >> 64) >= c)
		return UINT64_MAX;
	uint64_t rest = (uint64_t)(x >> 64), low = (uint64_t)x, quotient = 0;

	for (int bit = 63; bit >= 0; bit--) {
		bool carry = rest >> 63;

		rest = rest << 1 | (low >> bit & 1);
		if (carry || rest >= c) {
			rest -= c;
			quotient |= UINT64_C(1) << bit;
		}
	}
	return quotient;
}

/* n permille of x */
static inline uint64_t balloond_permille(uint64_t x, uint64_t n)
{
	return balloond_mul_div(x, n, 1000);
}

/* The size of which `part` is n permille: part * 1000 / n. */
static inline uint64_t balloond_whole(uint64_t part, uint64_t n)
{
	return balloond_mul_div(part, 1000, n);
}

static inline uint64_t balloond_round_up(uint64_t x, uint64_t unit)
{
	uint64_t over = unit ? x % unit : 0;

	return over ? balloond_add(x, unit - over) : x;
}

/* Exponential average with half-life h over dt, both µs: 2^(-dt/h) by halving whole half-lives and
 * a cubic for the rest, in units of 2^-32: exact at 0, 1/2 and 1 with the right slope at 0, so that
 * many short steps decay as one long one; at most 0.05 % off. */
static inline uint64_t balloond_ewma(uint64_t old, uint64_t sample, uint64_t dt, uint64_t h)
{
	uint64_t halvings = h ? dt / h : 64;

	if (old == sample || halvings >= 32)
		return sample;
	uint64_t f = balloond_mul_div(dt % h, UINT64_C(1) << 32, h); /* the part of a half-life */
	uint64_t f2 = f * f >> 32, f3 = f2 * f >> 32;
	uint64_t keep = (UINT64_C(1) << 32) - (f * 2977044472 >> 32) + (f2 * 1014882695 >> 32) -
			(f3 * 185321871 >> 32);
	__extension__ unsigned __int128 rest = old > sample ? old - sample : sample - old;

	rest = rest * (keep >> halvings) >> 32;
	return old > sample ? sample + (uint64_t)rest : sample - (uint64_t)rest;
}

/* The maximum over the last window, in 8 slots: exact to an eighth of the window.  Plain bytes, so
 * it can live in a policy's state; all zero is an empty window. */
struct balloond_window {
	uint64_t slot[8];
	uint64_t epoch; /* number of the newest slot's interval */
};

static inline void balloond_window_add(struct balloond_window *w, uint64_t now, uint64_t length,
				       uint64_t sample)
{
	uint64_t epoch = now / (length / 8 ? length / 8 : 1);

	if (epoch > w->epoch) {
		uint64_t gone = balloond_min(epoch - w->epoch, 8);

		for (uint64_t i = 0; i < gone; i++)
			w->slot[(epoch - i) % 8] = 0;
		w->epoch = epoch;
	}
	w->slot[w->epoch % 8] = balloond_max(w->slot[w->epoch % 8], sample);
}

static inline uint64_t balloond_window_max(const struct balloond_window *w)
{
	uint64_t max = 0;

	for (size_t i = 0; i < 8; i++)
		max = balloond_max(max, w->slot[i]);
	return max;
}

/* Sorts an index array by key, smallest first, ties by index: heap sort, in place. */
static inline void balloond_sort(uint32_t *index, size_t n, const uint64_t *key)
{
#define BALLOOND_BEFORE(a, b) (key[a] < key[b] || (key[a] == key[b] && (a) < (b)))
	for (size_t end = n, start = n / 2; end > 1;) {
		uint32_t moved;

		if (start > 0) {
			moved = index[--start];
		} else {
			moved = index[--end];
			index[end] = index[0];
		}
		size_t hole = start;

		for (size_t child; (child = 2 * hole + 1) < end; hole = child) {
			if (child + 1 < end && BALLOOND_BEFORE(index[child], index[child + 1]))
				child++;
			if (!BALLOOND_BEFORE(moved, index[child]))
				break;
			index[hole] = index[child];
		}
		index[hole] = moved;
	}
#undef BALLOOND_BEFORE
}

/* One guest in a division of memory. */
struct balloond_fill {
	uint64_t low, high; /* gets at least low, never more than high; low wins */
	uint64_t weight;    /* its shares; at least 1 is used */
	uint64_t size;      /* out */
};

static inline uint64_t balloond_fill_at(const struct balloond_fill *f, uint64_t level)
{
	__extension__ unsigned __int128 x = (unsigned __int128)level * (f->weight ? f->weight : 1);

	return balloond_clamp(x > UINT64_MAX ? UINT64_MAX : (uint64_t)x, f->low, f->high);
}

/* What all get at a level, and the weights of those that get more at a higher one. */
static inline uint64_t balloond_fill_sum(const struct balloond_fill *fill, size_t n, uint64_t level,
					 uint64_t *ret_weights)
{
	uint64_t sum = 0, weights = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t size = balloond_fill_at(&fill[i], level);

		sum = balloond_add(sum, size);
		if (size > fill[i].low && size < fill[i].high)
			weights = balloond_add(weights, balloond_max(fill[i].weight, 1));
	}
	*ret_weights = weights;
	return sum;
}

/* The highest level at which all of clamp(weight x level, low, high) add up to no more than
 * capacity; UINT64_MAX where even the highs do; 0 where not even the lows do.  No scratch, no sort:
 * the sum is linear between two levels at which somebody meets a bound, so that Newton's steps
 * inside of a bracket end after a few passes; every eighth one halves it, so that they end. */
static inline uint64_t balloond_water_level(const struct balloond_fill *fill, size_t n,
					    uint64_t capacity)
{
	uint64_t low = 0, high = 1, weights, pass = 0;

	if (balloond_fill_sum(fill, n, UINT64_MAX, &weights) <= capacity)
		return UINT64_MAX;
	if (balloond_fill_sum(fill, n, 0, &weights) > capacity)
		return 0;
	for (size_t i = 0; i < n; i++)
		high = balloond_max(high, fill[i].high / balloond_max(fill[i].weight, 1) + 1);
	for (uint64_t level = low + (high - low) / 2; high - low > 1;) {
		uint64_t sum = balloond_fill_sum(fill, n, level, &weights);

		if (sum <= capacity) {
			low = level;
			level += weights ? balloond_max((capacity - sum) / weights, 1) : 0;
		} else {
			high = level;
			level -= weights ? balloond_min((sum - capacity - 1) / weights + 1, level)
					 : 0;
		}
		if (level <= low || level >= high || ++pass % 8 == 0)
			level = low + (high - low) / 2;
	}
	return low;
}

/* Weighted max-min: sizes = clamp(weight x level, low, high) with one level for all, so that they
 * add up to exactly min(capacity, sum of highs), or to the sum of lows if that is more.  The
 * bytes below one level step go to the first guests in order.  Bertsekas and Gallager, Data
 * Networks, 6.5.2. */
static inline void balloond_water_fill(struct balloond_fill *fill, size_t n, uint64_t capacity)
{
	uint64_t level = balloond_water_level(fill, n, capacity), left = capacity;

	for (size_t i = 0; i < n; i++) {
		fill[i].size = balloond_fill_at(&fill[i], level);
		left = balloond_sub(left, fill[i].size);
	}
	for (size_t i = 0; i < n && left > 0 && level < UINT64_MAX; i++) {
		uint64_t more = balloond_fill_at(&fill[i], level + 1) - fill[i].size;

		more = balloond_min(more, left);
		fill[i].size += more;
		left -= more;
	}
}
