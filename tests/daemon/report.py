# SPDX-License-Identifier: LGPL-2.1-or-later
"""What balloonctl report says of what balloond took, or would have taken."""

import json
import os
import pathlib
import re
import shutil
import stat
import time

from monitor import wait_ticks
from stage import MEMORY_MIB, MIB, wait_sizes

NOWHERE = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"}

# The test driver's guests use half of their memory.  headroom leaves them that and 30 % of the
# whole, in whole MiB; where it acts they use half of the rest again, until they are at their floor.
TAKEN_DRY = (MEMORY_MIB - 732) * MIB
TAKEN_LIVE = MEMORY_MIB // 2 * MIB
# At 128 MiB/s, four ticks a second where guests move, and some.
TICKS = 20
HOUR = 3600 * 1000 * 1000


def fresh(stage, name):
    """A state directory of this check's own, which does not exist yet."""
    return str(stage.directory / ("state-" + name))


def run_daemon(stage, state_dir, config):
    daemon = stage.daemon(config)
    daemon.state_dir = state_dir
    with daemon:
        daemon.wait_state("managed")
        wait_ticks(TICKS)


def report(stage, state_dir, *arguments):
    status, said = stage.run_ctl("--json=short", "report", "--state-dir", state_dir, *arguments,
                                 **NOWHERE)
    assert status == 0, (status, said)
    return json.loads(said.splitlines()[-1])


def check_mode(stage, mode, dry_run, most, watched_s=TICKS / 4):
    assert mode["DryRun"] is dry_run and mode["WorstLevel"] == "normal", mode
    assert mode["Pool"] == 32 << 40 and mode["ChargedMost"] > stage.n_guests * MEMORY_MIB * MIB
    assert len(mode["Guests"]) == mode["GuestsTaken"] == stage.n_guests, mode["GuestsTaken"]
    assert mode["GuestsBelow"] == mode["BelowUSec"] == 0, mode
    assert mode["TakenMost"] == stage.n_guests * most, mode["TakenMost"]
    # Up to a tick is missing at each end.
    assert watched_s - 1 <= mode["WatchedUSec"] / 1e6 <= 60, mode["WatchedUSec"]
    for guest in mode["Guests"]:
        assert guest["TakenMost"] == most, guest
        assert 0 < guest["TakenAverage"] < most, guest
        assert 0 < guest["KnownUSec"] <= guest["WatchedUSec"] <= mode["WatchedUSec"], guest
    assert {g["Name"] for g in mode["Guests"]} == {
        "guest-%03d" % i for i in range(stage.n_guests)}


def a_dry_run_says_what_it_would_have_taken(stage, state):
    found = report(stage, state)
    assert found["LinesSkipped"] == 0 and len(found["Modes"]) == 1, found
    check_mode(stage, found["Modes"][0], True, TAKEN_DRY)
    _, said = stage.run_ctl("report", "--state-dir", state)
    wanted = r"Dry run, .* s: \S+ [GM]iB on average would have been taken from %d guests; " \
             r"none of them would have been below demand\." % stage.n_guests
    assert re.match(wanted, said), said
    rows = [line.split() for line in said.splitlines() if line.startswith("guest-")]
    assert len(rows) == stage.n_guests and {row[-5] for row in rows} == {"292M"}, said


def what_is_recorded_is_for_few(state):
    """Who has which guests, and when they are busy, is the operator's to know."""
    assert {stat.S_IMODE(f.stat().st_mode) for f in pathlib.Path(state).iterdir()} == {0o640}


def only_what_is_asked_for_is_added_up(stage, state):
    state = shutil.copytree(state, fresh(stage, "since"))
    path = next(pathlib.Path(state).iterdir())
    one = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    old = dict(one, Name="old", UUID="old", BeginUSec=one["BeginUSec"] - 30 * 24 * HOUR,
               EndUSec=one["EndUSec"] - 30 * 24 * HOUR)
    recent = dict(one, Name="recent", UUID="recent", BeginUSec=one["BeginUSec"] - 3 * HOUR,
                  EndUSec=one["EndUSec"] - 2 * HOUR)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(old) + "\n" + json.dumps(recent) + "\n")
    for since, n in (("40d", 2), ("7d", 1), ("60min", 0)):
        guests = report(stage, state, "--since=" + since)["Modes"][0]["Guests"]
        assert len(guests) == stage.n_guests + n, (since, len(guests))


