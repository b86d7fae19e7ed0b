/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the virt*.c files share.  Nobody else includes this: libvirt's types end here.
 *
 * A source has connections of three kinds, each made by the thread that needs it, so that a call
 * that hangs holds up nobody else:
 *
 *   its own      events, listing, cheap calls; whether it holds says whether the source is there
 *   sweepers'    statistics, each with a thread; abandoned where a guest holds them up
 *   callers'     whatever changes a domain, or reads its definition
 *
 * A source is referenced by the main thread until it is closed, by every job about it, by its
 * sweepers and by the event callbacks that are registered on its connection.  Connections that
 * threads share are guarded by a lock; users take a reference of libvirt's own under it, so that
 * one that was replaced ends with its last user. */

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>

#include "balloond/io/quarantine.h"
#include "balloond/io/resident.h"
#include "balloond/io/virt.h"
#include "balloond/io/worker.h"

enum virt_kind { VIRT_QEMU, VIRT_LXC, VIRT_XEN, VIRT_TEST, VIRT_OTHER };

#define VIRT_EVENTS_MAX 10u
#define VIRT_PARTS_MAX 4u

struct virt {
	struct virt_callbacks callbacks;
	void *userdata;
	struct mailbox *mailbox;
	struct workers *callers;
	struct call_job *calls;      /* in flight, the newest first; main thread only */
	struct virt_source *sources; /* that are open; main thread only */
	unsigned n_closing;          /* threads that close connections; main thread only */
};

/* Domains on one connection. */
struct virt_domain {
	char uuid[GUEST_UUID_MAX];
	virDomainPtr handle;
};

struct virt_domains {
	struct virt_domain *list; /* sorted by uuid; NULL: not listed yet */
	size_t n;
};

/* One that runs, as last listed. */
struct virt_listed {
	char uuid[GUEST_UUID_MAX];
	char name[GUEST_NAME_MAX];
	int id;
};

/* How to ask a driver; found when a connection is made. */
struct virt_driver {
	enum virt_kind kind;
	char hypervisor[sizeof(((struct sweep *)0)->hypervisor)];
	bool stats_are_risky;
};

/* A connection beside the source's own. */
struct virt_link {
	virConnectPtr connection; /* NULL: none */
	unsigned generation;      /* of the source's own when it was made */
};

/* Whether a domain's statistics are read. */
enum virt_reading { READING_SKIPPED, READING_WANTED, READING_DONE };

/* What one sweeper looks at: some neighbours of the list. */
struct virt_work {
	struct virt_driver driver;
	bool is_gated;
	struct sample *samples;  /* sorted by uuid */
	unsigned char *readings; /* enum virt_reading, as samples */
	size_t n, n_read;
	usec_t read_time;
	int error;
	char text[sizeof(((struct sweep *)0)->text)];
};

/* A thread that reads statistics, and its connection. */
struct virt_sweeper {
	atomic_uint refs;
	struct virt_source *source;
	struct workers *thread;  /* main thread only */
	struct sweeper_job *job; /* in flight; main thread only */

	/* Its own thread only. */
	struct virt_link link;
	bool no_nowait; /* the driver refuses the flag */
	bool no_bulk;   /* it has no balloon figures in bulk statistics */
	struct residents residents;
	struct virt_domains domains;
};

/* A part of the sweep that is being made; the main thread's. */
struct virt_part {
	size_t first, n; /* of the list */
	usec_t began;
	bool is_over;
	bool is_old; /* what it brings is */
};

/* The sweep that is being made; the main thread's. */
struct virt_round {
	bool is_on;
	int guest_stats;
	struct sweep_skip *skip;
	size_t n_skip;
	struct sweep sweep;      /* samples as listed */
	unsigned char *readings; /* enum virt_reading, as samples */
	struct virt_part parts[VIRT_PARTS_MAX];
	size_t n_parts;
};

struct virt_source {
	atomic_uint refs;
	struct mailbox *mailbox;
	unsigned number;
	char *uri;
	bool is_private;        /* its domains live in the connection: all share one */
	atomic_bool was_closed; /* the connection is dead; set by any thread that sees so */
	atomic_bool is_closing; /* nobody wants the source any more */
	atomic_uint generation; /* of its own connection; 0: there is none */

