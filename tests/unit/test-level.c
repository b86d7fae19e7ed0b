/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How short the host is: by what is available, and by what the machine itself complains of. */

#include "balloond/core/level.h"

#include "balloond/core/divide.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

#define UNKNOWN BALLOOND_UNKNOWN

/* Of a reserve of 1000 bytes: edges at 1000, 250, 80; left at 1250, 313, 100. */
static const struct {
	uint32_t old;
	uint64_t available;
	uint32_t level;
} levels[] = {
	{ BALLOOND_LEVEL_NORMAL, 1000, BALLOOND_LEVEL_NORMAL },
	{ BALLOOND_LEVEL_NORMAL, 999, BALLOOND_LEVEL_TIGHT },
	{ BALLOOND_LEVEL_NORMAL, 250, BALLOOND_LEVEL_TIGHT },
	{ BALLOOND_LEVEL_NORMAL, 249, BALLOOND_LEVEL_LOW },
	{ BALLOOND_LEVEL_NORMAL, 80, BALLOOND_LEVEL_LOW },
	{ BALLOOND_LEVEL_NORMAL, 79, BALLOOND_LEVEL_CRITICAL },
	{ BALLOOND_LEVEL_NORMAL, 0, BALLOOND_LEVEL_CRITICAL },
	{ BALLOOND_LEVEL_TIGHT, 1249, BALLOOND_LEVEL_TIGHT },
	{ BALLOOND_LEVEL_TIGHT, 1250, BALLOOND_LEVEL_NORMAL },
	{ BALLOOND_LEVEL_TIGHT, 250, BALLOOND_LEVEL_TIGHT },
	{ BALLOOND_LEVEL_LOW, 311, BALLOOND_LEVEL_LOW },
	{ BALLOOND_LEVEL_LOW, 313, BALLOOND_LEVEL_TIGHT },
	{ BALLOOND_LEVEL_LOW, 1249, BALLOOND_LEVEL_TIGHT },
	{ BALLOOND_LEVEL_LOW, 1250, BALLOOND_LEVEL_NORMAL },
	{ BALLOOND_LEVEL_CRITICAL, 99, BALLOOND_LEVEL_CRITICAL },
	{ BALLOOND_LEVEL_CRITICAL, 100, BALLOOND_LEVEL_LOW },
	{ BALLOOND_LEVEL_CRITICAL, 5000, BALLOOND_LEVEL_NORMAL },
};

START_TEST(level_is_left_a_quarter_above_its_edge)
{
	ck_assert_uint_eq(level_of(levels[_i].old, levels[_i].available, 1000), levels[_i].level);
	/* Without a reserve nothing is short. */
	ck_assert_uint_eq(level_of(levels[_i].old, levels[_i].available, 0), BALLOOND_LEVEL_NORMAL);
}
END_TEST

START_TEST(rates_of_the_machines_swap_are_over_two_seconds_at_least)
{
	struct host_swap swap = { 0 };
	struct balloond_host host = { .swap_in = 100 * MiB, .swap_out = 7 * MiB };

	level_read_swap(&swap, &host, 1000 * SECOND);
	ck_assert_uint_eq(swap.in.rate, UNKNOWN); /* what it did before says nothing of now */
	ck_assert_uint_eq(swap.out.rate, UNKNOWN);
	host.swap_in += 10 * MiB;
	host.swap_out += 4 * MiB;
	level_read_swap(&swap, &host, 1002 * SECOND - 1);
	ck_assert_uint_eq(swap.in.rate, UNKNOWN);
	level_read_swap(&swap, &host, 1002 * SECOND);
	ck_assert_uint_eq(swap.in.rate, 5 * MiB);
	ck_assert_uint_eq(swap.out.rate, 2 * MiB);
	level_read_swap(&swap, &host, 1012 * SECOND);
	ck_assert_uint_eq(swap.in.rate, 0);
	host.swap_in = 3; /* a counter that began anew */
	level_read_swap(&swap, &host, 1014 * SECOND);
	ck_assert_uint_eq(swap.in.rate, UNKNOWN);
	ck_assert_uint_eq(swap.out.rate, 0);
	host.swap_out = UNKNOWN;
	level_read_swap(&swap, &host, 1016 * SECOND);
	ck_assert_uint_eq(swap.in.rate, 0);
	ck_assert_uint_eq(swap.out.rate, UNKNOWN);
}
END_TEST

/* With a reserve of 1000 MiB.  In MiB, MiB a second, and 1/100 %. */
struct signals {
	const char *what;
	uint64_t machine, pool; /* available: of the machine, and left of the pool */
	uint64_t in, out, some, full;
	uint32_t old, level;
	enum level_cause cause;
};

