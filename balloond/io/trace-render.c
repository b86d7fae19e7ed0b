/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/trace-render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "balloond/core/value.h"
#include "balloond/io/clock.h"
#include "balloond/io/trace-fields.h"
#include "balloond/io/trace-plan.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "build-config.h"

/* Below the limits of io/yaml.h, with the largest item to come: 60 values of a guest, whose texts
 * grow threefold at worst. */
#define ITEMS_MAX 100u
#define DOCUMENT_MAX (256u * 1024u)

static void begin_document(struct trace_render *r, const char *head)
{
	trace_put(&r->text, "---\n");
	trace_put(&r->text, head);
	r->begin = r->text.n;
	r->n_items = 0;
	r->section = NULL;
	if (head != r->head)
		(void)snprintf(r->head, sizeof(r->head), "%s", "");
}

/* One more item of a list, in this document or a new one. */
static void begin_item(struct trace_render *r, const char *section)
{
	if (r->n_items >= ITEMS_MAX || r->text.n - r->begin > DOCUMENT_MAX)
		begin_document(r, r->head);
	if (r->section != section) {
		trace_put(&r->text, section);
		trace_put(&r->text, ":\n");
		r->section = section;
	}
	r->n_items++;
}

static void put_uuid(struct trace_render *r, const char *uuid)
{
	trace_put(&r->text, "  - uuid: ");
	trace_quote(&r->text, uuid, strlen(uuid));
	trace_put(&r->text, "\n");
}

static void put_amount(struct trace_render *r, const char *key, uint64_t bytes)
{
	char text[VALUE_TEXT_MAX];

	if (bytes <= INT64_MAX || bytes == BALLOOND_UNKNOWN)
		trace_print(&r->text, "%s: %s\n", key, value_format(text, BALLOOND_BYTES, bytes));
	else
		trace_print(&r->text, "%s: %" PRIu64 "\n", key, bytes);
}

/* The number is what is read; people read the rest. */
static void put_wall(struct trace_render *r, usec_t wall)
{
	time_t seconds = (time_t)(wall / BALLOOND_SECOND);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		(void)strftime(text, sizeof(text), " # %Y-%m-%d %H:%M:%SZ", &tm);
	trace_print(&r->text, "wall: %" PRIu64 "%s\n", wall, text);
}

void render_header(struct trace_render *r, const struct trace_scene *scene)
{
	begin_document(r, "");
	trace_print(&r->text, "trace: %u\nballoond: \"" BALLOOND_VERSION "\"\n", TRACE_FORMAT);
	put_wall(r, scene->snapshot->wall);
}

void render_gap(struct trace_render *r, uint64_t lost)
{
	begin_document(r, "");
	trace_print(&r->text, "gap: %" PRIu64 "\n", lost);
}

/* The size of the part of a file that begins at text: whole lines, where it has such. */
static size_t part_size(const char *text, size_t left)
{
	const char *end = left > TRACE_FILE_MAX ? memrchr(text, '\n', TRACE_FILE_MAX) : NULL;

	if (left <= TRACE_FILE_MAX)
		return left;
	return end ? (size_t)(end - text) + 1 : TRACE_FILE_MAX;
}

static size_t count_parts(const struct config_file *file)
{
	size_t n = 0, at = 0;

	do {
		at += part_size(file->text + at, file->size - at);
		n++;
	} while (at < file->size);
	return n;
}

static void render_file(struct trace_render *r, const struct config_file *file)
{
	size_t at = 0;

	do {
		const char *text = file->text + at;
		size_t size = part_size(text, file->size - at);

		begin_document(r, "file: ");
		trace_quote(&r->text, file->path, strlen(file->path));
		trace_put(&r->text, at > 0 ? "\ncontinues: true\n" : "\n");
		if (trace_is_literal(text, size)) {
			trace_put(&r->text, "text:");
			trace_literal(&r->text, text, size);
		} else {
			trace_put(&r->text, "encoded: ");
			trace_quote(&r->text, text, size);
			trace_put(&r->text, "\n");
		}
		at += size;
	} while (at < file->size);
}

/* Each policy once. */
static void render_policies(struct trace_render *r, const struct config *config)
{
	for (size_t i = 0; i < config_count_rules(config); i++) {
		const struct balloond_policy *p = config_rule(config, i)->policy;
		size_t k = 0;

		while (config_rule(config, k)->policy != p)
			k++;
		if (k < i)
			continue;
		trace_print(&r->text, "%s    - name: %s\n      state-version: %" PRIu32 "\n",
			    i == 0 ? "  policies:\n" : "", p->name, p->state_version);
	}
}

