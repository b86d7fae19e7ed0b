/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One look at all domains of a source.  Two ways, because drivers differ: qemu and vz put balloon
 * figures into bulk statistics, one call for all; lxc, xen and the test driver have them domain by
 * domain.  A driver tells which by what it answers.
 *
 *   qemu, gated   bulk without the balloon group, virDomainGetInfo() for sizes
 *   qemu, vz      bulk; NOWAIT skips a domain that somebody else works on
 *   others        virDomainGetInfo() and virDomainMemoryStats()
 *
 * NOWAIT does not bound the call: a hung QEMU holds up whoever asks first. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static int collect_record(const struct virt_source *s, const virDomainStatsRecord *record,
			  bool is_gated, struct sample *sample)
{
	int r;

	virt_sample_init(sample);
	r = name_sample(record->dom, sample);
	if (r < 0)
		return r;
	(void)virt_sample_from_params(record->params, record->nparams, !s->no_nowait, sample);
	if (!is_gated)
		return 0;
	sample->facts |= GUEST_STATS_GATED;
	return keep_unless_gone(sample, read_info(record->dom, sample));
}

/* A domain that ended meanwhile leaves the sweep without it. */
static int collect_records(const struct virt_source *s, virDomainStatsRecordPtr *records, int n,
			   bool is_gated, struct sweep *sweep)
{
	sweep->samples = calloc((size_t)n + 1, sizeof(*sweep->samples));
	if (!sweep->samples)
		return -ENOMEM;
	for (int i = 0; i < n; i++)
		if (collect_record(s, records[i], is_gated, &sweep->samples[sweep->n_samples]) >= 0)
			sweep->n_samples++;
	return 0;
}

static bool has_balloon(virDomainStatsRecordPtr *records, int n)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < records[i]->nparams; k++)
			if (strncmp(records[i]->params[k].field, "balloon.", 8) == 0)
				return true;
	return n == 0;
}

static int read_bulk(struct virt_source *s, virConnectPtr connection, unsigned groups,
		     virDomainStatsRecordPtr **ret)
{
	unsigned flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE;
	int n;

	if (!s->no_nowait)
		flags |= VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
	n = virConnectGetAllDomainStats(connection, groups, ret, flags);
	if (n >= 0 || s->no_nowait || virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
		return n >= 0 ? n : virt_errno();
	/* vz knows no such flag. */
	s->no_nowait = true;
	return read_bulk(s, connection, groups, ret);
}

/* -EOPNOTSUPP: the driver has no balloon figures in bulk. */
static int collect_bulk(struct virt_source *s, virConnectPtr connection, bool is_gated,
			struct sweep *sweep)
{
	unsigned groups = VIR_DOMAIN_STATS_STATE | (is_gated ? 0 : VIR_DOMAIN_STATS_BALLOON);
	virDomainStatsRecordPtr *records = NULL;
	int n, r;

	n = read_bulk(s, connection, groups, &records);
	if (n < 0)
		return n;
	/* qemu always has them; a wrong turn there would cost a call a guest for ever. */
	if (!is_gated && s->kind != VIRT_QEMU && !has_balloon(records, n))
		r = -EOPNOTSUPP;
	else
		r = collect_records(s, records, n, is_gated, sweep);
	virDomainStatsRecordListFree(records);
	return r;
}

static int collect_domain(const struct virt_source *s, virDomainPtr domain, struct sample *sample)
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
	virt_sample_from_stats(stats, n > 0 ? n : 0, s->kind, sample);
	if (n < 0 && virt_errno() == -ETIMEDOUT)
		sample->is_short = true;
	return 0;
}

static int collect_each(struct virt_source *s, virConnectPtr connection, struct sweep *sweep)
{
	virDomainPtr *domains = NULL;
	int n;

	n = virConnectListAllDomains(connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	if (n < 0)
		return virt_errno();
	sweep->samples = calloc((size_t)n + 1, sizeof(*sweep->samples));
	for (int i = 0; i < n; i++) {
		if (sweep->samples &&
		    collect_domain(s, domains[i], &sweep->samples[sweep->n_samples]) >= 0)
			sweep->n_samples++;
		(void)virDomainFree(domains[i]);
	}
	free(domains);
	return sweep->samples ? 0 : -ENOMEM;
}

static int compare_samples(const void *a, const void *b)
{
	return strcmp(((const struct sample *)a)->uuid, ((const struct sample *)b)->uuid);
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

static bool is_gated(const struct virt_source *s, int guest_stats)
{
	return guest_stats == GUEST_STATS_NO ||
	       (guest_stats == GUEST_STATS_AUTO && s->stats_are_risky);
}

int virt_collect(struct virt_source *s, virConnectPtr connection, int guest_stats,
		 struct sweep *sweep)
{
	int r = -EOPNOTSUPP;

	if (!s->no_bulk) {
		r = collect_bulk(s, connection, is_gated(s, guest_stats), sweep);
		s->no_bulk = r == -EOPNOTSUPP;
	}
	if (s->no_bulk)
		r = collect_each(s, connection, sweep);
	/* A connection that broke in between would make all guests vanish. */
	if (r >= 0 && (atomic_load(&s->was_closed) || virConnectIsAlive(connection) != 1))
		r = -ENOTCONN;
	if (r < 0) {
		free(sweep->samples);
		sweep->samples = NULL;
		sweep->n_samples = 0;
		return r;
	}
	qsort(sweep->samples, sweep->n_samples, sizeof(*sweep->samples), compare_samples);
	residents_fill(&s->residents, "", pid_file_driver(s->kind), sweep->samples,
		       sweep->n_samples);
	return 0;
}
