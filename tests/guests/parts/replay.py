# SPDX-License-Identifier: LGPL-2.1-or-later
"""A trace of real guests, with an operator's hold and a reload in it, is decided again to the same
plans; another parameter of the policy shows what would have been different."""

import gzip
import json
import os
import re
import subprocess

from common import boot, config, describe, do, is_near, mib, wait_managed, wait_samples, watch
from daemon import MIB, Daemon, DaemonError

ONE, TWO = "t-one", "t-two"
CEILING_MIB, FLOOR_MIB, LOAD_MIB = 512, 256, 180
HELD_LOAD_MIB = 140
RAMP_MIB_S = 40
# What is held against the trace differs in one parameter from what was reloaded.
FIRST, RELOADED, OTHER = "low: 15%, high: 30%", "low: 33%, high: 40%", "low: 33%, high: 50%"
RECORD_S = 15
WHY = "a look at its database"
TIMEOUT_S = 60


class Ctl:
    def __init__(self, build):
        self.program = os.path.join(build, "balloond", "balloonctl")
        self.policies = "--policy-dir=" + os.path.join(build, "policies")

    def start(self, *arguments):
        return subprocess.Popen([self.program, *arguments], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                env={**os.environ, "LC_ALL": "C.UTF-8"}, universal_newlines=True)

    def run(self, *arguments):
        """(exit code, what it says)"""
        with self.start(*arguments) as process:
            said = process.communicate(timeout=TIMEOUT_S)[0]
        return process.returncode, said

    def replay(self, *arguments):
        return self.run("replay", self.policies, *arguments)

    def replay_json(self, *arguments):
        code, said = self.replay("--json=short", *arguments)
        return code, json.loads(said)


def must(result):
    if result[0] != 0:
        raise DaemonError(result[1])


def load(daemon, guest, size_mib, enough):
    """Puts it on the guest and waits until it has enough."""
    do(guest, "touch %d %d" % (RAMP_MIB_S, size_mib))
    watch(daemon, lambda seen: guest.command("meminfo")["ramp_left_mib"] == 0
          and enough(seen[guest.name]), "the load is on " + guest.name)


def settled(more_than_mib):
    return lambda g: g["Actual"] == g["Target"] and g["Actual"] > more_than_mib * MIB


def holds_and_reloads(checks, ctl, daemon, guests, text):
    """What the trace is about."""
    one, two = guests
    load(daemon, one, LOAD_MIB, settled(FLOOR_MIB + 30))
    must(ctl.run("hold", TWO, "--for=10min", "--reason=" + WHY))
    before = watch(daemon, lambda seen: seen[TWO]["State"] == "held", "it is held")
    do(two, "alloc %d" % HELD_LOAD_MIB)
    daemon.reload(text.replace(FIRST, RELOADED))
    after = watch(daemon, lambda seen: seen[ONE]["Actual"] > before[ONE]["Actual"] + 16 * MIB,
                  "one grows to the new mark")
    after = wait_samples(daemon, 3)
    checks.that("the guest that is held stays, whatever its load and its rule",
                after[TWO]["Target"] == before[TWO]["Target"], describe(after))
    must(ctl.run("unhold", TWO))
    watch(daemon, lambda seen: seen[TWO]["State"] == "managed"
          and seen[TWO]["Actual"] > before[TWO]["Actual"] + 16 * MIB, "let go, it grows")
    do(one, "free %d" % LOAD_MIB)
    watch(daemon, lambda seen: is_near(seen[ONE]["Actual"], FLOOR_MIB), "one gives back")
    wait_samples(daemon, 2)


def check_same(checks, ctl, trace, what, reloads):
    code, found = ctl.replay_json("--check", trace)
    del found["Orders"]
    checks.that("%s is decided again to the same plans" % what,
                code == 0 and found["TicksWrong"] == found["TicksLost"] == 0
                and found["FirstDifference"] is None and not found["Diagnostics"]
                and found["Ticks"] > 10 and found["Guests"] == 2
                and found["Reloads"] == reloads, found)
    checks.figure("replay-ticks", found["Ticks"])


def check_other(checks, ctl, trace, path):
    """What another high mark would have ordered."""
    code, found = ctl.replay_json("--check", "--config=" + path, trace)
    orders = [o for o in found["Orders"] if o["Name"] == ONE]
    checks.that("with another high mark it is told which guest would have had which size",
                code == 1 and found["TicksWrong"] == 0 < found["TicksOther"]
                and any(o["Before"] == o["Recorded"] < o["Instead"]
                        or o["Before"] < o["Recorded"] < o["Instead"] for o in orders),
                "%d ticks, %d guests, %s" % (found["TicksOther"], found["GuestsOther"],
                                             orders[:1]))
    code, said = ctl.replay("--config=" + path, trace)
    row = re.search(r"^\d\d:\d\d:\d\d\.\d{3} +%s +(\S+) +(\S+) +(\S+) +\S.*" % ONE, said,
                    re.MULTILINE)
    checks.that("people read that as a table", code == 0 and row is not None
                and said.startswith("TIME ") and row[2] != row[3]
                and all(re.fullmatch(r"\d+M|stays", cell) for cell in row.groups())
                and re.search(r"^This configuration would have ordered otherwise at \d+ ticks?, "
                              r"of \d guests?; at most", said, re.MULTILINE), row and row[0])


def run(checks, bench, build):
    guests = boot([bench.start_guest(name, CEILING_MIB) for name in (ONE, TWO)])
    directory, ctl = os.environ["BALLOOND_BENCH_DIR"], Ctl(build)
    trace, record, path = (os.path.join(directory, name) for name in (
        "trace.yaml.gz", "record.yaml", "other.yaml"))
    text = config("50%", params=FIRST)
    with Daemon(build, text, arguments=("--trace", trace)) as daemon:
        wait_managed(daemon, (ONE, TWO))
        watch(daemon, lambda seen: all(is_near(g["Actual"], FLOOR_MIB) for g in seen.values()),
              "both give what they do not need")
        recording = ctl.start("record", "--for=%ds" % RECORD_S, record)
        holds_and_reloads(checks, ctl, daemon, guests, text)
        said = recording.communicate(timeout=TIMEOUT_S)[0]
        checks.that("a part of it is recorded", re.match(r"\d+ ticks are in ", said), said)
    check_same(checks, ctl, trace, "what real guests did", 1)
    with gzip.open(trace, "rt") as file:
        orders = re.findall(r'\n    hold-reason: "([^"]*)"', file.read())
    checks.that("the hold and its end are in the trace", orders == [WHY, ""], orders)
    found = ctl.replay_json(record)[1]
    check_same(checks, ctl, record, "what was recorded in between", found["Reloads"])
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(FIRST, OTHER))
    check_other(checks, ctl, trace, path)
    checks.figure("replay-trace-kib", os.path.getsize(trace) >> 10)
