# SPDX-License-Identifier: LGPL-2.1-or-later
"""What balloond writes down of itself is decided again by balloonctl replay, to the same plans."""

import gzip
import json
import os
import pathlib
import re
import signal
import subprocess

from daemon import START_TIMEOUT_S, poll_until
from monitor import wait_ticks
from stage import MEMORY_MIB, TIMEOUT_S, sizes, wait_sizes

NOWHERE = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}


def replay(stage, trace, *arguments):
    """(status, what it says to programs); no bus is needed."""
    status, said = stage.run_ctl("replay", trace, "--policy-dir", stage.build + "/policies",
                                 "--json=short", *arguments, **NOWHERE)
    return status, json.loads(said.splitlines()[-1])


def check_same(stage, trace, ticks, reloads):
    status, found = replay(stage, trace, "--check")
    assert status == 0, found
    assert found["Ticks"] >= ticks and found["TicksWrong"] == found["TicksLost"] == 0, found
    assert found["FirstDifference"] is None and found["Diagnostics"] == [], found
    assert found["Reloads"] == reloads and found["Guests"] == stage.n_guests, found


def a_trace_is_decided_again_to_the_same_plans(stage, trace):
    """With an operator's hold and a reload in it."""
    with stage.daemon(stage.config("headroom"), "--trace", trace) as daemon:
        daemon.wait_state("managed")
        status, said = stage.run_ctl("hold", "guest-007", "--reason=\"mine\", 100%")
        assert status == 0, said
        wait_ticks(3)
        daemon.reload(stage.config("step"))
        wait_sizes(daemon, lambda size: size < MEMORY_MIB or len(sizes(daemon)) > 1, "all move")
        assert stage.run_ctl("unhold", "guest-007")[0] == 0
        wait_ticks(3)
    check_same(stage, trace, 6, 1)


def a_trace_can_be_read_by_people(stage, trace):
    text = pathlib.Path(trace).read_text(encoding="utf-8")
    assert text.startswith("---\ntrace: 1\n") and "\n    hold: true\n" in text
    assert '\n    hold-reason: "%22mine%22, 100%25"\n' in text
    # The files as they were, byte for byte.
    files = re.findall(r"\ntext: \|2\+\n(.*?)---\n", text, re.DOTALL)
    assert [re.sub("(?m)^  ", "", f) for f in files] == [stage.config("headroom"),
                                                         stage.config("step")], files
    assert re.search(r'\nsteps:\n  - uuid: "a0000000-.*"\n    from: 1GiB\n    to: \d+MiB\n', text)
    assert "\nfile: \"%s\"\n" % stage.path("balloond.yaml") in text
    assert re.search(r"\n  policies:\n    - name: headroom\n      state-version: \d+\n", text)
    assert os.stat(trace).st_mode & 0o777 == 0o640


def another_configuration_shows_a_difference(stage, trace):
    other = stage.write("other.yaml", stage.config("headroom").replace(
        "policy: headroom", "policy: headroom, params: { high: 45% }"))
    same = stage.write("same.yaml", stage.config("headroom"))
    status, found = replay(stage, trace, "--check", "--config", other)
    assert status == 1 and found["TicksWrong"] == 0, found
    assert found["TicksOther"] > 0 and found["GuestsOther"] == stage.n_guests, found
    order = found["Orders"][0]
    assert order["Name"] == "guest-000" and order["Recorded"] != order["Instead"], order
    status, said = stage.run_ctl("replay", trace, "--policy-dir", stage.build + "/policies",
                                 "--config", other, **NOWHERE)
    assert status == 0, said
    assert re.search(r"^TIME +GUEST +HAD +RECORDED +INSTEAD ", said), said
    assert re.search(r"\n\d\d:\d\d:\d\d\.\d{3} guest-000 +1\.00G +\S+ +\S+ +\w+", said), said
    assert "This configuration would have ordered otherwise at " in said, said
    # Until the reload it is what was there.
    status, found = replay(stage, trace, "--config", same)
    assert found["Orders"] and found["Orders"][0]["Tick"] > 2, found["Orders"][:1]


def a_record_is_taken_while_it_runs(stage):
    path = stage.path("record.yaml.gz")
    with stage.daemon(stage.config("headroom")) as daemon:
        daemon.wait_state("managed")
        wait_ticks(3)
        status, said = stage.run_ctl("record", "--for=3s", path)
        assert status == 0 and re.fullmatch(
            r"\d+ ticks are in %s; try balloonctl replay\.\n" % re.escape(path), said), said
        assert daemon.ctl("status")["State"] == "running"
    with gzip.open(path) as file:
        assert file.read(16).startswith(b"---\ntrace: 1\n")
    # It begins in the middle: with all that was remembered by then.
    check_same(stage, path, 3, 0)


