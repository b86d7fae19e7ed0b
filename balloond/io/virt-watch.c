/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What holds up sweeps.  A QEMU that does not answer (stopped, or stuck in the kernel) keeps
 * whoever asks it waiting without end, and with it all that was to be asked after it.  The source's
 * own connection can tell who that is: virDomainGetControlInfo() takes no job and waits for nobody.
 * Whoever hangs goes to quarantine, the sweep that it holds up is abandoned, and another goes on
 * without it.  Those in quarantine are looked at ever more seldom until they answer. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"

/* In its monitor for longer than this, it hangs; a healthy one answers within milliseconds. */
#define HUNG_MS 1000u

/* Between two looks of any kind. */
#define PROBE_AGAIN (1u * 1000000u)

/* It takes milliseconds; with longer ones nobody answers anything. */
#define PROBE_MAX (1u * 1000000u)

/* Sweepers that may hang at the same time before there are no more others: with as many hung
 * guests as that the source is not swept until one of them answers. */
#define ABANDONED_MAX 4u

enum probe_answer { PROBE_IDLE, PROBE_OCCUPIED, PROBE_HUNG };

struct probe {
	char uuid[GUEST_UUID_MAX];
	int id;
	enum probe_answer answer;
};

struct probe_job {
	struct job job;
	struct virt_source *source;
	struct probe *probes;
	size_t n;
	int error;
};

/* One that is not listed any more has nobody waiting for it. */
static enum probe_answer ask(const struct virt_domains *domains, const char *uuid)
{
	virDomainPtr domain = virt_domains_find(domains, uuid);
	virDomainControlInfo info;

	if (!domain || virDomainGetControlInfo(domain, &info, 0) < 0)
		return PROBE_IDLE;
	if (info.state == VIR_DOMAIN_CONTROL_ERROR)
		return PROBE_HUNG;
	if (info.state != VIR_DOMAIN_CONTROL_OCCUPIED)
		return PROBE_IDLE;
	return info.stateTime > HUNG_MS ? PROBE_HUNG : PROBE_OCCUPIED;
}

static void probe_run(struct job *job)
{
	struct probe_job *j = (struct probe_job *)job;
	struct virt_source *s = j->source;

	for (size_t i = 0; i < j->n; i++)
		j->probes[i].answer = ask(&s->domains, j->probes[i].uuid);
	/* Nobody answered at all. */
	if (!s->connection || virt_is_dead(s))
		j->error = -ENOTCONN;
}

static void probe_drop(struct job *job)
{
	struct probe_job *j = (struct probe_job *)job;

	free(j->probes);
	virt_source_unref(j->source);
	free(j);
}

static void tell(struct virt *virt, const struct virt_source *s, const char *uuid,
		 enum event_kind kind)
{
	struct event event = { .source = s->number, .kind = kind, .at = clock_monotonic() };

	memcpy(event.uuid, uuid, sizeof(event.uuid));
	virt->callbacks.on_event(virt->userdata, &event);
}

static void take_answer(struct virt *virt, struct virt_source *s, const struct probe *probe)
{
	bool known = quarantine_has(&s->quarantine, probe->uuid, probe->id);

	if (probe->answer == PROBE_IDLE) {
		if (known && quarantine_release(&s->quarantine, probe->uuid))
			tell(virt, s, probe->uuid, EVENT_ANSWERS);
		return;
	}
	if (!known && probe->answer == PROBE_OCCUPIED)
		return;
	if (quarantine_put(&s->quarantine, probe->uuid, probe->id, clock_monotonic()) > 0)
		tell(virt, s, probe->uuid, EVENT_HUNG);
}

/* Whether the part is still reading somebody who hangs. */
static bool is_held_up(const struct virt_source *s, const struct virt_part *part)
{
	for (size_t i = part->first; i < part->first + part->n; i++)
		if (s->round.readings[i] == READING_WANTED &&
		    quarantine_has(&s->quarantine, s->listed[i].uuid, s->listed[i].id))
			return true;
	return false;
}

static void replace_parts(struct virt *virt, struct virt_source *s, usec_t now)
{
	for (size_t i = 0; i < s->round.n_parts; i++) {
		struct virt_part *part = &s->round.parts[i];

		if (!virt_part_is_late(s, part, now))
			continue;
		part->is_old = part->is_old || now - s->probed > PROBE_MAX || is_held_up(s, part);
		if (is_held_up(s, part) && s->n_abandoned < ABANDONED_MAX)
			virt_round_replace(virt, s, i);
	}
}

