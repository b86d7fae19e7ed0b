# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who follows which rule, on real guests: a rule with a condition on the host takes over and lets
go without flapping, a domain's own metadata counts at once where that is allowed, and a broken
file changes nothing."""

import mmap
import subprocess
import time

from common import boot, describe, mib, wait_managed, wait_samples, watch
from daemon import MIB, Daemon

ONE, TWO = "t-one", "t-two"
CEILING_MIB = 512
PAGE = 4096
# Of what is available: where the condition begins, and how far beyond it the host is driven.
EDGE_PERCENT, BEYOND_MIB = 80, 512

CONFIG = """version: 1
uri: qemu:///system
host: {{ pool: 8GiB, reserve: 256MiB, commit: strict }}
tenants: {{ allow: [policy, min], min-at-most: 75%, policies: [hold] }}
guests:
  - {{ name: all, match: {{ name: "*" }}, min: {min} }}
rules:
  - name: short
    match: {{ name: "t-*" }}
    when: {{ host.available: "< {edge}MiB", for: 2s }}
    policy: step
    params: {{ shrink: 10%, every: 1s, keep: 20% }}
  - {{ name: usual, match: {{ name: "t-*" }}, policy: hold }}
"""


def host_mib(key):
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) >> 10 for line in file if line.startswith(key + ":"))


class Hog:
    """Memory of the host that is really used, and freed by close()."""

    def __init__(self, size_mib):
        self.memory = mmap.mmap(-1, size_mib * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for offset in range(0, size_mib * MIB, PAGE):
            self.memory[offset] = 1

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.memory.close()


class Watch:
    """Every rule that each guest was seen to follow, in turn, and every promise."""

    def __init__(self):
        self.rules, self.promises = {}, {}

    def look(self, guests):
        for name, guest in guests.items():
            turns = self.rules.setdefault(name, [])
            if not turns or turns[-1] != guest["Rule"]:
                turns.append(guest["Rule"])
            self.promises.setdefault(name, set()).add((guest["Floor"], guest["Ceiling"]))


def both_follow(rule):
    return lambda guests: all(guests[name]["Rule"] == rule for name in (ONE, TWO))


def takes_over_and_lets_go(checks, daemon, edge, guests):
    seen = Watch()
    before = daemon.guests()
    with Hog(host_mib("MemAvailable") - edge + BEYOND_MIB):
        watch(daemon, both_follow("short"), "the rule takes over", 30, seen.look)
        watch(daemon, lambda g: all(g[n]["Actual"] < before[n]["Actual"] - 32 * MIB
                                    for n in (ONE, TWO)), "it shrinks", 40, seen.look)
        # Back and forth over the edge itself moves nobody.
        for _ in range(3):
            with Hog(BEYOND_MIB // 2):
                wait_samples(daemon, 2, seen.look)
            wait_samples(daemon, 1, seen.look)
    watch(daemon, both_follow("usual"), "the rule lets go", 30, seen.look)
    after = wait_samples(daemon, 3, seen.look)
    checks.that("it takes over once and lets go once",
                all(turns == ["usual", "short", "usual"] for turns in seen.rules.values()),
                seen.rules)
    checks.that("promises stay what they were",
                all(len(bounds) == 1 for bounds in seen.promises.values()), seen.promises)
    checks.that("no guest was killed for memory", all(
        guest.command("meminfo")["oom_kill"] == 0 for guest in guests), describe(after))


def tell(bench, name, attributes):
    """Writes the domain's own metadata, as a tenant or a panel would."""
    bench.virsh("metadata", name, "--uri", "urn:balloond:1", "--key", "balloond",
                "--set", "<policy %s/>" % attributes, "--live")
    return time.monotonic()


def follows_metadata(checks, bench, daemon):
    begin = tell(bench, ONE, "policy='hold'")
    watch(daemon, lambda g: g[ONE]["Rule"] == "tenant:hold", "its own policy", 10)
    checks.figure("metadata-to-rule-ms", "%.0f" % ((time.monotonic() - begin) * 1000))
    checks.that("its metadata changes its policy within a tick and a call",
                time.monotonic() - begin < 2, time.monotonic() - begin)
    ceiling = daemon.guests()[ONE]["Ceiling"]
    tell(bench, ONE, "min='100%' shares='100000'")
    guests = watch(daemon, lambda g: g[ONE]["Rule"] == "usual"
                   and g[ONE]["Floor"] == ceiling * 3 // 4, "min, cut to what is allowed", 10)
    checks.that("what is not allowed is said", {"min", "shares"} <= set(
        daemon.ctl("explain", ONE)["MetadataRefused"]), daemon.ctl("explain", ONE))
    checks.that("the other guest is as it was", mib(guests[TWO]["Floor"]) < mib(ceiling) * 3 // 4,
                describe(guests))


def refuses_a_broken_file(checks, daemon, text):
    before = daemon.guests()
    daemon.reload(text.replace("shrink: 10%", "shrink: 10MB"))
    status = daemon.ctl("status")
    checks.that("status tells what is wrong with the new file",
                "balloond.yaml:12:" in status["LastReloadError"], status["LastReloadError"])
    after = wait_samples(daemon, 2)
    checks.that("a broken file changes nothing", all(
        before[name][key] == after[name][key] for name in before
        for key in ("Rule", "Policy", "Promise", "Floor", "Ceiling", "Target")), describe(after))
    done = subprocess.run([daemon.program[:-len("balloond")] + "balloonctl", "reload"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=30,
                          universal_newlines=True)
    checks.that("balloonctl reload fails and says why",
                done.returncode == 1 and "balloond.yaml:12:" in done.stderr, done)


def run(checks, bench, build):
    guests = boot([bench.start_guest(name, CEILING_MIB) for name in (ONE, TWO)])
    edge = host_mib("MemAvailable") * EDGE_PERCENT // 100
    text = CONFIG.format(edge=edge, min="25%")
    daemon = Daemon(build, text)
    with daemon:
        wait_managed(daemon, (ONE, TWO))
        watch(daemon, both_follow("usual"), "the rule without a condition", 10)
        takes_over_and_lets_go(checks, daemon, edge, guests)
        follows_metadata(checks, bench, daemon)
        refuses_a_broken_file(checks, daemon, text)
