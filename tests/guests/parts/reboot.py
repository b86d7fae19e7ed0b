# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that reboot while they are squeezed, and one that panics at each boot because its target
is too small for that.

A guest that has rebooted soon after it was shrunk keeps what it had before: each one here reboots
once, and the next ones are new.
"""

import time

from checks import form
from common import boot, config, describe, is_near, wait_samples, watch
from daemon import MIB, Daemon, poll_until

MEMORY_MIB = 256
# A bare guest that was shrunk has less than this.
SMALL_MIB = 180
# (batches, guests in each)
REBOOTS = {"quick": (1, 2), "short": (1, 2), "long": (5, 4)}
# What it needs before it is up, more than half of its memory leaves it; and a target that it is
# given by hand.
SERVICES_MIB, TOO_SMALL_MIB = 140, 16
PANIC = "Kernel panic"
# How often before anybody helps.
PANICS = {"quick": 1, "short": 1, "long": 2}
PANIC_TIMEOUT_S = 120
# Twice as long as usual, and a guest under emulation takes its time to boot.
GRACE_TIMEOUT_S = 120


def are_small(guests, names):
    return all(guests[name]["Actual"] < SMALL_MIB * MIB for name in names)


def by_reset(bench, guest):
    bench.virsh("reset", guest.name)


def by_itself(_, guest):
    guest.command("reboot")


def panics(guest):
    return [line for line in guest.console().splitlines() if PANIC in line]


def reboot_batch(checks, bench, build, names, is_watched):
    """Half of them each way; is_watched: to what they are left with, too.  Returns how long the
    slowest took to have its memory."""
    guests = boot([bench.start_guest(name, MEMORY_MIB) for name in names])
    with Daemon(build, config("50%")) as daemon:
        watch(daemon, lambda seen: set(names) <= set(seen) and are_small(seen, names),
              "idle guests are shrunk")
        begin = time.monotonic()
        for i, guest in enumerate(guests):
            (by_reset, by_itself)[i % 2](bench, guest)
        seen = watch(daemon, lambda seen: all(
            seen[name]["State"] == "booting" and is_near(seen[name]["Target"], MEMORY_MIB)
            for name in names), "they are asked to have all")
        boot(guests)
        for guest in guests:
            # Of the hypervisor itself: a driver that finds nothing to do would report nothing.
            guest.wait_stats(lambda stats: stats["actual"] >= (MEMORY_MIB - 8) * 1024)
        took = time.monotonic() - begin
        seen = watch(daemon, lambda seen: all(
            is_near(seen[name]["Actual"], MEMORY_MIB) for name in names), "they have all")
        died = [line for guest in guests for line in panics(guest)]
        checks.that("guests that reboot while they are squeezed come up with all of their memory",
                    not died, died or describe(seen))
        if is_watched:
            keeps_what_it_had(checks, daemon, names)
    bench.end_guests()
    return took


def keeps_what_it_had(checks, daemon, names):
    """Whoever reboots soon after it was shrunk may have died of it."""
    seen = watch(daemon, lambda seen: all(seen[name]["State"] == "managed" for name in names),
                 "they have booted", GRACE_TIMEOUT_S)
    checks.that("and are not squeezed again to where they may have died",
                all(seen[name]["Floor"] >= (MEMORY_MIB - 16) * MIB for name in names),
                describe(seen))


def loop_ends(checks, bench, build):
    """QEMU keeps a target over resets: what is too small to boot is so for ever.  Persistent: a
    transient one is never given more than it had when it was first seen."""
    guest = bench.start_guest("t-loops", MEMORY_MIB, stats_period=1, persistent=True,
                              cmdline="boot_mib=%d" % SERVICES_MIB)
    bench.virsh("qemu-monitor-command", guest.name, "--hmp", "balloon %d" % TOO_SMALL_MIB)
    poll_until(lambda: len(panics(guest)) >= PANICS[form()], "it panics again and again",
               PANIC_TIMEOUT_S)
    with Daemon(build, config("50%")) as daemon:
        before = len(panics(guest))
        guest.wait_ready(PANIC_TIMEOUT_S)
        seen = wait_samples(daemon, 5)  # and stays up
        more = len(panics(guest)) - before
        checks.that("a loop of boots into a target that is too small ends within two boots",
                    more <= 2 and guest.name in seen, "%d more, %s" % (more, describe(seen)))
        checks.figure("reboot-panics-after-start", more)


def run(checks, bench, build):
    batches, count = REBOOTS[form()]
    took = [reboot_batch(checks, bench, build,
                         ["t-%d-%d" % (batch, k) for k in range(count)],
                         form() == "long" and batch == 0)
            for batch in range(batches)]
    checks.figure("reboot-guests", batches * count)
    checks.figure("reboot-until-it-has-all-s", "%.1f" % max(took))
    loop_ends(checks, bench, build)