#define NORMAL BALLOOND_LEVEL_NORMAL
#define TIGHT BALLOOND_LEVEL_TIGHT
#define LOW BALLOOND_LEVEL_LOW
#define CRITICAL BALLOOND_LEVEL_CRITICAL
#define NONE LEVEL_CAUSE_NONE
#define POOL LEVEL_CAUSE_POOL
#define MACHINE LEVEL_CAUSE_MACHINE
#define SWAP LEVEL_CAUSE_SWAP
#define PRESSURE LEVEL_CAUSE_PRESSURE

/* clang-format off */
static const struct signals signals[] = {
	{ "nothing is wrong",          1900, 9000,  0,  0,    0,    0, NORMAL, NORMAL,   NONE },
	{ "nothing is known",          1900, 9000, -1, -1,   -1,   -1, NORMAL, NORMAL,   NONE },
	{ "it swaps in",               1900, 9000,  1,  0,    0,    0, NORMAL, TIGHT,    SWAP },
	{ "it swaps out cold pages",   1900, 9000,  0, 90,    0,    0, NORMAL, NORMAL,   NONE },
	{ "it swaps both ways",        1900, 9000,  1,  1,    0,    0, NORMAL, LOW,      SWAP },
	{ "out is not known",          1900, 9000,  1, -1,    0,    0, NORMAL, TIGHT,    SWAP },
	{ "tasks wait now and then",   1900, 9000,  0,  0,  999,  999, NORMAL, NORMAL,   NONE },
	{ "some tasks wait",           1900, 9000,  0,  0, 1000,    0, NORMAL, TIGHT,    PRESSURE },
	{ "all tasks wait",            1900, 9000,  0,  0, 1000, 1000, NORMAL, LOW,      PRESSURE },
	{ "all at once",               1900, 9000, 99, 99, 9999, 9999, NORMAL, LOW,      SWAP },
	{ "never critical",            1900, 9000, 99, 99, 9999, 9999, LOW,    LOW,      SWAP },
	{ "just enough available",     2000, 9000, 99, 99, 9999, 9999, NORMAL, NORMAL,   NONE },
	{ "plenty available",          9000, 9000, 99, 99, 9999, 9999, LOW,    NORMAL,   NONE },
	{ "just too little",           1999, 9000, 99, 99, 9999, 9999, NORMAL, LOW,      SWAP },
	{ "held by three quarters",    1900, 9000,  0,  0,  750,    0, TIGHT,  TIGHT,    PRESSURE },
	{ "let go below them",         1900, 9000,  0,  0,  749,    0, TIGHT,  NORMAL,   NONE },
	{ "low held by three",         1900, 9000,  0,  0,    0,  750, LOW,    LOW,      PRESSURE },
	{ "low let go, tight held",    1900, 9000,  0,  0,  750,  749, LOW,    TIGHT,    PRESSURE },
	{ "tight does not hold low",   1900, 9000,  0,  0,    0,  750, TIGHT,  NORMAL,   NONE },
	{ "the pool is full",          9000,  999,  0,  0,    0,    0, NORMAL, TIGHT,    POOL },
	{ "the machine is",             999, 9000,  0,  0,    0,    0, NORMAL, TIGHT,    MACHINE },
	{ "the machine is more so",     800,  900,  0,  0,    0,    0, NORMAL, TIGHT,    MACHINE },
	{ "the pool is more so",        900,  800,  0,  0,    0,    0, NORMAL, TIGHT,    POOL },
	{ "tight, and it swaps in",     900, 9000,  9,  0,    0,    0, NORMAL, TIGHT,    MACHINE },
	{ "tight, and it waits",        900, 9000,  0,  0, 5000, 5000, NORMAL, LOW,      PRESSURE },
	{ "low already",                200, 9000,  9,  9, 5000, 5000, NORMAL, LOW,      MACHINE },
	{ "never lowered",               79, 9000,  9,  9, 5000, 5000, NORMAL, CRITICAL, MACHINE },
	{ "never lowered by calm",       79, 9000,  0,  0,    0,    0, LOW,    CRITICAL, MACHINE },
	{ "full pool, plenty machine", 9000,  100, 99, 99, 9999, 9999, NORMAL, LOW,      POOL },
};
/* clang-format on */

static uint64_t mib(uint64_t n)
{
	return n == UNKNOWN ? n : n * MiB;
}

START_TEST(signals_raise_a_level_and_nothing_else)
{
	const struct signals *row = &signals[_i];
	struct balloond_host host = {
		.available = row->machine * MiB,
		.some_avg10 = row->some,
		.full_avg10 = row->full,
	};
	struct history h = {
		.level = row->old,
		.swap = { .in.rate = mib(row->in), .out.rate = mib(row->out) },
	};
	struct account a = {
		.reserve = 1000 * MiB,
		.available = balloond_min(row->machine, row->pool) * MiB,
	};

	level_assess(&host, &h, &a);
	ck_assert_msg(a.level == row->level, "%s: %s", row->what, level_name(a.level));
	ck_assert_msg(a.level_cause == row->cause, "%s: %s", row->what,
		      level_cause_text(a.level_cause));
	ck_assert_uint_eq(h.level, row->level);
	ck_assert_int_eq(*level_cause_text(a.level_cause) != '\0', row->cause != NONE);
}
END_TEST

