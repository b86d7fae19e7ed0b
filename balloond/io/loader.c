/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The module is opened once, and what was opened is what is checked and loaded: the name is not
 * looked up again.  dlopen() is therefore given /proc/self/fd/N.  The dynamic linker remembers
 * that name for ever, so N must never stand for another file: descriptors of loaded modules stay
 * open, a handful of them. */

#include "balloond/io/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "balloond/io/descriptor.h"
#include "balloond/io/module-file.h"
#include "balloond/io/util.h"

/* A file that the dynamic linker has, be it a policy or not. */
struct module {
	struct module *next;
	dev_t device;
	ino_t inode;
	int fd;                               /* never closed: see above */
	const struct balloond_policy *policy; /* NULL: it exports none */
};

/* One process has one dynamic linker: this list mirrors it, and like it only grows. */
static struct module *modules;

struct request {
	const char *dir, *name;
	bool dir_is_builtin;
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 3, 4))) static int refuse(const struct request *q, int r,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(q->error, q->error_size, format, args);
	va_end(args);
	return r;
}

/* Only root may have written it, or the caller too in a directory of its own.  A command helps only
 * where it does no harm: a directory like /tmp is meant to be everybody's. */
static int check_trust(const struct request *q, int fd, const char *path, struct stat *ret)
{
	const char *who = q->dir_is_builtin ? "" : " or the user of balloond";

	if (fstat(fd, ret) < 0)
		return refuse(q, -errno, "%s cannot be examined: %s", path, strerror(errno));
	if (ret->st_uid != 0 && (q->dir_is_builtin || ret->st_uid != geteuid()))
		return refuse(q, -EPERM,
			      "%s belongs to user %u, not to root%s: if you trust it, "
			      "run 'chown root %s'",
			      path, ret->st_uid, who, path);
	if (ret->st_mode & S_IWOTH && ret->st_mode & S_ISVTX)
		return refuse(q, -EPERM,
			      "%s can be written by everybody: keep policies outside of it", path);
	if (ret->st_mode & S_IWOTH)
		return refuse(q, -EPERM,
			      "%s can be written by everybody: if you trust it, run 'chmod o-w %s'",
			      path, path);
	if (ret->st_mode & S_IWGRP && q->dir_is_builtin)
		return refuse(q, -EPERM,
			      "%s can be written by its group: if you trust it, run 'chmod g-w %s'",
			      path, path);
	return 0;
}

static int refuse_dir(const struct request *q)
{
	return refuse(q, -errno,
		      "the policy directory %s cannot be opened (%s): create it, or name another "
		      "with --policy-dir",
		      q->dir, strerror(errno));
}

/* Walks the resolved path from /, so that no directory on the way can be exchanged by others. */
static int open_builtin_dir(const struct request *q)
{
	_cleanup_free_ char *path = realpath(q->dir, NULL);
	_cleanup_close_ int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *rest = path, *part, where[PATH_MAX] = "";
	struct stat st;
	int r;

	if (!path || fd < 0)
		return refuse_dir(q);
	r = check_trust(q, fd, "/", &st);
	while (r == 0 && (part = strsep(&rest, "/"))) {
		size_t at = strlen(where);

		if (!*part)
			continue;
		int next = openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (next < 0)
			return refuse_dir(q);
		(void)close(fd);
		fd = next;
		(void)snprintf(where + at, sizeof(where) - at, "/%s", part);
		r = check_trust(q, fd, where, &st);
	}
	if (r < 0)
		return r;
	return TAKE_FD(fd);
}

static int open_dir(const struct request *q)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	if (q->dir_is_builtin)
		return open_builtin_dir(q);
	fd = open(q->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return refuse_dir(q);
	r = check_trust(q, fd, q->dir, &st);
	if (r < 0)
		return r;
	return TAKE_FD(fd);
}

/* Returns the descriptor of the module's file. */
static int open_module(const struct request *q, struct stat *ret)
{
	_cleanup_close_ int dir = open_dir(q), fd = -1;
	char file[NAME_MAX + 1], path[PATH_MAX];
	const char *why;
	int r;

	if (dir < 0)
		return dir;
	(void)snprintf(file, sizeof(file), "%s.so", q->name);
	(void)snprintf(path, sizeof(path), "%s/%s", q->dir, file);
	/* O_NONBLOCK: a FIFO of that name must not stop balloond. */
	fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return refuse(q, -ENOENT,
			      "there is no policy '%s', for %s does not exist: install it there or "
			      "correct the name",
			      q->name, path);
	if (fd < 0 && errno == ELOOP)
		return refuse(q, -EPERM,
			      "%s is a symbolic link: put the module itself in its place", path);
	if (fd < 0)
		return refuse(q, -errno, "%s cannot be opened (%s): make it readable for balloond",
			      path, strerror(errno));
	r = check_trust(q, fd, path, ret);
	if (r < 0)
		return r;
	if (!S_ISREG(ret->st_mode))
		return refuse(q, -EINVAL, "%s is not a regular file: put the module in its place",
			      path);
	why = module_file_problem(fd, (uint64_t)ret->st_size);
	if (why)
		return refuse(q, -EINVAL, "%s %s", path, why);
	return TAKE_FD(fd);
}

static struct module *find_module(const struct stat *st)
{
	struct module *m = modules;

	while (m && (m->device != st->st_dev || m->inode != st->st_ino))
		m = m->next;
	return m;
}

/* Takes over fd where the dynamic linker took the file. */
static int add_module(const struct request *q, const struct stat *st, int *fd, struct module **ret)
{
	_cleanup_free_ struct module *m = calloc(1, sizeof(*m));
	char path[64];
	void *handle;

	if (!m)
		return refuse(q, -ENOMEM, "out of memory");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		const char *why = dlerror();
		size_t n = strlen(path);

		/* Its own name for the file says nothing to people. */
		if (why && strncmp(why, path, n) == 0 && strncmp(why + n, ": ", 2) == 0)
			why += n + 2;
		return refuse(q, -EINVAL,
			      "%s.so cannot be loaded (%s): it has to be built with policy.h and "
			      "policy-math.h alone, and to lie where files may be executed",
			      q->name, why ? why : "unknown reason");
	}
	*m = (struct module){
		.next = modules,
		.device = st->st_dev,
		.inode = st->st_ino,
		.fd = *fd,
		.policy = dlsym(handle, "balloond_policy"),
	};
	*fd = -1;
	*ret = modules = TAKE_PTR(m);
	return 0;
}

int loader_load(const char *dir, bool dir_is_builtin, const char *name,
		const struct balloond_policy **ret, char *error, size_t error_size)
{
	const struct request q = { dir, name, dir_is_builtin, error, error_size };
	char why[DESCRIPTOR_ERROR_MAX];
	_cleanup_close_ int fd = -1;
	struct module *m;
	struct stat st;
	int r;

	if (!descriptor_name_is_valid(name))
		return refuse(&q, -EINVAL,
			      "'%.40s' is no name of a policy: write its file's name without "
			      "directory and .so, a-z, then up to 31 of a-z 0-9 -",
			      name);
	fd = open_module(&q, &st);
	if (fd < 0)
		return fd;
	m = find_module(&st);
	if (!m) {
		r = add_module(&q, &st, &fd, &m);
		if (r < 0)
			return r;
	}
	if (!m->policy)
		return refuse(&q, -EINVAL,
			      "%s.so does not export balloond_policy: define it as policy.h "
			      "declares it",
			      name);
	r = descriptor_check(m->policy, name, why);
	if (r < 0)
		return refuse(&q, r, "%s", why);
	*ret = m->policy;
	return 0;
}
