/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is wrong with scenarios: each of these has one mistake, which is told at its place with what
 * is allowed. */

#include "tests/unit/scenario-bed.h"

/* The rest of a file that begins with SCENARIO_LEAST, which has 7 lines and ends within a guest;
 * and the beginning of what is said. */
static const struct {
	const char *rest, *said;
} rests[] = {
	{ "  count: 0\n", "t:8:10: guests[0].count: 0 is below 1" },
	{ "  count: 10001\n", "t:8:10: guests[0].count: 10001 is above 10000" },
	{ "  count: 1.5\n", "t:8:10: guests[0].count: found '1.5', expected a whole number" },
	{ "  currents: 1GiB\n", "t:8:3: guests[0].currents: unknown key, did you mean 'current'?" },
	{ "  current: 2GiB\n", "t:8:12: guests[0].current: 2GiB is above memory, which is 1GiB" },
	{ "  start: 2GiB\n", "t:8:10: guests[0].start: 2GiB is above memory, which is 1GiB" },
	{ "  start: 1GB\n", "t:8:10: guests[0].start: found '1GB': GB is 10^9 bytes to libvirt" },
	{ "  kernel: 600MiB\n",
	  "t:8:11: guests[0].kernel: 600MiB is above half of memory, which is 512MiB" },
	{ "  swap: 1\n", "t:8:9: guests[0].swap: found '1', expected an amount of memory" },
	{ "  swap:\n", "t:8:8: guests[0].swap: found nothing, expected an amount of memory" },
	{ "  boot: 2h\n", "t:8:9: guests[0].boot: 2h is above 1h" },
	{ "  deflate: 1GiB\n", "t:8:12: guests[0].deflate: found '1GiB', expected" },
	{ "  inflate: 1KiB/s\n", "t:8:12: guests[0].inflate: 1KiB/s is below 1MiB/s" },
	{ "  kind: bsd\n", "t:8:9: guests[0].kind: found 'bsd', expected linux, windows, silent "
			   "or xen" },
	{ "  traits: [pinned, fast]\n", "t:8:20: guests[0].traits[1]: found 'fast', expected "
					"deflate-on-oom, free-page-reporting, pinned or" },
	{ "  cache: {warm: 1GiB}\n", "t:8:11: guests[0].cache.warm: unknown key, known here: hot, "
				     "fill" },
	{ "  starts: 61d\n", "t:8:11: guests[0].starts: 61d is above 60d" },
	{ "  apart: soon\n", "t:8:10: guests[0].apart: found 'soon', expected a time" },
	{ "  need: much\n", "t:8:9: guests[0].need: found 'much', expected a mapping of keys" },
	{ "  need: {constant: 1GiB, generator: true}\n",
	  "t:8:26: guests[0].need.generator: a need has one shape, and this one has 'constant' "
	  "already" },
	{ "  need: {base: 101%}\n", "t:8:16: guests[0].need.base: 101% is above 100%" },
	{ "  need: {base: 1GiB}\n", "t:8:16: guests[0].need.base: found '1GiB', expected a "
				    "percentage" },
	{ "  need: {generator: false}\n", "t:8:21: guests[0].need.generator: found 'false', "
					  "expected true" },
	{ "  need: {steps: []}\n", "t:8:17: guests[0].need.steps: there are none: expected a "
				   "list such as" },
	{ "  need: {steps: {at: 1s, to: 1GiB}}\n", "t:8:17: guests[0].need.steps: found a mapping, "
						   "expected a list of mappings" },
	{ "  need: {steps: [1GiB]}\n", "t:8:18: guests[0].need.steps[0]: found '1GiB', expected a "
				       "mapping of keys" },
	{ "  need:\n    steps:\n    -\n", "t:10:6: guests[0].need.steps[0]: found nothing, "
					  "expected a mapping of keys" },
	{ "  need: {steps: [{at: 1s}]}\n", "t:8:18: guests[0].need.steps[0]: the key 'to' is "
					   "missing: expected an amount" },
	{ "  need: {steps: [{at: 9s, to: 0}, {at: 9s, to: 1GiB}]}\n",
	  "t:8:40: guests[0].need.steps[1].at: 9s is not behind the entry before it, which is at "
	  "9s: write" },
	{ "  need: {square: {low: 2GiB, high: 1GiB, period: 1s}}\n",
	  "t:8:24: guests[0].need.square.low: 2GiB is above high, which is 1GiB" },
	{ "  need: {square: {high: 1GiB}}\n", "t:8:18: guests[0].need.square: the key 'period' is "
					      "missing: expected a time" },
	{ "  need: {square: 1GiB}\n", "t:8:18: guests[0].need.square: found '1GiB', expected a "
				      "mapping of keys" },
	{ "  need:\n    square:\n", "t:9:12: guests[0].need.square: found nothing, expected a "
				    "mapping of keys" },
	{ "  need: {spikes: {high: 1GiB, period: 1s, length: 2s}}\n",
	  "t:8:51: guests[0].need.spikes.length: 2s is longer than the period, which is 1s" },
	{ "  need: {spikes: {high: 1GiB, period: 1ms, length: 10ms}}\n",
	  "t:8:39: guests[0].need.spikes.period: 1ms is below 20ms" },
	{ "  need: {trace: {row: 1}}\n", "t:8:17: guests[0].need.trace: the key 'file' is missing: "
					 "expected the path" },
	{ "  need: {trace: {file: /nonexistent.csv}}\n",
	  "t:8:24: guests[0].need.trace.file: /nonexistent.csv cannot be read: No such file" },
	{ "  faults: [{at: 1s}]\n", "t:8:12: guests[0].faults[0]: the key 'what' is missing: "
				    "expected stuck, slow," },
	{ "  faults: [{what: lost}]\n", "t:8:19: guests[0].faults[0].what: found 'lost', expected "
					"stuck, slow, lies, absurd, silent, reboot, "
					"gone or held" },
	{ "  faults: [{what: slow}]\n", "t:8:12: guests[0].faults[0]: the key 'to' is missing: "
					"expected a share" },
	{ "  faults: [{what: slow, to: 150%}]\n", "t:8:25: guests[0].faults[0].to: what is slow "
						  "has at most 100%" },
	{ "  faults: [{what: lies, to: 1001%}]\n", "t:8:29: guests[0].faults[0].to: 1001% is "
						   "above 1000%" },
	{ "  faults: [{what: stuck, to: 10%}]\n", "t:8:26: guests[0].faults[0].to: only what is "
						  "slow or lies" },
	{ "  faults: [{what: reboot, for: 1s}]\n", "t:8:27: guests[0].faults[0].for: a reboot "
						   "lasts as long" },
	{ "  faults: [{what: gone, every: 1s}]\n", "t:8:12: guests[0].faults[0]: the key 'for' is "
						   "missing: what comes again" },
	{ "  faults: [{what: gone, every: 1s, for: 1s}]\n",
	  "t:8:25: guests[0].faults[0].every: what comes again has to end before" },
	{ "- name: a\n  memory: 1GiB\n", "t:8:9: guests[1].name: 'a' is the name of the entry in "
					 "line 6 already" },
	{ "- memory: 1GiB\n", "t:8:3: guests[1]: the key 'name' is missing: expected a name" },
	{ "- name: b\n", "t:8:3: guests[1]: the key 'memory' is missing: expected an amount of "
			 "memory such as 512MiB or 2GiB, or a need with a trace or the generator" },
	{ "  count: 3\n- name: a-3\n  memory: 1GiB\n",
	  "t:9:9: guests[1].name: 'a-3' is one of the 3 guests called 'a' already" },
	{ "  count: 10000\n- name: b\n  memory: 1GiB\n",
	  "t:9:3: guests[1]: these are 10001 guests in all, at most 10000 are simulated" },
	{ "warm-up: 1h\n", "t:8:10: warm-up: 1h leaves nothing of a length of 1h" },
	{ "step: 11s\n", "t:8:7: step: 11s is above 10s" },
	{ "step: 1ms\n", "t:8:7: step: 1ms is below 10ms" },
	{ "seed: -1\n", "t:8:7: seed: found '-1', expected a whole number" },
	{ "about: []\n", "t:8:8: about: found a list, expected a text" },
	{ "expectations: []\n", "t:8:1: expectations: unknown key, known here: version, name," },
	{ "expect: [{figure: unmt, at-most: 1%}]\n", "t:8:19: expect[0].figure: found 'unmt', "
						     "expected measured, guest-hours, unmet," },
	{ "expect: [{figure: unmet}]\n", "t:8:10: expect[0]: nothing is expected: write at-least" },
	{ "expect: [{at-most: 1%}]\n", "t:8:10: expect[0]: the key 'figure' is missing: expected" },
	{ "expect: [{figure: unmet, at-most: 1}]\n", "t:8:35: expect[0].at-most: found '1', "
						     "expected a percentage such as 0.05%" },
	{ "expect: [{figure: unmet, at-most: 0.00001%}]\n", "t:8:35: expect[0].at-most: found "
							    "'0.00001%', expected" },
	{ "expect: [{figure: unmet, at-most: 1.%}]\n", "t:8:35: expect[0].at-most: found '1.%'" },
	{ "expect: [{figure: traffic, at-most: 1.5%}]\n", "t:8:37: expect[0].at-most: found "
							  "'1.5%', expected a number such as "
							  "1.5" },
	{ "expect: [{figure: traffic, at-most: 1.2345}]\n", "t:8:37: expect[0].at-most: found" },
	{ "expect: [{figure: ooms, at-most: 0, policies: []}]\n",
	  "t:8:47: expect[0].policies: found a list of 0, expected 1 to 100" },
	{ "expect: [{figure: ooms, at-most: 0, policies: [step, Headroom]}]\n",
	  "t:8:54: expect[0].policies[1]: 'Headroom' is no name of a policy" },
	{ "expect: [{figure: ooms, at-most: 0, commit: lazy}]\n",
	  "t:8:45: expect[0].commit: found 'lazy', expected elastic or strict" },
	{ "expect: [{figure: ooms, at-most: 0.5}]\n", "t:8:34: expect[0].at-most: found '0.5', "
						      "expected a whole number" },
	{ "expect: [{figure: relief-p99, at-most: 5}]\n", "t:8:40: expect[0].at-most: found '5', "
							  "expected a time" },
	{ "expect: [{figure: decide-ns, at-most: 5}]\n", "t:8:39: expect[0].at-most: found '5', "
							 "expected a time such as 500ns or 2us" },
	{ "expect: [{figure: reread, at-most: 5%}]\n", "t:8:36: expect[0].at-most: found '5%', "
						       "expected an amount" },
	{ "expect: [{figure: unmet, at-least: 2%, at-most: 1%}]\n",
	  "t:8:36: expect[0].at-least: 2% is above at-most, which is 1%" },
	{ "config: {version: 1}\n", "t:8:9: config: found a mapping, expected a literal block" },
	{ "config: \"version: 1\"\n", "t:8:9: config: expected a literal block" },
	{ "config: >\n  version: 1\n", "t:8:9: config: expected a literal block" },
	{ "seed: 1\nseed: 2\n", "t:9:1: the key 'seed' is already in line 8" },
	{ "seed: [\n", "t:9:1: not YAML: " },
};

