/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Guests whose hypervisor hangs.  libvirt's test driver never does: two of its calls are taken over
 * here, one that waits as long as a test wants, and one that tells so. */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "balloond/io/live.h"
#include "balloond/io/virt-internal.h"
#include "tests/unit/world-bed.h"

#define N_GUESTS 6u
/* What a call says that hung: nobody must ever see it. */
#define OLD_KIB 7777u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool hangs[N_GUESTS];
static usec_t inside[N_GUESTS]; /* a call waits: since when */

static size_t number_of(virDomainPtr domain)
{
	return (size_t)(virDomainGetName(domain)[1] - '0');
}

int virDomainMemoryStats(virDomainPtr domain, virDomainMemoryStatPtr stats, unsigned n,
			 unsigned flags)
{
	static int (*real)(virDomainPtr, virDomainMemoryStatPtr, unsigned, unsigned);
	size_t i = number_of(domain);
	bool waited = false;
	int found;

	pthread_mutex_lock(&lock);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "virDomainMemoryStats");
	for (; hangs[i]; waited = true) {
		if (inside[i] == 0)
			inside[i] = clock_monotonic();
		pthread_cond_wait(&changed, &lock);
	}
	inside[i] = 0;
	pthread_mutex_unlock(&lock);
	found = real(domain, stats, n, flags);
	for (int k = 0; waited && k < found; k++)
		stats[k].val = OLD_KIB;
	return found;
}

