/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which entries of the configuration mean a guest: the first that matches, in the order of the
 * file.  A name is the tenant's: it is compared as it is, never interpreted. */

#include "balloond/core/config.h"

#include <fnmatch.h>

static bool match_guest(const struct match *match, const char *guest_name)
{
	for (size_t i = 0; i < match->n_names; i++)
		if (fnmatch(match->names[i], guest_name, 0) == 0)
			return true;
	return false;
}

const struct promise *config_find_promise(const struct config *config, const char *guest_name)
{
	for (size_t i = 0; i < config->n_promises; i++)
		if (match_guest(&config->promises[i].match, guest_name))
			return &config->promises[i];
	return NULL;
}

const struct rule *config_find_rule(const struct config *config, const char *guest_name)
{
	for (size_t i = 0; i < config->n_rules; i++)
		if (match_guest(&config->rules[i].match, guest_name))
			return &config->rules[i];
	return NULL;
}
