/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/domains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/domain-facts.h"

static int compare_uuid(const void *key, const void *entry)
{
	return strcmp(key, (*(struct domain *const *)entry)->guest.uuid);
}

struct domain *domains_find(const struct domains *domains, const char *uuid)
{
	struct domain **found = NULL;

	if (domains->n > 0)
		found = bsearch(uuid, domains->list, domains->n, sizeof(*domains->list),
				compare_uuid);
	return found ? *found : NULL;
}

/* A sweep that began before the domain ended may still have seen it, or the run before this one. */
static bool is_outdated(const struct domain *d, const struct sweep *sweep)
{
	return sweep->began < (d->is_hidden ? d->stopped : d->run_seen);
}

/* What ran before anybody looked may have come at any time. */
static void begin(struct domain *d, const struct sample *sample, const struct sweep *sweep,
		  bool adopt)
{
	domain_begin(d, sample->name, adopt ? 0 : sweep->began, sweep->began);
	d->is_arrived = adopt && sample->is_arrived;
}

static void update(struct domain *d, const struct sample *sample, const struct sweep *sweep,
		   bool adopt)
{
	if (is_outdated(d, sweep) || (sample->is_unread && d->is_hidden))
		return;
	if (d->is_hidden || (d->id >= 0 && sample->id >= 0 && d->id != sample->id))
		begin(d, sample, sweep, adopt);
	/* What is known of it is as old as before, until it was read. */
	if (!sample->is_unread)
		d->is_lost = d->is_hung = false;
	d->is_hung = d->is_hung || sample->is_hung;
	domain_take_sample(d, sample, sweep);
}

static struct domain *add(const struct sample *sample, const struct sweep *sweep, bool adopt)
{
	struct domain *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	guest_init(&d->guest, sample->uuid, sample->name);
	d->source = sweep->source;
	begin(d, sample, sweep, adopt);
	d->is_hung = sample->is_hung;
	domain_take_sample(d, sample, sweep);
	return d;
}

/* A domain that the sweep did not find.  Returns whether it stays. */
static bool stays(struct domain *d, const struct sweep *sweep)
{
	if (d->source != sweep->source)
		return true;
	if (d->calls.in_flight) {
		/* The next run must not be called while this call may still hang. */
		if (!d->is_hidden)
			d->stopped = sweep->began;
		d->is_hidden = true;
		return true;
	}
	free(d);
	return false;
}

int domains_take_sweep(struct domains *domains, const struct sweep *sweep, bool adopt)
{
	struct domain **list;
	size_t n = 0, i = 0, k = 0;
	int order;

	list = calloc(domains->n + sweep->n_samples + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	while (i < domains->n || k < sweep->n_samples) {
		if (i == domains->n)
			order = 1;
		else if (k == sweep->n_samples)
			order = -1;
		else
			order = strcmp(domains->list[i]->guest.uuid, sweep->samples[k].uuid);
		if (order < 0) {
			list[n] = domains->list[i++];
			n += stays(list[n], sweep);
		} else if (order > 0) {
			/* Out of memory: it is as if the sweep had not seen it; the next will. */
			list[n] = add(&sweep->samples[k++], sweep, adopt);
			n += list[n] != NULL;
		} else {
			list[n] = domains->list[i++];
			/* Two hypervisors with one uuid: the first one has it. */
			if (list[n]->source == sweep->source)
				update(list[n], &sweep->samples[k], sweep, adopt);
			n++;
			k++;
		}
	}
	free(domains->list);
	domains->list = list;
	domains->n = n;
	return 0;
}

/* 1 s: an event and the sweep that it started see the same beginning. */
#define SAME_RUN 1000000u

/* Migration passes take their time; the event that would tell of an abort does not exist. */
#define MOVING_FOR (60u * 1000000u)

static void take_event(struct domain *d, const struct event *event)
{
	switch (event->kind) {
	case EVENT_STARTED:
		if (!d->is_hidden && d->run_seen + SAME_RUN < event->at)
			domain_begin(d, d->guest.name, event->at, event->at);
		break;
	case EVENT_REBOOTED:
		domain_reboot(d, event->at);
		break;
	case EVENT_STOPPED:
		d->is_hidden = true;
		d->stopped = event->at;
		break;
	case EVENT_CHANGED:
		d->calls.wants_inspection = true;
		break;
	case EVENT_RESIZED:
		d->wrong_actual = BALLOOND_UNKNOWN;
		d->wants_reading = true;
		break;
	case EVENT_MOVING:
		d->moving_until = event->at + MOVING_FOR;
		d->moving_ends = 0;
		break;
	case EVENT_STATE:
		/* A migration may have ended here, or have begun to move the guest for good: a look
		 * from now on tells. */
		d->moving_ends = event->at;
		d->calls.wants_inspection = d->calls.wants_actual = true;
		d->wants_reading = true;
		break;
	case EVENT_HUNG:
		d->is_hung = true;
		break;
	case EVENT_ANSWERS:
		/* Much may have happened, and events may have been lost. */
		d->calls.wants_inspection = d->calls.wants_actual = true;
		d->wants_reading = true;
		break;
	case EVENT_CLOSED:
		break;
	}
}

bool domains_take_event(struct domains *domains, const struct event *event)
{
	struct domain *d;

	if (event->kind == EVENT_CLOSED) {
		domains_lose(domains, event->source);
		return true;
	}
	d = domains_find(domains, event->uuid);
	if (!d || d->source != event->source)
		return event->kind == EVENT_STARTED || event->kind == EVENT_STATE;
	take_event(d, event);
	return event->kind != EVENT_CHANGED && event->kind != EVENT_MOVING &&
	       event->kind != EVENT_HUNG;
}

void domains_lose(struct domains *domains, unsigned source)
{
	for (size_t i = 0; i < domains->n; i++)
		if (domains->list[i]->source == source)
			domains->list[i]->is_lost = true;
}

void domains_forget(struct domains *domains, unsigned source)
{
	size_t n = 0;

	for (size_t i = 0; i < domains->n; i++) {
		if (domains->list[i]->source == source)
			free(domains->list[i]);
		else
			domains->list[n++] = domains->list[i];
	}
	domains->n = n;
}

size_t domains_count(const struct domains *domains)
{
	size_t n = 0;

	for (size_t i = 0; i < domains->n; i++)
		n += !domains->list[i]->is_hidden;
	return n;
}

void domains_compose(struct domains *domains, usec_t now, struct guest *guests)
{
	size_t n = 0;

	for (size_t i = 0; i < domains->n; i++)
		if (!domains->list[i]->is_hidden)
			domain_compose(domains->list[i], now, &guests[n++]);
}

void domains_done(struct domains *domains)
{
	for (size_t i = 0; i < domains->n; i++)
		free(domains->list[i]);
	free(domains->list);
	*domains = (struct domains){ 0 };
}
