# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a trace says of each guest over time: the same reader for traces of real guests and of
simulated ones."""

import bisect
import gzip
import re

ITEM = re.compile(r'  - uuid: "([^"]+)"')
FIELD = re.compile(r"( *)([\w-]+): ?(.*)")
AMOUNT = re.compile(r"(\d+)(B|KiB|MiB|GiB|TiB)?")
UNITS = {"B": 1, None: 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def amount(text):
    number, unit = AMOUNT.fullmatch(text).groups()
    return int(number) * UNITS[unit]


class Series:
    """One figure of one guest: (seconds since the first tick, bytes), where it changed."""

    def __init__(self):
        self.times, self.values = [], []

    def add(self, when, value):
        self.times.append(when)
        self.values.append(value)

    def at(self, when):
        """What it was just before; before the first value, that one."""
        return self.values[max(bisect.bisect_left(self.times, when) - 1, 0)]

    def between(self, begin, end):
        """(time, value) of all changes with begin <= time < end."""
        low, high = bisect.bisect_left(self.times, begin), bisect.bisect_left(self.times, end)
        return list(zip(self.times[low:high], self.values[low:high]))


class Guest:
    def __init__(self):
        self.name = ""
        self.size, self.target = Series(), Series()
        self.reasons = []  # (time, reason) of every order


class Trace:
    """guests: name -> Guest; begin: of the first tick, seconds on the clock of whoever wrote."""

    def __init__(self, path):
        self.begin = None
        self.now = 0.0
        self.ticks = []
        self.levels = []
        self._guests = {}
        self._guest = self._section = None
        with gzip.open(path, "rt") if path.endswith(".gz") else open(
                path, encoding="utf-8") as file:
            for line in file:
                self._line(line.rstrip("\n"))
        self.guests = {guest.name: guest for guest in self._guests.values()}

    def _line(self, line):
        item, field = ITEM.fullmatch(line), FIELD.fullmatch(line)
        if item:
            self._guest = self._guests.setdefault(item[1], Guest())
        elif field and not field[1]:
            self._section = field[2]
            self._head(field[2], field[3])
        elif field and len(field[1]) == 4 and self._section in ("guests", "steps"):
            self._field(field[2], field[3])

    def _head(self, key, value):
        if key == "now":
            seconds = int(value[:-2]) / 1e6
            self.begin = seconds if self.begin is None else self.begin
            self.now = seconds - self.begin
            self.ticks.append(self.now)
        elif key == "level":
            self.levels.append((self.now, value))

    def _field(self, key, value):
        if self._section == "guests" and key == "name":
            self._guest.name = value.strip('"')
        elif self._section == "guests" and key == "actual":
            self._guest.size.add(self.now, amount(value))
            if not self._guest.target.times:
                self._guest.target.add(self.now, amount(value))
        elif self._section == "steps" and key == "to":
            self._guest.target.add(self.now, amount(value))
        elif self._section == "steps" and key == "reason":
            self._guest.reasons.append((self.now, value.strip('"')))
