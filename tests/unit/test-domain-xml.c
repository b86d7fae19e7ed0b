/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/domain-xml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "balloond/core/config.h"
#include "balloond/io/read-file.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define ALL ((1u << TENANT_KEYS) - 1)

static int parse(const char *name, struct domain_facts *ret)
{
	char path[128], text[READ_FILE_MAX];

	(void)snprintf(path, sizeof(path), "/domains/%s.xml", name);
	ck_assert_int_eq(read_file(check_dir("BALLOOND_TEST_FIXTURES"), path, text, sizeof(text)),
			 0);
	return domain_xml_parse(text, ret);
}

static const struct {
	const char *name;
	uint32_t facts;
} rows[] = {
	{ "plain", GUEST_BALLOON | GUEST_AUTODEFLATE | GUEST_FREE_REPORTING },
	{ "none", 0 },
	{ "pinned",
	  GUEST_BALLOON | GUEST_DEVICES_PIN | GUEST_CONFIDENTIAL | GUEST_HUGEPAGES | GUEST_LOCKED },
	{ "mdev-ap", GUEST_BALLOON },
	{ "mdev-pci", GUEST_BALLOON | GUEST_DEVICES_PIN },
	{ "vdpa", GUEST_BALLOON | GUEST_DEVICES_PIN },
	{ "nvme", GUEST_BALLOON | GUEST_DEVICES_PIN },
	{ "virtio-mem", GUEST_BALLOON | GUEST_ELASTIC },
	{ "container", GUEST_CONTAINER },
	{ "ovirt", GUEST_BALLOON | GUEST_OVIRT },
	{ "cloudstack", GUEST_BALLOON | GUEST_CLOUDSTACK },
	{ "nova", GUEST_BALLOON },
};

START_TEST(a_definition_decides_these_facts)
{
	struct domain_facts facts;

	ck_assert_int_eq(parse(rows[_i].name, &facts), 0);
	ck_assert_msg(facts.facts == rows[_i].facts, "%s: 0x%x instead of 0x%x", rows[_i].name,
		      facts.facts, rows[_i].facts);
}
END_TEST

START_TEST(sizes_and_period_are_in_balloonds_units)
{
	struct domain_facts facts;

	ck_assert_int_eq(parse("plain", &facts), 0);
	ck_assert_uint_eq(facts.maximum, 4 * BALLOOND_GIB);
	ck_assert_uint_eq(facts.current, 2 * BALLOOND_GIB);
	ck_assert_uint_eq(facts.period, 10 * BALLOOND_SECOND);
	ck_assert_uint_eq(facts.elastic_size, 0);
}
END_TEST

START_TEST(a_missing_current_size_is_the_maximum)
{
	struct domain_facts facts;

	ck_assert_int_eq(parse("none", &facts), 0);
	ck_assert_uint_eq(facts.maximum, 2 * BALLOOND_GIB);
	ck_assert_uint_eq(facts.current, 2 * BALLOOND_GIB);
	ck_assert_uint_eq(facts.period, 0);
}
END_TEST

START_TEST(labels_are_one_line_each_of_what_the_domain_says)
{
	struct domain_facts facts;

	ck_assert_int_eq(parse("tenant", &facts), 0);
	ck_assert_str_eq(facts.labels.title, "Shop of <ACME>?second line ? Größe");
	ck_assert_str_eq(facts.labels.partition, "/machine/gold");
	ck_assert_str_eq(facts.labels.os, "http://debian.org/debian/12");
	ck_assert_str_eq(facts.labels.tags, "web eu blue");
	ck_assert_int_eq(parse("plain", &facts), 0);
	ck_assert_str_eq(facts.labels.title, "");
	ck_assert_str_eq(facts.labels.partition, "");
	ck_assert_str_eq(facts.labels.os, "");
	ck_assert_str_eq(facts.labels.tags, "");
}
END_TEST

START_TEST(metadata_of_our_own_namespace_tells_what_a_tenant_wishes)
{
	struct domain_facts facts;
	const struct tenant_wish *wish = &facts.wish;

	ck_assert_int_eq(parse("tenant", &facts), 0);
	ck_assert_uint_eq(wish->given, ALL);
	ck_assert_uint_eq(wish->unclear, 0);
	ck_assert_str_eq(wish->policy, "headroom");
	ck_assert_int_eq(wish->min.kind, AMOUNT_PERMILLE);
	ck_assert_uint_eq(wish->min.value, 250);
	ck_assert_uint_eq(wish->shares, 2000);
	ck_assert_int_eq(wish->priority, -3);
	ck_assert(wish->hold);
}
END_TEST

