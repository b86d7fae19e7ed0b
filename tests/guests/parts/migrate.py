# SPDX-License-Identifier: LGPL-2.1-or-later
"""A squeezed guest that is migrated to another libvirtd and back: left alone while it moves, and
taken on as it is where it arrives."""

import threading

from checks import form
from common import boot, config, describe, do, is_near, live_period, mib, wait_managed, watch
from daemon import MIB, Daemon
from second import Second

ROUNDS = 10 if form() == "long" else 1
MOVES, STAYS = "t-moves", "t-stays"
MEMORY_MIB = 256
SMALL_MIB = 180
# MiB a second: it takes long enough to be looked at.
SLOW = "8"


class Pictures:
    def __init__(self):
        self.wrong, self.states = [], []
        self.actual = 0

    def look(self, guests):
        guest = guests.get(MOVES)
        if not guest:
            return
        self.actual = guest["Actual"]
        state = "%s: %s" % (guest["State"], guest["Reason"])
        if state not in self.states:
            self.states.append(state)
        if guest["State"] == "booting" or guest["Target"] > SMALL_MIB * MIB:
            self.wrong.append(describe({MOVES: guest}))


def in_background(migrate, *arguments):
    """Errors are told when it is joined."""
    errors = []

    def run():
        try:
            migrate(*arguments)
        except Exception as error:  # whatever it is, the check fails by it
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def away(checks, daemon, second):
    """Nobody moves it meanwhile, though all guests are to have all of their memory.  Returns the size
    that it leaves with."""
    pictures = Pictures()
    thread, errors = in_background(second.fetch, MOVES, "--bandwidth", SLOW)
    seen = watch(daemon, lambda g: errors or g[MOVES]["State"] == "busy", "it is on its way", 60,
                 pictures.look)
    checks.that("a guest that is migrated away says so", not errors
                and "migrated" in seen[MOVES]["Reason"], errors or describe({MOVES: seen[MOVES]}))
    daemon.reload(config("100%"))
    watch(daemon, lambda g: is_near(g[STAYS]["Actual"], MEMORY_MIB), "another one grows", 60,
          pictures.look)
    watch(daemon, lambda g: errors or MOVES not in g, "it is gone", 90, pictures.look)
    thread.join()
    checks.that("and nobody moves it", not errors and not pictures.wrong,
                "%s %s %s" % (errors, pictures.wrong[:2], pictures.states))
    daemon.reload(config("50%"))
    return pictures.actual


def back(checks, bench, daemon, second, guest, before):
    pictures = Pictures()
    thread, errors = in_background(second.send_back, MOVES)
    watch(daemon, lambda g: errors or (MOVES in g and g[MOVES]["State"] == "managed"),
          "it is back and managed", 60, pictures.look)
    thread.join()
    seen = daemon.guests()
    checks.that("a guest that arrives is taken on with the size that it comes with, and never boots",
                not errors and not pictures.wrong and is_near(seen[MOVES]["Actual"], mib(before)),
                "%s %s %s" % (errors, pictures.wrong[:2], describe(seen)))
    checks.that("until it has reported it waits, and says so",
                any("migrated" in state for state in pictures.states), pictures.states)
    checks.that("its statistics period holds where it arrives",
                live_period(bench, MOVES) == 1 and seen[MOVES]["StatsAgeUSec"] < 5000000,
                seen[MOVES]["StatsAgeUSec"])
    guest.reconnect()
    do(guest, "ping")


def run(checks, bench, build):
    guests = {name: bench.start_guest(name, MEMORY_MIB) for name in (MOVES, STAYS)}
    boot(guests.values())
    with Second(bench) as second, Daemon(build, config("50%")) as daemon:
        wait_managed(daemon, guests)
        for _ in range(ROUNDS):
            watch(daemon, lambda g: all(g[name]["Actual"] < SMALL_MIB * MIB for name in guests),
                  "squeezed", 60)
            before = away(checks, daemon, second)
            guests[MOVES].reconnect(second.root)
            do(guests[MOVES], "ping")
            back(checks, bench, daemon, second, guests[MOVES], before)
