/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where libvirt puts guests:
 *
 *   systemd   /machine.slice/machine-qemu\x2d7\x2dweb.scope[/libvirt[/emulator]]
 *   without   /machine/qemu-7-web.libvirt-qemu[/emulator]
 *
 * libvirt 7.1 and later puts the group "libvirt" in between; its children are threaded on v2 and
 * have no memory controller.  The scope's own figures contain them all, on v1 by the keys that
 * begin with total_. */

#include "balloond/io/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/read-file.h"
#include "balloond/io/util.h"

/* What balloond adds to the path of a guest's own group, longest first. */
static const char *const inner_groups[] = { "/libvirt/emulator", "/emulator", "/libvirt" };

static void strip_inner_groups(char *path)
{
	size_t length = strlen(path), n;

	for (size_t i = 0; i < ELEMENTSOF(inner_groups); i++) {
		n = strlen(inner_groups[i]);
		if (length > n && strcmp(path + length - n, inner_groups[i]) == 0) {
			path[length - n] = '\0';
			return;
		}
	}
}

/* systemd escapes '-' inside of a scope's name. */
static bool belongs_to(const char *path, int domain_id)
{
	char plain[32], escaped[48];

	(void)snprintf(plain, sizeof(plain), "-%d-", domain_id);
	(void)snprintf(escaped, sizeof(escaped), "\\x2d%d\\x2d", domain_id);
	return strstr(path, plain) || strstr(path, escaped);
}

/* Whether a line's list of controllers ("cpu,memory") contains memory. */
static bool has_memory(const char *list, const char *end)
{
	const char *next;

	for (; list < end; list = next + 1) {
		next = memchr(list, ',', (size_t)(end - list));
		if (!next)
			next = end;
		if (next - list == 6 && strncmp(list, "memory", 6) == 0)
			return true;
	}
	return false;
}

/* The path of the line "ID:CONTROLLERS:PATH" if that line is about memory, else NULL. */
static const char *memory_path(const char *line, bool unified)
{
	const char *list = strchr(line, ':');
	const char *path = list ? strchr(list + 1, ':') : NULL;

	if (!path)
		return NULL;
	if (unified ? strncmp(line, "0::", 3) == 0 : has_memory(list + 1, path))
		return path + 1;
	return NULL;
}

static int parse_hierarchy(const char *text, bool unified, int domain_id, struct cgroup *ret)
{
	const char *path = NULL;
	size_t length;

	for (const char *line = text; line && !path; line = strchr(line, '\n')) {
		line += *line == '\n';
		path = memory_path(line, unified);
	}
	if (!path)
		return -ENOENT;
	length = strcspn(path, "\n");
	if (path[0] != '/' || length >= sizeof(ret->path))
		return -EBADMSG;
	ret->unified = unified;
	memcpy(ret->path, path, length);
	ret->path[length] = '\0';
	strip_inner_groups(ret->path);
	return belongs_to(ret->path, domain_id) ? 0 : -ESTALE;
}

int cgroup_parse(const char *text, int domain_id, struct cgroup *ret)
{
	/* A hybrid host has both trees; memory is in the old one if that has it. */
	int r = parse_hierarchy(text, false, domain_id, ret);

	return r == -ENOENT ? parse_hierarchy(text, true, domain_id, ret) : r;
}

int cgroup_find(const char *root, const char *driver, const char *guest_name, int domain_id,
		struct cgroup *ret)
{
	char path[512], text[READ_FILE_MAX];
	char *end;
	long pid;
	int r;

	if (strchr(guest_name, '/'))
		return -EINVAL;
	(void)snprintf(path, sizeof(path), "/run/libvirt/%s/%s.pid", driver, guest_name);
	r = read_file(root, path, text, sizeof(text));
	if (r < 0)
		return r;
	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno != 0 || end == text || pid <= 0)
		return -EBADMSG;
	(void)snprintf(path, sizeof(path), "/proc/%ld/cgroup", pid);
	r = read_file(root, path, text, sizeof(text));
	if (r < 0)
		return r;
	return cgroup_parse(text, domain_id, ret);
}

static void ignore_stat(_unused_ void *userdata, _unused_ const char *key, _unused_ uint64_t value)
{
}

/* Whether a backend finds this machine's memory controller at all: the root group has statistics
 * on v1; on v2 it has them since Linux 5.9 or so. */
static _unused_ bool backend_works(const struct cgroup_backend *backend)
{
	struct cgroup group = { .path = "/" };

	return backend->read_stats("", &group, ignore_stat, NULL) >= 0;
}

const struct cgroup_backend *cgroup_backend(void)
{
#ifdef HAVE_LIBCGROUP
	if (backend_works(&cgroup_libcgroup))
		return &cgroup_libcgroup;
#endif
	return &cgroup_fs;
}