def start_record(stage, path):
    return subprocess.Popen([os.path.join(stage.build, "balloond", "balloonctl"), "record",
                             "--for=1h", path], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def a_record_ends_with_its_caller(stage):
    path, second = stage.path("short.yaml"), stage.path("second.yaml")
    with stage.daemon(stage.config("headroom")) as daemon:
        daemon.wait_state("managed")
        caller = start_record(stage, path)
        try:
            poll_until(lambda: os.path.exists(path) and "\nhash: " in pathlib.Path(
                path).read_text(encoding="utf-8"), "a tick is written", TIMEOUT_S)
            status, said = stage.run_ctl("record", "--for=1s", second)
            assert status == 1 and "somebody else records already" in said, (status, said)
            caller.send_signal(signal.SIGINT)
            caller.wait(START_TIMEOUT_S)
            poll_until(lambda: stage.run_ctl("record", "--for=1s", second)[0] == 0,
                       "another one may record", TIMEOUT_S)
        finally:
            caller.kill()
            caller.communicate()
        assert len(re.findall(r"recorded \d+ ticks", daemon.log())) == 2, daemon.log()
    for trace in (path, second):
        check_same(stage, trace, 1, 0)


def a_full_disk_ends_the_trace_alone(stage):
    with stage.daemon(stage.config("headroom"), "--trace", "/dev/full") as daemon:
        wait_sizes(daemon, lambda size: size < MEMORY_MIB, "all shrink")
        poll_until(lambda: "No space left on device" in daemon.log(), "it is said", TIMEOUT_S)
        wait_ticks(3)
        words = "cannot write the trace /dev/full, it ends here: No space left on device"
        assert daemon.log().count("/dev/full") == daemon.log().count(words) == 1, daemon.log()
        status, said = stage.run_ctl("record", "--for=10s", "/dev/full")
        assert status == 1 and "No space left on device" in said, (status, said)


def a_record_has_a_length_that_makes_sense(stage):
    path = stage.path("long.yaml")
    with stage.daemon(stage.config("hold")):
        status, said = stage.run_ctl("record", "--for=8d", path)
        assert status == 1 and "691200000000 microseconds are not allowed" in said, said
    for arguments, words in ((["record", "--for=7", path], "takes a time such as"),
                             (["record"], "usage: balloonctl record FILE"),
                             (["replay", "--for=1s", path], "not an option of this verb")):
        status, said = stage.run_ctl(*arguments)
        assert status == 2 and words in said, (arguments, status, said)


def a_trace_that_cannot_be_made_is_fatal(stage):
    path = stage.write("good.yaml", stage.config("hold"))
    status, said = stage.run("--config", path, "--trace", "/nonexistent/trace")
    assert status == 1 and "cannot write the trace /nonexistent/trace: No such file" in said, said


def a_broken_trace_is_replayed_up_to_where_it_breaks(stage, trace):
    whole = pathlib.Path(trace).read_text(encoding="utf-8")
    at = whole.rindex("\nhash: ")
    cut = stage.write("cut.yaml", whole[:at + 1])
    status, said = stage.run_ctl("replay", cut, "--policy-dir", stage.build + "/policies")
    lines = whole.count("\n", 0, at) + 1
    assert status == 1 and said.startswith("%s:%d:1: the trace ends within a tick\n"
                                           % (cut, lines)), said
    assert "decided again, to the same plans" in said, said
    status, said = stage.run_ctl("replay", stage.path("absent"))
    assert status == 1 and said == "%s: cannot be read: No such file or directory\n" \
        % stage.path("absent"), said


def run(checks, stage):
    trace = stage.path("trace.yaml")
    for check in (a_trace_is_decided_again_to_the_same_plans, a_trace_can_be_read_by_people,
                  another_configuration_shows_a_difference,
                  a_broken_trace_is_replayed_up_to_where_it_breaks):
        checks.run(check.__name__, check, stage, trace)
    for check in (a_record_is_taken_while_it_runs, a_record_ends_with_its_caller,
                  a_record_has_a_length_that_makes_sense, a_full_disk_ends_the_trace_alone,
                  a_trace_that_cannot_be_made_is_fatal):
        checks.run(check.__name__, check, stage)
