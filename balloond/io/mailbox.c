/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
	atomic_uint refs;
	int fd;
	pthread_mutex_t lock; /* guards what follows */
	struct job_list jobs;
	bool closed;
};

void job_list_append(struct job_list *list, struct job *job)
{
	job->next = NULL;
	if (list->last)
		list->last->next = job;
	else
		list->first = job;
	list->last = job;
	list->length++;
}

struct job *job_list_take(struct job_list *list)
{
	struct job *job = list->first;

	if (!job)
		return NULL;
	list->first = job->next;
	if (!list->first)
		list->last = NULL;
	list->length--;
	job->next = NULL;
	return job;
}

void job_list_drop(struct job_list *list)
{
	struct job *job;

	while ((job = job_list_take(list)))
		job->drop(job);
}

int mailbox_new(struct mailbox **ret)
{
	struct mailbox *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->fd < 0) {
		free(m);
		return -errno;
	}
	atomic_init(&m->refs, 1);
	pthread_mutex_init(&m->lock, NULL);
	*ret = m;
	return 0;
}

struct mailbox *mailbox_ref(struct mailbox *m)
{
	atomic_fetch_add(&m->refs, 1);
	return m;
}

void mailbox_unref(struct mailbox *m)
{
	if (!m || atomic_fetch_sub(&m->refs, 1) != 1)
		return;
	job_list_drop(&m->jobs);
	pthread_mutex_destroy(&m->lock);
	(void)close(m->fd);
	free(m);
}

int mailbox_fd(const struct mailbox *m)
{
	return m->fd;
}

void mailbox_post(struct mailbox *m, struct job *job)
{
	bool closed, wake;
	uint64_t one = 1;

	pthread_mutex_lock(&m->lock);
	closed = m->closed;
	wake = !closed && m->jobs.length == 0;
	if (!closed)
		job_list_append(&m->jobs, job);
	pthread_mutex_unlock(&m->lock);

	if (closed)
		job->drop(job);
	/* A counter of 2^64 - 2 cannot be reached: nothing else fails here. */
	if (wake && write(m->fd, &one, sizeof(one)) < 0)
		return;
}

static struct job_list take_all(struct mailbox *m)
{
	struct job_list jobs;

	pthread_mutex_lock(&m->lock);
	jobs = m->jobs;
	m->jobs = (struct job_list){ 0 };
	pthread_mutex_unlock(&m->lock);
	return jobs;
}

size_t mailbox_deliver(struct mailbox *m, void *userdata)
{
	struct job_list jobs;
	struct job *job;
	uint64_t count;
	size_t n;

	/* First the counter, then the list: a post in between wakes us once more, for nothing. */
	if (read(m->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return 0;
	jobs = take_all(m);
	n = jobs.length;
	while ((job = job_list_take(&jobs)))
		job->done(job, userdata);
	return n;
}

void mailbox_close(struct mailbox *m)
{
	struct job_list jobs;

	pthread_mutex_lock(&m->lock);
	m->closed = true;
	pthread_mutex_unlock(&m->lock);
	jobs = take_all(m);
	job_list_drop(&jobs);
}
