/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/demand-file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

static char path[] = "/tmp/balloond-demand-XXXXXX";

static void write_text(const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void set_up(void)
{
	int fd;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

static void tear_down(void)
{
	(void)unlink(path);
}

/* Reads what must be right. */
static struct demand_file *read_good(const char *text)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct demand_file *f = NULL;

	write_text(text);
	ck_assert_int_eq(demand_file_read(path, &f, &d), 0);
	ck_assert_uint_eq(d.n_items, 0);
	return f;
}

START_TEST(a_line_is_a_virtual_machine)
{
	_cleanup_(demand_file_freep) struct demand_file *f = NULL;

	f = read_good("# id,size,use ...\n"
		      "1,8192,1010,448,180\n"
		      "\n"
		      "vm two,512,0\r\n"
		      "3,16777216,16777216,7");
	ck_assert_uint_eq(f->n_rows, 3);
	ck_assert_uint_eq(f->rows[0].size, 8192);
	ck_assert_uint_eq(f->rows[0].n_series, 3);
	ck_assert_uint_eq(f->rows[0].series[0], 1010);
	ck_assert_uint_eq(f->rows[0].series[2], 180);
	ck_assert_uint_eq(f->rows[1].size, 512);
	ck_assert_uint_eq(f->rows[1].n_series, 1);
	ck_assert_uint_eq(f->rows[1].series[0], 0);
	ck_assert_uint_eq(f->rows[2].series[0], 16777216);
	ck_assert_uint_eq(f->rows[2].series[1], 7);
}
END_TEST

struct broken {
	const char *text;
	const char *complaint; /* behind the file's name */
};

static const struct broken broken[] = {
	{ "1,512,3\n2,512,x,4\n", ":2:7: must be a whole number, of MiB" },
	{ "1,512,3.5\n", ":1:7: must be a whole number, of MiB" },
	{ "1,512,-3\n", ":1:7: must be a whole number, of MiB" },
	{ "1,512, 3\n", ":1:7: must be a whole number, of MiB" },
	{ "1,512,3,,4\n", ":1:9: must be a whole number, of MiB" },
	{ "1,512,3,\n", ":1:9: must be a whole number, of MiB" },
	{ "1,512MiB,3\n", ":1:3: must be a whole number, of MiB" },
	{ "1,,3\n", ":1:3: must be a whole number, of MiB" },
	{ "1,512,16777217\n", ":1:7: more than 16777216 MiB" },
	{ "1,512,99999999999999999999\n", ":1:7: more than 16777216 MiB" },
	{ "# is fine\n1,16777217,3\n", ":2:3: more than 16777216 MiB" },
	{ "1,0,3\n", ":1:3: the size must not be 0" },
	{ "1,512\n", ":1:6: values must follow the size" },
	{ "1\n", ":1:1: must be ID,SIZE,VALUE,VALUE,..." },
	{ ",512,3\n", ":1:1: the line must begin with a name" },
	{ "", ": no virtual machine is in it" },
	{ "# nothing\n\n", ": no virtual machine is in it" },
};

START_TEST(a_broken_line_is_refused_where_it_is_broken)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct demand_file *f = NULL;

	write_text(broken[_i].text);
	ck_assert_int_eq(demand_file_read(path, &f, &d), -EINVAL);
	ck_assert_ptr_null(f);
	ck_assert_uint_eq(d.n_items, 1);
	ck_assert_mem_eq(d.items[0].text, path, strlen(path));
	ck_assert_str_eq(d.items[0].text + strlen(path), broken[_i].complaint);
}
END_TEST

START_TEST(every_broken_line_is_told)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct demand_file *f = NULL;

	write_text("1,512,x\n2,512,3\n3,0,3\n4\n");
	ck_assert_int_eq(demand_file_read(path, &f, &d), -EINVAL);
	ck_assert_uint_eq(d.n_items, 3);
	ck_assert_uint_eq(d.items[0].line, 1);
	ck_assert_uint_eq(d.items[1].line, 3);
	ck_assert_uint_eq(d.items[2].line, 4);
}
END_TEST

