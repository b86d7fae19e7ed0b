/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The shell around the planner, with a world of the test's own and no bus: what is acted on and
 * what is not, and what a reload changes. */

#include "balloond/manager.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "balloond/io/storage.h"
#include "tests/unit/check-main.h"

#define MiB (UINT64_C(1) << 20)
#define GiB (UINT64_C(1) << 30)
#define SECOND UINT64_C(1000000)

struct fake {
	struct manager *manager;
	sd_event *event;
	unsigned refreshed, sensed, acted, configured;
	size_t steps;          /* that were acted on */
	unsigned ticks_wanted; /* leave the loop after so many */
	unsigned asked;        /* whether it is settled */
	bool unsettled;        /* says no to the first three of these questions */
	int configure_result;
	char path[64];
};

static int fake_configure(void *self, const struct config *config)
{
	struct fake *f = self;

	(void)config;
	f->configured++;
	return f->configure_result;
}

static void fake_refresh(void *self, const struct plan *plan)
{
	struct fake *f = self;

	(void)plan;
	f->refreshed++;
	manager_request_tick(f->manager);
}

/* One guest of 2 GiB that uses next to nothing: every policy would shrink it. */
static int fake_sense(void *self, struct snapshot *s)
{
	struct fake *f = self;
	struct guest *g;
	int r = snapshot_reserve(s, 1);

	ck_assert_int_ge(r, 0);
	f->sensed++;
	ck_assert_int_ge(sd_event_now(f->event, CLOCK_MONOTONIC, &s->now), 0);
	s->host.seen = (struct balloond_host){ .total = 16 * GiB, .available = 12 * GiB };
	s->n_guests = 1;
	g = &s->guests[0];
	guest_init(g, "00000000-0000-4000-8000-000000000000", "g00");
	g->facts = GUEST_INSPECTED | GUEST_BALLOON;
	g->seen.maximum = g->seen.actual = g->sold = 2 * GiB;
	g->seen.total = 2 * GiB - 32 * MiB;
	g->seen.usable = 1900 * MiB;
	g->seen.resident = 2 * GiB;
	g->seen.stats_age = 0;
	g->stamp = g->swept = s->now;
	g->period = SECOND;
	snapshot_seal(s);
	if (f->sensed >= f->ticks_wanted)
		(void)sd_event_exit(f->event, 0);
	return 0;
}

static void fake_act(void *self, const struct plan *plan)
{
	struct fake *f = self;

	f->acted++;
	f->steps += plan->n_steps;
}

static bool fake_is_connected(void *self)
{
	return self != NULL;
}

static bool fake_is_degraded(void *self)
{
	return self == NULL;
}

static bool fake_is_settled(void *self)
{
	struct fake *f = self;

	return f->asked++ >= 3 || !f->unsettled;
}

static struct world fake_world(struct fake *f)
{
	return (struct world){
		.configure = fake_configure,
		.refresh = fake_refresh,
		.sense = fake_sense,
		.act = fake_act,
		.is_connected = fake_is_connected,
		.is_degraded = fake_is_degraded,
		.is_settled = fake_is_settled,
		.self = f,
	};
}

static const char strict[] = "version: 1\nhost: { commit: strict, pool: 8GiB }\n"
			     "rules: [{ name: all, match: { name: '*' }, policy: headroom }]\n";

