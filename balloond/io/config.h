/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From files to a struct config, whole or not at all.  Loading has no effect on anything that
 * runs, but that policy modules which the rules name stay loaded.
 *
 * A configuration is a main file and drop-ins: *.yaml of directories, where a file hides those of
 * the same name in lower directories, and an empty one (or a link to /dev/null) nothing but that.
 * The main file comes first, then the drop-ins in the order of their names; what comes later wins
 * (config-join.h). */

#include "balloond/core/config.h"
#include "balloond/io/diagnostics.h"

/* Files; entries of guests: and of rules:, in all files together; rules with a when, each of which
 * is followed for every guest; patterns of one key; URIs; policies of tenants. */
#define CONFIG_MAX_FILES 100u
#define CONFIG_MAX_ENTRIES 1000u
#define CONFIG_MAX_GATES 64u
#define CONFIG_MAX_PATTERNS 1000u
#define CONFIG_MAX_URIS 16u
#define CONFIG_MAX_POLICIES 32u

struct node;

/* Which files are read.  Only path has to be set. */
struct config_request {
	const char *path; /* the main file */
	/* Where its drop-ins are, the lowest directory first, ending with NULL.  NULL: for the
	 * installed file those of the vendor, of /run and of the administrator, else PATH.d. */
	const char *const *directories;
	const char *with;       /* one more drop-in: instead of that of its name, else the last */
	bool is_fragment;       /* path alone is read, as the drop-in that it is or will be */
	bool is_optional;       /* without any file there is the default */
	const char *policy_dir; /* NULL: the compiled-in one */
};

struct config_file {
	struct source source; /* its name is the path */
	char *path;
	const char *name; /* the path's last part */
	char *text;       /* as it was read */
	size_t size;
	struct node *root;
};

/* What was read: for whoever shows a configuration. */
struct config_files {
	struct config_file
		*items; /* main file, then drop-ins; hidden and empty ones are left out */
	size_t n;
	bool has_main;
	struct node *root; /* of all files; knows where everything was written */
};

/* 0: the caller owns *ret, and *ret_files unless ret_files is NULL.  -ENOENT: there is no file.
 * -EINVAL: d says why.  -ENOMEM. */
int config_open(const struct config_request *request, struct config_files **ret_files,
		struct config **ret, struct diagnostics *d);

/* The same for what balloond reads.  policy_dir: NULL for the compiled-in one. */
int config_load(const char *path, const char *policy_dir, struct config **ret,
		struct diagnostics *d);

/* A main file alone, from memory; name is what diagnostics call it. */
int config_parse(const char *text, size_t size, const char *name, const char *policy_dir,
		 struct config **ret, struct diagnostics *d);

/* A file in memory; what diagnostics call it. */
struct config_text {
	const char *name, *text;
	size_t size;
};

/* Files that were read before, in the order of struct config_files; without any there is the
 * default. */
int config_parse_files(const struct config_text *texts, size_t n, bool has_main,
		       const char *policy_dir, struct config **ret, struct diagnostics *d);

/* What holds without a file: every guest is observed, nothing is changed.  0 or -ENOMEM. */
int config_new_default(struct config **ret);

/* One key of the effective configuration. */
struct config_value {
	const char *path; /* host.pool, guests[everyone].min, rules[everyone].params.low */
	const char *text; /* in its one canonical spelling, as it may be written in a file */
	const char *help; /* what it is for: one clause; NULL: nobody says */
	/* Where it was written; NULL: nowhere, text is the default. */
	const char *file;
	size_t line, column;
};

/* Tells every key that has a value, in the order of the tables and of the lists: all keys that are
 * written or have a default, also those of policies.  Not what is used up in joining files.  The
 * texts live as long as the call.  Ends early, with its answer, when on_value() is negative; else 0
 * or -ENOMEM.  files and config are those of one config_open(). */
int config_walk(const struct config_files *files, const struct config *config,
		int (*on_value)(const struct config_value *value, void *userdata), void *userdata);

/* Both take NULL and half-built ones; return NULL. */
struct config *config_free(struct config *config);
struct config_files *config_files_free(struct config_files *files);

static inline void config_freep(struct config **config)
{
	(void)config_free(*config);
}

static inline void config_files_freep(struct config_files **files)
{
	(void)config_files_free(*files);
}

#define _cleanup_config_ __attribute__((cleanup(config_freep)))
#define _cleanup_config_files_ __attribute__((cleanup(config_files_freep)))
