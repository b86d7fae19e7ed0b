# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that come, go, reboot, pause and hang, and a libvirtd that dies.

A guest that boots while balloond looks on is left alone for half a minute: what else there is to
see happens meanwhile.
"""

from common import MIB, boot, config, describe, is_near, live_period, wait_managed, watch
from daemon import Daemon
from monitor import tick, wait_ticks

MEMORY_MIB = 256
# A bare guest that was shrunk has less than this.
SMALL_MIB = 180
BOOT_TIMEOUT_S = 90
# More than what it takes to notice: three periods and a second.
HANG_TICKS = 16

STEADY, REBOOTS, PAUSES, DIES, LATE = "t-steady", "t-reboots", "t-pauses", "t-dies", "t-late"
NO_BALLOON, UNMATCHED, UNMATCHED_SLOW = "t-no-balloon", "u-plain", "u-slow"
SQUEEZED = (STEADY, REBOOTS, PAUSES, DIES)


def are_small(guests, names):
    return all(guests[name]["Actual"] < SMALL_MIB * MIB for name in names)


def figures(guests, *names):
    return [(guests[name]["Actual"], guests[name]["Target"]) for name in names]


def first_look(checks, bench, daemon):
    seen = watch(daemon, lambda guests: set(SQUEEZED) <= set(guests)
                 and are_small(guests, SQUEEZED), "idle guests are shrunk")
    wait_managed(daemon, SQUEEZED)
    seen = daemon.guests()
    checks.that("a guest without a balloon says so", seen[NO_BALLOON]["State"] == "no-balloon"
                and "balloon" in seen[NO_BALLOON]["Reason"], describe(seen))
    checks.that("a guest that no rule matches is observed",
                {seen[name]["State"] for name in (UNMATCHED, UNMATCHED_SLOW)} == {"observed"}
                and is_near(seen[UNMATCHED]["Actual"], MEMORY_MIB), describe(seen))
    checks.that("and its statistics period is left alone",
                live_period(bench, UNMATCHED) in (None, 0)
                and live_period(bench, UNMATCHED_SLOW) == 7
                and live_period(bench, STEADY) == 1)


def pause(checks, bench, daemon):
    bench.virsh("suspend", PAUSES)
    seen = watch(daemon, lambda guests: guests[PAUSES]["State"] == "paused", "it is paused")
    before = figures(seen, PAUSES)
    daemon.reload(config("100%"))
    seen = watch(daemon, lambda guests: is_near(guests[STEADY]["Actual"], MEMORY_MIB)
                 and is_near(guests[REBOOTS]["Actual"], MEMORY_MIB), "others grow")
    checks.that("a paused guest is not touched", figures(seen, PAUSES) == before, describe(seen))
    bench.virsh("resume", PAUSES)
    seen = watch(daemon, lambda guests: is_near(guests[PAUSES]["Actual"], MEMORY_MIB),
                 "it goes on once it runs")
    daemon.reload(config("50%"))
    watch(daemon, lambda guests: are_small(guests, SQUEEZED), "all are shrunk again")


def boots_begin(checks, bench, daemon, guests):
    """One comes, one reboots, one goes."""
    guests[REBOOTS].command("reboot")
    late = bench.start_guest(LATE, MEMORY_MIB)
    seen = watch(daemon, lambda g: g[REBOOTS]["State"] == "booting"
                 and is_near(g[REBOOTS]["Target"], MEMORY_MIB), "a reboot is noticed")
    checks.that("a guest that reboots gets all that it was sold", True, describe(seen))
    seen = watch(daemon, lambda g: LATE in g and g[LATE]["State"] == "booting",
                 "a new guest is noticed")
    checks.that("a new guest boots at its ceiling",
                seen[LATE]["Target"] == seen[LATE]["Ceiling"] == MEMORY_MIB * MIB, describe(seen))
    guests[DIES].destroy()
    watch(daemon, lambda g: DIES not in g, "a guest that ended is gone")
    boot([late, guests[REBOOTS]])
    seen = watch(daemon, lambda g: is_near(g[REBOOTS]["Actual"], MEMORY_MIB), "it has its memory")
    checks.that("and nobody takes it back while it boots", seen[REBOOTS]["State"] == "booting",
                describe(seen))


def libvirtd_dies(checks, bench, daemon):
    before = figures(wait_samples_of(daemon, STEADY), STEADY, PAUSES)
    bench.kill_libvirtd()
    # A wish that cannot be fulfilled meanwhile.
    daemon.reload(config("100%"))
    seen = watch(daemon, lambda g: {g[STEADY]["State"], g[PAUSES]["State"]} == {"busy"}
                 and not daemon.ctl("status")["LibvirtConnected"], "nobody answers")
    checks.that("guests whose hypervisor is away are busy, and say why",
                "answer" in seen[STEADY]["Reason"], seen[STEADY]["Reason"])
    wait_ticks(4)
    seen = daemon.guests()
    checks.that("and are left alone", figures(seen, STEADY, PAUSES) == before, describe(seen))
    checks.that("which is published", daemon.ctl("status")["State"] == "degraded")
    bench.start_libvirtd()
    seen = watch(daemon, lambda g: is_near(g[STEADY]["Actual"], MEMORY_MIB)
                 and g[STEADY]["State"] == "managed", "they are managed again", 60)
    checks.that("guests are managed again when libvirtd is back", True, describe(seen))
    daemon.reload(config("50%"))
    watch(daemon, lambda g: are_small(g, (STEADY, PAUSES)), "and shrunk again")


def wait_samples_of(daemon, name, count=2):
    first = daemon.guests()[name]["Sample"]
    return watch(daemon, lambda g: g[name]["Sample"] >= first + count, "fresh samples")


def boots_end(checks, daemon):
    seen = watch(daemon, lambda g: g[REBOOTS]["State"] == g[LATE]["State"] == "managed",
                 "both have booted", BOOT_TIMEOUT_S)
    checks.that("guests that have booted become managed", True, describe(seen))
    seen = watch(daemon, lambda g: are_small(g, (LATE,)), "and one is shrunk in its turn")
    checks.that("one that rebooted right after it was shrunk keeps what it had before that",
                is_near(seen[REBOOTS]["Actual"], MEMORY_MIB), describe(seen))


def qemu_hangs(checks, daemon, guest):
    """Nothing moves it, and nobody waits for it."""
    others = (REBOOTS, PAUSES, LATE)
    before, first = figures(daemon.guests(), *others), tick()
    guest.pause_qemu()
    try:
        wait_ticks(HANG_TICKS)
        checks.that("ticks go on while a QEMU hangs", tick() >= first + HANG_TICKS)
        seen = daemon.guests()
        checks.that("nobody is moved on old figures while a QEMU hangs",
                    figures(seen, *others) == before, describe(seen))
    finally:
        guest.resume_qemu()
    wait_managed(daemon, (STEADY, *others))
    wait_samples_of(daemon, STEADY, 5)
    seen = daemon.guests()
    checks.that("all are managed when it goes on, and stay so",
                {seen[name]["State"] for name in (STEADY, *others)} == {"managed"}, describe(seen))


def run(checks, bench, build):
    guests = {name: bench.start_guest(name, MEMORY_MIB) for name in SQUEEZED}
    guests[NO_BALLOON] = bench.start_guest(NO_BALLOON, MEMORY_MIB, balloon=False)
    guests[UNMATCHED] = bench.start_guest(UNMATCHED, MEMORY_MIB)
    guests[UNMATCHED_SLOW] = bench.start_guest(UNMATCHED_SLOW, MEMORY_MIB, stats_period=7)
    boot(guests.values())
    with Daemon(build, config("50%")) as daemon:
        first_look(checks, bench, daemon)
        pause(checks, bench, daemon)
        boots_begin(checks, bench, daemon, guests)
        libvirtd_dies(checks, bench, daemon)
        boots_end(checks, daemon)
        qemu_hangs(checks, daemon, guests[STEADY])
