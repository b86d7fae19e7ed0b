/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When to look where.  Sources come and go with the configuration; each is swept when it is asked
 * to be, one sweep at a time:
 *
 *   refresh                          all that are not being swept, leaving libvirt twice as long as
 *                                    the last sweep took; those guests are read that are due
 *   an event, a size that was set    that one soon, not more than ten times a second, and leaving
 *                                    libvirt four times as long as the last sweep took
 *   no connection                    again after 1 s, doubling up to 30 s
 *
 * A sweep that a hung guest held up says nothing of libvirt's load: no pause is longer than what
 * keeps guests from being stale. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/live.h"
#include "balloond/io/log.h"
#include "balloond/io/util.h"

#define SECOND 1000000u
#define SOON (SECOND / 10)
#define SOON_FACTOR 4u
#define REFRESH_FACTOR 2u
#define PAUSE_MAX (2u * SECOND)
#define BACK_OFF_MIN (1u * SECOND)
#define BACK_OFF_MAX (30u * SECOND)

/* Guests come and go without an event where events cannot be had. */
#define LIST_EVERY (5u * SECOND)

/* A new cost counts for an eighth; one sweep that something held up counts as no more than four
 * times what was known. */
#define COST_PART 8u
#define COST_JUMP 4u

/* Definitions may change unseen: all are read again this often. */
#define INSPECT_EVERY (300u * SECOND)

/* uri: auto.  libvirt chooses between its modular and its monolithic daemon. */
static const char *const system_uris[] = {
	"qemu:///system",
	"lxc:///system",
	"xen:///system",
	"vz:///system",
};

struct live_source *live_find_source(const struct live *live, unsigned number)
{
	for (size_t i = 0; i < live->n_sources; i++)
		if (live->sources[i]->number == number)
			return live->sources[i];
	return NULL;
}

static usec_t pause_after(const struct live_source *s, unsigned factor)
{
	usec_t pause = s->duration * factor;

	return pause < PAUSE_MAX ? pause : PAUSE_MAX;
}

/* When a source that wants to be swept may be. */
static usec_t due_time(const struct live_source *s)
{
	usec_t pause = pause_after(s, SOON_FACTOR);
	usec_t due = s->ended + (pause > SOON ? pause : SOON);

	return due > s->retry_at ? due : s->retry_at;
}

/* Whoever is not known for sure is read. */
static bool may_skip(const struct domain *d, const struct live_source *s)
{
	return d->source == s->number && !d->wants_reading && !d->is_hidden && !d->is_lost &&
	       d->id >= 0;
}

static void clear_wishes(struct live *live, struct live_source *s, bool listed)
{
	if (listed)
		s->listed = clock_monotonic();
	s->wants_list = s->wants_list && !listed;
	for (size_t i = 0; i < live->domains.n; i++)
		if (live->domains.list[i]->source == s->number)
			live->domains.list[i]->wants_reading = false;
}

static void sweep(struct live *live, struct live_source *s)
{
	_cleanup_free_ struct sweep_skip *skip = calloc(live->domains.n + 1, sizeof(*skip));
	struct sweep_request request = {
		.guest_stats = live->guest_stats,
		.list = s->wants_list || clock_monotonic() - s->listed >= LIST_EVERY,
		.skip = skip,
	};
	int r;

	for (size_t i = 0; skip && i < live->domains.n; i++) {
		const struct domain *d = live->domains.list[i];

		if (!may_skip(d, s))
			continue;
		memcpy(skip[request.n_skip].uuid, d->guest.uuid, sizeof(skip->uuid));
		skip[request.n_skip++].id = d->id;
	}
	r = virt_sweep(s->virt, &request);
	/* One is in flight: the wishes hold until it came back. */
	if (r != -EBUSY)
		s->wants_sweep = r < 0;
	if (r >= 0)
		clear_wishes(live, s, request.list);
}

static void arm_timer(struct live *live)
{
	usec_t first = UINT64_MAX;

	for (size_t i = 0; i < live->n_sources; i++)
		if (live->sources[i]->wants_sweep && due_time(live->sources[i]) < first)
			first = due_time(live->sources[i]);
	if (first == UINT64_MAX)
		return;
	(void)sd_event_source_set_time(live->timer, first);
	(void)sd_event_source_set_enabled(live->timer, SD_EVENT_ONESHOT);
}

void live_on_timer(struct live *live)
{
	usec_t now = clock_monotonic();
	bool early = false;

	for (size_t i = 0; i < live->n_sources; i++) {
		struct live_source *s = live->sources[i];

		if (!s->wants_sweep)
			continue;
		if (due_time(s) <= now)
			sweep(live, s);
		else
			early = true;
	}
	/* A source that is being swept arms the timer when that sweep ends. */
	if (early)
		arm_timer(live);
}

void live_sweep_soon(struct live *live, unsigned number)
{
	struct live_source *s = live_find_source(live, number);

	if (!s || s->wants_sweep)
		return;
	s->wants_sweep = true;
	arm_timer(live);
}

static void log_change(const struct live_source *s, const struct sweep *found)
{
	if (found->is_connected && found->is_first)
		log_info("connected to %s", s->uri);
	else if (!found->is_connected && (s->is_connected || !s->has_answered || s->error == 0))
		log_line(s->is_optional && !s->has_swept ? LOG_DEBUG : LOG_WARNING,
			 "no connection to %s, trying again: %s", s->uri, found->text);
	else if (found->is_connected && found->error < 0 && found->error != s->error)
		log_warning("%s did not list its guests, trying again: %s", s->uri, found->text);
}

