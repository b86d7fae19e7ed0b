/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Keeps the file of what outlives balloond (io/keep-file.h): DIRECTORY/state, replaced whole.  A
 * file that cannot be used is never written over: it is set aside, as state.damaged or state.newer.
 */

#include <systemd/sd-event.h>

#include "balloond/io/keep-file.h"

struct keep_store;

int keep_store_new(sd_event *event, const char *directory, struct keep_store **ret);

/* Waits for what is being written, for a few seconds at most.  NULL is allowed. */
void keep_store_free(struct keep_store *store);

/* Reads what was kept; *ret is empty where there is nothing to be had, which is said but for a file
 * that is not there.  0 or -ENOMEM. */
int keep_store_load(struct keep_store *store, bool set_aside, struct keep *ret);

/* Takes the text and leaves it empty.  False: an earlier one is still being written, or it could
 * not be taken; what cannot be written is said once. */
bool keep_store_write(struct keep_store *store, struct trace_text *text);
