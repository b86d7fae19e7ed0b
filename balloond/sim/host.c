/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The simulated host.  It has no page cache worth speaking of: what nobody uses is free.  What
 * does not fit is swapped at the disk's speed, and comes back slowly once it fits: nobody knows
 * which pages are missed until they are touched. */

#include "balloond/sim/host.h"

#include <stdlib.h>

#include "balloond/policy-math.h"

#define DISK_DEFAULT (100 * BALLOOND_MIB)
/* Of what is swapped this part comes back in a second, but no less than BACK_MIN. */
#define BACK_PART 4u
#define BACK_MIN BALLOOND_MIB
/* avg10 is an average with a time constant of 10 s: a half-life of 10 s x ln 2. */
#define PRESSURE_HALF_LIFE 6931472u
/* While it swaps: somebody waits half of the time, and half of that nobody works. */
#define PRESSURE_SOME 5000u
#define PRESSURE_FULL 2500u

/* `to` is reached from `from` in a straight line. */
static uint64_t line(uint64_t from, uint64_t to, usec_t elapsed, usec_t over)
{
	if (elapsed >= over)
		return to;
	if (to >= from)
		return from + balloond_mul_div(to - from, elapsed, over);
	return from - balloond_mul_div(from - to, elapsed, over);
}

static uint64_t own_at(const struct sim_host *h, usec_t t)
{
	const struct sim_host_change *c;

	if (h->next == 0)
		return h->from;
	c = &h->model.changes[h->next - 1];
	return line(h->from, c->own, t - c->at, c->over);
}

/* A change that comes while another is under way begins where that one is. */
static void follow_changes(struct sim_host *h, usec_t now)
{
	for (; h->next < h->model.n_changes && h->model.changes[h->next].at <= now; h->next++)
		h->from = own_at(h, h->model.changes[h->next].at);
	h->own = own_at(h, now);
}

/* Returns what was swapped out and in. */
static uint64_t swap(struct sim_host *h, uint64_t held, usec_t elapsed)
{
	uint64_t disk = h->model.disk > 0 ? h->model.disk : DISK_DEFAULT, n;
	uint64_t total = h->model.total, in_memory = balloond_sub(held, h->swapped);

	disk = balloond_mul_div(disk, elapsed, BALLOOND_SECOND);
	if (in_memory > total) {
		n = balloond_min(in_memory - total, balloond_sub(h->model.swap, h->swapped));
		n = balloond_min(n, disk);
		h->swapped += n;
		h->swap_out += n;
		return n;
	}
	n = balloond_mul_div(balloond_max(h->swapped / BACK_PART, BACK_MIN), elapsed,
			     BALLOOND_SECOND);
	n = balloond_min(balloond_min(n, disk), balloond_min(h->swapped, total - in_memory));
	h->swapped -= n;
	h->swap_in += n;
	return n;
}

void sim_host_begin(struct sim_host *h)
{
	h->next = 0;
	h->own = h->from = h->model.own;
	h->available = balloond_sub(h->model.total, h->own);
	h->swapped = h->swap_in = h->swap_out = 0;
	h->over = h->some = h->full = h->ksm_saved = 0;
}

void sim_host_step(struct sim_host *h, usec_t now, usec_t elapsed, uint64_t resident)
{
	uint64_t held, moved;
	bool waits;

	follow_changes(h, now);
	h->ksm_saved = balloond_permille(resident, balloond_min(h->model.shared, 1000));
	held = balloond_add(h->own, resident - h->ksm_saved);
	h->available = balloond_sub(h->model.total, held);
	moved = swap(h, held, elapsed);
	h->over = balloond_sub(held, balloond_add(h->model.total, h->model.swap));
	waits = moved > 0 || h->over > 0;
	h->some = balloond_ewma(h->some, waits ? PRESSURE_SOME : 0, elapsed, PRESSURE_HALF_LIFE);
	h->full = balloond_ewma(h->full, waits ? PRESSURE_FULL : 0, elapsed, PRESSURE_HALF_LIFE);
}

void sim_host_tell(const struct sim_host *h, struct host *ret)
{
	*ret = (struct host){
		.seen = {
			.total = h->model.total,
			.available = h->available,
			.free = h->available,
			.swap_total = h->model.swap,
			.swap_free = h->model.swap - h->swapped,
			.swap_in = h->swap_in,
			.swap_out = h->swap_out,
			.some_avg10 = h->some,
			.full_avg10 = h->full,
		},
		.ksm_saved = h->ksm_saved,
		.sample_cost = h->model.sample_cost,
	};
}

void sim_host_model_done(struct sim_host_model *model)
{
	free(model->changes);
	*model = (struct sim_host_model){ 0 };
}
