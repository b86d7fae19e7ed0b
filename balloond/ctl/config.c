/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl config check, cat: whether the files are right, and what is in them. */

#include "balloond/ctl/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "balloond/ctl/format.h"
#include "balloond/io/util.h"
#include "build-config.h"

int ctl_config_open(const struct ctl *ctl, const char *file, struct config_files **ret_files,
		    struct config **ret, struct diagnostics *d)
{
	const char *main_file = ctl->config ? ctl->config : BALLOOND_CONFIG_FILE;
	const struct config_request request = {
		.path = file ? file : main_file,
		.is_fragment = file != NULL,
		.with = file ? NULL : ctl->with,
		.is_optional = !file && !ctl->config,
		.policy_dir = ctl->policy_dir,
	};
	const struct source source = { .name = request.path };
	int r;

	r = config_open(&request, ret_files, ret, d);
	if (r < 0 && d->n_items == 0)
		diagnostics_add(d, &source, 0, 0, "%s", strerror(-r));
	return r;
}

int ctl_config_refuse(const struct diagnostics *d)
{
	diagnostics_print(d, stderr);
	return CTL_FAILED;
}

static json_t *diagnostics_json(const struct diagnostics *d)
{
	json_t *array = json_array();

	for (size_t i = 0; i < d->n_items; i++)
		(void)json_array_append_new(array, json_string(d->items[i].text));
	return array;
}

static json_t *check_json(const struct config_files *files, const struct diagnostics *d)
{
	json_t *names = json_array();

	for (size_t i = 0; files && i < files->n; i++)
		(void)json_array_append_new(names, format_json_text(files->items[i].path));
	return json_pack("{s:b, s:o, s:o}", "Valid", d->n_items == 0, "Files", names, "Diagnostics",
			 diagnostics_json(d));
}

int verb_config_check(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_config_files_ struct config_files *files = NULL;
	_cleanup_diagnostics_ struct diagnostics d = {};
	_cleanup_config_ struct config *config = NULL;
	int r, code;

	if (argc > 0 && (ctl->with || ctl->config)) {
		fputs("balloonctl: --config= and --with= go with the whole configuration, not with "
		      "FILE\n",
		      stderr);
		return CTL_USAGE;
	}
	r = ctl_config_open(ctl, argc > 0 ? argv[0] : NULL, &files, &config, &d);
	if (r >= 0 && ctl->live)
		return ctl_config_check_live(ctl, config);
	code = r < 0 ? ctl_config_refuse(&d) : CTL_OK;
	if (ctl->json != CTL_JSON_OFF) {
		r = format_json_print(ctl, check_json(files, &d));
		return r != CTL_OK ? r : code;
	}
	for (size_t i = 0; files && i < files->n; i++)
		printf("%s: OK\n", files->items[i].path);
	if (files && files->n == 0)
		printf("%s: there is no file: all guests are only observed\n",
		       BALLOOND_CONFIG_FILE);
	return code;
}

static json_t *cat_json(const struct config_files *files)
{
	json_t *array = json_array();

	for (size_t i = 0; i < files->n; i++) {
		const struct config_file *file = &files->items[i];

		(void)json_array_append_new(array, json_pack("{s:o, s:o}", "File",
							     format_json_text(file->path), "Text",
							     json_stringn(file->text, file->size)));
	}
	return array;
}

int verb_config_cat(struct ctl *ctl, int argc _unused_, char **argv _unused_)
{
	_cleanup_config_files_ struct config_files *files = NULL;
	_cleanup_diagnostics_ struct diagnostics d = {};
	_cleanup_config_ struct config *config = NULL;
	int r;

	r = ctl_config_open(ctl, NULL, &files, &config, &d);
	if (r < 0)
		return ctl_config_refuse(&d);
	if (ctl->json != CTL_JSON_OFF)
		return format_json_print(ctl, cat_json(files));
	for (size_t i = 0; i < files->n; i++) {
		const struct config_file *file = &files->items[i];
		_cleanup_free_ char *path = format_safe(file->path);

		printf("%s# %s\n", i > 0 ? "\n" : "", path ? path : "");
		format_print_text(file->text, file->size);
	}
	return CTL_OK;
}
