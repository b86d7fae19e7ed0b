/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One domain of the table: how samples and inspections become its guest.  For domains.c. */

#include "balloond/io/domains.h"

/* A new run begins: whatever was known of an earlier one is forgotten but for calls in flight.
 * booted is 0 for one that ran before balloond looked. */
void domain_begin(struct domain *domain, const char *name, usec_t booted, usec_t now);

/* It was reset, at `at`.  What is told of one reset several times is one. */
void domain_reboot(struct domain *domain, usec_t at);

void domain_take_sample(struct domain *domain, const struct sample *sample,
			const struct sweep *sweep);

/* The guest as it is told at `now`; its outcome is told once. */
void domain_compose(struct domain *domain, usec_t now, struct guest *ret);
