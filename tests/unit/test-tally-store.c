/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What was counted, on disk: whole lines in a file a day, for 35 days, whatever names guests have
 * and whatever became of the last write. */

#include "balloond/io/tally-store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "balloond/io/read-file.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define UUID "00000000-0000-4000-8000-00000000000a"
/* 2026-03-01 00:30 UTC */
#define WALL (UINT64_C(1772325000) * BALLOOND_SECOND)
#define TODAY "tally-2026-03-01.jsonl"
#define SPAN "{\"BeginUSec\":1772325000000000,\"EndUSec\":1772328600000000,\"DryRun\":true"

static const struct tally_span span = { WALL, WALL + 3600 * BALLOOND_SECOND, true };
static const struct tally tally = {
	.watched = 3600 * BALLOOND_SECOND,
	.known = 3500 * BALLOOND_SECOND,
	.below = 1500000,
	.episodes = 2,
	.shortfall = 176 * BALLOOND_MIB,
	.taken = 512 * 3600 * BALLOOND_SECOND + BALLOOND_SECOND / 2,
	.taken_most = 1 * BALLOOND_GIB,
};
static const struct host_tally host = {
	.watched = 3600 * BALLOOND_SECOND,
	.taken = UINT64_MAX,
	.taken_most = UINT64_MAX,
	.pool = 8 * BALLOOND_GIB,
	.charged_most = 9,
	.level = 2,
};

#define FIGURES \
	",\"WatchedUSec\":3600000000,\"KnownUSec\":3500000000,\"BelowUSec\":1500000," \
	"\"Episodes\":2,\"Shortfall\":184549376,\"TakenMiBSeconds\":1843200," \
	"\"TakenMost\":1073741824}\n"
#define GUEST_LINE SPAN ",\"UUID\":\"" UUID "\",\"Name\":\"web\"" FIGURES
#define HOST_LINE \
	SPAN ",\"WatchedUSec\":3600000000,\"TakenMiBSeconds\":18446744073709," \
	     "\"TakenMost\":9223372036854775807,\"Pool\":8589934592,\"ChargedMost\":9," \
	     "\"Level\":2}\n"

static char directory[64];
static sd_event *event;

static void begin(void)
{
	(void)strcpy(directory, "/tmp/balloond-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_ge(sd_event_new(&event), 0);
}

static const char *path_of(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void end(void)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			ck_assert_int_eq(unlink(path_of(entry->d_name)), 0);
	(void)closedir(dir);
	ck_assert_int_eq(rmdir(directory), 0);
	sd_event_unref(event);
}

/* One batch through a store of its own: at its end it is on disk. */
static void write_batch(const char *name, bool with_host)
{
	struct tally_store *store;
	struct tally_batch *batch;

	ck_assert_int_ge(tally_store_new(event, directory, &store), 0);
	batch = tally_batch_new(store, &span, 1);
	ck_assert_ptr_nonnull(batch);
	if (name)
		tally_batch_add_guest(batch, UUID, name, &tally);
	if (with_host)
		tally_batch_set_host(batch, &host);
	tally_store_write(store, batch);
	tally_store_free(store);
}

static void check_file(const char *expected)
{
	char text[READ_FILE_MAX];

	ck_assert_int_eq(read_file("", path_of(TODAY), text, sizeof(text)), 0);
	ck_assert_str_eq(text, expected);
}

static void make_file(const char *name, off_t size)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	ck_assert_int_eq(close(fd), 0);
}

