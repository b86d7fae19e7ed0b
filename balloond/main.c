/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Arguments, signals, and the order of beginning and ending. */

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "balloond/io/config.h"
#include "balloond/io/log.h"
#include "balloond/io/util.h"
#include "balloond/io/world-live.h"
#include "balloond/manager.h"
#include "build-config.h"

static const char *arg_config = BALLOOND_CONFIG_FILE;
static bool arg_config_given;
static const char *arg_policy_dir; /* NULL: the compiled-in one */
static bool arg_check_config;
static const char *arg_fragment; /* the file that --check-config is given */
static const char *arg_with;
static bool arg_dry_run;
static bool arg_once;
static bool arg_give_back;
static bool arg_debug;
static const char *arg_trace;

static void help(void)
{
	printf("balloond [OPTIONS...]\n\n"
	       "Moves memory between the guests of this host.\n\n"
	       "  -h --help                 Show this help\n"
	       "     --version              Show the version\n"
	       "     --config FILE          Read FILE and FILE.d instead of\n"
	       "                            " BALLOOND_CONFIG_FILE "\n"
	       "     --policy-dir DIR       Find policy modules in DIR\n"
	       "     --check-config         Check the whole configuration and exit\n"
	       "     --check-config FILE    Check FILE alone, wherever it is, and exit\n"
	       "     --with FILE            Check the whole with FILE as one more drop-in\n"
	       "     --dry-run              Look and decide, change nothing\n"
	       "     --once                 Look, decide and act once, then exit\n"
	       "     --give-back            Once, and raise all guests up to their ceilings, as\n"
	       "                            far as there is room: before balloond is removed\n"
	       "     --trace FILE           Write what is seen and decided into FILE, for\n"
	       "                            balloonctl replay\n"
	       "     --debug                Log every step\n");
}

enum {
	ARG_VERSION = 0x100,
	ARG_CONFIG,
	ARG_POLICY_DIR,
	ARG_CHECK,
	ARG_WITH,
	ARG_DRY,
	ARG_ONCE,
	ARG_GIVE_BACK,
	ARG_TRACE,
	ARG_DEBUG,
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, ARG_VERSION },
	{ "config", required_argument, NULL, ARG_CONFIG },
	{ "policy-dir", required_argument, NULL, ARG_POLICY_DIR },
	{ "check-config", no_argument, NULL, ARG_CHECK },
	{ "with", required_argument, NULL, ARG_WITH },
	{ "dry-run", no_argument, NULL, ARG_DRY },
	{ "once", no_argument, NULL, ARG_ONCE },
	{ "give-back", no_argument, NULL, ARG_GIVE_BACK },
	{ "trace", required_argument, NULL, ARG_TRACE },
	{ "debug", no_argument, NULL, ARG_DEBUG },
	{},
};

/* What follows the options, and what goes with what. */
static int check_arguments(int argc, char *argv[])
{
	if (arg_check_config && optind < argc)
		arg_fragment = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "balloond takes no argument '%s'; try --help.\n", argv[optind]);
		return -EINVAL;
	}
	if (arg_with && (!arg_check_config || arg_fragment)) {
		fprintf(stderr, "--with goes with --check-config of the whole configuration; "
				"try --help.\n");
		return -EINVAL;
	}
	return 0;
}

/* 0: run; 1: done, successfully; negative: usage */
static int parse_argv(int argc, char *argv[])
{
	int c;

	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) >= 0)
		switch (c) {
		case 'h':
			help();
			return 1;
		case ARG_VERSION:
			printf("balloond " BALLOOND_VERSION "\n");
			return 1;
		case ARG_CONFIG:
			arg_config = optarg;
			arg_config_given = true;
			break;
		case ARG_POLICY_DIR:
			arg_policy_dir = optarg;
			break;
		case ARG_CHECK:
			arg_check_config = true;
			break;
		case ARG_WITH:
			arg_with = optarg;
			break;
		case ARG_DRY:
			arg_dry_run = true;
			break;
		case ARG_ONCE:
			arg_once = true;
			break;
		case ARG_GIVE_BACK:
			arg_once = arg_give_back = true;
			break;
		case ARG_TRACE:
			arg_trace = optarg;
			break;
		case ARG_DEBUG:
			arg_debug = true;
			break;
		default:
			return -EINVAL;
		}
	return check_arguments(argc, argv);
}

static int check_config(void)
{
	const struct config_request request = {
		.path = arg_fragment ? arg_fragment : arg_config,
		.is_fragment = arg_fragment != NULL,
		.with = arg_with,
		.policy_dir = arg_policy_dir,
	};
	_cleanup_config_files_ struct config_files *files = NULL;
	_cleanup_diagnostics_ struct diagnostics d = {};
	_cleanup_config_ struct config *config = NULL;
	int r;

	r = config_open(&request, &files, &config, &d);
	if (r >= 0) {
		for (size_t i = 0; i < files->n; i++)
			printf("%s: OK\n", files->items[i].path);
		return 0;
	}
	diagnostics_print(&d, stderr);
	if (d.n_items == 0)
		fprintf(stderr, "%s: %s\n", request.path, strerror(-r));
	return r;
}

