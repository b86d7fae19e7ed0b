# SPDX-License-Identifier: LGPL-2.1-or-later
"""Orders through balloonctl and busctl.  The fake daemon carries them out at once."""

import os
import pwd
import re
import time

from checks import Skip
from private_bus import LET_THROUGH, NAME

PATH = "/org/balloond1"
MANAGER = NAME + ".Manager"
WEB2 = "3c4d5e6f-0000-4000-8000-000000000002"


MEMBERS = ("Exclude", "Include", "Hold", "Unhold", "Pause", "Resume", "GiveBack")


def guest(w, name="db1"):
    return w.json("status", name)[0]


def hold_is_silent_and_shown_everywhere(w):
    assert (guest(w)["HeldBy"], guest(w)["HoldReason"], guest(w)["HeldUntilUSec"]) == ("", "", 0)
    assert "Order:" not in w.run("status", "db1")
    assert "An order" not in w.run("explain", "db1")
    who = "root" if os.getuid() == 0 else "uid %d" % os.getuid()
    begun = time.time() * 1e6
    assert w.run("hold", "db1", "--for=2h", "--reason=kernel tests") == ""
    shown = guest(w)
    assert (shown["State"], shown["HeldBy"], shown["HoldReason"]) == (
        "held", who, "kernel tests"), shown
    assert begun + 7200e6 <= shown["HeldUntilUSec"] <= time.time() * 1e6 + 7200e6, shown
    words = r"held by %s until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: kernel tests\n" % who
    assert re.search(r"^db1 +held .* " + words, w.run("list"), re.MULTILINE), w.run("list")
    assert re.search("Order: " + words, w.run("status", "db1")), w.run("status", "db1")
    assert re.search("An order stands: " + words.replace(r"\n", r"\.\n"), w.run("explain", "db1"))
    assert w.json("explain", "db1")["HeldUntilUSec"] == shown["HeldUntilUSec"]
    assert guest(w, "web-2")["HeldBy"] == ""


def a_hold_for_ever_says_no_end(w):
    assert w.json("hold", WEB2) == {"Taken": True}
    assert guest(w, "web-2")["HeldUntilUSec"] == 0 and guest(w, "web-2")["HeldBy"]
    assert "Order: held by root\n" in w.run("status", "web-2") or os.getuid() != 0
    assert w.json("unhold", "web-2", "--reason=done") == {"Taken": True}


def unhold_takes_it_back(w):
    w.run("hold", "db1")
    w.run("unhold", "db1")
    assert (guest(w)["HeldBy"], guest(w)["State"]) == ("", "managed"), guest(w)
    assert w.run("unhold", "db1") == "", "it is as it should be"


def reasons_reach_no_terminal_as_they_are(w):
    w.run("hold", "db1", "--reason=\033[31mred\nline")
    for arguments in (["list"], ["status", "db1"], ["explain", "db1"]):
        text = w.run(*arguments)
        assert "?[31mred?line" in text and "\033" not in text, text
    assert guest(w)["HoldReason"] == "\033[31mred\nline"
    w.run("unhold", "db1")


def what_cannot_be_ordered_is_said(w):
    for arguments, words in ((["hold", "nobody"], 'no guest with the name or UUID "nobody"'),
                             (["unhold", "nobody"], '"nobody"'),
                             (["hold", "db1", "--reason=" + "x" * 128], "127 are allowed"),
                             (["hold", "db1", "--for=9999999d"], "until ")):
        assert words in w.run(*arguments, code=1), arguments
    for text in ("0s", "5", "soon", "-1h", ""):
        said = w.run("hold", "db1", "--for=" + text, code=2)
        assert said == "balloonctl: --for= takes a time such as 90min, 12h or 7d\n", said
    assert guest(w)["HeldBy"] == ""


def only_root_may_order(w):
    if os.getuid() != 0:
        raise Skip("not root")
    for user in ("nobody", LET_THROUGH):
        for member in MEMBERS:
            code, _, error = w.busctl(NAME, PATH, MANAGER, member, "sa{sv}", "db1", "0",
                                      user=pwd.getpwnam(user).pw_uid)
            assert code != 0 and "denied" in error, (user, member, error)
    assert guest(w)["HeldBy"] == ""


