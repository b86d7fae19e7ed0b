/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/manager-load.h"

#include <errno.h>

#include "balloond/io/log.h"

static int load_files(const struct manager_options *options, struct config **ret,
		      struct diagnostics *d)
{
	int r = config_load(options->config_path, options->policy_dir, ret, d);

	if (r == -ENOENT && options->config_is_optional) {
		log_info("%s does not exist: all guests are observed only", options->config_path);
		return config_new_default(ret);
	}
	if (r == -ENOENT)
		log_error("%s does not exist", options->config_path);
	for (size_t i = 0; i < d->n_items; i++)
		log_error("%s", d->items[i].text);
	if (d->n_more > 0)
		log_error("%s: %zu more errors", options->config_path, d->n_more);
	return r;
}

int manager_load_config(const struct manager_options *options, struct config **ret,
			struct diagnostics *d)
{
	int r = load_files(options, ret, d);

	/* As if the file said so, and nothing else: guests' statistics stay as they are. */
	if (r >= 0 && options->dry_run)
		(*ret)->dry_run = (*ret)->keep_stats_period = true;
	return r;
}
