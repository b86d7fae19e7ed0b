/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The guests of a draw.  The same seed and draw give the same ones, whatever else is asked. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "balloond/sim/random.h"
#include "tests/bench/job.h"

/* What every guest needs at all times, besides its base: its kernel. */
#define FIXED (48 * BALLOOND_MIB)
/* The least that was measured of a libvirt on its own machine. */
#define SAMPLE_COST 300u

static void shuffle(uint32_t *rows, size_t n, struct sim_random *random)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = sim_random_below(random, i);
		uint32_t row = rows[i - 1];

		rows[i - 1] = rows[k];
		rows[k] = row;
	}
}

/* All guests of a draw begin at the same instant of the trace: what happens together stays
 * together. */
static int draw_trace(const struct job *job, const struct demand_file *file, struct sim_world *w)
{
	struct sim_random random = sim_random_begin(job->seed, job->draw);
	_cleanup_free_ uint32_t *rows = calloc(file->n_rows, sizeof(*rows));
	size_t values = job->length / DEMAND_FILE_INTERVAL + 2, first;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < file->n_rows; i++)
		rows[i] = (uint32_t)i;
	shuffle(rows, file->n_rows, &random);
	first = file->rows[0].n_series > values
			? sim_random_below(&random, file->rows[0].n_series - values)
			: 0;
	for (size_t i = 0; i < w->n_guests; i++) {
		int r = demand_file_take(file, rows[i % file->n_rows], first, values,
					 &w->demands[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int draw_generator(const struct job *job, struct sim_world *w)
{
	for (size_t i = 0; i < w->n_guests; i++) {
		int r = demand_generate(&w->demands[i], job->generator,
					(unsigned)(job->draw * w->n_guests + i), job->length);

		if (r < 0)
			return r;
	}
	return 0;
}

static int draw_demands(const struct job *job, struct sim_world *w, struct diagnostics *d)
{
	_cleanup_(demand_file_freep) struct demand_file *file = NULL;
	int r;

	if (!job->trace)
		return draw_generator(job, w);
	r = demand_file_read(job->trace, &file, d);
	return r < 0 ? r : draw_trace(job, file, w);
}

int job_world(const struct job *job, struct sim_world **ret, struct diagnostics *d)
{
	_cleanup_(sim_world_freep) struct sim_world *w = NULL;
	int r;

	r = sim_world_new(job->n_guests, &w);
	if (r < 0)
		return r;
	r = draw_demands(job, w, d);
	if (r < 0)
		return r;
	w->host.model.sample_cost = SAMPLE_COST;
	for (size_t i = 0; i < w->n_guests; i++) {
		struct demand *demand = &w->demands[i];
		struct sim_guest *g = &w->guests[i];

		demand->fixed = FIXED;
		demand->base = job->base;
		demand->offset = SIM_EPOCH;
		sim_model_init(&g->model, demand->maximum);
		g->model.swap = balloond_max(512 * BALLOOND_MIB, demand->maximum / 8);
		g->demand = demand;
		g->period = BALLOOND_SECOND;
	}
	*ret = TAKE_PTR(w);
	return 0;
}
