/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/manager-load.h"

#include <errno.h>

#include "balloond/io/log.h"

static int load_files(const struct manager_options *options, struct config_files **ret_files,
		      struct config **ret, struct diagnostics *d)
{
	const struct config_request request = {
		.path = options->config_path,
		.is_optional = options->config_is_optional,
		.policy_dir = options->policy_dir,
	};
	int r = config_open(&request, ret_files, ret, d);

	if (r >= 0 && (*ret_files)->n == 0)
		log_info("%s does not exist: all guests are observed only", options->config_path);
	if (r == -ENOENT)
		log_error("%s does not exist", options->config_path);
	for (size_t i = 0; i < d->n_items; i++)
		log_error("%s", d->items[i].text);
	if (d->n_more > 0)
		log_error("%s: %zu more errors", options->config_path, d->n_more);
	return r;
}

int manager_load_config(const struct manager_options *options, struct config_files **ret_files,
			struct config **ret, struct diagnostics *d)
{
	int r = load_files(options, ret_files, ret, d);

	/* As if the file said so, and nothing else: guests' statistics stay as they are. */
	if (r >= 0 && options->dry_run)
		(*ret)->dry_run = (*ret)->keep_stats_period = true;
	return r;
}
