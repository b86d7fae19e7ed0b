/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/tally-store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "balloond/core/text.h"
#include "balloond/io/disk.h"
#include "balloond/io/log.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

#define DAYS_KEPT 35u
#define DAY (86400 * BALLOOND_SECOND)
#define BYTES_KEPT (256 * BALLOOND_MIB)
/* Two hours' worth on a disk that hangs, and guests that went meanwhile. */
#define BATCHES_MAX 8u

struct tally_store {
	char *directory;
	struct disk *disk;
	bool failed; /* said so */
};

struct tally_batch {
	struct job job;
	char *directory;
	struct tally_span span;
	bool has_host;
	struct host_tally host;
	struct tally_guest *guests;
	size_t n_guests, max_guests;
	int result;
};

static void batch_free(struct tally_batch *b)
{
	if (!b)
		return;
	free(b->directory);
	free(b->guests);
	free(b);
}

static void complain(struct tally_store *s, int r)
{
	if (r < 0 && !s->failed)
		log_warning("cannot keep the figures of balloonctl report in %s: %s", s->directory,
			    strerror(-r));
	s->failed = r < 0;
}

static int open_file(const struct tally_batch *b)
{
	char path[PATH_MAX], name[TALLY_FILE_MAX];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", b->directory,
			     tally_file_name(name, b->span.begin)) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 && errno == ENOENT && mkdir(b->directory, 0755) == 0)
		fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	return fd < 0 ? -errno : fd;
}

/* A line that was cut must not swallow the next one. */
static bool ends_in_a_cut_line(int fd)
{
	struct stat st;
	char last;

	return fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 &&
	       last != '\n';
}

/* In one write, so that whoever reads meanwhile sees whole lines. */
static int append(const struct tally_batch *b)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	size_t size = 0;
	FILE *file;

	fd = open_file(b);
	if (fd < 0)
		return fd;
	file = open_memstream(&text, &size);
	if (!file)
		return -ENOMEM;
	if (ends_in_a_cut_line(fd))
		fputc('\n', file);
	for (size_t i = 0; i < b->n_guests; i++)
		tally_write_guest(file, &b->span, &b->guests[i]);
	if (b->has_host)
		tally_write_host(file, &b->span, &b->host);
	if (fclose(file) != 0)
		return -ENOMEM;
	return disk_write(fd, text, size);
}

static int is_tally_file(const struct dirent *entry)
{
	return fnmatch(TALLY_FILE_PATTERN, entry->d_name, 0) == 0;
}

/* What is too old, and the oldest of what is too much; never the newest. */
static int clean(const char *directory, usec_t wall)
{
	_cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char oldest[TALLY_FILE_MAX];
	struct dirent **names;
	uint64_t bytes = 0;
	int n, r = 0;

	if (fd < 0)
		return -errno;
	(void)tally_file_name(oldest, balloond_sub(wall, DAYS_KEPT * DAY));
	n = scandirat(fd, ".", &names, is_tally_file, alphasort);
	if (n < 0)
		return -errno;
	for (int i = n - 1; i >= 0; i--) {
		const char *name = names[i]->d_name;
		struct stat st;

		if (i < n - 1 && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			bytes += (uint64_t)st.st_size;
		if ((strcmp(name, oldest) < 0 || bytes > BYTES_KEPT) && unlinkat(fd, name, 0) < 0)
			r = -errno;
		free(names[i]);
	}
	free(names);
	return r;
}

static void batch_run(struct job *job)
{
	struct tally_batch *b = (struct tally_batch *)job;

	b->result = append(b);
	if (b->result >= 0 && b->has_host)
		b->result = clean(b->directory, b->span.end);
}

static void batch_done(struct job *job, void *userdata)
{
	struct tally_batch *b = (struct tally_batch *)job;

	complain(userdata, b->result);
	batch_free(b);
}

static void batch_drop(struct job *job)
{
	batch_free((struct tally_batch *)job);
}

struct tally_batch *tally_batch_new(struct tally_store *s, const struct tally_span *span,
				    size_t max_guests)
{
	struct tally_batch *b = calloc(1, sizeof(*b));

	if (b) {
		b->job = (struct job){ .run = batch_run, .done = batch_done, .drop = batch_drop };
		b->span = *span;
		b->directory = strdup(s->directory);
		b->guests = calloc(max_guests > 0 ? max_guests : 1, sizeof(*b->guests));
		b->max_guests = max_guests;
	}
	if (b && b->directory && b->guests)
		return b;
	complain(s, -ENOMEM);
	batch_free(b);
	return NULL;
}

void tally_batch_add_guest(struct tally_batch *b, const char *uuid, const char *name,
			   const struct tally *tally)
{
	struct tally_guest *g = &b->guests[b->n_guests];

	if (b->n_guests == b->max_guests)
		return;
	b->n_guests++;
	text_copy(g->uuid, sizeof(g->uuid), uuid);
	text_copy(g->name, sizeof(g->name), name);
	g->tally = *tally;
}

void tally_batch_set_host(struct tally_batch *b, const struct host_tally *host)
{
	b->host = *host;
	b->has_host = true;
}

void tally_store_write(struct tally_store *s, struct tally_batch *b)
{
	int r = 0;

	if (b->n_guests > 0 || b->has_host)
		r = disk_submit(s->disk, &b->job);
	else
		batch_free(b);
	if (r < 0) {
		complain(s, r);
		batch_free(b);
	}
}

void tally_store_free(struct tally_store *s)
{
	if (!s)
		return;
	disk_free(s->disk);
	free(s->directory);
	free(s);
}

int tally_store_new(sd_event *event, const char *directory, struct tally_store **ret)
{
	struct tally_store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->directory = strdup(directory);
	r = s->directory ? disk_new(event, BATCHES_MAX, s, &s->disk) : -ENOMEM;
	if (r < 0) {
		tally_store_free(s);
		return r;
	}
	*ret = s;
	return 0;
}
