/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/bus/fixture.h"

#include "balloond/core/snapshot.h"
#include "balloond/core/text.h"

static const struct balloond_figure figures[] = {
	{ "wished", BALLOOND_BYTES },
	{ "pressure", BALLOOND_PERMILLE },
};

static void init_guest(struct published_guest *g, const char *uuid, const char *name,
		       enum guest_state state, enum reason reason)
{
	struct guest seen;

	guest_init(&seen, uuid, name);
	*g = (struct published_guest){
		.verdict = {
			.guest = seen.seen,
			.state = state,
			.reason = reason,
			.target = 1 * BALLOOND_GIB,
			.kernel = BALLOOND_UNKNOWN,
			.wanted = 1 * BALLOOND_GIB,
			.margin = 32 * BALLOOND_MIB,
			.overhead = 74 * BALLOOND_MIB,
		},
		.reason = reason_text(reason),
		.policy_reason = "",
		.warning = "",
	};
	text_copy(g->uuid, sizeof(g->uuid), uuid);
	text_copy(g->name, sizeof(g->name), name);
	g->verdict.guest.uuid = g->uuid;
	g->verdict.guest.name = g->name;
	g->verdict.guest.maximum = 1 * BALLOOND_GIB;
	g->verdict.guest.ceiling = 1 * BALLOOND_GIB;
	g->verdict.guest.floor = 512 * BALLOOND_MIB;
	g->verdict.guest.actual = 1 * BALLOOND_GIB;
	g->verdict.guest.target = 1 * BALLOOND_GIB;
	g->verdict.guest.charge = 1098 * BALLOOND_MIB;
	g->verdict.guest.shares = 1000;
}

static void init_managed(struct published_guest *g)
{
	struct balloond_guest *guest = &g->verdict.guest;

	init_guest(g, FIXTURE_DB1, "db1", STATE_MANAGED, REASON_GUARD);
	text_copy(g->policy, sizeof(g->policy), "fair");
	text_copy(g->rule, sizeof(g->rule), "databases");
	text_copy(g->promise, sizeof(g->promise), "gold");
	text_copy(g->waits, sizeof(g->waits), "squeeze");
	g->unknown = "guest.swap-in";
	text_copy(g->labels.title, sizeof(g->labels.title), "Orders");
	text_copy(g->labels.hypervisor, sizeof(g->labels.hypervisor), "qemu");
	text_copy(g->labels.partition, sizeof(g->labels.partition), "/machine/db");
	text_copy(g->labels.os, sizeof(g->labels.os), "http://debian.org/debian/12");
	text_copy(g->labels.tags, sizeof(g->labels.tags), "gold customer-7");
	g->reason = guard_row(GUARD_MARGIN)->text;
	g->policy_reason = "idle memory is lent";
	g->figures = figures;
	guest->maximum = 4 * BALLOOND_GIB;
	guest->ceiling = 4 * BALLOOND_GIB;
	guest->floor = 1 * BALLOOND_GIB;
	g->verdict.floor_learned = 1 * BALLOOND_GIB;
	guest->actual = 3 * BALLOOND_GIB;
	guest->target = 3 * BALLOOND_GIB;
	guest->total = 2900 * BALLOOND_MIB;
	guest->usable = 1 * BALLOOND_GIB;
	guest->unused = 100 * BALLOOND_MIB;
	guest->caches = 1100 * BALLOOND_MIB;
	guest->used = 2 * BALLOOND_GIB;
	guest->resident = 2500 * BALLOOND_MIB;
	guest->charge = 3146 * BALLOOND_MIB;
	guest->swap_in = 0;
	guest->swap_out = 4096;
	guest->major_faults = 1234;
	guest->stats_age = 1200000;
	guest->sample = 42;
	guest->shares = 2000;
	guest->priority = -5;
	guest->flags = BALLOOND_GUEST_MAY_GROW | BALLOOND_GUEST_MAY_SHRINK |
		       BALLOOND_GUEST_DEFLATES;
	g->verdict.kernel = 172 * BALLOOND_MIB;
	g->verdict.margin = 41 * BALLOOND_MIB;
	g->verdict.low = 2089 * BALLOOND_MIB;
	g->verdict.target = 2089 * BALLOOND_MIB;
	g->verdict.wanted = 1800 * BALLOOND_MIB;
	g->verdict.bound = 1u << GUARD_MARGIN | 1u << GUARD_SHRINK_LIMIT;
	g->verdict.tenant_taken = 1u << TENANT_SHARES | 1u << TENANT_TAG;
	g->verdict.tenant_refused = 1u << TENANT_MIN;
	g->verdict.proposal = (struct balloond_target){
		.bytes = 1800 * BALLOOND_MIB,
		.claim = 1700 * BALLOOND_MIB,
		.n_figures = 2,
		.figure = { 1750 * BALLOOND_MIB, 125 },
	};
}

void fixture_init(struct fixture *f)
{
	*f = (struct fixture){
		.now = {
			.now = 5 * BALLOOND_SECOND,
			.tick = 7,
			.connected = true,
			.host = {
				.total = 16 * BALLOOND_GIB,
				.available = 9 * BALLOOND_GIB,
				.level = BALLOOND_LEVEL_NORMAL,
			},
			.account = {
				.pool = 12 * BALLOOND_GIB,
				.reserve = 2 * BALLOOND_GIB,
				.charged = 5342 * BALLOOND_MIB,
				.available = 9 * BALLOOND_GIB,
				.room = 6946 * BALLOOND_MIB,
				.promised = 3244 * BALLOOND_MIB,
				.level = BALLOOND_LEVEL_NORMAL,
			},
			.guests = f->guests,
			.n_guests = FIXTURE_GUESTS_MAX,
			.max_guests = FIXTURE_GUESTS_MAX,
		},
	};
	init_managed(&f->guests[0]);
	init_guest(&f->guests[1], FIXTURE_WEB2, "web-2", STATE_OBSERVED, REASON_NO_RULE);
	init_guest(&f->guests[2], FIXTURE_ODD, FIXTURE_ODD_NAME, STATE_NO_BALLOON,
		   REASON_NO_BALLOON);
}
