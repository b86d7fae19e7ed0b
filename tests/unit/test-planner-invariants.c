/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No input whatever breaks an invariant (scene-checks.c looks at every plan), alike inputs make
 * alike plans, and no order in which guests stand changes a size (of rules: test-rules-pool.c). */

#include <stdlib.h>
#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/chaos.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"

#define RUNS 64
#define TICKS 2500u

static unsigned ticks(void)
{
	const char *form = getenv("BALLOOND_TEST_FORM");

	return form && strcmp(form, "long") == 0 ? 20 * TICKS : TICKS;
}

/* What is told of it never reaches behind what the policy has named. */
static void check_published(const struct chaos *c)
{
	static struct published_guest guests[SCENE_MAX];
	struct published p = { .guests = guests, .max_guests = SCENE_MAX };

	published_fill(&p, &c->scene.snapshot, &c->scene.plan);
	for (size_t i = 0; i < p.n_guests; i++) {
		HOLDS(strlen(guests[i].reason) > 0);
		HOLDS(guests[i].policy_reason != NULL);
		if (guests[i].figures == NULL)
			HOLDS(guests[i].verdict.proposal.n_figures == 0);
	}
}

/* What happens before one tick of a chaos; `seed` decides. */
static void happen(struct chaos *c, uint64_t *seed)
{
	for (uint64_t n = random_below(seed, 3); n > 0; n--)
		chaos_disturb(c);
	if (random_below(seed, 50) == 0)
		chaos_come_or_go(c);
	if (random_below(seed, 400) == 0)
		chaos_configure(c);
}

static void happen_and_tick(struct chaos *c, uint64_t *seed)
{
	happen(c, seed);
	chaos_tick(c, 1 + random_below(seed, 2 * SECOND));
}

START_TEST(no_input_breaks_an_invariant)
{
	static struct chaos c;
	uint64_t seed = 0x9e3779b97f4a7c15u * (unsigned)(_i + 1);

	chaos_init(&c, seed, 0);
	for (unsigned tick = 0; tick < ticks(); tick++) {
		happen_and_tick(&c, &seed);
		check_published(&c);
	}
	ck_assert_uint_eq(c.scene.n_plans, ticks());
}
END_TEST

START_TEST(the_same_input_gives_the_same_bytes)
{
	static struct chaos a, b;
	uint64_t seeds[2] = { (unsigned)_i + 1, (unsigned)_i + 1 };
	const struct scene *x = &a.scene, *y = &b.scene;

	chaos_init(&a, seeds[0], 0);
	chaos_init(&b, seeds[1], 0);
	/* What was in memory before is no input. */
	memset(b.scene.verdicts, 0xa5, sizeof(b.scene.verdicts));
	memset(b.scene.steps, 0xa5, sizeof(b.scene.steps));
	memset(b.scene.memories, 0xa5, sizeof(b.scene.memories));
	memset(b.scene.scratch, 0xa5, sizeof(b.scene.scratch));
	for (unsigned tick = 0; tick < 500; tick++) {
		size_t n;

		happen_and_tick(&a, &seeds[0]);
		happen_and_tick(&b, &seeds[1]);
		n = x->snapshot.n_guests;
		HOLDS(x->plan.n_steps == y->plan.n_steps);
		HOLDS(memcmp(x->steps, y->steps, x->plan.n_steps * sizeof(x->steps[0])) == 0);
		for (size_t i = 0; i < n; i++)
			HOLDS(x->verdicts[i].target == y->verdicts[i].target);
		HOLDS(memcmp(x->history.rows, y->history.rows, n * history_row_size(&x->history)) ==
		      0);
		HOLDS(memcmp(x->history.guests, y->history.guests,
			     n * sizeof(x->history.guests[0])) == 0);
		HOLDS(memcmp(x->rule_states, y->rule_states, sizeof(x->rule_states)) == 0);
	}
}
END_TEST

/* But for who is first where the host's limit on shrinking binds and two guests have exactly as
 * much to give: somebody has to be. */
static void tick_unlimited(struct chaos *c, uint64_t *seed)
{
	happen(c, seed);
	c->scene.config.host.shrink_host = 64 * GiB;
	chaos_tick(c, 1 + random_below(seed, 2 * SECOND));
}

START_TEST(no_order_of_guests_changes_a_size)
{
	static struct chaos a, b;
	uint64_t seeds[2] = { (unsigned)_i + 1, (unsigned)_i + 1 };

	chaos_init(&a, seeds[0], 0);
	chaos_init(&b, seeds[1], 77 + (unsigned)_i);
	for (unsigned tick = 0; tick < 500; tick++) {
		tick_unlimited(&a, &seeds[0]);
		tick_unlimited(&b, &seeds[1]);
		for (unsigned k = 0; k < a.n; k++) {
			const struct verdict *v = chaos_verdict(&a, k), *w = chaos_verdict(&b, k);

			HOLDS(!v == !w);
			HOLDS(!v || v->target == w->target);
			HOLDS(!v || v->wanted == w->wanted);
			HOLDS(!v || v->bound == w->bound);
			HOLDS(!v || v->reason == w->reason);
		}
	}
}
END_TEST

static Suite *invariants_suite(void)
{
	Suite *suite = suite_create("planner-invariants");
	TCase *tc = tcase_create("planner-invariants");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, no_input_breaks_an_invariant, 0, RUNS);
	tcase_add_loop_test(tc, the_same_input_gives_the_same_bytes, 0, 16);
	tcase_add_loop_test(tc, no_order_of_guests_changes_a_size, 0, 32);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(invariants_suite());
}
