/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a domain's metadata may say of itself to balloond:
 *
 *   <policy xmlns='urn:balloond:1' policy='headroom' min='2GiB' shares='2000' priority='1'
 *           hold='true' tag='web eu'/>
 *
 * It is the tenant's, or some panel's: every value is held against what such a value can be, here;
 * whether it counts is up to tenants: (core/judge.c). */

#include "balloond/core/config.h"
#include "balloond/core/snapshot.h"

#define DOMAIN_TENANT_NAMESPACE "urn:balloond:1"

/* Takes the attribute that is called tenant_key_names[key]: into wish->given, or wish->unclear
 * where it is not understood.  Tags go to labels. */
void domain_tenant_set(enum tenant_key key, const char *text, struct tenant_wish *wish,
		       struct guest_labels *labels);

/* What fits of a text that somebody else wrote: one line of valid UTF-8. */
void domain_label_set(char *to, size_t size, const char *text);
