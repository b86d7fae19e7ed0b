/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "balloond/io/read-file.h"
#include "balloond/policy-math.h"
#include "balloond/policy.h"
#include "tests/unit/check-main.h"

static const struct cgroup_backend *const backends[] = {
	&cgroup_fs,
#ifdef HAVE_LIBCGROUP
	&cgroup_libcgroup,
#endif
};

#define N_BACKENDS ((int)(sizeof(backends) / sizeof(backends[0])))

static const struct {
	const char *text;
	int id;
	bool unified;
	const char *path; /* NULL: refused */
} rows[] = {
	{ "0::/machine.slice/machine-qemu\\x2d7\\x2dweb.scope/libvirt/emulator\n", 7, true,
	  "/machine.slice/machine-qemu\\x2d7\\x2dweb.scope" },
	{ "0::/machine.slice/machine-qemu\\x2d7\\x2dweb.scope/libvirt\n", 7, true,
	  "/machine.slice/machine-qemu\\x2d7\\x2dweb.scope" },
	{ "0::/machine.slice/machine-qemu\\x2d7\\x2dweb.scope\n", 7, true,
	  "/machine.slice/machine-qemu\\x2d7\\x2dweb.scope" },
	{ "0::/machine/qemu-7-web.libvirt-qemu/emulator", 7, true,
	  "/machine/qemu-7-web.libvirt-qemu" },
	{ "5:memory:/machine/qemu-7-web.libvirt-qemu\n0::/x-7-y\n", 7, false,
	  "/machine/qemu-7-web.libvirt-qemu" },
	{ "5:cpu,memory,pids:/m/qemu-7-web.libvirt-qemu/emulator\n", 7, false,
	  "/m/qemu-7-web.libvirt-qemu" },
	/* Another controller whose name begins alike, then the one tree. */
	{ "5:memoryless:/m/qemu-7-a\n0::/m/qemu-7-b\n", 7, true, "/m/qemu-7-b" },
	{ "0::/machine/qemu-7-web.libvirt-qemu\n", 8, true, NULL },
	{ "0::/machine/qemu-17-web.libvirt-qemu\n", 7, true, NULL },
	{ "0::/user.slice/user-0.slice/session-1.scope\n", 7, true, NULL },
	{ "0::\n", 7, true, NULL },
	{ "nonsense\n", 7, true, NULL },
	{ "", 7, true, NULL },
};

START_TEST(the_own_group_of_a_guest_is_found)
{
	struct cgroup group;
	int r = cgroup_parse(rows[_i].text, rows[_i].id, &group);

	if (!rows[_i].path) {
		ck_assert_int_lt(r, 0);
		return;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(group.unified, rows[_i].unified);
	ck_assert_str_eq(group.path, rows[_i].path);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
	static char text[2 * CGROUP_PATH_MAX];
	struct cgroup group;

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "0::/-7-", 7);
	ck_assert_int_eq(cgroup_parse(text, 7, &group), -EBADMSG);
}
END_TEST

static void fixture_root(char *root, size_t size, const char *name)
{
	(void)snprintf(root, size, "%s/cgroup/%s", check_dir("BALLOOND_TEST_FIXTURES"), name);
}

START_TEST(resident_swapped_and_read_are_of_the_one_tree_on_v2)
{
	struct cgroup group;
	char root[512];
	struct cgroup_usage usage;

	fixture_root(root, sizeof(root), "v2");
	ck_assert_int_eq(cgroup_find(root, "qemu", "web", 7, &group), 0);
	ck_assert_int_eq(cgroup_read_usage(&cgroup_fs, root, &group, &usage), 0);
	ck_assert_uint_eq(usage.resident, 3 * BALLOOND_MIB);
	ck_assert_uint_eq(usage.swapped, 6 * BALLOOND_MIB);
	/* Of 8:0 and 259:0: what 253:1 has read, 8:0 below it has read. */
	ck_assert_uint_eq(usage.disk_reads, 12288 + 4096);
}
END_TEST

START_TEST(resident_swapped_and_read_are_of_the_whole_group_on_v1)
{
	struct cgroup group;
	char root[512];
	struct cgroup_usage usage;

	fixture_root(root, sizeof(root), "v1");
	ck_assert_int_eq(cgroup_find(root, "qemu", "db", 3, &group), 0);
	ck_assert_int_eq(cgroup_read_usage(&cgroup_fs, root, &group, &usage), 0);
	ck_assert_uint_eq(usage.resident, 5 * BALLOOND_MIB);
	ck_assert_uint_eq(usage.swapped, 12288);
	ck_assert_uint_eq(usage.disk_reads, 40960);
}
END_TEST

