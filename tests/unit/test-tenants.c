/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a domain's metadata may change, within what tenants: opens, and what its guests: entry keeps
 * to the operator. */

#include "balloond/core/judge.h"

#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

#define BIT(key) (1u << TENANT_##key)
#define ALL ((1u << TENANT_KEYS) - 1)

/* One managed guest of 4 GiB whose kernel needs 520 MiB; what it is promised is up to the test. */
static const struct verdict *scene_tenant(struct scene *s)
{
	scene_init(s);
	s->config.tenants = (struct tenants){
		.allow = ALL,
		.min_at_most = { AMOUNT_PERMILLE, 500 },
		.shares_at_most = 2000,
		.priority_at_most = 5,
	};
	scene_add(s, "g00", 4 * GiB, 256 * MiB);
	return scene_verdict(s, 0);
}

static const struct min_row {
	struct amount promised, wish; /* of 4 GiB */
	uint64_t floor;               /* MiB */
	bool is_cut;
} min_rows[] = {
	{ { AMOUNT_KERNEL, 0 }, { AMOUNT_PERMILLE, 400 }, 1638, false },
	{ { AMOUNT_KERNEL, 0 }, { AMOUNT_PERMILLE, 500 }, 2048, false },
	{ { AMOUNT_KERNEL, 0 }, { AMOUNT_PERMILLE, 501 }, 2048, true },
	{ { AMOUNT_KERNEL, 0 }, { AMOUNT_PERMILLE, 1000 }, 2048, true },
	{ { AMOUNT_KERNEL, 0 }, { AMOUNT_BYTES, 1024 * MiB }, 1024, false },
	{ { AMOUNT_KERNEL, 0 }, { AMOUNT_BYTES, 9999 * MiB }, 2048, true },
	/* Its operator gives it more than tenants may ask for: that stands. */
	{ { AMOUNT_PERMILLE, 750 }, { AMOUNT_PERMILLE, 750 }, 3072, false },
	{ { AMOUNT_PERMILLE, 750 }, { AMOUNT_PERMILLE, 900 }, 3072, true },
	{ { AMOUNT_AUTO, 0 }, { AMOUNT_PERMILLE, 900 }, 2048, true },
	/* It may ask for less than it was promised, never for less than its kernel needs. */
	{ { AMOUNT_PERMILLE, 750 }, { AMOUNT_PERMILLE, 300 }, 1228, false },
	{ { AMOUNT_PERMILLE, 750 }, { AMOUNT_PERMILLE, 10 }, 518, false },
	{ { AMOUNT_PERMILLE, 750 }, { AMOUNT_KERNEL, 0 }, 518, false },
};

START_TEST(a_tenant_moves_its_min_within_what_is_open)
{
	const struct min_row *row = &min_rows[_i];
	struct scene s;
	const struct verdict *v = scene_tenant(&s);

	s.promise.min = row->promised;
	s.guests[0].wish = (struct tenant_wish){ .given = BIT(MIN), .min = row->wish };
	scene_run(&s, 5);
	ck_assert_uint_eq(v->guest.floor / MiB, row->floor);
	ck_assert_uint_eq(v->tenant_taken, BIT(MIN));
	ck_assert_uint_eq(v->tenant_refused, row->is_cut ? BIT(MIN) : 0);
	/* And what is not open changes nothing. */
	s.config.tenants.allow &= ~BIT(MIN);
	s.promise.min = (struct amount){ AMOUNT_PERMILLE, 250 };
	scene_run(&s, 1);
	ck_assert_uint_eq(v->guest.floor, 1 * GiB);
	ck_assert_uint_eq(v->tenant_taken, 0);
	ck_assert_uint_eq(v->tenant_refused, BIT(MIN));
}
END_TEST

static const struct {
	uint32_t promised, wish, shares;
} shares_rows[] = {
	{ 1000, 1, 1 },       { 1000, 2000, 2000 }, { 1000, 2001, 2000 },
	{ 5000, 3000, 3000 }, { 5000, 5000, 5000 }, { 5000, 1000000, 5000 },
};

