/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl replay: decides again what a trace says was decided.  Needs no daemon. */

#include "balloond/sim/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "balloond/ctl/config.h"
#include "balloond/ctl/format.h"
#include "balloond/ctl/table.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

#define TIME_MAX 32u

struct view {
	const struct ctl *ctl;
	struct libscols_table *table; /* of orders that would be others; NULL: not for people */
	json_t *orders;               /* NULL: not for programs */
};

/* "03:32:05.123" */
static const char *format_time(char buf[TIME_MAX], usec_t wall)
{
	time_t seconds = (time_t)(wall / BALLOOND_SECOND);
	struct tm tm = { 0 };
	size_t n = 0;

	if (localtime_r(&seconds, &tm))
		n = strftime(buf, TIME_MAX, "%H:%M:%S", &tm);
	(void)snprintf(buf + n, TIME_MAX - n, ".%03" PRIu64, wall / 1000 % 1000);
	return buf;
}

/* "1.25G", "stays" */
static const char *format_order(char buf[FORMAT_MAX], uint64_t before, uint64_t after)
{
	return before == after ? "stays" : format_size(buf, after);
}

static int add_row(const struct view *v, const struct replay_order *o)
{
	char time[TIME_MAX], before[FORMAT_MAX], recorded[FORMAT_MAX], instead[FORMAT_MAX];
	const char *const cells[] = {
		format_time(time, o->wall),
		o->name,
		format_size(before, o->before),
		format_order(recorded, o->before, o->recorded),
		format_order(instead, o->before, o->instead),
		o->recorded_reason,
		o->instead_reason,
	};

	return table_add(v->table, cells);
}

static int add_object(const struct view *v, const struct replay_order *o)
{
	json_t *object = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "Tick",
				   format_json_number(o->tick), "WallUSec",
				   format_json_number(o->wall), "UUID", format_json_text(o->uuid),
				   "Name", format_json_text(o->name), "Before",
				   format_json_number(o->before), "Recorded",
				   format_json_number(o->recorded), "Instead",
				   format_json_number(o->instead), "RecordedReason",
				   format_json_text(o->recorded_reason), "InsteadReason",
				   format_json_text(o->instead_reason));

	return json_array_append_new(v->orders, object) < 0 ? -ENOMEM : 0;
}

static int on_order(void *userdata, const struct replay_order *order)
{
	const struct view *v = userdata;

	return v->orders ? add_object(v, order) : add_row(v, order);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void print_first(const struct replay_difference *first)
{
	_cleanup_free_ char *name = format_safe(first->name);
	char time[TIME_MAX];

	printf("The first difference is in tick %" PRIu64 " (line %zu, %s), ", first->tick,
	       first->line, format_time(time, first->wall));
	if (strcmp(first->field, "hash") == 0) {
		puts("in something else than the level and the steps: a guest's state, bounds or "
		     "reason, or the host's account.");
		return;
	}
	if (*first->uuid)
		printf("guest \"%s\", ", name ? name : "");
	printf("%s: recorded was %s, decided is %s.\n", first->field, first->recorded,
	       first->decided);
}

static void print_other(const struct replay_result *r)
{
	char more[FORMAT_MAX], less[FORMAT_MAX];

	if (r->ticks_other == 0) {
		puts("This configuration would have ordered the same at every tick.");
		return;
	}
	printf("This configuration would have ordered otherwise at %" PRIu64 " tick%s, of %" PRIu64
	       " guest%s; at most, at one tick, %s more and %s less.\n",
	       r->ticks_other, plural(r->ticks_other), r->guests_other, plural(r->guests_other),
	       format_value(more, BALLOOND_BYTES, r->more_most),
	       format_value(less, BALLOOND_BYTES, r->less_most));
}

static void print_summary(const struct replay_result *r, bool has_other)
{
	char length[FORMAT_MAX];

	printf("%" PRIu64 " tick%s of %s, %" PRIu64 " guest%s at most, %" PRIu64 " reload%s: ",
	       r->ticks, plural(r->ticks),
	       format_value(length, BALLOOND_USEC, balloond_sub(r->end, r->begin)), r->guests,
	       plural(r->guests), r->reloads, plural(r->reloads));
	if (r->ticks_wrong == 0)
		puts("decided again, to the same plans.");
	else
		printf("%" PRIu64 " plan%s not those that were recorded.\n", r->ticks_wrong,
		       r->ticks_wrong == 1 ? " is" : "s are");
	if (r->lost > 0)
		printf("%" PRIu64 " tick%s missing in the trace: the disk was too slow.\n", r->lost,
		       r->lost == 1 ? " is" : "s are");
	if (r->ticks_wrong > 0)
		print_first(&r->first);
	if (has_other)
		print_other(r);
}

static json_t *first_json(const struct replay_difference *first)
{
	if (!first->field)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "Tick",
			 format_json_number(first->tick), "Line", format_json_number(first->line),
			 "WallUSec", format_json_number(first->wall), "UUID",
			 format_json_text(first->uuid), "Name", format_json_text(first->name),
			 "Field", first->field, "Recorded", format_json_text(first->recorded),
			 "Decided", format_json_text(first->decided));
}

