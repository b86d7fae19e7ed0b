/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What libvirt tells by itself.  One thread of the process runs libvirt's event loop for ever; its
 * callbacks only post.  The loop must keep running: it answers the keepalives of every connection.
 * What an event means is domains.c's business. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/domain-tenant.h"
#include "balloond/io/log.h"
#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"

#define STACK_SIZE (256u * 1024u)

struct event_job {
	struct job job;
	struct event event;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int start_result;

static void job_done(struct job *job, void *userdata)
{
	struct virt *virt = userdata;
	struct event_job *e = (struct event_job *)job;

	virt->callbacks.on_event(virt->userdata, &e->event);
	free(e);
}

static void job_drop(struct job *job)
{
	free(job);
}

/* An event that finds no memory is lost: the next sweep tells the same, later. */
static void post(struct virt_source *source, virDomainPtr domain, enum event_kind kind)
{
	struct event_job *e = calloc(1, sizeof(*e));

	if (!e)
		return;
	e->job = (struct job){ .done = job_done, .drop = job_drop };
	e->event = (struct event){
		.source = source->number,
		.kind = kind,
		.at = clock_monotonic(),
	};
	if (domain && virDomainGetUUIDString(domain, e->event.uuid) < 0) {
		free(e);
		return;
	}
	mailbox_post(source->mailbox, &e->job);
}

static int on_lifecycle(_unused_ virConnectPtr connection, virDomainPtr domain, int event,
			_unused_ int detail, void *userdata)
{
	enum event_kind kind = EVENT_STATE;

	/* libvirt's enum: newer ones may have more. */
	if (event == VIR_DOMAIN_EVENT_STARTED)
		kind = EVENT_STARTED;
	else if (event == VIR_DOMAIN_EVENT_STOPPED)
		kind = EVENT_STOPPED;
	else if (event == VIR_DOMAIN_EVENT_DEFINED || event == VIR_DOMAIN_EVENT_UNDEFINED)
		kind = EVENT_CHANGED;
	post(userdata, domain, kind);
	return 0;
}

static void on_reboot(_unused_ virConnectPtr connection, virDomainPtr domain, void *userdata)
{
	post(userdata, domain, EVENT_REBOOTED);
}

static void on_balloon_change(_unused_ virConnectPtr connection, virDomainPtr domain,
			      _unused_ unsigned long long actual, void *userdata)
{
	/* The size itself comes with the next sweep, together with what the guest says of it. */
	post(userdata, domain, EVENT_RESIZED);
}

static void on_device(_unused_ virConnectPtr connection, virDomainPtr domain,
		      _unused_ const char *alias, void *userdata)
{
	post(userdata, domain, EVENT_CHANGED);
}

/* Panels keep notes of their own in there, and may write them often. */
bool virt_metadata_matters(int type, const char *uri)
{
	switch (type) {
	case VIR_DOMAIN_METADATA_DESCRIPTION:
		return false;
	case VIR_DOMAIN_METADATA_ELEMENT:
		return !uri || strcmp(uri, DOMAIN_TENANT_NAMESPACE) == 0 ||
		       strcmp(uri, DOMAIN_OSINFO_NAMESPACE) == 0;
	default:
		return true;
	}
}

static void on_metadata_change(_unused_ virConnectPtr connection, virDomainPtr domain, int type,
			       const char *uri, void *userdata)
{
	if (virt_metadata_matters(type, uri))
		post(userdata, domain, EVENT_CHANGED);
}

static void on_device_size_change(_unused_ virConnectPtr connection, virDomainPtr domain,
				  _unused_ const char *alias, _unused_ unsigned long long size,
				  void *userdata)
{
	post(userdata, domain, EVENT_CHANGED);
}

static void on_migration_iteration(_unused_ virConnectPtr connection, virDomainPtr domain,
				   _unused_ int iteration, void *userdata)
{
	post(userdata, domain, EVENT_MOVING);
}

static void on_job_completed(_unused_ virConnectPtr connection, virDomainPtr domain,
			     _unused_ virTypedParameterPtr params, _unused_ int n_params,
			     void *userdata)
{
	post(userdata, domain, EVENT_STATE);
}

static void on_close(_unused_ virConnectPtr connection, _unused_ int reason, void *userdata)
{
	struct virt_source *source = userdata;

	atomic_store(&source->was_closed, true);
	post(source, NULL, EVENT_CLOSED);
}

static void release(void *userdata)
{
	virt_source_unref(userdata);
}

/* libvirt prints its errors on stderr otherwise; whoever called reads them from the thread. */
static void on_error(_unused_ void *userdata, _unused_ virErrorPtr error)
{
}

static void *thread_main(_unused_ void *userdata)
{
	int failures = 0;

	/* It fails only if poll() does.  Without it events and keepalives end: connections then
	 * break after 25 s and are not made again, which is published as no connection. */
	while (failures < 100)
		failures = virEventRunDefaultImpl() < 0 ? failures + 1 : 0;
	log_error("libvirt's event loop failed: %s", virGetLastErrorMessage());
	return NULL;
}

static void start_once(void)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int r;

	virSetErrorFunc(NULL, on_error);
	if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
		start_result = -EIO;
		return;
	}
	pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, &attr, thread_main, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	start_result = -r;
}

int virt_events_start(void)
{
	pthread_once(&once, start_once);
	return start_result;
}

/* In the order of what balloond needs.  Drivers know some of them only. */
static const struct {
	int id;
	virConnectDomainEventGenericCallback callback;
} rows[] = {
	{ VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
	{ VIR_DOMAIN_EVENT_ID_REBOOT, on_reboot },
	{ VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_balloon_change) },
	{ VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
	{ VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device) },
	{ VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata_change) },
	{ VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE,
	  VIR_DOMAIN_EVENT_CALLBACK(on_device_size_change) },
	{ VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION,
	  VIR_DOMAIN_EVENT_CALLBACK(on_migration_iteration) },
	{ VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, VIR_DOMAIN_EVENT_CALLBACK(on_job_completed) },
};

_Static_assert(ELEMENTSOF(rows) <= VIRT_EVENTS_MAX, "events[] is too short");

int virt_events_register(struct virt_source *source, virConnectPtr connection)
{
	for (size_t i = 0; i < VIRT_EVENTS_MAX; i++)
		source->events[i] = -1;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		source->events[i] = virConnectDomainEventRegisterAny(connection, NULL, rows[i].id,
								     rows[i].callback,
								     virt_source_ref(source),
								     release);
		if (source->events[i] < 0)
			virt_source_unref(source);
	}
	/* Without a reference: it is called under a lock that unregistering takes as well, and
	 * drivers inside of this process never let go of what it was given. */
	(void)virConnectRegisterCloseCallback(connection, on_close, source, NULL);
	return source->events[0] < 0 ? virt_errno() : 0;
}

void virt_events_unregister(struct virt_source *source, virConnectPtr connection)
{
	for (size_t i = 0; i < VIRT_EVENTS_MAX; i++)
		if (source->events[i] >= 0)
			(void)virConnectDomainEventDeregisterAny(connection, source->events[i]);
	(void)virConnectUnregisterCloseCallback(connection, on_close);
}
