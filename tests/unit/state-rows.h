/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every way into every state, what it lets balloond do then, and what is said of it. */

#include "balloond/core/state.h"
#include "tests/unit/scene.h"

/* What makes it so, besides facts. */
enum way {
	BY_FACTS,
	NOT_INSPECTED,
	NO_DEVICE,
	BOOTS,
	NO_RULE,
	DRY_ENTRY,
	STUCK,
	HELD,
	HELD_BY_ORDER,
	EXCLUDED_BY_ORDER,
	PAUSED_BY_ORDER,
	PAUSED_WITH_ALL,
	FELL_SILENT,
	FELL_SILENT_STARVING,
	NEVER_SPOKE,
	NEVER_SPOKE_BUT_HAS_MIN,
	NO_SERVICE,
	PERIOD_KEPT,
	NO_CONDITION_HOLDS,
	MOM_RUNS,
	VDSM_RUNS,
	SET_SMALLER,
	SET_LARGER,
	NO_GAIN,
	CRASHED_TWICE,
	SAYS_NONSENSE,
	SAYS_NONSENSE_BUT_HAS_MIN,
	SAYS_TOO_MUCH,
};

enum charge {
	ITS_SIZE, /* what it has, or was asked to have, and the overhead */
	ITS_CEILING,
	WHAT_IS_SEEN, /* or its size, where that is more */
	ITS_USE,
	NOTHING,
};

