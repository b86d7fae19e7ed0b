/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The first look at one guest: its state with the reason, its flags. */

#include "balloond/core/judge.h"

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/judge-bed.h"

/* The facts are what the guest has besides being inspected and having a balloon. */
enum change {
	NOTHING,
	NOT_INSPECTED,
	NO_DEVICE,
	SIZE_UNKNOWN,
	JUST_BOOTED,
	SAMPLED_LATELY,
	SAMPLED_LONG_AGO,
	NEVER_SAMPLED,
	NO_RULE,
	STUCK,
	OLD,
	OLD_BY_PERIOD,
	OLD_WITHOUT_PERIOD,
	AGE_UNKNOWN,
	NEVER_REPORTED,
	PERIOD_KEPT,
	KEPT_BUT_REPORTS,
	NO_USABLE,
	NO_FIGURES,
	NO_FIGURES_AND_OLD,
	FUTILE,
	FUTILE_AND_STUCK,
	HELD,
	HELD_AND_LOW,
	ORDERED_AND_CRITICAL,
	EXCLUDED_AND_HELD,
	EXCLUDED_AND_STUCK,
	EXCLUDED_AND_PAUSED,
	ALL_PAUSED,
	ALL_PAUSED_AND_HELD,
	PAUSED_AND_GIVEN_BACK,
	GIVEN_BACK,
	HELD_AND_GIVEN_BACK,
	PAUSED_AND_OLD,
	DRY_ENTRY,
	NO_CONDITION_HOLDS,
	MOM_RUNS,
	VDSM_RUNS,
	KSMTUNED_RUNS,
	MOM_RUNS_ENTRY_FOLLOWS,
	MOM_RUNS_ENTRY_IGNORES,
	SET_SMALLER,
	SET_LARGER,
	SET_LONG_AGO,
	LARGER_AND_WATCHED,
	SET_AND_HELD,
	SET_AND_STUCK,
	CRASHED,
	SAMPLED_AFTER_A_CRASH,
	IMPOSSIBLE,
	UNTOUCHED,
	IMPOSSIBLE_AND_HELD,
};