void render_config(struct trace_render *r, const struct trace_scene *scene)
{
	const struct config_files *files = scene->files;
	size_t parts = 0;

	for (size_t i = 0; i < files->n; i++)
		parts += count_parts(&files->items[i]);
	begin_document(r, "configuration:\n");
	trace_print(&r->text, "  parts: %zu\n  main: %s\n  dry-run-option: %s\n", parts,
		    files->has_main ? "true" : "false", scene->dry_option ? "true" : "false");
	render_policies(r, scene->config);
	for (size_t i = 0; i < files->n; i++)
		render_file(r, &files->items[i]);
}

static void render_states(struct trace_render *r, const char *section, size_t n,
			  const uint8_t *bytes, size_t size)
{
	static const uint8_t zeros[TRACE_STATE_MAX];

	for (size_t at = 0; at < size; at += TRACE_STATE_MAX) {
		size_t part = balloond_min(size - at, TRACE_STATE_MAX);

		if (memcmp(bytes + at, zeros, part) == 0)
			continue;
		begin_item(r, section);
		trace_print(&r->text, "  - of: %zu\n    at: %zu\n    bytes: ", n, at);
		trace_hex(&r->text, bytes + at, part);
		trace_put(&r->text, "\n");
	}
}

static void render_rules(struct trace_render *r, const struct history *h)
{
	for (size_t i = 0; i < h->n_rules; i++) {
		begin_item(r, "rules");
		trace_print(&r->text, "  - number: %zu\n", i);
		trace_write_fields(&r->text, &trace_rule, &h->rules[i], &(struct rule_memory){ 0 },
				   4);
	}
	for (size_t i = 0; i < h->n_rules && h->rule_state_size > 0; i++)
		render_states(r, "rule-states", i, h->rule_states + i * h->rule_state_size,
			      h->rule_state_size);
}

void render_history(struct trace_render *r, const struct trace_scene *scene)
{
	static const struct memory nothing;
	const struct history *h = scene->history;
	size_t row = history_row_size(h);

	begin_document(r, "history:\n");
	trace_print(&r->text, "  guests: %zu\n  rules: %zu\n", h->n_guests, h->n_rules);
	trace_print(&r->text, "  row-size: %zu\n  rule-state-size: %zu\n", row, h->rule_state_size);
	trace_write_fields(&r->text, &trace_history, h, &(struct history){ 0 }, 2);
	render_rules(r, h);
	for (size_t i = 0; i < h->n_guests; i++) {
		begin_item(r, "memories");
		put_uuid(r, h->guests[i].uuid);
		trace_write_fields(&r->text, &trace_memory, &h->guests[i], &nothing, 4);
	}
	for (size_t i = 0; i < h->n_guests && row > 0; i++)
		render_states(r, "states", i, h->rows + i * row, row);
}

void render_tick(struct trace_render *r, uint64_t number, const struct snapshot *s)
{
	(void)snprintf(r->head, sizeof(r->head), "tick: %" PRIu64 "\n", number);
	begin_document(r, r->head);
	trace_print(&r->text, "now: %" PRIu64 "us\n", s->now);
	put_wall(r, s->wall);
}

void render_dry_run(struct trace_render *r, bool dry_run)
{
	trace_print(&r->text, "dry-run: %s\n", dry_run ? "true" : "false");
}

void render_host(struct trace_render *r, const struct host *host, const struct host *last)
{
	size_t before = r->text.n;

	trace_put(&r->text, "host:\n");
	if (trace_write_fields(&r->text, &trace_host, host, last, 2) == 0)
		r->text.n = before;
}

void render_gone(struct trace_render *r, const struct guest *guest)
{
	begin_item(r, "gone");
	put_uuid(r, guest->uuid);
}

bool render_guest(struct trace_render *r, const struct guest *guest, const struct guest *last,
		  bool is_new)
{
	struct trace_render before = *r;

	begin_item(r, "guests");
	put_uuid(r, guest->uuid);
	if (trace_write_fields(&r->text, &trace_guest, guest, last, 4) > 0 || is_new)
		return true;
	/* Nothing is said of it; the memory may have moved. */
	before.text.data = r->text.data;
	before.text.max = r->text.max;
	before.text.failed = r->text.failed;
	*r = before;
	return false;
}

void render_plan(struct trace_render *r, const struct plan *plan, bool with_level)
{
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];
		const char *reason = trace_step_reason(plan, step);

		begin_item(r, "steps");
		put_uuid(r, plan->verdicts[step->guest].source->uuid);
		put_amount(r, "    from", step->from);
		put_amount(r, "    to", step->to);
		trace_put(&r->text, "    reason: ");
		trace_quote(&r->text, reason, strnlen(reason, TRACE_REASON_MAX - 1));
		trace_put(&r->text, "\n");
	}
	if (with_level && plan->account.level <= BALLOOND_LEVEL_CRITICAL)
		trace_print(&r->text, "level: %s\n", trace_level_words[plan->account.level]);
	trace_print(&r->text, "hash: %016" PRIx64 "\n", trace_plan_hash(plan));
}
