/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files that read traces share.  Private to trace-read*.c. */

#include "balloond/io/lines.h"
#include "balloond/io/trace-fields.h"
#include "balloond/io/trace-read.h"

/* A policy as it was when the trace was written. */
struct trace_policy {
	char name[64];
	uint32_t state_version;
};

struct trace_reader {
	char *path;
	char *policy_dir;
	struct lines *lines;
	struct source source;
	struct trace_text text; /* of one document */
	size_t next_line;       /* where the document behind it begins */
	bool begun;             /* the header was read */
	bool is_over;           /* the last document was read, or one that is broken */

	struct config *config;
	struct config_text *files; /* that the next configuration consists of; owned */
	size_t n_files;
	uint64_t parts; /* of them that are still to come */
	bool has_main, dry_option;
	struct trace_policy *policies;
	size_t n_policies;

	struct history history;
	uint64_t n_announced; /* guests and rules that it has */
	uint64_t n_rules_announced;
	bool is_anew, reloaded;
	uint64_t lost;

	struct snapshot snapshot;
	struct trace_tick tick;
	struct trace_step *steps;
	size_t n_steps, max_steps;
	bool in_tick, is_complete;
};

/* More than any host has. */
#define TRACE_GUESTS_MAX 1000000u

/* Each reads what stands behind one key of a document: 0; -EINVAL: d says why; -ENOMEM. */
int trace_read_configuration(struct trace_reader *r, const struct node *node,
			     struct diagnostics *d);
int trace_read_file(struct trace_reader *r, const struct node *node, struct diagnostics *d);

int trace_read_history(struct trace_reader *r, const struct node *node, struct diagnostics *d);
int trace_read_rules(struct trace_reader *r, const struct node *node, struct diagnostics *d);
int trace_read_rule_states(struct trace_reader *r, const struct node *node, struct diagnostics *d);
int trace_read_memories(struct trace_reader *r, const struct node *node, struct diagnostics *d);
int trace_read_states(struct trace_reader *r, const struct node *node, struct diagnostics *d);

int trace_read_tick(struct trace_reader *r, const struct node *node, struct diagnostics *d);
int trace_read_host(struct trace_reader *r, const struct node *node, struct diagnostics *d);
int trace_read_gone(struct trace_reader *r, const struct node *node, struct diagnostics *d);
int trace_read_guests(struct trace_reader *r, const struct node *node, struct diagnostics *d);
int trace_read_steps(struct trace_reader *r, const struct node *node, struct diagnostics *d);
int trace_read_hash(struct trace_reader *r, const struct node *node, struct diagnostics *d);

/* Of an item of a list. */
int trace_read_uuid(const struct node *item, char to[GUEST_UUID_MAX], struct diagnostics *d);

void trace_reader_drop_files(struct trace_reader *r);
