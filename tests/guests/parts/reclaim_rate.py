# SPDX-License-Identifier: LGPL-2.1-or-later
"""How fast balloond takes memory from a guest, beside the hypervisor's own command: the same guest,
the same way, in turn.  The limits of the configuration are out of the way."""

import json
import mmap
import statistics
import time

from checks import form
from common import boot, do
from daemon import MIB, Daemon
from guest import GuestError
from rates import rate

NAME = "t-rate"
CEILING_MIB, LEAST_MIB = 1024, 384
TOUCHED_MIB = 800
ROUNDS = {"short": 3, "long": 9}
# One command was seen at 220 and at 378 MiB/s within a minute on a machine with others on it: few
# rounds find what holds balloond back (its limits, its steps, its period), many find its price.
RATIO = {"short": 0.6, "long": 0.95}
# Less is not all that was asked for; it is over when nothing more came back for a while.
LEAST_TAKEN = (CEILING_MIB - LEAST_MIB) * 9 // 10 * MIB
QUIET_S, LOOK_S, EDGE_PERCENT = 1, 0.005, 2
TIMEOUT_S = 60

# Where it is squeezed the pool holds nothing, so that only the promise is left; else nobody is
# touched, and whoever asks the hypervisor has it alone: what that is would be somebody's wish, and
# the guest foreign for an hour, unless that is told to be ignored.
CONFIG = """version: 1
uri: qemu:///system
host: {{ pool: {pool}, reserve: 256MiB, commit: strict }}
limits: {{ shrink: {{ guest: 1TiB/s, host: 1TiB/s }} }}
guests:
  - {{ name: all, match: {{ name: "*" }}, min: {least}MiB, foreign: ignore }}
rules:
  - {{ name: all, match: {{ name: "{match}" }}, policy: {policy} }}
"""


def configuration(policy, squeezed):
    return CONFIG.format(policy=policy, least=LEAST_MIB, pool="256MiB" if squeezed else "8GiB",
                         match="t-*" if squeezed else "nobody")


def raw_balloon(bench, size_mib):
    bench.virsh("qemu-monitor-command", NAME, json.dumps(
        {"execute": "balloon", "arguments": {"value": size_mib * MIB}}))


def rss_bytes(guest):
    with open("/proc/%d/statm" % guest.pid, encoding="ascii") as file:
        return int(file.read().split()[1]) * mmap.PAGESIZE


def pace(guest, order):
    """Bytes a second, of memory that came back to the host, without the first and the last bit.
    What the guest is asked to say would slow it down."""
    begin = low = rss_bytes(guest)
    order()
    series, fell = [], time.monotonic()
    deadline = fell + TIMEOUT_S
    while begin - low < LEAST_TAKEN or time.monotonic() - fell < QUIET_S:
        if time.monotonic() > deadline:
            raise GuestError("%s: %d MiB came back" % (guest.name, (begin - low) // MIB))
        time.sleep(LOOK_S)
        series.append((time.monotonic(), rss_bytes(guest)))
        if series[-1][1] < low:
            fell, low = series[-1]
    gone = begin - low
    first = next(when for when, rss in series if begin - rss >= gone * EDGE_PERCENT // 100)
    last = next(when for when, rss in series if rss - low <= gone * EDGE_PERCENT // 100)
    return rate(gone * (100 - 2 * EDGE_PERCENT) // 100, (last - first) * 1e6)


def fill(bench, guest):
    """Its whole size again, all of it touched and free: that is what is taken."""
    raw_balloon(bench, CEILING_MIB)
    guest.wait_stats(lambda stats: stats["actual"] == CEILING_MIB << 10)
    do(guest, "alloc %d" % TOUCHED_MIB)
    do(guest, "free %d" % TOUCHED_MIB)


def run(checks, bench, build, policy):
    guest, = boot([bench.start_guest(NAME, CEILING_MIB, stats_period=1)])
    ours, raw = [], []
    with Daemon(build, configuration(policy, False)) as daemon:
        for _ in range(ROUNDS[form()]):
            fill(bench, guest)
            raw.append(pace(guest, lambda: raw_balloon(bench, LEAST_MIB)))
            fill(bench, guest)
            ours.append(pace(guest, lambda: daemon.reload(configuration(policy, True))))
            daemon.reload(configuration(policy, False))
    ratio = statistics.median(ours) / statistics.median(raw)
    checks.figure("reclaim-rate-mib-s", "balloond %s, QMP %s" % tuple(
        [x // MIB for x in sorted(values)] for values in (ours, raw)))
    checks.figure("reclaim-rate-ratio", "%.3f" % ratio)
    checks.that("balloond takes memory as fast as a QMP command", ratio >= RATIO[form()],
                "%.3f" % ratio)
