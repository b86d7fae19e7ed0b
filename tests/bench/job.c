/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a job to its result: the pool follows from what the guests need, as a share of what OC*
 * allows. */

#include "tests/bench/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/demand.h"
#include "balloond/io/config-override.h"
#include "balloond/io/config.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "tests/bench/bare.h"
#include "tests/bench/oracle.h"

/* Of the machine: what it uses itself. */
#define HOST_OWN (2 * BALLOOND_GIB)

static bool is(const struct job *job, const char *policy)
{
	return strcmp(job->policy, policy) == 0;
}

static bool is_oracle(const struct job *job)
{
	return is(job, "clairvoyant") || is(job, "static-hindsight");
}

static int load_config(const struct job *job, struct config **ret, struct diagnostics *d)
{
	static const char built_in[] = "version: 1\n"
				       "dry-run: false\n";
	_cleanup_config_ struct config *config = NULL;
	int r;

	r = job->config ? config_load(job->config, job->policy_dir, &config, d)
			: config_parse(built_in, sizeof(built_in) - 1, "bench", job->policy_dir,
				       &config, d);
	/* Oracles ask no policy, but move only guests that a rule matches. */
	if (r >= 0)
		r = config_use_policy(config, is_oracle(job) ? "hold" : job->policy,
				      job->policy_dir, d);
	if (r >= 0)
		r = config_use_min(config, job->min);
	if (r < 0)
		return r;
	config->host.commit = job->commit;
	*ret = TAKE_PTR(config);
	return 0;
}

static uint64_t overheads(const struct sim_world *w)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < w->n_guests; i++)
		sum += w->guests[i].model.overhead;
	return sum;
}

/* The kernels' floors, whatever min the row has: OC* is the same for all rows. */
static uint64_t *make_floors(const struct sim_world *w)
{
	uint64_t *floors = calloc(w->n_guests + 1, sizeof(*floors));

	for (size_t i = 0; floors && i < w->n_guests; i++) {
		const struct sim_model *model = &w->guests[i].model;

		floors[i] = demand_kernel_floor(model->maximum, model->kernel);
	}
	return floors;
}

/* A dense host that is in order: everybody has what it needs as the world begins, and an equal
 * share of what is left.  Static sizes are what they are. */
static void share_out(const struct job *job, struct sim_world *w, const struct job_report *report,
		      const uint64_t *floors)
{
	uint64_t needed = 0, left, wishes = 0;

	for (size_t i = 0; i < w->n_guests; i++) {
		struct sim_model *model = &w->guests[i].model;
		struct demand_walk walk = { 0 };

		model->start = balloond_max(floors[i],
					    demand_walk(&w->demands[i], &walk, SIM_EPOCH));
		needed += model->start;
		wishes += model->maximum - model->start;
	}
	left = balloond_min(balloond_sub(report->pool, needed), wishes);
	for (size_t i = 0; i < w->n_guests; i++) {
		struct sim_model *model = &w->guests[i].model;

		model->start += balloond_mul_div(model->maximum - model->start, left,
						 balloond_max(wishes, 1));
		if (is(job, "static"))
			model->start = model->maximum;
	}
}

/* The machine has more than enough beside the pool: the pool is what binds. */
static void make_host(struct sim_world *w, uint64_t pool)
{
	uint64_t total = balloond_add(pool, HOST_OWN);

	w->host.model.own = HOST_OWN;
	w->host.model.total = total + total / 8 + 8 * BALLOOND_GIB;
}

struct decider {
	struct bare bare;
	struct oracle *oracle;
};

static int choose(const struct job *job, struct sim_world *w, const struct job_report *report,
		  const uint64_t *floors, struct decider *decider, struct sim_setup *setup)
{
	const struct oracle_setup oracle = {
		.world = w,
		.floors = floors,
		.pool = report->pool,
		.warm_up = job->warm_up,
		.length = job->length,
		.step = job->step,
		.is_static = is(job, "static-hindsight"),
	};

	if (is_oracle(job)) {
		setup->decide = oracle_decide;
		decider->oracle = NULL;
		int r = oracle_new(&oracle, &decider->oracle);

		setup->decide_userdata = decider->oracle;
		return r;
	}
	if (!job->bare)
		return 0;
	decider->bare = (struct bare){
		.world = w,
		.pool = report->pool,
		/* What a peer does whose administrator promised nothing. */
		.no_kernel_floor = job->min.kind == AMOUNT_BYTES && job->min.value == 0,
	};
	setup->decide = bare_decide;
	setup->decide_userdata = &decider->bare;
	return 0;
}

static int run_world(const struct job *job, struct config *config, struct sim_world *w,
		     const uint64_t *floors, struct job_report *report)
{
	struct decider decider = { 0 };
	struct sim_setup setup = {
		.world = w,
		.config = config,
		.pool = report->pool,
		.overhead_on_top = true,
		.length = job->length,
		.step = job->step,
		.warm_up = job->warm_up,
		.read_all = job->read_all,
	};
	int r;

	share_out(job, w, report, floors);
	make_host(w, balloond_add(report->pool, overheads(w)));
	sim_world_begin(w);
	r = choose(job, w, report, floors, &decider, &setup);
	if (r >= 0)
		r = sim_run(&setup, &report->result);
	oracle_free(decider.oracle);
	return r;
}

int job_run(const struct job *job, struct job_report *report, struct diagnostics *d)
{
	_cleanup_config_ struct config *config = NULL;
	_cleanup_(sim_world_freep) struct sim_world *w = NULL;
	_cleanup_free_ uint64_t *floors = NULL;
	int r;

	r = load_config(job, &config, d);
	if (r < 0)
		return r;
	r = job_world(job, &w, d);
	if (r < 0)
		return r;
	floors = make_floors(w);
	if (!floors)
		return -ENOMEM;
	r = bounds_compute(w->demands, w->n_guests, floors, SIM_EPOCH, job->warm_up, job->length,
			   job->step, &report->bounds);
	if (r < 0)
		return r;
	report->pool = balloond_mul_div(report->bounds.peak, 1000, job->overcommit);
	return run_world(job, config, w, floors, report);
}