START_TEST(metadata_that_is_not_understood_is_told_key_by_key)
{
	struct domain_facts facts;

	ck_assert_int_eq(parse("tenant-unclear", &facts), 0);
	ck_assert_uint_eq(facts.wish.given, 0);
	ck_assert_uint_eq(facts.wish.unclear, ALL);
	ck_assert_str_eq(facts.labels.tags, "");
}
END_TEST

#define OURS "xmlns:b='urn:balloond:1'"
#define META(content) "<domain><metadata>" content "</metadata></domain>"

/* Each says min='1GiB' in a place where nobody looks for it. */
static const char *const elsewhere[] = {
	META("<policy min='1GiB'/>"),
	META("<policy xmlns='urn:balloond:2' min='1GiB'/>"),
	META("<policy xmlns='URN:balloond:1' min='1GiB'/>"),
	META("<b:wish " OURS " min='1GiB'/>"),
	META("<b:policy " OURS " b:min='1GiB' MIN='1GiB'/>"),
	META("<b:policy " OURS "><min>1GiB</min></b:policy>"),
	META("<x xmlns='urn:x'><b:policy " OURS " min='1GiB'/></x>"),
	/* libvirt keeps the first element of a namespace and drops others. */
	META("<b:policy " OURS "/><b:policy " OURS " min='1GiB'/>"),
	"<domain><metadata/><metadata><b:policy " OURS " min='1GiB'/></metadata></domain>",
	"<domain><b:policy " OURS " min='1GiB'/></domain>",
	"<domain><devices><metadata><b:policy " OURS " min='1GiB'/></metadata></devices></domain>",
};

START_TEST(metadata_elsewhere_is_somebody_elses)
{
	struct domain_facts facts;

	ck_assert_int_eq(domain_xml_parse(elsewhere[_i], &facts), 0);
	ck_assert_uint_eq(facts.wish.given | facts.wish.unclear, 0);
}
END_TEST

START_TEST(the_operating_system_is_libosinfos_to_name)
{
	struct domain_facts facts;

	ck_assert_int_eq(domain_xml_parse(META("<libosinfo xmlns='urn:x'><os id='y'/></libosinfo>"),
					  &facts),
			 0);
	ck_assert_str_eq(facts.labels.os, "");
	ck_assert_int_eq(domain_xml_parse(META("<libosinfo xmlns='" DOMAIN_OSINFO_NAMESPACE "'>"
					       "<os id='first'/><os id='second'/></libosinfo>"),
					  &facts),
			 0);
	ck_assert_str_eq(facts.labels.os, "first");
}
END_TEST

START_TEST(metadata_may_be_as_long_as_libvirt_lets_it)
{
	static const char one[] = "<b:policy min='1GiB'/>";
	size_t n = 150000;
	char *text = malloc(n * sizeof(one) + 256), *at = text;
	struct domain_facts facts;

	ck_assert_ptr_nonnull(text);
	at = stpcpy(at, "<domain><title>");
	memset(at, 't', 1000);
	at = stpcpy(at + 1000, "</title><metadata " OURS ">");
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, one);
	(void)stpcpy(at, "</metadata></domain>");
	ck_assert_int_eq(domain_xml_parse(text, &facts), 0);
	ck_assert_uint_eq(facts.wish.given, 1u << TENANT_MIN);
	ck_assert_uint_eq(strlen(facts.labels.title), GUEST_LABEL_MAX - 1);
	free(text);
}
END_TEST

START_TEST(metadata_that_is_nested_without_end_is_refused)
{
	size_t n = 100000;
	char *text = malloc(n * 3 + 64), *at = text;
	struct domain_facts facts;

	ck_assert_ptr_nonnull(text);
	at = stpcpy(at, "<domain><metadata>");
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, "<a>");
	ck_assert_int_eq(domain_xml_parse(text, &facts), -EBADMSG);
	free(text);
}
END_TEST