START_TEST(one_mistake_is_told_at_its_place)
{
	char text[1024], said[1024];
	size_t n;

	(void)snprintf(text, sizeof(text), SCENARIO_LEAST "%s", rests[_i].rest);
	n = scenario_refusal(text, said, sizeof(said));
	ck_assert_msg(strncmp(said, rests[_i].said, strlen(rests[_i].said)) == 0,
		      "of %s is said\n%s\nand not\n%s", rests[_i].rest, said, rests[_i].said);
	ck_assert_msg(n == 1, "%zu complaints about %s", n, rests[_i].rest);
}
END_TEST

#define GUESTS "guests:\n- {name: a, memory: 1GiB}\n"

static const struct {
	const char *text, *said;
} wholes[] = {
	{ "name: t\nlength: 1h\nhost: {memory: 8GiB}\n" GUESTS,
	  "t:1:1: the key 'version' is missing: expected 1, the version of this format" },
	{ "version: 2\nname: t\nlength: 1h\nhost: {memory: 8GiB}\n" GUESTS,
	  "t:1:10: version: found '2', expected 1, the version of this format" },
	{ "version: 1\nlength: 1h\nhost: {memory: 8GiB}\n" GUESTS,
	  "t:1:1: the key 'name' is missing: expected a name" },
	{ "version: 1\nname: t\nhost: {memory: 8GiB}\n" GUESTS,
	  "t:1:1: the key 'length' is missing: expected a time" },
	{ "version: 1\nname: t\nlength: 999ms\nhost: {memory: 8GiB}\n" GUESTS,
	  "t:3:9: length: 999ms is below 1s" },
	{ "version: 1\nname: t\nlength: 61d\nhost: {memory: 8GiB}\n" GUESTS,
	  "t:3:9: length: 61d is above 60d" },
	{ "version: 1\nname: t\nlength: 2s\nstep: 3s\nhost: {memory: 8GiB}\n" GUESTS,
	  "t:4:7: step: a step of 3s is longer than the length, which is 2s" },
	{ SCENARIO_HEAD GUESTS, "t:1:1: the key 'host' is missing: expected { memory: 64GiB }" },
	{ SCENARIO_HEAD "host:\n" GUESTS, "t:4:6: host: found nothing, expected a mapping" },
	{ SCENARIO_HEAD "host: {swap: 1GiB}\n" GUESTS,
	  "t:4:7: host: the key 'memory' is missing: expected an amount of memory" },
	{ SCENARIO_HEAD "host: {memory: 1MiB}\n" GUESTS, "t:4:16: host.memory: 1MiB is below" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, own: 8GiB}\n" GUESTS,
	  "t:4:27: host.own: 8GiB of 8GiB: nothing is left for guests" },
	{ SCENARIO_HEAD "host: {memory: 1GiB}\n" GUESTS,
	  "t:4:7: host: 1GiB of 1GiB: nothing is left for guests" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, ksm: 91%}\n" GUESTS,
	  "t:4:27: host.ksm: 91% is above 90%" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, pool: 80%}\n" GUESTS,
	  "t:4:28: host.pool: found '80%', expected an amount of memory" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, overhead: none}\n" GUESTS,
	  "t:4:32: host.overhead: found 'none', expected in-pool or on-top" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, changes: [{at: 1s}]}\n" GUESTS,
	  "t:4:32: host.changes[0]: nothing changes: expected own, pool, clock or restart" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, changes: [{own: 1GiB}]}\n" GUESTS,
	  "t:4:32: host.changes[0]: the key 'at' is missing: expected a time" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, changes: [{at: 1s, own: 9GiB}]}\n" GUESTS,
	  "t:4:46: host.changes[0].own: 9GiB of 8GiB: nothing is left" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, changes: [{at: 1s, pool: 4GiB, over: 1s}]}\n" GUESTS,
	  "t:4:53: host.changes[0].over: the rest changes at once: over is for own" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, changes: [{at: 1s, pool: 4GiB, down: 1s}]}\n" GUESTS,
	  "t:4:53: host.changes[0].down: down is for restart" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, changes: [{at: 1s, clock: 8d}]}\n" GUESTS,
	  "t:4:48: host.changes[0].clock: 8d is above 7d" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, changes: [{at: 1s, clock: --1h}]}\n" GUESTS,
	  "t:4:48: host.changes[0].clock: found '-1h', expected a time" },
	{ SCENARIO_HEAD "host: {memory: 8GiB, changes: [{at: 1s, restart: false}]}\n" GUESTS,
	  "t:4:32: host.changes[0]: nothing changes: expected own, pool, clock or restart" },
	{ SCENARIO_HEAD
	  "host: {memory: 8GiB, changes: [{at: 2s, own: 0}, {at: 1s, own: 0}]}\n" GUESTS,
	  "t:4:55: host.changes[1].at: 1s is not behind the entry before it, which is at 2s" },
	{ SCENARIO_HEAD "host: {memory: 8GiB}\n", "t:1:1: the key 'guests' is missing: expected" },
	{ SCENARIO_HEAD "host: {memory: 8GiB}\nguests: []\n",
	  "t:5:9: guests: there are none: expected a list of entries" },
	{ SCENARIO_HEAD "host: {memory: 8GiB}\nguests: a\n",
	  "t:5:9: guests: found 'a', expected a list of mappings" },
	{ "[]\n", "t:1:1: found a list, expected a mapping of keys" },
};

