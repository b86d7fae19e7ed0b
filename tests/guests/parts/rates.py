# SPDX-License-Identifier: LGPL-2.1-or-later
"""The raw rates of a real guest, measured by asking it directly, without any balloond: how fast it
touches memory, how fast its balloon takes and gives back, what its kernel and its process keep.

Its own counters and its own clock tell the balloon's pace: libvirt hears of a size once a second.
"""

import statistics
import time

from common import MIB, do
from guest import GuestError

PAGE = 4096
TOUCH_MIB = 128
# What stays free when the guest is squeezed: nothing here is about being short.
SPARE_MIB = 64
# In so many moves a rate is measured: on a busy machine single ones are off by half.
MOVES = 3
MOVE_TIMEOUT_S = 60
# Shorter moves say little of a rate.
LEAST_MOVE_S = 0.02


def rate(size, microseconds):
    """Bytes a second, as far as the clock can tell."""
    return int(size / max(microseconds / 1e6, LEAST_MOVE_S))


class Rates:
    """Bytes, and bytes a second."""

    def __init__(self, guest):
        self.name, self.maximum = guest.name, guest.memory_mib * MIB
        self.kernel = self.used = self.overhead = self.swap = 0
        self.hot = self.kept = 0  # of page cache
        self.inflate = self.inflate_cache = self.deflate = self.touch = self.disk = 0

    def __str__(self):
        return ", ".join("%s %d" % (key, value // MIB)
                         for key, value in sorted(vars(self).items()) if key != "name")


def at_rest(guest):
    """(kernel's share, used) of a fresh sample."""
    stats = guest.fresh_dommemstat()
    actual, total, usable = (stats[key] << 10 for key in ("actual", "available", "usable"))
    return actual - total, actual - usable


def overhead(guest):
    """What its process has beside the guest's memory, which is the largest mapping."""
    largest = resident = in_all = size = 0
    with open("/proc/%d/smaps" % guest.pid, encoding="ascii", errors="replace") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key == "Size":
                size = int(value.split()[0])
            elif key == "Rss":
                in_all += int(value.split()[0])
                if size > largest:
                    largest, resident = size, int(value.split()[0])
    return (in_all - resident) << 10


def held(answer):
    """By the balloon, bytes."""
    return (answer["balloon_inflate"] - answer["balloon_deflate"]) * PAGE


def move(guest, to_mib):
    """Lets the balloon move and returns its pace, from the last look before it was on its way."""
    wanted = (guest.memory_mib - to_mib) * MIB
    begin = last = guest.command("meminfo")
    guest.setmem(to_mib)
    deadline = time.monotonic() + MOVE_TIMEOUT_S
    while held(last) != wanted:
        if time.monotonic() > deadline:
            raise GuestError("%s: its balloon holds %d MiB, not %d" % (
                guest.name, held(last) // MIB, wanted // MIB))
        if held(last) == held(begin):
            begin = last
        last = guest.command("meminfo")
    return rate(abs(held(last) - held(begin)), last["uptime_us"] - begin["uptime_us"])


def move_in_parts(guest, from_mib, to_mib):
    return int(statistics.median(move(guest, from_mib + (to_mib - from_mib) * k // MOVES)
                                 for k in range(1, MOVES + 1)))


def not_usable_kib(answer):
    """Of what is free or cache."""
    return (answer["MemFree_kib"] + answer["Buffers_kib"] + answer["Cached_kib"]
            - answer["MemAvailable_kib"])


def measure_cache(guest, found, cache_mib):
    """cache_mib: of its disk, which is read, and half of which the balloon takes then."""
    begin = guest.command("meminfo")
    do(guest, "cache %d" % cache_mib)
    end = guest.command("meminfo")
    found.disk = rate(cache_mib * MIB, end["uptime_us"] - begin["uptime_us"])
    found.kept = max(not_usable_kib(end) - not_usable_kib(begin), 0) << 10
    least_mib = guest.memory_mib - (end["MemFree_kib"] >> 10)
    move(guest, least_mib + SPARE_MIB)
    found.inflate_cache = move(guest, least_mib - cache_mib // 2)
    move(guest, guest.memory_mib)


def measure(guest, swap_mib=0, disk_mib=0):
    """Leaves the guest at its full size, with its cache empty."""
    found = Rates(guest)
    found.kernel, found.used = at_rest(guest)
    found.swap = swap_mib * MIB
    found.touch = rate(TOUCH_MIB * MIB, do(guest, "alloc %d" % TOUCH_MIB)["took_us"])
    do(guest, "free %d" % TOUCH_MIB)
    least_mib = found.used // MIB + SPARE_MIB
    found.inflate = move_in_parts(guest, guest.memory_mib, least_mib)
    found.deflate = move_in_parts(guest, least_mib, guest.memory_mib)
    if disk_mib:
        measure_cache(guest, found, disk_mib)
        do(guest, "drop")
    found.overhead = overhead(guest)
    return found
