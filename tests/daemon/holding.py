# SPDX-License-Identifier: LGPL-2.1-or-later
"""An operator's hold: who is held stays, whatever its rule wants, until it is let go."""

import re
import time

from daemon import poll_until
from monitor import wait_ticks
from stage import MEMORY_MIB, MIB, TIMEOUT_S, wait_sizes

HELD = "guest-007"
UUID = "a0000000-0000-4000-8000-000000000007"


def held(daemon):
    return daemon.guests()[HELD]


def others(daemon):
    """Their sizes, MiB, each once."""
    return {guest["Actual"] // MIB for name, guest in daemon.guests().items() if name != HELD}


def wait_others(daemon, size, what):
    return poll_until(lambda: others(daemon) == {size}, what, TIMEOUT_S)


def hold_fixes_a_guest_while_its_rule_moves_all(stage):
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        status, said = stage.run_ctl("hold", HELD, "--reason", "kernel tests")
        assert (status, said) == (0, ""), (status, said)
        guest = daemon.wait_guest(HELD, lambda g: g["State"] == "held", "is held")
        assert guest["Reason"] == "an operator holds it", guest
        assert guest["HoldReason"] == "kernel tests" and guest["HeldUntilUSec"] == 0, guest
        daemon.reload(stage.config("headroom"))
        wait_others(daemon, MEMORY_MIB // 2, "all others shrink")
        wait_ticks(2)
        assert held(daemon)["Actual"] == held(daemon)["Target"] == MEMORY_MIB * MIB, held(daemon)
        _, said = stage.run_ctl("explain", HELD)
        assert "An order stands: held by " in said and ": kernel tests.\n" in said, said
        assert re.search("held +kept as it is: it is held", said), said
        assert daemon.ctl("unhold", UUID) == {"Taken": True}
        wait_sizes(daemon, lambda size: size == MEMORY_MIB // 2, "it shrinks as well")
        guest = daemon.wait_guest(HELD, lambda g: g["State"] == "managed", "is managed")
        assert guest["HeldBy"] == guest["HoldReason"] == "", guest
        log = daemon.log()
    for words in (': held by ', ": kernel tests\n", ": let go by "):
        assert 'guest "%s"' % HELD in log and words in log, (words, log)


def a_held_guest_does_not_grow_either(stage):
    with stage.daemon(stage.config("headroom")) as daemon:
        wait_sizes(daemon, lambda size: size == MEMORY_MIB // 2, "all shrink")
        daemon.ctl("hold", HELD)
        daemon.wait_guest(HELD, lambda g: g["State"] == "held", "is held")
        # All are promised more than they have.
        daemon.reload(stage.config("headroom").replace("50%", "75%"))
        wait_others(daemon, MEMORY_MIB * 3 // 4, "all others grow")
        wait_ticks(2)
        assert held(daemon)["Actual"] == MEMORY_MIB // 2 * MIB, held(daemon)
        daemon.ctl("unhold", HELD)
        wait_sizes(daemon, lambda size: size == MEMORY_MIB * 3 // 4, "it grows as well")


def a_hold_ends_with_its_time(stage):
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        daemon.ctl("hold", HELD, "--for", "3s")
        guest = daemon.wait_guest(HELD, lambda g: g["State"] == "held", "is held")
        until = guest["HeldUntilUSec"]
        assert 0 < until <= (time.time() + 3) * 1e6, until
        # A new order replaces the old one: nobody has to wait for what was meant for hours.
        daemon.ctl("hold", HELD, "--for", "1s")
        daemon.wait_guest(HELD, lambda g: g["HeldUntilUSec"] < until, "ends sooner")
        guest = daemon.wait_guest(HELD, lambda g: g["State"] == "managed", "its time is over")
        assert guest["HeldBy"] == "" and guest["HeldUntilUSec"] == 0, guest
        log = daemon.log()
    assert re.search(r"held by .* until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n", log), log
    assert "the time for which it was held is over" in log, log


def a_dry_run_takes_orders_as_well(stage):
    with stage.daemon(stage.config("headroom", "dry-run: true")) as daemon:
        daemon.wait_state("managed")
        daemon.ctl("hold", HELD)
        guest = daemon.wait_guest(HELD, lambda g: g["State"] == "held", "is held")
        assert guest["Target"] == MEMORY_MIB * MIB, guest


def what_cannot_be_ordered_is_said(stage):
    with stage.daemon(stage.config("hold")) as daemon:
        daemon.wait_state("managed")
        for arguments, words in ((["hold", "nobody"], '"nobody"'),
                                 (["hold", HELD, "--reason", "x" * 200], "127 are allowed")):
            status, said = stage.run_ctl(*arguments)
            assert status == 1 and words in said, (arguments, status, said)
        wait_ticks(1)
        assert {g["HeldBy"] for g in daemon.guests().values()} == {""}


def run(checks, stage):
    for check in (hold_fixes_a_guest_while_its_rule_moves_all, a_held_guest_does_not_grow_either,
                  a_hold_ends_with_its_time, a_dry_run_takes_orders_as_well,
                  what_cannot_be_ordered_is_said):
        checks.run(check.__name__, check, stage)
