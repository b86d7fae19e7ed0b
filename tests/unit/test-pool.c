/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The host's account: reserve, pool, charges, promises, room. */

#include "balloond/core/pool.h"

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

/* 4 x minFree in MiB; 4 x 3 % up to 28 GiB, 4 x (899 MiB + 1 %) above. */
static const struct {
	uint64_t total, reserve;
} reserves[] = {
	{ 4 * 1024, 1024 }, /* 3 % would be 123 MiB: 256 MiB */
	{ 16 * 1024, 1966 },
	{ 28 * 1024, 3440 },
	{ 64 * 1024, 5070 },
};

START_TEST(reserve_is_four_times_min_free)
{
	struct host_limits limits = { .reserve = { AMOUNT_AUTO, 0 } };

	ck_assert_uint_eq(pool_reserve(&limits, reserves[_i].total * MiB) / MiB,
			  reserves[_i].reserve);
}
END_TEST

/* The two formulas do not meet at 28 GiB: 3 % is 860 MiB there, ESX begins at 899 MiB.  The step of
 * 4 x 39 MiB goes up, so a larger machine never keeps less. */
START_TEST(reserve_never_falls_as_hosts_grow)
{
	struct host_limits limits = { .reserve = { AMOUNT_AUTO, 0 } };
	uint64_t before = 0;

	for (uint64_t total = 0; total <= 128 * GiB; total += 64 * MiB) {
		uint64_t reserve = pool_reserve(&limits, total);

		ck_assert_uint_ge(reserve, before);
		if (total > 0)
			ck_assert_uint_le(reserve - before, 160 * MiB);
		before = reserve;
	}
	ck_assert_uint_eq(pool_reserve(&limits, UINT64_MAX) > 0, 1);
}
END_TEST

START_TEST(reserve_is_what_the_configuration_says)
{
	struct host_limits limits = { .reserve = { AMOUNT_BYTES, 3 * GiB } };

	ck_assert_uint_eq(pool_reserve(&limits, 64 * GiB), 3 * GiB);
	limits.reserve = (struct amount){ AMOUNT_PERMILLE, 125 };
	ck_assert_uint_eq(pool_reserve(&limits, 64 * GiB), 8 * GiB);
}
END_TEST

/* 16 GiB, reserve 1 GiB, pool auto, one guest of 2 GiB that touched all. */
static void auto_scene(struct scene *s)
{
	scene_init(s);
	s->config.host.pool = (struct amount){ AMOUNT_AUTO, 0 };
	s->host_other = 1 * GiB;
	scene_add(s, "g00", 2 * GiB, 64 * MiB);
}

START_TEST(pool_auto_is_what_reserve_and_host_leave)
{
	struct scene s;

	auto_scene(&s);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.reserve, 1 * GiB);
	ck_assert_uint_eq(s.plan.account.pool, 14 * GiB);
	/* What KSM shares away is no guest's, so it is the host's own use that it hides. */
	s.snapshot.host.ksm_saved = 512 * MiB;
	scene_tick(&s, SECOND);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.pool, 14 * GiB - 512 * MiB);
}
END_TEST

START_TEST(pool_auto_falls_at_once_and_rises_late_and_slowly)
{
	struct scene s;
	uint64_t before, low;

	auto_scene(&s);
	scene_tick(&s, SECOND);
	s.host_other = 9 * GiB;
	scene_tick(&s, SECOND);
	scene_tick(&s, SECOND); /* two sweeps in a row say so */
	low = s.plan.account.pool;
	ck_assert_uint_eq(low, 6 * GiB);
	s.host_other = 1 * GiB;
	for (unsigned i = 0; i < 60; i++) {
		scene_tick(&s, SECOND);
		ck_assert_uint_eq(s.plan.account.pool, low);
	}
	before = low;
	for (unsigned i = 0; i < 5; i++) {
		scene_tick(&s, SECOND);
		ck_assert_uint_gt(s.plan.account.pool, before);
		ck_assert_uint_le(s.plan.account.pool - before, 14 * GiB / 100);
		before = s.plan.account.pool;
	}
	for (unsigned i = 0; i < 100; i++)
		scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.pool, 14 * GiB);
}
END_TEST

