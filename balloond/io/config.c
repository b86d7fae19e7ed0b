/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole file: its top-level tables, what must hold between keys, and the file itself.  Entries
 * of guests: and rules: have files of their own (config-guests.c, config-rules.c). */

#include "balloond/io/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/uri.h"
#include "balloond/io/util.h"
#include "balloond/io/yaml.h"
#include "balloond/policy-math.h"

static int read_version(const struct key *key, const struct node *node, void *field,
			const struct reading *r)
{
	const char *text = node_text(node);

	(void)field;
	if (text && !node->quoted && strcmp(text, "1") == 0)
		return 0;
	node_expected(node, r->diagnostics, key->expected);
	return -EINVAL;
}

static int read_uris(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	struct config *config = field;
	const char *text = node_text(node);
	int result;

	if (text && strcmp(text, "auto") == 0)
		return 0;
	result = texts_read(node, CONFIG_MAX_URIS, key->expected, uri_refusal, &config->uris,
			    &config->n_uris, r->diagnostics);
	for (size_t i = 0; i < config->n_uris; i++)
		for (size_t j = 0; j < i && result == 0; j++)
			if (strcmp(config->uris[i], config->uris[j]) == 0) {
				node_error(node, r->diagnostics, "'%.60s' is there twice",
					   config->uris[i]);
				result = -EINVAL;
			}
	return result;
}

static int read_stats_period(const struct key *key, const struct node *node, void *field,
			     const struct reading *r)
{
	struct config *config = field;
	const char *text = node_text(node);
	usec_t period;
	int k;

	if (text && strcmp(text, "keep") == 0) {
		config->keep_stats_period = true;
		return 0;
	}
	if (!text || value_parse(text, BALLOOND_USEC, &period, NULL) < 0 ||
	    period % BALLOOND_SECOND != 0) {
		node_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	k = bounded_read(node, BALLOOND_USEC, key->low, key->high, &period, r->diagnostics);
	if (k == 0)
		config->stats_period = period;
	return k;
}

static const char *const commit_words[] = { "elastic", "strict", NULL };
static const char *const guest_stats_words[] = { "auto", "true", "false", NULL };

#define FIELD(x) .offset = offsetof(struct config, x)
#define OF_MACHINE "auto, an amount such as 200GiB, or a share of the machine's memory such as 80%"

static const struct key host_keys[] = {
	{ .name = "pool",
	  .read = key_amount,
	  FIELD(host.pool),
	  .fallback = "auto",
	  .low = "1MiB",
	  .high = "64TiB",
	  .low_share = "1%",
	  .high_share = "100%",
	  .word = "auto",
	  .word_kind = AMOUNT_AUTO,
	  .expected = OF_MACHINE },
	{ .name = "reserve",
	  .read = key_amount,
	  FIELD(host.reserve),
	  .fallback = "auto",
	  .low = "0",
	  .high = "64TiB",
	  .low_share = "0%",
	  .high_share = "90%",
	  .word = "auto",
	  .word_kind = AMOUNT_AUTO,
	  .expected = OF_MACHINE },
	{ .name = "commit",
	  .read = key_word,
	  FIELD(host.commit),
	  .fallback = "elastic",
	  .words = commit_words,
	  .expected = "elastic or strict" },
	{ .name = NULL },
};

static const struct key shrink_keys[] = {
	{ .name = "guest",
	  .read = key_rate,
	  FIELD(host.shrink_guest),
	  .fallback = "256MiB/s",
	  .low = "1MiB",
	  .high = "1TiB" },
	{ .name = "host",
	  .read = key_rate,
	  FIELD(host.shrink_host),
	  .fallback = "1GiB/s",
	  .low = "1MiB",
	  .high = "1TiB" },
	{ .name = NULL },
};

static const struct key limits_keys[] = {
	{ .name = "shrink", .keys = shrink_keys },
	{ .name = NULL },
};

static const struct key libvirt_keys[] = {
	{ .name = "guest-stats",
	  .read = key_word,
	  FIELD(guest_stats),
	  .fallback = "auto",
	  .words = guest_stats_words,
	  .expected = "auto, true or false" },
	{ .name = NULL },
};

/* Sections and lists are read in the order of this table, complaints come in the file's. */
static const struct key config_keys[] = {
	{ .name = "version",
	  .read = read_version,
	  .required = true,
	  .expected = "1, the version of this format" },
	{ .name = "uri",
	  .read = read_uris,
	  .fallback = "auto",
	  .expected = "auto, a URI such as qemu:///system, or a list of them" },
	{ .name = "dry-run", .read = key_bool, FIELD(dry_run), .fallback = "false" },
	{ .name = "host", .keys = host_keys },
	{ .name = "limits", .keys = limits_keys },
	{ .name = "stats-period",
	  .read = read_stats_period,
	  .fallback = "1s",
	  .low = "1s",
	  .high = "60s",
	  .expected = "keep, or whole seconds from 1s to 60s" },
	{ .name = "libvirt", .keys = libvirt_keys },
	{ .name = "guests", .read = config_read_promises },
	{ .name = "rules", .read = config_read_rules },
	{ .name = NULL },
};

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

/* NULL as root: there is no file. */
static int read_config(const struct node *root, const struct reading *r, struct config **ret)
{
	_cleanup_config_ struct config *config = calloc(1, sizeof(*config));
	int k;

	if (!config)
		return -ENOMEM;
	k = keys_read(root, config_keys, config, r);
	if (k < 0)
		return k;
	if (!root)
		config->dry_run = true;
	else if (check_host(config, root, r->diagnostics) < 0)
		return -EINVAL;
	/* Whoever only wants to look on does not want his domains changed. */
	if (config->dry_run && (!root || !node_find(root, "stats-period")))
		config->keep_stats_period = true;
	*ret = TAKE_PTR(config);
	return 0;
}

int config_new_default(struct config **ret)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	const struct reading r = { .diagnostics = &d };

	return read_config(NULL, &r, ret);
}

int config_parse(const char *text, size_t size, const char *file, const char *policy_dir,
		 struct config **ret, struct diagnostics *d)
{
	const struct reading r = { .diagnostics = d, .policy_dir = policy_dir };
	_cleanup_node_ struct node *root = NULL;
	int k;

	d->file = file;
	k = yaml_compose(text, size, d, &root);
	if (k == 0)
		k = read_config(root, &r, ret);
	d->file = NULL;
	return k;
}

/* Reads at most one byte more than is allowed: that is enough to refuse it. */
static int read_file(const char *path, char **ret, size_t *ret_size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	text = malloc(YAML_MAX_SIZE + 1);
	if (!text)
		return -ENOMEM;
	while (n > 0 && size < YAML_MAX_SIZE + 1) {
		n = read(fd, text + size, YAML_MAX_SIZE + 1 - size);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return -errno;
		else
			size += (size_t)n;
	}
	*ret = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

int config_load(const char *path, const char *policy_dir, struct config **ret,
		struct diagnostics *d)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int r;

	r = read_file(path, &text, &size);
	if (r == -ENOENT || r == -ENOMEM)
		return r;
	if (r < 0) {
		d->file = path;
		diagnostics_add(d, 0, 0, "cannot be read: %s", strerror(-r));
		d->file = NULL;
		return -EINVAL;
	}
	return config_parse(text, size, path, policy_dir, ret, d);
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
	free(config->uris);
	free(config->promises);
	free(config->rules);
	free(config);
	return NULL;
}
