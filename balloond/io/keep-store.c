/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/keep-store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "balloond/io/disk.h"
#include "balloond/io/log.h"
#include "balloond/io/util.h"

/* The one that is being written, and the last one. */
#define WRITES_MAX 2u

struct keep_store {
	char *directory, *path, *aside; /* aside: what is to replace path */
	struct disk *disk;
	unsigned n_writing;
	bool failed; /* said so */
};

/* The store outlives all of its jobs, but for one that hangs at the end: copies. */
struct write_job {
	struct job job;
	char *directory, *path, *aside;
	struct trace_text text;
	int result;
};

static void write_free(struct write_job *w)
{
	if (!w)
		return;
	free(w->directory);
	free(w->path);
	free(w->aside);
	trace_text_done(&w->text);
	free(w);
}

/* Whoever reads finds the old one or the new one, after a crash of the machine too. */
static int write_aside(const struct write_job *w)
{
	_cleanup_close_ int fd = open(w->aside,
				      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	int r;

	if (fd < 0)
		return -errno;
	r = disk_write(fd, w->text.data, w->text.n);
	return r >= 0 && fsync(fd) < 0 ? -errno : r;
}

static int sync_directory(const char *directory)
{
	_cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static void write_run(struct job *job)
{
	struct write_job *w = (struct write_job *)job;

	w->result = write_aside(w);
	if (w->result == -ENOENT && mkdir(w->directory, 0755) == 0)
		w->result = write_aside(w);
	if (w->result >= 0 && rename(w->aside, w->path) < 0)
		w->result = -errno;
	if (w->result >= 0)
		w->result = sync_directory(w->directory);
}

static void complain(struct keep_store *s, int r)
{
	if (r < 0 && !s->failed)
		log_warning("cannot write %s, a restart would forget orders and targets: %s",
			    s->path, strerror(-r));
	s->failed = r < 0;
}

static void write_done(struct job *job, void *userdata)
{
	struct write_job *w = (struct write_job *)job;
	struct keep_store *s = userdata;

	s->n_writing--;
	complain(s, w->result);
	write_free(w);
}

static void write_drop(struct job *job)
{
	write_free((struct write_job *)job);
}

static struct write_job *write_new(const struct keep_store *s)
{
	struct write_job *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->job = (struct job){ .run = write_run, .done = write_done, .drop = write_drop };
	w->directory = strdup(s->directory);
	w->path = strdup(s->path);
	w->aside = strdup(s->aside);
	if (w->directory && w->path && w->aside)
		return w;
	write_free(w);
	return NULL;
}

bool keep_store_write(struct keep_store *s, struct trace_text *text)
{
	struct write_job *w;
	int r;

	if (s->n_writing == WRITES_MAX)
		return false;
	w = text->failed ? NULL : write_new(s);
	if (!w) {
		complain(s, -ENOMEM);
		return false;
	}
	w->text = *text;
	*text = (struct trace_text){ 0 };
	r = disk_submit(s->disk, &w->job);
	if (r < 0) {
		complain(s, r);
		write_free(w);
		return false;
	}
	s->n_writing++;
	return true;
}

static void tell_unusable(const struct keep_store *s, int why, bool set_aside,
			  const struct diagnostics *d)
{
	const char *suffix = why == -EPROTONOSUPPORT ? "newer" : "damaged";
	_cleanup_free_ char *to = NULL;
	int r = 0;

	if (d->n_items > 0)
		log_error("%s", d->items[0].text);
	if (asprintf(&to, "%s.%s", s->path, suffix) < 0) {
		to = NULL;
		return;
	}
	if (set_aside && rename(s->path, to) < 0)
		r = -errno;
	if (!set_aside || r < 0)
		log_error("%s cannot be used: orders and targets of before are not known", s->path);
	else
		log_error("%s cannot be used, and is %s now: orders and targets of before are not "
			  "known",
			  s->path, to);
}

int keep_store_load(struct keep_store *s, bool set_aside, struct keep *ret)
{
	_cleanup_diagnostics_ struct diagnostics d = {};
	int r = keep_read(s->path, ret, &d);

	if (r == -ENOMEM)
		return r;
	if (r == -EINVAL || r == -EPROTONOSUPPORT || r == -EFBIG)
		tell_unusable(s, r, set_aside, &d);
	else if (r < 0 && r != -ENOENT)
		log_error("cannot read %s: %s", s->path, strerror(-r));
	return 0;
}

void keep_store_free(struct keep_store *s)
{
	if (!s)
		return;
	disk_free(s->disk);
	free(s->directory);
	free(s->path);
	free(s->aside);
	free(s);
}

int keep_store_new(sd_event *event, const char *directory, struct keep_store **ret)
{
	struct keep_store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->directory = strdup(directory);
	if (asprintf(&s->path, "%s/state", directory) < 0)
		s->path = NULL;
	if (asprintf(&s->aside, "%s/state.new", directory) < 0)
		s->aside = NULL;
	r = s->directory && s->path && s->aside ? disk_new(event, WRITES_MAX, s, &s->disk)
						: -ENOMEM;
	if (r < 0) {
		keep_store_free(s);
		return r;
	}
	*ret = s;
	return 0;
}
