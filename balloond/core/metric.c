/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/metric.h"

#include <stddef.h>

#define OF_MACHINE "the machine's memory"
#define OF_POOL "the pool"
#define OF_SIZE "the guest's size"

/* clang-format off */
static const struct metric_row rows[METRIC_MAX] = {
	[METRIC_HOST_AVAILABLE] = { "host.available", METRIC_BYTES, OF_MACHINE,
		"what the machine could still use without swapping (MemAvailable)" },
	[METRIC_HOST_FREE] = { "host.free", METRIC_BYTES, OF_MACHINE,
		"what the machine leaves idle (MemFree)" },
	[METRIC_HOST_ROOM] = { "host.room", METRIC_BYTES, OF_POOL,
		"what guests could still be given" },
	[METRIC_HOST_CHARGED] = { "host.charged", METRIC_BYTES, OF_POOL,
		"what all guests are charged together" },
	[METRIC_HOST_SWAP_USED] = { "host.swap-used", METRIC_BYTES, "the machine's swap",
		"what the machine has swapped out" },
	[METRIC_HOST_SWAP_IN] = { "host.swap-in", METRIC_RATE, NULL,
		"what the machine swaps in, over the last seconds" },
	[METRIC_HOST_SWAP_OUT] = { "host.swap-out", METRIC_RATE, NULL,
		"what the machine swaps out, over the last seconds" },
	[METRIC_HOST_PRESSURE] = { "host.pressure", METRIC_SHARE, NULL,
		"share of the last 10 s in which some task waited for memory (PSI)" },
	[METRIC_HOST_STALLED] = { "host.stalled", METRIC_SHARE, NULL,
		"share of the last 10 s in which all tasks waited for memory (PSI)" },
	[METRIC_HOST_LEVEL] = { "host.level", METRIC_LEVEL, NULL,
		"how short the host is: normal, tight, low or critical" },
	[METRIC_GUEST_ACTUAL] = { "guest.actual", METRIC_BYTES, "the guest's ceiling",
		"the size that the guest has" },
	[METRIC_GUEST_USED] = { "guest.used", METRIC_BYTES, OF_SIZE,
		"what the guest uses of its size" },
	[METRIC_GUEST_USABLE] = { "guest.usable", METRIC_BYTES, OF_SIZE,
		"what the guest could still use without swapping" },
	[METRIC_GUEST_RESIDENT] = { "guest.resident", METRIC_BYTES, "the guest's ceiling",
		"host memory behind the guest" },
	[METRIC_GUEST_SWAP_IN] = { "guest.swap-in", METRIC_RATE, NULL,
		"what the guest swaps in, between its last two samples" },
	[METRIC_GUEST_MAJOR_FAULTS] = { "guest.major-faults", METRIC_PER_TIME, NULL,
		"the guest's major faults, between its last two samples" },
	[METRIC_GUEST_DISK_READS] = { "guest.disk-reads", METRIC_RATE, NULL,
		"what the guest reads from its disks, between its last two samples" },
	[METRIC_GUEST_STATS_AGE] = { "guest.stats-age", METRIC_TIME, NULL,
		"age of the guest's statistics" },
};
/* clang-format on */

const struct metric_row *metric_row(enum metric metric)
{
	return &rows[metric];
}