START_TEST(swapping_less_than_a_mib_a_second_is_no_shortage)
{
	struct balloond_host host = { .available = 1900 * MiB };
	struct history h = { .swap = { .in.rate = MiB - 1, .out.rate = 99 * MiB } };
	struct account a = { .reserve = 1000 * MiB, .available = 1900 * MiB };

	level_assess(&host, &h, &a);
	ck_assert_uint_eq(a.level, NORMAL);
	h.swap.in.rate = MiB;
	level_assess(&host, &h, &a);
	ck_assert_uint_eq(a.level, LOW);
	h.swap.in.rate = MiB / 4 * 3; /* held by three quarters */
	level_assess(&host, &h, &a);
	ck_assert_uint_eq(a.level, LOW);
	h.swap.in.rate--;
	level_assess(&host, &h, &a);
	ck_assert_uint_eq(a.level, NORMAL);
}
END_TEST

/* What guests have to give back, with a reserve of 1000 MiB; all in MiB. */
static const struct {
	const char *what;
	uint64_t machine, pool, full, missing;
} shortages[] = {
	{ "normal", 1900, 9000, 0, 0 },
	{ "tight takes nothing back", 300, 9000, 0, 0 },
	{ "low", 249, 9000, 0, 751 },
	{ "critical", 50, 9000, 0, 950 },
	{ "the pool's trouble is not the machine's", 9000, 100, 0, 0 },
	{ "both are short", 600, 100, 0, 400 },
	{ "signals alone: a quarter of the reserve", 1900, 9000, 1000, 250 },
	{ "signals where more is missing", 600, 9000, 1000, 400 },
	{ "signals where a little is missing", 900, 9000, 1000, 250 },
};

START_TEST(what_is_missing_is_the_reserves_and_a_quarter_where_signals_speak)
{
	struct balloond_host host = {
		.available = shortages[_i].machine * MiB,
		.some_avg10 = UNKNOWN,
		.full_avg10 = shortages[_i].full,
	};
	struct history h = { .swap = { .in.rate = UNKNOWN, .out.rate = UNKNOWN } };
	struct account a = {
		.reserve = 1000 * MiB,
		.available = balloond_min(shortages[_i].machine, shortages[_i].pool) * MiB,
	};

	level_assess(&host, &h, &a);
	ck_assert_msg(a.missing == shortages[_i].missing * MiB, "%s: %llu", shortages[_i].what,
		      (unsigned long long)(a.missing / MiB));
}
END_TEST

/* A pool of 8 GiB on a machine of 256, whose reserve is larger than the pool. */
static void small_pool(struct scene *s, enum commit commit)
{
	scene_init(s);
	s->snapshot.host.seen.total = 256 * GiB;
	s->config.host.reserve.kind = AMOUNT_AUTO;
	s->config.host.commit = commit;
	scene_add_many(s, 4, 4 * GiB, 512 * MiB);
	for (size_t i = 0; i < 4; i++) {
		s->guests[i].seen.actual = 1 * GiB;
		s->real[i].cache = 4 * GiB; /* they use what they are lent, for what it is worth */
		scene_proposal[i] = 4 * GiB;
		scene_claim[i] = 1 * GiB;
	}
}

START_TEST(a_small_pool_that_was_tight_once_is_normal_again)
{
	struct scene s;
	const struct account *a = &s.plan.account;
	uint64_t unscaled;

	small_pool(&s, _i ? COMMIT_ELASTIC : COMMIT_STRICT);
	scene_run(&s, 60);
	ck_assert_uint_eq(a->level, NORMAL); /* lending alone makes nothing tight */
	s.config.host.pool.value = a->charged - balloond_permille(a->charged, 10);
	scene_run(&s, 1);
	ck_assert_uint_eq(a->level, TIGHT);
	ck_assert_int_eq(a->level_cause, LEVEL_CAUSE_POOL);
	scene_run(&s, 60);
	ck_assert_uint_eq(a->level, NORMAL);
	/* They ask for all they can get, and have it, but for what lending stops short. */
	ck_assert_uint_le(a->charged, a->pool - balloond_permille(a->pool, 15));
	ck_assert_uint_ge(a->charged, a->pool - balloond_permille(a->pool, 25));
	/* On the scale of the whole reserve that would never leave tight: a quarter of it is more
	 * than lending ever leaves. */
	unscaled = a->reserve + a->pool - a->charged;
	ck_assert_uint_gt(a->reserve, 8 * GiB);
	ck_assert_uint_eq(level_of(TIGHT, unscaled, a->reserve), TIGHT);
	ck_assert_uint_eq(level_of(TIGHT, a->available, a->reserve), NORMAL);
}
END_TEST

