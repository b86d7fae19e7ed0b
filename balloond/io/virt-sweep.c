/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One look at a source.  Its domains are listed now and then; in between those that were listed are
 * looked at, and of them only those are read that somebody wants to hear of: the list costs one
 * call, to read a domain costs libvirt two questions to its QEMU.  Two ways to read, because
 * drivers differ: qemu and vz put balloon figures into bulk statistics, one call for many; lxc, xen
 * and the test driver have them domain by domain.  A driver tells which by what it answers.
 *
 *   qemu, gated   bulk without the balloon group, virDomainGetInfo() for sizes
 *   qemu, vz      bulk; NOWAIT skips a domain that somebody else works on
 *   others        virDomainGetInfo() and virDomainMemoryStats()
 *
 * NOWAIT does not bound the call: a hung QEMU holds up whoever asks first. */

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

static int compare_skip(const void *uuid, const void *skip)
{
	return strcmp(uuid, ((const struct sweep_skip *)skip)->uuid);
}

static int compare_samples(const void *a, const void *b)
{
	return strcmp(((const struct sample *)a)->uuid, ((const struct sample *)b)->uuid);
}

static void take_record(const struct virt_source *s, const virDomainStatsRecord *record,
			bool is_gated, struct sweep *sweep)
{
	struct sample sample, *place;

	if (collect_record(s, record, is_gated, &sample) < 0)
		return;
	place = bsearch(&sample, sweep->samples, sweep->n_samples, sizeof(sample), compare_samples);
	if (place)
		*place = sample;
}

static bool has_balloon(virDomainStatsRecordPtr *records, int n)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k < records[i]->nparams; k++)
			if (strncmp(records[i]->params[k].field, "balloon.", 8) == 0)
				return true;
	return n == 0;
}

static int read_bulk(struct virt_source *s, virDomainPtr *domains, unsigned groups,
		     virDomainStatsRecordPtr **ret)
{
	unsigned flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE;
	int n;

	if (!s->no_nowait)
		flags |= VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
	n = virDomainListGetStats(domains, groups, ret, flags);
	if (n >= 0 || s->no_nowait || virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
		return n >= 0 ? n : virt_errno();
	/* vz knows no such flag. */
	s->no_nowait = true;
	return read_bulk(s, domains, groups, ret);
}

/* -EOPNOTSUPP: the driver has no balloon figures in bulk. */
static int collect_bulk(struct virt_source *s, virDomainPtr *domains, bool is_gated,
			struct sweep *sweep)
{
	unsigned groups = VIR_DOMAIN_STATS_STATE | (is_gated ? 0 : VIR_DOMAIN_STATS_BALLOON);
	virDomainStatsRecordPtr *records = NULL;
	int n;

	n = read_bulk(s, domains, groups, &records);
	if (n < 0)
		return n;
	/* qemu always has them; a wrong turn there would cost a call a guest for ever. */
	if (!is_gated && s->kind != VIRT_QEMU && !has_balloon(records, n)) {
		virDomainStatsRecordListFree(records);
		return -EOPNOTSUPP;
	}
	for (int i = 0; i < n; i++)
		take_record(s, records[i], is_gated, sweep);
	virDomainStatsRecordListFree(records);
	return 0;
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

static void collect_each(const struct virt_source *s, virDomainPtr *domains, struct sweep *sweep)
{
	for (; *domains; domains++) {
		struct sample sample, *place;

		if (collect_domain(s, *domains, &sample) < 0)
			continue;
		place = bsearch(&sample, sweep->samples, sweep->n_samples, sizeof(sample),
				compare_samples);
		if (place)
			*place = sample;
	}
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

void virt_forget_domains(struct virt_source *s)
{
	for (size_t i = 0; i < s->n_domains; i++)
		(void)virDomainFree(s->domains[i]);
	free(s->domains);
	s->domains = NULL;
	s->n_domains = 0;
}

static int list_domains(struct virt_source *s, virConnectPtr connection)
{
	virDomainPtr *domains = NULL;
	int n;

	n = virConnectListAllDomains(connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	if (n < 0)
		return virt_errno();
	virt_forget_domains(s);
	s->domains = domains;
	s->n_domains = (size_t)n;
	return 0;
}

/* A sample of each listed domain, and in `domains` those that are to be read. */
static int begin_samples(const struct virt_source *s, const struct sweep_request *request,
			 virDomainPtr *domains, struct sweep *sweep)
{
	sweep->samples = calloc(s->n_domains + 1, sizeof(*sweep->samples));
	if (!sweep->samples)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_domains; i++) {
		struct sample *sample = &sweep->samples[sweep->n_samples];
		const struct sweep_skip *skip = NULL;

		virt_sample_init(sample);
		if (name_sample(s->domains[i], sample) < 0)
			continue;
		sample->is_unread = true;
		sweep->n_samples++;
		if (request->n_skip > 0)
			skip = bsearch(sample->uuid, request->skip, request->n_skip, sizeof(*skip),
				       compare_skip);
		if (!skip || skip->id != sample->id)
			domains[sweep->n_read++] = s->domains[i];
	}
	qsort(sweep->samples, sweep->n_samples, sizeof(*sweep->samples), compare_samples);
	return 0;
}

/* What was asked for and did not answer is not there any more. */
static void drop_gone(const struct sweep_request *request, struct sweep *sweep)
{
	size_t n = 0;

	for (size_t i = 0; i < sweep->n_samples; i++) {
		const struct sample *sample = &sweep->samples[i];
		const struct sweep_skip *skip = NULL;

		if (sample->is_unread && request->n_skip > 0)
			skip = bsearch(sample->uuid, request->skip, request->n_skip, sizeof(*skip),
				       compare_skip);
		if (!sample->is_unread || (skip && skip->id == sample->id))
			sweep->samples[n++] = *sample;
	}
	sweep->n_samples = n;
}

static int collect(struct virt_source *s, const struct sweep_request *request,
		   virDomainPtr *domains, struct sweep *sweep)
{
	usec_t began = clock_monotonic();
	int r = begin_samples(s, request, domains, sweep);

	if (r < 0 || sweep->n_read == 0)
		return r;
	if (!s->no_bulk) {
		r = collect_bulk(s, domains, is_gated(s, request->guest_stats), sweep);
		s->no_bulk = r == -EOPNOTSUPP;
	}
	if (s->no_bulk) {
		collect_each(s, domains, sweep);
		r = 0;
	}
	drop_gone(request, sweep);
	sweep->read_time = clock_monotonic() - began;
	return r;
}

int virt_collect(struct virt_source *s, virConnectPtr connection,
		 const struct sweep_request *request, struct sweep *sweep)
{
	_cleanup_free_ virDomainPtr *domains = NULL;
	int r = 0;

	if (request->list || !s->domains)
		r = list_domains(s, connection);
	if (r >= 0) {
		domains = calloc(s->n_domains + 1, sizeof(*domains));
		r = domains ? collect(s, request, domains, sweep) : -ENOMEM;
	}
	/* A connection that broke in between would make all guests vanish. */
	if (r >= 0 && (atomic_load(&s->was_closed) || virConnectIsAlive(connection) != 1))
		r = -ENOTCONN;
	if (r < 0) {
		free(sweep->samples);
		sweep->samples = NULL;
		sweep->n_samples = 0;
		return r;
	}
	residents_fill(&s->residents, "", pid_file_driver(s->kind), sweep->samples,
		       sweep->n_samples);
	return 0;
}
