/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a domain's XML says that matters to balloond, as plain facts.  The only file that knows
 * libxml2.  libvirt wrote the XML, but out of what users gave it: the parser opens nothing, expands
 * nothing and refuses documents that declare entities. */

#include "balloond/core/snapshot.h"

/* In whose element libosinfo and virt-manager name the operating system. */
#define DOMAIN_OSINFO_NAMESPACE "http://libosinfo.org/xmlns/libvirt/domain/1.0"

struct domain_facts {
	uint32_t facts;   /* of enum guest_facts: those that a definition decides */
	uint64_t maximum; /* <memory>, without virtio-mem; bytes, or UNKNOWN */
	uint64_t current; /* <currentMemory>, without virtio-mem; maximum where it is missing */
	usec_t period;    /* of the balloon's statistics, 0: off */
	uint64_t elastic_size, elastic_current; /* of all virtio-mem devices together, bytes */
	uint64_t plugged;                       /* of all DIMMs together, bytes */
	struct guest_labels labels; /* without hypervisor: that is the connection's to tell */
	struct tenant_wish wish;
};

/* To be called once before threads parse. */
void domain_xml_init(void);

/* 0; -EBADMSG: not a domain; -EFBIG: larger than any that libvirt would hand out. */
int domain_xml_parse(const char *xml, struct domain_facts *ret);

/* Bytes of x units as libvirt spells them ("KiB", "GB", NULL: KiB), or UNKNOWN. */
uint64_t domain_xml_bytes(uint64_t x, const char *unit);
