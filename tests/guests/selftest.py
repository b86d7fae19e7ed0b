#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proves the bench of real guests: selftest.py, as root.

Called plainly it runs itself below in-bench and then checks from outside that nothing is left:
no process, mount, cgroup or directory of the run. One line for each check; the last line counts.
Exit status: 0 all passed, 1 some failed, 77 the bench cannot run here.
"""

import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
sys.dont_write_bytecode = True

from bench import Bench, BenchError, what_is_lacking  # noqa: E402
from checks import Checks  # noqa: E402
from guest import GuestError  # noqa: E402

KVM_PROBE_PID = "/run/libvirt/qemu/kvm-probe.pid"
MEMORY_MIB = 256
SQUEEZED_MIB = 128
# How far a figure may be from what was asked: the kernel's own use moves by a few MiB.
TOLERANCE_MIB = 12


def near(value, wanted):
    return abs(value - wanted) <= TOLERANCE_MIB


def mib(kib):
    return kib // 1024


def usable_follows(check, guest):
    """alloc and free are seen from the host through the balloon's statistics."""
    before = mib(guest.fresh_dommemstat()["usable"])
    answer = guest.command("alloc 64")
    check.that("a guest holds what alloc asked for", answer["ok"] and answer["held_mib"] == 64)
    stats = guest.wait_stats(lambda s: near(before - mib(s["usable"]), 64))
    check.that("usable falls by what is held", True, "%d -> %d" % (before, mib(stats["usable"])))
    stall = guest.command("stall?")
    check.that("a stall has a length and a stamp", 0 < stall["at_us"] < stall["now_us"]
               and stall["stall_us"] > 0, "%d us" % stall["stall_us"])
    check.that("a stall is told once", guest.command("stall?")["stall_us"] == 0)
    guest.command("free 64")
    stats = guest.wait_stats(lambda s: near(mib(s["usable"]), before))
    check.that("usable rises again by what is freed", True, mib(stats["usable"]))


def ramp_and_cache(check, guest):
    begin = time.monotonic()
    guest.command("touch 20 20")
    left = guest.command("meminfo")["ramp_left_mib"]
    check.that("a ramp does not keep the guest from answering", left > 10, "%d MiB left" % left)
    while guest.command("meminfo")["ramp_left_mib"] > 0:
        time.sleep(0.1)
    check.that("a ramp keeps its rate", 0.8 <= time.monotonic() - begin <= 4,
               "%.1f s" % (time.monotonic() - begin))
    guest.command("free 20")
    before = guest.command("meminfo")
    filled = guest.command("cache 40")["ok"] and guest.command("meminfo")
    check.that("cache fills page cache that stays available", filled
               and near(mib(filled["Buffers_kib"] - before["Buffers_kib"]), 40)
               and near(mib(filled["MemAvailable_kib"]), mib(before["MemAvailable_kib"])))
    guest.command("drop")
    dropped = guest.command("meminfo")
    check.that("drop empties it", mib(dropped["Buffers_kib"]) < 2, dropped["Buffers_kib"])


def squeeze(check, guest, autodeflate):
    """Inflates a guest that has touched nearly all of its memory, so that the host must gain."""
    guest.command("alloc 150")
    guest.command("free 150")
    full_rss = guest.rss_mib()
    full = guest.fresh_dommemstat()
    guest.setmem(SQUEEZED_MIB)
    stats = guest.wait_stats(lambda s: mib(s["actual"]) == SQUEEZED_MIB)
    check.that("%s: actual reaches the target" % guest.name, True, mib(stats["actual"]))
    stats = guest.wait_stats(lambda s: mib(full["usable"] - s["usable"]) > 100)
    check.that("%s: usable follows" % guest.name, True,
               "%d -> %d" % (mib(full["usable"]), mib(stats["usable"])))
    lost = mib(full["available"] - stats["available"])
    check.that("%s: available %s" % (guest.name, "stays" if autodeflate else "shrinks too"),
               near(lost, 0 if autodeflate else MEMORY_MIB - SQUEEZED_MIB), "%d MiB lost" % lost)
    inflated = guest.command("meminfo")["balloon_inflate"] // 256
    check.that("%s: the guest says so itself" % guest.name, near(inflated, 128), inflated)
    gained = full_rss - guest.rss_mib()
    check.that("%s: RSS of QEMU falls" % guest.name, gained > 80, "%d MiB" % gained)


