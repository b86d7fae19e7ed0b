/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A thread for what is written to disk, so that nobody waits for one that hangs. */

#include <systemd/sd-event.h>

#include "balloond/io/worker.h"

struct disk;

/* At most max_jobs wait.  userdata: for the done() of all jobs. */
int disk_new(sd_event *event, size_t max_jobs, void *userdata, struct disk **ret);

/* As workers_submit(). */
int disk_submit(struct disk *disk, struct job *job);

/* Writes what waits, for a few seconds at most.  NULL is allowed. */
void disk_free(struct disk *disk);

/* In the thread: all of it.  0 or negative errno. */
int disk_write(int fd, const char *text, size_t size);