static const struct state_test {
	uint32_t facts;
	enum change change;
	enum guest_state state;
	enum reason reason;
} states[] = {
	{ 0, NOTHING, STATE_MANAGED, REASON_POLICY },
	{ GUEST_CONTAINER, NOTHING, STATE_NO_BALLOON, REASON_CONTAINER },
	{ 0, NO_DEVICE, STATE_NO_BALLOON, REASON_NO_BALLOON },
	{ 0, NOT_INSPECTED, STATE_BUSY, REASON_NOT_INSPECTED },
	{ 0, SIZE_UNKNOWN, STATE_BUSY, REASON_NOT_INSPECTED },
	{ GUEST_DEVICES_PIN, NOTHING, STATE_INHIBITED, REASON_DEVICES_PIN },
	{ GUEST_CONFIDENTIAL, NOTHING, STATE_INHIBITED, REASON_CONFIDENTIAL },
	{ GUEST_HUGEPAGES, NOTHING, STATE_INHIBITED, REASON_HUGEPAGES },
	{ GUEST_LOCKED, NOTHING, STATE_INHIBITED, REASON_LOCKED },
	{ GUEST_HUGEPAGES | GUEST_PAUSED | GUEST_BUSY, STUCK, STATE_INHIBITED, REASON_HUGEPAGES },
	{ GUEST_OVIRT, NOTHING, STATE_OWNED, REASON_OWNED_OVIRT },
	{ GUEST_CLOUDSTACK | GUEST_PAUSED, NOTHING, STATE_OWNED, REASON_OWNED_CLOUDSTACK },
	{ GUEST_OVIRT | GUEST_LOCKED, NOTHING, STATE_INHIBITED, REASON_LOCKED },
	{ GUEST_OVIRT, MOM_RUNS_ENTRY_FOLLOWS, STATE_MANAGED, REASON_POLICY },
	{ 0, MOM_RUNS, STATE_OWNED, REASON_OWNED_MOM },
	{ 0, VDSM_RUNS, STATE_OWNED, REASON_OWNED_VDSM },
	{ 0, KSMTUNED_RUNS, STATE_MANAGED, REASON_POLICY },
	{ 0, MOM_RUNS_ENTRY_IGNORES, STATE_MANAGED, REASON_POLICY },
	{ GUEST_PAUSED, NOTHING, STATE_PAUSED, REASON_PAUSED },
	{ GUEST_PAUSED | GUEST_BUSY, JUST_BOOTED, STATE_PAUSED, REASON_PAUSED },
	{ GUEST_BUSY, JUST_BOOTED, STATE_BUSY, REASON_JOB },
	{ GUEST_BUSY | GUEST_SAVING, NOTHING, STATE_BUSY, REASON_SAVING },
	{ GUEST_BUSY | GUEST_MIGRATING, JUST_BOOTED, STATE_BUSY, REASON_MIGRATING },
	{ GUEST_BUSY | GUEST_SNAPSHOT, STUCK, STATE_BUSY, REASON_SNAPSHOT },
	{ GUEST_BUSY | GUEST_ARRIVED, NEVER_REPORTED, STATE_BUSY, REASON_ARRIVED },
	{ GUEST_BUSY | GUEST_MIGRATING | GUEST_ARRIVED, NOTHING, STATE_BUSY, REASON_MIGRATING },
	{ GUEST_BUSY | GUEST_MIGRATING | GUEST_HUNG, NOTHING, STATE_BUSY, REASON_HUNG },
	{ GUEST_ELASTIC, NOTHING, STATE_MANAGED, REASON_POLICY },
	{ GUEST_LOST, NOTHING, STATE_BUSY, REASON_LOST },
	{ GUEST_LOST | GUEST_HUNG, NOTHING, STATE_BUSY, REASON_LOST },
	{ GUEST_HUNG, NOTHING, STATE_BUSY, REASON_HUNG },
	{ GUEST_HUNG | GUEST_BUSY, STUCK, STATE_BUSY, REASON_HUNG },
	{ GUEST_HUNG, NOT_INSPECTED, STATE_BUSY, REASON_HUNG },
	{ 0, JUST_BOOTED, STATE_BOOTING, REASON_BOOTING },
	{ 0, SAMPLED_LATELY, STATE_BOOTING, REASON_BOOTING },
	{ 0, SAMPLED_LONG_AGO, STATE_MANAGED, REASON_POLICY },
	{ 0, NEVER_SAMPLED, STATE_BLIND, REASON_NEVER_REPORTED },
	{ 0, NO_RULE, STATE_OBSERVED, REASON_NO_RULE },
	{ GUEST_NO_STATS, NO_RULE, STATE_OBSERVED, REASON_NO_RULE },
	{ 0, STUCK, STATE_STUCK, REASON_STUCK },
	{ GUEST_NO_STATS, STUCK, STATE_STUCK, REASON_STUCK },
	{ 0, SET_SMALLER, STATE_FOREIGN, REASON_FOREIGN_SMALLER },
	{ 0, SET_LARGER, STATE_FOREIGN, REASON_FOREIGN_LARGER },
	{ 0, SET_LONG_AGO, STATE_MANAGED, REASON_POLICY },
	{ 0, LARGER_AND_WATCHED, STATE_FOREIGN, REASON_FOREIGN_WATCHED },
	{ 0, SET_AND_HELD, STATE_FOREIGN, REASON_FOREIGN_SMALLER },
	{ 0, SET_AND_STUCK, STATE_STUCK, REASON_STUCK },
	{ 0, OLD, STATE_STALE, REASON_STALE },
	{ 0, OLD_BY_PERIOD, STATE_STALE, REASON_STALE },
	{ 0, OLD_WITHOUT_PERIOD, STATE_STALE, REASON_STALE },
	{ 0, AGE_UNKNOWN, STATE_STALE, REASON_STALE },
	{ 0, NEVER_REPORTED, STATE_BLIND, REASON_NEVER_REPORTED },
	{ 0, NO_USABLE, STATE_BLIND, REASON_NEVER_REPORTED },
	{ 0, NO_FIGURES, STATE_BLIND, REASON_NO_SERVICE },
	{ 0, NO_FIGURES_AND_OLD, STATE_BLIND, REASON_NO_SERVICE },
	{ 0, FUTILE, STATE_FUTILE, REASON_FUTILE },
	{ GUEST_LOCKED, FUTILE, STATE_INHIBITED, REASON_LOCKED },
	{ 0, FUTILE_AND_STUCK, STATE_FUTILE, REASON_FUTILE },
	{ 0, PERIOD_KEPT, STATE_BLIND, REASON_PERIOD_KEPT },
	{ 0, KEPT_BUT_REPORTS, STATE_MANAGED, REASON_POLICY },
	{ 0, HELD, STATE_HELD, REASON_HELD_TENANT },
	{ GUEST_NO_STATS, HELD, STATE_HELD, REASON_HELD_TENANT },
	{ 0, HELD_AND_LOW, STATE_MANAGED, REASON_POLICY },
	{ 0, ORDERED_AND_CRITICAL, STATE_HELD, REASON_HELD_OPERATOR },
	{ GUEST_BUSY, ORDERED_AND_CRITICAL, STATE_BUSY, REASON_JOB },
	{ 0, EXCLUDED_AND_HELD, STATE_EXCLUDED, REASON_EXCLUDED },
	{ 0, EXCLUDED_AND_STUCK, STATE_EXCLUDED, REASON_EXCLUDED },
	{ 0, EXCLUDED_AND_PAUSED, STATE_EXCLUDED, REASON_EXCLUDED },
	{ GUEST_BUSY, EXCLUDED_AND_HELD, STATE_BUSY, REASON_JOB },
	{ 0, ALL_PAUSED, STATE_HELD, REASON_PAUSED_ALL },
	{ 0, ALL_PAUSED_AND_HELD, STATE_HELD, REASON_PAUSED_ALL },
	{ 0, PAUSED_AND_GIVEN_BACK, STATE_MANAGED, REASON_PAUSED_OPERATOR },
	{ 0, GIVEN_BACK, STATE_MANAGED, REASON_GIVEN_BACK },
	{ 0, HELD_AND_GIVEN_BACK, STATE_HELD, REASON_HELD_OPERATOR },
	{ 0, PAUSED_AND_OLD, STATE_STALE, REASON_STALE },
	{ 0, DRY_ENTRY, STATE_OBSERVED, REASON_ENTRY_DRY },
	{ 0, NO_CONDITION_HOLDS, STATE_MANAGED, REASON_NO_WHEN },
	{ GUEST_STATS_GATED, NOTHING, STATE_BLIND, REASON_STATS_GATED },
	{ GUEST_NO_STATS, NOTHING, STATE_BLIND, REASON_NO_STATS },
	{ 0, CRASHED, STATE_OBSERVED, REASON_CRASHED },
	{ 0, SAMPLED_AFTER_A_CRASH, STATE_BOOTING, REASON_BOOTING },
	{ 0, IMPOSSIBLE, STATE_DISTRUSTED, REASON_IMPOSSIBLE },
	{ 0, UNTOUCHED, STATE_DISTRUSTED, REASON_UNTOUCHED },
	{ GUEST_BUSY, IMPOSSIBLE, STATE_BUSY, REASON_JOB },
	{ 0, IMPOSSIBLE_AND_HELD, STATE_HELD, REASON_HELD_OPERATOR },
};

