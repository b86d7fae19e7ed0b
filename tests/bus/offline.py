# SPDX-License-Identifier: LGPL-2.1-or-later
"""What balloonctl does by itself: policies, and files before balloond takes them."""

import json
import pathlib
import subprocess

from private_bus import DEADLINE, TOP

MIB = 1 << 20

DOMAIN = """<domain type='test'>
  <name>%s</name>
  <uuid>a0000000-0000-4000-8000-%012d</uuid>
  <memory unit='MiB'>%d</memory>
  <currentMemory unit='MiB'>%d</currentMemory>
  <os><type>hvm</type></os>
  <devices><memballoon model='virtio'/></devices>
</domain>
"""

LIVE = """version: 1
uri: "test://{node}"
host: {{ pool: {pool}, reserve: 64MiB, commit: strict }}
guests:
  - {{ name: databases, match: {{ name: "db-*" }}, min: 75% }}
  - {{ name: mail, match: {{ name: "mail-*" }} }}
  - {{ name: rest, match: {{ name: "*" }} }}
rules:
  - name: later
    match: {{ name: "db-*" }}
    when: {{ host.available: "> 1KiB", for: 30s }}
    policy: hold
  - name: blind
    match: {{ name: "web-*" }}
    when: {{ guest.disk-reads: "> 1MiB/s" }}
    policy: hold
  - {{ name: databases, match: {{ name: "db-*" }}, policy: headroom }}
  - {{ name: web, match: {{ name: "web-*" }}, policy: hold }}
  - {{ name: mail, match: {{ name: "mail-*" }}, policy: hold }}
"""


def policies(w):
    """Where the build's modules are."""
    return "--policy-dir=" + str(next(pathlib.Path(w.build).rglob("headroom.so")).parent)


def ctl(w, *arguments):
    """(status, standard output, standard error)"""
    done = subprocess.run([w.ctl, policies(w), *arguments], capture_output=True, text=True,
                          env=w.env, timeout=DEADLINE)
    return done.returncode, done.stdout, done.stderr


def words(w, *arguments, code=0):
    status, out, error = ctl(w, *arguments)
    assert status == code, (arguments, status, out, error)
    return out if code == 0 else error


def read(w, *arguments):
    return json.loads(words(w, "--json=short", *arguments))


def write(w, name, text):
    path = w.work / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def all_policies_are_listed(w):
    lines = words(w, "policy", "list").splitlines()
    assert lines[0].split() == ["NAME", "SUMMARY"], lines
    names = [line.split()[0] for line in lines[1:]]
    assert names == sorted(names) and {"headroom", "hold"} <= set(names), names
    listed = read(w, "policy", "list")
    assert [p["Name"] for p in listed] == names and all(p["Summary"] for p in listed), listed
    assert words(w, "policy", "list", "--no-legend").splitlines() == lines[1:]


def a_policy_shows_all_that_it_says(w):
    text = words(w, "policy", "show", "headroom")
    for part in ("headroom: Keeps ", "PARAMETER DEFAULT ALLOWED", "15% 1% to 80%",
                 "its headroom is below the low mark\n", "low-mark (bytes)\n"):
        assert part in text, (part, text)
    shown = read(w, "policy", "show", "headroom")
    low = shown["Parameters"][0]
    assert (low["Name"], low["Type"], low["Default"], low["Low"], low["High"]) == (
        "low", "permille", "15%", "1%", "80%"), low
    assert {"Name": "headroom", "Type": "bytes"} in shown["Figures"], shown
    assert "no parameters" in words(w, "policy", "show", "hold")


