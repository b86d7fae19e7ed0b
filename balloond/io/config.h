/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From a file to a struct config, whole or not at all.  Loading has no effect on anything that
 * runs, but that policy modules which the rules name stay loaded. */

#include "balloond/core/config.h"
#include "balloond/io/diagnostics.h"

/* Entries of guests: and of rules:, patterns of one entry, URIs. */
#define CONFIG_MAX_ENTRIES 1000u
#define CONFIG_MAX_PATTERNS 1000u
#define CONFIG_MAX_URIS 16u

/* 0: the caller owns *ret.  -ENOENT: there is no such file.  -EINVAL: d says why.  -ENOMEM.
 * policy_dir: NULL for the compiled-in one. */
int config_load(const char *path, const char *policy_dir, struct config **ret,
		struct diagnostics *d);

/* The same from memory; file is what diagnostics call it. */
int config_parse(const char *text, size_t size, const char *file, const char *policy_dir,
		 struct config **ret, struct diagnostics *d);

/* What holds without a file: every guest is observed, nothing is changed.  0 or -ENOMEM. */
int config_new_default(struct config **ret);

/* Takes NULL and half-built ones; returns NULL. */
struct config *config_free(struct config *config);

static inline void config_freep(struct config **config)
{
	(void)config_free(*config);
}

#define _cleanup_config_ __attribute__((cleanup(config_freep)))