static void change_orders(struct bed *bed, enum change change)
{
	struct guest *g = &bed->guest;

	g->exclude.on = change == EXCLUDED_AND_HELD || change == EXCLUDED_AND_STUCK ||
			change == EXCLUDED_AND_PAUSED;
	g->hold.on = change == EXCLUDED_AND_HELD || change == ALL_PAUSED_AND_HELD ||
		     change == HELD_AND_GIVEN_BACK || change == ORDERED_AND_CRITICAL;
	g->pause.on = change == PAUSED_AND_GIVEN_BACK || change == PAUSED_AND_OLD;
	g->give_back.on = change == PAUSED_AND_GIVEN_BACK || change == GIVEN_BACK ||
			  change == HELD_AND_GIVEN_BACK;
	bed->paused = change == EXCLUDED_AND_PAUSED || change == ALL_PAUSED ||
		      change == ALL_PAUSED_AND_HELD;
	if (change == ORDERED_AND_CRITICAL)
		bed->level = BALLOOND_LEVEL_CRITICAL;
}

static void change_definition(struct bed *bed, enum change change)
{
	if (change == NOT_INSPECTED)
		bed->guest.facts &= ~(uint32_t)GUEST_INSPECTED;
	if (change == NO_DEVICE)
		bed->guest.facts &= ~(uint32_t)GUEST_BALLOON;
	if (change == SIZE_UNKNOWN)
		bed->guest.seen.actual = UNKNOWN;
	if (change == NO_RULE)
		bed->config.n_rules = 0;
	if (change == HELD || change == HELD_AND_LOW) {
		bed->config.tenants.allow = 1u << TENANT_HOLD;
		bed->guest.wish = (struct tenant_wish){ 1u << TENANT_HOLD, .hold = true };
		bed->level = change == HELD ? BALLOOND_LEVEL_TIGHT : BALLOOND_LEVEL_LOW;
	}
	bed->promise.dry_run = change == DRY_ENTRY;
	if (change == STUCK || change == EXCLUDED_AND_STUCK || change == FUTILE_AND_STUCK)
		bed->memory.no_shrink_until = NOW + 1;
	if (change == FUTILE || change == FUTILE_AND_STUCK)
		bed->memory.futile = NOW;
	if (change == JUST_BOOTED || change == SAMPLED_LATELY)
		bed->guest.booted = NOW - 60 * SECOND;
	if (change == SAMPLED_LATELY)
		bed->memory.boot_sampled = NOW - 29 * SECOND;
	if (change == SAMPLED_LONG_AGO) {
		bed->guest.booted = NOW - 60 * SECOND;
		bed->memory.boot_sampled = NOW - 30 * SECOND;
	}
}

