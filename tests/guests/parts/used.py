# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest uses is the same figure whatever size its balloon has (decisions: used)."""

from checks import form
from common import (MIB, TIGHT, boot, config, describe, do, live_period, mib, wait_actual,
                    wait_samples)
from daemon import Daemon

CEILING_MIB, HALF_MIB = 1024, 512
# With what crashkernel= holds, and the doubled margin of a guest without swap, half is enough.
HELD_MIB = 150
# Of what it was at rest.
STEADY_PERCENT = 10
WRONG_LOW_PERCENT = 80
# Pages that a balloon gave back stay on the CPU's own free lists, up to the low watermark; the
# guest itself counts them as not available until it is short (Linux 6.1 with 1 GiB: 47 MiB).
FREE_LISTS = 64 * MIB

GUESTS = {
    "t-plain": {},
    "t-autodeflate": {"autodeflate": True},
    "t-crashkernel": {"cmdline": "crashkernel=128M"},
}


class Extremes:
    """The smallest and the largest Used of each guest, in per cent of what it was at rest."""

    def __init__(self, at_rest):
        self.at_rest = at_rest
        self.low = {name: 100 for name in at_rest}
        self.high = dict(self.low)
        self.unknown = set()

    def look(self, guests):
        for name, used in self.at_rest.items():
            now = guests[name]["Used"]
            if now is None:
                self.unknown.add(name)
                continue
            self.low[name] = min(self.low[name], now * 100 // used)
            self.high[name] = max(self.high[name], now * 100 // used)


def used_of(guests):
    return {name: guests[name]["Used"] for name in GUESTS}


def is_steady(now, at_rest, more):
    tolerance = at_rest * STEADY_PERCENT // 100
    return now is not None and at_rest - tolerance <= now <= at_rest + tolerance + more


def compare(checks, when, guests, at_rest, more=0):
    for name, used in used_of(guests).items():
        checks.that("%s: used is within %d %%%s %s" % (
            name, STEADY_PERCENT, " and the CPUs' free lists" if more else "", when),
                    is_steady(used, at_rest[name], more),
                    "%d MiB at rest, %s now" % (mib(at_rest[name]),
                                                used if used is None else mib(used)))


def compare_with_guests(checks, daemon, guests):
    """What is published is what the guests themselves say at the size that they have."""
    shown = daemon.guests()
    for guest in guests:
        available = guest.command("meminfo")["MemAvailable_kib"] << 10
        own = shown[guest.name]["Actual"] - available
        checks.that("%s: used is what the guest says" % guest.name,
                    is_steady(shown[guest.name]["Used"], own, 0),
                    "%d MiB, the guest says %d" % (mib(shown[guest.name]["Used"]), mib(own)))


def squeeze_and_return(checks, daemon, guests, extremes):
    daemon.reload(config("50%", TIGHT))
    wait_actual(daemon, GUESTS, HALF_MIB, look=extremes.look)
    seen = wait_samples(daemon, 3, extremes.look)
    compare(checks, "at half its size", seen, extremes.at_rest)
    daemon.reload(config("100%", TIGHT))
    wait_actual(daemon, GUESTS, CEILING_MIB, look=extremes.look)
    seen = wait_samples(daemon, 3, extremes.look)
    compare(checks, "back at its ceiling", seen, extremes.at_rest, FREE_LISTS)
    compare_with_guests(checks, daemon, guests)


def run(checks, bench, build):
    guests = boot([bench.start_guest(name, CEILING_MIB, **what) for name, what in GUESTS.items()])
    for guest in guests:
        do(guest, "alloc %d" % HELD_MIB)
    with Daemon(build, config("100%", TIGHT)) as daemon:
        daemon.wait_state("managed")
        checks.that("managed guests are made to report every second",
                    all(live_period(bench, name) == 1 for name in GUESTS))
        at_rest = used_of(wait_samples(daemon, 3))
        checks.that("used contains what the kernel withholds for crash dumps",
                    at_rest["t-crashkernel"] - at_rest["t-plain"] > 100 << 20,
                    describe(daemon.guests()))
        extremes = Extremes(at_rest)
        for _ in range(3 if form() == "long" else 1):
            squeeze_and_return(checks, daemon, guests, extremes)
        for name in GUESTS:
            checks.figure("used-lowest-%s-percent" % name[2:], extremes.low[name])
            checks.figure("used-highest-%s-percent" % name[2:], extremes.high[name])
            checks.that("%s: used is never far too low while the balloon moves" % name,
                        extremes.low[name] >= WRONG_LOW_PERCENT, extremes.low[name])
        checks.that("used stays known", not extremes.unknown, extremes.unknown)
    for guest in guests:
        kills = guest.command("meminfo")["oom_kill"]
        checks.that("%s: no OOM kill" % guest.name, kills == 0, kills)
