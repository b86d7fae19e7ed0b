# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulator against real guests: the same load on three of them and on their models, which are
fed with the raw rates that were measured in the same run, under the same configuration.  Both
leave traces, and one reader holds them against each other (agreement.py).
"""

import json
import os
import subprocess
import time

import agreement
from common import boot, describe, do, wait_managed
from daemon import MIB, Daemon, DaemonError
from guest import GuestError
from rates import measure
from series import Trace

ONE, TWO, THREE = "t-one", "t-two", "t-three"
SIZES_MIB = {ONE: 512, TWO: 512, THREE: 768}
SWAP_MIB, DISK_MIB, HOT_MIB = 256, 192, 80
LOW, HIGH = 15, 30  # of headroom, per cent
RAMP_MIB_S = 30
AT_ONCE = None
# Who takes, or frees, how many MiB, and at which pace.  The last but two is the one that the pool
# cannot bear unless others give what they do not need.
LOAD = ((ONE, 200, RAMP_MIB_S), (THREE, 250, RAMP_MIB_S), (TWO, 110, AT_ONCE),
        (TWO, 90, RAMP_MIB_S), (THREE, -250, AT_ONCE), (ONE, -200, AT_ONCE))
# Where within a second the load falls in the models.
PHASES_MS = range(0, 1000, 100)
READ_PAUSE_S = 1
# Of guests that read nothing and do not swap it is not known.
DISK_DEFAULT = 100 * MIB
REST_S, REST_TIMEOUT_S = 5, 60
NEAR = 8 * MIB

CONFIG = """version: 1
uri: qemu:///system
host: {{ pool: {pool}MiB, reserve: 256MiB, commit: strict }}
guests:
  - {{ name: all, match: {{ name: "*" }}, min: kernel }}
rules:
  - name: all
    match: {{ name: "*" }}
    policy: headroom
    params: {{ low: {low}%, high: {high}% }}
"""

SCENARIO = """version: 1
name: as-measured
length: {length}ms
step: 100ms
host: {{ memory: {memory}KiB, own: {own}KiB }}
guests:
{guests}config: |
{config}"""

GUEST = """  - name: {name}
    memory: {maximum}B
    kernel: {kernel}B
    overhead: {overhead}B
    swap: {swap}B
    inflate: {inflate}B/s
    inflate-cache: {inflate_cache}B/s
    deflate: {deflate}B/s
    disk: {disk}B/s
    cache: {{ hot: {hot}B, fill: 0/s, kept: {kept}B }}
    need:
      at-least: {used}B
      touch: {touch}B/s
      steps:
{steps}"""


class Step:
    """One of the load's; seconds on the monotonic clock, which balloond's traces have as well."""

    def __init__(self, name, size_mib, begin, end):
        self.name, self.size_mib, self.begin, self.end = name, size_mib, begin, end

    def __str__(self):
        return "%s %s %d MiB" % (self.name, "takes" if self.size_mib > 0 else "frees",
                                 abs(self.size_mib))


class Reader:
    """Lets a guest read the same files again and again, beside all else."""

    def __init__(self, guest):
        self.guest, self.line = guest, "cache %d" % HOT_MIB
        self.due, self.waits = 0.0, False

    def turn(self):
        if self.waits:
            try:
                self.guest.answer(self.line, 0.001)
            except GuestError:
                return
            self.waits, self.due = False, time.monotonic() + READ_PAUSE_S
        elif time.monotonic() >= self.due:
            self.guest.send(self.line)
            self.waits = True


def configuration(rates):
    """The pool holds all claims, and little of what is lent besides."""
    used = {name: found.used + min(found.kept, found.hot // 2) for name, found in rates.items()}
    for name, size_mib, _ in LOAD:
        used[name] += max(size_mib, 0) * MIB
    claims = sum(size * 100 // (100 - LOW) for size in used.values())
    wanted = sum(size * 100 // (100 - HIGH) for size in used.values())
    overheads = sum(64 * MIB + found.maximum // 100 for found in rates.values())
    pool = claims + (wanted - claims) // 4 + overheads
    return CONFIG.format(pool=pool // MIB, low=LOW, high=HIGH)


def wait_rest(daemon, reader):
    """Until no target has changed for a while and all sizes are there."""
    deadline = time.monotonic() + REST_TIMEOUT_S
    targets, since = None, 0
    while True:
        reader.turn()
        guests = daemon.guests()
        now = {name: g["Target"] for name, g in guests.items()}
        there = all(abs(g["Actual"] - g["Target"]) <= NEAR for g in guests.values())
        if now != targets or not there:
            targets, since = now, time.monotonic()
        if time.monotonic() - since >= REST_S:
            return guests
        if time.monotonic() > deadline:
            raise DaemonError("no rest within %d s: %s" % (REST_TIMEOUT_S, describe(guests)))
        time.sleep(0.1)


def put(guest, size_mib, pace, reader):
    """Returns when it began and ended."""
    begin = time.monotonic()
    if size_mib < 0:
        do(guest, "free %d" % -size_mib)
    elif pace is AT_ONCE:
        do(guest, "alloc %d" % size_mib)
    else:
        do(guest, "touch %d %d" % (pace, size_mib))
        while guest.command("meminfo")["ramp_left_mib"] > 0:
            reader.turn()
            time.sleep(0.02)
    return Step(guest.name, size_mib, begin, time.monotonic())


def real_run(build, guests, rates, trace):
    """(configuration, steps, when all was at rest after the last one)"""
    text = configuration(rates)
    reader, steps = Reader(guests[THREE]), []
    with Daemon(build, text, arguments=("--trace", trace)) as daemon:
        wait_managed(daemon, SIZES_MIB)
        wait_rest(daemon, reader)
        for name, size_mib, pace in LOAD:
            steps.append(put(guests[name], size_mib, pace, reader))
            wait_rest(daemon, reader)
    return text, steps, time.monotonic()


def need_steps(steps, name, begin):
    """In the scenario's words; begin: of its world."""
    needed, lines = 0, []
    for step in steps:
        if step.name != name:
            continue
        needed += step.size_mib
        over = step.end - step.begin if step.size_mib > 0 else 0
        lines.append("        - { at: %dms, to: %dMiB, over: %dms }\n" % (
            (step.begin - begin) * 1000, needed, over * 1000))
    return "".join(lines)


