/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What one sweeper reads of its part of a source.  Of the domains that are listed only those are
 * read that somebody wants to hear of: it costs libvirt two questions to their QEMU.  Two ways,
 * because drivers differ: qemu and vz put balloon figures into bulk statistics, one call for many;
 * lxc, xen and the test driver have them domain by domain.  A driver tells which by what it
 * answers.
 *
 *   qemu, gated   bulk without the balloon group, virDomainGetInfo() for sizes
 *   qemu, vz      bulk; NOWAIT skips a domain that somebody else works on
 *   others        virDomainGetInfo() and virDomainMemoryStats()
 *
 * NOWAIT does not bound the call: a hung QEMU holds up whoever asks first (virt-watch.c). */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"

static int name_sample(virDomainPtr domain, struct sample *sample)
{
	const char *name = virDomainGetName(domain);
	unsigned id = virDomainGetID(domain);
	size_t n;

	if (!name || virDomainGetUUIDString(domain, sample->uuid) < 0)
		return -EIO;
	n = strnlen(name, sizeof(sample->name) - 1);
	memcpy(sample->name, name, n);
	sample->name[n] = '\0';
	sample->id = id > INT32_MAX ? -1 : (int)id;
	return 0;
}

/* Sizes as libvirt remembers them: takes no job, asks no hypervisor. */
static int read_info(virDomainPtr domain, struct sample *sample)
{
	virDomainInfo info;

	if (virDomainGetInfo(domain, &info) < 0)
		return virt_errno();
	sample->maximum = (uint64_t)info.maxMem * 1024u;
	sample->actual = (uint64_t)info.memory * 1024u;
	virt_sample_set_state(info.state, 0, sample);
	return 0;
}

/* A domain that could not be read is there nevertheless. */
static int keep_unless_gone(struct sample *sample, int error)
{
	if (error >= 0 || error == -ENOENT)
		return error;
	sample->is_short = true;
	return 0;
}

static int collect_record(const struct virt_sweeper *w, const virDomainStatsRecord *record,
			  bool is_gated, struct sample *sample)
{
	int r;

	virt_sample_init(sample);
	r = name_sample(record->dom, sample);
	if (r < 0)
		return r;
	(void)virt_sample_from_params(record->params, record->nparams, !w->no_nowait, sample);
	if (!is_gated)
		return 0;
	sample->facts |= GUEST_STATS_GATED;
	return keep_unless_gone(sample, read_info(record->dom, sample));
}

static int compare_samples(const void *a, const void *b)
{
	return strcmp(((const struct sample *)a)->uuid, ((const struct sample *)b)->uuid);
}

static void take_sample(struct virt_work *work, const struct sample *sample)
{
	struct sample *place = bsearch(sample, work->samples, work->n, sizeof(*sample),
				       compare_samples);

	if (!place)
		return;
	*place = *sample;
	work->readings[place - work->samples] = READING_DONE;
}

static void take_record(const struct virt_sweeper *w, const virDomainStatsRecord *record,
			struct virt_work *work)
{
	struct sample sample;

	if (collect_record(w, record, work->is_gated, &sample) >= 0)
		take_sample(work, &sample);
}

static bool has_balloon(virDomainStatsRecordPtr *records, int n)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < records[i]->nparams; k++)
			if (strncmp(records[i]->params[k].field, "balloon.", 8) == 0)
				return true;
	return n == 0;
}

