/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Ticks to text, on the main thread: a tick is rendered whole or, where the disk lags behind, not
 * at all, and what follows such a gap begins with everything. */

#include "balloond/io/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "balloond/io/storage.h"
#include "balloond/io/trace-fields.h"
#include "balloond/io/trace-out.h"
#include "balloond/io/trace-plan.h"
#include "balloond/io/trace-render.h"
#include "balloond/io/util.h"

struct trace {
	struct trace_out *out;
	struct trace_render render;
	struct snapshot last; /* as it was written */
	struct trace_count count;
	uint64_t gap; /* ticks that were left out since the last one */
	bool begun;   /* the header is written */
	bool in_step; /* what was written leads to the history as it is */
	bool is_open; /* a tick has begun */
	bool dry_run, level_is_known;
	uint32_t level;
	int failed;
};

static void lose(struct trace *t)
{
	trace_text_done(&t->render.text);
	t->in_step = t->is_open = false;
	t->gap++;
	t->count.lost++;
}

/* All that ticks are told against. */
static void begin_anew(struct trace *t, const struct trace_scene *scene)
{
	/* What was rendered of a reload is part of this. */
	trace_text_done(&t->render.text);
	if (!t->begun)
		render_header(&t->render, scene);
	else
		render_gap(&t->render, t->gap);
	render_config(&t->render, scene);
	render_history(&t->render, scene);
	t->in_step = true;
	t->last.n_guests = 0;
	t->last.host = (struct host){ 0 };
	t->dry_run = false;
	t->level_is_known = false;
}

/* Returns false where guests came or went: their places have changed. */
static bool render_guests(struct trace *t, const struct snapshot *s)
{
	struct snapshot *last = &t->last;
	bool is_same_set = true;
	size_t i = 0, k = 0;

	for (size_t n = 0; n < last->n_guests; n++) {
		while (i < s->n_guests && strcmp(s->guests[i].uuid, last->guests[n].uuid) < 0)
			i++;
		if (i < s->n_guests && strcmp(s->guests[i].uuid, last->guests[n].uuid) == 0)
			continue;
		render_gone(&t->render, &last->guests[n]);
		is_same_set = false;
	}
	for (i = 0; i < s->n_guests; i++) {
		const struct guest *g = &s->guests[i];
		struct guest fresh;

		while (k < last->n_guests && strcmp(last->guests[k].uuid, g->uuid) < 0)
			k++;
		if (k < last->n_guests && strcmp(last->guests[k].uuid, g->uuid) == 0) {
			if (render_guest(&t->render, g, &last->guests[k], false))
				last->guests[k] = *g;
			continue;
		}
		guest_init(&fresh, g->uuid, "");
		render_guest(&t->render, g, &fresh, true);
		is_same_set = false;
	}
	return is_same_set;
}

static int follow(struct trace *t, const struct snapshot *s)
{
	int r;

	render_host(&t->render, &s->host, &t->last.host);
	t->last.host = s->host;
	if (render_guests(t, s))
		return 0;
	r = snapshot_reserve(&t->last, s->n_guests);
	if (r < 0)
		return r;
	memcpy(t->last.guests, s->guests, s->n_guests * sizeof(*s->guests));
	t->last.n_guests = s->n_guests;
	snapshot_seal(&t->last);
	return 0;
}

void trace_configure(struct trace *t, const struct trace_scene *scene)
{
	if (t->in_step)
		render_config(&t->render, scene);
}

void trace_forget(struct trace *t)
{
	t->in_step = false;
}

void trace_begin_tick(struct trace *t, const struct trace_scene *scene)
{
	int r = trace_out_ready(t->out);
	bool is_new = !t->in_step;

	if (r == -EAGAIN)
		lose(t);
	else if (r < 0)
		t->failed = r;
	if (r < 0)
		return;
	if (is_new)
		begin_anew(t, scene);
	t->is_open = true;
	render_tick(&t->render, t->count.ticks + t->count.lost + 1, scene->snapshot);
	if (is_new || scene->dry_run != t->dry_run)
		render_dry_run(&t->render, scene->dry_run);
	t->dry_run = scene->dry_run;
	if (follow(t, scene->snapshot) < 0)
		lose(t);
}

int trace_end_tick(struct trace *t, const struct plan *plan)
{
	int r;

	if (t->failed < 0 || !t->is_open)
		return t->failed;
	t->is_open = false;
	render_plan(&t->render, plan, !t->level_is_known || plan->account.level != t->level);
	t->level = plan->account.level;
	t->level_is_known = true;
	r = t->render.text.failed ? -ENOMEM : trace_out_write(t->out, &t->render.text);
	if (r < 0) {
		lose(t);
		return 0;
	}
	t->begun = true;
	t->gap = 0;
	t->count.ticks++;
	return 0;
}

int trace_flush(struct trace *t)
{
	return t->failed < 0 ? t->failed : trace_out_flush(t->out);
}

struct trace_count trace_count(const struct trace *t)
{
	return t->count;
}

struct trace *trace_free(struct trace *t)
{
	if (!t)
		return NULL;
	/* A gap at the very end is told as well: nobody is to take the last tick for the last. */
	if (t->gap > 0 && t->begun && t->failed == 0) {
		trace_text_done(&t->render.text);
		render_gap(&t->render, t->gap);
		if (!t->render.text.failed)
			(void)trace_out_write(t->out, &t->render.text);
	}
	trace_out_free(t->out);
	trace_text_done(&t->render.text);
	snapshot_done(&t->last);
	free(t);
	return NULL;
}

int trace_new(int fd, bool compress, struct trace **ret)
{
	struct trace *t = calloc(1, sizeof(*t));
	struct trace_out *out;
	int r;

	r = trace_out_new(fd, compress, &out);
	if (r < 0 || !t) {
		if (r >= 0)
			trace_out_free(out);
		free(t);
		return r < 0 ? r : -ENOMEM;
	}
	t->out = out;
	*ret = t;
	return 0;
}

int trace_open(const char *path, struct trace **ret)
{
	size_t n = strlen(path);
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0)
		return -errno;
	return trace_new(fd, n > 3 && strcmp(path + n - 3, ".gz") == 0, ret);
}
