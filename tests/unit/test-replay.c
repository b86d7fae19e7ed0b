/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What was recorded of a chaos is decided again, to the same plans; and what is not as it was is
 * told. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"
#include "tests/unit/trace-bed.h"

START_TEST(what_was_recorded_is_decided_again)
{
	struct replay_result result;

	bed.seed += (unsigned)_i;
	bed.chaos.seed += 2 * (unsigned)_i;
	bed_record(_i % 2 == 0 ? "" : ".gz");
	result = bed_replay(NULL);
	bed_expect_the_same(&result);
	ck_assert_uint_eq(result.ticks, bed.count.ticks);
	ck_assert(result.reloads == 2 || bed.count.lost > 0);
	ck_assert_uint_eq(result.lost, bed.count.lost);
	ck_assert_uint_gt(result.guests, 2);
	ck_assert_uint_gt(result.end, result.begin);
}
END_TEST

START_TEST(the_same_configuration_would_have_done_the_same)
{
	struct replay_result result;

	bed_run(40);
	(void)unlink(bed.path);
	ck_assert_int_eq(trace_open(bed.path, &bed.trace), 0);
	bed_run(BED_TICKS);
	bed.trace = trace_free(bed.trace);
	result = bed_replay(bed.first.config);
	bed_expect_the_same(&result);
	ck_assert_uint_eq(result.ticks_other, 0);
	ck_assert_uint_eq(result.bytes_most, 0);
}
END_TEST

static uint64_t n_orders;

static int on_order(void *userdata, const struct replay_order *order)
{
	uint64_t *last = userdata;

	ck_assert_uint_ne(order->recorded, order->instead);
	ck_assert_uint_ge(order->tick, *last);
	ck_assert_int_eq(strncmp(order->name, "g", 1), 0);
	*last = order->tick;
	n_orders++;
	return 0;
}

START_TEST(one_parameter_makes_a_difference)
{
	uint64_t last = 0;
	struct replay_request request = { .path = bed.path,
					  .policy_dir = bed.policy_dir,
					  .on_order = on_order,
					  .userdata = &last };
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	_cleanup_free_ char *text = strdup(bed_first_text);
	struct replay_result result;
	struct loaded other;

	bed_record("");
	memcpy(strstr(text, "low: 15%"), "low: 25%", 8);
	bed_load(&other, text);
	request.other = other.config;
	n_orders = 0;
	ck_assert_int_eq(replay_run(&request, &result, &d), 0);
	bed_expect_the_same(&result);
	ck_assert_uint_gt(result.ticks_other, 0);
	ck_assert_uint_lt(result.ticks_other, BED_TICKS);
	ck_assert_uint_gt(result.guests_other, 0);
	ck_assert_uint_gt(result.bytes_most, 0);
	ck_assert_uint_eq(result.bytes_most, result.more_most + result.less_most);
	ck_assert_uint_ge(n_orders, result.guests_other);
	config_free(other.config);
}
END_TEST

/* Writes `to` over the first place where `from` stands behind `behind`. */
static void forge(const char *behind, const char *from, const char *to)
{
	static char text[16 << 20];
	int fd = open(bed.path, O_RDWR | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	char *at;

	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	at = strstr(text, behind);
	ck_assert_ptr_nonnull(at);
	at = strstr(at, from);
	ck_assert_ptr_nonnull(at);
	memcpy(at, to, strlen(to));
	ck_assert_int_eq(pwrite(fd, text, (size_t)n, 0), n);
	(void)close(fd);
}

START_TEST(a_step_that_is_not_decided_again_is_named)
{
	struct replay_result result;

	bed_record("");
	forge("\nsteps:\n", "MiB\n    reason", "KiB\n    reason");
	result = bed_replay(NULL);
	ck_assert_uint_eq(result.ticks_wrong, 1);
	ck_assert(strcmp(result.first.field, "to") == 0 || strcmp(result.first.field, "from") == 0);
	ck_assert_int_eq(strncmp(result.first.name, "g", 1), 0);
	ck_assert_str_ne(result.first.decided, result.first.recorded);
	ck_assert_uint_gt(result.first.line, 1);
}
END_TEST

START_TEST(a_hash_alone_that_differs_is_named)
{
	struct replay_result result;

	bed_record("");
	/* Sixteen digits that no plan of these has. */
	forge("\ntick: 47\n", "\nhash: ", "\nhash: 0000000000000000");
	result = bed_replay(NULL);
	ck_assert_uint_eq(result.ticks_wrong, 1);
	ck_assert_uint_eq(result.first.tick, 47);
	ck_assert_str_eq(result.first.field, "hash");
	ck_assert_str_eq(result.first.recorded, "0000000000000000");
}
END_TEST

static Suite *replay_suite(void)
{
	Suite *suite = suite_create("replay");
	TCase *tcase = tcase_create("chaos");

	tcase_add_checked_fixture(tcase, bed_setup, bed_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, what_was_recorded_is_decided_again, 0, 8);
	tcase_add_test(tcase, the_same_configuration_would_have_done_the_same);
	tcase_add_test(tcase, one_parameter_makes_a_difference);
	tcase_add_test(tcase, a_step_that_is_not_decided_again_is_named);
	tcase_add_test(tcase, a_hash_alone_that_differs_is_named);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return check_main(replay_suite());
}
