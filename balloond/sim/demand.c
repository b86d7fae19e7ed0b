/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A simulated second asks every guest for its need, so that a step costs no division but that of a
 * line that is not level: who walks remembers where it is. */

#include "balloond/sim/demand.h"

#include <stdlib.h>

#include "balloond/policy-math.h"
#include "balloond/sim/random.h"

/* On the straight line between two values. */
static uint64_t line(uint64_t from, uint64_t to, usec_t elapsed, usec_t over)
{
	uint64_t whole = from < to ? to - from : from - to, part;

	if (elapsed >= over || whole == 0)
		return to;
	if (!__builtin_mul_overflow(whole, elapsed, &part))
		part /= over;
	else
		part = balloond_mul_div(whole / BALLOOND_KIB, elapsed, over) * BALLOOND_KIB;
	return from < to ? from + part : from - part;
}

/* Which of the intervals that follow one another t is in; no more than a step from the last one
 * that was asked for, as a rule. */
static size_t interval_of(size_t last, usec_t t, usec_t interval)
{
	usec_t into = t - last * interval;

	if (into < interval)
		return last;
	return into < 2 * interval ? last + 1 : t / interval;
}

static uint64_t points(const struct demand *d, struct demand_walk *walk, usec_t t)
{
	const struct demand_point *p = &d->points[walk->next];

	for (; walk->next < d->n_points && p->at <= t; p++, walk->next++)
		if (walk->next > 0)
			walk->from = line(walk->from, p[-1].to, p->at - p[-1].at, p[-1].over);
	return walk->next > 0 ? line(walk->from, p[-1].to, t - p[-1].at, p[-1].over) : 0;
}

static uint64_t square(const struct demand *d, struct demand_walk *walk, usec_t t)
{
	if (d->period == 0)
		return d->high;
	walk->next = interval_of(walk->next, t, d->period);
	return t - walk->next * d->period < d->period / 2 ? d->low : d->high;
}

static uint64_t spikes(const struct demand *d, struct demand_walk *walk, usec_t t)
{
	usec_t begins, into;

	if (d->period <= d->length)
		return d->high;
	walk->next = interval_of(walk->next, t, d->period);
	begins = sim_random_scale(sim_random_mix(sim_random_mix(d->seed) ^ walk->next),
				  d->period - d->length + 1);
	into = t - walk->next * d->period;
	return into >= begins && into - begins < d->length ? d->high : d->low;
}

static uint64_t series(const struct demand *d, struct demand_walk *walk, usec_t t)
{
	uint64_t from, to;
	size_t k;

	if (d->n_series == 0)
		return 0;
	walk->next = d->interval > 0 ? interval_of(walk->next, t, d->interval) : d->n_series;
	k = walk->next;
	if (k >= d->n_series)
		return d->series[d->n_series - 1] * BALLOOND_MIB;
	to = d->series[k] * BALLOOND_MIB;
	from = k > 0 ? d->series[k - 1] * BALLOOND_MIB : to;
	return line(from, to, t - k * d->interval, balloond_min(d->over, d->interval));
}

static uint64_t shape(const struct demand *d, struct demand_walk *walk, usec_t t)
{
	switch (d->shape) {
	case DEMAND_CONSTANT:
		return d->high;
	case DEMAND_POINTS:
		return points(d, walk, t);
	case DEMAND_SQUARE:
		return square(d, walk, t);
	case DEMAND_SPIKES:
		return spikes(d, walk, t);
	case DEMAND_SERIES:
		return series(d, walk, t);
	}
	return 0;
}

/* Where a need that rises by touch bytes a second has come to, on its way to `to`. */
static uint64_t touched(uint64_t from, uint64_t to, uint64_t touch, usec_t elapsed)
{
	uint64_t rise;

	if (__builtin_mul_overflow(touch, elapsed, &rise))
		rise = balloond_mul_div(touch, elapsed, BALLOOND_SECOND);
	else
		rise /= BALLOOND_SECOND;
	return balloond_min(balloond_add(from, rise), to);
}

uint64_t demand_walk(const struct demand *d, struct demand_walk *walk, usec_t now)
{
	uint64_t need = balloond_add(d->fixed, shape(d, walk, balloond_sub(now, d->offset)));

	if (d->base > 0)
		need = balloond_add(need, balloond_permille(d->maximum, d->base));
	need = balloond_min(need, d->maximum);
	if (walk->began && d->touch > 0 && need > walk->need)
		need = touched(walk->need, need, d->touch, now - walk->now);
	walk->now = now;
	walk->need = need;
	walk->began = true;
	return need;
}

void demand_done(struct demand *d)
{
	free(d->points);
	free(d->series);
	*d = (struct demand){ 0 };
}
