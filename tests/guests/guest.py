# SPDX-License-Identifier: LGPL-2.1-or-later
"""One guest of the bench: its domain XML, its command channel and what virsh says of it.

A guest is a real QEMU domain that boots init.c straight from a kernel. Commands go over its second
serial port, a UNIX socket that QEMU serves; each answer is a line of JSON with the command in it.
This file knows nothing of how libvirtd came to run; bench.py hands it a virsh to call.
"""

import json
import os
import select
import signal
import socket
import time
from xml.sax.saxutils import escape, quoteattr

KIB_PER_MIB = 1024
# An emulated guest on a busy machine takes ten times as long as on an idle one (2.2 s).
READY_TIMEOUT_S = 60
COMMAND_TIMEOUT_S = 30
# On a busy machine the emulated timer is late, and a kernel that tests it panics.
CMDLINE = "console=ttyS0 quiet panic=-1 no_timer_check "

DOMAIN = """<domain type='{accel}'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  {slots}<memory unit='MiB'>{memory_mib}</memory>
  <currentMemory unit='MiB'>{current_mib}</currentMemory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initramfs}</initrd>
    <cmdline>{cmdline}</cmdline>
  </os>
  <features><acpi/>{features}</features>
  {cpu}
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>restart</on_crash>
  <devices>
    <controller type='usb' model='none'/>
    {disks}
    <serial type='file'><source path={log}/><target port='0'/></serial>
    <serial type='unix'><source mode='bind' path={port}/><target port='1'/></serial>
    <memballoon model='{balloon_model}'{balloon_attributes}>{stats}</memballoon>
  </devices>
</domain>
"""

# One cell: memory is plugged into a cell.
SLOTS = "<maxMemory slots='2' unit='MiB'>{0}</maxMemory>"
CELL = "<numa><cell id='0' cpus='0' memory='{0}' unit='MiB'/></numa>"

DISK = ("<disk type='file' device='disk'><driver name='qemu' type='{format}' cache='unsafe'/>"
        "<source file={path}/><target dev='{target}' bus='virtio'/></disk>")


class GuestError(Exception):
    """A guest did not do what was asked of it, or not in time."""


def domain_xml(spec):
    """spec: Bench.start_guest's arguments plus uuid, kernel, initramfs, log, port and disks."""
    balloon = ""
    if spec["autodeflate"]:
        balloon += " autodeflate='on'"
    if spec["free_page_reporting"]:
        balloon += " freePageReporting='on'"
    period = spec["stats_period"]
    emulated = spec["accel"] == "qemu"
    # The oldest CPU, which is the default, does not run programs built for x86-64-v2 and later.
    # The translation cache's default is a quarter of the host's idea of RAM; guests here are tiny.
    return DOMAIN.format(
        accel=spec["accel"], name=escape(spec["name"]), uuid=spec["uuid"],
        memory_mib=spec["memory_mib"], current_mib=spec["current_mib"] or spec["memory_mib"],
        kernel=escape(spec["kernel"]), initramfs=escape(spec["initramfs"]),
        cmdline=escape((CMDLINE + spec["cmdline"]).strip()),
        features="<tcg><tb-cache unit='MiB'>16</tb-cache></tcg>" if emulated else "",
        cpu="<cpu mode='%s'>%s</cpu>" % ("maximum" if emulated else "host-passthrough",
                                         CELL.format(spec["memory_mib"])
                                         if spec["plug_mib"] else ""),
        slots=SLOTS.format(spec["memory_mib"] + spec["plug_mib"]) if spec["plug_mib"] else "",
        disks="".join(DISK.format(path=quoteattr(path), target=target,
                                  format="qcow2" if path.endswith(".qcow2") else "raw")
                      for target, path in spec["disks"]),
        log=quoteattr(spec["log"]), port=quoteattr(spec["port"]), balloon_attributes=balloon,
        balloon_model="virtio" if spec["balloon"] else "none",
        stats="<stats period='%d'/>" % period if period is not None else "")


class Channel:
    """Lines to and from the guest. Answers are matched by their echo, events are kept aside."""

    def __init__(self, path):
        self.events = []
        self._answers = []
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)

    def close(self):
        self._socket.close()

    def send(self, line):
        self._socket.sendall(line.encode("ascii") + b"\n")

    def wait(self, take, what, timeout):
        """Reads until take() returns something, and returns that."""
        deadline = time.monotonic() + timeout
        while True:
            found = take()
            if found is not None:
                return found
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                raise GuestError("no %s within %g s" % (what, timeout))
            self._read()

    def take_event(self, name):
        return self._take(self.events, "event", name)

    def take_answer(self, line):
        return self._take(self._answers, "cmd", line)

    @staticmethod
    def _take(kept, key, value):
        for i, message in enumerate(kept):
            if message[key] == value:
                return kept.pop(i)
        return None

    def _read(self):
        data = self._socket.recv(65536)
        if not data:
            raise GuestError("the guest is gone")
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                continue  # a line that a reboot cut short
            (self.events if "event" in message else self._answers).append(message)


