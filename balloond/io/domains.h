/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All domains that the live world knows, sorted by uuid: sweeps, inspections and events come in,
 * guests go out.  No library, no clock, no threads: unit tests feed it plain data.
 *
 *   in no sweep of its source any more       gone
 *   in the source's very first sweep         ran before: adopted as it is
 *   in a later one, or with another id       began to run
 *   its source is lost                       stays as it was, with GUEST_LOST, until it is read
 *   its hypervisor hangs                     the same with GUEST_HUNG
 *   ended by an event                        hidden until a sweep that began later */

#include "balloond/core/snapshot.h"
#include "balloond/io/breaker.h"
#include "balloond/io/findings.h"

/* What should be asked of a domain, and is being asked: live-calls.c. */
struct domain_calls {
	bool in_flight; /* one call a domain at any time */
	bool gave_up;   /* the one in flight hangs; that was told */
	bool wants_inspection;
	bool wants_actual;    /* one that asks the hypervisor itself for the size */
	usec_t inspect_after; /* after one that failed */
	uint64_t target;      /* to be asked for, or UNKNOWN */
	usec_t period;        /* to be set, 0: none */
	bool rearms;          /* whatever its definition says, QEMU may have none */
	usec_t inspected;     /* when last */
	usec_t period_asked;  /* when last, 0: never */
	struct breaker breaker;
};

struct domain {
	struct guest guest; /* as last read; facts and ages are completed by compose */
	unsigned source;
	int id; /* of this run, -1: unknown */
	bool is_lost, is_hung;
	bool wants_reading;  /* its statistics, at the next sweep */
	bool is_hidden;      /* ended; a sweep or the end of a call removes it */
	usec_t stopped;      /* hidden: since when */
	usec_t run_seen;     /* when this run was first seen */
	usec_t moving_until; /* a migration is told to copy it */
	usec_t moving_ends;  /* a sweep that begins later tells whether it still does; 0: none */
	bool is_arrived;     /* it was migrated, restored or reverted to where it runs */
	usec_t arrived;      /* when that was seen; 0: it has reported since */
	uint64_t arrived_stamp;

	uint32_t swept_facts, inspected_facts;
	uint32_t figure_facts; /* of its newest statistics */
	unsigned n_short;      /* sweeps in a row that found somebody else's job */

	uint64_t raw_maximum, raw_actual;       /* as libvirt says, virtio-mem included */
	uint64_t elastic_size, elastic_current; /* of virtio-mem */
	uint64_t plugged;                       /* DIMMs, at the last inspection */
	uint64_t wrong_actual; /* libvirt's raw_actual that is known to be wrong, or UNKNOWN */
	uint64_t known_actual; /* what is right instead */

	usec_t stats_swept;   /* of the sweep that last read statistics */
	usec_t sampled_after; /* its newest sample is not older than this, 0: unknown */
	usec_t stats_age;     /* at that sweep, or UNKNOWN */

	struct domain_calls calls;
};

struct domains {
	struct domain **list; /* sorted by uuid */
	size_t n;
};

struct domain *domains_find(const struct domains *domains, const char *uuid);

/* Takes a sweep without error.  adopt: the source was never swept before.  -ENOMEM: nothing
 * changed. */
int domains_take_sweep(struct domains *domains, const struct sweep *sweep, bool adopt);

/* Returns whether libvirt's idea of the size is wrong: the next sweep corrects it. */
bool domain_take_inspection(struct domain *domain, const struct inspection *inspection, usec_t now);

/* Returns whether a sweep should look at the source soon. */
bool domains_take_event(struct domains *domains, const struct event *event);

/* The source does not answer any more / is not wanted any more. */
void domains_lose(struct domains *domains, unsigned source);
void domains_forget(struct domains *domains, unsigned source);

/* How many guests there are to tell of. */
size_t domains_count(const struct domains *domains);

/* Writes domains_count() guests, in the order of their uuids; outcomes are told once. */
void domains_compose(struct domains *domains, usec_t now, struct guest *guests);

void domains_done(struct domains *domains);
