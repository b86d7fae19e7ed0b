# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to a guest besides running: it is saved and restored, reverted to a snapshot,
suspended, given a DIMM, driven below what it can live with.  Each ends in a state with its
reason, and with the size that it was meant to have."""

import os

from checks import form
from common import (MIB, boot, config, describe, do, is_near, live_period, mib, wait_managed,
                    watch)
from daemon import Daemon

ROUNDS = 5 if form() == "long" else 1
SAVED, PLUGS, DEFLATES, BARE = "t-saved", "t-plugs", "t-deflates", "t-bare"
SQUEEZED = (SAVED, PLUGS, DEFLATES)
MEMORY_MIB = 256
# A guest that was shrunk has less than this; one that can be given DIMMs needs more than others.
SMALL_MIB = 200
FLOOR_MIB = 132
PLUG_MIB = 128
DIMM = """<memory model='dimm'><target><size unit='MiB'>%d</size><node>0</node></target></memory>
""" % PLUG_MIB
# Less than what its kernel and the bare minimum of programs need.
UNREACHABLE_MIB = 24


class Pictures:
    """What every picture shows of a guest that must neither boot nor be given anything."""

    def __init__(self, name):
        self.name = name
        self.wrong, self.seen = [], set()

    def look(self, guests):
        guest = guests.get(self.name)
        if not guest:
            return
        self.seen.add((guest["State"], guest["Reason"]))
        if guest["State"] == "booting" or guest["Target"] > SMALL_MIB * MIB:
            self.wrong.append(describe({self.name: guest}))


def is_small(guest):
    return guest["State"] == "managed" and guest["Actual"] < SMALL_MIB * MIB


def goes_on(checks, bench, daemon, how):
    """It came with its size, says so, reports again and is managed."""
    pictures = Pictures(SAVED)
    watch(daemon, lambda g: SAVED in g and is_small(g[SAVED]), "it is managed again", 60,
          pictures.look)
    first = daemon.guests()[SAVED]["Sample"]
    seen = watch(daemon, lambda g: g[SAVED]["Sample"] >= first + 2, "it reports", 40,
                 pictures.look)
    checks.that("a guest that was %s goes on with its size and never boots" % how,
                not pictures.wrong and is_small(seen[SAVED]),
                "%s; %s" % (pictures.wrong[:2], describe({SAVED: seen[SAVED]})))
    checks.that("and reports as often as before it was %s" % how,
                live_period(bench, SAVED) == 1 and seen[SAVED]["StatsAgeUSec"] < 5000000,
                seen[SAVED]["StatsAgeUSec"])
    return {reason for _, reason in pictures.seen}


def says_so(checks, reasons):
    checks.that("and until it has reported says that it has just come",
                any("it reports first" in reason for reason in reasons), sorted(reasons))


def save_and_restore(checks, bench, daemon, guest):
    path = os.path.join(bench.directory, "saved")
    seen = watch(daemon, lambda g: is_near(g[SAVED]["Actual"], FLOOR_MIB), "all that it can give")
    before = seen[SAVED]["Actual"]
    bench.virsh("save", SAVED, path)
    watch(daemon, lambda g: SAVED not in g, "it is gone")
    bench.virsh("restore", path)
    guest.reconnect()
    says_so(checks, goes_on(checks, bench, daemon, "restored"))
    seen = daemon.guests()
    checks.that("a restored guest has the size that it was saved with",
                is_near(seen[SAVED]["Actual"], mib(before)), describe({SAVED: seen[SAVED]}))
    do(guest, "ping")


def snapshot_and_revert(checks, bench, daemon, guest):
    pictures = Pictures(SAVED)
    bench.virsh("snapshot-create-as", SAVED, "s1")
    watch(daemon, lambda g: is_small(g[SAVED]), "a snapshot leaves it", 60, pictures.look)
    checks.that("a guest that a snapshot was made of has its size", not pictures.wrong,
                pictures.wrong[:2])
    bench.virsh("snapshot-revert", SAVED, "s1")
    guest.reconnect()
    says_so(checks, goes_on(checks, bench, daemon, "reverted to a snapshot"))
    bench.virsh("snapshot-delete", SAVED, "s1")
    do(guest, "ping")


def suspend(checks, bench, daemon):
    before = daemon.guests()[SAVED]["Target"]
    bench.virsh("suspend", SAVED)
    seen = watch(daemon, lambda g: g[SAVED]["State"] == "paused", "it is paused")
    checks.that("a suspended guest is paused, keeps its target, and says why",
                seen[SAVED]["Target"] == before and "moves" in seen[SAVED]["Reason"],
                describe({SAVED: seen[SAVED]}))
    bench.virsh("resume", SAVED)
    goes_on(checks, bench, daemon, "resumed")


def plug(checks, bench, daemon, guest):
    """Memory that was plugged in was sold."""
    path = os.path.join(bench.directory, "dimm.xml")
    with open(path, "w", encoding="ascii") as file:
        file.write(DIMM)
    states = set()
    bench.virsh("attach-device", PLUGS, path, "--live")
    seen = watch(daemon, lambda g: is_near(g[PLUGS]["Ceiling"], MEMORY_MIB + PLUG_MIB),
                 "its ceiling is higher", look=lambda g: states.add(g[PLUGS]["State"]))
    checks.that("the ceiling of a guest contains the DIMM that it was given",
                mib(seen[PLUGS]["Maximum"]) == MEMORY_MIB + PLUG_MIB,
                describe({PLUGS: seen[PLUGS]}))
    seen = watch(daemon, lambda g: g[PLUGS]["State"] == "managed"
                 and abs(g[PLUGS]["Target"] - g[PLUGS]["Actual"]) <= 8 * MIB,
                 "its target is its size", look=lambda g: states.add(g[PLUGS]["State"]))
    checks.that("and nobody takes that for somebody's order", "foreign" not in states,
                "%s %s" % (sorted(states), describe({PLUGS: seen[PLUGS]})))
    do(guest, "ping")


def starve(checks, daemon, guest):
    """Somebody asks for what cannot be; its driver takes back what it needs, and QEMU is told, or
    it would go on for ever."""
    guest.setmem(UNREACHABLE_MIB)
    seen = watch(daemon, lambda g: g[DEFLATES]["Target"] > UNREACHABLE_MIB * MIB
                 and abs(g[DEFLATES]["Target"] - g[DEFLATES]["Actual"]) <= 8 * MIB,
                 "its target is what it could reach", 60)
    begin, first = guest.cpu_seconds(), daemon.guests()[DEFLATES]["Sample"]
    seen = watch(daemon, lambda g: g[DEFLATES]["Sample"] >= first + 5, "it reports", 60)
    checks.figure("states-unreachable-cpu-s", "%.1f" % (guest.cpu_seconds() - begin))
    do(guest, "ping")
    checks.that("a guest with deflate-on-OOM lives through it", True,
                describe({DEFLATES: seen[DEFLATES]}))


def run(checks, bench, build):
    guests = {
        SAVED: bench.start_guest(SAVED, MEMORY_MIB, persistent=True, snapshots=True),
        PLUGS: bench.start_guest(PLUGS, MEMORY_MIB, persistent=True, plug_mib=PLUG_MIB),
        DEFLATES: bench.start_guest(DEFLATES, MEMORY_MIB, autodeflate=True),
        BARE: bench.start_guest(BARE, MEMORY_MIB, balloon=False),
    }
    boot(guests.values())
    with Daemon(build, config("50%")) as daemon:
        wait_managed(daemon, SQUEEZED)
        seen = watch(daemon, lambda g: all(is_small(g[name]) for name in SQUEEZED), "squeezed")
        checks.that("a guest without a balloon says so", seen[BARE]["State"] == "no-balloon"
                    and "no balloon" in seen[BARE]["Reason"], describe({BARE: seen[BARE]}))
        for _ in range(ROUNDS):
            save_and_restore(checks, bench, daemon, guests[SAVED])
            snapshot_and_revert(checks, bench, daemon, guests[SAVED])
            suspend(checks, bench, daemon)
        plug(checks, bench, daemon, guests[PLUGS])
        starve(checks, daemon, guests[DEFLATES])
