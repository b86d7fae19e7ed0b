/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Threads for calls that may block: n threads, one bounded queue, results into a mailbox.  Knows
 * nothing of what it runs.
 *
 * Nobody ever waits for a thread without a limit.  A call that hangs for ever is given up: its job
 * is abandoned, another thread takes its place (up to a cap), and if the call ends after all, its
 * job is delivered late and the surplus thread goes.  Background jobs never occupy the last free
 * thread. */

#include <stdbool.h>
#include <stddef.h>

#include "balloond/core/value.h"
#include "balloond/io/mailbox.h"

struct workers;

int workers_new(unsigned n_threads, size_t max_jobs, struct mailbox *mailbox, struct workers **ret);

/* 0: the job is not the caller's any more; it will be run and delivered, or dropped.
 * -EAGAIN: the queue is full; the job is still the caller's. */
int workers_submit(struct workers *workers, struct job *job);

/* The job, submitted and not delivered yet, took too long.  Returns whether it was running (else
 * it still waits, and keeps its place). */
bool workers_abandon(struct workers *workers, struct job *job);

/* Ends the threads and lets go of workers, which may be NULL.  Jobs that wait are dropped, or, if
 * drain, run first.  Waits at most `wait` for running ones; a thread that hangs longer is left to
 * itself, and what it then posts reaches the mailbox, or is dropped by a closed one. */
void workers_end(struct workers *workers, bool drain, usec_t wait);