def host_memory():
    """(whole, in use), KiB"""
    with open("/proc/meminfo", encoding="ascii") as file:
        found = {line.partition(":")[0]: int(line.split()[1]) for line in file}
    return found["MemTotal"], found["MemTotal"] - found["MemAvailable"]


def write_scenario(path, text, rates, steps, begin, end):
    memory, own = host_memory()
    guests = "".join(GUEST.format(steps=need_steps(steps, name, begin), **vars(found))
                     for name, found in rates.items())
    with open(path, "w", encoding="utf-8") as file:
        file.write(SCENARIO.format(
            length=int((end - begin) * 1000), memory=memory, own=own, guests=guests,
            config="".join("  %s\n" % line for line in text.splitlines())))


def simulate(build, scenario, trace):
    program = os.path.join(build, "balloond", "balloonctl")
    done = subprocess.run([program, "simulate", scenario, "--trace=" + trace,
                           "--policy-dir=" + os.path.join(build, "policies")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False,
                          universal_newlines=True)
    if done.returncode != 0:
        raise DaemonError("balloonctl simulate: " + done.stdout)
    return Trace(trace)


def windows(trace, steps, begin, end):
    edges = [0.0] + [step.begin - begin for step in steps] + [end - begin]
    return [agreement.Window(trace, *span) for span in zip(edges, edges[1:])]


def measure_all(checks, guests):
    """In the order of UUIDs, which is that of deciding, for the models as well."""
    rates = {}
    for guest in sorted(guests.values(), key=lambda g: g.uuid):
        found = measure(guest, SWAP_MIB if guest.name == TWO else 0,
                        DISK_MIB if guest.name == THREE else 0)
        if guest.name == THREE:
            do(guest, "cache %d" % HOT_MIB)
            found.hot = HOT_MIB * MIB
        else:
            found.inflate_cache, found.disk = found.inflate, DISK_DEFAULT
        rates[guest.name] = found
        checks.figure("simulator-rates-" + guest.name, found)
    return rates


def run(checks, bench, build):
    guests = {
        ONE: bench.start_guest(ONE, SIZES_MIB[ONE], stats_period=1),
        TWO: bench.start_guest(TWO, SIZES_MIB[TWO], stats_period=1, swap_mib=SWAP_MIB),
        THREE: bench.start_guest(THREE, SIZES_MIB[THREE], stats_period=1, disk_mib=DISK_MIB)}
    boot(list(guests.values()))
    rates = measure_all(checks, guests)
    directory = os.environ["BALLOOND_BENCH_DIR"]
    path, scenario, model_path = (os.path.join(directory, name) for name in (
        "real.yaml", "scenario.yaml", "model.yaml"))
    text, steps, end = real_run(build, guests, rates, path)
    real = Trace(path)
    models = []
    for phase in PHASES_MS:
        begin = real.begin - phase / 1000
        write_scenario(scenario, text, rates, steps, begin, end)
        models.append(windows(simulate(build, scenario, model_path), steps, begin, end))
    agreement.check(checks, [(str(s), s.name, s.size_mib > 0) for s in steps],
                    windows(real, steps, real.begin, end), models)
    for guest in guests.values():
        answer = guest.command("meminfo")
        checks.that("%s had no OOM kill" % guest.name, answer["oom_kill"] == 0,
                    answer["oom_kill"])