class Guest:
    """Made by Bench.start_guest, which has started it; not ready before wait_ready()."""

    def __init__(self, virsh, spec):
        self.name = spec["name"]
        self.uuid = spec["uuid"]
        self.memory_mib = spec["memory_mib"]
        self.persistent = spec["persistent"]
        self.console_path = spec["log"]
        self.pid_path = "/run/libvirt/qemu/%s.pid" % self.name
        self._virsh = virsh
        self._alive = True
        self._port = spec["port"]
        self.pid, self._channel = 0, None
        self.reconnect()

    def reconnect(self, root=""):
        """Another QEMU runs it now: it was restored or migrated. root: of what a second libvirtd
        has below /run (second.py)."""
        if self._channel:
            self._channel.close()
        with open(root + self.pid_path, encoding="ascii") as file:
            self.pid = int(file.read())
        self._channel = Channel(root + self._port)

    @property
    def events(self):
        """Unsolicited lines, oldest first: `ready` after each boot, `oom` for each killed hog."""
        return self._channel.events

    def wait_ready(self, timeout=READY_TIMEOUT_S):
        """Waits for one boot to end; after a reboot, for the next one."""
        event = self._channel.wait(lambda: self._channel.take_event("ready"),
                                   "ready from " + self.name, timeout)
        self.command("ping")
        while self._channel.take_event("ready"):
            pass
        return event

    def wait_event(self, name, timeout=COMMAND_TIMEOUT_S):
        return self._channel.wait(lambda: self._channel.take_event(name),
                                  "event %s from %s" % (name, self.name), timeout)

    def send(self, line):
        """Begins a command; answer(line) waits for its end."""
        self._channel.send(line)

    def answer(self, line, timeout=COMMAND_TIMEOUT_S):
        return self._channel.wait(lambda: self._channel.take_answer(line),
                                  "answer to '%s' from %s" % (line, self.name), timeout)

    def command(self, line, timeout=COMMAND_TIMEOUT_S):
        """The answer as a dict; `ok` in it says whether the guest could do it."""
        self.send(line)
        return self.answer(line, timeout)

    def dommemstat(self):
        """As virsh prints it: KiB, counts, and last_update in seconds; unknown ones are absent."""
        pairs = (line.split() for line in self._virsh("dommemstat", self.name).splitlines())
        return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}

    def setmem(self, mib):
        self._virsh("setmem", self.name, "--size", "%dM" % mib, "--live")

    def wait_stats(self, accept, timeout=COMMAND_TIMEOUT_S):
        """Asks dommemstat until accept(stats); returns those stats."""
        deadline = time.monotonic() + timeout
        while True:
            stats = self.dommemstat()
            if accept(stats):
                return stats
            if time.monotonic() > deadline:
                raise GuestError("%s: not within %g s, last: %r" % (self.name, timeout, stats))
            time.sleep(0.1)

    def fresh_dommemstat(self):
        """Statistics that the guest gave after this call (last_update counts whole seconds)."""
        asked = int(time.time())
        return self.wait_stats(lambda stats: stats.get("last_update", 0) > asked)

    def rss_mib(self):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) // KIB_PER_MIB
        return 0

    def cpu_seconds(self):
        with open("/proc/%d/stat" % self.pid, encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def console(self):
        """What the guest's kernel wrote, for the message of a test that failed."""
        with open(self.console_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def pause_qemu(self):
        """A hung guest: QEMU answers nobody until resume_qemu()."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume_qemu(self):
        os.kill(self.pid, signal.SIGCONT)

    def wait_gone(self, timeout=COMMAND_TIMEOUT_S):
        """Waits for QEMU's end, after `poweroff` or destroy()."""
        deadline = time.monotonic() + timeout
        while os.path.exists("/proc/%d" % self.pid):
            if time.monotonic() > deadline:
                raise GuestError("%s: QEMU still runs after %g s" % (self.name, timeout))
            time.sleep(0.02)

    def destroy(self):
        """Ends the guest, also a hung or dead one; may be called again."""
        if not self._alive:
            return
        self._alive = False
        self._channel.close()
        try:
            # libvirt's own SIGKILL comes late where SIGTERM finds a stopped process.
            self.resume_qemu()
            self._virsh("destroy", self.name)
        except ProcessLookupError:
            pass
        if self.persistent:
            self._virsh("undefine", self.name)
