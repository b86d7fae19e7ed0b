/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every state and every way into it: what the planner really does to such a guest over a while,
 * next to a managed one under pressure, and what is said of it. */

#include "balloond/core/state.h"

#include <string.h>

#include "balloond/core/published.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"
#include "tests/unit/state-rows.h"

/* g00 is in the state; g01 needs more than it has. */
struct bed {
	struct scene scene;
	struct rule rules[2];
	struct condition never;
	char *patterns[2][1];
};

static void bed_init(struct bed *bed)
{
	struct scene *s = &bed->scene;

	memset(bed, 0, sizeof(*bed));
	scene_init(s);
	for (size_t i = 0; i < 2; i++) {
		bed->patterns[i][0] = (char *)(uintptr_t)(i ? "g01" : "g00");
		bed->rules[i] = scene_rule(s, "rule", &scene_policy, i + 1);
		bed->rules[i].match.texts[MATCH_NAME].items = bed->patterns[i];
	}
	bed->never = (struct condition){ METRIC_HOST_PRESSURE, true, { AMOUNT_BYTES, 999 } };
	s->config.rules = bed->rules;
	s->config.n_rules = 2;
	s->config.tenants.allow = 1u << TENANT_HOLD;
	scene_add(s, "g00", 4 * GiB, 512 * MiB);
	scene_add(s, "g01", 4 * GiB, 3 * GiB);
	s->guests[0].seen.actual = s->guests[1].seen.actual = 2 * GiB;
	scene_proposal[1] = 4 * GiB;
}

/* What has to be so from the beginning. */
static void begin(struct bed *bed, const struct row *row)
{
	struct scene *s = &bed->scene;
	struct guest *g = &s->guests[0];
	bool is_silent = row->way >= NEVER_SPOKE && row->way <= PERIOD_KEPT;

	g->facts |= row->facts;
	if (row->way == NOT_INSPECTED)
		g->facts &= ~(uint32_t)GUEST_INSPECTED;
	if (row->way == NO_DEVICE)
		g->facts &= ~(uint32_t)GUEST_BALLOON;
	if (row->way == NO_RULE)
		bed->rules[0].match.texts[MATCH_NAME].items = bed->patterns[1];
	if (row->way == NO_CONDITION_HOLDS)
		bed->rules[0].when = (struct when){ &bed->never, 1, 0 };
	if (row->way == HELD)
		g->wish = (struct tenant_wish){ .given = 1u << TENANT_HOLD, .hold = true };
	g->hold.on = row->way == HELD_BY_ORDER;
	g->exclude.on = row->way == EXCLUDED_BY_ORDER;
	g->pause.on = row->way == PAUSED_BY_ORDER;
	s->snapshot.host.pause.on = row->way == PAUSED_WITH_ALL;
	s->promise.dry_run = row->way == DRY_ENTRY;
	s->promise.min_is_set = row->way == NEVER_SPOKE_BUT_HAS_MIN ||
				row->way == SAYS_NONSENSE_BUT_HAS_MIN;
	if (s->promise.min_is_set)
		s->promise.min = (struct amount){ AMOUNT_BYTES, 1 };
	s->real[0].silent = is_silent;
	g->stamp = row->way == NO_SERVICE; /* its driver's own, once */
	s->real[0].touched = 0;            /* what the host sees of it is less than its size */
	if (row->way == MOM_RUNS || row->way == VDSM_RUNS)
		s->snapshot.host.facts = row->way == MOM_RUNS ? HOST_MOM : HOST_VDSM;
	if (row->way == SET_SMALLER)
		s->guests[0].seen.actual = 2200 * MiB;
	if (row->way == SET_LARGER)
		s->guests[0].seen.actual = 1800 * MiB;
	s->config.foreign_quiet = 60 * SECOND;
	if (row->way == PERIOD_KEPT) {
		s->config.keep_stats_period = true;
		g->period = 0;
	}
}

