/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A tick is told against the one before: what is not said has not changed. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/storage.h"
#include "balloond/io/trace-read-internal.h"
#include "balloond/io/util.h"

struct number {
	uint64_t value;
};

static const struct trace_field number_field = { "tick", TRACE_COUNT,
						 offsetof(struct number, value), sizeof(uint64_t),
						 NULL };
static const struct trace_table number_table = { &number_field, 1 };

int trace_read_tick(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	struct number number = { 0 };

	if (trace_read_field(node, &number_table, &number, d) < 0)
		return -EINVAL;
	if (r->in_tick && number.value == r->tick.number)
		return 0;
	if (r->in_tick || !r->config || r->parts > 0) {
		node_error(node, d,
			   r->in_tick ? "the tick before it has no end"
				      : "a tick before all of the configuration");
		return -EINVAL;
	}
	r->in_tick = true;
	r->n_steps = 0;
	r->tick.number = number.value;
	r->tick.line = r->source.skip + node->line;
	return 0;
}

static int out_of_place(const struct node *node, struct diagnostics *d)
{
	node_key_error(node, d, "outside of a tick");
	return -EINVAL;
}

int trace_read_host(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	if (!r->in_tick)
		return out_of_place(node, d);
	return trace_read_mapping(node, &trace_host, &r->snapshot.host, NULL, d);
}

/* Where a guest is, or belongs. */
static size_t place_of(const struct snapshot *s, const char *uuid, bool *ret_found)
{
	size_t low = 0, high = s->n_guests;

	/* Those that are told are in order, and mostly new ones come last. */
	if (high > 0 && strcmp(s->guests[high - 1].uuid, uuid) < 0)
		low = high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(s->guests[middle].uuid, uuid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = low < s->n_guests && strcmp(s->guests[low].uuid, uuid) == 0;
	return low;
}

int trace_read_gone(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	struct snapshot *s = &r->snapshot;

	if (!r->in_tick)
		return out_of_place(node, d);
	for (const struct node *item = node->first; item; item = item->next) {
		char uuid[GUEST_UUID_MAX];
		bool found;
		size_t i;

		if (trace_read_uuid(item, uuid, d) < 0)
			return -EINVAL;
		i = place_of(s, uuid, &found);
		if (!found) {
			node_error(item, d, "there is no such guest that could go");
			return -EINVAL;
		}
		s->n_guests--;
		memmove(&s->guests[i], &s->guests[i + 1], (s->n_guests - i) * sizeof(*s->guests));
	}
	return 0;
}

static int add_guest(struct snapshot *s, size_t i, const char *uuid)
{
	int k = snapshot_reserve(s, s->n_guests + 1);

	if (k < 0)
		return k;
	memmove(&s->guests[i + 1], &s->guests[i], (s->n_guests - i) * sizeof(*s->guests));
	guest_init(&s->guests[i], uuid, "");
	s->n_guests++;
	return 0;
}

int trace_read_guests(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	struct snapshot *s = &r->snapshot;
	int k = 0;

	if (!r->in_tick)
		return out_of_place(node, d);
	for (const struct node *item = node->first; item && k == 0; item = item->next) {
		char uuid[GUEST_UUID_MAX];
		bool found;
		size_t i;

		if (trace_read_uuid(item, uuid, d) < 0)
			return -EINVAL;
		i = place_of(s, uuid, &found);
		if (!found)
			k = s->n_guests < TRACE_GUESTS_MAX ? add_guest(s, i, uuid) : -ENOMEM;
		if (k == 0)
			k = trace_read_mapping(item, &trace_guest, &s->guests[i], "uuid", d);
	}
	return k;
}

static const struct trace_field step_fields[] = {
	{ "from", TRACE_BYTES, offsetof(struct trace_step, from), sizeof(uint64_t), NULL },
	{ "to", TRACE_BYTES, offsetof(struct trace_step, to), sizeof(uint64_t), NULL },
	{ "reason", TRACE_TEXT, offsetof(struct trace_step, reason),
	  sizeof(((struct trace_step *)0)->reason), NULL },
};
static const struct trace_table step_table = { step_fields, ELEMENTSOF(step_fields) };

static struct trace_step *add_step(struct trace_reader *r)
{
	size_t n = r->max_steps > 0 ? 2 * r->max_steps : 64;
	struct trace_step *steps;

	if (r->n_steps == r->max_steps) {
		steps = reallocarray(r->steps, n, sizeof(*steps));
		if (!steps)
			return NULL;
		r->steps = steps;
		r->max_steps = n;
	}
	r->steps[r->n_steps] = (struct trace_step){ 0 };
	return &r->steps[r->n_steps++];
}

int trace_read_steps(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	if (!r->in_tick)
		return out_of_place(node, d);
	for (const struct node *item = node->first; item; item = item->next) {
		struct trace_step *step = add_step(r);

		if (!step)
			return -ENOMEM;
		if (trace_read_uuid(item, step->uuid, d) < 0 ||
		    trace_read_mapping(item, &step_table, step, "uuid", d) < 0)
			return -EINVAL;
	}
	return 0;
}

int trace_read_hash(struct trace_reader *r, const struct node *node, struct diagnostics *d)
{
	const char *text = node_text(node);
	uint8_t bytes[8];

	if (!r->in_tick)
		return out_of_place(node, d);
	if (!text || trace_unhex(bytes, sizeof(bytes), text) != sizeof(bytes)) {
		node_expected(node, d, "16 hexadecimal digits");
		return -EINVAL;
	}
	r->tick.hash = 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		r->tick.hash = r->tick.hash << 8 | bytes[i];
	r->in_tick = false;
	r->is_complete = true;
	return 0;
}