/* Others may have changed what was read long ago, or while there was no connection. */
static void want_inspections(struct live *live, const struct live_source *s, bool all)
{
	usec_t now = clock_monotonic();

	for (size_t i = 0; i < live->domains.n; i++) {
		struct domain *d = live->domains.list[i];

		if (d->source != s->number)
			continue;
		if (all || (d->calls.inspected > 0 && now - d->calls.inspected > INSPECT_EVERY))
			d->calls.wants_inspection = true;
		if (all)
			d->calls.wants_actual = true;
	}
}

static void back_off(struct live *live, struct live_source *s)
{
	domains_lose(&live->domains, s->number);
	s->back_off = s->back_off == 0 ? BACK_OFF_MIN : s->back_off * 2;
	if (s->back_off > BACK_OFF_MAX)
		s->back_off = BACK_OFF_MAX;
	s->retry_at = clock_monotonic() + s->back_off;
	s->wants_sweep = true;
}

static void learn_cost(struct live *live, const struct sweep *found)
{
	usec_t cost, old = live->sample_cost;

	if (found->error < 0 || found->is_first || found->n_read == 0)
		return;
	cost = found->read_time / found->n_read;
	if (old > 0 && cost > old * COST_JUMP)
		cost = old * COST_JUMP;
	live->sample_cost = old > 0 ? old + cost / COST_PART - old / COST_PART : cost;
	if (live->sample_cost == 0)
		live->sample_cost = 1;
}

void live_on_sweep(struct live *live, const struct sweep *found)
{
	struct live_source *s = live_find_source(live, found->source);
	bool adopt;

	if (!s)
		return;
	log_change(s, found);
	learn_cost(live, found);
	if (found->is_connected && found->is_first)
		live_watch_definitions(live);
	adopt = !s->has_swept;
	if (found->error >= 0 && domains_take_sweep(&live->domains, found, adopt) >= 0) {
		s->has_swept = true;
		want_inspections(live, s, found->is_first && !adopt);
	}
	s->ended = found->ended;
	s->duration = found->ended - found->began;
	s->error = found->error;
	s->has_answered = true;
	s->is_connected = found->is_connected;
	if (found->is_connected)
		s->back_off = s->retry_at = 0;
	else
		back_off(live, s);
	if (s->wants_sweep)
		arm_timer(live);
	live->has_wants = true;
	live->has_news = true;
}

static void source_free(struct live *live, struct live_source *s)
{
	domains_forget(&live->domains, s->number);
	virt_source_close(live->virt, s->virt);
	free(s->uri);
	free(s);
}

static int source_add(struct live *live, const char *uri, bool is_optional)
{
	struct live_source *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->number = live->next_number++;
	s->is_optional = is_optional;
	s->uri = strdup(uri);
	r = s->uri ? virt_source_open(live->virt, uri, s->number, &s->virt) : -ENOMEM;
	if (r < 0) {
		source_free(live, s);
		return r;
	}
	live->sources[live->n_sources++] = s;
	sweep(live, s);
	return 0;
}

static bool is_listed(const char *const *uris, size_t n, const char *uri)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(uris[i], uri) == 0)
			return true;
	return false;
}

static void drop_sources(struct live *live, const char *const *uris, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < live->n_sources; i++) {
		if (is_listed(uris, n, live->sources[i]->uri))
			live->sources[kept++] = live->sources[i];
		else
			source_free(live, live->sources[i]);
	}
	live->n_sources = kept;
}

static bool has_source(const struct live *live, const char *uri)
{
	for (size_t i = 0; i < live->n_sources; i++)
		if (strcmp(live->sources[i]->uri, uri) == 0)
			return true;
	return false;
}

int live_configure_sources(struct live *live, const struct config *config)
{
	bool is_auto = config->n_uris == 0;
	const char *const *uris = is_auto ? system_uris : (const char *const *)config->uris;
	size_t n = is_auto ? ELEMENTSOF(system_uris) : config->n_uris;
	struct live_source **sources;
	int r;

	sources = reallocarray(live->sources, live->n_sources + n, sizeof(struct live_source *));
	if (!sources)
		return -ENOMEM;
	live->sources = sources;
	drop_sources(live, uris, n);
	for (size_t i = 0; i < n; i++) {
		r = has_source(live, uris[i]) ? 0 : source_add(live, uris[i], is_auto);
		if (r < 0)
			return r;
	}
	return 0;
}

static void want_readings(struct live *live, const struct plan *plan)
{
	bool chosen = plan && plan->sampling.is_chosen;

	for (size_t i = 0; !chosen && i < live->domains.n; i++)
		live->domains.list[i]->wants_reading = true;
	for (size_t i = 0; chosen && i < plan->n_verdicts; i++) {
		struct domain *d = NULL;

		if (plan->verdicts[i].due)
			d = domains_find(&live->domains, plan->verdicts[i].guest.uuid);
		if (d)
			d->wants_reading = true;
	}
}

void live_refresh_sources(struct live *live, const struct plan *plan)
{
	usec_t now = clock_monotonic();

	want_readings(live, plan);

	for (size_t i = 0; i < live->n_sources; i++) {
		struct live_source *s = live->sources[i];

		if (s->retry_at <= now && now - s->ended >= pause_after(s, REFRESH_FACTOR))
			sweep(live, s);
		else
			live_sweep_soon(live, s->number);
	}
}

void live_drop_sources(struct live *live)
{
	drop_sources(live, NULL, 0);
	free(live->sources);
}
