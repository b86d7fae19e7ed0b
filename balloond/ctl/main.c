/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl: what balloond does and why, asked over D-Bus.  Options, the table of verbs, and the
 * connection; each verb is in a file of its own. */

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "balloond/ctl/ctl.h"
#include "balloond/io/log.h"
#include "balloond/io/util.h"
#include "build-config.h"

static const struct verb {
	const char *name, *arguments;
	int min_arguments, max_arguments; /* -1: any number */
	int (*run)(struct ctl *ctl, int argc, char **argv);
	const char *help;
} verbs[] = {
	{ "list", "", 0, 0, verb_list, "All guests, a line each" },
	{ "status", "[GUEST...]", 0, -1, verb_status, "The host's account, or these guests" },
	{ "explain", "GUEST", 1, 1, verb_explain, "Why a guest has the size that it has" },
};

static void print_help(void)
{
	puts("balloonctl [OPTIONS...] VERB\n\n"
	     "Shows what balloond does to the memory of virtual machines, and why.\n\n"
	     "Verbs:");
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
		printf("  %-8s %-12s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
	puts("\nOptions:\n"
	     "  --json=MODE           JSON instead of text: pretty, short, off\n"
	     "  --no-legend           No headings and totals\n"
	     "  -h, --help            This text\n"
	     "  --version             The version\n\n"
	     "A guest is given by its name or its UUID.  Exit codes: 0 all is well, 1 it failed,\n"
	     "2 wrong usage, 3 balloond is not running, 4 status: balloond is degraded.");
}

int ctl_report(int r, const sd_bus_error *error)
{
	char safe[LOG_SAFE_MAX];

	if (error && (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
		      sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))) {
		fprintf(stderr, "balloonctl: balloond is not running\n");
		return CTL_NOT_RUNNING;
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

/* 1: go on; else -(exit code), or 0 if all is said. */
static int parse_options(struct ctl *ctl, int argc, char **argv)
{
	enum { OPTION_JSON = 256, OPTION_NO_LEGEND, OPTION_VERSION };
	static const struct option options[] = {
		{ "json", required_argument, NULL, OPTION_JSON },
		{ "no-legend", no_argument, NULL, OPTION_NO_LEGEND },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
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
		default:
			return -CTL_USAGE;
		}
	}
	return 1;
}

/* NULL, and said why, if there is no such verb or it takes other arguments. */
static const struct verb *find_verb(int argc, char **argv)
{
	char safe[LOG_SAFE_MAX];

	if (argc == 0) {
		fprintf(stderr, "balloonctl: a verb is missing, see --help\n");
		return NULL;
	}
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
		const struct verb *verb = &verbs[i];

		if (strcmp(verb->name, argv[0]) != 0)
			continue;
		if (argc - 1 >= verb->min_arguments &&
		    (verb->max_arguments < 0 || argc - 1 <= verb->max_arguments))
			return verb;
		fprintf(stderr, "usage: balloonctl %s %s\n", verb->name, verb->arguments);
		return NULL;
	}
	fprintf(stderr, "balloonctl: there is no verb \"%s\", see --help\n",
		log_safe(safe, argv[0]));
	return NULL;
}

int main(int argc, char **argv)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	struct ctl ctl = { .legend = true };
	const struct verb *verb;
	int r;

	/* For the width and the encoding of texts alone. */
	(void)setlocale(LC_CTYPE, "");
	r = parse_options(&ctl, argc, argv);
	if (r <= 0)
		return -r;
	verb = find_verb(argc - optind, argv + optind);
	if (!verb)
		return CTL_USAGE;
	r = sd_bus_open_system(&bus);
	if (r < 0) {
		fprintf(stderr, "balloonctl: cannot reach the system bus: %s\n", strerror(-r));
		return CTL_FAILED;
	}
	ctl.bus = bus;
	r = verb->run(&ctl, argc - optind - 1, argv + optind + 1);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "balloonctl: cannot write: %s\n", strerror(errno));
		return CTL_FAILED;
	}
	return r;
}
