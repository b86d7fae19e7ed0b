/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "balloond/io/clock.h"

/* libvirt's client and libxml2 together need well below half of it. */
#define STACK_SIZE (256u * 1024u)

/* Threads that may hang in calls at the same time before no more are replaced: each keeps its
 * stack, and a host with more hung hypervisor processes than this has other needs. */
#define ABANDONED_MAX 4u

struct workers {
	pthread_mutex_t lock; /* guards everything here */
	pthread_cond_t changed;
	struct mailbox *mailbox;
	struct job_list jobs, background;
	size_t max_jobs;
	unsigned n_wanted;
	unsigned n_threads; /* alive, abandoned ones included */
	unsigned n_abandoned;
	unsigned n_background; /* running background jobs, abandoned ones not included */
	bool ending;
	bool released; /* workers_end() is done with it: the last thread frees it */
};

static void workers_free(struct workers *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	mailbox_unref(w->mailbox);
	free(w);
}

/* The next job that may run now, or NULL.  Called with the lock held. */
static struct job *take_job(struct workers *w)
{
	struct job *job = job_list_take(&w->jobs);

	if (job)
		return job;
	if (w->n_wanted > 1 && w->n_background + 1 >= w->n_wanted)
		return NULL;
	return job_list_take(&w->background);
}

static bool has_ended(const struct workers *w)
{
	return w->ending && !w->jobs.first && !w->background.first;
}

/* Runs one job.  Returns false if the thread is surplus afterwards.  Called with the lock held. */
static bool run_job(struct workers *w, struct job *job)
{
	bool abandoned;

	job->state = JOB_RUNS;
	w->n_background += job->background;
	pthread_mutex_unlock(&w->lock);
	job->run(job);
	pthread_mutex_lock(&w->lock);
	abandoned = job->state == JOB_ABANDONED;
	job->state = JOB_ENDED;
	if (abandoned)
		w->n_abandoned--;
	else
		w->n_background -= job->background;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	mailbox_post(w->mailbox, job);
	pthread_mutex_lock(&w->lock);
	return !abandoned || w->n_threads - w->n_abandoned <= w->n_wanted;
}

static void *thread_main(void *userdata)
{
	struct workers *w = userdata;
	struct job *job;
	bool last;

	pthread_mutex_lock(&w->lock);
	while (!has_ended(w)) {
		job = take_job(w);
		if (!job)
			pthread_cond_wait(&w->changed, &w->lock);
		else if (!run_job(w, job))
			break;
	}
	w->n_threads--;
	last = w->released && w->n_threads == 0;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	if (last)
		workers_free(w);
	return NULL;
}

/* Called with the lock held (or before anybody else knows w). */
static int start_thread(struct workers *w)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int r;

	r = pthread_attr_init(&attr);
	if (r != 0)
		return -r;
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* Signals are the main thread's. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, &attr, thread_main, w);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (r != 0)
		return -r;
	w->n_threads++;
	return 0;
}

int workers_new(unsigned n_threads, size_t max_jobs, struct mailbox *mailbox, struct workers **ret)
{
	struct workers *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;
	int r = 0;

	if (!w)
		return -ENOMEM;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	w->mailbox = mailbox_ref(mailbox);
	w->max_jobs = max_jobs;
	w->n_wanted = n_threads;

	pthread_mutex_lock(&w->lock);
	for (unsigned i = 0; i < n_threads && r == 0; i++)
		r = start_thread(w);
	pthread_mutex_unlock(&w->lock);
	if (r < 0) {
		workers_end(w, false, UINT64_MAX);
		return r;
	}
	*ret = w;
	return 0;
}

int workers_submit(struct workers *w, struct job *job)
{
	int r = -EAGAIN;

	pthread_mutex_lock(&w->lock);
	if (w->jobs.length + w->background.length < w->max_jobs) {
		job->state = JOB_WAITS;
		job_list_append(job->background ? &w->background : &w->jobs, job);
		/* All are woken: whoever wakes alone might be one that may not take it. */
		pthread_cond_broadcast(&w->changed);
		r = 0;
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}

bool workers_abandon(struct workers *w, struct job *job)
{
	bool runs;

	pthread_mutex_lock(&w->lock);
	runs = job->state == JOB_RUNS;
	if (runs) {
		job->state = JOB_ABANDONED;
		w->n_abandoned++;
		w->n_background -= job->background;
		/* Without a replacement the others go on: slower, not wrong. */
		if (w->n_abandoned <= ABANDONED_MAX)
			(void)start_thread(w);
	}
	pthread_mutex_unlock(&w->lock);
	return runs;
}

static void wait_for_threads(struct workers *w, usec_t wait)
{
	usec_t now = clock_monotonic();
	usec_t end = wait > UINT64_MAX - now ? UINT64_MAX : now + wait;
	struct timespec limit = {
		.tv_sec = (time_t)(end / 1000000u),
		.tv_nsec = (long)(end % 1000000u) * 1000,
	};

	while (w->n_threads > 0)
		if (pthread_cond_timedwait(&w->changed, &w->lock, &limit) == ETIMEDOUT)
			return;
}

void workers_end(struct workers *w, bool drain, usec_t wait)
{
	struct job_list dropped = { 0 }, dropped_background = { 0 };
	bool last;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	if (!drain) {
		dropped = w->jobs;
		dropped_background = w->background;
		w->jobs = w->background = (struct job_list){ 0 };
	}
	pthread_cond_broadcast(&w->changed);
	if (wait > 0)
		wait_for_threads(w, wait);
	w->released = true;
	last = w->n_threads == 0;
	pthread_mutex_unlock(&w->lock);

	job_list_drop(&dropped);
	job_list_drop(&dropped_background);
	if (last)
		workers_free(w);
}
