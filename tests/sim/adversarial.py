# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every scenario with every policy that is shipped, and with both ways to charge the pool: what the
scenario expects of such a run is met, and what balloond promises whatever happens.

All that was found is in BUILD/test-logs/adversarial.json; of a run that fails there is a picture
beside it."""

import concurrent.futures
import json
import os
import pathlib

COMMITS = ("strict", "elastic")
# Whoever decides: balloond's share of memory beyond the pool, and orders below a promise.
PROMISES = ("OverageMiBSeconds", "BelowFloor")
# Of CPU, of all runs together: others may use the machine as well.
MOST_SECONDS = 120


class Run:
    def __init__(self, bench, scenario, policy, commit):
        self.scenario, self.policy, self.commit = scenario, policy, commit
        self.arguments = (scenario, "--policy=" + policy, "--commit=" + commit)
        done = bench.any("--json=short", *self.arguments)
        self.code, self.complaint = done.returncode, done.stderr
        self.said = json.loads(done.stdout) if done.stdout else {}

    def problems(self):
        if self.complaint or not self.said:
            return ["%d %s" % (self.code, self.complaint)]
        figures = self.said["Figures"]
        broken = ["%s is %d" % (name, figures[name]) for name in PROMISES if figures[name] != 0]
        missed = ["%s is %d (line %d)" % (e["Figure"], e["Value"], e["Line"])
                  for e in self.said["Expectations"] if not e["Met"]]
        if self.code != bool(missed):
            missed.append("exit code %d" % self.code)
        return broken + missed

    def record(self):
        return {"Scenario": self.scenario.stem, "Policy": self.policy, "Commit": self.commit,
                "Problems": self.problems(), "Figures": self.said.get("Figures")}


def every_run_is_as_expected(bench, logs, runs):
    """The file expects the promises too, so that whoever tries it is told."""
    expected = {e["Figure"] for e in runs[0].said.get("Expectations", [])}
    assert {"overage", "below-floor"} <= expected, expected
    wrong = []
    for run in runs:
        problems = run.problems()
        if not problems:
            continue
        wrong.append("%s %s: %s" % (run.policy, run.commit, ", ".join(problems)))
        picture = "adversarial-%s-%s-%s.svg" % (run.scenario.stem, run.policy, run.commit)
        bench.any("--plot=%s" % (logs / picture), *run.arguments)
    assert not wrong, "; ".join(wrong)


def cpu_seconds():
    times = os.times()
    return times.children_user + times.children_system


def check(checks, bench, scenarios, policies):
    logs = pathlib.Path(bench.ctl).resolve().parents[1] / "test-logs"
    logs.mkdir(exist_ok=True)
    work = [(bench, path, policy, commit)
            for path in scenarios for policy in policies for commit in COMMITS]
    began = cpu_seconds()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(lambda arguments: Run(*arguments), work))
    took = cpu_seconds() - began
    for path in scenarios:
        checks.run("every-policy-bears-the-scenario-%s" % path.stem, every_run_is_as_expected,
                   bench, logs, [run for run in runs if run.scenario == path])
    (logs / "adversarial.json").write_text(
        json.dumps([run.record() for run in runs], indent=1) + "\n")
    checks.figure("adversarial set", "%d runs in %.0f s of CPU" % (len(runs), took))
    # With sanitizers nothing is quick.
    checks.that("the-adversarial-set-is-quick",
                took < MOST_SECONDS or "ASAN_OPTIONS" in os.environ, "%.0f s" % took)
