/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/planner.h"
#include "balloond/core/text.h"
#include "balloond/io/storage.h"
#include "balloond/io/trace-plan.h"
#include "balloond/io/trace-read.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

/* A guest that the other configuration would have treated otherwise, once at least. */
struct other_guest {
	char uuid[GUEST_UUID_MAX];
	uint64_t recorded, instead; /* at the last tick */
	uint64_t tick;
};

struct replay {
	const struct replay_request *request;
	struct replay_result *result;
	struct trace_reader *reader;
	struct plan plan;

	struct config other_config; /* a shallow copy: with --dry-run as it was then */
	struct history other;
	struct plan other_plan;
	struct other_guest *guests; /* sorted by uuid */
	size_t n_guests, max_guests;
};

/* The first difference of all is kept. */
static struct replay_difference *differ(struct replay *r, const struct trace_tick *tick,
					const char *field, const char *uuid)
{
	const struct snapshot *s = trace_reader_snapshot(r->reader);
	const struct guest *g = uuid ? snapshot_find(s, uuid) : NULL;
	struct replay_difference *first = &r->result->first;

	if (first->field)
		return NULL;
	*first = (struct replay_difference){
		.tick = tick->number,
		.line = tick->line,
		.wall = s->wall,
		.field = field,
	};
	text_copy(first->uuid, sizeof(first->uuid), uuid);
	text_copy(first->name, sizeof(first->name), g ? g->name : uuid);
	return first;
}

static void differ_in_text(struct replay *r, const struct trace_tick *tick, const char *field,
			   const char *uuid, const char *recorded, const char *decided)
{
	struct replay_difference *first = differ(r, tick, field, uuid);

	if (!first)
		return;
	text_copy(first->recorded, sizeof(first->recorded), recorded);
	text_copy(first->decided, sizeof(first->decided), decided);
}

static void differ_in_bytes(struct replay *r, const struct trace_tick *tick, const char *field,
			    const char *uuid, uint64_t recorded, uint64_t decided)
{
	char texts[2][VALUE_TEXT_MAX];

	differ_in_text(r, tick, field, uuid, value_format(texts[0], BALLOOND_BYTES, recorded),
		       value_format(texts[1], BALLOOND_BYTES, decided));
}

static bool compare_step(struct replay *r, const struct trace_tick *tick,
			 const struct trace_step *was, const struct step *step)
{
	const char *uuid = r->plan.verdicts[step->guest].source->uuid;
	const char *reason = trace_step_reason(&r->plan, step);

	if (strcmp(was->uuid, uuid) != 0)
		differ_in_text(r, tick, "step", was->uuid, "a step of this guest",
			       "a step of another guest in its place");
	else if (was->from != step->from)
		differ_in_bytes(r, tick, "from", uuid, was->from, step->from);
	else if (was->to != step->to)
		differ_in_bytes(r, tick, "to", uuid, was->to, step->to);
	else if (strncmp(was->reason, reason, sizeof(was->reason) - 1) != 0)
		differ_in_text(r, tick, "reason", uuid, was->reason, reason);
	else
		return true;
	return false;
}

static bool compare_steps(struct replay *r, const struct trace_tick *tick)
{
	const struct plan *plan = &r->plan;
	size_t n = balloond_min(plan->n_steps, tick->n_steps);

	for (size_t i = 0; i < n; i++)
		if (!compare_step(r, tick, &tick->steps[i], &plan->steps[i]))
			return false;
	if (plan->n_steps > n) {
		const struct step *step = &plan->steps[n];

		differ_in_text(r, tick, "step", plan->verdicts[step->guest].source->uuid, "none",
			       "a step of this guest");
	} else if (tick->n_steps > n) {
		differ_in_text(r, tick, "step", tick->steps[n].uuid, "a step of this guest",
			       "none");
	}
	return plan->n_steps == tick->n_steps;
}

