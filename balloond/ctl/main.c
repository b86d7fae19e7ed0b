/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl: what balloond does and why, asked over D-Bus; and what needs no daemon, policies and
 * files.  Options, the table of verbs, and the connection; verbs are in files of their own. */

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "balloond/ctl/ctl.h"
#include "balloond/io/log.h"
#include "balloond/io/util.h"
#include "build-config.h"

/* Options that only some verbs take. */
enum {
	TAKES_CONFIG = 1u << 0,
	TAKES_POLICY_DIR = 1u << 1,
	TAKES_WITH = 1u << 2,
	TAKES_LIVE = 1u << 3,
	TAKES_ORIGIN = 1u << 4,
	TAKES_SINCE = 1u << 5,
	TAKES_STATE_DIR = 1u << 6,
	TAKES_FOR = 1u << 7,
	TAKES_REASON = 1u << 8,
	TAKES_ALL = 1u << 9,
	TAKES_POLICY = 1u << 16,
	TAKES_COMMIT = 1u << 17,
	TAKES_MIN = 1u << 18,
	TAKES_SEED = 1u << 19,
	TAKES_LENGTH = 1u << 20,
	TAKES_PLOT = 1u << 21,
	TAKES_CHECK = 1u << 22,
	TAKES_TRACE = 1u << 23,
	TAKES_FILES = TAKES_CONFIG | TAKES_POLICY_DIR,
};

static const struct verb {
	const char *group, *name; /* "policy", "list"; NULL, "list" */
	const char *arguments;
	int min_arguments, max_arguments; /* -1: any number */
	unsigned takes;
	bool needs_bus;
	int (*run)(struct ctl *ctl, int argc, char **argv);
	const char *help;
} verbs[] = {
	{ NULL, "list", "", 0, 0, 0, true, verb_list, "All guests, a line each" },
	{ NULL, "status", "[GUEST...]", 0, -1, 0, true, verb_status,
	  "The host's account, or these guests" },
	{ NULL, "explain", "GUEST", 1, 1, 0, true, verb_explain,
	  "Why a guest has the size that it has" },
	{ NULL, "hold", "GUEST", 1, 1, TAKES_FOR | TAKES_REASON, true, verb_hold,
	  "Let a guest keep the size that it has" },
	{ NULL, "unhold", "GUEST", 1, 1, TAKES_REASON, true, verb_unhold, "Take that back" },
	{ NULL, "exclude", "GUEST", 1, 1, TAKES_FOR | TAKES_REASON, true, verb_exclude,
	  "Let balloond leave a guest alone altogether" },
	{ NULL, "include", "GUEST", 1, 1, TAKES_REASON, true, verb_include, "Take that back" },
	{ NULL, "pause", "GUEST|--all", 0, 1, TAKES_FOR | TAKES_REASON | TAKES_ALL, true,
	  verb_pause, "Do not shrink a guest; ask nothing of anybody" },
	{ NULL, "give-back", "GUEST|--all", 0, 1, TAKES_FOR | TAKES_REASON | TAKES_ALL, true,
	  verb_give_back, "Raise a guest to its ceiling, and do not shrink it" },
	{ NULL, "resume", "GUEST|--all", 0, 1, TAKES_REASON | TAKES_ALL, true, verb_resume,
	  "Take both back" },
	{ NULL, "reload", "", 0, 0, 0, true, verb_reload,
	  "Let balloond take its files anew; with an error in them the old ones hold" },
	{ NULL, "report", "", 0, 0, TAKES_SINCE | TAKES_STATE_DIR, false, verb_report,
	  "What was taken from whom, or would be without dry-run; how often too much" },
	{ NULL, "record", "FILE", 1, 1, TAKES_FOR, true, verb_record,
	  "Let balloond write what it sees and decides into FILE" },
	{ NULL, "replay", "TRACE", 1, 1, TAKES_FILES | TAKES_CHECK, false, verb_replay,
	  "Decide again what was decided, or what else would have been" },
	{ NULL, "simulate", "SCENARIO", 1, 1,
	  TAKES_FILES | TAKES_POLICY | TAKES_COMMIT | TAKES_MIN | TAKES_SEED | TAKES_LENGTH |
		  TAKES_PLOT | TAKES_TRACE,
	  false, verb_simulate, "Try a configuration on guests that are not there" },
	{ "policy", "list", "", 0, 0, TAKES_POLICY_DIR, false, verb_policy_list,
	  "All policies, a line each" },
	{ "policy", "show", "NAME", 1, 1, TAKES_POLICY_DIR, false, verb_policy_show,
	  "A policy's parameters, reasons and figures" },
	{ "config", "check", "[FILE]", 0, 1, TAKES_FILES | TAKES_WITH | TAKES_LIVE, false,
	  verb_config_check, "Whether all files, or FILE alone, would be taken" },
	{ "config", "show", "", 0, 0, TAKES_FILES | TAKES_ORIGIN, false, verb_config_show,
	  "Every key and its value" },
	{ "config", "cat", "", 0, 0, TAKES_FILES, false, verb_config_cat,
	  "The files as they are, in the order in which they are joined" },
	{ "config", "diff", "[FILE]", 0, 1, TAKES_FILES, false, verb_config_diff,
	  "Keys that differ from their defaults, and whether balloond runs this" },
};

