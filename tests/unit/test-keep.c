/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The file of what outlives balloond: to disk and back, and files that are no good. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "balloond/core/text.h"
#include "balloond/io/keep-store.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define ONE "11111111-1111-1111-1111-111111111111"
#define TWO "22222222-2222-2222-2222-222222222222"

static char directory[] = "/tmp/balloond-test-keep-XXXXXX";
static char path[64], damaged[64], newer[64];

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/state", directory);
	snprintf(damaged, sizeof(damaged), "%s/state.damaged", directory);
	snprintf(newer, sizeof(newer), "%s/state.newer", directory);
}

static void tear_down(void)
{
	(void)unlink(path);
	(void)unlink(damaged);
	(void)unlink(newer);
	ck_assert_int_eq(rmdir(directory), 0);
	text_copy(directory + strlen(directory) - 6, 7, "XXXXXX");
}

static void write_text(const char *text, size_t n)
{
	_cleanup_fclose_ FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, n, file), n);
}

static void compose(struct trace_text *t)
{
	struct memory m = {
		.target = 512 * BALLOOND_MIB,
		.claim = BALLOOND_UNKNOWN,
		.kernel = 12345678,
		.learned = 700 * BALLOOND_MIB + 1,
		.learned_at = 1234567890123,
		.swapped = true,
		.foreign.own = { 1, 2, 3, 4 },
	};
	struct order order = { .kind = ORDER_GIVE_BACK, .hold = { .until = 99 } };

	text_copy(m.uuid, sizeof(m.uuid), ONE);
	text_copy(order.hold.who, sizeof(order.hold.who), "root");
	text_copy(order.hold.reason, sizeof(order.hold.reason), "it: \"said\"\n--- so %41");
	keep_put_head(t, "boot");
	keep_put_guest(t, 7, &m);
	text_copy(m.uuid, sizeof(m.uuid), TWO);
	keep_put_guest(t, 0, &m);
	keep_put_order(t, &order);
	order.kind = ORDER_EXCLUDE;
	text_copy(order.uuid, sizeof(order.uuid), TWO);
	keep_put_order(t, &order);
	keep_put_end(t, 4);
	ck_assert(!t->failed);
}

static int read_back(struct keep *keep)
{
	_cleanup_diagnostics_ struct diagnostics d = {};
	int r = keep_read(path, keep, &d);

	ck_assert((r == -EINVAL || r == -EPROTONOSUPPORT) == (d.n_items > 0));
	return r;
}

