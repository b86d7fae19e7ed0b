/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each text is written whole, and the compressor's state after it: of a daemon that is killed only
 * what was in the queue is missing. */

#include "balloond/io/trace-out.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "balloond/io/util.h"
#include "balloond/io/worker.h"
#include "balloond/policy-math.h"

#define JOBS_MAX 256u
#define BYTES_MAX (16 * BALLOOND_MIB)
#define END_WAIT (3 * BALLOOND_SECOND)
/* A little of the CPU for most of the gain: figures repeat themselves. */
#define PACKED "wb3"
#define PLAIN "wbT"

/* Shared with the thread, which may outlive the trace if the disk hangs. */
struct file {
	atomic_uint refs;
	gzFile gz;
	int failed; /* the thread's: nothing more is tried */
};

struct trace_out {
	struct mailbox *mailbox;
	struct workers *workers;
	struct file *file;
	uint64_t queued; /* bytes */
	uint32_t n_queued;
	int failed;
};

struct text_job {
	struct job job;
	struct file *file;
	struct trace_text text;
	int result;
};

static void file_unref(struct file *file)
{
	if (!file || atomic_fetch_sub(&file->refs, 1) != 1)
		return;
	(void)gzclose(file->gz);
	free(file);
}

static void job_free(struct text_job *j)
{
	trace_text_done(&j->text);
	file_unref(j->file);
	free(j);
}

static int file_error(struct file *file)
{
	int r = errno > 0 ? -errno : -EIO, error;

	(void)gzerror(file->gz, &error);
	return error == Z_ERRNO ? r : error == Z_MEM_ERROR ? -ENOMEM : -EIO;
}

static void job_run(struct job *job)
{
	struct text_job *j = (struct text_job *)job;
	struct file *file = j->file;

	errno = 0;
	/* A text is far below what an int holds: trace-write.c begins new ones. */
	if (file->failed == 0 &&
	    (gzwrite(file->gz, j->text.data, (unsigned)j->text.n) != (int)j->text.n ||
	     gzflush(file->gz, Z_SYNC_FLUSH) != Z_OK))
		file->failed = file_error(file);
	j->result = file->failed;
}

static void job_done(struct job *job, void *userdata)
{
	struct text_job *j = (struct text_job *)job;
	struct trace_out *out = userdata;

	out->queued -= j->text.n;
	out->n_queued--;
	if (j->result < 0)
		out->failed = j->result;
	job_free(j);
}

static void job_drop(struct job *job)
{
	job_free((struct text_job *)job);
}

int trace_out_ready(struct trace_out *out)
{
	(void)mailbox_deliver(out->mailbox, out);
	if (out->failed < 0)
		return out->failed;
	/* One place is kept for how many ticks are missing at the end. */
	return out->queued >= BYTES_MAX || out->n_queued >= JOBS_MAX - 1 ? -EAGAIN : 0;
}

int trace_out_flush(struct trace_out *out)
{
	struct pollfd fd = { .fd = mailbox_fd(out->mailbox), .events = POLLIN };

	(void)mailbox_deliver(out->mailbox, out);
	while (out->failed == 0 && out->queued > 0) {
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return -errno;
		(void)mailbox_deliver(out->mailbox, out);
	}
	return out->failed;
}

int trace_out_write(struct trace_out *out, struct trace_text *text)
{
	struct text_job *j = calloc(1, sizeof(*j));
	size_t n = text->n;
	int r;

	if (!j)
		return -ENOMEM;
	j->job = (struct job){ .run = job_run, .done = job_done, .drop = job_drop };
	j->file = out->file;
	j->text = *text;
	atomic_fetch_add(&out->file->refs, 1);
	r = workers_submit(out->workers, &j->job);
	if (r < 0) {
		j->text = (struct trace_text){ 0 };
		job_free(j);
		return r;
	}
	out->queued += n;
	out->n_queued++;
	*text = (struct trace_text){ 0 };
	return 0;
}

void trace_out_free(struct trace_out *out)
{
	if (!out)
		return;
	workers_end(out->workers, true, END_WAIT);
	if (out->mailbox) {
		(void)mailbox_deliver(out->mailbox, out);
		mailbox_close(out->mailbox);
		mailbox_unref(out->mailbox);
	}
	file_unref(out->file);
	free(out);
}

static int open_file(int fd, bool compress, struct file **ret)
{
	struct file *file = calloc(1, sizeof(*file));

	if (file)
		file->gz = gzdopen(fd, compress ? PACKED : PLAIN);
	if (!file || !file->gz) {
		free(file);
		(void)close(fd);
		return -ENOMEM;
	}
	atomic_init(&file->refs, 1);
	*ret = file;
	return 0;
}

int trace_out_new(int fd, bool compress, struct trace_out **ret)
{
	struct trace_out *out = calloc(1, sizeof(*out));
	struct file *file;
	int r;

	r = open_file(fd, compress, &file);
	if (r < 0) {
		free(out);
		return r;
	}
	if (!out) {
		file_unref(file);
		return -ENOMEM;
	}
	out->file = file;
	r = mailbox_new(&out->mailbox);
	if (r >= 0)
		r = workers_new(1, JOBS_MAX, out->mailbox, &out->workers);
	if (r < 0) {
		trace_out_free(out);
		return r;
	}
	*ret = out;
	return 0;
}
