/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libvirt's figures -> bytes.  Names are literals: libvirt has macros for them only from 11.2 on.
 * What is missing stays unknown, and so does what no machine can have: QEMU keeps an unknown
 * figure as 2^64 - 1, and drivers send whatever they like. */

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"

/* 2^52: no machine has as many bytes, no guest ever saw as many faults. */
#define FIGURE_MAX (UINT64_C(1) << 52)

#define KIB 1024u

/* The names to remember: "available" is the guest's total, "usable" is what is available. */
static const struct row {
	const char *name;
	int tag; /* the same of virDomainMemoryStats(); -1: none */
	size_t offset;
	unsigned unit;
} rows[] = {
	{ "balloon.current", VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON, offsetof(struct sample, actual),
	  KIB },
	{ "balloon.maximum", -1, offsetof(struct sample, maximum), KIB },
	{ "balloon.swap_in", VIR_DOMAIN_MEMORY_STAT_SWAP_IN, offsetof(struct sample, swap_in),
	  KIB },
	{ "balloon.swap_out", VIR_DOMAIN_MEMORY_STAT_SWAP_OUT, offsetof(struct sample, swap_out),
	  KIB },
	{ "balloon.major_fault", VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT,
	  offsetof(struct sample, major_faults), 1 },
	{ "balloon.unused", VIR_DOMAIN_MEMORY_STAT_UNUSED, offsetof(struct sample, unused), KIB },
	{ "balloon.available", VIR_DOMAIN_MEMORY_STAT_AVAILABLE, offsetof(struct sample, total),
	  KIB },
	{ "balloon.usable", VIR_DOMAIN_MEMORY_STAT_USABLE, offsetof(struct sample, usable), KIB },
	{ "balloon.disk_caches", VIR_DOMAIN_MEMORY_STAT_DISK_CACHES,
	  offsetof(struct sample, caches), KIB },
	{ "balloon.rss", VIR_DOMAIN_MEMORY_STAT_RSS, offsetof(struct sample, rss), KIB },
	{ "balloon.last-update", VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE,
	  offsetof(struct sample, last_update), 1 },
};

static void set_figure(struct sample *sample, const struct row *row, uint64_t x)
{
	uint64_t *figure = (uint64_t *)((char *)sample + row->offset);

	*figure = x > FIGURE_MAX / row->unit ? BALLOOND_UNKNOWN : x * row->unit;
}

void virt_sample_init(struct sample *sample)
{
	*sample = (struct sample){
		.id = -1,
		.resident = BALLOOND_UNKNOWN,
		.host_swap = BALLOOND_UNKNOWN,
		.disk_reads = BALLOOND_UNKNOWN,
	};
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		set_figure(sample, &rows[i], UINT64_MAX);
}

/* What is paused stands for a job is busy: nobody meant it to stand still.  After post-copy began
 * to run here, memory is still on its way and discards are inhibited. */
static const struct {
	int state, reason;
	uint32_t facts;
	bool is_arrived;
} runs[] = {
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, GUEST_MIGRATING, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY, GUEST_MIGRATING, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED, GUEST_MIGRATING, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SAVE, GUEST_SAVING, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_DUMP, GUEST_SAVING, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SNAPSHOT, GUEST_SNAPSHOT, false },
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY, GUEST_MIGRATING, true },
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY_FAILED, GUEST_MIGRATING, true },
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATED, 0, true },
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_RESTORED, 0, true },
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_FROM_SNAPSHOT, 0, true },
};

void virt_sample_set_state(int state, int reason, struct sample *sample)
{
	for (size_t i = 0; i < ELEMENTSOF(runs); i++) {
		uint32_t job = runs[i].facts;

		if (runs[i].state != state || runs[i].reason != reason)
			continue;
		sample->facts |= job | (job ? GUEST_BUSY : 0u);
		sample->is_arrived = runs[i].is_arrived;
		return;
	}
	if (state == VIR_DOMAIN_PAUSED || state == VIR_DOMAIN_PMSUSPENDED)
		sample->facts |= GUEST_PAUSED;
}

static const struct row *find_row(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

bool virt_sample_from_params(const struct _virTypedParameter *params, int n_params,
			     bool is_busy_when_short, struct sample *sample)
{
	int state = VIR_DOMAIN_NOSTATE, reason = 0;
	bool has_balloon = false;
	const struct row *row;

	for (int i = 0; i < n_params; i++) {
		if (params[i].type == VIR_TYPED_PARAM_INT) {
			if (strcmp(params[i].field, "state.state") == 0)
				state = params[i].value.i;
			else if (strcmp(params[i].field, "state.reason") == 0)
				reason = params[i].value.i;
		}
		if (params[i].type != VIR_TYPED_PARAM_ULLONG)
			continue;
		row = find_row(params[i].field);
		if (!row)
			continue;
		set_figure(sample, row, params[i].value.ul);
		has_balloon = true;
	}
	virt_sample_set_state(state, reason, sample);
	/* rss is read after everything else, and of every active domain: without it, NOWAIT found
	 * somebody else's job and skipped the rest (libvirt 9.0, qemuDomainGetStatsBalloon). */
	sample->is_short = is_busy_when_short && has_balloon && sample->rss == BALLOOND_UNKNOWN &&
			   sample->last_update == BALLOOND_UNKNOWN;
	return has_balloon;
}

/* What of a driver's statistics is meant as named: lxc says "swapped in" for what is in swap now,
 * Xen's AVAILABLE is the configured maximum. */
static bool is_meant(enum virt_kind kind, int tag)
{
	switch (kind) {
	case VIRT_QEMU:
	case VIRT_TEST:
	case VIRT_OTHER:
		return true;
	case VIRT_LXC:
		return tag == VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON ||
		       tag == VIR_DOMAIN_MEMORY_STAT_RSS;
	case VIRT_XEN:
		return tag == VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON;
	}
	return false;
}

void virt_sample_from_stats(const virDomainMemoryStatStruct *stats, int n_stats,
			    enum virt_kind kind, struct sample *sample)
{
	for (int i = 0; i < n_stats; i++)
		for (size_t k = 0; k < ELEMENTSOF(rows); k++)
			if (rows[k].tag == stats[i].tag && is_meant(kind, stats[i].tag))
				set_figure(sample, &rows[k], stats[i].val);
	if (kind == VIRT_LXC)
		sample->facts |= GUEST_CONTAINER;
	if (kind == VIRT_LXC || kind == VIRT_XEN)
		sample->facts |= GUEST_NO_STATS;
	sample->is_computed = kind == VIRT_TEST;
}

void virt_name_hypervisor(const char *type, char *to, size_t size)
{
	size_t n;

	/* The same driver by its older name. */
	if (strcasecmp(type, "parallels") == 0)
		type = "vz";
	for (n = 0; type[n] && n + 1 < size; n++)
		to[n] = (char)tolower((unsigned char)type[n]);
	to[n] = '\0';
}

/* A header of Linux 6.12-rc made the table of statistics longer than the table of their names:
 * any read met an assertion and killed the guest.  Upstream in 9.2.0-rc alone (9.1.90 and later),
 * downstream in 9.1.0-9.el9 (rhbz 2329448), which the version does not tell from good builds. */
bool virt_stats_are_risky(unsigned long version)
{
	return version / 1000 == 9001;
}
