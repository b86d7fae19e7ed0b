/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which rule a guest follows, what happens to it where none applies, and what its policy finds
 * again when a rule comes back. */

#include "balloond/core/rules.h"

#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"
#include "tests/unit/scene.h"

enum { FIRST, SECOND_RULE, LAST, N_RULES };

/* What the policy of each rule found when it was asked last. */
static struct found {
	unsigned times; /* how often it had seen this guest before */
	uint64_t elapsed;
} found[N_RULES];

static void propose_noting(const struct balloond_view *view, const void *params,
			   void *const states[], struct balloond_target targets[])
{
	const size_t *rule = params;

	for (size_t i = 0; i < view->n_guests; i++) {
		uint64_t *times = states[i];

		found[*rule] = (struct found){ (unsigned)(*times)++, view->elapsed };
	}
	scene_policy.propose(view, NULL, states, targets);
}

static const struct balloond_policy noting = {
	.name = "noting",
	.state_size = sizeof(uint64_t),
	.propose = propose_noting,
};

/* One guest of 2 GiB on a host of 16, and rules: the first applies while less than 10 GiB are
 * available, the second while the guest reads more than 1 MiB a second from its disks, the last
 * always. */
struct bed {
	struct scene scene;
	struct rule rules[N_RULES];
	struct condition conditions[N_RULES];
	size_t numbers[N_RULES];
};

static void bed_init(struct bed *bed)
{
	struct scene *s = &bed->scene;

	memset(bed, 0, sizeof(*bed));
	memset(found, 0, sizeof(found));
	scene_init(s);
	bed->conditions[FIRST] = (struct condition){ METRIC_HOST_AVAILABLE,
						     false,
						     { AMOUNT_BYTES, 10 * GiB } };
	bed->conditions[SECOND_RULE] = (struct condition){ METRIC_GUEST_DISK_READS,
							   true,
							   { AMOUNT_BYTES, 1 * MiB } };
	for (size_t i = 0; i < N_RULES; i++) {
		bed->numbers[i] = i;
		bed->rules[i] = scene_rule(s, "rule", &noting, i + 1);
		bed->rules[i].params = &bed->numbers[i];
		if (i != LAST)
			bed->rules[i].when = (struct when){ &bed->conditions[i], 1, 5 * SECOND };
	}
	s->config.rules = bed->rules;
	s->config.n_rules = N_RULES;
	scene_add(s, "g00", 2 * GiB, 256 * MiB);
	s->guests[0].seen.disk_reads = 0;
	s->real[0].touched = 512 * MiB;
}

/* A guest that reads from its disks, or not, on a host that is short, or not. */
static void bed_run(struct bed *bed, bool is_short, bool reads, unsigned seconds)
{
	struct scene *s = &bed->scene;

	s->host_other = is_short ? 9 * GiB : 1 * GiB;
	for (unsigned i = 0; i < seconds; i++) {
		if (reads)
			s->guests[0].seen.disk_reads += 2 * MiB;
		scene_tick(s, SECOND);
	}
}

static const struct rule *followed(const struct bed *bed)
{
	return scene_verdict(&bed->scene, 0)->rule;
}

START_TEST(a_guest_follows_the_first_rule_whose_conditions_hold)
{
	struct bed bed;

	bed_init(&bed);
	bed_run(&bed, false, false, 10);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[LAST]);
	bed_run(&bed, false, true, 10);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[SECOND_RULE]);
	bed_run(&bed, true, true, 10);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[FIRST]);
	/* Back to the second, whose conditions held all the time. */
	bed_run(&bed, false, true, 5);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[FIRST]);
	bed_run(&bed, false, true, 1);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[SECOND_RULE]);
	bed_run(&bed, false, false, 10);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[LAST]);
	ck_assert_int_eq(scene_verdict(&bed.scene, 0)->reason, REASON_POLICY);
}
END_TEST

START_TEST(a_rule_is_ready_though_another_came_first)
{
	struct bed bed;

	bed_init(&bed);
	bed_run(&bed, true, false, 10);
	bed_run(&bed, true, true, 10);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[FIRST]);
	/* The second has waited its time behind the first. */
	bed_run(&bed, false, true, 6);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[SECOND_RULE]);
}
END_TEST

START_TEST(a_rule_that_means_other_guests_is_passed_over)
{
	struct bed bed;
	char *other[] = { (char *)"g01" };

	bed_init(&bed);
	bed.rules[FIRST].match.texts[MATCH_NAME].items = other;
	bed_run(&bed, true, true, 10);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[SECOND_RULE]);
	bed.rules[SECOND_RULE].match.texts[MATCH_NAME].items = other;
	bed.rules[LAST].match.texts[MATCH_NAME].items = other;
	bed_run(&bed, true, true, 10);
	ck_assert_ptr_null(followed(&bed));
	ck_assert(!scene_verdict(&bed.scene, 0)->matched);
	ck_assert_int_eq(scene_verdict(&bed.scene, 0)->reason, REASON_NO_RULE);
}
END_TEST

