/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is remembered stays with its guest and its rule, whoever comes and goes. */

#include "balloond/core/history.h"

#include <stdio.h>
#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"

#define MAX 32u
#define STATE_SIZE 16u
#define KEY 7u
/* Room for two gates and two slots with their headers. */
#define ROW_MAX 128u

struct bed {
	struct snapshot snapshot;
	struct history history;
	struct guest guests[MAX];
	struct memory memories[2][MAX];
	_Alignas(16) uint8_t states[2][MAX * ROW_MAX];
};

static void bed_init(struct bed *bed)
{
	memset(bed, 0, sizeof(*bed));
	bed->snapshot.guests = bed->guests;
	bed->snapshot.now = 7 * BALLOOND_SECOND;
	bed->history.guests = bed->memories[0];
	bed->history.spare = bed->memories[1];
	bed->history.rows = bed->states[0];
	bed->history.spare_rows = bed->states[1];
	bed->history.state_size = STATE_SIZE;
	bed->history.n_slots = 1;
	bed->history.max_guests = MAX;
	/* Spare room is dirty: it held other guests' records a tick ago. */
	memset(bed->memories[1], 0xa5, sizeof(bed->memories[1]));
	memset(bed->states[1], 0xa5, sizeof(bed->states[1]));
}

/* Guests 'a', 'b', .. of `names`, in this order, are there. */
static void follow(struct bed *bed, const char *names)
{
	bed->snapshot.n_guests = strlen(names);
	for (size_t i = 0; names[i]; i++) {
		char uuid[2] = { names[i], '\0' };

		guest_init(&bed->guests[i], uuid, "any");
		bed->guests[i].seen.actual = (uint64_t)names[i] * BALLOOND_MIB;
	}
	snapshot_seal(&bed->snapshot);
	history_follow(&bed->history, &bed->snapshot);
}

/* Marks what is remembered of every guest with its own letter. */
static void mark(struct bed *bed)
{
	for (size_t i = 0; i < bed->history.n_guests; i++) {
		bed->history.guests[i].stuck_times = (uint32_t)bed->history.guests[i].uuid[0];
		memset(history_state(&bed->history, i, KEY, 1), bed->history.guests[i].uuid[0],
		       STATE_SIZE);
	}
}

static void check_marks(const struct bed *bed, const char *names, const char *known)
{
	ck_assert_uint_eq(bed->history.n_guests, strlen(names));
	for (size_t i = 0; names[i]; i++) {
		const struct memory *m = &bed->history.guests[i];
		const uint8_t *state = history_state(&bed->history, i, KEY, 1);
		bool is_known = strchr(known, names[i]) != NULL;

		ck_assert_int_eq(m->uuid[0], names[i]);
		ck_assert_uint_eq(m->stuck_times, is_known ? (uint32_t)names[i] : 0);
		for (size_t k = 0; k < STATE_SIZE; k++)
			ck_assert_uint_eq(state[k], is_known ? (uint8_t)names[i] : 0);
	}
}

static const struct change {
	const char *before, *after, *known;
} changes[] = {
	{ "", "abc", "" },                                  /* the first tick */
	{ "abc", "abc", "abc" },                            /* nothing happens */
	{ "abc", "ab", "ab" },                              /* the last goes */
	{ "abc", "bc", "bc" },                              /* the first goes */
	{ "abc", "", "" },                                  /* all go */
	{ "bd", "abcde", "bd" },                            /* others come around them */
	{ "abc", "def", "" },                               /* all are others */
	{ "ace", "bdf", "" },    { "abdf", "acdeg", "ad" }, /* some come, some go */
};

START_TEST(memory_and_state_follow_their_guest)
{
	const struct change *row = &changes[_i];
	struct bed bed;

	bed_init(&bed);
	follow(&bed, row->before);
	check_marks(&bed, row->before, "");
	mark(&bed);
	follow(&bed, row->after);
	check_marks(&bed, row->after, row->known);
}
END_TEST

