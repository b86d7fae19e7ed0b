/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libvirt, as the rest of balloond sees it: sources (one per URI) that can be swept, calls about
 * single domains, and events; answers reach four callbacks on the main thread as plain data.
 *
 * Threads: one runs libvirt's event loop and only queues; each source has one for its own
 * connection and up to four that sweep; a small pool makes the calls that may block.  No libvirt
 * call is made on the caller's thread.  A call that hangs is given up after a deadline; a sweep
 * that a guest holds up goes on without it, by another thread. */

#include <stdbool.h>
#include <stddef.h>

#include "balloond/core/config.h"
#include "balloond/io/findings.h"

struct virt;
struct virt_source;

/* Arguments are borrowed for the call. */
struct virt_callbacks {
	void (*on_sweep)(void *userdata, const struct sweep *sweep);
	void (*on_event)(void *userdata, const struct event *event);
	void (*on_call)(void *userdata, const struct call_result *result);
};

int virt_new(const struct virt_callbacks *callbacks, void *userdata, struct virt **ret);

/* All sources must have been closed.  Waits two seconds at most, for calls that still run and for
 * connections that are being closed; callbacks may be called meanwhile. */
void virt_free(struct virt *virt);

/* To be watched for reading; virt_dispatch() then calls the callbacks and returns how often. */
int virt_fd(const struct virt *virt);
size_t virt_dispatch(struct virt *virt);

/* Gives up calls that have run for too long: each is told as a result that is not over.  Looks for
 * what holds up sweeps, and whether it still does. */
void virt_check_deadlines(struct virt *virt, usec_t now);

/* When that is to be called for the sake of sweeps; UINT64_MAX: for none. */
usec_t virt_next_check(const struct virt *virt);

/* number comes back in everything that is heard of this source. */
int virt_source_open(struct virt *virt, const char *uri, unsigned number, struct virt_source **ret);

/* Lets go of the source, which may be NULL; its thread closes the connection.  Does not wait. */
void virt_source_close(struct virt *virt, struct virt_source *source);

struct sweep_request {
	int guest_stats;               /* as configured */
	bool list;                     /* look for domains that came and went */
	const struct sweep_skip *skip; /* sorted by uuid; all others are read */
	size_t n_skip;
};

/* Connects where needed, then looks at all domains.  -EBUSY: a sweep is in flight. */
int virt_sweep(struct virt_source *source, const struct sweep_request *request);

/* Whether its sweep takes longer than it should: what is known of its guests grows old. */
bool virt_source_is_late(const struct virt_source *source, usec_t now);

/* Queues one call.  -EAGAIN: the queue is full. */
int virt_call(struct virt *virt, struct virt_source *source, const struct call *call);
