/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/history.h"

#include <string.h>

#include "balloond/core/text.h"
#include "balloond/policy-math.h"

void counter_read(struct counter *counter, uint64_t reading, usec_t elapsed)
{
	if (reading == BALLOOND_UNKNOWN || counter->last == BALLOOND_UNKNOWN ||
	    reading < counter->last || elapsed == 0)
		counter->rate = BALLOOND_UNKNOWN;
	else
		counter->rate = balloond_mul_div(reading - counter->last, BALLOOND_SECOND, elapsed);
	if (reading != BALLOOND_UNKNOWN)
		counter->last = reading;
}

static void memory_begin(struct memory *m, const struct guest *g, usec_t now)
{
	*m = (struct memory){
		.first_seen = now,
		.target = g->seen.actual,
		.claim = g->seen.actual,
		.kernel = BALLOOND_UNKNOWN,
		.used = BALLOOND_UNKNOWN,
		.actual = g->seen.actual,
		.previous_actual = g->seen.actual,
		.moved = g->swept,
		.resident = BALLOOND_UNKNOWN,
		.swap_in = { BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
		.major_faults = { BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
		.disk_reads = { BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
		.progressed = now,
		.shrink_credit = UINT64_MAX, /* cut to one second's worth at its first use */
		.booted = g->booted,
	};
	text_copy(m->uuid, sizeof(m->uuid), g->uuid);
}

struct slot {
	uint64_t key; /* 0: free */
	usec_t asked; /* when last */
};

/* Rounded up, so that the state behind the gates is aligned for anything. */
static size_t gates_size(const struct history *h)
{
	return balloond_round_up(h->n_gates * sizeof(struct gate), 16);
}

size_t history_row_size(const struct history *h)
{
	size_t slots = h->state_size > 0 ? h->n_slots * (sizeof(struct slot) + h->state_size) : 0;

	return gates_size(h) + slots;
}

static uint8_t *row(const struct history *h, size_t i)
{
	return h->rows + i * history_row_size(h);
}

static struct slot *slot_at(const struct history *h, size_t i, size_t n)
{
	return (struct slot *)(void *)(row(h, i) + gates_size(h) +
				       n * (sizeof(struct slot) + h->state_size));
}

static struct slot *find_slot(const struct history *h, size_t i, uint64_t key)
{
	for (size_t n = 0; h->state_size > 0 && n < h->n_slots; n++)
		if (slot_at(h, i, n)->key == key)
			return slot_at(h, i, n);
	return NULL;
}

static bool has_same_guests(const struct history *h, const struct snapshot *s)
{
	if (h->n_guests != s->n_guests)
		return false;
	for (size_t i = 0; i < s->n_guests; i++)
		if (memcmp(h->guests[i].uuid, s->guests[i].uuid, sizeof(h->guests[i].uuid)) != 0)
			return false;
	return true;
}

void history_follow(struct history *h, const struct snapshot *s)
{
	size_t old = 0, size = history_row_size(h);

	if (has_same_guests(h, s))
		return;
	for (size_t i = 0; i < s->n_guests; i++) {
		const struct guest *g = &s->guests[i];
		uint8_t *spare = h->spare_rows + i * size;

		while (old < h->n_guests && strcmp(h->guests[old].uuid, g->uuid) < 0)
			old++;
		if (old < h->n_guests && strcmp(h->guests[old].uuid, g->uuid) == 0) {
			h->spare[i] = h->guests[old];
			if (size > 0)
				memcpy(spare, row(h, old), size);
		} else {
			memory_begin(&h->spare[i], g, s->now);
			if (size > 0)
				memset(spare, 0, size);
		}
	}
	struct memory *guests = h->guests;
	uint8_t *rows = h->rows;

	h->guests = h->spare;
	h->rows = h->spare_rows;
	h->spare = guests;
	h->spare_rows = rows;
	h->n_guests = s->n_guests;
}

struct gate *history_gate(const struct history *h, size_t i, const struct rule *rule)
{
	struct gate *gate = (struct gate *)(void *)row(h, i) + rule->gate;

	if (gate->key != rule->key)
		*gate = (struct gate){ .key = rule->key };
	return gate;
}

void *history_state(const struct history *h, size_t i, uint64_t key, usec_t now)
{
	struct slot *slot = find_slot(h, i, key);

	if (h->state_size == 0)
		return NULL;
	if (!slot) {
		slot = slot_at(h, i, 0);
		for (size_t n = 1; n < h->n_slots; n++)
			if (slot_at(h, i, n)->asked < slot->asked)
				slot = slot_at(h, i, n);
		memset(slot + 1, 0, h->state_size);
		slot->key = key;
	}
	slot->asked = now;
	return slot + 1;
}

void history_forget(const struct history *h, size_t i, uint64_t key)
{
	struct slot *slot = find_slot(h, i, key);

	if (slot)
		*slot = (struct slot){ 0 };
}

void *history_rule_state(const struct history *h, size_t rule)
{
	return h->rule_state_size > 0 ? h->rule_states + rule * h->rule_state_size : NULL;
}

/* Rules are few and change with reloads alone: a rule that moved in the file begins anew. */
void history_follow_rules(struct history *h, const struct config *c)
{
	size_t n_rules = config_count_rules(c);

	for (size_t i = 0; i < n_rules; i++) {
		uint64_t key = config_rule(c, i)->key;

		if (i < h->n_rules && h->rules[i].key == key)
			continue;
		h->rules[i] = (struct rule_memory){ .key = key };
		if (h->rule_state_size > 0)
			memset(history_rule_state(h, i), 0, h->rule_state_size);
		/* Bytes of guests from before it left the file, or its place there. */
		for (size_t guest = 0; guest < h->n_guests; guest++)
			history_forget(h, guest, key);
	}
	h->n_rules = n_rules;
}
