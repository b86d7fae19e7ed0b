/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The picture of a run.  Areas differ in lightness from their neighbours, lines in their dashes, so
 * that it can be read in grey, and by whoever tells few colours apart. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/ctl/canvas.h"
#include "balloond/ctl/plot.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

/* Pixels. */
#define LEFT 72u
#define RIGHT 724u
#define TOP 76u
#define BOTTOM 440u
#define STRIP 446u /* level, below the diagram */
#define STRIP_HEIGHT 10u
#define LEGEND 742u
#define ROW 18u

#define NAME_MOST 26u /* characters, in the legend */
#define TITLE_MOST 96u
#define NOTE_MOST 130u
#define EVENT_WIDTH 6u /* of a character of its label, pixels */

#define CASING "stroke=\"#ffffff\" stroke-width=\"4\" stroke-opacity=\".8\""
#define LINE_NEED "stroke=\"#000000\" stroke-width=\"1.6\""
#define LINE_POOL "stroke=\"#000000\" stroke-width=\"2.4\" stroke-dasharray=\"10 5\""
#define LINE_TOUCHED "stroke=\"#000000\" stroke-width=\"1.8\" stroke-dasharray=\"2 3\""
#define LINE_MEASURED "stroke=\"#888888\""
#define LINE_EVENT "stroke=\"#444444\" stroke-dasharray=\"1 3\""
#define UNMET "fill=\"#d00000\" stroke=\"#d00000\" stroke-width=\"1.2\""

/* From the bottom; dark and light in turn. */
static const char *const area_colours[PLOT_AREAS] = {
	"#332288", "#88ccee", "#117733", "#ddcc77", "#225577", "#99ddaa",
	"#666633", "#bbccee", "#44aa99", "#eeeebb", "#aa4499", "#ddbbcc",
};
static const char others_colour[] = "#c4c4c4";

/* Darker is worse. */
static const char *const level_colours[] = {
	[BALLOOND_LEVEL_NORMAL] = "#e4e4e4",
	[BALLOOND_LEVEL_TIGHT] = "#f0c850",
	[BALLOOND_LEVEL_LOW] = "#d8781c",
	[BALLOOND_LEVEL_CRITICAL] = "#7a0018",
};

struct drawing {
	struct canvas canvas;
	const struct plot *plot;
	struct plot_areas areas;
	uint64_t need[PLOT_COLUMNS], pool[PLOT_COLUMNS], touched[PLOT_COLUMNS];
	uint64_t size[PLOT_COLUMNS], wanted[PLOT_COLUMNS]; /* of all; and what was unmet above it */
	bool has_ooms, has_events;
};

static const char *colour_of(const struct plot_areas *areas, size_t area)
{
	return areas->names[area] ? area_colours[area] : others_colour;
}

static void take_values(struct drawing *d)
{
	const struct plot *p = d->plot;
	uint64_t highest = 0;

	for (size_t i = 0; i < p->n_columns; i++) {
		const struct plot_column *c = &p->columns[i];
		size_t top = d->areas.n > 0 ? (d->areas.n - 1) * p->n_columns + i : 0;

		d->size[i] = d->areas.n > 0 ? d->areas.tops[top] : 0;
		d->wanted[i] = d->size[i] + c->unmet;
		d->need[i] = c->need;
		d->touched[i] = c->touched;
		d->pool[i] = c->pool;
		d->has_ooms = d->has_ooms || c->ooms > 0;
		highest = balloond_max(highest, balloond_max(d->wanted[i], c->need));
		highest = balloond_max(highest, balloond_max(c->touched, c->pool));
	}
	d->has_events = p->scale.n_events > 0;
	d->canvas.highest = balloond_max(highest + highest / 25, BALLOOND_MIB);
}

static void draw_areas(const struct drawing *d)
{
	const struct canvas *c = &d->canvas;
	char style[64];

	/* Each is drawn over the lower part of the one above it. */
	for (size_t k = d->areas.n; k-- > 0;) {
		(void)snprintf(style, sizeof(style),
			       "fill=\"%s\" stroke=\"#ffffff\" stroke-width=\".5\"",
			       colour_of(&d->areas, k));
		canvas_area(c, &d->areas.tops[k * d->plot->n_columns], style);
	}
	canvas_band(c, d->size, d->wanted, UNMET);
}

