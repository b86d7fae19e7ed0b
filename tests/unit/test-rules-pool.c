/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory between rules: what each may count on, and that the order of rules decides who follows
 * which, never who gets how much. */

#include "balloond/core/rules.h"

#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/chaos.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"
#include "tests/unit/scene.h"

static uint64_t capacity[2];

static void propose_noting(const struct balloond_view *view, const void *params,
			   void *const states[], struct balloond_target targets[])
{
	const size_t *rule = params;

	capacity[*rule] = view->capacity;
	scene_policy.propose(view, NULL, states, targets);
}

static const struct balloond_policy noting = { .name = "noting", .propose = propose_noting };

/* Two rules: one for g00 to g04, one for g05 to g09. */
struct bed {
	struct scene scene;
	struct rule rules[2];
	struct promise promises[2];
	size_t numbers[2];
	char *patterns[2][1];
};

static void bed_init(struct bed *bed, const struct balloond_policy *first,
		     const struct balloond_policy *second, bool is_swapped)
{
	const struct balloond_policy *const policies[] = { first, second };
	static const char *const patterns[] = { "g0[0-4]", "g0[5-9]" };

	memset(bed, 0, sizeof(*bed));
	scene_init(&bed->scene);
	for (size_t i = 0; i < 2; i++) {
		size_t at = is_swapped ? 1 - i : i;

		bed->numbers[i] = i;
		bed->patterns[i][0] = (char *)(uintptr_t)patterns[i];
		bed->rules[at] = scene_rule(&bed->scene, "rule", policies[i], i + 1);
		bed->rules[at].match.texts[MATCH_NAME].items = bed->patterns[i];
		bed->rules[at].params = &bed->numbers[i];
		bed->promises[at] = bed->scene.promise;
		bed->promises[at].match = bed->rules[at].match;
	}
	bed->scene.config.rules = bed->rules;
	bed->scene.config.n_rules = 2;
}

/* One guest under each rule: g00 and g05. */
static void one_each(struct bed *bed, uint64_t ceiling, uint64_t need)
{
	scene_add(&bed->scene, "g00", ceiling, need);
	scene_add(&bed->scene, "g05", ceiling, need);
}

START_TEST(a_rule_may_count_on_what_others_do_not_need)
{
	struct bed bed;
	struct scene *s = &bed.scene;
	static const char *const names[] = { "g00", "g01", "g05", "g06", "g10", "g02" };
	uint64_t claims[6], others;

	bed_init(&bed, &noting, &noting, _i);
	for (size_t i = 0; i < 6; i++) {
		scene_add(s, names[i], 1 * GiB, 128 * MiB);
		s->real[i].touched = 512 * MiB;
	}
	s->guests[5].facts |= GUEST_PAUSED; /* of the first rule, and nothing moves it now */
	scene_proposal[0] = scene_proposal[1] = 900 * MiB;
	scene_proposal[5] = 800 * MiB;
	scene_claim[5] = 700 * MiB;
	scene_proposal[6] = 600 * MiB;
	scene_claim[6] = 1 * MiB; /* less than its floor */
	for (unsigned tick = 0; tick < 10; tick++) {
		for (size_t i = 0; i < 6 && tick > 0; i++)
			claims[i] = s->history.guests[i].claim;
		scene_tick(s, SECOND);
		if (tick == 0)
			continue;
		/* g10 is nobody's, g02 is paused: all that they are charged. */
		others = scene_verdict(s, 4)->guest.charge + scene_verdict(s, 5)->guest.charge;
		ck_assert_uint_eq(capacity[0],
				  8 * GiB - others - claims[2] - scene_verdict(s, 3)->guest.floor);
		ck_assert_uint_eq(capacity[1], 8 * GiB - others - claims[0] - claims[1]);
	}
	ck_assert_uint_eq(claims[2], 700 * MiB);
	ck_assert_ptr_null(scene_verdict(s, 4)->rule);
	ck_assert_ptr_nonnull(scene_verdict(s, 5)->rule);
}
END_TEST

START_TEST(what_is_lent_goes_first_whichever_rule_lent_it)
{
	struct bed bed;
	struct scene *s = &bed.scene;

	bed_init(&bed, &noting, &noting, _i);
	s->config.host.pool.value = 4 * GiB;
	one_each(&bed, 3 * GiB, 512 * MiB);
	scene_proposal[0] = scene_proposal[5] = 3 * GiB;
	scene_claim[0] = 2800 * MiB; /* needs nearly all of it */
	scene_claim[5] = 600 * MiB;
	scene_run(s, 60);
	ck_assert_uint_ge(s->guests[0].seen.actual, 2800 * MiB);
	ck_assert_uint_lt(s->guests[1].seen.actual, 1200 * MiB);
	ck_assert_int_eq(scene_verdict(s, 1)->reason, REASON_POOL_SHORT);
}
END_TEST

