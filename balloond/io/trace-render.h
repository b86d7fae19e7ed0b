/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The documents of a trace, one after the other, none larger than a reader takes.  Private to
 * trace*.c. */

#include "balloond/io/trace-text.h"
#include "balloond/io/trace.h"

/* Of rows and rule states, in one item. */
#define TRACE_STATE_MAX 16384u
/* Of a configuration's file, in one document. */
#define TRACE_FILE_MAX (128u * 1024u)

struct trace_render {
	struct trace_text text;
	size_t begin;        /* of the document, in text */
	size_t n_items;      /* that it has */
	char head[32];       /* what every document of a tick begins with; "": of none */
	const char *section; /* the list that is open; NULL: none */
};

void render_header(struct trace_render *r, const struct trace_scene *scene);
void render_gap(struct trace_render *r, uint64_t lost);
void render_config(struct trace_render *r, const struct trace_scene *scene);
void render_history(struct trace_render *r, const struct trace_scene *scene);

void render_tick(struct trace_render *r, uint64_t number, const struct snapshot *s);
void render_dry_run(struct trace_render *r, bool dry_run);
void render_host(struct trace_render *r, const struct host *host, const struct host *last);
void render_gone(struct trace_render *r, const struct guest *guest);

/* is_new: also if nothing differs from last.  Returns whether there was something to write. */
bool render_guest(struct trace_render *r, const struct guest *guest, const struct guest *last,
		  bool is_new);
void render_plan(struct trace_render *r, const struct plan *plan, bool with_level);
