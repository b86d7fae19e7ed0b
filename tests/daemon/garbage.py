# SPDX-License-Identifier: LGPL-2.1-or-later
"""A policy that answers garbage in every field harms nobody."""

import os
import re

from checks import form
from monitor import GUEST, PATH, managed_objects, wait_ticks
from stage import MEMORY_MIB, MIB

TICKS = 100 if form() == "long" else 20
# What the policy's table has, and what is said where it points outside of it.
REASONS = {"it says anything", "it says something else"}
NO_REASON = {"the policy gave no reason"}
FIGURES = {"nonsense", "more-nonsense", "its-hour"}
# Of all guests' ceilings; their floors are half of these.
TIGHT_POOL = 0.75


def start(stage, text):
    return stage.daemon(text, "--policy-dir",
                        os.path.join(stage.build, "tests", "fixtures", "policies"))


def promises_are_kept(daemon, n_guests):
    """Looks at every guest once; their sizes and targets, MiB.  Garbage teaches floors, within what
    was promised; a guest that is smaller than it has just taught is no broken promise."""
    guests = daemon.guests()
    assert len(guests) == n_guests, len(guests)
    promised = MEMORY_MIB * MIB // 2
    for name, guest in guests.items():
        assert guest["Ceiling"] == MEMORY_MIB * MIB, guest
        assert promised <= guest["Floor"] <= max(promised, guest["FloorLearned"]), (name, guest)
        for figure in ("FloorLearned", "Actual", "Target"):
            low = 0 if figure == "FloorLearned" else promised
            assert low <= guest[figure] <= guest["Ceiling"], (name, figure, guest)
    return [(guest["Actual"] // MIB, guest["Target"] // MIB) for guest in guests.values()]


def sizes_stay_between_floor_and_ceiling(stage):
    with start(stage, stage.config("garbage")) as daemon:
        daemon.wait_state("managed")
        seen = []
        for _ in range(TICKS):
            seen += promises_are_kept(daemon, stage.n_guests)
            wait_ticks(1)
        moved = {actual for actual, _ in seen}
        assert len(moved) > 10, "it has moved nobody: %s" % moved
        assert any(target > actual for actual, target in seen), "nobody grew"
        assert any(target < actual for actual, target in seen), "nobody shrank"
        # From here it goes on as if nothing had been.
        daemon.reload(stage.config("headroom").replace("headroom", "good"))
        wait_ticks(2)
        before = promises_are_kept(daemon, stage.n_guests)
        wait_ticks(2)
        assert promises_are_kept(daemon, stage.n_guests) == before


def a_pool_that_is_short_stays_kept(stage):
    pool = int(stage.n_guests * MEMORY_MIB * TIGHT_POOL)
    text = stage.config("garbage").replace("pool: 32TiB", "pool: %dMiB" % pool)
    with start(stage, text) as daemon:
        daemon.wait_state("managed")
        charged = [daemon.ctl("status")["Charged"]]
        for _ in range(TICKS):
            wait_ticks(1)
            promises_are_kept(daemon, stage.n_guests)
            charged.append(daemon.ctl("status")["Charged"])
        for before, after in zip(charged, charged[1:]):
            assert after <= max(pool * MIB, before), (before, after, pool * MIB)
        assert charged[-1] <= pool * MIB, (charged[-1], pool * MIB)


def what_it_says_is_told_or_left_out(stage):
    with start(stage, stage.config("garbage")) as daemon:
        daemon.wait_state("managed")
        said, figures = set(), set()
        for i in range(stage.n_guests):
            told = daemon.ctl("explain", "guest-%03d" % i)
            reason = told["PolicyReason"]
            assert reason in REASONS | NO_REASON and told["Reason"], told
            assert told["Figures"]["Claim"] <= told["Figures"]["Proposal"], told
            said.add(reason in REASONS)
            names = [figure["Name"] for figure in told["PolicyFigures"]]
            assert set(names) <= FIGURES and len(set(names)) == len(names), told
            figures.add(len(names))
            status, text = stage.run_ctl("explain", "guest-%03d" % i)
            assert status == 0 and re.search(r"^which proposes ", text, re.MULTILINE), text
        assert said == {True, False}, "reasons are all alike: %s" % said
        assert {0, len(FIGURES)} <= figures, figures
        objects = managed_objects()
        reasons = {o[GUEST]["Reason"] for path, o in objects.items() if path != PATH}
        assert reasons and all(reason.isprintable() and reason for reason in reasons), reasons


def run(checks, stage):
    for check in (sizes_stay_between_floor_and_ceiling, a_pool_that_is_short_stays_kept,
                  what_it_says_is_told_or_left_out):
        checks.run("garbage_" + check.__name__, check, stage)