START_TEST(what_is_written_is_read)
{
	struct trace_text t = { 0 };
	struct keep keep;

	compose(&t);
	write_text(t.data, t.n);
	ck_assert_int_eq(read_back(&keep), 0);
	ck_assert_str_eq(keep.boot, "boot");
	ck_assert_uint_eq(keep.n_guests, 2);
	ck_assert_str_eq(keep.guests[0].memory.uuid, ONE);
	ck_assert_uint_eq(keep.guests[0].run, 7);
	ck_assert_uint_eq(keep.guests[0].memory.target, 512 * BALLOOND_MIB);
	ck_assert_uint_eq(keep.guests[0].memory.claim, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(keep.guests[0].memory.kernel, 12345678);
	ck_assert_uint_eq(keep.guests[0].memory.learned, 700 * BALLOOND_MIB + 1);
	ck_assert_uint_eq(keep.guests[0].memory.learned_at, 1234567890123);
	ck_assert(keep.guests[0].memory.swapped);
	ck_assert_uint_eq(keep.guests[0].memory.foreign.own[3], 4);
	ck_assert_str_eq(keep.guests[1].memory.uuid, TWO);
	ck_assert_uint_eq(keep.n_orders, 2);
	ck_assert_int_eq(keep.orders[0].kind, ORDER_GIVE_BACK);
	ck_assert_str_eq(keep.orders[0].uuid, "");
	ck_assert(keep.orders[0].hold.on);
	ck_assert_uint_eq(keep.orders[0].hold.until, 99);
	ck_assert_str_eq(keep.orders[0].hold.reason, "it: \"said\"\n--- so %41");
	ck_assert_int_eq(keep.orders[1].kind, ORDER_EXCLUDE);
	keep_done(&keep);
	trace_text_done(&t);
}
END_TEST

START_TEST(a_file_that_was_cut_anywhere_is_refused)
{
	struct trace_text t = { 0 };
	struct keep keep;

	compose(&t);
	for (size_t n = 0; n < t.n; n++) {
		write_text(t.data, n);
		ck_assert_int_eq(read_back(&keep), -EINVAL);
		ck_assert_uint_eq(keep.n_guests + keep.n_orders, 0);
	}
	trace_text_done(&t);
}
END_TEST

static const char *const bad[] = {
	"\xff\xfe\x01garbage",
	"garbage\n---\n",
	"version: 1\nboot: b\n---\nrecords: 1\n---\n",
	"version: 1\nboot: b\n---\nrecords: 0\n---\nrecords: 0\n---\n",
	"version: 1\nboot: b\n---\nguest: x\ntarget: -5\n---\nrecords: 1\n---\n",
	"version: 1\nboot: b\n---\nguest: x\nbeard: 5\n---\nrecords: 1\n---\n",
	"version: 1\nboot: b\n---\norder: shout\nof: x\n---\nrecords: 1\n---\n",
	"version: 1\nboot: b\n---\norder: 9\nof: x\n---\nrecords: 1\n---\n",
	"boot: b\n---\nrecords: 0\n---\n",
	"version: one\n---\nrecords: 0\n---\n",
};

START_TEST(a_file_that_is_no_good_is_refused)
{
	struct keep keep;

	write_text(bad[_i], strlen(bad[_i]));
	ck_assert_int_eq(read_back(&keep), -EINVAL);
}
END_TEST

START_TEST(a_file_of_a_newer_balloond_is_told_apart)
{
	static const char text[] = "version: 2\nwhatever: it has\n---\nmore: of it\n";
	struct keep keep;

	write_text(text, strlen(text));
	ck_assert_int_eq(read_back(&keep), -EPROTONOSUPPORT);
}
END_TEST

START_TEST(no_file_is_no_error)
{
	struct keep keep;

	ck_assert_int_eq(read_back(&keep), -ENOENT);
}
END_TEST

static struct keep_store *new_store(sd_event **event)
{
	struct keep_store *store;

	ck_assert_int_ge(sd_event_new(event), 0);
	ck_assert_int_eq(keep_store_new(*event, directory, &store), 0);
	return store;
}

START_TEST(what_is_left_is_written_at_the_end)
{
	struct trace_text t = { 0 };
	struct keep_store *store;
	sd_event *event;
	struct keep keep;
	struct stat st;

	store = new_store(&event);
	for (unsigned i = 0; i < 2; i++) {
		compose(&t);
		ck_assert(keep_store_write(store, &t));
		ck_assert_ptr_null(t.data);
	}
	keep_store_free(store);
	sd_event_unref(event);
	ck_assert_int_eq(read_back(&keep), 0);
	ck_assert_uint_eq(keep.n_guests, 2);
	keep_done(&keep);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
}
END_TEST

static void check_set_aside(const char *text, bool set_aside, const char *to)
{
	struct keep_store *store;
	sd_event *event;
	struct keep keep;

	store = new_store(&event);
	write_text(text, strlen(text));
	ck_assert_int_eq(keep_store_load(store, set_aside, &keep), 0);
	ck_assert_uint_eq(keep.n_guests + keep.n_orders, 0);
	ck_assert_int_eq(access(to, F_OK), 0);
	ck_assert((access(path, F_OK) == 0) != set_aside);
	keep_store_free(store);
	sd_event_unref(event);
}

START_TEST(what_cannot_be_used_is_set_aside)
{
	check_set_aside("garbage", true, damaged);
	check_set_aside("version: 2\n", true, newer);
}
END_TEST

START_TEST(who_may_not_write_leaves_it_there)
{
	check_set_aside("garbage", false, path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("keep");
	TCase *tc = tcase_create("keep");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc, a_file_that_was_cut_anywhere_is_refused);
	tcase_add_loop_test(tc, a_file_that_is_no_good_is_refused, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, a_file_of_a_newer_balloond_is_told_apart);
	tcase_add_test(tc, no_file_is_no_error);
	tcase_add_test(tc, what_is_left_is_written_at_the_end);
	tcase_add_test(tc, what_cannot_be_used_is_set_aside);
	tcase_add_test(tc, who_may_not_write_leaves_it_there);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
