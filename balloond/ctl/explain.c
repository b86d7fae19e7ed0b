/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl explain: from which figures, by which policy, through which guard rules a guest has
 * its size; or why it is not managed.  Sentences first, then all figures. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/ctl/format.h"
#include "balloond/ctl/table.h"
#include "balloond/io/log.h"
#include "balloond/io/util.h"

static bool has_flag(const struct client_explanation *e, const char *flag)
{
	for (size_t i = 0; i < e->flags.n; i++)
		if (strcmp(e->flags.words[i], flag) == 0)
			return true;
	return false;
}

static const char *size(const struct client_explanation *e, const char *figure,
			char buf[FORMAT_MAX])
{
	return format_value(buf, BALLOOND_BYTES, client_figure(&e->guest, figure));
}

/* What its state lets balloond do to it. */
static const char *permission(const struct client_explanation *e)
{
	if (has_flag(e, "may-grow"))
		return has_flag(e, "may-shrink") ? NULL : "It may grow, and is not shrunk.";
	return has_flag(e, "may-shrink") ? "It is not grown now." : "balloond leaves it alone.";
}

static void print_state(const struct client_explanation *e)
{
	const struct client_guest *guest = &e->guest;
	char name[LOG_SAFE_MAX], reason[LOG_SAFE_MAX], has[FORMAT_MAX], wants[FORMAT_MAX];
	const char *may = permission(e);

	printf("Guest \"%s\" (%s)\nis %s: %s.\n", log_safe(name, guest->name), guest->uuid,
	       guest->state, log_safe(reason, guest->reason));
	if (client_figure(guest, "target") == client_figure(guest, "actual"))
		printf("It has %s, and is to keep it.", size(e, "actual", has));
	else
		printf("It has %s, and is to have %s.", size(e, "actual", has),
		       size(e, "target", wants));
	if (may)
		printf("  %s", may);
	putchar('\n');
}

static void print_order(const struct client_explanation *e)
{
	char hold[FORMAT_HOLD_MAX], safe[LOG_SAFE_MAX];

	if (*e->guest.held_by)
		printf("An order stands: %s.\n", log_safe(safe, format_hold(hold, &e->guest)));
}

static void print_promise(const struct client_explanation *e)
{
	char floor[FORMAT_MAX], ceiling[FORMAT_MAX], name[LOG_SAFE_MAX];

	printf("It is never given more than %s, nor left with less than %s",
	       size(e, "ceiling", ceiling), size(e, "floor", floor));
	if (*e->guest.promise)
		printf(" (promise \"%s\").\n", log_safe(name, e->guest.promise));
	else
		puts(" (no entry of guests: matches it).");
	printf("Among others it counts with %" PRIu32 " shares and priority %" PRId32 ".\n",
	       e->shares, e->priority);
}

static void print_others(const struct client_explanation *e)
{
	uint64_t set = client_figure(&e->guest, "ceiling-set");
	char text[FORMAT_MAX], safe[LOG_SAFE_MAX];

	if (set != 0 && set != BALLOOND_UNKNOWN)
		printf("Somebody else has set its size: its ceiling is %s at most.\n",
		       size(e, "ceiling-set", text));
	if (*e->guest.warning)
		printf("Beware: %s.\n", log_safe(safe, e->guest.warning));
}

static void print_learned(const struct client_explanation *e)
{
	uint64_t learned = client_figure(&e->guest, "floor-learned");
	char text[FORMAT_MAX];

	if (learned == 0 || learned == BALLOOND_UNKNOWN)
		return;
	printf("It was in distress with less: its floor is to be %s for that, less by the hour",
	       size(e, "floor-learned", text));
	puts(client_figure(&e->guest, "floor") < learned ? ", and lower while memory is short."
							 : ".");
}

static void print_policy(const struct client_explanation *e)
{
	char rule[LOG_SAFE_MAX], policy[LOG_SAFE_MAX], reason[LOG_SAFE_MAX];
	char proposal[FORMAT_MAX], claim[FORMAT_MAX], wanted[FORMAT_MAX];

	if (!*e->guest.policy)
		return;
	printf("Rule \"%s\" leaves its size to the policy \"%s\"", log_safe(rule, e->guest.rule),
	       log_safe(policy, e->guest.policy));
	if (client_figure(&e->guest, "proposal") == BALLOOND_UNKNOWN) {
		puts(", which is not asked now.");
		return;
	}
	printf(",\nwhich proposes %s, %s of it needed%s%s.\n", size(e, "proposal", proposal),
	       size(e, "claim", claim), *e->policy_reason ? ": " : "",
	       log_safe(reason, e->policy_reason));
	if (client_figure(&e->guest, "wanted") != client_figure(&e->guest, "proposal"))
		printf("Of the pool, %s is its part.\n", size(e, "wanted", wanted));
}

static void print_waits(const struct client_explanation *e)
{
	char rule[LOG_SAFE_MAX], metric[LOG_SAFE_MAX];

	if (*e->waits)
		printf("Rule \"%s\" waits: %s is not known.\n", log_safe(rule, e->waits),
		       log_safe(metric, e->unknown_metric));
}

