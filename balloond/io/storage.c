/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every function allocates all new arrays first and takes them over only when all are there: a
 * failure leaves what was.  Arrays grow by half, so that a host that fills up pays rarely; they
 * never shrink. */

#include "balloond/io/storage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"

#define GUESTS_AT_FIRST 16u /* also keeps every pointer valid where there are none */

static size_t room_for(size_t n, size_t before)
{
	size_t more = before + before / 2;

	more = more > GUESTS_AT_FIRST ? more : GUESTS_AT_FIRST;
	return n > more ? n : more;
}

/* A zeroed array with what is kept of the old one; at least a byte, so that NULL means failure. */
static void *grown(const void *old, size_t n_old, size_t n, size_t size)
{
	char *array = calloc(n > 0 ? n : 1, size > 0 ? size : 1);

	if (array && old && n_old > 0 && size > 0)
		memcpy(array, old, n_old * size);
	return array;
}

static void replace(void *array, void *by)
{
	free(*(void **)array);
	*(void **)array = by;
}

int snapshot_reserve(struct snapshot *s, size_t n_guests)
{
	size_t max = room_for(n_guests, s->max_guests);
	struct guest *guests;

	if (n_guests <= s->max_guests && s->guests)
		return 0;
	guests = grown(s->guests, s->n_guests, max, sizeof(*guests));
	if (!guests)
		return -ENOMEM;
	replace(&s->guests, guests);
	s->max_guests = max;
	return 0;
}

void snapshot_done(struct snapshot *s)
{
	free(s->guests);
	*s = (struct snapshot){ 0 };
}

/* The arrays of a history, not yet its own. */
struct history_arrays {
	void *guests, *spare, *rows, *spare_rows;
	void *rules, *rule_states;
};

static void free_arrays(struct history_arrays *a)
{
	free(a->guests);
	free(a->spare);
	free(a->rows);
	free(a->spare_rows);
	free(a->rules);
	free(a->rule_states);
}

/* `wanted` has the counts and sizes to come. */
static int allocate_arrays(const struct history *h, const struct history *wanted, bool keep,
			   struct history_arrays *a)
{
	size_t n_guests = keep ? h->n_guests : 0, n_rules = keep ? h->n_rules : 0;
	size_t row = history_row_size(wanted);

	a->guests = grown(h->guests, h->n_guests, wanted->max_guests, sizeof(*h->guests));
	a->spare = grown(NULL, 0, wanted->max_guests, sizeof(*h->spare));
	a->rows = grown(h->rows, n_guests, wanted->max_guests, row);
	a->spare_rows = grown(NULL, 0, wanted->max_guests, row);
	a->rules = grown(h->rules, n_rules, wanted->max_rules, sizeof(*h->rules));
	a->rule_states = grown(h->rule_states, n_rules, wanted->max_rules, wanted->rule_state_size);
	return a->guests && a->spare && a->rows && a->spare_rows && a->rules && a->rule_states
		       ? 0
		       : -ENOMEM;
}

static void take_arrays(struct history *h, struct history_arrays *a)
{
	replace(&h->guests, TAKE_PTR(a->guests));
	replace(&h->spare, TAKE_PTR(a->spare));
	replace(&h->rows, TAKE_PTR(a->rows));
	replace(&h->spare_rows, TAKE_PTR(a->spare_rows));
	replace(&h->rules, TAKE_PTR(a->rules));
	replace(&h->rule_states, TAKE_PTR(a->rule_states));
}

/* Whether rows are laid out as this configuration needs them. */
static bool fits(const struct history *h, const struct history *wanted)
{
	return h->state_size == wanted->state_size && h->n_gates == wanted->n_gates &&
	       h->n_slots == wanted->n_slots && h->rule_state_size == wanted->rule_state_size;
}

