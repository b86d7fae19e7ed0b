/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/virt-internal.h"

#include <stdio.h>
#include <string.h>

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define PARAMS_MAX 16

static virTypedParameter params[PARAMS_MAX];
static int n_params;
static struct sample sample;

static void reset(void)
{
	n_params = 0;
	virt_sample_init(&sample);
}

static virTypedParameter *add(const char *field, int type)
{
	virTypedParameter *p = &params[n_params++];

	(void)snprintf(p->field, sizeof(p->field), "%s", field);
	p->type = type;
	return p;
}

static void add_figure(const char *field, unsigned long long value)
{
	add(field, VIR_TYPED_PARAM_ULLONG)->value.ul = value;
}

static void add_state(int state, int reason)
{
	add("state.state", VIR_TYPED_PARAM_INT)->value.i = state;
	add("state.reason", VIR_TYPED_PARAM_INT)->value.i = reason;
}

START_TEST(figures_become_bytes)
{
	add_state(VIR_DOMAIN_RUNNING, 1);
	add_figure("balloon.current", 1024);
	add_figure("balloon.maximum", 2048);
	add_figure("balloon.swap_in", 3);
	add_figure("balloon.swap_out", 4);
	add_figure("balloon.major_fault", 5);
	add_figure("balloon.minor_fault", 6);
	add_figure("balloon.unused", 7);
	add_figure("balloon.available", 1000);
	add_figure("balloon.usable", 900);
	add_figure("balloon.disk_caches", 8);
	add_figure("balloon.last-update", 1700000000);
	add_figure("balloon.rss", 512);
	ck_assert(virt_sample_from_params(params, n_params, true, &sample));
	ck_assert_uint_eq(sample.actual, BALLOOND_MIB);
	ck_assert_uint_eq(sample.maximum, 2 * BALLOOND_MIB);
	ck_assert_uint_eq(sample.swap_in, 3072);
	ck_assert_uint_eq(sample.swap_out, 4096);
	ck_assert_uint_eq(sample.major_faults, 5);
	ck_assert_uint_eq(sample.unused, 7 * 1024);
	ck_assert_uint_eq(sample.total, 1000 * 1024);
	ck_assert_uint_eq(sample.usable, 900 * 1024);
	ck_assert_uint_eq(sample.caches, 8 * 1024);
	ck_assert_uint_eq(sample.last_update, 1700000000);
	ck_assert_uint_eq(sample.rss, 512 * 1024);
	ck_assert_uint_eq(sample.facts, 0);
	ck_assert(!sample.is_short);
}
END_TEST

