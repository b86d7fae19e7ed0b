# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds what real guests did against what their models did, step of the load by step.

Nobody knows where between two ticks and two samples a step fell: a second is lost or won by that,
and a policy that leaves a guest alone between two marks then leaves it at another size.  So the
models run the same load at several places within a second.  Moves agree if they do with those of
one place, a time if it lies among those of all places or near to them, and a size if it is near
the median.
"""

import statistics

from common import mib
from daemon import MIB

# What counts as a move of one side, and as the same move of the other side.
MOVE, TRACE_OF_MOVE = 32 * MIB, 8 * MIB
# How near to its end a move is over.
NEAR = 8 * MIB
# Orders in the same tick, or in the next two, have no order of their own.
TOGETHER_S = 1.5
# Of what is real.  A size is told once a second: where one guest waits for what another gives, a
# time is not known better than to the second in which that is seen to be gone, and the next one, in
# which the other is seen to have it.  Over all steps that is lost and won, and their sum is held to
# the percentage alone.
PERCENT, LEAST_S = 25, 2.0


class Window:
    """What a trace says of one step's time, until the next step."""

    def __init__(self, trace, begin, end):
        self.sizes = {name: guest.size.at(end) for name, guest in trace.guests.items()}
        self.grown = {name: size - trace.guests[name].size.at(begin)
                      for name, size in self.sizes.items()}
        self.ordered, self.arrived = {}, {}
        for name, guest in trace.guests.items():
            self.ordered[name] = self._first_order(guest, begin, end, self.grown[name])
            self.arrived[name] = self._arrival(guest, begin, end)

    @staticmethod
    def _first_order(guest, begin, end, grown):
        """Seconds until it was first told to go where it ends up; None: never."""
        size = guest.size.at(begin)
        for when, target in guest.target.between(begin, end):
            if abs(target - size) >= NEAR and (target > size) == (grown > 0):
                return when - begin
        return None

    @staticmethod
    def _arrival(guest, begin, end):
        """Seconds until it had what it has at the end."""
        last = guest.size.at(end)
        arrived = begin if abs(guest.size.at(begin) - last) <= NEAR else None
        for when, size in guest.size.between(begin, end):
            if abs(size - last) > NEAR:
                arrived = None
            elif arrived is None:
                arrived = when
        return arrived - begin

    def moves(self, least):
        """(name, whether it grew) of all that moved, in the order of their first orders."""
        moved = [name for name, grown in self.grown.items()
                 if abs(grown) >= least and self.ordered[name] is not None]
        return [(name, self.grown[name] > 0)
                for name in sorted(moved, key=lambda name: self.ordered[name])]

    def __str__(self):
        return ", ".join("%s %s %d MiB from %.1f to %.1f s" % (
            name, "grows" if grows else "shrinks", abs(self.grown[name]) // MIB,
            self.ordered[name], self.arrived[name])
            for name, grows in self.moves(TRACE_OF_MOVE)) or "nobody moves"


def same_moves(one, other):
    """Who moved clearly in one moved in the other as well, and in the same order."""
    for a, b in ((one, other), (other, one)):
        if not set(a.moves(MOVE)) <= set(b.moves(TRACE_OF_MOVE)):
            return False
    clear = [name for name, _ in one.moves(MOVE)]
    return all(other.ordered[second] - other.ordered[first] > -TOGETHER_S
               for k, first in enumerate(clear) for second in clear[k + 1:]
               if one.ordered[second] - one.ordered[first] > TOGETHER_S)


def deviation(real, model):
    """Per cent of what is real."""
    return 100.0 * abs(model - real) / real


def check_order(checks, what, real, models):
    same = [model for model in models if same_moves(real, model)]
    checks.that("%s: models move in the same order" % what, len(same) > 0,
                "%d of %d; real: %s; model: %s" % (len(same), len(models), real,
                                                   (same or models)[0]))


def check_sizes(checks, what, real, models):
    """Returns the largest deviation."""
    worst = 0.0
    for name, size in sorted(real.sizes.items()):
        model = statistics.median(model.sizes[name] for model in models)
        worst = max(worst, deviation(size, model))
        checks.that("%s: %s ends up with the size of its model" % (what, name),
                    deviation(size, model) <= PERCENT,
                    "%d MiB, model %d MiB, %.0f %% off" % (mib(size), mib(int(model)),
                                                           deviation(size, model)))
    return worst


def check_relief(checks, what, name, real, models):
    """Returns (real, median of the models), seconds."""
    took, times = real.arrived[name], sorted(model.arrived[name] for model in models)
    slack = max(took * PERCENT / 100, LEAST_S)
    checks.that("%s: relief takes as long as in its model" % what,
                times[0] - slack <= took <= times[-1] + slack,
                "%.1f s, model %.1f s (%.1f to %.1f)" % (took, statistics.median(times), times[0],
                                                         times[-1]))
    return took, statistics.median(times)


def check(checks, steps, real, models):
    """steps: (sentence, name, whether it takes memory); real: a window of the time before, and
    one for each; models: such lists of windows, one for each place within a second."""
    worst, relief = [check_sizes(checks, "before the load", real[0],
                                 [windows[0] for windows in models])], []
    for k, (what, name, takes) in enumerate(steps, 1):
        of_models = [windows[k] for windows in models]
        check_order(checks, what, real[k], of_models)
        worst.append(check_sizes(checks, what, real[k], of_models))
        if takes:
            relief.append(check_relief(checks, what, name, real[k], of_models))
    took, modelled = (sum(times) for times in zip(*relief))
    checks.figure("simulator-size-deviation-percent", "%.1f at most, %.1f on the average" % (
        max(worst), statistics.mean(worst)))
    checks.figure("simulator-relief-s", "%.1f in all, models %.1f, %.1f %% off" % (
        took, modelled, deviation(took, modelled)))
    checks.that("relief in all takes as long as in the models",
                deviation(took, modelled) <= PERCENT, "%.1f s, models %.1f s" % (took, modelled))
