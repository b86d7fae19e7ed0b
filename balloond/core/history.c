/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/history.h"

#include <string.h>

#include "balloond/core/text.h"

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
		.swap_in = BALLOOND_UNKNOWN,
		.progressed = now,
		.shrink_credit = UINT64_MAX, /* cut to one second's worth at its first use */
		.booted = g->booted,
	};
	text_copy(m->uuid, sizeof(m->uuid), g->uuid);
}

void history_follow(struct history *h, const struct snapshot *s)
{
	size_t old = 0;

	for (size_t i = 0; i < s->n_guests; i++) {
		const struct guest *g = &s->guests[i];
		uint8_t *state = h->spare_states + i * h->state_size;

		while (old < h->n_guests && strcmp(h->guests[old].uuid, g->uuid) < 0)
			old++;
		if (old < h->n_guests && strcmp(h->guests[old].uuid, g->uuid) == 0) {
			h->spare[i] = h->guests[old];
			if (h->state_size > 0)
				memcpy(state, h->states + old * h->state_size, h->state_size);
		} else {
			memory_begin(&h->spare[i], g, s->now);
			if (h->state_size > 0)
				memset(state, 0, h->state_size);
		}
	}
	struct memory *guests = h->guests;
	uint8_t *states = h->states;

	h->guests = h->spare;
	h->states = h->spare_states;
	h->spare = guests;
	h->spare_states = states;
	h->n_guests = s->n_guests;
}

void *history_state(const struct history *h, size_t i)
{
	return h->state_size > 0 ? h->states + i * h->state_size : NULL;
}

void *history_rule_state(const struct history *h, size_t rule)
{
	return h->rule_state_size > 0 ? h->rule_states + rule * h->rule_state_size : NULL;
}

/* Rules are few and change with reloads alone: a rule that moved in the file begins anew. */
void history_follow_rules(struct history *h, const struct config *c)
{
	for (size_t i = 0; i < c->n_rules; i++) {
		if (i < h->n_rules && h->rules[i].key == c->rules[i].key)
			continue;
		h->rules[i] = (struct rule_memory){ .key = c->rules[i].key };
		if (h->rule_state_size > 0)
			memset(history_rule_state(h, i), 0, h->rule_state_size);
	}
	h->n_rules = c->n_rules;
}
