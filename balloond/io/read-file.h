/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reads small files of the kernel, whole.  A root lets tests put a tree of their own in place. */

#include <stddef.h>

/* Enough for every file of /proc and the cgroup tree that balloond reads. */
#define READ_FILE_MAX 16384u

/* Puts root + path, cut to size - 1 bytes, into buf, NUL-terminated.  0 or negative errno; buf is
 * an empty text then. */
int read_file(const char *root, const char *path, char *buf, size_t size);
