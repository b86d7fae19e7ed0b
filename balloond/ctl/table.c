/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/ctl/table.h"

#include <errno.h>

#include "balloond/ctl/format.h"
#include "balloond/io/util.h"

struct libscols_table *table_new(const struct ctl *ctl, const struct table_column *columns,
				 size_t n_columns)
{
	struct libscols_table *table;

	scols_init_debug(0);
	table = scols_new_table();
	if (!table)
		return NULL;
	scols_table_enable_noheadings(table, !ctl->legend);
	for (size_t i = 0; i < n_columns; i++) {
		const struct table_column *column = &columns[i];

		if (scols_table_new_column(table, column->title, column->width, column->flags))
			continue;
		scols_unref_table(table);
		return NULL;
	}
	return table;
}

int table_add(struct libscols_table *table, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < scols_table_get_ncols(table); i++) {
		_cleanup_free_ char *safe = format_safe(*cells[i] ? cells[i] : "-");

		if (!safe || scols_line_set_data(line, i, safe) < 0)
			return -ENOMEM;
	}
	return 0;
}

int table_print(struct libscols_table *table, int r)
{
	if (!table)
		return ctl_report(-ENOMEM, NULL);
	if (r >= 0)
		r = scols_print_table(table);
	scols_unref_table(table);
	return r < 0 ? ctl_report(r, NULL) : CTL_OK;
}
