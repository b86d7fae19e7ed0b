/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How the threads of the live world reach its main thread: whatever they finished or heard is a
 * job, and is posted into one mailbox.  An eventfd wakes the main loop; order is kept.  This and
 * the queue of worker.h are the only places where two threads meet.
 *
 * A job is embedded as the first member of what it carries.  Exactly one of done() and drop() ends
 * it, so a thread that was given up may still post: a closed mailbox drops. */

#include <stdbool.h>
#include <stddef.h>

struct job {
	void (*run)(struct job *job);                  /* in a worker's thread; NULL: only posted */
	void (*done)(struct job *job, void *userdata); /* on the main thread; owns the job */
	void (*drop)(struct job *job);                 /* on any thread; frees the job */
	bool background;                               /* may wait behind others (worker.h) */

	struct job *next;                                             /* of the queue that has it */
	enum { JOB_WAITS, JOB_RUNS, JOB_ABANDONED, JOB_ENDED } state; /* worker.c alone */
};

struct job_list {
	struct job *first, *last;
	size_t length;
};

void job_list_append(struct job_list *list, struct job *job);
struct job *job_list_take(struct job_list *list); /* NULL: empty */
void job_list_drop(struct job_list *list);

struct mailbox;

/* One reference is returned; every thread that may post holds its own. */
int mailbox_new(struct mailbox **ret);
struct mailbox *mailbox_ref(struct mailbox *mailbox);
void mailbox_unref(struct mailbox *mailbox);

/* To be watched for reading. */
int mailbox_fd(const struct mailbox *mailbox);

/* From any thread.  The job is not the caller's any more. */
void mailbox_post(struct mailbox *mailbox, struct job *job);

/* On the main thread: calls done() of all that were posted.  Returns how many. */
size_t mailbox_deliver(struct mailbox *mailbox, void *userdata);

/* On the main thread: from now on everything that is posted is dropped. */
void mailbox_close(struct mailbox *mailbox);