def what_cannot_be_read_is_counted_and_left_out(stage, state):
    before = report(stage, state)
    path = next(pathlib.Path(state).iterdir())
    good = path.read_bytes()
    begin = good.splitlines()[0]
    path.write_bytes(b"\0\n[]\n{}\nnull\n\"x\"\n" + b"x" * 10000 + b"\n" + good
                     + begin.replace(b"BelowUSec\":", b"BelowUSec\":-1") + b"\n"
                     + begin.replace(b"true", b"\"yes\"") + b"\n\xff\xfe")
    after = report(stage, state)
    _, said = stage.run_ctl("report", "--state-dir", state)
    path.write_bytes(good)
    assert after["LinesSkipped"] == 9, after["LinesSkipped"]
    assert after["Modes"] == before["Modes"], "the good lines count as before"
    assert "9 lines in %s cannot be read, left out\n" % state in said, said


def spans_add_up_over_a_restart(stage, state):
    """The first one's last line was cut, by a full disk or a power failure."""
    path = next(pathlib.Path(state).iterdir())
    good = path.read_bytes()
    before = report(stage, state)["Modes"][0]
    path.write_bytes(good + good.splitlines()[0][:100])
    run_daemon(stage, state, stage.config("headroom", "dry-run: true"))
    lines = [json.loads(line) for file in pathlib.Path(state).iterdir()
             for line in file.read_bytes().splitlines() if line.endswith(b"}")]
    # Two, or more if a full hour passed.
    spans = sorted({(line["BeginUSec"], line["EndUSec"]) for line in lines})
    assert len(spans) >= 2 and len(lines) == len(spans) * (stage.n_guests + 1), (lines, spans)
    assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:])), spans
    found = report(stage, state)
    after = found["Modes"][0]
    assert found["LinesSkipped"] == 1, found["LinesSkipped"]
    check_mode(stage, after, True, TAKEN_DRY)
    assert after["WatchedUSec"] > before["WatchedUSec"]
    assert after["WatchedUSec"] == sum(l["WatchedUSec"] for l in lines if "UUID" not in l)


