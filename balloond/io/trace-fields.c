/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tables alone.  Whoever adds a field that a plan depends on adds its row here. */

#include "balloond/io/trace-fields.h"

#include "balloond/core/history.h"
#include "balloond/core/state.h"
#include "balloond/io/util.h"

/* In the order of the enumerations that they name. */
const char *const trace_level_words[] = { "normal", "tight", "low", "critical", NULL };
static const char *const fact_words[] = {
	"inspected",      "balloon",   "container", "devices-pin", "confidential", "hugepages",
	"locked",         "paused",    "busy",      "stats-gated", "no-stats",     "deflate-on-oom",
	"free-reporting", "transient", "lost",      "hung",        "ovirt",        "cloudstack",
	"elastic",        "saving",    "migrating", "snapshot",    "arrived",      "impossible",
	"untouched",      NULL
};
static const char *const host_words[] = { "mom", "vdsm", "ksmtuned", NULL };
static const char *const flag_words[] = { "may-grow",   "may-shrink", "stale",    "blind",
					  "swapped",    "cooling",    "deflates", "reports-free",
					  "expendable", NULL };
static const char *const outcome_words[] = { "none", "asked", "refused", "timed-out", NULL };
static const char *const amount_words[] = { "auto", "bytes", "permille", "kernel", NULL };

#define FIELD(structure, name, type, field, words) \
	{ \
		name, type, offsetof(struct structure, field), \
			sizeof(((struct structure *)0)->field), words \
	}

/* An operator's order. */
#define ORDER(structure, name, on, until, who, reason) \
	FIELD(structure, name, TRACE_BOOL, on, NULL), \
		FIELD(structure, name "-until", TRACE_USEC, until, NULL), \
		FIELD(structure, name "-by", TRACE_TEXT, who, NULL), \
		FIELD(structure, name "-reason", TRACE_TEXT, reason, NULL)

#define HOST(name, type, field) FIELD(host, name, type, field, NULL)
static const struct trace_field host_fields[] = {
	HOST("total", TRACE_BYTES, seen.total),
	HOST("available", TRACE_BYTES, seen.available),
	HOST("free", TRACE_BYTES, seen.free),
	HOST("cached", TRACE_BYTES, seen.cached),
	HOST("swap-total", TRACE_BYTES, seen.swap_total),
	HOST("swap-free", TRACE_BYTES, seen.swap_free),
	HOST("swap-in", TRACE_BYTES, seen.swap_in),
	HOST("swap-out", TRACE_BYTES, seen.swap_out),
	HOST("some", TRACE_COUNT, seen.some_avg10),
	HOST("full", TRACE_COUNT, seen.full_avg10),
	FIELD(host, "level", TRACE_WORD, seen.level, trace_level_words),
	FIELD(host, "runs", TRACE_WORDS, facts, host_words),
	HOST("hugetlb", TRACE_BYTES, hugetlb),
	HOST("ksm-saved", TRACE_BYTES, ksm_saved),
	HOST("sample-cost", TRACE_USEC, sample_cost),
	ORDER(host, "pause", pause.on, pause.until, pause.who, pause.reason),
};
const struct trace_table trace_host = { host_fields, ELEMENTSOF(host_fields) };

