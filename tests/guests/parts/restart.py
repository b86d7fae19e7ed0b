# SPDX-License-Identifier: LGPL-2.1-or-later
"""Balloond is killed in the middle of a shrink, and begins again: no balloon moves the other way,
and orders, learned floors and what others set are still known.  Then with files of no use."""

import os
import re
import signal

from checks import form
from common import (TIGHT, boot, config, is_near, mib, wait_actual, wait_managed,
                    wait_samples, watch)
from daemon import MIB, Daemon

MOVES, HELD, SMALL = "t-moves", "t-held", "t-small"
CEILING_MIB, SET_MIB, LEARNED_MIB = 1024, 700, 900
NEAR = 8 * MIB
ROUNDS = {"short": 1, "long": 10}
# So slow that it is on its way for a while.
SLOW = "limits: { shrink: { guest: 20MiB/s, host: 40MiB/s } }\n"
BAD_FILES = {"damaged": b"\x00\xff: no\n", "newer": b"version: 99\nall: new\n---\n"}


def kill(daemon):
    daemon.process.send_signal(signal.SIGKILL)
    daemon.wait_end()


def state_path(daemon):
    return os.path.join(daemon.state_dir, "state")


class Sizes:
    """What was seen of a guest since balloond began again."""

    def __init__(self, before):
        self.last = {name: g["Actual"] for name, g in before.items()}
        self.highest, self.states = dict(self.last), set()

    def look(self, guests):
        for name, g in guests.items():
            self.highest[name] = max(self.highest[name], g["Actual"])
            self.states.add(g["State"])


def in_the_middle(checks, daemon):
    """A shrink that goes on."""
    before = watch(daemon, lambda guests: guests[MOVES]["Target"] + 2 * NEAR <
                   guests[MOVES]["Actual"] < CEILING_MIB * MIB - 2 * NEAR, "shrinks", 60)
    kill(daemon)
    daemon.start()
    sizes = Sizes(before)
    after = wait_managed(daemon, [MOVES], sizes.look)
    checks.that("a balloon that was on its way goes on to where it was told to",
                after[MOVES]["Target"] <= before[MOVES]["Target"] + NEAR,
                "%d MiB, before %d MiB" % (mib(after[MOVES]["Target"]),
                                           mib(before[MOVES]["Target"])))
    wait_samples(daemon, 3, sizes.look)
    checks.that("no balloon moves the other way",
                all(size <= sizes.last[name] + NEAR for name, size in sizes.highest.items()),
                {name: (mib(sizes.last[name]), mib(size))
                 for name, size in sizes.highest.items()})
    checks.that("an order is still in force", after[HELD]["HeldBy"] == "root"
                and after[HELD]["HoldReason"] == "a test" and after[HELD]["State"] == "held"
                and is_near(after[HELD]["Actual"], CEILING_MIB), after[HELD])
    checks.that("balloond's own size is nobody else's order, somebody else's still is",
                after[MOVES]["Ceiling"] == CEILING_MIB * MIB
                and is_near(after[SMALL]["Ceiling"], SET_MIB),
                {name: mib(g["Ceiling"]) for name, g in after.items()})


def learned(checks, daemon, uuid):
    """Written into the file, as distress would have taught it."""
    daemon.stop()
    with open(state_path(daemon), encoding="utf-8") as file:
        text = file.read()
    record = "guest: \"%s\"\n" % uuid
    checks.that("the guest's record is in the file", record in text, text[:400])
    text = re.sub("(?<=\n)learned(-at)?:.*\n", "", text)
    with open("/proc/uptime", encoding="ascii") as file:
        now_s = int(float(file.read().split()[0]))
    with open(state_path(daemon), "w", encoding="utf-8") as file:
        file.write(text.replace(record, "%slearned: %dMiB\nlearned-at: %ds\n" % (
            record, LEARNED_MIB, now_s)))
    for _ in range(2):
        daemon.start()
        guests = watch(daemon, lambda guests: MOVES in guests and
                       guests[MOVES]["FloorLearned"], "a learned floor", 20)
        wait_samples(daemon, 1)
        kill(daemon)
    checks.that("a floor that was learned is still known",
                is_near(guests[MOVES]["FloorLearned"], LEARNED_MIB),
                mib(guests[MOVES]["FloorLearned"]))


def bad_file(checks, daemon, kind, text):
    with open(state_path(daemon), "wb") as file:
        file.write(text)
    daemon.start()
    wait_managed(daemon, [MOVES])
    aside = "%s.%s" % (state_path(daemon), kind)
    with open(aside, "rb") as file:
        checks.that("a %s file is set aside as it was" % kind, file.read() == text, aside)
    message = [line for line in daemon.log().splitlines() if "and is " + aside in line]
    checks.that("that is said once, and balloond goes on", len(message) == 1,
                daemon.log()[-500:])
    os.unlink(aside)
    daemon.stop()


def run(checks, bench, build):
    guests = boot([bench.start_guest(name, CEILING_MIB, stats_period=1)
                   for name in (MOVES, HELD, SMALL)])
    with Daemon(build, config(least="100%") + SLOW) as daemon:
        wait_managed(daemon, (MOVES, HELD, SMALL))
        daemon.ctl("hold", HELD, "--reason", "a test")
        watch(daemon, lambda guests: guests[HELD]["State"] == "held", "is held")
        # A size counts as balloond's until it has rested for ten seconds.
        wait_samples(daemon, 12)
        bench.virsh("setmem", SMALL, "%dM" % SET_MIB)
        wait_actual(daemon, [SMALL], SET_MIB)
        watch(daemon, lambda guests: is_near(guests[SMALL]["Ceiling"], SET_MIB), "its ceiling")
        for _ in range(ROUNDS[form()]):
            daemon.reload(config(least="100%") + SLOW)
            wait_actual(daemon, [MOVES], CEILING_MIB)
            daemon.reload(config(least="40%", params=TIGHT, pool="1GiB") + SLOW)
            in_the_middle(checks, daemon)
        learned(checks, daemon, guests[0].uuid)
        with open(state_path(daemon), "rb") as file:
            cut = file.read()[:-20]
        bad_file(checks, daemon, "damaged", cut)
        for kind, text in BAD_FILES.items():
            bad_file(checks, daemon, kind, text)
        daemon.start()
