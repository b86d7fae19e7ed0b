# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bench of real guests: a system bus, a libvirtd and QEMU guests, all of them private.

    with Bench() as bench:
        guest = bench.start_guest("g1", 256, stats_period=1)
        guest.wait_ready()
        guest.command("alloc 100")

Only below `in-bench`, which makes the namespaces: there libvirt's usual paths are this run's own,
so the clients under test need no option, and DBUS_SYSTEM_BUS_ADDRESS tells them where the bus is.
What is started here is ended here by its process id, the body's exceptions notwithstanding; should
that fail too, the namespace takes it along. Needs nothing but the standard library and virsh.
"""

import os
import shutil
import signal
import socket
import struct
import subprocess
import time
import uuid

from guest import Guest, GuestError, domain_xml

SOCKET_DIR = "/run/balloond-bench"
BUS_SOCKET = "/run/dbus/system_bus_socket"
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 10
VIRSH_TIMEOUT_S = 60
KVM_TIMEOUT_S = 8
SECTOR = 4096

# Permits all, also replies, and activates nothing: else libvirt waits half a minute for login1.
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
""" % BUS_SOCKET

# As root, because libvirt probes again and again what QEMU's own user may not open (/dev/kvm).
QEMU_CONFIG = """user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
max_core = 0
"""

# There is no polkit on the private bus. The UUID saves libvirt a look at the machine's firmware.
DAEMON_CONFIG = """auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_rw_perms = "0777"
host_uuid = "%s"
log_outputs = "3:file:%s"
"""


class BenchError(Exception):
    """The bench itself could not be made or asked."""


def find_program(*names):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin:/usr/libexec"
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise BenchError("not installed: " + " or ".join(names))


def what_is_lacking():
    if os.geteuid() != 0:
        return "needs root"
    try:
        find_program("libvirtd", "virtqemud")
        for name in ("virtlogd", "virsh", "dbus-daemon", "unshare", "setpriv", "cpio", "gcc"):
            find_program(name)
        find_program("qemu-system-x86_64", "qemu-kvm")
    except BenchError as error:
        return str(error)
    return None


def default_cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("BALLOOND_BENCH_CACHE") or os.path.join(base, "balloond-bench")


