/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/ctl/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "balloond/ctl/format.h"
#include "balloond/io/clock.h"
#include "balloond/policy-math.h"

#define SILENT BALLOOND_SECOND
#define REDRAW (BALLOOND_SECOND / 4)
#define CLEAR_LINE "\r\033[K"

void progress_begin(struct progress *p)
{
	*p = (struct progress){ .watched = isatty(STDERR_FILENO) == 1, .began = clock_monotonic() };
}

void progress_step(struct progress *p, usec_t done, usec_t length)
{
	char text[FORMAT_MAX], whole[FORMAT_MAX], left[FORMAT_MAX];
	usec_t now, taken;

	if (!p->watched)
		return;
	now = clock_monotonic();
	taken = now - p->began;
	if (taken < SILENT || now - p->drawn < REDRAW || done == 0)
		return;
	fprintf(stderr, CLEAR_LINE "%s of %s, %" PRIu64 " times as fast as time, %s left",
		format_value(text, BALLOOND_USEC, done), format_value(whole, BALLOOND_USEC, length),
		done / taken,
		format_value(left, BALLOOND_USEC,
			     balloond_mul_div(taken, balloond_sub(length, done), done)));
	p->drawn = now;
	p->is_shown = true;
}

void progress_end(struct progress *p)
{
	if (p->is_shown)
		fputs(CLEAR_LINE, stderr);
	p->is_shown = false;
}
