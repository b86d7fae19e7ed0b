# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a configuration does before it is in force, while it is, and when it is broken."""

import os
import pathlib
import re
import shutil
import signal

from checks import Skip
from daemon import START_TIMEOUT_S, DaemonError
from monitor import wait_ticks
from stage import MEMORY_MIB, MIB, TOP, sizes, wait_sizes

NOWHERE = "unix:path=/nonexistent/bus"
INVALID = TOP / "tests" / "fixtures" / "config" / "invalid"

# One way each to get a file wrong, that any build refuses.
BROKEN = ("unknown-key", "unit-mb", "yes-bool", "duplicate-key", "tabs", "version-2",
          "min-above-ceiling", "pattern-bracket", "policy-unknown", "star-without-quotes")


def place_of(fixture):
    """LINE:COLUMN of its complaint, from the fixture's first line."""
    first = fixture.read_text(encoding="utf-8").splitlines()[0]
    return re.match(r"# expect: (\d+:\d+): ", first)[1]


def as_nobody(stage):
    if os.geteuid() != 0:
        return []
    prefix = ["setpriv", "--reuid=nobody", "--regid=65534", "--clear-groups"]
    status, said = stage.run("--version", prefix=prefix)
    if status != 0:
        raise Skip("the build cannot be run by others: " + said)
    return prefix


def check_config_needs_no_privileges_no_bus_and_no_libvirt(stage):
    text = stage.config("headroom").replace("node.xml", "absent.xml")
    path = stage.write("good.yaml", text)
    status, said = stage.run("--check-config", path, prefix=as_nobody(stage),
                             DBUS_SYSTEM_BUS_ADDRESS=NOWHERE)
    assert (status, said) == (0, path + ": OK\n"), (status, said)


def check_config_says_where_it_is_wrong(stage, name):
    path = str(shutil.copy(INVALID / (name + ".yaml"), stage.directory))
    status, said = stage.run("--check-config", path, prefix=as_nobody(stage),
                             DBUS_SYSTEM_BUS_ADDRESS=NOWHERE)
    assert status == 1, (status, said)
    assert said.startswith("%s:%s: " % (path, place_of(INVALID / (name + ".yaml")))), said


def check_config_of_no_file_is_an_error(stage):
    for arguments in (("--check-config", stage.path("absent.yaml")),
                      ("--check-config", "--config", stage.path("absent.yaml"))):
        status, said = stage.run(*arguments)
        assert status == 1 and "absent.yaml: No such file" in said, (status, said)


def a_broken_file_at_start_is_fatal(stage):
    path = stage.write("broken.yaml", stage.config("headroom").replace("min: 50%", "min: 50MB"))
    status, said = stage.run("--config", path)
    assert status == 1, (status, said)
    lines = said.splitlines()
    assert len(lines) == 1 and re.search(r"broken\.yaml:\d+:\d+: .*min", lines[0]), said


def a_file_that_was_named_and_is_missing_is_fatal(stage):
    status, said = stage.run("--config", stage.path("absent.yaml"))
    assert status == 1 and len(said.splitlines()) == 1, (status, said)
    assert "absent.yaml does not exist" in said, said


def a_running_daemon_keeps_its_configuration(stage, daemon, name):
    """SIGHUP with a broken file: refused, told, and nothing else."""
    before = daemon.ctl("status")
    path = INVALID / (name + ".yaml")
    daemon.write_config("")
    shutil.copy(path, daemon.config_path)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_notify("RELOADING=1", START_TIMEOUT_S)
    daemon.wait_notify("READY=1", START_TIMEOUT_S)
    status = daemon.ctl("status")
    assert status["ConfigGeneration"] == before["ConfigGeneration"], status
    assert ":%s: " % place_of(path) in status["LastReloadError"], status["LastReloadError"]
    assert status["State"] == "running", status
    wait_ticks(1)
    guests = daemon.guests().values()
    assert len(guests) == stage.n_guests
    assert {(g["State"], g["Policy"]) for g in guests} == {("managed", "hold")}
    _, shown = stage.run_ctl("status")
    assert "Last reload: failed: " in shown and ":%s: " % place_of(path) in shown, shown


def the_next_good_file_is_taken(stage, daemon):
    before = daemon.ctl("status")
    assert before["LastReloadError"] != ""
    assert sizes(daemon) == {MEMORY_MIB}
    daemon.reload(stage.config("headroom"))
    status = daemon.ctl("status")
    assert status["ConfigGeneration"] == before["ConfigGeneration"] + 1, status
    assert status["LastReloadError"] == "", status
    # Another policy, and it is followed.
    wait_sizes(daemon, lambda size: size == MEMORY_MIB // 2, "headroom shrinks all to the floor")
    assert {g["Policy"] for g in daemon.guests().values()} == {"headroom"}


def promises_change_with_the_configuration(stage, daemon):
    daemon.reload(stage.config("hold").replace("min: 50%", "min: 25%, max: 400MiB"))
    # Above the new ceiling, which holds against any policy; what it uses stays.
    wait_sizes(daemon, lambda size: size == 400, "all are at their new ceiling")
    guest = daemon.guests()["guest-000"]
    assert (guest["Ceiling"], guest["Floor"]) == (400 * MIB, 232 * MIB), guest


def a_file_that_vanished_is_an_error(stage, daemon):
    before = daemon.ctl("status")
    pathlib.Path(daemon.config_path).unlink()
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_notify("RELOADING=1", START_TIMEOUT_S)
    daemon.wait_notify("READY=1", START_TIMEOUT_S)
    status = daemon.ctl("status")
    assert status["ConfigGeneration"] == before["ConfigGeneration"], status
    assert "No such file" in status["LastReloadError"], status
    assert {g["State"] for g in daemon.guests().values()} == {"managed"}


def reload_checks(checks, stage):
    """One daemon goes through all of it."""
    daemon = stage.daemon(stage.config("hold"))
    try:
        daemon.start()
        daemon.wait_state("managed")
    except DaemonError as error:
        checks.that("a daemon to reload starts", False, error)
        return
    try:
        for name in BROKEN:
            checks.run("a_running_daemon_refuses_" + name, a_running_daemon_keeps_its_configuration,
                       stage, daemon, name)
        for check in (the_next_good_file_is_taken, promises_change_with_the_configuration,
                      a_file_that_vanished_is_an_error):
            checks.run(check.__name__, check, stage, daemon)
    finally:
        checks.that("a daemon that was reloaded often ends well", daemon.stop() == 0)


def run(checks, stage):
    for check in (check_config_needs_no_privileges_no_bus_and_no_libvirt,
                  check_config_of_no_file_is_an_error, a_broken_file_at_start_is_fatal,
                  a_file_that_was_named_and_is_missing_is_fatal):
        checks.run(check.__name__, check, stage)
    for name in BROKEN:
        checks.run("check_config_refuses_" + name, check_config_says_where_it_is_wrong, stage,
                   name)
    reload_checks(checks, stage)
