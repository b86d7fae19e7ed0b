# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the parts share: the configuration that they vary, and waiting for what guests do."""

import time

from daemon import MIB, DaemonError

CONFIG = """version: 1
uri: qemu:///system
host: {{ pool: {pool}, reserve: 256MiB, commit: strict }}
guests:
  - {{ name: all, match: {{ name: "*" }}, min: {min} }}
rules:
  - {{ name: all, match: {{ name: "{match}" }}, policy: headroom, params: {{ {params} }} }}
"""

# Squeezes as far as the guard lets it.
TIGHT = "low: 2%, high: 5%"
USUAL = "low: 15%, high: 30%"
# The dead band, which leaves out the last bit of a move where that would be trivial.
NEAR_MIB = 8


def config(least="50%", params=USUAL, pool="8GiB", match="t-*"):
    return CONFIG.format(min=least, params=params, pool=pool, match=match)


def mib(size):
    return size // MIB


def is_near(size, wanted_mib):
    return abs(size - wanted_mib * MIB) <= NEAR_MIB * MIB


def boot(guests):
    for guest in guests:
        guest.wait_ready()
    return guests


def do(guest, line):
    """A command that must succeed."""
    answer = guest.command(line)
    if not answer["ok"]:
        raise DaemonError("%s: %s: %s" % (guest.name, line, answer))
    return answer


def watch(daemon, accept, what, timeout=40, look=None):
    """Looks at all guests until accept(guests) holds; look(guests) sees every picture."""
    deadline = time.monotonic() + timeout
    while True:
        guests = daemon.guests()
        if look:
            look(guests)
        if accept(guests):
            return guests
        if time.monotonic() > deadline:
            raise DaemonError("not within %g s: %s; last: %s\n%s" % (
                timeout, what, describe(guests), daemon.log()[-1500:]))
        time.sleep(0.1)


def describe(guests):
    return ", ".join("%s %s %s -> %s used %s (%s)" % (
        name, g["State"], mib(g["Actual"]), mib(g["Target"]),
        "-" if g["Used"] is None else mib(g["Used"]), g["Reason"])
        for name, g in sorted(guests.items()))


def wait_managed(daemon, names, look=None):
    return watch(daemon, lambda guests: all(
        name in guests and guests[name]["State"] == "managed" for name in names),
        "managed: " + " ".join(names), look=look)


def wait_samples(daemon, count, look=None):
    """Waits until every guest has reported `count` times more."""
    first = {name: g["Sample"] for name, g in daemon.guests().items()}
    return watch(daemon, lambda guests: all(
        guests[name]["Sample"] >= sample + count for name, sample in first.items()),
        "%d fresh samples of each guest" % count, 20 + 3 * count, look)


def wait_actual(daemon, names, wanted_mib, timeout=40, look=None):
    return watch(daemon, lambda guests: all(
        is_near(guests[name]["Actual"], wanted_mib) for name in names),
        "%s at %d MiB" % (" ".join(names), wanted_mib), timeout, look)


def live_period(bench, name):
    """The statistics period in the running domain's definition, None if it has none."""
    for part in bench.virsh("dumpxml", name).split("<stats period='")[1:]:
        return int(part.partition("'")[0])
    return None
