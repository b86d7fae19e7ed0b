# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dbus-daemon of our own with the rules of a system bus, and those who speak on it."""

import json
import os
import pathlib
import pwd
import select
import signal
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
NAME = "org.balloond1"
DEADLINE = 20
# Somebody whom the bus lets call what only root may call: balloond has to refuse it itself.
LET_THROUGH = "daemon"

# As the system bus that dbus-daemon ships: nothing is allowed that a policy file does not allow.
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <include>{policy}</include>
  {extra}
</busconfig>
"""


def find_program(build, name):
    for path in sorted(pathlib.Path(build).rglob(name)):
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    sys.exit(f"there is no {name} in {build}")


class Server:
    """A process that says when it is ready, ended by its own id."""

    def __init__(self, argv, ready, env):
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, env=env)
        self.text = ""
        try:
            self.wait_for(ready)
        except AssertionError:
            self.stop()
            raise

    def wait_for(self, word):
        while word not in self.text:
            if not select.select([self.process.stdout], [], [], DEADLINE)[0]:
                raise AssertionError(f"no {word!r} in {self.text!r}")
            part = os.read(self.process.stdout.fileno(), 4096).decode()
            if not part:
                raise AssertionError(f"ended with {self.process.wait()} after {self.text!r}")
            self.text += part

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)


class World:
    def __init__(self, build, work):
        self.ctl = find_program(build, "balloonctl")
        self.fake_daemon = find_program(build, "fake-daemon")
        self.build = build
        self.work = work
        self.env = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={work}/bus",
                        LC_ALL="C.UTF-8")
        self.env.pop("DBUS_STARTER_ADDRESS", None)

    def start_bus(self):
        me = pwd.getpwuid(os.getuid()).pw_name
        extra = f'<policy user="{LET_THROUGH}"><allow send_destination="{NAME}"/></policy>'
        if me != "root":
            extra += (f'<policy user="{me}"><allow own="{NAME}"/>'
                      f'<allow send_destination="{NAME}"/></policy>')
        config = self.work / "bus.conf"
        config.write_text(BUS_CONFIG.format(
            socket=self.work / "bus", extra=extra,
            policy=TOP / "packaging" / "dbus" / f"{NAME}.conf"))
        return Server(["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile",
                       "--print-address"], "unix:", self.env)

    def serve(self, *arguments):
        return Server([self.fake_daemon, *arguments], "ready", self.env)

    def run(self, *arguments, code=0, **options):
        done = subprocess.run([self.ctl, *arguments], capture_output=True, text=True,
                              env=self.env, timeout=DEADLINE, **options)
        assert done.returncode == code, f"{arguments}: {done.returncode}, {done.stderr}"
        return done.stdout if code in (0, 4) else done.stderr

    def json(self, *arguments, **options):
        return json.loads(self.run("--json=short", *arguments, **options))

    def busctl(self, *arguments, user=None):
        done = subprocess.run(["busctl", "--json=short", "call", *arguments], user=user,
                              capture_output=True, text=True, env=self.env, timeout=DEADLINE)
        return done.returncode, done.stdout, done.stderr
