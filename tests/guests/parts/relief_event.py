# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest that suddenly needs more than its size, and how long it is short then, told by the guest
itself: its own figures and its own clock, asked for again and again while it struggles.

With swap the need is there at once.  What does not fit goes to swap, and the guest is short while
more lies there than it could take back.  Without swap whoever needs more than there is is killed,
at once: there the need grows at a pace, and the guest is short while it is nearer to that than
the margin that balloond leaves everybody.
"""

import time

from common import do
from guest import GuestError

MARGIN_MIB = 32  # of guests up to 3 GiB
# A second of it is to be less than any policy leaves a guest.
RAMP_MIB_S = 16
# What a guest is left that comes near its size.
LEFT_MIB = 64
TIMEOUT_S = 60
# To be asked without a pause takes a guest's one processor half of its time.
PAUSE_S = 0.02


class Relief:
    """Seconds: of being short; until all that it needs was in use, from swap as well."""

    def __init__(self, guest, has_swap, beyond_mib):
        self.name, self.has_swap, self.beyond_mib = guest.name, has_swap, beyond_mib
        self.short = self.took = 0.0
        self.swapped_mib = self.least_mib = self.killed = 0

    def __str__(self):
        return "%s needs %d MiB beyond: short for %.2f s of %.2f s, %s%s" % (
            self.name, self.beyond_mib, self.short, self.took,
            "%d MiB in swap" % self.swapped_mib if self.has_swap
            else "%d MiB left" % self.least_mib, ", killed" if self.killed else "")


def swapped_kib(answer):
    return answer["SwapTotal_kib"] - answer["SwapFree_kib"]


def lacks_kib(answer, before, has_swap):
    """More than 0: it is short."""
    if has_swap:
        return swapped_kib(answer) - swapped_kib(before) - answer["MemAvailable_kib"]
    return (MARGIN_MIB << 10) - answer["MemAvailable_kib"]


class Watch:
    """Looks at a guest until it has what it needs."""

    def __init__(self, guest, relief, before):
        self.guest, self.relief, self.before = guest, relief, before
        self.last = before
        self.since = None  # when it first became short, on its own clock
        self.least_kib = before["MemAvailable_kib"]

    def look(self):
        """Whether it is short."""
        answer = self.guest.command("meminfo")
        lacks = lacks_kib(answer, self.before, self.relief.has_swap) > 0
        lacked = lacks_kib(self.last, self.before, self.relief.has_swap) > 0
        # It became short after the last look, and ceased to be before this one.
        if lacks and self.since is None:
            self.since = self.last["uptime_us"]
        elif lacked and not lacks and self.since is not None:
            self.relief.short = (answer["uptime_us"] - self.since) / 1e6
        self.relief.swapped_mib = max(self.relief.swapped_mib, (
            swapped_kib(answer) - swapped_kib(self.before)) >> 10)
        self.least_kib = min(self.least_kib, answer["MemAvailable_kib"])
        self.relief.least_mib = self.least_kib >> 10
        self.last = answer
        return lacks

    def until(self, is_over, what):
        """Until it is over and the guest is not short.  Returns how long that took."""
        deadline = time.monotonic() + TIMEOUT_S
        over = False
        while True:
            lacks = self.look()
            over = over or is_over()
            if over and not lacks:
                return (self.last["uptime_us"] - self.before["uptime_us"]) / 1e6
            if time.monotonic() > deadline:
                raise GuestError("%s: not within %d s: %s; last: %r" % (
                    self.guest.name, TIMEOUT_S, what, self.last))
            time.sleep(PAUSE_S)


class Use:
    """Memory that is in use: touched for the first time, and then again and again, until nothing
    of it has to come back from swap any more."""

    def __init__(self, watch, size_mib):
        self.watch, self.line = watch, "alloc %d" % size_mib
        self.swapped_in = None
        watch.guest.send(self.line)

    def is_settled(self):
        try:
            answer = self.watch.guest.answer(self.line, 0.001)
        except GuestError:
            return False  # a guest that is gone shows when it is asked the next time
        if not answer["ok"]:
            raise GuestError("%s: %s" % (self.watch.guest.name, answer))
        before, self.swapped_in = self.swapped_in, self.watch.guest.command("meminfo")["pswpin"]
        if self.swapped_in == before:
            return True
        self.line = "walk"
        self.watch.guest.send(self.line)
        return False


def size_mib(guest):
    """What its balloon leaves it of its whole memory."""
    answer = guest.command("meminfo")
    return guest.memory_mib - (answer["balloon_inflate"] - answer["balloon_deflate"]) // 256


def come_near(guest):
    """Uses nearly all that there is.  Returns how much that was."""
    size = max((guest.command("meminfo")["MemAvailable_kib"] >> 10) - LEFT_MIB, 0)
    do(guest, "alloc %d" % size)
    return size


def spike(guest, has_swap, beyond_mib):
    """Needs so much more than there is, and has it met.  Returns the relief, and the need."""
    relief = Relief(guest, has_swap, beyond_mib)
    before = guest.command("meminfo")
    need_mib = (before["MemAvailable_kib"] >> 10) + beyond_mib
    watch = Watch(guest, relief, before)
    if has_swap:
        relief.took = watch.until(Use(watch, need_mib).is_settled, "what it needs is in use")
    else:
        do(guest, "touch %d %d" % (RAMP_MIB_S, need_mib))
        relief.took = watch.until(lambda: watch.last["ramp_left_mib"] == 0, "all is touched")
    relief.killed = watch.last["oom_kill"] - before["oom_kill"]
    return relief, need_mib
