/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/domain-xml.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/core/state.h"
#include "balloond/io/domain-tenant.h"
#include "balloond/io/util.h"

/* libvirt's own limit for a string on the wire (VIR_NET_MESSAGE_STRING_MAX). */
#define XML_MAX (4u * 1024u * 1024u)

/* libvirt: virScaleInteger().  Units are spelled in any case. */
static const struct {
	const char *name;
	uint64_t bytes;
} units[] = {
	{ "b", 1 },
	{ "bytes", 1 },
	{ "k", UINT64_C(1) << 10 },
	{ "KiB", UINT64_C(1) << 10 },
	{ "KB", 1000 },
	{ "M", UINT64_C(1) << 20 },
	{ "MiB", UINT64_C(1) << 20 },
	{ "MB", 1000000 },
	{ "G", UINT64_C(1) << 30 },
	{ "GiB", UINT64_C(1) << 30 },
	{ "GB", 1000000000 },
	{ "T", UINT64_C(1) << 40 },
	{ "TiB", UINT64_C(1) << 40 },
	{ "TB", UINT64_C(1000000000000) },
};

/* Facts that hold if a node exists. */
static const struct {
	uint32_t fact;
	const char *path;
} rows[] = {
	{ GUEST_BALLOON, "/domain/devices/memballoon[not(@model='none')]" },
	{ GUEST_CONTAINER, "/domain[@type='lxc' or @type='openvz']" },
	/* Mediated AP and CCW devices are the two that QEMU lets live with a balloon. */
	{ GUEST_DEVICES_PIN, "/domain/devices/hostdev[@type='pci' or "
			     "(@type='mdev' and not(@model='vfio-ap' or @model='vfio-ccw'))]"
			     " | /domain/devices/interface[@type='hostdev' or @type='vdpa']"
			     " | /domain/devices/disk[@type='nvme' or @type='vhostvdpa']" },
	{ GUEST_CONFIDENTIAL, "/domain/launchSecurity" },
	{ GUEST_HUGEPAGES, "/domain/memoryBacking/hugepages" },
	{ GUEST_LOCKED, "/domain/memoryBacking/locked" },
	{ GUEST_AUTODEFLATE, "/domain/devices/memballoon[@autodeflate='on']" },
	{ GUEST_FREE_REPORTING, "/domain/devices/memballoon[@freePageReporting='on']" },
	{ GUEST_ELASTIC, "/domain/devices/memory[@model='virtio-mem']" },
	/* http://ovirt.org/vm/1.0, http://ovirt.org/vm/tune/1.0 */
	{ GUEST_OVIRT, "/domain/metadata/*[starts-with(namespace-uri(), 'http://ovirt.org/vm/')]" },
	/* It has no metadata of its own in all of its versions, but names itself to the guest. */
	{ GUEST_CLOUDSTACK, "/domain/metadata/*[contains(namespace-uri(), 'cloudstack')]"
			    " | /domain/sysinfo/system/entry[@name='product' and "
			    "starts-with(., 'CloudStack')]" },
};

static void doc_freep(xmlDocPtr *doc)
{
	xmlFreeDoc(*doc);
}

static void context_freep(xmlXPathContextPtr *context)
{
	xmlXPathFreeContext(*context);
}

static void object_freep(xmlXPathObjectPtr *object)
{
	xmlXPathFreeObject(*object);
}

static void string_freep(xmlChar **string)
{
	xmlFree(*string);
}

uint64_t domain_xml_bytes(uint64_t x, const char *unit)
{
	if (!unit)
		unit = "KiB";
	for (size_t i = 0; i < ELEMENTSOF(units); i++)
		if (strcasecmp(unit, units[i].name) == 0)
			return x > UINT64_MAX / 2 / units[i].bytes ? BALLOOND_UNKNOWN
								   : x * units[i].bytes;
	return BALLOOND_UNKNOWN;
}

static xmlXPathObjectPtr find_nodes(xmlXPathContextPtr context, const char *path)
{
	return xmlXPathEvalExpression((const xmlChar *)path, context);
}

static size_t count_nodes(const xmlXPathObject *object)
{
	if (!object || !object->nodesetval || object->nodesetval->nodeNr < 0)
		return 0;
	return (size_t)object->nodesetval->nodeNr;
}

static uint64_t parse_number(const xmlChar *text)
{
	const char *begin = (const char *)text;
	uint64_t x;
	char *end;

	if (!begin || strchr(begin, '-'))
		return BALLOOND_UNKNOWN;
	errno = 0;
	x = strtoull(begin, &end, 10);
	if (errno != 0 || end == begin)
		return BALLOOND_UNKNOWN;
	return x;
}

static uint64_t node_bytes(xmlNodePtr node)
{
	_cleanup_(string_freep) xmlChar *text = xmlNodeGetContent(node);
	_cleanup_(string_freep) xmlChar *unit = xmlGetProp(node, (const xmlChar *)"unit");
	uint64_t x = parse_number(text);

	return x == BALLOOND_UNKNOWN ? x : domain_xml_bytes(x, (const char *)unit);
}

/* All sizes at path together; none is `missing`. */
static uint64_t sum_bytes(xmlXPathContextPtr context, const char *path, uint64_t missing)
{
	_cleanup_(object_freep) xmlXPathObjectPtr found = find_nodes(context, path);
	size_t n = count_nodes(found);
	uint64_t sum = 0, x;

	if (n == 0)
		return missing;
	for (size_t i = 0; i < n; i++) {
		x = node_bytes(found->nodesetval->nodeTab[i]);
		if (x == BALLOOND_UNKNOWN || sum > UINT64_MAX / 2)
			return BALLOOND_UNKNOWN;
		sum += x;
	}
	return sum;
}