#define GUEST(name, type, field) FIELD(guest, name, type, field, NULL)
static const struct trace_field guest_fields[] = {
	GUEST("name", TRACE_TEXT, name),
	FIELD(guest, "facts", TRACE_WORDS, facts, fact_words),
	GUEST("maximum", TRACE_BYTES, seen.maximum),
	GUEST("sold", TRACE_BYTES, sold),
	GUEST("actual", TRACE_BYTES, seen.actual),
	GUEST("total", TRACE_BYTES, seen.total),
	GUEST("usable", TRACE_BYTES, seen.usable),
	GUEST("unused", TRACE_BYTES, seen.unused),
	GUEST("caches", TRACE_BYTES, seen.caches),
	GUEST("resident", TRACE_BYTES, seen.resident),
	GUEST("host-swap", TRACE_BYTES, host_swap),
	GUEST("swap-in", TRACE_BYTES, seen.swap_in),
	GUEST("swap-out", TRACE_BYTES, seen.swap_out),
	GUEST("major-faults", TRACE_COUNT, seen.major_faults),
	GUEST("disk-reads", TRACE_BYTES, seen.disk_reads),
	GUEST("stats-age", TRACE_USEC, seen.stats_age),
	GUEST("stamp", TRACE_COUNT, stamp),
	GUEST("swept", TRACE_USEC, swept),
	GUEST("resident-at", TRACE_USEC, resident_at),
	GUEST("period", TRACE_USEC, period),
	GUEST("run", TRACE_COUNT, run),
	GUEST("booted", TRACE_USEC, booted),
	/* What became of the last step. */
	FIELD(guest, "outcome", TRACE_WORD, outcome.kind, outcome_words),
	GUEST("outcome-bytes", TRACE_BYTES, outcome.bytes),
	GUEST("outcome-latency", TRACE_USEC, outcome.latency),
	GUEST("outcome-error", TRACE_SIGNED, outcome.error),
	/* What an operator ordered. */
	ORDER(guest, "exclude", exclude.on, exclude.until, exclude.who, exclude.reason),
	ORDER(guest, "hold", hold.on, hold.until, hold.who, hold.reason),
	ORDER(guest, "pause", pause.on, pause.until, pause.who, pause.reason),
	ORDER(guest, "give-back", give_back.on, give_back.until, give_back.who, give_back.reason),
	/* What can be matched, and what its metadata asks for. */
	GUEST("hypervisor", TRACE_TEXT, labels.hypervisor),
	GUEST("title", TRACE_TEXT, labels.title),
	GUEST("partition", TRACE_TEXT, labels.partition),
	GUEST("os", TRACE_TEXT, labels.os),
	GUEST("tags", TRACE_TEXT, labels.tags),
	FIELD(guest, "wishes", TRACE_WORDS, wish.given, tenant_key_names),
	FIELD(guest, "wishes-unclear", TRACE_WORDS, wish.unclear, tenant_key_names),
	GUEST("wish-policy", TRACE_TEXT, wish.policy),
	FIELD(guest, "wish-min-kind", TRACE_WORD, wish.min.kind, amount_words),
	GUEST("wish-min", TRACE_COUNT, wish.min.value),
	GUEST("wish-shares", TRACE_COUNT, wish.shares),
	GUEST("wish-priority", TRACE_SIGNED, wish.priority),
	GUEST("wish-hold", TRACE_BOOL, wish.hold),
	/* The planner's, in a copy of its own; nothing but their defaults here. */
	GUEST("floor", TRACE_BYTES, seen.floor),
	GUEST("ceiling", TRACE_BYTES, seen.ceiling),
	GUEST("target", TRACE_BYTES, seen.target),
	GUEST("used", TRACE_BYTES, seen.used),
	GUEST("charge", TRACE_BYTES, seen.charge),
	GUEST("sample", TRACE_COUNT, seen.sample),
	GUEST("sample-elapsed", TRACE_USEC, seen.sample_elapsed),
	GUEST("shares", TRACE_COUNT, seen.shares),
	GUEST("priority", TRACE_SIGNED, seen.priority),
	FIELD(guest, "flags", TRACE_WORDS, seen.flags, flag_words),
	GUEST("give", TRACE_BYTES, seen.give),
};
const struct trace_table trace_guest = { guest_fields, ELEMENTSOF(guest_fields) };

