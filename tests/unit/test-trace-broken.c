/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Disks that are slow or full, and traces that are cut or damaged: whatever is whole is replayed,
 * and the rest is told. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"
#include "tests/unit/trace-bed.h"

/* Reads a pipe to its end, into the file. */
static void *copy(void *userdata)
{
	int from = *(int *)userdata, to = open(bed.path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	char bytes[65536];
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)n) != n)
			break;
	(void)close(to);
	return NULL;
}

START_TEST(ticks_that_the_disk_is_too_slow_for_are_left_out)
{
	struct replay_result result;
	struct trace_count count;
	pthread_t thread;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(trace_new(fds[1], false, &bed.trace), 0);
	/* The pipe fills up, then the queue; the configuration changes while nobody writes. */
	while (trace_count(bed.trace).lost < 5)
		bed_run(1);
	bed_reload(&bed.second);
	bed_run(5);
	count = trace_count(bed.trace);
	ck_assert_uint_eq(count.lost, 10);
	ck_assert_int_eq(pthread_create(&thread, NULL, copy, &fds[0]), 0);
	while (trace_count(bed.trace).ticks == count.ticks)
		bed_run(1);
	bed_reload(&bed.first);
	bed_run(100);
	count = trace_count(bed.trace);
	bed.trace = trace_free(bed.trace);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	(void)close(fds[0]);
	result = bed_replay(NULL);
	bed_expect_the_same(&result);
	ck_assert_uint_eq(result.ticks, count.ticks);
	ck_assert_uint_eq(result.lost, count.lost);
}
END_TEST

START_TEST(a_full_disk_ends_the_trace_and_nothing_else)
{
	struct scene *s = &bed.chaos.scene;
	struct trace_scene scene = bed_scene(false);
	int r = 0;

	ck_assert_int_eq(trace_open("/dev/full", &bed.trace), 0);
	for (unsigned i = 0; i < 100000 && r == 0; i++) {
		trace_begin_tick(bed.trace, &scene);
		if (i == 0)
			scene_plan(s);
		r = trace_end_tick(bed.trace, &s->plan);
	}
	ck_assert_int_eq(r, -ENOSPC);
}
END_TEST

static const char *replay_cut(char *why, size_t size, uint64_t *ticks)
{
	const struct replay_request request = { .path = bed.path, .policy_dir = bed.policy_dir };
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct replay_result result;
	int r = replay_run(&request, &result, &d);

	*ticks = result.ticks;
	if (r == 0)
		return NULL;
	ck_assert_int_eq(r, -EINVAL);
	*why = '\0';
	/* Of what is wrong with a file that is inside, the trace's own line is told as well. */
	for (size_t i = 0; i < d.n_items; i++)
		(void)snprintf(why + strlen(why), size - strlen(why), "%s\n", d.items[i].text);
	ck_assert_uint_eq(result.ticks_wrong, 0);
	return why;
}

START_TEST(a_trace_that_is_cut_anywhere_is_replayed_up_to_there)
{
	char text[64 * 1024], why[512];
	uint64_t ticks, most = 0;
	ssize_t n;
	int fd;

	if (_i == 1)
		(void)unlink(bed.path), strcat(bed.path, ".gz");
	ck_assert_int_eq(trace_open(bed.path, &bed.trace), 0);
	bed_run(_i == 0 ? 25 : 60);
	bed.trace = trace_free(bed.trace);
	fd = open(bed.path, O_RDWR | O_CLOEXEC);
	n = read(fd, text, sizeof(text));
	ck_assert_int_gt(n, 97 * 20);
	ck_assert_uint_lt((size_t)n, sizeof(text));
	for (off_t cut = n / 97 * 97; cut >= 0; cut -= 97) {
		const char *said;

		ck_assert_int_eq(ftruncate(fd, cut), 0);
		said = replay_cut(why, sizeof(why), &ticks);
		if (most == 0)
			most = ticks;
		ck_assert_uint_le(ticks, most);
		if (said)
			ck_assert_ptr_nonnull(strstr(said, bed.path));
		else
			ck_assert_uint_gt(cut, 0);
	}
	ck_assert_uint_gt(most, 15);
	(void)close(fd);
}
END_TEST

