# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a configuration does before it is in force, while it is, and when it is broken."""

import os
import pathlib
import re
import shutil
import signal

from checks import Skip
from daemon import START_TIMEOUT_S, DaemonError, poll_until
from monitor import wait_ticks
from stage import MEMORY_MIB, MIB, TIMEOUT_S, TOP, sizes, wait_sizes

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


def check_config_takes_a_fragment_from_any_path(stage):
    """As Ansible calls it, before the file has its name."""
    path = stage.write("fragment", "guests:\n- { name: a, match: { name: a } }\n")
    assert stage.run("--check-config", path) == (0, path + ": OK\n")
    status, said = stage.run("--check-config", "--config", path)
    assert status == 1 and "'version' is missing" in said, (status, said)


def check_config_with_one_more_file_checks_the_whole(stage):
    main = stage.write("whole.yaml", "version: 1\nhost: { reserve: 30% }\n")
    good = stage.write("good-part.yaml", "host: { pool: 60% }\n")
    bad = stage.write("bad-part.yaml", "host: { pool: 80% }\n")
    assert stage.run("--check-config", bad) == (0, bad + ": OK\n")
    status, said = stage.run("--config", main, "--check-config", "--with", good)
    assert (status, said) == (0, "%s: OK\n%s: OK\n" % (main, good)), (status, said)
    status, said = stage.run("--config", main, "--check-config", "--with", bad)
    assert status == 1 and said.startswith(bad + ":1:15: host.pool: "), (status, said)
    status, said = stage.run("--config", main, "--with", good)
    assert status == 1 and "--with goes with --check-config" in said, (status, said)


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
    code, shown = stage.run_ctl("status")
    assert code == 4, code
    assert "Last reload: failed: " in shown and ":%s: " % place_of(path) in shown, shown


def diff(stage, daemon):
    """The last word of `config diff`: whether the daemon runs what is in the files."""
    code, said = stage.run_ctl("config", "diff", "--config=" + daemon.config_path,
                               "--policy-dir=" + stage.build + "/policies")
    assert code == 0, said
    return said.splitlines()[-1]


def balloonctl_reload_says_what_is_wrong(stage, daemon):
    before = daemon.ctl("status")
    daemon.write_config(stage.config("hold").replace("min: 50%", "min: 50MB, ceiling: 1GiB"))
    code, said = stage.run_ctl("reload")
    lines = said.splitlines()
    assert code == 1 and len(lines) == 3, said
    for line, word in zip(lines, ("min", "ceiling")):
        assert re.match(re.escape(daemon.config_path) + r":\d+:\d+: .*" + word, line), said
    after = daemon.ctl("status")
    assert after["ConfigGeneration"] == before["ConfigGeneration"], after
    assert after["ConfigHash"] == before["ConfigHash"], after
    assert after["LastReloadError"] == lines[0], after


def balloonctl_reload_returns_when_it_is_taken(stage, daemon):
    daemon.reload(stage.config("hold"))
    before = daemon.ctl("status")
    # Other words for the same: nothing is different.
    daemon.write_config("# a comment\n" + stage.config("hold").replace("32TiB", "32768GiB"))
    assert diff(stage, daemon) == "balloond runs this configuration."
    daemon.write_config(stage.config("hold").replace("min: 50%", "min: 60%"))
    assert diff(stage, daemon) == "balloond runs another one: reload."
    assert stage.run_ctl("reload") == (0, "")
    after = daemon.ctl("status")
    assert after["ConfigGeneration"] == before["ConfigGeneration"] + 1, after
    assert after["ConfigHash"] != before["ConfigHash"] and after["LastReloadError"] == "", after
    assert diff(stage, daemon) == "balloond runs this configuration."


def overbooking_is_told_once(stage, daemon):
    daemon.reload(stage.config("hold").replace("pool: 32TiB", "pool: 1GiB"))
    poll_until(lambda: daemon.ctl("status")["OverbookedBy"], "it is overbooked", TIMEOUT_S)
    wait_ticks(3)
    status = daemon.ctl("status")
    assert status["OverbookedBy"] == status["Promised"] - status["Pool"] > 0, status
    assert status["Level"] != "normal" and status["LevelReason"] != "", status
    daemon.reload(stage.config("hold"))
    poll_until(lambda: not daemon.ctl("status")["OverbookedBy"], "it is no longer", TIMEOUT_S)
    log = daemon.log()
    assert log.count(" overbooked by ") == 1 == log.count("no longer overbooked"), log[-2000:]
    assert log.count("level %s, was normal: %s\n" % (status["Level"], status["LevelReason"])) == 1


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
                      balloonctl_reload_says_what_is_wrong,
                      balloonctl_reload_returns_when_it_is_taken, overbooking_is_told_once,
                      a_file_that_vanished_is_an_error):
            checks.run(check.__name__, check, stage, daemon)
    finally:
        checks.that("a daemon that was reloaded often ends well", daemon.stop() == 0)


def run(checks, stage):
    for check in (check_config_needs_no_privileges_no_bus_and_no_libvirt,
                  check_config_of_no_file_is_an_error,
                  check_config_takes_a_fragment_from_any_path,
                  check_config_with_one_more_file_checks_the_whole, a_broken_file_at_start_is_fatal,
                  a_file_that_was_named_and_is_missing_is_fatal):
        checks.run(check.__name__, check, stage)
    for name in BROKEN:
        checks.run("check_config_refuses_" + name, check_config_says_where_it_is_wrong, stage,
                   name)
    reload_checks(checks, stage)