static void draw_warm_up(const struct drawing *d)
{
	const struct canvas *c = &d->canvas;
	unsigned x = canvas_x(c, d->plot->scale.warm_up);

	if (d->plot->scale.warm_up == 0)
		return;
	canvas_rect(c, 10 * LEFT, 10 * TOP, x - 10 * LEFT, 10 * (BOTTOM - TOP),
		    "fill=\"#ffffff\" fill-opacity=\".5\"");
	canvas_segment(c, x, 10 * TOP, x, 10 * BOTTOM, LINE_MEASURED);
}

static void draw_lines(const struct drawing *d)
{
	const struct canvas *c = &d->canvas;

	canvas_line(c, d->touched, CASING);
	canvas_line(c, d->touched, LINE_TOUCHED);
	canvas_line(c, d->need, CASING);
	canvas_line(c, d->need, LINE_NEED);
	canvas_line(c, d->pool, CASING);
	canvas_line(c, d->pool, LINE_POOL);
}

static void draw_level(const struct drawing *d)
{
	const struct canvas *c = &d->canvas;
	const struct plot *p = d->plot;
	char style[64];
	size_t last;

	for (size_t first = 0; first < p->n_columns; first = last) {
		uint32_t level = p->columns[first].level;
		unsigned x = canvas_x_of_column(c, first);

		for (last = first; last < p->n_columns && p->columns[last].level == level;)
			last++;
		(void)snprintf(style, sizeof(style), "fill=\"%s\"",
			       level_colours[balloond_min(level, BALLOOND_LEVEL_CRITICAL)]);
		canvas_rect(c, x, 10 * STRIP, canvas_x_of_column(c, last) - x, 10 * STRIP_HEIGHT,
			    style);
	}
	canvas_label(c, 10 * (LEFT - 8), 10 * (STRIP + STRIP_HEIGHT), CANVAS_SMALL_END, "level", 8);
}

static void draw_level_legend(const struct canvas *c)
{
	char style[64];

	canvas_label(c, 10 * (LEFT - 8), 5220, CANVAS_SMALL_END, "host is", 8);
	for (uint32_t level = 0; level < ELEMENTSOF(level_colours); level++) {
		unsigned x = LEFT + 90 * level;

		(void)snprintf(style, sizeof(style), "fill=\"%s\"", level_colours[level]);
		canvas_rect(c, 10 * x, 5120, 120, 120, style);
		canvas_label(c, 10 * (x + 18), 5220, CANVAS_SMALL, level_name(level), 16);
	}
}

static void put_triangle(const struct canvas *c, unsigned x, unsigned y)
{
	char a[CANVAS_NUMBER_MAX], b[CANVAS_NUMBER_MAX];

	fprintf(c->f, "<path d=\"M%s %sl-4-8h8z\"/>\n", canvas_number(a, x), canvas_number(b, y));
}

static void draw_ooms(const struct drawing *d)
{
	const struct canvas *c = &d->canvas;

	for (size_t i = 0; i < d->plot->n_columns; i++)
		if (d->plot->columns[i].ooms > 0)
			put_triangle(c,
				     (canvas_x_of_column(c, i) + canvas_x_of_column(c, i + 1)) / 2,
				     10 * TOP);
}

static void add_change(char *buf, size_t size, const char *what, const char *value)
{
	size_t n = strlen(buf);

	(void)snprintf(buf + n, size - n, "%s%s%s", n > 0 ? ", " : "", what, value);
}

static void format_event(char *buf, size_t size, const struct scenario_event *e)
{
	uint64_t by = (uint64_t)(e->clock < 0 ? -e->clock : e->clock);
	char value[VALUE_TEXT_MAX];

	*buf = '\0';
	if (e->own != BALLOOND_UNKNOWN)
		add_change(buf, size, "host uses ", value_format_human(value, e->own));
	if (e->pool != BALLOOND_UNKNOWN)
		add_change(buf, size, "pool ", value_format_human(value, e->pool));
	if (e->clock != 0)
		add_change(buf, size, e->clock < 0 ? "clock -" : "clock +",
			   value_format(value, BALLOOND_USEC, by));
	if (e->restart)
		add_change(buf, size, "restart", "");
}

