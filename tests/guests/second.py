# SPDX-License-Identifier: LGPL-2.1-or-later
"""A second libvirtd beside a bench's, to migrate guests to and back.

Two daemons are two hosts if their hosts' names and UUIDs differ and each has directories of its
own: this one has a mount and a UTS namespace, in which its own lie over libvirt's usual paths.
From outside they are seen below `root`, and the bench's own socket is seen from inside below
`peer`.  QEMU's state goes over a UNIX socket that both can open.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import uuid

from bench import DAEMON_CONFIG, SOCKET_DIR, BenchError, find_program, write_file
from daemon import poll_until

START_TIMEOUT_S = 30
MIGRATE_TIMEOUT_S = 90

# $1: where its directories are; the rest: the daemon.
SCRIPT = """set -e
root=$1
shift
hostname balloond-second
mount --bind /run/libvirt "$root/peer"
for dir in /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /run/libvirt %s; do
	mkdir -p "$dir"
	mount --bind "$root$dir" "$dir"
done
virtlogd=$1
shift
"$virtlogd" --pid-file "$root/virtlogd.pid" &
exec "$@" --pid-file "$root/libvirtd.pid"
""" % SOCKET_DIR
DIRECTORIES = ("etc", "var/lib/libvirt", "var/log/libvirt", "var/cache/libvirt",
               "run/libvirt/common", SOCKET_DIR[1:], "peer")


class Second:
    def __init__(self, bench):
        self.bench = bench
        self.root = os.path.join(bench.directory, "second")
        self._process = None

    def __enter__(self):
        for name in DIRECTORIES:
            os.makedirs(os.path.join(self.root, name), exist_ok=True)
        shutil.copytree("/etc/libvirt", self.root + "/etc/libvirt", dirs_exist_ok=True)
        for name in ("libvirtd", "virtqemud"):
            write_file("%s/etc/libvirt/%s.conf" % (self.root, name),
                       DAEMON_CONFIG % (uuid.uuid4(), self.root + "/libvirtd.log"))
        program = find_program("libvirtd", "virtqemud")
        self._socket = os.path.basename(program).replace("libvirtd", "libvirt") + "-sock"
        with open(self.root + "/libvirtd.out", "ab") as output:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--uts", "bash", "-c",
                 SCRIPT, "second", self.root, find_program("virtlogd"), program],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            poll_until(self._answers, "a second libvirtd", START_TIMEOUT_S)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception):
        self.stop()

    @property
    def uri(self):
        return "qemu:///system?socket=%s/run/libvirt/%s" % (self.root, self._socket)

    def virsh(self, *arguments, timeout=MIGRATE_TIMEOUT_S):
        return self.bench.virsh("-c", self.uri, *arguments, timeout=timeout)

    def fetch(self, name, *options):
        """Migrates a guest of the bench to here, live."""
        self._migrate(self.bench.virsh, name, self.root + "/run/libvirt", options)

    def send_back(self, name, *options):
        self._migrate(self.virsh, name, self.root + "/peer", options)

    def stop(self):
        """Guests that are left there as well; virsh lists none where the daemon has gone."""
        if self._process.poll() is None and self._answers():
            for name in self.virsh("list", "--name").split():
                self.virsh("destroy", name)
        with contextlib.suppress(OSError, ValueError):
            with open(self.root + "/virtlogd.pid", encoding="ascii") as file:
                os.kill(int(file.read()), signal.SIGTERM)
        self._process.terminate()
        try:
            self._process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _migrate(self, virsh, name, directory, options):
        virsh("migrate", "--live", "--p2p", *options, name,
              "qemu+unix:///system?socket=%s/%s" % (directory, self._socket),
              "--migrateuri", "unix://%s/migration.sock" % self.root, timeout=MIGRATE_TIMEOUT_S)

    def _answers(self):
        if self._process.poll() is not None:
            raise BenchError("a second libvirtd ended, see " + self.root)
        try:
            return self.virsh("uri")
        except BenchError:
            return None