static int on_hangup(_unused_ sd_event_source *source, _unused_ const struct signalfd_siginfo *info,
		     void *userdata)
{
	(void)manager_reload(userdata);
	return 0;
}

static void on_news(void *userdata)
{
	manager_request_tick(userdata);
}

/* Without the bus nobody sees what is done here, and another balloond may have begun: the service
 * manager starts this one again. */
static void on_name(void *userdata, bool owned)
{
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;

	manager_set_owner(userdata, owned);
	if (owned)
		return;
	log_error("lost the bus, ending: all guests keep their sizes");
	if (sd_event_default(&event) >= 0)
		(void)sd_event_exit(event, EXIT_FAILURE);
}

/* Blocked before the first thread starts, so that every thread inherits it. */
static int block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int add_signals(sd_event *event, struct manager *m)
{
	int r;

	r = sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
	if (r < 0)
		return r;
	r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
	if (r < 0)
		return r;
	return sd_event_add_signal(event, NULL, SIGHUP, on_hangup, m);
}

/* Without the name nothing is acted on.  Beside a running balloond only --once may look, dry: 1.
 * To give back is what that one has to be told. */
static int own_name(struct bus *bus, struct manager *m)
{
	int r = bus_own_name(bus, on_name, m);

	if (r >= 0) {
		manager_set_owner(m, true);
		return 0;
	}
	if (r == -EEXIST && arg_once && !arg_give_back) {
		log_info("another balloond runs on this bus: this is a dry run");
		return 1;
	}
	if (r == -EEXIST)
		log_error("another balloond runs on this bus%s",
			  arg_give_back ? ": use balloonctl give-back --all" : "");
	else
		log_error("cannot own the name %s on the bus: %s", BALLOOND_BUS_NAME, strerror(-r));
	return r;
}

static int open_bus(sd_event *event, struct manager *m, struct bus **ret)
{
	_cleanup_(bus_freep) struct bus *bus = NULL;
	int r;

	r = bus_open(event, &bus);
	if (r < 0 && arg_once && arg_dry_run) {
		log_info("there is no bus, going on without: %s", strerror(-r));
		return 0;
	}
	if (r < 0) {
		log_error("cannot connect to the system bus: %s", strerror(-r));
		return r;
	}
	r = own_name(bus, m);
	if (r != 0) /* also where another has it: what nobody can address is not shown */
		return r < 0 ? r : 0;
	*ret = TAKE_PTR(bus);
	return 0;
}

static int serve(sd_event *event, struct manager *m, struct world world, struct bus *bus)
{
	int r;

	r = manager_start(m, world, bus);
	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
		return r;
	}
	(void)sd_event_set_watchdog(event, true);
	(void)sd_notify(false, "READY=1");
	r = sd_event_loop(event);
	(void)sd_notify(false, "STOPPING=1");
	if (r < 0)
		log_error("the event loop failed: %s", strerror(-r));
	return r > 0 ? -ENOTCONN : r; /* above 0: on_name() */
}

/* systemd's RuntimeDirectory=, else the same place by name. */
static const char *state_dir(void)
{
	const char *dir = getenv("RUNTIME_DIRECTORY");

	return dir && *dir == '/' ? dir : BALLOOND_STATE_DIR;
}

/* systemd's StateDirectory=, else the same place by name. */
static const char *memory_dir(void)
{
	const char *dir = getenv("STATE_DIRECTORY");

	return dir && *dir == '/' ? dir : BALLOOND_TALLY_DIR;
}

static int run(void)
{
	_cleanup_(sd_event_unrefp) sd_event *event = NULL;
	_cleanup_(manager_freep) struct manager *m = NULL;
	_cleanup_(bus_freep) struct bus *bus = NULL;
	struct world world = {};
	const struct manager_options options = {
		.config_path = arg_config,
		.config_is_optional = !arg_config_given,
		.policy_dir = arg_policy_dir,
		.state_dir = memory_dir(),
		.trace_path = arg_trace,
		.dry_run = arg_dry_run,
		.once = arg_once,
		.give_back = arg_give_back,
	};
	int r;

	/* A thread's own arena is 64 MiB of address space and stays resident where it was touched;
	 * a dozen threads that allocate little share one. */
	(void)mallopt(M_ARENA_MAX, 1);
	r = block_signals();
	if (r < 0)
		return r;
	r = sd_event_default(&event);
	if (r < 0)
		return r;
	r = manager_new(event, &options, &m);
	if (r < 0)
		return r;
	r = manager_load(m);
	if (r < 0)
		return r;
	r = add_signals(event, m);
	if (r < 0)
		return r;
	r = open_bus(event, m, &bus);
	if (r < 0)
		return r;
	r = world_live_new(event, state_dir(), on_news, m, &world);
	if (r < 0) {
		log_error("cannot prepare to look at guests: %s", strerror(-r));
		return r;
	}
	r = serve(event, m, world, bus);
	world_live_free(&world);
	return r;
}

int main(int argc, char *argv[])
{
	int r;

	r = parse_argv(argc, argv);
	if (r != 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	log_open(arg_debug ? LOG_DEBUG : LOG_INFO);
	r = arg_check_config ? check_config() : run();
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