def oom(check, plain, autodeflate):
    answer = plain.command("alloc 200")
    check.that("the hog of a squeezed guest is killed, not the guest",
               not answer["ok"] and plain.command("meminfo")["oom"] == 1, answer["error"])
    check.that("the death is told as an event", plain.wait_event("oom")["count"] == 1)
    check.that("a new hog works", plain.command("alloc 10")["ok"])
    autodeflate.command("alloc 120")
    figures = autodeflate.command("meminfo")
    check.that("autodeflate gives memory back before it kills",
               figures["oom"] == 0 and figures["held_mib"] == 120
               and figures["balloon_deflate"] > 0, "%d pages" % figures["balloon_deflate"])


def stops(bench, guest):
    """libvirtd learns of QEMU's end a moment after it."""
    deadline = time.monotonic() + 10
    while guest.name in bench.virsh("list", "--name"):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def life_cycle(check, bench, plain, autodeflate):
    plain.setmem(MEMORY_MIB)
    stats = plain.wait_stats(lambda s: mib(s["actual"]) == MEMORY_MIB)
    check.that("a squeezed guest gets its memory back", True, mib(stats["actual"]))
    bench.kill_libvirtd()
    check.that("guests answer without libvirtd", plain.command("ping")["ok"])
    bench.start_libvirtd()
    check.that("a new libvirtd finds them", plain.name in bench.virsh("list", "--name"))
    plain.command("reboot")
    plain.wait_ready()
    check.that("a guest is ready again after a reboot", plain.command("meminfo")["oom"] == 0)
    autodeflate.command("poweroff")
    autodeflate.wait_gone()
    check.that("a guest powers itself off", stops(bench, autodeflate))


def inside(check):
    began = time.monotonic()
    with Bench() as bench:
        started = time.monotonic()
        check.that("the bench starts", True, "%.1f s" % (started - began))
        plain = bench.start_guest("plain", MEMORY_MIB, stats_period=1, disk_mib=64)
        deflating = bench.start_guest("autodeflate", MEMORY_MIB, stats_period=1,
                                      autodeflate=True, persistent=True, swap_mib=16)
        for guest in (plain, deflating):
            guest.wait_ready()
        check.that("two guests boot", True, "%.1f s" % (time.monotonic() - started))
        swap = deflating.command("meminfo")["SwapTotal_kib"]
        check.that("a guest has the swap it was given", mib(swap + 64) == 16, swap)
        usable_follows(check, plain)
        ramp_and_cache(check, plain)
        squeeze(check, plain, autodeflate=False)
        squeeze(check, deflating, autodeflate=True)
        oom(check, plain, deflating)
        life_cycle(check, bench, plain, deflating)
        works = bench.kvm_works()
        check.figure("kvm", "works" if works else "runs nothing here")
        check.that("the probe for KVM leaves nothing", not os.path.exists(KVM_PROBE_PID))


def leftovers(run):
    """Whatever still bears the run's name; other runs may be under way."""
    found = []
    processes = subprocess.run(["ps", "-eo", "pid,args"], stdout=subprocess.PIPE, check=True,
                               universal_newlines=True).stdout
    found += ["process " + line for line in processes.splitlines() if run in line]
    with open("/proc/self/mounts", encoding="utf-8") as file:
        found += ["mount " + line for line in file if run in line]
    for directory, names, _ in os.walk("/sys/fs/cgroup"):
        found += [os.path.join(directory, name) for name in names if name.startswith(run)]
    top = os.environ.get("TMPDIR", "/tmp")
    found += [os.path.join(top, name) for name in os.listdir(top) if name.startswith(run)]
    return found


def outside():
    lacking = what_is_lacking()
    if lacking:
        check = Checks()
        check.skip("the bench of guests", lacking)
        check.finish()
        return 77
    done = subprocess.run([os.path.join(HERE, "in-bench"), "/usr/bin/python3",
                           os.path.abspath(__file__), "--inside"], check=False,
                          stdout=subprocess.PIPE, universal_newlines=True)
    lines = done.stdout.splitlines() or [""]
    print("\n".join(lines[1:-1]))
    check = Checks()
    words = lines[-1].split()
    if len(words) == 6 and done.returncode in (0, 1):
        check.passed, check.failed, check.skipped = int(words[0]), int(words[2]), int(words[4])
    else:
        check.that("the run ends in order", False, "%s, status %d" % (lines[-1], done.returncode))
    left = leftovers(lines[0].partition("run ")[2] or "balloond-bench-")
    check.that("nothing is left behind", not left, "; ".join(left))
    return check.finish()


def main():
    if "--inside" not in sys.argv:
        return outside()
    print("run " + os.environ["BALLOOND_BENCH_RUN"], flush=True)
    check = Checks()
    try:
        inside(check)
    except (BenchError, GuestError, OSError) as error:
        check.that("no step of the bench fails", False, error)
    return check.finish()


if __name__ == "__main__":
    sys.exit(main())