int history_reserve(struct history *h, size_t n_guests, const struct config *config)
{
	_cleanup_(free_arrays) struct history_arrays arrays = { 0 };
	size_t n_rules = config_count_rules(config);
	bool grows = !h->guests || n_guests > h->max_guests || n_rules > h->max_rules, keep;
	struct history wanted = { .max_guests = h->max_guests,
				  .max_rules = h->max_rules,
				  .state_size = config->state_size,
				  .n_gates = config->n_gates,
				  .n_slots = history_count_slots(config),
				  .rule_state_size = config->rule_state_size };
	int r;

	keep = fits(h, &wanted);
	if (!grows && keep)
		return 0;
	if (!h->guests || n_guests > h->max_guests)
		wanted.max_guests = room_for(n_guests, h->max_guests);
	if (n_rules > h->max_rules)
		wanted.max_rules = n_rules;
	r = allocate_arrays(h, &wanted, keep, &arrays);
	if (r < 0)
		return r;
	take_arrays(h, &arrays);
	h->max_guests = wanted.max_guests;
	h->max_rules = wanted.max_rules;
	h->state_size = wanted.state_size;
	h->n_gates = wanted.n_gates;
	h->n_slots = wanted.n_slots;
	h->rule_state_size = wanted.rule_state_size;
	if (!keep)
		h->n_rules = 0; /* nobody's policy state is worth anything any more */
	return 0;
}

void history_done(struct history *h)
{
	free(h->guests);
	free(h->spare);
	free(h->rows);
	free(h->spare_rows);
	free(h->rules);
	free(h->rule_states);
	*h = (struct history){ 0 };
}

int plan_reserve(struct plan *p, size_t n_guests, const struct config *config)
{
	bool grows = n_guests > p->max_guests || !p->verdicts;
	size_t max = grows ? room_for(n_guests, p->max_guests) : p->max_guests;
	_cleanup_free_ void *verdicts = NULL, *steps = NULL, *fill = NULL, *index = NULL;
	_cleanup_free_ void *key = NULL;
	_cleanup_free_ void *view = NULL, *targets = NULL, *states = NULL, *scratch = NULL;

	if (!grows && p->scratch_size >= config->scratch_size)
		return 0;
	verdicts = grown(p->verdicts, p->n_verdicts, max, sizeof(*p->verdicts));
	steps = grown(p->steps, p->n_steps, max, sizeof(*p->steps));
	fill = grown(NULL, 0, max, sizeof(*p->fill));
	index = grown(NULL, 0, max, sizeof(*p->index));
	key = grown(NULL, 0, max, sizeof(*p->key));
	view = grown(NULL, 0, max, sizeof(*p->view));
	targets = grown(NULL, 0, max, sizeof(*p->targets));
	states = grown(NULL, 0, max, sizeof(*p->states));
	scratch = grown(NULL, 0, max, config->scratch_size);
	if (!verdicts || !steps || !fill || !index || !key || !view || !targets || !states ||
	    !scratch)
		return -ENOMEM;
	replace(&p->verdicts, TAKE_PTR(verdicts));
	replace(&p->steps, TAKE_PTR(steps));
	replace(&p->fill, TAKE_PTR(fill));
	replace(&p->index, TAKE_PTR(index));
	replace(&p->key, TAKE_PTR(key));
	replace(&p->view, TAKE_PTR(view));
	replace(&p->targets, TAKE_PTR(targets));
	replace(&p->states, TAKE_PTR(states));
	replace(&p->scratch, TAKE_PTR(scratch));
	p->max_guests = max;
	p->scratch_size = config->scratch_size;
	return 0;
}

void plan_done(struct plan *p)
{
	free(p->verdicts);
	free(p->steps);
	free(p->fill);
	free(p->index);
	free(p->key);
	free(p->view);
	free(p->targets);
	free(p->states);
	free(p->scratch);
	*p = (struct plan){ 0 };
}

int published_reserve(struct published *p, size_t n_guests)
{
	size_t max = room_for(n_guests, p->max_guests);
	struct published_guest *guests;

	if (n_guests <= p->max_guests && p->guests)
		return 0;
	guests = grown(p->guests, p->n_guests, max, sizeof(*guests));
	if (!guests)
		return -ENOMEM;
	/* Each copy points into itself. */
	for (size_t i = 0; i < p->n_guests; i++) {
		guests[i].verdict.guest.uuid = guests[i].uuid;
		guests[i].verdict.guest.name = guests[i].name;
	}
	replace(&p->guests, guests);
	p->max_guests = max;
	return 0;
}

void published_done(struct published *p)
{
	free(p->guests);
	*p = (struct published){ 0 };
}

int standing_reserve(struct standing *s, size_t n_orders)
{
	size_t max = room_for(n_orders, s->max);
	struct order *orders;

	if (n_orders <= s->max && s->orders)
		return 0;
	orders = grown(s->orders, s->n, max, sizeof(*orders));
	if (!orders)
		return -ENOMEM;
	replace(&s->orders, orders);
	s->max = max;
	return 0;
}

void standing_done(struct standing *s)
{
	free(s->orders);
	*s = (struct standing){ 0 };
}
