/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"

#define MAX (1024u * 1024)

static char directory[] = "/tmp/balloond-lines-XXXXXX";
static char path[sizeof(directory) + 8];

static void set_up(void)
{
	strcpy(directory + sizeof(directory) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/file", directory);
}

static void tear_down(void)
{
	(void)unlink(path);
	(void)rmdir(directory);
}

static void write_text(const char *text, size_t size, bool compress)
{
	/* T: without a gzip header, as it is. */
	gzFile f = gzopen(path, compress ? "w" : "wT");

	ck_assert_ptr_nonnull(f);
	ck_assert(size == 0 || gzwrite(f, text, (unsigned)size) == (int)size);
	ck_assert_int_eq(gzclose(f), Z_OK);
}

/* The next line must be this one. */
static void expect(struct lines *l, const char *text, size_t number)
{
	char *line;
	size_t size;

	ck_assert_int_eq(lines_next(l, &line, &size), 1);
	ck_assert_str_eq(line, text);
	ck_assert_uint_eq(size, strlen(text));
	ck_assert_uint_eq(lines_number(l), number);
}

static void expect_end(struct lines *l, int with)
{
	char *line;
	size_t size;

	ck_assert_int_eq(lines_next(l, &line, &size), with);
	ck_assert_int_eq(lines_next(l, &line, &size), with);
}

START_TEST(lines_come_one_by_one_from_plain_and_compressed_files)
{
	_cleanup_(lines_closep) struct lines *l = NULL;
	static const char text[] = "one\n\nthree\r\nlast, without an end";

	write_text(text, sizeof(text) - 1, _i);
	ck_assert_int_eq(lines_open(path, MAX, &l), 0);
	ck_assert_uint_eq(lines_number(l), 0);
	expect(l, "one", 1);
	expect(l, "", 2);
	expect(l, "three", 3);
	expect(l, "last, without an end", 4);
	expect_end(l, 0);
	ck_assert_uint_eq(lines_number(l), 4);
}
END_TEST

START_TEST(an_empty_file_has_no_lines)
{
	_cleanup_(lines_closep) struct lines *l = NULL;

	write_text("", 0, _i);
	ck_assert_int_eq(lines_open(path, MAX, &l), 0);
	expect_end(l, 0);
}
END_TEST

/* Lines of every length around the size of what is read at once, and much longer. */
START_TEST(lines_of_every_length_are_whole)
{
	_cleanup_(lines_closep) struct lines *l = NULL;
	_cleanup_free_ char *text = NULL, *want = malloc(MAX + 1);
	static const size_t lengths[] = { 65536, 1,      65535, 65536,  65537, 0, 131071, 131072,
					  3,     700000, 5,     300000, MAX,   2, 65534 };
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	ck_assert(want && f);
	for (size_t i = 0; i < ELEMENTSOF(lengths); i++) {
		memset(want, 'a' + (int)i, lengths[i]);
		ck_assert_uint_eq(fwrite(want, 1, lengths[i], f), lengths[i]);
		fputc('\n', f);
	}
	ck_assert_int_eq(fclose(f), 0);
	write_text(text, size, _i);
	ck_assert_int_eq(lines_open(path, MAX, &l), 0);
	for (size_t i = 0; i < ELEMENTSOF(lengths); i++) {
		memset(want, 'a' + (int)i, lengths[i]);
		want[lengths[i]] = '\0';
		expect(l, want, i + 1);
	}
	expect_end(l, 0);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_refused)
{
	_cleanup_(lines_closep) struct lines *l = NULL;
	static const char text[] = "12345678\n123456789\nmore\n";

	write_text(text, sizeof(text) - 1, _i);
	ck_assert_int_eq(lines_open(path, 8, &l), 0);
	expect(l, "12345678", 1);
	expect_end(l, -EMSGSIZE);
	ck_assert_uint_eq(lines_number(l), 2);
}
END_TEST

START_TEST(a_byte_of_zero_does_not_end_a_line)
{
	_cleanup_(lines_closep) struct lines *l = NULL;
	size_t size;
	char *line;

	write_text("a\0b\nc\n", 6, _i);
	ck_assert_int_eq(lines_open(path, MAX, &l), 0);
	ck_assert_int_eq(lines_next(l, &line, &size), 1);
	ck_assert_uint_eq(size, 3);
	ck_assert_mem_eq(line, "a\0b", 4);
	expect(l, "c", 2);
}
END_TEST

/* The lines that are whole come all the same. */
START_TEST(compressed_data_that_was_cut_or_damaged_is_told)
{
	_cleanup_(lines_closep) struct lines *l = NULL;
	struct stat st;
	FILE *f;

	write_text("one\ntwo\n", 8, true);
	ck_assert_int_eq(stat(path, &st), 0);
	if (_i == 0) {
		ck_assert_int_eq(truncate(path, st.st_size - 8), 0);
	} else {
		f = fopen(path, "r+");
		ck_assert_ptr_nonnull(f);
		ck_assert_int_eq(fseek(f, -8, SEEK_END), 0); /* the checksum */
		fputs("sums", f);
		ck_assert_int_eq(fclose(f), 0);
	}
	ck_assert_int_eq(lines_open(path, MAX, &l), 0);
	if (_i == 0) {
		expect(l, "one", 1);
		expect(l, "two", 2);
	}
	expect_end(l, -EBADMSG);
}
END_TEST

START_TEST(what_cannot_be_read_says_why)
{
	_cleanup_(lines_closep) struct lines *l = NULL;

	ck_assert_int_eq(lines_open(path, MAX, &l), -ENOENT);
	ck_assert_ptr_null(l);
	ck_assert_int_eq(lines_open(directory, MAX, &l), 0);
	expect_end(l, -EISDIR);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lines");
	TCase *tc = tcase_create("lines");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, lines_come_one_by_one_from_plain_and_compressed_files, 0, 2);
	tcase_add_loop_test(tc, an_empty_file_has_no_lines, 0, 2);
	tcase_add_loop_test(tc, lines_of_every_length_are_whole, 0, 2);
	tcase_add_loop_test(tc, a_line_that_is_too_long_is_refused, 0, 2);
	tcase_add_loop_test(tc, a_byte_of_zero_does_not_end_a_line, 0, 2);
	tcase_add_loop_test(tc, compressed_data_that_was_cut_or_damaged_is_told, 0, 2);
	tcase_add_test(tc, what_cannot_be_read_says_why);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
