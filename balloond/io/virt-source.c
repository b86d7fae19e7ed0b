/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One source: a URI, its own connection, and the thread that keeps it.  A connection is made inside
 * of a sweep, so that whoever asks for sweeps decides when to try again (live-sources.c). */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/service.h"
#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"

/* A look, a probe, and the end. */
#define MAX_JOBS 4u

struct look_job {
	struct job job;
	struct virt_source *source;
	bool list;
	struct virt_driver driver;
	bool is_first;     /* the connection was made */
	bool is_connected; /* afterwards */
	int error;
	char text[sizeof(((struct sweep *)0)->text)];
	struct virt_listed *listed;
	size_t n_listed;
};

/* virterror.h.  What has no row is -EIO. */
static const struct {
	int code;
	int error;
} error_rows[] = {
	{ VIR_ERR_NO_DOMAIN, ENOENT },
	{ VIR_ERR_OPERATION_INVALID, ENODEV }, /* not running, or no balloon */
	{ VIR_ERR_OPERATION_TIMEOUT, ETIMEDOUT },
	{ VIR_ERR_INVALID_ARG, EINVAL },
	{ VIR_ERR_NO_SUPPORT, EOPNOTSUPP },
	{ VIR_ERR_OPERATION_UNSUPPORTED, EOPNOTSUPP },
	{ VIR_ERR_ARGUMENT_UNSUPPORTED, EOPNOTSUPP },
	{ VIR_ERR_NO_CONNECT, ENOTCONN },
	{ VIR_ERR_INVALID_CONN, ENOTCONN },
	{ VIR_ERR_SYSTEM_ERROR, ENOTCONN },
	{ VIR_ERR_RPC, ENOTCONN },
	{ VIR_ERR_OPERATION_DENIED, EACCES },
	{ VIR_ERR_ACCESS_DENIED, EACCES },
	{ VIR_ERR_AUTH_FAILED, EACCES },
	{ VIR_ERR_AUTH_CANCELLED, EACCES },
	{ VIR_ERR_AUTH_UNAVAILABLE, EACCES },
	{ VIR_ERR_NO_MEMORY, ENOMEM },
};

int virt_errno(void)
{
	const virError *error = virGetLastError();

	for (size_t i = 0; error && i < ELEMENTSOF(error_rows); i++)
		if (error_rows[i].code == error->code)
			return -error_rows[i].error;
	return -EIO;
}

