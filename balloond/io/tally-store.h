/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Keeps what was counted: a file a day, 35 days of them, and not more than 256 MiB beside today's.
 * The disk is touched by a thread of its own.  What it cannot write, or what comes while it hangs,
 * is lost, and said once. */

#include <systemd/sd-event.h>

#include "balloond/io/tally-record.h"

struct tally_store;

/* One write: guests[n_guests], and the host if has_host. */
struct tally_batch;

/* Nothing of the directory is needed before the first write, which makes it. */
int tally_store_new(sd_event *event, const char *directory, struct tally_store **ret);

/* Waits for what is being written, for a few seconds at most.  NULL is allowed. */
void tally_store_free(struct tally_store *store);

/* NULL: no memory, which is said. */
struct tally_batch *tally_batch_new(struct tally_store *store, const struct tally_span *span,
				    size_t max_guests);

/* At most max_guests times. */
void tally_batch_add_guest(struct tally_batch *batch, const char *uuid, const char *name,
			   const struct tally *tally);
void tally_batch_set_host(struct tally_batch *batch, const struct host_tally *host);

/* Takes the batch, which is not written if it is empty. */
void tally_store_write(struct tally_store *store, struct tally_batch *batch);
