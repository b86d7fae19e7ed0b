/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Drawing values over time as SVG.  Places are tenths of a pixel, in integers; paths of steps say
 * only where they change. */

#include <stdint.h>
#include <stdio.h>

#include "balloond/core/value.h"

struct canvas {
	FILE *f;
	unsigned left, right, top, bottom; /* of the diagram, pixels */
	usec_t length;                     /* from left to right */
	uint64_t highest;                  /* from bottom to top */
	size_t n_columns;                  /* of all values over time */
};

unsigned canvas_x(const struct canvas *c, usec_t time);
unsigned canvas_x_of_column(const struct canvas *c, size_t column);
unsigned canvas_y(const struct canvas *c, uint64_t value);

/* "12.5": tenths as an attribute's value. */
#define CANVAS_NUMBER_MAX 16u
const char *canvas_number(char buf[CANVAS_NUMBER_MAX], unsigned tenths);

/* Text between tags: escaped, what is no character replaced, cut after so many characters. */
void canvas_text(const struct canvas *c, const char *text, size_t most);

#define CANVAS_SMALL "font-size=\"12\""
#define CANVAS_SMALL_END CANVAS_SMALL " text-anchor=\"end\""
#define CANVAS_SMALL_MIDDLE CANVAS_SMALL " text-anchor=\"middle\""

/* Attributes of elements are for the caller to know: style is printed as it is. */
void canvas_rect(const struct canvas *c, unsigned x, unsigned y, unsigned width, unsigned height,
		 const char *style);
void canvas_segment(const struct canvas *c, unsigned x1, unsigned y1, unsigned x2, unsigned y2,
		    const char *style);
/* most: characters */
void canvas_label(const struct canvas *c, unsigned x, unsigned y, const char *style,
		  const char *text, size_t most);

/* values[n_columns], as a line; as an area down to the bottom. */
void canvas_line(const struct canvas *c, const uint64_t *values, const char *style);
void canvas_area(const struct canvas *c, const uint64_t *values, const char *style);

/* Between low and high, where high is above low. */
void canvas_band(const struct canvas *c, const uint64_t *low, const uint64_t *high,
		 const char *style);

/* At the left: lines at powers of two, named in the largest unit that makes them whole. */
void canvas_memory_axis(const struct canvas *c);

/* From the bottom to y, pixels, and its names below that. */
void canvas_time_axis(const struct canvas *c, unsigned y);