/* What was recorded against what was decided now. */
static void compare(struct replay *r, const struct trace_tick *tick)
{
	uint64_t hash = trace_plan_hash(&r->plan);
	char texts[2][24];

	if (r->plan.account.level != tick->level) {
		differ_in_text(r, tick, "level", NULL, level_name(tick->level),
			       level_name(r->plan.account.level));
	} else if (compare_steps(r, tick)) {
		if (hash == tick->hash)
			return;
		(void)snprintf(texts[0], sizeof(texts[0]), "%016" PRIx64, tick->hash);
		(void)snprintf(texts[1], sizeof(texts[1]), "%016" PRIx64, hash);
		differ_in_text(r, tick, "hash", NULL, texts[0], texts[1]);
	}
	r->result->ticks_wrong++;
}

/* What decides beside the memory of policies and conditions. */
static void take_account(struct history *to, const struct history *from)
{
	to->now = from->now;
	to->pool = from->pool;
	to->pool_reading = from->pool_reading;
	to->pool_swept = from->pool_swept;
	to->pool_wanted_more = from->pool_wanted_more;
	to->room = from->room;
	to->charged = from->charged;
	to->last_pool = from->last_pool;
	to->level = from->level;
	to->swap = from->swap;
	to->shrink_credit = from->shrink_credit;
	to->tally = from->tally;
}

static bool is_laid_out_alike(const struct history *a, const struct history *b)
{
	return a->state_size == b->state_size && a->n_gates == b->n_gates &&
	       a->n_slots == b->n_slots && a->rule_state_size == b->rule_state_size;
}

/* Recording began, or went on after a gap.  Rules that the two configurations share go on from what
 * was recorded of them, if they can. */
static void begin_other(struct history *to, const struct history *from)
{
	size_t n_rules = balloond_min(from->n_rules, to->max_rules);
	size_t size = from->n_guests * history_row_size(to);

	to->n_rules = 0;
	if (!is_laid_out_alike(to, from)) {
		if (size > 0)
			memset(to->rows, 0, size);
		return;
	}
	if (size > 0)
		memcpy(to->rows, from->rows, size);
	if (n_rules > 0)
		memcpy(to->rules, from->rules, n_rules * sizeof(*to->rules));
	if (n_rules > 0 && to->rule_state_size > 0)
		memcpy(to->rule_states, from->rule_states, n_rules * to->rule_state_size);
	to->n_rules = n_rules;
}

/* The other one stands where the recorded one stands, before this tick. */
static int follow(struct replay *r, const struct trace_tick *tick)
{
	const struct history *from = trace_reader_history(r->reader);
	size_t n = balloond_max(from->n_guests, trace_reader_snapshot(r->reader)->n_guests);
	struct history *to = &r->other;
	int k;

	k = history_reserve(to, n, &r->other_config);
	if (k < 0)
		return k;
	k = plan_reserve(&r->other_plan, n, &r->other_config);
	if (k < 0)
		return k;
	if (tick->is_anew)
		begin_other(to, from);
	if (from->n_guests > 0)
		memcpy(to->guests, from->guests, from->n_guests * sizeof(*to->guests));
	to->n_guests = from->n_guests;
	take_account(to, from);
	return 0;
}

static int make_place(struct replay *r)
{
	size_t n = r->max_guests > 0 ? 2 * r->max_guests : 64;
	struct other_guest *guests;

	if (r->n_guests < r->max_guests)
		return 0;
	guests = reallocarray(r->guests, n, sizeof(*guests));
	if (!guests)
		return -ENOMEM;
	r->guests = guests;
	r->max_guests = n;
	return 0;
}

/* Its record, a fresh one at first.  NULL: no memory. */
static struct other_guest *find_other(struct replay *r, const char *uuid)
{
	size_t low = 0, high = r->n_guests;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(r->guests[middle].uuid, uuid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < r->n_guests && strcmp(r->guests[low].uuid, uuid) == 0)
		return &r->guests[low];
	if (make_place(r) < 0)
		return NULL;
	memmove(&r->guests[low + 1], &r->guests[low], (r->n_guests - low) * sizeof(*r->guests));
	r->guests[low] = (struct other_guest){ 0 };
	text_copy(r->guests[low].uuid, sizeof(r->guests[low].uuid), uuid);
	r->n_guests++;
	return &r->guests[low];
}

/* Why its target is what it is, in words. */
static const char *reason_of(const struct plan *plan, size_t i)
{
	const struct step step = { .guest = i, .reason = plan->verdicts[i].reason };

	return trace_step_reason(plan, &step);
}

