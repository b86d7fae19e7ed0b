/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a guest's cgroup tells of it:
 *
 *               v2                                  v1
 *   resident    memory.stat: anon + shmem           total_rss + total_shmem
 *   swapped     memory.swap.current - swapcached    memory.stat: total_swap
 *   disk reads  io.stat: rbytes                     blkio.throttle.io_service_bytes_recursive: Read
 *
 * What was swapped in keeps its place in swap for a while: that is swapcached, and resident.
 *
 * libcgroup has a reader for memory.stat alone; the others are read as the files that they are.
 * A file costs 7 to 20 us, where libvirt takes 300 and more for the statistics of one guest. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/cgroup.h"
#include "balloond/io/read-file.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "balloond/policy.h"

/* More than a device's name "major:minor" has. */
#define DEVICE_MAX 32u

/* 2^52: no machine has as many bytes, and no sum of such overflows. */
#define FIGURE_MAX (UINT64_C(1) << 52)

/* The keys of memory.stat, and what they add up to. */
struct sums {
	const char *anon, *shmem, *swap; /* swap: on v1 what is swapped out, on v2 what is back */
	uint64_t swap_bytes;
	struct cgroup_usage usage;
	bool found;
};

static void on_stat(void *userdata, const char *key, uint64_t value)
{
	struct sums *sums = userdata;
	bool is_anon = strcmp(key, sums->anon) == 0;

	if (value > FIGURE_MAX)
		return;
	if (strcmp(key, sums->swap) == 0)
		sums->swap_bytes = value;
	if (!is_anon && strcmp(key, sums->shmem) != 0)
		return;
	sums->usage.resident += value;
	sums->found |= is_anon;
}

/* A file of the guest's group; cut ones are none: a number may end in the middle. */
static int read_own(const char *root, const struct cgroup *cgroup, const char *mount,
		    const char *name, char text[READ_FILE_MAX])
{
	char path[CGROUP_PATH_MAX + 96];
	int r;

	(void)snprintf(path, sizeof(path), "%s%s/%s", mount, cgroup->path, name);
	r = read_file(root, path, text, READ_FILE_MAX);
	if (r < 0)
		return r;
	return strlen(text) < READ_FILE_MAX - 1 ? 0 : -EFBIG;
}

/* UNKNOWN where there is no number. */
static uint64_t parse_bytes(const char *text)
{
	char *end;
	uint64_t x;

	errno = 0;
	x = strtoull(text, &end, 10);
	return errno != 0 || end == text || x > FIGURE_MAX ? BALLOOND_UNKNOWN : x;
}

static void dir_closep(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

/* Whether a block device (a volume of LVM, an md array) lies on others, which count its reads once
 * more. */
static bool is_stacked(const char *root, const char *device)
{
	_cleanup_(dir_closep) DIR *dir = NULL;
	char path[512];
	const struct dirent *entry;

	if ((size_t)snprintf(path, sizeof(path), "%s/sys/dev/block/%s/slaves", root, device) >=
	    sizeof(path))
		return false;
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			return true;
	return false;
}

/* Adds up the lowest devices of lines such as "8:0 rbytes=4096 wbytes=0" or "8:0 Read 4096", one a
 * device.  UNKNOWN where there is none: then nothing was read, or nothing that a block device would
 * see. */
static uint64_t sum_reads(const char *root, char *text, const char *key)
{
	uint64_t all = 0, bottom = 0;
	unsigned n = 0, n_bottom = 0;
	const char *first = strstr(text, key);
	bool is_alone = first && !strstr(first + 1, key);
	char *line;

	while ((line = strsep(&text, "\n"))) {
		const char *value = strstr(line, key);
		uint64_t x = value ? parse_bytes(value + strlen(key)) : BALLOOND_UNKNOWN;

		if (x == BALLOOND_UNKNOWN || strcspn(line, " ") >= DEVICE_MAX)
			continue;
		line[strcspn(line, " ")] = '\0';
		all += x;
		n++;
		if (!is_alone && is_stacked(root, line))
			continue;
		bottom += x;
		n_bottom++;
	}
	if (n == 0)
		return BALLOOND_UNKNOWN;
	return n_bottom > 0 ? bottom : all;
}

static void read_files(const char *root, const struct cgroup *cgroup, struct sums *sums)
{
	struct cgroup_usage *usage = &sums->usage;
	char text[READ_FILE_MAX];

	if (!cgroup->unified) {
		usage->swapped = sums->swap_bytes;
		if (read_own(root, cgroup, "/sys/fs/cgroup/blkio",
			     "blkio.throttle.io_service_bytes_recursive", text) >= 0)
			usage->disk_reads = sum_reads(root, text, " Read ");
		return;
	}
	if (read_own(root, cgroup, "/sys/fs/cgroup", "memory.swap.current", text) >= 0)
		usage->swapped = parse_bytes(text);
	/* Linux before 5.13 does not tell what is back. */
	if (usage->swapped != BALLOOND_UNKNOWN && sums->swap_bytes != BALLOOND_UNKNOWN)
		usage->swapped = balloond_sub(usage->swapped, sums->swap_bytes);
	if (read_own(root, cgroup, "/sys/fs/cgroup", "io.stat", text) >= 0)
		usage->disk_reads = sum_reads(root, text, " rbytes=");
}

int cgroup_read_usage(const struct cgroup_backend *backend, const char *root,
		      const struct cgroup *cgroup, struct cgroup_usage *ret)
{
	struct sums sums = {
		.anon = cgroup->unified ? "anon" : "total_rss",
		.shmem = cgroup->unified ? "shmem" : "total_shmem",
		.swap = cgroup->unified ? "swapcached" : "total_swap",
		.swap_bytes = BALLOOND_UNKNOWN,
		.usage = { .swapped = BALLOOND_UNKNOWN, .disk_reads = BALLOOND_UNKNOWN },
	};
	int r;

	r = backend->read_stats(root, cgroup, on_stat, &sums);
	if (r < 0)
		return r;
	if (!sums.found)
		return -EBADMSG;
	read_files(root, cgroup, &sums);
	*ret = sums.usage;
	return 0;
}