#define MEMORY(name, type, field) FIELD(memory, name, type, field, NULL)
static const struct trace_field memory_fields[] = {
	MEMORY("first-seen", TRACE_USEC, first_seen),
	MEMORY("booted", TRACE_USEC, booted),
	MEMORY("boot-sampled", TRACE_USEC, boot_sampled),
	MEMORY("target", TRACE_BYTES, target),
	MEMORY("claim", TRACE_BYTES, claim),
	MEMORY("kernel", TRACE_BYTES, kernel),
	MEMORY("total", TRACE_BYTES, total),
	MEMORY("used", TRACE_BYTES, used),
	MEMORY("stamp", TRACE_COUNT, stamp),
	MEMORY("sample", TRACE_COUNT, sample),
	MEMORY("sample-elapsed", TRACE_USEC, sample_elapsed),
	MEMORY("sampled", TRACE_USEC, sampled),
	MEMORY("actual", TRACE_BYTES, actual),
	MEMORY("previous-actual", TRACE_BYTES, previous_actual),
	MEMORY("swept", TRACE_USEC, swept),
	MEMORY("moved", TRACE_USEC, moved),
	MEMORY("overhead", TRACE_BYTES, overhead),
	MEMORY("excess-since", TRACE_USEC, excess_since),
	MEMORY("excess", TRACE_BYTES, excess),
	MEMORY("resident", TRACE_BYTES, resident),
	MEMORY("resident-at", TRACE_USEC, resident_at),
	MEMORY("resident-elapsed", TRACE_USEC, resident_elapsed),
	MEMORY("burst", TRACE_BYTES, burst),
	MEMORY("grown", TRACE_USEC, grown),
	MEMORY("rose", TRACE_USEC, rose),
	MEMORY("swap-in", TRACE_BYTES, swap_in.last),
	MEMORY("swap-in-rate", TRACE_BYTES, swap_in.rate),
	MEMORY("major-faults", TRACE_COUNT, major_faults.last),
	MEMORY("major-faults-rate", TRACE_COUNT, major_faults.rate),
	MEMORY("disk-reads", TRACE_BYTES, disk_reads.last),
	MEMORY("disk-reads-rate", TRACE_BYTES, disk_reads.rate),
	MEMORY("swapped", TRACE_BOOL, swapped),
	MEMORY("starved", TRACE_BOOL, starved),
	MEMORY("distress", TRACE_USEC, distress),
	MEMORY("place", TRACE_COUNT, reading.place),
	MEMORY("read-every", TRACE_USEC, reading.every),
	MEMORY("hot", TRACE_BOOL, reading.hot),
	MEMORY("read-stage", TRACE_COUNT, reading.stage),
	MEMORY("read", TRACE_USEC, reading.swept),
	MEMORY("read-since", TRACE_USEC, reading.since),
	MEMORY("asked", TRACE_BOOL, asked),
	MEMORY("progressed", TRACE_USEC, progressed),
	MEMORY("gap", TRACE_BYTES, gap),
	MEMORY("no-shrink-until", TRACE_USEC, no_shrink_until),
	MEMORY("stuck-times", TRACE_COUNT, stuck_times),
	MEMORY("granted", TRACE_BYTES, granted),
	MEMORY("granted-base", TRACE_BYTES, granted_base),
	MEMORY("shrink-credit", TRACE_BYTES, shrink_credit),
	MEMORY("learned", TRACE_BYTES, learned),
	MEMORY("learned-at", TRACE_USEC, learned_at),
	MEMORY("distress-sample", TRACE_COUNT, distress_sample),
	MEMORY("shrunk-from", TRACE_BYTES, shrunk_from),
	MEMORY("crash-shrunk", TRACE_USEC, crash.shrunk),
	MEMORY("crash-before", TRACE_BYTES, crash.before),
	MEMORY("crash-at", TRACE_USEC, crash.at),
	MEMORY("crash-floor", TRACE_BYTES, crash.floor),
	MEMORY("crash-gave-up", TRACE_USEC, crash.gave_up),
	MEMORY("doubts", TRACE_COUNT, trust.doubts),
	MEMORY("doubted", TRACE_USEC, trust.doubted),
	MEMORY("doubted-impossible", TRACE_BOOL, trust.impossible),
	MEMORY("untouched-since", TRACE_USEC, trust.untouched),
	MEMORY("trust-lost", TRACE_USEC, trust.lost),
	MEMORY("trust-kept", TRACE_BYTES, trust.kept),
	MEMORY("settled", TRACE_BOOL, foreign.is_settled),
	MEMORY("exempt", TRACE_USEC, foreign.exempt),
	MEMORY("maximum", TRACE_BYTES, foreign.maximum),
	MEMORY("told-low", TRACE_BYTES, foreign.low),
	MEMORY("told-high", TRACE_BYTES, foreign.high),
	MEMORY("told", TRACE_BYTES, foreign.told),
	MEMORY("told-at", TRACE_USEC, foreign.told_at),
	MEMORY("told-own", TRACE_BOOL, foreign.is_own),
	MEMORY("set-smaller", TRACE_BOOL, foreign.is_smaller),
	MEMORY("watched", TRACE_BYTES, foreign.watched),
	MEMORY("watched-since", TRACE_USEC, foreign.watched_since),
	MEMORY("rests-since", TRACE_USEC, foreign.rests_since),
	MEMORY("watched-sample", TRACE_COUNT, foreign.sample),
	MEMORY("watched-samples", TRACE_COUNT, foreign.n_samples),
	MEMORY("was-in-need", TRACE_BOOL, foreign.was_in_need),
	MEMORY("quiet-until", TRACE_USEC, foreign.until),
	MEMORY("set-ceiling", TRACE_BYTES, foreign.ceiling),
	MEMORY("sold", TRACE_BYTES, foreign.sold),
	MEMORY("leaked", TRACE_BYTES, foreign.leaked),
	MEMORY("own-1", TRACE_BYTES, foreign.own[0]),
	MEMORY("own-2", TRACE_BYTES, foreign.own[1]),
	MEMORY("own-3", TRACE_BYTES, foreign.own[2]),
	MEMORY("own-4", TRACE_BYTES, foreign.own[3]),
	MEMORY("full-size", TRACE_BYTES, full_size),
	MEMORY("full-resident", TRACE_BYTES, full_resident),
	MEMORY("futile-since", TRACE_USEC, futile_since),
	MEMORY("futile", TRACE_USEC, futile),
	MEMORY("state", TRACE_COUNT, state),
	MEMORY("state-since", TRACE_USEC, state_since),
};
const struct trace_table trace_memory = { memory_fields, ELEMENTSOF(memory_fields) };

