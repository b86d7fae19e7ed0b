/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of all keys.  Entries of guests: and of rules:, and the keys of tenants:, have files of
 * their own (config-guests.c, config-rules.c, config-tenants.c). */

#include <errno.h>
#include <string.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/uri.h"
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

static void spell_plain(const struct key *key, const struct node *node, FILE *f)
{
	(void)key;
	fputs(node_text(node), f);
}

static bool is_auto(const struct node *node)
{
	const char *text = node_text(node);

	return text && strcmp(text, "auto") == 0;
}

static int read_uris(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	struct config *config = field;
	int result;

	if (is_auto(node))
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

static void spell_uris(const struct key *key, const struct node *node, FILE *f)
{
	if (is_auto(node))
		spell_plain(key, node, f);
	else
		spell_list(node, spell_text, f);
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

const struct key_type config_type_version = { KEY_INTEGER, read_version, spell_plain };
static const struct key_type type_uris = { KEY_URIS, read_uris, spell_uris };
static const struct key_type type_stats_period = { KEY_TIME, read_stats_period, key_spell_time };

static const char *const commit_words[] = { "elastic", "strict", NULL };
static const char *const guest_stats_words[] = { "auto", "true", "false", NULL };

#define FIELD(x) .offset = offsetof(struct config, x)
#define OF_MACHINE "auto, an amount such as 200GiB, or a share of the machine's memory such as 80%"

static const struct key host_keys[] = {
	{ .name = "pool",
	  .type = &key_amount,
	  FIELD(host.pool),
	  .fallback = "auto",
	  .low = "1MiB",
	  .high = "64TiB",
	  .low_share = "1%",
	  .high_share = "100%",
	  .word = "auto",
	  .word_kind = AMOUNT_AUTO,
	  .expected = OF_MACHINE,
	  .help = "what all guests may hold together, never with the reserve in it: auto (the "
		  "machine less the reserve and the host's own use), an amount, or a share of the "
		  "machine's memory" },
	{ .name = "reserve",
	  .type = &key_amount,
	  FIELD(host.reserve),
	  .fallback = "auto",
	  .low = "0",
	  .high = "64TiB",
	  .low_share = "0%",
	  .high_share = "90%",
	  .word = "auto",
	  .word_kind = AMOUNT_AUTO,
	  .expected = OF_MACHINE,
	  .help = "what stays with the host: auto, an amount, or a share of the machine's memory" },
	{ .name = "commit",
	  .type = &key_word,
	  FIELD(host.commit),
	  .fallback = "elastic",
	  .words = commit_words,
	  .expected = "elastic or strict",
	  .help = "what a guest counts for: elastic, what it holds and could take before balloond "
		  "can react; strict, all that it has been given" },
	{ .name = NULL },
};

static const struct key shrink_keys[] = {
	{ .name = "guest",
	  .type = &key_rate,
	  FIELD(host.shrink_guest),
	  .fallback = "256MiB/s",
	  .low = "1MiB/s",
	  .high = "1TiB/s",
	  .help = "how fast one guest is shrunk while there is no need" },
	{ .name = "host",
	  .type = &key_rate,
	  FIELD(host.shrink_host),
	  .fallback = "1GiB/s",
	  .low = "1MiB/s",
	  .high = "1TiB/s",
	  .help = "how fast all guests together are shrunk while there is no need" },
	{ .name = NULL },
};

static const struct key limits_keys[] = {
	{ .name = "shrink",
	  .type = &key_section,
	  .keys = shrink_keys,
	  .help = "speed limits of shrinking; growth is never slowed down" },
	{ .name = NULL },
};

static const struct key libvirt_keys[] = {
	{ .name = "budget",
	  .type = &key_share,
	  FIELD(libvirt_budget),
	  .fallback = "10%",
	  .low_share = "1%",
	  .high_share = "100%",
	  .expected = "a share of a processor core from 1% to 100%",
	  .help = "how much of one processor core is spent on reading guests; beyond that they are "
		  "read less often" },
	{ .name = "guest-stats",
	  .type = &key_word,
	  FIELD(guest_stats),
	  .fallback = "auto",
	  .words = guest_stats_words,
	  .expected = "auto, true or false",
	  .help = "whether guests are asked for statistics; auto: not by builds of QEMU that could "
		  "crash over it" },
	{ .name = NULL },
};

static const struct key foreign_keys[] = {
	{ .name = "quiet",
	  .type = &key_time,
	  FIELD(foreign_quiet),
	  .fallback = "1h",
	  .low = "0s",
	  .high = "7d",
	  .help = "for how long a guest is not made smaller after somebody else has set its "
		  "size" },
	{ .name = NULL },
};

/* Sections and lists are read in the order of this table, complaints come in the file's. */
const struct key config_keys[] = {
	{ .name = "version",
	  .type = &config_type_version,
	  .fallback = "1",
	  .low = "1",
	  .high = "1",
	  .expected = "1, the version of this format",
	  .help = "the version of this format; has to be in the main file" },
	{ .name = "uri",
	  .type = &type_uris,
	  .fallback = "auto",
	  .word = "auto",
	  .expected = "auto, a URI such as qemu:///system, or a list of them",
	  .help = "the connections of libvirt whose guests are looked at; auto: every local system "
		  "driver that answers" },
	{ .name = "dry-run",
	  .type = &key_bool,
	  FIELD(dry_run),
	  .fallback = "false",
	  .help = "whether balloond looks, decides and tells, and changes nothing" },
	{ .name = "host",
	  .type = &key_section,
	  .keys = host_keys,
	  .help = "the memory of this machine" },
	{ .name = "limits", .type = &key_section, .keys = limits_keys, .help = "how fast" },
	{ .name = "stats-period",
	  .type = &type_stats_period,
	  .fallback = "1s",
	  .fallback_dry = "keep",
	  .low = "1s",
	  .high = "60s",
	  .word = "keep",
	  .expected = "keep, or whole seconds from 1s to 60s",
	  .help = "how often managed guests report, in whole seconds; keep: as the domain says" },
	{ .name = "libvirt",
	  .type = &key_section,
	  .keys = libvirt_keys,
	  .help = "what libvirt is asked for" },
	{ .name = "foreign",
	  .type = &key_section,
	  .keys = foreign_keys,
	  .help = "sizes that others than balloond set" },
	{ .name = "guests",
	  .type = &config_type_promises,
	  .keys = config_promise_keys,
	  .help = "promises: the first entry that matches a guest holds, whatever its policy "
		  "says" },
	{ .name = "rules",
	  .type = &config_type_rules,
	  .keys = config_rule_keys,
	  .help = "behaviour: the first rule that matches a guest and whose when holds; a guest "
		  "without one is only observed" },
	{ .name = "tenants",
	  .type = &key_section,
	  .keys = config_tenants_keys,
	  .help = "what the metadata of a domain may say about itself" },
	{ .name = NULL },
};