START_TEST(one_mistake_of_the_whole_is_told_at_its_place)
{
	char said[1024];
	size_t n = scenario_refusal(wholes[_i].text, said, sizeof(said));

	ck_assert_msg(strncmp(said, wholes[_i].said, strlen(wholes[_i].said)) == 0,
		      "of %s is said\n%s\nand not\n%s", wholes[_i].text, said, wholes[_i].said);
	ck_assert_msg(n == 1, "%zu complaints about %s", n, wholes[_i].text);
}
END_TEST

START_TEST(all_mistakes_are_told_and_not_only_the_first)
{
	char said[1024];

	ck_assert_uint_eq(
		scenario_refusal("version: 2\nname: t\nlength: 1m\nhost: {memory: 8GB}\n"
				 "guests:\n- {name: a, memory: 1GiB, current: 2GiB, start: 3GiB}\n"
				 "- {name: b, need: {trace: {row: x}}}\n- {nme: c}\n"
				 "expect: [{figure: unmet, at-most: x, at-least: y}]\nconfig: 1\n",
				 said, sizeof(said)),
		12);
	ck_assert_str_eq(said,
			 "t:1:10: version: found '2', expected 1, the version of this format");
}
END_TEST

START_TEST(a_list_ends_at_a_thousand_entries)
{
	static char text[65536];
	char said[1024];
	size_t at = (size_t)snprintf(text, sizeof(text),
				     SCENARIO_HEAD "host: {memory: 8GiB}\nguests:\n");

	for (int i = 0; i < 1000; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "- {name: n%d, memory: 1GiB}\n", i);
	scenario_free(scenario_of(text));
	(void)snprintf(text + at, sizeof(text) - at, "- {name: more, memory: 1GiB}\n");
	ck_assert_uint_eq(scenario_refusal(text, said, sizeof(said)), 1);
	ck_assert_str_eq(said, "t:6:1: guests: found 1001 entries, at most 1000 are read");
}
END_TEST