	pthread_mutex_t lock;
	virConnectPtr connection; /* guarded by lock; NULL: none */
	struct virt_link calls;   /* guarded by lock */

	/* The thread of its own connection only. */
	unsigned n_made; /* connections */
	int events[VIRT_EVENTS_MAX];
	struct virt_domains domains;

	/* The main thread only. */
	struct virt_source *next; /* of virt::sources */
	struct workers *thread;
	bool is_up;    /* by the last look */
	bool is_first; /* no sweep was told since the connection was made */
	struct virt_driver driver;
	struct virt_listed *listed; /* sorted by uuid */
	size_t n_listed;
	struct virt_sweeper *sweepers[VIRT_PARTS_MAX];
	struct virt_round round;
	usec_t usual;         /* what parts of sweeps took of late */
	unsigned n_abandoned; /* sweepers that have not come back */
	struct quarantine quarantine;
	bool is_probing;
	usec_t probed;                /* when that began */
	usec_t probe_after;           /* not before */
	char suspect[GUEST_UUID_MAX]; /* a call about it was given up; "": none */
};

/* virt-source.c */
struct virt_source *virt_source_ref(struct virt_source *source);
void virt_source_unref(struct virt_source *source);
/* The thread's newest libvirt error as a negative errno; what went wrong, for people. */
int virt_errno(void);
void virt_error_text(char *to, size_t size, int error);
/* Connects where needed, lists where that is wanted or new, and ends in virt_round_listed(). */
int virt_source_look(struct virt_source *source, bool list);

/* virt-connect.c */
int virt_connect(struct virt_source *source, struct virt_driver *driver);
void virt_disconnect(struct virt_source *source);
/* Whether the source's own connection has ended; from its thread. */
bool virt_is_dead(struct virt_source *source);
/* Makes a connection of the source's present generation, or keeps it.  -ENOTCONN: the source's own
 * has ended, and must be made anew first. */
int virt_link_open(struct virt_source *source, struct virt_link *link);
void virt_link_close(struct virt_link *link);
/* The callers' connection with a reference for the caller (virConnectClose()). */
int virt_take_calls(struct virt_source *source, virConnectPtr *ret);

/* virt-domains.c */
int virt_domains_list(virConnectPtr connection, struct virt_domains *domains);
virDomainPtr virt_domains_find(const struct virt_domains *domains, const char *uuid);
void virt_domains_forget(struct virt_domains *domains);

/* virt-round.c */
void virt_round_listed(struct virt *virt, struct virt_source *source, int error, const char *text);
void virt_round_worked(struct virt *virt, struct virt_source *source, size_t part,
		       const struct virt_work *work);
/* Whether a part is taking longer than it should. */
bool virt_part_is_late(const struct virt_source *source, const struct virt_part *part, usec_t now);
usec_t virt_round_limit(const struct virt_source *source);
/* Goes on without those that are in quarantine. */
void virt_round_replace(struct virt *virt, struct virt_source *source, size_t part);
void virt_round_done(struct virt_source *source);

/* virt-sweeper.c */
int virt_sweeper_new(struct virt_source *source, struct virt_sweeper **ret);
/* Copies of what the work points to are made. */
int virt_sweeper_submit(struct virt_sweeper *sweeper, size_t part, const struct virt_work *work);
/* Lets go of the sweeper: its thread closes the connection and ends, when it comes back.  What it
 * was working on is told to nobody. */
void virt_sweeper_close(struct virt *virt, struct virt_sweeper *sweeper);
void virt_sweeper_abandon(struct virt_sweeper *sweeper);

/* virt-watch.c */
void virt_watch(struct virt *virt, struct virt_source *source, usec_t now);
usec_t virt_watch_next(const struct virt_source *source);
/* A call about the domain hangs. */
void virt_watch_suspect(struct virt_source *source, const char *uuid);
/* What was listed may have other runs of those that hung. */
void virt_watch_listed(struct virt_source *source);

/* virt-sweep.c: fills work->samples.  Negative errno: the connection did not answer. */
int virt_collect(struct virt_sweeper *sweeper, struct virt_work *work);

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