START_TEST(virtio_mem_is_taken_off)
{
	struct domain_facts facts;

	ck_assert_int_eq(parse("virtio-mem", &facts), 0);
	ck_assert_uint_eq(facts.elastic_size, 8 * BALLOOND_GIB);
	ck_assert_uint_eq(facts.elastic_current, BALLOOND_GIB);
	ck_assert_uint_eq(facts.maximum, 2 * BALLOOND_GIB);
	ck_assert_uint_eq(facts.current, 2 * BALLOOND_GIB);
}
END_TEST

START_TEST(units_are_libvirts)
{
	ck_assert_uint_eq(domain_xml_bytes(3, NULL), 3072);
	ck_assert_uint_eq(domain_xml_bytes(3, "KiB"), 3072);
	ck_assert_uint_eq(domain_xml_bytes(3, "k"), 3072);
	ck_assert_uint_eq(domain_xml_bytes(3, "KB"), 3000);
	ck_assert_uint_eq(domain_xml_bytes(3, "bytes"), 3);
	ck_assert_uint_eq(domain_xml_bytes(3, "MiB"), 3 * BALLOOND_MIB);
	ck_assert_uint_eq(domain_xml_bytes(3, "GB"), 3000000000);
	ck_assert_uint_eq(domain_xml_bytes(3, "furlong"), BALLOOND_UNKNOWN);
	ck_assert_uint_eq(domain_xml_bytes(UINT64_MAX / 4, "KiB"), BALLOOND_UNKNOWN);
}
END_TEST

static const char *const bad[] = {
	"",
	"domain",
	"<domain>",
	"<domainsnapshot><domain/></domainsnapshot>",
	"<domain><memory>1</domain>",
};

START_TEST(what_is_no_domain_is_refused)
{
	struct domain_facts facts = { .maximum = 77 };

	ck_assert_int_eq(domain_xml_parse(bad[_i], &facts), -EBADMSG);
	ck_assert_uint_eq(facts.maximum, 77);
}
END_TEST

START_TEST(a_domain_that_declares_entities_is_refused)
{
	struct domain_facts facts;

	ck_assert_int_eq(parse("entities", &facts), -EBADMSG);
}
END_TEST

START_TEST(sizes_that_are_none_are_unknown)
{
	struct domain_facts facts;

	ck_assert_int_eq(domain_xml_parse("<domain><memory>-1</memory></domain>", &facts), 0);
	ck_assert_uint_eq(facts.maximum, BALLOOND_UNKNOWN);
	ck_assert_int_eq(domain_xml_parse("<domain/>", &facts), 0);
	ck_assert_uint_eq(facts.maximum, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(facts.current, BALLOOND_UNKNOWN);
}
END_TEST

START_TEST(a_document_without_end_is_refused)
{
	size_t size = 5u << 20;
	struct domain_facts facts;
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	memset(text, 'a', size - 1);
	text[size - 1] = '\0';
	ck_assert_int_eq(domain_xml_parse(text, &facts), -EFBIG);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("domain-xml");
	TCase *tc = tcase_create("domain-xml");

	domain_xml_init();
	tcase_add_loop_test(tc, a_definition_decides_these_facts, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, sizes_and_period_are_in_balloonds_units);
	tcase_add_test(tc, a_missing_current_size_is_the_maximum);
	tcase_add_test(tc, labels_are_one_line_each_of_what_the_domain_says);
	tcase_add_test(tc, metadata_of_our_own_namespace_tells_what_a_tenant_wishes);
	tcase_add_test(tc, metadata_that_is_not_understood_is_told_key_by_key);
	tcase_add_loop_test(tc, metadata_elsewhere_is_somebody_elses, 0,
			    sizeof(elsewhere) / sizeof(elsewhere[0]));
	tcase_add_test(tc, the_operating_system_is_libosinfos_to_name);
	tcase_add_test(tc, metadata_may_be_as_long_as_libvirt_lets_it);
	tcase_add_test(tc, metadata_that_is_nested_without_end_is_refused);
	tcase_add_test(tc, virtio_mem_is_taken_off);
	tcase_add_test(tc, units_are_libvirts);
	tcase_add_loop_test(tc, what_is_no_domain_is_refused, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, a_domain_that_declares_entities_is_refused);
	tcase_add_test(tc, sizes_that_are_none_are_unknown);
	tcase_add_test(tc, a_document_without_end_is_refused);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
