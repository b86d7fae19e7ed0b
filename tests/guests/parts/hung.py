# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU that stops answering, and a libvirtd that does: nobody else is kept waiting, nothing is
moved on old figures, and nothing is left over afterwards."""

import os
import signal
import time

from checks import form
from common import boot, config, describe, do, wait_managed, watch
from daemon import MIB, poll_until
from daemon import Daemon

LONG = form() == "long"
N_GUESTS = 6 if LONG else 3
HANG_S = 600 if LONG else 20
STOP_S = 600 if LONG else 15
# Of probing a guest that hangs.
BACK_OFF_S = 60 if LONG else 16
MEMORY_MIB = 256
LOAD_MIB = 60
# What balloond needs to notice (2 s) and two periods, on a machine that has other work.
GAP_S = 12


def n_threads(daemon):
    return len(os.listdir("/proc/%d/task" % daemon.process.pid))


class Gaps:
    """The longest time without a fresh sample, of each guest."""

    def __init__(self, names):
        self.longest = {name: 0.0 for name in names}
        self._last = {name: (None, time.monotonic()) for name in names}

    def look(self, guests):
        now = time.monotonic()
        for name, (sample, since) in self._last.items():
            self.longest[name] = max(self.longest[name], now - since)
            if guests[name]["Sample"] != sample:
                self._last[name] = (guests[name]["Sample"], now)


def others_go_on(checks, daemon, guests, hung):
    """Until HANG_S are over: they report, and who needs memory gets it."""
    names = [guest.name for guest in guests if guest is not hung]
    ends, gaps = time.monotonic() + HANG_S, Gaps(names)
    before = daemon.guests()
    do(guests[0], "alloc %d" % LOAD_MIB)
    seen = watch(daemon, lambda g: g[names[0]]["Actual"] > before[names[0]]["Actual"] + 16 * MIB,
                 "one that needs memory gets it while another hangs", HANG_S, gaps.look)
    checks.that("a guest that needs memory gets it while another hangs", True, describe(seen))
    seen = watch(daemon, lambda g: g[hung.name]["State"] == "busy", "it is noticed", HANG_S,
                 gaps.look)
    checks.that("the guest that hangs says why it is left alone",
                "hypervisor hangs" in seen[hung.name]["Reason"], describe(seen))
    target = seen[hung.name]["Target"]
    while time.monotonic() < ends:
        time.sleep(0.1)
        seen = daemon.guests()
        gaps.look(seen)
    checks.figure("hung-longest-gap-s", "%.1f" % max(gaps.longest.values()))
    checks.that("the others are sampled all the time while it hangs",
                max(gaps.longest.values()) < GAP_S, gaps.longest)
    checks.that("and the one that hangs keeps its target",
                (seen[hung.name]["State"], seen[hung.name]["Target"]) == ("busy", target),
                describe(seen))
    checks.that("one that hangs is no reason to be degraded",
                daemon.ctl("status")["State"] == "running", daemon.ctl("status")["State"])


def qemu_hangs(checks, daemon, guests):
    hung, threads = guests[-1], n_threads(daemon)
    hung.pause_qemu()
    try:
        others_go_on(checks, daemon, guests, hung)
        checks.figure("hung-threads-more", n_threads(daemon) - threads)
    finally:
        hung.resume_qemu()
    begin = time.monotonic()
    first = daemon.guests()[hung.name]["Sample"]
    seen = watch(daemon, lambda g: g[hung.name]["State"] == "managed"
                 and g[hung.name]["Sample"] > first, "it is managed again", BACK_OFF_S + GAP_S)
    checks.figure("hung-back-s", "%.1f" % (time.monotonic() - begin))
    checks.that("a guest that answers again is managed within one back-off", True, describe(seen))
    poll_until(lambda: n_threads(daemon) == threads,
               "%d threads, not %d" % (threads, n_threads(daemon)), GAP_S)
    checks.that("no thread is left over", n_threads(daemon) == threads, threads)


def libvirtd_stops(checks, bench, daemon, names):
    threads = n_threads(daemon)
    wait_managed(daemon, names)
    before = daemon.guests()
    bench.libvirtd.send_signal(signal.SIGSTOP)
    ends = time.monotonic() + STOP_S
    try:
        seen = watch(daemon, lambda g: daemon.ctl("status")["State"] == "degraded",
                     "a libvirtd that does not answer is published", STOP_S)
        checks.that("a libvirtd that stops makes balloond degraded", True, describe(seen))
        lowest = {name: g["Target"] for name, g in before.items()}
        while time.monotonic() < ends:
            time.sleep(0.1)
            for name, guest in daemon.guests().items():
                lowest[name] = min(lowest[name], guest["Target"])
        checks.that("and no guest is asked for memory",
                    all(lowest[name] >= before[name]["Target"] for name in names), lowest)
    finally:
        bench.libvirtd.send_signal(signal.SIGCONT)
    begin = time.monotonic()
    first = {name: g["Sample"] for name, g in daemon.guests().items()}
    seen = watch(daemon, lambda g: all(
        g[name]["State"] == "managed" and g[name]["Sample"] > first[name] for name in names)
        and daemon.ctl("status")["State"] == "running", "all is well again", 60)
    checks.figure("libvirtd-back-s", "%.1f" % (time.monotonic() - begin))
    checks.that("when it goes on all are managed again, each as large as it was",
                all(abs(seen[name]["Actual"] - before[name]["Actual"]) < 40 * MIB
                    for name in names), "%s, before: %s" % (describe(seen), describe(before)))
    poll_until(lambda: n_threads(daemon) == threads,
               "%d threads, not %d" % (threads, n_threads(daemon)), 30)
    checks.that("no thread is left over of that either", n_threads(daemon) == threads, threads)


def run(checks, bench, build):
    names = ["t-%d" % i for i in range(N_GUESTS)]
    guests = boot([bench.start_guest(name, MEMORY_MIB) for name in names])
    with Daemon(build, config("50%")) as daemon:
        wait_managed(daemon, names)
        watch(daemon, lambda g: all(g[name]["Actual"] < 190 * MIB for name in names),
              "idle guests are shrunk")
        qemu_hangs(checks, daemon, guests)
        libvirtd_stops(checks, bench, daemon, names)