def refusals_name_the_guest_and_what_is_allowed(w):
    code, _, error = w.busctl(NAME, PATH, MANAGER, "Hold", "sa{sv}", "db1", "1", "until", "s", "x")
    assert code != 0 and 'guest "db1"' in error and "until (t)" in error, error
    code, text, error = w.busctl(NAME, PATH, MANAGER, "Unhold", "sa{sv}", "db1", "0")
    assert (code, text) == (0, ""), (text, error)


def every_order_is_shown_until_it_is_taken_back(w):
    for verb, back, words, prefix, state in (
            ("exclude", "include", "excluded", "Exclude", "excluded"),
            ("pause", "resume", "paused", "Pause", "managed"),
            ("give-back", "resume", "given back", "GiveBack", "managed")):
        assert w.run(verb, "db1", "--for=2h", "--reason=a test") == ""
        shown = guest(w)
        assert (shown["State"], shown[prefix + "Reason"]) == (state, "a test"), shown
        order = words + r" by .+ until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: a test"
        assert re.search("^db1 +%s .* %s$" % (state, order), w.run("list"), re.MULTILINE), verb
        assert re.search("Order: %s\n" % order, w.run("status", "db1")), verb
        assert re.search(r"An order stands: %s\.\n" % order, w.run("explain", "db1")), verb
        assert w.json("explain", "db1")[prefix + "Reason"] == "a test"
        w.run(back, "db1")
        assert (guest(w)["State"], guest(w)[prefix + "Reason"]) == ("managed", "")


def orders_stand_beside_each_other(w):
    for verb in ("give-back", "pause", "hold", "exclude"):
        w.run(verb, "db1")
    orders = re.findall("Order: (.+?) by ", w.run("status", "db1"))
    assert orders == ["excluded", "held", "paused", "given back"], orders
    for verb, state in (("include", "held"), ("unhold", "managed"), ("resume", "managed")):
        w.run(verb, "db1")
        assert guest(w)["State"] == state, (verb, guest(w))
    assert "Order:" not in w.run("status", "db1")


def a_pause_of_all_is_the_hosts_and_everybodys(w):
    assert "All guests:" not in w.run("status")
    w.run("pause", "--all", "--reason=an audit")
    assert re.search("All guests: paused by .*: an audit\n", w.run("status")), w.run("status")
    assert w.json("status")["PauseReason"] == guest(w)["PauseReason"] == "an audit"
    w.run("resume", "--all")
    assert w.json("status")["PausedBy"] == guest(w)["PausedBy"] == ""


def give_back_ends_by_itself(w):
    assert w.json("give-back", "--all") == {"Taken": True}
    assert guest(w)["GivenBackUntilUSec"] > 0 and guest(w, "web-2")["GivenBackBy"]
    w.run("resume", "--all")
    assert guest(w)["GivenBackBy"] == ""


def all_or_one_has_to_be_said(w):
    for verb in ("pause", "resume", "give-back"):
        for arguments in ([verb], [verb, "db1", "--all"], [verb, ""]):
            said = w.run(*arguments, code=2)
            assert said == "balloonctl: give a guest, or --all\n", (arguments, said)
    for verb in ("exclude", "include", "hold", "unhold"):
        assert "not an option" in w.run(verb, "--all", code=2), verb


CHECKS = (every_order_is_shown_until_it_is_taken_back, orders_stand_beside_each_other,
          a_pause_of_all_is_the_hosts_and_everybodys, give_back_ends_by_itself,
          all_or_one_has_to_be_said,
          hold_is_silent_and_shown_everywhere, a_hold_for_ever_says_no_end, unhold_takes_it_back,
          reasons_reach_no_terminal_as_they_are, what_cannot_be_ordered_is_said,
          only_root_may_order, refusals_name_the_guest_and_what_is_allowed)
