/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which policies there are to choose from: the modules in one directory. */

#include <stddef.h>

/* The name of every file that the loader could be asked for, sorted.  The caller owns *ret and
 * releases it with policy_list_free().  0 or negative errno.  dir NULL: the compiled-in one. */
int policy_list(const char *dir, char ***ret, size_t *ret_n);

void policy_list_free(char **names, size_t n);
