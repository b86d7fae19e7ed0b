/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way from a file to a scenario, and the table of all keys.  Lists have files of their own. */

#include "balloond/sim/scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/util.h"
#include "balloond/io/yaml.h"
#include "balloond/sim/scenario-internal.h"

/* scenario_take_config() needs the file's text. */
static int leave_config(const struct key *key, const struct node *node, void *field,
			const struct reading *r)
{
	(void)field;
	if (node_text(node))
		return 0;
	node_expected(node, r->diagnostics, key->expected);
	return -EINVAL;
}

static const struct key_type type_config = { KEY_OTHER, leave_config, NULL };

#define FIELD(x) .offset = offsetof(struct scenario, x)

/* Read in the order of this table. */
const struct key scenario_keys[] = {
	{ .name = "version",
	  .type = &config_type_version,
	  .required = true,
	  .low = "1",
	  .high = "1",
	  .expected = "1, the version of this format",
	  .help = "the version of this format" },
	{ .name = "name",
	  .type = &key_name,
	  FIELD(name),
	  .required = true,
	  .expected = CONFIG_NAME_EXPECTED,
	  .help = "what the scenario is called in tables" },
	{ .name = "about",
	  .type = &key_text,
	  FIELD(about),
	  .expected = "a text of 1 to 4096 bytes",
	  .help = "what it shows, in a sentence or two" },
	{ .name = "length",
	  .type = &key_time,
	  FIELD(length),
	  .required = true,
	  .low = "1s",
	  .high = "60d",
	  .expected = SCENARIO_TIME_EXPECTED,
	  .help = "how long the world lasts" },
	{ .name = "step",
	  .type = &key_time,
	  FIELD(step),
	  .fallback = "1s",
	  .low = "10ms",
	  .high = "10s",
	  .expected = SCENARIO_TIME_EXPECTED,
	  .help = "how far the world goes at once; a shorter one is more exact and takes longer" },
	{ .name = "warm-up",
	  .type = &key_time,
	  FIELD(warm_up),
	  .fallback = "0",
	  SCENARIO_TIME,
	  .help = "how much of the beginning is left out of all figures" },
	{ .name = "seed",
	  .type = &key_u64,
	  FIELD(seed),
	  .fallback = "1",
	  .low = "0",
	  .high = "9223372036854775807",
	  .help = "what the generator and spikes draw from: the same seed is the same world" },
	{ .name = "host",
	  .type = &scenario_type_host,
	  .keys = scenario_host_keys,
	  .required = true,
	  .expected = "{ memory: 64GiB }",
	  .help = "the machine" },
	{ .name = "guests",
	  .type = &scenario_type_guests,
	  .keys = scenario_guest_keys,
	  .required = true,
	  .expected = "a list of entries (- name: ...)",
	  .help = "what runs on it: at most 1000 entries, and 10000 guests in all" },
	{ .name = "expect",
	  .type = &scenario_type_expect,
	  .keys = scenario_expect_keys,
	  .help = "what the figures have to be; the scenario fails when one is not" },
	{ .name = "config",
	  .type = &type_config,
	  .expected = "a literal block, with a | behind config:",
	  .help = "the configuration that the scenario is meant for, see balloond.yaml(5)" },
	{ .name = NULL },
};

static int check_times(const struct scenario *s, const struct node *root, struct diagnostics *d)
{
	const struct node *node = node_find(root, "warm-up"), *step = node_find(root, "step");
	const char *length = node_text(node_find(root, "length"));
	int result = 0;

	if (s->warm_up >= s->length) {
		node_error(node, d, "%s leaves nothing of a length of %s", node_text(node), length);
		result = -EINVAL;
	}
	if (s->step > s->length) {
		node_error(step ? step : node_find(root, "length"), d,
			   "a step of %s is longer than the length, which is %s",
			   step ? node_text(step) : "1s", length);
		result = -EINVAL;
	}
	return result;
}

static int read_tree(struct scenario *s, const struct node *root, const char *text, size_t size,
		     struct diagnostics *d)
{
	const struct reading r = { .diagnostics = d };
	const struct node *config = node_find(root, "config");
	int result, k;

	result = keys_read(root, scenario_keys, s, &r);
	if (result == -ENOMEM)
		return result;
	if (s->length > 0 && check_times(s, root, d) < 0)
		result = -EINVAL;
	k = scenario_read_traces(s, root, d);
	if (k == 0 && config && node_text(config))
		k = scenario_take_config(s, config, text, size, d);
	return k < 0 ? k : result;
}

int scenario_parse(const char *text, size_t size, const char *name, struct scenario **ret,
		   struct diagnostics *d)
{
	_cleanup_(scenario_freep) struct scenario *s = calloc(1, sizeof(*s));
	const struct source source = { .name = name };
	_cleanup_node_ struct node *root = NULL;
	int r;

	if (!s)
		return -ENOMEM;
	s->pool = BALLOOND_UNKNOWN;
	r = yaml_compose(text, size, &source, d, &root);
	if (r < 0)
		return r;
	r = read_tree(s, root, text, size, d);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

int scenario_load(const char *path, struct scenario **ret, struct diagnostics *d)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	/* One byte more than is allowed is enough to refuse it. */
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
	return scenario_parse(text, size, path, ret, d);
}

static void expectation_done(struct scenario_expectation *e)
{
	for (size_t i = 0; i < e->n_policies; i++)
		free(e->policies[i]);
	free(e->policies);
}

struct scenario *scenario_free(struct scenario *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_guests; i++) {
		/* Entries of one trace share it. */
		for (size_t j = i + 1; j < s->n_guests; j++)
			if (s->guests[j].trace == s->guests[i].trace)
				s->guests[j].trace = NULL;
		scenario_guest_done(&s->guests[i]);
	}
	free(s->name);
	free(s->about);
	for (size_t i = 0; i < s->n_expectations; i++)
		expectation_done(&s->expectations[i]);
	free(s->events);
	free(s->guests);
	free(s->expectations);
	free(s->config);
	free(s);
	return NULL;
}
