# SPDX-License-Identifier: LGPL-2.1-or-later
"""What operators order of real guests: one that was squeezed is given back, stays as large while
its neighbour needs memory, and is left alone altogether."""

from checks import form
from common import (TIGHT, boot, config, do, is_near, mib, wait_actual, wait_managed,
                    wait_samples, watch)
from daemon import MIB, Daemon

BIG, SMALL = "t-big", "t-small"
CEILING_MIB, POOL_MIB = 1024, 2048  # not both at their ceilings, with their processes' overhead
NEEDED_MIB, PACE_MIB_S, SET_MIB = 600, 16, 800
SAMPLES = {"short": 3, "long": 20}


def run(checks, bench, build):
    big, small = boot([bench.start_guest(name, CEILING_MIB, stats_period=1)
                       for name in (BIG, SMALL)])
    with Daemon(build, config(params=TIGHT, pool="%dMiB" % POOL_MIB)) as daemon:
        wait_managed(daemon, (BIG, SMALL))
        wait_actual(daemon, (BIG, SMALL), CEILING_MIB // 2, 60)

        daemon.ctl("give-back", BIG, "--reason", "a test")
        guests = wait_actual(daemon, (BIG,), CEILING_MIB)
        checks.that("a guest that was squeezed is given back up to its ceiling",
                    guests[BIG]["Actual"] == CEILING_MIB * MIB, guests[BIG])
        checks.that("it says who, why and until when",
                    guests[BIG]["GivenBackBy"] == "root" and guests[BIG]["GivenBackUntilUSec"] > 0
                    and guests[BIG]["GiveBackReason"] == "a test"
                    and guests[BIG]["Reason"].startswith("an operator gave it"), guests[BIG])

        daemon.ctl("pause", BIG)
        # Without swap it must not need more than it has before it can be given that.
        do(small, "touch %d %d" % (PACE_MIB_S, NEEDED_MIB))
        watch(daemon, lambda guests: guests[SMALL]["Actual"] > (CEILING_MIB // 2 + 100) * MIB,
              "its neighbour grows", 2 * NEEDED_MIB // PACE_MIB_S)
        guests = wait_samples(daemon, SAMPLES[form()])
        checks.figure("verbs-neighbour-mib", mib(guests[SMALL]["Actual"]))
        checks.that("its neighbour needs memory, and it is not shrunk for that",
                    guests[SMALL]["Actual"] > (CEILING_MIB // 2 + 100) * MIB
                    and guests[BIG]["Actual"] == CEILING_MIB * MIB
                    and "operator paused it" in guests[BIG]["Reason"], guests)

        daemon.ctl("resume", BIG)
        watch(daemon, lambda guests: guests[BIG]["Actual"] < CEILING_MIB * MIB, "it shrinks again")
        daemon.ctl("exclude", BIG)
        watch(daemon, lambda guests: guests[BIG]["State"] == "excluded", "is excluded")
        # What was asked for before may still arrive.
        wait_samples(daemon, 2)
        bench.virsh("setmem", BIG, "%dM" % SET_MIB)
        watch(daemon, lambda guests: is_near(guests[BIG]["Actual"], SET_MIB), "somebody resizes it")
        guests = wait_samples(daemon, SAMPLES[form()])
        checks.that("one that is excluded is only observed: somebody else's size stays",
                    is_near(guests[BIG]["Actual"], SET_MIB)
                    and guests[BIG]["State"] == "excluded", guests[BIG])
