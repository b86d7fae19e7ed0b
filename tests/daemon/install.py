# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` puts where, and that what it put there works."""

import json
import os
import pathlib
import subprocess

BIN, SBIN, SHARE, LIB, HEADERS = "usr/bin", "usr/sbin", "usr/share", "usr/{libdir}", "usr/include"

EXPECTED = (
    "etc/balloond/balloond.yaml",
    BIN + "/balloonctl",
    SBIN + "/balloond",
    HEADERS + "/balloond/policy-math.h",
    HEADERS + "/balloond/policy.h",
    LIB + "/balloond/policies/fair.so",
    LIB + "/balloond/policies/fair.so",
    LIB + "/balloond/policies/headroom.so",
    LIB + "/balloond/policies/hold.so",
    LIB + "/balloond/policies/pressure.so",
    LIB + "/balloond/policies/proportional.so",
    LIB + "/balloond/policies/reclaim.so",
    LIB + "/balloond/policies/step.so",
    SHARE + "/balloond/balloond.schema.json",
    SHARE + "/balloond/profiles/conservative.yaml",
    SHARE + "/balloond/profiles/density.yaml",
    SHARE + "/balloond/profiles/emergency-only.yaml",
    SHARE + "/balloond/profiles/like-mom.yaml",
    SHARE + "/balloond/profiles/like-proxmox.yaml",
    SHARE + "/balloond/profiles/like-squeezed.yaml",
    SHARE + "/doc/balloond/ansible/README.md",
    SHARE + "/doc/balloond/ansible/defaults/main.yml",
    SHARE + "/doc/balloond/ansible/handlers/main.yml",
    SHARE + "/doc/balloond/ansible/meta/main.yml",
    SHARE + "/doc/balloond/ansible/tasks/main.yml",
    SHARE + "/doc/balloond/ansible/templates/customer.yaml.j2",
    SHARE + "/dbus-1/interfaces/org.balloond1.Guest.xml",
    SHARE + "/dbus-1/interfaces/org.balloond1.GuestStats.xml",
    SHARE + "/dbus-1/interfaces/org.balloond1.Manager.xml",
    SHARE + "/dbus-1/system.d/org.balloond1.conf",
    SHARE + "/man/man3/balloond-policy.3",
    SHARE + "/man/man5/balloond-scenario.5",
    SHARE + "/man/man5/balloond.yaml.5",
    SHARE + "/man/man7/balloond-policies.7",
    SHARE + "/pkgconfig/balloond-policy.pc",
)


def libdir_of(build):
    done = subprocess.run(["meson", "introspect", "--buildoptions", build], check=True,
                          stdout=subprocess.PIPE, universal_newlines=True)
    return next(o["value"] for o in json.loads(done.stdout) if o["name"] == "libdir")


def run_there(root, program, *arguments):
    done = subprocess.run([root / program, *arguments], stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.STDOUT, universal_newlines=True, timeout=30)
    return done.returncode, done.stdout


def install(stage, root):
    subprocess.run(["meson", "install", "-C", stage.build, "--no-rebuild", "--quiet", "--destdir",
                    root], check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def exactly_these_files_are_installed(stage, root):
    install(stage, root)
    libdir = libdir_of(stage.build)
    found = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
    expected = {name.format(libdir=libdir) for name in EXPECTED}
    assert found == expected, "more: %s; missing: %s" % (sorted(found - expected),
                                                         sorted(expected - found))


def their_modes_are_usual(root):
    for path in root.rglob("*"):
        mode = path.stat().st_mode & 0o777
        wanted = 0o755 if path.is_dir() or path.parent.name in ("bin", "sbin") else 0o644
        allowed = (wanted, 0o755) if path.suffix == ".so" else (wanted,)
        assert mode in allowed, "%s has %o" % (path, mode)


def installed_configurations_are_valid(stage, root):
    policies = root / LIB.format(libdir=libdir_of(stage.build)) / "balloond" / "policies"
    for name in (name for name in EXPECTED if name.endswith(".yaml") and "ansible" not in name):
        status, said = run_there(root, SBIN + "/balloond", "--policy-dir", policies,
                                 "--check-config", root / name)
        assert (status, said) == (0, "%s: OK\n" % (root / name)), (status, said)


def installed_programs_start(root):
    for name in (SBIN + "/balloond", BIN + "/balloonctl"):
        status, said = run_there(root, name, "--version")
        assert status == 0 and said.startswith(pathlib.Path(name).name + " "), (status, said)
        status, said = run_there(root, name, "--help")
        assert status == 0 and said.startswith(pathlib.Path(name).name + " "), (status, said)


def run(checks, stage):
    root = pathlib.Path(stage.path("root"))
    umask = os.umask(0o022)
    try:
        checks.run("exactly_these_files_are_installed", exactly_these_files_are_installed, stage,
                   root)
        checks.run("their_modes_are_usual", their_modes_are_usual, root)
    finally:
        os.umask(umask)
    checks.run("installed_configurations_are_valid", installed_configurations_are_valid, stage,
               root)
    checks.run("installed_programs_start", installed_programs_start, root)
