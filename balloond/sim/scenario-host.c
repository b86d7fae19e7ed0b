/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* host: of a scenario. */

#include <errno.h>
#include <stdlib.h>

#include "balloond/sim/scenario-internal.h"

int scenario_check_order(const struct node *entry, usec_t before, usec_t at,
			 const struct reading *r)
{
	const struct node *node = node_find(entry, "at");
	char text[VALUE_TEXT_MAX];

	if (entry->index == 0 || at > before)
		return 0;
	node_error(node, r->diagnostics,
		   "%s is not behind the entry before it, which is at %s: write them in the order "
		   "of time",
		   node_text(node), value_format(text, BALLOOND_USEC, before));
	return -EINVAL;
}

/* Bounds keep a thousand of them within what a wall clock can show. */
static int read_clock(const struct key *key, const struct node *node, void *field,
		      const struct reading *r)
{
	const char *text = node_text(node);
	char why[BOUNDED_WHY_MAX];
	uint64_t by;

	if (!text) {
		node_expected(node, r->diagnostics, key->expected);
		return -EINVAL;
	}
	if (bounded_parse(text + (*text == '-'), BALLOOND_USEC, key->low, key->high, &by, why) <
	    0) {
		node_error(node, r->diagnostics, "%s", why);
		return -EINVAL;
	}
	*(int64_t *)field = *text == '-' ? -(int64_t)by : (int64_t)by;
	return 0;
}

static const struct key_type type_clock = { KEY_OTHER, read_clock, NULL };

static const struct key change_keys[] = {
	{ .name = "at",
	  .type = &key_time,
	  .offset = offsetof(struct scenario_event, at),
	  .required = true,
	  SCENARIO_TIME,
	  .help = "when, from the beginning of the world on" },
	{ .name = "own",
	  .type = &key_bytes,
	  .offset = offsetof(struct scenario_event, own),
	  SCENARIO_BYTES,
	  .help = "what the host itself uses from then on" },
	{ .name = "over",
	  .type = &key_time,
	  .offset = offsetof(struct scenario_event, over),
	  .fallback = "0",
	  SCENARIO_TIME,
	  .help = "the time within which that is reached, in a straight line; 0: at once" },
	{ .name = "pool",
	  .type = &key_bytes,
	  .offset = offsetof(struct scenario_event, pool),
	  .low = "1MiB",
	  .high = "64TiB",
	  .help = "the pool that balloond is configured with from then on, as by a reload" },
	{ .name = "clock",
	  .type = &type_clock,
	  .offset = offsetof(struct scenario_event, clock),
	  .low = "1ms",
	  .high = "7d",
	  .expected = "a time up to 7d, such as 1h for later, or -1h for earlier",
	  .help = "how much later its wall clock is set" },
	{ .name = "restart",
	  .type = &key_bool,
	  .offset = offsetof(struct scenario_event, restart),
	  .fallback = "false",
	  .help = "balloond ends, and begins again without any memory: what runs then it takes as "
		  "it is" },
	{ .name = "down",
	  .type = &key_time,
	  .offset = offsetof(struct scenario_event, down),
	  .fallback = "0",
	  SCENARIO_TIME,
	  .help = "how long after its end it begins again; until then nobody looks" },
	{ .name = NULL },
};

static int check_change(const struct node *node, void *item, const struct reading *r)
{
	const struct scenario_event *event = item;
	const struct node *over = node_find(node, "over"), *down = node_find(node, "down");
	bool has_own = event->own != BALLOOND_UNKNOWN;
	int result = 0;

	if (!has_own && event->pool == BALLOOND_UNKNOWN && event->clock == 0 && !event->restart) {
		node_error(node, r->diagnostics,
			   "nothing changes: expected own, pool, clock or restart");
		result = -EINVAL;
	} else if (!has_own && over) {
		node_key_error(over, r->diagnostics, "the rest changes at once: over is for own");
		result = -EINVAL;
	} else if (!event->restart && down) {
		node_key_error(down, r->diagnostics, "down is for restart");
		result = -EINVAL;
	}
	return node->index > 0 && scenario_check_order(node, event[-1].at, event->at, r) < 0
		       ? -EINVAL
		       : result;
}

