/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl report: what was taken from whom, or would have been in a dry run, and how often that
 * was less than the guest needed.  Read from what balloond writes down: nobody is asked. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "balloond/core/state.h"
#include "balloond/ctl/format.h"
#include "balloond/ctl/records.h"
#include "balloond/ctl/table.h"
#include "balloond/io/clock.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "build-config.h"

#define SINCE_DEFAULT "7d"

/* Of all guests of a mode. */
struct totals {
	size_t n_taken, n_below, n_unknown; /* unknown: taken from, and demand not known */
	struct tally sum;
	usec_t below_known; /* known, of guests that were below demand */
};

/* Bytes on average; UNKNOWN without any time. */
static uint64_t average(uint64_t mib_seconds, usec_t watched)
{
	if (watched == 0)
		return BALLOOND_UNKNOWN;
	return balloond_mul_div(mib_seconds, BALLOOND_MIB * BALLOOND_SECOND, watched);
}

static uint64_t taken_of(const struct tally *t)
{
	return average(t->taken, t->watched);
}

static struct totals add_up(const struct records_mode *mode)
{
	struct totals all = { 0 };

	for (size_t i = 0; i < mode->n_guests; i++) {
		const struct tally *t = &mode->guests[i].sum;

		all.n_taken += t->taken_most > 0;
		all.n_below += t->below > 0;
		all.n_unknown += t->taken_most > 0 && t->known == 0;
		all.below_known = balloond_add(all.below_known, t->below > 0 ? t->known : 0);
		all.sum.known = balloond_add(all.sum.known, t->known);
		all.sum.below = balloond_add(all.sum.below, t->below);
		all.sum.episodes = balloond_add(all.sum.episodes, t->episodes);
		all.sum.shortfall = balloond_max(all.sum.shortfall, t->shortfall);
	}
	all.sum.watched = mode->sum.watched;
	all.sum.taken = mode->sum.taken;
	all.sum.taken_most = mode->sum.taken_most;
	return all;
}

/* Most is taken from the first. */
static int compare_guests(const void *a, const void *b)
{
	const struct records_guest *g = a, *h = b;
	uint64_t of_g = taken_of(&g->sum), of_h = taken_of(&h->sum);
	int names = strcmp(g->name, h->name);

	if (of_g != of_h)
		return of_g > of_h ? -1 : 1;
	return names != 0 ? names : strcmp(g->uuid, h->uuid);
}

/* "0.1%", "<0.1%", "-" */
static const char *format_share(char buf[FORMAT_MAX], usec_t part, usec_t whole)
{
	uint64_t permille = whole > 0 ? balloond_mul_div(part, 1000, whole) : 0;

	if (whole == 0)
		return strcpy(buf, "-");
	if (part > 0 && permille == 0)
		return strcpy(buf, "<0.1%");
	return format_value(buf, BALLOOND_PERMILLE, permille);
}

static int add_row(struct libscols_table *table, const char *name, const struct tally *t)
{
	char watched[FORMAT_MAX], taken[FORMAT_MAX], most[FORMAT_MAX], below[FORMAT_MAX],
		share[FORMAT_MAX], times[FORMAT_MAX] = "", shortfall[FORMAT_MAX] = "";
	bool is_below = t->known > 0 && t->below > 0;
	const char *const cells[] = {
		name,
		format_value(watched, BALLOOND_USEC, t->watched),
		format_size(taken, taken_of(t)),
		format_size(most, t->taken_most),
		is_below ? format_value(below, BALLOOND_USEC, t->below) : "-",
		format_share(share, t->below, t->known),
		times,
		shortfall,
	};

	if (is_below)
		(void)snprintf(times, sizeof(times), "%" PRIu64, t->episodes);
	if (is_below && t->shortfall > 0)
		(void)format_size(shortfall, t->shortfall);
	return table_add(table, cells);
}

