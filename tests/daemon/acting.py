# SPDX-License-Identifier: LGPL-2.1-or-later
"""When balloond may act: with its name on the bus, outside of dry runs, until it ends."""

import re
import signal

from checks import Skip
from monitor import wait_ticks
from stage import MEMORY_MIB, MIB, sizes, wait_sizes

ANOTHER = "another balloond runs on this bus"
STEP = re.compile(r'guest "guest-\d+": .* -> ')


def steps(log):
    """The steps that a debug log tells of: (really taken, only thought of)."""
    lines = [line for line in log.splitlines() if STEP.search(line)]
    dry = [line for line in lines if "dry run: " in line]
    return len(lines) - len(dry), len(dry)


def a_dry_run_decides_and_changes_nothing(stage, text, *arguments):
    with stage.daemon(text, "--debug", *arguments) as daemon:
        daemon.wait_state("managed")
        wait_ticks(6)
        status = daemon.ctl("status")
        assert status["State"] == "dry-run" and status["DryRun"] is True, status
        assert sizes(daemon) == {MEMORY_MIB}, sizes(daemon)
        targets = {g["Target"] // MIB for g in daemon.guests().values()}
        assert max(targets) < MEMORY_MIB, "it does not tell what it would do: %s" % targets
        _, said = stage.run_ctl("status")
        assert "Dry run: nothing is changed" in said, said
        log = daemon.log()
    assert steps(log)[0] == 0 and steps(log)[1] >= stage.n_guests, steps(log)


def dry_run_by_option(stage):
    a_dry_run_decides_and_changes_nothing(stage, stage.config("headroom"), "--dry-run")


def dry_run_by_configuration(stage):
    a_dry_run_decides_and_changes_nothing(stage, stage.config("headroom", "dry-run: true"))


def a_dry_run_ends_with_a_reload(stage):
    with stage.daemon(stage.config("headroom", "dry-run: true")) as daemon:
        daemon.wait_state("managed")
        daemon.reload(stage.config("headroom"))
        wait_sizes(daemon, lambda size: size == MEMORY_MIB // 2, "what was thought of is done")
        assert daemon.ctl("status")["State"] == "running"
        daemon.reload(stage.config("headroom", "dry-run: true").replace("50%", "25%"))
        wait_ticks(3)
        assert sizes(daemon) == {MEMORY_MIB // 2}, sizes(daemon)


def a_second_balloond_refuses_to_start(stage):
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        status, said = stage.run("--config", daemon.config_path)
        assert status == 1 and said.count("\n") == 1 and ANOTHER in said, (status, said)
        assert daemon.ctl("status")["State"] == "running"


def once_beside_another_is_dry(stage):
    path = stage.write("once.yaml", stage.config("headroom"))
    with stage.daemon(stage.config("hold")):
        status, said = stage.run("--config", path, "--once", "--debug")
    assert status == 0 and ANOTHER + ": this is a dry run" in said, (status, said)
    assert steps(said) == (0, stage.n_guests), (steps(said), said)


def once_alone_acts(stage):
    path = stage.write("once.yaml", stage.config("headroom"))
    status, said = stage.run("--config", path, "--once", "--debug")
    assert status == 0 and "dry run" not in said, (status, said)
    assert steps(said) == (stage.n_guests, 0), (steps(said), said)
    lines = [line for line in said.splitlines() if re.match(r"guest-\d+: managed, ", line)]
    assert len(lines) == stage.n_guests, said
    # A second's worth of the limit, halved: its guests were never seen to swap.
    assert lines[0].startswith("guest-000: managed, 1.00 GiB -> 896 MiB: "), lines[0]


def once_dry_needs_no_bus(stage):
    path = stage.write("once.yaml", stage.config("headroom"))
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
    status, said = stage.run("--config", path, "--once", "--dry-run", "--debug", **nowhere)
    assert status == 0 and steps(said) == (0, stage.n_guests), (status, steps(said), said)
    for arguments in (["--once"], []):
        status, said = stage.run("--config", path, "--debug", *arguments, **nowhere)
        assert status == 1 and "cannot connect to the system bus" in said, (status, said)
        assert steps(said) == (0, 0), said


def sigterm_ends_it(stage):
    for number in (signal.SIGTERM, signal.SIGINT):
        daemon = stage.daemon(stage.config("headroom"))
        daemon.start()
        try:
            wait_sizes(daemon, lambda size: size < MEMORY_MIB, "all shrink")
            daemon.process.send_signal(number)
        finally:
            status = daemon.wait_end()
        assert status == 0, (number, status, daemon.log())
        assert daemon.has_told("STOPPING=1"), "systemd is not told"


def systemd_is_told_of_reloads(stage):
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.reload(stage.config("headroom"))  # waits for RELOADING=1, then READY=1
        wait_ticks(2)
        words = "%d guests, %d managed" % (stage.n_guests, stage.n_guests)
        assert words in daemon.status, daemon.status


def without_its_bus_it_ends_and_moves_nothing(stage):
    """The service manager starts it again; going on unseen is not an option."""
    daemon = stage.daemon(stage.config("hold"), "--debug")
    daemon.start()
    try:
        daemon.wait_state("managed")
        # A reason to act, at the first tick after the loss.
        daemon.write_config(stage.config("headroom"))
        stage.bus.stop()
        daemon.process.send_signal(signal.SIGHUP)
    finally:
        status = daemon.wait_end()
        stage.start_bus()
    log = daemon.log()
    assert status == 1, "ended with %s: %s" % (status, log)
    assert "the bus" in log and steps(log)[0] == 0, log


def a_name_that_is_denied_is_fatal(stage):
    path = stage.write("name.yaml", stage.config("headroom"))
    prefix = ["setpriv", "--reuid=nobody", "--regid=65534", "--clear-groups"]
    status, said = stage.run("--version", prefix=prefix)
    if status != 0:
        raise Skip("the build cannot be run by others: " + said)
    status, said = stage.run("--config", path, "--debug", prefix=prefix)
    assert status == 1 and "cannot own the name org.balloond1" in said, (status, said)
    assert steps(said)[0] == 0, said


def run(checks, stage):
    for check in (dry_run_by_option, dry_run_by_configuration, a_dry_run_ends_with_a_reload,
                  a_second_balloond_refuses_to_start, once_beside_another_is_dry, once_alone_acts,
                  once_dry_needs_no_bus, sigterm_ends_it, systemd_is_told_of_reloads,
                  a_name_that_is_denied_is_fatal, without_its_bus_it_ends_and_moves_nothing):
        checks.run(check.__name__, check, stage)
