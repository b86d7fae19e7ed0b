/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A simulated guest from outside: what it is made of, and what a hypervisor tells of it. */

#include "balloond/sim/guest.h"

#include <string.h>

#include "balloond/core/trust.h"
#include "balloond/policy-math.h"
#include "balloond/sim/trouble.h"

/* As io/domain-facts.c has it: how far a stamp may be ahead of the clock that it is held against,
 * and the time between two sweeps. */
#define CLOCK_SLACK (2 * (int64_t)BALLOOND_SECOND)
#define SWEEP_INTERVAL (BALLOOND_SECOND / 2)

void sim_model_init(struct sim_model *model, uint64_t maximum)
{
	*model = (struct sim_model){
		.maximum = maximum,
		.sold = maximum,
		.start = maximum,
		.kernel = 16 * BALLOOND_MIB + maximum / 64,
		.overhead = 64 * BALLOOND_MIB + maximum / 100,
		.fill = 2 * BALLOOND_MIB,
		.inflate = 9 * BALLOOND_GIB / 10,
		.inflate_cache = 400 * BALLOOND_MIB,
		.inflate_anon = 80 * BALLOOND_MIB,
		.deflate = 22 * BALLOOND_GIB / 10,
		.disk = 100 * BALLOOND_MIB,
		.boot = 5 * BALLOOND_SECOND,
	};
}

static bool has(const struct sim_guest *g, enum sim_traits trait)
{
	return g->model.traits & trait;
}

static uint32_t facts_of(const struct sim_guest *g)
{
	uint32_t facts = GUEST_INSPECTED | GUEST_BALLOON;

	if (has(g, SIM_AUTODEFLATE))
		facts |= GUEST_AUTODEFLATE;
	if (has(g, SIM_FREE_REPORTING))
		facts |= GUEST_FREE_REPORTING;
	if (has(g, SIM_NO_STATS))
		facts |= GUEST_NO_STATS;
	return facts;
}

static uint64_t known(bool is_known, uint64_t x)
{
	return is_known ? x : BALLOOND_UNKNOWN;
}

/* A sample is stamped with the wall clock.  Where that was set since, the stamp is wrong, and what
 * is known besides is when the sample before it was last seen. */
static usec_t told_age(const struct sim_guest *g, usec_t now)
{
	usec_t age = now - g->sample.at, most = age + SWEEP_INTERVAL;
	int64_t by = g->wall - g->sample.wall, told = (int64_t)age + by;

	if (by == 0)
		return age;
	if (told < -CLOCK_SLACK)
		return most;
	return told < 0 ? 0 : balloond_min((usec_t)told, most);
}

static void tell_sample(const struct sim_guest *g, usec_t now, struct guest *ret)
{
	const struct sim_sample *s = &g->look.sample;
	bool any = s->stamp > 0, usable = any && !has(g, SIM_NO_USABLE);
	bool counts = usable && !has(g, SIM_NO_SWAP_SEEN);

	ret->stamp = s->stamp;
	ret->seen.stats_age = any ? g->look.age + (now - g->look.at) : BALLOOND_UNKNOWN;
	ret->seen.total = known(any, s->total);
	ret->seen.unused = known(any, s->unused);
	ret->seen.usable = known(usable, s->usable);
	ret->seen.caches = known(usable, s->caches);
	ret->seen.swap_in = known(counts, s->swap_in);
	ret->seen.swap_out = known(counts, s->swap_out);
	ret->seen.major_faults = known(counts, s->major_faults);
	ret->facts |= trust_check_figures(&ret->seen, ret->seen.maximum);
	ret->facts |= trust_check_touched(&ret->seen, ret->seen.resident);
}

static void tell_hold(const struct sim_guest *g, usec_t now, struct hold *ret)
{
	*ret = (struct hold){ 0 };
	for (size_t i = 0; i < g->model.n_faults; i++)
		if (g->model.faults[i].kind == SIM_FAULT_HELD &&
		    trouble_holds(&g->model.faults[i], now))
			*ret = (struct hold){ .on = true, .who = "scenario" };
}

void sim_guest_look(struct sim_guest *g, usec_t now)
{
	g->look = (struct sim_look){
		.at = now,
		.size = g->told,
		.sample = g->sample,
		.age = g->sample.stamp > 0 ? told_age(g, now) : 0,
	};
}

/* A device that pins memory is not told of: this is about hosts that gain nothing and do not know
 * why.  Where there are no statistics there is the size, and nothing else. */
void sim_guest_tell(const struct sim_guest *g, usec_t now, struct guest *ret)
{
	bool blind = has(g, SIM_NO_STATS);

	ret->facts = facts_of(g);
	strcpy(ret->labels.hypervisor, blind ? "xen" : "qemu");
	ret->seen.maximum = g->model.maximum;
	ret->seen.actual = g->look.size;
	ret->seen.resident = known(!blind, g->touched + g->model.overhead);
	ret->seen.disk_reads = known(!blind, g->reads);
	ret->host_swap = 0;
	ret->sold = g->model.sold;
	ret->period = g->period;
	ret->swept = g->look.at;
	ret->resident_at = now;
	ret->booted = g->booted;
	ret->outcome = g->outcome;
	tell_sample(g, now, ret);
	if (g->model.n_faults > 0)
		tell_hold(g, now, &ret->hold);
}
