# SPDX-License-Identifier: LGPL-2.1-or-later
"""Listens to everything on the system bus (busctl monitor), in the order in which it was sent.

    with Monitor() as monitor:
        ...
        monitor.sync()
        monitor.changes()

It needs a bus that lets its caller listen.  What the signals mean is the caller's business, except
that balloond's objects and their properties are told apart here.
"""

import itertools
import json
import os
import select
import subprocess
import time

NAME = "org.balloond1"
PATH = "/org/balloond1"
MANAGER, GUEST, GUEST_STATS = NAME + ".Manager", NAME + ".Guest", NAME + ".GuestStats"
TIMEOUT_S = 30
MISSING = object()


class MonitorError(Exception):
    """The bus, or busctl, did not do what it should."""


def call(path, interface, member, *arguments):
    """balloond's answer through busctl: (status, the reply's data or the error's text)."""
    done = subprocess.run(["busctl", "--json=short", "call", NAME, path, interface, member,
                           *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False,
                          universal_newlines=True)
    if done.returncode != 0:
        return done.returncode, done.stderr.strip()
    return 0, json.loads(done.stdout)["data"]


def managed_objects():
    """Path -> interface -> property -> value, of all that balloond shows."""
    status, data = call(PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    if status != 0:
        raise MonitorError("GetManagedObjects: " + data)
    return {path: {interface: values_of(properties) for interface, properties in of_path.items()}
            for path, of_path in data[0].items()}


def tick():
    """The number of balloond's last tick."""
    status, data = call(PATH, "org.freedesktop.DBus.Properties", "Get", "ss", MANAGER,
                        "Tick")
    if status != 0:
        raise MonitorError("Get Tick: " + data)
    return data[0]["data"]


def wait_ticks(count, timeout=TIMEOUT_S):
    """Waits until balloond has made `count` more ticks."""
    deadline = time.monotonic() + timeout
    first = last = tick()
    while last < first + count:
        if time.monotonic() > deadline:
            raise MonitorError("%d ticks in %g s, %d awaited" % (last - first, timeout, count))
        time.sleep(0.1)
        last = tick()


def values_of(properties):
    return {name: value["data"] for name, value in properties.items()}


class Monitor:
    _numbers = itertools.count()

    def __init__(self):
        self.messages = []
        self._buffer = b""
        self._process = None

    def __enter__(self):
        self._process = subprocess.Popen(["busctl", "--json=short", "monitor"],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE)
        # Said on stderr once it hears everything.
        line = self._process.stderr.readline()
        if not line.startswith(b"Monitoring"):
            self.__exit__()
            raise MonitorError("busctl monitor: " + line.decode(errors="replace"))
        return self

    def __exit__(self, *exception):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        self._process.stderr.close()

    def sync(self):
        """Returns once all that balloond had sent before was heard."""
        word = "sync-%d-%d" % (os.getpid(), next(self._numbers))
        call(PATH, MANAGER, "GetGuest", "s", word)
        asked = self._await(lambda m: m["type"] == "method_call"
                            and m.get("payload", {}).get("data") == [word])
        self._await(lambda m: m["type"] in ("error", "method_return")
                    and m.get("reply_cookie") == asked["cookie"]
                    and m.get("destination") == asked["sender"])

    def _await(self, wanted):
        deadline = time.monotonic() + TIMEOUT_S
        looked_at = 0
        while True:
            for message in self.messages[looked_at:]:
                if wanted(message):
                    return message
            looked_at = len(self.messages)
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise MonitorError("a message was not heard")
            self._read()

    def _read(self):
        data = os.read(self._process.stdout.fileno(), 1 << 20)
        if not data:
            raise MonitorError("busctl monitor ended")
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        self.messages += [json.loads(line) for line in lines if line]

    def signals(self, member):
        """balloond's own, oldest first."""
        return [m for m in self.messages if m["type"] == "signal" and m.get("member") == member
                and m.get("path", "").startswith(PATH)]

    def changes(self):
        """PropertiesChanged, oldest first: (path, interface, {property: value})."""
        return [(m["path"], m["payload"]["data"][0], values_of(m["payload"]["data"][1]))
                for m in self.signals("PropertiesChanged")]

    def additions(self):
        """InterfacesAdded, oldest first: (path, {interface: {property: value}})."""
        added = [m["payload"]["data"] for m in self.signals("InterfacesAdded")]
        return [(path, {interface: values_of(properties)
                        for interface, properties in interfaces.items()})
                for path, interfaces in added]

    def forget(self):
        self.messages = []


def repeated(known, changes):
    """Changes that say nothing new.  known: (path, interface, property) -> value, kept up to date
    here; a property that is not in it may say anything."""
    found = []
    for path, interface, values in changes:
        if not values:
            found.append("%s: nothing" % path)
        for name, value in values.items():
            key = (path, interface, name)
            if known.get(key, MISSING) == value:
                found.append("%s: %s is %r again" % (path, name, value))
            known[key] = value
    return found
