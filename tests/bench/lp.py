#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The best that anybody could do whose balloons are no faster than real ones: lp.py CASE.json

A case, all memory in MiB, speeds in MiB a second:

    {"step": SECONDS, "pool": P, "inflate": R, "deflate": R,
     "guests": [{"maximum": M, "floor": L, "start": A, "needs": [W, W, ...]}, ...]}

start may be left out: then the first sizes are free.  Printed, as JSON:

    unmet    MiB x s of need that stay unmet with foresight, at these speeds
    free     the same with balloons that move at once: U* of sim/bounds.h
    traffic  MiB, sum of all changes of size of whoever meets every need at these speeds (V*);
             null where nobody can

As linear programs, solved by GLPK.  What moves without need costs nothing in the first two: their
value is the same with and without.
"""

import json
import os
import subprocess
import sys
import tempfile


class Program:
    """A linear program in CPLEX's LP format, written a row at a time."""

    def __init__(self):
        self.objective, self.rows, self.bounds = [], [], []

    def row(self, terms, relation, bound):
        self.rows.append(" %s %s %.9g" % (" ".join(terms), relation, bound))

    def text(self):
        return "\n".join(["Minimize", " o: " + ("\n ".join(self.objective) or "0 a0_0"),
                          "Subject To"] + self.rows + ["Bounds"] + self.bounds + ["End", ""])


def add_sizes(program, case, lowest):
    """Sizes between lowest(guest, need) and the maximum that fit into the pool."""
    for i, guest in enumerate(case["guests"]):
        for t, need in enumerate(guest["needs"]):
            program.bounds.append(" %.9g <= a%d_%d <= %.9g" % (lowest(guest, need), i, t,
                                                               guest["maximum"]))
    for t in range(len(case["guests"][0]["needs"])):
        program.row(["+ a%d_%d" % (i, t) for i in range(len(case["guests"]))], "<=", case["pool"])


def add_speeds(program, case):
    down, up = case["inflate"] * case["step"], case["deflate"] * case["step"]
    for i, guest in enumerate(case["guests"]):
        if "start" in guest:
            program.row(["a%d_0" % i], "<=", guest["start"] + up)
            program.row(["a%d_0" % i], ">=", guest["start"] - down)
        for t in range(1, len(guest["needs"])):
            change = ["a%d_%d" % (i, t), "- a%d_%d" % (i, t - 1)]
            program.row(change, "<=", up)
            program.row(change, ">=", -down)


def add_shortage(program, case):
    for i, guest in enumerate(case["guests"]):
        for t, need in enumerate(guest["needs"]):
            if need > guest["floor"]:  # else it has all that it needs anyway
                program.row(["s%d_%d" % (i, t), "+ a%d_%d" % (i, t)], ">=", need)
                program.objective.append("+ s%d_%d" % (i, t))


def add_traffic(program, case):
    for i, guest in enumerate(case["guests"]):
        for t in range(0 if "start" in guest else 1, len(guest["needs"])):
            change = ["m%d_%d" % (i, t), "- a%d_%d" % (i, t)]
            back = ["m%d_%d" % (i, t), "+ a%d_%d" % (i, t)]
            before = ["+ a%d_%d" % (i, t - 1)], ["- a%d_%d" % (i, t - 1)]
            known = guest["start"] if t == 0 else 0
            program.row(change + (before[0] if t else []), ">=", -known)
            program.row(back + (before[1] if t else []), ">=", known)
            program.objective.append("+ m%d_%d" % (i, t))


def solve(program):
    """The least value of the objective; None where no solution exists."""
    with tempfile.TemporaryDirectory() as work:
        names = [os.path.join(work, name) for name in ("program", "solution")]
        with open(names[0], "w", encoding="ascii") as out:
            out.write(program.text())
        told = subprocess.run(["glpsol", "--lp", names[0], "--write", names[1]],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, universal_newlines=True)
        if told.returncode != 0:
            raise RuntimeError("glpsol: " + told.stdout[-500:])
        if "HAS NO PRIMAL FEASIBLE SOLUTION" in told.stdout:
            return None
        with open(names[1], encoding="ascii") as solution:
            # s bas ROWS COLUMNS PRIMAL DUAL OBJECTIVE
            for line in solution:
                if line.startswith("s bas "):
                    words = line.split()
                    if words[4:6] == ["f", "f"]:
                        return float(words[6])
                    return None
    raise RuntimeError("glpsol: no solution written: " + told.stdout[-500:])


def least_unmet(case, with_speeds=True):
    """MiB x s; None where not even the floors can be kept."""
    program = Program()
    add_sizes(program, case, lambda guest, need: guest["floor"])
    add_shortage(program, case)
    if with_speeds:
        add_speeds(program, case)
    value = solve(program)
    return None if value is None else value * case["step"]


def least_traffic(case):
    """MiB; None where needs cannot all be met."""
    program = Program()
    add_sizes(program, case, lambda guest, need: max(guest["floor"], need))
    add_speeds(program, case)
    add_traffic(program, case)
    return solve(program)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: lp.py CASE.json")
    with open(sys.argv[1], encoding="utf-8") as text:
        case = json.load(text)
    print(json.dumps({"unmet": least_unmet(case), "free": least_unmet(case, with_speeds=False),
                      "traffic": least_traffic(case)}))


if __name__ == "__main__":
    main()
