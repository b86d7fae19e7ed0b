/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/manager-keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/resume.h"
#include "balloond/core/text.h"
#include "balloond/io/hash.h"
#include "balloond/io/log.h"
#include "balloond/io/read-file.h"
#include "balloond/io/storage.h"
#include "balloond/policy-math.h"

#define WRITE_EVERY_MIN BALLOOND_SECOND
/* What is learned without anything being asked. */
#define WRITE_EVERY_MAX (10 * BALLOOND_SECOND)
/* A hypervisor may come back as late; who is not seen by then is not waited for. */
#define BEFORE_MAX (24 * 3600 * BALLOOND_SECOND)

static void read_boot(char boot[KEEP_BOOT_MAX])
{
	char text[KEEP_BOOT_MAX + 1];

	if (read_file("", "/proc/sys/kernel/random/boot_id", text, sizeof(text)) < 0)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	text_copy(boot, KEEP_BOOT_MAX, text);
}

static int take_orders(const struct keep *before, struct standing *standing)
{
	int r = standing_reserve(standing, before->n_orders);

	for (size_t i = 0; r >= 0 && i < before->n_orders; i++)
		standing_take(standing, &before->orders[i]);
	return r;
}

int manager_keep_start(struct manager_keep *k, sd_event *event,
		       const struct manager_options *options, struct standing *standing)
{
	int r = keep_store_new(event, options->state_dir, &k->store);

	if (r >= 0)
		r = keep_store_load(k->store, !options->once && !options->dry_run, &k->before);
	if (r >= 0)
		r = take_orders(&k->before, standing);
	if (r < 0)
		return r;
	k->is_once = options->once;
	read_boot(k->boot);
	/* Stamps of another boot mean nothing, and no guest outlived it. */
	if (strcmp(k->before.boot, k->boot) != 0 || options->once)
		k->before.n_guests = 0;
	if (k->before.n_guests > 0 || k->before.n_orders > 0)
		log_info("going on with what is known of %zu guests, and %zu orders",
			 k->before.n_guests, k->before.n_orders);
	return 0;
}

static const struct kept_guest *find(const struct keep *before, const char *uuid)
{
	for (size_t i = 0; i < before->n_guests; i++)
		if (strcmp(before->guests[i].memory.uuid, uuid) == 0)
			return &before->guests[i];
	return NULL;
}

static void forget(struct keep *before, const struct kept_guest *g)
{
	size_t i = (size_t)(g - before->guests);

	before->guests[i] = before->guests[--before->n_guests];
}

void manager_keep_resume(struct manager_keep *k, const struct snapshot *s, struct history *h,
			 struct manager_trace *trace)
{
	bool any = false;

	if (k->begun == 0)
		k->begun = s->now;
	if (s->now - k->begun > BEFORE_MAX)
		k->before.n_guests = 0;
	if (k->before.n_guests == 0)
		return;
	history_follow(h, s);
	for (size_t i = 0; i < s->n_guests && k->before.n_guests > 0; i++) {
		const struct guest *g = &s->guests[i];
		const struct kept_guest *kept = find(&k->before, g->uuid);

		/* Without a size it is not known well enough yet. */
		if (!kept || g->seen.actual == BALLOOND_UNKNOWN)
			continue;
		if (kept->run == g->run && g->booted == 0) {
			memory_resume(&h->guests[i], &kept->memory, g->seen.actual, s->now);
			any = true;
		}
		forget(&k->before, kept);
	}
	if (any)
		manager_trace_forget(trace);
}

static void compose(const struct manager_keep *k, const struct snapshot *s, const struct history *h,
		    const struct standing *standing, struct trace_text *t)
{
	size_t n = 0;

	keep_put_head(t, k->boot);
	for (size_t i = 0; i < h->n_guests && i < s->n_guests; i++, n++)
		keep_put_guest(t, s->guests[i].run, &h->guests[i]);
	for (size_t i = 0; i < k->before.n_guests; i++) {
		const struct kept_guest *g = &k->before.guests[i];

		if (snapshot_find(s, g->memory.uuid))
			continue;
		keep_put_guest(t, g->run, &g->memory);
		n++;
	}
	for (size_t i = 0; i < standing->n; i++, n++)
		keep_put_order(t, &standing->orders[i]);
	keep_put_end(t, n);
}

static void write_now(struct manager_keep *k, const struct snapshot *s, const struct history *h,
		      const struct standing *standing)
{
	struct trace_text text = { 0 };
	uint64_t hash;

	compose(k, s, h, standing, &text);
	hash = text.failed ? 0 : hash_bytes(HASH_INIT, text.data, text.n);
	if (hash == k->hash && !text.failed) {
		k->is_due = false;
	} else if (keep_store_write(k->store, &text)) {
		k->is_due = false;
		k->hash = hash;
	}
	k->written = s->now;
	trace_text_done(&text);
}

void manager_keep_follow(struct manager_keep *k, const struct snapshot *s, const struct history *h,
			 const struct standing *standing, bool is_dry, bool changed)
{
	usec_t since = s->now - k->written;

	k->is_due = k->is_due || changed;
	if (!k->store || k->is_once || is_dry ||
	    (k->written != 0 && since < (k->is_due ? WRITE_EVERY_MIN : WRITE_EVERY_MAX)))
		return;
	write_now(k, s, h, standing);
}

void manager_keep_close(struct manager_keep *k, const struct snapshot *s, const struct history *h,
			const struct standing *standing, bool is_dry)
{
	/* Nothing was seen where nothing was written: the old file says more. */
	if (k->store && k->written != 0 && !is_dry)
		write_now(k, s, h, standing);
	keep_store_free(k->store);
	keep_done(&k->before);
	*k = (struct manager_keep){ 0 };
}
