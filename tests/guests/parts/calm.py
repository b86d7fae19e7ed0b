# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whom balloond leaves alone: ceilings half as large again as the pool, guests that hold less than
it; and what it does where the pool is suddenly far too small, with guests that have no swap."""

import time

from checks import form
from common import boot, describe, do, mib, wait_managed, wait_samples, watch
from daemon import MIB, Daemon

NAMES = ("t-one", "t-two", "t-three")
CEILING_MIB, HELD_MIB = 1536, 200
POOL_MIB = 3072  # two thirds of three ceilings

# What the installed file says of guests and rules.
CONFIG = """version: 1
uri: qemu:///system
host: {{ pool: {pool}MiB, reserve: 256MiB, commit: elastic }}
guests:
  - {{ name: everyone, match: {{ name: "*" }}, min: {least} }}
rules:
  - {{ name: everyone, match: {{ name: "*" }}, policy: headroom,
      params: {{ low: 15%, high: 30% }} }}
"""


def stays_calm(checks, daemon, guests):
    """Touches and frees a little all the time; nothing may be asked of any guest."""
    sizes, ends = set(), time.monotonic() + (600 if form() == "long" else 20)

    def look(seen):
        sizes.update((name, g["Actual"], g["Target"]) for name, g in seen.items())

    rounds = 0
    while time.monotonic() < ends:
        guest = guests[rounds % len(guests)]
        do(guest, "alloc 20")
        wait_samples(daemon, 1, look)
        do(guest, "free 20")
        wait_samples(daemon, 1, look)
        rounds += 1
    checks.figure("calm-rounds", rounds)
    checks.that("guests that hold less than the pool are left alone",
                sizes == {(name, CEILING_MIB * MIB, CEILING_MIB * MIB) for name in NAMES}, sizes)
    status = daemon.ctl("status")
    checks.that("although their ceilings add up to more than the pool",
                status["Charged"] <= status["Pool"] < len(NAMES) * CEILING_MIB * MIB, status)


def survives_critical(checks, daemon, guests):
    """The pool shrinks to less than what the guests use."""
    daemon.reload(CONFIG.format(pool=256, least="25%"))
    watch(daemon, lambda g: daemon.ctl("status")["Level"] == "critical", "critical", 20)
    floors = {name: g["Floor"] for name, g in daemon.guests().items()}
    watch(daemon, lambda g: all(v["Actual"] < (CEILING_MIB - 32) * MIB for v in g.values()),
          "memory comes back", 40)
    for _ in range(3):
        for guest in guests:
            do(guest, "alloc 8")
        wait_samples(daemon, 2)
        for guest in guests:
            do(guest, "free 8")
    seen = wait_samples(daemon, 5)
    status = daemon.ctl("status")
    checks.that("it says that more is promised than there is", status["OverbookedBy"] ==
                status["Promised"] - status["Pool"] > 0, status)
    checks.that("no promise is broken", all(
        g["Actual"] >= floors[name] and g["Target"] >= floors[name] for name, g in seen.items()),
        describe(seen))
    checks.that("no guest is left less than it uses", all(
        g["Actual"] > g["Used"] for g in seen.values()), describe(seen))
    for guest in guests:
        answer = guest.command("meminfo")
        checks.that("%s had no OOM kill" % guest.name, answer["oom_kill"] == 0, answer)
    checks.figure("critical-left-mib", sum(mib(g["Actual"]) for g in seen.values()))


def run(checks, bench, build):
    guests = boot([bench.start_guest(name, CEILING_MIB) for name in NAMES])
    for guest in guests:
        do(guest, "alloc %d" % HELD_MIB)
    daemon = Daemon(build, CONFIG.format(pool=POOL_MIB, least="50%"))
    with daemon:
        wait_managed(daemon, NAMES)
        stays_calm(checks, daemon, guests)
        survives_critical(checks, daemon, guests)
