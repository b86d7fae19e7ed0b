# SPDX-License-Identifier: LGPL-2.1-or-later
"""What subscribers on the bus are woken for: every change, once, and nothing else."""

import collections

from monitor import (GUEST, GUEST_STATS, PATH, Monitor, managed_objects, repeated, tick,
                     wait_ticks)
from stage import MEMORY_MIB, MIB, wait_sizes

TICKS_AT_REST = 8


def values_shown(objects):
    return {(path, interface, name): value for path, interfaces in objects.items()
            for interface, values in interfaces.items() for name, value in values.items()}


def guests_come_with_their_values(stage):
    with Monitor() as monitor:
        with stage.daemon(stage.config("hold")) as daemon:
            daemon.wait_state("managed")
            wait_ticks(1)
            monitor.sync()
            objects = managed_objects()
        added = [path for path, interfaces in monitor.additions() if GUEST in interfaces]
        assert len(added) == len(set(added)) == stage.n_guests, len(added)
        # What was signalled since then adds up to what is shown.
        heard = values_shown(dict(monitor.additions()))
        again = repeated(heard, monitor.changes())
        assert not again, again[:3]
        for key, value in values_shown(objects).items():
            if key[1] == GUEST:
                assert heard[key] == value, (key, heard[key], value)


def nothing_is_signalled_at_rest(stage):
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        wait_ticks(2)
        with Monitor() as monitor:
            wait_ticks(TICKS_AT_REST)
            monitor.sync()
            assert not monitor.changes(), monitor.changes()[:3]


def a_change_is_signalled_once(stage):
    """Many moves of many guests: each signal says something new, one a guest and tick."""
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        wait_ticks(2)
        known = values_shown(managed_objects())
        with Monitor() as monitor:
            first = tick()
            daemon.reload(stage.config("headroom"))
            wait_sizes(daemon, lambda size: size == MEMORY_MIB // 2, "all shrink to their floors")
            wait_ticks(3)
            monitor.sync()
            n_ticks = tick() - first
            changes = monitor.changes()
            again = repeated(known, changes)
            assert not again, again[:3]
            of_guests = [change for change in changes if change[1] == GUEST]
            count = collections.Counter(path for path, _, _ in of_guests)
            assert len(count) == stage.n_guests, len(count)
            assert max(count.values()) <= n_ticks, (count.most_common(3), n_ticks)
            names = {name for _, _, values in of_guests for name in values}
            assert {"Policy", "Target", "Actual", "Reason"} <= names, names
            generations = [values["ConfigGeneration"] for path, _, values in changes
                           if path == PATH and "ConfigGeneration" in values]
            assert generations == [2], generations
            # What was heard adds up to what is shown.
            shown = values_shown(managed_objects())
            for path in count:
                for name in ("Target", "Actual", "Policy", "Reason"):
                    key = (path, GUEST, name)
                    assert known[key] == shown[key], (key, known[key], shown[key])
            # And then it is quiet again.
            monitor.forget()
            wait_ticks(TICKS_AT_REST)
            monitor.sync()
            assert not monitor.changes(), monitor.changes()[:3]


def gauges_are_read_and_never_signalled(stage):
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        with Monitor() as monitor:
            wait_ticks(2)
            daemon.reload(stage.config("headroom"))
            wait_ticks(4)
            monitor.sync()
            wrong = [change for change in monitor.changes() if change[1] == GUEST_STATS
                     or set(change[2]) & {"Tick", "HostAvailable", "Charged", "Room"}]
            assert not wrong, wrong[:3]
        stats = [interfaces[GUEST_STATS] for path, interfaces in managed_objects().items()
                 if GUEST_STATS in interfaces]
        assert len(stats) == stage.n_guests
        assert all(s["Maximum"] == MEMORY_MIB * MIB and s["Used"] < s["Maximum"] for s in stats)


def a_name_that_goes_is_seen(stage):
    """Clients learn of its end from the bus, and guests vanish with it."""
    with Monitor() as monitor:
        with stage.daemon(stage.config("hold")) as daemon:
            daemon.wait_state("managed")
            monitor.sync()
        status, said = stage.run_ctl("list")
        assert (status, said) == (3, "balloonctl: balloond is not running\n"), (status, said)


def run(checks, stage):
    for check in (guests_come_with_their_values, nothing_is_signalled_at_rest,
                  a_change_is_signalled_once, gauges_are_read_and_never_signalled,
                  a_name_that_goes_is_seen):
        checks.run(check.__name__, check, stage)
