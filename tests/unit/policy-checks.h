/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What must be true of every policy, and tools for what is true of one.  A test includes the
 * policy's own .c file, so that its parameters, reasons and figures are at hand, and then this. */

#include <stdio.h>
#include <string.h>

#include "balloond/core/value.h"
#include "balloond/policy-math.h"
#include "balloond/policy.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"

#define POLICY_GUESTS 8u
#define POLICY_BYTES_MAX 512u /* of parameters, and of each kind of state */

/* A view of some guests, with all that the policy may write to. */
struct policy_view {
	struct balloond_view view;
	struct balloond_host host;
	struct balloond_guest guests[POLICY_GUESTS];
	const struct balloond_guest *pointers[POLICY_GUESTS];
	struct balloond_target targets[POLICY_GUESTS];
	_Alignas(16) uint8_t states[POLICY_GUESTS][POLICY_BYTES_MAX];
	_Alignas(16) uint8_t rule_state[POLICY_BYTES_MAX];
	_Alignas(16) uint8_t scratch[POLICY_GUESTS * POLICY_BYTES_MAX];
};

static inline uint64_t policy_value(const struct balloond_param *p, const char *text)
{
	uint64_t x = 0;

	ck_assert_msg(value_parse(text, p->type, &x, NULL) == 0, "%s: %s", p->name, text);
	return x;
}

static inline void policy_set(void *params, const struct balloond_param *p, uint64_t x)
{
	memcpy((uint8_t *)params + p->offset, &x, sizeof(x));
}

static inline void policy_defaults(void *params)
{
	for (size_t i = 0; i < balloond_policy.n_params; i++) {
		const struct balloond_param *p = &balloond_policy.params[i];

		if (p->fallback)
			policy_set(params, p, policy_value(p, p->fallback));
	}
}

/* Any parameters that a configuration may have. */
static inline void policy_random_params(void *params, uint64_t *seed)
{
	do {
		for (size_t i = 0; i < balloond_policy.n_params; i++) {
			const struct balloond_param *p = &balloond_policy.params[i];
			uint64_t low = p->low ? policy_value(p, p->low) : 0;
			uint64_t high = p->high ? policy_value(p, p->high) : UINT64_MAX - 1;
			uint64_t x = random_below(seed, 4)
					     ? low + random_below(seed, high - low + 1)
				     : random_below(seed, 2) ? low
							     : high;

			policy_set(params, p, p->type == BALLOOND_BOOL ? x & 1 : x);
		}
	} while (balloond_policy.check && balloond_policy.check(params));
}

/* What a policy finds: today's targets, and nothing else. */
static inline void policy_ask(struct policy_view *v, const void *params)
{
	void *states[POLICY_GUESTS];

	v->view.host = &v->host;
	v->view.guests = v->pointers;
	v->view.rule_state = balloond_policy.rule_state_size > 0 ? v->rule_state : NULL;
	v->view.scratch = v->scratch;
	for (size_t i = 0; i < v->view.n_guests; i++) {
		v->pointers[i] = &v->guests[i];
		states[i] = balloond_policy.state_size > 0 ? v->states[i] : NULL;
		v->targets[i] = (struct balloond_target){
			.bytes = v->guests[i].target,
			.claim = v->guests[i].target,
		};
	}
	balloond_policy.propose(&v->view, params, states, v->targets);
}

static inline uint64_t policy_random_figure(uint64_t *seed)
{
	return random_below(seed, 8) ? random_wide(seed) : BALLOOND_UNKNOWN;
}

/* Guests as they may be at worst: any number in any field, each known or not. */
static inline void policy_random_view(struct policy_view *v, uint64_t *seed)
{
	v->view.n_guests = random_below(seed, POLICY_GUESTS + 1);
	v->view.now += random_wide(seed) >> 20;
	v->view.elapsed = random_wide(seed);
	v->view.capacity = random_wide(seed);
	v->host.level = (uint32_t)random_below(seed, 4);
	for (size_t i = 0; i < v->view.n_guests; i++) {
		struct balloond_guest *g = &v->guests[i];
		uint64_t *const fields[] = {
			&g->floor,     &g->ceiling,        &g->maximum,      &g->target,
			&g->actual,    &g->charge,         &g->total,        &g->usable,
			&g->unused,    &g->caches,         &g->used,         &g->resident,
			&g->swap_in,   &g->swap_out,       &g->major_faults, &g->disk_reads,
			&g->stats_age, &g->sample_elapsed,
		};

		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
			*fields[k] = policy_random_figure(seed);
		g->uuid = "u";
		g->name = "g";
		g->sample += random_below(seed, 2);
		g->shares = (uint32_t)(1 + random_below(seed, 1000000));
		g->flags = (uint32_t)random_below(seed, 1u << 9);
	}
}

