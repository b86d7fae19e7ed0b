/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "balloond/core/text.h"

void snapshot_seal(struct snapshot *s)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		s->guests[i].seen.uuid = s->guests[i].uuid;
		s->guests[i].seen.name = s->guests[i].name;
	}
}

void guest_init(struct guest *g, const char *uuid, const char *name)
{
	*g = (struct guest){
		.seen = {
			.maximum = BALLOOND_UNKNOWN,
			.actual = BALLOOND_UNKNOWN,
			.total = BALLOOND_UNKNOWN,
			.usable = BALLOOND_UNKNOWN,
			.unused = BALLOOND_UNKNOWN,
			.caches = BALLOOND_UNKNOWN,
			.used = BALLOOND_UNKNOWN,
			.resident = BALLOOND_UNKNOWN,
			.swap_in = BALLOOND_UNKNOWN,
			.swap_out = BALLOOND_UNKNOWN,
			.major_faults = BALLOOND_UNKNOWN,
			.disk_reads = BALLOOND_UNKNOWN,
			.stats_age = BALLOOND_UNKNOWN,
		},
		.sold = BALLOOND_UNKNOWN,
		.host_swap = BALLOOND_UNKNOWN,
	};
	text_copy(g->uuid, sizeof(g->uuid), uuid);
	text_copy(g->name, sizeof(g->name), name);
}

static int compare_uuid(const void *key, const void *guest)
{
	return strcmp(key, ((const struct guest *)guest)->uuid);
}

const struct guest *snapshot_find(const struct snapshot *s, const char *uuid)
{
	if (s->n_guests == 0)
		return NULL;
	return bsearch(uuid, s->guests, s->n_guests, sizeof(*s->guests), compare_uuid);
}
