/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/state.h"

#include <stddef.h>

#include "balloond/core/config.h"

/* clang-format off */
const struct state_row state_rows[STATE_MAX] = {
	/*                     name          grow   shrink steered charge */
	[STATE_NO_BALLOON] = { "no-balloon", false, false, false,  CHARGE_COMMIT },
	[STATE_INHIBITED]  = { "inhibited",  false, false, false,  CHARGE_COMMIT },
	[STATE_OWNED]      = { "owned",      false, false, false,  CHARGE_COMMIT },
	[STATE_PAUSED]     = { "paused",     false, false, false,  CHARGE_COMMIT },
	[STATE_BUSY]       = { "busy",       false, false, false,  CHARGE_COMMIT },
	[STATE_BOOTING]    = { "booting",    true,  false, false,  CHARGE_CEILING },
	[STATE_DISTRUSTED] = { "distrusted", true,  true,  true,   CHARGE_SEEN },
	[STATE_OBSERVED]   = { "observed",   false, false, false,  CHARGE_COMMIT },
	[STATE_EXCLUDED]   = { "excluded",   false, false, false,  CHARGE_COMMIT },
	[STATE_FUTILE]     = { "inhibited",  true,  false, true,   CHARGE_COMMIT },
	[STATE_STUCK]      = { "stuck",      true,  false, true,   CHARGE_COMMIT },
	[STATE_FOREIGN]    = { "foreign",    true,  false, true,   CHARGE_COMMIT },
	[STATE_HELD]       = { "held",       false, false, true,   CHARGE_COMMIT },
	[STATE_STALE]      = { "stale",      true,  false, true,   CHARGE_COMMIT },
	[STATE_BLIND]      = { "blind",      true,  true,  true,   CHARGE_COMMIT },
	[STATE_MANAGED]    = { "managed",    true,  true,  true,   CHARGE_COMMIT },
};

static const char *const reasons[REASON_MAX] = {
	[REASON_NO_BALLOON]     = "it has no balloon device",
	[REASON_CONTAINER]      = "it is a container: its size is a limit, not a balloon",
	[REASON_DEVICES_PIN]    = "a device pins its memory: the host would gain nothing",
	[REASON_CONFIDENTIAL]   = "its memory is encrypted: the host would gain nothing",
	[REASON_HUGEPAGES]      = "it is backed by huge pages: the host would gain nothing",
	[REASON_LOCKED]         = "its memory is locked: the host would gain nothing",
	[REASON_FUTILE]         = "it was made smaller, and the host gained nothing",
	[REASON_OWNED_OVIRT]    = "oVirt has it: it is only observed",
	[REASON_OWNED_CLOUDSTACK] = "CloudStack has it: it is only observed",
	[REASON_OWNED_VDSM]     = "vdsm runs and may set its size: it is only observed",
	[REASON_OWNED_MOM]      = "MOM runs and may set its size: it is only observed",
	[REASON_PAUSED]         = "nothing of it moves",
	[REASON_SAVING]         = "its memory is being saved",
	[REASON_MIGRATING]      = "it is being migrated",
	[REASON_SNAPSHOT]       = "a snapshot of it is being made",
	[REASON_ARRIVED]        = "it was just migrated, restored or reverted: it reports first",
	[REASON_JOB]            = "a job such as a migration or a save has it",
	[REASON_LOST]           = "its hypervisor does not answer",
	[REASON_HUNG]           = "its hypervisor hangs: nobody asks it until it answers again",
	[REASON_NOT_INSPECTED]  = "its definition has not been read yet",
	[REASON_BOOTING]        = "it began lately: it may have all that it was sold",
	[REASON_IMPOSSIBLE]     = "its statistics say what cannot be: they are not believed",
	[REASON_UNTOUCHED]      = "its statistics say that it uses what it has never touched",
	[REASON_NO_RULE]        = "no rule matches it",
	[REASON_ENTRY_DRY]      = "its guests: entry says dry-run: it is only observed",
	[REASON_CRASHED]        = "it died twice soon after it was shrunk: left alone for a day",
	[REASON_NO_WHEN]        = "the conditions of no rule hold now: kept, but for relief",
	[REASON_EXCLUDED]       = "an operator excluded it: it is only observed",
	[REASON_PAUSED_ALL]     = "an operator paused all guests: nothing is asked of it",
	[REASON_HELD_OPERATOR]  = "an operator holds it",
	[REASON_HELD_TENANT]    = "its own metadata holds it",
	[REASON_STUCK]          = "it does not follow its target",
	[REASON_FOREIGN_SMALLER] = "somebody else made it smaller: that is its ceiling now",
	[REASON_FOREIGN_LARGER] = "somebody else made it larger: it keeps that for now",
	[REASON_STALE]          = "its statistics are old",
	[REASON_STARVED]        = "it had nothing left when it stopped reporting: it may have all",
	[REASON_NEVER_REPORTED] = "it has never reported statistics",
	[REASON_NO_SERVICE]     = "its driver reports no figures: its balloon service may not run",
	[REASON_PERIOD_KEPT]    = "its statistics are off, and the configuration says to keep that",
	[REASON_STATS_GATED]    = "its statistics are not read: its QEMU may abort on that",
	[REASON_NO_STATS]       = "its hypervisor has no statistics of guests",
	[REASON_PAUSED_OPERATOR] =
		"an operator paused it: it may grow, and is not shrunk at any level",
	[REASON_TOOK_BACK]      = "it took memory back by itself: it needed it",
	[REASON_GIVEN_BACK]     = "an operator gave it its memory back: it is not shrunk",
	[REASON_GIVEN_BACK_PART] =
		"an operator gives it its memory back: the host has no room for all",
	[REASON_FOREIGN_WATCHED] = "its size is not what was asked for: it is not clear yet why",
	[REASON_POLICY]         = "as its policy proposes",
	[REASON_GUARD]          = "held back by the guard",
	[REASON_POOL_SHORT]     = "the pool is too small for all: cut to its share",
	[REASON_HOST_SHORT]     = "the host is short: what it was lent goes back",
	[REASON_NO_LENDING]     = "the host is short: nothing more is lent",
	[REASON_NOT_NEEDED]     = "it could give memory, but the pool has room",
	[REASON_ABOVE_CEILING]  = "it has more than its ceiling",
};

