/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Configurations as balloonctl reads them: by itself, so that it works without the daemon. */

#include "balloond/ctl/ctl.h"
#include "balloond/io/config.h"

/* What was asked for: file alone, or (NULL) the whole with --config and --with.  -EINVAL and
 * -ENOENT are said in d. */
int ctl_config_open(const struct ctl *ctl, const char *file, struct config_files **ret_files,
		    struct config **ret, struct diagnostics *d);

/* Prints what is wrong.  An exit code. */
int ctl_config_refuse(const struct diagnostics *d);

/* config-default.c: the default of the key at a path of config_walk(), which the caller frees; ""
 * where there is none.  0 or -ENOMEM. */
int ctl_config_default(const struct config *config, const char *path, char **ret);

/* config-live.c: holds a configuration against the guests that run.  An exit code. */
int ctl_config_check_live(const struct ctl *ctl, const struct config *config);
