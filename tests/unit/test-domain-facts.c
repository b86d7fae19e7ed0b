/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What becomes of one domain: its sizes, its figures and their age. */

#include "balloond/core/config.h"
#include "balloond/core/text.h"
#include "tests/unit/domain-table.h"

START_TEST(sold_is_the_persistent_size)
{
	struct inspection inspection = sane_inspection();

	inspect('a', &inspection);
	(void)compose();
	ck_assert_uint_eq(guests[0].sold, 800 * MIB);
	ck_assert_uint_eq(guests[0].period, 5 * SECOND);
	ck_assert_uint_eq(guests[0].facts, GUEST_INSPECTED | GUEST_BALLOON);
}
END_TEST

START_TEST(a_transient_domain_is_sold_the_size_that_it_had_when_first_seen)
{
	struct inspection inspection = sane_inspection();

	inspection.is_transient = true;
	inspection.sold = BALLOOND_UNKNOWN;
	inspect('a', &inspection);
	next();
	add('a')->actual = 300 * MIB;
	take(false);
	inspection.actual = 300 * MIB;
	inspect('a', &inspection);
	(void)compose();
	ck_assert_uint_eq(guests[0].sold, 512 * MIB);
	ck_assert_uint_eq(guests[0].seen.actual, 300 * MIB);
	ck_assert_uint_ne(guests[0].facts & GUEST_TRANSIENT, 0);
}
END_TEST

START_TEST(a_dimm_was_sold_to_a_transient_domain_as_well)
{
	struct inspection inspection = sane_inspection();

	inspection.is_transient = true;
	inspection.sold = BALLOOND_UNKNOWN;
	inspection.live.plugged = 128 * MIB;
	inspect('a', &inspection);
	(void)compose();
	ck_assert_uint_eq(guests[0].sold, 512 * MIB); /* it was in there already */
	inspection.live.plugged = 384 * MIB;
	inspect('a', &inspection);
	(void)compose();
	ck_assert_uint_eq(guests[0].sold, 768 * MIB);
	inspection.live.plugged = 0;
	inspect('a', &inspection);
	(void)compose();
	ck_assert_uint_eq(guests[0].sold, 384 * MIB);
}
END_TEST

START_TEST(a_cached_size_that_is_wrong_is_corrected_until_it_moves)
{
	struct inspection inspection = sane_inspection();

	inspection.actual = 256 * MIB;
	ck_assert(domain_take_inspection(find('a'), &inspection, now));
	(void)compose();
	/* Not before the sweep whose figures fit it. */
	ck_assert_uint_eq(guests[0].seen.actual, 512 * MIB);
	next();
	add('a');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.actual, 256 * MIB);
	next();
	add('a')->actual = 300 * MIB;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.actual, 300 * MIB);
	next();
	add('a');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.actual, 512 * MIB);
}
END_TEST

START_TEST(virtio_mem_is_taken_off_all_sizes)
{
	struct inspection inspection = sane_inspection();

	inspection.live.elastic_size = 512 * MIB;
	inspection.live.elastic_current = 100 * MIB;
	inspection.actual = 412 * MIB;
	inspect('a', &inspection);
	next();
	add('a');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.maximum, 512 * MIB);
	ck_assert_uint_eq(guests[0].seen.actual, 412 * MIB);
	/* What it uses altogether stays the difference. */
	ck_assert_uint_eq(guests[0].seen.usable, 300 * MIB);
	ck_assert_uint_eq(guests[0].seen.total, 400 * MIB);
}
END_TEST

START_TEST(figures_that_cannot_be_are_unknown)
{
	struct sample *s;

	next();
	s = add('a');
	s->usable = 501 * MIB;
	s->unused = 501 * MIB;
	s->caches = 501 * MIB;
	s = add('b');
	s->total = 1100 * MIB;
	s->usable = 1050 * MIB;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.usable, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[0].seen.unused, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[0].seen.caches, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[0].seen.total, 500 * MIB);
	ck_assert_uint_eq(guests[1].seen.total, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[1].seen.usable, 1050 * MIB);
	ck_assert_uint_ne(guests[0].facts & GUEST_IMPOSSIBLE, 0);
	ck_assert_uint_ne(guests[1].facts & GUEST_IMPOSSIBLE, 0);
	next();
	add('a');
	add('b');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].facts & GUEST_IMPOSSIBLE, 0);
}
END_TEST

