/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "balloond/io/util.h"

/* What is read at once; the buffer grows from here for longer lines. */
#define CHUNK (64u * 1024)

struct lines {
	gzFile file;
	size_t max, number;
	char *buf;
	size_t size, begin, end; /* of buf; what was read and not returned yet */
	bool ended;              /* the file; what is in buf is still to come */
	int failed;
};

int lines_open(const char *path, size_t max, struct lines **ret)
{
	_cleanup_(lines_closep) struct lines *l = calloc(1, sizeof(*l));
	_cleanup_close_ int fd = -1;

	if (!l)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	l->max = max;
	l->file = gzdopen(fd, "r");
	if (!l->file)
		return -ENOMEM;
	(void)TAKE_FD(fd);
	if (gzbuffer(l->file, CHUNK) < 0)
		return -ENOMEM;
	*ret = TAKE_PTR(l);
	return 0;
}

/* Makes place for a chunk behind what is in the buffer; the end of the file is found with that much
 * free, so that the last line has a byte for its NUL.  A line that is not whole yet moves to the
 * front; the buffer doubles, so that long lines are copied a few times at most. */
static int make_place(struct lines *l)
{
	size_t size = l->size > 0 ? l->size : 2 * CHUNK;
	char *buf;

	if (l->begin > 0 && l->end > l->begin)
		memmove(l->buf, l->buf + l->begin, l->end - l->begin);
	l->end -= l->begin;
	l->begin = 0;
	while (size - l->end < CHUNK)
		size *= 2;
	if (size == l->size)
		return 0;
	buf = realloc(l->buf, size);
	if (!buf)
		return -ENOMEM;
	l->buf = buf;
	l->size = size;
	return 0;
}

static int read_more(struct lines *l)
{
	int n, r, error;

	r = make_place(l);
	if (r < 0)
		return r;
	errno = 0;
	n = gzread(l->file, l->buf + l->end, CHUNK);
	r = -errno;
	if (n > 0) {
		l->end += (size_t)n;
		return 0;
	}
	/* The end of compressed data that was cut is told by gzerror() alone. */
	(void)gzerror(l->file, &error);
	if (error == Z_OK || error == Z_STREAM_END) {
		l->ended = true;
		return 0;
	}
	if (error == Z_ERRNO)
		return r < 0 ? r : -EIO;
	return error == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

/* The size of the next line in the buffer, its end included; 0: there is none left. */
static int find_line(struct lines *l, size_t *ret)
{
	size_t searched = 0;
	int r;

	for (;;) {
		size_t left = l->end - l->begin;
		char *found = left > searched
				      ? memchr(l->buf + l->begin + searched, '\n', left - searched)
				      : NULL;

		*ret = found ? (size_t)(found - (l->buf + l->begin)) + 1 : left;
		if (*ret - (found ? 1 : 0) > l->max)
			return -EMSGSIZE;
		if (found || l->ended)
			return 0;
		searched = left;
		r = read_more(l);
		if (r < 0)
			return r;
	}
}

int lines_next(struct lines *l, char **ret, size_t *ret_size)
{
	size_t size = 0;
	char *line;
	int r = l->failed;

	if (r < 0)
		return r;
	r = find_line(l, &size);
	if (r < 0 || size > 0)
		l->number++;
	if (r < 0 || size == 0) {
		l->failed = r;
		return r;
	}
	line = l->buf + l->begin;
	l->begin += size;
	if (line[size - 1] == '\n')
		size--;
	if (size > 0 && line[size - 1] == '\r')
		size--;
	line[size] = '\0';
	*ret = line;
	*ret_size = size;
	return 1;
}

size_t lines_number(const struct lines *l)
{
	return l->number;
}

struct lines *lines_close(struct lines *l)
{
	if (!l)
		return NULL;
	if (l->file)
		(void)gzclose_r(l->file);
	free(l->buf);
	free(l);
	return NULL;
}
