/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl simulate with the guard's switches: for tests that show what each rule is good for.
 * All that it is made of is built with BALLOOND_TEST, so it has a program of its own. */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/ctl/plot.h"
#include "balloond/io/config-override.h"
#include "balloond/io/util.h"
#include "balloond/sim/expect.h"
#include "balloond/sim/run.h"

#define USAGE \
	"usage: simulate-test [--policy=NAME] [--policy-dir=DIR] [--commit=elastic|strict] " \
	"[--guard-off=RULE] [--plot=FILE] SCENARIO\n"

struct options {
	const char *policy, *policy_dir, *commit, *guard_off, *plot, *path;
};

struct test {
	struct scenario *scenario;
	struct config *config;
	struct sim_world *world;
	struct plot *plot;
};

static void test_done(struct test *t)
{
	plot_free(t->plot);
	sim_world_free(t->world);
	config_free(t->config);
	scenario_free(t->scenario);
}

static int complain(const struct diagnostics *d, const char *path, int r)
{
	for (size_t i = 0; i < d->n_items; i++)
		fprintf(stderr, "%s\n", d->items[i].text);
	if (d->n_items == 0)
		fprintf(stderr, "%s: %s\n", path, strerror(-r));
	return r;
}

static int find_rule(const char *name, enum guard_rule *ret)
{
	for (enum guard_rule rule = GUARD_BOUNDS; rule < GUARD_RULE_MAX; rule++) {
		if (strcmp(guard_row(rule)->name, name) != 0)
			continue;
		*ret = rule;
		return 0;
	}
	fprintf(stderr, "%s is no rule of the guard", name);
	for (enum guard_rule rule = GUARD_BOUNDS; rule < GUARD_RULE_MAX; rule++)
		fprintf(stderr, "%s%s", rule == GUARD_BOUNDS ? ": " : ", ", guard_row(rule)->name);
	fputc('\n', stderr);
	return -EINVAL;
}

static int load(const struct options *o, struct test *t)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	const char *text;
	int r;

	r = scenario_load(o->path, &t->scenario, &d);
	if (r < 0)
		return complain(&d, o->path, r);
	text = t->scenario->config ? t->scenario->config : "version: 1\n";
	r = config_parse(text, strlen(text), o->path, o->policy_dir, &t->config, &d);
	if (r >= 0 && o->policy)
		r = config_use_policy(t->config, o->policy, o->policy_dir, &d);
	return r < 0 ? complain(&d, o->path, r) : 0;
}

static int change(const struct options *o, struct config *config)
{
	enum guard_rule rule;
	int r;

	if (o->commit)
		config->host.commit = strcmp(o->commit, "strict") == 0 ? COMMIT_STRICT
								       : COMMIT_ELASTIC;
	if (!o->guard_off)
		return 0;
	r = find_rule(o->guard_off, &rule);
	if (r >= 0)
		config->guards_off = 1u << rule;
	return r;
}

static int on_step(void *userdata, const struct sim_view *view)
{
	plot_step(userdata, view);
	return 0;
}

static int run(struct test *t, struct sim_result *ret)
{
	const struct scenario *s = t->scenario;
	const struct plot_scale scale = {
		.length = s->length,
		.step = s->step,
		.warm_up = s->warm_up,
		.events = s->events,
		.n_events = s->n_events,
	};
	struct sim_setup setup = {
		.config = t->config,
		.pool = s->pool,
		.overhead_on_top = !s->pool_holds_overhead,
		.events = s->events,
		.n_events = s->n_events,
		.hears = true,
		.length = s->length,
		.step = s->step,
		.warm_up = s->warm_up,
		.on_step = on_step,
	};
	int r;

	r = scenario_build(s, &t->world);
	if (r < 0)
		return r;
	sim_world_begin(t->world);
	setup.world = t->world;
	r = plot_new(t->world, &scale, &t->plot);
	setup.userdata = t->plot;
	return r < 0 ? r : sim_run(&setup, ret);
}

static int write_plot(const struct options *o, const struct test *t)
{
	_cleanup_fclose_ FILE *f = fopen(o->plot, "we");
	char title[256], note[128] = "every rule of the guard is on";
	int r;

	if (!f)
		return -errno;
	(void)snprintf(title, sizeof(title), "%s: %s, %s", t->scenario->name,
		       t->config->n_rules > 0 ? t->config->rules[0].policy->name : "no rule",
		       t->config->host.commit == COMMIT_STRICT ? "strict" : "elastic");
	if (o->guard_off)
		(void)snprintf(note, sizeof(note), "the guard's rule %s is off", o->guard_off);
	r = plot_write(t->plot, title, note, f);
	if (r >= 0 && (fflush(f) != 0 || ferror(f)))
		r = -errno;
	return r;
}

static int print_missed(const struct test *t, const struct sim_result *result)
{
	char bound[EXPECTATION_TEXT_MAX], value[FIGURE_TEXT_MAX];
	int code = 0;

	for (size_t i = 0; i < t->scenario->n_expectations; i++) {
		const struct scenario_expectation *e = &t->scenario->expectations[i];

		if (!expectation_is_asked(e, t->config) || expectation_holds(e, result))
			continue;
		printf("missed %s: expected %s, is %s\n", e->figure->name,
		       expectation_text(bound, e),
		       figure_text(value, e->figure, figure_value(e->figure, result)));
		code = 1;
	}
	return code;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' },
		{ "policy-dir", required_argument, NULL, 'd' },
		{ "commit", required_argument, NULL, 'c' },
		{ "guard-off", required_argument, NULL, 'g' },
		{ "plot", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		const char **value = c == 'p'   ? &o->policy
				     : c == 'd' ? &o->policy_dir
				     : c == 'c' ? &o->commit
				     : c == 'g' ? &o->guard_off
				     : c == 's' ? &o->plot
						: NULL;

		if (!value)
			return -EINVAL;
		*value = optarg;
	}
	o->path = argv[optind];
	return argc - optind == 1 ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	_cleanup_(test_done) struct test t = { 0 };
	struct sim_result result;
	struct options o = { 0 };
	int r;

	if (parse(argc, argv, &o) < 0) {
		fputs(USAGE, stderr);
		return 2;
	}
	r = load(&o, &t);
	if (r < 0)
		return 2;
	r = change(&o, t.config);
	if (r < 0)
		return 2;
	r = run(&t, &result);
	if (r >= 0 && o.plot)
		r = write_plot(&o, &t);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", o.path, strerror(-r));
		return 2;
	}
	return print_missed(&t, &result);
}