void virt_error_text(char *to, size_t size, int error)
{
	const virError *last = virGetLastError();
	const char *from = last && last->message ? last->message : strerror(-error);
	size_t n = strcspn(from, "\n");

	if (n >= size)
		n = size - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

struct virt_source *virt_source_ref(struct virt_source *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void virt_source_unref(struct virt_source *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	virt_round_done(s);
	quarantine_done(&s->quarantine);
	free(s->listed);
	mailbox_unref(s->mailbox);
	pthread_mutex_destroy(&s->lock);
	free(s->uri);
	free(s);
}

/* In the order of the handles, by uuid. */
static int describe(const struct virt_domains *domains, struct look_job *j)
{
	const char *name;
	unsigned id;

	j->listed = calloc(domains->n + 1, sizeof(*j->listed));
	if (!j->listed)
		return -ENOMEM;
	for (size_t i = 0; i < domains->n; i++) {
		struct virt_listed *l = &j->listed[j->n_listed];

		name = virDomainGetName(domains->list[i].handle);
		if (!name)
			continue;
		memcpy(l->uuid, domains->list[i].uuid, sizeof(l->uuid));
		memcpy(l->name, name, strnlen(name, sizeof(l->name) - 1));
		id = virDomainGetID(domains->list[i].handle);
		l->id = id > INT32_MAX ? -1 : (int)id;
		j->n_listed++;
	}
	return 0;
}

/* At first its socket may start the service.  Once it was there and went, somebody may have
 * stopped it: it stays so until somebody starts it again. */
static bool may_connect(const struct virt_source *s)
{
	return s->n_made == 0 || !service_is_stopped(s->uri);
}

static void look_run(struct job *job)
{
	struct look_job *j = (struct look_job *)job;
	struct virt_source *s = j->source;

	if (s->connection && virt_is_dead(s))
		virt_disconnect(s);
	if (!s->connection) {
		j->is_first = true;
		j->error = may_connect(s) ? virt_connect(s, &j->driver) : -ESHUTDOWN;
	}
	if (j->error >= 0 && (j->list || j->is_first || !s->domains.list)) {
		j->error = virt_domains_list(s->connection, &s->domains);
		if (j->error >= 0)
			j->error = describe(&s->domains, j);
	}
	if (j->error == -ESHUTDOWN)
		(void)snprintf(j->text, sizeof(j->text), "its service was stopped");
	else if (j->error < 0)
		virt_error_text(j->text, sizeof(j->text), j->error);
	if (s->connection && j->error < 0 && virt_is_dead(s))
		virt_disconnect(s);
	j->is_connected = s->connection != NULL;
}

static void look_drop(struct job *job)
{
	struct look_job *j = (struct look_job *)job;

	free(j->listed);
	virt_source_unref(j->source);
	free(j);
}

static void look_done(struct job *job, void *userdata)
{
	struct look_job *j = (struct look_job *)job;
	struct virt_source *s = j->source;

	s->is_up = j->is_connected;
	if (j->is_first && j->is_connected) {
		s->is_first = true;
		s->driver = j->driver;
	}
	if (j->error >= 0 && j->listed) {
		free(s->listed);
		s->listed = j->listed;
		s->n_listed = j->n_listed;
		j->listed = NULL;
	}
	virt_round_listed(userdata, s, j->error, j->text);
	look_drop(job);
}

static void close_run(struct job *job)
{
	virt_disconnect(((struct look_job *)job)->source);
}

static void close_done(struct job *job, void *userdata)
{
	struct look_job *j = (struct look_job *)job;
	struct virt *virt = userdata;

	workers_end(j->source->thread, false, 0);
	virt->n_closing--;
	virt_source_unref(j->source); /* the main thread's */
	look_drop(job);
}

static int submit(struct virt_source *s, bool list, void (*run)(struct job *),
		  void (*done)(struct job *, void *))
{
	struct look_job *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return -ENOMEM;
	j->job = (struct job){ .run = run, .done = done, .drop = look_drop };
	j->source = virt_source_ref(s);
	j->list = list;
	r = workers_submit(s->thread, &j->job);
	if (r < 0)
		look_drop(&j->job);
	return r;
}

int virt_source_look(struct virt_source *s, bool list)
{
	return submit(s, list, look_run, look_done);
}

int virt_source_open(struct virt *virt, const char *uri, unsigned number, struct virt_source **ret)
{
	struct virt_source *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	atomic_init(&s->refs, 1);
	atomic_init(&s->was_closed, false);
	atomic_init(&s->is_closing, false);
	atomic_init(&s->generation, 0);
	pthread_mutex_init(&s->lock, NULL);
	s->mailbox = mailbox_ref(virt->mailbox);
	s->number = number;
	s->is_private = strncmp(uri, "test:", 5) == 0;
	s->uri = strdup(uri);
	r = s->uri ? workers_new(1, MAX_JOBS, s->mailbox, &s->thread) : -ENOMEM;
	if (r < 0) {
		virt_source_unref(s);
		return r;
	}
	s->next = virt->sources;
	virt->sources = s;
	*ret = s;
	return 0;
}

void virt_source_close(struct virt *virt, struct virt_source *s)
{
	struct virt_source **place = &virt->sources;

	if (!s)
		return;
	atomic_store(&s->is_closing, true);
	while (*place != s)
		place = &(*place)->next;
	*place = s->next;
	for (size_t i = 0; i < VIRT_PARTS_MAX; i++) {
		virt_sweeper_close(virt, s->sweepers[i]);
		s->sweepers[i] = NULL;
	}
	/* Where this fails, or hangs, thread and connection stay until the process ends. */
	if (submit(s, false, close_run, close_done) >= 0)
		virt->n_closing++;
}
