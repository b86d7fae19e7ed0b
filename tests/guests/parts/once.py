# SPDX-License-Identifier: LGPL-2.1-or-later
"""Single looks at real guests, dry runs, and a start without a configuration."""

import os
import re
import subprocess
import time

from common import boot, config, describe, is_near, live_period, mib, watch
from daemon import MIB, Daemon

CEILING_MIB = 256
# One reports already; the other did once, when its driver began, and is to be made to.
REPORTS, SILENT = "t-reports", "t-silent"
TIMEOUT_S = 60
# Nobody knows what a guest does that said something so long ago.
OLD_S = 6


def once(daemon, *arguments):
    """Runs it to its end: (status, guest -> (state, from, to), everything that it said)."""
    done = subprocess.run(daemon.command("--once", "--debug", *arguments), check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=TIMEOUT_S,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    found = re.findall(r"^(t-\w+): ([\w-]+), (.*) -> (.*?): ", done.stdout, re.MULTILINE)
    return done.returncode, {name: rest for name, *rest in found}, done.stdout


def actual_mib(guest):
    return guest.dommemstat()["actual"] // 1024


def a_dry_look_changes_nothing(bench, daemon, guests):
    status, plan, said = once(daemon, "--dry-run")
    assert status == 0 and set(plan) == {g.name for g in guests}, (status, said)
    assert plan[REPORTS][:2] == ["managed", "256 MiB"] and plan[REPORTS][2] != "256 MiB", said
    assert plan[SILENT][0] in ("stale", "blind"), said
    assert plan[SILENT][1:] == ["256 MiB", "256 MiB"], said
    assert {guest.name: actual_mib(guest) for guest in guests} == {
        REPORTS: CEILING_MIB, SILENT: CEILING_MIB}
    assert live_period(bench, SILENT) in (None, 0), live_period(bench, SILENT)


def one_look_acts_once(bench, daemon, guests):
    reporting, silent = guests
    status, plan, said = once(daemon)
    assert status == 0 and "dry run" not in said, (status, said)
    target = int(plan[REPORTS][2].split()[0])
    stats = reporting.wait_stats(lambda s: s["actual"] // 1024 == target)
    assert stats["actual"] // 1024 < CEILING_MIB, stats
    assert actual_mib(silent) == CEILING_MIB
    assert live_period(bench, SILENT) == 1, "a managed guest is made to report"
    silent.fresh_dommemstat()
    status, plan, said = once(daemon)
    assert status == 0 and plan[SILENT][0] == "managed", (status, said)
    silent.wait_stats(lambda s: s["actual"] // 1024 < CEILING_MIB)


def without_a_configuration_all_is_observed(daemon):
    """The file that is not named may be missing: nothing changes, everything is seen."""
    with daemon:
        guests = watch(daemon, lambda seen: {REPORTS, SILENT} <= set(seen), "both are seen")
        guests = watch(daemon, lambda seen: {g["State"] for g in seen.values()} == {"observed"},
                       "both are observed")
        assert all(is_near(g["Target"], mib(g["Actual"])) for g in guests.values()), guests
        status = daemon.ctl("status")
        assert status["State"] == "dry-run" and status["Pool"] > 0, status
        assert "does not exist: all guests are observed only" in daemon.log(), daemon.log()
        assert min(g["Actual"] for g in guests.values()) < CEILING_MIB * MIB, describe(guests)


def run(checks, bench, build):
    guests = boot([bench.start_guest(REPORTS, CEILING_MIB, stats_period=1),
                   bench.start_guest(SILENT, CEILING_MIB)])
    guests[0].fresh_dommemstat()
    guests[1].wait_stats(lambda s: time.time() - s.get("last_update", 0) >= OLD_S)
    # A guest that cannot report gives what its own entry says, so that one has none.
    daemon = Daemon(build, config("50%").replace('name: "*"', 'name: "%s"' % REPORTS))
    checks.run("a_dry_look_changes_nothing", a_dry_look_changes_nothing, bench, daemon, guests)
    checks.run("one_look_acts_once", one_look_acts_once, bench, daemon, guests)
    checks.that("the bench hides the machine's configuration",
                not os.path.exists("/etc/balloond/balloond.yaml"))
    checks.run("without_a_configuration_all_is_observed", without_a_configuration_all_is_observed,
               Daemon(build, None))