static int print_table(const struct ctl *ctl, const struct records_mode *mode,
		       const struct totals *all)
{
	static const struct table_column columns[] = {
		{ "GUEST", 4, SCOLS_FL_NOEXTREMES }, { "WATCHED", 5, SCOLS_FL_RIGHT },
		{ "TAKEN", 5, SCOLS_FL_RIGHT },      { "AT MOST", 5, SCOLS_FL_RIGHT },
		{ "BELOW", 5, SCOLS_FL_RIGHT },      { "SHARE", 5, SCOLS_FL_RIGHT },
		{ "TIMES", 5, SCOLS_FL_RIGHT },      { "SHORT BY", 5, SCOLS_FL_RIGHT },
	};
	struct libscols_table *table = table_new(ctl, columns, ELEMENTSOF(columns));
	int r = 0;

	for (size_t i = 0; table && r >= 0 && i < mode->n_guests; i++)
		r = add_row(table, mode->guests[i].name, &mode->guests[i].sum);
	if (table && r >= 0 && ctl->legend)
		r = add_row(table, "(all)", &all->sum);
	return table_print(table, r);
}

/* "12.3 GiB on average would have been taken from 14 guests; 2 of them would have been below
 * demand, 0.1% of their time." */
static void print_headline(bool dry_run, const struct records_mode *mode, const struct totals *all)
{
	const char *was = dry_run ? "would have been" : "was", *were = dry_run ? was : "were";
	char text[FORMAT_MAX], share[FORMAT_MAX];
	size_t n = all->n_taken, n_below = all->n_below;

	printf("%s, %s: ", dry_run ? "Dry run" : "In effect",
	       format_value(text, BALLOOND_USEC, all->sum.watched));
	if (n == 0) {
		printf("nothing %s taken from %zu guest%s.\n", was, mode->n_guests,
		       mode->n_guests == 1 ? "" : "s");
		return;
	}
	printf("%s on average %s taken from %zu guest%s; ",
	       format_value(text, BALLOOND_BYTES, taken_of(&all->sum)), was, n, n == 1 ? "" : "s");
	if (n_below > 0)
		printf("%zu of them %s below demand, %s of %s time", n_below,
		       n_below == 1 ? was : were,
		       format_share(share, all->sum.below, all->below_known),
		       n_below == 1 ? "its" : "their");
	else
		printf("none of them %s below demand", was);
	if (all->n_unknown > 0)
		printf("; the demand of %zu is not known", all->n_unknown);
	puts(".");
}

static void print_host(const struct host_tally *host)
{
	char pool[FORMAT_MAX], charged[FORMAT_MAX];

	printf("The pool was %s at most, and charged %s at most; the worst level was %s.\n\n",
	       format_value(pool, BALLOOND_BYTES, host->pool),
	       format_value(charged, BALLOOND_BYTES, host->charged_most),
	       level_name((uint32_t)balloond_min(host->level, UINT32_MAX)));
}

static int print_mode(const struct ctl *ctl, bool dry_run, const struct records_mode *mode)
{
	struct totals all = add_up(mode);

	if (ctl->legend) {
		print_headline(dry_run, mode, &all);
		print_host(&mode->sum);
	}
	return mode->n_guests > 0 ? print_table(ctl, mode, &all) : CTL_OK;
}

static void print_nothing(const char *directory, usec_t since)
{
	_cleanup_free_ char *safe = format_safe(directory);
	time_t seconds = (time_t)(since / BALLOOND_SECOND);
	char text[FORMAT_MAX] = "";
	struct tm tm = { 0 };

	if (localtime_r(&seconds, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	printf("Nothing is recorded since %s: balloond keeps one record an hour in %s.\n", text,
	       safe ? safe : "");
}

static int print_text(const struct ctl *ctl, const struct records *records, const char *directory,
		      usec_t since)
{
	bool dry = records->modes[true].end > 0, acting = records->modes[false].end > 0;
	int r = CTL_OK;

	if (dry)
		r = print_mode(ctl, true, &records->modes[true]);
	if (dry && acting && ctl->legend)
		putchar('\n');
	if (acting && r == CTL_OK)
		r = print_mode(ctl, false, &records->modes[false]);
	if (!dry && !acting && ctl->legend)
		print_nothing(directory, since);
	return r;
}

static json_t *tally_json(const struct tally *t)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "WatchedUSec",
			 format_json_number(t->watched), "KnownUSec", format_json_number(t->known),
			 "BelowUSec", format_json_number(t->below), "Episodes",
			 format_json_number(t->episodes), "Shortfall",
			 format_json_number(t->shortfall), "TakenAverage",
			 format_json_number(taken_of(t)), "TakenMost",
			 format_json_number(t->taken_most));
}

