/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What others do to a domain reaches the world by libvirt's events: nothing is refreshed here. */

#include <libvirt/libvirt.h>
#include <string.h>

#include "tests/unit/world-bed.h"

static bool has_one(void)
{
	return is_settled() && snapshot.n_guests == 1;
}

static bool is_paused(void)
{
	return snapshot.guests[0].facts & GUEST_PAUSED;
}

static bool has_none(void)
{
	return snapshot.n_guests == 0;
}

static bool is_back(void)
{
	return snapshot.n_guests == 1 && snapshot.guests[0].facts & GUEST_INSPECTED;
}

static virConnectPtr connection;
static virDomainPtr domain;

/* test:///default is one for the whole process: what the test does to it, the world hears. */
static void share_default(void)
{
	static char shared[] = "test:///default";

	uris[0] = shared;
	ck_assert_int_ge(world.configure(world.self, &config), 0);
	turn_until(has_one);
	connection = virConnectOpen(shared);
	ck_assert_ptr_nonnull(connection);
	domain = virDomainLookupByName(connection, snapshot.guests[0].name);
	ck_assert_ptr_nonnull(domain);
}

static void share_no_more(void)
{
	virDomainFree(domain);
	virConnectClose(connection);
}

START_TEST(what_happens_to_a_domain_is_seen_without_a_refresh)
{
	share_default();
	ck_assert_uint_eq(snapshot.guests[0].booted, 0);
	ck_assert_int_eq(virDomainSuspend(domain), 0);
	turn_until(is_paused);
	ck_assert_int_eq(virDomainDestroy(domain), 0);
	turn_until(has_none);
	ck_assert_int_eq(virDomainCreate(domain), 0);
	turn_until(is_back);
	ck_assert_uint_gt(snapshot.guests[0].booted, 0);
	share_no_more();
}
END_TEST

static void set_metadata(int type, const char *text, const char *metadata_uri)
{
	ck_assert_int_eq(virDomainSetMetadata(domain, type, text, metadata_uri ? "balloond" : NULL,
					      metadata_uri, VIR_DOMAIN_AFFECT_LIVE),
			 0);
}

static const struct tenant_wish *wish(void)
{
	return &snapshot.guests[0].wish;
}

static bool wishes_two_gib(void)
{
	return wish()->given == (1u << TENANT_MIN | 1u << TENANT_HOLD | 1u << TENANT_TAG) &&
	       wish()->min.value == 2 * BALLOOND_GIB && wish()->hold;
}

static bool wishes_half(void)
{
	return wish()->given == 1u << TENANT_MIN && wish()->unclear == 1u << TENANT_SHARES &&
	       wish()->min.kind == AMOUNT_PERMILLE && wish()->min.value == 500;
}

static bool wishes_nothing(void)
{
	return wish()->given == 0 && wish()->unclear == 0;
}

/* Nothing is refreshed here: an event alone can bring the news. */
START_TEST(metadata_of_a_running_domain_is_followed_without_a_refresh)
{
	share_default();
	ck_assert(wishes_nothing());
	set_metadata(VIR_DOMAIN_METADATA_ELEMENT, "<policy min='2GiB' hold='true' tag='web,eu'/>",
		     "urn:balloond:1");
	turn_until(wishes_two_gib);
	ck_assert_str_eq(snapshot.guests[0].labels.tags, "web eu");
	ck_assert_str_eq(snapshot.guests[0].labels.hypervisor, "test");
	set_metadata(VIR_DOMAIN_METADATA_ELEMENT, "<policy min='50%' shares='many'/>",
		     "urn:balloond:1");
	turn_until(wishes_half);
	ck_assert_str_eq(snapshot.guests[0].labels.tags, "");
	set_metadata(VIR_DOMAIN_METADATA_ELEMENT, NULL, "urn:balloond:1");
	turn_until(wishes_nothing);
	share_no_more();
}
END_TEST

static bool is_called_orders(void)
{
	return strcmp(snapshot.guests[0].labels.title, "Orders") == 0;
}

static bool runs_debian(void)
{
	return strcmp(snapshot.guests[0].labels.os, "http://debian.org/debian/12") == 0;
}

START_TEST(title_and_operating_system_are_followed_as_well)
{
	share_default();
	set_metadata(VIR_DOMAIN_METADATA_TITLE, "Orders", NULL);
	turn_until(is_called_orders);
	set_metadata(VIR_DOMAIN_METADATA_ELEMENT,
		     "<libosinfo><os id='http://debian.org/debian/12'/></libosinfo>",
		     "http://libosinfo.org/xmlns/libvirt/domain/1.0");
	turn_until(runs_debian);
	share_no_more();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("world-events");
	TCase *tc = tcase_create("world-events");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_happens_to_a_domain_is_seen_without_a_refresh);
	tcase_add_test(tc, metadata_of_a_running_domain_is_followed_without_a_refresh);
	tcase_add_test(tc, title_and_operating_system_are_followed_as_well);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
