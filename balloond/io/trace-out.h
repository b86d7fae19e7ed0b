/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a trace goes: a file behind a bounded queue and a thread.  Private to trace*.c. */

#include "balloond/io/trace-text.h"

struct trace_out;

/* Takes fd in any case. */
int trace_out_new(int fd, bool compress, struct trace_out **ret);

/* Waits for a few seconds at most; what hangs longer is left to itself.  NULL is allowed. */
void trace_out_free(struct trace_out *out);

/* 0: there is room for more; -EAGAIN: not now; else why nothing more can be written. */
int trace_out_ready(struct trace_out *out);

/* Waits until all is written, however long that takes.  0, or why nothing more can be. */
int trace_out_flush(struct trace_out *out);

/* Takes the text over, which is empty afterwards.  0 or negative errno. */
int trace_out_write(struct trace_out *out, struct trace_text *text);