static void print_help(void)
{
	puts("balloonctl [OPTIONS...] VERB\n\n"
	     "Shows what balloond does to the memory of virtual machines, and why.\n\n"
	     "Verbs:");
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
		const struct verb *verb = &verbs[i];
		char usage[64];

		(void)snprintf(usage, sizeof(usage), "%s%s%s %s", verb->group ? verb->group : "",
			       verb->group ? " " : "", verb->name, verb->arguments);
		printf("  %-20s %s\n", usage, verb->help);
	}
	puts("\nOptions:\n"
	     "  --json=MODE           JSON instead of text: pretty, short, off\n"
	     "  --no-legend           No headings and totals\n"
	     "  -h, --help            This text\n"
	     "  --version             The version\n\n"
	     "Options of hold, exclude, pause and give-back, and of what takes them back:\n"
	     "  --for=TIME            For 90min or 12h; without this option for ever, give-back "
	     "for\n"
	     "                        1h.  Not of what takes back\n"
	     "  --all                 pause, give-back, resume: all guests\n"
	     "  --reason=TEXT         Why, for whoever asks later\n\n"
	     "Options of policy and config, which need no running balloond:\n"
	     "  --policy-dir=DIR      Find policy modules in DIR\n"
	     "  --config=FILE         config: read FILE and FILE.d instead of\n"
	     "                        " BALLOOND_CONFIG_FILE "\n"
	     "  --with=FILE           check: the whole, with FILE as one more drop-in\n"
	     "  --live                check: hold it against the guests that run, and change\n"
	     "                        nothing: who gets which entry and rule, and whether more\n"
	     "                        is promised than there is\n"
	     "  --origin              show: where each value was written\n\n"
	     "Option of record, which an interrupt ends earlier:\n"
	     "  --for=TIME            For 90min or 2h; 10min without this option\n\n"
	     "Options of replay, which needs no running balloond and takes --policy-dir:\n"
	     "  --config=FILE         What this configuration would have ordered instead\n"
	     "  --check               Fail if anything differs\n\n"
	     "Options of simulate, which needs none either, and takes --config and --policy-dir:\n"
	     "  --policy=NAME         All guests follow it, with its default parameters\n"
	     "  --commit=WHAT         elastic or strict, whatever the configuration says\n"
	     "  --min=AMOUNT          All guests are promised kernel, 50% or 2GiB\n"
	     "  --seed=NUMBER         Another world of the same kind\n"
	     "  --length=TIME         Instead of the scenario's own\n"
	     "  --plot=FILE           Draw memory over time into FILE, as SVG\n"
	     "  --trace=FILE          Write what was seen and decided into FILE, for replay\n\n"
	     "Options of report, which needs none either:\n"
	     "  --since=TIME          Of the last 12h or 30d; 7d without this option\n"
	     "  --state-dir=DIR       Read DIR instead of " BALLOOND_TALLY_DIR "\n\n"
	     "A guest is given by its name or its UUID.  Exit codes: 0 all is well, 1 it failed,\n"
	     "2 wrong usage, 3 balloond is not running, 4 status: balloond is degraded, or has\n"
	     "refused its files and keeps the old configuration.");
}