/* Files count as QEMU's own, what is swapped out as nobody's. */
START_TEST(who_says_that_it_uses_what_it_never_touched_is_noticed)
{
	struct sample *s;

	next();
	s = add('a');
	s->maximum = s->actual = s->total = 1024 * MIB;
	s->usable = 100 * MIB;
	s->rss = 300 * MIB;
	s->resident = 200 * MIB;
	s = add('b');
	*s = samples[0];
	(void)snprintf(s->uuid, sizeof(s->uuid), "%s", uuid_of('b'));
	s->host_swap = 400 * MIB;
	take(false);
	(void)compose();
	ck_assert_uint_ne(guests[0].facts & GUEST_UNTOUCHED, 0);
	ck_assert_uint_eq(guests[1].facts & GUEST_UNTOUCHED, 0);
	next();
	s = add('a');
	s->maximum = s->actual = s->total = 1024 * MIB;
	s->usable = 100 * MIB;
	s->rss = BALLOOND_UNKNOWN; /* who knows */
	add('b');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].facts & GUEST_UNTOUCHED, 0);
}
END_TEST

START_TEST(ages_grow_from_the_stamp_of_the_sample)
{
	next();
	add('a')->last_update = (WALL + now) / SECOND - 7;
	add('b')->last_update = 0;
	take(false);
	now += SECOND / 2;
	(void)compose();
	/* It was not there at the sweep before, so it cannot be older than that. */
	ck_assert_uint_eq(guests[0].seen.stats_age, SECOND + SECOND / 2);
	ck_assert_uint_ne(guests[0].stamp, 0);
	ck_assert_uint_eq(guests[1].seen.stats_age, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[1].stamp, 0);
}
END_TEST

START_TEST(a_stamp_that_stands_still_ages)
{
	uint64_t stamp = samples[0].last_update;

	for (int i = 0; i < 3; i++) {
		next();
		add('a')->last_update = stamp;
		take(false);
	}
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.stats_age, 3 * SECOND);
	ck_assert_uint_eq(guests[0].stamp, stamp);
}
END_TEST

START_TEST(a_clock_that_was_set_back_does_not_make_samples_young_or_old)
{
	next();
	add('a')->last_update = (WALL + now) / SECOND + 3600;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.stats_age, SECOND);
	next();
	add('c')->last_update = (WALL + now) / SECOND + 3600;
	add('d')->last_update = (WALL + now) / SECOND + 1;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].seen.stats_age, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[1].seen.stats_age, 0);
}
END_TEST

START_TEST(computed_figures_are_fresh_at_every_sweep)
{
	uint64_t stamp;

	next();
	add('a')->last_update = 627319920;
	samples[0].is_computed = true;
	take(false);
	(void)compose();
	stamp = guests[0].stamp;
	ck_assert_uint_eq(guests[0].seen.stats_age, 0);
	next();
	add('a')->last_update = 627319920;
	samples[0].is_computed = true;
	take(false);
	(void)compose();
	ck_assert_uint_ne(guests[0].stamp, stamp);
}
END_TEST

static void take_short(void)
{
	struct sample *s;

	next();
	s = add('a');
	s->is_short = true;
	s->actual = 300 * MIB;
	s->usable = s->total = s->unused = s->caches = s->last_update = BALLOOND_UNKNOWN;
	s->rss = s->resident = s->host_swap = s->disk_reads = BALLOOND_UNKNOWN;
	take(false);
	(void)compose();
}

START_TEST(one_short_sample_keeps_the_figures_and_two_are_busy)
{
	uint64_t stamp = samples[0].last_update;

	take_short();
	ck_assert_uint_eq(guests[0].facts & GUEST_BUSY, 0);
	ck_assert_uint_eq(guests[0].seen.actual, 300 * MIB);
	ck_assert_uint_eq(guests[0].seen.usable, 400 * MIB);
	ck_assert_uint_eq(guests[0].seen.resident, 550 * MIB);
	ck_assert_uint_eq(guests[0].host_swap, 20 * MIB);
	ck_assert_uint_eq(guests[0].seen.disk_reads, 30 * MIB);
	ck_assert_uint_eq(guests[0].stamp, stamp);
	ck_assert_uint_eq(guests[0].seen.stats_age, SECOND);
	take_short();
	ck_assert_uint_ne(guests[0].facts & GUEST_BUSY, 0);
	next();
	add('a');
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].facts & GUEST_BUSY, 0);
}
END_TEST