START_TEST(a_small_pool_is_measured_like_a_small_machine)
{
	struct scene s;
	const struct account *a = &s.plan.account;
	uint64_t reserve;

	/* Nobody gives anything: only the pool moves. */
	small_pool(&s, COMMIT_STRICT);
	s.config.n_rules = 0;
	scene_run(&s, 10);
	for (unsigned short_by = 0; short_by < 120; short_by++) {
		uint32_t expected = NORMAL;

		s.config.host.pool.value = a->charged - a->charged * short_by / 1000;
		reserve = balloond_permille(s.config.host.pool.value, 4 * DIVIDE_SHORT_PERMILLE);
		s.history.level = NORMAL;
		scene_run(&s, 1);
		if (a->charged > a->pool)
			expected = level_of(NORMAL, balloond_sub(reserve, a->charged - a->pool),
					    reserve);
		ck_assert_uint_eq(a->level, expected);
	}
	ck_assert_uint_eq(a->level, CRITICAL);
	s.config.host.pool.value = 0;
	scene_run(&s, 1);
	ck_assert_uint_eq(a->level, CRITICAL);
}
END_TEST

START_TEST(without_a_reserve_nothing_is_short)
{
	struct scene s;

	small_pool(&s, COMMIT_STRICT);
	s.config.host.reserve = (struct amount){ AMOUNT_BYTES, 0 };
	s.config.host.pool.value = 1 * GiB;
	s.snapshot.host.seen.full_avg10 = 9999;
	scene_run(&s, 5);
	ck_assert_uint_eq(s.plan.account.level, NORMAL);
}
END_TEST

START_TEST(a_machine_that_swaps_gets_memory_back_without_being_low)
{
	struct scene s;
	uint64_t had = 0, has = 0;

	scene_init(&s);
	scene_add_many(&s, 6, 2 * GiB, 512 * MiB);
	for (size_t i = 0; i < 6; i++) {
		scene_proposal[i] = 2 * GiB;
		scene_claim[i] = 1 * GiB;
		had += s.guests[i].seen.actual;
	}
	s.config.host.pool.value = 15 * GiB;
	s.host_other = 16 * GiB - 12 * GiB - 6 * 64 * MiB - 1900 * MiB;
	scene_run(&s, 4);
	ck_assert_uint_eq(s.plan.account.level, NORMAL);
	ck_assert_uint_eq(s.guests[0].seen.actual, 2 * GiB);
	for (unsigned i = 0; i < 4 && s.plan.account.level != LOW; i++) {
		s.snapshot.host.seen.swap_in += 8 * MiB;
		s.snapshot.host.seen.swap_out += 8 * MiB;
		scene_tick(&s, SECOND);
	}
	ck_assert_uint_eq(s.plan.account.level, LOW);
	ck_assert_int_eq(s.plan.account.level_cause, LEVEL_CAUSE_SWAP);
	ck_assert_int_eq(scene_verdict(&s, 0)->reason, REASON_HOST_SHORT);
	ck_assert_uint_eq(s.plan.account.missing, 256 * MiB);
	for (size_t i = 0; i < 6; i++)
		has += s.plan.verdicts[i].target;
	ck_assert_uint_le(has, had - 256 * MiB + 6 * MiB);
	ck_assert_uint_ge(has, had - 256 * MiB - 6 * MiB);
	/* With twice the reserve at hand it may swap as it likes. */
	for (unsigned i = 0; i < 4; i++) {
		s.snapshot.host.seen.swap_in += 8 * MiB;
		scene_tick(&s, SECOND);
	}
	ck_assert_uint_eq(s.plan.account.level, NORMAL);
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("level");
	TCase *tc = tcase_create("level");

	tcase_add_loop_test(tc, level_is_left_a_quarter_above_its_edge, 0, N(levels));
	tcase_add_test(tc, rates_of_the_machines_swap_are_over_two_seconds_at_least);
	tcase_add_loop_test(tc, signals_raise_a_level_and_nothing_else, 0, N(signals));
	tcase_add_test(tc, swapping_less_than_a_mib_a_second_is_no_shortage);
	tcase_add_loop_test(tc, what_is_missing_is_the_reserves_and_a_quarter_where_signals_speak,
			    0, N(shortages));
	tcase_add_loop_test(tc, a_small_pool_that_was_tight_once_is_normal_again, 0, 2);
	tcase_add_test(tc, a_small_pool_is_measured_like_a_small_machine);
	tcase_add_test(tc, without_a_reserve_nothing_is_short);
	tcase_add_test(tc, a_machine_that_swaps_gets_memory_back_without_being_low);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