/* What has to happen to it. */
static void enter(struct bed *bed, const struct row *row)
{
	struct scene *s = &bed->scene;

	scene_run(s, 3);
	if (row->way == BOOTS)
		s->guests[0].booted = s->snapshot.now;
	if (row->way == FELL_SILENT || row->way == FELL_SILENT_STARVING) {
		s->real[0].silent = true;
		scene_run(s, 6);
		s->history.guests[0].starved = row->way == FELL_SILENT_STARVING;
	}
	if (row->way >= SAYS_NONSENSE)
		s->history.guests[0].trust = (struct trust){
			.doubts = 3,
			.doubted = s->snapshot.now,
			.impossible = row->way != SAYS_TOO_MUCH,
			.lost = s->snapshot.now,
			.kept = 2 * GiB,
		};
	if (row->way == CRASHED_TWICE)
		s->history.guests[0].crash.gave_up = s->snapshot.now;
	if (row->way == STUCK) {
		s->real[0].stuck = true;
		scene_proposal[0] = 1 * GiB;
		scene_run(s, 14);
	}
	if (row->way == NO_GAIN)
		s->history.guests[0].futile = s->snapshot.now;
	scene_proposal[0] = 0;
	if (row->way == SET_SMALLER || row->way == SET_LARGER) {
		scene_run(s, 12);
		s->guests[0].seen.actual = 2 * GiB;
		s->real[0].stuck = true; /* the target is not balloond's */
		scene_run(s, 5);
		s->real[0].stuck = false;
	}
}

static uint64_t charge_of(const struct row *row, const struct verdict *v)
{
	switch (row->charge) {
	case ITS_SIZE:
		return balloond_max(v->guest.target, v->guest.actual) + v->overhead;
	case ITS_CEILING:
		return 4 * GiB + v->overhead;
	case WHAT_IS_SEEN:
		return balloond_max(balloond_max(v->guest.target, v->guest.actual) + v->overhead,
				    v->guest.resident + 256 * MiB);
	case ITS_USE:
		return v->guest.resident;
	case NOTHING:
		break;
	}
	return 0;
}

static const char *told_of(const struct scene *s)
{
	static struct published_guest guests[SCENE_MAX];
	struct published p = { .guests = guests, .max_guests = SCENE_MAX };

	published_fill(&p, &s->snapshot, &s->plan);
	return p.guests[0].reason;
}

/* Thirty ticks; returns the smallest and the largest size that it was asked to have. */
static void live_on(struct bed *bed, const struct row *row, uint64_t *least, uint64_t *most)
{
	struct scene *s = &bed->scene;
	const struct verdict *v = scene_verdict(s, 0);

	*least = *most = s->history.guests[0].target;
	for (unsigned tick = 0; tick < 30; tick++) {
		scene_tick(s, SECOND / 2);
		ck_assert_msg(v->state == row->state, "%s: %s", row->says,
			      state_row(v->state)->name);
		ck_assert_msg(v->guest.charge == charge_of(row, v), "%s: charged %llu", row->says,
			      (unsigned long long)v->guest.charge);
		*least = balloond_min(*least, v->target);
		*most = balloond_max(*most, v->target);
	}
	/* The table promises what was seen, but for a blind guest without a min of its own, for
	 * what is at its ceiling, and for what nobody proposes or somebody paused. */
	if (row->way != NO_CONDITION_HOLDS && row->way != SET_SMALLER)
		ck_assert_int_eq(state_row(row->state)->may_grow, row->grows);
	if (row->way != NO_CONDITION_HOLDS && row->way != PAUSED_BY_ORDER &&
	    row->state != STATE_BLIND && row->state != STATE_DISTRUSTED)
		ck_assert_int_eq(state_row(row->state)->may_shrink, row->shrinks);
}

