/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What match: and when: become; core/match.c and core/when.c work with it. */

#include <errno.h>
#include <string.h>

#include "balloond/core/match.h"
#include "balloond/io/config.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

static struct config *parsed(const char *format, const char *part)
{
	struct diagnostics d = { 0 };
	struct config *config = NULL;
	char text[1024];
	int r;

	(void)snprintf(text, sizeof(text), format, part);
	r = config_parse(text, strlen(text), "t", check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR"),
			 &config, &d);
	ck_assert_msg(r == 0, "%s: %s", part, d.n_items > 0 ? d.items[0].text : "no reason");
	return config;
}

static struct config *with_match(const char *match)
{
	return parsed("version: 1\ntenants: {allow: tag}\nguests:\n- {name: a, match: %s}\n",
		      match);
}

static struct config *with_when(const char *when)
{
	return parsed("version: 1\nrules:\n- {name: a, match: {name: a}, policy: good, when: %s}\n",
		      when);
}

static struct guest a_guest(void)
{
	struct guest g;

	guest_init(&g, "6f2d1e1c-7a3b-4f43-9d1c-0a0b0c0d0e0f", "db-1");
	strcpy(g.labels.title, "Orders, live");
	strcpy(g.labels.hypervisor, "qemu");
	strcpy(g.labels.partition, "/machine/gold");
	strcpy(g.labels.os, "http://debian.org/debian/12");
	strcpy(g.labels.tags, "gold backup");
	g.seen.maximum = 8 * BALLOOND_GIB;
	return g;
}

/* That guest, and whether it is meant. */
static const struct {
	const char *match;
	bool holds;
} matches[] = {
	{ "{name: db-1}", true },
	{ "{name: [web, \"d?-*\"]}", true },
	{ "{name: DB-1}", false },
	{ "{uuid: 6F2D1E1C-7A3B-4F43-9D1C-0A0B0C0D0E0F}", true },
	{ "{uuid: \"6F2D*\"}", true },
	{ "{title: \"*live\"}", true },
	{ "{hypervisor: [lxc, qemu]}", true },
	{ "{hypervisor: lxc}", false },
	{ "{partition: /machine/*}", true },
	{ "{os: \"*debian*\"}", true },
	{ "{tag: backup}", true },
	{ "{tag: back}", false },
	{ "{name: db-1, tag: silver}", false },
	{ "{size: \">= 8GiB\"}", true },
	{ "{size: \"> 8GiB\"}", false },
	{ "{size: \"<= 8GiB\"}", true },
	{ "{size: \"< 8GiB\"}", false },
	{ "{size: \">8191MiB\"}", true },
	{ "{size: 8GiB..8GiB}", true },
	{ "{size: 1GiB .. 7GiB}", false },
	{ "{size: [\"< 1GiB\", 8GiB..16GiB]}", true },
	{ "{size: 0..16GiB}", true },
	{ "{not: {name: web}}", true },
	{ "{not: {name: db-1}}", false },
	{ "{not: {name: db-1, tag: silver}}", true },
	{ "{name: \"*\", not: [{tag: silver}, {size: \"> 4GiB\"}]}", false },
};

START_TEST(a_match_means_what_it_says)
{
	_cleanup_config_ struct config *config = with_match(matches[_i].match);
	struct guest g = a_guest();

	ck_assert_msg((match_promise(config, &g) != NULL) == matches[_i].holds, "%s",
		      matches[_i].match);
}
END_TEST

