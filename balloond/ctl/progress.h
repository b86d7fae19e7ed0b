/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How far a long run is, for whoever watches: one line on the terminal of stderr, drawn anew.
 * Nothing is shown of what takes less than a second, and nothing where stderr is no terminal. */

#include <stdbool.h>

#include "balloond/core/value.h"

struct progress {
	bool watched;        /* stderr is a terminal */
	bool is_shown;       /* the line is there */
	usec_t began, drawn; /* monotonic */
};

void progress_begin(struct progress *p);

/* So much of `length` is simulated. */
void progress_step(struct progress *p, usec_t done, usec_t length);

/* Takes the line away. */
void progress_end(struct progress *p);