static const struct guard_row guards[GUARD_RULE_MAX] = {
	[GUARD_BOUNDS]       = { "bounds", "kept between its floor and its ceiling" },
	[GUARD_STALE]        = { "stale", "not shrunk: what it needs is not known" },
	[GUARD_MARGIN]       = { "margin", "not shrunk below what it uses and a margin" },
	[GUARD_STUCK]        = { "stuck", "not shrunk: it did not follow its last target" },
	[GUARD_HELD]         = { "held", "kept as it is: it is held, or sized by others" },
	[GUARD_ORDERED]      = { "ordered", "not shrunk: an operator ordered that" },
	[GUARD_NO_GAIN]      = { "no-gain", "not shrunk: the host would gain nothing" },
	[GUARD_COOL_DOWN]    = { "cool-down", "not shrunk: it was in distress lately" },
	[GUARD_DEAD_BAND]    = { "dead-band", "the move would be trivial" },
	[GUARD_SHRINK_LIMIT] = { "shrink-limit", "shrunk no faster than the limits say" },
	[GUARD_FREE_FIRST]   = { "free-first", "waits until others have given memory back" },
	[GUARD_ROOM]         = { "room", "the host has no room" },
};
/* clang-format on */

const char *reason_text(enum reason reason)
{
	return reasons[reason];
}

const char *warning_text(uint32_t warnings)
{
	static const char *const texts[WARNING_MAX] = {
		[WARNING_LEAKED] = "its definition's currentMemory is a size that balloond asked "
				   "for: it is not believed",
		[WARNING_SOLD_BELOW_MIN] = "its definition's currentMemory is below the min of its "
					   "entry",
		[WARNING_KSMTUNED] = "ksmtuned runs: it may stop KSM's sharing while memory is "
				     "needed",
	};

	for (enum warning warning = 0; warning < WARNING_MAX; warning++)
		if (warnings & 1u << warning)
			return texts[warning];
	return "";
}

const struct guard_row *guard_row(enum guard_rule rule)
{
	return &guards[rule];
}

const char *level_name(uint32_t level)
{
	static const char *const names[] = {
		[BALLOOND_LEVEL_NORMAL] = "normal",
		[BALLOOND_LEVEL_TIGHT] = "tight",
		[BALLOOND_LEVEL_LOW] = "low",
		[BALLOOND_LEVEL_CRITICAL] = "critical",
	};

	return level < sizeof(names) / sizeof(names[0]) ? names[level] : "unknown";
}

const char *level_cause_text(enum level_cause cause)
{
	static const char *const texts[LEVEL_CAUSE_MAX] = {
		[LEVEL_CAUSE_NONE] = "",
		[LEVEL_CAUSE_POOL] = "guests hold nearly all of the pool",
		[LEVEL_CAUSE_MACHINE] = "little of the machine's memory is available",
		[LEVEL_CAUSE_SWAP] = "the machine swaps",
		[LEVEL_CAUSE_PRESSURE] = "tasks of the machine wait for memory",
	};

	return cause < LEVEL_CAUSE_MAX ? texts[cause] : "";
}

const char *const tenant_key_names[TENANT_KEYS + 1] = {
	[TENANT_POLICY] = "policy",     [TENANT_MIN] = "min",   [TENANT_SHARES] = "shares",
	[TENANT_PRIORITY] = "priority", [TENANT_HOLD] = "hold", [TENANT_TAG] = "tag",
	[TENANT_KEYS] = NULL,
};
