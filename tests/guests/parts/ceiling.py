# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest was sold is its ceiling: the persistent currentMemory, and nothing goes above it; the
size at first sight of a transient one, which a restart while it is small must not lower."""

from checks import form
from common import (MIB, boot, config, describe, do, is_near, mib, wait_actual, wait_managed,
                    wait_samples, watch)
from daemon import Daemon

NAME, TRANSIENT = "t-sold", "t-transient"
MAXIMUM_MIB, SOLD_MIB, FLOOR_MIB = 1024, 640, 320
# Together with the kernel's own it fits into what was sold, and asks for more headroom than that.
LOAD_MIB = 400
# What a guest without swap survives: from the low mark to relief takes 1.2 s, and the mark is 48 MiB.
RAMP_MIB_S = 30


class Largest:
    def __init__(self):
        self.actual = self.target = 0
        self.ceilings = set()

    def look(self, guests):
        guest = guests.get(NAME)
        if guest:
            self.actual = max(self.actual, guest["Actual"])
            self.target = max(self.target, guest["Target"])
            self.ceilings.add(mib(guest["Ceiling"]))


def load_and_relief(daemon, guest, largest):
    """Grows to what was sold while the load is on, and shrinks to the floor afterwards."""
    guest.send("touch %d %d" % (RAMP_MIB_S, LOAD_MIB))
    watch(daemon, lambda guests: guests[NAME]["Used"] >= LOAD_MIB * MIB
          and is_near(guests[NAME]["Actual"], SOLD_MIB), "the load is on", 60, largest.look)
    wait_samples(daemon, 5, largest.look)
    guest.answer("touch %d %d" % (RAMP_MIB_S, LOAD_MIB))
    do(guest, "free %d" % LOAD_MIB)
    wait_actual(daemon, [NAME], FLOOR_MIB, 60, largest.look)


def run(checks, bench, build):
    guest, _ = boot([bench.start_guest(NAME, MAXIMUM_MIB, current_mib=SOLD_MIB, persistent=True),
                     bench.start_guest(TRANSIENT, SOLD_MIB)])
    # It boots with all of its memory and inflates to what was sold.
    guest.wait_stats(lambda stats: stats["actual"] <= SOLD_MIB << 10)
    largest = Largest()
    daemon = Daemon(build, config("50%"))
    with daemon:
        # libvirt begins with the size that is defined, and hears of those on the way to it up to a
        # second late: a size larger than that is the boot's until two seconds have passed.
        wait_managed(daemon, [NAME])
        wait_samples(daemon, 3)
        watch(daemon, lambda guests: guests[NAME]["Actual"] <= SOLD_MIB * MIB, "at what was sold")
        wait_actual(daemon, [NAME, TRANSIENT], FLOOR_MIB, look=largest.look)
        for _ in range(3 if form() == "long" else 1):
            load_and_relief(daemon, guest, largest)
    with daemon:  # again, while it is squeezed
        wait_managed(daemon, [NAME, TRANSIENT], largest.look)
        guests = wait_samples(daemon, 2, largest.look)
        checks.that("a restart moves nothing", is_near(guests[NAME]["Actual"], FLOOR_MIB),
                    describe(guests))
        checks.that("a transient guest's ceiling survives a restart while it is small",
                    mib(guests[TRANSIENT]["Ceiling"]) == SOLD_MIB
                    and is_near(guests[TRANSIENT]["Actual"], FLOOR_MIB), describe(guests))
        load_and_relief(daemon, guest, largest)
        daemon.reload(config("100%"))
        wait_actual(daemon, [NAME, TRANSIENT], SOLD_MIB, look=largest.look)
        wait_samples(daemon, 2, largest.look)
    checks.that("the ceiling is what was sold, all the time", largest.ceilings == {SOLD_MIB},
                largest.ceilings)
    checks.that("no target goes above it", largest.target <= SOLD_MIB * MIB, mib(largest.target))
    checks.that("nor does the guest", largest.actual <= SOLD_MIB * MIB, mib(largest.actual))
    meminfo = guest.command("meminfo")
    checks.that("it had no OOM kill", meminfo["oom_kill"] == 0, meminfo["oom_kill"])