START_TEST(claims_are_cut_by_shares_over_the_guests_of_all_rules)
{
	struct bed bed;
	struct scene *s = &bed.scene;
	uint64_t a, b;

	bed_init(&bed, &noting, &noting, _i);
	s->config.promises = bed.promises;
	s->config.n_promises = 2;
	bed.promises[_i ? 1 : 0].shares = 3000;
	s->config.host.pool.value = 5 * GiB;
	one_each(&bed, 4 * GiB, 256 * MiB);
	scene_proposal[0] = scene_proposal[5] = 4 * GiB;
	scene_run(s, 120);
	a = scene_verdict(s, 0)->guest.charge;
	b = scene_verdict(s, 1)->guest.charge;
	ck_assert_uint_le(a + b, 5 * GiB);
	ck_assert_uint_ge(a, 3 * b - 128 * MiB);
	ck_assert_uint_le(a, 3 * b + 128 * MiB);
}
END_TEST

START_TEST(claims_are_cut_to_the_floors_and_no_further)
{
	struct bed bed;
	struct scene *s = &bed.scene;

	bed_init(&bed, &noting, &noting, _i);
	s->config.promises = bed.promises;
	s->config.n_promises = 2;
	bed.promises[_i ? 1 : 0].min = (struct amount){ AMOUNT_BYTES, 3 * GiB };
	s->config.host.pool.value = 5 * GiB;
	one_each(&bed, 4 * GiB, 256 * MiB);
	scene_proposal[0] = scene_proposal[5] = 4 * GiB;
	scene_run(s, 120);
	ck_assert_uint_eq(s->guests[0].seen.actual, 3 * GiB);
	ck_assert_uint_le(s->guests[0].seen.actual + s->guests[1].seen.actual, 5 * GiB);
	/* Less the overhead of both. */
	ck_assert_uint_ge(s->guests[1].seen.actual, 2 * GiB - 224 * MiB);
}
END_TEST

/* The same for both: what is drawn does not depend on what became of it. */
static void disturb(struct scene *s, uint64_t *seed)
{
	size_t i = random_below(seed, s->snapshot.n_guests);
	uint64_t what = random_below(seed, 12), much = random_below(seed, 2 * GiB);

	switch (what) {
	case 0:
		s->guests[i].seen.swap_in = much;
		break;
	case 1:
		s->real[i].silent = !s->real[i].silent;
		break;
	case 2:
		s->host_other = 2 * much;
		break;
	case 3:
	case 4:
	case 5:
		s->real[i].need = much;
		break;
	default:
		scene_proposal[i] = much;
		scene_claim[i] = random_below(seed, 2 * GiB);
	}
}

START_TEST(the_order_of_rules_for_different_guests_changes_no_size)
{
	static const struct balloond_policy *const policies[] = { &scene_policy, &chaos_garbage,
								  &chaos_memory };
	static struct bed a, b;
	const struct balloond_policy *first = policies[_i % 3], *second = policies[_i / 3 % 3];
	uint64_t seeds[2] = { (unsigned)_i + 1, (unsigned)_i + 1 };
	unsigned steps = 0;

	bed_init(&a, first, second, false);
	bed_init(&b, first, second, true);
	for (struct bed *bed = &a;; bed = &b) {
		bed->scene.config.host.commit = _i % 2 ? COMMIT_ELASTIC : COMMIT_STRICT;
		bed->scene.config.host.pool.value = (8 + (uint64_t)_i % 8) * GiB;
		scene_add_many(&bed->scene, 10, 2 * GiB, 256 * MiB);
		if (bed == &b)
			break;
	}
	for (unsigned tick = 0; tick < 400; tick++) {
		uint64_t elapsed = 1 + seeds[0] % (2 * SECOND);

		disturb(&a.scene, &seeds[0]);
		scene_tick(&a.scene, elapsed);
		disturb(&b.scene, &seeds[1]);
		scene_tick(&b.scene, elapsed);
		steps += (unsigned)a.scene.plan.n_steps;
		HOLDS(a.scene.plan.n_steps == b.scene.plan.n_steps);
		for (size_t i = 0; i < 10; i++)
			HOLDS(a.scene.verdicts[i].target == b.scene.verdicts[i].target);
	}
	ck_assert_uint_gt(steps, 100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules-pool");
	TCase *tc = tcase_create("rules-pool");

	/* Each with the rules in either order. */
	tcase_add_loop_test(tc, a_rule_may_count_on_what_others_do_not_need, 0, 2);
	tcase_add_loop_test(tc, what_is_lent_goes_first_whichever_rule_lent_it, 0, 2);
	tcase_add_loop_test(tc, claims_are_cut_by_shares_over_the_guests_of_all_rules, 0, 2);
	tcase_add_loop_test(tc, claims_are_cut_to_the_floors_and_no_further, 0, 2);
	tcase_add_loop_test(tc, the_order_of_rules_for_different_guests_changes_no_size, 0, 18);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