static json_t *errors_json(const struct diagnostics *d)
{
	json_t *array = json_array();

	for (size_t i = 0; i < d->n_items; i++)
		(void)json_array_append_new(array, json_string(d->items[i].text));
	return array;
}

/* Takes orders over. */
static json_t *result_json(const struct replay_result *r, json_t *orders,
			   const struct diagnostics *d)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "Ticks", format_json_number(r->ticks), "TicksLost",
			 format_json_number(r->lost), "Reloads", format_json_number(r->reloads),
			 "Guests", format_json_number(r->guests), "BeginUSec",
			 format_json_number(r->begin), "EndUSec", format_json_number(r->end),
			 "TicksWrong", format_json_number(r->ticks_wrong), "FirstDifference",
			 first_json(&r->first), "TicksOther", format_json_number(r->ticks_other),
			 "GuestsOther", format_json_number(r->guests_other), "MoreMost",
			 format_json_number(r->more_most), "LessMost",
			 format_json_number(r->less_most), "Orders", orders, "Diagnostics",
			 errors_json(d));
}

static int show(const struct view *v, const struct replay_result *r, bool has_other,
		const struct diagnostics *d)
{
	int k = CTL_OK;

	if (v->orders)
		return format_json_print(v->ctl, result_json(r, v->orders, d));
	if (r->ticks_other > 0)
		k = table_print(v->table, 0);
	else
		scols_unref_table(v->table);
	if (k != CTL_OK || !v->ctl->legend || (r->ticks == 0 && d->n_items > 0))
		return k;
	if (r->ticks_other > 0)
		putchar('\n');
	print_summary(r, has_other);
	return k;
}

static int begin(struct view *v)
{
	static const struct table_column columns[] = {
		{ "TIME", 12, 0 },
		{ "GUEST", 4, SCOLS_FL_NOEXTREMES },
		{ "HAD", 5, SCOLS_FL_RIGHT },
		{ "RECORDED", 5, SCOLS_FL_RIGHT },
		{ "INSTEAD", 5, SCOLS_FL_RIGHT },
		{ "RECORDED BECAUSE", 20, SCOLS_FL_WRAP },
		{ "INSTEAD BECAUSE", 20, SCOLS_FL_WRAP },
	};

	if (v->ctl->json != CTL_JSON_OFF)
		v->orders = json_array();
	else
		v->table = table_new(v->ctl, columns, ELEMENTSOF(columns));
	return v->orders || v->table ? 0 : -ENOMEM;
}

static int replay(const struct ctl *ctl, const char *path, const struct config *other)
{
	_cleanup_diagnostics_ struct diagnostics d = {};
	struct view v = { .ctl = ctl };
	const struct replay_request request = {
		.path = path,
		.policy_dir = ctl->policy_dir,
		.other = other,
		.on_order = on_order,
		.userdata = &v,
	};
	struct replay_result result;
	int r = begin(&v), k;

	if (r >= 0)
		r = replay_run(&request, &result, &d);
	if (r < 0 && d.n_items == 0) {
		scols_unref_table(v.table);
		json_decref(v.orders);
		return ctl_report(r, NULL);
	}
	/* Of a broken trace what came before is shown all the same. */
	diagnostics_print(&d, stderr);
	k = show(&v, &result, other != NULL, &d);
	if (k != CTL_OK || r < 0)
		return CTL_FAILED;
	return ctl->check && (result.ticks_wrong > 0 || result.ticks_other > 0) ? CTL_FAILED
										: CTL_OK;
}

int verb_replay(struct ctl *ctl, int argc _unused_, char **argv)
{
	_cleanup_diagnostics_ struct diagnostics d = {};
	_cleanup_config_ struct config *config = NULL;

	if (ctl->config && ctl_config_open(ctl, NULL, NULL, &config, &d) < 0)
		return ctl_config_refuse(&d);
	return replay(ctl, argv[0], config);
}