int ctl_connect(struct ctl *ctl)
{
	int r = ctl->bus ? 0 : sd_bus_open_system(&ctl->bus);

	return r < 0 ? r : 0;
}

int ctl_report(int r, const sd_bus_error *error)
{
	char safe[LOG_SAFE_MAX];

	if (error && (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
		      sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))) {
		fprintf(stderr, "balloonctl: balloond is not running\n");
		return CTL_NOT_RUNNING;
	}
	if (error && sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED)) {
		fprintf(stderr, "balloonctl: only root may do this\n");
		return CTL_FAILED;
	}
	fprintf(stderr, "balloonctl: %s\n",
		log_safe(safe, error && error->message ? error->message : strerror(-r)));
	return CTL_FAILED;
}

static int parse_json(const char *text, enum ctl_json *ret)
{
	static const char *const modes[] = {
		[CTL_JSON_OFF] = "off",
		[CTL_JSON_SHORT] = "short",
		[CTL_JSON_PRETTY] = "pretty",
	};

	for (size_t i = 0; i < ELEMENTSOF(modes); i++)
		if (strcmp(modes[i], text) == 0) {
			*ret = (enum ctl_json)i;
			return 0;
		}
	fprintf(stderr, "balloonctl: --json= takes pretty, short or off\n");
	return -EINVAL;
}

static void take_simulate_option(struct ctl *ctl, unsigned option)
{
	switch (option) {
	case TAKES_POLICY:
		ctl->policy = optarg;
		break;
	case TAKES_COMMIT:
		ctl->commit = optarg;
		break;
	case TAKES_MIN:
		ctl->min = optarg;
		break;
	case TAKES_SEED:
		ctl->seed = optarg;
		break;
	case TAKES_LENGTH:
		ctl->length = optarg;
		break;
	case TAKES_PLOT:
		ctl->plot = optarg;
		break;
	case TAKES_TRACE:
		ctl->trace = optarg;
		break;
	case TAKES_CHECK:
		ctl->check = true;
		break;
	default:
		break;
	}
}

static void take_option(struct ctl *ctl, unsigned option)
{
	switch (option) {
	case TAKES_CONFIG:
		ctl->config = optarg;
		break;
	case TAKES_POLICY_DIR:
		ctl->policy_dir = optarg;
		break;
	case TAKES_WITH:
		ctl->with = optarg;
		break;
	case TAKES_LIVE:
		ctl->live = true;
		break;
	case TAKES_ORIGIN:
		ctl->origin = true;
		break;
	case TAKES_SINCE:
		ctl->since = optarg;
		break;
	case TAKES_STATE_DIR:
		ctl->state_dir = optarg;
		break;
	case TAKES_FOR:
		ctl->lasts = optarg;
		break;
	case TAKES_ALL:
		ctl->all = true;
		break;
	case TAKES_REASON:
		ctl->reason = optarg;
		break;
	default:
		take_simulate_option(ctl, option);
		break;
	}
}

