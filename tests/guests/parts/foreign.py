# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sizes that others than balloond set, and other managers of memory: followed, and never fought
over."""

import os
import shutil
import subprocess
import time

from checks import form
from common import (MIB, NEAR_MIB, boot, config, describe, is_near, mib, wait_actual, wait_managed,
                    wait_samples, watch)
from daemon import Daemon
from series import Trace

DOWN, UP = "t-down", "t-up"
NAMES = (DOWN, UP)
SOLD_MIB = 640
FLOOR_MIB = 320
# Its policy wants the floor: half of what was sold.
SMALLER_MIB, LARGER_MIB = 250, 500
# Definitions are all read every 300 s: what is seen sooner was noticed.
NOTICED_S = 20
# A size counts as balloond's until it has rested for ten seconds.
SETTLED_SAMPLES = 13
MANAGERS_EVERY_S = 10
QUIET_SAMPLES = {"short": 5, "long": 600}


class Account:
    """What every picture shows of the guests whose size was set."""

    def __init__(self):
        self.wrong = []
        self.rests_at = None  # number of the first sample with the larger size
        self.set_at = {}

    def look(self, guests):
        down, up = guests[DOWN], guests[UP]
        if DOWN in self.set_at and down["Actual"] < (FLOOR_MIB - NEAR_MIB) * MIB and not (
                down["State"] == "foreign" and down["Ceiling"] == down["Target"]
                and down["Ceiling"] <= down["Actual"] + NEAR_MIB * MIB
                and "ceiling" in down["Reason"]):
            self.wrong.append(describe({DOWN: down}))
        if UP in self.set_at and self.rests_at is None and is_near(up["Actual"], LARGER_MIB):
            self.rests_at = up["Sample"]


def setmem(account, guest, size_mib):
    guest.setmem(size_mib)
    account.set_at[guest.name] = time.monotonic()


def a_smaller_size(checks, daemon, account, guest):
    setmem(account, guest, SMALLER_MIB)
    seen = watch(daemon, lambda g: is_near(g[DOWN]["Actual"], SMALLER_MIB),
                 "it was made smaller", look=account.look)
    seen = wait_samples(daemon, 3, account.look)
    checks.that("a size that somebody made smaller is the ceiling in the same tick",
                not account.wrong and is_near(seen[DOWN]["Ceiling"], SMALLER_MIB),
                "%s; %s" % (account.wrong[:2], describe(seen)))
    checks.that("and below its floor as well", seen[DOWN]["Floor"] <= seen[DOWN]["Ceiling"],
                mib(seen[DOWN]["Floor"]))


def a_larger_size(checks, daemon, account, guest):
    setmem(account, guest, LARGER_MIB)
    seen = watch(daemon, lambda g: g[UP]["State"] == "foreign" and "keeps" in g[UP]["Reason"],
                 "it was made larger", look=account.look)
    samples = seen[UP]["Sample"] - account.rests_at
    checks.that("a size that somebody made larger is followed within three samples", samples <= 3,
                samples)
    checks.figure("foreign-larger-samples", samples)
    checks.figure("foreign-larger-s", "%.1f" % (time.monotonic() - account.set_at[UP]))
    seen = wait_samples(daemon, QUIET_SAMPLES[form()], account.look)
    checks.that("and kept, though its policy wants less", is_near(seen[UP]["Target"], LARGER_MIB)
                and is_near(seen[UP]["Actual"], LARGER_MIB), describe(seen))


def a_changed_definition(checks, bench, daemon, account):
    for size_mib in (SOLD_MIB - 60, SOLD_MIB):
        begin = time.monotonic()
        bench.virsh("setmem", UP, "--size", "%dM" % size_mib, "--config")
        watch(daemon, lambda g, size_mib=size_mib: mib(g[UP]["Ceiling"]) == size_mib,
              "the ceiling is what the definition says", NOTICED_S, account.look)
        checks.figure("foreign-config-%d-s" % size_mib, "%.1f" % (time.monotonic() - begin))
    checks.that("a changed persistent currentMemory is the ceiling", True)


def a_leaked_size(checks, bench, daemon, account):
    """virsh dumpxml | virsh define, as people change a running guest."""
    path = os.path.join(os.environ["BALLOOND_BENCH_DIR"], "leaked.xml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(bench.virsh("dumpxml", UP))
    bench.virsh("define", path)
    seen = watch(daemon, lambda g: g[UP]["Warning"] != "", "the leak is told", NOTICED_S,
                 account.look)
    checks.that("a size of balloond's that leaked into the definition is told and not believed",
                "not believed" in seen[UP]["Warning"]
                and mib(seen[UP]["Ceiling"]) == SOLD_MIB, seen[UP])
    bench.virsh("setmem", UP, "--size", "%dM" % SOLD_MIB, "--config")
    watch(daemon, lambda g: g[UP]["Warning"] == "", "put right", NOTICED_S, account.look)


def another_manager(checks, daemon):
    """A process of MOM's name is enough."""
    program = os.path.join(os.environ["BALLOOND_BENCH_DIR"], "momd")
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen([program, "600"]) as process:
        try:
            begin = time.monotonic()
            seen = watch(daemon, lambda g: {guest["State"] for guest in g.values()} == {"owned"},
                         "MOM is found", 2 * MANAGERS_EVERY_S)
            checks.figure("foreign-mom-s", "%.1f" % (time.monotonic() - begin))
            checks.that("while MOM runs guests are only observed, and say so",
                        all("MOM" in guest["Reason"] for guest in seen.values()), describe(seen))
            before = {name: guest["Target"] for name, guest in seen.items()}
            seen = wait_tick(daemon)
            checks.that("and nobody is moved",
                        before == {name: guest["Target"] for name, guest in seen.items()},
                        describe(seen))
        finally:
            process.kill()
    # What others did meanwhile binds nobody.
    seen = wait_managed(daemon, NAMES)
    checks.that("when it is gone they are managed again",
                {mib(guest["Ceiling"]) for guest in seen.values()} == {SOLD_MIB}, describe(seen))


