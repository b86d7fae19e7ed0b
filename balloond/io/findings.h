/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the threads of the live world hand to its main thread: plain data, in bytes and
 * microseconds, without a library's types.  virt*.c fill it, domains.c makes guests of it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "balloond/core/snapshot.h"
#include "balloond/io/domain-xml.h"

/* One domain as one sweep found it.  Sizes contain virtio-mem, as libvirt's do. */
struct sample {
	char uuid[GUEST_UUID_MAX];
	char name[GUEST_NAME_MAX];
	int id;           /* of this run of the domain; -1: unknown */
	uint32_t facts;   /* CONTAINER, PAUSED, BUSY and whose job, STATS_GATED, NO_STATS */
	bool is_arrived;  /* this run went on where another one had ended: it did not boot */
	bool is_unread;   /* not asked for this time: nothing but names, id and its cgroup's figures
			   */
	bool is_hung;     /* nobody may ask its hypervisor; not read */
	bool is_short;    /* its statistics could not be read this time: somebody was there */
	bool is_computed; /* figures are made at the call (test driver): always fresh */
	uint64_t maximum, actual;
	uint64_t total, usable, unused, caches;
	uint64_t swap_in, swap_out, major_faults;
	uint64_t rss, resident;
	uint64_t host_swap, disk_reads; /* of its cgroup */
	uint64_t last_update;           /* seconds since the epoch, 0: never, or UNKNOWN */
};

/* A run of a domain whose statistics need not be read in a sweep. */
struct sweep_skip {
	char uuid[GUEST_UUID_MAX];
	int id;
};

/* One look at all domains of one source. */
struct sweep {
	unsigned source;
	char hypervisor[sizeof(((struct guest_labels *)0)->hypervisor)]; /* as rules call it */
	int error;              /* 0, or negative errno: no samples */
	bool is_connected;      /* afterwards */
	bool is_first;          /* the first since the connection was made */
	char text[192];         /* why there is no connection; for people */
	usec_t began, ended;    /* monotonic */
	usec_t wall;            /* real time at the end */
	struct sample *samples; /* sorted by uuid */
	size_t n_samples;
	size_t n_read;    /* of them, whose statistics were read */
	usec_t read_time; /* and how long that took */
};

/* What was learned of one domain's definition. */
struct inspection {
	struct domain_facts live;
	bool is_transient;
	uint64_t sold;   /* persistent currentMemory, bytes; UNKNOWN if transient */
	uint64_t actual; /* asked of the hypervisor itself, without virtio-mem; or UNKNOWN */
};

/* What libvirt told without being asked. */
enum event_kind {
	EVENT_STARTED, /* a run of the domain begins, here or by migration */
	EVENT_REBOOTED,
	EVENT_STOPPED,
	EVENT_CHANGED, /* its definition is another */
	EVENT_RESIZED, /* its balloon moved */
	EVENT_MOVING,  /* a migration copies it */
	EVENT_STATE,   /* paused, resumed, a job ended: a sweep will tell */
	EVENT_HUNG,    /* its hypervisor hangs; nobody asks it any more */
	EVENT_ANSWERS, /* and does not any more */
	EVENT_CLOSED,  /* the connection is gone */
};

struct event {
	unsigned source;
	enum event_kind kind;
	char uuid[GUEST_UUID_MAX]; /* "" for CLOSED */
	usec_t at;                 /* when it was heard, monotonic */
};

enum call_kind { CALL_INSPECT, CALL_SET_MEMORY, CALL_SET_PERIOD };

struct call {
	enum call_kind kind;
	char uuid[GUEST_UUID_MAX];
	uint64_t bytes;  /* SET_MEMORY */
	int id;          /* SET_MEMORY: of the run that it is meant for */
	usec_t period;   /* SET_PERIOD */
	bool skip_stats; /* INSPECT: its statistics must not be read */
};

struct call_result {
	unsigned source;
	struct call call;
	bool is_over;   /* else it hangs: given up, but no other may follow yet */
	int error;      /* 0, or negative errno; -ETIMEDOUT: waited in vain, or hangs */
	usec_t latency; /* since it was submitted */
	struct inspection inspection;
};