START_TEST(a_tenant_moves_its_shares_within_what_is_open)
{
	struct scene s;
	const struct verdict *v = scene_tenant(&s);

	s.promise.shares = shares_rows[_i].promised;
	s.guests[0].wish.given = BIT(SHARES);
	s.guests[0].wish.shares = shares_rows[_i].wish;
	scene_run(&s, 1);
	ck_assert_uint_eq(v->guest.shares, shares_rows[_i].shares);
	ck_assert_uint_eq(v->tenant_taken, BIT(SHARES));
	ck_assert_uint_eq(v->tenant_refused,
			  shares_rows[_i].wish > shares_rows[_i].shares ? BIT(SHARES) : 0);
	s.config.tenants.allow = 0;
	scene_run(&s, 1);
	ck_assert_uint_eq(v->guest.shares, shares_rows[_i].promised);
	ck_assert_uint_eq(v->tenant_refused, BIT(SHARES));
}
END_TEST

static const struct {
	int32_t promised, wish, priority;
} priority_rows[] = {
	{ 0, -3, -3 }, { 0, 5, 5 }, { 0, 6, 5 }, { 9, 9, 9 }, { 9, 10, 9 }, { -9, 2, 2 },
};

START_TEST(a_tenant_moves_its_priority_within_what_is_open)
{
	struct scene s;
	const struct verdict *v = scene_tenant(&s);

	s.promise.priority = priority_rows[_i].promised;
	s.guests[0].wish.given = BIT(PRIORITY);
	s.guests[0].wish.priority = priority_rows[_i].wish;
	scene_run(&s, 1);
	ck_assert_int_eq(v->guest.priority, priority_rows[_i].priority);
	ck_assert_uint_eq(v->tenant_taken, BIT(PRIORITY));
	ck_assert_uint_eq(v->tenant_refused,
			  priority_rows[_i].wish > priority_rows[_i].priority ? BIT(PRIORITY) : 0);
	s.config.tenants.allow = 0;
	scene_run(&s, 1);
	ck_assert_int_eq(v->guest.priority, priority_rows[_i].promised);
}
END_TEST

START_TEST(what_metadata_says_is_taken_or_refused_key_by_key)
{
	const uint32_t key = 1u << _i;
	struct rule rules[1];
	struct scene s;
	const struct verdict *v = scene_tenant(&s);

	rules[0] = (struct rule){ .policy = &scene_policy, .key = 77 };
	s.config.tenants.rules = rules;
	s.config.tenants.n_rules = 1;
	s.guests[0].wish = (struct tenant_wish){ .given = key, .policy = "scene", .shares = 1 };
	scene_run(&s, 1);
	ck_assert_uint_eq(v->tenant_taken, key);
	ck_assert_uint_eq(v->tenant_refused, 0);
	s.config.tenants.allow = ALL & ~key;
	scene_run(&s, 1);
	ck_assert_uint_eq(v->tenant_taken, 0);
	ck_assert_uint_eq(v->tenant_refused, key);
	/* Said, and not understood. */
	s.config.tenants.allow = ALL;
	s.guests[0].wish = (struct tenant_wish){ .unclear = key };
	scene_run(&s, 1);
	ck_assert_uint_eq(v->tenant_taken, 0);
	ck_assert_uint_eq(v->tenant_refused, key);
}
END_TEST

/* Which rule a guest with a policy of its own follows. */
static const struct {
	const char *what, *policy;
	uint32_t allow;
	bool is_matched, applies, is_taken;
} policy_rows[] = {
	{ "one that is open", "scene", ALL, true, true, true },
	{ "one that is not known", "scenery", ALL, true, true, false },
	{ "none are open", "scene", ALL & ~BIT(POLICY), true, true, false },
	{ "conditions of no rule hold", "scene", ALL, true, false, false },
	{ "no rule means it", "scene", ALL, false, false, false },
};