/* "min, shares" */
static void print_words(const struct client_words *words)
{
	char safe[LOG_SAFE_MAX];

	for (size_t i = 0; i < words->n; i++)
		printf("%s%s", i > 0 ? ", " : "", log_safe(safe, words->words[i]));
}

static void print_metadata(const struct client_explanation *e)
{
	if (e->metadata_taken.n > 0) {
		fputs("Its own metadata has a say: ", stdout);
		print_words(&e->metadata_taken);
		puts(".");
	}
	if (e->metadata_refused.n > 0) {
		fputs("What its metadata says does not hold, or not in full: ", stdout);
		print_words(&e->metadata_refused);
		puts(" (tenants: in the configuration).");
	}
}

static void print_guards(const struct client_explanation *e)
{
	char name[LOG_SAFE_MAX], text[LOG_SAFE_MAX];

	if (e->n_guards == 0)
		return;
	puts("The guard held it back:");
	for (size_t i = 0; i < e->n_guards; i++)
		printf("  %-12s  %s\n", log_safe(name, e->guards[i].name),
		       log_safe(text, e->guards[i].text));
}

static void print_statistics(const struct client_explanation *e)
{
	uint64_t age = client_figure(&e->guest, "stats-age");
	char text[FORMAT_MAX];

	if (age == BALLOOND_UNKNOWN)
		printf("It does not report statistics%s.\n",
		       e->armed ? ", balloond is switching them on" : "");
	else
		printf("Its statistics are %s old.\n", format_value(text, BALLOOND_USEC, age));
	if (has_flag(e, "cooling"))
		puts("It was in distress a moment ago.");
	if (e->dry_run)
		puts("This is a dry run: nothing of it is done.");
}

static int add_row(struct libscols_table *table, const char *name, enum balloond_type type,
		   uint64_t value, const char *meaning)
{
	char text[FORMAT_MAX];
	const char *const cells[] = { name, format_value(text, type, value), meaning };

	return table_add(table, cells);
}

static int print_figures(const struct ctl *ctl, const struct client_explanation *e)
{
	static const struct table_column columns[] = {
		{ "FIGURE", 4, 0 },
		{ "VALUE", 4, SCOLS_FL_RIGHT },
		{ "MEANING", 10, SCOLS_FL_TRUNC },
	};
	struct libscols_table *table = table_new(ctl, columns, ELEMENTSOF(columns));
	int r = 0;

	for (size_t i = 0; table && r >= 0 && i < n_published_figures; i++)
		r = add_row(table, published_figures[i].name, published_figures[i].type,
			    e->guest.figures[i], published_figures[i].help);
	for (size_t i = 0; table && r >= 0 && i < e->n_policy_figures; i++) {
		const struct client_policy_figure *figure = &e->policy_figures[i];

		r = add_row(table, figure->name, format_type(figure->type), figure->value,
			    "says its policy");
	}
	return table_print(table, r);
}

static json_t *policy_figures_json(const struct client_explanation *e)
{
	json_t *array = json_array();

	for (size_t i = 0; i < e->n_policy_figures; i++) {
		const struct client_policy_figure *figure = &e->policy_figures[i];

		(void)json_array_append_new(array,
					    json_pack("{s:s, s:s, s:o}", "Name", figure->name,
						      "Type", figure->type, "Value",
						      format_json_number(figure->value)));
	}
	return array;
}

static json_t *guards_json(const struct client_explanation *e)
{
	json_t *array = json_array();

	for (size_t i = 0; i < e->n_guards; i++)
		(void)json_array_append_new(array,
					    json_pack("{s:s, s:s}", "Name", e->guards[i].name,
						      "Text", e->guards[i].text));
	return array;
}

static json_t *make_json(const struct client_explanation *e)
{
	json_t *object = json_object(), *figures = json_object();
	int r;

	r = format_json_properties(object, client_explanation_properties,
				   n_client_explanation_properties, e);
	if (r >= 0)
		r = format_json_figures(figures, &e->guest);
	/* Each takes over what it is given, even where it fails. */
	r |= json_object_set_new(object, "Figures", figures);
	r |= json_object_set_new(object, "PolicyFigures", policy_figures_json(e));
	r |= json_object_set_new(object, "Guards", guards_json(e));
	if (r < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

int verb_explain(struct ctl *ctl, int argc _unused_, char **argv)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_(client_explanation_done) struct client_explanation e;
	int r;

	r = client_explain(ctl->bus, argv[0], &e, &error);
	if (r < 0)
		return ctl_report(r, &error);
	if (ctl->json != CTL_JSON_OFF)
		return format_json_print(ctl, make_json(&e));
	print_state(&e);
	print_order(&e);
	print_promise(&e);
	print_others(&e);
	print_learned(&e);
	print_policy(&e);
	print_waits(&e);
	print_metadata(&e);
	print_guards(&e);
	print_statistics(&e);
	putchar('\n');
	return print_figures(ctl, &e);
}
