# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scenarios of tests/sim/scenarios, tried with every policy that is shipped and both ways of
charging, as an operator would try them: with balloonctl simulate."""

import concurrent.futures
import json
import pathlib
import subprocess
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = TOP / "tests/sim/scenarios"
COMMITS = ("strict", "elastic")
DEADLINE = 300


def scenarios():
    """Those that expect something; the example is for reading."""
    return [path for path in sorted(SCENARIOS.glob("*.yaml"))
            if path.stem != "example" and "\nexpect:" in path.read_text()]


def command(build, path, policy, commit, *more):
    return [f"{build}/balloond/balloonctl", "simulate", f"--policy-dir={build}/policies",
            f"--policy={policy}", f"--commit={commit}", *more, str(path)]


def simulate(build, path, policy, commit, *more):
    """Exit code 1 with figures: an expectation was missed."""
    done = subprocess.run(command(build, path, policy, commit, "--json=short", *more),
                          capture_output=True, text=True, timeout=DEADLINE)
    if done.returncode > 1 or not done.stdout:
        raise RuntimeError(f"{path.name} with {policy}, {commit}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def run(build, policies, jobs):
    """{(scenario, policy, commit): what simulate says}"""
    keys = [(path, policy, commit) for path in scenarios() for policy in policies
            for commit in COMMITS]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda key: simulate(build, *key), keys))
    return {(path.stem, policy, commit): result
            for (path, policy, commit), result in zip(keys, results)}


def missed(result):
    return [expectation for expectation in result["Expectations"] if not expectation["Met"]]


def picture(build, name, policy, commit):
    """The SVG that --plot writes."""
    with tempfile.TemporaryDirectory(prefix="balloond-plot-") as work:
        path = pathlib.Path(work) / "plot.svg"
        simulate(build, SCENARIOS / f"{name}.yaml", policy, commit, f"--plot={path}")
        return path.read_text()