/* Sizes of virtio-mem are inside of both of libvirt's numbers; the balloon's part is the rest. */
static uint64_t without(uint64_t whole, uint64_t part)
{
	if (whole == BALLOOND_UNKNOWN || part == BALLOOND_UNKNOWN || part > whole)
		return BALLOOND_UNKNOWN;
	return whole - part;
}

static void read_sizes(xmlXPathContextPtr context, struct domain_facts *facts)
{
	uint64_t maximum, current;

	maximum = sum_bytes(context, "/domain/memory", BALLOOND_UNKNOWN);
	current = sum_bytes(context, "/domain/currentMemory", BALLOOND_UNKNOWN);
	facts->elastic_size = sum_bytes(context,
					"/domain/devices/memory[@model='virtio-mem']/target/size",
					0);
	facts->elastic_current =
		sum_bytes(context, "/domain/devices/memory[@model='virtio-mem']/target/current", 0);
	facts->maximum = without(maximum, facts->elastic_size);
	facts->current = without(current, facts->elastic_current);
	if (facts->current == BALLOOND_UNKNOWN || facts->current > facts->maximum)
		facts->current = facts->maximum;
}

static usec_t read_period(xmlXPathContextPtr context)
{
	_cleanup_(object_freep)
		xmlXPathObjectPtr found = find_nodes(context,
						     "/domain/devices/memballoon/stats/@period");
	_cleanup_(string_freep) xmlChar *text = NULL;
	uint64_t seconds;

	if (count_nodes(found) == 0)
		return 0;
	text = xmlNodeGetContent(found->nodesetval->nodeTab[0]);
	seconds = parse_number(text);
	return seconds > UINT32_MAX ? 0 : seconds * 1000000u;
}

static uint32_t read_facts(xmlXPathContextPtr context)
{
	uint32_t facts = 0;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		_cleanup_(object_freep) xmlXPathObjectPtr found = find_nodes(context, rows[i].path);

		if (count_nodes(found) > 0)
			facts |= rows[i].fact;
	}
	return facts;
}

/* The text of the first node at path; NULL: there is none. */
static xmlChar *find_text(xmlXPathContextPtr context, const char *path)
{
	_cleanup_(object_freep) xmlXPathObjectPtr found = find_nodes(context, path);

	return count_nodes(found) > 0 ? xmlNodeGetContent(found->nodesetval->nodeTab[0]) : NULL;
}

static void read_label(xmlXPathContextPtr context, const char *path, char *to, size_t size)
{
	_cleanup_(string_freep) xmlChar *text = find_text(context, path);

	if (text)
		domain_label_set(to, size, (const char *)text);
}

/* Everywhere the first one counts: of two elements of one namespace libvirt keeps that. */
static void read_labels(xmlXPathContextPtr context, struct guest_labels *labels)
{
	read_label(context, "/domain/title[1]", labels->title, sizeof(labels->title));
	read_label(context, "/domain/resource[1]/partition[1]", labels->partition,
		   sizeof(labels->partition));
	read_label(context, "/domain/metadata[1]/osinfo:libosinfo[1]/osinfo:os[1]/@id", labels->os,
		   sizeof(labels->os));
}

/* What it has besides the known attributes is for a later balloond. */
static void read_wish(xmlXPathContextPtr context, struct domain_facts *facts)
{
	_cleanup_(object_freep)
		xmlXPathObjectPtr found = find_nodes(context,
						     "/domain/metadata[1]/balloond:policy[1]");

	if (count_nodes(found) == 0)
		return;
	for (enum tenant_key key = 0; key < TENANT_KEYS; key++) {
		_cleanup_(string_freep)
			xmlChar *text = xmlGetNoNsProp(found->nodesetval->nodeTab[0],
						       (const xmlChar *)tenant_key_names[key]);

		if (text)
			domain_tenant_set(key, (const char *)text, &facts->wish, &facts->labels);
	}
}

static int register_namespaces(xmlXPathContextPtr context)
{
	static const struct {
		const char *prefix, *uri;
	} namespaces[] = {
		{ "balloond", DOMAIN_TENANT_NAMESPACE },
		{ "osinfo", DOMAIN_OSINFO_NAMESPACE },
	};

	for (size_t i = 0; i < ELEMENTSOF(namespaces); i++)
		if (xmlXPathRegisterNs(context, (const xmlChar *)namespaces[i].prefix,
				       (const xmlChar *)namespaces[i].uri) < 0)
			return -ENOMEM;
	return 0;
}

void domain_xml_init(void)
{
	xmlInitParser();
}

int domain_xml_parse(const char *xml, struct domain_facts *ret)
{
	_cleanup_(doc_freep) xmlDocPtr doc = NULL;
	_cleanup_(context_freep) xmlXPathContextPtr context = NULL;
	struct domain_facts facts = { 0 };
	size_t length = strlen(xml);
	xmlNodePtr root;

	if (length > XML_MAX)
		return -EFBIG;
	doc = xmlReadMemory(xml, (int)length, "domain.xml", NULL,
			    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	root = doc && !doc->intSubset ? xmlDocGetRootElement(doc) : NULL;
	if (!root || strcmp((const char *)root->name, "domain") != 0)
		return -EBADMSG;
	context = xmlXPathNewContext(doc);
	if (!context || register_namespaces(context) < 0)
		return -ENOMEM;
	read_sizes(context, &facts);
	facts.facts = read_facts(context);
	facts.period = read_period(context);
	read_labels(context, &facts.labels);
	read_wish(context, &facts);
	*ret = facts;
	return 0;
}
