/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Connections that end and are made anew.  The test driver's never end by themselves: what
 * libvirt's event thread would do is done here. */

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/live.h"
#include "balloond/io/virt-internal.h"
#include "tests/unit/world-bed.h"

#define RECONNECTS 100u
/* libvirt and the allocator warm up. */
#define WARM_UP 10u

static struct live_source *source(void)
{
	return ((struct live *)world.self)->sources[0];
}

static bool is_settled_with_three(void)
{
	return is_settled() && snapshot.n_guests == 3;
}

static unsigned generation;

static bool is_swept_anew(void)
{
	if (atomic_load(&source()->virt->generation) == generation || source()->virt->round.is_on)
		return false;
	for (size_t i = 0; i < snapshot.n_guests; i++)
		if (snapshot.guests[i].facts & GUEST_LOST)
			return false;
	return source()->is_connected;
}

static void reconnect(void)
{
	struct domains *domains = &((struct live *)world.self)->domains;

	generation = atomic_load(&source()->virt->generation);
	atomic_store(&source()->virt->was_closed, true);
	domains_lose(domains, source()->number);
	world.refresh(world.self, NULL);
	turn_until(is_swept_anew);
}

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static uint64_t rss_anon(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	uint64_t kib = 0;
	char line[128];

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtoull(line + 8, NULL, 10);
	fclose(file);
	return kib * 1024;
}

START_TEST(reconnecting_leaves_nothing_behind)
{
	size_t fds, threads;
	uint64_t before, after;

	ck_assert_int_ge(world.configure(world.self, &config), 0);
	turn_until(is_settled_with_three);
	for (unsigned i = 0; i < WARM_UP; i++)
		reconnect();
	fds = count_entries("/proc/self/fd");
	threads = count_entries("/proc/self/task");
	before = rss_anon();
	for (unsigned i = 0; i < RECONNECTS; i++)
		reconnect();
	after = rss_anon();
	ck_assert_uint_eq(snapshot.n_guests, 3);
	ck_assert_uint_eq(count_entries("/proc/self/fd"), fds);
	ck_assert_uint_eq(count_entries("/proc/self/task"), threads);
	/* Sanitizers keep what was freed. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	ck_assert_msg(after < before + BALLOOND_MIB, "%" PRIu64 " KiB -> %" PRIu64 " KiB",
		      before / 1024, after / 1024);
#else
	(void)before;
	(void)after;
#endif
}
END_TEST

static bool is_first_inspected(void)
{
	return snapshot.guests[0].facts & GUEST_INSPECTED &&
	       snapshot.guests[0].seen.actual == BALLOOND_GIB;
}

START_TEST(guests_stay_lost_until_they_are_read_again)
{
	struct live *live = world.self;

	ck_assert_int_ge(world.configure(world.self, &config), 0);
	turn_until(is_settled_with_three);
	domains_lose(&live->domains, source()->number);
	ck_assert_int_ge(world.sense(world.self, &snapshot), 0);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_ne(snapshot.guests[i].facts & GUEST_LOST, 0);
	reconnect();
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(snapshot.guests[i].facts & GUEST_LOST, 0);
	turn_until(is_first_inspected);
}
END_TEST

START_TEST(a_source_that_is_away_is_degraded_unless_it_may_be)
{
	static char missing[] = "test:///nonexistent/node.xml";

	ck_assert_int_ge(world.configure(world.self, &config), 0);
	turn_until(is_settled_with_three);
	ck_assert(!world.is_degraded(world.self));
	uris[1] = missing;
	config.n_uris = 2;
	ck_assert_int_ge(world.configure(world.self, &config), 0);
	turn_until(is_settled);
	ck_assert(world.is_connected(world.self));
	ck_assert(world.is_degraded(world.self));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("world-reconnect");
	TCase *tc = tcase_create("world-reconnect");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, reconnecting_leaves_nothing_behind);
	tcase_add_test(tc, guests_stay_lost_until_they_are_read_again);
	tcase_add_test(tc, a_source_that_is_away_is_degraded_unless_it_may_be);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
