# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many real QEMU domains, paused, beside one that is steered: what looking at them costs balloond,
libvirtd, and others who ask libvirtd at the same time."""

import os
import subprocess
import time
import uuid

from bench import write_file
from checks import form
from common import boot, config, watch
from daemon import Daemon
from monitor import tick

LONG = form() == "long"
N_DOMAINS = 300 if LONG else 20
N_ASKED = 300 if LONG else 20
MEASURE_S = 60 if LONG else 10
# Ticks, and what others wait, compared with without balloond.
LATE_PERCENT, SLOWER = 10, 2
# At the latest, while there is a guest to be steered.
TICK_S = 0.5
SEEN_TIMEOUT_S = 60
LIVE, LIVE_MIB = "t-live", 256

DOMAIN = """<domain type='qemu'>
  <name>p-%03d</name><uuid>%s</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><tcg><tb-cache unit='MiB'>1</tb-cache></tcg></features>
  <devices>
    <controller type='usb' model='none'/>
    <memballoon model='virtio'/>
  </devices>
</domain>
"""


def cpu_ms(pid):
    """Of all its threads, also of those that have ended."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def p99(times):
    return sorted(times)[max(0, len(times) * 99 // 100 - 1)]


def ask(*command):
    """What somebody else waits, in ms."""
    begin = time.monotonic()
    subprocess.run(["virsh", "-q", "-c", "qemu:///system", *command], check=True, timeout=60,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return (time.monotonic() - begin) * 1e3


def wait_times():
    return {"list": p99([ask("list") for _ in range(N_ASKED)]),
            "dominfo": p99([ask("dominfo", "p-%03d" % (i % N_DOMAINS)) for i in range(N_ASKED)])}


def measure(checks, bench, daemon):
    pids = {"balloond": daemon.process.pid, "libvirtd": bench.libvirtd.pid}
    first, before, begin = tick(), {who: cpu_ms(pid) for who, pid in pids.items()}, time.monotonic()
    time.sleep(MEASURE_S)
    ticks, took = tick() - first, time.monotonic() - begin
    for who, pid in pids.items():
        checks.figure("many-cpu-%s-ms-per-s" % who, "%.1f" % ((cpu_ms(pid) - before[who]) / took))
    status = daemon.ctl("status")
    checks.figure("many-read-us-a-guest", status["ReadCostUSec"])
    checks.figure("many-sweep-of-all-ms", "%.0f" % (status["ReadCostUSec"] * N_DOMAINS / 1e3))
    checks.that("ticks are on time within %d %%" % LATE_PERCENT,
                ticks * TICK_S >= took * (100 - LATE_PERCENT) / 100, "%d in %.1f s" % (ticks, took))


def run_with(checks, bench, build):
    without = wait_times()
    with Daemon(build, config("50%", match="*")) as daemon:
        seen = watch(daemon, lambda g: [v["State"] for v in g.values()].count("paused")
                     == N_DOMAINS and g[LIVE]["Actual"] < 190 << 20,
                     "%d paused guests, and one that is shrunk" % N_DOMAINS, SEEN_TIMEOUT_S)
        checks.that("%d paused guests are seen, and one is steered" % N_DOMAINS,
                    len(seen) == N_DOMAINS + 1)
        measure(checks, bench, daemon)
        beside = wait_times()
    for what, took in beside.items():
        checks.figure("many-virsh-%s-p99-ms" % what, "%.0f, without balloond %.0f"
                      % (took, without[what]))
        # A few askings say nothing on a machine that has other work.
        if LONG:
            checks.that("virsh %s takes others at most twice as long" % what,
                        took <= SLOWER * without[what], (took, without[what]))


def run(checks, bench, build):
    names = []
    boot([bench.start_guest(LIVE, LIVE_MIB)])
    try:
        for i in range(N_DOMAINS):
            path = os.path.join(bench.directory, "p-%03d.xml" % i)
            write_file(path, DOMAIN % (i, uuid.uuid4()))
            bench.virsh("create", "--paused", path)
            names.append("p-%03d" % i)
        run_with(checks, bench, build)
    finally:
        for name in names:
            bench.virsh("destroy", name)
