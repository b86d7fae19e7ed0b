/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls about single domains: to look at its definition, to set its memory, to set its statistics
 * period.  Always the running domain alone (AFFECT_LIVE): libvirt applies a persistent
 * currentMemory as the balloon's target while the guest boots.
 *
 * libvirt itself waits up to 30 s for a domain that somebody else works on, and without a limit
 * for a QEMU that does not answer. */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/domain-xml.h"
#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"
#include "balloond/policy-math.h"

/* libvirt's daemons serve five requests of a connection at the same time (max_client_requests). */
#define N_CALLERS 4u

/* As many guests as balloond is made for, each with one call. */
#define MAX_CALLS 16384u

/* A call takes below a millisecond; what takes this long holds up others. */
#define DEADLINE (10u * 1000000u)

/* For calls that are running when balloond ends, and again for connections. */
#define END_WAIT 1000000u

struct call_job {
	struct job job;
	struct virt_source *source;
	struct call_job *next, *previous; /* virt::calls */
	usec_t submitted;
	_Atomic usec_t started; /* 0: it waits */
	bool is_given_up;
	struct call_result result;
};

static void domain_freep(virDomainPtr *domain)
{
	if (*domain)
		(void)virDomainFree(*domain);
}

static void connection_closep(virConnectPtr *connection)
{
	if (*connection)
		(void)virConnectClose(*connection);
}

static int read_facts(virDomainPtr domain, unsigned flags, struct domain_facts *ret)
{
	_cleanup_free_ char *xml = virDomainGetXMLDesc(domain, flags);

	return xml ? domain_xml_parse(xml, ret) : virt_errno();
}

/* The size that QEMU knows.  libvirt's own memory of it is not refreshed by migrations and
 * restores. */
static uint64_t ask_actual(virDomainPtr domain)
{
	virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
	int n = virDomainMemoryStats(domain, stats, ELEMENTSOF(stats), 0);

	for (int i = 0; i < n; i++)
		if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON)
			return domain_xml_bytes(stats[i].val, "KiB");
	return BALLOOND_UNKNOWN;
}

static int inspect(virDomainPtr domain, const struct call *call, struct inspection *ret)
{
	struct domain_facts persistent;
	int r;

	r = read_facts(domain, 0, &ret->live);
	if (r < 0)
		return r;
	r = virDomainIsPersistent(domain);
	if (r < 0)
		return virt_errno();
	ret->is_transient = r == 0;
	ret->sold = BALLOOND_UNKNOWN;
	if (!ret->is_transient) {
		r = read_facts(domain, VIR_DOMAIN_XML_INACTIVE, &persistent);
		if (r < 0)
			return r;
		/* What was plugged in while it runs was sold as well. */
		ret->sold = persistent.current;
		if (ret->sold != BALLOOND_UNKNOWN)
			ret->sold = balloond_sub(ret->sold + ret->live.plugged, persistent.plugged);
	}
	ret->actual = call->skip_stats ? BALLOOND_UNKNOWN : ask_actual(domain);
	return 0;
}

/* The queue may have been held up while the guest began anew: what was meant for one that was
 * settled could keep the next run from booting. */
static int set_memory(virDomainPtr domain, const struct call *call)
{
	if (virDomainGetID(domain) != (unsigned)call->id)
		return -ENOENT;
	if (virDomainSetMemoryFlags(domain, call->bytes / 1024u, VIR_DOMAIN_AFFECT_LIVE) < 0)
		return virt_errno();
	return 0;
}

static int set_period(virDomainPtr domain, usec_t period)
{
	int seconds = period < 1000000u ? 1 : (int)(period / 1000000u);

	if (virDomainSetMemoryStatsPeriod(domain, seconds, VIR_DOMAIN_AFFECT_LIVE) < 0)
		return virt_errno();
	return 0;
}

static int make_call(struct virt_source *source, struct call_result *result)
{
	_cleanup_(connection_closep) virConnectPtr connection = NULL;
	_cleanup_(domain_freep) virDomainPtr domain = NULL;
	const struct call *call = &result->call;
	int r;

	r = virt_take_calls(source, &connection);
	if (r < 0)
		return r;
	domain = virDomainLookupByUUIDString(connection, call->uuid);
	if (!domain)
		return virt_errno();
	switch (call->kind) {
	case CALL_INSPECT:
		return inspect(domain, call, &result->inspection);
	case CALL_SET_MEMORY:
		return set_memory(domain, call);
	case CALL_SET_PERIOD:
		return set_period(domain, call->period);
	}
	return -EINVAL;
}