static int read_changes(const struct key *key, const struct node *node, void *field,
			const struct reading *r)
{
	static const struct scenario_event initial = { .own = BALLOOND_UNKNOWN,
						       .pool = BALLOOND_UNKNOWN };
	const struct list_of list = { .keys = key->keys,
				      .size = sizeof(initial),
				      .max = SCENARIO_MAX_ENTRIES,
				      .initial = &initial,
				      .check = check_change };
	struct scenario *s = field;
	void *events = NULL;
	int k = mappings_read(node, &list, &events, &s->n_events, r);

	s->events = events;
	return k;
}

/* In the order of what pool_holds_overhead says. */
static int read_overhead(const struct key *key, const struct node *node, void *field,
			 const struct reading *r)
{
	unsigned word = 0;
	int k = key_word.read(key, node, &word, r);

	*(bool *)field = word == 1;
	return k;
}

static const struct key_type type_changes = { KEY_LIST, read_changes, NULL };
static const struct key_type type_overhead = { KEY_WORD, read_overhead, NULL };
static const char *const overhead_words[] = { "on-top", "in-pool", NULL };

#define FIELD(x) .offset = offsetof(struct scenario, x)

const struct key scenario_host_keys[] = {
	{ .name = "memory",
	  .type = &key_bytes,
	  FIELD(host.total),
	  .required = true,
	  .low = "64MiB",
	  .high = "64TiB",
	  .expected = SCENARIO_BYTES_EXPECTED,
	  .help = "what the machine has" },
	{ .name = "swap",
	  .type = &key_bytes,
	  FIELD(host.swap),
	  .fallback = "0",
	  SCENARIO_BYTES,
	  .help = "the host's own swap" },
	{ .name = "disk",
	  .type = &key_rate,
	  FIELD(host.disk),
	  .fallback = "100MiB/s",
	  .low = "1MiB/s",
	  .high = "1TiB/s",
	  .help = "how fast the host swaps" },
	{ .name = "own",
	  .type = &key_bytes,
	  FIELD(host.own),
	  .fallback = "1GiB",
	  SCENARIO_BYTES,
	  .help = "what the host itself uses" },
	{ .name = "ksm",
	  .type = &key_share,
	  FIELD(host.shared),
	  .fallback = "0%",
	  .low_share = "0%",
	  .high_share = "90%",
	  .expected = "a share such as 10%",
	  .help = "how much of what guests hold KSM shares away" },
	{ .name = "sample-cost",
	  .type = &key_time,
	  FIELD(host.sample_cost),
	  .fallback = "300us",
	  .low = "1us",
	  .high = "1s",
	  .help = "how long libvirt takes to read one guest: what libvirt.budget is spent on" },
	{ .name = "pool",
	  .type = &key_bytes,
	  FIELD(pool),
	  .low = "1MiB",
	  .high = "64TiB",
	  .help = "the pool, whatever the configuration says" },
	{ .name = "overhead",
	  .type = &type_overhead,
	  FIELD(pool_holds_overhead),
	  .fallback = "in-pool",
	  .words = overhead_words,
	  .expected = "in-pool or on-top",
	  .help = "whether the overhead of the guests' processes is in the pool that is given, or "
		  "on top of it" },
	{ .name = "changes",
	  .type = &type_changes,
	  .keys = change_keys,
	  .help = "what happens to it, in the order of time" },
	{ .name = NULL },
};

/* part: the host, or one of its changes. */
static int check_own(const struct scenario *s, const struct node *host, const struct node *part,
		     uint64_t own, const struct reading *r)
{
	const struct node *node = node_find(part, "own");
	char text[VALUE_TEXT_MAX];

	if (own == BALLOOND_UNKNOWN || own < s->host.total)
		return 0;
	node_error(node ? node : part, r->diagnostics, "%s of %s: nothing is left for guests",
		   value_format(text, BALLOOND_BYTES, own), node_text(node_find(host, "memory")));
	return -EINVAL;
}

static int read_host(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	struct scenario *s = field;
	int result = key_mapping.read(key, node, field, r);
	const struct node *change;

	if (result < 0)
		return result;
	result = check_own(s, node, node, s->host.own, r);
	change = s->n_events > 0 ? node_find(node, "changes")->first : NULL;
	for (; change; change = change->next)
		if (check_own(s, node, change, s->events[change->index].own, r) < 0)
			result = -EINVAL;
	return result;
}

const struct key_type scenario_type_host = { KEY_MAPPING, read_host, NULL };