START_TEST(a_tenant_chooses_among_the_policies_that_are_open)
{
	struct condition never = { METRIC_HOST_LEVEL, true, { AMOUNT_BYTES, 3 } };
	struct rule rules[1];
	struct scene s;
	const struct verdict *v = scene_tenant(&s);

	rules[0] = (struct rule){ .policy = &scene_policy, .key = 77 };
	s.config.tenants.rules = rules;
	s.config.tenants.n_rules = 1;
	s.config.tenants.allow = policy_rows[_i].allow;
	s.config.n_rules = policy_rows[_i].is_matched ? 1 : 0;
	if (!policy_rows[_i].applies)
		s.rule.when = (struct when){ &never, 1, 0 };
	s.guests[0].wish.given = BIT(POLICY);
	strcpy(s.guests[0].wish.policy, policy_rows[_i].policy);
	scene_run(&s, 1);
	if (policy_rows[_i].is_taken)
		ck_assert_ptr_eq(v->rule, &rules[0]);
	else
		ck_assert_ptr_eq(v->rule, policy_rows[_i].applies ? &s.rule : NULL);
	ck_assert_uint_eq(v->tenant_taken, policy_rows[_i].is_taken ? BIT(POLICY) : 0);
	ck_assert_uint_eq(v->tenant_refused, policy_rows[_i].is_taken ? 0 : BIT(POLICY));
	ck_assert_int_eq(v->matched, policy_rows[_i].is_matched);
}
END_TEST

START_TEST(a_tenants_hold_fixes_the_size_until_the_host_is_low)
{
	struct scene s;
	const struct verdict *v = scene_tenant(&s);

	s.guests[0].wish = (struct tenant_wish){ .given = BIT(HOLD), .hold = true };
	s.guests[0].seen.actual = 2 * GiB;
	scene_proposal[0] = 1 * GiB;
	scene_run(&s, 10);
	ck_assert_int_eq(v->state, STATE_HELD);
	ck_assert_int_eq(v->reason, REASON_HELD_TENANT);
	ck_assert(v->arm); /* its figures are wanted once it is not held any more */
	scene_proposal[0] = 4 * GiB;
	scene_run(&s, 10);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
	ck_assert_uint_eq(v->wanted, 2 * GiB); /* nothing is set aside for it either */
	/* Tight is not enough. */
	scene_proposal[0] = 1 * GiB;
	s.host_other = 16 * GiB - 2 * GiB - 64 * MiB - 900 * MiB;
	scene_run(&s, 10);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_TIGHT);
	ck_assert_int_eq(v->state, STATE_HELD);
	s.host_other += 700 * MiB;
	scene_run(&s, 1);
	ck_assert_uint_eq(s.plan.account.level, BALLOOND_LEVEL_LOW);
	scene_run(&s, 1);
	ck_assert_int_eq(v->state, STATE_MANAGED);
	ck_assert_uint_eq(v->tenant_taken & v->tenant_refused, BIT(HOLD));
	ck_assert_uint_eq(v->target, 1 * GiB);
	/* That was enough: it is held at what it has. */
	scene_run(&s, 2);
	ck_assert_int_eq(v->state, STATE_HELD);
	ck_assert_uint_eq(v->tenant_refused, 0);
	ck_assert_uint_eq(s.guests[0].seen.actual, 1 * GiB);
}
END_TEST

START_TEST(a_tenant_that_lets_go_is_managed)
{
	struct scene s;
	const struct verdict *v = scene_tenant(&s);

	s.guests[0].wish = (struct tenant_wish){ .given = BIT(HOLD), .hold = false };
	scene_run(&s, 2);
	ck_assert_int_eq(v->state, STATE_MANAGED);
	s.guests[0].wish.hold = true;
	s.config.tenants.allow = 0;
	scene_run(&s, 2);
	ck_assert_int_eq(v->state, STATE_MANAGED);
	ck_assert_uint_eq(v->tenant_refused, BIT(HOLD));
}
END_TEST

START_TEST(metadata_is_taken_whatever_state_the_guest_is_in)
{
	static const uint32_t facts[] = { GUEST_PAUSED, GUEST_BUSY, GUEST_HUGEPAGES,
					  GUEST_NO_STATS };
	struct scene s;
	const struct verdict *v = scene_tenant(&s);

	s.guests[0].facts |= facts[_i];
	s.guests[0].wish = (struct tenant_wish){
		.given = BIT(HOLD) | BIT(MIN) | BIT(TAG),
		.min = { AMOUNT_PERMILLE, 250 },
		.hold = true,
	};
	scene_run(&s, 2);
	ck_assert_uint_eq(v->tenant_taken, BIT(HOLD) | BIT(MIN) | BIT(TAG));
	ck_assert_uint_eq(v->tenant_refused, 0);
	ck_assert_uint_eq(v->guest.floor, 1 * GiB);
}
END_TEST

