/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "balloond/ctl/canvas.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

void canvas_memory_axis(const struct canvas *c)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned unit = 0;
	uint64_t every = 1;
	char text[64];

	while (c->highest / every > 8)
		every *= 2;
	while (unit < 6 && every >> (10 * (unit + 1)) > 0)
		unit++;
	for (uint64_t at = 0; at <= c->highest; at += every) {
		unsigned y = canvas_y(c, at);

		canvas_segment(c, 10 * c->left, y, 10 * c->right, y, "stroke=\"#dddddd\"");
		(void)snprintf(text, sizeof(text), "%" PRIu64, at >> (10 * unit));
		canvas_label(c, 10 * (c->left - 8), y + 40, CANVAS_SMALL_END, text, sizeof(text));
	}
	(void)snprintf(text, sizeof(text), "memory, %s", units[unit]);
	fprintf(c->f,
		"<text transform=\"translate(20 %u) rotate(-90)\" " CANVAS_SMALL_MIDDLE
		">%s</text>\n",
		(c->top + c->bottom) / 2, text);
}

#define MINUTE (60 * BALLOOND_SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Steps in which people count time. */
static const struct tick {
	usec_t unit;
	const char *name;
	unsigned n;
} ticks[] = {
	{ BALLOOND_SECOND, "s", 1 },
	{ BALLOOND_SECOND, "s", 2 },
	{ BALLOOND_SECOND, "s", 5 },
	{ BALLOOND_SECOND, "s", 10 },
	{ BALLOOND_SECOND, "s", 15 },
	{ BALLOOND_SECOND, "s", 30 },
	{ MINUTE, "min", 1 },
	{ MINUTE, "min", 2 },
	{ MINUTE, "min", 5 },
	{ MINUTE, "min", 10 },
	{ MINUTE, "min", 15 },
	{ MINUTE, "min", 30 },
	{ HOUR, "h", 1 },
	{ HOUR, "h", 2 },
	{ HOUR, "h", 3 },
	{ HOUR, "h", 6 },
	{ HOUR, "h", 12 },
	{ DAY, "d", 1 },
	{ DAY, "d", 2 },
	{ DAY, "d", 7 },
	{ DAY, "d", 14 },
	{ DAY, "d", 28 },
	{ DAY, "d", 91 },
	{ DAY, "d", 364 },
};

/* Ten at most, where the length allows it. */
static const struct tick *choose_tick(usec_t length)
{
	size_t i = 0;

	while (i + 1 < ELEMENTSOF(ticks) && length / (ticks[i].unit * ticks[i].n) > 10)
		i++;
	return &ticks[i];
}

void canvas_time_axis(const struct canvas *c, unsigned y)
{
	const struct tick *tick = choose_tick(c->length);
	char text[64];

	for (usec_t at = 0; at <= c->length; at += tick->unit * tick->n) {
		unsigned x = canvas_x(c, at);

		canvas_segment(c, x, 10 * c->bottom, x, 10 * (y + 4), "stroke=\"#888888\"");
		(void)snprintf(text, sizeof(text), "%" PRIu64, at / tick->unit);
		canvas_label(c, x, 10 * (y + 17), CANVAS_SMALL_MIDDLE, text, sizeof(text));
	}
	(void)snprintf(text, sizeof(text), "time since the beginning, %s", tick->name);
	canvas_label(c, 10 * (c->left + c->right) / 2, 10 * (y + 34), CANVAS_SMALL_MIDDLE, text,
		     sizeof(text));
}
