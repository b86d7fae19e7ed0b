/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/manager-tally.h"

#include <string.h>

#include "balloond/policy-math.h"

#define HOUR (3600 * BALLOOND_SECOND)

/* Both are sorted.  at: where to go on looking. */
static bool is_there(const struct snapshot *now, const char *uuid, size_t *at)
{
	while (*at < now->n_guests && strcmp(now->guests[*at].uuid, uuid) < 0)
		++*at;
	return *at < now->n_guests && strcmp(now->guests[*at].uuid, uuid) == 0;
}

/* Guests of the last tick, in its order; `now`: only those that are not there any more. */
static void add_guests(struct tally_batch *batch, const struct history *h,
		       const struct published *last, const struct snapshot *now)
{
	size_t at = 0;

	for (size_t i = 0; i < h->n_guests && i < last->n_guests; i++) {
		const struct memory *m = &h->guests[i];

		if (m->shadow.tally.watched > 0 && !(now && is_there(now, m->uuid, &at)))
			tally_batch_add_guest(batch, m->uuid, last->guests[i].name,
					      &m->shadow.tally);
	}
}

static struct tally_batch *begin_batch(const struct manager_tally *t, const struct history *h,
				       const struct published *last)
{
	const struct tally_span span = {
		.begin = t->begun,
		.end = last->wall,
		.dry_run = h->tally.dry_run,
	};

	return tally_batch_new(t->store, &span, h->n_guests);
}

static void end_span(struct manager_tally *t, struct history *h, const struct published *last)
{
	struct tally_batch *batch = begin_batch(t, h, last);

	if (batch) {
		add_guests(batch, h, last, NULL);
		if (h->tally.watched > 0)
			tally_batch_set_host(batch, &h->tally);
		tally_store_write(t->store, batch);
	}
	tally_restart(h);
}

static bool is_gone(const struct history *h, const struct snapshot *now)
{
	size_t at = 0;

	for (size_t i = 0; i < h->n_guests; i++)
		if (h->guests[i].shadow.tally.watched > 0 && !is_there(now, h->guests[i].uuid, &at))
			return true;
	return false;
}

void manager_tally_follow(struct manager_tally *t, const struct snapshot *now, struct history *h,
			  const struct published *last, bool dry_run)
{
	bool is_over = now->wall >= t->due || now->wall < t->begun || dry_run != h->tally.dry_run;

	if (!t->store)
		return;
	if (is_over) {
		if (t->begun > 0)
			end_span(t, h, last);
		/* The time since the last tick is counted in the new one. */
		t->begun = now->wall;
		t->due = (now->wall / HOUR + 1) * HOUR;
	} else if (is_gone(h, now)) {
		struct tally_batch *batch = begin_batch(t, h, last);

		if (!batch)
			return;
		add_guests(batch, h, last, now);
		tally_store_write(t->store, batch);
	}
}

void manager_tally_close(struct manager_tally *t, struct history *h, const struct published *last)
{
	if (t->store && t->begun > 0)
		end_span(t, h, last);
	tally_store_free(t->store);
	*t = (struct manager_tally){ 0 };
}