static void change_past(struct memory *m, struct guest *g, enum change change)
{
	if (change == CRASHED)
		m->crash.gave_up = 1;
	if (change == SAMPLED_AFTER_A_CRASH) {
		g->booted = m->booted = m->crash.at = NOW - 100 * SECOND;
		m->boot_sampled = NOW - 59 * SECOND;
	}
	if (change == IMPOSSIBLE || change == UNTOUCHED || change == IMPOSSIBLE_AND_HELD)
		m->trust = (struct trust){ .lost = 1, .impossible = change != UNTOUCHED };
	g->hold.on |= change == IMPOSSIBLE_AND_HELD;
}

static void change_others(struct bed *bed, enum change change)
{
	struct foreign_memory *f = &bed->memory.foreign;

	if (change == VDSM_RUNS)
		bed->host_facts = HOST_VDSM | HOST_MOM; /* the one brings the other along */
	if (change == MOM_RUNS || change == MOM_RUNS_ENTRY_FOLLOWS ||
	    change == MOM_RUNS_ENTRY_IGNORES)
		bed->host_facts = HOST_MOM;
	if (change == KSMTUNED_RUNS)
		bed->host_facts = HOST_KSMTUNED;
	if (change == MOM_RUNS_ENTRY_FOLLOWS)
		bed->promise.foreign = FOREIGN_FOLLOW;
	if (change == MOM_RUNS_ENTRY_IGNORES)
		bed->promise.foreign = FOREIGN_IGNORE;
	if (change == SET_LONG_AGO)
		f->until = NOW;
	if (change == SET_SMALLER || change == SET_LARGER || change == SET_AND_HELD ||
	    change == SET_AND_STUCK)
		f->until = NOW + 1;
	f->is_smaller = change != SET_LARGER;
	if (change == LARGER_AND_WATCHED)
		f->watched = 4 * GiB;
	bed->guest.hold.on = bed->guest.hold.on || change == SET_AND_HELD;
	if (change == SET_AND_STUCK)
		bed->memory.no_shrink_until = NOW + 1;
}

