/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a guest holds of the host, and has read from its disks.  Held is anon + shmem of its cgroup,
 * never memory.current, which counts the host's page cache of disk images as the guest's.
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

/* What a guest's cgroup tells, in bytes. */
struct cgroup_usage {
	uint64_t resident;   /* page cache not counted */
	uint64_t swapped;    /* out by the host; UNKNOWN: not accounted */
	uint64_t disk_reads; /* from block devices since the group began, what the host swapped in
			      * among it; UNKNOWN: not accounted, or none of what it read came from
			      * a block device (host's page cache, network storage) */
};

int cgroup_read_usage(const struct cgroup_backend *backend, const char *root,
		      const struct cgroup *cgroup, struct cgroup_usage *ret);