START_TEST(what_its_cgroup_tells_is_of_the_newest_sweep_alone)
{
	struct sample *s;

	(void)compose();
	ck_assert_uint_eq(guests[0].host_swap, 20 * MIB);
	ck_assert_uint_eq(guests[0].seen.disk_reads, 30 * MIB);
	next();
	s = add('a');
	s->host_swap = 0;
	s->disk_reads = 31 * MIB;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].host_swap, 0);
	ck_assert_uint_eq(guests[0].seen.disk_reads, 31 * MIB);
	/* A counter that cannot be read does not stand still. */
	next();
	s = add('a');
	s->host_swap = s->disk_reads = BALLOOND_UNKNOWN;
	take(false);
	(void)compose();
	ck_assert_uint_eq(guests[0].host_swap, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(guests[0].seen.disk_reads, BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(the_connection_names_the_hypervisor_and_the_definition_the_rest)
{
	struct inspection inspection = sane_inspection();

	(void)compose();
	ck_assert_str_eq(guests[0].labels.hypervisor, "qemu");
	ck_assert_str_eq(guests[0].labels.title, "");
	text_copy(inspection.live.labels.title, GUEST_LABEL_MAX, "Orders");
	text_copy(inspection.live.labels.tags, GUEST_LABEL_MAX, "gold");
	inspection.live.wish.given = 1u << TENANT_HOLD;
	inspection.live.wish.hold = true;
	inspect('a', &inspection);
	(void)compose();
	ck_assert_str_eq(guests[0].labels.hypervisor, "qemu");
	ck_assert_str_eq(guests[0].labels.title, "Orders");
	ck_assert_str_eq(guests[0].labels.tags, "gold");
	ck_assert_uint_eq(guests[0].wish.given, 1u << TENANT_HOLD);
	ck_assert(guests[0].wish.hold);
}
END_TEST

START_TEST(what_is_taken_out_of_a_definition_is_taken_back)
{
	struct inspection inspection = sane_inspection();

	text_copy(inspection.live.labels.title, GUEST_LABEL_MAX, "Orders");
	inspection.live.wish.given = 1u << TENANT_MIN;
	inspection.live.wish.unclear = 1u << TENANT_HOLD;
	inspect('a', &inspection);
	inspection = sane_inspection();
	inspect('a', &inspection);
	(void)compose();
	ck_assert_str_eq(guests[0].labels.title, "");
	ck_assert_uint_eq(guests[0].wish.given | guests[0].wish.unclear, 0);
}
END_TEST

static Suite *domain_facts_suite(void)
{
	Suite *suite = suite_create("domain-facts");
	TCase *tc = tcase_create("domain-facts");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, sold_is_the_persistent_size);
	tcase_add_test(tc, a_transient_domain_is_sold_the_size_that_it_had_when_first_seen);
	tcase_add_test(tc, a_dimm_was_sold_to_a_transient_domain_as_well);
	tcase_add_test(tc, a_cached_size_that_is_wrong_is_corrected_until_it_moves);
	tcase_add_test(tc, virtio_mem_is_taken_off_all_sizes);
	tcase_add_test(tc, figures_that_cannot_be_are_unknown);
	tcase_add_test(tc, who_says_that_it_uses_what_it_never_touched_is_noticed);
	tcase_add_test(tc, ages_grow_from_the_stamp_of_the_sample);
	tcase_add_test(tc, a_stamp_that_stands_still_ages);
	tcase_add_test(tc, a_clock_that_was_set_back_does_not_make_samples_young_or_old);
	tcase_add_test(tc, computed_figures_are_fresh_at_every_sweep);
	tcase_add_test(tc, one_short_sample_keeps_the_figures_and_two_are_busy);
	tcase_add_test(tc, what_its_cgroup_tells_is_of_the_newest_sweep_alone);
	tcase_add_test(tc, the_connection_names_the_hypervisor_and_the_definition_the_rest);
	tcase_add_test(tc, what_is_taken_out_of_a_definition_is_taken_back);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return check_main(domain_facts_suite());
}
