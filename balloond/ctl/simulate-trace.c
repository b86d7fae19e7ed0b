/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl simulate --trace: a simulated run, written down as a live one is.  What the scenario
 * and the command line say of the configuration stands in a drop-in of its own, behind the files
 * that were read: whoever replays the trace reads from it what decided. */

#include "balloond/ctl/simulate-trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/planner.h"
#include "balloond/io/storage.h"
#include "balloond/io/trace.h"
#include "balloond/io/util.h"

#define DROPIN "simulation.yaml"

struct simulation_trace {
	struct trace *trace;
	struct config_files files; /* the items' texts are borrowed, but for the drop-in's */
	struct amount pool;        /* as the drop-in has it */
	int failed;
};

static struct config_file *dropin(const struct simulation_trace *t)
{
	return &t->files.items[t->files.n - 1];
}

/* All that is changed after the files were read, and by events while it runs. */
static int write_dropin(struct simulation_trace *t, const struct config *config)
{
	struct config_file *file = dropin(t);
	char period[VALUE_TEXT_MAX], pool[VALUE_TEXT_MAX];
	bool is_set = config->host.pool.kind == AMOUNT_BYTES;
	char *text;
	int n;

	n = asprintf(&text,
		     "# What the scenario and the command line say.\n"
		     "dry-run: false\n"
		     "stats-period: %s\n"
		     "host:\n"
		     "  commit: %s\n"
		     "%s%s%s",
		     config->keep_stats_period
			     ? "keep"
			     : value_format(period, BALLOOND_USEC, config->stats_period),
		     config->host.commit == COMMIT_STRICT ? "strict" : "elastic",
		     is_set ? "  pool: " : "",
		     is_set ? value_format(pool, BALLOOND_BYTES, config->host.pool.value) : "",
		     is_set ? "\n" : "");
	if (n < 0)
		return -ENOMEM;
	free(file->text);
	file->text = text;
	file->size = (size_t)n;
	t->pool = config->host.pool;
	return 0;
}

static int take_files(struct simulation_trace *t, const struct simulation *s)
{
	const struct config_files *files = s->files;
	char *own = s->scenario->config;
	size_t n = files ? files->n : 1;

	t->files.items = calloc(n + 1, sizeof(*t->files.items));
	if (!t->files.items)
		return -ENOMEM;
	if (files && n > 0)
		memcpy(t->files.items, files->items, n * sizeof(*files->items));
	else if (!files)
		t->files.items[0] = (struct config_file){
			.path = (char *)s->path,
			.text = own,
			.size = strlen(own),
		};
	t->files.n = n + 1;
	t->files.has_main = files ? files->has_main : true;
	dropin(t)->path = (char *)DROPIN;
	return 0;
}

int simulation_trace_new(const char *path, const struct simulation *s,
			 struct simulation_trace **ret)
{
	struct simulation_trace *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	r = take_files(t, s);
	if (r >= 0)
		r = trace_open(path, &t->trace);
	if (r < 0) {
		(void)simulation_trace_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

struct simulation_trace *simulation_trace_free(struct simulation_trace *t)
{
	if (!t)
		return NULL;
	trace_free(t->trace);
	if (t->files.items)
		free(dropin(t)->text);
	free(t->files.items);
	free(t);
	return NULL;
}

static int follow_config(struct simulation_trace *t, const struct trace_scene *scene)
{
	const struct amount pool = scene->config->host.pool;
	bool is_first = !dropin(t)->text;
	int r;

	if (!is_first && pool.kind == t->pool.kind && pool.value == t->pool.value)
		return 0;
	r = write_dropin(t, scene->config);
	if (r >= 0 && !is_first)
		trace_configure(t->trace, scene);
	return r;
}

/* This clock waits for the disk: no tick is left out. */
static int write_tick(struct simulation_trace *t, const struct plan *plan)
{
	int r = trace_end_tick(t->trace, plan);

	return r < 0 ? r : trace_flush(t->trace);
}

void simulation_trace_decide(void *userdata, const struct config *config,
			     const struct snapshot *snapshot, struct history *history,
			     struct plan *plan)
{
	struct simulation_trace *t = userdata;
	const struct trace_scene scene = {
		.files = &t->files,
		.config = config,
		.snapshot = snapshot,
		.history = history,
	};

	/* A restart that the scenario has. */
	if (dropin(t)->text && history->now == 0)
		trace_forget(t->trace);
	if (t->failed == 0)
		t->failed = follow_config(t, &scene);
	if (t->failed == 0)
		trace_begin_tick(t->trace, &scene);
	planner_run(config, snapshot, history, false, plan);
	if (t->failed == 0)
		t->failed = write_tick(t, plan);
}

int simulation_trace_failed(const struct simulation_trace *t)
{
	return t ? t->failed : 0;
}
