/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sums.  Every step walks all guests once and without a division; whatever is rare (a guest that is
 * short, a pool that does not hold all) has a pass of its own. */

#include "balloond/sim/metrics.h"

#include <errno.h>
#include <stdlib.h>

#include "balloond/io/util.h"
#include "balloond/sim/metrics-internal.h"

#define MOVE_MIN (8 * BALLOOND_MIB)
#define MOVE_PERMILLE 5u

static inline void sim_metrics_freep(struct sim_metrics **m)
{
	(void)sim_metrics_free(*m);
}

int sim_metrics_new(const struct sim_world *w, const struct sim_scale *scale,
		    struct sim_metrics **ret)
{
	_cleanup_(sim_metrics_freep) struct sim_metrics *m = calloc(1, sizeof(*m));
	size_t n = w->n_guests;

	if (!m)
		return -ENOMEM;
	m->scale = *scale;
	m->n_guests = n;
	m->size_least = BALLOOND_UNKNOWN;
	m->host_swap_begin = m->host_swap = balloond_add(w->host.swap_in, w->host.swap_out);
	m->scores = calloc(n + 1, sizeof(*m->scores));
	m->fill = calloc(n + 1, sizeof(*m->fill));
	if (!m->scores || !m->fill)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		m->scores[i].charge_before = BALLOOND_UNKNOWN;
	*ret = TAKE_PTR(m);
	return 0;
}

struct sim_metrics *sim_metrics_free(struct sim_metrics *m)
{
	if (m) {
		free(m->scores);
		free(m->fill);
		free(m->reliefs);
		free(m);
	}
	return NULL;
}

static bool is_measured(const struct sim_metrics *m, usec_t since)
{
	return since >= m->scale.begins + m->scale.warm_up;
}