static json_t *guests_json(const struct records_mode *mode)
{
	json_t *array = json_array();

	for (size_t i = 0; i < mode->n_guests; i++) {
		const struct records_guest *g = &mode->guests[i];
		json_t *object = tally_json(&g->sum);

		if (json_object_set_new(object, "UUID", json_string(g->uuid)) < 0 ||
		    json_object_set_new(object, "Name", json_string(g->name)) < 0 ||
		    json_array_append(array, object) < 0) {
			json_decref(object);
			json_decref(array);
			return NULL;
		}
		json_decref(object);
	}
	return array;
}

static json_t *mode_json(bool dry_run, const struct records_mode *mode)
{
	struct totals all = add_up(mode);
	uint32_t level = (uint32_t)balloond_min(mode->sum.level, UINT32_MAX);
	json_t *object = tally_json(&all.sum), *more;

	more = json_pack("{s:b, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:o}", "DryRun", dry_run,
			 "BeginUSec", format_json_number(mode->begin), "EndUSec",
			 format_json_number(mode->end), "Pool", format_json_number(mode->sum.pool),
			 "ChargedMost", format_json_number(mode->sum.charged_most), "WorstLevel",
			 level_name(level), "GuestsTaken", (json_int_t)all.n_taken, "GuestsBelow",
			 (json_int_t)all.n_below, "Guests", guests_json(mode));
	if (!object || !more || json_object_update(more, object) < 0) {
		json_decref(more);
		more = NULL;
	}
	json_decref(object);
	return more;
}

static json_t *report_json(const struct records *records, const char *directory, usec_t since)
{
	json_t *modes = json_array();

	for (int dry_run = 1; dry_run >= 0; dry_run--) {
		const struct records_mode *mode = &records->modes[dry_run];

		if (mode->end == 0)
			continue;
		if (json_array_append_new(modes, mode_json(dry_run, mode)) < 0) {
			json_decref(modes);
			return NULL;
		}
	}
	return json_pack("{s:o, s:o, s:I, s:o}", "Directory", format_json_text(directory),
			 "SinceUSec", format_json_number(since), "LinesSkipped",
			 (json_int_t)records->n_skipped, "Modes", modes);
}

static int parse_since(const char *text, usec_t *ret)
{
	uint64_t ago;

	if (value_parse(text, BALLOOND_USEC, &ago, NULL) < 0) {
		fputs("balloonctl: --since= takes a time such as 90min, 12h or 7d\n", stderr);
		return -EINVAL;
	}
	*ret = balloond_sub(clock_wall(), ago);
	return 0;
}

static int read_all(const char *directory, usec_t since, struct records *ret)
{
	_cleanup_free_ char *safe = format_safe(directory);
	int r = records_read(directory, since, ret);

	if (r < 0)
		fprintf(stderr, "balloonctl: cannot read %s: %s\n", safe ? safe : "", strerror(-r));
	else if (ret->n_skipped > 0)
		fprintf(stderr, "balloonctl: %zu line%s in %s cannot be read, left out\n",
			ret->n_skipped, ret->n_skipped == 1 ? "" : "s", safe ? safe : "");
	return r;
}

int verb_report(struct ctl *ctl, int argc _unused_, char **argv _unused_)
{
	const char *directory = ctl->state_dir ? ctl->state_dir : BALLOOND_TALLY_DIR;
	_cleanup_(records_done) struct records records = { 0 };
	usec_t since;

	if (parse_since(ctl->since ? ctl->since : SINCE_DEFAULT, &since) < 0)
		return CTL_USAGE;
	if (read_all(directory, since, &records) < 0)
		return CTL_FAILED;
	for (size_t i = 0; i < ELEMENTSOF(records.modes); i++)
		if (records.modes[i].n_guests > 0)
			qsort(records.modes[i].guests, records.modes[i].n_guests,
			      sizeof(*records.modes[i].guests), compare_guests);
	if (ctl->json != CTL_JSON_OFF)
		return format_json_print(ctl, report_json(&records, directory, since));
	return print_text(ctl, &records, directory, since);
}
