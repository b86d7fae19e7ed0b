/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Scenarios from texts, and what is said about them. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/sim/scenario.h"
#include "tests/unit/check-main.h"

#define _cleanup_scenario_ _cleanup_(scenario_freep)

/* The least that is a scenario: its last line is open for more keys of its guest. */
#define SCENARIO_HEAD "version: 1\nname: t\nlength: 1h\n"
#define SCENARIO_LEAST SCENARIO_HEAD "host: {memory: 8GiB}\nguests:\n- name: a\n  memory: 1GiB\n"

static inline struct scenario *scenario_of(const char *text)
{
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct scenario *s = NULL;
	int r = scenario_parse(text, strlen(text), "t", &s, &d);

	ck_assert_msg(r == 0, "%d: %s", r, d.n_items > 0 ? d.items[0].text : "no reason");
	ck_assert_uint_eq(d.n_items, 0);
	return s;
}

/* The first complaint, in buf, and how many there are. */
static inline size_t scenario_refusal(const char *text, char *buf, size_t size)
{
	struct diagnostics d = { 0 };
	struct scenario *s = NULL;
	int r = scenario_parse(text, strlen(text), "t", &s, &d);
	size_t n = d.n_items;

	ck_assert_msg(r == -EINVAL, "%d of\n%s", r, text);
	ck_assert_ptr_null(s);
	ck_assert_uint_gt(n, 0);
	(void)snprintf(buf, size, "%s", d.items[0].text);
	diagnostics_done(&d);
	return n;
}
