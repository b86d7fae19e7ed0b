/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether a run came out as its scenario says. */

#include "balloond/sim/figure-text.h"
#include "balloond/sim/scenario.h"

#define EXPECTATION_TEXT_MAX (2 * FIGURE_TEXT_MAX + 16u)

/* Whether it is about such a run at all: about all of its rules' policies, and its commit. */
bool expectation_is_asked(const struct scenario_expectation *e, const struct config *config);

/* What is not known meets no bound. */
bool expectation_holds(const struct scenario_expectation *e, const struct sim_result *result);

/* "at most 0.05%", "at least 1.25 GiB", "12 to 20", "0", "any".  Returns buf. */
const char *expectation_text(char buf[EXPECTATION_TEXT_MAX], const struct scenario_expectation *e);

/* How many of s are asked and not met. */
size_t expectations_count_missed(const struct scenario *s, const struct config *config,
				 const struct sim_result *result);
