/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What came out of a simulation: text for people, JSON for the rest. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "balloond/ctl/format.h"
#include "balloond/ctl/simulate.h"
#include "balloond/ctl/table.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

const char *simulation_commit(const struct config *config)
{
	return config->host.commit == COMMIT_STRICT ? "strict" : "elastic";
}

char *simulation_rules(const struct config *config)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	if (config->n_rules == 0)
		fputs("no rule", f);
	for (size_t i = 0; i < config->n_rules; i++) {
		const struct rule *rule = &config->rules[i];

		fprintf(f, "%s%s", i > 0 ? ", " : "", rule->policy->name);
		if (strcmp(rule->policy->name, rule->name) != 0)
			fprintf(f, " (%s)", rule->name);
	}
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static void print_field(const char *name, const char *text)
{
	_cleanup_free_ char *safe = format_safe(text);

	printf("%-10s %s\n", name, safe ? safe : "");
}

static void print_guests(const struct simulation *s)
{
	char ceilings[FORMAT_MAX], pool[FORMAT_MAX];
	uint64_t tenths = balloond_mul_div(s->ceilings, 10, balloond_max(s->pool, 1));

	printf("%-10s %zu with %s of ceilings; the pool leaves them %s, %" PRIu64 ".%" PRIu64
	       " to 1\n",
	       "Guests", s->world->n_guests, format_value(ceilings, BALLOOND_BYTES, s->ceilings),
	       format_value(pool, BALLOOND_BYTES, s->pool), tenths / 10, tenths % 10);
}

static void print_length(const struct scenario *scenario)
{
	char length[VALUE_TEXT_MAX], step[VALUE_TEXT_MAX], warm_up[VALUE_TEXT_MAX];

	printf("%-10s %s in steps of %s", "Length",
	       value_format(length, BALLOOND_USEC, scenario->length),
	       value_format(step, BALLOOND_USEC, scenario->step));
	if (scenario->warm_up > 0)
		printf(", of which the first %s are not measured",
		       value_format(warm_up, BALLOOND_USEC, scenario->warm_up));
	printf("; seed %" PRIu64 "\n\n", scenario->seed);
}

static void print_head(const struct simulation *s)
{
	_cleanup_free_ char *rules = simulation_rules(s->config);

	print_field("Scenario", s->scenario->name);
	if (s->scenario->about)
		print_field("About", s->scenario->about);
	print_guests(s);
	print_field("Rules", rules ? rules : "");
	print_field("Commit", simulation_commit(s->config));
	print_length(s->scenario);
}

static int print_figures(const struct ctl *ctl, const struct sim_result *result)
{
	static const struct table_column columns[] = {
		{ "FIGURE", 6, SCOLS_FL_NOEXTREMES },
		{ "VALUE", 6, SCOLS_FL_RIGHT },
		{ "MEANING", 0.5, SCOLS_FL_WRAP },
	};
	struct libscols_table *table = table_new(ctl, columns, ELEMENTSOF(columns));
	int r = 0;

	for (size_t i = 0; table && r >= 0 && i < n_sim_figures; i++) {
		const struct sim_figure *figure = &sim_figures[i];
		char text[FIGURE_TEXT_MAX];

		r = table_add(table,
			      (const char *const[]){
				      figure->name,
				      figure_text(text, figure, figure_value(figure, result)),
				      figure->help,
			      });
	}
	return table_print(table, r);
}

static const char *outcome(const struct simulation *s, const struct scenario_expectation *e)
{
	if (!expectation_is_asked(e, s->config))
		return "not asked";
	return expectation_holds(e, &s->result) ? "ok" : "not met";
}

