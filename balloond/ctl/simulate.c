/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl simulate: tries a configuration on guests that are not there.  What decides is what
 * decides in balloond; the guests, the host and the clock are simulated, so that nobody is asked
 * and nothing is touched. */

#include "balloond/ctl/simulate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "balloond/core/judge.h"
#include "balloond/core/match.h"
#include "balloond/ctl/config.h"
#include "balloond/ctl/format.h"
#include "balloond/ctl/simulate-trace.h"
#include "balloond/io/config-override.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

/* As of a scenario's own length. */
#define SIMULATE_LENGTH_MAX (60 * UINT64_C(86400) * BALLOOND_SECOND)

/* Of an acting balloond, unless it is configured. */
#define STATS_PERIOD BALLOOND_SECOND

#define NOTE_MAX 160u

static void simulation_done(struct simulation *s)
{
	scenario_free(s->scenario);
	config_free(s->config);
	simulation_trace_free(s->trace);
	config_files_free(s->files);
	sim_world_free(s->world);
	plot_free(s->plot);
	closep(&s->plot_fd);
}

static int refuse(const char *what)
{
	fprintf(stderr, "balloonctl: %s\n", what);
	return CTL_USAGE;
}

static int fail(const char *path, int r)
{
	_cleanup_free_ char *safe = format_safe(path);

	fprintf(stderr, "balloonctl: %s: %s\n", safe ? safe : "", strerror(-r));
	return CTL_FAILED;
}

static int load_scenario(struct simulation *s)
{
	_cleanup_diagnostics_ struct diagnostics d = {};
	int r;

	r = scenario_load(s->path, &s->scenario, &d);
	if (r >= 0)
		return CTL_OK;
	return d.n_items > 0 ? ctl_config_refuse(&d) : fail(s->path, r);
}

/* What the command line says, else what the scenario is meant for, else what balloond runs. */
static int load_config(const struct ctl *ctl, struct simulation *s)
{
	_cleanup_diagnostics_ struct diagnostics d = {};
	const char *own = s->scenario->config;
	int r;

	if (ctl->config || !own)
		r = ctl_config_open(ctl, NULL, &s->files, &s->config, &d);
	else
		r = config_parse(own, strlen(own), s->path, ctl->policy_dir, &s->config, &d);
	if (r >= 0 && ctl->policy)
		r = config_use_policy(s->config, ctl->policy, ctl->policy_dir, &d);
	if (r >= 0)
		return CTL_OK;
	return d.n_items > 0 ? ctl_config_refuse(&d) : fail(s->path, r);
}

/* "kernel", 50%, 2GiB */
static int parse_min(const char *text, struct amount *ret)
{
	bool is_share = strchr(text, '%') != NULL;

	ret->kind = is_share ? AMOUNT_PERMILLE : AMOUNT_BYTES;
	ret->value = 0;
	if (strcmp(text, "kernel") == 0) {
		ret->kind = AMOUNT_KERNEL;
		return 0;
	}
	if (value_parse(text, is_share ? BALLOOND_PERMILLE : BALLOOND_BYTES, &ret->value, NULL) < 0)
		return -EINVAL;
	return is_share && ret->value > 1000 ? -EINVAL : 0;
}

/* As if dry-run had never been written: with it, and unless something else is, statistics periods
 * are kept, and most guests would never report. */
static void leave_dry_run(struct config *config)
{
	fputs("balloonctl: the configuration says dry-run: a simulation acts all the same\n",
	      stderr);
	config->dry_run = false;
	if (!config->keep_stats_period)
		return;
	config->keep_stats_period = false;
	config->stats_period = STATS_PERIOD;
}

static int change_config(const struct ctl *ctl, struct config *config)
{
	struct amount min;

	if (ctl->commit && strcmp(ctl->commit, "elastic") == 0)
		config->host.commit = COMMIT_ELASTIC;
	else if (ctl->commit && strcmp(ctl->commit, "strict") == 0)
		config->host.commit = COMMIT_STRICT;
	else if (ctl->commit)
		return refuse("--commit= takes elastic or strict");
	if (config->dry_run)
		leave_dry_run(config);
	if (!ctl->min)
		return CTL_OK;
	if (parse_min(ctl->min, &min) < 0)
		return refuse(
			"--min= takes kernel, a share such as 50%, or an amount such as 2GiB");
	return config_use_min(config, min) < 0 ? ctl_report(-ENOMEM, NULL) : CTL_OK;
}

static int change_scenario(const struct ctl *ctl, struct scenario *s)
{
	if (ctl->seed &&
	    (value_parse(ctl->seed, BALLOOND_COUNT, &s->seed, NULL) < 0 || s->seed > INT64_MAX))
		return refuse("--seed= takes a number");
	if (!ctl->length)
		return CTL_OK;
	if (value_parse(ctl->length, BALLOOND_USEC, &s->length, NULL) < 0)
		return refuse("--length= takes a time such as 90min, 12h or 7d");
	if (s->length <= s->warm_up || s->length < s->step || s->length > SIMULATE_LENGTH_MAX)
		return refuse(
			"--length= has to be longer than the scenario's warm-up and step, and "
			"60d at most");
	return CTL_OK;
}

/* Before the run, so that it is not lost when the file cannot be written; what is in the file stays
 * until there is something better. */