def what_is_no_policy_is_named(w):
    assert "there is no policy 'nice'" in words(w, "policy", "show", "nice", code=1)
    assert "no name of a policy" in words(w, "policy", "show", "../x", code=1)
    status, _, error = ctl(w, "policy", "list", "--policy-dir=/nonexistent")
    assert status == 1 and "/nonexistent: No such file" in error, error
    (w.work / "modules").mkdir()
    (w.work / "modules" / "Upper.so").write_text("")
    assert words(w, "policy", "list", f"--policy-dir={w.work}/modules") == "No policies.\n"
    (w.work / "modules" / "broken.so").write_text("")
    listed = read(w, "policy", "list", f"--policy-dir={w.work}/modules")
    assert [p["Name"] for p in listed] == ["broken"] and "broken.so" in listed[0]["Error"], listed


def files_are_checked_alone_and_together(w):
    main = write(w, "check.yaml", "version: 1\nrules: [{ name: a, match: { name: '*' }, "
                 "policy: hold }]\n")
    part = write(w, "part.yaml", "rules: [{ name: b, match: { name: b }, policy: hold }]\n")
    bad = write(w, "bad.yaml", "rules:\n  - { name: b, polcy: hold }\n")
    assert words(w, "config", "check", part) == part + ": OK\n"
    whole = ["config", "check", "--config=" + main]
    assert words(w, *whole) == main + ": OK\n"
    assert words(w, *whole, "--with=" + part) == f"{main}: OK\n{part}: OK\n"
    assert read(w, *whole) == {"Valid": True, "Files": [main], "Diagnostics": []}
    for arguments in (["config", "check", bad], [*whole, "--with=" + bad]):
        assert bad + ":2:16: " in words(w, *arguments, code=1)
        status, out, _ = ctl(w, "--json=pretty", *arguments)
        said = json.loads(out)
        assert status == 1 and not said["Valid"] and "polcy" in said["Diagnostics"][-1], said
    assert "absent.yaml" in words(w, "config", "check", "/absent.yaml", code=1)
    assert "absent.yaml" in words(w, "config", "show", "--config=/absent.yaml", code=1)


def every_value_is_shown_with_its_origin(w):
    main = write(w, "show.yaml", "version: 1\nhost: { pool: 8192MiB }\n")
    write(w, "show.yaml.d/10-more.yaml", "limits: { shrink: { guest: 1MiB/s } }\n")
    part = f"{main}.d/10-more.yaml"
    shown = {v["Key"]: v for v in read(w, "config", "show", "--config=" + main)}
    assert (shown["host.pool"]["Value"], shown["host.pool"]["Line"]) == ("8GiB", 2), shown
    assert shown["limits.shrink.guest"]["File"] == part and shown["host.reserve"]["File"] is None
    lines = words(w, "config", "show", "--origin", "--config=" + main).splitlines()
    assert lines[0].split() == ["KEY", "VALUE", "ORIGIN"], lines[0]
    assert ["host.pool", "8GiB", main + ":2:15"] in [line.split() for line in lines], lines
    assert ["host.reserve", "auto", "default"] in [line.split() for line in lines], lines
    plain = words(w, "config", "show", "--config=" + main).splitlines()
    assert len(plain) == len(lines) and plain[0].split() == ["KEY", "VALUE"], plain


def files_are_shown_as_they_are(w):
    main = write(w, "cat.yaml", "version: 1\n# tab\there, \u00f6\ndry-run: true")
    write(w, "cat.yaml.d/x.yaml", "dry-run: false\n")
    assert words(w, "config", "cat", "--config=" + main) == (
        f"# {main}\nversion: 1\n# tab\there, \u00f6\ndry-run: true\n\n"
        f"# {main}.d/x.yaml\ndry-run: false\n")
    files = read(w, "config", "cat", "--config=" + main)
    assert [f["File"] for f in files] == [main, main + ".d/x.yaml"], files
    assert files[1]["Text"] == "dry-run: false\n"


