/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/managers.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "balloond/core/snapshot.h"
#include "balloond/io/clock.h"
#include "balloond/io/log.h"
#include "balloond/io/read-file.h"
#include "balloond/io/util.h"

/* A hundred processes take a millisecond: the main loop has other things to do in between. */
#define SLICE 100u
#define SLICES_APART 10000u
#define ACCURACY 10000u
/* Where distributions begin to number people's accounts: a process of theirs proves nothing. */
#define FIRST_USER 1000u

/* With the path of an interpreter before it. */
#define COMMAND_MAX 512u

struct managers {
	sd_event_source *timer;
	char *root;
	usec_t every;
	void (*on_change)(void *userdata);
	void *userdata;
	DIR *proc; /* of the look that is under way */
	uint32_t found, facts;
};

static const struct {
	const char *process;
	uint32_t fact;
	const char *means;
} rows[] = {
	{ "momd", HOST_MOM, "MOM: guests are only observed, but for those whose entry says more" },
	{ "vdsmd", HOST_VDSM,
	  "vdsm: guests are only observed, but for those whose entry says more" },
	{ "ksmtuned", HOST_KSMTUNED, "ksmtuned, which switches KSM on and off" },
};

static uint32_t find_row(const char *process)
{
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (strcmp(process, rows[i].process) == 0)
			return rows[i].fact;
	return 0;
}

static bool is_interpreter(const char *process)
{
	return strncmp(process, "python", 6) == 0 || strcmp(process, "bash") == 0 ||
	       strcmp(process, "sh") == 0;
}

/* What an interpreter was given to run: its first argument that is no option. */
static uint32_t find_script(const char *root, const char *pid)
{
	char path[PATH_MAX], command[COMMAND_MAX];
	_cleanup_close_ int fd = -1;
	const char *name;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/proc/%s/cmdline", root, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	n = fd < 0 ? -1 : read(fd, command, sizeof(command) - 1);
	if (n <= 0)
		return 0;
	command[n] = '\0';
	for (const char *c = command + strlen(command) + 1; c < command + n; c += strlen(c) + 1) {
		if (*c == '-')
			continue;
		name = strrchr(c, '/');
		return find_row(name ? name + 1 : c);
	}
	return 0;
}

/* A process that ended meanwhile is none. */
static uint32_t look_at(const char *root, const char *pid)
{
	char path[PATH_MAX], process[64];
	struct stat status;
	uint32_t fact;

	(void)snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	if (read_file(root, path, process, sizeof(process)) < 0)
		return 0;
	process[strcspn(process, "\n")] = '\0';
	fact = find_row(process);
	if (fact == 0 && is_interpreter(process))
		fact = find_script(root, pid);
	if (fact == 0)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/proc/%s", root, pid);
	return stat(path, &status) == 0 && status.st_uid < FIRST_USER ? fact : 0;
}

static DIR *open_proc(const char *root)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/proc", root);
	return opendir(path);
}

/* Looks at the next `most` processes; whether there are more. */
static bool look_on(const char *root, DIR *proc, unsigned most, uint32_t *found)
{
	const struct dirent *entry;

	while (most > 0) {
		entry = readdir(proc);
		if (!entry)
			return false;
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		*found |= look_at(root, entry->d_name);
		most--;
	}
	return true;
}

int managers_look(const char *root, uint32_t *ret)
{
	DIR *proc = open_proc(root);

	if (!proc)
		return -errno;
	*ret = 0;
	(void)look_on(root, proc, UINT_MAX, ret);
	closedir(proc);
	return 0;
}

static void take(struct managers *m, uint32_t facts)
{
	uint32_t changed = m->facts ^ facts;

	m->facts = facts;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (changed & rows[i].fact)
			log_info("%s: %s", facts & rows[i].fact ? "found" : "gone", rows[i].means);
	if (changed && m->on_change)
		m->on_change(m->userdata);
}

static void end_look(struct managers *m)
{
	closedir(m->proc);
	m->proc = NULL;
	take(m, m->found);
}

static int on_timer(sd_event_source *source, _unused_ uint64_t time, void *userdata)
{
	struct managers *m = userdata;
	usec_t again = m->every;

	if (!m->proc) {
		m->proc = open_proc(m->root);
		m->found = 0;
	}
	if (m->proc && look_on(m->root, m->proc, SLICE, &m->found))
		again = SLICES_APART;
	else if (m->proc)
		end_look(m);
	(void)sd_event_source_set_time(source, clock_monotonic() + again);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

uint32_t managers_facts(const struct managers *m)
{
	return m->facts;
}

struct managers *managers_free(struct managers *m)
{
	if (!m)
		return NULL;
	sd_event_source_disable_unref(m->timer);
	if (m->proc)
		closedir(m->proc);
	free(m->root);
	free(m);
	return NULL;
}

int managers_new(sd_event *event, const char *root, usec_t every, void (*on_change)(void *userdata),
		 void *userdata, struct managers **ret)
{
	struct managers *m = calloc(1, sizeof(*m));
	uint32_t facts = 0;
	int r;

	if (!m)
		return -ENOMEM;
	m->every = every;
	m->root = strdup(root);
	r = m->root ? sd_event_add_time(event, &m->timer, CLOCK_MONOTONIC,
					clock_monotonic() + every, ACCURACY, on_timer, m)
		    : -ENOMEM;
	if (r < 0) {
		managers_free(m);
		return r;
	}
	(void)managers_look(m->root, &facts);
	take(m, facts);
	m->on_change = on_change;
	m->userdata = userdata;
	*ret = m;
	return 0;
}
