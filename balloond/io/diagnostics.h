/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is wrong with files, all of it and not only the first thing: "FILE:LINE:COLUMN: what is
 * wrong, what is allowed".  Readers add, whoever asked for the files prints; nothing here logs.
 * Texts are valid UTF-8 on one line, whatever a file holds: they go to terminals, the journal and
 * D-Bus. */

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* Nobody reads more at once; the rest is only counted. */
#define DIAGNOSTICS_MAX 100u

/* A file as complaints call it. */
struct source {
	const char *name;
	size_t rank; /* among the files that are read together, from 0 */
	size_t skip; /* lines of the file before what is read of it */
};

struct diagnostic {
	size_t rank;         /* of its file */
	size_t line, column; /* from 1; line 0: about the whole file */
	char *text;          /* with file, line and column in front */
};

/* All zero is an empty list. */
struct diagnostics {
	struct diagnostic items[DIAGNOSTICS_MAX]; /* in the order of the files */
	size_t n_items;
	size_t n_more; /* that found no place in items */
};

/* source NULL: what is no file of anybody's. */
void diagnostics_add(struct diagnostics *d, const struct source *source, size_t line, size_t column,
		     const char *format, ...) __attribute__((format(printf, 5, 6)));
void diagnostics_addv(struct diagnostics *d, const struct source *source, size_t line,
		      size_t column, const char *format, va_list args)
	__attribute__((format(printf, 5, 0)));

/* One line an error, and how many more there are. */
void diagnostics_print(const struct diagnostics *d, FILE *f);

/* Releases the texts and empties the list. */
void diagnostics_done(struct diagnostics *d);

#define _cleanup_diagnostics_ __attribute__((cleanup(diagnostics_done)))
