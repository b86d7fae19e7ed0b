# SPDX-License-Identifier: LGPL-2.1-or-later
"""exclude, pause, give-back and what takes them back, from balloonctl to the guests' sizes."""

import re
import time

from daemon import poll_until
from monitor import wait_ticks
from stage import MEMORY_MIB, MIB, TIMEOUT_S, wait_sizes

ONE = "guest-007"
HALF, WHOLE = MEMORY_MIB // 2, MEMORY_MIB


def one(daemon):
    return daemon.guests()[ONE]


def wait_others(daemon, size, what):
    def probe():
        return {guest["Actual"] // MIB for name, guest in daemon.guests().items()
                if name != ONE} == {size}
    return poll_until(probe, what, TIMEOUT_S)


def an_excluded_guest_is_only_observed(stage):
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        status, said = stage.run_ctl("exclude", ONE, "--reason", "its owner steers it")
        assert (status, said) == (0, ""), (status, said)
        guest = daemon.wait_guest(ONE, lambda g: g["State"] == "excluded", "is excluded")
        assert guest["Reason"] == "an operator excluded it: it is only observed", guest
        assert guest["ExcludeReason"] == "its owner steers it" and guest["ExcludedBy"], guest
        # A hold beside it changes nothing, and stands when it is included again.
        daemon.ctl("hold", ONE)
        daemon.reload(stage.config("headroom"))
        wait_others(daemon, HALF, "all others shrink")
        wait_ticks(2)
        assert one(daemon)["State"] == "excluded", one(daemon)
        assert one(daemon)["Actual"] == WHOLE * MIB, one(daemon)
        daemon.ctl("include", ONE)
        daemon.wait_guest(ONE, lambda g: g["State"] == "held", "is held")
        daemon.ctl("unhold", ONE)
        wait_sizes(daemon, lambda size: size == HALF, "it shrinks as well")
        assert one(daemon)["ExcludedBy"] == "", one(daemon)
        log = daemon.log()
    assert 'guest "%s": excluded by ' % ONE in log and ": its owner steers it\n" in log, log
    assert 'guest "%s": included by ' % ONE in log, log