START_TEST(what_is_missing_is_unknown)
{
	add_figure("balloon.current", 1024);
	add_figure("balloon.maximum", 2048);
	add_figure("balloon.last-update", 0);
	add_figure("balloon.rss", 1);
	ck_assert(virt_sample_from_params(params, n_params, true, &sample));
	ck_assert(!sample.is_short);
	ck_assert_uint_eq(sample.last_update, 0);
	ck_assert_uint_eq(sample.usable, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(sample.swap_in, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(sample.total, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(sample.host_swap, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(sample.disk_reads, BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(what_cannot_be_is_unknown)
{
	add_figure("balloon.usable", UINT64_MAX);
	add_figure("balloon.unused", UINT64_MAX / 1024);
	add_figure("balloon.major_fault", UINT64_MAX - 1);
	add("balloon.available", VIR_TYPED_PARAM_INT)->value.i = -1;
	(void)virt_sample_from_params(params, n_params, true, &sample);
	ck_assert_uint_eq(sample.usable, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(sample.unused, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(sample.major_faults, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(sample.total, BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(sizes_alone_mean_that_somebody_was_there)
{
	add_state(VIR_DOMAIN_RUNNING, 1);
	add_figure("balloon.current", 1024);
	add_figure("balloon.maximum", 2048);
	(void)virt_sample_from_params(params, n_params, true, &sample);
	ck_assert(sample.is_short);
	/* vz never has more, and was not asked with NOWAIT. */
	virt_sample_init(&sample);
	(void)virt_sample_from_params(params, n_params, false, &sample);
	ck_assert(!sample.is_short);
}
END_TEST

START_TEST(a_driver_without_balloon_figures_is_noticed)
{
	add_state(VIR_DOMAIN_RUNNING, 1);
	ck_assert(!virt_sample_from_params(params, n_params, true, &sample));
	ck_assert(!sample.is_short);
}
END_TEST

static const struct {
	int state, reason;
	uint32_t facts;
	bool is_arrived;
} states[] = {
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED, 0, false },
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED, 0, false },
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATED, 0, true },
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_RESTORED, 0, true },
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_FROM_SNAPSHOT, 0, true },
	{ VIR_DOMAIN_BLOCKED, 0, 0, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER, GUEST_PAUSED, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR, GUEST_PAUSED, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, GUEST_BUSY | GUEST_MIGRATING, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY, GUEST_BUSY | GUEST_MIGRATING, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SAVE, GUEST_BUSY | GUEST_SAVING, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_DUMP, GUEST_BUSY | GUEST_SAVING, false },
	{ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_SNAPSHOT, GUEST_BUSY | GUEST_SNAPSHOT, false },
	{ VIR_DOMAIN_PMSUSPENDED, 0, GUEST_PAUSED, false },
	{ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY, GUEST_BUSY | GUEST_MIGRATING, true },
	{ VIR_DOMAIN_SHUTDOWN, 0, 0, false },
};

START_TEST(states_become_facts)
{
	add_state(states[_i].state, states[_i].reason);
	(void)virt_sample_from_params(params, n_params, true, &sample);
	ck_assert_uint_eq(sample.facts, states[_i].facts);
	ck_assert(sample.is_arrived == states[_i].is_arrived);
}
END_TEST

static const virDomainMemoryStatStruct stats[] = {
	{ VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON, 4096 },
	{ VIR_DOMAIN_MEMORY_STAT_SWAP_IN, 77 },
	{ VIR_DOMAIN_MEMORY_STAT_AVAILABLE, 4000 },
	{ VIR_DOMAIN_MEMORY_STAT_USABLE, 3000 },
	{ VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE, 627319920 },
	{ VIR_DOMAIN_MEMORY_STAT_RSS, 2048 },
	{ VIR_DOMAIN_MEMORY_STAT_NR, 5 },
};

START_TEST(statistics_of_a_domain_are_read_as_its_driver_means_them)
{
	int n = sizeof(stats) / sizeof(stats[0]);

	virt_sample_from_stats(stats, n, VIRT_TEST, &sample);
	ck_assert_uint_eq(sample.actual, 4 * BALLOOND_MIB);
	ck_assert_uint_eq(sample.usable, 3000 * 1024);
	ck_assert_uint_eq(sample.last_update, 627319920);
	ck_assert(sample.is_computed);

	virt_sample_init(&sample);
	virt_sample_from_stats(stats, n, VIRT_LXC, &sample);
	ck_assert_uint_eq(sample.actual, 4 * BALLOOND_MIB);
	ck_assert_uint_eq(sample.rss, 2 * BALLOOND_MIB);
	ck_assert_uint_eq(sample.swap_in, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(sample.total, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(sample.facts, GUEST_CONTAINER | GUEST_NO_STATS);

	virt_sample_init(&sample);
	virt_sample_from_stats(stats, n, VIRT_XEN, &sample);
	ck_assert_uint_eq(sample.actual, 4 * BALLOOND_MIB);
	ck_assert_uint_eq(sample.total, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(sample.facts, GUEST_NO_STATS);
}
END_TEST

static const struct {
	const char *type, *name;
} drivers[] = {
	{ "QEMU", "qemu" },
	{ "LXC", "lxc" },
	{ "Xen", "xen" },
	{ "vz", "vz" },
	{ "Parallels", "vz" },
	{ "TEST", "test" },
	{ "OpenVZ", "openvz" },
	{ "A driver of the far future", "a driver of the" },
	{ "", "" },
};

START_TEST(a_hypervisor_is_called_as_rules_call_it)
{
	char name[16];

	virt_name_hypervisor(drivers[_i].type, name, sizeof(name));
	ck_assert_str_eq(name, drivers[_i].name);
}
END_TEST

static const struct {
	int type;
	const char *uri;
	bool matters;
} changes[] = {
	{ VIR_DOMAIN_METADATA_TITLE, NULL, true },
	{ VIR_DOMAIN_METADATA_DESCRIPTION, NULL, false },
	{ VIR_DOMAIN_METADATA_ELEMENT, "urn:balloond:1", true },
	{ VIR_DOMAIN_METADATA_ELEMENT, "http://libosinfo.org/xmlns/libvirt/domain/1.0", true },
	{ VIR_DOMAIN_METADATA_ELEMENT, "http://openstack.org/xmlns/libvirt/nova/1.1", false },
	{ VIR_DOMAIN_METADATA_ELEMENT, "urn:balloond:10", false },
	{ VIR_DOMAIN_METADATA_ELEMENT, NULL, true },
	{ VIR_DOMAIN_METADATA_ELEMENT + 1, "urn:unheard-of", true },
};

START_TEST(metadata_that_nobody_reads_starts_no_inspection)
{
	ck_assert_int_eq(virt_metadata_matters(changes[_i].type, changes[_i].uri),
			 changes[_i].matters);
}
END_TEST

START_TEST(qemu_9_1_is_not_asked_for_statistics)
{
	ck_assert(!virt_stats_are_risky(7002000));
	ck_assert(!virt_stats_are_risky(9000004));
	ck_assert(virt_stats_are_risky(9001000));
	ck_assert(virt_stats_are_risky(9001002));
	ck_assert(virt_stats_are_risky(9001090));
	ck_assert(!virt_stats_are_risky(9002000));
	ck_assert(!virt_stats_are_risky(10001000));
	ck_assert(!virt_stats_are_risky(0));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virt-stats");
	TCase *tc = tcase_create("virt-stats");

	tcase_add_checked_fixture(tc, reset, NULL);
	tcase_add_test(tc, figures_become_bytes);
	tcase_add_test(tc, what_is_missing_is_unknown);
	tcase_add_test(tc, what_cannot_be_is_unknown);
	tcase_add_test(tc, sizes_alone_mean_that_somebody_was_there);
	tcase_add_test(tc, a_driver_without_balloon_figures_is_noticed);
	tcase_add_loop_test(tc, states_become_facts, 0, sizeof(states) / sizeof(states[0]));
	tcase_add_test(tc, statistics_of_a_domain_are_read_as_its_driver_means_them);
	tcase_add_loop_test(tc, a_hypervisor_is_called_as_rules_call_it, 0,
			    sizeof(drivers) / sizeof(drivers[0]));
	tcase_add_loop_test(tc, metadata_that_nobody_reads_starts_no_inspection, 0,
			    sizeof(changes) / sizeof(changes[0]));
	tcase_add_test(tc, qemu_9_1_is_not_asked_for_statistics);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