START_TEST(a_guest_grows_only_where_its_state_lets_it)
{
	const struct row *row = &rows[_i];
	uint64_t least, most;
	struct bed bed;

	bed_init(&bed);
	bed.scene.config.host.pool.value = 14 * GiB; /* there is room for all */
	begin(&bed, row);
	enter(&bed, row);
	scene_proposal[0] = 3 * GiB;
	live_on(&bed, row, &least, &most);
	ck_assert_msg((most > 2 * GiB) == row->grows, "%s: %llu", row->says,
		      (unsigned long long)(most / MiB));
	ck_assert_uint_eq(least, 2 * GiB);
	ck_assert_str_eq(told_of(&bed.scene), row->says);
}
END_TEST

START_TEST(a_guest_shrinks_only_where_its_state_lets_it)
{
	const struct row *row = &rows[_i];
	uint64_t least, most;
	struct bed bed;

	bed_init(&bed);
	begin(&bed, row);
	enter(&bed, row);
	/* The pool is full, and the neighbour has not got what it needs. */
	if (row->state != STATE_BOOTING)
		bed.scene.config.host.pool.value = bed.scene.plan.account.charged;
	scene_proposal[0] = 1 * GiB;
	live_on(&bed, row, &least, &most);
	ck_assert_msg((least < 2 * GiB) == row->shrinks, "%s: %llu", row->says,
		      (unsigned long long)(least / MiB));
	/* Nobody proposes anything for whom nobody believes: it pays for claims alone. */
	if (row->shrinks && row->state != STATE_DISTRUSTED)
		ck_assert_uint_le(least, 1 * GiB + 8 * MiB);
	if (row->state != STATE_BOOTING)
		ck_assert_uint_eq(most, 2 * GiB);
	ck_assert_str_eq(told_of(&bed.scene), row->says);
}
END_TEST

/* Nobody is relieved at the cost of a guest that may not give: its neighbour gets what it gives. */
START_TEST(a_neighbour_gets_what_the_state_lets_it_have)
{
	const struct row *row = &rows[_i];
	uint64_t least, most, had;
	struct bed bed;

	/* For whom nobody speaks claims what it has, and that yields to what others use. */
	if ((row->charge != ITS_SIZE && row->charge != WHAT_IS_SEEN) ||
	    row->way == NO_CONDITION_HOLDS)
		return;
	bed_init(&bed);
	begin(&bed, row);
	scene_proposal[1] = 2 * GiB;
	bed.scene.real[1].need = 1 * GiB;
	enter(&bed, row);
	bed.scene.config.host.pool.value = bed.scene.plan.account.charged;
	had = bed.scene.guests[1].seen.actual;
	scene_proposal[0] = 1 * GiB;
	scene_proposal[1] = 4 * GiB;
	bed.scene.real[1].need = 4 * GiB;
	live_on(&bed, row, &least, &most);
	/* Overheads that are learned meanwhile are a little to share. */
	if (row->shrinks)
		ck_assert_uint_ge(bed.scene.guests[1].seen.actual, had + 900 * MiB);
	else
		ck_assert_uint_le(bed.scene.guests[1].seen.actual, had + 100 * MiB);
}
END_TEST

START_TEST(every_state_and_every_reason_for_one_has_its_row)
{
	uint32_t states = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		states |= 1u << rows[i].state;
	ck_assert_uint_eq(states, (1u << STATE_MAX) - 1);
	/* The first reasons are those of states. */
	for (enum reason reason = 0; reason < REASON_TOOK_BACK; reason++) {
		size_t i = 0;

		while (i < sizeof(rows) / sizeof(rows[0]) &&
		       strcmp(rows[i].says, reason_text(reason)) != 0)
			i++;
		ck_assert_msg(i < sizeof(rows) / sizeof(rows[0]), "%s", reason_text(reason));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tc = tcase_create("state");
	int n = sizeof(rows) / sizeof(rows[0]);

	tcase_add_loop_test(tc, a_guest_grows_only_where_its_state_lets_it, 0, n);
	tcase_add_loop_test(tc, a_guest_shrinks_only_where_its_state_lets_it, 0, n);
	tcase_add_loop_test(tc, a_neighbour_gets_what_the_state_lets_it_have, 0, n);
	tcase_add_test(tc, every_state_and_every_reason_for_one_has_its_row);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
