# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the bus shows and signals while real guests move, and while they rest."""

import collections

from common import MIB, boot, config, do, mib, wait_samples, watch
from daemon import Daemon
from monitor import (GUEST, GUEST_STATS, MANAGER, PATH, Monitor, managed_objects, repeated, tick,
                     wait_ticks)

NAMES = ("t-one", "t-two")
CEILING_MIB, LOAD_MIB = 384, 160
TICKS_AT_REST = 10
NOTHING_MOVES_S = 3


def is_sane(interfaces):
    state, stats = interfaces[GUEST], interfaces[GUEST_STATS]
    # libvirt learns of a size up to a second after the guest used it.
    size = max(state["Actual"], state["Target"])
    return (state["State"] == "managed" and state["Policy"] == "headroom"
            and state["Floor"] <= state["Target"] <= state["Ceiling"] == CEILING_MIB * MIB
            and state["Floor"] - MIB <= state["Actual"] <= state["Ceiling"]
            and 20 * MIB < stats["Used"] <= size
            and 0 < stats["Usable"] < stats["Total"] <= stats["Maximum"] == CEILING_MIB * MIB
            and 0 < stats["Resident"] < 4 * stats["Maximum"] and stats["StatsAgeUSec"] < 4000000
            and stats["Charge"] >= state["Actual"] and stats["Sample"] > 0)


def values_of_objects(objects):
    return {(path, interface, name): value for path, interfaces in objects
            for interface, values in interfaces.items() for name, value in values.items()}


def guests_shown():
    return {o[GUEST]["Name"]: o for path, o in managed_objects().items() if path != PATH}


def move_load(checks, daemon, guest):
    """Looks at all objects while the load comes and goes."""
    strange, looks = [], 0

    def look(_guests):
        nonlocal looks
        shown = guests_shown()
        looks += 1
        strange.extend(repr(o) for o in shown.values() if not is_sane(o))
        if set(shown) != set(NAMES):
            strange.append("shown: %s" % sorted(shown))

    guest.send("touch 40 %d" % LOAD_MIB)
    watch(daemon, lambda seen: (seen[guest.name]["Used"] or 0) > LOAD_MIB * MIB
          and seen[guest.name]["Actual"] > 260 * MIB, "it grows with the load", look=look)
    guest.answer("touch 40 %d" % LOAD_MIB)
    do(guest, "free %d" % LOAD_MIB)
    watch(daemon, lambda seen: seen[guest.name]["Actual"] < 210 * MIB, "it gives memory back",
          look=look)
    checks.that("GetManagedObjects shows every guest with sane figures while load moves",
                not strange, "%d looks; %s" % (looks, strange[:1]))


def check_changes(checks, monitor, known, n_ticks):
    changes = monitor.changes()
    count = collections.Counter(path for path, interface, _ in changes if interface == GUEST)
    wrong = repeated(known, changes)
    checks.that("every PropertiesChanged says something new", changes and not wrong, wrong[:3])
    checks.that("each guest is signalled at most once a tick",
                len(count) == len(NAMES) and max(count.values()) <= n_ticks,
                "%s in %d ticks" % (sorted(count.values()), n_ticks))
    checks.that("gauges are not signalled", all(interface in (GUEST, MANAGER)
                                                for _, interface, _ in changes))
    shown = values_of_objects(managed_objects().items())
    late = [key for key, value in shown.items() if key[1] == GUEST and known[key] != value
            and not (key[2] in ("Actual", "Floor") and abs(known[key] - value) < MIB)]
    checks.that("what was signalled is what is shown", not late, late)
    checks.figure("signals-a-guest-and-move", "%.1f" % (sum(count.values()) / len(count) / 2))


def rest(checks, daemon, monitor):
    """Idle guests move by nothing; then nobody is woken."""
    wait_samples(daemon, NOTHING_MOVES_S)
    watch(daemon, lambda seen: all(g["Actual"] == g["Target"] for g in seen.values()), "at rest")
    wait_ticks(2)
    monitor.sync()
    monitor.forget()
    wait_ticks(TICKS_AT_REST)
    monitor.sync()
    checks.that("nothing is signalled while guests rest", not monitor.changes(),
                monitor.changes()[:3])


def run(checks, bench, build):
    guests = boot([bench.start_guest(name, CEILING_MIB) for name in NAMES])
    with Monitor() as monitor, Daemon(build, config("50%", pool="2GiB")) as daemon:
        watch(daemon, lambda seen: set(seen) == set(NAMES)
              and all(g["State"] == "managed" and g["Actual"] < 210 * MIB for g in seen.values()),
              "both are managed and shrunk")
        wait_samples(daemon, 3)
        monitor.sync()
        known = values_of_objects(monitor.additions())
        before = tick()
        move_load(checks, daemon, guests[0])
        monitor.sync()
        check_changes(checks, monitor, known, tick())
        checks.that("ticks went on", tick() > before, tick())
        rest(checks, daemon, monitor)
        checks.that("sizes at rest are small", all(mib(g["Actual"]) < 210
                                                   for g in daemon.guests().values()))
