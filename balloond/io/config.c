/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole configuration: the way from files to all of it, and what must hold between keys.  Each
 * file is checked alone, so that nothing is overlooked because another file replaces it; then they
 * are joined, and the result is read. */

#include "balloond/io/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/config-files.h"
#include "balloond/io/config-join.h"
#include "balloond/io/util.h"
#include "balloond/io/yaml.h"

/* The pool never contains the reserve, so both have to fit into the machine. */
static int check_host(const struct config *config, const struct node *root, struct diagnostics *d)
{
	const struct host_limits *host = &config->host;
	const struct node *node;

	if (host->pool.kind != AMOUNT_PERMILLE || host->reserve.kind != AMOUNT_PERMILLE ||
	    host->pool.value + host->reserve.value <= 1000)
		return 0;
	node = node_find(root, "host");
	node_error(node_find(node, "pool"), d, "%s and a reserve of %s are more than the machine",
		   node_text(node_find(node, "pool")), node_text(node_find(node, "reserve")));
	return -EINVAL;
}

/* A fragment may leave the policies to another file. */
static int check_tenants(const struct config *config, const struct node *root, bool is_fragment,
			 struct diagnostics *d)
{
	const struct node *node = node_find(root, "tenants");

	if (!is_fragment && !(config->tenants.allow & 1u << TENANT_TAG) &&
	    config_check_tags(root, d) < 0)
		return -EINVAL;
	if (!(config->tenants.allow & 1u << TENANT_POLICY) || config->tenants.n_rules > 0 ||
	    (is_fragment && !node_find(node, "policies")))
		return 0;
	node_error(node_find(node, "allow"), d,
		   "policy is allowed, but tenants.policies names none to choose from");
	return -EINVAL;
}

/* One tree, be it of one file or of all. */
static int read_tree(const struct node *root, const char *policy_dir, struct config **ret,
		     struct diagnostics *d)
{
	_cleanup_config_ struct config *config = calloc(1, sizeof(*config));
	const struct node *dry_run = node_find(root, "dry-run");
	const struct reading r = { .diagnostics = d,
				   .policy_dir = policy_dir,
				   .dry_run = dry_run && node_text(dry_run) &&
					      strcmp(node_text(dry_run), "true") == 0 };
	int k;

	if (!config)
		return -ENOMEM;
	k = keys_read(root, config_keys, config, &r);
	if (k < 0)
		return k;
	*ret = TAKE_PTR(config);
	return 0;
}

static int check_file(const struct config_file *file, bool needs_version, const char *policy_dir,
		      struct diagnostics *d)
{
	_cleanup_config_ struct config *config = NULL;
	int r = read_tree(file->root, policy_dir, &config, d);

	if (r != -ENOMEM && needs_version && file->root->kind == NODE_MAPPING &&
	    !node_find(file->root, "version")) {
		node_error(file->root, d, "the key 'version' is missing: expected %s",
			   config_keys[0].expected);
		return -EINVAL;
	}
	return r;
}

static int check_files(const struct config_files *files, const struct config_request *request,
		       struct diagnostics *d)
{
	int result = 0;

	for (size_t i = 0; i < files->n; i++) {
		bool is_main = i == 0 && files->has_main && !request->is_fragment;
		int r = check_file(&files->items[i], is_main, request->policy_dir, d);

		if (r == -ENOMEM)
			return r;
		if (r < 0)
			result = r;
	}
	return result;
}

/* Without any file: as if this were written, but by nobody. */
static int compose_default(struct config_files *files, struct diagnostics *d)
{
	static const char text[] = "dry-run: true\n";

	return yaml_compose(text, sizeof(text) - 1, NULL, d, &files->root);
}

static int make_tree(struct config_files *files, const struct config_request *request,
		     struct diagnostics *d)
{
	int r;

	if (files->n == 0)
		return compose_default(files, d);
	r = check_files(files, request, d);
	return r < 0 ? r : config_join(files, d);
}

static int build(struct config_files *files, const struct config_request *request,
		 struct config **ret, struct diagnostics *d)
{
	_cleanup_config_ struct config *config = NULL;
	int r;

	r = make_tree(files, request, d);
	if (r < 0)
		return r;
	r = read_tree(files->root, request->policy_dir, &config, d);
	if (r < 0)
		return r;
	if (check_host(config, files->root, d) < 0 ||
	    check_tenants(config, files->root, request->is_fragment, d) < 0)
		return -EINVAL;
	r = config_hash(files, config, &config->hash);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(config);
	return 0;
}

int config_open(const struct config_request *request, struct config_files **ret_files,
		struct config **ret, struct diagnostics *d)
{
	_cleanup_config_files_ struct config_files *files = calloc(1, sizeof(*files));
	int r;

	if (!files)
		return -ENOMEM;
	r = config_files_read(files, request, d);
	if (r < 0 && !(r == -ENOENT && request->is_optional))
		return r;
	r = build(files, request, ret, d);
	if (r == 0 && ret_files)
		*ret_files = TAKE_PTR(files);
	return r;
}

int config_load(const char *path, const char *policy_dir, struct config **ret,
		struct diagnostics *d)
{
	const struct config_request request = { .path = path, .policy_dir = policy_dir };

	return config_open(&request, NULL, ret, d);
}

int config_parse_files(const struct config_text *texts, size_t n, bool has_main,
		       const char *policy_dir, struct config **ret, struct diagnostics *d)
{
	const struct config_request request = { .policy_dir = policy_dir };
	_cleanup_config_files_ struct config_files *files = calloc(1, sizeof(*files));
	int r;

	if (!files)
		return -ENOMEM;
	r = config_files_take(files, texts, n, has_main, d);
	return r < 0 ? r : build(files, &request, ret, d);
}

int config_parse(const char *text, size_t size, const char *name, const char *policy_dir,
		 struct config **ret, struct diagnostics *d)
{
	const struct config_text file = { .name = name, .text = text, .size = size };

	return config_parse_files(&file, 1, true, policy_dir, ret, d);
}

int config_new_default(struct config **ret)
{
	_cleanup_config_files_ struct config_files *files = calloc(1, sizeof(*files));
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	const struct config_request request = { 0 };

	return files ? build(files, &request, ret, &d) : -ENOMEM;
}

struct config *config_free(struct config *config)
{
	if (!config)
		return NULL;
	for (size_t i = 0; i < config->n_uris; i++)
		free(config->uris[i]);
	for (size_t i = 0; i < config->n_promises; i++)
		promise_done(&config->promises[i]);
	for (size_t i = 0; i < config->n_rules; i++)
		rule_done(&config->rules[i]);
	tenants_done(&config->tenants);
	free(config->uris);
	free(config->promises);
	free(config->rules);
	free(config);
	return NULL;
}