static int print_expectations(const struct ctl *ctl, const struct simulation *s)
{
	static const struct table_column columns[] = {
		{ "EXPECTED", 8, SCOLS_FL_NOEXTREMES },
		{ "BOUND", 6, 0 },
		{ "VALUE", 6, SCOLS_FL_RIGHT },
		{ "", 6, 0 },
	};
	struct libscols_table *table = table_new(ctl, columns, ELEMENTSOF(columns));
	int r = 0;

	for (size_t i = 0; table && r >= 0 && i < s->scenario->n_expectations; i++) {
		const struct scenario_expectation *e = &s->scenario->expectations[i];
		char text[FIGURE_TEXT_MAX], bound[EXPECTATION_TEXT_MAX];
		uint64_t value = figure_value(e->figure, &s->result);

		r = table_add(table, (const char *const[]){
					     e->figure->name,
					     expectation_text(bound, e),
					     figure_text(text, e->figure, value),
					     outcome(s, e),
				     });
	}
	return table_print(table, r);
}

static int print_text(const struct ctl *ctl, const struct simulation *s)
{
	size_t n = s->scenario->n_expectations;
	int code;

	if (ctl->legend)
		print_head(s);
	code = print_figures(ctl, &s->result);
	if (code != CTL_OK || n == 0)
		return code;
	putchar('\n');
	code = print_expectations(ctl, s);
	if (code == CTL_OK && ctl->legend)
		printf("\n%zu of %zu expectations met\n", n - s->n_missed, n);
	return code;
}

static json_t *rules_json(const struct config *config)
{
	json_t *array = json_array();

	for (size_t i = 0; i < config->n_rules; i++)
		(void)json_array_append_new(array,
					    json_pack("{s:o, s:s}", "Name",
						      format_json_text(config->rules[i].name),
						      "Policy", config->rules[i].policy->name));
	return array;
}

static json_t *config_json(const struct config *config)
{
	char hash[17];

	(void)snprintf(hash, sizeof(hash), "%016" PRIx64, config->hash);
	return json_pack("{s:s, s:s, s:o}", "Hash", hash, "Commit", simulation_commit(config),
			 "Rules", rules_json(config));
}

static json_t *figures_json(const struct sim_result *result)
{
	json_t *object = json_object();
	char key[FIGURE_TEXT_MAX];

	for (size_t i = 0; i < n_sim_figures; i++)
		(void)json_object_set_new(object, figure_key(key, &sim_figures[i]),
					  format_json_number(
						  figure_value(&sim_figures[i], result)));
	return object;
}

static json_t *expectations_json(const struct simulation *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->scenario->n_expectations; i++) {
		const struct scenario_expectation *e = &s->scenario->expectations[i];
		bool is_asked = expectation_is_asked(e, s->config);
		json_t *one;

		one = json_pack("{s:s, s:o, s:o, s:o, s:b, s:b, s:I, s:I}", "Figure",
				e->figure->name, "Low", format_json_number(e->low), "High",
				format_json_number(e->high), "Value",
				format_json_number(figure_value(e->figure, &s->result)), "Asked",
				is_asked, "Met", !is_asked || expectation_holds(e, &s->result),
				"Line", (json_int_t)e->line, "Column", (json_int_t)e->column);
		(void)json_array_append_new(array, one);
	}
	return array;
}

static json_t *simulation_json(const struct simulation *s)
{
	const struct scenario *scenario = s->scenario;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:b}",
			 "File", format_json_text(s->path), "Scenario",
			 format_json_text(scenario->name), "About",
			 format_json_text(scenario->about), "LengthUSec",
			 format_json_number(scenario->length), "StepUSec",
			 format_json_number(scenario->step), "WarmUpUSec",
			 format_json_number(scenario->warm_up), "Seed",
			 format_json_number(scenario->seed), "Configuration",
			 config_json(s->config), "Guests", (json_int_t)s->world->n_guests,
			 "Ceilings", format_json_number(s->ceilings), "Pool",
			 format_json_number(s->pool), "Figures", figures_json(&s->result),
			 "Expectations", expectations_json(s), "ExpectationsMet", s->n_missed == 0);
}

int simulation_print(const struct ctl *ctl, const struct simulation *s)
{
	if (ctl->json != CTL_JSON_OFF)
		return format_json_print(ctl, simulation_json(s));
	return print_text(ctl, s);
}