/* Of a file beside the fixtures' trace. */
static void trace_says(const char *need, const char *said)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct scenario *s = NULL;
	char text[1024], name[4096];

	(void)snprintf(name, sizeof(name), "%s/scenario/none.yaml",
		       check_dir("BALLOOND_TEST_FIXTURES"));
	(void)snprintf(text, sizeof(text), SCENARIO_LEAST "  count: 2\n  need: {trace: %s}\n",
		       need);
	ck_assert_int_eq(scenario_parse(text, strlen(text), name, &s, &d), -EINVAL);
	for (size_t i = 0; i < d.n_items; i++)
		if (strstr(d.items[i].text, said))
			return;
	ck_abort_msg("%s: not said: %s", d.items[0].text, said);
}

START_TEST(what_a_trace_does_not_have_is_told)
{
	trace_says("{file: trace.csv, row: 2}",
		   "none.yaml:9:40: guests[0].need.trace.row: 2 guests from row 2 on: the file "
		   "has 3 rows");
	trace_says("{file: trace.csv, row: 7}", "from row 7 on: the file has 3 rows");
	trace_says("{file: trace.csv, row: 1, first: 2}",
		   "none.yaml:9:50: guests[0].need.trace.first: 2: row 2 of the file has 2 values");
	trace_says("{file: absent.csv}", "absent.csv cannot be read: No such file or directory");
	trace_says("{file: full.yaml}", "full.yaml is no trace");
	trace_says("{file: full.yaml}", "full.yaml:2:1: must be ID,SIZE");
}
END_TEST

START_TEST(a_file_that_is_not_there_is_no_mistake_in_it)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct scenario *s = NULL;

	ck_assert_int_eq(scenario_load("/nonexistent/a.yaml", &s, &d), -ENOENT);
	ck_assert_int_eq(scenario_load("/", &s, &d), -EISDIR);
	ck_assert_uint_eq(d.n_items, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scenario-errors");
	TCase *tc = tcase_create("scenario-errors");

	tcase_add_loop_test(tc, one_mistake_is_told_at_its_place, 0, ELEMENTSOF(rests));
	tcase_add_loop_test(tc, one_mistake_of_the_whole_is_told_at_its_place, 0,
			    ELEMENTSOF(wholes));
	tcase_add_test(tc, all_mistakes_are_told_and_not_only_the_first);
	tcase_add_test(tc, a_list_ends_at_a_thousand_entries);
	tcase_add_test(tc, what_a_trace_does_not_have_is_told);
	tcase_add_test(tc, a_file_that_is_not_there_is_no_mistake_in_it);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
