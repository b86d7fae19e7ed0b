/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A run as a picture: what each guest has over time, stacked; the pool, what is needed, and what
 * of that was not there.  Collected step by step into a bounded number of columns, which keep
 * what was worst in them.  The same run gives the same bytes. */

#include <stdio.h>

#include "balloond/sim/run.h"

#define PLOT_COLUMNS 400u /* at most */
#define PLOT_AREAS 12u    /* at most: with more guests the last is of all others */

/* The beginning and the end are w->now and `length` later. */
struct plot_scale {
	usec_t length, step, warm_up;
	const struct scenario_event *events; /* borrowed */
	size_t n_events;
};

/* What happened in a part of the time. */
struct plot_column {
	uint64_t steps;                /* 0 until one ends in it */
	uint64_t need, unmet, touched; /* of all guests together, at most; bytes */
	uint64_t pool;                 /* at the end */
	uint32_t level;                /* at worst */
	uint32_t ooms;                 /* guests whose OOM killer came */
};

struct plot {
	struct plot_scale scale;
	const struct sim_world *world; /* borrowed */
	usec_t begins;
	size_t n_guests, n_columns;
	struct plot_column *columns;
	uint64_t *sizes; /* [column][guest]: sum over its steps, KiB */
	bool *missing;   /* whose need nobody could give in the last step */
};

int plot_new(const struct sim_world *w, const struct plot_scale *scale, struct plot **ret);
struct plot *plot_free(struct plot *p);

/* After each step of the run. */
void plot_step(struct plot *p, const struct sim_view *view);

/* Guests' sizes on average of a column, one on top of the other. */
struct plot_areas {
	size_t n;                      /* from the bottom: who has most is the first */
	const char *names[PLOT_AREAS]; /* NULL: the others */
	size_t n_others;
	uint64_t *tops; /* [area][column], bytes: of this area and all below it */
};

/* Once no step follows.  0 or -ENOMEM. */
int plot_areas(const struct plot *p, struct plot_areas *ret);
void plot_areas_done(struct plot_areas *areas);

/* One self-contained picture of 960 x 540, without identifiers or style sheets, so that many can
 * stand in one page.  title and note are any text.  0 or -ENOMEM; errors of f stay with f. */
int plot_write(const struct plot *p, const char *title, const char *note, FILE *f);

static inline void plot_freep(struct plot **p)
{
	(void)plot_free(*p);
}
