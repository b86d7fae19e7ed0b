# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the lint tests share: which files are ours, how a result is told, how a command is run."""

import os
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]


class Results:
    """Counts what is told; the exit status follows."""

    def __init__(self):
        self.failed = 0

    def tell(self, name, problems):
        problems = list(problems)
        if not problems:
            print(f"ok {name}")
        for problem in problems:
            print(f"not ok {name}: {problem}")
        self.failed += len(problems)

    def skip(self, name, why):
        print(f"skipped {name}: {why}")

    def end(self):
        sys.stdout.flush()
        sys.exit(self.failed > 0)


def build_dir():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} BUILD_DIR")
    return pathlib.Path(sys.argv[1]).resolve()


def run(*command, **options):
    """Returns the finished process with its output as text."""
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)


def _listed_by_git():
    if not shutil.which("git"):
        return None
    listed = run("git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode != 0:
        return None
    return [pathlib.Path(name) for name in listed.stdout.split("\0") if name]


def _listed_by_walk():
    for directory, subdirs, names in os.walk(TOP):
        # Build directories are not ours, whatever they are called.
        subdirs[:] = [d for d in subdirs if not d.startswith(".git") and d != "__pycache__"
                      and not (pathlib.Path(directory) / d / "build.ninja").exists()]
        for name in names:
            yield pathlib.Path(directory, name).relative_to(TOP)


def files():
    """All source files of the project, relative to TOP, sorted; in a tarball as in a checkout."""
    listed = _listed_by_git()
    if listed is None:
        listed = list(_listed_by_walk())
    return sorted(f for f in set(listed) if (TOP / f).is_file())


def c_files(*rooms):
    """The .c and .h files, of these directories alone if any are given."""
    return [f for f in files() if f.suffix in (".c", ".h")
            and (not rooms or any(f.is_relative_to(room) for room in rooms))]


def text(path):
    return (TOP / path).read_text(encoding="utf-8", errors="replace")


def interpreter(path):
    """What a script's first line says that runs it, or ''."""
    with open(TOP / path, "rb") as script:
        first = script.readline(200)
    return first.decode(errors="replace").strip() if first.startswith(b"#!") else ""