/* Every guest's episode may end in one step. */
static int reserve(struct sim_metrics *m)
{
	size_t max = m->max_reliefs ? 2 * m->max_reliefs : 64 + 2 * m->n_guests;
	usec_t *larger;

	if (m->max_reliefs >= m->n_reliefs + m->n_guests && m->reliefs)
		return 0;
	larger = reallocarray(m->reliefs, max, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	m->reliefs = larger;
	m->max_reliefs = max;
	return 0;
}

static void survey(struct sim_metrics *m, const struct sim_world *w, struct sim_moment *t)
{
	for (size_t i = 0; i < m->n_guests; i++) {
		const struct sim_guest *g = &w->guests[i];
		struct sim_score *s = &m->scores[i];
		uint64_t need = sim_counted_need(g, t->now), met = balloond_min(need, g->size);

		if (!g->present)
			continue;
		t->n_present++;
		t->needed += need;
		t->met += met;
		t->wanted += balloond_max(need, m->scale.floors[i]);
		t->size += g->size;
		t->touched += g->touched;
		t->charged += sim_charge(g);
		t->reread += g->reread;
		s->needed += (need >> 10) * t->ms;
		s->met += (met >> 10) * t->ms;
	}
}

/* Growth is outstanding as long as the guest is charged more than before it. */
static void review_grants(struct sim_metrics *m, const struct sim_world *w, bool fits)
{
	m->n_granted = 0;
	for (size_t i = 0; i < m->n_guests; i++) {
		struct sim_score *s = &m->scores[i];

		if (s->charge_before == BALLOOND_UNKNOWN)
			continue;
		if (fits || !w->guests[i].present || sim_charge(&w->guests[i]) <= s->charge_before)
			s->charge_before = BALLOOND_UNKNOWN;
		else
			m->n_granted++;
	}
}

/* What a division by shares alone would have refused. */
static void divide(struct sim_metrics *m, const struct sim_world *w, const struct sim_moment *t)
{
	for (size_t i = 0; i < m->n_guests; i++) {
		uint64_t need = sim_counted_need(&w->guests[i], t->now);
		uint64_t floor = w->guests[i].present ? m->scale.floors[i] : 0;

		m->fill[i] = (struct balloond_fill){
			.low = floor,
			.high = balloond_max(need, floor),
			.weight = m->scale.shares[i],
		};
	}
	balloond_water_fill(m->fill, m->n_guests, t->pool);
	for (size_t i = 0; i < m->n_guests; i++) {
		uint64_t need = sim_counted_need(&w->guests[i], t->now);

		m->scores[i].withheld += (balloond_sub(need, m->fill[i].size) >> 10) * t->ms;
	}
}

static void add_up(uint64_t *sum, uint64_t bytes, const struct sim_moment *t)
{
	*sum = balloond_add(*sum, (bytes >> 10) * t->ms);
}

static void count_overage(struct sim_metrics *m, const struct sim_moment *t)
{
	uint64_t over = balloond_sub(t->touched, t->pool);

	if (over == 0)
		return;
	if (m->n_granted > 0) {
		add_up(&m->overage, over, t);
		m->overage_most = balloond_max(m->overage_most, over);
		m->overage_time += t->elapsed;
	} else {
		add_up(&m->overage_scenario, over, t);
		m->overage_scenario_most = balloond_max(m->overage_scenario_most, over);
		m->overage_scenario_time += t->elapsed;
	}
}

static void count(struct sim_metrics *m, const struct sim_world *w, const struct sim_moment *t)
{
	m->measured += t->elapsed;
	m->measured_ms += t->ms;
	m->guest_ms += t->n_present * t->ms;
	add_up(&m->needed, t->needed, t);
	add_up(&m->met, t->met, t);
	add_up(&m->unmet, t->needed - t->met, t);
	add_up(&m->possible, balloond_sub(t->wanted, t->pool), t);
	add_up(&m->lent, balloond_sub(balloond_min(t->pool, t->size), t->wanted), t);
	add_up(&m->lendable, balloond_sub(t->pool, t->wanted), t);
	add_up(&m->sizes, t->size, t);
	m->size_least = balloond_min(m->size_least, t->size);
	m->reread += t->reread;
	m->host_swap = balloond_add(w->host.swap_in, w->host.swap_out);
	count_overage(m, t);
	if (t->wanted > t->pool)
		divide(m, w, t);
	if (t->needed > t->met || m->n_open > 0)
		sim_metrics_short(m, w, t);
}

int sim_metrics_step(struct sim_metrics *m, const struct sim_world *w, uint64_t pool,
		     usec_t elapsed)
{
	struct sim_moment t = { .pool = pool, .now = w->now, .elapsed = elapsed };
	bool measured = is_measured(m, w->now - elapsed);
	int k;

	m->now = w->now;
	k = reserve(m);
	if (k < 0)
		return k;
	if (measured) /* parts of a millisecond are not lost */
		t.ms = w->now / 1000 - (w->now - elapsed) / 1000;
	survey(m, w, &t);
	if (m->n_granted > 0)
		review_grants(m, w, t.charged <= pool);
	if (measured)
		count(m, w, &t);
	else
		m->host_swap_begin = m->host_swap = balloond_add(w->host.swap_in, w->host.swap_out);
	return 0;
}

/* Whether growth fits is seen in the next step, by the pool that the plan knew. */
static void note_change(struct sim_metrics *m, struct sim_score *s, const struct sim_guest *g,
			uint64_t before, usec_t now)
{
	/* Nobody can know that it has given back more than the hypervisor has heard of. */
	uint64_t charge = balloond_max(balloond_max(g->size, g->told), before);

	if (g->asked < before) {
		s->uncut = balloond_max(s->uncut, before);
		s->cut = now;
	} else if (s->charge_before == BALLOOND_UNKNOWN) {
		s->charge_before = charge;
		m->n_granted++;
	}
}

static void count_change(struct sim_metrics *m, struct sim_score *s, const struct sim_guest *g,
			 uint64_t before, uint64_t floor)
{
	uint64_t moved = g->asked > before ? g->asked - before : before - g->asked;
	int direction = g->asked > before ? 1 : -1;

	m->traffic += moved >> 10;
	m->below_floor += direction < 0 && g->asked < floor;
	if (moved < balloond_max(MOVE_MIN, balloond_permille(g->model.maximum, MOVE_PERMILLE)))
		return;
	m->moves++;
	m->reversals += s->direction == -direction;
	s->direction = direction;
}

void sim_metrics_act(struct sim_metrics *m, const struct sim_world *w, const uint64_t *before)
{
	bool measured = is_measured(m, w->now);

	for (size_t i = 0; i < m->n_guests; i++) {
		const struct sim_guest *g = &w->guests[i];

		if (!g->present || g->asked == before[i])
			continue;
		note_change(m, &m->scores[i], g, before[i], w->now);
		if (measured)
			count_change(m, &m->scores[i], g, before[i], m->scale.floors[i]);
	}
}
