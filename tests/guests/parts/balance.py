# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two guests and a pool that cannot bear both at their ceilings: memory follows the load.

Short enough for builds with sanitizers, whose findings show in balloond's log and exit status.
"""

import re

from checks import form
from common import (MIB, boot, config, describe, do, is_near, mib, wait_actual, wait_managed,
                    wait_samples, watch)
from daemon import Daemon

ONE, TWO = "t-one", "t-two"
CEILING_MIB, FLOOR_MIB, LOAD_MIB = 640, 320, 330
# Two ceilings are 1280 MiB, and emulation adds up to 200 MiB a guest to what is charged.
POOL_MIB = 1280
RAMP_MIB_S = 30
BAD_WORDS = re.compile(r"ERROR:|runtime error|Sanitizer|assert", re.IGNORECASE)


class Account:
    """The largest sums since the start phase."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.sizes = self.targets = self.charged = 0

    def look(self, guests):
        self.sizes = max(self.sizes, sum(g["Actual"] for g in guests.values()))
        self.targets = max(self.targets, sum(g["Target"] for g in guests.values()))
        self.charged = max(self.charged, self.daemon.ctl("status")["Charged"])


def shift_load(checks, daemon, account, to, away_from):
    """Off one guest and onto the other, at a pace that a balloon can follow."""
    before = daemon.guests()
    if away_from:
        do(away_from, "free %d" % LOAD_MIB)
    do(to, "touch %d %d" % (RAMP_MIB_S, LOAD_MIB))
    watch(daemon, lambda seen: to.command("meminfo")["ramp_left_mib"] == 0,
          "the load is on " + to.name, 60, account.look)
    wait_samples(daemon, 2, account.look)
    after = watch(daemon, lambda seen: (seen[to.name]["Used"] or 0) >= LOAD_MIB * MIB
                  and all(is_near(g["Actual"], mib(g["Target"])) for g in seen.values())
                  and (not away_from or is_near(seen[away_from.name]["Actual"], FLOOR_MIB)),
                  "memory follows the load to " + to.name, 60, account.look)
    checks.that("the guest with the load grows (%s)" % to.name,
                after[to.name]["Actual"] > before[to.name]["Actual"] + 100 * MIB, describe(after))
    if away_from:
        checks.that("the guest without it pays (%s)" % away_from.name,
                    after[away_from.name]["Actual"] < before[away_from.name]["Actual"] - 100 * MIB,
                    describe(after))


def ends_and_leaves_sizes(checks, daemon, guests, account):
    seen = wait_samples(daemon, 2, account.look)
    sizes = {name: g["Actual"] for name, g in seen.items()}
    log = daemon.log()
    status = daemon.stop()
    checks.that("SIGTERM ends it well", status == 0 and daemon.has_told("STOPPING=1"), status)
    left = {guest.name: guest.dommemstat()["actual"] << 10 for guest in guests}
    checks.that("and sizes stay as they are", left == sizes, "%s, then %s" % (sizes, left))
    bad = [line for line in (log + daemon.log()).splitlines() if BAD_WORDS.search(line)]
    checks.that("its log has no findings", not bad, bad[:5])


def run(checks, bench, build):
    one, two = boot([bench.start_guest(name, CEILING_MIB) for name in (ONE, TWO)])
    daemon = Daemon(build, config("50%", pool="%dMiB" % POOL_MIB))
    daemon.start()
    try:
        wait_managed(daemon, (ONE, TWO))
        wait_actual(daemon, (ONE, TWO), FLOOR_MIB)
        account = Account(daemon)
        shift_load(checks, daemon, account, one, None)
        for _ in range(3 if form() == "long" else 1):
            shift_load(checks, daemon, account, two, one)
            shift_load(checks, daemon, account, one, two)
        ends_and_leaves_sizes(checks, daemon, (one, two), account)
    finally:
        daemon.stop()
    checks.figure("balance-largest-sum-mib", mib(account.sizes))
    checks.figure("balance-most-charged-mib", mib(account.charged))
    checks.that("sizes together never exceed the pool", account.sizes <= POOL_MIB * MIB,
                mib(account.sizes))
    checks.that("nor do targets", account.targets <= POOL_MIB * MIB, mib(account.targets))
    for guest in (one, two):
        answer = guest.command("meminfo")
        checks.that("%s had no OOM kill" % guest.name, answer["oom_kill"] == 0, answer["oom_kill"])
        stall = guest.command("stall?")["stall_us"] // 1000
        checks.figure("balance-stall-%s-ms" % guest.name[2:], stall)