static struct condition never = { METRIC_GUEST_USED, true, { AMOUNT_BYTES, UINT64_MAX - 1 } };

static void change_rule(struct bed *bed, enum change change)
{
	if (change == NO_CONDITION_HOLDS) {
		bed->rule.when = (struct when){ &never, 1, 0 };
		bed->config.n_gates = 1;
	}
}

static void change_statistics(struct bed *bed, enum change change)
{
	if (change == NEVER_SAMPLED)
		bed->guest.booted = NOW - 180 * SECOND;
	if (change == NEVER_REPORTED || change == PERIOD_KEPT || change == NEVER_SAMPLED)
		bed->guest.stamp = 0;
	if (change == PERIOD_KEPT || change == KEPT_BUT_REPORTS)
		bed->config.keep_stats_period = true;
	if (change == PERIOD_KEPT || change == KEPT_BUT_REPORTS || change == OLD_WITHOUT_PERIOD)
		bed->guest.period = 0;
	if (change == OLD || change == PAUSED_AND_OLD)
		bed->guest.seen.stats_age = 4 * SECOND + 1;
	if (change == OLD_BY_PERIOD) {
		bed->guest.period = 10 * SECOND;
		bed->guest.seen.stats_age = 31 * SECOND + 1;
	}
	if (change == OLD_WITHOUT_PERIOD)
		bed->guest.seen.stats_age = 181 * SECOND + 1;
	if (change == AGE_UNKNOWN)
		bed->guest.seen.stats_age = UNKNOWN;
	if (change == NO_USABLE || change == NO_FIGURES || change == NO_FIGURES_AND_OLD)
		bed->memory.used = UNKNOWN;
	if (change == NO_FIGURES || change == NO_FIGURES_AND_OLD)
		bed->guest.seen.total = UNKNOWN;
	if (change == NO_FIGURES_AND_OLD)
		bed->guest.seen.stats_age = 3600 * SECOND;
}

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

START_TEST(state_is_the_first_of_the_table_that_holds)
{
	const struct state_test *row = &states[_i];
	struct bed bed;

	bed_init(&bed);
	bed.guest.facts |= row->facts;
	change_orders(&bed, row->change);
	change_definition(&bed, row->change);
	change_others(&bed, row->change);
	change_rule(&bed, row->change);
	change_statistics(&bed, row->change);
	change_past(&bed.memory, &bed.guest, row->change);
	judge(&bed);
	ck_assert_msg(bed.verdict.state == row->state && bed.verdict.reason == row->reason,
		      "%s: %s", state_row(bed.verdict.state)->name,
		      reason_text(bed.verdict.reason));
}
END_TEST

START_TEST(every_state_has_a_test_and_every_reason_words)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		seen |= 1u << states[i].state;
	ck_assert_uint_eq(seen, (1u << STATE_MAX) - 1);
	for (enum guest_state s = 0; s < STATE_MAX; s++)
		ck_assert_uint_gt(strlen(state_row(s)->name), 0);
	for (enum reason r = 0; r < REASON_MAX; r++)
		ck_assert_uint_gt(strlen(reason_text(r)), 0);
	for (uint32_t level = BALLOOND_LEVEL_NORMAL; level <= BALLOOND_LEVEL_CRITICAL; level++)
		ck_assert_str_ne(level_name(level), "unknown");
	ck_assert_str_eq(level_name(BALLOOND_LEVEL_CRITICAL + 1), "unknown");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("judge");
	TCase *tc = tcase_create("judge");

	tcase_add_loop_test(tc, state_is_the_first_of_the_table_that_holds, 0, N(states));
	tcase_add_test(tc, every_state_has_a_test_and_every_reason_words);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