static int open_plot(const struct ctl *ctl, struct simulation *s)
{
	if (!ctl->plot)
		return CTL_OK;
	s->plot_fd = open(ctl->plot, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	return s->plot_fd < 0 ? fail(ctl->plot, -errno) : CTL_OK;
}

/* In a trace the configuration is what files say. */
static int open_trace(const struct ctl *ctl, struct simulation *s)
{
	int r;

	if (!ctl->trace)
		return CTL_OK;
	if (ctl->policy || ctl->min)
		return refuse("--trace= goes with neither --policy= nor --min=: write what they "
			      "say into a file for --config=");
	r = simulation_trace_new(ctl->trace, s, &s->trace);
	return r < 0 ? fail(ctl->trace, r) : CTL_OK;
}

static uint64_t sum_ceilings(const struct simulation *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->world->n_guests; i++) {
		const struct sim_guest *g = &s->world->guests[i];
		struct guest told;

		guest_init(&told, g->uuid, g->name);
		sim_guest_tell(g, s->world->now, &told);
		sum = balloond_add(sum,
				   judge_ceiling(match_promise(s->config, &told), &told, NULL));
	}
	return sum;
}

static int on_step(void *userdata, const struct sim_view *view)
{
	struct simulation *s = userdata;

	if (s->pool == BALLOOND_UNKNOWN)
		s->pool = view->pool;
	if (s->plot)
		plot_step(s->plot, view);
	progress_step(&s->progress, view->world->now - s->begins, s->scenario->length);
	return simulation_trace_failed(s->trace);
}

static int run(struct simulation *s)
{
	const struct scenario *scenario = s->scenario;
	const struct sim_setup setup = {
		.world = s->world,
		.config = s->config,
		.pool = scenario->pool,
		.overhead_on_top = !scenario->pool_holds_overhead,
		.events = scenario->events,
		.n_events = scenario->n_events,
		.length = scenario->length,
		.step = scenario->step,
		.warm_up = scenario->warm_up,
		.hears = true,
		.decide = s->trace ? simulation_trace_decide : NULL,
		.decide_userdata = s->trace,
		.on_step = on_step,
		.userdata = s,
	};
	int r;

	progress_begin(&s->progress);
	r = sim_run(&setup, &s->result);
	progress_end(&s->progress);
	s->n_missed = expectations_count_missed(scenario, s->config, &s->result);
	return r;
}

static int simulate(struct simulation *s)
{
	const struct scenario *scenario = s->scenario;
	const struct plot_scale scale = {
		.length = scenario->length,
		.step = scenario->step,
		.warm_up = scenario->warm_up,
		.events = scenario->events,
		.n_events = scenario->n_events,
	};
	int r;

	r = scenario_build(scenario, &s->world);
	if (r < 0)
		return r;
	sim_world_begin(s->world);
	s->begins = s->world->now;
	s->ceilings = sum_ceilings(s);
	r = s->plot_fd >= 0 ? plot_new(s->world, &scale, &s->plot) : 0;
	return r < 0 ? r : run(s);
}

static char *plot_title(const struct simulation *s)
{
	_cleanup_free_ char *rules = simulation_rules(s->config);
	char *title = NULL;

	if (!rules || asprintf(&title, "%s: %s, %s", s->scenario->name, rules,
			       simulation_commit(s->config)) < 0)
		return NULL;
	return title;
}

static int write_plot(const struct ctl *ctl, struct simulation *s)
{
	_cleanup_free_ char *title = plot_title(s);
	_cleanup_fclose_ FILE *f = fdopen(s->plot_fd, "w");
	char note[NOTE_MAX], ceilings[VALUE_TEXT_MAX], pool[VALUE_TEXT_MAX];
	struct stat st;
	int r;

	if (!f || !title)
		return ctl_report(-ENOMEM, NULL);
	(void)snprintf(note, sizeof(note),
		       "%zu guests with %s of ceilings; the pool leaves them %s",
		       s->world->n_guests, value_format_human(ceilings, s->ceilings),
		       value_format_human(pool, s->pool));
	TAKE_FD(s->plot_fd);
	if (fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && ftruncate(fileno(f), 0) < 0)
		return fail(ctl->plot, -errno);
	r = plot_write(s->plot, title, note, f);
	if (r < 0)
		return fail(ctl->plot, r);
	if (fflush(f) != 0 || ferror(f))
		return fail(ctl->plot, -errno);
	return CTL_OK;
}

static int prepare(const struct ctl *ctl, struct simulation *s)
{
	int code;

	code = load_scenario(s);
	if (code == CTL_OK)
		code = change_scenario(ctl, s->scenario);
	if (code == CTL_OK)
		code = load_config(ctl, s);
	if (code == CTL_OK)
		code = change_config(ctl, s->config);
	if (code == CTL_OK)
		code = open_plot(ctl, s);
	return code == CTL_OK ? open_trace(ctl, s) : code;
}

int verb_simulate(struct ctl *ctl, int argc _unused_, char **argv)
{
	_cleanup_(simulation_done) struct simulation s = {
		.path = argv[0],
		.plot_fd = -1,
		.pool = BALLOOND_UNKNOWN,
	};
	int code, r;

	code = prepare(ctl, &s);
	if (code != CTL_OK)
		return code;
	r = simulate(&s);
	if (r < 0)
		return fail(simulation_trace_failed(s.trace) < 0 ? ctl->trace : s.path, r);
	code = s.plot ? write_plot(ctl, &s) : CTL_OK;
	if (code == CTL_OK)
		code = simulation_print(ctl, &s);
	return code == CTL_OK && s.n_missed > 0 ? CTL_FAILED : code;
}