START_TEST(pool_auto_believes_no_reading_that_stands_alone)
{
	struct scene s;

	auto_scene(&s);
	scene_tick(&s, SECOND);
	/* A guest touched 1 GiB after it was swept: it looks like the host's own use. */
	s.snapshot.host.seen.available -= 1 * GiB;
	s.snapshot.now += SECOND / 10;
	scene_plan(&s);
	ck_assert_uint_eq(s.plan.account.pool, 14 * GiB);
	s.host_other = 2 * GiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.pool, 14 * GiB);
	s.host_other = 1 * GiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.pool, 14 * GiB);
}
END_TEST

START_TEST(pool_auto_waits_until_all_guests_were_read)
{
	struct scene s;

	auto_scene(&s);
	scene_tick(&s, SECOND);
	/* The first guest touches 1 GiB, and only the others are read. */
	for (unsigned i = 0; i < 4; i++) {
		s.snapshot.now += SECOND;
		s.snapshot.host.seen.available -= i == 0 ? GiB : 0;
		for (size_t k = 1; k < s.snapshot.n_guests; k++)
			s.guests[k].swept = s.snapshot.now;
		scene_plan(&s);
		ck_assert_uint_eq(s.plan.account.pool, 14 * GiB);
	}
	s.guests[0].resident_at = s.snapshot.now;
	s.guests[0].seen.resident += GiB;
	scene_plan(&s);
	ck_assert_uint_eq(s.plan.account.pool, 14 * GiB);
}
END_TEST

START_TEST(pool_auto_rises_alike_however_often_one_looks)
{
	struct scene often, seldom;

	auto_scene(&often);
	auto_scene(&seldom);
	often.host_other = seldom.host_other = 9 * GiB;
	scene_tick(&often, SECOND);
	scene_tick(&seldom, SECOND);
	often.host_other = seldom.host_other = 1 * GiB;
	for (unsigned i = 0; i < 80 * 4; i++)
		scene_tick(&often, SECOND / 4);
	for (unsigned i = 0; i < 80 / 5; i++)
		scene_tick(&seldom, 5 * SECOND);
	ck_assert_uint_gt(often.plan.account.pool, 6 * GiB);
	/* To the steps of one look. */
	ck_assert_uint_ge(seldom.plan.account.pool + 6 * 14 * GiB / 100, often.plan.account.pool);
	ck_assert_uint_le(seldom.plan.account.pool, often.plan.account.pool + 6 * 14 * GiB / 100);
}
END_TEST

START_TEST(pool_auto_that_was_nothing_rises_like_any_other)
{
	struct scene s;

	auto_scene(&s);
	s.real[0].touched = 64 * MiB;
	scene_tick(&s, SECOND);
	s.host_other = 16 * GiB;
	scene_tick(&s, SECOND);
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.pool, 0);
	s.host_other = 1 * GiB;
	for (unsigned i = 0; i < 60; i++) {
		scene_tick(&s, SECOND);
		ck_assert_uint_eq(s.plan.account.pool, 0);
	}
	scene_tick(&s, SECOND);
	ck_assert_uint_gt(s.plan.account.pool, 0);
	ck_assert_uint_le(s.plan.account.pool, 1 * GiB);
	for (unsigned i = 0; i < 100; i++)
		scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.pool, 14 * GiB);
}
END_TEST

START_TEST(pool_of_a_number_is_taken_as_it_is)
{
	struct scene s;

	auto_scene(&s);
	s.config.host.pool = (struct amount){ AMOUNT_PERMILLE, 800 };
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.pool, 16 * GiB / 10 * 8 + 16 * GiB % 10 * 8 / 10);
	s.host_other = 12 * GiB;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.pool, 16 * GiB / 10 * 8 + 16 * GiB % 10 * 8 / 10);
	/* auto that comes with a reload is true from its first tick on. */
	s.config.host.pool.kind = AMOUNT_AUTO;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.pool, 3 * GiB);
}
END_TEST