#define HISTORY(name, type, field) FIELD(history, name, type, field, NULL)
static const struct trace_field history_fields[] = {
	HISTORY("now", TRACE_USEC, now),
	HISTORY("pool", TRACE_BYTES, pool),
	HISTORY("pool-reading", TRACE_BYTES, pool_reading),
	HISTORY("pool-swept", TRACE_USEC, pool_swept),
	HISTORY("pool-wanted-more", TRACE_USEC, pool_wanted_more),
	HISTORY("room", TRACE_BYTES, room),
	HISTORY("charged", TRACE_BYTES, charged),
	HISTORY("last-pool", TRACE_BYTES, last_pool),
	FIELD(history, "level", TRACE_WORD, level, trace_level_words),
	HISTORY("last-place", TRACE_COUNT, last_place),
	HISTORY("swap-read", TRACE_USEC, swap.read),
	HISTORY("swap-in", TRACE_BYTES, swap.in.last),
	HISTORY("swap-in-rate", TRACE_BYTES, swap.in.rate),
	HISTORY("swap-out", TRACE_BYTES, swap.out.last),
	HISTORY("swap-out-rate", TRACE_BYTES, swap.out.rate),
	HISTORY("shrink-credit", TRACE_BYTES, shrink_credit),
};
const struct trace_table trace_history = { history_fields, ELEMENTSOF(history_fields) };

static const struct trace_field rule_fields[] = {
	FIELD(rule_memory, "key", TRACE_COUNT, key, NULL),
	FIELD(rule_memory, "asked", TRACE_USEC, asked, NULL),
};
const struct trace_table trace_rule = { rule_fields, ELEMENTSOF(rule_fields) };
