/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The backend without a library: opens the file and reads it.  9 us a group, against 12 us through
 * libcgroup's statistics iterator and 600 us through its cgroup_get_cgroup(). */

#include "balloond/io/cgroup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/read-file.h"

static int read_stats(const char *root, const struct cgroup *cgroup,
		      void (*on_stat)(void *userdata, const char *key, uint64_t value),
		      void *userdata)
{
	const char *mount = cgroup->unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
	char path[CGROUP_PATH_MAX + 64], text[READ_FILE_MAX];
	char *rest = text, *line, *value, *end;
	uint64_t x;
	int r;

	(void)snprintf(path, sizeof(path), "%s%s/memory.stat", mount, cgroup->path);
	r = read_file(root, path, text, sizeof(text));
	if (r < 0)
		return r;
	while ((line = strsep(&rest, "\n"))) {
		value = strchr(line, ' ');
		if (!value)
			continue;
		*value++ = '\0';
		errno = 0;
		x = strtoull(value, &end, 10);
		if (errno == 0 && end != value && *end == '\0')
			on_stat(userdata, line, x);
	}
	return 0;
}

const struct cgroup_backend cgroup_fs = {
	.name = "fs",
	.read_stats = read_stats,
};
