/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a guest holds of the host: anon + shmem of its cgroup.  Never memory.current, which counts
 * the host's page cache of disk images as the guest's.
 *
 * Two backends read the same statistics: plain files, and libcgroup where that is packaged.  v1,
 * v2 and hybrid hosts differ only in where the memory controller lives and in the keys.  To be
 * called from a thread that may block a little; all state is the caller's. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Longer paths than this are not libvirt's. */
#define CGROUP_PATH_MAX 1024u

struct cgroup {
	bool unified;               /* v2: memory lives in the one tree */
	char path[CGROUP_PATH_MAX]; /* below the controller's mount, begins with / */
};

struct cgroup_backend {
	const char *name;

	/* Hands every line of the cgroup's memory.stat to on_stat.  root is "" for this machine.
	 * Negative errno: there is no such cgroup, or it cannot be read. */
	int (*read_stats)(const char *root, const struct cgroup *cgroup,
			  void (*on_stat)(void *userdata, const char *key, uint64_t value),
			  void *userdata);
};

extern const struct cgroup_backend cgroup_fs;
#ifdef HAVE_LIBCGROUP
extern const struct cgroup_backend cgroup_libcgroup;
#endif

/* libcgroup where balloond was built with it and it finds the host's cgroups, else plain files. */
const struct cgroup_backend *cgroup_backend(void);

/* Finds the guest's cgroup in the text of /proc/PID/cgroup.  domain_id guards against a pid file
 * of an earlier run.  0, or -ESTALE if the process is in nobody's or another guest's cgroup. */
int cgroup_parse(const char *text, int domain_id, struct cgroup *ret);

/* The same by libvirt's pid file: driver is "qemu" or "lxc". */
int cgroup_find(const char *root, const char *driver, const char *guest_name, int domain_id,
		struct cgroup *ret);

/* Bytes that the guest keeps resident, page cache not counted. */
int cgroup_read_resident(const struct cgroup_backend *backend, const char *root,
			 const struct cgroup *cgroup, uint64_t *ret);
