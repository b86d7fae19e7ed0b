# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a suite tells what it found: a line a check, and the count at the end.

    ok SENTENCE [FIGURES]    not ok SENTENCE: WHY    skipped SENTENCE: WHY    figure NAME: VALUE

tests/run reads these lines.  A check is a sentence with a truth (that), or a function that raises
where it does not hold (run).
"""

import os
import sys
import traceback


class Skip(Exception):
    """A check cannot be made here; says why."""


def form():
    """quick, short or long: how much of everything is wanted."""
    return os.environ.get("BALLOOND_TEST_FORM", "short")


def one_line(text):
    return " ".join(str(text).split())


class Checks:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def that(self, sentence, truth, figures=""):
        """figures: shown either way; why it does not hold is to be seen from them."""
        shown = one_line(figures)
        if truth:
            self.passed += 1
            self._print("ok %s%s" % (sentence, " [%s]" % shown if shown else ""))
        else:
            self.failed += 1
            self._print("not ok %s: %s" % (sentence, shown or "it does not hold"))

    def skip(self, sentence, why):
        self.skipped += 1
        self._print("skipped %s: %s" % (sentence, one_line(why)))

    def figure(self, name, value):
        """What a build with sanitizers measures of itself means nothing."""
        if "ASAN_OPTIONS" not in os.environ:
            self._print("figure %s: %s" % (name, value))

    def run(self, name, check, *arguments):
        """Whatever check() raises fails it, an assertion or a peer that ended."""
        try:
            check(*arguments)
        except Skip as why:
            self.skip(name, why)
        except Exception as error:  # the next check is to run all the same
            why = one_line("%s: %s" % (type(error).__name__, error))
            self.that(name, False, why if len(why) < 600 else why[:600] + " ...")
            print("".join(traceback.format_tb(error.__traceback__)), flush=True)
        else:
            self.that(name, True)

    def finish(self):
        """Prints the count; the suite's exit status."""
        self._print("%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped))
        return 1 if self.failed else 0

    @staticmethod
    def _print(line):
        print(line)
        sys.stdout.flush()
