/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A built opponent, loaded as balloond loads policies, with a few guests that do what they are told
 * once the test says so. */

#include <string.h>

#include "balloond/core/value.h"
#include "balloond/io/loader.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND

#define BED_GUESTS 4u
#define BED_BYTES_MAX 512u /* of parameters, and of each kind of state */

struct bed {
	const struct balloond_policy *policy;
	_Alignas(16) uint8_t params[BED_BYTES_MAX];
	struct balloond_view view;
	struct balloond_host host;
	struct balloond_guest guests[BED_GUESTS];
	const struct balloond_guest *pointers[BED_GUESTS];
	struct balloond_target targets[BED_GUESTS];
	_Alignas(16) uint8_t states[BED_GUESTS][BED_BYTES_MAX];
	_Alignas(16) uint8_t rule_state[BED_BYTES_MAX];
	_Alignas(16) uint8_t scratch[BED_GUESTS * BED_BYTES_MAX];
};

static inline void bed_set(struct bed *b, const char *name, const char *text)
{
	for (size_t i = 0; i < b->policy->n_params; i++) {
		const struct balloond_param *p = &b->policy->params[i];
		uint64_t x;

		if (strcmp(p->name, name) != 0)
			continue;
		ck_assert_int_eq(value_parse(text, p->type, &x, NULL), 0);
		memcpy(b->params + p->offset, &x, sizeof(x));
		return;
	}
	ck_abort_msg("%s has no parameter %s", b->policy->name, name);
}

static inline void bed_init(struct bed *b, const char *name)
{
	char error[512] = "";

	memset(b, 0, sizeof(*b));
	ck_assert_msg(loader_load(check_dir("BALLOOND_TEST_OPPONENT_DIR"), false, name, &b->policy,
				  error, sizeof(error)) == 0,
		      "%s", error);
	ck_assert_uint_le(b->policy->params_size, BED_BYTES_MAX);
	ck_assert_uint_le(b->policy->state_size, BED_BYTES_MAX);
	ck_assert_uint_le(b->policy->rule_state_size, BED_BYTES_MAX);
	ck_assert_uint_le(b->policy->scratch_size, BED_BYTES_MAX);
	for (size_t i = 0; i < b->policy->n_params; i++)
		bed_set(b, b->policy->params[i].name, b->policy->params[i].fallback);
	b->view.now = 1000 * SECOND;
	b->host.total = b->host.available = b->host.free = b->view.capacity = 100 * GiB;
	b->host.some_avg10 = b->host.full_avg10 = BALLOOND_UNKNOWN;
}

/* A guest that reports everything and has no cache. */
static inline struct balloond_guest *bed_add(struct bed *b, uint64_t ceiling, uint64_t size,
					     uint64_t used)
{
	struct balloond_guest *g = &b->guests[b->view.n_guests++];

	ck_assert_uint_le(b->view.n_guests, BED_GUESTS);
	*g = (struct balloond_guest){
		.uuid = "u",
		.name = "g",
		.floor = 0,
		.ceiling = ceiling,
		.maximum = ceiling,
		.target = size,
		.actual = size,
		.used = used,
		.usable = size - used,
		.unused = size - used,
		.resident = size,
		.charge = size,
		.sample = 1,
		.sample_elapsed = SECOND,
		.shares = 1000,
		.flags = BALLOOND_GUEST_MAY_GROW | BALLOOND_GUEST_MAY_SHRINK,
	};
	return g;
}

static inline void bed_ask(struct bed *b)
{
	void *states[BED_GUESTS];

	b->view.host = &b->host;
	b->view.guests = b->pointers;
	b->view.rule_state = b->policy->rule_state_size > 0 ? b->rule_state : NULL;
	b->view.scratch = b->scratch;
	for (size_t i = 0; i < b->view.n_guests; i++) {
		b->pointers[i] = &b->guests[i];
		states[i] = b->policy->state_size > 0 ? b->states[i] : NULL;
		b->targets[i] = (struct balloond_target){
			.bytes = b->guests[i].target,
			.claim = b->guests[i].target,
		};
	}
	b->policy->propose(&b->view, b->params, states, b->targets);
}

/* A second later, with a fresh sample of everybody. */
static inline void bed_tick(struct bed *b)
{
	b->view.now += SECOND;
	b->view.elapsed = SECOND;
	for (size_t i = 0; i < b->view.n_guests; i++)
		b->guests[i].sample++;
	bed_ask(b);
}

static inline void bed_ticks(struct bed *b, unsigned n)
{
	while (n-- > 0)
		bed_tick(b);
}

/* All have what was proposed. */
static inline void bed_obey(struct bed *b)
{
	for (size_t i = 0; i < b->view.n_guests; i++)
		b->guests[i].target = b->guests[i].actual = b->targets[i].bytes;
}

/* Within what rounding down leaves. */
static inline void bed_about(uint64_t is, uint64_t should)
{
	ck_assert_uint_le(is, should + 4096);
	ck_assert_uint_le(should, is + 4096);
}

/* Guests as they may be at worst: any number in any field, each known or not. */
static inline void bed_garbage(struct bed *b, uint64_t *seed)
{
	b->view.n_guests = random_below(seed, BED_GUESTS + 1);
	b->view.now += random_wide(seed) >> 20;
	b->view.capacity = random_wide(seed);
	b->host.total = random_wide(seed);
	b->host.available = random_wide(seed);
	b->host.free = random_wide(seed);
	for (size_t i = 0; i < b->view.n_guests; i++) {
		struct balloond_guest *g = &b->guests[i];
		uint64_t *const fields[] = {
			&g->floor,    &g->ceiling,      &g->maximum,        &g->target, &g->actual,
			&g->usable,   &g->unused,       &g->used,           &g->charge, &g->swap_in,
			&g->swap_out, &g->major_faults, &g->sample_elapsed,
		};

		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
			*fields[k] = random_below(seed, 8) ? random_wide(seed) : BALLOOND_UNKNOWN;
		g->sample += random_below(seed, 2);
		g->shares = (uint32_t)(1 + random_below(seed, 1000000));
	}
}
