/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which changes reach the journal, and that each does once. */

#include "balloond/report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"

#define GiB (UINT64_C(1) << 30)

enum { MAX = 2 };

/* What was published last, and the plan that follows it: nothing differs. */
struct bed {
	struct published before;
	struct published_guest guests[MAX];
	struct plan plan;
	struct verdict verdicts[MAX];
	char said[4096];
};

static void bed_init(struct bed *bed)
{
	static const char *const uuids[MAX] = { "a", "b" }, *const names[MAX] = { "db-1", "web" };

	memset(bed, 0, sizeof(*bed));
	bed->before.guests = bed->guests;
	bed->before.n_guests = MAX;
	bed->before.account.pool = bed->plan.account.pool = 12 * GiB;
	bed->plan.verdicts = bed->verdicts;
	bed->plan.n_verdicts = MAX;
	for (size_t i = 0; i < MAX; i++) {
		(void)strcpy(bed->guests[i].uuid, uuids[i]);
		bed->verdicts[i].guest.uuid = uuids[i];
		bed->verdicts[i].guest.name = names[i];
	}
}

/* What the journal gets. */
static const char *told(struct bed *bed)
{
	_cleanup_fclose_ FILE *file = tmpfile();
	int error = dup(STDERR_FILENO);
	size_t n;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(error, 0);
	ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
	report_changes(&bed->before, &bed->plan);
	ck_assert_int_ge(dup2(error, STDERR_FILENO), 0);
	(void)close(error);
	rewind(file);
	n = fread(bed->said, 1, sizeof(bed->said) - 1, file);
	bed->said[n] = '\0';
	return bed->said;
}

START_TEST(nothing_is_told_where_nothing_changed)
{
	struct bed bed;

	bed_init(&bed);
	bed.before.account.level = bed.plan.account.level = BALLOOND_LEVEL_LOW;
	bed.before.account.overbooked_by = 2 * GiB;
	bed.plan.account.overbooked_by = 1 * GiB;
	bed.guests[0].verdict.tenant_refused = bed.verdicts[0].tenant_refused = 1u << TENANT_MIN;
	ck_assert_str_eq(told(&bed), "");
}
END_TEST

START_TEST(levels_are_told_with_their_cause)
{
	struct bed bed;

	bed_init(&bed);
	bed.plan.account.level = BALLOOND_LEVEL_CRITICAL;
	bed.plan.account.level_cause = LEVEL_CAUSE_SWAP;
	ck_assert_str_eq(told(&bed), "balloond: level critical, was normal: the machine swaps\n");
	bed_init(&bed);
	bed.before.account.level = BALLOOND_LEVEL_TIGHT;
	ck_assert_str_eq(told(&bed), "balloond: level normal, was tight\n");
}
END_TEST

START_TEST(overbooking_is_told_when_it_begins_and_ends)
{
	struct bed bed;

	bed_init(&bed);
	bed.plan.account.promised = 13 * GiB;
	bed.plan.account.overbooked_by = 1 * GiB;
	ck_assert_str_eq(told(&bed), "balloond: overbooked by 1.00 GiB: guests are promised 13.0 "
				     "GiB, the pool has 12.0 GiB\n");
	bed_init(&bed);
	bed.before.account.overbooked_by = 1 * GiB;
	bed.plan.account.promised = 11 * GiB;
	ck_assert_str_eq(told(&bed), "balloond: no longer overbooked: guests are promised 11.0 GiB "
				     "of a pool of 12.0 GiB\n");
}
END_TEST

START_TEST(metadata_that_is_newly_refused_is_told)
{
	struct bed bed;

	bed_init(&bed);
	bed.guests[0].verdict.tenant_refused = 1u << TENANT_MIN;
	bed.verdicts[0].tenant_refused = 1u << TENANT_MIN | 1u << TENANT_SHARES | 1u << TENANT_TAG;
	ck_assert_str_eq(told(&bed), "balloond: guest \"db-1\": its metadata does not hold, or not "
				     "in full: shares, tag\n");
}
END_TEST

START_TEST(a_new_guest_has_been_told_nothing)
{
	struct bed bed;

	bed_init(&bed);
	bed.before.n_guests = 1;
	(void)strcpy(bed.guests[0].uuid, "b");
	bed.guests[0].verdict.tenant_refused = 1u << TENANT_HOLD;
	bed.verdicts[0].tenant_refused = 1u << TENANT_HOLD;
	bed.verdicts[1].tenant_refused = 1u << TENANT_HOLD;
	ck_assert_str_eq(told(&bed), "balloond: guest \"db-1\": its metadata does not hold, or not "
				     "in full: hold\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tc = tcase_create("report");

	tcase_add_test(tc, nothing_is_told_where_nothing_changed);
	tcase_add_test(tc, levels_are_told_with_their_cause);
	tcase_add_test(tc, overbooking_is_told_when_it_begins_and_ends);
	tcase_add_test(tc, metadata_that_is_newly_refused_is_told);
	tcase_add_test(tc, a_new_guest_has_been_told_nothing);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
