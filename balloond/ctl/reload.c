/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl reload: the daemon takes its files anew, whole or not at all, and says which. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "balloond/ctl/format.h"
#include "balloond/io/util.h"

/* All that is wrong, a line each. */
static json_t *make_json(const char *why)
{
	json_t *array = json_array();

	while (*why) {
		const char *end = strchrnul(why, '\n');

		if (json_array_append_new(array, json_stringn(why, (size_t)(end - why))) < 0) {
			json_decref(array);
			return NULL;
		}
		why = *end ? end + 1 : end;
	}
	return json_pack("{s:b, s:o}", "Taken", json_array_size(array) == 0, "Diagnostics", array);
}

static int print_lines(const char *why)
{
	while (*why) {
		const char *end = strchrnul(why, '\n');
		_cleanup_free_ char *line = strndup(why, (size_t)(end - why));
		_cleanup_free_ char *safe = line ? format_safe(line) : NULL;

		if (!safe)
			return -ENOMEM;
		fprintf(stderr, "%s\n", safe);
		why = *end ? end + 1 : end;
	}
	return 0;
}

int verb_reload(struct ctl *ctl, int argc _unused_, char **argv _unused_)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *why = "";
	int r;

	r = client_reload(ctl->bus, &error);
	if (r < 0 && !sd_bus_error_has_name(&error, CLIENT_ERROR_INVALID_CONFIGURATION))
		return ctl_report(r, &error);
	if (r < 0) {
		why = error.message;
		r = print_lines(why);
		if (r < 0)
			return ctl_report(r, NULL);
		fputs("balloonctl: refused, the old configuration stays\n", stderr);
	}
	if (ctl->json != CTL_JSON_OFF) {
		r = format_json_print(ctl, make_json(why));
		if (r != CTL_OK)
			return r;
	}
	return *why ? CTL_FAILED : CTL_OK;
}
