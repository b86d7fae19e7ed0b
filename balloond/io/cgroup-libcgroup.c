/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The backend on libcgroup (2.0 and later).  Only the statistics iterator is used, because
 * cgroup_get_cgroup() reads every control file of every controller.  libcgroup finds the mounts
 * once for the whole process and cannot be pointed at another root; whether a path is of v1 or v2
 * it knows from the mount. */

#include <errno.h>
#include <libcgroup.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/cgroup.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int init_result;

/* Makes the table of mounts, which libcgroup only reads afterwards, under a lock of its own. */
static void init_once(void)
{
	init_result = cgroup_init();
}

static int read_stats(const char *root, const struct cgroup *cgroup,
		      void (*on_stat)(void *userdata, const char *key, uint64_t value),
		      void *userdata)
{
	struct cgroup_stat stat;
	void *handle = NULL;
	uint64_t x;
	char *end;
	int r;

	if (root[0] != '\0')
		return -EOPNOTSUPP;
	pthread_once(&once, init_once);
	if (init_result != 0)
		return -EOPNOTSUPP;
	r = cgroup_read_stats_begin("memory", cgroup->path, &handle, &stat);
	if (r != 0)
		return -ENOENT;
	while (r == 0) {
		errno = 0;
		x = strtoull(stat.value, &end, 10);
		/* Values come with their line's end. */
		if (errno == 0 && end != stat.value && (*end == '\0' || *end == '\n'))
			on_stat(userdata, stat.name, x);
		r = cgroup_read_stats_next(&handle, &stat);
	}
	(void)cgroup_read_stats_end(&handle);
	return r == ECGEOF ? 0 : -EIO;
}

const struct cgroup_backend cgroup_libcgroup = {
	.name = "libcgroup",
	.read_stats = read_stats,
};
