/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl policy: which policies there are, and all that one says about itself.  The modules
 * themselves are asked, so that it holds for everybody's, and needs no daemon. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "balloond/ctl/format.h"
#include "balloond/ctl/table.h"
#include "balloond/io/descriptor.h"
#include "balloond/io/loader.h"
#include "balloond/io/policy-list.h"
#include "balloond/io/util.h"
#include "build-config.h"

/* As long as the loader's longest sentence, with a path in it. */
#define ERROR_MAX 4096u

static const char *policy_dir(const struct ctl *ctl)
{
	return ctl->policy_dir ? ctl->policy_dir : BALLOOND_POLICY_DIR;
}

/* NULL: error says why. */
static const struct balloond_policy *load(const struct ctl *ctl, const char *name,
					  char error[ERROR_MAX])
{
	const struct balloond_policy *policy;
	int r;

	r = loader_load(policy_dir(ctl), !ctl->policy_dir, name, &policy, error, ERROR_MAX);
	return r < 0 ? NULL : policy;
}

static int list_table(const struct ctl *ctl, char *const *names, size_t n)
{
	static const struct table_column columns[] = {
		{ "NAME", 4, 0 },
		{ "SUMMARY", 10, SCOLS_FL_WRAP },
	};
	struct libscols_table *table;
	char error[ERROR_MAX];
	int r = 0;

	if (n == 0) {
		if (ctl->legend)
			puts("No policies.");
		return CTL_OK;
	}
	table = table_new(ctl, columns, ELEMENTSOF(columns));
	for (size_t i = 0; table && r >= 0 && i < n; i++) {
		const struct balloond_policy *policy = load(ctl, names[i], error);
		const char *const cells[] = { names[i], policy ? policy->summary : error };

		r = table_add(table, cells);
	}
	return table_print(table, r);
}

/* Summary, or Error where balloond would refuse it. */
static json_t *list_json(const struct ctl *ctl, char *const *names, size_t n)
{
	json_t *array = json_array();
	char error[ERROR_MAX];

	for (size_t i = 0; i < n; i++) {
		const struct balloond_policy *policy = load(ctl, names[i], error);
		json_t *object = json_pack("{s:s, s:o}", "Name", names[i],
					   policy ? "Summary" : "Error",
					   format_json_text(policy ? policy->summary : error));

		if (json_array_append_new(array, object) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

int verb_policy_list(struct ctl *ctl, int argc _unused_, char **argv _unused_)
{
	char **names;
	size_t n;
	int r;

	r = policy_list(ctl->policy_dir, &names, &n);
	if (r < 0) {
		char *safe = format_safe(policy_dir(ctl));

		fprintf(stderr, "balloonctl: cannot read %s: %s\n", safe ? safe : "", strerror(-r));
		free(safe);
		return CTL_FAILED;
	}
	r = ctl->json == CTL_JSON_OFF ? list_table(ctl, names, n)
				      : format_json_print(ctl, list_json(ctl, names, n));
	policy_list_free(names, n);
	return r;
}

/* "5% to 50%", "at least 1", "". */
static const char *range(char buf[FORMAT_MAX], const struct balloond_param *param)
{
	if (param->low && param->high)
		snprintf(buf, FORMAT_MAX, "%s to %s", param->low, param->high);
	else if (param->low)
		snprintf(buf, FORMAT_MAX, "at least %s", param->low);
	else if (param->high)
		snprintf(buf, FORMAT_MAX, "at most %s", param->high);
	else
		*buf = '\0';
	return buf;
}

static int print_params(const struct ctl *ctl, const struct balloond_policy *policy)
{
	static const struct table_column columns[] = {
		{ "PARAMETER", 4, 0 },
		{ "DEFAULT", 4, SCOLS_FL_RIGHT },
		{ "ALLOWED", 4, 0 },
		{ "MEANING", 20, SCOLS_FL_WRAP },
	};
	struct libscols_table *table;
	char allowed[FORMAT_MAX];
	int r = 0;

	if (policy->n_params == 0) {
		puts("\nIt has no parameters.");
		return CTL_OK;
	}
	putchar('\n');
	table = table_new(ctl, columns, ELEMENTSOF(columns));
	for (size_t i = 0; table && r >= 0 && i < policy->n_params; i++) {
		const struct balloond_param *param = &policy->params[i];
		const char *const cells[] = { param->name,
					      param->fallback ? param->fallback : "required",
					      range(allowed, param),
					      param->help ? param->help : "" };

		r = table_add(table, cells);
	}
	return table_print(table, r);
}

static int show(const struct ctl *ctl, const struct balloond_policy *policy)
{
	_cleanup_free_ char *summary = format_safe(policy->summary);
	int r;

	printf("%s: %s.\n", policy->name, summary ? summary : "");
	r = print_params(ctl, policy);
	if (policy->n_reasons > 0)
		puts("\nThe reasons that it may give:");
	for (uint32_t i = 0; i < policy->n_reasons; i++) {
		_cleanup_free_ char *safe = format_safe(policy->reasons[i]);

		printf("  %s\n", safe ? safe : "");
	}
	if (policy->n_figures > 0)
		puts("\nThe figures that it tells of a guest:");
	for (uint32_t i = 0; i < policy->n_figures; i++)
		printf("  %s (%s)\n", policy->figures[i].name,
		       format_type_name(policy->figures[i].type));
	return r;
}

static json_t *params_json(const struct balloond_policy *policy)
{
	json_t *array = json_array();

	for (size_t i = 0; i < policy->n_params; i++) {
		const struct balloond_param *param = &policy->params[i];

		(void)json_array_append_new(array,
					    json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "Name",
						      param->name, "Type",
						      format_type_name(param->type), "Default",
						      format_json_text(param->fallback), "Low",
						      format_json_text(param->low), "High",
						      format_json_text(param->high), "Help",
						      format_json_text(param->help)));
	}
	return array;
}

static json_t *show_json(const struct balloond_policy *policy)
{
	json_t *reasons = json_array(), *figures = json_array();

	for (uint32_t i = 0; i < policy->n_reasons; i++)
		(void)json_array_append_new(reasons, format_json_text(policy->reasons[i]));
	for (uint32_t i = 0; i < policy->n_figures; i++)
		(void)json_array_append_new(figures,
					    json_pack("{s:s, s:s}", "Name", policy->figures[i].name,
						      "Type",
						      format_type_name(policy->figures[i].type)));
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "Name", policy->name, "Summary",
			 format_json_text(policy->summary), "Parameters", params_json(policy),
			 "Reasons", reasons, "Figures", figures);
}

int verb_policy_show(struct ctl *ctl, int argc _unused_, char **argv)
{
	const struct balloond_policy *policy;
	char error[ERROR_MAX];

	policy = load(ctl, argv[0], error);
	if (!policy) {
		_cleanup_free_ char *safe = format_safe(error);

		fprintf(stderr, "balloonctl: %s\n", safe ? safe : "");
		return CTL_FAILED;
	}
	if (ctl->json != CTL_JSON_OFF)
		return format_json_print(ctl, show_json(policy));
	return show(ctl, policy);
}