/* Labels that would run into the one before are left to the pointer. */
static void draw_events(const struct drawing *d)
{
	const struct plot_scale *scale = &d->plot->scale;
	const struct canvas *c = &d->canvas;
	unsigned free_from = LEFT;
	char text[96];

	for (size_t i = 0; i < scale->n_events && scale->events[i].at <= scale->length; i++) {
		unsigned x = canvas_x(c, scale->events[i].at), width;

		format_event(text, sizeof(text), &scale->events[i]);
		width = EVENT_WIDTH * (unsigned)strlen(text);
		fprintf(c->f, "<g><title>%s</title>\n", text);
		canvas_segment(c, x, 10 * (TOP - 12), x, 10 * BOTTOM, LINE_EVENT);
		if (x / 10 >= free_from && x / 10 + width <= LEGEND) {
			canvas_label(c, x, 10 * (TOP - 15), "font-size=\"11\"", text, sizeof(text));
			free_from = x / 10 + width + 8;
		}
		fputs("</g>\n", c->f);
	}
}

/* Returns the y of the next row. */
static unsigned draw_key_line(const struct canvas *c, unsigned y, const char *style,
			      const char *text)
{
	canvas_segment(c, 10 * LEGEND, 10 * y - 40, 10 * (LEGEND + 26), 10 * y - 40, style);
	canvas_label(c, 10 * (LEGEND + 32), 10 * y, CANVAS_SMALL, text, 64);
	return y + ROW;
}

static unsigned draw_key_area(const struct canvas *c, unsigned y, const char *style,
			      const char *text)
{
	canvas_rect(c, 10 * LEGEND, 10 * y - 100, 120, 120, style);
	canvas_label(c, 10 * (LEGEND + 18), 10 * y, CANVAS_SMALL, text, NAME_MOST);
	return y + ROW;
}

static void draw_legend(const struct drawing *d)
{
	const struct canvas *c = &d->canvas;
	char others[64], style[32];
	unsigned y = TOP + 10;

	y = draw_key_line(c, y, LINE_POOL, "pool");
	y = draw_key_line(c, y, LINE_NEED, "need of all guests");
	y = draw_key_line(c, y, LINE_TOUCHED, "touched by guests");
	if (d->plot->scale.warm_up > 0)
		y = draw_key_line(c, y, LINE_MEASURED, "measured from here");
	if (d->has_events)
		y = draw_key_line(c, y, LINE_EVENT, "the host changes");
	y = draw_key_area(c, y, UNMET, "need that is unmet");
	if (d->has_ooms) {
		put_triangle(c, 10 * (LEGEND + 6), 10 * y);
		canvas_label(c, 10 * (LEGEND + 18), 10 * y, CANVAS_SMALL, "OOM in a guest",
			     NAME_MOST);
		y += ROW;
	}
	(void)snprintf(others, sizeof(others), "%zu others", d->areas.n_others);
	canvas_label(c, 10 * LEGEND, 10 * (y + 6), "font-size=\"12\" font-weight=\"bold\"",
		     "size of", 8);
	y += 6 + ROW;
	for (size_t k = d->areas.n; k-- > 0;) {
		(void)snprintf(style, sizeof(style), "fill=\"%s\"", colour_of(&d->areas, k));
		y = draw_key_area(c, y, style, d->areas.names[k] ? d->areas.names[k] : others);
	}
}

static void draw(const struct drawing *d, const char *title, const char *note)
{
	const struct canvas *c = &d->canvas;

	fputs("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 540\" role=\"img\" "
	      "font-family=\"system-ui, sans-serif\" fill=\"#1a1a1a\">\n<title>",
	      c->f);
	canvas_text(c, title, TITLE_MOST);
	fputs("</title>\n<rect width=\"960\" height=\"540\" fill=\"#ffffff\"/>\n", c->f);
	canvas_label(c, 200, 260, "font-size=\"17\" font-weight=\"bold\"", title, TITLE_MOST);
	canvas_label(c, 200, 450, CANVAS_SMALL, note, NOTE_MOST);
	canvas_memory_axis(c);
	draw_areas(d);
	draw_warm_up(d);
	draw_lines(d);
	draw_events(d);
	draw_ooms(d);
	draw_level(d);
	canvas_time_axis(c, STRIP + STRIP_HEIGHT);
	draw_legend(d);
	draw_level_legend(c);
	fputs("</svg>\n", c->f);
}

int plot_write(const struct plot *p, const char *title, const char *note, FILE *f)
{
	_cleanup_free_ struct drawing *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	r = plot_areas(p, &d->areas);
	if (r < 0)
		return r;
	d->plot = p;
	d->canvas = (struct canvas){
		.f = f,
		.left = LEFT,
		.right = RIGHT,
		.top = TOP,
		.bottom = BOTTOM,
		.length = p->scale.length,
		.n_columns = p->n_columns,
	};
	take_values(d);
	draw(d, title, note);
	plot_areas_done(&d->areas);
	return 0;
}