/* A guest of 4 GiB with 1 GiB resident, an overhead of 100 MiB, a burst of 256 MiB. */
static const struct charge {
	const char *what;
	uint32_t facts;
	enum guest_state state;
	enum commit commit;
	uint64_t resident, size, charge; /* MiB */
} charges[] = {
	{ "strict: all that it has", 0, STATE_MANAGED, COMMIT_STRICT, 1024, 2048, 2148 },
	{ "elastic: what it could take", 0, STATE_MANAGED, COMMIT_ELASTIC, 1024, 2048, 1280 },
	{ "elastic: never more than all", 0, STATE_MANAGED, COMMIT_ELASTIC, 2140, 2048, 2148 },
	{ "elastic: not seen, so all", 0, STATE_MANAGED, COMMIT_ELASTIC, 0, 2048, 2148 },
	{ "observed like others", 0, STATE_OBSERVED, COMMIT_ELASTIC, 1024, 2048, 1280 },
	{ "stale like others", 0, STATE_STALE, COMMIT_STRICT, 1024, 2048, 2148 },
	{ "booting: its ceiling", 0, STATE_BOOTING, COMMIT_ELASTIC, 1024, 2048, 4196 },
	{ "booting above its ceiling", 0, STATE_BOOTING, COMMIT_ELASTIC, 1024, 5000, 5100 },
	{ "huge pages: the host's", GUEST_HUGEPAGES, STATE_INHIBITED, COMMIT_STRICT, 1024, 2048,
	  0 },
	{ "container: its use", GUEST_CONTAINER, STATE_NO_BALLOON, COMMIT_STRICT, 1024, 2048,
	  1024 },
};

START_TEST(charge_is_what_the_state_and_the_commit_say)
{
	const struct charge *row = &charges[_i];
	struct host_limits limits = { .commit = row->commit };
	struct guest g = { .facts = row->facts };
	struct memory m = { 0 };
	struct verdict v = { .source = &g, .state = row->state, .overhead = 100 * MiB };
	uint64_t before = 0;

	v.guest.ceiling = 4 * GiB;
	v.guest.resident = row->resident ? row->resident * MiB : BALLOOND_UNKNOWN;
	ck_assert_msg(pool_charge(&limits, &v, &m, row->size * MiB) == row->charge * MiB,
		      "%s: %llu", row->what,
		      (unsigned long long)(pool_charge(&limits, &v, &m, row->size * MiB) / MiB));
	for (uint64_t size = 0; size < 8 * GiB; size += 100 * MiB) {
		ck_assert_uint_ge(pool_charge(&limits, &v, &m, size), before);
		before = pool_charge(&limits, &v, &m, size);
	}
}
END_TEST

START_TEST(room_is_the_smaller_of_what_pool_and_machine_have)
{
	struct scene s;
	const struct account *a = &s.plan.account;
	uint64_t overhead;

	scene_init(&s); /* pool 8 GiB, reserve 1 GiB, strict */
	scene_add(&s, "g00", 2 * GiB, 64 * MiB);
	scene_tick(&s, SECOND);
	overhead = scene_verdict(&s, 0)->overhead;
	ck_assert_uint_eq(a->charged, 2 * GiB + overhead);
	ck_assert_uint_eq(a->room, 8 * GiB - 2 * GiB - overhead);
	/* The pool has more left than the machine, on the scale of the reserve. */
	ck_assert_uint_eq(a->available, 16 * GiB - 512 * MiB - 2 * GiB - 64 * MiB);
	ck_assert_uint_eq(a->level, BALLOOND_LEVEL_NORMAL);
	s.host_other = 12 * GiB; /* 16 - 12 - 2 - 64 MiB */
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(a->available, 2 * GiB - 64 * MiB);
	ck_assert_uint_eq(a->free, 1 * GiB - 64 * MiB);
	ck_assert_uint_eq(a->room, 1 * GiB - 64 * MiB);
	/* Growth that was granted and is not taken yet is spent already. */
	s.history.guests[0].granted = 128 * MiB;
	s.history.guests[0].granted_base = s.guests[0].seen.resident;
	s.history.guests[0].target = 3 * GiB;
	s.real[0].stuck = true;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(a->free, 1 * GiB - 192 * MiB);
}
END_TEST

