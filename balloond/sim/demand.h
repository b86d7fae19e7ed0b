/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a guest needs over time: the memory below which it stalls.  It depends on time alone, never
 * on what the guest gets, so that two policies are held against the same demand and bounds can be
 * computed before anything runs.
 *
 *     need(t) = min(maximum, fixed + base x maximum + shape(t)), rising no faster than `touch`
 *
 * Integers only: the same seed gives the same demand on every machine. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "balloond/core/value.h"

/* From `at` on the shape is `to`, reached in a straight line within `over` (0: at once). */
struct demand_point {
	usec_t at, over;
	uint64_t to; /* bytes */
};

enum demand_shape {
	DEMAND_CONSTANT, /* high */
	DEMAND_POINTS,   /* steps and ramps, one after the other; 0 before the first */
	DEMAND_SQUARE,   /* low and high in turn, each half a period; low at first */
	DEMAND_SPIKES,   /* low, and high for `length` once a period, somewhere in it */
	DEMAND_SERIES,   /* a value every `interval`, of a trace file or a generator */
};

/* The constant part, shared by whoever steps through it. */
struct demand {
	uint64_t maximum;
	uint64_t fixed;
	uint64_t base;  /* permille of maximum */
	uint64_t touch; /* bytes a second that the need may rise by; 0: at once */
	enum demand_shape shape;
	uint64_t low, high;
	usec_t period, length;
	usec_t offset; /* the world's time of the shape's time 0: SIM_EPOCH, or later */
	uint64_t seed; /* of SPIKES */
	struct demand_point *points; /* in the order of at; owned */
	size_t n_points;
	uint32_t *series; /* MiB; owned.  What follows the last value is the last value */
	size_t n_series;
	usec_t interval; /* between two values of the series, */
	usec_t over;     /* each of which is reached in a straight line within this time */
};

/* One who steps through a demand.  All zero is the beginning. */
struct demand_walk {
	usec_t now;
	uint64_t need; /* bytes */
	bool began;
	size_t next;   /* point */
	uint64_t from; /* shape's value when the current line began */
};

/* The need at `now`, which never goes back.  Bytes. */
uint64_t demand_walk(const struct demand *d, struct demand_walk *walk, usec_t now);

void demand_done(struct demand *d);

/* The generator of virtual machines that look like those of production: a size, a mean, peaks, a
 * swing of the day, and surges of all lengths, most of which are over before a trace file's next
 * value (generator.c says by which figures).  Fills maximum and the series for `length`; 0 or
 * -ENOMEM.  A machine hangs on the seed and its number alone, and its first hours do not hang on
 * the length.  A series that d has already is released. */
int demand_generate(struct demand *d, uint64_t seed, unsigned guest, usec_t length);