def a_dry_run_and_what_followed_are_told_apart(stage):
    state = fresh(stage, "both")
    daemon = stage.daemon(stage.config("headroom", "dry-run: true"))
    daemon.state_dir = state
    with daemon:
        daemon.wait_state("managed")
        wait_ticks(TICKS)
        daemon.reload(stage.config("headroom"))
        begin = time.monotonic()
        wait_sizes(daemon, lambda size: size == MEMORY_MIB // 2, "all shrink to their floors")
        wait_ticks(2)
        watched_s = time.monotonic() - begin
    dry, live = report(stage, state)["Modes"]
    check_mode(stage, dry, True, TAKEN_DRY)
    check_mode(stage, live, False, TAKEN_LIVE, watched_s)
    _, said = stage.run_ctl("report", "--state-dir", state)
    assert "In effect, " in said and " was taken from %d guests; " % stage.n_guests in said, said


def a_guest_that_ends_leaves_its_record(stage):
    """Its record is written when it goes: no hour has passed, and balloond runs."""
    state = fresh(stage, "gone")
    nodes = pathlib.Path(stage.path("node.xml"))
    whole = nodes.read_text(encoding="utf-8")
    daemon = stage.daemon(stage.config("headroom"))
    daemon.state_dir = state
    with daemon:
        daemon.wait_state("managed")
        wait_sizes(daemon, lambda size: size == MEMORY_MIB // 2, "all shrink to their floors")
        nodes.with_name("fewer.xml").write_text(whole.replace("guest-000", "guest-xxx").replace(
            "a0000000-0000-4000-8000-000000000000", "b0000000-0000-4000-8000-000000000000"),
            encoding="utf-8")
        daemon.reload(stage.config("headroom").replace("node.xml", "fewer.xml"))
        daemon.wait_state("managed")
        wait_ticks(2)
        found = report(stage, state)["Modes"][0]["Guests"]
        assert "guest-000" in {guest["Name"] for guest in found}, found
    names = [guest["Name"] for guest in report(stage, state)["Modes"][0]["Guests"]]
    assert names.count("guest-000") == names.count("guest-xxx") == 1, names


def line(now, dry_run, **figures):
    known = {"BeginUSec": now - 2 * HOUR, "EndUSec": now - HOUR, "DryRun": dry_run,
             "WatchedUSec": HOUR}
    return json.dumps(dict(known, **figures)) + "\n"


def guest(now, dry_run, number, taken_mib, **figures):
    """Half of the most was taken all the time."""
    known = {"UUID": str(number), "Name": "guest-%d" % number, "KnownUSec": HOUR,
             "TakenMiBSeconds": taken_mib * 3600, "TakenMost": 2 * taken_mib * MIB}
    return line(now, dry_run, **dict(known, **figures))


def what_was_too_little_is_said(stage):
    now = time.time_ns() // 1000
    state = pathlib.Path(fresh(stage, "made"))
    state.mkdir()
    (state / "tally-2999-12-31.jsonl").write_text(
        guest(now, True, 1, 512) + guest(now, True, 2, 0)
        + guest(now, True, 3, 1024, BelowUSec=3600000, Episodes=2, Shortfall=176 * MIB)
        + guest(now, True, 4, 100, KnownUSec=0)
        + line(now, True, TakenMiBSeconds=1636 * 3600, TakenMost=3 << 30, Pool=8 << 30,
               ChargedMost=9 << 30, Level=2)
        + guest(now, False, 1, 512, BelowUSec=1000000, Episodes=1)
        + guest(now, False, 2, 256, BelowUSec=36000000, Episodes=3)
        + line(now, False, TakenMiBSeconds=768 * 3600, TakenMost=1 << 30, Pool=8 << 30,
               ChargedMost=7 << 30, Level=0), encoding="utf-8")
    status, said = stage.run_ctl("report", "--state-dir", str(state), **NOWHERE)
    assert status == 0
    assert [line.split() for line in said.splitlines()] == [line.split() for line in '''\
Dry run, 1 h: 1.59 GiB on average would have been taken from 3 guests; 1 of them would have been \
below demand, 0.1% of its time; the demand of 1 is not known.
The pool was 8.00 GiB at most, and charged 9.00 GiB at most; the worst level was low.

GUEST   WATCHED TAKEN AT MOST BELOW SHARE TIMES SHORT BY
guest-3     1 h 1.00G   2.00G 3.6 s  0.1%     2     176M
guest-1     1 h  512M   1.00G     -    0%     -        -
guest-4     1 h  100M    200M     -     -     -        -
guest-2     1 h    0B      0B     -    0%     -        -
(all)       1 h 1.59G   3.00G 3.6 s <0.1%     2     176M

In effect, 1 h: 768 MiB on average was taken from 2 guests; 2 of them were below demand, 0.5% of \
their time.
The pool was 8.00 GiB at most, and charged 7.00 GiB at most; the worst level was normal.

GUEST   WATCHED TAKEN AT MOST  BELOW SHARE TIMES SHORT BY
guest-1     1 h  512M   1.00G  1.0 s <0.1%     1        -
guest-2     1 h  256M    512M 36.0 s    1%     3        -
(all)       1 h  768M   1.00G 37.0 s  0.5%     4        -
'''.splitlines()], said


def without_records_it_says_so(stage):
    state = fresh(stage, "none")
    for _ in range(2):
        status, said = stage.run_ctl("report", "--since", "12h", "--state-dir", state)
        assert status == 0 and re.fullmatch(
            r"Nothing is recorded since \d+-\d+-\d+ \d+:\d+: balloond keeps one record an hour in "
            + re.escape(state) + r"\.\n", said), said
        assert report(stage, state)["Modes"] == []
        os.makedirs(state, exist_ok=True)


def a_directory_that_cannot_be_used_is_said_once_and_harms_nobody(stage):
    daemon = stage.daemon(stage.config("headroom", "dry-run: true"))
    daemon.state_dir = stage.write("no-directory", "")
    with daemon:
        daemon.wait_state("managed")
        wait_ticks(3)
        daemon.reload(stage.config("headroom"))
        wait_ticks(3)
        daemon.reload(stage.config("headroom", "dry-run: true"))
        wait_ticks(3)
    assert daemon.log().count("cannot keep the figures of balloonctl report") == 1, daemon.log()
    status, said = stage.run_ctl("report", "--state-dir", daemon.state_dir)
    assert status == 1 and "cannot read %s: Not a directory" % daemon.state_dir in said, said


def wrong_options_are_usage(stage):
    for arguments, words in ((["report", "--since=7"], "takes a time such as"),
                             (["report", "--since=yesterday"], "takes a time such as"),
                             (["report", "guest-000"], "usage: balloonctl report"),
                             (["list", "--since=7d"], "not an option of this verb")):
        status, said = stage.run_ctl(*arguments)
        assert status == 2 and words in said, (arguments, status, said)


def run(checks, stage):
    state = fresh(stage, "dry")
    checks.run("a_dry_run_is_recorded", run_daemon, stage, state,
               stage.config("headroom", "dry-run: true"))
    checks.run("what_is_recorded_is_for_few", what_is_recorded_is_for_few, state)
    for check in (a_dry_run_says_what_it_would_have_taken, only_what_is_asked_for_is_added_up,
                  what_cannot_be_read_is_counted_and_left_out, spans_add_up_over_a_restart):
        checks.run(check.__name__, check, stage, state)
    for check in (a_dry_run_and_what_followed_are_told_apart, a_guest_that_ends_leaves_its_record,
                  what_was_too_little_is_said, without_records_it_says_so,
                  a_directory_that_cannot_be_used_is_said_once_and_harms_nobody,
                  wrong_options_are_usage):
        checks.run(check.__name__, check, stage)
