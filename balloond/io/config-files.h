/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which files a configuration consists of, and what is in them; not yet what it means.  Private to
 * config*.c. */

#include "balloond/io/config.h"

/* Finds, reads and composes the files: 0; -ENOENT: there is none; -EINVAL: d says why; -ENOMEM.
 * *files is empty before, and has to be released in any case. */
int config_files_read(struct config_files *files, const struct config_request *request,
		      struct diagnostics *d);

/* The same for files in memory, in their order. */
int config_files_take(struct config_files *files, const struct config_text *texts, size_t n,
		      bool has_main, struct diagnostics *d);
