/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/read-file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "balloond/io/util.h"

int read_file(const char *root, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = -1;
	char name[PATH_MAX];
	size_t length = 0;
	ssize_t n;

	buf[0] = '\0';
	if ((size_t)snprintf(name, sizeof(name), "%s%s", root, path) >= sizeof(name))
		return -ENAMETOOLONG;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	while (length < size - 1) {
		n = read(fd, buf + length, size - 1 - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			n = -errno;
			buf[0] = '\0';
			return (int)n;
		}
		if (n == 0)
			break;
		length += (size_t)n;
	}
	buf[length] = '\0';
	return 0;
}
