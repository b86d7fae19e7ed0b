/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/demand-file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/lines.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

#define ROWS_MAX 100000u
#define VALUES_MAX 100000u
/* Of all rows together: 1 GiB. */
#define TOTAL_MAX ((size_t)256 * 1024 * 1024)
/* Room for VALUES_MAX values of MIB_MAX, and a long name. */
#define LINE_SIZE_MAX (2u * 1024 * 1024)
#define MIB_MAX (16u * 1024 * 1024)
#define REACHED_WITHIN (30 * BALLOOND_SECOND)

/* A file that is being read. */
struct reader {
	struct source source;
	struct diagnostics *d;
	struct lines *lines;
	struct demand_file *file;
	size_t max_rows, total;
	uint32_t *values;       /* of the line */
	const char *line, *end; /* the line */
};

static int complain(const struct reader *r, const char *at, const char *what)
{
	diagnostics_add(r->d, &r->source, lines_number(r->lines), (size_t)(at - r->line) + 1, "%s",
			what);
	return -EINVAL;
}

/* A number and what ends it. */
static int read_number(const struct reader *r, const char **p, uint32_t *ret)
{
	const char *s = *p;
	uint32_t x = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		x = x * 10 + (uint32_t)(*s - '0');
		if (x > MIB_MAX)
			return complain(r, *p, "more than 16777216 MiB");
	}
	if (s == *p || (*s != ',' && s != r->end))
		return complain(r, *p, "must be a whole number, of MiB");
	*p = s;
	*ret = x;
	return 0;
}

static int read_values(const struct reader *r, const char *p, size_t *ret)
{
	size_t n = 0;
	int q;

	if (p == r->end)
		return complain(r, p, "values must follow the size");
	do {
		p++;
		if (n == VALUES_MAX)
			return complain(r, p, "more than 100000 values in a line");
		q = read_number(r, &p, &r->values[n++]);
		if (q < 0)
			return q;
	} while (p < r->end);
	*ret = n;
	return 0;
}

static int add_row(struct reader *r, uint32_t size, size_t n_values)
{
	struct demand_row row = { .size = size, .n_series = n_values };
	struct demand_file *f = r->file;

	if (f->n_rows == r->max_rows) {
		size_t max = r->max_rows > 0 ? 2 * r->max_rows : 64;
		struct demand_row *rows = reallocarray(f->rows, max, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		f->rows = rows;
		r->max_rows = max;
	}
	row.series = malloc(n_values * sizeof(*row.series));
	if (!row.series)
		return -ENOMEM;
	memcpy(row.series, r->values, n_values * sizeof(*row.series));
	f->rows[f->n_rows++] = row;
	r->total += n_values;
	return 0;
}

static int read_row(struct reader *r)
{
	const char *p = memchr(r->line, ',', (size_t)(r->end - r->line)), *at;
	size_t n_values = 0;
	uint32_t size = 0;
	int q;

	if (!p)
		return complain(r, r->line, "must be ID,SIZE,VALUE,VALUE,...");
	if (p == r->line)
		return complain(r, p, "the line must begin with a name");
	at = ++p;
	q = read_number(r, &p, &size);
	if (q < 0)
		return q;
	if (size == 0)
		return complain(r, at, "the size must not be 0");
	q = read_values(r, p, &n_values);
	if (q < 0)
		return q;
	if (r->file->n_rows == ROWS_MAX)
		return complain(r, r->line, "more than 100000 virtual machines");
	if (n_values > TOTAL_MAX - r->total)
		return complain(r, r->line, "more than 268435456 values in a file");
	return add_row(r, size, n_values);
}

/* What makes it senseless to read on, in the file's words if it is the file's fault. */
static int give_up(struct reader *r, int error)
{
	r->line = NULL;
	if (error == -EMSGSIZE)
		return complain(r, NULL, "the line is longer than 2 MiB");
	if (error == -EBADMSG)
		return complain(r, NULL, "the compressed data is damaged or cut off");
	return error;
}

/* Every broken line is told; the rest of the file is read for more of them. */
static int read_rows(struct reader *r)
{
	int result = 0, q;
	size_t size;
	char *line;

	while ((q = lines_next(r->lines, &line, &size)) > 0) {
		if (size == 0 || line[0] == '#')
			continue;
		r->line = line;
		r->end = line + size;
		q = read_row(r);
		if (q < 0 && q != -EINVAL)
			return q;
		if (q < 0)
			result = q;
	}
	if (q < 0)
		return give_up(r, q);
	if (result == 0 && r->file->n_rows == 0) {
		diagnostics_add(r->d, &r->source, 0, 0, "no virtual machine is in it");
		return -EINVAL;
	}
	return result;
}

int demand_file_read(const char *path, struct demand_file **ret, struct diagnostics *d)
{
	_cleanup_(demand_file_freep) struct demand_file *f = calloc(1, sizeof(*f));
	_cleanup_(lines_closep) struct lines *lines = NULL;
	_cleanup_free_ uint32_t *values = malloc(VALUES_MAX * sizeof(*values));
	struct reader r = { .source = { .name = path }, .d = d, .file = f, .values = values };
	int q;

	if (!f || !values)
		return -ENOMEM;
	q = lines_open(path, LINE_SIZE_MAX, &lines);
	if (q < 0)
		return q;
	r.lines = lines;
	q = read_rows(&r);
	if (q < 0)
		return q;
	*ret = TAKE_PTR(f);
	return 0;
}

struct demand_file *demand_file_free(struct demand_file *f)
{
	if (!f)
		return NULL;
	for (size_t i = 0; i < f->n_rows; i++)
		free(f->rows[i].series);
	free(f->rows);
	free(f);
	return NULL;
}

int demand_file_take(const struct demand_file *f, size_t row, size_t first, size_t n,
		     struct demand *d)
{
	const struct demand_row *from = &f->rows[row];
	uint32_t *series;

	n = n > 0 ? n : from->n_series;
	series = reallocarray(NULL, n, sizeof(*series));
	if (!series)
		return -ENOMEM;
	for (size_t i = 0, k = first % from->n_series; i < n; i++) {
		series[i] = from->series[k];
		k = k + 1 < from->n_series ? k + 1 : 0;
	}
	free(d->series);
	d->series = series;
	d->n_series = n;
	d->maximum = from->size * BALLOOND_MIB;
	d->shape = DEMAND_SERIES;
	d->interval = DEMAND_FILE_INTERVAL;
	d->over = REACHED_WITHIN;
	return 0;
}