static int tell(struct replay *r, const struct trace_tick *tick, size_t i)
{
	const struct verdict *was = &r->plan.verdicts[i], *is = &r->other_plan.verdicts[i];
	struct other_guest *g = find_other(r, was->source->uuid);
	const struct replay_order order = {
		.tick = tick->number,
		.wall = trace_reader_snapshot(r->reader)->wall,
		.uuid = was->source->uuid,
		.name = was->source->name,
		.before = was->guest.target,
		.recorded = was->target,
		.instead = is->target,
		.recorded_reason = reason_of(&r->plan, i),
		.instead_reason = reason_of(&r->other_plan, i),
	};
	bool goes_on;

	if (!g)
		return -ENOMEM;
	goes_on = g->tick > 0 && g->tick + 1 == r->result->ticks && g->recorded == order.recorded &&
		  g->instead == order.instead;
	g->tick = r->result->ticks;
	g->recorded = order.recorded;
	g->instead = order.instead;
	if (goes_on || !r->request->on_order)
		return 0;
	return r->request->on_order(r->request->userdata, &order);
}

static int compare_other(struct replay *r, const struct trace_tick *tick)
{
	struct replay_result *result = r->result;
	uint64_t more = 0, less = 0;
	bool differs = false;

	for (size_t i = 0; i < r->plan.n_verdicts; i++) {
		uint64_t was = r->plan.verdicts[i].target, is = r->other_plan.verdicts[i].target;
		int k;

		if (was == is)
			continue;
		differs = true;
		more = balloond_add(more, balloond_sub(is, was));
		less = balloond_add(less, balloond_sub(was, is));
		k = tell(r, tick, i);
		if (k < 0)
			return k;
	}
	result->ticks_other += differs;
	if (balloond_add(more, less) > result->bytes_most) {
		result->bytes_most = balloond_add(more, less);
		result->more_most = more;
		result->less_most = less;
	}
	return 0;
}

static void count(struct replay *r, const struct trace_tick *tick)
{
	const struct snapshot *s = trace_reader_snapshot(r->reader);
	struct replay_result *result = r->result;

	if (result->ticks == 0)
		result->begin = s->wall;
	else
		result->reloads += tick->reloaded;
	result->end = s->wall;
	result->ticks++;
	result->lost += tick->lost;
	result->guests = balloond_max(result->guests, s->n_guests);
}

static int decide_other(struct replay *r, const struct trace_tick *tick)
{
	int k;

	r->other_config = *r->request->other;
	if (trace_reader_dry_option(r->reader))
		r->other_config.dry_run = r->other_config.keep_stats_period = true;
	k = follow(r, tick);
	if (k < 0)
		return k;
	planner_run(&r->other_config, trace_reader_snapshot(r->reader), &r->other, tick->dry_run,
		    &r->other_plan);
	return 0;
}

static int replay_tick(struct replay *r, const struct trace_tick *tick)
{
	const struct config *config = trace_reader_config(r->reader);
	const struct snapshot *s = trace_reader_snapshot(r->reader);
	int k;

	count(r, tick);
	k = plan_reserve(&r->plan, s->n_guests, config);
	if (k >= 0 && r->request->other)
		k = decide_other(r, tick);
	if (k < 0)
		return k;
	planner_run(config, s, trace_reader_history(r->reader), tick->dry_run, &r->plan);
	compare(r, tick);
	return r->request->other ? compare_other(r, tick) : 0;
}

static void replay_done(struct replay *r)
{
	trace_reader_free(r->reader);
	plan_done(&r->plan);
	history_done(&r->other);
	plan_done(&r->other_plan);
	free(r->guests);
}

int replay_run(const struct replay_request *request, struct replay_result *ret,
	       struct diagnostics *d)
{
	_cleanup_(replay_done) struct replay r = { .request = request, .result = ret };
	const struct trace_tick *tick;
	int k;

	*ret = (struct replay_result){ 0 };
	k = trace_reader_new(request->path, request->policy_dir, &r.reader, d);
	if (k < 0)
		return k;
	while ((k = trace_reader_next(r.reader, &tick, d)) > 0) {
		k = replay_tick(&r, tick);
		if (k < 0)
			return k;
	}
	ret->lost += trace_reader_lost(r.reader);
	ret->guests_other = r.n_guests;
	return k;
}
