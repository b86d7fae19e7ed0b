/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is read from scenarios that are right. */

#include "balloond/io/config.h"
#include "balloond/policy-math.h"
#include "balloond/sim/demand-file.h"
#include "tests/unit/scenario-bed.h"

#define MIB BALLOOND_MIB
#define GIB BALLOOND_GIB
#define SEC BALLOOND_SECOND
#define MIN (60 * SEC)

static struct scenario *full;
static char full_path[4096];

static void load_full(void)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	int r;

	(void)snprintf(full_path, sizeof(full_path), "%s/scenario/full.yaml",
		       check_dir("BALLOOND_TEST_FIXTURES"));
	r = scenario_load(full_path, &full, &d);
	ck_assert_msg(r == 0, "%d: %s", r, d.n_items > 0 ? d.items[0].text : "no reason");
}

static void free_full(void)
{
	full = scenario_free(full);
}

START_TEST(what_is_said_of_the_whole_is_read)
{
	ck_assert_str_eq(full->name, "everything");
	ck_assert_str_eq(full->about, "Every key.\nTwo lines.");
	ck_assert_uint_eq(full->length, 20 * MIN);
	ck_assert_uint_eq(full->step, SEC / 4);
	ck_assert_uint_eq(full->warm_up, 90 * SEC);
	ck_assert_uint_eq(full->seed, 7);
	ck_assert_uint_eq(full->n_guests, 7);
	ck_assert_uint_eq(full->n_expectations, 10);
}
END_TEST

