/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "balloond/io/util.h"
#include "balloond/policy-math.h"

#define END_WAIT (3 * BALLOOND_SECOND)

struct disk {
	struct mailbox *mailbox;
	struct workers *workers;
	sd_event_source *io;
	void *userdata;
};

static int on_io(_unused_ sd_event_source *source, _unused_ int fd, _unused_ uint32_t events,
		 void *userdata)
{
	struct disk *disk = userdata;

	(void)mailbox_deliver(disk->mailbox, disk->userdata);
	return 0;
}

int disk_write(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

int disk_submit(struct disk *disk, struct job *job)
{
	return workers_submit(disk->workers, job);
}

void disk_free(struct disk *disk)
{
	if (!disk)
		return;
	workers_end(disk->workers, true, END_WAIT);
	sd_event_source_disable_unref(disk->io);
	if (disk->mailbox) {
		(void)mailbox_deliver(disk->mailbox, disk->userdata);
		mailbox_close(disk->mailbox);
		mailbox_unref(disk->mailbox);
	}
	free(disk);
}

int disk_new(sd_event *event, size_t max_jobs, void *userdata, struct disk **ret)
{
	struct disk *disk = calloc(1, sizeof(*disk));
	int r;

	if (!disk)
		return -ENOMEM;
	disk->userdata = userdata;
	r = mailbox_new(&disk->mailbox);
	if (r >= 0)
		r = workers_new(1, max_jobs, disk->mailbox, &disk->workers);
	if (r >= 0)
		r = sd_event_add_io(event, &disk->io, mailbox_fd(disk->mailbox), EPOLLIN, on_io,
				    disk);
	if (r < 0) {
		disk_free(disk);
		return r;
	}
	*ret = disk;
	return 0;
}