static void call_run(struct job *job)
{
	struct call_job *c = (struct call_job *)job;

	atomic_store(&c->started, clock_monotonic());
	c->result.error = make_call(c->source, &c->result);
	c->result.is_over = true;
}

static void call_drop(struct job *job)
{
	struct call_job *c = (struct call_job *)job;

	virt_source_unref(c->source);
	free(c);
}

static void unlink_call(struct virt *virt, struct call_job *c)
{
	if (c->previous)
		c->previous->next = c->next;
	else
		virt->calls = c->next;
	if (c->next)
		c->next->previous = c->previous;
}

static void call_done(struct job *job, void *userdata)
{
	struct call_job *c = (struct call_job *)job;
	struct virt *virt = userdata;

	unlink_call(virt, c);
	if (c->is_given_up)
		quarantine_look_now(&c->source->quarantine, clock_monotonic());
	c->result.latency = clock_monotonic() - c->submitted;
	virt->callbacks.on_call(virt->userdata, &c->result);
	call_drop(job);
}

int virt_call(struct virt *virt, struct virt_source *source, const struct call *call)
{
	struct call_job *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->job = (struct job){
		.run = call_run,
		.done = call_done,
		.drop = call_drop,
		.background = call->kind != CALL_SET_MEMORY,
	};
	c->source = virt_source_ref(source);
	c->submitted = clock_monotonic();
	c->result.source = source->number;
	c->result.call = *call;
	r = workers_submit(virt->callers, &c->job);
	if (r < 0) {
		call_drop(&c->job);
		return r;
	}
	c->next = virt->calls;
	if (c->next)
		c->next->previous = c;
	virt->calls = c;
	return 0;
}

/* The thread that hangs owns the job's result: what is told meanwhile is made of what was asked. */
static void give_up(struct virt *virt, struct call_job *c, usec_t now)
{
	struct call_result result = {
		.source = c->result.source,
		.call = c->result.call,
		.error = -ETIMEDOUT,
		.latency = now - c->submitted,
	};

	if (!workers_abandon(virt->callers, &c->job))
		return;
	c->is_given_up = true;
	virt_watch_suspect(c->source, c->result.call.uuid);
	virt->callbacks.on_call(virt->userdata, &result);
}

void virt_check_deadlines(struct virt *virt, usec_t now)
{
	struct call_job *next;
	usec_t started;

	for (struct call_job *c = virt->calls; c; c = next) {
		next = c->next;
		started = atomic_load(&c->started);
		if (!c->is_given_up && started != 0 && now > started && now - started > DEADLINE)
			give_up(virt, c, now);
	}
	for (struct virt_source *s = virt->sources; s; s = s->next)
		virt_watch(virt, s, now);
}

usec_t virt_next_check(const struct virt *virt)
{
	usec_t next = UINT64_MAX, t;

	for (const struct virt_source *s = virt->sources; s; s = s->next) {
		t = virt_watch_next(s);
		if (t < next)
			next = t;
	}
	return next;
}

int virt_fd(const struct virt *v)
{
	return mailbox_fd(v->mailbox);
}

size_t virt_dispatch(struct virt *v)
{
	return mailbox_deliver(v->mailbox, v);
}

static void wait_for_sources(struct virt *v)
{
	usec_t now = clock_monotonic(), end = now + END_WAIT;
	struct pollfd fd = { .fd = mailbox_fd(v->mailbox), .events = POLLIN };

	for (; v->n_closing > 0 && now < end; now = clock_monotonic())
		if (poll(&fd, 1, (int)((end - now) / 1000u) + 1) > 0)
			(void)virt_dispatch(v);
}

void virt_free(struct virt *v)
{
	if (!v)
		return;
	/* In this order: calls that workers_end() drops are still listed. */
	if (v->mailbox)
		wait_for_sources(v);
	workers_end(v->callers, false, END_WAIT);
	if (v->mailbox)
		mailbox_close(v->mailbox);
	mailbox_unref(v->mailbox);
	free(v);
}

int virt_new(const struct virt_callbacks *callbacks, void *userdata, struct virt **ret)
{
	struct virt *v;
	int r;

	domain_xml_init();
	r = virt_events_start();
	if (r < 0)
		return r;
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->callbacks = *callbacks;
	v->userdata = userdata;
	r = mailbox_new(&v->mailbox);
	if (r >= 0)
		r = workers_new(N_CALLERS, MAX_CALLS, v->mailbox, &v->callers);
	if (r < 0) {
		virt_free(v);
		return r;
	}
	*ret = v;
	return 0;
}