static const struct row {
	enum guest_state state;
	enum way way;
	uint32_t facts;
	bool grows, shrinks;
	enum charge charge;
	const char *says;
} rows[] = {
	{ STATE_NO_BALLOON, NO_DEVICE, 0, false, false, ITS_SIZE, "it has no balloon device" },
	{ STATE_NO_BALLOON, BY_FACTS, GUEST_CONTAINER, false, false, ITS_USE,
	  "it is a container: its size is a limit, not a balloon" },
	{ STATE_INHIBITED, BY_FACTS, GUEST_DEVICES_PIN, false, false, ITS_SIZE,
	  "a device pins its memory: the host would gain nothing" },
	{ STATE_INHIBITED, BY_FACTS, GUEST_CONFIDENTIAL, false, false, ITS_SIZE,
	  "its memory is encrypted: the host would gain nothing" },
	{ STATE_INHIBITED, BY_FACTS, GUEST_HUGEPAGES, false, false, NOTHING,
	  "it is backed by huge pages: the host would gain nothing" },
	{ STATE_INHIBITED, BY_FACTS, GUEST_LOCKED, false, false, ITS_SIZE,
	  "its memory is locked: the host would gain nothing" },
	/* Only that was measured: it is relieved all the same. */
	{ STATE_FUTILE, NO_GAIN, 0, true, false, ITS_SIZE,
	  "it was made smaller, and the host gained nothing" },
	{ STATE_OWNED, BY_FACTS, GUEST_OVIRT, false, false, ITS_SIZE,
	  "oVirt has it: it is only observed" },
	{ STATE_OWNED, BY_FACTS, GUEST_CLOUDSTACK, false, false, ITS_SIZE,
	  "CloudStack has it: it is only observed" },
	{ STATE_OWNED, VDSM_RUNS, 0, false, false, ITS_SIZE,
	  "vdsm runs and may set its size: it is only observed" },
	{ STATE_OWNED, MOM_RUNS, 0, false, false, ITS_SIZE,
	  "MOM runs and may set its size: it is only observed" },
	{ STATE_PAUSED, BY_FACTS, GUEST_PAUSED, false, false, ITS_SIZE, "nothing of it moves" },
	{ STATE_BUSY, BY_FACTS, GUEST_BUSY, false, false, ITS_SIZE,
	  "a job such as a migration or a save has it" },
	{ STATE_BUSY, BY_FACTS, GUEST_BUSY | GUEST_SAVING, false, false, ITS_SIZE,
	  "its memory is being saved" },
	{ STATE_BUSY, BY_FACTS, GUEST_BUSY | GUEST_MIGRATING, false, false, ITS_SIZE,
	  "it is being migrated" },
	{ STATE_BUSY, BY_FACTS, GUEST_BUSY | GUEST_SNAPSHOT, false, false, ITS_SIZE,
	  "a snapshot of it is being made" },
	{ STATE_BUSY, BY_FACTS, GUEST_BUSY | GUEST_ARRIVED, false, false, ITS_SIZE,
	  "it was just migrated, restored or reverted: it reports first" },
	{ STATE_BUSY, BY_FACTS, GUEST_LOST, false, false, ITS_SIZE,
	  "its hypervisor does not answer" },
	{ STATE_BUSY, BY_FACTS, GUEST_HUNG, false, false, ITS_SIZE,
	  "its hypervisor hangs: nobody asks it until it answers again" },
	{ STATE_BUSY, NOT_INSPECTED, 0, false, false, ITS_SIZE,
	  "its definition has not been read yet" },
	{ STATE_BOOTING, BOOTS, 0, true, false, ITS_CEILING,
	  "it began lately: it may have all that it was sold" },
	/* Its share of a pool for two is more than it has. */
	{ STATE_DISTRUSTED, SAYS_NONSENSE, 0, true, false, WHAT_IS_SEEN,
	  "its statistics say what cannot be: they are not believed" },
	{ STATE_DISTRUSTED, SAYS_NONSENSE_BUT_HAS_MIN, 0, true, true, WHAT_IS_SEEN,
	  "its statistics say what cannot be: they are not believed" },
	{ STATE_DISTRUSTED, SAYS_TOO_MUCH, 0, true, false, WHAT_IS_SEEN,
	  "its statistics say that it uses what it has never touched" },
	{ STATE_OBSERVED, CRASHED_TWICE, 0, false, false, ITS_SIZE,
	  "it died twice soon after it was shrunk: left alone for a day" },
	{ STATE_OBSERVED, NO_RULE, 0, false, false, ITS_SIZE, "no rule matches it" },
	{ STATE_OBSERVED, DRY_ENTRY, 0, false, false, ITS_SIZE,
	  "its guests: entry says dry-run: it is only observed" },
	{ STATE_EXCLUDED, EXCLUDED_BY_ORDER, 0, false, false, ITS_SIZE,
	  "an operator excluded it: it is only observed" },
	{ STATE_STUCK, STUCK, 0, true, false, ITS_SIZE, "it does not follow its target" },
	/* Its ceiling is what it has. */
	{ STATE_FOREIGN, SET_SMALLER, 0, false, false, ITS_SIZE,
	  "somebody else made it smaller: that is its ceiling now" },
	{ STATE_FOREIGN, SET_LARGER, 0, true, false, ITS_SIZE,
	  "somebody else made it larger: it keeps that for now" },
	{ STATE_HELD, HELD, 0, false, false, ITS_SIZE, "its own metadata holds it" },
	{ STATE_HELD, HELD_BY_ORDER, 0, false, false, ITS_SIZE, "an operator holds it" },
	{ STATE_HELD, PAUSED_WITH_ALL, 0, false, false, ITS_SIZE,
	  "an operator paused all guests: nothing is asked of it" },
	{ STATE_STALE, FELL_SILENT, 0, true, false, ITS_SIZE, "its statistics are old" },
	{ STATE_STALE, FELL_SILENT_STARVING, 0, true, false, ITS_SIZE,
	  "it had nothing left when it stopped reporting: it may have all" },
	{ STATE_BLIND, NEVER_SPOKE, 0, true, false, ITS_SIZE, "it has never reported statistics" },
	{ STATE_BLIND, NEVER_SPOKE_BUT_HAS_MIN, 0, true, true, ITS_SIZE,
	  "it has never reported statistics" },
	{ STATE_BLIND, NO_SERVICE, 0, true, false, ITS_SIZE,
	  "its driver reports no figures: its balloon service may not run" },
	{ STATE_BLIND, PERIOD_KEPT, 0, true, false, ITS_SIZE,
	  "its statistics are off, and the configuration says to keep that" },
	{ STATE_BLIND, NEVER_SPOKE, GUEST_STATS_GATED, true, false, ITS_SIZE,
	  "its statistics are not read: its QEMU may abort on that" },
	{ STATE_BLIND, NEVER_SPOKE, GUEST_NO_STATS, true, false, ITS_SIZE,
	  "its hypervisor has no statistics of guests" },
	{ STATE_MANAGED, BY_FACTS, 0, true, true, ITS_SIZE, "the test says so" },
	{ STATE_MANAGED, PAUSED_BY_ORDER, 0, true, false, ITS_SIZE,
	  "an operator paused it: it may grow, and is not shrunk at any level" },
	/* Nobody proposes anything for it: it stays. */
	{ STATE_MANAGED, NO_CONDITION_HOLDS, 0, false, false, ITS_SIZE,
	  "the conditions of no rule hold now: kept, but for relief" },
};
