/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl list: all guests, a line each. */

#include <errno.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <unistd.h>

#include "balloond/ctl/format.h"
#include "balloond/io/log.h"
#include "balloond/io/util.h"

enum column_kind { COLUMN_TEXT, COLUMN_SIZE };

static const struct column {
	const char *title;
	enum column_kind kind;
	const char *figure; /* sizes: of published_figures[] */
	size_t offset;      /* texts: in struct client_guest */
	double width;       /* a hint, share of the terminal's or absolute */
	int flags;
} columns[] = {
	{ "NAME", COLUMN_TEXT, NULL, offsetof(struct client_guest, name), 4, SCOLS_FL_NOEXTREMES },
	{ "STATE", COLUMN_TEXT, NULL, offsetof(struct client_guest, state), 7, 0 },
	{ "ACTUAL", COLUMN_SIZE, "actual", 0, 5, SCOLS_FL_RIGHT },
	{ "TARGET", COLUMN_SIZE, "target", 0, 5, SCOLS_FL_RIGHT },
	{ "FLOOR", COLUMN_SIZE, "floor", 0, 5, SCOLS_FL_RIGHT },
	{ "CEILING", COLUMN_SIZE, "ceiling", 0, 5, SCOLS_FL_RIGHT },
	{ "USED", COLUMN_SIZE, "used", 0, 5, SCOLS_FL_RIGHT },
	{ "POLICY", COLUMN_TEXT, NULL, offsetof(struct client_guest, policy), 4, 0 },
	{ "REASON", COLUMN_TEXT, NULL, offsetof(struct client_guest, reason), 10, SCOLS_FL_TRUNC },
};

static int set_cell(struct libscols_line *line, size_t i, const struct client_guest *guest)
{
	const struct column *column = &columns[i];
	char safe[LOG_SAFE_MAX], size[FORMAT_MAX];
	const char *text;

	switch (column->kind) {
	case COLUMN_SIZE:
		text = format_size(size, client_figure(guest, column->figure));
		break;
	case COLUMN_TEXT:
	default:
		text = *(const char *const *)((const char *)guest + column->offset);
		text = *text ? log_safe(safe, text) : "-";
		break;
	}
	return scols_line_set_data(line, i, text);
}

static int fill_table(struct libscols_table *table, const struct client_guests *guests)
{
	for (size_t i = 0; i < ELEMENTSOF(columns); i++)
		if (!scols_table_new_column(table, columns[i].title, columns[i].width,
					    columns[i].flags))
			return -ENOMEM;
	for (size_t k = 0; k < guests->n_guests; k++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		if (!line)
			return -ENOMEM;
		for (size_t i = 0; i < ELEMENTSOF(columns); i++) {
			int r = set_cell(line, i, &guests->guests[k]);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int print_table(const struct ctl *ctl, const struct client_guests *guests)
{
	struct libscols_table *table;
	int r;

	if (guests->n_guests == 0) {
		if (ctl->legend)
			puts("No guests.");
		return CTL_OK;
	}
	scols_init_debug(0);
	table = scols_new_table();
	if (!table)
		return ctl_report(-ENOMEM, NULL);
	scols_table_enable_noheadings(table, !ctl->legend);
	r = fill_table(table, guests);
	if (r >= 0)
		r = scols_print_table(table);
	scols_unref_table(table);
	if (r < 0)
		return ctl_report(r, NULL);
	if (ctl->legend)
		printf("\n%zu guest%s.\n", guests->n_guests, guests->n_guests == 1 ? "" : "s");
	return CTL_OK;
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
