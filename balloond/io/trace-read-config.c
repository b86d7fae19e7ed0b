/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The configuration of a trace: its files come in parts, and are read like those of a disk once
 * all are there.  A reload does to the history what it did then. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/storage.h"
#include "balloond/io/trace-read-internal.h"
#include "balloond/io/util.h"

/* As many as config.h lets be. */
#define PARTS_MAX (CONFIG_MAX_FILES * 16u)

void trace_reader_drop_files(struct trace_reader *r)
{
	for (size_t i = 0; i < r->n_files; i++) {
		free((void *)r->files[i].name);
		free((void *)r->files[i].text);
	}
	free(r->files);
	r->files = NULL;
	r->n_files = 0;
}

/* The state that the trace has of a policy means nothing to another version of it. */
static int check_policy(const struct trace_reader *r, const struct balloond_policy *policy,
			struct diagnostics *d)
{
	for (size_t i = 0; i < r->n_policies; i++) {
		if (strcmp(r->policies[i].name, policy->name) != 0 ||
		    r->policies[i].state_version == policy->state_version)
			continue;
		diagnostics_add(d, &r->source, 1, 1,
				"the policy %s was another one when this was recorded: its state "
				"had version %u, the module here has %u",
				policy->name, r->policies[i].state_version, policy->state_version);
		return -EINVAL;
	}
	return 0;
}

static int check_policies(const struct trace_reader *r, const struct config *config,
			  struct diagnostics *d)
{
	int k = 0;

	for (size_t i = 0; i < config_count_rules(config) && k == 0; i++)
		k = check_policy(r, config_rule(config, i)->policy, d);
	return k;
}

static int take_config(struct trace_reader *r, struct diagnostics *d)
{
	_cleanup_config_ struct config *config = NULL;
	int k;

	k = config_parse_files(r->files, r->n_files, r->has_main, r->policy_dir, &config, d);
	trace_reader_drop_files(r);
	if (k == -EINVAL)
		diagnostics_add(d, &r->source, 1, 1,
				"the configuration that was recorded is not taken");
	if (k < 0)
		return k;
	if (r->dry_option)
		config->dry_run = config->keep_stats_period = true;
	k = check_policies(r, config, d);
	if (k < 0)
		return k;
	k = history_reserve(&r->history, r->snapshot.n_guests, config);
	if (k < 0)
		return k;
	/* Behind a gap it is told in any case. */
	if (r->lost == 0 || !r->config || r->config->hash != config->hash)
		r->reloaded = true;
	config_free(r->config);
	r->config = TAKE_PTR(config);
	return 0;
}

static const struct trace_field policy_fields[] = {
	{ "state-version", TRACE_COUNT, offsetof(struct trace_policy, state_version),
	  sizeof(uint32_t), NULL },
};
static const struct trace_table policy_table = { policy_fields, ELEMENTSOF(policy_fields) };

static int read_policies(struct trace_reader *r, const struct node *list, struct diagnostics *d)
{
	free(r->policies);
	r->n_policies = 0;
	r->policies = calloc(list ? list->n_children + 1 : 1, sizeof(*r->policies));
	if (!r->policies)
		return -ENOMEM;
	for (const struct node *item = list ? list->first : NULL; item; item = item->next) {
		struct trace_policy *policy = &r->policies[r->n_policies];
		const struct node *name = node_find(item, "name");

		if (!name || !node_text(name) || strlen(node_text(name)) >= sizeof(policy->name)) {
			node_error(item, d, "expected a policy's name");
			return -EINVAL;
		}
		strcpy(policy->name, node_text(name));
		if (trace_read_mapping(item, &policy_table, policy, "name", d) < 0)
			return -EINVAL;
		r->n_policies++;
	}
	return 0;
}

struct head {
	uint64_t parts;
	bool has_main, dry_option;
};

static const struct trace_field head_fields[] = {
	{ "parts", TRACE_COUNT, offsetof(struct head, parts), sizeof(uint64_t), NULL },
	{ "main", TRACE_BOOL, offsetof(struct head, has_main), sizeof(bool), NULL },
	{ "dry-run-option", TRACE_BOOL, offsetof(struct head, dry_option), sizeof(bool), NULL },
};
static const struct trace_table head_table = { head_fields, ELEMENTSOF(head_fields) };

int trace_read_configuration(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	struct head head = { 0 };
	int k;

	if (trace_read_mapping(node, &head_table, &head, "policies", d) < 0)
		return -EINVAL;
	k = read_policies(r, node_find(node, "policies"), d);
	if (k < 0)
		return k;
	if (head.parts > PARTS_MAX) {
		node_error(node, d, "more files than a configuration has");
		return -EINVAL;
	}
	trace_reader_drop_files(r);
	r->files = calloc(head.parts + 1, sizeof(*r->files));
	if (!r->files)
		return -ENOMEM;
	r->parts = head.parts;
	r->has_main = head.has_main;
	r->dry_option = head.dry_option;
	return r->parts == 0 ? take_config(r, d) : 0;
}

/* What was written before it, and this. */
static int append(struct config_text *file, const char *bytes, size_t n)
{
	char *text = realloc((void *)file->text, file->size + n + 1);

	if (!text)
		return -ENOMEM;
	memcpy(text + file->size, bytes, n);
	file->text = text;
	file->size += n;
	return 0;
}

static struct config_text *begin_file(struct trace_reader *r, const char *encoded)
{
	struct config_text *file = &r->files[r->n_files];
	char *name = strdup(encoded);
	long n = name ? trace_unquote(name, strlen(encoded), encoded) : -1;

	if (n < 0) {
		free(name);
		return NULL;
	}
	name[n] = '\0';
	file->name = name;
	r->n_files++;
	return file;
}

static int read_part(struct trace_reader *r, const struct node *root, const char *name)
{
	const struct node *text = node_find(root, "text"), *encoded = node_find(root, "encoded");
	bool continues = node_find(root, "continues") && r->n_files > 0;
	struct config_text *file = continues ? &r->files[r->n_files - 1] : begin_file(r, name);
	const struct node *part = text ? text : encoded;
	_cleanup_free_ char *bytes = NULL;
	size_t length;
	long n;

	if (!file || !part || part->kind != NODE_SCALAR)
		return -EINVAL;
	length = strlen(part->text);
	if (text)
		return append(file, part->text, length);
	bytes = malloc(length + 1);
	if (!bytes)
		return -ENOMEM;
	n = trace_unquote(bytes, length, part->text);
	return n < 0 ? -EINVAL : append(file, bytes, (size_t)n);
}

int trace_read_file(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	const char *name = node->kind == NODE_SCALAR ? node->text : NULL;
	int k = r->parts > 0 && name ? read_part(r, node->parent, name) : -EINVAL;

	if (k == -EINVAL)
		node_error(node, d, "no part of a configuration's file that belongs here");
	if (k < 0)
		return k;
	return --r->parts == 0 ? take_config(r, d) : 0;
}
