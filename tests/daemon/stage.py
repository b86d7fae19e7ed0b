# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where balloond runs without guests: a bus of its own, and libvirt's test driver.

    with Stage(build, n_guests=100) as stage:
        with stage.daemon(stage.config("headroom")) as daemon:
            daemon.guests()["guest-007"]["Actual"]

The test driver lives inside of the process that uses it, so nobody else sees its domains: what
became of them is asked of balloond alone.  Its guests use half of their maximum, and follow every
target at once.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
for _directory in ("tests", "tests/bus", "tests/guests"):
    sys.path.insert(0, str(TOP / _directory))

import private_bus  # noqa: E402
from daemon import MIB, Daemon, poll_until  # noqa: E402

MEMORY_MIB = 1024
TIMEOUT_S = 30

DOMAIN = """<domain type='test'>
  <name>guest-%03d</name>
  <uuid>a0000000-0000-4000-8000-%012d</uuid>
  <memory unit='MiB'>%d</memory>
  <currentMemory unit='MiB'>%d</currentMemory>
  <os><type>hvm</type></os>
  <devices><memballoon model='virtio'/></devices>
</domain>
"""

# The pool does not follow what else runs on the machine.
CONFIG = """version: 1
uri: "test://{node}"
{extra}
host: {{ pool: 32TiB, reserve: 64MiB, commit: strict }}
limits: {{ shrink: {{ guest: 256MiB/s, host: 1TiB/s }} }}
guests:
  - {{ name: everyone, match: {{ name: "*" }}, min: 50% }}
rules:
  - {{ name: everyone, match: {{ name: "*" }}, policy: {policy} }}
"""


def run(command, environment):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, **environment},
                          timeout=TIMEOUT_S, check=False, universal_newlines=True)
    return done.returncode, done.stdout


class Stage:
    def __init__(self, build, n_guests):
        self.build = build
        self.n_guests = n_guests
        self.directory = None
        self.bus = None
        self._outer = None

    def __enter__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="balloond-daemon-"))
        # Somebody without privileges reads configurations here, and uses the bus.
        self.directory.chmod(0o755)
        self.write("node.xml", "<node>\n%s</node>\n" % "".join(
            DOMAIN % (i, i, MEMORY_MIB, MEMORY_MIB) for i in range(self.n_guests)))
        self._outer = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
        self.start_bus()
        return self

    def __exit__(self, *exception):
        self.bus.stop()
        if self._outer:
            os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = self._outer
        shutil.rmtree(self.directory)

    def start_bus(self):
        world = private_bus.World(self.build, self.directory)
        self.bus = world.start_bus()
        os.environ.update(world.env)

    def path(self, name):
        return str(self.directory / name)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def config(self, policy="hold", extra=""):
        return CONFIG.format(node=self.path("node.xml"), policy=policy, extra=extra)

    def daemon(self, text, *arguments):
        """Not running yet; `with` starts and stops it."""
        return Daemon(self.build, text, directory=str(self.directory), arguments=arguments)

    def run(self, *arguments, prefix=(), **environment):
        """Runs balloond to its end: (status, what it said on both outputs)."""
        build = self.public_build() if prefix else self.build
        return run([*prefix, os.path.join(build, "balloond", "balloond"), "--policy-dir",
                    os.path.join(build, "policies"), *arguments],
                   {"STATE_DIRECTORY": str(self.directory / "state"), **environment})

    def public_build(self):
        """A copy of what is run, for those who may not enter the directory of the checkout."""
        public = self.directory / "public"
        if not public.exists():
            (public / "balloond").mkdir(parents=True)
            (public / "policies").mkdir()
            shutil.copy(os.path.join(self.build, "balloond", "balloond"), public / "balloond")
            for module in pathlib.Path(self.build, "policies").glob("*.so"):
                shutil.copy(module, public / "policies")
        return str(public)

    def run_ctl(self, *arguments, **environment):
        """balloonctl's words for people."""
        return run([os.path.join(self.build, "balloond", "balloonctl"), *arguments], environment)


def sizes(daemon):
    """The guests' sizes, MiB, each once."""
    return {guest["Actual"] // MIB for guest in daemon.guests().values()}


def wait_sizes(daemon, accept, what):
    """Waits until accept(size in MiB) holds for every guest."""
    def probe():
        found = sizes(daemon)
        return found if found and all(accept(size) for size in found) else None
    return poll_until(probe, what, TIMEOUT_S)
