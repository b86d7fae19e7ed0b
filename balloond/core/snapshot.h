/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All that balloond knows at one instant: one host, n guests, what became of earlier steps, a
 * time.  Filled by a world's sense(), not changed afterwards.  Guests are sorted by uuid, so that
 * nothing depends on the order in which a hypervisor lists them.  Memory belongs to the caller.
 *
 * Who fills what of struct balloond_guest: sense() sets what was read (maximum, actual, total,
 * usable, unused, caches, resident, counters, stats_age); the planner completes a copy. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "balloond/core/value.h"
#include "balloond/policy.h"

#define GUEST_UUID_MAX 37u /* with NUL */
#define GUEST_NAME_MAX \
	256u /* QEMU's pid and socket files bound names to less; longer ones are cut */

/* Facts that decide what may be done to a guest at all. */
enum guest_facts {
	GUEST_INSPECTED = 1u << 0,   /* its definition was read; else nothing below is known */
	GUEST_BALLOON = 1u << 1,     /* has a balloon device */
	GUEST_CONTAINER = 1u << 2,   /* its size is a limit, not a balloon */
	GUEST_DEVICES_PIN = 1u << 3, /* VFIO, mdev, vDPA: discarding is inhibited */
	GUEST_CONFIDENTIAL = 1u << 4,
	GUEST_HUGEPAGES = 1u << 5,
	GUEST_LOCKED = 1u << 6,
	GUEST_PAUSED = 1u << 7,
	GUEST_BUSY = 1u << 8,        /* a job (migration, save, dump) has it */
	GUEST_STATS_GATED = 1u << 9, /* reading its statistics could abort it */
	GUEST_NO_STATS = 1u << 10,   /* its hypervisor has no guest statistics */
	GUEST_AUTODEFLATE = 1u << 11,
	GUEST_FREE_REPORTING = 1u << 12,
	GUEST_TRANSIENT = 1u << 13,
	GUEST_LOST = 1u << 14,  /* its hypervisor does not answer; figures are the last ones */
	GUEST_HUNG = 1u << 15,  /* its own process of it does not; the same */
	GUEST_OVIRT = 1u << 16, /* the metadata of managers that have guests of their own */
	GUEST_CLOUDSTACK = 1u << 17,
	GUEST_ELASTIC = 1u << 18, /* has virtio-mem, which libvirt counts in */
	/* What job it is that has it, besides BUSY. */
	GUEST_SAVING = 1u << 19,
	GUEST_MIGRATING = 1u << 20,
	GUEST_SNAPSHOT = 1u << 21,
	GUEST_ARRIVED = 1u << 22,    /* migrated, restored or reverted: nothing heard of it since */
	GUEST_IMPOSSIBLE = 1u << 23, /* its newest sample said what cannot be (core/trust.h) */
	GUEST_UNTOUCHED = 1u << 24,  /* or that it uses what it has never touched */
};

/* Texts that configuration can be bound to; "" where there is none.  They are the tenant's or the
 * panel's: compared, shown, never interpreted.  Longer ones are cut. */
#define GUEST_LABEL_MAX 128u

struct guest_labels {
	char hypervisor[16]; /* qemu, lxc, xen, vz, test */
	char title[GUEST_LABEL_MAX];
	char partition[GUEST_LABEL_MAX];
	char os[GUEST_LABEL_MAX];
	char tags[GUEST_LABEL_MAX]; /* separated by single spaces */
};

/* What the domain's metadata asks for.  Whether it gets that is up to tenants:. */
struct tenant_wish {
	uint32_t given;   /* 1 << enum tenant_key: said, and understood */
	uint32_t unclear; /* said, and not understood */
	char policy[32 + 1];
	struct amount min; /* permille of the ceiling, bytes, or KERNEL */
	uint32_t shares;
	int32_t priority;
	bool hold;
};

/* Whoever ordered it, and why, in their own words. */
#define HOLD_WHO_MAX 33u
#define HOLD_REASON_MAX 128u

/* An operator's order of any kind (core/orders.h); all zero: there is none. */
struct hold {
	bool on;
	usec_t until; /* wall clock; 0: until it is taken back */
	char who[HOLD_WHO_MAX];
	char reason[HOLD_REASON_MAX]; /* "": none was given */
};

enum outcome_kind {
	OUTCOME_NONE,
	OUTCOME_ASKED, /* the hypervisor took it; the balloon's size tells the rest */
	OUTCOME_REFUSED,
	OUTCOME_TIMED_OUT,
};

/* What became of the last step, told once. */
struct outcome {
	enum outcome_kind kind;
	uint64_t bytes; /* the size that was asked for */
	usec_t latency;
	int error; /* negative errno where refused; -EBUSY: its hypervisor hangs, -ECANCELED: calls
		      about it failed too often lately */
};

struct guest {
	struct balloond_guest seen; /* uuid and name point to the arrays below (snapshot_seal) */
	char uuid[GUEST_UUID_MAX];
	char name[GUEST_NAME_MAX];
	uint32_t facts; /* enum guest_facts */
	struct guest_labels labels;
	struct tenant_wish wish;
	uint64_t host_swap; /* of its memory, what the host has swapped out; bytes, or UNKNOWN */
	uint64_t sold;      /* persistent currentMemory; transient: the live size when first seen */
	uint64_t stamp;     /* changes with every fresh sample; 0: never reported */
	usec_t period;      /* of its statistics, 0: off */
	usec_t swept;       /* when these figures were read, monotonic */
	usec_t resident_at; /* when resident was, where that is later */
	uint64_t run;       /* of the guest, as its hypervisor numbers them; 0: it does not */
	usec_t booted; /* when balloond saw it start or reboot, monotonic; 0: ran when first seen */
	struct outcome outcome;
	struct hold exclude, hold, pause, give_back; /* not sensed: of core/orders.h */
};

/* Other managers of memory that run on the machine. */
enum host_facts {
	HOST_MOM = 1u << 0,
	HOST_VDSM = 1u << 1,
	HOST_KSMTUNED = 1u << 2,
};

struct host {
	struct balloond_host seen; /* level is the planner's */
	uint32_t facts;            /* enum host_facts */
	uint64_t hugetlb;   /* of the host's hugetlb pool, bytes; inside "the host's own use" */
	uint64_t ksm_saved; /* bytes that KSM shares away */
	usec_t sample_cost; /* time that it takes to read one guest; 0: not known yet */
	struct hold pause;  /* nothing is asked of any guest; not sensed: of core/orders.h */
};

struct snapshot {
	usec_t now;  /* monotonic */
	usec_t wall; /* real time: for what is told to people and kept on disk */
	struct host host;
	struct guest *guests; /* sorted by uuid */
	size_t n_guests, max_guests;
};

/* Lets seen.uuid and seen.name of every guest point at the guest's own arrays.  To be called once
 * the array is complete. */
void snapshot_seal(struct snapshot *s);

/* A guest with every figure unknown and every fact absent. */
void guest_init(struct guest *g, const char *uuid, const char *name);

/* When its resident memory was read. */
static inline usec_t guest_resident_at(const struct guest *g)
{
	return g->resident_at > g->swept ? g->resident_at : g->swept;
}

/* Binary search; NULL if there is none. */
const struct guest *snapshot_find(const struct snapshot *s, const char *uuid);
