/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/expect.h"

#include <string.h>

#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define UNKNOWN BALLOOND_UNKNOWN

static const struct sim_figure *figure(const char *name)
{
	for (size_t i = 0; i < n_sim_figures; i++)
		if (strcmp(sim_figures[i].name, name) == 0)
			return &sim_figures[i];
	ck_abort_msg("there is no figure %s", name);
}

static const struct {
	uint64_t low, high, value;
	bool holds;
} bounds[] = {
	{ UNKNOWN, 500, 500, true },   { UNKNOWN, 500, 501, false }, { 500, UNKNOWN, 500, true },
	{ 500, UNKNOWN, 499, false },  { 12, 20, 12, true },         { 12, 20, 20, true },
	{ 12, 20, 11, false },         { 12, 20, 21, false },        { 0, 0, 0, true },
	{ UNKNOWN, UNKNOWN, 7, true }, { UNKNOWN, 0, 1, false },     { 0, UNKNOWN, UNKNOWN, false },
};

START_TEST(bounds_are_inclusive_and_what_is_not_known_meets_none)
{
	const struct scenario_expectation e = { .figure = figure("ooms"),
						.low = bounds[_i].low,
						.high = bounds[_i].high };
	const struct sim_result result = { .ooms = bounds[_i].value };

	ck_assert_int_eq(expectation_holds(&e, &result), bounds[_i].holds);
}
END_TEST

START_TEST(every_one_that_is_missed_is_counted)
{
	struct scenario_expectation e[] = {
		{ .figure = figure("ooms"), .low = UNKNOWN, .high = 0 },
		{ .figure = figure("unmet"), .low = UNKNOWN, .high = 500 },
		{ .figure = figure("lent"), .low = 10, .high = UNKNOWN },
	};
	const struct scenario s = { .expectations = e, .n_expectations = ELEMENTSOF(e) };
	const struct config config = { 0 };
	const struct sim_result good = { .lent = 10 }, bad = { .unmet = 501 };

	ck_assert_uint_eq(expectations_count_missed(&s, &config, &good), 0);
	ck_assert_uint_eq(expectations_count_missed(&s, &config, &bad), 2);
	/* What is not asked cannot be missed. */
	e[2].commits = 1u << COMMIT_STRICT;
	ck_assert_uint_eq(expectations_count_missed(&s, &config, &bad), 1);
}
END_TEST

static char *names[] = { (char *)"headroom", (char *)"step" };

static const struct {
	size_t n_policies;
	uint32_t commits;
	enum commit commit;
	const char *rules[2];
	bool is_asked;
} runs[] = {
	{ 0, 0, COMMIT_STRICT, { "hold" }, true },
	{ 0, 0, COMMIT_STRICT, { NULL }, true },
	{ 2, 0, COMMIT_STRICT, { "step" }, true },
	{ 2, 0, COMMIT_STRICT, { "step", "headroom" }, true },
	{ 2, 0, COMMIT_STRICT, { "step", "hold" }, false },
	{ 1, 0, COMMIT_STRICT, { "step" }, false },
	{ 2, 0, COMMIT_STRICT, { NULL }, false },
	{ 0, 1u << COMMIT_STRICT, COMMIT_STRICT, { "hold" }, true },
	{ 0, 1u << COMMIT_STRICT, COMMIT_ELASTIC, { "hold" }, false },
	{ 1, 1u << COMMIT_ELASTIC, COMMIT_ELASTIC, { "headroom" }, true },
	{ 1, 1u << COMMIT_ELASTIC, COMMIT_ELASTIC, { "hold" }, false },
};

START_TEST(it_is_asked_of_runs_with_its_policies_and_its_commit_alone)
{
	const struct scenario_expectation e = {
		.policies = names,
		.n_policies = runs[_i].n_policies,
		.commits = runs[_i].commits,
	};
	struct balloond_policy policies[2] = { 0 };
	struct rule rules[2] = { 0 };
	struct config config = { .host.commit = runs[_i].commit, .rules = rules };

	for (; config.n_rules < 2 && runs[_i].rules[config.n_rules]; config.n_rules++) {
		policies[config.n_rules].name = runs[_i].rules[config.n_rules];
		rules[config.n_rules].policy = &policies[config.n_rules];
	}
	ck_assert_int_eq(expectation_is_asked(&e, &config), runs[_i].is_asked);
}
END_TEST

