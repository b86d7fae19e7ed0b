/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The configuration as the command line asks for it, with every complaint in the journal. */

#include "balloond/io/config.h"
#include "balloond/manager.h"

/* The caller owns *ret_files, as they were read, and *ret.  Negative errno: logged; what was wrong
 * is in d as well. */
int manager_load_config(const struct manager_options *options, struct config_files **ret_files,
			struct config **ret, struct diagnostics *d);