def wait_tick(daemon):
    """A guest that is only observed may be read seldom: ticks are what passes."""
    first = daemon.ctl("status")["Tick"]
    while daemon.ctl("status")["Tick"] <= first:
        time.sleep(0.1)
    return daemon.guests()


def check_commands(checks, trace, account, mom_at):
    """Steps for the guests whose size was set, from then on until another manager came."""
    for name, when in account.set_at.items():
        orders = [(round(trace.begin + at - when, 1), mib(size))
                  for at, size in trace.guests[name].target.between(when - trace.begin,
                                                                    mom_at - trace.begin)]
        checks.that("balloond does not fight for the size of %s" % name, len(orders) <= 1, orders)
        checks.figure("foreign-commands-%s" % name[2:], len(orders))


def check_replay(checks, build, path):
    done = subprocess.run([os.path.join(build, "balloond", "balloonctl"), "replay", "--check",
                           "--policy-dir=" + os.path.join(build, "policies"), path],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False,
                          universal_newlines=True)
    checks.that("all of it is decided again to the same plans", done.returncode == 0,
                done.stdout[-500:])


def run(checks, bench, build):
    guests = {name: bench.start_guest(name, SOLD_MIB, persistent=True)
              for name in NAMES}
    boot(guests.values())
    path = os.path.join(os.environ["BALLOOND_BENCH_DIR"], "foreign.yaml.gz")
    account = Account()
    with Daemon(build, config("50%"), arguments=("--trace", path)) as daemon:
        wait_managed(daemon, NAMES)
        wait_actual(daemon, NAMES, FLOOR_MIB)
        wait_samples(daemon, SETTLED_SAMPLES, account.look)
        a_leaked_size(checks, bench, daemon, account)
        a_changed_definition(checks, bench, daemon, account)
        a_smaller_size(checks, daemon, account, guests[DOWN])
        a_larger_size(checks, daemon, account, guests[UP])
        mom_at = time.monotonic()
        another_manager(checks, daemon)
    checks.that("no picture shows a smaller size without its ceiling", not account.wrong,
                account.wrong[:2])
    check_commands(checks, Trace(path), account, mom_at)
    check_replay(checks, build, path)
