/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bounds of a case on standard input, memory in MiB; what they are: sim/bounds.h.  A case is a line
 *
 *     pool P step SECONDS steps T guests N
 *
 * and for each guest a line MAXIMUM FLOOR NEED NEED ..., T needs, separated by blanks.  Prints
 * "NAME VALUE" lines: provisioned, peak, peak-need and static in MiB, need and unmet in KiB x ms.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "balloond/sim/bounds.h"

/* More is a mistake. */
#define MOST 1000000u

struct input {
	uint64_t pool, seconds, n_steps, n_guests;
	struct demand *demands;
	uint64_t *floors;
};

static void input_done(struct input *c)
{
	for (size_t i = 0; c->demands && i < c->n_guests; i++)
		demand_done(&c->demands[i]);
	free(c->demands);
	free(c->floors);
}

/* The first value is what is needed before the first step, which nobody asks for. */
static int read_guest(struct input *c, struct demand *d, uint64_t *ret_floor)
{
	uint64_t maximum;

	if (scanf("%" SCNu64 " %" SCNu64, &maximum, ret_floor) != 2)
		return -EINVAL;
	*ret_floor *= BALLOOND_MIB;
	*d = (struct demand){
		.maximum = maximum * BALLOOND_MIB,
		.shape = DEMAND_SERIES,
		.series = calloc(c->n_steps + 1, sizeof(*d->series)),
		.n_series = c->n_steps + 1,
		.interval = c->seconds * BALLOOND_SECOND,
	};
	if (!d->series)
		return -ENOMEM;
	for (size_t k = 1; k < d->n_series; k++)
		if (scanf("%" SCNu32, &d->series[k]) != 1)
			return -EINVAL;
	return 0;
}

static int read_case(struct input *c)
{
	int r = scanf("pool %" SCNu64 " step %" SCNu64 " steps %" SCNu64 " guests %" SCNu64,
		      &c->pool, &c->seconds, &c->n_steps, &c->n_guests);

	if (r != 4 || c->seconds == 0 || c->n_steps > MOST || c->n_guests > MOST)
		return -EINVAL;
	c->demands = calloc(c->n_guests + 1, sizeof(*c->demands));
	c->floors = calloc(c->n_guests + 1, sizeof(*c->floors));
	if (!c->demands || !c->floors)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_guests; i++) {
		r = read_guest(c, &c->demands[i], &c->floors[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

int main(void)
{
	_cleanup_(input_done) struct input c = { 0 };
	_cleanup_(bounds_done) struct bounds b = { 0 };
	usec_t step;
	int r = read_case(&c);

	if (r < 0) {
		(void)fprintf(stderr, "bounds-tool: the case is not what it should be\n");
		return 2;
	}
	step = c.seconds * BALLOOND_SECOND;
	r = bounds_compute(c.demands, c.n_guests, c.floors, 0, 0, c.n_steps * step, step, &b);
	if (r < 0)
		return 1;
	printf("provisioned %" PRIu64 "\n", b.provisioned / BALLOOND_MIB);
	printf("peak %" PRIu64 "\n", b.peak / BALLOOND_MIB);
	printf("peak-need %" PRIu64 "\n", b.peak_need / BALLOOND_MIB);
	printf("static %" PRIu64 "\n", b.static_sum / BALLOOND_MIB);
	printf("need %" PRIu64 "\n", b.need_sum);
	printf("unmet %" PRIu64 "\n", bounds_unmet(&b, c.pool * BALLOOND_MIB, step));
	return 0;
}
