/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/quarantine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct hung_domain *find(const struct quarantine *q, const char *uuid)
{
	for (size_t i = 0; i < q->n; i++)
		if (strcmp(q->list[i].uuid, uuid) == 0)
			return &q->list[i];
	return NULL;
}

int quarantine_put(struct quarantine *q, const char *uuid, int id, usec_t now)
{
	struct hung_domain *d = find(q, uuid), *list;

	if (d && d->id == id) {
		d->back_off = d->back_off > QUARANTINE_LAST / 2 ? QUARANTINE_LAST : d->back_off * 2;
		d->look_at = now + d->back_off;
		return 0;
	}
	if (!d) {
		list = reallocarray(q->list, q->n + 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		q->list = list;
		d = &list[q->n++];
	}
	*d = (struct hung_domain){
		.id = id,
		.back_off = QUARANTINE_FIRST,
		.look_at = now + QUARANTINE_FIRST,
	};
	memcpy(d->uuid, uuid, strnlen(uuid, sizeof(d->uuid) - 1));
	return 1;
}

bool quarantine_release(struct quarantine *q, const char *uuid)
{
	struct hung_domain *d = find(q, uuid);

	if (!d)
		return false;
	*d = q->list[--q->n];
	return true;
}

void quarantine_look_now(struct quarantine *q, usec_t now)
{
	for (size_t i = 0; i < q->n; i++)
		q->list[i].look_at = now;
}

bool quarantine_has(const struct quarantine *q, const char *uuid, int id)
{
	const struct hung_domain *d = find(q, uuid);

	return d && d->id == id;
}

usec_t quarantine_next(const struct quarantine *q)
{
	usec_t next = UINT64_MAX;

	for (size_t i = 0; i < q->n; i++)
		if (q->list[i].look_at < next)
			next = q->list[i].look_at;
	return next;
}

void quarantine_done(struct quarantine *q)
{
	free(q->list);
	*q = (struct quarantine){ 0 };
}