static int read_bulk(struct virt_sweeper *w, virDomainPtr *domains, unsigned groups,
		     virDomainStatsRecordPtr **ret)
{
	unsigned flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE;
	int n;

	if (!w->no_nowait)
		flags |= VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
	n = virDomainListGetStats(domains, groups, ret, flags);
	if (n >= 0 || w->no_nowait || virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
		return n >= 0 ? n : virt_errno();
	/* vz knows no such flag. */
	w->no_nowait = true;
	return read_bulk(w, domains, groups, ret);
}

/* -EOPNOTSUPP: the driver has no balloon figures in bulk. */
static int collect_bulk(struct virt_sweeper *w, virDomainPtr *domains, struct virt_work *work)
{
	unsigned groups = VIR_DOMAIN_STATS_STATE | (work->is_gated ? 0 : VIR_DOMAIN_STATS_BALLOON);
	virDomainStatsRecordPtr *records = NULL;
	int n;

	n = read_bulk(w, domains, groups, &records);
	if (n < 0)
		return n;
	/* qemu always has them; a wrong turn there would cost a call a guest for ever. */
	if (!work->is_gated && work->driver.kind != VIRT_QEMU && !has_balloon(records, n)) {
		virDomainStatsRecordListFree(records);
		return -EOPNOTSUPP;
	}
	for (int i = 0; i < n; i++)
		take_record(w, records[i], work);
	virDomainStatsRecordListFree(records);
	return 0;
}

static int collect_domain(enum virt_kind kind, virDomainPtr domain, struct sample *sample)
{
	virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
	int n, r;

	virt_sample_init(sample);
	r = name_sample(domain, sample);
	if (r < 0)
		return r;
	r = keep_unless_gone(sample, read_info(domain, sample));
	if (r < 0)
		return r;
	n = virDomainMemoryStats(domain, stats, ELEMENTSOF(stats), 0);
	virt_sample_from_stats(stats, n > 0 ? n : 0, kind, sample);
	if (n < 0 && virt_errno() == -ETIMEDOUT)
		sample->is_short = true;
	return 0;
}

static void collect_each(virDomainPtr *domains, struct virt_work *work)
{
	struct sample sample;

	for (; *domains; domains++)
		if (collect_domain(work->driver.kind, *domains, &sample) >= 0)
			take_sample(work, &sample);
}

static const char *pid_file_driver(enum virt_kind kind)
{
	switch (kind) {
	case VIRT_QEMU:
		return "qemu";
	case VIRT_LXC:
		return "lxc";
	case VIRT_XEN:
	case VIRT_TEST:
	case VIRT_OTHER:
		return NULL;
	}
	return NULL;
}

/* Handles of those that are to be read; one that is not to be had is not there any more. */
static size_t find_wanted(const struct virt_domains *domains, const struct virt_work *work,
			  virDomainPtr *ret)
{
	size_t n = 0, missing = 0;

	for (size_t i = 0; i < work->n; i++) {
		if (work->readings[i] != READING_WANTED)
			continue;
		ret[n] = virt_domains_find(domains, work->samples[i].uuid);
		if (ret[n])
			n++;
		else
			missing++;
	}
	ret[n] = NULL;
	return missing;
}

static int read_wanted(struct virt_sweeper *w, virDomainPtr *wanted, struct virt_work *work)
{
	int r;

	if (find_wanted(&w->domains, work, wanted) > 0) {
		r = virt_domains_list(w->link.connection, &w->domains);
		if (r < 0)
			return r;
		(void)find_wanted(&w->domains, work, wanted);
	}
	if (!*wanted)
		return 0;
	if (!w->no_bulk) {
		r = collect_bulk(w, wanted, work);
		if (r != -EOPNOTSUPP)
			return r;
		w->no_bulk = true;
	}
	collect_each(wanted, work);
	return 0;
}

int virt_collect(struct virt_sweeper *w, struct virt_work *work)
{
	_cleanup_free_ virDomainPtr *wanted = calloc(work->n + 1, sizeof(*wanted));
	usec_t began = clock_monotonic();
	int r;

	if (!wanted)
		return -ENOMEM;
	r = read_wanted(w, wanted, work);
	/* A connection that broke in between would make all guests vanish. */
	if (r >= 0 && virConnectIsAlive(w->link.connection) != 1)
		r = -ENOTCONN;
	if (r < 0) {
		if (virConnectIsAlive(w->link.connection) != 1)
			atomic_store(&w->source->was_closed, true);
		return r;
	}
	for (size_t i = 0; i < work->n; i++)
		work->n_read += work->readings[i] == READING_DONE;
	work->read_time = clock_monotonic() - began;
	residents_fill(&w->residents, "", pid_file_driver(work->driver.kind), work->samples,
		       work->n);
	return 0;
}