def differences_from_defaults_are_told(w):
    main = write(w, "diff.yaml", "version: 1\nuri: auto\nhost: { pool: 8GiB, reserve: auto }\n")
    lines = words(w, "config", "diff", "--config=" + main).splitlines()
    assert lines[1].split() == ["host.pool", "auto", "8GiB", main + ":3:15"], lines
    assert lines[2:] == ["", "balloond is not running."], lines
    found = read(w, "config", "diff", main)
    assert found["Running"] == "nothing" and len(found["Changed"]) == 1, found
    assert (found["Changed"][0]["Key"], found["Changed"][0]["Default"]) == ("host.pool", "auto")
    entries = write(w, "entries.yaml", "version: 1\n"
                    "guests: [{ name: a.b, match: { name: '*' }, min: 50%, shares: 7 }]\n"
                    "rules:\n  - { name: c, match: { name: '*' }, policy: headroom,\n"
                    "      params: { low: 15.0%, high: 40% } }\n")
    found = {v["Key"]: v["Default"] for v in read(w, "config", "diff", entries)["Changed"]}
    assert found == {"guests[a.b].name": None, "guests[a.b].match.name": None,
                     "guests[a.b].shares": "1000", "rules[c].name": None,
                     "rules[c].match.name": None, "rules[c].policy": None,
                     "rules[c].params.high": "30%"}, found
    same = write(w, "same.yaml", "version: 1\n")
    assert "Every key has its default." in words(w, "config", "diff", same)


def live_files(w, pool):
    node = write(w, "node.xml", "<node>%s</node>" % "".join(
        DOMAIN % (name, i, mib, mib)
        for i, (name, mib) in enumerate((("db-1", 4096), ("web-1", 1024), ("odd", 512)))))
    return write(w, "live.yaml", LIVE.format(node=node, pool=pool))


def files_are_held_against_the_guests_that_run(w):
    path = live_files(w, "2GiB")
    text = words(w, "config", "check", "--live", "--config=" + path)
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["GUEST", "PROMISE", "FLOOR", "CEILING", "RULE", "STATE"], text
    assert ["db-1", "databases", "3.00G", "4.00G", "databases", "managed"] in lines, text
    assert ["odd", "rest", "256M", "512M", "-", "observed"] in lines, text
    for part in ("so only observed: odd\n", "that no guest has: mail\n", "match no guest: mail\n",
                 'Rule "blind" waits for guest "web-1": guest.disk-reads is not known.\n',
                 "Overbooked by ", "the pool has 2.00 GiB.\n", "A rule with `for`"):
        assert part in text, (part, text)
    found = read(w, "config", "check", path, "--live")
    assert found["UnmatchedGuests"] == ["odd"] and found["UnusedRules"] == ["mail"], found
    assert found["OverbookedBy"] == found["Promised"] - found["Pool"] > 0, found
    assert [g["Rule"] for g in found["Guests"]] == ["databases", "web", ""], found


def what_fits_is_not_overbooked(w):
    path = live_files(w, "32GiB")
    text = words(w, "config", "check", "--live", path)
    assert "Promised are " in text and " of a pool of 32.0 GiB.\n" in text, text


def a_live_check_without_hypervisor_fails(w):
    path = write(w, "nobody.yaml", 'version: 1\nuri: "test:///nonexistent.xml"\n')
    assert "no hypervisor answers" in words(w, "config", "check", "--live", path, code=1)


def shipped_files_are_read(w):
    for path in sorted((TOP / "config").glob("*.yaml")):
        for arguments in (["check", str(path)], ["show", f"--config={path}"],
                          ["diff", f"--config={path}"], ["cat", f"--config={path}"]):
            assert words(w, "config", *arguments)
            assert read(w, "config", *arguments)


CHECKS = (all_policies_are_listed, a_policy_shows_all_that_it_says, what_is_no_policy_is_named,
          files_are_checked_alone_and_together, every_value_is_shown_with_its_origin,
          files_are_shown_as_they_are, differences_from_defaults_are_told,
          files_are_held_against_the_guests_that_run, what_fits_is_not_overbooked,
          a_live_check_without_hypervisor_fails, shipped_files_are_read)