START_TEST(policy_describes_itself_as_the_contract_says)
{
	const struct balloond_policy *p = &balloond_policy;

	ck_assert_uint_eq(p->abi, BALLOOND_POLICY_ABI);
	ck_assert_uint_eq(p->size, sizeof(*p));
	ck_assert_uint_gt(strspn(p->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), 0);
	ck_assert_ptr_nonnull(p->propose);
	ck_assert_int_ne(p->summary[strlen(p->summary) - 1], '.');
	ck_assert_uint_le(p->params_size, POLICY_BYTES_MAX);
	ck_assert_uint_le(p->state_size, POLICY_BYTES_MAX);
	ck_assert_uint_le(p->rule_state_size, POLICY_BYTES_MAX);
	ck_assert_uint_le(p->scratch_size, POLICY_BYTES_MAX);
	ck_assert_uint_gt(p->n_reasons, 0);
	for (uint32_t i = 0; i < p->n_reasons; i++)
		ck_assert_uint_gt(strlen(p->reasons[i]), 0);
	ck_assert_uint_le(p->n_figures, BALLOOND_MAX_FIGURES);
	for (uint32_t i = 0; i < p->n_figures; i++)
		ck_assert_uint_gt(strlen(p->figures[i].name), 0);
}
END_TEST

START_TEST(policy_has_sane_parameters)
{
	uint8_t params[POLICY_BYTES_MAX] = { 0 };

	for (size_t i = 0; i < balloond_policy.n_params; i++) {
		const struct balloond_param *p = &balloond_policy.params[i];
		uint64_t low = p->low ? policy_value(p, p->low) : 0;
		uint64_t high = p->high ? policy_value(p, p->high) : UINT64_MAX - 1;

		ck_assert_uint_le(low, high);
		ck_assert_uint_le(p->offset + sizeof(uint64_t), balloond_policy.params_size);
		ck_assert_uint_eq(p->offset % sizeof(uint64_t), 0);
		ck_assert_int_ne(p->help[strlen(p->help) - 1], '.');
		if (!p->fallback)
			continue;
		ck_assert_uint_ge(policy_value(p, p->fallback), low);
		ck_assert_uint_le(policy_value(p, p->fallback), high);
	}
	policy_defaults(params);
	if (balloond_policy.check)
		ck_assert_ptr_null(balloond_policy.check(params));
}
END_TEST

START_TEST(policy_keeps_the_contract_whatever_it_sees)
{
	uint64_t seed = (unsigned)_i + 1;
	_Alignas(16) uint8_t params[POLICY_BYTES_MAX] = { 0 };
	struct policy_view v = { 0 };

	for (unsigned round = 0; round < 500; round++) {
		if (round % 50 == 0)
			policy_random_params(params, &seed);
		policy_random_view(&v, &seed);
		policy_ask(&v, params);
		for (size_t i = 0; i < v.view.n_guests; i++) {
			ck_assert_uint_lt(v.targets[i].reason, balloond_policy.n_reasons);
			ck_assert_uint_le(v.targets[i].n_figures, balloond_policy.n_figures);
			ck_assert_uint_le(v.targets[i].claim, v.targets[i].bytes);
		}
	}
}
END_TEST

START_TEST(policy_proposes_alike_from_alike)
{
	uint64_t seed = (unsigned)_i + 1;
	_Alignas(16) uint8_t params[POLICY_BYTES_MAX] = { 0 };
	struct policy_view v = { 0 }, twin;

	policy_random_params(params, &seed);
	for (unsigned round = 0; round < 200; round++) {
		policy_random_view(&v, &seed);
		memcpy(&twin, &v, sizeof(twin));
		/* What scratch held before must not matter. */
		memset(twin.scratch, 0xa5, sizeof(twin.scratch));
		policy_ask(&v, params);
		policy_ask(&twin, params);
		for (size_t i = 0; i < v.view.n_guests; i++) {
			const struct balloond_target *a = &v.targets[i], *b = &twin.targets[i];

			ck_assert_uint_eq(a->bytes, b->bytes);
			ck_assert_uint_eq(a->claim, b->claim);
			ck_assert_uint_eq(a->reason, b->reason);
			ck_assert_mem_eq(a->figure, b->figure, a->n_figures * sizeof(a->figure[0]));
		}
		ck_assert_mem_eq(v.states, twin.states, sizeof(v.states));
	}
}
END_TEST

static inline void policy_add_checks(TCase *tc)
{
	tcase_add_test(tc, policy_describes_itself_as_the_contract_says);
	tcase_add_test(tc, policy_has_sane_parameters);
	tcase_add_loop_test(tc, policy_keeps_the_contract_whatever_it_sees, 0, 8);
	tcase_add_loop_test(tc, policy_proposes_alike_from_alike, 0, 4);
}
