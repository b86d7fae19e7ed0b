/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl config check --live: holds a configuration against the guests that run, before
 * balloond takes it.  It looks and decides as a balloond that has just begun; nothing is ever acted
 * on, and no statistics period is set. */

#include "balloond/ctl/config.h"

#include <stdio.h>
#include <string.h>

#include "balloond/core/match.h"
#include "balloond/core/planner.h"
#include "balloond/ctl/format.h"
#include "balloond/ctl/table.h"
#include "balloond/io/clock.h"
#include "balloond/io/log.h"
#include "balloond/io/storage.h"
#include "balloond/io/util.h"
#include "balloond/io/world-live.h"

/* For hypervisors to answer and guests to be read; and for rates to be known. */
#define SEE_MAX (12 * BALLOOND_SECOND)
#define RATES_MAX (3 * BALLOOND_SECOND)

struct look {
	const struct ctl *ctl;
	const struct config *config;
	sd_event *event;
	struct world world;
	usec_t asked; /* when it was last told to look */
	struct snapshot snapshot;
	struct history history;
	struct plan plan;
	struct published now;
};

static void look_done(struct look *look)
{
	world_live_free(&look->world);
	snapshot_done(&look->snapshot);
	history_done(&look->history);
	plan_done(&look->plan);
	published_done(&look->now);
	sd_event_unref(look->event);
}

/* What is found is asked for, a quarter of a second later at most. */
static void on_news(void *userdata _unused_)
{
}

/* Looks anew every second until it is enough (1; 0: not yet), or for so long. */
static int watch(struct look *look, usec_t most, int (*is_enough)(struct look *look))
{
	usec_t begun = clock_monotonic();
	int r;

	do {
		usec_t now = clock_monotonic();

		if (look->asked == 0 || now - look->asked >= BALLOOND_SECOND) {
			look->world.refresh(look->world.self, NULL);
			look->asked = now;
		}
		r = sd_event_run(look->event, BALLOOND_SECOND / 4);
		if (r < 0)
			return r;
		r = look->world.sense(look->world.self, &look->snapshot);
		if (r < 0)
			return r;
		r = is_enough(look);
	} while (r == 0 && clock_monotonic() - begun < most);
	return r < 0 ? r : 0;
}

static int has_seen_all(struct look *look)
{
	const struct snapshot *s = &look->snapshot;

	if (!look->world.is_settled(look->world.self))
		return 0;
	for (size_t i = 0; i < s->n_guests; i++)
		if (!(s->guests[i].facts & GUEST_INSPECTED))
			return 0;
	return 1;
}

static int decide(struct look *look)
{
	size_t n = look->snapshot.n_guests;
	int r;

	r = history_reserve(&look->history, n, look->config);
	if (r < 0)
		return r;
	r = plan_reserve(&look->plan, n, look->config);
	if (r < 0)
		return r;
	r = published_reserve(&look->now, n);
	if (r < 0)
		return r;
	planner_run(look->config, &look->snapshot, &look->history, true, &look->plan);
	published_fill(&look->now, &look->snapshot, &look->plan);
	return 0;
}

/* Until no rule waits for a metric: rates need two samples. */
static int has_decided(struct look *look)
{
	int r = decide(look);

	for (size_t i = 0; r >= 0 && i < look->now.n_guests; i++)
		if (*look->now.guests[i].waits)
			return 0;
	return r < 0 ? r : 1;
}

static int look_at_guests(struct look *look)
{
	struct config quiet = *look->config;
	int r;

	quiet.dry_run = quiet.keep_stats_period = true;
	log_open(LOG_WARNING);
	r = sd_event_new(&look->event);
	if (r < 0)
		return r;
	r = world_live_new(look->event, NULL, on_news, NULL, &look->world);
	if (r < 0)
		return r;
	r = look->world.configure(look->world.self, &quiet);
	if (r < 0)
		return r;
	r = watch(look, SEE_MAX, has_seen_all);
	if (r < 0 || !look->world.is_connected(look->world.self))
		return r;
	return watch(look, RATES_MAX, has_decided);
}

/* Whether some guest has the entry's promise; whether the rule's match holds for some guest. */
static bool is_promise_used(const struct look *look, const struct promise *promise)
{
	for (size_t i = 0; i < look->plan.n_verdicts; i++)
		if (look->plan.verdicts[i].promise == promise)
			return true;
	return false;
}

static bool is_rule_used(const struct look *look, const struct rule *rule)
{
	for (size_t i = 0; i < look->snapshot.n_guests; i++)
		if (match_guest(&rule->match, &look->snapshot.guests[i]))
			return true;
	return false;
}

/* Names of what is alone.  NULL: no memory. */
static json_t *unmatched_guests(const struct look *look)
{
	json_t *names = json_array();

	for (size_t i = 0; i < look->now.n_guests; i++)
		if (!look->now.guests[i].verdict.matched)
			(void)json_array_append_new(names,
						    format_json_text(look->now.guests[i].name));
	return names;
}

static json_t *unused_promises(const struct look *look)
{
	json_t *names = json_array();

	for (size_t i = 0; i < look->config->n_promises; i++)
		if (!is_promise_used(look, &look->config->promises[i]))
			(void)json_array_append_new(names,
						    json_string(look->config->promises[i].name));
	return names;
}

