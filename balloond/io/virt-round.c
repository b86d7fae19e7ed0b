/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One sweep of a source, on the main thread: the domains are listed now and then; sweepers read
 * them, each its part; what they bring is told as one.  A part whose sweeper was abandoned is read
 * by another.  What was held up and comes after all is not taken: nobody knows how old it is. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"

/* As many as one sweeper reads, while there are sweepers. */
#define PART_DOMAINS 300u

/* A sweep may take three times what is usual, and no less than this. */
#define LIMIT_MIN (2u * 1000000u)
#define LIMIT_FACTOR 3u

void virt_round_done(struct virt_source *s)
{
	struct virt_round *round = &s->round;

	free(round->sweep.samples);
	free(round->readings);
	free(round->skip);
	*round = (struct virt_round){ 0 };
}

static bool is_wanted(const struct virt_source *s, const struct virt_listed *l)
{
	const struct virt_round *round = &s->round;
	size_t low = 0, high = round->n_skip, middle;
	int order;

	if (quarantine_has(&s->quarantine, l->uuid, l->id))
		return false;
	while (low < high) {
		middle = low + (high - low) / 2;
		order = strcmp(l->uuid, round->skip[middle].uuid);
		if (order == 0)
			return round->skip[middle].id != l->id;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return true;
}

static void begin_sample(struct virt_source *s, size_t i)
{
	const struct virt_listed *l = &s->listed[i];
	struct sample *sample = &s->round.sweep.samples[i];

	virt_sample_init(sample);
	memcpy(sample->uuid, l->uuid, sizeof(sample->uuid));
	memcpy(sample->name, l->name, sizeof(sample->name));
	sample->id = l->id;
	sample->is_unread = true;
	s->round.readings[i] = is_wanted(s, l) ? READING_WANTED : READING_SKIPPED;
}

/* What was asked for and did not answer is not there any more. */
static void drop_gone(struct virt_source *s, struct sweep *sweep)
{
	size_t n = 0;

	for (size_t i = 0; i < sweep->n_samples; i++) {
		struct sample *sample = &sweep->samples[i];

		if (s->round.readings[i] == READING_WANTED)
			continue;
		sample->is_hung = quarantine_has(&s->quarantine, sample->uuid, sample->id);
		sweep->samples[n++] = *sample;
	}
	sweep->n_samples = n;
}

static void finish(struct virt *virt, struct virt_source *s)
{
	struct sweep sweep = s->round.sweep;

	/* It ended meanwhile; its event may have been told already. */
	if (sweep.error >= 0 && atomic_load(&s->was_closed))
		sweep.error = -ENOTCONN;
	sweep.source = s->number;
	sweep.is_first = s->is_first;
	sweep.is_connected = s->is_up && !atomic_load(&s->was_closed);
	memcpy(sweep.hypervisor, s->driver.hypervisor, sizeof(sweep.hypervisor));
	if (sweep.error >= 0)
		drop_gone(s, &sweep);
	else
		sweep.n_samples = 0;
	s->is_first = s->is_first && sweep.error < 0;
	sweep.ended = clock_monotonic();
	sweep.wall = clock_wall();
	s->round.sweep.samples = NULL;
	virt_round_done(s);
	virt->callbacks.on_sweep(virt->userdata, &sweep);
	free(sweep.samples);
}

static void fail(struct virt_round *round, int error, const char *text)
{
	if (round->sweep.error < 0)
		return;
	round->sweep.error = error;
	memcpy(round->sweep.text, text, strnlen(text, sizeof(round->sweep.text) - 1));
}

static void begin_part(struct virt_source *s, size_t i)
{
	struct virt_round *round = &s->round;
	struct virt_part *part = &round->parts[i];
	struct virt_work work = {
		.driver = s->driver,
		.is_gated = round->guest_stats == GUEST_STATS_NO ||
			    (round->guest_stats == GUEST_STATS_AUTO && s->driver.stats_are_risky),
		.samples = round->sweep.samples + part->first,
		.readings = round->readings + part->first,
		.n = part->n,
	};
	int r = 0;

	part->began = clock_monotonic();
	part->is_old = false;
	if (!s->sweepers[i])
		r = virt_sweeper_new(s, &s->sweepers[i]);
	if (r >= 0)
		r = virt_sweeper_submit(s->sweepers[i], i, &work);
	part->is_over = r < 0;
	if (r < 0)
		fail(round, r, strerror(-r));
}

static bool is_over(const struct virt_round *round)
{
	for (size_t i = 0; i < round->n_parts; i++)
		if (!round->parts[i].is_over)
			return false;
	return true;
}

static void begin_parts(struct virt *virt, struct virt_source *s)
{
	struct virt_round *round = &s->round;
	size_t n = s->n_listed, n_parts = (n + PART_DOMAINS - 1) / PART_DOMAINS;

	round->sweep.samples = calloc(n + 1, sizeof(*round->sweep.samples));
	round->readings = calloc(n + 1, 1);
	if (!round->sweep.samples || !round->readings) {
		fail(round, -ENOMEM, strerror(ENOMEM));
		finish(virt, s);
		return;
	}
	round->sweep.n_samples = n;
	for (size_t i = 0; i < n; i++)
		begin_sample(s, i);
	n_parts = n_parts < 1 ? 1 : n_parts > VIRT_PARTS_MAX ? VIRT_PARTS_MAX : n_parts;
	round->n_parts = n_parts;
	for (size_t i = 0; i < n_parts; i++) {
		round->parts[i].first = n * i / n_parts;
		round->parts[i].n = n * (i + 1) / n_parts - round->parts[i].first;
		begin_part(s, i);
	}
	if (is_over(round))
		finish(virt, s);
}

void virt_round_listed(struct virt *virt, struct virt_source *s, int error, const char *text)
{
	if (!s->round.is_on || atomic_load(&s->is_closing))
		return;
	virt_watch_listed(s);
	if (error >= 0) {
		begin_parts(virt, s);
		return;
	}
	fail(&s->round, error, text);
	finish(virt, s);
}

usec_t virt_round_limit(const struct virt_source *s)
{
	usec_t limit = s->usual * LIMIT_FACTOR;

	return limit > LIMIT_MIN ? limit : LIMIT_MIN;
}

bool virt_part_is_late(const struct virt_source *s, const struct virt_part *part, usec_t now)
{
	return !part->is_over && now >= part->began + virt_round_limit(s);
}

void virt_round_worked(struct virt *virt, struct virt_source *s, size_t i,
		       const struct virt_work *work)
{
	struct virt_round *round = &s->round;
	struct virt_part *part = &round->parts[i];
	usec_t now = clock_monotonic();
	bool is_old = virt_part_is_late(s, part, now) && (part->is_old || s->is_probing);

	if (work->error < 0)
		fail(round, work->error, work->text);
	else if (is_old)
		fail(round, -ETIMEDOUT, "reading them was held up");
	s->usual = (s->usual + (now - part->began)) / 2;
	part->is_over = true;
	memcpy(round->sweep.samples + part->first, work->samples, part->n * sizeof(*work->samples));
	memcpy(round->readings + part->first, work->readings, part->n);
	round->sweep.n_read += work->n_read;
	round->sweep.read_time += work->read_time;
	if (is_over(round))
		finish(virt, s);
}

void virt_round_replace(struct virt *virt, struct virt_source *s, size_t i)
{
	const struct virt_part *part = &s->round.parts[i];

	virt_sweeper_abandon(s->sweepers[i]);
	s->sweepers[i] = NULL;
	for (size_t k = part->first; k < part->first + part->n; k++)
		begin_sample(s, k);
	begin_part(s, i);
	if (is_over(&s->round))
		finish(virt, s);
}

int virt_sweep(struct virt_source *s, const struct sweep_request *request)
{
	struct virt_round *round = &s->round;
	struct sweep_skip *skip;
	int r;

	if (round->is_on)
		return -EBUSY;
	skip = calloc(request->n_skip + 1, sizeof(*skip));
	if (!skip)
		return -ENOMEM;
	if (request->n_skip > 0)
		memcpy(skip, request->skip, request->n_skip * sizeof(*skip));
	*round = (struct virt_round){
		.is_on = true,
		.guest_stats = request->guest_stats,
		.skip = skip,
		.n_skip = request->n_skip,
		.sweep.began = clock_monotonic(),
	};
	r = virt_source_look(s, request->list);
	if (r < 0)
		virt_round_done(s);
	return r;
}

bool virt_source_is_late(const struct virt_source *s, usec_t now)
{
	return s->round.is_on && now >= s->round.sweep.began + virt_round_limit(s);
}