/* n values of one digit, or one value of n digits. */
static void write_long(size_t n, const char *each)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs("1,512,3\n2,512,3", f);
	for (size_t i = 1; i < n; i++)
		fputs(each, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void check_refused(const char *complaint)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct demand_file *f = NULL;

	ck_assert_int_eq(demand_file_read(path, &f, &d), -EINVAL);
	ck_assert_ptr_null(f);
	ck_assert_uint_eq(d.n_items, 1);
	ck_assert_str_eq(d.items[0].text + strlen(path), complaint);
}

START_TEST(what_is_too_long_is_refused)
{
	_cleanup_(demand_file_freep) struct demand_file *f = NULL;
	_cleanup_diagnostics_ struct diagnostics d = { 0 };

	write_long(100000, ",4");
	ck_assert_int_eq(demand_file_read(path, &f, &d), 0);
	ck_assert_uint_eq(f->rows[1].n_series, 100000);
	ck_assert_uint_eq(f->rows[1].series[99999], 4);
	write_long(100001, ",4");
	check_refused(":2:200007: more than 100000 values in a line");
	write_long(3 * 1024 * 1024, "0");
	check_refused(":2:1: the line is longer than 2 MiB");
}
END_TEST

START_TEST(damaged_compressed_data_is_refused)
{
	static const unsigned char begins[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(begins, 1, sizeof(begins), f), sizeof(begins));
	ck_assert_int_eq(fclose(f), 0);
	check_refused(":1:1: the compressed data is damaged or cut off");
}
END_TEST

START_TEST(what_cannot_be_read_is_told_as_an_error)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct demand_file *f = NULL;

	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(demand_file_read(path, &f, &d), -ENOENT);
	ck_assert_uint_eq(d.n_items, 0);
	ck_assert_int_eq(demand_file_read("/tmp", &f, &d), -EISDIR);
	ck_assert_uint_eq(d.n_items, 0);
}
END_TEST

static void check_series(const struct demand *d, const uint32_t *values, size_t n)
{
	ck_assert_uint_eq(d->n_series, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(d->series[i], values[i]);
}

START_TEST(a_row_is_taken_from_anywhere_and_begins_anew_at_its_end)
{
	_cleanup_(demand_file_freep) struct demand_file *f = read_good("1,512,9\n2,2048,1,2,3,4\n");
	struct demand d = { .fixed = 5, .offset = 7 };

	ck_assert_int_eq(demand_file_take(f, 1, 0, 0, &d), 0);
	check_series(&d, (uint32_t[]){ 1, 2, 3, 4 }, 4);
	ck_assert_uint_eq(d.maximum, 2048 * BALLOOND_MIB);
	ck_assert_int_eq(d.shape, DEMAND_SERIES);
	ck_assert_uint_eq(d.interval, 300 * BALLOOND_SECOND);
	ck_assert_uint_eq(d.over, 30 * BALLOOND_SECOND);
	/* The rest is the caller's. */
	ck_assert_uint_eq(d.fixed, 5);
	ck_assert_uint_eq(d.offset, 7);
	ck_assert_int_eq(demand_file_take(f, 1, 1, 2, &d), 0);
	check_series(&d, (uint32_t[]){ 2, 3 }, 2);
	ck_assert_int_eq(demand_file_take(f, 1, 3, 7, &d), 0);
	check_series(&d, (uint32_t[]){ 4, 1, 2, 3, 4, 1, 2 }, 7);
	ck_assert_int_eq(demand_file_take(f, 1, 6, 0, &d), 0);
	check_series(&d, (uint32_t[]){ 3, 4, 1, 2 }, 4);
	ck_assert_int_eq(demand_file_take(f, 0, 5, 3, &d), 0);
	check_series(&d, (uint32_t[]){ 9, 9, 9 }, 3);
	demand_done(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("demand-file");
	TCase *tc = tcase_create("demand-file");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_line_is_a_virtual_machine);
	tcase_add_loop_test(tc, a_broken_line_is_refused_where_it_is_broken, 0, ELEMENTSOF(broken));
	tcase_add_test(tc, every_broken_line_is_told);
	tcase_add_test(tc, what_is_too_long_is_refused);
	tcase_add_test(tc, damaged_compressed_data_is_refused);
	tcase_add_test(tc, what_cannot_be_read_is_told_as_an_error);
	tcase_add_test(tc, a_row_is_taken_from_anywhere_and_begins_anew_at_its_end);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
