/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the virt*.c files share.  Nobody else includes this: libvirt's types end here.
 *
 * A source is referenced by the main thread until it is closed, by every job about it and by the
 * event callbacks that are registered on its connection.  The connection is guarded by a lock;
 * users take a reference of libvirt's own under it, so that one that was replaced ends with its
 * last user. */

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>

#include "balloond/io/resident.h"
#include "balloond/io/virt.h"
#include "balloond/io/worker.h"

enum virt_kind { VIRT_QEMU, VIRT_LXC, VIRT_XEN, VIRT_TEST, VIRT_OTHER };

#define VIRT_EVENTS_MAX 10u

struct virt {
	struct virt_callbacks callbacks;
	void *userdata;
	struct mailbox *mailbox;
	struct workers *callers;
	struct call_job *calls; /* in flight, the newest first; main thread only */
	unsigned n_closing;     /* sources; main thread only */
};

struct virt_source {
	atomic_uint refs;
	struct mailbox *mailbox;
	unsigned number;
	char *uri;
	struct workers *thread; /* main thread only */
	bool is_sweeping;       /* main thread only */
	atomic_bool was_closed; /* the connection is dead; set by libvirt's event thread */

	pthread_mutex_t lock;
	virConnectPtr connection; /* guarded by lock; NULL: none */

	/* The source's own thread only. */
	enum virt_kind kind;
	char hypervisor[sizeof(((struct sweep *)0)->hypervisor)];
	bool stats_are_risky;
	bool no_nowait; /* the driver refuses the flag */
	bool no_bulk;   /* it has no balloon figures in bulk statistics */
	int events[VIRT_EVENTS_MAX];
	struct residents residents;
	virDomainPtr *domains; /* as last listed; NULL: not listed yet */
	size_t n_domains;
};

/* virt-source.c */
struct virt_source *virt_source_ref(struct virt_source *source);
void virt_source_unref(struct virt_source *source);
/* The connection with a reference for the caller (virConnectClose()), or NULL. */
virConnectPtr virt_source_take_connection(struct virt_source *source);
/* The thread's newest libvirt error as a negative errno. */
int virt_errno(void);

/* virt-sweep.c: fills sweep->samples.  Negative errno: the connection did not answer. */
int virt_collect(struct virt_source *source, virConnectPtr connection,
		 const struct sweep_request *request, struct sweep *sweep);
/* Lets go of the listed domains. */
void virt_forget_domains(struct virt_source *source);

/* virt-stats.c: what libvirt's figures say, in bytes. */
void virt_sample_init(struct sample *sample);
/* Returns whether there were any figures of the balloon at all. */
bool virt_sample_from_params(const struct _virTypedParameter *params, int n_params,
			     bool is_busy_when_short, struct sample *sample);
void virt_sample_from_stats(const virDomainMemoryStatStruct *stats, int n_stats,
			    enum virt_kind kind, struct sample *sample);
void virt_sample_set_state(int state, int reason, struct sample *sample);
/* Whether reading guest statistics could abort a QEMU of this version (virConnectGetVersion). */
bool virt_stats_are_risky(unsigned long version);

/* balloond's word for what virConnectGetType() says: qemu, lxc, xen, vz, test, or its own in small
 * letters. */
void virt_name_hypervisor(const char *type, char *to, size_t size);

/* virt-event.c */
int virt_events_start(void);
/* Registers all callbacks on a connection; from the source's thread. */
int virt_events_register(struct virt_source *source, virConnectPtr connection);
/* Whether balloond reads what an event about metadata tells of. */
bool virt_metadata_matters(int type, const char *uri);
void virt_events_unregister(struct virt_source *source, virConnectPtr connection);
