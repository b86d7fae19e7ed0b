/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a domain's definition tells of others: whose guest it is, and which size somebody wrote into
 * it.  A size that balloond itself asked for gets there as well (dumpxml of a running domain, then
 * define), and would be the ceiling for ever. */

#include "balloond/core/foreign.h"

#include "balloond/policy-math.h"

/* A size in a definition is the one that was asked for, to the page. */
#define SAME_DEFINED BALLOOND_MIB

bool foreign_is_owned(const struct promise *promise, const struct guest *g, uint32_t host_facts,
		      enum reason *ret)
{
	static const struct {
		uint32_t host_fact, guest_fact;
		enum reason reason;
	} rows[] = {
		{ 0, GUEST_OVIRT, REASON_OWNED_OVIRT },
		{ 0, GUEST_CLOUDSTACK, REASON_OWNED_CLOUDSTACK },
		{ HOST_VDSM, 0, REASON_OWNED_VDSM },
		{ HOST_MOM, 0, REASON_OWNED_MOM },
	};

	if (promise && promise->foreign != FOREIGN_YIELD)
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (host_facts & rows[i].host_fact || g->facts & rows[i].guest_fact) {
			*ret = rows[i].reason;
			return true;
		}
	return false;
}

static bool is_same(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) < SAME_DEFINED;
}

static bool is_own_size(const struct foreign_memory *f, uint64_t size)
{
	if (f->is_own && is_same(f->told, size))
		return true;
	for (size_t i = 0; i < FOREIGN_OWN; i++)
		if (f->own[i] != 0 && is_same(f->own[i], size))
			return true;
	return false;
}

void foreign_follow_definition(struct memory *m, const struct guest *g)
{
	struct foreign_memory *f = &m->foreign;
	uint64_t said = g->sold;

	if (said == BALLOOND_UNKNOWN || said == f->leaked || !(g->facts & GUEST_INSPECTED))
		return;
	if (f->sold != 0 && said < f->sold && said != f->ceiling && is_own_size(f, said)) {
		f->leaked = said;
		return;
	}
	/* The newest word counts. */
	if (f->sold != 0 && said != f->sold)
		f->ceiling = 0;
	f->sold = said;
	f->leaked = 0;
}

uint64_t foreign_sold(const struct memory *m, const struct guest *g)
{
	return m && m->foreign.leaked != 0 && m->foreign.leaked == g->sold ? m->foreign.sold
									   : g->sold;
}

uint32_t foreign_warnings(const struct memory *m, const struct guest *g,
			  const struct promise *promise)
{
	if (m->foreign.leaked != 0 && m->foreign.leaked == g->sold)
		return 1u << WARNING_LEAKED;
	if (promise && promise->min.kind == AMOUNT_BYTES && promise->max.kind == AMOUNT_AUTO &&
	    g->sold < promise->min.value && g->seen.maximum != BALLOOND_UNKNOWN &&
	    g->sold < g->seen.maximum)
		return 1u << WARNING_SOLD_BELOW_MIN;
	return 0;
}