static const struct {
	const char *figure;
	uint64_t low, high;
	const char *text;
} texts[] = {
	{ "unmet", UNKNOWN, 500, "at most 0.05%" },
	{ "size-mean", BALLOOND_GIB, UNKNOWN, "at least 1.00 GiB" },
	{ "reliefs", 12, 20, "12 to 20" },
	{ "ooms", 0, 0, "0" },
	{ "ooms", UNKNOWN, UNKNOWN, "any" },
};

START_TEST(a_bound_is_said_in_the_units_of_its_figure)
{
	const struct scenario_expectation e = { .figure = figure(texts[_i].figure),
						.low = texts[_i].low,
						.high = texts[_i].high };
	char buf[EXPECTATION_TEXT_MAX];

	ck_assert_str_eq(expectation_text(buf, &e), texts[_i].text);
}
END_TEST

static const struct {
	const char *figure;
	uint64_t value;
	const char *text;
} values[] = {
	{ "unmet", 0, "0%" },
	{ "unmet", 1, "0.0001%" },
	{ "unmet", 1000000, "100%" },
	{ "optimum", 999500, "99.95%" },
	{ "traffic", 12500, "12.5" },
	{ "traffic", 12, "0.012" },
	{ "ooms", 3, "3" },
	{ "overage", 1280, "1.25 GiB s" },
	{ "overage", UINT64_MAX - 1, "15.9 EiB s" },
	{ "relief-p50", 0, "0 s" },
	{ "relief-p50", 250000, "250 ms" },
	{ "relief-p50", 1250000, "1.2 s" },
	{ "relief-p50", 60000000, "1 min" },
	{ "relief-p50", 200 * BALLOOND_SECOND, "3 min 20 s" },
	{ "relief-p50", 90061 * BALLOOND_SECOND, "1 d 1 h" },
	{ "relief-p50", 86461 * BALLOOND_SECOND, "1 d" },
	{ "decide-ns", 701, "701 ns" },
	{ "ooms", UNKNOWN, "unknown" },
};

START_TEST(a_value_is_said_in_peoples_units)
{
	char buf[FIGURE_TEXT_MAX];

	ck_assert_str_eq(figure_text(buf, figure(values[_i].figure), values[_i].value),
			 values[_i].text);
}
END_TEST

START_TEST(keys_are_spelled_with_their_units_and_no_two_are_alike)
{
	char buf[FIGURE_TEXT_MAX], other[FIGURE_TEXT_MAX];

	ck_assert_str_eq(figure_key(buf, figure("relief-p50")), "ReliefP50USec");
	ck_assert_str_eq(figure_key(buf, figure("unmet")), "UnmetMillionths");
	ck_assert_str_eq(figure_key(buf, figure("overage")), "OverageMiBSeconds");
	ck_assert_str_eq(figure_key(buf, figure("size-mean")), "SizeMean");
	ck_assert_str_eq(figure_key(buf, figure("decide-ns")), "DecideNs");
	for (size_t i = 0; i < n_sim_figures; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(figure_key(buf, &sim_figures[i]),
					 figure_key(other, &sim_figures[k]));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("expect");
	TCase *tc = tcase_create("expect");

	tcase_add_loop_test(tc, bounds_are_inclusive_and_what_is_not_known_meets_none, 0,
			    ELEMENTSOF(bounds));
	tcase_add_test(tc, every_one_that_is_missed_is_counted);
	tcase_add_loop_test(tc, it_is_asked_of_runs_with_its_policies_and_its_commit_alone, 0,
			    ELEMENTSOF(runs));
	tcase_add_loop_test(tc, a_bound_is_said_in_the_units_of_its_figure, 0, ELEMENTSOF(texts));
	tcase_add_loop_test(tc, a_value_is_said_in_peoples_units, 0, ELEMENTSOF(values));
	tcase_add_test(tc, keys_are_spelled_with_their_units_and_no_two_are_alike);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
