/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A guest that is not there: what its kernel, its balloon driver and its process do with memory,
 * one step at a time.  Only what a controller could ever notice is modelled; each rule has its
 * source in guest.c.
 *
 *     size = in use + cache + free          the balloon has the rest of maximum
 *     need = in use + swapped + missing     missing: nobody can give it, the OOM killer comes
 */

#include <stdbool.h>
#include <stdint.h>

#include "balloond/core/snapshot.h"
#include "balloond/sim/demand.h"

enum sim_traits {
	SIM_AUTODEFLATE = 1u << 0,    /* deflate-on-OOM */
	SIM_FREE_REPORTING = 1u << 1, /* free pages go back to the host by themselves */
	SIM_NO_SWAP_SEEN = 1u << 2,   /* reports no swap or fault figures */
	SIM_NO_USABLE = 1u << 3,      /* Windows: total and unused alone */
	SIM_NO_STATS = 1u << 4,       /* its hypervisor or service tells nothing (Xen) */
	SIM_PINNED = 1u << 5,         /* VFIO: the balloon moves and the host gains nothing */
	SIM_MAPPED = 1u << 6, /* its hot cache is mapped: reading it again is a major fault */
};

/* What goes wrong with it, from a time on. */
enum sim_fault_kind {
	SIM_FAULT_STUCK,  /* the balloon does not move */
	SIM_FAULT_SLOW,   /* it moves at `value` permille of its speed */
	SIM_FAULT_LIES,   /* it reports `value` permille of what is usable */
	SIM_FAULT_ABSURD, /* it reports what cannot be */
	SIM_FAULT_SILENT, /* no fresh statistics; the last ones stay */
	SIM_FAULT_REBOOT, /* at once, all of its memory back, statistics from 0 */
	SIM_FAULT_GONE,   /* it is not there at all (before it starts, after it ends) */
	SIM_FAULT_HELD,   /* an operator holds its size: that is balloond's alone to heed */
	SIM_FAULT_KINDS,
};

struct sim_fault {
	enum sim_fault_kind kind;
	usec_t at, length; /* at: on the world's clock (SIM_EPOCH); length 0: for ever */
	usec_t every;      /* again after this long; 0: once */
	uint64_t value;
};

/* What it is, constant. */
struct sim_model {
	uint64_t maximum, sold; /* <memory> and <currentMemory>, bytes */
	uint64_t start;         /* its size when the world begins */
	uint64_t kernel;        /* what the kernel never counts: maximum - total */
	uint64_t overhead;      /* of its process, bytes */
	uint64_t swap;          /* its own, bytes */
	uint64_t hot;           /* page cache that it reads again and again; not part of its need */
	uint64_t fill;          /* other page cache that it reads, bytes a second */
	uint64_t watermark;     /* of its page cache, what it does not call usable, bytes */
	uint64_t inflate, inflate_cache, inflate_anon; /* bytes a second, by what is taken */
	uint64_t deflate;                              /* bytes a second */
	uint64_t disk;                  /* bytes a second that it swaps and reads at */
	usec_t boot;                    /* until its driver answers */
	uint32_t traits;                /* enum sim_traits */
	const struct sim_fault *faults; /* borrowed */
	size_t n_faults;
};

/* Speeds measured under QEMU and KVM alike; everything else 0. */
void sim_model_init(struct sim_model *model, uint64_t maximum);

/* The sample that its driver took last. */
struct sim_sample {
	usec_t at;                              /* 0: none yet */
	int64_t wall;                           /* by how much the wall clock was ahead then */
	uint64_t stamp;                         /* changes with each; 0: none yet */
	uint64_t total, usable, unused, caches; /* as told; may be what cannot be */
	uint64_t swap_in, swap_out, major_faults;
};

/* What its hypervisor told of it when it was last asked. */
struct sim_look {
	usec_t at; /* 0: never */
	uint64_t size;
	struct sim_sample sample;
	usec_t age; /* of the sample, by the clocks of that time */
};

struct sim_guest {
	char uuid[GUEST_UUID_MAX], name[GUEST_NAME_MAX];
	struct sim_model model;
	const struct demand *demand; /* borrowed */
	struct demand_walk walk;

	bool present;
	usec_t booted;  /* when it last booted; 0: ran when the world began */
	bool rises;     /* since it booted its need has not met the demand yet */
	usec_t period;  /* of its statistics; 0: off */
	usec_t due;     /* of its next sample */
	uint64_t need;  /* now */
	uint64_t size;  /* the balloon's truth */
	uint64_t asked; /* the target that its driver was given */
	uint64_t in_use, swapped, cache, hot; /* hot: of cache */
	uint64_t touched; /* of its memory, what the host has to back; without overhead */
	uint64_t swap_in, swap_out, reads; /* cumulative, bytes */
	uint64_t major_faults;
	uint64_t told; /* its size as the hypervisor last heard it (at most once a second) */
	usec_t told_at;
	struct sim_sample sample;
	struct sim_look look;
	int64_t wall; /* by how much its wall clock was set ahead since the world began, us */
	struct outcome outcome; /* of its last step; whoever tells of it empties it */

	/* How it fares in this step, for the metrics. */
	uint64_t missing; /* of its need: beyond size and swap; the OOM killer's */
	uint64_t reread;  /* bytes of hot cache read again in this step */
};

/* To be called once, with name, uuid, model, demand and period set. */
void sim_guest_begin(struct sim_guest *g, usec_t now);

/* Lets the time from now - elapsed to now pass. */
void sim_guest_step(struct sim_guest *g, usec_t now, usec_t elapsed);

/* Sets the period of its statistics while it runs; 0: off. */
void sim_guest_poll(struct sim_guest *g, usec_t period, usec_t now);

/* Asks its hypervisor for its size and its statistics. */
void sim_guest_look(struct sim_guest *g, usec_t now);

/* What is known of it now: of the last look at it, and what the host sees of it.  ret was once
 * begun by guest_init() with its uuid and name; may be told into again and again: only what can
 * change is written. */
void sim_guest_tell(const struct sim_guest *g, usec_t now, struct guest *ret);
