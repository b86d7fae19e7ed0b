# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that hold less than the pool, whose ceilings are half as large again: they work a little,
and read files all the time, and no balloon is ever told to move, nor moves."""

import os
import time

from checks import form
from common import boot, do, mib, wait_managed
from daemon import MIB, Daemon
from guest import GuestError
from relief import POLICY
from series import Trace

NAMES = ("t-one", "t-two", "t-three")
CEILING_MIB, HELD_MIB, DISK_MIB, MORE_MIB = 2048, 150, 256, 60
POOL_MIB = 4096  # two thirds of three ceilings
LENGTH_S = {"short": 60, "long": 600}
PAUSE_S, LOOK_S = 0.5, 0.2

CONFIG = """version: 1
uri: qemu:///system
host: {{ pool: {pool}MiB, reserve: 256MiB, commit: elastic }}
guests:
  - {{ name: everyone, match: {{ name: "*" }}, min: 50% }}
rules:
  - {{ name: everyone, match: {{ name: "*" }}, policy: {policy} }}
"""


class Life:
    """What a guest does, one thing after the other: takes a little, reads all of its disk, gives
    back what it took, and forgets what it read."""

    LINES = ("alloc %d" % MORE_MIB, "cache %d" % DISK_MIB, "free %d" % MORE_MIB, "drop")

    def __init__(self, guest, begins):
        self.guest, self.due = guest, begins
        self.done, self.waits = 0, False

    def turn(self):
        line = self.LINES[self.done % len(self.LINES)]
        if not self.waits and time.monotonic() >= self.due:
            self.guest.send(line)
            self.waits = True
        elif self.waits:
            try:
                answer = self.guest.answer(line, 0.001)
            except GuestError:
                return
            if not answer["ok"]:
                raise GuestError("%s: %s" % (self.guest.name, answer))
            self.waits, self.done, self.due = False, self.done + 1, time.monotonic() + PAUSE_S


def live(daemon, guests):
    """Returns all (name, size, target) that were seen, the most charged, and what was done."""
    begin = time.monotonic()
    lives = [Life(guest, begin + k * PAUSE_S) for k, guest in enumerate(guests)]
    sizes, charged = set(), 0
    while time.monotonic() - begin < LENGTH_S[form()]:
        for life in lives:
            life.turn()
        sizes.update((name, g["Actual"], g["Target"]) for name, g in daemon.guests().items())
        charged = max(charged, daemon.ctl("status")["Charged"])
        time.sleep(LOOK_S)
    # Nobody is left with half of a command.
    for life in lives:
        while life.waits:
            life.turn()
    return sizes, charged, sum(life.done for life in lives)


def run(checks, bench, build):
    guests = boot([bench.start_guest(name, CEILING_MIB, stats_period=1, disk_mib=DISK_MIB)
                   for name in NAMES])
    for guest in guests:
        do(guest, "alloc %d" % HELD_MIB)
    trace = os.path.join(bench.directory, "still.yaml.gz")
    daemon = Daemon(build, CONFIG.format(pool=POOL_MIB, policy=POLICY),
                    arguments=("--trace", trace))
    with daemon:
        wait_managed(daemon, NAMES)
        sizes, charged, done = live(daemon, guests)
    checks.figure("still-things-done", done)
    checks.figure("still-charged-mib", "%d of %d at the most" % (mib(charged), POOL_MIB))
    checks.that("the guests hold less than the pool, and could hold more",
                charged < POOL_MIB * MIB < len(NAMES) * CEILING_MIB * MIB, charged)
    checks.that("nobody's size or target changes",
                sizes == {(name, CEILING_MIB * MIB, CEILING_MIB * MIB) for name in NAMES}, sizes)
    seen = Trace(trace)
    orders = {name: guest.target.values[1:] for name, guest in seen.guests.items()}
    checks.that("its trace tells of no order, of %d plans" % len(seen.ticks),
                set(orders) == set(NAMES) and len(seen.ticks) > LENGTH_S[form()] // 2
                and not any(orders.values()), orders)
    for guest in guests:
        answer = guest.command("meminfo")
        checks.that("the balloon of %s never held a page" % guest.name,
                    answer["balloon_inflate"] == 0 and answer["oom_kill"] == 0, answer)