int virDomainGetControlInfo(virDomainPtr domain, virDomainControlInfoPtr info, unsigned flags)
{
	size_t i = number_of(domain);

	ck_assert_uint_eq(flags, 0);
	*info = (virDomainControlInfo){ .state = VIR_DOMAIN_CONTROL_OK };
	pthread_mutex_lock(&lock);
	if (inside[i] > 0) {
		info->state = VIR_DOMAIN_CONTROL_OCCUPIED;
		info->stateTime = (unsigned)((clock_monotonic() - inside[i]) / 1000u);
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

static void set_hangs(size_t first, size_t n, bool on)
{
	pthread_mutex_lock(&lock);
	for (size_t i = first; i < first + n; i++)
		hangs[i] = on;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static size_t count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	size_t n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static bool all_are_there(void)
{
	if (!is_settled() || snapshot.n_guests != N_GUESTS)
		return false;
	for (size_t i = 0; i < N_GUESTS; i++)
		if (!(snapshot.guests[i].facts & GUEST_INSPECTED))
			return false;
	return true;
}

static char path[] = "/tmp/balloond-test-hung-XXXXXX";

static void write_node(void)
{
	FILE *file;
	int fd;

	memcpy(path + strlen(path) - 6, "XXXXXX", 6);
	fd = mkstemp(path);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	ck_assert_ptr_nonnull(file);
	fputs("<node>\n", file);
	for (unsigned i = 0; i < N_GUESTS; i++)
		fprintf(file,
			"<domain type='test'><name>g%u</name>"
			"<uuid>%u0000000-0000-0000-0000-000000000000</uuid>"
			"<memory unit='GiB'>2</memory><currentMemory unit='GiB'>1</currentMemory>"
			"<os><type>hvm</type></os><devices><memballoon model='virtio'/></devices>"
			"</domain>\n",
			i, i);
	fputs("</node>\n", file);
	ck_assert_int_eq(fclose(file), 0);
}

static size_t threads;

static void start(void)
{
	set_up();
	write_node();
	(void)snprintf(uri, sizeof(uri), "test://%s", path);
	ck_assert_int_ge(world.configure(world.self, &config), 0);
	turn_until(all_are_there);
	ck_assert_int_eq(unlink(path), 0);
	threads = count_threads();
}

static void stop(void)
{
	set_hangs(0, N_GUESTS, false);
	tear_down();
}

static uint64_t stamps[N_GUESTS];

static void remember_stamps(void)
{
	for (size_t i = 0; i < N_GUESTS; i++)
		stamps[i] = snapshot.guests[i].stamp;
}

/* The manager asks for all again and again. */
static void look(void)
{
	world.refresh(world.self, NULL);
	for (size_t i = 0; i < snapshot.n_guests; i++) {
		ck_assert_uint_ne(snapshot.guests[i].seen.usable, OLD_KIB * 1024u);
		ck_assert_uint_ne(snapshot.guests[i].seen.actual, OLD_KIB * 1024u);
	}
}

static size_t n_hung;

/* Exactly the first n_hung hang, and the others were sampled since. */
static bool others_go_on(void)
{
	bool all = snapshot.n_guests == N_GUESTS;

	look();
	for (size_t i = 0; i < snapshot.n_guests; i++)
		all = all && (snapshot.guests[i].facts & GUEST_HUNG
				      ? i < n_hung
				      : i >= n_hung && snapshot.guests[i].stamp != stamps[i]);
	return all;
}

static bool threads_are_gone(void)
{
	look();
	return count_threads() == threads;
}

START_TEST(one_that_hangs_holds_up_nobody_else)
{
	set_hangs(0, n_hung = 1, true);
	remember_stamps();
	turn_until(others_go_on);
	ck_assert_uint_eq(snapshot.guests[0].seen.actual, BALLOOND_GIB);
	ck_assert(!world.is_degraded(world.self));
	/* And again, and again. */
	for (int i = 0; i < 3; i++) {
		remember_stamps();
		turn_until(others_go_on);
	}
	ck_assert_uint_eq(count_threads(), threads + 1);
}
END_TEST

START_TEST(it_is_back_when_it_answers_and_no_thread_is_left)
{
	set_hangs(0, n_hung = 1, true);
	turn_until(others_go_on);
	set_hangs(0, 1, false);
	n_hung = 0;
	remember_stamps();
	turn_until(others_go_on);
	ck_assert_uint_ne(snapshot.guests[0].facts & GUEST_INSPECTED, 0);
	turn_until(threads_are_gone);
}
END_TEST

static bool is_degraded(void)
{
	look();
	return world.is_degraded(world.self);
}

static bool five_are_known(void)
{
	look();
	return snapshot.guests[4].facts & GUEST_HUNG;
}

START_TEST(where_too_many_hang_the_source_is_degraded_until_one_answers)
{
	set_hangs(0, 5, true);
	n_hung = 4;
	turn_until(five_are_known);
	turn_until(is_degraded);
	ck_assert_uint_eq(count_threads(), threads + 4);
	remember_stamps();
	ck_assert_uint_eq(stamps[5], snapshot.guests[5].stamp);
	/* The last one is held up itself: when it answers the fifth is free as well. */
	set_hangs(0, 5, false);
	n_hung = 0;
	turn_until(others_go_on);
	turn_until(threads_are_gone);
	ck_assert(!world.is_degraded(world.self));
}
END_TEST

static struct verdict verdicts[N_GUESTS];
static struct step step;
static struct plan plan;

static void order(size_t guest, uint64_t to)
{
	plan = (struct plan){
		.verdicts = verdicts,
		.n_verdicts = N_GUESTS,
		.steps = &step,
		.n_steps = 1,
	};
	for (size_t i = 0; i < N_GUESTS; i++) {
		verdicts[i] = (struct verdict){ .source = &snapshot.guests[i] };
		verdicts[i].guest = snapshot.guests[i].seen;
	}
	step = (struct step){ .guest = guest, .from = BALLOOND_GIB, .to = to };
	world.act(world.self, &plan);
}

static bool first_was_told(void)
{
	return snapshot.guests[0].outcome.kind != OUTCOME_NONE;
}

static bool last_moved(void)
{
	return snapshot.guests[N_GUESTS - 1].seen.actual == 700 * BALLOOND_MIB;
}

START_TEST(nobody_calls_one_that_hangs_and_others_move)
{
	set_hangs(0, n_hung = 1, true);
	turn_until(others_go_on);
	order(0, 700 * BALLOOND_MIB);
	turn_until(first_was_told);
	ck_assert_int_eq(snapshot.guests[0].outcome.kind, OUTCOME_REFUSED);
	ck_assert_int_eq(snapshot.guests[0].outcome.error, -EBUSY);
	order(N_GUESTS - 1, 700 * BALLOOND_MIB);
	turn_until(last_moved);
}
END_TEST

START_TEST(nobody_calls_one_whose_calls_failed_again_and_again)
{
	struct live *live = world.self;
	struct breaker *breaker =
		&domains_find(&live->domains, snapshot.guests[0].uuid)->calls.breaker;

	for (unsigned i = 0; i < BREAKER_FAILURES; i++)
		breaker_take(breaker, -ETIMEDOUT, clock_monotonic());
	order(0, 700 * BALLOOND_MIB);
	turn_until(first_was_told);
	ck_assert_int_eq(snapshot.guests[0].outcome.kind, OUTCOME_REFUSED);
	ck_assert_int_eq(snapshot.guests[0].outcome.error, -ECANCELED);
	/* After the pause one is made, and closes it. */
	breaker->until = 0;
	order(0, 700 * BALLOOND_MIB);
	turn_until(first_was_told);
	ck_assert_int_eq(snapshot.guests[0].outcome.kind, OUTCOME_ASKED);
	ck_assert_uint_eq(breaker->failures, 0);
}
END_TEST

START_TEST(it_ends_while_one_hangs)
{
	usec_t began;

	set_hangs(0, n_hung = 1, true);
	turn_until(others_go_on);
	began = clock_monotonic();
	world_live_free(&world);
	ck_assert_uint_lt(clock_monotonic() - began, 5 * BALLOOND_SECOND);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("world-hung");
	TCase *tc = tcase_create("world-hung");

	tcase_add_checked_fixture(tc, start, stop);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, one_that_hangs_holds_up_nobody_else);
	tcase_add_test(tc, it_is_back_when_it_answers_and_no_thread_is_left);
	tcase_add_test(tc, where_too_many_hang_the_source_is_degraded_until_one_answers);
	tcase_add_test(tc, nobody_calls_one_that_hangs_and_others_move);
	tcase_add_test(tc, nobody_calls_one_whose_calls_failed_again_and_again);
	tcase_add_test(tc, it_ends_while_one_hangs);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
