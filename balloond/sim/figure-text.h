/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How a run's figures are read and shown: one spelling for tables, JSON and expectations. */

#include "balloond/sim/metrics.h"

#define FIGURE_TEXT_MAX 64u

uint64_t figure_value(const struct sim_figure *figure, const struct sim_result *result);

/* In people's units: "0.05%", "1.25 GiB", "1.25 GiB s", "3 min 20 s", "12.5"; "unknown" for what is
 * not known.  Only bytes are rounded, and times to tenths of seconds.  Returns buf. */
const char *figure_text(char buf[FIGURE_TEXT_MAX], const struct sim_figure *figure, uint64_t value);

/* Its key in JSON, spelled as on D-Bus and with its unit, where that is not bytes or a count:
 * "ReliefP50USec".  Returns buf. */
const char *figure_key(char buf[FIGURE_TEXT_MAX], const struct sim_figure *figure);
