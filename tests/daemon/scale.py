# SPDX-License-Identifier: LGPL-2.1-or-later
"""A thousand guests: all are seen, all are moved, and what that costs."""

import os
import time

from checks import form
from daemon import poll_until
from monitor import GUEST, GUEST_STATS, PATH, managed_objects, tick, wait_ticks
from stage import MEMORY_MIB, MIB, Stage, wait_sizes

N_GUESTS = 1000
# libvirt parses each definition of its test driver's.
START_TIMEOUT_S = 120
TICKS_MEASURED = 10


def run_time_ms(pid):
    """Thread -> CPU time since it began; the main thread's id is the process's."""
    times = {}
    for thread in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, thread), encoding="ascii") as file:
            times[int(thread)] = int(file.read().split()[0]) / 1e6
    return times


def rss_anon_kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        for line in file:
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    raise AssertionError("no RssAnon")


def all_are_managed(stage, daemon):
    def probe():
        guests = daemon.guests().values()
        return len(guests) == stage.n_guests and all(g["State"] == "managed" for g in guests)
    poll_until(probe, "%d guests are managed" % stage.n_guests, START_TIMEOUT_S)


def all_have_sane_figures(stage):
    begin = time.monotonic()
    objects = managed_objects()
    took = time.monotonic() - begin
    guests = [o for path, o in objects.items() if path != PATH]
    assert len(guests) == stage.n_guests, len(guests)
    memory = MEMORY_MIB * MIB
    names = set()
    for guest in guests:
        state, stats = guest[GUEST], guest[GUEST_STATS]
        names.add(state["Name"])
        assert state["Actual"] == state["Target"] == state["Ceiling"] == memory, state
        assert state["Floor"] == memory // 2 and state["Policy"] == "hold", state
        assert stats["Used"] == stats["Usable"] == memory // 2, stats
        assert stats["Charge"] == memory + stats["Overhead"], stats
    assert names == {"guest-%03d" % i for i in range(stage.n_guests)}
    return took


def measure(checks, stage, daemon):
    """At rest, between two looks at the number of the tick."""
    n, pid = stage.n_guests, daemon.process.pid
    wait_ticks(2)
    first, before, begin = tick(), run_time_ms(pid), time.monotonic()
    wait_ticks(TICKS_MEASURED)
    last, after, end = tick(), run_time_ms(pid), time.monotonic()
    spent = {thread: after[thread] - before.get(thread, 0) for thread in after}
    checks.figure("tick-%d-ms" % n, "%.2f" % (spent.pop(pid) / (last - first)))
    checks.figure("sweep-%d-ms" % n, "%.2f" % (sum(spent.values()) / (last - first)))
    checks.figure("cpu-%d-ms-per-s" % n, "%.1f" % (
        (sum(after.values()) - sum(before.values())) / (end - begin)))
    checks.figure("rss-anon-%d-kib" % n, rss_anon_kib(pid))


def all_are_moved(stage, daemon):
    daemon.reload(stage.config("headroom"))
    wait_sizes(daemon, lambda size: size == MEMORY_MIB // 2, "all shrink to their floors")


def stopping_is_quick(daemon):
    begin = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - begin < 5, "%.1f s" % (time.monotonic() - begin)


def run_with(checks, stage):
    n = stage.n_guests
    daemon = stage.daemon(stage.config("hold"))
    begin = time.monotonic()
    daemon.start()
    try:
        checks.run("%d_guests_are_all_managed" % n, all_are_managed, stage, daemon)
        checks.figure("start-%d-ms" % n, "%.0f" % ((time.monotonic() - begin) * 1e3))
        checks.run("%d_guests_have_sane_figures" % n, all_have_sane_figures, stage)
        measure(checks, stage, daemon)
        checks.run("%d_guests_are_all_moved" % n, all_are_moved, stage, daemon)
        checks.figure("rss-anon-%d-moved-kib" % n, rss_anon_kib(daemon.process.pid))
        checks.run("%d_guests_do_not_hold_up_the_end" % n, stopping_is_quick, daemon)
    finally:
        daemon.stop()


def run(checks, stage):
    sizes = [N_GUESTS] + ([10 * N_GUESTS] if form() == "long" else [])
    for n_guests in sizes:
        with Stage(stage.build, n_guests) as its_own:
            run_with(checks, its_own)
