/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lists in man pages.  Of keys: path, what it is for, what is allowed, the default; of figures:
 * name, what it is, and how a bound of it is written. */

#include <string.h>

#include "balloond/ctl/describe.h"
#include "balloond/io/config-entries.h"
#include "balloond/sim/metrics.h"

#define LABEL_MAX 128u

static void print_words(const char *const *words, FILE *f)
{
	for (size_t i = 0; words[i]; i++)
		fprintf(f, "%s``%s``", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

static void print_bounds(const char *what, const struct key *key, FILE *f)
{
	if (strcmp(key->low, key->high) == 0)
		fprintf(f, "``%s``", key->low);
	else
		fprintf(f, "%s from %s to %s", what, key->low, key->high);
	if (key->word)
		fprintf(f, ", or ``%s``", key->word);
}

static void print_amount(const struct key *key, FILE *f)
{
	if (key->low)
		fprintf(f, "An amount from %s to %s", key->low, key->high);
	if (key->low_share)
		fprintf(f, "%s share from %s to %s", key->low ? ", a" : "A", key->low_share,
			key->high_share);
	if (key->word)
		fprintf(f, ", or ``%s``", key->word);
}

/* A clause becomes a sentence. */
static void print_capital(const char *clause, FILE *f)
{
	fprintf(f, "%c%s", *clause - ('a' <= *clause && *clause <= 'z') * 32, clause + 1);
}

static const char *collection(enum key_kind kind)
{
	if (kind == KEY_MAPPINGS)
		return "A mapping of the keys beside it, or a list of such mappings";
	if (kind == KEY_ENTRIES || kind == KEY_LIST)
		return "A list of mappings of the keys below";
	return "A mapping of the keys below";
}

/* What is allowed. */
static void print_kind(const struct key *key, FILE *f)
{
	switch (key->type->kind) {
	case KEY_BOOL:
		fputs("``true`` or ``false``", f);
		break;
	case KEY_INTEGER:
		print_bounds("A whole number", key, f);
		break;
	case KEY_TIME:
		print_bounds("A time", key, f);
		break;
	case KEY_RATE:
		print_bounds("A rate", key, f);
		break;
	case KEY_AMOUNT:
		print_amount(key, f);
		break;
	case KEY_WORD:
		print_words(key->words, f);
		break;
	case KEY_WORDS:
		fputs("A list of ", f);
		print_words(key->words, f);
		break;
	case KEY_NAME:
		fputs("A text of 1 to 63 bytes", f);
		break;
	case KEY_TEXT:
	case KEY_OTHER:
		print_capital(key->expected, f);
		break;
	case KEY_URIS:
		fprintf(f, "A URI, a list of URIs, or ``%s``", key->word);
		break;
	case KEY_PATTERNS:
		fputs("A shell pattern, or a list of them", f);
		break;
	case KEY_SIZES:
		fputs("A range of sizes, or a list of them", f);
		break;
	case KEY_POLICY:
		fputs("The name of a policy", f);
		break;
	case KEY_POLICIES:
		fputs("A list of names of policies", f);
		break;
	case KEY_PARAMS:
		fputs("A mapping, as the policy says", f);
		break;
	case KEY_WHEN:
	case KEY_SECTION:
	case KEY_MAPPING:
	case KEY_MAPPINGS:
	case KEY_ENTRIES:
	case KEY_LIST:
		fputs(collection(key->type->kind), f);
		break;
	}
	fputs(".", f);
}

/* What has one value needs none. */
static bool has_default(const struct key *key)
{
	return key->fallback && !(key->low && strcmp(key->low, key->high) == 0);
}

static void print_key(const char *path, const struct key *key, FILE *f)
{
	fprintf(f, "**%s**\n    ", path);
	print_capital(key->help, f);
	fputs(". ", f);
	print_kind(key, f);
	if (key->required)
		fputs(" Required.", f);
	if (has_default(key))
		fprintf(f, " Default: ``%s``", key->fallback);
	if (key->fallback_dry)
		fprintf(f, "; with **dry-run** ``%s``", key->fallback_dry);
	fprintf(f, "%s\n\n", has_default(key) ? "." : "");
}

static void print_metrics(const char *path, FILE *f)
{
	static const char *const edges[] = {
		[METRIC_BYTES] = "An amount",
		[METRIC_RATE] = "A rate such as 1MiB/s",
		[METRIC_PER_TIME] = "A number such as 100/s",
		[METRIC_SHARE] = "A percentage",
		[METRIC_TIME] = "A time",
		[METRIC_LEVEL] = "A level",
	};

	for (enum metric m = 0; m < METRIC_MAX; m++) {
		const struct metric_row *row = metric_row(m);

		fprintf(f, "**%s.%s**\n    %c%s. ", path, row->name, row->help[0] - 32,
			row->help + 1);
		fputs(edges[row->kind], f);
		if (row->base)
			fprintf(f, ", or a share of %s", row->base);
		fputs(".\n\n", f);
	}
}

/* match: is there twice; its keys are listed once. */
static bool is_listed(const char *path, const struct key *key)
{
	return key->keys == config_match_keys && strncmp(path, "rules", 5) == 0;
}

static void print_table(const char *prefix, const struct key *keys, FILE *f)
{
	for (; keys->name; keys++) {
		enum key_kind kind = keys->type->kind;
		char path[LABEL_MAX];

		(void)snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "",
			       keys->name);
		print_key(path, keys, f);
		if (is_listed(path, keys))
			fputs("    The keys are those of **guests[].match**.\n\n", f);
		else if (kind == KEY_WHEN)
			print_metrics(path, f);
		if (kind == KEY_ENTRIES || kind == KEY_LIST)
			(void)strcat(path, "[]");
		if (keys->keys && kind != KEY_MAPPINGS && !is_listed(path, keys))
			print_table(path, keys->keys, f);
	}
}

#define MADE ".. Made by describe-config from balloond's own tables.\n\n"

void describe_list(const struct key *keys, FILE *f)
{
	fputs(MADE, f);
	print_table("", keys, f);
}

void describe_figures(FILE *f)
{
	static const char *const units[] = {
		[SIM_COUNT] = "A whole number",
		[SIM_THOUSANDTHS] = "A number such as 1.5",
		[SIM_MILLIONTHS] = "A percentage such as 0.05%",
		[SIM_BYTES] = "An amount",
		[SIM_USEC] = "A time",
		[SIM_MIB_SECONDS] = "A whole number, of MiB for a second",
		[SIM_NANOSECONDS] = "A time such as 500ns",
	};

	fputs(MADE, f);
	for (size_t i = 0; i < n_sim_figures; i++) {
		const struct sim_figure *figure = &sim_figures[i];

		fprintf(f, "**%s**\n    ", figure->name);
		print_capital(figure->help, f);
		fprintf(f, ". %s.\n\n", units[figure->unit]);
	}
}