/* 1: go on; else -(exit code), or 0 if all is said.  *ret_given: TAKES_ of what was given. */
static int parse_options(struct ctl *ctl, int argc, char **argv, unsigned *ret_given)
{
	/* Beyond every TAKES_ and every character. */
	enum { OPTION_JSON = 1u << 24, OPTION_NO_LEGEND, OPTION_VERSION };
	static const struct option options[] = {
		{ "json", required_argument, NULL, OPTION_JSON },
		{ "no-legend", no_argument, NULL, OPTION_NO_LEGEND },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ "config", required_argument, NULL, TAKES_CONFIG },
		{ "policy-dir", required_argument, NULL, TAKES_POLICY_DIR },
		{ "with", required_argument, NULL, TAKES_WITH },
		{ "live", no_argument, NULL, TAKES_LIVE },
		{ "origin", no_argument, NULL, TAKES_ORIGIN },
		{ "since", required_argument, NULL, TAKES_SINCE },
		{ "state-dir", required_argument, NULL, TAKES_STATE_DIR },
		{ "for", required_argument, NULL, TAKES_FOR },
		{ "reason", required_argument, NULL, TAKES_REASON },
		{ "all", no_argument, NULL, TAKES_ALL },
		{ "policy", required_argument, NULL, TAKES_POLICY },
		{ "commit", required_argument, NULL, TAKES_COMMIT },
		{ "min", required_argument, NULL, TAKES_MIN },
		{ "seed", required_argument, NULL, TAKES_SEED },
		{ "length", required_argument, NULL, TAKES_LENGTH },
		{ "plot", required_argument, NULL, TAKES_PLOT },
		{ "trace", required_argument, NULL, TAKES_TRACE },
		{ "check", no_argument, NULL, TAKES_CHECK },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (option) {
		case OPTION_JSON:
			if (parse_json(optarg, &ctl->json) < 0)
				return -CTL_USAGE;
			break;
		case OPTION_NO_LEGEND:
			ctl->legend = false;
			break;
		case OPTION_VERSION:
			puts("balloonctl " BALLOOND_VERSION);
			return 0;
		case 'h':
			print_help();
			return 0;
		case '?':
			return -CTL_USAGE;
		default:
			take_option(ctl, (unsigned)option);
			*ret_given |= (unsigned)option;
			break;
		}
	}
	return 1;
}

/* How many words of argv name the verb: 0 if it is another one. */
static int count_words(const struct verb *verb, int argc, char **argv)
{
	if (!verb->group)
		return strcmp(verb->name, argv[0]) == 0 ? 1 : 0;
	return argc > 1 && strcmp(verb->group, argv[0]) == 0 && strcmp(verb->name, argv[1]) == 0
		       ? 2
		       : 0;
}

/* NULL, and said why, if there is no such verb or it takes other arguments or options. */
static const struct verb *find_verb(int argc, char **argv, unsigned given, int *ret_words)
{
	char safe[LOG_SAFE_MAX];

	if (argc == 0) {
		fprintf(stderr, "balloonctl: a verb is missing, see --help\n");
		return NULL;
	}
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
		const struct verb *verb = &verbs[i];
		int words = count_words(verb, argc, argv);

		if (words == 0)
			continue;
		*ret_words = words;
		if ((given & ~verb->takes) != 0)
			fprintf(stderr, "balloonctl: not an option of this verb, see --help\n");
		else if (argc - words < verb->min_arguments ||
			 (verb->max_arguments >= 0 && argc - words > verb->max_arguments))
			fprintf(stderr, "usage: balloonctl %s%s%s %s\n",
				verb->group ? verb->group : "", verb->group ? " " : "", verb->name,
				verb->arguments);
		else
			return verb;
		return NULL;
	}
	fprintf(stderr, "balloonctl: there is no verb \"%s\", see --help\n",
		log_safe(safe, argv[0]));
	return NULL;
}

static int run(struct ctl *ctl, int argc, char **argv, unsigned given)
{
	const struct verb *verb;
	int words, r;

	verb = find_verb(argc, argv, given, &words);
	if (!verb)
		return CTL_USAGE;
	r = verb->needs_bus ? ctl_connect(ctl) : 0;
	if (r < 0) {
		fprintf(stderr, "balloonctl: cannot reach the system bus: %s\n", strerror(-r));
		return CTL_FAILED;
	}
	return verb->run(ctl, argc - words, argv + words);
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .legend = true };
	unsigned given = 0;
	int r;

	/* For the width and the encoding of texts alone. */
	(void)setlocale(LC_CTYPE, "");
	r = parse_options(&ctl, argc, argv, &given);
	if (r <= 0)
		return -r;
	r = run(&ctl, argc - optind, argv + optind, given);
	sd_bus_flush_close_unref(ctl.bus);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "balloonctl: cannot write: %s\n", strerror(errno));
		return CTL_FAILED;
	}
	return r;
}
