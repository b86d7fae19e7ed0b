/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One source: a URI, the connection to it, and the thread that keeps it.  A connection is made
 * inside of a sweep, so that whoever asks for sweeps decides when to try again (world-live.c). */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"

/* A daemon that does not answer for 15 s is gone (libvirt's own default is 5 s x 5). */
#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT 3u

struct source_job {
	struct job job;
	struct virt_source *source;
	struct sweep_request request;
	struct sweep_skip *skip; /* owned; of the request */
	struct sweep sweep;
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

struct virt_source *virt_source_ref(struct virt_source *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void virt_source_unref(struct virt_source *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	residents_done(&s->residents);
	mailbox_unref(s->mailbox);
	pthread_mutex_destroy(&s->lock);
	free(s->uri);
	free(s);
}

virConnectPtr virt_source_take_connection(struct virt_source *s)
{
	virConnectPtr connection;

	pthread_mutex_lock(&s->lock);
	connection = s->connection;
	if (connection && virConnectRef(connection) < 0)
		connection = NULL;
	pthread_mutex_unlock(&s->lock);
	return connection;
}

static enum virt_kind find_kind(const char *type)
{
	static const struct {
		const char *type;
		enum virt_kind kind;
	} rows[] = {
		{ "QEMU", VIRT_QEMU },
		{ "LXC", VIRT_LXC },
		{ "Xen", VIRT_XEN },
		{ "TEST", VIRT_TEST },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (strcasecmp(type, rows[i].type) == 0)
			return rows[i].kind;
	return VIRT_OTHER;
}

static void set_connection(struct virt_source *s, virConnectPtr connection)
{
	pthread_mutex_lock(&s->lock);
	s->connection = connection;
	pthread_mutex_unlock(&s->lock);
}

static void disconnect(struct virt_source *s)
{
	virConnectPtr connection = s->connection;

	if (!connection)
		return;
	virt_forget_domains(s);
	set_connection(s, NULL);
	virt_events_unregister(s, connection);
	(void)virConnectClose(connection);
}

/* Events are registered before anything is listed, so that nothing happens unseen in between. */
static int connect_source(struct virt_source *s)
{
	virConnectPtr connection;
	const char *type;
	unsigned long version = 0;
	int r;

	connection = virConnectOpen(s->uri);
	if (!connection)
		return virt_errno();
	atomic_store(&s->was_closed, false);
	/* Drivers that live inside of this process have nobody to keep alive. */
	(void)virConnectSetKeepAlive(connection, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
	type = virConnectGetType(connection);
	s->kind = find_kind(type ? type : "");
	virt_name_hypervisor(type ? type : "", s->hypervisor, sizeof(s->hypervisor));
	(void)virConnectGetVersion(connection, &version);
	s->stats_are_risky = s->kind == VIRT_QEMU && virt_stats_are_risky(version);
	s->no_nowait = false;
	s->no_bulk = false;
	r = virt_events_register(s, connection);
	/* Without events a sweep still tells everything, later. */
	if (r < 0 && virConnectIsAlive(connection) == 0) {
		virt_events_unregister(s, connection);
		(void)virConnectClose(connection);
		return r;
	}
	set_connection(s, connection);
	return 0;
}

static bool is_dead(struct virt_source *s)
{
	return atomic_load(&s->was_closed) || virConnectIsAlive(s->connection) != 1;
}

static void keep_text(char *to, size_t size, const char *from)
{
	size_t n = strcspn(from, "\n");

	if (n >= size)
		n = size - 1;
	memcpy(to, from, n);
	to[n] = '\0';
}

static void sweep_run(struct job *job)
{
	struct source_job *j = (struct source_job *)job;
	struct virt_source *s = j->source;
	struct sweep *sweep = &j->sweep;

	sweep->source = s->number;
	sweep->began = clock_monotonic();
	if (s->connection && is_dead(s))
		disconnect(s);
	if (!s->connection) {
		sweep->is_first = true;
		sweep->error = connect_source(s);
	}
	memcpy(sweep->hypervisor, s->hypervisor, sizeof(sweep->hypervisor));
	if (sweep->error >= 0)
		sweep->error = virt_collect(s, s->connection, &j->request, sweep);
	if (sweep->error < 0)
		keep_text(sweep->text, sizeof(sweep->text), virGetLastErrorMessage());
	if (s->connection && sweep->error < 0 && is_dead(s))
		disconnect(s);
	sweep->is_connected = s->connection != NULL;
	sweep->ended = clock_monotonic();
	sweep->wall = clock_wall();
}

static void close_run(struct job *job)
{
	struct source_job *j = (struct source_job *)job;

	disconnect(j->source);
}

static void job_drop(struct job *job)
{
	struct source_job *j = (struct source_job *)job;

	free(j->sweep.samples);
	free(j->skip);
	virt_source_unref(j->source);
	free(j);
}

static void sweep_done(struct job *job, void *userdata)
{
	struct source_job *j = (struct source_job *)job;
	struct virt *virt = userdata;

	j->source->is_sweeping = false;
	virt->callbacks.on_sweep(virt->userdata, &j->sweep);
	job_drop(job);
}

static void close_done(struct job *job, void *userdata)
{
	struct source_job *j = (struct source_job *)job;
	struct virt *virt = userdata;

	workers_end(j->source->thread, false, 0);
	virt->n_closing--;
	virt_source_unref(j->source); /* the main thread's */
	job_drop(job);
}

static int submit(struct virt_source *s, void (*run)(struct job *),
		  void (*done)(struct job *, void *), const struct sweep_request *request)
{
	struct source_job *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return -ENOMEM;
	j->job = (struct job){ .run = run, .done = done, .drop = job_drop };
	j->source = virt_source_ref(s);
	j->request = *request;
	j->skip = calloc(request->n_skip + 1, sizeof(*j->skip));
	if (!j->skip) {
		job_drop(&j->job);
		return -ENOMEM;
	}
	if (request->n_skip > 0)
		memcpy(j->skip, request->skip, request->n_skip * sizeof(*j->skip));
	j->request.skip = j->skip;
	r = workers_submit(s->thread, &j->job);
	if (r < 0)
		job_drop(&j->job);
	return r;
}

int virt_source_open(struct virt *virt, const char *uri, unsigned number, struct virt_source **ret)
{
	struct virt_source *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	atomic_init(&s->refs, 1);
	atomic_init(&s->was_closed, false);
	pthread_mutex_init(&s->lock, NULL);
	s->mailbox = mailbox_ref(virt->mailbox);
	s->number = number;
	s->uri = strdup(uri);
	r = s->uri ? workers_new(1, 2, s->mailbox, &s->thread) : -ENOMEM;
	if (r < 0) {
		virt_source_unref(s);
		return r;
	}
	*ret = s;
	return 0;
}

void virt_source_close(struct virt *virt, struct virt_source *s)
{
	/* Where this fails, or hangs, thread and connection stay until the process ends. */
	if (s && submit(s, close_run, close_done, &(struct sweep_request){ 0 }) >= 0)
		virt->n_closing++;
}

int virt_sweep(struct virt_source *s, const struct sweep_request *request)
{
	int r;

	if (s->is_sweeping)
		return -EBUSY;
	r = submit(s, sweep_run, sweep_done, request);
	s->is_sweeping = r >= 0;
	return r;
}
