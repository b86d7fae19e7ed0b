/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* When records are written, and that every second of every guest is in exactly one of them. */

#include "balloond/manager-tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "balloond/core/text.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define HOUR (3600 * BALLOOND_SECOND)
/* 2026-03-01 00:00 UTC */
#define MIDNIGHT (UINT64_C(1772323200) * BALLOOND_SECOND)
#define MAX 3u

static struct bed {
	char directory[64];
	sd_event *event;
	struct manager_tally tally;
	struct history history;
	struct published published;
	struct snapshot snapshot;
	struct memory memories[MAX], spare[MAX];
	struct published_guest guests[MAX];
	struct guest seen[MAX];
	usec_t watched[MAX]; /* in all ticks, by the letter of the guest */
} b;

static void begin(void)
{
	memset(&b, 0, sizeof(b));
	(void)strcpy(b.directory, "/tmp/balloond-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(b.directory));
	ck_assert_int_ge(sd_event_new(&b.event), 0);
	ck_assert_int_ge(tally_store_new(b.event, b.directory, &b.tally.store), 0);
	b.history.guests = b.memories;
	b.history.spare = b.spare;
	b.published.guests = b.guests;
	b.snapshot.guests = b.seen;
}

static const char *path_of(const char *day)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/tally-%s.jsonl", b.directory, day);
	return path;
}

static void end(void)
{
	(void)unlink(path_of("2026-02-28")); /* not every test has both */
	(void)unlink(path_of("2026-03-01"));
	ck_assert_int_eq(rmdir(b.directory), 0);
	sd_event_unref(b.event);
}

/* Guests 'a' .. 'c' of `names` are there.  Each was watched since the last tick, if it was there.
 */
static void tick(const char *names, usec_t wall, bool dry_run)
{
	usec_t elapsed = b.published.wall ? BALLOOND_SECOND : 0;

	b.snapshot.n_guests = strlen(names);
	b.snapshot.wall = wall;
	for (size_t i = 0; names[i]; i++) {
		char text[2] = { names[i], '\0' };

		guest_init(&b.seen[i], text, text);
	}
	manager_tally_follow(&b.tally, &b.snapshot, &b.history, &b.published, dry_run);
	history_follow(&b.history, &b.snapshot);
	for (size_t i = 0; names[i]; i++) {
		struct shadow *shadow = &b.history.guests[i].shadow;

		if (shadow->follows) {
			shadow->tally.watched += elapsed;
			b.watched[names[i] - 'a'] += elapsed;
		}
		shadow->follows = true;
		text_copy(b.guests[i].name, sizeof(b.guests[i].name), b.seen[i].name);
	}
	b.history.tally.watched += elapsed;
	b.history.tally.dry_run = dry_run;
	b.published.n_guests = b.snapshot.n_guests;
	b.published.wall = wall;
}

/* What the records of a day say: lines of guests and of the host, and what was watched. */
struct sums {
	unsigned n_guests, n_hosts, n_dry;
	usec_t watched[MAX], host;
	usec_t begin, end; /* of the last */
};

static struct sums read_day(const char *day)
{
	FILE *file = fopen(path_of(day), "r");
	struct sums sums = { 0 };
	char line[TALLY_LINE_MAX];

	while (file && fgets(line, sizeof(line), file)) {
		const char *name = strstr(line, "\"Name\":\""),
			   *at = strstr(line, "\"WatchedUSec\":");
		usec_t watched = 0;

		ck_assert_int_eq(sscanf(line, "{\"BeginUSec\":%" SCNu64 ",\"EndUSec\":%" SCNu64,
					&sums.begin, &sums.end),
				 2);
		ck_assert_int_eq(sscanf(at, "\"WatchedUSec\":%" SCNu64, &watched), 1);
		if (name)
			sums.watched[name[strlen("\"Name\":\"")] - 'a'] += watched;
		else
			sums.host += watched;
		sums.n_guests += name != NULL;
		sums.n_hosts += name == NULL;
		sums.n_dry += strstr(line, "\"DryRun\":true") != NULL;
	}
	if (file)
		(void)fclose(file);
	return sums;
}

static void close_all(void)
{
	manager_tally_close(&b.tally, &b.history, &b.published);
}

static void run(const char *names, usec_t from, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++)
		tick(names, from + i * BALLOOND_SECOND, false);
}

