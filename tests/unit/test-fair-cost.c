/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What fair costs on hosts with many guests: processor time of a decision, with all that core finds
 * out for it, and memory that a tick allocates. */

#include <stdlib.h>
#include <time.h>

#include "balloond/io/util.h"
#include "balloond/sim/run.h"
#include "tests/unit/policy-checks.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND

#define TICKS_MAX 200u
/* Where guests and history have the room that they need. */
#define STEADY (60 * SECOND)
/* Five times what is the goal, so that a busy machine fails nobody. */
#define NS_MOST 5000u
#ifdef __SANITIZE_ADDRESS__
#define SLOWER 20u
#else
#define SLOWER 1u
#endif

struct bed {
	struct sim_world *world;
	struct config config;
	struct promise promise;
	struct rule rule;
	_Alignas(16) uint8_t params[POLICY_BYTES_MAX];
	char *pattern[1];
	uint64_t ns[TICKS_MAX], moves; /* of a guest and tick; of all guests */
	size_t n;
	bool is_steady;
};

static size_t n_allocations;

/* The linker puts these in the place of the library's (--wrap): they are its names. */
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

void *__wrap_malloc(size_t size)
{
	n_allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	n_allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	n_allocations++;
	return __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	n_allocations++;
	return __real_reallocarray(p, n, size);
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

static uint64_t cpu_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void decide(void *userdata, const struct config *config, const struct snapshot *snapshot,
		   struct history *history, struct plan *plan)
{
	struct bed *bed = userdata;
	uint64_t began = cpu_ns();

	planner_run(config, snapshot, history, false, plan);
	if (bed->n == TICKS_MAX)
		ck_abort_msg("more than %u ticks", TICKS_MAX);
	bed->ns[bed->n++] = (cpu_ns() - began) / snapshot->n_guests;
	bed->moves += plan->n_steps;
}

/* An assertion that holds would allocate as well. */
static int allocates_nothing(void *userdata, const struct sim_view *view)
{
	struct bed *bed = userdata;

	if (bed->is_steady && n_allocations > 0)
		ck_abort_msg("%zu allocations in tick %zu", n_allocations, bed->n);
	bed->is_steady = view->world->now >= SIM_EPOCH + STEADY;
	n_allocations = 0;
	return 0;
}

/* Guests of 4 GiB that come to one and a half times the pool.  Some need more and less all the
 * time; a part of the others reads. */
static void begin(struct bed *bed, size_t n)
{
	*bed = (struct bed){
		.pattern = { (char *)(uintptr_t) "*" },
	};
	policy_defaults(bed->params);
	bed->promise = (struct promise){
		.match = { .texts = { [MATCH_NAME] = { bed->pattern, 1 } } },
		.min = { AMOUNT_KERNEL, 0 },
		.shares = 1000,
	};
	bed->rule = (struct rule){
		.match = { .texts = { [MATCH_NAME] = { bed->pattern, 1 } } },
		.policy = &balloond_policy,
		.params = bed->params,
		.key = 1,
	};
	bed->config = (struct config){
		.host = { .pool = { AMOUNT_BYTES, n * 4 * GiB * 2 / 3 }, .commit = COMMIT_STRICT },
		.stats_period = SECOND,
		.promises = &bed->promise,
		.n_promises = 1,
		.rules = &bed->rule,
		.n_rules = 1,
		.state_size = balloond_policy.state_size,
		.scratch_size = balloond_policy.scratch_size,
	};
	ck_assert_int_eq(sim_world_new(n, &bed->world), 0);
	bed->world->host.model = (struct sim_host_model){ .total = n * 8 * GiB };
	for (size_t i = 0; i < n; i++) {
		sim_model_init(&bed->world->guests[i].model, 4 * GiB);
		bed->world->guests[i].period = SECOND;
		bed->world->guests[i].model.fill = i % 3 ? 0 : 64 * MiB;
		bed->world->demands[i] = (struct demand){
			.maximum = 4 * GiB,
			.shape = i % 8 ? DEMAND_CONSTANT : DEMAND_SQUARE,
			.low = 512 * MiB,
			.high = (1 + i % 3) * GiB,
			.period = 40 * SECOND,
			.offset = SIM_EPOCH + i % 40 * SECOND,
		};
	}
	sim_world_begin(bed->world);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Of a guest and tick, in half of all ticks: what else the machine does counts in few. */
static uint64_t median_ns(struct bed *bed)
{
	qsort(bed->ns, bed->n, sizeof(bed->ns[0]), compare);
	return bed->ns[bed->n / 2];
}

static const size_t sizes[] = { 1000, 10000 };

START_TEST(a_decision_takes_little_time_and_a_steady_tick_allocates_nothing)
{
	struct sim_result result;
	struct bed bed;
	struct sim_setup setup = {
		.pool = BALLOOND_UNKNOWN,
		.length = 100 * SECOND,
		.step = SECOND,
		.decide = decide,
		.decide_userdata = &bed,
		.on_step = allocates_nothing,
		.userdata = &bed,
	};

	begin(&bed, sizes[_i]);
	setup.world = bed.world;
	setup.config = &bed.config;
	ck_assert_int_eq(sim_run(&setup, &result), 0);
	ck_assert_uint_gt(bed.n, 50);
	ck_assert_uint_gt(bed.moves, sizes[_i]);
	ck_assert_uint_le(median_ns(&bed), NS_MOST * SLOWER);
	sim_world_free(bed.world);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fair-cost");
	TCase *tc = tcase_create("fair-cost");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_decision_takes_little_time_and_a_steady_tick_allocates_nothing, 0,
			    ELEMENTSOF(sizes));
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