/* What would otherwise move a guest: its policy, its boot, a cry for help, a short host. */
static void provoke(struct scene *s, int what)
{
	struct guest *g = &s->guests[0];

	g->seen.actual = 2 * GiB;
	scene_proposal[0] = what % 2 ? 1 * GiB : 3 * GiB;
	scene_run(s, 10);
	if (what == 2)
		g->booted = s->snapshot.now;
	if (what == 3) {
		g->facts |= GUEST_AUTODEFLATE;
		s->real[0].stuck = true;
		g->seen.actual = 2 * GiB + 200 * MiB;
	}
	if (what == 4)
		s->host_other = 14 * GiB;
}

START_TEST(a_guest_whose_entry_is_a_dry_run_is_never_touched)
{
	unsigned steps[2] = { 0 };
	struct scene s;
	const struct verdict *v;

	/* Without the dry run each of this moves it. */
	for (unsigned dry = 0; dry < 2; dry++) {
		v = scene_tenant(&s);
		s.promise.dry_run = dry;
		provoke(&s, _i);
		for (unsigned i = 0; i < 10; i++) {
			scene_tick(&s, SECOND);
			steps[dry] += (unsigned)s.plan.n_steps;
		}
		if (_i < 2)
			steps[dry] += s.guests[0].seen.actual != 2 * GiB;
	}
	ck_assert_uint_gt(steps[0], 0);
	ck_assert_uint_eq(steps[1], 0);
	ck_assert(!v->arm);
	ck_assert(!v->asked);
	ck_assert_uint_eq(v->guest.flags & (BALLOOND_GUEST_MAY_GROW | BALLOOND_GUEST_MAY_SHRINK),
			  0);
	if (_i != 2) {
		ck_assert_int_eq(v->state, STATE_OBSERVED);
		ck_assert_int_eq(v->reason, REASON_ENTRY_DRY);
	}
	ck_assert_uint_ge(v->guest.charge, 2 * GiB); /* but it is charged like the others */
}
END_TEST

START_TEST(a_policy_hears_who_is_expendable)
{
	struct scene s;
	const struct verdict *v = scene_tenant(&s);

	scene_run(&s, 1);
	ck_assert(!(v->guest.flags & BALLOOND_GUEST_EXPENDABLE));
	s.promise.expendable = true;
	scene_run(&s, 1);
	ck_assert(v->guest.flags & BALLOOND_GUEST_EXPENDABLE);
	s.config.n_promises = 0;
	scene_run(&s, 1);
	ck_assert(!(v->guest.flags & BALLOOND_GUEST_EXPENDABLE));
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("tenants");
	TCase *tc = tcase_create("tenants");

	tcase_add_loop_test(tc, a_tenant_moves_its_min_within_what_is_open, 0, N(min_rows));
	tcase_add_loop_test(tc, a_tenant_moves_its_shares_within_what_is_open, 0, N(shares_rows));
	tcase_add_loop_test(tc, a_tenant_moves_its_priority_within_what_is_open, 0,
			    N(priority_rows));
	tcase_add_loop_test(tc, what_metadata_says_is_taken_or_refused_key_by_key, 0, TENANT_KEYS);
	tcase_add_loop_test(tc, a_tenant_chooses_among_the_policies_that_are_open, 0,
			    N(policy_rows));
	tcase_add_test(tc, a_tenants_hold_fixes_the_size_until_the_host_is_low);
	tcase_add_test(tc, a_tenant_that_lets_go_is_managed);
	tcase_add_loop_test(tc, metadata_is_taken_whatever_state_the_guest_is_in, 0, 4);
	tcase_add_loop_test(tc, a_guest_whose_entry_is_a_dry_run_is_never_touched, 0, 5);
	tcase_add_test(tc, a_policy_hears_who_is_expendable);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