START_TEST(memory_and_state_follow_through_any_coming_and_going)
{
	uint64_t seed = 11;
	struct bed bed;
	char before[27] = "", now[27];

	bed_init(&bed);
	for (unsigned tick = 0; tick < 2000; tick++) {
		uint64_t there = random_next(&seed);
		size_t n = 0;

		for (char c = 'a'; c <= 'z'; c++)
			if (there & UINT64_C(1) << (c - 'a'))
				now[n++] = c;
		now[n] = '\0';
		follow(&bed, now);
		check_marks(&bed, now, before);
		mark(&bed);
		strcpy(before, now);
	}
}
END_TEST

START_TEST(a_guest_that_left_and_came_back_is_new)
{
	struct bed bed;

	bed_init(&bed);
	follow(&bed, "ab");
	mark(&bed);
	follow(&bed, "b");
	follow(&bed, "ab");
	check_marks(&bed, "ab", "b");
}
END_TEST

START_TEST(a_new_guest_is_adopted_at_the_size_that_it_has)
{
	struct bed bed;
	const struct memory *m = bed.memories[1];

	bed_init(&bed);
	follow(&bed, "a");
	ck_assert_ptr_eq(bed.history.guests, m);
	ck_assert_uint_eq(m->target, 'a' * BALLOOND_MIB);
	ck_assert_uint_eq(m->claim, 'a' * BALLOOND_MIB);
	ck_assert_uint_eq(m->first_seen, 7 * BALLOOND_SECOND);
	ck_assert_uint_eq(m->used, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(m->kernel, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(m->resident, BALLOOND_UNKNOWN);
	ck_assert(!m->asked);
}
END_TEST

START_TEST(without_policy_state_there_are_no_bytes)
{
	struct bed bed;

	bed_init(&bed);
	bed.history.state_size = 0;
	follow(&bed, "abc");
	ck_assert_ptr_null(history_state(&bed.history, 1, KEY, 1));
	ck_assert_ptr_null(history_rule_state(&bed.history, 0));
	for (size_t i = 0; i < sizeof(bed.states[1]); i++)
		ck_assert_uint_eq(bed.states[1][i], 0xa5);
}
END_TEST

START_TEST(state_is_kept_for_each_rule_that_a_guest_follows_in_turn)
{
	struct bed bed;
	uint8_t *state;

	bed_init(&bed);
	bed.history.n_gates = 2;
	bed.history.n_slots = 2;
	ck_assert_uint_le(history_row_size(&bed.history), ROW_MAX);
	follow(&bed, "abc");
	state = history_state(&bed.history, 1, 11, 1);
	memset(state, 1, STATE_SIZE);
	state = history_state(&bed.history, 1, 22, 2);
	ck_assert_uint_eq(state[0], 0);
	memset(state, 2, STATE_SIZE);
	follow(&bed, "bc");
	state = history_state(&bed.history, 0, 11, 3);
	ck_assert_uint_eq(state[STATE_SIZE - 1], 1);
	/* a third takes the place of the one that was not asked for longest */
	state = history_state(&bed.history, 0, 33, 4);
	ck_assert_uint_eq(state[0], 0);
	ck_assert_uint_eq(((uint8_t *)history_state(&bed.history, 0, 11, 5))[0], 1);
	ck_assert_uint_eq(((uint8_t *)history_state(&bed.history, 0, 22, 6))[0], 0);
	history_forget(&bed.history, 0, 11);
	ck_assert_uint_eq(((uint8_t *)history_state(&bed.history, 0, 11, 7))[0], 0);
}
END_TEST

START_TEST(a_gate_is_closed_until_its_own_rule_opens_it)
{
	const struct rule rule = { .key = 5, .gate = 1 }, other = { .key = 6, .gate = 1 };
	struct bed bed;

	bed_init(&bed);
	bed.history.n_gates = 2;
	follow(&bed, "ab");
	history_gate(&bed.history, 0, &rule)->open = true;
	follow(&bed, "a");
	ck_assert(history_gate(&bed.history, 0, &rule)->open);
	ck_assert(!history_gate(&bed.history, 0, &other)->open);
	ck_assert(!history_gate(&bed.history, 0, &rule)->open);
}
END_TEST

START_TEST(a_rate_is_between_two_readings_and_unknown_without_them)
{
	struct counter c = { BALLOOND_UNKNOWN, BALLOOND_UNKNOWN };

	counter_read(&c, 100, BALLOOND_SECOND);
	ck_assert_uint_eq(c.rate, BALLOOND_UNKNOWN);
	counter_read(&c, 600, 2 * BALLOOND_SECOND);
	ck_assert_uint_eq(c.rate, 250);
	counter_read(&c, BALLOOND_UNKNOWN, BALLOOND_SECOND);
	ck_assert_uint_eq(c.rate, BALLOOND_UNKNOWN);
	counter_read(&c, 700, BALLOOND_SECOND);
	ck_assert_uint_eq(c.rate, 100);
	counter_read(&c, 3, BALLOOND_SECOND); /* began anew */
	ck_assert_uint_eq(c.rate, BALLOOND_UNKNOWN);
	counter_read(&c, 4, 0);
	ck_assert_uint_eq(c.rate, BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(rule_state_is_kept_while_its_key_stays)
{
	struct rule rules[3] = { { .key = 10 }, { .key = 20 }, { .key = 30 } };
	struct config config = { .rules = rules, .n_rules = 3 };
	struct rule_memory memories[3] = { { 0 } };
	uint8_t states[3 * 8];
	struct history h = {
		.rules = memories,
		.rule_states = states,
		.max_rules = 3,
		.rule_state_size = 8,
	};

	memset(states, 0xa5, sizeof(states));
	history_follow_rules(&h, &config);
	for (size_t i = 0; i < sizeof(states); i++)
		ck_assert_uint_eq(states[i], 0);
	for (size_t i = 0; i < 3; i++) {
		memset(history_rule_state(&h, i), (int)i + 1, 8);
		h.rules[i].asked = 5;
	}
	history_follow_rules(&h, &config);
	ck_assert_uint_eq(states[23], 3);
	rules[1].key = 21; /* another policy, or its state's layout changed */
	history_follow_rules(&h, &config);
	ck_assert_uint_eq(states[7], 1);
	ck_assert_uint_eq(h.rules[0].asked, 5);
	ck_assert_uint_eq(states[8], 0);
	ck_assert_uint_eq(states[15], 0);
	ck_assert_uint_eq(h.rules[1].asked, 0);
	ck_assert_uint_eq(states[16], 3);
	config.n_rules = 1; /* and a rule that left and came back begins anew */
	history_follow_rules(&h, &config);
	config.n_rules = 3;
	history_follow_rules(&h, &config);
	ck_assert_uint_eq(states[0], 1);
	ck_assert_uint_eq(states[16], 0);
	ck_assert_uint_eq(h.rules[2].asked, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("history");
	TCase *tc = tcase_create("history");

	tcase_add_loop_test(tc, memory_and_state_follow_their_guest, 0,
			    sizeof(changes) / sizeof(changes[0]));
	tcase_add_test(tc, memory_and_state_follow_through_any_coming_and_going);
	tcase_add_test(tc, a_guest_that_left_and_came_back_is_new);
	tcase_add_test(tc, a_new_guest_is_adopted_at_the_size_that_it_has);
	tcase_add_test(tc, without_policy_state_there_are_no_bytes);
	tcase_add_test(tc, state_is_kept_for_each_rule_that_a_guest_follows_in_turn);
	tcase_add_test(tc, a_gate_is_closed_until_its_own_rule_opens_it);
	tcase_add_test(tc, a_rate_is_between_two_readings_and_unknown_without_them);
	tcase_add_test(tc, rule_state_is_kept_while_its_key_stays);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