static bool is_there(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

START_TEST(store_writes_a_line_a_guest_and_one_for_the_host)
{
	struct stat st;

	write_batch("web", true);
	check_file(GUEST_LINE HOST_LINE);
	ck_assert_int_eq(stat(path_of(TODAY), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	write_batch("web", false);
	check_file(GUEST_LINE HOST_LINE GUEST_LINE);
}
END_TEST

START_TEST(store_writes_nothing_of_nothing)
{
	write_batch(NULL, false);
	ck_assert(!is_there(TODAY));
}
END_TEST

START_TEST(store_makes_its_directory)
{
	ck_assert_int_eq(rmdir(directory), 0);
	write_batch("web", false);
	check_file(GUEST_LINE);
}
END_TEST

START_TEST(store_ends_a_line_that_was_cut)
{
	FILE *file = fopen(path_of(TODAY), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(SPAN ",\"UU", file), 0);
	ck_assert_int_eq(fclose(file), 0);
	write_batch("web", false);
	check_file(SPAN ",\"UU\n" GUEST_LINE);
}
END_TEST

static const struct spelling {
	const char *name, *json;
} spellings[] = {
	{ "a\"b\\c", "a\\\"b\\\\c" },
	{ "a\nb\x1b[1m\x7f", "a\\u000ab\\u001b[1m\x7f" },
	{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\x88", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\x88" },
	{ "cut\xe2\x82", "cut??" },
	{ "\x80\xff\xc0\xaf", "????" },                  /* a lone byte, none, an overlong form */
	{ "\xed\xa0\x80|\xf4\x90\x80\x80", "???|????" }, /* a surrogate, above U+10FFFF */
};

START_TEST(store_writes_json_whatever_a_guest_is_called)
{
	char expected[1024];

	(void)snprintf(expected, sizeof(expected), "%s,\"UUID\":\"%s\",\"Name\":\"%s\"%s", SPAN,
		       UUID, spellings[_i].json, FIGURES);
	write_batch(spellings[_i].name, false);
	check_file(expected);
}
END_TEST

START_TEST(store_has_room_for_the_longest_name)
{
	char name[2 * GUEST_NAME_MAX], text[2 * TALLY_LINE_MAX];

	memset(name, 1, sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	write_batch(name, false);
	ck_assert_int_eq(read_file("", path_of(TODAY), text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "\\u0001\",\"WatchedUSec\""));
	ck_assert_uint_lt(strlen(text), TALLY_LINE_MAX);
}
END_TEST

START_TEST(store_removes_what_is_older_than_35_days)
{
	make_file("tally-2026-01-24.jsonl", 1);
	make_file("tally-2026-01-25.jsonl", 1); /* 35 days before */
	make_file("tally-2025-02-28.jsonl", 1);
	make_file("tally-2025-02-28.json", 1); /* not balloond's */
	make_file("tally-1.jsonl", 1);
	write_batch("web", false);
	ck_assert(is_there("tally-2025-02-28.jsonl")); /* looked for once an hour */
	write_batch("web", true);
	ck_assert(!is_there("tally-2025-02-28.jsonl"));
	ck_assert(!is_there("tally-2026-01-24.jsonl"));
	ck_assert(is_there("tally-2026-01-25.jsonl"));
	ck_assert(is_there("tally-2025-02-28.json"));
	ck_assert(is_there("tally-1.jsonl"));
}
END_TEST

START_TEST(store_keeps_no_more_than_256_mib_beside_the_newest)
{
	make_file("tally-2026-02-26.jsonl", 1);
	make_file("tally-2026-02-27.jsonl", 200 << 20);
	make_file("tally-2026-02-28.jsonl", 200 << 20);
	make_file(TODAY, 200 << 20);
	write_batch("web", true);
	ck_assert(is_there(TODAY));
	ck_assert(is_there("tally-2026-02-28.jsonl"));
	ck_assert(!is_there("tally-2026-02-27.jsonl"));
	ck_assert(!is_there("tally-2026-02-26.jsonl"));
}
END_TEST

START_TEST(store_goes_on_when_its_directory_is_usable_again)
{
	ck_assert_int_eq(rmdir(directory), 0);
	ck_assert_int_eq(symlink("/nonexistent", directory), 0);
	write_batch("lost", true);
	ck_assert_int_eq(unlink(directory), 0);
	write_batch("web", false);
	check_file(GUEST_LINE);
}
END_TEST

START_TEST(store_follows_no_link)
{
	ck_assert_int_eq(symlink("elsewhere", path_of(TODAY)), 0);
	write_batch("web", false);
	ck_assert(!is_there("elsewhere"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tally-store");
	TCase *tc = tcase_create("tally-store");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, store_writes_a_line_a_guest_and_one_for_the_host);
	tcase_add_test(tc, store_writes_nothing_of_nothing);
	tcase_add_test(tc, store_makes_its_directory);
	tcase_add_test(tc, store_ends_a_line_that_was_cut);
	tcase_add_loop_test(tc, store_writes_json_whatever_a_guest_is_called, 0,
			    sizeof(spellings) / sizeof(spellings[0]));
	tcase_add_test(tc, store_has_room_for_the_longest_name);
	tcase_add_test(tc, store_removes_what_is_older_than_35_days);
	tcase_add_test(tc, store_keeps_no_more_than_256_mib_beside_the_newest);
	tcase_add_test(tc, store_goes_on_when_its_directory_is_usable_again);
	tcase_add_test(tc, store_follows_no_link);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
