/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/manager-once.h"

bool manager_once_has_seen(const struct snapshot *s)
{
	for (size_t i = 0; i < s->n_guests; i++)
		if (!(s->guests[i].facts & GUEST_INSPECTED))
			return false;
	return true;
}

size_t manager_once_outcomes(const struct snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_guests; i++)
		n += s->guests[i].outcome.kind != OUTCOME_NONE;
	return n;
}