START_TEST(what_was_granted_to_each_is_spent)
{
	struct scene s;
	uint64_t free;

	scene_init(&s);
	scene_add_many(&s, 3, 2 * GiB, 64 * MiB);
	s.host_other = 6 * GiB;
	scene_tick(&s, SECOND);
	free = s.plan.account.free;
	for (size_t i = 0; i < 3; i++) {
		s.history.guests[i].granted = (i + 1) * 100 * MiB;
		s.history.guests[i].granted_base = s.guests[i].seen.resident;
		s.history.guests[i].target = 3 * GiB;
		s.real[i].stuck = true;
	}
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(s.plan.account.free, free - 600 * MiB);
}
END_TEST

START_TEST(promises_are_floors_and_what_nobody_moves_counts_in_full)
{
	struct scene s;
	const struct account *a = &s.plan.account;
	uint64_t floors, others;

	scene_init(&s);
	s.promise.min = (struct amount){ AMOUNT_PERMILLE, 500 };
	scene_add_many(&s, 4, 4 * GiB, 256 * MiB);
	for (size_t i = 0; i < 4; i++)
		s.guests[i].seen.actual = 3 * GiB;
	s.guests[2].facts |= GUEST_PAUSED;
	s.guests[3].facts |= GUEST_HUGEPAGES; /* the host's own use, not the pool's */
	scene_tick(&s, SECOND);
	floors = 4 * GiB + scene_verdict(&s, 0)->overhead + scene_verdict(&s, 1)->overhead;
	others = 3 * GiB + scene_verdict(&s, 2)->overhead;
	ck_assert_uint_eq(a->promised, floors + others);
	ck_assert_uint_eq(a->overbooked_by, 0);
	s.config.host.pool.value = a->promised;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(a->overbooked_by, 0);
	s.config.host.pool.value = a->promised - 1;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(a->overbooked_by, 1);
	s.promise.min.value = 750;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(a->overbooked_by, 2 * GiB + 1);
	s.config.n_rules = 0;
	scene_tick(&s, SECOND);
	ck_assert_uint_eq(a->promised, a->charged);
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tc = tcase_create("pool");

	tcase_add_loop_test(tc, reserve_is_four_times_min_free, 0, N(reserves));
	tcase_add_test(tc, reserve_never_falls_as_hosts_grow);
	tcase_add_test(tc, reserve_is_what_the_configuration_says);
	tcase_add_test(tc, pool_auto_is_what_reserve_and_host_leave);
	tcase_add_test(tc, pool_auto_falls_at_once_and_rises_late_and_slowly);
	tcase_add_test(tc, pool_auto_believes_no_reading_that_stands_alone);
	tcase_add_test(tc, pool_auto_waits_until_all_guests_were_read);
	tcase_add_test(tc, pool_auto_rises_alike_however_often_one_looks);
	tcase_add_test(tc, pool_auto_that_was_nothing_rises_like_any_other);
	tcase_add_test(tc, pool_of_a_number_is_taken_as_it_is);
	tcase_add_loop_test(tc, charge_is_what_the_state_and_the_commit_say, 0, N(charges));
	tcase_add_test(tc, room_is_the_smaller_of_what_pool_and_machine_have);
	tcase_add_test(tc, what_was_granted_to_each_is_spent);
	tcase_add_test(tc, promises_are_floors_and_what_nobody_moves_counts_in_full);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
