# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demo's run, below tests/guests/in-bench: demo.py BUILD_DIR [--keep]

Load moves from guest to guest; balloonctl is asked twice a second, and what it says is drawn. The
summary is measured from the same answers; what the guests suffered comes from the guests.
"""

import os
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests", "guests"))
sys.dont_write_bytecode = True

from bench import Bench  # noqa: E402
from daemon import MIB, Daemon  # noqa: E402

N_GUESTS = 3
PERIOD_S = 1
LOOK_S = 0.5
SETTLE_S = 60
ROUND_S = 45
# So much of its ceiling each guest's load takes at its height, and how fast it gets there.
LOAD_PERMILLE = 580
RAMP_MIB_S = 60
# Of the policy, by default.
LOW_MARK_PERMILLE = 150
# Less than this in all is no demonstration.
MOVED_MIN_MIB = 1024

CONFIG = """version: 1
uri: qemu:///system
host:
  pool: {pool}MiB
  reserve: 256MiB
  commit: strict
guests:
  - {{ name: demo, match: {{ name: "balloond-demo-*" }}, min: 30% }}
rules:
  - {{ name: demo, match: {{ name: "balloond-demo-*" }}, policy: headroom }}
"""


def host_available_mib():
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) // 1024
    return 0


class Screen:
    """A table that redraws on a terminal, plain lines elsewhere."""

    def __init__(self):
        self.redraws = sys.stdout.isatty()
        self._begun = time.monotonic()
        self._drawn = 0.0

    def say(self, text):
        if self.redraws:
            print("\033[H\033[J", end="")
        print(text, flush=True)

    def draw(self, title, demo):
        if not self.redraws and time.monotonic() - self._drawn < 2:
            return
        self._drawn = time.monotonic()
        lines = ["%5.1f s  %s" % (time.monotonic() - self._begun, title)]
        status = demo.status
        lines.append("  pool %s of %s MiB charged, level %s" % (
            status["Charged"] // MIB, status["Pool"] // MIB, status["Level"]))
        lines += [self._row(guest, demo.load[guest["Name"]]) for guest in demo.seen.values()]
        if self.redraws:
            # A line that wraps would push the table off the screen.
            width = shutil.get_terminal_size().columns
            print("\033[H\033[J" + "\n".join(line[:width] for line in lines), flush=True)
        else:
            print("\n".join(lines), flush=True)

    @staticmethod
    def _row(guest, load):
        ceiling = guest["Ceiling"] or 1
        used, actual = guest["Used"] or 0, guest["Actual"]
        width = 24
        filled = min(width, used * width // ceiling)
        has = max(filled, min(width, actual * width // ceiling))
        to_go = guest["Target"] - actual
        arrow = " " if abs(to_go) <= 4 * MIB else ">" if to_go > 0 else "<"
        return "  %-16s load %4d  [%s%s%s] %s %5d MiB  %s" % (
            guest["Name"], load, "#" * filled, "-" * (has - filled), " " * (width - has), arrow,
            actual // MIB, guest["Reason"])


class Demo:
    def __init__(self, bench, build, ceiling_mib):
        self.screen = Screen()
        self.ceiling_mib = ceiling_mib
        # QEMU's own memory is charged too; emulated guests add about 200 MiB each.
        self.pool_mib = N_GUESTS * ceiling_mib // 2
        self.names = ["balloond-demo-%d" % i for i in range(1, N_GUESTS + 1)]
        self.load = {name: 0 for name in self.names}
        self.guests = {}
        self.bench = bench
        self.daemon = Daemon(build, CONFIG.format(pool=self.pool_mib))
        self.seen, self.status = {}, {}
        self.moved = 0
        self.reliefs, self.rounds, self.peak = [], [], 0

    def boot(self):
        accel = "kvm" if self.bench.kvm_works() else "qemu"
        print("4/4 booting %d guests of %d MiB (%s); the pool is %d MiB"
              % (N_GUESTS, self.ceiling_mib, "KVM" if accel == "kvm" else "software emulation",
                 self.pool_mib), flush=True)
        for name in self.names:
            self.guests[name] = self.bench.start_guest(name, self.ceiling_mib, accel=accel,
                                                       autodeflate=True)
        for guest in self.guests.values():
            guest.wait_ready()

    def look(self, title):
        """One look: what moved since the last, and the table."""
        guests = self.daemon.guests()
        self.status = self.daemon.ctl("status")
        for name, guest in guests.items():
            before = self.seen.get(name)
            if before:
                self.moved += abs(guest["Actual"] - before["Actual"])
        self.seen = {name: guests[name] for name in self.names if name in guests}
        if self.rounds:
            self.peak = max(self.peak, sum(g["Actual"] for g in self.seen.values()))
        if len(self.seen) == N_GUESTS:
            self.screen.draw(title, self)

    def look_until(self, title, accept, timeout):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            begun = time.monotonic()
            self.look(title)
            if len(self.seen) == N_GUESTS and accept():
                return True
            # The pace of the drawing; what is awaited is what accept() sees.
            time.sleep(max(0.0, LOOK_S - (time.monotonic() - begun)))
        return False

    def at_rest(self):
        return all(g["State"] == "managed" and abs(g["Actual"] - g["Target"]) < 8 * MIB
                   and g["Actual"] < self.ceiling_mib * MIB for g in self.seen.values())

    def shift_load(self, to, away_from):
        """Takes the load off one guest and puts it on another: a burst, then a ramp."""
        guest, before = self.guests[to], {n: g["Actual"] for n, g in self.seen.items()}
        if away_from:
            self.guests[away_from].command("free %d" % self.load[away_from])
            self.load[away_from] = 0
        wanted = self.ceiling_mib * LOAD_PERMILLE // 1000
        # The burst leaves a tenth of the guest's size: below the policy's low mark.
        size, usable = self.seen[to]["Actual"] // MIB, self.seen[to]["Usable"] // MIB
        burst = max(16, usable - size // 10)
        answer = guest.command("alloc %d" % burst)
        # Touched at an even pace: this is when what was left passed the low mark.
        above = max(0, usable - size * LOW_MARK_PERMILLE // 1000)
        begun = time.monotonic() - answer["took_us"] / 1e6 * max(0, 1 - above / burst)
        self.load[to] = burst
        title = "the load goes to %s" % to
        if self.look_until(title, lambda: self.seen[to]["Target"] > before[to] + 8 * MIB, 20):
            self.reliefs.append(time.monotonic() - begun)
        guest.command("touch %d %d" % (RAMP_MIB_S, max(1, wanted - burst)))
        self.load[to] = wanted
        # Used follows the load; then the guest has what it needs, and somebody paid for it.
        done = self.look_until(title, lambda: (self.seen[to]["Used"] or 0) >= wanted * MIB
                               and self.at_rest(), ROUND_S)
        self.rounds.append((to, before, {n: g["Actual"] for n, g in self.seen.items()}, done))

    def run(self):
        with self.daemon:
            if not self.look_until("idle guests give memory back", self.at_rest, SETTLE_S):
                print("the guests did not come to rest; balloond's log:\n" + self.daemon.log())
            for to, away_from in zip(self.names + self.names[:1], [None] + self.names):
                self.shift_load(to, away_from)
            self.look("done")

    def oom_kills(self):
        answers = [guest.command("meminfo") for guest in self.guests.values()]
        return sum(a["oom_kill"] for a in answers)

    def longest_stall_ms(self):
        return max(guest.command("stall?")["stall_us"] for guest in self.guests.values()) // 1000

    def summary(self):
        """Prints it; returns the exit status."""
        kills = self.oom_kills()
        print("\nSummary")
        for to, before, after, done in self.rounds:
            moves = ", ".join("%s %d -> %d MiB" % (n, before[n] // MIB, after[n] // MIB)
                              for n in self.names if abs(after[n] - before[n]) > 8 * MIB)
            print("  load on %s: %s%s" % (to, moves or "nothing moved", "" if done else
                                          " (not at rest in time)"))
        print("  memory moved:      %d MiB" % (self.moved // MIB))
        print("  overcommit held:   %.1f (ceilings %d MiB, pool %d MiB; guests had %d MiB at most"
              " together)" % (N_GUESTS * self.ceiling_mib / self.pool_mib,
                                     N_GUESTS * self.ceiling_mib, self.pool_mib,
                                     self.peak // MIB))
        if self.reliefs:
            print("  slowest relief:    %.1f s from the low mark to a larger target (two "
                  "statistics periods: %d s)" % (max(self.reliefs), 2 * PERIOD_S))
        print("  longest stall:     %d ms in any guest" % self.longest_stall_ms())
        print("  guest OOM kills:   %d" % kills)
        grew = all(after[to] > before[to] for to, before, after, _ in self.rounds)
        paid = all(any(after[n] < before[n] for n in self.names if n != to)
                   for to, before, after, _ in self.rounds[1:])
        ok = (kills == 0 and grew and paid and self.moved >= MOVED_MIN_MIB * MIB
              and len(self.reliefs) == len(self.rounds))
        print("memory followed the load." if ok else "MEMORY DID NOT FOLLOW THE LOAD.", flush=True)
        return 0 if ok else 1

    def keep(self):
        """A shell beside the running balloond; what was started ends with it."""
        print("\nThe guests, libvirt and balloond are still up: try balloonctl list, balloonctl "
              "explain %s,\nvirsh list. Leave the shell to end it all." % self.names[0], flush=True)
        path = os.path.join(self.daemon.build, "balloond")
        with self.daemon:
            subprocess.run([os.environ.get("SHELL", "/bin/bash")], check=False,
                           env={**os.environ, "PATH": path + ":" + os.environ["PATH"]})


def main():
    build = sys.argv[1]
    ceiling = 2048 if host_available_mib() >= 6144 else 1024
    with Bench() as bench:
        demo = Demo(bench, build, ceiling)
        demo.boot()
        demo.run()
        status = demo.summary()
        if "--keep" in sys.argv[2:]:
            demo.keep()
    return status


sys.exit(main())
