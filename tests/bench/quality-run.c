/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One job of tests/bench/quality: reads what it is from its arguments and prints one line of JSON,
 * in integers. */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "tests/bench/job.h"

static int parse(const char *text, enum balloond_type type, uint64_t *ret)
{
	const char *expected = NULL;
	int r = value_parse(text, type, ret, &expected);

	if (r < 0)
		fprintf(stderr, "quality-run: \"%s\": expected %s\n", text, expected);
	return r;
}

static int parse_min(const char *text, struct amount *ret)
{
	ret->kind = strcmp(text, "kernel") == 0 ? AMOUNT_KERNEL
		    : strchr(text, '%')         ? AMOUNT_PERMILLE
						: AMOUNT_BYTES;
	if (ret->kind == AMOUNT_KERNEL)
		return 0;
	return parse(text, ret->kind == AMOUNT_PERMILLE ? BALLOOND_PERMILLE : BALLOOND_BYTES,
		     &ret->value);
}

static int take(struct job *job, const char *name, const char *text)
{
	static const struct {
		const char *name;
		enum balloond_type type;
		size_t offset;
	} numbers[] = {
		{ "generator", BALLOOND_COUNT, offsetof(struct job, generator) },
		{ "seed", BALLOOND_COUNT, offsetof(struct job, seed) },
		{ "length", BALLOOND_USEC, offsetof(struct job, length) },
		{ "step", BALLOOND_USEC, offsetof(struct job, step) },
		{ "warm-up", BALLOOND_USEC, offsetof(struct job, warm_up) },
		{ "need-base", BALLOOND_PERMILLE, offsetof(struct job, base) },
		{ "overcommit", BALLOOND_COUNT, offsetof(struct job, overcommit) },
	};
	uint64_t x;

	for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
		if (strcmp(name, numbers[i].name) == 0)
			return parse(text, numbers[i].type,
				     (uint64_t *)(void *)((char *)job + numbers[i].offset));
	if (strcmp(name, "guests") == 0 || strcmp(name, "draw") == 0) {
		if (parse(text, BALLOOND_COUNT, &x) < 0)
			return -1;
		*(*name == 'g' ? &job->n_guests : &job->draw) = (unsigned)x;
		return 0;
	}
	if (strcmp(name, "min") == 0)
		return parse_min(text, &job->min);
	*(strcmp(name, "trace") == 0        ? &job->trace
	  : strcmp(name, "policy") == 0     ? &job->policy
	  : strcmp(name, "policy-dir") == 0 ? &job->policy_dir
					    : &job->config) = text;
	return 0;
}

static int parse_options(struct job *job, int argc, char **argv)
{
	static const struct option options[] = {
		{ "trace", required_argument, NULL, 1 },
		{ "generator", required_argument, NULL, 1 },
		{ "guests", required_argument, NULL, 1 },
		{ "draw", required_argument, NULL, 1 },
		{ "seed", required_argument, NULL, 1 },
		{ "length", required_argument, NULL, 1 },
		{ "step", required_argument, NULL, 1 },
		{ "warm-up", required_argument, NULL, 1 },
		{ "need-base", required_argument, NULL, 1 },
		{ "overcommit", required_argument, NULL, 1 },
		{ "policy", required_argument, NULL, 1 },
		{ "policy-dir", required_argument, NULL, 1 },
		{ "config", required_argument, NULL, 1 },
		{ "min", required_argument, NULL, 1 },
		{ "elastic", no_argument, NULL, 2 },
		{ "bare", no_argument, NULL, 3 },
		{ "read-all", no_argument, NULL, 4 },
		{ NULL, 0, NULL, 0 },
	};
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", options, &index)) >= 0) {
		if (option == 2)
			job->commit = COMMIT_ELASTIC;
		else if (option == 3)
			job->bare = true;
		else if (option == 4)
			job->read_all = true;
		else if (option != 1 || take(job, options[index].name, optarg) < 0)
			return -1;
	}
	return optind == argc && job->policy && job->n_guests > 0 && job->overcommit > 0 ? 0 : -1;
}

static void print(const struct job_report *report)
{
	printf("{\"pool\": %" PRIu64 ", \"provisioned\": %" PRIu64 ", \"peak\": %" PRIu64
	       ", \"static-sum\": %" PRIu64,
	       report->pool, report->bounds.provisioned, report->bounds.peak,
	       report->bounds.static_sum);
	for (size_t i = 0; i < n_sim_figures; i++)
		printf(", \"%s\": %" PRIu64, sim_figures[i].name,
		       *(const uint64_t *)(const void *)((const char *)&report->result +
							 sim_figures[i].offset));
	puts("}");
}

int main(int argc, char **argv)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct job_report report = { 0 };
	struct job job = {
		.length = 48 * 3600 * BALLOOND_SECOND,
		.step = BALLOOND_SECOND,
		.warm_up = 900 * BALLOOND_SECOND,
		.base = 120,
		.commit = COMMIT_STRICT,
		.min = { .kind = AMOUNT_KERNEL },
	};
	int r;

	if (parse_options(&job, argc, argv) < 0) {
		fprintf(stderr, "usage: see tests/bench/quality\n");
		return 2;
	}
	r = job_run(&job, &report, &d);
	diagnostics_print(&d, stderr);
	if (r < 0) {
		fprintf(stderr, "quality-run: %s\n", strerror(-r));
		return 1;
	}
	print(&report);
	bounds_done(&report.bounds);
	return 0;
}
