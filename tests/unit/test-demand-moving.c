/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a guest uses while its balloon moves, where the figures of one sweep are not of one instant:
 * the guest samples once a second at any phase, libvirt learns of a size a second late, sweeps come
 * at their own pace. */

#include "balloond/core/demand.h"

#include "balloond/core/progress.h"
#include "balloond/policy-math.h"
#include "tests/unit/bed.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define GiB BALLOOND_GIB
#define SECOND BALLOOND_SECOND

/* A guest whose balloon takes time, and a libvirt that knows of it a second later. */
enum { LAG_STEPS = 20, STEP = SECOND / LAG_STEPS };

struct mover {
	const char *name;
	uint32_t facts;
	bool is_windows; /* total stays, usable is not reported */
	uint64_t kernel;
};

static const struct mover movers[] = {
	{ "plain", 0, false, 51 * MiB },
	{ "deflate-on-OOM", GUEST_AUTODEFLATE, false, 51 * MiB },
	{ "crashkernel", 0, false, 243 * MiB },
	{ "Windows", 0, true, 1 * MiB },
};

#define N_MOVERS (int)(sizeof(movers) / sizeof(movers[0]))

static const struct move {
	uint64_t from, to, speed; /* MiB and MiB a second */
	unsigned sweep_steps;     /* steps between two sweeps */
	uint64_t grown_need;      /* MiB: what it needs from the middle of the move on */
} moves[] = {
	{ 8192, 2048, 100, 10, 1024 },    { 8192, 2048, 1000, 10, 1024 },
	{ 8192, 7000, 100000, 10, 1024 }, { 2048, 8192, 100, 10, 1024 },
	{ 2048, 8192, 1000, 10, 1024 },   { 2048, 8192, 100000, 10, 1024 },
	{ 2048, 8192, 1000, 5, 1024 },    { 2048, 8192, 1000, 20, 1024 },
	{ 8192, 2048, 400, 5, 1024 },     { 8192, 2048, 400, 20, 1024 },
	{ 2048, 2060, 100000, 10, 1024 }, { 8192, 4096, 100, 10, 2500 },
	{ 4096, 8192, 100, 10, 2500 },    { 8192, 4096, 300, 5, 2500 },
};

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void report(struct bed *bed, const struct mover *who, uint64_t size, uint64_t need)
{
	struct balloond_guest *seen = &bed->guest.seen;
	bool total_stays = who->is_windows || who->facts & GUEST_AUTODEFLATE;

	seen->total = (total_stays ? seen->maximum : size) - who->kernel;
	if (who->is_windows)
		seen->unused = size - need;
	else
		seen->usable = size - need;
	bed->guest.stamp++;
}

/* Lets one move happen and returns by how much used was wrong at worst.  `phase`: when the guest
 * samples, in steps after a full second. */
static uint64_t worst_error(const struct mover *who, const struct move *move, unsigned phase,
			    bool is_late)
{
	uint64_t size = move->from * MiB, to = move->to * MiB, need = 1 * GiB, worst = 0;
	uint64_t per_step = move->speed * MiB / LAG_STEPS, past[LAG_STEPS];
	struct bed bed;

	bed_init(&bed, 8 * GiB);
	bed.guest.facts |= who->facts;
	bed.guest.seen.actual = bed.memory.actual = bed.memory.previous_actual = size;
	for (unsigned i = 0; i < LAG_STEPS; i++)
		past[i] = size;
	for (unsigned t = 0; t < 100 * LAG_STEPS; t++) {
		if (t == 10 * LAG_STEPS)
			progress_ask(&bed.memory, to, bed.guest.swept);
		if (t >= 10 * LAG_STEPS)
			size = size < to ? balloond_min(to, size + per_step)
					 : balloond_max(to, balloond_sub(size, per_step));
		if (distance(size, to) < distance(move->from * MiB, to) / 2)
			need = move->grown_need * MiB;
		if (t % LAG_STEPS == phase)
			report(&bed, who, size, need);
		bed.guest.seen.actual = is_late ? past[t % LAG_STEPS] : size;
		past[t % LAG_STEPS] = size;
		bed.guest.swept += STEP;
		if (t % move->sweep_steps != 0)
			continue;
		demand_observe(&bed.memory, &bed.guest);
		/* A guest that told its need a moment ago may need something else already. */
		if (t < 5 * LAG_STEPS || (move->grown_need != 1024 && t % LAG_STEPS != phase))
			continue;
		worst = balloond_max(worst, distance(bed.memory.used, need));
	}
	return worst;
}

START_TEST(used_is_right_while_the_balloon_moves)
{
	const struct mover *who = &movers[_i];

	for (size_t k = 0; k < sizeof(moves) / sizeof(moves[0]); k++) {
		/* Where total tells nothing, what is needed anew shows at rest. */
		if (moves[k].grown_need != 1024 &&
		    (who->is_windows || who->facts & GUEST_AUTODEFLATE))
			continue;
		for (unsigned i = 0; i < 2 * LAG_STEPS; i++) {
			uint64_t error = worst_error(who, &moves[k], i / 2, i % 2);

			ck_assert_msg(error <= 16 * MiB,
				      "%s: wrong by %llu MiB in move %zu, phase %u, %s", who->name,
				      (unsigned long long)(error / MiB), k, i / 2,
				      i % 2 ? "libvirt late" : "libvirt at once");
		}
	}
}
END_TEST

/* Asks for `step` less each second, as far as half of it, and sees that at once. */
static void shrink(struct bed *bed, uint64_t step)
{
	if (bed->guest.seen.actual > bed->guest.seen.maximum / 2)
		bed->guest.seen.actual -= step;
	progress_ask(&bed->memory, bed->guest.seen.actual, bed->guest.swept);
	bed->guest.swept += SECOND;
	demand_observe(&bed->memory, &bed->guest);
}

/* A device pins it, and nobody has said so. */
START_TEST(memory_that_a_balloon_takes_and_the_host_keeps_is_overhead_before_it_rests)
{
	struct bed bed;

	bed_init(&bed, 4 * GiB);
	bed.guest.seen.resident = 4 * GiB + 60 * MiB;
	for (unsigned i = 0; i < 40; i++)
		shrink(&bed, 20 * MiB);
	/* What it was for a whole window: ten seconds, and up to as much again. */
	ck_assert_uint_ge(bed.memory.overhead, 60 * MiB + 20 * 20 * MiB);
	ck_assert_uint_le(bed.memory.overhead, 60 * MiB + 40 * 20 * MiB);
}
END_TEST

/* The kernel adds up a cgroup's figures every two seconds. */
START_TEST(resident_that_is_seen_late_is_no_overhead)
{
	struct bed bed;

	bed_init(&bed, 16 * GiB);
	bed.guest.seen.resident = 16 * GiB;
	for (unsigned i = 0; i < 30; i++) {
		if (i % 2 == 0)
			bed.guest.seen.resident = bed.guest.seen.actual + 60 * MiB;
		shrink(&bed, 256 * MiB);
	}
	ck_assert_uint_le(bed.memory.overhead, 64 * MiB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("demand-moving");
	TCase *tc = tcase_create("demand-moving");

	tcase_add_loop_test(tc, used_is_right_while_the_balloon_moves, 0, N_MOVERS);
	tcase_add_test(tc,
		       memory_that_a_balloon_takes_and_the_host_keeps_is_overhead_before_it_rests);
	tcase_add_test(tc, resident_that_is_seen_late_is_no_overhead);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
