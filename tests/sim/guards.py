# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each rule of the guard is needed: there is a scenario that it saves, and that fails without it.

Pictures of both are in BUILD/test-logs/guards: RULE-on.svg and RULE-off.svg."""

import pathlib
import subprocess
import xml.etree.ElementTree

DEADLINE = 120

# What decides, and what of the scenario guard-RULE.yaml is not met without the rule.
RULES = {
    "bounds": ("headroom", {"below-floor", "ooms"}),
    "stale": ("headroom", {"unmet"}),
    "margin": ("taker", {"unmet"}),
    "stuck": ("headroom", {"overage"}),
    "held": ("headroom", {"ooms"}),
    "cool-down": ("headroom", {"unmet", "reversals"}),
    "dead-band": ("tracker", {"traffic"}),
    "shrink-limit": ("tracker", {"ooms"}),
    "free-first": ("headroom", {"overage"}),
    "room": ("headroom", {"host-swapped"}),
}
# tests/unit/test-guard.c has theirs: a scenario orders nothing but hold, and no figure of it tells
# that what was taken was the host's already.
UNIT = {"ordered", "no-gain"}


class Guards:
    def __init__(self, build, scenarios, work):
        self.program = str(build / "tests" / "simulate-test")
        self.shipped = build / "policies"
        self.fixtures = build / "tests" / "fixtures" / "policies"
        self.pictures = build / "test-logs" / "guards"
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.scenarios, self.work = scenarios, pathlib.Path(work)

    def start(self, *arguments):
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True,
                              timeout=DEADLINE)

    def scenario(self, rule):
        """(file, directory of policies): the file names headroom, which is not among the bad."""
        policy, path = RULES[rule][0], self.scenarios / ("guard-%s.yaml" % rule)
        if policy == "headroom":
            return path, self.shipped
        text = path.read_text()
        assert text.count("policy: headroom\n") == 1, path
        changed = self.work / path.name
        changed.write_text(text.replace("policy: headroom\n", "policy: %s\n" % policy))
        return changed, self.fixtures

    def missed(self, rule, off):
        """Figures that are not as expected."""
        picture = self.pictures / ("%s-%s.svg" % (rule, "off" if off else "on"))
        path, policies = self.scenario(rule)
        done = self.start("--policy-dir=%s" % policies, "--plot=%s" % picture,
                          *(["--guard-off=" + rule] if off else []), path)
        found = {line.split()[1].rstrip(":") for line in done.stdout.splitlines()}
        assert not done.stderr and done.returncode == bool(found), done
        xml.etree.ElementTree.parse(picture)
        return found


def every_rule_has_a_scenario(guards):
    done = guards.start("--guard-off=nobody", "--policy-dir=%s" % guards.shipped,
                        guards.scenarios / "step.yaml")
    names = done.stderr.split(": ")[-1].strip().split(", ")
    assert done.returncode == 2 and set(names) == set(RULES) | UNIT, done


def its_scenario_is_met_with_it_and_not_without(guards, rule):
    found = guards.missed(rule, off=False)
    assert not found, "with it: %s" % found
    found = guards.missed(rule, off=True)
    assert found == RULES[rule][1], "without it: %s" % found


def check(checks, build, scenarios, work):
    guards = Guards(build, scenarios, work)
    checks.run("every-rule-of-the-guard-has-a-scenario", every_rule_has_a_scenario, guards)
    for rule in RULES:
        checks.run("the-guard-needs-its-rule-%s" % rule,
                   its_scenario_is_met_with_it_and_not_without, guards, rule)
