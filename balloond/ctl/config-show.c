/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl config show, diff: the effective configuration, key by key. */

#include "balloond/ctl/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "balloond/ctl/format.h"
#include "balloond/ctl/table.h"
#include "balloond/io/util.h"

/* What a walk over the values fills. */
struct listing {
	const struct config *config;
	struct libscols_table *table;
	json_t *array; /* instead of a table */
};

/* "/etc/balloond/balloond.yaml:12:3", "default".  NULL: no memory. */
static char *origin(const struct config_value *value)
{
	char *text;

	if (!value->file)
		return strdup("default");
	if (asprintf(&text, "%s:%zu:%zu", value->file, value->line, value->column) < 0)
		return NULL;
	return text;
}

static json_t *value_json(const struct config_value *value)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "Key", value->path, "Value", value->text,
			 "File", format_json_text(value->file), "Line",
			 value->file ? json_integer((json_int_t)value->line) : json_null(),
			 "Column",
			 value->file ? json_integer((json_int_t)value->column) : json_null(),
			 "Help", format_json_text(value->help));
}

static int show_value(const struct config_value *value, void *userdata)
{
	struct listing *l = userdata;
	_cleanup_free_ char *place = origin(value);
	const char *const cells[] = { value->path, value->text, place };

	if (!place)
		return -ENOMEM;
	if (l->array)
		return json_array_append_new(l->array, value_json(value)) < 0 ? -ENOMEM : 0;
	return table_add(l->table, cells);
}

int verb_config_show(struct ctl *ctl, int argc _unused_, char **argv _unused_)
{
	static const struct table_column columns[] = {
		{ "KEY", 10, 0 },
		{ "VALUE", 10, 0 },
		{ "ORIGIN", 10, 0 },
	};
	_cleanup_config_files_ struct config_files *files = NULL;
	_cleanup_diagnostics_ struct diagnostics d = {};
	_cleanup_config_ struct config *config = NULL;
	struct listing l = { 0 };
	int r;

	r = ctl_config_open(ctl, NULL, &files, &config, &d);
	if (r < 0)
		return ctl_config_refuse(&d);
	if (ctl->json != CTL_JSON_OFF)
		l.array = json_array();
	else
		l.table = table_new(ctl, columns, ELEMENTSOF(columns) - !ctl->origin);
	if (!l.array && !l.table)
		return ctl_report(-ENOMEM, NULL);
	r = config_walk(files, config, show_value, &l);
	if (l.table)
		return table_print(l.table, r);
	if (r < 0) {
		json_decref(l.array);
		return ctl_report(r, NULL);
	}
	return format_json_print(ctl, l.array);
}

/* diff: what is written and is not the default. */
static int diff_value(const struct config_value *value, void *userdata)
{
	struct listing *l = userdata;
	_cleanup_free_ char *fallback = NULL, *place = NULL;
	json_t *object;

	if (!value->file)
		return 0;
	if (ctl_config_default(l->config, value->path, &fallback) < 0)
		return -ENOMEM;
	if (strcmp(fallback, value->text) == 0)
		return 0;
	place = origin(value);
	const char *const cells[] = { value->path, fallback, value->text, place };

	if (!place)
		return -ENOMEM;
	if (l->table)
		return table_add(l->table, cells);
	object = value_json(value);
	if (json_object_set_new(object, "Default", format_json_text(*fallback ? fallback : NULL)) <
		    0 ||
	    json_array_append_new(l->array, object) < 0)
		return -ENOMEM;
	return 0;
}

enum daemon_runs { RUNS_NOTHING, RUNS_THIS, RUNS_OTHER };

static enum daemon_runs ask_daemon(struct ctl *ctl, const struct config *config)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	struct client_host host;
	char hash[17];

	if (ctl_connect(ctl) < 0 || client_get_host(ctl->bus, &host, &reply, &error) < 0)
		return RUNS_NOTHING;
	(void)snprintf(hash, sizeof(hash), "%016" PRIx64, config->hash);
	return strcmp(hash, host.config_hash) == 0 ? RUNS_THIS : RUNS_OTHER;
}

static int print_diff(const struct ctl *ctl, struct listing *l, enum daemon_runs runs, int r)
{
	static const char *const lines[] = {
		[RUNS_NOTHING] = "balloond is not running.",
		[RUNS_THIS] = "balloond runs this configuration.",
		[RUNS_OTHER] = "balloond runs another one: reload.",
	};
	static const char *const words[] = {
		[RUNS_NOTHING] = "nothing",
		[RUNS_THIS] = "this",
		[RUNS_OTHER] = "other",
	};

	if (l->table) {
		bool is_empty = scols_table_get_nlines(l->table) == 0;

		r = table_print(l->table, r);
		if (r == CTL_OK && ctl->legend)
			printf("%s%s\n", is_empty ? "Every key has its default.\n" : "\n",
			       lines[runs]);
		return r;
	}
	if (r < 0) {
		json_decref(l->array);
		return ctl_report(r, NULL);
	}
	return format_json_print(ctl, json_pack("{s:o, s:s}", "Changed", l->array, "Running",
						words[runs]));
}

int verb_config_diff(struct ctl *ctl, int argc, char **argv)
{
	static const struct table_column columns[] = {
		{ "KEY", 10, 0 },
		{ "DEFAULT", 10, 0 },
		{ "VALUE", 10, 0 },
		{ "ORIGIN", 10, 0 },
	};
	_cleanup_config_files_ struct config_files *files = NULL;
	_cleanup_diagnostics_ struct diagnostics d = {};
	_cleanup_config_ struct config *config = NULL;
	struct listing l = { 0 };
	int r;

	r = ctl_config_open(ctl, argc > 0 ? argv[0] : NULL, &files, &config, &d);
	if (r < 0)
		return ctl_config_refuse(&d);
	if (ctl->json != CTL_JSON_OFF)
		l.array = json_array();
	else
		l.table = table_new(ctl, columns, ELEMENTSOF(columns));
	if (!l.array && !l.table)
		return ctl_report(-ENOMEM, NULL);
	l.config = config;
	r = config_walk(files, config, diff_value, &l);
	return print_diff(ctl, &l, ask_daemon(ctl, config), r);
}
