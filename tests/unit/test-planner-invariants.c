/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No input whatever breaks an invariant (scene_plan() checks them after every plan), and alike
 * inputs make alike plans. */

#include <stdio.h>
#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"
#include "tests/unit/scene.h"

static void add_guests(struct scene *s, unsigned n, uint64_t ceiling, uint64_t need)
{
	for (unsigned i = 0; i < n; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "g%02u", i);
		scene_add(s, name, ceiling, need);
	}
}

/* Something happens to one guest, likely or not. */
static void disturb(struct scene *s, uint64_t *seed)
{
	static const uint32_t facts[] = { GUEST_PAUSED,      GUEST_BUSY,      GUEST_LOST,
					  GUEST_AUTODEFLATE, GUEST_HUGEPAGES, GUEST_CONTAINER,
					  GUEST_STATS_GATED };
	size_t i = random_below(seed, s->snapshot.n_guests);
	struct guest *g = &s->guests[i];

	switch (random_below(seed, 9)) {
	case 0:
		g->facts ^= facts[random_below(seed, sizeof(facts) / sizeof(facts[0]))];
		break;
	case 1:
		g->booted = s->snapshot.now;
		break;
	case 2:
		s->real[i].stuck = !s->real[i].stuck;
		break;
	case 3:
		s->real[i].silent = !s->real[i].silent;
		break;
	case 4:
		s->real[i].need = random_below(seed, g->seen.maximum);
		break;
	case 5:
		g->seen.swap_in = random_below(seed, GiB);
		break;
	case 6:
		s->host_other = random_below(seed, 16 * GiB);
		break;
	case 7: /* somebody else sets a size */
		g->seen.actual = balloond_clamp(random_below(seed, g->seen.maximum), 16 * MiB,
						g->seen.maximum);
		break;
	default: /* a policy gone mad */
		scene_proposal[i] = random_next(seed) >> random_below(seed, 64);
		scene_claim[i] = random_next(seed) >> random_below(seed, 64);
	}
}

START_TEST(planner_keeps_its_invariants_whatever_happens)
{
	uint64_t seed = 0x9e3779b97f4a7c15u * (unsigned)(_i + 1);
	struct scene s;

	scene_init(&s);
	s.config.host.commit = _i % 2 ? COMMIT_ELASTIC : COMMIT_STRICT;
	s.config.host.pool = (struct amount){ _i % 3 ? AMOUNT_BYTES : AMOUNT_AUTO, 6 * GiB };
	add_guests(&s, 2 + (unsigned)random_below(&seed, 10), 2 * GiB, 256 * MiB);
	for (unsigned tick = 0; tick < 2000; tick++) {
		disturb(&s, &seed);
		scene_tick(&s, 1 + random_below(&seed, 2 * SECOND));
	}
}
END_TEST

START_TEST(planner_decides_alike_from_alike)
{
	struct scene a, b;
	uint64_t seed[2] = { 7, 7 };
	uint64_t proposals[2][SCENE_MAX];

	scene_init(&a);
	add_guests(&a, 6, 2 * GiB, 256 * MiB);
	scene_init(&b);
	add_guests(&b, 6, 2 * GiB, 256 * MiB);
	memset(proposals, 0, sizeof(proposals));
	for (unsigned tick = 0; tick < 300; tick++) {
		memcpy(scene_proposal, proposals[0], sizeof(scene_proposal));
		disturb(&a, &seed[0]);
		scene_tick(&a, SECOND / 3);
		memcpy(proposals[0], scene_proposal, sizeof(scene_proposal));
		memcpy(scene_proposal, proposals[1], sizeof(scene_proposal));
		disturb(&b, &seed[1]);
		scene_tick(&b, SECOND / 3);
		memcpy(proposals[1], scene_proposal, sizeof(scene_proposal));
		ck_assert_uint_eq(a.plan.n_steps, b.plan.n_steps);
		ck_assert_mem_eq(a.steps, b.steps, a.plan.n_steps * sizeof(a.steps[0]));
	}
}
END_TEST

static Suite *invariants_suite(void)
{
	Suite *suite = suite_create("planner-invariants");
	TCase *tc = tcase_create("planner-invariants");

	tcase_add_loop_test(tc, planner_keeps_its_invariants_whatever_happens, 0, 24);
	tcase_add_test(tc, planner_decides_alike_from_alike);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(invariants_suite());
}