START_TEST(a_guest_whose_host_sits_on_an_edge_does_not_change_its_rule_again_and_again)
{
	uint64_t seed = 3;
	const struct rule *before = NULL;
	unsigned changes = 0;
	struct bed bed;

	bed_init(&bed);
	bed_run(&bed, false, false, 10);
	before = followed(&bed);
	for (unsigned second = 0; second < 3600; second++) {
		/* Available is 10 GiB, and up to a tenth more or less. */
		bed.scene.host_other = 16 * GiB - bed.scene.guests[0].seen.resident - 9 * GiB -
				       random_below(&seed, 2 * GiB);
		scene_tick(&bed.scene, SECOND);
		changes += followed(&bed) != before;
		before = followed(&bed);
	}
	ck_assert_uint_eq(changes, 1);
}
END_TEST

START_TEST(a_guest_is_kept_while_the_conditions_of_no_rule_hold)
{
	struct bed bed;
	const struct verdict *v;

	bed_init(&bed);
	v = scene_verdict(&bed.scene, 0);
	bed.scene.config.n_rules = LAST;
	scene_proposal[0] = 512 * MiB;
	bed_run(&bed, false, false, 20);
	ck_assert_ptr_null(v->rule);
	ck_assert(v->matched);
	ck_assert(!v->asked);
	ck_assert_int_eq(v->state, STATE_MANAGED);
	ck_assert_int_eq(v->reason, REASON_NO_WHEN);
	ck_assert(v->arm); /* or the conditions on what it reports could never hold */
	ck_assert_uint_eq(bed.scene.guests[0].seen.actual, 2 * GiB);
	ck_assert_uint_eq(found[FIRST].times + found[SECOND_RULE].times, 0);
}
END_TEST

START_TEST(a_guest_that_a_rule_squeezed_is_relieved_after_it_let_go)
{
	struct bed bed;
	struct scene *s = &bed.scene;

	bed_init(&bed);
	s->config.n_rules = LAST;
	scene_proposal[0] = 300 * MiB;
	bed_run(&bed, true, false, 30);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[FIRST]);
	/* Its kernel's floor is more than it was proposed. */
	ck_assert_uint_eq(s->guests[0].seen.actual, 388 * MiB);
	bed_run(&bed, false, false, 10);
	ck_assert_ptr_null(followed(&bed));
	ck_assert_uint_eq(s->guests[0].seen.actual, 388 * MiB);
	/* Nobody speaks for it any more, and it needs five times what it was left. */
	s->real[0].need = 1500 * MiB;
	bed_run(&bed, false, false, 60);
	ck_assert_ptr_null(followed(&bed));
	ck_assert_int_eq(scene_verdict(s, 0)->reason, REASON_NO_WHEN);
	ck_assert_uint_ge(s->guests[0].seen.actual, 1500 * MiB + scene_verdict(s, 0)->margin);
	ck_assert_uint_le(s->guests[0].seen.actual, 1600 * MiB);
}
END_TEST

START_TEST(a_guest_without_a_rule_says_what_holds_it_back)
{
	struct bed bed;
	struct scene *s = &bed.scene;
	const struct verdict *v = s->verdicts;
	unsigned parts = 0;

	bed_init(&bed);
	s->config.n_rules = LAST;
	s->guests[0].seen.actual = 512 * MiB;
	s->real[0].need = 1500 * MiB;
	s->config.host.pool.value = 684 * MiB;
	for (unsigned i = 0; i < 20; i++) {
		bed_run(&bed, false, false, 1);
		/* It gets the relief in parts, and no policy has a word in it. */
		ck_assert_int_eq(v->reason,
				 v->target > v->guest.target ? REASON_NO_WHEN : REASON_GUARD);
		parts += v->target > v->guest.target && v->bound & 1u << GUARD_ROOM;
	}
	ck_assert_uint_ge(parts, 1); /* the last one was cut */
	ck_assert_uint_le(s->guests[0].seen.actual, 684 * MiB - s->real[0].overhead);
	ck_assert(scene_verdict(s, 0)->bound & 1u << GUARD_ROOM);
	ck_assert_int_eq(scene_verdict(s, 0)->reason, REASON_GUARD);
}
END_TEST

