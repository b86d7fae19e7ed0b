/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What was remembered when recording began, or went on after a gap. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/text.h"
#include "balloond/io/storage.h"
#include "balloond/io/trace-read-internal.h"
#include "balloond/io/util.h"

struct head {
	uint64_t guests, rules, row_size, rule_state_size;
};

static const struct trace_field head_fields[] = {
	{ "guests", TRACE_COUNT, offsetof(struct head, guests), sizeof(uint64_t), NULL },
	{ "rules", TRACE_COUNT, offsetof(struct head, rules), sizeof(uint64_t), NULL },
	{ "row-size", TRACE_COUNT, offsetof(struct head, row_size), sizeof(uint64_t), NULL },
	{ "rule-state-size", TRACE_COUNT, offsetof(struct head, rule_state_size), sizeof(uint64_t),
	  NULL },
};
static const struct trace_table head_table = { head_fields, ELEMENTSOF(head_fields) };

/* Both kinds of keys stand in one mapping. */
static int read_head(const struct node *node, struct head *head, struct history *h,
		     struct diagnostics *d)
{
	if (node->kind != NODE_MAPPING) {
		node_expected(node, d, "a mapping");
		return -EINVAL;
	}
	for (const struct node *child = node->first; child; child = child->next) {
		int k = trace_read_field(child, &head_table, head, d);

		if (k == 0)
			k = trace_read_field(child, &trace_history, h, d);
		if (k == 0)
			node_key_error(child, d, "this balloond knows no such field");
		if (k <= 0)
			return -EINVAL;
	}
	return 0;
}

static int check_head(const struct trace_reader *r, const struct node *node,
		      const struct head *head, const struct history *h, struct diagnostics *d)
{
	const char *why = NULL;

	if (head->guests > TRACE_GUESTS_MAX || head->rules > config_count_rules(r->config))
		why = "more guests or rules than there can be";
	else if (head->guests > 0 && head->row_size != history_row_size(h))
		why = "policies keep another amount of state a guest than when this was recorded: "
		      "replay with the modules of then";
	else if (head->rules > 0 && head->rule_state_size != h->rule_state_size)
		why = "policies keep another amount of state a rule than when this was recorded: "
		      "replay with the modules of then";
	if (!why)
		return 0;
	node_error(node, d, "%s", why);
	return -EINVAL;
}

int trace_read_history(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	struct history fresh = { 0 };
	struct head head = { 0 };
	int k;

	if (!r->config || r->parts > 0) {
		node_error(node, d, "a history before all of the configuration");
		return -EINVAL;
	}
	if (read_head(node, &head, &fresh, d) < 0)
		return -EINVAL;
	k = history_reserve(&fresh, head.guests <= TRACE_GUESTS_MAX ? head.guests : 0, r->config);
	if (k >= 0)
		k = check_head(r, node, &head, &fresh, d);
	if (k < 0) {
		history_done(&fresh);
		return k;
	}
	history_done(&r->history);
	r->history = fresh;
	r->n_announced = head.guests;
	r->n_rules_announced = head.rules;
	r->is_anew = true;
	return 0;
}

static int belongs_elsewhere(const struct node *node, struct diagnostics *d)
{
	node_error(node, d, "what does not belong to the history that was announced");
	return -EINVAL;
}

int trace_read_rules(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	struct history *h = &r->history;

	for (const struct node *item = node->first; item; item = item->next) {
		if (!r->is_anew || h->n_rules == r->n_rules_announced)
			return belongs_elsewhere(item, d);
		if (trace_read_mapping(item, &trace_rule, &h->rules[h->n_rules], "number", d) < 0)
			return -EINVAL;
		h->n_rules++;
	}
	return 0;
}

int trace_read_memories(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	struct history *h = &r->history;

	for (const struct node *item = node->first; item; item = item->next) {
		struct memory *m = &h->guests[h->n_guests];
		char uuid[GUEST_UUID_MAX];

		if (!r->is_anew || h->n_guests == r->n_announced)
			return belongs_elsewhere(item, d);
		if (trace_read_uuid(item, uuid, d) < 0)
			return -EINVAL;
		if (h->n_guests > 0 && strcmp(m[-1].uuid, uuid) >= 0)
			return belongs_elsewhere(item, d);
		*m = (struct memory){ 0 };
		text_copy(m->uuid, sizeof(m->uuid), uuid);
		if (trace_read_mapping(item, &trace_memory, m, "uuid", d) < 0)
			return -EINVAL;
		h->n_guests++;
	}
	return 0;
}

struct place {
	uint64_t of, at;
};

static const struct trace_field place_fields[] = {
	{ "of", TRACE_COUNT, offsetof(struct place, of), sizeof(uint64_t), NULL },
	{ "at", TRACE_COUNT, offsetof(struct place, at), sizeof(uint64_t), NULL },
};
static const struct trace_table place_table = { place_fields, ELEMENTSOF(place_fields) };

/* n rows of `size` bytes. */
static int read_bytes(const struct node *list, uint8_t *rows, size_t n, size_t size,
		      struct diagnostics *d)
{
	for (const struct node *item = list->first; item; item = item->next) {
		const struct node *bytes = node_find(item, "bytes");
		struct place place = { 0 };

		if (trace_read_mapping(item, &place_table, &place, "bytes", d) < 0)
			return -EINVAL;
		if (place.of >= n || place.at >= size || !bytes || !node_text(bytes) ||
		    trace_unhex(rows + place.of * size + place.at, size - place.at,
				node_text(bytes)) < 0)
			return belongs_elsewhere(item, d);
	}
	return 0;
}

int trace_read_states(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	struct history *h = &r->history;

	return read_bytes(node, h->rows, r->is_anew ? h->n_guests : 0, history_row_size(h), d);
}

int trace_read_rule_states(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	struct history *h = &r->history;

	return read_bytes(node, h->rule_states, r->is_anew ? h->n_rules : 0, h->rule_state_size, d);
}