def write_file(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def make_disk(path, mib):
    with open(path, "wb") as file:
        file.truncate(mib << 20)


def make_swap(path, mib):
    """What mkswap writes: version 1, the last page, and the magic at the first page's end."""
    make_disk(path, mib)
    with open(path, "r+b") as file:
        file.seek(1024)
        for word in (1, (mib << 20) // SECTOR - 1):
            file.write(word.to_bytes(4, "little"))
        file.seek(SECTOR - 10)
        file.write(b"SWAPSPACE2")


def make_qcow2(path, mib):
    """What qemu-img makes of an empty disk, version 2: header, reference table, reference block and
    first-level table, a cluster each."""
    cluster = 1 << 16
    with open(path, "wb") as file:
        file.truncate(4 * cluster)
        file.write(b"QFI\xfb" + struct.pack(">IQIIQIIQQIIQ", 2, 0, 0, 16, mib << 20, 0, 1,
                                            3 * cluster, cluster, 1, 0, 0))
        file.seek(cluster)
        file.write(struct.pack(">Q", 2 * cluster))
        file.seek(2 * cluster)
        file.write(struct.pack(">4H", 1, 1, 1, 1))


class Bench:
    def __init__(self):
        if "BALLOOND_BENCH_RUN" not in os.environ:
            raise BenchError("run this below tests/guests/in-bench")
        self.run = os.environ["BALLOOND_BENCH_RUN"]
        self.directory = os.environ["BALLOOND_BENCH_DIR"]
        self.cache = default_cache()
        self.guests = []
        self.libvirtd = None
        self._virtlogd = None
        self._bus = None
        self._kvm = None

    def __enter__(self):
        try:
            self._write_configuration()
            self._start_bus()
            self._virtlogd = self._start("virtlogd")
            self._await_socket(self._virtlogd, "virtlogd")
            self.start_libvirtd()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception):
        self.stop()

    def virsh(self, *arguments, timeout=VIRSH_TIMEOUT_S):
        """Runs virsh on this bench's libvirtd and returns its output; BenchError if it fails."""
        command = ["virsh", "-q", "-c", "qemu:///system", *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout, check=False,
                              env={**os.environ, "LC_ALL": "C"}, universal_newlines=True)
        if done.returncode != 0:
            raise BenchError("virsh %s: %s" % (" ".join(arguments), done.stderr.strip()))
        return done.stdout

    def start_guest(self, name, memory_mib, current_mib=None, autodeflate=False,
                    free_page_reporting=False, cmdline="", stats_period=None, persistent=False,
                    disk_mib=0, swap_mib=0, accel="qemu", balloon=True, plug_mib=0,
                    snapshots=False):
        """Starts a guest and returns it booting. disk_mib is what `cache` can read at most,
        plug_mib what can be plugged in. snapshots: it has a disk that keeps them."""
        spec = {key: value for key, value in locals().items() if key != "self"}
        spec.update(uuid=str(uuid.uuid4()), kernel=os.path.join(self.cache, "vmlinuz"),
                    initramfs=os.path.join(self.cache, "initramfs"),
                    log=os.path.join(self.directory, name + ".console"),
                    port=os.path.join(SOCKET_DIR, name + ".port"))
        spec["disks"] = self._make_disks(name, disk_mib, swap_mib)
        if snapshots:
            spec["disks"].append(("vdc", self._make_qcow2(name)))
        path = os.path.join(self.directory, name + ".xml")
        write_file(path, domain_xml(spec))
        if persistent:
            self.virsh("define", path)
            self.virsh("start", name)
        else:
            self.virsh("create", path)
        guest = Guest(self.virsh, spec)
        self.guests.append(guest)
        return guest

    def kvm_works(self):
        """Whether a guest really boots with KVM: /dev/kvm may exist and yet run nothing."""
        if self._kvm is None:
            self._kvm = os.access("/dev/kvm", os.R_OK | os.W_OK) and self._boots_with_kvm()
        return self._kvm

    def kill_libvirtd(self):
        """As a crash would; the guests run on. start_libvirtd() brings it back."""
        self.libvirtd.kill()
        self.libvirtd.wait()

    def start_libvirtd(self):
        program = os.path.basename(find_program("libvirtd", "virtqemud"))
        self.libvirtd = self._start(program)
        self._await_socket(self.libvirtd, program.replace("libvirtd", "libvirt"))
        self.virsh("uri")

    def end_guests(self):
        for guest in self.guests:
            self._end_guest(guest)
        self.guests = []

    def stop(self):
        self.end_guests()
        for process in (self.libvirtd, self._virtlogd, self._bus):
            if process:
                self._end_process(process)

    def _make_disks(self, name, disk_mib, swap_mib):
        # init.c reads vda and swaps to vdb: a swap disk needs the other one before it.
        disks = []
        if disk_mib or swap_mib:
            disks.append(("vda", os.path.join(self.directory, name + ".disk")))
            make_disk(disks[-1][1], disk_mib or 1)
        if swap_mib:
            disks.append(("vdb", os.path.join(self.directory, name + ".swap")))
            make_swap(disks[-1][1], swap_mib)
        return disks

    def _make_qcow2(self, name):
        path = os.path.join(self.directory, name + ".qcow2")
        make_qcow2(path, 16)
        return path

    def _boots_with_kvm(self):
        try:
            guest = self.start_guest("kvm-probe", 128, accel="kvm")
        except (BenchError, subprocess.TimeoutExpired):
            return False
        try:
            guest.wait_ready(KVM_TIMEOUT_S)
            return True
        except (GuestError, OSError):
            return False
        finally:
            self._end_guest(guest)
            self.guests.remove(guest)

    def _write_configuration(self):
        os.makedirs(SOCKET_DIR, exist_ok=True)
        write_file("/etc/libvirt/qemu.conf", QEMU_CONFIG)
        for name in ("libvirtd", "virtqemud"):
            log = os.path.join(self.directory, name + ".log")
            write_file("/etc/libvirt/%s.conf" % name, DAEMON_CONFIG % (uuid.uuid4(), log))
        write_file(os.path.join(self.directory, "bus.conf"), BUS_CONFIG)

    def _start_bus(self):
        command = [find_program("dbus-daemon"), "--nofork", "--nopidfile", "--print-address=1",
                   "--config-file=" + os.path.join(self.directory, "bus.conf")]
        with open(os.path.join(self.directory, "dbus-daemon.out"), "ab") as errors:
            self._bus = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=errors)
        if not self._bus.stdout.readline():
            raise BenchError("dbus-daemon did not start; see " + self.directory)
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=" + BUS_SOCKET

    def _start(self, program):
        with open(os.path.join(self.directory, program + ".out"), "ab") as output:
            return subprocess.Popen([find_program(program)], stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=output)

    def _await_socket(self, process, name):
        deadline = time.monotonic() + START_TIMEOUT_S
        path = "/run/libvirt/%s-sock" % name
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket(socket.AF_UNIX) as client:
                if client.connect_ex(path) == 0:
                    return
            time.sleep(0.01)
        raise BenchError("%s does not serve %s; see %s" % (name, path, self.directory))

    def _end_guest(self, guest):
        try:
            guest.destroy()
            guest.wait_gone(STOP_TIMEOUT_S)
        except (BenchError, GuestError, subprocess.TimeoutExpired):
            # Perhaps the body ended libvirtd, or the guest has gone by itself.
            try:
                os.kill(guest.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    @staticmethod
    def _end_process(process):
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