START_TEST(records_are_written_every_full_hour_and_at_the_end)
{
	struct sums old, new;

	run("ab", MIDNIGHT - 10 * BALLOOND_SECOND, 30);
	close_all();
	old = read_day("2026-02-28");
	new = read_day("2026-03-01");
	ck_assert_uint_eq(old.n_guests, 2);
	ck_assert_uint_eq(old.n_hosts, 1);
	ck_assert_uint_eq(old.begin, MIDNIGHT - 10 * BALLOOND_SECOND);
	ck_assert_uint_eq(old.end, MIDNIGHT - 1 * BALLOOND_SECOND);
	ck_assert_uint_eq(new.n_guests, 2);
	ck_assert_uint_eq(new.n_hosts, 1);
	ck_assert_uint_eq(new.begin, MIDNIGHT);
	ck_assert_uint_eq(new.end, MIDNIGHT + 19 * BALLOOND_SECOND);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(old.watched[i], 9 * BALLOOND_SECOND);
		ck_assert_uint_eq(new.watched[i], 20 * BALLOOND_SECOND);
	}
	ck_assert_uint_eq(old.host, 9 * BALLOOND_SECOND);
	ck_assert_uint_eq(new.host, 20 * BALLOOND_SECOND);
}
END_TEST

START_TEST(records_are_written_of_each_guest_that_goes)
{
	struct sums sums;

	run("abc", MIDNIGHT, 10);
	run("ac", MIDNIGHT + 10 * BALLOOND_SECOND, 5);
	run("c", MIDNIGHT + 15 * BALLOOND_SECOND, 1);
	run("abc", MIDNIGHT + 16 * BALLOOND_SECOND, 4); /* new ones, of the same names */
	run("", MIDNIGHT + 20 * BALLOOND_SECOND, 2);
	close_all();
	sums = read_day("2026-03-01");
	for (unsigned i = 0; i < MAX; i++)
		ck_assert_uint_eq(sums.watched[i], b.watched[i]);
	ck_assert_uint_eq(sums.watched[0], (14 + 3) * BALLOOND_SECOND);
	ck_assert_uint_eq(sums.watched[1], (9 + 3) * BALLOOND_SECOND);
	ck_assert_uint_eq(sums.watched[2], 19 * BALLOOND_SECOND);
	ck_assert_uint_eq(sums.n_guests, 5);
	ck_assert_uint_eq(sums.n_hosts, 1);
	ck_assert_uint_eq(sums.host, 21 * BALLOOND_SECOND);
}
END_TEST

START_TEST(records_tell_a_dry_run_from_what_follows)
{
	struct sums sums;

	for (unsigned i = 0; i < 20; i++)
		tick("a", MIDNIGHT + i * BALLOOND_SECOND, i < 8);
	close_all();
	sums = read_day("2026-03-01");
	ck_assert_uint_eq(sums.n_dry, 2);
	ck_assert_uint_eq(sums.n_guests + sums.n_hosts, 4);
	ck_assert_uint_eq(sums.watched[0], 19 * BALLOOND_SECOND);
}
END_TEST

START_TEST(records_survive_a_clock_that_is_set_back)
{
	struct sums old, new;

	run("a", MIDNIGHT + 2 * HOUR, 10);
	run("a", MIDNIGHT - 1 * HOUR, 10);
	close_all();
	old = read_day("2026-02-28");
	new = read_day("2026-03-01");
	ck_assert_uint_eq(old.watched[0], 10 * BALLOOND_SECOND);
	ck_assert_uint_eq(new.watched[0], 9 * BALLOOND_SECOND);
	ck_assert_uint_eq(old.n_guests + new.n_guests, 2);
}
END_TEST

START_TEST(records_are_not_written_of_what_was_not_watched)
{
	run("ab", MIDNIGHT, 1); /* one tick is no time */
	close_all();
	ck_assert_int_ne(access(path_of("2026-03-01"), F_OK), 0);
}
END_TEST

START_TEST(records_are_nowhere_without_a_store)
{
	tally_store_free(b.tally.store);
	b.tally.store = NULL;
	run("ab", MIDNIGHT, 10);
	run("", MIDNIGHT + HOUR, 2);
	close_all();
	ck_assert_uint_eq(b.history.tally.watched, 11 * BALLOOND_SECOND);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("manager-tally");
	TCase *tc = tcase_create("manager-tally");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, records_are_written_every_full_hour_and_at_the_end);
	tcase_add_test(tc, records_are_written_of_each_guest_that_goes);
	tcase_add_test(tc, records_tell_a_dry_run_from_what_follows);
	tcase_add_test(tc, records_survive_a_clock_that_is_set_back);
	tcase_add_test(tc, records_are_not_written_of_what_was_not_watched);
	tcase_add_test(tc, records_are_nowhere_without_a_store);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
