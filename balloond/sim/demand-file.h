/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Recorded demand: text, gzip'd or not.  Lines that begin with # are comments; every other line is
 * one virtual machine: ID,SIZE_MIB,U0,U1,... with what it used, MiB, at k x interval. */

#include "balloond/io/diagnostics.h"
#include "balloond/sim/demand.h"

#define DEMAND_FILE_INTERVAL (300 * UINT64_C(1000000))

struct demand_row {
	uint32_t size;    /* MiB */
	uint32_t *series; /* MiB */
	size_t n_series;
};

struct demand_file {
	struct demand_row *rows;
	size_t n_rows;
};

/* 0; -ENOENT and others: it cannot be read; -EINVAL: d says file:line:column and what is wrong;
 * -ENOMEM.  The caller owns *ret. */
int demand_file_read(const char *path, struct demand_file **ret, struct diagnostics *d);
struct demand_file *demand_file_free(struct demand_file *f);

/* Gives d the series of a row from its `first` value on, `n` values (0: all), beginning anew at the
 * row's end if there are fewer; its maximum; and the interval.  Values are reached within 30 s.
 * 0 or -ENOMEM. */
int demand_file_take(const struct demand_file *f, size_t row, size_t first, size_t n,
		     struct demand *d);

static inline void demand_file_freep(struct demand_file **f)
{
	(void)demand_file_free(*f);
}
