/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/host.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

static const char meminfo[] = "MemTotal:       24683988 kB\n"
			      "MemFree:        21000000 kB\n"
			      "MemAvailable:   23000000 kB\n"
			      "Buffers:           12000 kB\n"
			      "Cached:          2100000 kB\n"
			      "SwapCached:          123 kB\n"
			      "SwapTotal:       1048576 kB\n"
			      "SwapFree:         524288 kB\n"
			      "HugePages_Total:       4\n"
			      "Hugepagesize:       2048 kB\n";

START_TEST(meminfo_becomes_bytes)
{
	struct host host;

	ck_assert_int_eq(host_parse_meminfo(meminfo, &host), 0);
	ck_assert_uint_eq(host.seen.total, UINT64_C(24683988) * 1024);
	ck_assert_uint_eq(host.seen.free, UINT64_C(21000000) * 1024);
	ck_assert_uint_eq(host.seen.available, UINT64_C(23000000) * 1024);
	ck_assert_uint_eq(host.seen.cached, UINT64_C(2100000) * 1024);
	ck_assert_uint_eq(host.seen.swap_total, BALLOOND_GIB);
	ck_assert_uint_eq(host.seen.swap_free, BALLOOND_GIB / 2);
}
END_TEST

START_TEST(the_hugetlb_pool_is_the_sum_where_the_kernel_tells_it)
{
	struct host host;
	char text[1024];

	ck_assert_int_eq(host_parse_meminfo(meminfo, &host), 0);
	ck_assert_uint_eq(host.hugetlb, 8 * BALLOOND_MIB);
	(void)snprintf(text, sizeof(text), "%sHugetlb:  1056768 kB\n", meminfo);
	ck_assert_int_eq(host_parse_meminfo(text, &host), 0);
	ck_assert_uint_eq(host.hugetlb, BALLOOND_GIB + 8 * BALLOOND_MIB);
	ck_assert_int_eq(host_parse_meminfo("MemTotal: 1 kB\nMemAvailable: 1 kB\n", &host), 0);
	ck_assert_uint_eq(host.hugetlb, 0);
}
END_TEST

START_TEST(a_host_without_available_is_refused)
{
	struct host host;

	ck_assert_int_eq(host_parse_meminfo("MemTotal: 1000 kB\n", &host), -EBADMSG);
	ck_assert_int_eq(host_parse_meminfo("", &host), -EBADMSG);
	ck_assert_int_eq(host_parse_meminfo("MemTotal: x\nMemAvailable: 5 kB\n", &host), -EBADMSG);
	ck_assert_int_eq(host_parse_meminfo("MemTotal: 99999999999999999999 kB\n"
					    "MemAvailable: 5 kB\n",
					    &host),
			 -EBADMSG);
}
END_TEST

START_TEST(swap_traffic_is_counted_in_pages)
{
	struct host host;

	host_parse_vmstat("nr_free_pages 1\npswpin 3\npswpout 5\n", 4096, &host);
	ck_assert_uint_eq(host.seen.swap_in, 3 * 4096);
	ck_assert_uint_eq(host.seen.swap_out, 5 * 4096);
	host_parse_vmstat("", 65536, &host);
	ck_assert_uint_eq(host.seen.swap_in, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(host.seen.swap_out, BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(pressure_is_kept_in_hundredths_of_a_percent)
{
	struct host host;

	host_parse_pressure("some avg10=12.34 avg60=0.00 avg300=0.00 total=1\n"
			    "full avg10=1.05 avg60=0.00 avg300=0.00 total=1\n",
			    &host);
	ck_assert_uint_eq(host.seen.some_avg10, 1234);
	ck_assert_uint_eq(host.seen.full_avg10, 105);
	host_parse_pressure("some avg10=100.00 avg60=0.00\n", &host);
	ck_assert_uint_eq(host.seen.some_avg10, 10000);
	ck_assert_uint_eq(host.seen.full_avg10, BALLOOND_UNKNOWN);
	host_parse_pressure("some avg10=1", &host);
	ck_assert_uint_eq(host.seen.some_avg10, BALLOOND_UNKNOWN);
	host_parse_pressure("", &host);
	ck_assert_uint_eq(host.seen.some_avg10, BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(this_machine_can_be_read)
{
	struct host host;

	ck_assert_int_eq(host_read("", &host), 0);
	ck_assert_uint_gt(host.seen.total, 0);
	ck_assert_uint_le(host.seen.available, host.seen.total);
	ck_assert_uint_le(host.seen.free, host.seen.total);
	ck_assert_uint_ne(host.seen.swap_in, BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(a_root_without_a_proc_leaves_the_result_alone)
{
	struct host host = { .ksm_saved = 77 };

	ck_assert_int_eq(host_read("/nonexistent", &host), -ENOENT);
	ck_assert_uint_eq(host.ksm_saved, 77);
}
END_TEST

START_TEST(optional_files_may_be_missing)
{
	char root[512];
	struct host host;

	(void)snprintf(root, sizeof(root), "%s/host/bare", check_dir("BALLOOND_TEST_FIXTURES"));
	ck_assert_int_eq(host_read(root, &host), 0);
	ck_assert_uint_eq(host.seen.total, 8 * BALLOOND_GIB);
	ck_assert_uint_eq(host.seen.some_avg10, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(host.seen.swap_in, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(host.ksm_saved, 0);
}
END_TEST

START_TEST(merged_pages_are_told_in_bytes)
{
	char root[512];
	struct host host;

	(void)snprintf(root, sizeof(root), "%s/host/ksm", check_dir("BALLOOND_TEST_FIXTURES"));
	ck_assert_int_eq(host_read(root, &host), 0);
	ck_assert_uint_eq(host.ksm_saved, 1000u * (uint64_t)sysconf(_SC_PAGESIZE));
	ck_assert_uint_eq(host.seen.some_avg10, 250);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host");
	TCase *tc = tcase_create("host");

	tcase_add_test(tc, meminfo_becomes_bytes);
	tcase_add_test(tc, the_hugetlb_pool_is_the_sum_where_the_kernel_tells_it);
	tcase_add_test(tc, a_host_without_available_is_refused);
	tcase_add_test(tc, swap_traffic_is_counted_in_pages);
	tcase_add_test(tc, pressure_is_kept_in_hundredths_of_a_percent);
	tcase_add_test(tc, this_machine_can_be_read);
	tcase_add_test(tc, a_root_without_a_proc_leaves_the_result_alone);
	tcase_add_test(tc, optional_files_may_be_missing);
	tcase_add_test(tc, merged_pages_are_told_in_bytes);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
