/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a plot is made from; plot-svg.c draws it. */

#include "balloond/ctl/plot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "balloond/sim/metrics-internal.h"

int plot_new(const struct sim_world *w, const struct plot_scale *scale, struct plot **ret)
{
	_cleanup_(plot_freep) struct plot *p = calloc(1, sizeof(*p));
	uint64_t steps = scale->step > 0 ? scale->length / scale->step : 0;

	if (!p)
		return -ENOMEM;
	p->scale = *scale;
	p->world = w;
	p->begins = w->now;
	p->n_guests = w->n_guests;
	/* No column is narrower than a step. */
	p->n_columns = (size_t)balloond_clamp(steps, 1, PLOT_COLUMNS);
	p->columns = calloc(p->n_columns, sizeof(*p->columns));
	p->sizes = calloc(p->n_columns * p->n_guests + 1, sizeof(*p->sizes));
	p->missing = calloc(p->n_guests + 1, sizeof(*p->missing));
	if (!p->columns || !p->sizes || !p->missing)
		return -ENOMEM;
	*ret = TAKE_PTR(p);
	return 0;
}

struct plot *plot_free(struct plot *p)
{
	if (p) {
		free(p->columns);
		free(p->sizes);
		free(p->missing);
		free(p);
	}
	return NULL;
}

/* A step belongs to the column in which it ends. */
static size_t column_of(const struct plot *p, usec_t now)
{
	uint64_t column = balloond_mul_div(balloond_sub(now, p->begins + 1), p->n_columns,
					   p->scale.length);

	return (size_t)balloond_min(column, p->n_columns - 1);
}

void plot_step(struct plot *p, const struct sim_view *view)
{
	const struct sim_world *w = view->world;
	size_t column = column_of(p, w->now);
	struct plot_column *c = &p->columns[column];
	uint64_t *sizes = &p->sizes[column * p->n_guests];
	uint64_t need = 0, unmet = 0, touched = 0;

	for (size_t i = 0; i < p->n_guests; i++) {
		const struct sim_guest *g = &w->guests[i];
		uint64_t counted = sim_counted_need(g, w->now), size = g->present ? g->size : 0;
		bool is_missing = g->present && g->missing > 0;

		sizes[i] += size >> 10;
		need += counted;
		unmet += balloond_sub(counted, size);
		touched += g->present ? g->touched : 0;
		c->ooms += is_missing && !p->missing[i];
		p->missing[i] = is_missing;
	}
	c->steps++;
	c->need = balloond_max(c->need, need);
	c->unmet = balloond_max(c->unmet, unmet);
	c->touched = balloond_max(c->touched, touched);
	c->pool = view->pool;
	c->level = c->level > view->plan->account.level ? c->level : view->plan->account.level;
}

static uint64_t mean_size(const struct plot *p, size_t guest, size_t column)
{
	uint64_t steps = balloond_max(p->columns[column].steps, 1);

	return p->sizes[column * p->n_guests + guest] / steps << 10;
}

/* All guests, who had most first; equals as they are numbered. */
static uint32_t *sort_guests(const struct plot *p)
{
	_cleanup_free_ uint64_t *small = calloc(p->n_guests + 1, sizeof(*small));
	_cleanup_free_ uint32_t *index = calloc(p->n_guests + 1, sizeof(*index));

	if (!small || !index)
		return NULL;
	for (size_t i = 0; i < p->n_guests; i++) {
		uint64_t sum = 0;

		for (size_t c = 0; c < p->n_columns; c++)
			sum += mean_size(p, i, c) >> 10;
		small[i] = UINT64_MAX - sum;
		index[i] = (uint32_t)i;
	}
	balloond_sort(index, p->n_guests, small);
	return TAKE_PTR(index);
}

int plot_areas(const struct plot *p, struct plot_areas *ret)
{
	size_t n = p->n_guests < PLOT_AREAS ? p->n_guests : PLOT_AREAS;
	_cleanup_free_ uint32_t *index = sort_guests(p);

	*ret = (struct plot_areas){ .n = n };
	ret->tops = calloc(n * p->n_columns + 1, sizeof(*ret->tops));
	if (!index || !ret->tops) {
		plot_areas_done(ret);
		return -ENOMEM;
	}
	ret->n_others = p->n_guests > PLOT_AREAS ? p->n_guests - PLOT_AREAS + 1 : 0;
	for (size_t k = 0; k < n; k++)
		ret->names[k] = ret->n_others > 0 && k == n - 1 ? NULL
								: p->world->guests[index[k]].name;
	for (size_t c = 0; c < p->n_columns; c++) {
		uint64_t sum = 0;

		for (size_t k = 0; k < p->n_guests; k++) {
			sum += mean_size(p, index[k], c);
			ret->tops[balloond_min(k, n - 1) * p->n_columns + c] = sum;
		}
	}
	return 0;
}

void plot_areas_done(struct plot_areas *areas)
{
	free(areas->tops);
	*areas = (struct plot_areas){ 0 };
}