START_TEST(the_host_is_read)
{
	const struct scenario_event *e = full->events;

	ck_assert_uint_eq(full->host.total, 64 * GIB);
	ck_assert_uint_eq(full->host.swap, 8 * GIB);
	ck_assert_uint_eq(full->host.disk, 200 * MIB);
	ck_assert_uint_eq(full->host.own, 2 * GIB);
	ck_assert_uint_eq(full->host.shared, 125);
	ck_assert_uint_eq(full->host.sample_cost, 2000);
	ck_assert_uint_eq(full->pool, 30 * GIB);
	ck_assert(!full->pool_holds_overhead);
	ck_assert_uint_eq(full->n_events, 5);
	ck_assert_uint_eq(e[0].at, 5 * MIN);
	ck_assert_uint_eq(e[0].over, 10 * SEC);
	ck_assert_uint_eq(e[0].own, 4 * GIB);
	ck_assert_uint_eq(e[0].pool, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(e[1].own, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(e[1].pool, 20 * GIB);
	ck_assert_uint_eq(e[2].own, GIB);
	ck_assert_uint_eq(e[2].pool, 25 * GIB);
	ck_assert(e[2].clock == 0 && !e[2].restart);
	ck_assert(e[3].clock == (int64_t)(60 * MIN) && !e[3].restart);
	ck_assert(e[4].clock == -(int64_t)(90 * SEC) && e[4].restart && e[4].down == 10 * SEC);
}
END_TEST

START_TEST(what_a_guest_is_made_of_is_read)
{
	const struct scenario_guest *g = &full->guests[0];
	const struct sim_model *m = &g->model;

	ck_assert_str_eq(g->name, "steps");
	ck_assert_uint_eq(g->count, 3);
	ck_assert_uint_eq(m->maximum, 4 * GIB);
	ck_assert_uint_eq(m->sold, 3 * GIB);
	ck_assert_uint_eq(m->start, 2 * GIB);
	ck_assert_uint_eq(m->swap, GIB);
	ck_assert_uint_eq(m->kernel, 100 * MIB);
	ck_assert_uint_eq(m->overhead, 50 * MIB);
	ck_assert_uint_eq(m->disk, 10 * MIB);
	ck_assert_uint_eq(m->boot, 7 * SEC);
	ck_assert_uint_eq(m->inflate, 900 * MIB);
	ck_assert_uint_eq(m->inflate_cache, 300 * MIB);
	ck_assert_uint_eq(m->inflate_anon, 50 * MIB);
	ck_assert_uint_eq(m->deflate, 2200 * MIB);
	ck_assert_uint_eq(m->hot, GIB);
	ck_assert_uint_eq(m->fill, 3 * MIB);
	ck_assert_uint_eq(g->starts, 30 * SEC);
	ck_assert_uint_eq(g->stagger_start, SEC);
	ck_assert_uint_eq(g->stagger, 10 * SEC);
}
END_TEST

START_TEST(kinds_and_traits_become_traits)
{
	const struct scenario_guest *g = full->guests;

	ck_assert_uint_eq(g[0].model.traits,
			  SIM_NO_USABLE | SIM_NO_SWAP_SEEN | SIM_AUTODEFLATE | SIM_PINNED);
	ck_assert_uint_eq(g[1].model.traits, SIM_NO_STATS | SIM_FREE_REPORTING);
	ck_assert_uint_eq(g[2].model.traits, SIM_MAPPED);
	ck_assert(g[2].silent && !g[1].silent);
	ck_assert_uint_eq(g[3].model.traits, 0);
}
END_TEST

START_TEST(every_shape_of_need_is_read)
{
	const struct scenario_guest *g = full->guests;
	const struct demand *d = &g[0].need;

	ck_assert_int_eq(g[0].shape, SCENARIO_STEPS);
	ck_assert_int_eq(d->shape, DEMAND_POINTS);
	ck_assert_uint_eq(d->fixed, 48 * MIB);
	ck_assert_uint_eq(d->base, 120);
	ck_assert_uint_eq(d->touch, 100 * MIB);
	ck_assert_uint_eq(d->n_points, 2);
	ck_assert_uint_eq(d->points[0].at, MIN);
	ck_assert_uint_eq(d->points[0].to, 2 * GIB);
	ck_assert_uint_eq(d->points[0].over, 10 * SEC);
	ck_assert_uint_eq(d->points[1].over, 0);
	d = &g[1].need;
	ck_assert_int_eq(d->shape, DEMAND_SQUARE);
	ck_assert(d->low == 512 * MIB && d->high == GIB && d->period == MIN);
	d = &g[2].need;
	ck_assert_int_eq(d->shape, DEMAND_SPIKES);
	ck_assert(d->low == 256 * MIB && d->high == GIB && d->period == 10 * MIN);
	ck_assert_uint_eq(d->length, 20 * SEC);
	ck_assert_int_eq(g[3].need.shape, DEMAND_CONSTANT);
	ck_assert_uint_eq(g[3].need.high, 300 * MIB);
	ck_assert_int_eq(g[4].shape, SCENARIO_GENERATOR);
	ck_assert_int_eq(g[5].shape, SCENARIO_TRACE);
	ck_assert(g[5].row == 1 && g[5].first == 1);
}
END_TEST

START_TEST(traces_are_found_beside_the_scenario_and_read_once)
{
	const struct scenario_guest *g = full->guests;

	ck_assert_ptr_nonnull(g[5].trace);
	ck_assert_uint_eq(g[5].trace->n_rows, 3);
	ck_assert_ptr_eq(g[5].trace, g[6].trace);
}
END_TEST

START_TEST(faults_are_read)
{
	const struct scenario_guest *g = full->guests;
	const struct sim_fault *f = g[0].faults;

	ck_assert_uint_eq(g[0].n_faults, 3);
	ck_assert_int_eq(f[0].kind, SIM_FAULT_LIES);
	ck_assert(f[0].at == 5 * MIN && f[0].length == 10 * SEC && f[0].every == MIN);
	ck_assert_uint_eq(f[0].value, 1500);
	ck_assert_int_eq(f[1].kind, SIM_FAULT_REBOOT);
	ck_assert_uint_eq(f[1].value, 0);
	ck_assert_int_eq(f[2].kind, SIM_FAULT_HELD);
	ck_assert(f[2].at == 9 * MIN && f[2].length == 0);
	ck_assert_int_eq(g[2].faults[0].kind, SIM_FAULT_SLOW);
	ck_assert(g[2].faults[0].at == 0 && g[2].faults[0].value == 100);
}
END_TEST

static const struct {
	const char *figure;
	uint64_t low, high;
} bounds[] = {
	{ "unmet", BALLOOND_UNKNOWN, 500 },
	{ "relief-p99", 1000, 2500000 },
	{ "lent", 800000, BALLOOND_UNKNOWN },
	{ "traffic", BALLOOND_UNKNOWN, 1500 },
	{ "ooms", BALLOOND_UNKNOWN, 0 },
	{ "overage", BALLOOND_UNKNOWN, 12 },
	{ "size-mean", 10 * GIB, BALLOOND_UNKNOWN },
	{ "decide-ns", BALLOOND_UNKNOWN, 900 },
	{ "decide-ns", BALLOOND_UNKNOWN, 1500000 },
	{ "jain", 123456, 1000000 },
};

START_TEST(an_expectation_has_its_bounds_in_the_figures_unit)
{
	const struct scenario_expectation *e = &full->expectations[_i];

	ck_assert_str_eq(e->figure->name, bounds[_i].figure);
	ck_assert_uint_eq(e->low, bounds[_i].low);
	ck_assert_uint_eq(e->high, bounds[_i].high);
	ck_assert(e->from == 0 && e->to == full->length);
	ck_assert(e->line == full->expectations[0].line + (unsigned)_i && e->column == 5);
}
END_TEST

START_TEST(an_expectation_may_be_about_some_policies_and_one_commit)
{
	const struct scenario_expectation *e = full->expectations;

	ck_assert(e[3].n_policies == 0 && e[3].commits == 0);
	ck_assert_uint_eq(e[4].n_policies, 2);
	ck_assert_str_eq(e[4].policies[0], "headroom");
	ck_assert_str_eq(e[4].policies[1], "reclaim");
	ck_assert_uint_eq(e[4].commits, 1u << COMMIT_STRICT);
	ck_assert_uint_eq(e[5].n_policies, 1);
	ck_assert_str_eq(e[5].policies[0], "step");
}
END_TEST

/* Recursion is as deep as the tables are. */
static void check_written(const struct key *keys, const char *text)
{
	char name[64];

	for (; keys->name; keys++) {
		(void)snprintf(name, sizeof(name), "%s: ", keys->name);
		if (keys->keys || strcmp(keys->name, "config") == 0)
			name[strlen(name) - 1] = '\0';
		ck_assert_msg(strstr(text, name) != NULL, "%s is not in the file", keys->name);
		if (keys->keys)
			check_written(keys->keys, text);
	}
}

START_TEST(the_file_of_these_tests_has_every_key)
{
	_cleanup_fclose_ FILE *f = fopen(full_path, "re");
	char text[8192];
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	ck_assert(n > 0 && n < sizeof(text) - 1);
	text[n] = '\0';
	check_written(scenario_keys, text);
}
END_TEST

START_TEST(what_is_not_written_has_its_default)
{
	_cleanup_scenario_ struct scenario *s = scenario_of(SCENARIO_LEAST);
	const struct scenario_guest *g = &s->guests[0];
	struct sim_model measured;

	ck_assert_ptr_null(s->about);
	ck_assert_uint_eq(s->step, SEC);
	ck_assert_uint_eq(s->warm_up, 0);
	ck_assert_uint_eq(s->seed, 1);
	ck_assert_uint_eq(s->host.swap, 0);
	ck_assert_uint_eq(s->host.disk, 100 * MIB);
	ck_assert_uint_eq(s->host.own, GIB);
	ck_assert_uint_eq(s->host.shared, 0);
	ck_assert_uint_eq(s->host.sample_cost, 300);
	ck_assert_uint_eq(s->pool, BALLOOND_UNKNOWN);
	ck_assert(s->pool_holds_overhead);
	ck_assert(s->n_events == 0 && s->n_expectations == 0 && !s->config);

	sim_model_init(&measured, GIB);
	measured.swap = 512 * MIB;
	ck_assert_mem_eq(&g->model, &measured, sizeof(measured));
	ck_assert_uint_eq(g->count, 1);
	ck_assert(g->starts == 0 && g->stagger_start == 0 && g->stagger == 0 && !g->silent);
	ck_assert(g->shape == SCENARIO_CONSTANT && g->need.shape == DEMAND_CONSTANT);
	ck_assert(g->need.high == 0 && g->need.fixed == 0 && g->need.base == 0);
	ck_assert_uint_eq(g->need.touch, 300 * MIB);
	ck_assert_uint_eq(g->n_faults, 0);
}
END_TEST

START_TEST(a_guest_begins_with_what_was_sold)
{
	_cleanup_scenario_ struct scenario *s = scenario_of(SCENARIO_LEAST "  current: 512MiB\n"
									   "  swap: 0\n");

	ck_assert_uint_eq(s->guests[0].model.start, 512 * MIB);
	ck_assert_uint_eq(s->guests[0].model.swap, 0);
}
END_TEST

START_TEST(what_is_all_commented_out_says_nothing)
{
	_cleanup_scenario_ struct scenario *s = scenario_of(
		SCENARIO_LEAST "  need:\n  cache:\n  faults:\nexpect:\n");

	ck_assert_uint_eq(s->guests[0].n_faults, 0);
	ck_assert_uint_eq(s->n_expectations, 0);
}
END_TEST

/* What a configuration complains about in text, which is a config: block and its mistake. */
static void config_says(const char *block, const char *said)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	_cleanup_scenario_ struct scenario *s = NULL;
	struct config *config = NULL;
	char text[1024];

	(void)snprintf(text, sizeof(text), SCENARIO_LEAST "%s", block);
	s = scenario_of(text);
	ck_assert_int_eq(config_parse(s->config, strlen(s->config), "t", NULL, &config, &d),
			 -EINVAL);
	ck_assert_str_eq(d.items[0].text, said);
	ck_assert_uint_eq(d.n_items, 1);
}

START_TEST(a_mistake_in_the_configuration_is_told_with_its_place_in_the_file)
{
	config_says("config: |\n  version: 1\n  dry-run: maybe\n",
		    "t:10:12: dry-run: found 'maybe', expected true or false");
	config_says("config: |  # none\n\n\n      version: 1\n\n      dry-run: maybe\n",
		    "t:13:16: dry-run: found 'maybe', expected true or false");
	config_says("config: |2-\n\n   version: 1\n   dry-run: maybe",
		    "t:11:13: dry-run: found 'maybe', expected true or false");
	config_says("config: |+\n  # \xc3\xa4\n  version: 1\n  dry-run: no\n\n\n",
		    "t:11:12: dry-run: found 'no', expected true or false");
	config_says("\"config\": |\n  version: 1\n  host:\n     pol: 1GiB\n\nseed: 3\n",
		    "t:11:6: host.pol: unknown key, did you mean 'pool'?");
	config_says("about: \xc3\xa4\xc3\xb6\nconfig: |\n version: 1\n host: [\n",
		    "t:12:1: not YAML: did not find expected node content while parsing a flow "
		    "node");
	ck_assert_uint_eq(full->config_line, 97);
}
END_TEST

START_TEST(the_example_is_a_scenario_whose_configuration_is_one)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	_cleanup_scenario_ struct scenario *s = NULL;
	_cleanup_config_ struct config *config = NULL;
	char path[4096];
	int r;

	(void)snprintf(path, sizeof(path), "%s/../sim/scenarios/example.yaml",
		       check_dir("BALLOOND_TEST_FIXTURES"));
	r = scenario_load(path, &s, &d);
	ck_assert_msg(r == 0, "%s", d.n_items > 0 ? d.items[0].text : "no reason");
	r = config_parse(s->config, strlen(s->config), path, check_dir("BALLOOND_TEST_POLICY_DIR"),
			 &config, &d);
	ck_assert_msg(r == 0, "%s", d.n_items > 0 ? d.items[0].text : "no reason");
	ck_assert_uint_eq(config->n_rules, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario");
	TCase *tc = tcase_create("scenario");

	tcase_add_checked_fixture(tc, load_full, free_full);
	tcase_add_test(tc, what_is_said_of_the_whole_is_read);
	tcase_add_test(tc, the_host_is_read);
	tcase_add_test(tc, what_a_guest_is_made_of_is_read);
	tcase_add_test(tc, kinds_and_traits_become_traits);
	tcase_add_test(tc, every_shape_of_need_is_read);
	tcase_add_test(tc, traces_are_found_beside_the_scenario_and_read_once);
	tcase_add_test(tc, faults_are_read);
	tcase_add_loop_test(tc, an_expectation_has_its_bounds_in_the_figures_unit, 0,
			    ELEMENTSOF(bounds));
	tcase_add_test(tc, an_expectation_may_be_about_some_policies_and_one_commit);
	tcase_add_test(tc, the_file_of_these_tests_has_every_key);
	tcase_add_test(tc, what_is_not_written_has_its_default);
	tcase_add_test(tc, a_guest_begins_with_what_was_sold);
	tcase_add_test(tc, what_is_all_commented_out_says_nothing);
	tcase_add_test(tc, a_mistake_in_the_configuration_is_told_with_its_place_in_the_file);
	tcase_add_test(tc, the_example_is_a_scenario_whose_configuration_is_one);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
