/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl list: all guests, a line each. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/ctl/format.h"
#include "balloond/ctl/table.h"
#include "balloond/io/util.h"

static const struct table_column columns[] = {
	{ "NAME", 4, SCOLS_FL_NOEXTREMES }, { "STATE", 7, 0 },
	{ "ACTUAL", 5, SCOLS_FL_RIGHT },    { "TARGET", 5, SCOLS_FL_RIGHT },
	{ "FLOOR", 5, SCOLS_FL_RIGHT },     { "CEILING", 5, SCOLS_FL_RIGHT },
	{ "USED", 5, SCOLS_FL_RIGHT },      { "POLICY", 4, 0 },
	{ "REASON", 10, SCOLS_FL_TRUNC },
};

/* The order that made its state, if one did: it says more than the reason. */
static const char *order_words(char buf[FORMAT_ORDER_MAX], const struct client_guest *guest)
{
	static const struct {
		enum guest_state state;
		enum order_kind kind;
	} rows[] = {
		{ STATE_EXCLUDED, ORDER_EXCLUDE },  { STATE_HELD, ORDER_HOLD },
		{ STATE_HELD, ORDER_PAUSE },        { STATE_MANAGED, ORDER_PAUSE },
		{ STATE_MANAGED, ORDER_GIVE_BACK },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (*guest->orders[rows[i].kind].by &&
		    strcmp(guest->state, state_row(rows[i].state)->name) == 0)
			return format_standing(buf, rows[i].kind, &guest->orders[rows[i].kind]);
	return guest->reason;
}

static int add_guest(struct libscols_table *table, const struct client_guest *guest)
{
	char order[FORMAT_ORDER_MAX], actual[FORMAT_MAX], target[FORMAT_MAX], floor[FORMAT_MAX],
		ceiling[FORMAT_MAX], used[FORMAT_MAX];
	const char *const cells[ELEMENTSOF(columns)] = {
		guest->name,
		guest->state,
		format_size(actual, client_figure(guest, "actual")),
		format_size(target, client_figure(guest, "target")),
		format_size(floor, client_figure(guest, "floor")),
		format_size(ceiling, client_figure(guest, "ceiling")),
		format_size(used, client_figure(guest, "used")),
		guest->policy,
		order_words(order, guest),
	};

	return table_add(table, cells);
}

static int print_table(const struct ctl *ctl, const struct client_guests *guests)
{
	struct libscols_table *table;
	int r = 0;

	if (guests->n_guests == 0) {
		if (ctl->legend)
			puts("No guests.");
		return CTL_OK;
	}
	table = table_new(ctl, columns, ELEMENTSOF(columns));
	for (size_t i = 0; table && r >= 0 && i < guests->n_guests; i++)
		r = add_guest(table, &guests->guests[i]);
	r = table_print(table, r);
	if (r == CTL_OK && ctl->legend)
		printf("\n%zu guest%s.\n", guests->n_guests, guests->n_guests == 1 ? "" : "s");
	return r;
}

static json_t *make_json(const struct client_guests *guests)
{
	json_t *array = json_array();

	for (size_t i = 0; i < guests->n_guests; i++)
		if (json_array_append_new(array, format_json_guest(&guests->guests[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

int verb_list(struct ctl *ctl, int argc _unused_, char **argv _unused_)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(client_guests_done) struct client_guests guests;
	int r;

	r = client_get_guests(ctl->bus, &guests, &error);
	if (r < 0)
		return ctl_report(r, &error);
	if (ctl->json != CTL_JSON_OFF)
		return format_json_print(ctl, make_json(&guests));
	return print_table(ctl, &guests);
}