START_TEST(a_trace_with_any_byte_changed_harms_nobody)
{
	char text[32 * 1024], why[512];
	uint64_t ticks, seed = 77;
	ssize_t n;
	int fd;

	ck_assert_int_eq(trace_open(bed.path, &bed.trace), 0);
	bed_run(12);
	bed.trace = trace_free(bed.trace);
	fd = open(bed.path, O_RDWR | O_CLOEXEC);
	n = read(fd, text, sizeof(text));
	ck_assert_int_gt(n, 0);
	for (unsigned round = 0; round < 400; round++) {
		off_t at = (off_t)random_below(&seed, (uint64_t)n);
		char byte = (char)random_next(&seed);
		const struct replay_request request = { .path = bed.path,
							.policy_dir = bed.policy_dir };
		_cleanup_diagnostics_ struct diagnostics d = { 0 };
		struct replay_result result;

		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
		if (replay_run(&request, &result, &d) < 0)
			ck_assert_uint_ge(d.n_items, 1);
		ck_assert_int_eq(pwrite(fd, text + at, 1, at), 1);
	}
	ck_assert_ptr_null(replay_cut(why, sizeof(why), &ticks));
	ck_assert_uint_eq(ticks, 12);
	(void)close(fd);
}
END_TEST

static void expect_refusal(const char *text, const char *words)
{
	FILE *f = fopen(bed.path, "w");
	char why[512];
	uint64_t ticks;
	const char *said;

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	said = replay_cut(why, sizeof(why), &ticks);
	if (!said || !strstr(said, words))
		ck_abort_msg("\"%s\" does not say \"%s\"", said ? said : "", words);
}

START_TEST(what_is_no_trace_is_refused_in_words)
{
	expect_refusal("", "this is no trace");
	expect_refusal("version: 1\n", ":1:1: this is no trace");
	expect_refusal("---\ntrace: 2\n", ":2:8: trace: traces of this format are for another");
	expect_refusal("---\ntrace: 1\n---\ntick: 1\n",
		       ":4:7: tick: a tick before all of the conf");
	expect_refusal("---\ntrace: 1\n---\nnonsense: 1\n", ":4:1: nonsense: this balloond knows");
	expect_refusal("---\ntrace: 1\n---\n\n: [\n", "not YAML");
	expect_refusal("---\ntrace: 1\n---\nconfiguration:\n  parts: 1\n"
		       "  policies:\n    - name: headroom\n      state-version: 77\n"
		       "---\nfile: \"a\"\ntext: |2+\n  version: 1\n  rules:\n  - { name: a, match: "
		       "{ name: a }, policy: headroom }\n",
		       "state had version 77, the module here has");
	expect_refusal("---\ntrace: 1\n---\nconfiguration:\n  parts: 1\n"
		       "---\nfile: \"a.yaml\"\ntext: |2+\n  version: 1\n  rules:\n"
		       "  - { name: a, match: { name: a }, policy: absent }\n",
		       "a.yaml:3:");
}
END_TEST

static Suite *broken_suite(void)
{
	Suite *suite = suite_create("trace-broken");
	TCase *tcase = tcase_create("chaos");

	tcase_add_checked_fixture(tcase, bed_setup, bed_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, ticks_that_the_disk_is_too_slow_for_are_left_out);
	tcase_add_test(tcase, a_full_disk_ends_the_trace_and_nothing_else);
	tcase_add_loop_test(tcase, a_trace_that_is_cut_anywhere_is_replayed_up_to_there, 0, 2);
	tcase_add_test(tcase, a_trace_with_any_byte_changed_harms_nobody);
	tcase_add_test(tcase, what_is_no_trace_is_refused_in_words);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return check_main(broken_suite());
}
