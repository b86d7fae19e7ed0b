# SPDX-License-Identifier: LGPL-2.1-or-later
"""A libvirtd that is killed again and again while guests are busy: balloond finds back each time,
moves nobody wrongly, and leaves nothing behind."""

import os
import random
import time

from checks import form
from common import boot, config, describe, do, wait_managed, wait_samples, watch
from daemon import MIB, Daemon, poll_until

N_KILLS = 10 if form() == "long" else 2
MEMORY_MIB = 256
NAMES = ("t-one", "t-two", "t-three")
LOAD_MIB = 40
BACK_TIMEOUT_S = 90
# What a guest uses may have grown since it was last looked at.
SLACK = 8 * MIB


def opened(daemon):
    """How many files, and threads, it has."""
    return tuple(len(os.listdir("/proc/%d/%s" % (daemon.process.pid, what)))
                 for what in ("fd", "task"))


class Wrong:
    """What no picture may show."""

    def __init__(self):
        self.found = []

    def look(self, guests):
        for name, g in guests.items():
            if not g["Floor"] <= g["Target"] <= g["Ceiling"]:
                self.found.append("%s: out of bounds: %s" % (name, describe(guests)))
            # Its state then permits no step at all.
            if g["State"] == "managed" and g["Used"] and g["Target"] < g["Used"] - SLACK:
                self.found.append("%s: less than it uses: %s" % (name, describe(guests)))


def load(guests, dice, seconds, look):
    """Guests allocate and free in turn, for a time that the dice say."""
    ends = time.monotonic() + dice.uniform(0.2, seconds)
    while time.monotonic() < ends:
        guest = dice.choice(guests)
        do(guest, "alloc %d" % LOAD_MIB)
        look()
        do(guest, "free %d" % LOAD_MIB)
        look()


def die_once(bench, daemon, guests, dice, wrong):
    def look():
        wrong.look(daemon.guests())

    load(guests, dice, 4, look)
    bench.kill_libvirtd()
    watch(daemon, lambda g: daemon.ctl("status")["State"] == "degraded", "it is noticed", 30,
          wrong.look)
    before = {name: g["Target"] for name, g in daemon.guests().items()}
    load(guests, dice, 3, look)
    after = {name: g["Target"] for name, g in daemon.guests().items()}
    if before != after:
        wrong.found.append("moved without libvirtd: %s -> %s" % (before, after))
    begin = time.monotonic()
    bench.start_libvirtd()
    watch(daemon, lambda g: daemon.ctl("status")["State"] == "running" and set(NAMES) <= set(g)
          and all(g[name]["State"] == "managed" for name in NAMES), "all are managed again",
          BACK_TIMEOUT_S, wrong.look)
    wait_samples(daemon, 2, wrong.look)
    return time.monotonic() - begin


def run(checks, bench, build):
    guests = boot([bench.start_guest(name, MEMORY_MIB) for name in NAMES])
    dice, wrong, back = random.Random(6), Wrong(), []
    with Daemon(build, config("50%")) as daemon:
        wait_managed(daemon, NAMES)
        wait_samples(daemon, 3)
        before = opened(daemon)
        for _ in range(N_KILLS):
            back.append(die_once(bench, daemon, guests, dice, wrong))
        checks.that("libvirtd was killed %d times and found again each time" % N_KILLS,
                    len(back) == N_KILLS)
        checks.figure("reconnect-longest-s", "%.1f" % max(back))
        checks.that("no guest was moved wrongly", not wrong.found, wrong.found[:2])
        poll_until(lambda: opened(daemon) == before,
                   "%s files and threads, %s now" % (before, opened(daemon)), 30)
        checks.that("no file and no thread is left over", opened(daemon) == before, before)
    for guest in guests:
        kills = guest.command("meminfo")["oom_kill"]
        checks.that("%s had no OOM kill" % guest.name, kills == 0, kills)
