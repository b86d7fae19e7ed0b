/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/metrics-internal.h"

#define MILLION UINT64_C(1000000)
#define DAY_MS UINT64_C(86400000)
#define HOUR_MS UINT64_C(3600000)
/* Who is due next to nothing must not outweigh all others. */
#define JAIN_MOST 10u

/* Rounded up. */
static uint64_t part_of(uint64_t part, uint64_t unit, uint64_t whole)
{
	uint64_t x;

	if (part == 0 || whole == 0)
		return 0;
	x = balloond_mul_div(part, unit, whole);
	return x + (x < UINT64_MAX && balloond_mul_div(x, whole, unit) < part);
}

/* Rounded down; all of nothing is all. */
static uint64_t share_of(uint64_t part, uint64_t whole)
{
	return whole > 0 ? balloond_mul_div(part, MILLION, whole) : MILLION;
}

static size_t count_up_to(const struct sim_metrics *m, usec_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_reliefs; i++)
		n += m->reliefs[i] <= length;
	for (size_t i = 0; i < m->n_guests; i++)
		n += m->scores[i].short_since != 0 && m->now - m->scores[i].short_since <= length;
	return n;
}

/* The shortest length that so many are not above: found by halves, so that nothing is sorted and
 * a run can go on after it. */
static usec_t rank(const struct sim_metrics *m, size_t n)
{
	usec_t length = 0;

	if (n == 0)
		return 0;
	for (int bit = 62; bit >= 0; bit--) {
		usec_t next = length + (UINT64_C(1) << bit);

		if (count_up_to(m, next - 1) < n)
			length = next;
	}
	return length;
}

static void give_relief(const struct sim_metrics *m, struct sim_result *ret)
{
	size_t n = count_up_to(m, UINT64_MAX);

	ret->reliefs = n;
	ret->relief_p50 = rank(m, (n * 50 + 99) / 100);
	ret->relief_p99 = rank(m, (n * 99 + 99) / 100);
	ret->relief_most = rank(m, n);
}

/* Jain, Chiu, Hawe: A Quantitative Measure of Fairness, 1984. */
static uint64_t jain(const struct sim_metrics *m, bool by_shares)
{
	uint64_t n = 0, sum = 0, squares = 0;

	for (size_t i = 0; i < m->n_guests; i++) {
		const struct sim_score *s = &m->scores[i];
		uint64_t due = by_shares ? s->needed - s->withheld : s->needed, x;

		if (due == 0)
			continue;
		x = balloond_min(share_of(s->met, due), JAIN_MOST * MILLION);
		n++;
		sum += x;
		squares = balloond_add(squares, x * x);
	}
	if (squares == 0)
		return MILLION;
	return balloond_mul_div(balloond_mul_div(sum, sum, n), MILLION, squares);
}

static void give_overage(const struct sim_metrics *m, struct sim_result *ret)
{
	uint64_t unit = 1024 * UINT64_C(1000);

	ret->overage = part_of(m->overage, 1, unit);
	ret->overage_most = m->overage_most;
	ret->overage_time = m->overage_time;
	ret->overage_scenario = part_of(m->overage_scenario, 1, unit);
	ret->overage_scenario_most = m->overage_scenario_most;
	ret->overage_scenario_time = m->overage_scenario_time;
}

void sim_metrics_result(const struct sim_metrics *m, struct sim_result *ret)
{
	ret->measured = m->measured;
	ret->unmet = part_of(m->unmet, MILLION, m->needed);
	ret->unmet_possible = part_of(m->possible, MILLION, m->needed);
	ret->optimum = share_of(m->met, balloond_sub(m->needed, m->possible));
	give_overage(m, ret);
	ret->ooms = m->ooms;
	ret->ooms_scenario = m->ooms_scenario;
	ret->below_floor = m->below_floor;
	ret->traffic = part_of(m->traffic, 1000 * DAY_MS, m->needed);
	ret->moves = part_of(m->moves, 1000 * HOUR_MS, m->guest_ms);
	ret->reversals = part_of(m->reversals, 1000 * HOUR_MS, m->guest_ms);
	give_relief(m, ret);
	ret->jain = jain(m, false);
	ret->jain_shares = jain(m, true);
	ret->lent = m->lendable > 0 ? share_of(m->lent, m->lendable) : 0;
	ret->reread = m->reread;
	ret->host_swapped = m->host_swap - m->host_swap_begin;
	ret->size_mean = m->measured_ms > 0 ? balloond_mul_div(m->sizes, 1024, m->measured_ms) : 0;
	ret->size_least = m->measured > 0 ? m->size_least : 0;
}
