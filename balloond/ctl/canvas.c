/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/ctl/canvas.h"

#include <string.h>

#include "balloond/io/utf8.h"
#include "balloond/policy-math.h"

unsigned canvas_x(const struct canvas *c, usec_t time)
{
	return 10 * c->left + (unsigned)balloond_mul_div(balloond_min(time, c->length),
							 10 * (c->right - c->left), c->length);
}

unsigned canvas_x_of_column(const struct canvas *c, size_t column)
{
	return 10 * c->left + (unsigned)(column * (10 * (c->right - c->left)) / c->n_columns);
}

unsigned canvas_y(const struct canvas *c, uint64_t value)
{
	return 10 * c->bottom - (unsigned)balloond_mul_div(balloond_min(value, c->highest),
							   10 * (c->bottom - c->top), c->highest);
}

const char *canvas_number(char buf[CANVAS_NUMBER_MAX], unsigned tenths)
{
	int n = snprintf(buf, CANVAS_NUMBER_MAX, "%u.%u", tenths / 10, tenths % 10);

	if (tenths % 10 == 0)
		buf[n - 2] = '\0';
	return buf;
}

/* Characters that XML knows, and that show something: the rest is replaced. */
static bool is_shown(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n == 1)
		return *u >= 0x20 && *u != 0x7f;
	if (n == 2 && *u == 0xc2 && u[1] < 0xa0)
		return false;
	return n > 0 && memcmp(s, "\xef\xbf\xbe", 3) != 0 && memcmp(s, "\xef\xbf\xbf", 3) != 0;
}

static void put_character(FILE *f, const char *s, size_t n)
{
	if (*s == '&')
		fputs("&amp;", f);
	else if (*s == '<')
		fputs("&lt;", f);
	else if (*s == '>')
		fputs("&gt;", f);
	else
		fwrite(s, 1, n, f);
}

void canvas_text(const struct canvas *c, const char *text, size_t most)
{
	for (size_t n_shown = 0; *text; n_shown++) {
		size_t n = utf8_length(text);

		if (n_shown == most) {
			fputs("\xe2\x80\xa6", c->f);
			return;
		}
		if (is_shown(text, n))
			put_character(c->f, text, n);
		else
			putc('?', c->f);
		text += n > 0 ? n : 1;
	}
}

void canvas_rect(const struct canvas *c, unsigned x, unsigned y, unsigned width, unsigned height,
		 const char *style)
{
	char a[CANVAS_NUMBER_MAX], b[CANVAS_NUMBER_MAX], w[CANVAS_NUMBER_MAX], h[CANVAS_NUMBER_MAX];

	fprintf(c->f, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" %s/>\n",
		canvas_number(a, x), canvas_number(b, y), canvas_number(w, width),
		canvas_number(h, height), style);
}

void canvas_segment(const struct canvas *c, unsigned x1, unsigned y1, unsigned x2, unsigned y2,
		    const char *style)
{
	char a[CANVAS_NUMBER_MAX], b[CANVAS_NUMBER_MAX], w[CANVAS_NUMBER_MAX], h[CANVAS_NUMBER_MAX];

	fprintf(c->f, "<path d=\"M%s %sL%s %s\" %s/>\n", canvas_number(a, x1), canvas_number(b, y1),
		canvas_number(w, x2), canvas_number(h, y2), style);
}

void canvas_label(const struct canvas *c, unsigned x, unsigned y, const char *style,
		  const char *text, size_t most)
{
	char a[CANVAS_NUMBER_MAX], b[CANVAS_NUMBER_MAX];

	fprintf(c->f, "<text x=\"%s\" y=\"%s\" %s>", canvas_number(a, x), canvas_number(b, y),
		style);
	canvas_text(c, text, most);
	fputs("</text>\n", c->f);
}

static void put(const struct canvas *c, char command, unsigned tenths)
{
	char buf[CANVAS_NUMBER_MAX];

	fprintf(c->f, "%c%s", command, canvas_number(buf, tenths));
}

/* From the left edge of the first column to the right edge of the last, both among them. */
static void put_steps(const struct canvas *c, const uint64_t *values, size_t first, size_t last)
{
	unsigned y = canvas_y(c, values[first]);

	put(c, 'M', canvas_x_of_column(c, first));
	put(c, ' ', y);
	for (size_t i = first + 1; i <= last; i++) {
		unsigned next = canvas_y(c, values[i]);

		if (next == y)
			continue;
		put(c, 'H', canvas_x_of_column(c, i));
		put(c, 'V', next);
		y = next;
	}
	put(c, 'H', canvas_x_of_column(c, last + 1));
}

/* The way back. */
static void put_steps_back(const struct canvas *c, const uint64_t *values, size_t first,
			   size_t last)
{
	unsigned y = canvas_y(c, values[last]);

	put(c, 'V', y);
	for (size_t i = last; i > first; i--) {
		unsigned next = canvas_y(c, values[i - 1]);

		if (next == y)
			continue;
		put(c, 'H', canvas_x_of_column(c, i));
		put(c, 'V', next);
		y = next;
	}
	put(c, 'H', canvas_x_of_column(c, first));
	putc('Z', c->f);
}

void canvas_line(const struct canvas *c, const uint64_t *values, const char *style)
{
	fputs("<path d=\"", c->f);
	put_steps(c, values, 0, c->n_columns - 1);
	fprintf(c->f, "\" fill=\"none\" %s/>\n", style);
}

void canvas_area(const struct canvas *c, const uint64_t *values, const char *style)
{
	fputs("<path d=\"", c->f);
	put_steps(c, values, 0, c->n_columns - 1);
	put(c, 'V', 10 * c->bottom);
	put(c, 'H', 10 * c->left);
	fprintf(c->f, "Z\" %s/>\n", style);
}

void canvas_band(const struct canvas *c, const uint64_t *low, const uint64_t *high,
		 const char *style)
{
	size_t last;

	fputs("<path d=\"", c->f);
	for (size_t first = 0; first < c->n_columns; first = last + 1) {
		last = first;
		if (high[first] <= low[first])
			continue;
		while (last + 1 < c->n_columns && high[last + 1] > low[last + 1])
			last++;
		put_steps(c, high, first, last);
		put_steps_back(c, low, first, last);
	}
	fprintf(c->f, "\" %s/>\n", style);
}