START_TEST(a_rule_that_waits_for_a_figure_is_told)
{
	struct bed bed;
	const struct verdict *v;

	bed_init(&bed);
	v = scene_verdict(&bed.scene, 0);
	bed.scene.guests[0].seen.disk_reads = BALLOOND_UNKNOWN;
	bed_run(&bed, false, false, 10);
	ck_assert_ptr_eq(v->rule, &bed.rules[LAST]);
	ck_assert_ptr_eq(v->waits, &bed.rules[SECOND_RULE]);
	ck_assert_int_eq(v->unknown, METRIC_GUEST_DISK_READS);
	/* Behind the rule that applies nothing is waited for. */
	bed_run(&bed, true, false, 10);
	ck_assert_ptr_eq(v->rule, &bed.rules[FIRST]);
	ck_assert_ptr_null(v->waits);
	bed_run(&bed, false, false, 10);
	ck_assert_ptr_eq(v->waits, &bed.rules[SECOND_RULE]);
	bed.scene.guests[0].seen.disk_reads = 0;
	bed_run(&bed, false, false, 2);
	ck_assert_ptr_null(v->waits);
	ck_assert_int_eq(v->unknown, METRIC_MAX);
}
END_TEST

START_TEST(a_policy_finds_its_state_again_when_its_rule_comes_back)
{
	struct bed bed;

	bed_init(&bed);
	bed_run(&bed, false, false, 20);
	ck_assert_uint_eq(found[LAST].times, 19);
	ck_assert_uint_eq(found[LAST].elapsed, SECOND);
	bed_run(&bed, true, false, 20);
	ck_assert_uint_eq(found[FIRST].times, 14); /* it was let in after five seconds */
	bed_run(&bed, false, false, 20);
	ck_assert_uint_eq(found[LAST].times, 19 + 5 + 15);
	bed_run(&bed, true, false, 6);
	/* Each goes on where it was, and knows for how long it was not asked. */
	ck_assert_uint_eq(found[FIRST].times, 14 + 5 + 1);
	ck_assert_uint_eq(found[FIRST].elapsed, 21 * SECOND);
	bed_run(&bed, true, false, 1);
	ck_assert_uint_eq(found[FIRST].elapsed, SECOND);
}
END_TEST

START_TEST(a_policy_forgets_a_guest_that_its_rule_does_not_mean_any_more)
{
	struct bed bed;
	char *tags[] = { (char *)"gold" };
	struct guest *g = &bed.scene.guests[0];

	bed_init(&bed);
	bed.rules[FIRST].match = (struct match){ .texts = { [MATCH_TAG] = { tags, 1 } } };
	strcpy(g->labels.tags, "gold");
	bed_run(&bed, true, false, 20);
	ck_assert_uint_eq(found[FIRST].times, 14);
	g->labels.tags[0] = '\0'; /* for a moment */
	bed_run(&bed, true, false, 1);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[LAST]);
	strcpy(g->labels.tags, "gold");
	bed_run(&bed, true, false, 1);
	ck_assert_ptr_eq(followed(&bed), &bed.rules[FIRST]);
	ck_assert_uint_eq(found[FIRST].times, 0);
	ck_assert_uint_eq(found[LAST].times, 5);
}
END_TEST

START_TEST(a_rule_that_left_the_file_and_came_back_begins_anew)
{
	struct bed bed;

	bed_init(&bed);
	bed_run(&bed, false, false, 20);
	bed.scene.config.n_rules = LAST;
	bed_run(&bed, false, false, 2);
	bed.scene.config.n_rules = N_RULES;
	bed_run(&bed, false, false, 1);
	ck_assert_uint_eq(found[LAST].times, 0);
	ck_assert_uint_eq(found[LAST].elapsed, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tc = tcase_create("rules");

	tcase_add_test(tc, a_guest_follows_the_first_rule_whose_conditions_hold);
	tcase_add_test(tc, a_rule_is_ready_though_another_came_first);
	tcase_add_test(tc, a_rule_that_means_other_guests_is_passed_over);
	tcase_add_test(tc,
		       a_guest_whose_host_sits_on_an_edge_does_not_change_its_rule_again_and_again);
	tcase_add_test(tc, a_guest_is_kept_while_the_conditions_of_no_rule_hold);
	tcase_add_test(tc, a_guest_that_a_rule_squeezed_is_relieved_after_it_let_go);
	tcase_add_test(tc, a_guest_without_a_rule_says_what_holds_it_back);
	tcase_add_test(tc, a_rule_that_waits_for_a_figure_is_told);
	tcase_add_test(tc, a_policy_finds_its_state_again_when_its_rule_comes_back);
	tcase_add_test(tc, a_policy_forgets_a_guest_that_its_rule_does_not_mean_any_more);
	tcase_add_test(tc, a_rule_that_left_the_file_and_came_back_begins_anew);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
