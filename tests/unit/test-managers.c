/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Other managers of memory, found among the processes of a made-up machine. */

#include "balloond/io/managers.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "balloond/core/snapshot.h"
#include "tests/unit/check-main.h"

static char root[64];

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
	(void)status;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void setup(void)
{
	char path[128];

	strcpy(root, "/tmp/balloond-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	(void)snprintf(path, sizeof(path), "%s/proc", root);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void teardown(void)
{
	(void)nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *pid, const char *name, const char *bytes, size_t n)
{
	char path[160];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/proc/%s/%s", root, pid, name);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
	ck_assert_int_eq(fclose(file), 0);
}

/* command: NUL-separated, `n` bytes. */
static void add_process(const char *pid, const char *process, const char *command, size_t n)
{
	char path[128], line[64];

	(void)snprintf(path, sizeof(path), "%s/proc/%s", root, pid);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	(void)snprintf(line, sizeof(line), "%s\n", process);
	write_file(pid, "comm", line, strlen(line));
	write_file(pid, "cmdline", command, n);
}

static void end_process(const char *pid)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/proc/%s", root, pid);
	(void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#define COMMAND(text) (text), sizeof(text)

static const struct {
	const char *process, *command;
	size_t n;
	uint32_t facts;
} rows[] = {
	{ "momd", COMMAND("/usr/bin/python3\0/usr/sbin/momd"), HOST_MOM },
	{ "python3", COMMAND("/usr/bin/python3\0-E\0/usr/sbin/momd\0-c\0/etc/mom.conf"), HOST_MOM },
	{ "python3.9", COMMAND("python3\0/usr/share/vdsm/vdsmd"), HOST_VDSM },
	{ "vdsmd", COMMAND(""), HOST_VDSM },
	{ "ksmtuned", COMMAND("/bin/bash\0/usr/sbin/ksmtuned"), HOST_KSMTUNED },
	{ "bash", COMMAND("bash\0/usr/sbin/ksmtuned"), HOST_KSMTUNED },
	{ "python3", COMMAND("python3\0/usr/bin/tool\0/usr/sbin/momd"), 0 },
	{ "python3", COMMAND("python3"), 0 },
	{ "less", COMMAND("less\0/usr/sbin/momd"), 0 },
	{ "momd-exporter", COMMAND("momd-exporter"), 0 },
};

START_TEST(a_manager_is_known_by_its_process)
{
	uint32_t facts = 0xff;

	add_process("1", "systemd", COMMAND("/sbin/init"));
	add_process("23", rows[_i].process, rows[_i].command, rows[_i].n);
	add_process("self", "momd", COMMAND("momd")); /* no process of its own */
	ck_assert_int_eq(managers_look(root, &facts), 0);
	ck_assert_uint_eq(facts, rows[_i].facts);
}
END_TEST

START_TEST(a_process_of_a_person_proves_nothing)
{
	uint32_t facts = 0xff;
	char path[128];

	if (geteuid() != 0)
		return;
	add_process("23", "momd", COMMAND("momd"));
	(void)snprintf(path, sizeof(path), "%s/proc/23", root);
	ck_assert_int_eq(chown(path, 36, 36), 0); /* vdsm's own account */
	ck_assert_int_eq(managers_look(root, &facts), 0);
	ck_assert_uint_eq(facts, HOST_MOM);
	ck_assert_int_eq(chown(path, 1000, 1000), 0);
	ck_assert_int_eq(managers_look(root, &facts), 0);
	ck_assert_uint_eq(facts, 0);
}
END_TEST

START_TEST(without_proc_nothing_is_said)
{
	uint32_t facts = 42;

	ck_assert_int_eq(managers_look("/nonexistent", &facts), -ENOENT);
	ck_assert_uint_eq(facts, 42);
}
END_TEST

static void on_change(void *userdata)
{
	++*(unsigned *)userdata;
}

/* Lets the loop run until it was told of `n` changes. */
static void wait_changes(sd_event *event, const unsigned *changes, unsigned n)
{
	while (*changes < n)
		ck_assert_int_ge(sd_event_run(event, 15000000), 1);
}

START_TEST(who_comes_and_goes_is_noticed)
{
	struct managers *managers;
	unsigned changes = 0;
	sd_event *event;

	for (unsigned pid = 1000; pid < 1250; pid++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%u", pid);
		add_process(text, "sleep", COMMAND("sleep"));
	}
	add_process("23", "ksmtuned", COMMAND("ksmtuned"));
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(managers_new(event, root, 50000, on_change, &changes, &managers), 0);
	ck_assert_uint_eq(managers_facts(managers), HOST_KSMTUNED);
	ck_assert_uint_eq(changes, 0);
	end_process("23");
	add_process("42", "momd", COMMAND("momd"));
	wait_changes(event, &changes, 1);
	ck_assert_uint_eq(managers_facts(managers), HOST_MOM);
	managers_free(managers);
	sd_event_unref(event);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("managers");
	TCase *tc = tcase_create("managers");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_manager_is_known_by_its_process, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, a_process_of_a_person_proves_nothing);
	tcase_add_test(tc, without_proc_nothing_is_said);
	tcase_add_test(tc, who_comes_and_goes_is_noticed);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
