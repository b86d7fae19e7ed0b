/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts of a scenario that have files of their own.  Private to scenario*.c. */

#include "balloond/sim/scenario.h"

#define SCENARIO_MAX_ENTRIES 1000u /* of one list */
#define SCENARIO_MAX_GUESTS 10000u /* in all */
#define SCENARIO_MAX_POLICIES 100u /* of one expectation */
#define SCENARIO_MAX_FAULTS 100u   /* of one guest: each is looked at in every step */

#define SCENARIO_TIME_EXPECTED "a time such as 500ms, 5s, 2min or 1h"
#define SCENARIO_BYTES_EXPECTED "an amount of memory such as 512MiB or 2GiB"

/* Bounds of every amount and of every time in a table. */
#define SCENARIO_BYTES .low = "0", .high = "64TiB", .expected = SCENARIO_BYTES_EXPECTED
#define SCENARIO_TIME .low = "0", .high = "60d", .expected = SCENARIO_TIME_EXPECTED

/* Tables of struct scenario, of struct scenario_guest, and of the parts of both. */
extern const struct key scenario_host_keys[], scenario_guest_keys[], scenario_need_keys[];
extern const struct key scenario_fault_keys[], scenario_expect_keys[];

/* The field of the lists is the whole struct scenario, of need: and faults: the whole struct
 * scenario_guest. */
extern const struct key_type scenario_type_host, scenario_type_guests, scenario_type_expect;
extern const struct key_type scenario_type_need, scenario_type_faults;

/* Complains when an entry's `at` is not behind that of the entry before it. */
int scenario_check_order(const struct node *entry, usec_t before, usec_t at,
			 const struct reading *r);

/* Gives a model whose maximum is known what nobody has written. */
void scenario_complete_model(struct sim_model *model);

/* What is found out from files beside the scenario: root is the scenario's.  0, -EINVAL or
 * -ENOMEM. */
int scenario_read_traces(struct scenario *s, const struct node *root, struct diagnostics *d);

/* Keeps the literal block at node, which stands in text, as struct scenario has it.  0, -EINVAL
 * or -ENOMEM. */
int scenario_take_config(struct scenario *s, const struct node *node, const char *text, size_t size,
			 struct diagnostics *d);

void scenario_guest_done(struct scenario_guest *g);