static json_t *unused_rules(const struct look *look)
{
	json_t *names = json_array();

	for (size_t i = 0; i < look->config->n_rules; i++)
		if (!is_rule_used(look, &look->config->rules[i]))
			(void)json_array_append_new(names,
						    json_string(look->config->rules[i].name));
	return names;
}

/* Says it in one line, and releases the names. */
static void print_names(const char *what, json_t *names)
{
	char safe[LOG_SAFE_MAX];
	const json_t *name;
	size_t i;

	if (json_array_size(names) > 0) {
		printf("%s: ", what);
		json_array_foreach(names, i, name)
			printf("%s%s", i > 0 ? ", " : "", log_safe(safe, json_string_value(name)));
		putchar('\n');
	}
	json_decref(names);
}

static void print_account(const struct account *a)
{
	char promised[FORMAT_MAX], pool[FORMAT_MAX], more[FORMAT_MAX];

	format_value(promised, BALLOOND_BYTES, a->promised);
	format_value(pool, BALLOOND_BYTES, a->pool);
	if (a->overbooked_by > 0)
		printf("Overbooked by %s: %s are promised, the pool has %s.\n",
		       format_value(more, BALLOOND_BYTES, a->overbooked_by), promised, pool);
	else
		printf("Promised are %s of a pool of %s.\n", promised, pool);
}

/* Rules that would come first, if something was known. */
static void print_waits(const struct look *look)
{
	char rule[LOG_SAFE_MAX], name[LOG_SAFE_MAX];

	for (size_t i = 0; i < look->now.n_guests; i++) {
		const struct published_guest *g = &look->now.guests[i];

		if (*g->waits)
			printf("Rule \"%s\" waits for guest \"%s\": %s is not known.\n",
			       log_safe(rule, g->waits), log_safe(name, g->name), g->unknown);
	}
	if (look->config->n_gates > 0)
		puts("A rule with `for` applies at the earliest when that time has gone by.");
}

static int print_guests(const struct look *look)
{
	static const struct table_column columns[] = {
		{ "GUEST", 4, 0 },
		{ "PROMISE", 4, 0 },
		{ "FLOOR", 5, SCOLS_FL_RIGHT },
		{ "CEILING", 5, SCOLS_FL_RIGHT },
		{ "RULE", 4, 0 },
		{ "STATE", 7, 0 },
	};
	struct libscols_table *table = table_new(look->ctl, columns, ELEMENTSOF(columns));
	char floor[FORMAT_MAX], ceiling[FORMAT_MAX];
	int r = 0;

	for (size_t i = 0; table && r >= 0 && i < look->now.n_guests; i++) {
		const struct published_guest *g = &look->now.guests[i];
		const char *const cells[] = {
			g->name,
			g->promise,
			format_size(floor, g->verdict.guest.floor),
			format_size(ceiling, g->verdict.guest.ceiling),
			g->rule,
			state_row(g->verdict.state)->name,
		};

		r = table_add(table, cells);
	}
	return table_print(table, r);
}

static int print_look(const struct look *look)
{
	int r;

	if (look->now.n_guests == 0) {
		puts("No guests run.");
	} else {
		r = print_guests(look);
		if (r != CTL_OK)
			return r;
		putchar('\n');
		print_names("No rule matches, so only observed", unmatched_guests(look));
		print_names("Entries of guests: that no guest has", unused_promises(look));
		print_names("Rules that match no guest", unused_rules(look));
		print_waits(look);
	}
	print_account(&look->now.account);
	return CTL_OK;
}

static json_t *guests_json(const struct look *look)
{
	json_t *array = json_array();

	for (size_t i = 0; i < look->now.n_guests; i++) {
		const struct published_guest *g = &look->now.guests[i];

		(void)json_array_append_new(
			array,
			json_pack("{s:o, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s}", "Name",
				  format_json_text(g->name), "UUID", g->uuid, "Promise", g->promise,
				  "Floor", format_json_number(g->verdict.guest.floor), "Ceiling",
				  format_json_number(g->verdict.guest.ceiling), "Rule", g->rule,
				  "Waits", g->waits, "UnknownMetric", g->unknown ? g->unknown : "",
				  "State", state_row(g->verdict.state)->name, "Reason", g->reason));
	}
	return array;
}

static json_t *look_json(const struct look *look)
{
	const struct account *a = &look->now.account;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "Guests", guests_json(look),
			 "UnmatchedGuests", unmatched_guests(look), "UnusedEntries",
			 unused_promises(look), "UnusedRules", unused_rules(look), "Pool",
			 format_json_number(a->pool), "Promised", format_json_number(a->promised),
			 "OverbookedBy", format_json_number(a->overbooked_by), "Level",
			 level_name(a->level));
}

int ctl_config_check_live(const struct ctl *ctl, const struct config *config)
{
	_cleanup_(look_done) struct look look = { .ctl = ctl, .config = config };
	int r;

	r = look_at_guests(&look);
	if (r < 0)
		return ctl_report(r, NULL);
	if (!look.world.is_connected(look.world.self)) {
		fputs("balloonctl: no hypervisor answers\n", stderr);
		return CTL_FAILED;
	}
	return ctl->json == CTL_JSON_OFF ? print_look(&look)
					 : format_json_print(ctl, look_json(&look));
}