def a_paused_guest_grows_and_is_not_shrunk(stage):
    with stage.daemon(stage.config("headroom").replace("50%", "625MiB")) as daemon:
        wait_sizes(daemon, lambda size: size == 625, "all shrink")
        daemon.ctl("pause", ONE, "--for", "1h", "--reason", "a backup")
        guest = daemon.wait_guest(ONE, lambda g: g["PausedBy"], "is paused")
        assert 0 < guest["PausedUntilUSec"] <= (time.time() + 3600) * 1e6, guest
        assert guest["State"] == "managed" and guest["PauseReason"] == "a backup", guest
        assert "not shrunk at any level" in guest["Reason"], guest
        daemon.reload(stage.config("headroom"))
        wait_others(daemon, HALF, "all others shrink")
        wait_ticks(2)
        assert one(daemon)["Actual"] == 625 * MIB, one(daemon)
        _, said = stage.run_ctl("explain", ONE)
        assert "An order stands: paused by " in said and ": a backup.\n" in said, said
        assert re.search("ordered +not shrunk: an operator ordered that", said), said
        daemon.reload(stage.config("headroom").replace("50%", "75%"))
        wait_sizes(daemon, lambda size: size == WHOLE * 3 // 4, "all grow")
        daemon.reload(stage.config("headroom"))
        daemon.ctl("resume", ONE)
        wait_sizes(daemon, lambda size: size == HALF, "all shrink")
        assert one(daemon)["PausedBy"] == "", one(daemon)
        assert 'guest "%s": resumed by ' % ONE in daemon.log(), daemon.log()


def while_all_are_paused_nobody_moves(stage):
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        daemon.ctl("pause", "--all", "--reason", "an audit")
        guest = daemon.wait_guest(ONE, lambda g: g["State"] == "held", "is held")
        assert guest["Reason"] == "an operator paused all guests: nothing is asked of it", guest
        assert guest["PauseReason"] == "an audit" and guest["PausedBy"], guest
        status = daemon.ctl("status")
        assert status["PauseReason"] == "an audit" and status["PausedUntilUSec"] == 0, status
        _, said = stage.run_ctl("status")
        assert re.search("All guests: paused by .*: an audit\n", said), said
        daemon.reload(stage.config("headroom"))
        wait_ticks(3)
        assert {g["Actual"] for g in daemon.guests().values()} == {WHOLE * MIB}
        # Of one guest there is nothing to resume.
        daemon.ctl("resume", ONE)
        wait_ticks(2)
        assert one(daemon)["Actual"] == WHOLE * MIB, one(daemon)
        daemon.ctl("resume", "--all")
        wait_sizes(daemon, lambda size: size == HALF, "all shrink")
        assert daemon.ctl("status")["PausedBy"] == ""
        log = daemon.log()
    assert "all guests: paused by " in log and "all guests: resumed by " in log, log
    assert "was not paused, resumed by " in log, log


def give_back_raises_a_guest_and_ends_with_its_time(stage):
    with stage.daemon(stage.config("headroom")) as daemon:
        wait_sizes(daemon, lambda size: size == HALF, "all shrink")
        daemon.ctl("give-back", ONE)
        guest = daemon.wait_guest(ONE, lambda g: g["Actual"] == WHOLE * MIB, "has its ceiling")
        assert 3500e6 < guest["GivenBackUntilUSec"] - time.time() * 1e6 <= 3600e6, guest
        assert guest["Reason"].startswith("an operator gave it its memory back"), guest
        wait_ticks(2)
        assert one(daemon)["Actual"] == WHOLE * MIB, one(daemon)
        wait_others(daemon, HALF, "the others stay")
        daemon.ctl("give-back", ONE, "--for", "1s")
        wait_sizes(daemon, lambda size: size == HALF, "it shrinks again")
        log = daemon.log()
    assert "the time for which it was given back is over" in log, log


def give_back_of_all_takes_what_room_there_is(stage):
    # The pool has room for three quarters of all.
    pool = "pool: %dMiB" % (stage.n_guests * (WHOLE * 3 // 4 + 75))
    with stage.daemon(stage.config("headroom").replace("pool: 32TiB", pool)) as daemon:
        wait_sizes(daemon, lambda size: size == HALF, "all shrink")
        daemon.ctl("give-back", "--all")
        wait_sizes(daemon, lambda size: HALF + 100 < size < WHOLE, "all grow, nobody in full")
        guest = daemon.wait_guest(ONE, lambda g: g["GivenBackBy"], "is given back")
        assert guest["Reason"].endswith("the host has no room for all"), guest
        _, said = stage.run_ctl("explain", ONE)
        assert re.search(r"To be given back in full it lacks \d+ MiB", said), said
        daemon.ctl("resume", "--all")
        wait_sizes(daemon, lambda size: size == HALF, "all shrink again")


def small_guests(stage):
    """A configuration in which all guests have less than their ceilings: not more than the machine
    that runs this may have to spare, for a hundred of them."""
    half = "<currentMemory unit='MiB'>%d<" % HALF
    with open(stage.path("node.xml"), encoding="utf-8") as node:
        small = node.read().replace("<currentMemory unit='MiB'>%d<" % WHOLE, half)
    text = stage.config("headroom").replace("min: 50%", "min: 25%, max: 576MiB")
    return text.replace(stage.path("node.xml"), stage.write("small.xml", small))


def balloond_gives_back_once_before_it_is_removed(stage):
    path = stage.write("removed.yaml", small_guests(stage))
    status, said = stage.run("--config", path, "--give-back", "--debug")
    assert status == 0 and "all guests: given back by --give-back" in said, (status, said)
    assert said.count("512 MiB -> 576 MiB") == 2 * stage.n_guests, said  # log and list
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        status, said = stage.run("--config", path, "--give-back")
        assert status == 1 and "use balloonctl give-back --all" in said, (status, said)


def what_cannot_be_ordered_is_said(stage):
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        for arguments, code, words in (
                (["pause"], 2, "give a guest, or --all"),
                (["pause", ONE, "--all"], 2, "give a guest, or --all"),
                (["give-back", ""], 2, "give a guest, or --all"),
                (["exclude", "--all"], 2, "not an option of this verb"),
                (["resume", ONE, "--for", "1h"], 2, "not an option of this verb"),
                (["exclude", ""], 1, 'no guest with the name or UUID ""'),
                (["pause", "nobody"], 1, '"nobody"')):
            status, said = stage.run_ctl(*arguments)
            assert status == code and words in said, (arguments, status, said)
        wait_ticks(1)
        assert {g["PausedBy"] + g["ExcludedBy"] for g in daemon.guests().values()} == {""}


def run(checks, stage):
    for check in (an_excluded_guest_is_only_observed, a_paused_guest_grows_and_is_not_shrunk,
                  while_all_are_paused_nobody_moves,
                  give_back_raises_a_guest_and_ends_with_its_time,
                  give_back_of_all_takes_what_room_there_is,
                  balloond_gives_back_once_before_it_is_removed, what_cannot_be_ordered_is_said):
        checks.run(check.__name__, check, stage)
