/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reads text files line by line, plain or gzip'd: whoever reads cannot tell which. */

#include <stddef.h>

struct lines;

/* No line may be longer than max bytes.  0; -ENOENT and others: the file cannot be opened. */
int lines_open(const char *path, size_t max, struct lines **ret);

/* The next line, without its end (\n or \r\n), NUL-terminated; it may be written into and is good
 * until the next call.  1; 0 at the end of the file; -EMSGSIZE: the line is too long; -EBADMSG: the
 * compressed data is damaged or ends early; -EIO and others: it cannot be read; -ENOMEM.  After an
 * error there are no more lines. */
int lines_next(struct lines *l, char **ret, size_t *ret_size);

/* Of the line that was last returned, or at which an error happened; from 1. */
size_t lines_number(const struct lines *l);

struct lines *lines_close(struct lines *l);

static inline void lines_closep(struct lines **l)
{
	(void)lines_close(*l);
}
