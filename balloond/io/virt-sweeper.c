/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A thread that reads statistics, with a connection of its own.  One that hangs is abandoned: when
 * it comes back it closes its connection and ends, and what it brings is thrown away. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"

/* One sweep, and the end. */
#define MAX_JOBS 2u

struct sweeper_job {
	struct job job;
	struct virt_sweeper *sweeper;
	size_t part;
	struct virt_work work;
};

static void sweeper_unref(struct virt_sweeper *w)
{
	if (atomic_fetch_sub(&w->refs, 1) != 1)
		return;
	residents_done(&w->residents);
	virt_source_unref(w->source);
	free(w);
}

static void forget_connection(struct virt_sweeper *w)
{
	virt_domains_forget(&w->domains);
	virt_link_close(&w->link);
}

static void work_run(struct job *job)
{
	struct sweeper_job *j = (struct sweeper_job *)job;
	struct virt_sweeper *w = j->sweeper;
	unsigned generation = w->link.generation;

	/* Handles belong to the connection that made them. */
	if (generation != atomic_load(&w->source->generation)) {
		forget_connection(w);
		w->no_nowait = w->no_bulk = false;
	}
	j->work.error = virt_link_open(w->source, &w->link);
	if (j->work.error >= 0)
		j->work.error = virt_collect(w, &j->work);
	if (j->work.error < 0)
		virt_error_text(j->work.text, sizeof(j->work.text), j->work.error);
}

static void close_run(struct job *job)
{
	forget_connection(((struct sweeper_job *)job)->sweeper);
}

static void job_drop(struct job *job)
{
	struct sweeper_job *j = (struct sweeper_job *)job;

	free(j->work.samples);
	free(j->work.readings);
	sweeper_unref(j->sweeper);
	free(j);
}

static void work_done(struct job *job, void *userdata)
{
	struct sweeper_job *j = (struct sweeper_job *)job;

	if (j->sweeper->job == j) {
		j->sweeper->job = NULL;
		virt_round_worked(userdata, j->sweeper->source, j->part, &j->work);
	}
	job_drop(job);
}

static void close_done(struct job *job, void *userdata)
{
	((struct virt *)userdata)->n_closing--;
	job_drop(job);
}

/* Whoever held it up may answer now. */
static void abandoned_done(struct job *job, _unused_ void *userdata)
{
	struct virt_source *s = ((struct sweeper_job *)job)->sweeper->source;

	s->n_abandoned--;
	quarantine_look_now(&s->quarantine, clock_monotonic());
	job_drop(job);
}

static struct sweeper_job *new_job(struct virt_sweeper *w, void (*run)(struct job *),
				   void (*done)(struct job *, void *))
{
	struct sweeper_job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->job = (struct job){ .run = run, .done = done, .drop = job_drop };
	j->sweeper = w;
	atomic_fetch_add(&w->refs, 1);
	return j;
}

static int submit(struct sweeper_job *j)
{
	int r = workers_submit(j->sweeper->thread, &j->job);

	if (r < 0)
		job_drop(&j->job);
	return r;
}

int virt_sweeper_submit(struct virt_sweeper *w, size_t part, const struct virt_work *work)
{
	struct sweeper_job *j = new_job(w, work_run, work_done);
	int r;

	if (!j)
		return -ENOMEM;
	j->part = part;
	j->work = *work;
	j->work.samples = calloc(work->n + 1, sizeof(*work->samples));
	j->work.readings = calloc(work->n + 1, sizeof(*work->readings));
	if (!j->work.samples || !j->work.readings) {
		job_drop(&j->job);
		return -ENOMEM;
	}
	memcpy(j->work.samples, work->samples, work->n * sizeof(*work->samples));
	memcpy(j->work.readings, work->readings, work->n * sizeof(*work->readings));
	r = submit(j);
	if (r >= 0)
		w->job = j;
	return r;
}

int virt_sweeper_new(struct virt_source *source, struct virt_sweeper **ret)
{
	struct virt_sweeper *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	atomic_init(&w->refs, 1);
	w->source = virt_source_ref(source);
	r = workers_new(1, MAX_JOBS, source->mailbox, &w->thread);
	if (r < 0) {
		sweeper_unref(w);
		return r;
	}
	*ret = w;
	return 0;
}

/* The thread first finishes what it does.  Where this fails the connection stays open. */
static int end(struct virt_sweeper *w, void (*done)(struct job *, void *))
{
	struct sweeper_job *j = new_job(w, close_run, done);
	int r = j ? submit(j) : -ENOMEM;

	workers_end(w->thread, true, 0);
	w->job = NULL;
	sweeper_unref(w);
	return r;
}

void virt_sweeper_close(struct virt *virt, struct virt_sweeper *w)
{
	if (w && end(w, close_done) >= 0)
		virt->n_closing++;
}

void virt_sweeper_abandon(struct virt_sweeper *w)
{
	struct virt_source *s = w->source;

	if (end(w, abandoned_done) >= 0)
		s->n_abandoned++;
}