static const struct {
	const char *condition;
	struct condition expected;
} conditions[] = {
	{ "{host.available: \"< 10%\"}",
	  { METRIC_HOST_AVAILABLE, false, { AMOUNT_PERMILLE, 100 } } },
	{ "{host.free: \"<1.5GiB\"}",
	  { METRIC_HOST_FREE, false, { AMOUNT_BYTES, 3 * BALLOOND_GIB / 2 } } },
	{ "{host.charged: \">  100%\"}", { METRIC_HOST_CHARGED, true, { AMOUNT_PERMILLE, 1000 } } },
	{ "{host.swap-in: \"> 1MiB/s\"}",
	  { METRIC_HOST_SWAP_IN, true, { AMOUNT_BYTES, BALLOOND_MIB } } },
	{ "{host.swap-in: \"> 0/s\"}", { METRIC_HOST_SWAP_IN, true, { AMOUNT_BYTES, 0 } } },
	{ "{host.pressure: \"> 12.5%\"}", { METRIC_HOST_PRESSURE, true, { AMOUNT_BYTES, 125 } } },
	{ "{host.level: \"> tight\"}",
	  { METRIC_HOST_LEVEL, true, { AMOUNT_BYTES, BALLOOND_LEVEL_TIGHT } } },
	{ "{host.level: \"< low\"}",
	  { METRIC_HOST_LEVEL, false, { AMOUNT_BYTES, BALLOOND_LEVEL_LOW } } },
	{ "{guest.major-faults: \"> 100/s\"}",
	  { METRIC_GUEST_MAJOR_FAULTS, true, { AMOUNT_BYTES, 100 } } },
	{ "{guest.stats-age: \"> 30s\"}",
	  { METRIC_GUEST_STATS_AGE, true, { AMOUNT_BYTES, 30 * BALLOOND_SECOND } } },
};

START_TEST(a_condition_has_its_edge_in_the_metrics_unit)
{
	_cleanup_config_ struct config *config = with_when(conditions[_i].condition);
	const struct when *when = &config->rules[0].when;
	const struct condition *expected = &conditions[_i].expected;

	ck_assert_uint_eq(when->n, 1);
	ck_assert_int_eq(when->conditions[0].metric, expected->metric);
	ck_assert_int_eq(when->conditions[0].above, expected->above);
	ck_assert_int_eq(when->conditions[0].edge.kind, expected->edge.kind);
	ck_assert_uint_eq(when->conditions[0].edge.value, expected->edge.value);
	ck_assert_uint_eq(when->hold, 0);
}
END_TEST

START_TEST(conditions_keep_their_time)
{
	_cleanup_config_ struct config *config = with_when(
		"{for: 1min, host.free: \"< 1GiB\", guest.used: \"< 50%\"}");
	_cleanup_config_ struct config *none = with_when("");

	ck_assert_uint_eq(config->rules[0].when.n, 2);
	ck_assert_uint_eq(config->rules[0].when.hold, 60 * BALLOOND_SECOND);
	ck_assert_uint_eq(config->rules[0].when.conditions[0].edge.value, BALLOOND_GIB);
	ck_assert_uint_eq(config->n_gates, 1);
	ck_assert_uint_eq(none->rules[0].when.n, 0);
	ck_assert_uint_eq(none->n_gates, 0);
}
END_TEST

/* Edges of every metric, written as its row says. */
START_TEST(every_metric_can_be_written)
{
	static const char *const edges[] = {
		[METRIC_BYTES] = "1GiB", [METRIC_RATE] = "1MiB/s", [METRIC_PER_TIME] = "10/s",
		[METRIC_SHARE] = "10%",  [METRIC_TIME] = "10s",    [METRIC_LEVEL] = "tight",
	};
	const struct metric_row *row = metric_row((enum metric)_i);
	_cleanup_config_ struct config *config = NULL;
	char text[128];

	(void)snprintf(text, sizeof(text), "{%s: \"> %s\"}", row->name, edges[row->kind]);
	config = with_when(text);
	ck_assert_int_eq(config->rules[0].when.conditions[0].metric, _i);
	config = config_free(config);
	if (!row->base)
		return;
	(void)snprintf(text, sizeof(text), "{%s: \"< 10%%\"}", row->name);
	config = with_when(text);
	ck_assert_int_eq(config->rules[0].when.conditions[0].edge.kind, AMOUNT_PERMILLE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config-match");
	TCase *tc = tcase_create("config-match");

	tcase_add_loop_test(tc, a_match_means_what_it_says, 0, ELEMENTSOF(matches));
	tcase_add_loop_test(tc, a_condition_has_its_edge_in_the_metrics_unit, 0,
			    ELEMENTSOF(conditions));
	tcase_add_test(tc, conditions_keep_their_time);
	tcase_add_loop_test(tc, every_metric_can_be_written, 0, METRIC_MAX);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
