# SPDX-License-Identifier: LGPL-2.1-or-later
"""The balloond of a build, running on a bench, and its balloonctl.

    with Daemon(build, config_text) as daemon:
        daemon.guests()["g1"]["Actual"]

It is watched through its notify socket, as systemd would: nothing here sleeps to let it start,
reload or stop. Needs nothing but the standard library, and busctl for what goes over the bus.
"""

import json
import os
import signal
import socket
import subprocess
import threading
import time

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 15
MIB = 1 << 20


class DaemonError(Exception):
    """balloond did not do what it should, or not in time."""


def poll_until(probe, what, timeout):
    """Asks probe() until it returns something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise DaemonError("not within %g s: %s" % (timeout, what))
        time.sleep(0.05)


class Daemon:
    """config: the text; None: it is told of no file."""

    def __init__(self, build, config, directory=None, arguments=()):
        self.build = build
        self.directory = directory or os.environ["BALLOOND_BENCH_DIR"]
        self.config_path = config and os.path.join(self.directory, "balloond.yaml")
        self.log_path = os.path.join(self.directory, "balloond.log")
        self.state_dir = os.path.join(self.directory, "state")
        self.status = ""
        self.process = None
        self._arguments = list(arguments)
        self._notify_path = os.path.join(self.directory, "notify")
        self._notify = None
        self._reader = None
        self._words = []
        self._log_begin = 0
        self._heard = threading.Condition()
        if config:
            self.write_config(config)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *exception):
        status = self.stop()
        # A sanitizer's finding shows here as well.
        if kind is None and status not in (None, 0):
            raise DaemonError("balloond ended with status %s; its log ends:\n%s"
                              % (status, self.log()[-2000:]))

    @property
    def program(self):
        return os.path.join(self.build, "balloond", "balloond")

    def write_config(self, text):
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write(text)

    def command(self, *arguments):
        options = ["--policy-dir", os.path.join(self.build, "policies")]
        if self.config_path:
            options += ["--config", self.config_path]
        return [self.program, *options, *arguments]

    def start(self):
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if os.path.exists(self._notify_path):
            os.unlink(self._notify_path)
        self._notify.bind(self._notify_path)
        # Somebody must always read it: whoever tells a full socket waits.
        self._reader = threading.Thread(target=self._hear, args=(self._notify,), daemon=True)
        self._reader.start()
        self._words, self.status = [], ""
        with open(self.log_path, "ab") as log:
            self._log_begin = log.tell()
            self.process = subprocess.Popen(
                self.command(*self._arguments), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": self._notify_path,
                     "STATE_DIRECTORY": self.state_dir})
        try:
            self.wait_notify("READY=1", START_TIMEOUT_S)
        except DaemonError:
            self.stop()
            raise

    def _hear(self, notify):
        while True:
            lines = notify.recv(4096).decode().splitlines()
            if not lines:
                return
            with self._heard:
                for line in lines:
                    if line.startswith("STATUS="):
                        self.status = line[7:]
                    else:
                        self._words.append(line)
                self._heard.notify_all()

    def wait_notify(self, word, timeout):
        """Waits until balloond has told systemd `word`; forgets what it told before that."""
        deadline = time.monotonic() + timeout
        with self._heard:
            while word not in self._words:
                left = deadline - time.monotonic()
                if left <= 0 or self.process.poll() is not None:
                    raise DaemonError("balloond did not say %s; its log ends:\n%s"
                                      % (word, self.log()[-2000:]))
                self._heard.wait(min(left, 0.5))
            del self._words[:self._words.index(word) + 1]

    def reload(self, config):
        """Returns once balloond has taken or refused it."""
        self.write_config(config)
        self.process.send_signal(signal.SIGHUP)
        self.wait_notify("RELOADING=1", START_TIMEOUT_S)
        self.wait_notify("READY=1", START_TIMEOUT_S)

    def stop(self):
        """Its exit status; 0 is a clean end."""
        if self.process is None:
            return None
        self.process.terminate()
        return self.wait_end()

    def wait_end(self):
        """Its exit status once it has ended, which it must do soon."""
        try:
            status = self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process = None
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self._notify_path)
        self._reader.join()
        return status

    def has_told(self, word):
        """Whether it told systemd `word` since the last wait_notify()."""
        with self._heard:
            return word in self._words

    def log(self):
        """What it wrote since it was started."""
        with open(self.log_path, "rb") as file:
            file.seek(self._log_begin)
            return file.read().decode(errors="replace")

    def ctl(self, *arguments):
        """balloonctl's output as JSON."""
        program = os.path.join(self.build, "balloond", "balloonctl")
        done = subprocess.run([program, "--json=short", *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                              check=False, universal_newlines=True)
        if not done.stdout:
            raise DaemonError("balloonctl %s: %s" % (" ".join(arguments), done.stderr.strip()))
        return json.loads(done.stdout)

    def guests(self):
        """Name -> figures, bytes."""
        return {guest["Name"]: guest for guest in self.ctl("list")}

    def wait_guest(self, name, accept, what, timeout=30):
        """Asks until accept(figures of the guest) holds; returns these."""
        def probe():
            guest = self.guests().get(name)
            return guest if guest and accept(guest) else None
        return poll_until(probe, "%s: %s" % (name, what), timeout)

    def wait_state(self, state, timeout=30):
        """Waits until every guest has the state."""
        def probe():
            guests = self.guests()
            return guests if guests and all(g["State"] == state for g in guests.values()) else None
        return poll_until(probe, "all guests are " + state, timeout)