static const struct {
	const char *path;
	bool unified;
	uint64_t swapped, disk_reads;
} untold[] = {
	/* Without files, as where swap and I/O are not accounted. */
	{ "/machine/qemu-8-bare.libvirt-qemu", true, BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
	{ "/machine/qemu-5-bare.libvirt-qemu", false, BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
	/* With no number in them. */
	{ "/machine/qemu-9-quiet.libvirt-qemu", true, BALLOOND_UNKNOWN, BALLOOND_UNKNOWN },
	/* Two volumes; the disk below them is not told. */
	{ "/machine/qemu-10-thin.libvirt-qemu", true, 0, 12288 },
};

START_TEST(what_a_cgroup_does_not_tell_is_unknown)
{
	struct cgroup group = { .unified = untold[_i].unified };
	char root[512];
	struct cgroup_usage usage;

	fixture_root(root, sizeof(root), group.unified ? "v2" : "v1");
	(void)snprintf(group.path, sizeof(group.path), "%s", untold[_i].path);
	ck_assert_int_eq(cgroup_read_usage(&cgroup_fs, root, &group, &usage), 0);
	ck_assert_uint_eq(usage.resident, BALLOOND_MIB);
	ck_assert_uint_eq(usage.swapped, untold[_i].swapped);
	ck_assert_uint_eq(usage.disk_reads, untold[_i].disk_reads);
}
END_TEST

START_TEST(a_pid_file_of_an_earlier_run_is_not_believed)
{
	struct cgroup group;
	char root[512];

	fixture_root(root, sizeof(root), "v2");
	ck_assert_int_eq(cgroup_find(root, "qemu", "web", 8, &group), -ESTALE);
	ck_assert_int_eq(cgroup_find(root, "qemu", "nobody", 7, &group), -ENOENT);
	ck_assert_int_eq(cgroup_find(root, "qemu", "../qemu/web", 7, &group), -EINVAL);
}
END_TEST

/* The group that the test itself runs in, in the memory controller's tree. */
static bool find_own(struct cgroup *ret)
{
	char text[READ_FILE_MAX], *line, *rest = text, *at;

	ck_assert_int_eq(read_file("", "/proc/self/cgroup", text, sizeof(text)), 0);
	*ret = (struct cgroup){ .unified = true };
	while ((line = strsep(&rest, "\n"))) {
		at = strstr(line, ":memory:");
		if (!at && strncmp(line, "0::", 3) != 0)
			continue;
		(void)snprintf(ret->path, sizeof(ret->path), "%s", at ? at + 8 : line + 3);
		ret->unified = !at;
		if (at)
			break;
	}
	return ret->path[0] == '/';
}

/* A container may show a path that is not below its own mount: the root is there always. */
static bool find_readable(struct cgroup *ret)
{
	struct cgroup_usage usage;

	if (!find_own(ret))
		return false;
	if (cgroup_read_usage(&cgroup_fs, "", ret, &usage) >= 0)
		return true;
	(void)snprintf(ret->path, sizeof(ret->path), "/");
	return cgroup_read_usage(&cgroup_fs, "", ret, &usage) >= 0;
}

static void on_stat(void *userdata, const char *key, uint64_t value)
{
	unsigned *n = userdata;

	ck_assert_uint_gt(strlen(key), 0);
	ck_assert_uint_ne(value, UINT64_MAX);
	(*n)++;
}

START_TEST(every_backend_reads_this_machine)
{
	struct cgroup group;
	struct cgroup_usage usage = { 0 };
	unsigned n = 0;

	/* No memory controller here: then there is nothing to compare. */
	if (!find_readable(&group))
		return;
	ck_assert_int_eq(backends[_i]->read_stats("", &group, on_stat, &n), 0);
	ck_assert_uint_gt(n, 10);
	ck_assert_int_eq(cgroup_read_usage(backends[_i], "", &group, &usage), 0);
	ck_assert_uint_gt(usage.resident, 0);
	ck_assert_uint_lt(usage.resident, UINT64_C(1) << 50);
	ck_assert(usage.swapped == BALLOOND_UNKNOWN || usage.swapped < UINT64_C(1) << 50);
}
END_TEST

START_TEST(every_backend_reports_a_group_that_is_gone)
{
	struct cgroup group = { .path = "/balloond-test-no-such-group" };
	struct cgroup_usage usage = { .resident = 77 };

	ck_assert_int_lt(cgroup_read_usage(backends[_i], "", &group, &usage), 0);
	ck_assert_uint_eq(usage.resident, 77);
	group.unified = true;
	ck_assert_int_lt(cgroup_read_usage(backends[_i], "", &group, &usage), 0);
}
END_TEST

START_TEST(a_backend_is_always_there)
{
	ck_assert_ptr_nonnull(cgroup_backend());
	ck_assert_ptr_nonnull(cgroup_backend()->name);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cgroup");
	TCase *tc = tcase_create("cgroup");

	tcase_add_loop_test(tc, the_own_group_of_a_guest_is_found, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, a_path_that_is_too_long_is_refused);
	tcase_add_test(tc, resident_swapped_and_read_are_of_the_one_tree_on_v2);
	tcase_add_test(tc, resident_swapped_and_read_are_of_the_whole_group_on_v1);
	tcase_add_loop_test(tc, what_a_cgroup_does_not_tell_is_unknown, 0,
			    sizeof(untold) / sizeof(untold[0]));
	tcase_add_test(tc, a_pid_file_of_an_earlier_run_is_not_believed);
	tcase_add_loop_test(tc, every_backend_reads_this_machine, 0, N_BACKENDS);
	tcase_add_loop_test(tc, every_backend_reports_a_group_that_is_gone, 0, N_BACKENDS);
	tcase_add_test(tc, a_backend_is_always_there);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
