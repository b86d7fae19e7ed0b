/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* faults: of a scenario's guest. */

#include <errno.h>
#include <stdlib.h>

#include "balloond/sim/scenario-internal.h"

/* In the order of enum sim_fault_kind. */
static const char *const fault_words[] = { "stuck",  "slow", "lies", "absurd", "silent",
					   "reboot", "gone", "held", NULL };

#define FIELD(x) .offset = offsetof(struct sim_fault, x)

const struct key scenario_fault_keys[] = {
	{ .name = "what",
	  .type = &key_word,
	  FIELD(kind),
	  .required = true,
	  .words = fault_words,
	  .expected = "stuck, slow, lies, absurd, silent, reboot, gone or held",
	  .help = "its balloon does not move (stuck) or is slow; it reports too much or too little "
		  "as usable (lies), what cannot be (absurd), or nothing new (silent); it reboots; "
		  "it is not there at all (gone), and boots afterwards; an operator holds its "
		  "size" },
	{ .name = "at",
	  .type = &key_time,
	  FIELD(at),
	  .fallback = "0",
	  SCENARIO_TIME,
	  .help = "when, from the beginning of the world on" },
	{ .name = "for",
	  .type = &key_time,
	  FIELD(length),
	  .fallback = "0",
	  SCENARIO_TIME,
	  .help = "how long; 0: to the end" },
	{ .name = "every",
	  .type = &key_time,
	  FIELD(every),
	  .fallback = "0",
	  SCENARIO_TIME,
	  .help = "how long after its beginning it comes again; 0: once" },
	{ .name = "to",
	  .type = &key_share,
	  FIELD(value),
	  .low_share = "0%",
	  .high_share = "1000%",
	  .expected = "a share such as 10%",
	  .help = "for slow and lies, where it is required: how much of its balloon's speed is "
		  "left, or how much of what is usable it reports" },
	{ .name = NULL },
};

static int complain(const struct node *fault, const char *key, const struct reading *r,
		    const char *what)
{
	const struct node *node = node_find(fault, key);

	if (node)
		node_key_error(node, r->diagnostics, "%s", what);
	else
		node_error(fault, r->diagnostics, "the key '%s' is missing: %s", key, what);
	return -EINVAL;
}

static int check_value(const struct node *node, struct sim_fault *fault, const struct reading *r)
{
	bool has_value = fault->kind == SIM_FAULT_SLOW || fault->kind == SIM_FAULT_LIES;

	if (!has_value && fault->value != BALLOOND_UNKNOWN)
		return complain(node, "to", r, "only what is slow or lies is so to some share");
	if (!has_value) {
		fault->value = 0;
		return 0;
	}
	if (fault->value == BALLOOND_UNKNOWN)
		return complain(node, "to", r, "expected a share such as 10%");
	if (fault->kind == SIM_FAULT_SLOW && fault->value > 1000)
		return complain(node, "to", r, "what is slow has at most 100% of its speed");
	return 0;
}

static int check_times(const struct node *node, const struct sim_fault *fault,
		       const struct reading *r)
{
	if (fault->kind == SIM_FAULT_REBOOT)
		return fault->length == 0 ? 0
					  : complain(node, "for", r,
						     "a reboot lasts as long as the guest's boot "
						     "says");
	if (fault->every > 0 && fault->length == 0)
		return complain(node, "for", r, "what comes again has to end before");
	if (fault->every > 0 && fault->every <= fault->length)
		return complain(node, "every", r, "what comes again has to end before");
	return 0;
}

static int check_fault(const struct node *node, void *item, const struct reading *r)
{
	int value = check_value(node, item, r), times = check_times(node, item, r);

	return value < 0 || times < 0 ? -EINVAL : 0;
}

static int read_faults(const struct key *key, const struct node *node, void *field,
		       const struct reading *r)
{
	static const struct sim_fault initial = { .value = BALLOOND_UNKNOWN };
	const struct list_of list = { .keys = key->keys,
				      .size = sizeof(initial),
				      .max = SCENARIO_MAX_FAULTS,
				      .initial = &initial,
				      .check = check_fault };
	struct scenario_guest *g = field;
	void *faults = NULL;
	int k = mappings_read(node, &list, &faults, &g->n_faults, r);

	g->faults = faults;
	return k;
}

const struct key_type scenario_type_faults = { KEY_LIST, read_faults, NULL };