static void probe_done(struct job *job, void *userdata)
{
	struct probe_job *j = (struct probe_job *)job;
	struct virt_source *s = j->source;

	s->is_probing = false;
	if (j->error >= 0 && !atomic_load(&s->is_closing)) {
		for (size_t i = 0; i < j->n; i++)
			take_answer(userdata, s, &j->probes[i]);
		replace_parts(userdata, s, clock_monotonic());
	}
	probe_drop(job);
}

static const struct virt_listed *find_listed(const struct virt_source *s, const char *uuid)
{
	for (size_t i = 0; i < s->n_listed; i++)
		if (strcmp(s->listed[i].uuid, uuid) == 0)
			return &s->listed[i];
	return NULL;
}

static void add(struct probe_job *j, const char *uuid, int id)
{
	struct probe *probe = &j->probes[j->n++];

	memcpy(probe->uuid, uuid, sizeof(probe->uuid));
	probe->id = id;
}

/* Those that a late part reads, those in quarantine whose time has come, and one that a call waits
 * for: a sweep asks nobody whom a call is asking. */
static void choose(const struct virt_source *s, usec_t now, struct probe_job *j)
{
	const struct virt_listed *suspect;

	for (size_t i = 0; i < s->round.n_parts; i++) {
		const struct virt_part *part = &s->round.parts[i];

		if (!virt_part_is_late(s, part, now))
			continue;
		for (size_t k = part->first; k < part->first + part->n; k++)
			if (s->round.readings[k] == READING_WANTED &&
			    !quarantine_has(&s->quarantine, s->listed[k].uuid, s->listed[k].id))
				add(j, s->listed[k].uuid, s->listed[k].id);
	}
	for (size_t i = 0; i < s->quarantine.n; i++)
		if (now >= s->quarantine.list[i].look_at)
			add(j, s->quarantine.list[i].uuid, s->quarantine.list[i].id);
	suspect = find_listed(s, s->suspect);
	if (suspect && !quarantine_has(&s->quarantine, suspect->uuid, suspect->id))
		add(j, suspect->uuid, suspect->id);
}

static struct probe_job *new_job(struct virt_source *s)
{
	struct probe_job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->job = (struct job){ .run = probe_run, .done = probe_done, .drop = probe_drop };
	j->source = virt_source_ref(s);
	j->probes = calloc(s->n_listed + s->quarantine.n + 1, sizeof(*j->probes));
	if (j->probes)
		return j;
	probe_drop(&j->job);
	return NULL;
}

usec_t virt_watch_next(const struct virt_source *s)
{
	usec_t next, t;

	/* Without a connection nobody can be asked: the sweep that makes it anew comes first. */
	if (s->is_probing || !s->is_up)
		return UINT64_MAX;
	next = *s->suspect ? 0 : quarantine_next(&s->quarantine);
	for (size_t i = 0; i < s->round.n_parts; i++) {
		if (s->round.parts[i].is_over)
			continue;
		t = s->round.parts[i].began + virt_round_limit(s);
		next = t < next ? t : next;
	}
	return next > s->probe_after ? next : s->probe_after; /* UINT64_MAX stays */
}

/* Out of memory: at the next opportunity. */
void virt_watch(struct virt *virt, struct virt_source *s, usec_t now)
{
	struct probe_job *j;

	if (now < virt_watch_next(s))
		return;
	s->probed = now;
	s->probe_after = now + PROBE_AGAIN;
	/* One that is known to hang may be all that it is about, once others have come back. */
	replace_parts(virt, s, now);
	j = new_job(s);
	if (!j)
		return;
	choose(s, now, j);
	*s->suspect = '\0';
	if (j->n == 0 || workers_submit(s->thread, &j->job) < 0)
		probe_drop(&j->job);
	else
		s->is_probing = true;
}

void virt_watch_suspect(struct virt_source *s, const char *uuid)
{
	memcpy(s->suspect, uuid, sizeof(s->suspect));
}

void virt_watch_listed(struct virt_source *s)
{
	for (size_t i = s->quarantine.n; i-- > 0;) {
		const struct hung_domain *d = &s->quarantine.list[i];
		const struct virt_listed *l = find_listed(s, d->uuid);

		if (!l || l->id != d->id)
			(void)quarantine_release(&s->quarantine, d->uuid);
	}
}