static void write_config(struct fake *f, const char *text)
{
	FILE *file = fopen(f->path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void begin(struct fake *f, const char *config, bool dry_run, bool owner)
{
	struct manager_options options = {
		.config_path = f->path,
		.policy_dir = getenv("BALLOOND_TEST_POLICY_DIR"),
		.dry_run = dry_run,
	};
	int fd;

	*f = (struct fake){ .ticks_wanted = 2 };
	(void)strcpy(f->path, "/tmp/balloond-test-XXXXXX");
	fd = mkstemp(f->path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	write_config(f, config);
	ck_assert_int_ge(sd_event_new(&f->event), 0);
	ck_assert_int_ge(manager_new(f->event, &options, &f->manager), 0);
	ck_assert_int_ge(manager_load(f->manager), 0);
	ck_assert_int_ge(manager_start(f->manager, fake_world(f), NULL), 0);
	manager_set_owner(f->manager, owner);
}

static void end(struct fake *f)
{
	manager_free(f->manager);
	sd_event_unref(f->event);
	ck_assert_int_eq(unlink(f->path), 0);
}

START_TEST(manager_acts_on_what_was_decided)
{
	struct fake f;

	begin(&f, strict, false, true);
	ck_assert_int_ge(sd_event_loop(f.event), 0);
	ck_assert_uint_ge(f.acted, 1);
	ck_assert_uint_eq(f.steps, 1);
	ck_assert_uint_ge(f.refreshed, 1);
	end(&f);
}
END_TEST

START_TEST(manager_acts_on_nothing_without_its_name)
{
	struct fake f;

	begin(&f, strict, false, false);
	ck_assert_int_ge(sd_event_loop(f.event), 0);
	ck_assert_uint_eq(f.acted, 0);
	end(&f);
}
END_TEST

START_TEST(manager_acts_on_nothing_in_a_dry_run)
{
	struct fake f;

	begin(&f, strict, true, true);
	ck_assert_int_ge(sd_event_loop(f.event), 0);
	ck_assert_uint_eq(f.acted, 0);
	end(&f);
	begin(&f,
	      "version: 1\ndry-run: true\nhost: { commit: strict, pool: 8GiB }\n"
	      "rules: [{ name: all, match: { name: '*' }, policy: headroom }]\n",
	      false, true);
	ck_assert_int_ge(sd_event_loop(f.event), 0);
	ck_assert_uint_eq(f.acted, 0);
	end(&f);
}
END_TEST

START_TEST(manager_keeps_the_old_configuration_when_the_new_one_is_broken)
{
	struct fake f;

	begin(&f, strict, false, true);
	write_config(&f, "version: 1\nrules: [{ name: all }]\n");
	ck_assert_int_eq(manager_reload(f.manager), -EINVAL);
	ck_assert_int_ge(sd_event_loop(f.event), 0);
	ck_assert_uint_eq(f.steps, 1);
	ck_assert_uint_eq(f.configured, 1);
	end(&f);
}
END_TEST

START_TEST(manager_keeps_the_old_configuration_when_the_world_refuses_the_new_one)
{
	struct fake f;

	begin(&f, strict, false, true);
	f.configure_result = -ENOMEM;
	write_config(&f, "version: 1\n");
	ck_assert_int_eq(manager_reload(f.manager), -ENOMEM);
	ck_assert_int_ge(sd_event_loop(f.event), 0);
	ck_assert_uint_eq(f.steps, 1);
	end(&f);
}
END_TEST

START_TEST(manager_takes_a_new_configuration_between_two_ticks)
{
	struct fake f;

	begin(&f, strict, false, true);
	ck_assert_int_ge(sd_event_loop(f.event), 0);
	ck_assert_uint_eq(f.steps, 1);
	end(&f);
	begin(&f, strict, false, true);
	write_config(&f, "version: 1\n"); /* no rules: all are observed */
	ck_assert_int_ge(manager_reload(f.manager), 0);
	f.ticks_wanted = 1; /* with nobody to steer there is no hurry for a second */
	ck_assert_int_ge(sd_event_loop(f.event), 0);
	ck_assert_uint_eq(f.sensed, 1);
	ck_assert_uint_eq(f.steps, 0);
	ck_assert_uint_eq(f.configured, 2);
	end(&f);
}
END_TEST

START_TEST(manager_plans_nothing_before_all_guests_are_seen)
{
	struct fake f;

	begin(&f, strict, false, true);
	f.unsettled = true;
	f.ticks_wanted = 1;
	while (f.asked < 3) {
		ck_assert_uint_eq(f.sensed, 0);
		ck_assert_int_ge(sd_event_run(f.event, UINT64_MAX), 0);
	}
	ck_assert_int_ge(sd_event_loop(f.event), 0);
	ck_assert_uint_eq(f.sensed, 1);
	end(&f);
}
END_TEST

START_TEST(manager_coalesces_requests)
{
	struct fake f;
	uint64_t begun = 0, ended = 0;

	begin(&f, strict, false, true);
	f.ticks_wanted = 4;
	ck_assert_int_ge(sd_event_now(f.event, CLOCK_MONOTONIC, &begun), 0);
	while (sd_event_get_state(f.event) != SD_EVENT_FINISHED) {
		for (unsigned i = 0; i < 100; i++)
			manager_request_tick(f.manager);
		ck_assert_int_ge(sd_event_run(f.event, UINT64_MAX), 0);
	}
	ck_assert_int_ge(sd_event_now(f.event, CLOCK_MONOTONIC, &ended), 0);
	ck_assert_uint_eq(f.sensed, 4);
	/* The first may come at once. */
	ck_assert_int_ge(sd_event_now(f.event, CLOCK_MONOTONIC, &ended), 0);
	ck_assert_uint_ge(ended - begun, 3 * SECOND / 10);
	end(&f);
}
END_TEST

static Suite *manager_suite(void)
{
	Suite *suite = suite_create("manager");
	TCase *tc = tcase_create("manager");

	tcase_add_test(tc, manager_acts_on_what_was_decided);
	tcase_add_test(tc, manager_acts_on_nothing_without_its_name);
	tcase_add_test(tc, manager_acts_on_nothing_in_a_dry_run);
	tcase_add_test(tc, manager_keeps_the_old_configuration_when_the_new_one_is_broken);
	tcase_add_test(tc, manager_keeps_the_old_configuration_when_the_world_refuses_the_new_one);
	tcase_add_test(tc, manager_takes_a_new_configuration_between_two_ticks);
	tcase_add_test(tc, manager_plans_nothing_before_all_guests_are_seen);
	tcase_add_test(tc, manager_coalesces_requests);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(manager_suite());
}
