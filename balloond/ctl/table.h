/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tables for people.  Cells are made safe for terminals here. */

#include <libsmartcols.h>

#include "balloond/ctl/ctl.h"

struct table_column {
	const char *title;
	double width; /* a hint: least cells, or a share of the terminal's below 1 */
	int flags;    /* SCOLS_FL_* */
};

/* NULL: no memory. */
struct libscols_table *table_new(const struct ctl *ctl, const struct table_column *columns,
				 size_t n_columns);

/* One text a column; "" is shown as "-".  0 or -ENOMEM. */
int table_add(struct libscols_table *table, const char *const *cells);

/* Prints and releases the table, unless r is a failure of filling it.  An exit code. */
int table_print(struct libscols_table *table, int r);
