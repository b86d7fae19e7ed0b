# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that share less memory than they were sold, with and without swap of their own, and need
more than their size from time to time: how long each of them is short, whether anybody is killed
for it, and how fast memory is taken back (reclaim_rate.py)."""

import os
import random
import time

import reclaim_rate
from checks import form
from common import boot, describe, do, mib, wait_managed, wait_samples, watch
from daemon import MIB, Daemon
from relief_event import come_near, size_mib, spike

POLICY = "fair"
# (guests, overcommit)
SETTINGS = {"short": [(3, 1.5)], "long": [(3, 1.5), (3, 2), (12, 1.5), (12, 2)]}
EVENTS = {"short": 4, "long": 52}  # of each setting
CEILING_MIB, HELD_MIB, SWAP_MIB = 1024, 100, 768
BEYOND_MIB = (96, 192)
# Of all that it was sold, so that its kernel does not swap for its own reserves.
SPARED_MIB = 96
# Emulation adds up to so much to what a guest is charged.
OVERHEAD_MIB = 150
NEAR = 8 * MIB
REST_TIMEOUT_S = 120
SEED = 5
# P50 and P99.  A few needs on a machine that does other things as well say less than many.
LIMITS_S = {"short": (3, 10), "long": (1.5, 3)}

CONFIG = """version: 1
uri: qemu:///system
host: {{ pool: {pool}MiB, reserve: 256MiB, commit: strict }}
guests:
  - {{ name: everyone, match: {{ name: "*" }}, min: kernel }}
rules:
  - {{ name: everyone, match: {{ name: "*" }}, policy: {policy} }}
"""


def has_swap(guest):
    """Every second one."""
    return int(guest.name[2:]) % 2 == 1


def start(bench, count):
    guests = [bench.start_guest("t-%02d" % k, CEILING_MIB, stats_period=1,
                                swap_mib=SWAP_MIB if k % 2 == 1 else 0)
              for k in range(1, count + 1)]
    for guest in boot(guests):
        do(guest, "alloc %d" % HELD_MIB)
    return guests


def wait_rest(daemon):
    """Until nobody is on its way, and what was freed is known."""
    return watch(daemon, lambda guests: all(
        abs(g["Actual"] - g["Target"]) <= NEAR for g in guests.values()), "rest", REST_TIMEOUT_S)


def choose(guests, drawn, swaps):
    """One that may have so much more, also if it grows by an eighth before: one with swap, or
    without, if there is any."""
    able = [guest for guest in guests if may_need_mib(guest, 9 / 8) >= BEYOND_MIB[0]]
    wanted = [guest for guest in able if has_swap(guest) == swaps] or able
    return drawn.choice(wanted) if wanted else None


def may_need_mib(guest, growth=1):
    """How much more than its size, if it has grown so much before."""
    return int(CEILING_MIB - SPARED_MIB - size_mib(guest) * growth)


def one_need(daemon, guest, drawn):
    """Of a guest that is near its size, with the headroom that its policy then leaves it.  None if
    that leaves it too little to need: coming near to it was taken for a need already."""
    near_mib = come_near(guest)
    wait_samples(daemon, 1)
    wait_rest(daemon)
    # Where between two samples and two looks it falls must not hang on the last one.
    time.sleep(drawn.uniform(0, 1))
    beyond_mib = min(drawn.randint(*BEYOND_MIB), may_need_mib(guest))
    if beyond_mib < BEYOND_MIB[0]:
        do(guest, "free %d" % near_mib)
        return None
    room = mib(daemon.ctl("status")["Room"])
    relief, need_mib = spike(guest, has_swap(guest), beyond_mib)
    print("%s; room for %d MiB" % (relief, room), flush=True)
    if relief.killed:
        do(guest, "alloc %d" % HELD_MIB)
    else:
        do(guest, "free %d" % (near_mib + need_mib))
    return relief


def needs(daemon, guests, count, drawn):
    reliefs, turn, deadline = [], 0, time.monotonic() + 60 * count
    while len(reliefs) < count and time.monotonic() < deadline:
        wait_rest(daemon)
        guest = choose(guests, drawn, turn % 2 == 1)
        relief = one_need(daemon, guest, drawn) if guest else None
        turn += 1
        if relief:
            reliefs.append(relief)
        else:
            wait_samples(daemon, 1)
    return reliefs


def one_setting(checks, bench, build, count, overcommit):
    """Returns all reliefs."""
    guests = start(bench, count)
    pool = int(count * (CEILING_MIB / overcommit + OVERHEAD_MIB))
    what = "%d guests at %g" % (count, overcommit)
    drawn = random.Random("%s %d" % (what, SEED))
    trace = os.path.join(bench.directory, "relief-%d-%g.yaml.gz" % (count, overcommit))
    daemon = Daemon(build, CONFIG.format(pool=pool, policy=POLICY), arguments=("--trace", trace))
    with daemon:
        wait_managed(daemon, [guest.name for guest in guests])
        reliefs = needs(daemon, guests, EVENTS[form()], drawn)
        seen = describe(daemon.guests())
    checks.that("%s: as many needs beyond the size as wanted" % what,
                len(reliefs) == EVENTS[form()], "%d; %s" % (len(reliefs), seen))
    kills = {guest.name: guest.command("meminfo")["oom_kill"] for guest in guests}
    checks.that("%s: nobody is killed for memory" % what, not any(kills.values()), kills)
    bench.end_guests()
    return reliefs


def rank(values, percent):
    return sorted(values)[(len(values) * percent + 99) // 100 - 1]


def tell(checks, what, reliefs):
    short = [relief.short for relief in reliefs]
    took = [relief.took for relief in reliefs if relief.has_swap]
    checks.figure("relief-%s-s" % what, "P50 %.2f, P99 %.2f, max %.2f (%d needs)" % (
        rank(short, 50), rank(short, 99), max(short), len(short)))
    if took:
        checks.figure("relief-%s-in-use-s" % what, "P50 %.2f, max %.2f" % (
            rank(took, 50), max(took)))


def run(checks, bench, build):
    reliefs = []
    for count, overcommit in SETTINGS[form()]:
        found = one_setting(checks, bench, build, count, overcommit)
        tell(checks, "%d-at-%g" % (count, overcommit), found)
        reliefs += found
    most_p50, most_p99 = LIMITS_S[form()]
    times = [relief.short for relief in reliefs]
    checks.that("half of all needs are met within %g s, 99 of 100 within %g s" % (
        most_p50, most_p99), rank(times, 50) <= most_p50 and rank(times, 99) <= most_p99,
        "P50 %.2f, P99 %.2f of %d" % (rank(times, 50), rank(times, 99), len(times)))
    for what, swaps in (("with-swap", True), ("without-swap", False)):
        tell(checks, what, [relief for relief in reliefs if relief.has_swap == swaps])
    reclaim_rate.run(checks, bench, build, POLICY)
